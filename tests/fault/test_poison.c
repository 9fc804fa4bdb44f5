/*
 * test_poison.c - what kills whoever works at it is given up after a few
 * times, and takes nothing else with it: a step its executor, a planner's
 * turn its planner, a run its supervisor.
 */
#include "supervisor/run/blame.h"
#include "tests/harness/house.h"
#include "tests/harness/invariant.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STEP(query)                                                            \
	"{\"step\":\"" query "\",\"tool\":\"query_prometheus_metrics\","       \
	"\"args\":{\"query\":\"" query "\"}}"
#define PLANS                                                                  \
	"[{\"decision\":\"EXECUTE\",\"steps\":[" STEP("near_1") ","            \
	STEP("boom") "," STEP("near_2") "]},"                                  \
	"{\"decision\":\"FINISH\",\"step\":\"that was it\"}]"
#define ONE_SAMPLE                                                             \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","         \
	"\"result\":[{\"metric\":{\"__name__\":\"up\",\"job\":\"j\"},"         \
	"\"value\":[1763880000,\"1\"]}]}}"

enum { DEATHS = 3, SHARED = DEATHS - 1, NEAR = 2 };

/* A Prometheus of which one query is the death of whoever asks it, and the
 * others are slow for as long as they would have company. */
struct trap {
	struct house *house;
	atomic_int near, booms;
};

static bool
asks_for(const struct stub_request *rq, const char *query)
{
	return strstr(rq->target, query) != NULL ||
	       strstr(rq->body, query) != NULL;
}

static bool
has_company(void *arg)
{
	struct trap *t = arg;

	return atomic_load(&t->near) >= (atomic_load(&t->booms) + 1) * NEAR;
}

static void
boom(struct stub_conn *c, struct trap *t)
{
	/* It dies in the middle of all of them. */
	if (atomic_load(&t->booms) < SHARED)
		await(has_company, t, HOUSE_MS);
	atomic_fetch_add(&t->booms, 1);
	kill(house_child(t->house, "executor-1"), SIGKILL);
	stub_hang(c);
}

static void
trap_answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct trap *t = arg;

	if (asks_for(rq, "boom")) {
		boom(c, t);
		return;
	}
	atomic_fetch_add(&t->near, 1);
	if (atomic_load(&t->booms) < SHARED)
		stub_hang(c);
	else
		stub_answer(c, 200, NULL, ONE_SAMPLE);
}

/* Another argument, or NULL. */
static struct transcript *
investigate(struct house *h, const char *more, int want_status)
{
	const char *args[] = {
	    "investigate", "--json", "--language=en", more, NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = house_run(h, args, &out, &err);
	struct transcript *t = transcript_new(out);

	ck_assert_msg(
	    status == want_status, "status %d: %s\n%s", status, err, out);
	transcript_check(t);
	return t;
}

static void
house_done(struct house *h)
{
	house_stop(h);
	invariant_assert(&(struct invariant){
	    .data_dir = house_data(h), .settled = true});
	house_drop(h);
}

static int
deaths(const struct house *h, const char *child)
{
	auto_str log = proc_err(house_up(h));
	auto_str line = xasprintf("again\" child=%s", child);

	return text_count(log, line);
}

static void
assert_feedback(const struct transcript *t, int n)
{
	bool poison = transcript_int(t, "feedback", n, "index") == 1;

	ck_assert_str_eq(transcript_text(t, "feedback", n, "status"),
	    poison ? "FAILED" : "SUCCESS");
	if (poison)
		assert_contains(transcript_text(t, "feedback", n, "summary"),
		    "3 workers died");
}

START_TEST(a_step_that_kills_its_executor_is_given_up_and_no_other_is)
{
	static const char *const more[] = {
	    "--tools=query_prometheus_metrics",
	    "--prometheus-timeout-ms=60000", NULL};
	struct trap trap = {.house = NULL};
	struct stub_http *stub = stub_http_new(trap_answer, &trap);
	struct transcript *t;
	int i;

	trap.house = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(stub),
		.script = PLANS,
		.more = more});
	t = investigate(trap.house, NULL, 0);
	ck_assert_int_eq(atomic_load(&trap.booms), DEATHS);
	ck_assert_int_eq(transcript_count(t, "feedback"), 1 + NEAR);
	for (i = 0; i < 1 + NEAR; i++)
		assert_feedback(t, i);
	ck_assert_int_eq(deaths(trap.house, "executor-1"), DEATHS);
	transcript_free(t);
	house_done(trap.house);
	stub_http_free(stub);
}
END_TEST

/* ---- runs ---- */

