/*
 * test_up.c - `culprit up`: what it starts, what dies, what comes and goes.
 */
#include "common/base/rc.h"
#include "tests/harness/alert.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ECHO_TEN                                                               \
	"[{\"decision\":\"EXECUTE\",\"step\":\"again\",\"steps\":["            \
	"{\"step\":\"a\",\"tool\":\"echo\",\"args\":{\"text\":\"1\"}},"        \
	"{\"step\":\"b\",\"tool\":\"echo\",\"args\":{\"text\":\"2\"}},"        \
	"{\"step\":\"c\",\"tool\":\"echo\",\"args\":{\"text\":\"3\"}},"        \
	"{\"step\":\"d\",\"tool\":\"echo\",\"args\":{\"text\":\"4\"}}]}]"
#define QUERY_THEN_FINISH                                                      \
	"[{\"decision\":\"EXECUTE\",\"step\":\"ask\","                         \
	"\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}},"  \
	"{\"decision\":\"FINISH\",\"report\":\"# x\"}]"

static const char *const children[] = {
    "supervisor", "gateway", "planner-1", "executor-1"};

struct gone {
	pid_t pids[ARRAY_LEN(children)];
};

/* A zombie is gone: only a parent that has died too leaves one here. */
static bool
is_gone(pid_t pid)
{
	auto_str path = xasprintf("/proc/%ld/stat", (long)pid);
	auto_str stat = file_read(path);
	const char *state = strrchr(stat, ')');

	return state == NULL || state[1] == '\0' || state[2] == 'Z';
}

static bool
all_gone(void *ctx)
{
	const struct gone *g = ctx;

	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		if (!is_gone(g->pids[i]))
			return false;
	return true;
}

static void
remember(struct house *h, struct gone *g)
{
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		g->pids[i] = house_child(h, children[i]);
		ck_assert_msg(g->pids[i] > 0 && !is_gone(g->pids[i]),
		    "%s does not run", children[i]);
	}
}

START_TEST(up_prints_one_line_and_ends_all_when_asked_to)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct house *h = house_start(&(struct house_spec){0});
	struct gone g;
	auto_str out = NULL;
	auto_str err = NULL;

	remember(h, &g);
	proc_signal(house_up(h), signals[_i]);
	ck_assert_int_eq(proc_wait(house_up(h), HOUSE_MS), 0);
	ck_assert(all_gone(&g));
	out = proc_out(house_up(h));
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
	/* All were asked, and none had to be killed. */
	err = proc_err(house_up(h));
	ck_assert_int_eq(text_count(err, "how=\"exited with status 0\""),
	    (int)ARRAY_LEN(children));
	house_free(h);
}
END_TEST

/* It would wait for its workers, one of which stands still, before it asks
 * the supervisor. */
START_TEST(asked_twice_up_waits_for_nobody)
{
	struct house *h = house_start(&(struct house_spec){0});
	auto_str supervisor = NULL;
	auto_str err = NULL;
	struct gone g;

	remember(h, &g);
	supervisor = xasprintf("child=supervisor pid=%ld how=\"killed by "
			       "signal 9 ",
	    (long)g.pids[0]);
	ck_assert_int_eq(kill(house_child(h, "executor-1"), SIGSTOP), 0);
	proc_signal(house_up(h), SIGTERM);
	ck_assert(proc_await_err(house_up(h), "msg=ending", HOUSE_MS));
	proc_signal(house_up(h), SIGTERM);
	ck_assert_int_eq(proc_wait(house_up(h), HOUSE_MS), 0);
	ck_assert(all_gone(&g));
	err = proc_err(house_up(h));
	assert_contains(err, supervisor);
	house_drop(h);
}
END_TEST

/* Whoever started `culprit up` has the process that stays. */
START_TEST(up_becomes_the_small_program_that_stays)
{
	struct house *h = house_start(&(struct house_spec){0});
	auto_str path =
	    xasprintf("/proc/%ld/comm", (long)proc_pid(house_up(h)));
	auto_str name = file_read(path);

	ck_assert_str_eq(name, "culprit-up\n");
	house_free(h);
}
END_TEST

