/*
 * test_ends.c - what ends early ends at once, and takes nothing with it: a
 * cancelled run its HTTP transfer, a process that is asked to end nothing
 * but itself.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/invariant.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ECHO_THEN_QUERY                                                        \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"EXECUTE\",\"step\":\"ask\","                          \
	"\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}},"  \
	"{\"decision\":\"FINISH\",\"step\":\"that was it\"}]"
#define ONE_SAMPLE                                                             \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","         \
	"\"result\":[{\"metric\":{\"__name__\":\"up\",\"job\":\"j\"},"         \
	"\"value\":[1763880000,\"1\"]}]}}"

/* A Prometheus that keeps its first client waiting: until it is released, or
 * until that client goes. */
struct slow {
	struct stub_http *stub;
	atomic_int asked;
	bool for_ever;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool released;
};

static void
slow_answer(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg)
{
	struct slow *p = arg;
	bool first = atomic_fetch_add(&p->asked, 1) == 0;

	if (first && p->for_ever) {
		stub_hang(c);
		return;
	}
	pthread_mutex_lock(&p->mutex);
	while (first && !p->released)
		pthread_cond_wait(&p->changed, &p->mutex);
	pthread_mutex_unlock(&p->mutex);
	stub_answer(c, 200, NULL, ONE_SAMPLE);
}

static void
slow_release(struct slow *p)
{
	pthread_mutex_lock(&p->mutex);
	p->released = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->mutex);
}

/* A run whose second step waits for that Prometheus. */
struct scene {
	struct slow slow;
	char *data;
	struct house *house;
	struct proc *watch;
	char *run;
};

static bool
is_asked(void *arg)
{
	const struct slow *p = arg;

	return atomic_load(&p->asked) > 0 && stub_http_open(p->stub) > 0;
}

static void
house_up_again(struct scene *s, const char *option, const char *env)
{
	const char *const more[] = {"--tools=echo,query_prometheus_metrics",
	    "--prometheus-timeout-ms=60000", option, NULL};
	const char *const envs[] = {env, NULL};

	s->house = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(s->slow.stub),
		.script = ECHO_THEN_QUERY,
		.data = s->data,
		.env = env != NULL ? envs : NULL,
		.more = more});
}

static void
scene_open(struct scene *s, bool for_ever, const char *option, const char *env)
{
	static const char *const args[] = {
	    "investigate", "--json", "--language=en", NULL};

	*s = (struct scene){.slow = {.for_ever = for_ever,
				.mutex = PTHREAD_MUTEX_INITIALIZER,
				.changed = PTHREAD_COND_INITIALIZER},
	    .data = scratch_new()};
	s->slow.stub = stub_http_new(slow_answer, &s->slow);
	house_up_again(s, option, env);
	s->watch = house_client(s->house, "watch", args);
}

/* Waits until the query is under way, and learns the run's name. */
static void
scene_await_query(struct scene *s)
{
	auto_str out = NULL;
	struct transcript *t;

	ck_assert_msg(
	    await(is_asked, &s->slow, HOUSE_MS), "Prometheus is not asked");
	ck_assert(
	    proc_await_out(s->watch, "\"query_prometheus_metrics\"", HOUSE_MS));
	out = proc_out(s->watch);
	t = transcript_new(out);
	s->run = xstrdup(transcript_run(t));
	transcript_free(t);
}

static struct transcript *
transcript_at_end(struct proc *client, int want_status)
{
	int status = proc_wait(client, HOUSE_MS);
	auto_str out = proc_out(client);
	auto_str err = proc_err(client);
	struct transcript *t;

	ck_assert_msg(status == want_status, "status %d:\n%s", status, err);
	t = transcript_new(out);
	transcript_check(t);
	return t;
}

static void
scene_close(struct scene *s, struct transcript *t)
{
	const struct invariant_run run = {.id = transcript_run(t)};

	invariant_assert(&(struct invariant){.data_dir = s->data,
	    .accepted = &run,
	    .n_accepted = 1,
	    .settled = true});
	transcript_free(t);
	proc_free(s->watch);
	house_free(s->house);
	slow_release(&s->slow);
	stub_http_free(s->slow.stub);
	scratch_free(s->data);
	free(s->run);
}

/* For the record: what was measured, beside what is asserted. */
static void
tell(const char *what, int64_t ms)
{
	printf("%s: %lld ms\n", what, (long long)ms);
	fflush(stdout);
}

/* ---- cancel ---- */

static bool
is_left(void *arg)
{
	struct slow *p = arg;

	return stub_http_open(p->stub) == 0;
}

/* With a lease that long it is not its renewal that is refused. */
START_TEST(cancel_stops_the_transfer_of_the_worker)
{
	struct scene s;
	struct transcript *t;
	auto_str path = NULL;
	auto_str url = NULL;
	struct answer *w;
	int64_t start, took;

	scene_open(&s, true, "--lease-ms=600000", NULL);
	scene_await_query(&s);
	path = xasprintf("/api/investigations/%s/cancel", s.run);
	url = house_url(s.house, path);
	start = clk_mono_ms();
	w = ask("POST", url, NULL, NULL);
	ck_assert_int_eq(w->status / 100, 2);
	/* Not by the query's own time limit. */
	ck_assert(await(is_left, &s.slow, HOUSE_MS / 2));
	took = clk_mono_ms() - start;
	tell("cancel to the transfer's end", took);
	answer_free(w);
	t = transcript_at_end(s.watch, 1);
	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "cancelled");
	ck_assert_int_eq(atomic_load(&s.slow.asked), 1);
	scene_close(&s, t);
}
END_TEST

