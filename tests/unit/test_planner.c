/* test_planner.c - backends: which there are, scripts, the planner alone. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/backend.h"
#include "planner/planner.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

struct asked {
	struct turn turn; /* first */
	struct buf update;
	int answers;
};

static void
on_answer(struct turn *t, struct span update)
{
	struct asked *a = (struct asked *)t;

	buf_reset(&a->update);
	buf_add_span(&a->update, update);
	a->answers++;
}

static void
file_with(char path[32], const char *text)
{
	int fd;
	FILE *f;

	strcpy(path, "/tmp/culprit-planXXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
}

static const struct {
	struct conf conf;
	const char *name; /* NULL: refused */
} chosen[] = {
    {{.planner = "rules"}, "rules"},
    {{.planner = "script"}, "script"},
    {{.planner = "openai"}, "openai"},
    {{.planner = "rules+openai"}, "rules+openai"},
    {{.planner = "replay"}, "replay"},
    {{.planner = NULL}, "rules"},
    {{.llm = "dashscope"}, "rules+openai"},
    {{.llm_url = "http://127.0.0.1:1"}, "rules+openai"},
    {{.planner = "rules", .llm = "dashscope"}, "rules"},
    {{.planner = "magic"}, NULL},
};

START_TEST(planner_is_chosen_by_name_and_by_whether_there_is_a_model)
{
	const struct backend_ops *ops = NULL;
	struct err err = {""};
	enum rc rc = backend_find(&chosen[_i].conf, &ops, &err);

	if (chosen[_i].name == NULL) {
		ck_assert_int_eq(rc, RC_INVALID);
		assert_contains(err.text, "rules, rules+openai, openai, "
					  "script, replay");
		return;
	}
	ck_assert_int_eq(rc, RC_OK);
	ck_assert_str_eq(ops->name, chosen[_i].name);
}
END_TEST

static const struct {
	const char *text; /* NULL: no such file */
	const char *names;
} bad_scripts[] = {
    {NULL, "No such file"},
    {"", "script"},
    {"{}", "array"},
    {"[]", "array"},
    {"[3]", "entry 1"},
    {"[{\"decision\":\"FINISH\"},{\"decision\":\"x\"}]", "entry 2"},
    {"[{\"decision\":\"EXECUTE\",\"steps\":[{}]}]", "steps[0].tool"},
    {"[{\"decision\":\"FINISH\"}", "script"},
};

START_TEST(script_that_is_wrong_is_refused_at_start)
{
	char path[32] = "/nonexistent/plans";
	struct conf conf = {.planner_script = path, .language = "zh"};
	struct backend *b;
	struct err err = {""};

	if (bad_scripts[_i].text != NULL)
		file_with(path, bad_scripts[_i].text);
	ck_assert_int_ne(backend_script.start(&conf, NULL, &b, &err), RC_OK);
	ck_assert_msg(
	    strstr(err.text, bad_scripts[_i].names) != NULL, "%s", err.text);
	if (bad_scripts[_i].text != NULL)
		unlink(path);
}
END_TEST

START_TEST(script_without_a_file_says_what_is_needed)
{
	struct conf conf = {.language = "zh"};
	struct backend *b;
	struct err err = {""};

	ck_assert_int_eq(
	    backend_script.start(&conf, NULL, &b, &err), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "CULPRIT_PLANNER_SCRIPT"));
}
END_TEST

static void
ask(struct backend *b, struct asked *a, const char *key, int64_t round)
{
	auto_buf state = {.max = 4096};

	wire_put_map(&state, 2);
	wire_put_str(&state, "input");
	wire_put_str(&state, "x");
	wire_put_str(&state, key);
	wire_put_int(&state, round);
	a->turn.state = buf_span(&state);
	backend_script.plan(b, &a->turn);
}

static const char script[] =
    "[{\"decision\":\"EXECUTE\",\"tool\":\"echo\",\"args\":{\"text\":\"1\"},"
    "\"conclusion\":{\"summary\":\"so far\"}},"
    "{\"decision\":\"PLAN\",\"step\":\"2\"},"
    "{\"decision\":\"FINISH\",\"report\":\"# done\"}]";

