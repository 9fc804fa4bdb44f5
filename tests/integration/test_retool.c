/*
 * test_retool.c - tools that change while an executor runs: SIGHUP, real
 * processes, and what a planner is told at its next turn.
 */
#include "common/json/json.h"
#include "common/wire/wire.h"
#include "tests/harness/house.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

struct shop {
	char *conf; /* path */
	struct proc *executor;
};

/* The real supervisor and executor; the planner is the test. */
static void
shop_open(struct shop *s, const char *conf)
{
	auto_str path = program("culprit-executor");
	auto_str data = NULL;
	auto_str from = NULL;
	const char *argv[] = {path, NULL, NULL, "--name", "X", NULL};

	rig_open(rig_calm);
	rig_join_planner();
	s->conf = xasprintf("%s/culprit.conf", rig->dir);
	file_write(s->conf, conf);
	argv[1] = data = xasprintf("--data-dir=%s", rig->dir);
	argv[2] = from = xasprintf("--config=%s", s->conf);
	s->executor = proc_start(&(struct proc_spec){
	    .argv = argv, .dir = rig->dir, .name = "executor"});
	ck_assert(proc_await_err(rig->supervisor, "worker=X", AWAIT_MS));
}

static void
shop_close(struct shop *s)
{
	proc_signal(s->executor, SIGTERM);
	ck_assert_int_eq(proc_wait(s->executor, AWAIT_MS), 0);
	proc_free(s->executor);
	free(s->conf);
	rig_close();
}

static void
change(struct shop *s, const char *conf, const char *said)
{
	file_write(s->conf, conf);
	proc_signal(s->executor, SIGHUP);
	if (!proc_await_err(s->executor, said, AWAIT_MS)) {
		auto_str log = proc_err(s->executor);

		ck_abort_msg("no \"%s\" in\n%s", said, log);
	}
}

/* The supervisor has heard so often of other tools. */
static bool
is_told(void *times)
{
	auto_str log = proc_err(rig->supervisor);
	const char *p = log;
	int n = *(const int *)times;

	while (n > 0 && (p = strstr(p, "worker has other tools")) != NULL) {
		p++;
		n--;
	}
	return n == 0;
}

static void
await_told(int times)
{
	ck_assert(await(is_told, &times, AWAIT_MS));
}

/* The class of a tool in the catalogue that came with a turn; "": it is not
 * there. The caller's. */
static char *
class_in(const struct proto_task *turn, const char *name)
{
	AUTO(tree) state = wire_to_tree(turn->input);
	const cJSON *t;

	cJSON_ArrayForEach (t, tree_at(state, "tools"))
		if (tree_is(t, "name", name))
			return xstrdup(tree_str(t, "class"));
	return xstrdup("");
}

static void
answer(const struct proto_task *turn, const char *update)
{
	peer_answer(&rig->planner, turn, update, NULL);
	rig_next(&rig->planner, PROTO_ACK);
}

START_TEST(a_tool_that_is_enabled_by_sighup_is_there_at_the_next_turn)
{
	const struct proto_task *turn;
	auto_str before = NULL;
	auto_str after = NULL;
	auto_str last = NULL;
	struct shop s;

	shop_open(&s, "tools = get_current_time\n");
	rig_start_run();
	turn = rig_task(&rig->planner);
	before = class_in(turn, "echo");
	ck_assert_str_eq(before, "");
	change(&s,
	    "tools = get_current_time, echo\ntool-classes = echo=idempotent\n",
	    "tools were read again");
	await_told(1);
	answer(turn, RIG_PLAN_ONLY);
	turn = rig_task(&rig->planner);
	after = class_in(turn, "echo");
	ck_assert_str_eq(after, "IDEMPOTENT");
	answer(turn, RIG_EXECUTE);
	ck_assert_str_eq(
	    tree_str(rig_event("feedback", 0), "status"), "SUCCESS");
	/* And away again. */
	turn = rig_task(&rig->planner);
	change(&s, "tools = get_current_time\n", "tools=get_current_time\n");
	await_told(2);
	answer(turn, RIG_EXECUTE);
	turn = rig_task(&rig->planner);
	last = class_in(turn, "echo");
	ck_assert_str_eq(last, "");
	ck_assert_str_eq(
	    tree_str(rig_event("feedback", 1), "status"), "FAILED");
	answer(turn, RIG_FINISH);
	assert_finished("completed", "finish");
	shop_close(&s);
}
END_TEST

static const struct {
	const char *conf, *said[2];
} wrong[] = {
    {"tools = ehco\n",
	{"the tools stay as they were", "there is no tool \\\"ehco\\\""}},
    {"tools = echo\ntool-classes = echo=safe\n",
	{"the tools stay as they were", "gives no class"}},
    /* Where it is was said at the start. */
    {"tools = echo, find_causes\nprometheus-url = http://127.0.0.1:1\n",
	{"the tools stay as they were", "prometheus-url"}},
    {"tolls = echo\n", {"the configuration stays as it was",
			   "there is no setting \\\"tolls\\\""}},
};

START_TEST(a_file_that_is_wrong_changes_nothing)
{
	const struct proto_task *turn;
	auto_str class = NULL;
	auto_str said = NULL;
	struct shop s;

	shop_open(&s, "tools = echo\nprometheus-url = nowhere\n");
	change(&s, wrong[_i].conf, wrong[_i].said[0]);
	said = proc_err(s.executor);
	assert_contains(said, wrong[_i].said[1]);
	rig_start_run();
	turn = rig_task(&rig->planner);
	class = class_in(turn, "echo");
	ck_assert_str_eq(class, "READ");
	answer(turn, RIG_EXECUTE);
	ck_assert_str_eq(
	    tree_str(rig_event("feedback", 0), "status"), "SUCCESS");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	shop_close(&s);
}
END_TEST

/* In a house the executor is a child of `up`, which read the file first. */
START_TEST(a_house_leaves_the_tools_to_the_file_that_says_them)
{
	static const char script[] =
	    "[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","
	    "\"args\":{\"text\":\"heard\"}},{\"decision\":\"FINISH\","
	    "\"step\":\"end\"}]";
	static const char *const run[] = {"investigate", "--json", NULL};
	char *dir = scratch_new();
	auto_str conf = xasprintf("%s/culprit.conf", dir);
	auto_str option = xasprintf("--config=%s", conf);
	auto_str before = NULL;
	auto_str after = NULL;
	const char *more[] = {option, NULL};
	struct house *h;

	file_write(conf, "tools = get_current_time\n");
	h = house_start(&(struct house_spec){.script = script, .more = more});
	ck_assert_int_eq(house_run(h, run, &before, NULL), 0);
	assert_contains(before, "\"echo\\\" is not a tool that is enabled");
	file_write(conf, "tools = echo\n");
	ck_assert_int_eq(kill(house_child(h, "executor-1"), SIGHUP), 0);
	ck_assert(
	    proc_await_err(house_up(h), "worker has other tools", AWAIT_MS));
	ck_assert_int_eq(house_run(h, run, &after, NULL), 0);
	assert_contains(after, "\"summary\":\"heard\"");
	house_free(h);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_tool_that_is_enabled_by_sighup_is_there_at_the_next_turn, 0},
	    {a_file_that_is_wrong_changes_nothing, ARRAY_LEN(wrong)},
	    {a_house_leaves_the_tools_to_the_file_that_says_them, 0},
	};

	return RUN_TESTS("retool", tests);
}
