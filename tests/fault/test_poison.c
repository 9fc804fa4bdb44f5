/*
 * test_poison.c - what kills whoever works at it is given up after a few
 * times, and takes nothing else with it: a step its executor, a planner's
 * turn its planner, a run its supervisor.
 */
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

static struct transcript *
investigate(struct house *h)
{
	static const char *const args[] = {
	    "investigate", "--json", "--language=en", NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = house_run(h, args, &out, &err);
	struct transcript *t = transcript_new(out);

	ck_assert_msg(status == 0, "status %d: %s\n%s", status, err, out);
	transcript_check(t);
	return t;
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
	auto_str log = NULL;
	int i;

	trap.house = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(stub),
		.script = PLANS,
		.more = more});
	t = investigate(trap.house);
	ck_assert_int_eq(atomic_load(&trap.booms), DEATHS);
	ck_assert_int_eq(transcript_count(t, "feedback"), 1 + NEAR);
	for (i = 0; i < 1 + NEAR; i++)
		assert_feedback(t, i);
	log = proc_err(house_up(trap.house));
	ck_assert_int_eq(text_count(log, "again\" child=executor-1"), DEATHS);
	transcript_free(t);
	house_stop(trap.house);
	invariant_assert(&(struct invariant){
	    .data_dir = house_data(trap.house), .settled = true});
	house_drop(trap.house);
	stub_http_free(stub);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_step_that_kills_its_executor_is_given_up_and_no_other_is, 0},
	};

	return RUN_TESTS("poison", tests);
}
