/*
 * test_checkpoint.c - a run's state at each of its updates, told by events'
 * numbers, from a store, ended or not; and the turns read out of them.
 */
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "gateway/cli/turns.h"
#include "supervisor/run/checkpoint.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

#define MUST(call) ck_assert_msg((call) == RC_OK, "%s", err.text)

static struct err err;

static const struct {
	const char *node, *update;
} updates[] = {
    {"start", "{\"seq\":1,\"input\":\"why?\",\"iteration\":0,\"at\":5}"},
    {"planner",
	"{\"seq\":3,\"turns\":1,\"iteration\":1,\"decision\":\"EXECUTE\","
	"\"planner_plan\":{\"decision\":"
	"\"EXECUTE\",\"step\":\"s\",\"context\":\"c\",\"steps\":[{\"tool\":"
	"\"echo\",\"args\":{\"text\":\"1\"}},{\"tool\":\"reboot\",\"args\":{}}]"
	"}}"},
    {"executor",
	"{\"seq\":8,\"executor_feedback\":[{\"status\":\"SUCCESS\",\"tool\":"
	"\"echo\",\"summary\":\"1\",\"evidence\":[\"E1\"],\"data\":{\"x\":1.5}}"
	",{\"status\":\"FAILED\",\"tool\":\"reboot\",\"summary\":\"no\"}],"
	"\"evidence\":[{\"id\":\"E1\",\"bytes\":1,\"sha256\":\"ab\"}]}"},
    {"planner",
	"{\"seq\":10,\"turns\":2,\"decision\":\"FINISH\",\"conclusion\":{"
	"\"confidence\":\"likely\"},"
	"\"planner_plan\":{\"decision\":\"FINISH\"},\"final_report\":\"# r\"}"},
    {"end", "{\"seq\":12,\"status\":\"completed\",\"final_report\":\"# R\"}"},
};

struct fix {
	char *dir;
	struct supervisor s;
	int64_t row;
};

/* A run with these updates; seq false: as an earlier build kept
 * them. */
static void
fix_init(struct fix *f, bool seq)
{
	struct store_run r = {.id = span_of("r1")};
	auto_str path = NULL;
	uint64_t epoch;

	*f = (struct fix){.dir = scratch_new(), .s.ops = &store_sqlite};
	path = xasprintf("%s/db", f->dir);
	MUST(f->s.ops->open(path, &f->s.store, &epoch, &err));
	MUST(f->s.ops->run_insert(f->s.store, &r, &f->row, &err));
	for (size_t i = 0; i < ARRAY_LEN(updates); i++) {
		AUTO(json) t = NULL;
		auto_buf b = {.max = 1 << 16};

		MUST(json_parse(span_of(updates[i].update), NULL, &t, &err));
		if (!seq)
			cJSON_DeleteItemFromObject(t, "seq");
		wire_put_tree(&b, t);
		MUST(f->s.ops->update_insert(f->s.store, f->row, (int64_t)i,
		    span_of(updates[i].node), buf_span(&b), &err));
	}
	f->s.ops->commit(f->s.store);
	MUST(f->s.ops->wait(f->s.store, &err));
}

static void
fix_done(struct fix *f)
{
	f->s.ops->close(f->s.store);
	scratch_free(f->dir);
}

#define auto_fix CLEANUP(fix_done) struct fix

/* Ends the run. */
static void
end(struct fix *f)
{
	struct store_run r = {.row = f->row, .finished_ms = 7};

	MUST(f->s.ops->run_update(f->s.store, &r, &err));
	f->s.ops->commit(f->s.store);
	MUST(f->s.ops->wait(f->s.store, &err));
}