START_TEST(script_gives_the_nth_plan_in_round_n_and_repeats_the_last)
{
	static const char *const want[] = {
	    "EXECUTE", "PLAN", "FINISH", "FINISH"};
	struct asked a = {
	    .turn = {.answer = on_answer}, .update = {.max = 1 << 20}};
	struct conf conf = {.language = "zh"};
	struct backend *b;
	char path[32];
	struct err err;
	int i;

	file_with(path, script);
	conf.planner_script = path;
	ck_assert_int_eq(backend_script.start(&conf, NULL, &b, &err), RC_OK);
	for (i = 0; i < 4; i++) {
		ask(b, &a, "iteration", i);
		ck_assert_int_eq(wire_check(buf_span(&a.update), &err), RC_OK);
		ck_assert(span_is(
		    wire_find_str(buf_span(&a.update), "decision"), want[i]));
		ask(b, &a, "turns", i);
		ck_assert(span_is(
		    wire_find_str(buf_span(&a.update), "decision"), want[i]));
	}
	ck_assert(span_is(
	    wire_find_str(buf_span(&a.update), "final_report"), "# done"));
	ask(b, &a, "iteration", -7);
	ck_assert(
	    span_is(wire_find_str(wire_find(buf_span(&a.update), "conclusion"),
			"summary"),
		"so far"));
	ck_assert_int_eq(a.answers, 9);
	backend_script.stop(b);
	buf_done(&a.update);
	unlink(path);
}
END_TEST

START_TEST(script_that_ends_without_a_report_concludes_what_its_step_says)
{
	struct asked a = {
	    .turn = {.answer = on_answer}, .update = {.max = 1 << 20}};
	struct conf conf = {.language = "en"};
	struct backend *b;
	char path[32];
	struct err err;

	file_with(path, "[{\"decision\":\"FINISH\",\"step\":\"nothing\"}]");
	conf.planner_script = path;
	ck_assert_int_eq(backend_script.start(&conf, NULL, &b, &err), RC_OK);
	ask(b, &a, "iteration", 0);
	/* Of which whoever asked makes the report, with what was done. */
	ck_assert(
	    span_is(wire_find_str(wire_find(buf_span(&a.update), "conclusion"),
			"summary"),
		"nothing"));
	ck_assert_uint_eq(
	    wire_find_str(buf_span(&a.update), "final_report").n, 0);
	backend_script.stop(b);
	buf_done(&a.update);
	unlink(path);
}
END_TEST

/* ---- the planner alone ---- */

static int
once(const void *in, size_t n, const struct conf *conf, char **ret_out)
{
	FILE *from = n > 0 ? fmemopen((void *)(uintptr_t)in, n, "r")
			   : fopen("/dev/null", "r");
	size_t out_n = 0;
	FILE *to = open_memstream(ret_out, &out_n);
	int status = planner_once(conf, from, to);

	fclose(from);
	fclose(to);
	return status;
}

START_TEST(planner_alone_takes_json_and_msgpack_alike)
{
	static const char json[] = " {\"iteration\": 0, \"language\": \"en\"}";
	struct conf conf = {.planner = "rules", .language = "zh"};
	auto_buf wire = {.max = 4096};
	auto_str a = NULL;
	auto_str b = NULL;

	wire_put_map(&wire, 2);
	wire_put_str(&wire, "iteration");
	wire_put_int(&wire, 0);
	wire_put_str(&wire, "language");
	wire_put_str(&wire, "en");
	ck_assert_int_eq(once(json, sizeof(json) - 1, &conf, &a), 0);
	ck_assert_int_eq(once(wire.data, wire.len, &conf, &b), 0);
	ck_assert_str_eq(a, b);
	ck_assert_ptr_nonnull(strstr(a, "\"decision\":\"EXECUTE\""));
	ck_assert_ptr_nonnull(strstr(a, "query_prometheus_alerts"));
}
END_TEST