START_TEST(help_about_up_is_what_up_says_of_itself)
{
	static const char *const asked[][3] = {
	    {"up", "--help"}, {"help", "up"}};
	auto_str dir = scratch_new();
	auto_str culprit = program("culprit");
	char *said[2];

	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		const char *const argv[] = {
		    culprit, asked[i][0], asked[i][1], NULL};

		ck_assert_int_eq(proc_run(&(struct proc_spec){.argv = argv,
					      .dir = dir,
					      .name = "help"},
				     HOUSE_MS, &said[i], NULL),
		    0);
		assert_contains(said[i], "ready http://HOST:PORT");
		assert_contains(said[i], "--executors");
		assert_contains(said[i], "Exit status:");
	}
	ck_assert_str_eq(said[0], said[1]);
	free(said[0]);
	free(said[1]);
	scratch_free(TAKE(dir));
}
END_TEST

START_TEST(killed_up_takes_all_with_it)
{
	struct house *h = house_start(&(struct house_spec){0});
	struct gone g;

	remember(h, &g);
	proc_signal(house_up(h), SIGKILL);
	ck_assert(await(all_gone, &g, HOUSE_MS));
	house_free(h);
}
END_TEST

struct restarted {
	struct house *h;
	const char *child;
	pid_t before;
};

static bool
has_restarted(void *ctx)
{
	const struct restarted *r = ctx;
	pid_t now = house_child(r->h, r->child);

	return now != r->before && !is_gone(now);
}

static void
kill_child(struct house *h, const char *child)
{
	struct restarted r = {h, child, house_child(h, child)};

	ck_assert_int_gt(r.before, 0);
	ck_assert_int_eq(kill(r.before, SIGKILL), 0);
	ck_assert_msg(
	    await(has_restarted, &r, HOUSE_MS), "%s stays dead", child);
}

START_TEST(a_killed_child_is_started_again_and_work_goes_on)
{
	static const char *const more[] = {"--tools=echo", NULL};
	static const char *const args[] = {"investigate", "--json", NULL};
	struct house *h =
	    house_start(&(struct house_spec){.script = ECHO_TEN, .more = more});
	struct transcript *t;
	auto_str out = NULL;

	kill_child(h, children[_i]);
	if (strcmp(children[_i], "gateway") == 0) {
		/* Where it listened before, port 0 or not. */
		kill_child(h, "gateway");
	}
	for (int attempts = 0;; attempts++) {
		int status = house_run(h, args, &out, NULL);

		/* Nobody listens, or it is not ready: for a moment only. */
		if (status != 3 && out[0] != '\0')
			break;
		ck_assert_int_lt(attempts, 2000);
		free(TAKE(out));
	}
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_int_eq(transcript_count(t, "feedback"), 40);
	transcript_free(t);
	house_free(h);
}
END_TEST

START_TEST(a_second_up_on_the_same_data_is_refused)
{
	struct house *h = house_start(&(struct house_spec){0});
	static const char *const args[] = {"up", NULL};
	auto_str err = NULL;

	ck_assert_int_eq(house_run(h, args, NULL, &err), 1);
	assert_contains(err, "another `culprit up`");
	assert_contains(err, "--data-dir");
	house_free(h);
}
END_TEST

START_TEST(up_gives_up_on_wrong_usage_of_a_child)
{
	struct house *h;
	static const char *const more[] = {"--planner=nobody", NULL};
	auto_str err = NULL;

	h = house_start(&(struct house_spec){.more = more, .not_ready = true});
	ck_assert_int_eq(proc_wait(house_up(h), HOUSE_MS), 1);
	err = proc_err(house_up(h));
	assert_contains(err, "nobody");
	house_drop(h);
}
END_TEST

/* What is configured wrongly is said once, and not tried again and again. */
START_TEST(up_gives_one_reason_for_what_it_cannot_start)
{
	static const char *const more[] = {"--deadline=9", NULL};
	static const char *const env[] = {"CULPRIT_TOKEN=short", NULL};
	static const char says[] = "the token must have 8";
	struct house *h = house_start(&(struct house_spec){
	    .more = more, .env = env, .not_ready = true});
	auto_str err = NULL;
	const char *first;

	ck_assert_int_eq(proc_wait(house_up(h), HOUSE_MS), 1);
	err = proc_err(house_up(h));
	first = strstr(err, says);
	ck_assert_msg(first != NULL, "%s", err);
	ck_assert_msg(strstr(first + 1, says) == NULL, "%s", err);
	assert_lacks(err, "starting it again");
	house_drop(h);
}
END_TEST