/* ---- SIGTERM ---- */

/* Asks a child to end; it must, in time and well. */
static void
end_child(struct scene *s, const char *child, bool release)
{
	pid_t pid = house_child(s->house, child);
	auto_str ended = xasprintf(
	    "child=%s pid=%ld how=\"exited with status 0\"", child, (long)pid);
	int64_t start = clk_mono_ms(), took;
	bool well;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	if (release)
		slow_release(&s->slow);
	well = proc_await_err(house_up(s->house), ended, HOUSE_MS);
	took = clk_mono_ms() - start;
	if (!well) {
		auto_str log = proc_err(house_up(s->house));

		ck_abort_msg("%s did not end well:\n%s", child, log);
	}
	tell(child, took);
}

/* Both steps are done, each once; the query was begun so many times. */
static void
check_done(struct transcript *t, int begun)
{
	int echoed = 0, i;

	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "completed");
	ck_assert_int_eq(transcript_count(t, "feedback"), 2);
	ck_assert_str_eq(
	    transcript_text(t, "feedback", 1, "status"), "SUCCESS");
	for (i = 0; i < transcript_count(t, "tool_started"); i++)
		echoed += strcmp(transcript_text(t, "tool_started", i, "tool"),
			      "echo") == 0;
	ck_assert_int_eq(echoed, 1);
	ck_assert_int_eq(transcript_count(t, "tool_started"), 1 + begun);
}

static const struct {
	const char *child;
	bool release; /* before it has ended; else after it */
	int begun;
} ends[] = {
    /* Its successor asks again what nobody has answered. */
    {"supervisor", false, 2},
    /* It does to the end what it can. */
    {"executor-1", true, 1},
    /* The client goes on with the next one. */
    {"gateway", false, 1},
};

START_TEST(who_is_asked_to_end_does_and_the_run_goes_on)
{
	struct scene s;
	struct transcript *t;

	scene_open(&s, false, NULL, NULL);
	scene_await_query(&s);
	end_child(&s, ends[_i].child, ends[_i].release);
	if (ends[_i].begun == 1)
		slow_release(&s.slow);
	t = transcript_at_end(s.watch, 0);
	check_done(t, ends[_i].begun);
	scene_close(&s, t);
}
END_TEST

#ifdef CULPRIT_FAILPOINTS
static bool
has_file(void *arg)
{
	return access(arg, F_OK) == 0;
}

/* The planner is in the middle of its second turn. */
static void
await_turn(struct scene *s)
{
	auto_str mark = xasprintf("%s/failpoint.turn_begins", s->data);

	ck_assert(await(has_file, mark, HOUSE_MS));
}
#else
static void
await_turn(struct scene *s)
{
	scene_await_query(s);
}
#endif

/* The answer it was about to give is not asked for again. */
START_TEST(a_planner_asked_to_end_gives_its_answer_first)
{
	struct scene s;
	struct transcript *t;

	scene_open(
	    &s, false, NULL, "CULPRIT_FAILPOINT=turn_begins:hang=1000@2");
	slow_release(&s.slow);
	await_turn(&s);
	end_child(&s, "planner-1", false);
	t = transcript_at_end(s.watch, 0);
	check_done(t, 1);
	scene_close(&s, t);
}
END_TEST

/* The lease is so long that nothing would come back by its lapse. */
START_TEST(what_an_executor_cannot_finish_goes_to_the_next_one)
{
	struct scene s;
	struct transcript *t;
	int64_t start;

	scene_open(&s, false, "--lease-ms=600000", NULL);
	scene_await_query(&s);
	end_child(&s, "executor-1", false);
	start = clk_mono_ms();
	t = transcript_at_end(s.watch, 0);
	tell("handed back to the run's end", clk_mono_ms() - start);
	check_done(t, 2);
	ck_assert_int_eq(transcript_count(t, "retry"), 1);
	ck_assert_str_eq(
	    transcript_text(t, "retry", 0, "reason"), "its worker is gone");
	scene_close(&s, t);
}
END_TEST

static void
follow(struct scene *s)
{
	const char *args[] = {"follow", "--json", s->run, NULL};

	s->watch = house_client(s->house, "follow", args);
}

START_TEST(all_are_asked_to_end_and_the_next_go_on)
{
	struct scene s;
	struct transcript *t;
	auto_str log = NULL;
	int64_t start;

	scene_open(&s, false, NULL, NULL);
	scene_await_query(&s);
	start = clk_mono_ms();
	proc_signal(house_up(s.house), SIGTERM);
	ck_assert_int_eq(proc_wait(house_up(s.house), HOUSE_MS), 0);
	tell("culprit up", clk_mono_ms() - start);
	log = proc_err(house_up(s.house));
	assert_contains(log, "msg=\"worker leaves\" worker=planner-1");
	assert_contains(log, "msg=\"worker leaves\" worker=executor-1");
	proc_free(s.watch);
	house_free(s.house);
	house_up_again(&s, NULL, NULL);
	follow(&s);
	t = transcript_at_end(s.watch, 0);
	check_done(t, 2);
	scene_close(&s, t);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {cancel_stops_the_transfer_of_the_worker, 0},
	    {who_is_asked_to_end_does_and_the_run_goes_on,
		(int)ARRAY_LEN(ends)},
	    {a_planner_asked_to_end_gives_its_answer_first, 0},
	    {what_an_executor_cannot_finish_goes_to_the_next_one, 0},
	    {all_are_asked_to_end_and_the_next_go_on, 0},
	};

	return RUN_TESTS("ends", tests);
}