START_TEST(planner_alone_refuses_what_is_no_state)
{
	static const struct {
		const char *in;
		size_t n;
	} bad[] = {{"", 0}, {"[]", 2}, {"{", 1}, {"\xff\xfe", 2},
	    {"\x93\x01\x02\x03", 4}, {"{}x", 3}, {"hello", 5}};
	struct conf conf = {.planner = "rules", .language = "zh"};
	auto_str out = NULL;

	ck_assert_int_eq(once(bad[_i].in, bad[_i].n, &conf, &out), 1);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(planner_alone_says_which_planners_there_are)
{
	struct conf conf = {.planner = "magic",
	    .language = "zh",
	    .back = "tcp://127.0.0.1:9902"};
	auto_str out = NULL;
	struct err err;

	ck_assert_int_eq(once("{}", 2, &conf, &out), 1);
	ck_assert_int_eq(planner_spec.check(&conf, &err), RC_INVALID);
	conf.planner = "rules";
	ck_assert_int_eq(planner_spec.check(&conf, &err), RC_OK);
}
END_TEST

/* ---- one that answers later, as one that asks a server does ---- */

struct backend {
	zloop_t *loop;
	bool never;
	struct turn *turn;
	int cancelled, stopped;
};

static struct backend late;

static enum rc
late_start(const struct conf *conf UNUSED, zloop_t *loop, struct backend **ret,
    struct err *err UNUSED)
{
	ck_assert_ptr_nonnull(loop);
	late.loop = loop;
	*ret = &late;
	return RC_OK;
}

static int
late_answer(zloop_t *loop UNUSED, int timer UNUSED, void *arg UNUSED)
{
	auto_buf update = {.max = 100};

	wire_put_map(&update, 1);
	wire_put_str(&update, "decision");
	wire_put_str(&update, "PLAN");
	late.turn->answer(late.turn, buf_span(&update));
	return 0;
}

static void
late_plan(struct backend *b, struct turn *t)
{
	b->turn = t;
	if (!b->never)
		zloop_timer(b->loop, 5, 1, late_answer, NULL);
}

static void
late_cancel(struct backend *b, struct turn *t)
{
	ck_assert_ptr_eq(t, b->turn);
	b->cancelled++;
}

static void
late_stop(struct backend *b)
{
	b->stopped++;
}

static const struct backend_ops backend_late = {
    .name = "late",
    .start = late_start,
    .plan = late_plan,
    .cancel = late_cancel,
    .stop = late_stop,
};

/* What it wrote, and what it said of an error. */
static int
once_late(int64_t ms, char **ret_out, char **ret_said)
{
	struct conf conf = {.language = "en"};
	char state[] = "{}", path[32];
	size_t n = 0;
	FILE *from = fmemopen(state, 2, "r");
	FILE *to = open_memstream(ret_out, &n), *f;
	int status;

	file_with(path, "");
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	status = planner_once_by(&backend_late, &conf, ms, from, to);
	fflush(stderr);
	fclose(from);
	fclose(to);
	f = fopen(path, "r");
	*ret_said = xcalloc(1, 1000);
	ck_assert_uint_lt(fread(*ret_said, 1, 999, f), 999);
	fclose(f);
	unlink(path);
	return status;
}

START_TEST(planner_alone_waits_for_an_answer_that_comes_later)
{
	auto_str out = NULL;
	auto_str said = NULL;

	ck_assert_int_eq(once_late(NEVER_MS, &out, &said), 0);
	ck_assert_str_eq(out, "{\"decision\":\"PLAN\"}\n");
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(late.cancelled, 0);
	ck_assert_int_eq(late.stopped, 1);
}
END_TEST

START_TEST(planner_alone_calls_off_what_does_not_answer_in_time)
{
	auto_str out = NULL;
	auto_str said = NULL;

	late.never = true;
	ck_assert_int_eq(once_late(50, &out, &said), 1);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(said,
	    "culprit-planner: the planner late did not answer within "
	    "0.05 s\n");
	ck_assert_int_eq(late.cancelled, 1);
	ck_assert_int_eq(late.stopped, 1);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {planner_is_chosen_by_name_and_by_whether_there_is_a_model,
		(int)ARRAY_LEN(chosen)},
	    {script_that_is_wrong_is_refused_at_start,
		(int)ARRAY_LEN(bad_scripts)},
	    {script_without_a_file_says_what_is_needed, 0},
	    {script_gives_the_nth_plan_in_round_n_and_repeats_the_last, 0},
	    {script_that_ends_without_a_report_concludes_what_its_step_says, 0},
	    {planner_alone_takes_json_and_msgpack_alike, 0},
	    {planner_alone_refuses_what_is_no_state, 7},
	    {planner_alone_says_which_planners_there_are, 0},
	    {planner_alone_waits_for_an_answer_that_comes_later, 0},
	    {planner_alone_calls_off_what_does_not_answer_in_time, 0},
	};

	return RUN_TESTS("planner", tests);
}