START_TEST(up_checks_every_process_without_starting_one)
{
	static const char *const args[] = {
	    "up", "--check", "--planner=nobody",
	    "--prometheus-url=http://127.0.0.1:1", NULL};
	struct house *h = house_start(&(struct house_spec){0});
	auto_str out = NULL;
	auto_str err = NULL;

	ck_assert_int_eq(house_run(h, args, &out, &err), 1);
	assert_contains(out, "culprit-gateway: configuration is good");
	assert_contains(err, "planner \"nobody\" is not known");
	assert_contains(err, "nobody accepts connections");
	house_free(h);
}
END_TEST

/* What it would be refused at start; and its own gateway is no hindrance. */
START_TEST(a_busy_port_is_found_by_the_check)
{
	struct house *h = house_start(&(struct house_spec){0});
	char *dir = scratch_new();
	auto_str gateway = program("culprit-gateway");
	auto_str url = house_url(h, "/");
	auto_str listen = xasprintf("--listen=%s", url);
	auto_str elsewhere = xasprintf("--data-dir=%s", dir);
	auto_str here = xasprintf("--data-dir=%s", house_data(h));
	const char *argv[] = {gateway, "--check", listen, elsewhere, NULL};
	auto_str busy = NULL;
	auto_str good = NULL;
	struct proc_spec spec = {.argv = argv, .dir = dir, .name = "check"};

	ck_assert_int_eq(proc_run(&spec, HOUSE_MS, NULL, &busy), 1);
	assert_contains(busy, "another process has the port");
	argv[3] = here;
	ck_assert_int_eq(proc_run(&spec, HOUSE_MS, &good, NULL), 0);
	assert_contains(good, "configuration is good");
	house_free(h);
	scratch_free(dir);
}
END_TEST

/* Whose terminal is closed, with nohup or without, it goes on; and who is
 * told to read its file anew is none the worse where there is nothing new. */
START_TEST(up_outlives_a_hangup)
{
	static const char *const args[] = {"list", NULL};
	struct house *h = house_start(&(struct house_spec){0});
	pid_t supervisor = house_child(h, "supervisor");

	ck_assert_int_eq(kill(supervisor, SIGHUP), 0);
	proc_signal(house_up(h), SIGHUP);
	ck_assert(proc_await_err(house_up(h), "read again what", HOUSE_MS));
	house_await_well(h);
	ck_assert_int_eq(house_run(h, args, NULL, NULL), 0);
	ck_assert_int_eq(house_child(h, "supervisor"), supervisor);
	house_free(h);
}
END_TEST

START_TEST(workers_that_join_later_share_the_work)
{
	static const char *const more[] = {"--executors=0", NULL};
	static const char *const tools[] = {"--tools=echo", NULL};
	static const char *const args[] = {"investigate", "--json", NULL};
	struct house *h = house_start(&(struct house_spec){
	    .script = ECHO_TEN, .more = more, .not_ready = true});
	struct proc *first = house_worker(h, "executor", "late-1", tools);
	struct proc *second = house_worker(h, "executor", "late-2", tools);
	struct transcript *t;
	auto_str out = NULL;
	int by[2] = {0, 0};

	house_await_ready(h);
	ck_assert(proc_await_err(first, "joined", HOUSE_MS));
	ck_assert(proc_await_err(second, "joined", HOUSE_MS));
	house_run(h, args, &out, NULL);
	t = transcript_new(out);
	transcript_check(t);
	for (int i = 0; i < transcript_count(t, "feedback"); i++)
		by[strcmp(transcript_text(t, "feedback", i, "worker"),
		       "late-1") != 0]++;
	ck_assert_int_eq(by[0] + by[1], 40);
	ck_assert_int_gt(by[0], 0);
	ck_assert_int_gt(by[1], 0);
	transcript_free(t);
	proc_signal(first, SIGTERM);
	proc_signal(second, SIGTERM);
	ck_assert_int_eq(proc_wait(first, HOUSE_MS), 0);
	ck_assert_int_eq(proc_wait(second, HOUSE_MS), 0);
	proc_free(first);
	proc_free(second);
	house_free(h);
}
END_TEST

