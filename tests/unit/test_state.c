/*
 * test_state.c - reducers, bounds, and that a state is the fold of its
 * updates; and the facts a run gives to routing.
 */
#include "common/json/json.h"
#include "common/wire/wire.h"
#include "supervisor/run/run.h"
#include "supervisor/run/state.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

enum { TEXT_MAX = 32 << 20 };

/* The update that JSON text stands for, into b. */
static struct span
update(struct buf *b, const char *json)
{
	AUTO(json) t = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(json), NULL, &t, &err) == RC_OK,
	    "%s", err.text);
	buf_reset(b);
	wire_put_tree(b, t);
	return buf_span(b);
}

static enum rc
apply(struct state *s, const char *json, struct err *err)
{
	auto_buf b;

	buf_init(&b, TEXT_MAX);
	return state_apply(s, update(&b, json), err);
}

static void
assert_state(const struct state *s, const char *json)
{
	struct err err = {0};
	auto_buf b, text;

	buf_init(&b, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	state_encode(s, &b, NULL, 0);
	ck_assert_msg(wire_check(buf_span(&b), &err) == RC_OK, "%s",
	    err.text);
	wire_to_json(&text, buf_span(&b));
	ck_assert_str_eq(buf_str(&text), json);
}

static const struct {
	const char *updates[4], *becomes;
} folds[] = {
	{{"{}"}, "{}"},
	{{"{\"a\":1}", "{\"a\":2}"}, "{\"a\":2}"},
	{{"{\"a\":1}", "{\"b\":2}"}, "{\"a\":1,\"b\":2}"},
	{{"{\"a\":[1]}", "{\"a\":[2]}"}, "{\"a\":[2]}"},
	{{"{\"a\":{\"x\":1}}", "{\"a\":{\"y\":1}}"}, "{\"a\":{\"y\":1}}"},
	{{"{\"a\":1}", "{\"a\":null}"}, "{\"a\":null}"},
	{{"{\"notes\":[1]}", "{\"notes\":[2,3]}"}, "{\"notes\":[1,2,3]}"},
	{{"{\"evidence\":[]}", "{\"evidence\":[{\"id\":\"E1\"}]}"},
	    "{\"evidence\":[{\"id\":\"E1\"}]}"},
	{{"{\"executor_feedback\":[1,[2]]}", "{\"executor_feedback\":[]}",
	    "{\"executor_feedback\":[{}]}"},
	    "{\"executor_feedback\":[1,[2],{}]}"},
	{{"{\"unknown\":\"kept\",\"decision\":\"PLAN\"}",
	    "{\"decision\":\"FINISH\"}"},
	    "{\"unknown\":\"kept\",\"decision\":\"FINISH\"}"},
};

START_TEST(updates_fold_by_their_reducers)
{
	struct state *s = state_new();
	struct err err = {0};
	size_t i;

	for (i = 0; i < 4 && folds[_i].updates[i] != NULL; i++)
		ck_assert_msg(apply(s, folds[_i].updates[i], &err) == RC_OK,
		    "%s", err.text);
	assert_state(s, folds[_i].becomes);
	state_free(s);
}
END_TEST

static const struct {
	const char *update, *says;
} refused[] = {
	{"[]", "is a map"},
	{"null", "is a map"},
	{"\"text\"", "is a map"},
	{"{\"notes\":1}", "notes takes a list"},
	{"{\"evidence\":{}}", "takes a list"},
	{"{\"executor_feedback\":null}", "takes a list"},
	{"{\"a\":2,\"notes\":\"x\"}", "takes a list"},
	{"{\"\":1}", "state key of 0 bytes"},
	{"{\"a234567890123456789012345678901234567890123456789012345678901234"
	 "5\":1}", "state key of 65 bytes"},
};

START_TEST(an_update_that_is_refused_changes_nothing)
{
	struct state *s = state_new();
	struct err err = {0};

	ck_assert_int_eq(apply(s, "{\"a\":1,\"notes\":[1]}", &err), RC_OK);
	ck_assert_int_eq(apply(s, refused[_i].update, &err), RC_INVALID);
	assert_contains(err.text, refused[_i].says);
	assert_state(s, "{\"a\":1,\"notes\":[1]}");
	state_free(s);
}
END_TEST

START_TEST(a_state_leaves_room_for_what_is_put_around_it)
{
	struct state *s = state_new();
	struct err err = {0};

	ck_assert_int_eq(apply(s, "{\"a\":[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]}", &err), RC_OK);
	ck_assert_int_eq(apply(s, "{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", &err), RC_TOOBIG);
	assert_contains(err.text, "over 20 levels");
	state_free(s);
}
END_TEST

START_TEST(bytes_that_are_no_update_are_refused)
{
	static const struct span bad[] = {{NULL, 0}, {"\x82\xa1" "a\x01", 4},
	    {"\x81\xa1" "a", 3}, {"\x81\x01\x01", 3}, {"\x81\xa1" "a\x01\x01",
	    5}, {"\x81\xa2" "a\0\x01", 5}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct state *s = state_new();
		struct err err = {0};

		ck_assert_int_eq(state_apply(s, bad[i], &err), RC_INVALID);
		assert_state(s, "{}");
		state_free(s);
	}
}
END_TEST

START_TEST(a_state_has_so_many_keys_and_no_more)
{
	struct state *s = state_new();
	struct err err = {0};
	char json[64];
	int i;

	for (i = 0; i < STATE_KEYS_MAX; i++) {
		snprintf(json, sizeof(json), "{\"k%d\":1}", i);
		ck_assert_int_eq(apply(s, json, &err), RC_OK);
	}
	ck_assert_int_eq(apply(s, "{\"one more\":1}", &err), RC_TOOBIG);
	ck_assert_int_eq(apply(s, "{\"k7\":2}", &err), RC_OK);
	ck_assert_int_eq(state_int(s, "k7", 0), 2);
	ck_assert_int_eq(state_int(s, "one more", -1), -1);
	state_free(s);
}
END_TEST

START_TEST(a_state_has_so_many_bytes_and_no_more)
{
	struct state *s = state_new();
	struct err err = {0};
	char *big = calloc(1, STATE_BYTES_MAX);
	auto_buf b;
	int i, taken = 0;

	buf_init(&b, TEXT_MAX);
	wire_put_map(&b, 1);
	wire_put_str(&b, "notes");
	wire_put_array(&b, 1);
	wire_put_bin(&b, span_make(big, 1 << 20));
	for (i = 0; i < 20; i++) {
		enum rc rc = state_apply(s, buf_span(&b), &err);

		ck_assert(rc == RC_OK || rc == RC_TOOBIG);
		taken += rc == RC_OK;
	}
	ck_assert_int_eq(taken, (STATE_BYTES_MAX >> 20) - 1);
	assert_contains(err.text, "12 MiB");
	ck_assert_int_eq(apply(s, "{\"status\":\"small still fits\"}", &err),
	    RC_OK);
	free(big);
	state_free(s);
}
END_TEST

START_TEST(values_are_read_by_type_and_are_absent_otherwise)
{
	struct state *s = state_new();
	struct err err = {0};
	uint32_t n;

	ck_assert_int_eq(apply(s, "{\"t\":\"text\",\"i\":-5,\"notes\":[7,8]}",
	    &err), RC_OK);
	ck_assert(span_is(state_str(s, "t"), "text"));
	ck_assert_uint_eq(state_str(s, "i").n, 0);
	ck_assert_int_eq(state_int(s, "i", 9), -5);
	ck_assert_int_eq(state_int(s, "t", 9), 9);
	ck_assert_uint_eq(state_get(s, "none").n, 0);
	ck_assert_uint_eq(state_list(s, "notes", &n).n, 2);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(state_list(s, "none", &n).n, 0);
	ck_assert_uint_eq(n, 0);
	state_free(s);
}
END_TEST

START_TEST(a_state_is_encoded_with_something_beside_it)
{
	struct state *s = state_new();
	struct err err = {0};
	auto_buf b, text;

	buf_init(&b, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	ck_assert_int_eq(apply(s, "{\"a\":1}", &err), RC_OK);
	state_encode(s, &b,
	    &(struct state_extra){"tools", span_make("\x91\x05", 2)}, 1);
	wire_to_json(&text, buf_span(&b));
	ck_assert_str_eq(buf_str(&text), "{\"a\":1,\"tools\":[5]}");
	state_free(s);
}
END_TEST

/* ---- run.c ---- */

START_TEST(a_run_tells_routing_what_it_has)
{
	static const struct {
		const char *update;
		bool has;
		enum plan_decision decision;
	} cases[] = {{"{}", false, PLAN_DECISION_PLAN},
	    {"{\"decision\":\"PLAN\"}", true, PLAN_DECISION_PLAN},
	    {"{\"decision\":\"EXECUTE\"}", true, PLAN_DECISION_EXECUTE},
	    {"{\"decision\":\"FINISH\"}", true, PLAN_DECISION_FINISH},
	    {"{\"decision\":\"finish\"}", false, PLAN_DECISION_PLAN},
	    {"{\"decision\":3}", false, PLAN_DECISION_PLAN}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct run *r = run_new("run");
		struct err err = {0};
		struct facts f;

		ck_assert_int_eq(apply(r->state, cases[i].update, &err),
		    RC_OK);
		r->iteration = 4;
		r->turns = 5;
		r->failures = 2;
		r->deadline_passed = r->cancelled = r->planner_failed = true;
		f = run_facts(r);
		ck_assert_int_eq(f.has_decision, cases[i].has);
		ck_assert_int_eq(f.decision, cases[i].decision);
		ck_assert_int_eq(f.iteration, 4);
		ck_assert_int_eq(f.turns, 5);
		ck_assert_int_eq(f.failures, 2);
		ck_assert(f.deadline_passed && f.cancelled &&
		    f.planner_failed);
		run_free(r);
	}
	run_free(NULL);
}
END_TEST

START_TEST(tasks_are_numbered_over_the_whole_run)
{
	struct run *r = run_new("run");
	struct task *t;
	int i;

	ck_assert(run_tasks_done(r));
	for (i = 0; i < PLAN_STEPS_MAX; i++) {
		t = run_add_task(r, NODE_EXECUTOR, i);
		ck_assert_uint_eq(t->number, (uint64_t)i + 1);
		ck_assert_int_eq(t->state, TASK_QUEUED);
		ck_assert_ptr_eq(run_find_task(r, t->number), t);
		ck_assert(!run_tasks_done(r));
	}
	for (i = 0; i < PLAN_STEPS_MAX; i++) {
		ck_assert(!run_tasks_done(r));
		r->tasks[i].state = TASK_DONE;
	}
	ck_assert(run_tasks_done(r));
	buf_adds(&r->tasks[0].outcome, "old");
	run_clear_tasks(r);
	ck_assert_ptr_null(run_find_task(r, 1));
	t = run_add_task(r, NODE_PLANNER, 0);
	ck_assert_uint_eq(t->number, PLAN_STEPS_MAX + 1);
	ck_assert_uint_eq(t->outcome.len, 0);
	ck_assert_uint_eq(t->attempt, 0);
	run_free(r);
}
END_TEST

START_TEST(task_states_read_back)
{
	int i;

	for (i = TASK_QUEUED; i <= TASK_UNKNOWN; i++)
		ck_assert_int_eq(task_state_parse(span_of(task_state_name(
		    (enum task_state)i))), i);
	ck_assert_int_eq(task_state_parse(span_of("else")), TASK_QUEUED);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {updates_fold_by_their_reducers, ARRAY_LEN(folds)},
	    {an_update_that_is_refused_changes_nothing, ARRAY_LEN(refused)},
	    {a_state_leaves_room_for_what_is_put_around_it, 0},
	    {bytes_that_are_no_update_are_refused, 0},
	    {a_state_has_so_many_keys_and_no_more, 0},
	    {a_state_has_so_many_bytes_and_no_more, 0},
	    {values_are_read_by_type_and_are_absent_otherwise, 0},
	    {a_state_is_encoded_with_something_beside_it, 0},
	    {a_run_tells_routing_what_it_has, 0},
	    {tasks_are_numbered_over_the_whole_run, 0},
	    {task_states_read_back, 0},
	};

	return RUN_TESTS("state", tests);
}