/* It told all it had, and can be asked for its report as any other. */
static void
assert_given_up(struct house *h, struct transcript *t)
{
	const char *const args[] = {"report", transcript_run(t), NULL};
	auto_str out = NULL;
	auto_str err = NULL;

	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "ended_by"), "supervisor_died");
	ck_assert_str_eq(transcript_text(t, "finished", 0, "status"), "failed");
	ck_assert_int_eq(transcript_count(t, "report"), 1);
	ck_assert_uint_lt(
	    strlen(transcript_text(t, "report", 0, "markdown")), 4096);
	ck_assert_int_eq(house_run(h, args, &out, &err), 0);
	assert_contains(out, transcript_text(t, "report", 0, "markdown"));
	ck_assert_int_eq(deaths(h, "supervisor"), 1 + RUN_RECOVERIES_MAX);
}

#ifdef CULPRIT_FAILPOINTS
/* At its end, so that it is no matter of its deadline. */
START_TEST(a_run_that_kills_its_supervisor_is_given_up)
{
	static const char *const env[] = {
	    "CULPRIT_FAILPOINT=finish_begins:kill@1+", NULL};
	static const char *const more[] = {"--tools=echo", NULL};
	struct house *h = house_start(&(struct house_spec){
	    .script = "[{\"decision\":\"FINISH\",\"report\":\"# done\"}]",
	    .more = more,
	    .env = env});

	struct transcript *t = investigate(h, NULL, 1);

	assert_given_up(h, t);
	transcript_free(t);
	house_done(h);
}
END_TEST
#endif

#ifndef __SANITIZE_ADDRESS__
enum { ALERTS = 2600 };

static char *
many_alerts(void)
{
	auto_buf b = {.max = 4 << 20};
	int i;

	buf_adds(&b, "{\"status\":\"success\",\"data\":{\"alerts\":[");
	for (i = 0; i < ALERTS; i++)
		buf_addf(&b,
		    "%s{\"labels\":{\"alertname\":\"PodCrashLooping\","
		    "\"namespace\":\"shop\",\"pod\":\"checkout-%05d-abcdef\","
		    "\"instance\":\"10.0.%d.%d:8080\",\"severity\":"
		    "\"critical\",\"job\":\"kube\"},\"annotations\":{"
		    "\"summary\":\"Pod checkout-%05d-abcdef restarts too "
		    "often\",\"description\":\"Pod shop/checkout-%05d-abcdef "
		    "(container app) restarted 5.3 times in the last 10 "
		    "minutes.\"},\"state\":\"firing\",\"activeAt\":"
		    "\"2026-11-27T09:%02d:00Z\",\"value\":\"5.3e+00\"}",
		    i > 0 ? "," : "", i, i / 250, i % 250, i, i, i % 60);
	buf_adds(&b, "]}}");
	return xstrdup(buf_str(&b));
}

/* So many alerts take more than there is, or just not. Another run, which they
 * are none of, takes less. */
START_TEST(a_run_that_takes_all_memory_ends_and_no_other_with_it)
{
	static const char *const more[] = {"--memory-max=48", NULL};
	auto_str alerts = many_alerts();
	const struct stub_route routes[] = {
	    {"/api/v1/alerts", 200, NULL, alerts},
	    {"/api/v1/targets", 200, NULL,
		"{\"status\":\"success\",\"data\":{\"activeTargets\":[]}}"},
	    {"/api/v1/rules", 200, NULL,
		"{\"status\":\"success\",\"data\":{\"groups\":[]}}"},
	    {"/api/v1/query_range", 200, NULL,
		"{\"status\":\"success\",\"data\":{\"resultType\":"
		"\"matrix\",\"result\":[]}}"},
	    {"/api/v1/query", 200, NULL,
		"{\"status\":\"success\",\"data\":{\"resultType\":"
		"\"vector\",\"result\":[]}}"},
	    {"/api/v1/", 200, NULL, "{\"status\":\"success\",\"data\":[]}"},
	    {NULL, 0, NULL, NULL},
	};
	struct stub_http *stub =
	    stub_http_new(stub_routes, (void *)(uintptr_t)routes);
	struct house *h = house_start(&(struct house_spec){
	    .prometheus_url = stub_http_url(stub), .more = more});
	static const char *const many[] = {
	    "investigate", "--json", "--language=en", NULL};
	struct proc *heavy = house_client(h, "heavy", many);
	struct transcript *t;
	auto_str out = NULL;

	t = investigate(h, "--labels=namespace=quiet", 0);
	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "completed");
	transcript_free(t);
	ck_assert_int_ge(proc_wait(heavy, HOUSE_MS), 0);
	out = proc_out(heavy);
	t = transcript_new(out);
	transcript_check(t);
	if (deaths(h, "supervisor") > RUN_RECOVERIES_MAX)
		assert_given_up(h, t);
	transcript_free(t);
	proc_free(heavy);
	house_done(h);
	stub_http_free(stub);
}
END_TEST
#endif

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_step_that_kills_its_executor_is_given_up_and_no_other_is, 0},
#ifdef CULPRIT_FAILPOINTS
	    {a_run_that_kills_its_supervisor_is_given_up, 0},
#endif
#ifndef __SANITIZE_ADDRESS__
	    {a_run_that_takes_all_memory_ends_and_no_other_with_it, 0},
#endif
	};

	return RUN_TESTS("poison", tests);
}