/* The planner is killed while the executor is busy: its successor goes on
 * with the run it never saw. */
START_TEST(a_planner_killed_in_the_middle_is_replaced)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	static const char *const more[] = {
	    "--prometheus-timeout-ms=3000", NULL};
	auto_str hanging = hanging_url();
	struct house *h =
	    house_start(&(struct house_spec){.script = QUERY_THEN_FINISH,
		.prometheus_url = hanging,
		.more = more});
	struct proc *p = house_client(h, "watch", args);
	struct transcript *t;
	auto_str out = NULL;

	ck_assert(proc_await_out(p, "\"tool_started\"", HOUSE_MS));
	kill_child(h, "planner-1");
	ck_assert_int_eq(proc_wait(p, HOUSE_MS), 0);
	out = proc_out(p);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "completed");
	transcript_free(t);
	proc_free(p);
	house_free(h);
}
END_TEST

/* kill -9 in mid-run: the client, too, goes on and sees every event once. */
START_TEST(a_run_outlives_its_supervisor_and_its_gateway)
{
	static const char *const killed[] = {"supervisor", "gateway"};
	static const char *const args[] = {"investigate", "--json", NULL};
	static const char *const more[] = {
	    "--prometheus-timeout-ms=3000", NULL};
	auto_str hanging = hanging_url();
	struct house *h =
	    house_start(&(struct house_spec){.script = QUERY_THEN_FINISH,
		.prometheus_url = hanging,
		.more = more});
	struct proc *p = house_client(h, "watch", args);
	struct transcript *t;
	auto_str out = NULL;

	ck_assert(proc_await_out(p, "\"tool_started\"", HOUSE_MS));
	kill_child(h, killed[_i]);
	ck_assert_int_eq(proc_wait(p, HOUSE_MS), 0);
	out = proc_out(p);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	transcript_free(t);
	proc_free(p);
	house_free(h);
}
END_TEST

START_TEST(json_of_the_client_is_one_document_and_a_line_end)
{
	static const char *const args[] = {"list", "--json", NULL};
	struct house *h = house_start(&(struct house_spec){0});
	const char *end = NULL;
	auto_str out = NULL;
	cJSON *o;

	ck_assert_int_eq(house_run(h, args, &out, NULL), 0);
	o = cJSON_ParseWithOpts(out, &end, false);
	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(end, "\n");
	cJSON_Delete(o);
	house_free(h);
}
END_TEST

START_TEST(a_client_goes_on_when_all_was_killed_and_started_anew)
{
	static const char *const args[] = {"list", NULL};
	struct house *h = house_start(&(struct house_spec){0});
	auto_str err = NULL;

	proc_signal(house_up(h), SIGKILL);
	ck_assert_int_ge(proc_wait(house_up(h), HOUSE_MS), 0);
	ck_assert_int_eq(house_run(h, args, NULL, &err), 3);
	assert_contains(err, "culprit up");
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {up_prints_one_line_and_ends_all_when_asked_to, 2},
	    {asked_twice_up_waits_for_nobody, 0},
	    {up_becomes_the_small_program_that_stays, 0},
	    {help_about_up_is_what_up_says_of_itself, 0},
	    {killed_up_takes_all_with_it, 0},
	    {a_killed_child_is_started_again_and_work_goes_on,
		(int)ARRAY_LEN(children)},
	    {a_second_up_on_the_same_data_is_refused, 0},
	    {up_gives_up_on_wrong_usage_of_a_child, 0},
	    {up_gives_one_reason_for_what_it_cannot_start, 0},
	    {up_checks_every_process_without_starting_one, 0},
	    {a_busy_port_is_found_by_the_check, 0},
	    {up_outlives_a_hangup, 0},
	    {workers_that_join_later_share_the_work, 0},
	    {a_planner_killed_in_the_middle_is_replaced, 0},
	    {a_run_outlives_its_supervisor_and_its_gateway, 2},
	    {json_of_the_client_is_one_document_and_a_line_end, 0},
	    {a_client_goes_on_when_all_was_killed_and_started_anew, 0},
	};

	return RUN_TESTS("up", tests);
}