START_TEST(a_state_is_as_its_update_left_it)
{
	static const int feedback[] = {0, 0, 2, 2, 2};
	static const char *const reports[] = {"", "", "", "# r", "# R"};
	struct checkpoint c;
	struct state *st = NULL;
	uint32_t n;
	auto_fix f;

	fix_init(&f, true);
	if (_i == 1)
		end(&f);
	for (int i = 0; i < (int)ARRAY_LEN(updates); i++) {
		MUST(checkpoint_at(&f.s, f.row, i, &c, &st, &err));
		ck_assert_int_eq(c.n, i);
		ck_assert_str_eq(node_name(c.node), updates[i].node);
		ck_assert_int_eq(c.seq, state_int(st, "seq", -1));
		ck_assert(span_is(state_str(st, "input"), "why?"));
		ck_assert(span_is(state_str(st, "final_report"), reports[i]));
		state_list(st, "executor_feedback", &n);
		ck_assert_int_eq(n, feedback[i]);
		state_free(st);
	}
	ck_assert_int_eq(
	    checkpoint_at(&f.s, f.row, 5, &c, &st, &err), RC_NOTFOUND);
	ck_assert_int_eq(
	    checkpoint_at(&f.s, f.row, -1, &c, &st, &err), RC_NOTFOUND);
	ck_assert_int_eq(
	    checkpoint_at(&f.s, f.row + 1, 0, &c, &st, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(what_was_told_before_an_event_is_kept)
{
	static const struct {
		int64_t seq;
		int n;
	} due[] = {{1, 0}, {2, 0}, {3, 0}, {4, 1}, {8, 1}, {9, 2}, {10, 2},
	    {11, 3}, {12, 3}, {13, 4}, {99, 4}};
	struct checkpoint c;
	auto_fix f;

	fix_init(&f, true);
	for (size_t i = 0; i < ARRAY_LEN(due); i++) {
		MUST(checkpoint_before(&f.s, f.row, due[i].seq, &c, &err));
		ck_assert_msg(c.n == due[i].n, "event %d: checkpoint %d",
		    (int)due[i].seq, (int)c.n);
	}
	ck_assert_int_eq(
	    checkpoint_before(&f.s, f.row, 0, &c, &err), RC_INVALID);
	ck_assert_int_eq(
	    checkpoint_before(&f.s, f.row + 1, 1, &c, &err), RC_NOTFOUND);
}
END_TEST

START_TEST(runs_without_numbers_have_their_beginning_only)
{
	struct checkpoint c;
	auto_fix f;

	fix_init(&f, false);
	MUST(checkpoint_before(&f.s, f.row, 1, &c, &err));
	ck_assert_int_eq(c.n, 0);
	ck_assert_int_eq(
	    checkpoint_before(&f.s, f.row, 2, &c, &err), RC_INVALID);
	assert_contains(err.text, "earlier build");
}
END_TEST

/* ---- turns ---- */

#define TOOLS                                                                  \
	"[{\"name\":\"echo\",\"class\":\"READ\"},"                             \
	"{\"name\":\"reboot\",\"class\":\"UNSAFE\"}]"

/* The checkpoint as a query gives it. */
static void
put_point(struct fix *f, int64_t n, struct buf *b)
{
	AUTO(json) tools = NULL;
	struct checkpoint c;
	struct state *st = NULL;

	MUST(json_parse(span_of(TOOLS), NULL, &tools, &err));
	MUST(checkpoint_at(&f->s, f->row, n, &c, &st, &err));
	buf_init(b, 1 << 20);
	wire_put_map(b, 3);
	wire_put_str(b, "node");
	wire_put_str(b, node_name(c.node));
	wire_put_str(b, "state");
	state_encode(st, b, NULL, 0);
	wire_put_str(b, "tools");
	wire_put_tree(b, tools);
	state_free(st);
}

static void
assert_tree(cJSON *tree, const char *text)
{
	auto_buf b = {.max = 1 << 16};

	json_print(&b, tree);
	ck_assert_str_eq(buf_str(&b), text);
	cJSON_Delete(tree);
}

static cJSON *
now_of(struct fix *f, int64_t before, const char *update)
{
	AUTO(json) t = NULL;
	auto_buf b = {0}, u = {.max = 1 << 16};

	put_point(f, before, &b);
	MUST(json_parse(span_of(update), NULL, &t, &err));
	wire_put_tree(&u, t);
	return turns_planner_now(buf_span(&b), buf_span(&u));
}

START_TEST(a_planners_turn_is_its_decision)
{
	static const char execute[] =
	    "{\"decision\":\"EXECUTE\",\"steps\":[{\"tool\":\"echo\",\"args\":{"
	    "\"text\":\"1\"}},{\"tool\":\"reboot\",\"args\":{}}]}";
	static const char finish[] =
	    "{\"decision\":\"FINISH\",\"steps\":[],\"conclusion\":{"
	    "\"confidence\":\"likely\"},\"report\":\"# r\"}";
	auto_buf one = {0}, three = {0};
	auto_fix f;

	fix_init(&f, true);
	put_point(&f, 1, &one);
	put_point(&f, 3, &three);
	assert_tree(turns_planner_then(buf_span(&one)), execute);
	assert_tree(turns_planner_then(buf_span(&three)), finish);
	assert_tree(now_of(&f, 0,
			"{\"decision\":\"EXECUTE\",\"planner_plan\":{"
			"\"decision\":\"EXECUTE\",\"tool\":"
			"\"echo\",\"args\":{\"text\":\"1\"},\"steps\":[{"
			"\"tool\":\"reboot\",\"args\":{}}]}}"),
	    execute);
	/* What an update leaves out stays as it was. */
	assert_tree(now_of(&f, 3,
			"{\"decision\":\"FINISH\",\"planner_plan\":{"
			"\"decision\":\"FINISH\"}}"),
	    finish);
	assert_tree(now_of(&f, 0, "{\"error\":\"no key\"}"),
	    "{\"failed\":\"the planner failed: no key\"}");
	assert_tree(now_of(&f, 0, "{\"planner_plan\":{}}"),
	    "{\"failed\":\"the planner failed: plan: decision must be "
	    "PLAN, EXECUTE or FINISH, not \\\"\\\"\"}");
}
END_TEST

START_TEST(a_planner_is_given_the_state_and_the_tools)
{
	auto_buf b = {0}, input = {.max = 1 << 20};
	auto_fix f;

	fix_init(&f, true);
	put_point(&f, 2, &b);
	turns_planner_input(&input, buf_span(&b), buf_span(&b));
	ck_assert(wire_check(buf_span(&input), &err) == RC_OK);
	ck_assert_int_eq(wire_find_int(buf_span(&input), "turns", -1), 1);
	ck_assert(span_is(wire_find_str(buf_span(&input), "input"), "why?"));
	ck_assert_uint_gt(wire_find(buf_span(&input), "tools").n, 10);
}
END_TEST

START_TEST(an_executors_turn_is_a_step_and_its_outcome)
{
	auto_buf before = {0}, after = {0}, input = {.max = 1 << 16};
	AUTO(json) said = NULL;
	struct span tool, class;
	auto_fix f;

	fix_init(&f, true);
	put_point(&f, 1, &before);
	put_point(&f, 2, &after);
	ck_assert_uint_eq(turns_steps(buf_span(&before), buf_span(&after)), 2);
	ck_assert_uint_eq(turns_steps(buf_span(&after), buf_span(&after)), 0);
	MUST(turns_step_input(
	    &input, buf_span(&before), 0, &tool, &class, &err));
	ck_assert(span_is(tool, "echo") && span_is(class, "READ"));
	ck_assert(wire_check(buf_span(&input), &err) == RC_OK);
	ck_assert(span_is(
	    wire_find_str(wire_find(buf_span(&input), "args"), "text"), "1"));
	ck_assert(span_is(wire_find_str(buf_span(&input), "context"), "c"));
	ck_assert_int_eq(wire_find_int(buf_span(&input), "at", -1), 5);
	buf_reset(&input);
	MUST(turns_step_input(
	    &input, buf_span(&before), 1, &tool, &class, &err));
	ck_assert(span_is(tool, "reboot") && span_is(class, "UNSAFE"));
	ck_assert_int_eq(
	    turns_step_input(&input, buf_span(&before), 2, &tool, &class, &err),
	    RC_INVALID);
	assert_tree(turns_step_then(buf_span(&before), buf_span(&after), 0),
	    "{\"status\":\"SUCCESS\",\"summary\":\"1\",\"evidence\":{\"bytes\":"
	    "1,\"sha256\":\"ab\"},\"data\":{\"x\":1.5}}");
	assert_tree(turns_step_then(buf_span(&before), buf_span(&after), 1),
	    "{\"status\":\"FAILED\",\"summary\":\"no\"}");
	said = cJSON_Parse("{\"status\":\"SUCCESS\",\"ms\":4,\"summary\":\"1\","
			   "\"evidence\":{\"media\":\"text/plain\",\"body\":"
			   "\"1\",\"bytes\":1,\"sha256\":\"ab\"},\"data\":{"
			   "\"x\":1.5}}");
	assert_tree(turns_step_now(said),
	    "{\"status\":\"SUCCESS\",\"summary\":\"1\",\"evidence\":{\"bytes\":"
	    "1,\"sha256\":\"ab\"},\"data\":{\"x\":1.5}}");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_state_is_as_its_update_left_it, 2},
	    {what_was_told_before_an_event_is_kept, 0},
	    {runs_without_numbers_have_their_beginning_only, 0},
	    {a_planners_turn_is_its_decision, 0},
	    {a_planner_is_given_the_state_and_the_tools, 0},
	    {an_executors_turn_is_a_step_and_its_outcome, 0},
	};

	return RUN_TESTS("checkpoint", tests);
}
