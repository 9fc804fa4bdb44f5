/* test_facts.c - what the rules planner takes from a run's state. */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/rules/facts.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <math.h>

static cJSON *
parsed(const char *json)
{
	cJSON *tree = NULL;
	struct err err;

	ck_assert_msg(json_parse(span_of(json), NULL, &tree, &err) == RC_OK,
	    "%s: %s", json, err.text);
	return tree;
}

/* ---- series ---- */

static const struct {
	const char *json;
	bool has;
	double last;
} values[] = {
    {"{\"value\":1.5}", true, 1.5},
    {"{\"value\":\"1.5\"}", true, 1.5},
    {"{\"value\":\"-2e3\"}", true, -2000},
    {"{\"value\":\"+Inf\"}", true, INFINITY},
    {"{\"value\":\"NaN\"}", false, 0},
    {"{\"value\":\"1.5x\"}", false, 0},
    {"{\"value\":\"x\"}", false, 0},
    {"{\"value\":\"\"}", false, 0},
    {"{\"value\":null}", false, 0},
    {"{\"value\":[1,\"2\"]}", false, 0},
    {"{}", false, 0},
    {"{\"last\":3,\"value\":4}", true, 3},
    {"{\"last\":\"NaN\"}", false, 0},
};

START_TEST(a_series_has_a_value_or_is_none)
{
	AUTO(tree) tree = parsed(values[_i].json);
	struct series s = {.last = -1};

	ck_assert_msg(
	    series_read(tree, &s) == values[_i].has, "%s", values[_i].json);
	ck_assert(s.last == (values[_i].has ? values[_i].last : -1));
}
END_TEST

START_TEST(a_range_is_read_with_its_times)
{
	AUTO(tree)
	tree = parsed(
	    "{\"labels\":{\"__name__\":\"up\",\"job\":\"j\"},\"first\":1,"
	    "\"last\":4,\"min\":\"0.5\",\"max\":9,\"baseline\":2,"
	    "\"from\":\"2025-11-23T10:30:00Z\",\"to\":1763895600,"
	    "\"time_of_max\":\"2025-11-23T10:59:00.5Z\",\"time_of_min\":"
	    "\"lately\"}");
	struct series s;

	ck_assert(series_read(tree, &s));
	ck_assert(s.is_range);
	ck_assert_str_eq(s.name, "up");
	ck_assert(s.first == 1 && s.last == 4 && s.min == 0.5 && s.max == 9);
	ck_assert(s.baseline == 2);
	ck_assert(s.from_t == 1763893800 && s.to_t == 1763895600);
	ck_assert(s.max_t == 1763895540.5 && s.min_t == 0);
}
END_TEST

START_TEST(a_range_that_tells_only_its_end_was_always_there)
{
	AUTO(tree) tree = parsed("{\"last\":4}");
	struct series s;

	ck_assert(series_read(tree, &s));
	ck_assert(s.first == 4 && s.min == 4 && s.max == 4);
	ck_assert(isnan(s.baseline));
	ck_assert_str_eq(s.name, "");
}
END_TEST

static const struct {
	const char *series, *alert;
	bool fits;
} fits[] = {
    {"{\"__name__\":\"up\",\"a\":\"1\"}", "{\"a\":\"1\",\"b\":\"2\"}", true},
    {"{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"1\"}", false},
    {"{\"a\":\"1\"}", "{\"a\":\"2\"}", false},
    {"{}", "{\"a\":\"2\"}", true},
};

START_TEST(a_series_fits_an_alert_that_has_all_its_labels)
{
	AUTO(tree) labels = parsed(fits[_i].series);
	AUTO(tree) alert = parsed(fits[_i].alert);
	struct series s = {.labels = labels};

	ck_assert(series_fits(&s, alert) == fits[_i].fits);
}
END_TEST

/* ---- the state ---- */

static void
facts_of(struct facts *f, const char *state)
{
	AUTO(tree) tree = parsed(state);
	auto_buf wire = {.max = 1 << 16};

	wire_put_tree(&wire, tree);
	facts_init(f, buf_span(&wire), REPORT_ZH);
}

static const struct {
	const char *state;
	double at_s, window_s;
	enum report_lang lang;
} states[] = {
    {"{\"at\":1763895363500,\"window\":60,\"language\":\"en\"}", 1763895363.5,
	60, REPORT_EN},
    {"{\"at\":1000,\"window\":59}", 1, 1800, REPORT_ZH},
    {"{\"at\":1000,\"window\":2592000}", 1, 2592000, REPORT_ZH},
    {"{\"at\":1000,\"window\":2592001,\"language\":\"\"}", 1, 1800, REPORT_ZH},
    {"{\"at\":0,\"language\":\"de\"}", 1763891820, 1800, REPORT_ZH},
    {"{\"at\":\"now\",\"window\":\"1h\"}", 1763891820, 1800, REPORT_ZH},
};

START_TEST(what_a_state_leaves_open_has_a_default)
{
	struct facts f;

	clk_fix_ms(INT64_C(1763891820999));
	facts_of(&f, states[_i].state);
	clk_fix_ms(-1);
	ck_assert_double_eq(f.at_s, states[_i].at_s);
	ck_assert_double_eq(f.window_s, states[_i].window_s);
	ck_assert_int_eq(f.lang, states[_i].lang);
	facts_done(&f);
}
END_TEST

#define ANSWER(status, args, id)                                               \
	"{\"tool\":\"t\",\"role\":\"clock\",\"status\":\"" status "\",\"args\":" args             \
	",\"evidence\":[\"" id "\"]}"

static const struct {
	const char *feedback, *latest;
} latest[] = {
    {"", ""},
    {ANSWER("SUCCESS", "{}", "E1"), "E1"},
    {ANSWER("SUCCESS", "{}", "E1") "," ANSWER("SUCCESS", "{}", "E2"), "E2"},
    /* What succeeded is not forgotten over what failed since. */
    {ANSWER("SUCCESS", "{}", "E1") "," ANSWER("FAILED", "{}", "E2"), "E1"},
    {ANSWER("FAILED", "{}", "E1") "," ANSWER("FAILED", "{}", "E2"), "E2"},
    {ANSWER("FAILED", "{}", "E1") "," ANSWER("SUCCESS", "{}", "E2"), "E2"},
    {"{\"tool\":\"other\",\"status\":\"SUCCESS\",\"evidence\":[\"E1\"]}", ""},
};

START_TEST(the_latest_answer_is_the_newest_that_succeeded)
{
	auto_str state =
	    xasprintf("{\"executor_feedback\":[%s]}", latest[_i].feedback);
	struct facts f;

	facts_of(&f, state);
	ck_assert_str_eq(
	    answer_evidence(facts_latest(&f, TOOL_ROLE_CLOCK)),
	    latest[_i].latest);
	facts_done(&f);
}
END_TEST

static const struct {
	const char *asked, *args;
	bool same;
} asked[] = {
    {"{}", "{}", true},
    {"{\"names\":[\"a\"]}", "{\"names\":[\"a\"]}", true},
    {"{\"names\":[\"a\"]}", "{\"names\":[\"b\"]}", false},
    {"{\"names\":[\"a\"]}", "{}", false},
    /* A tool may write the rest otherwise. */
    {"{\"query\":\"up\",\"window\":\"30m\"}",
	"{\"query\":\"up\",\"window\":1800}", true},
    {"{\"query\":\"up\"}", "{\"query\":\"up\",\"window\":1800}", false},
    {"{\"query\":\"up\",\"window\":1}", "{\"query\":\"up\"}", false},
    {"{\"query\":\"down\"}", "{\"query\":\"up\"}", false},
};

START_TEST(an_answer_is_that_to_the_same_question)
{
	auto_str state = xasprintf(
	    "{\"executor_feedback\":[" ANSWER("SUCCESS", "%s", "E1") "]}",
	    asked[_i].asked);
	AUTO(tree) args = parsed(asked[_i].args);
	struct facts f;

	facts_of(&f, state);
	ck_assert_msg((facts_answer(&f, "t", args) != NULL) == asked[_i].same,
	    "%s, %s", asked[_i].asked, asked[_i].args);
	ck_assert_ptr_null(facts_answer(&f, "u", args));
	facts_done(&f);
}
END_TEST

static const struct {
	const char *rules, *alert, *expr;
} rules[] = {
    {"{\"name\":\"A\",\"expr\":\"up == 0\"}", "{}", "up == 0"},
    {"{\"name\":\"A\",\"query\":\"up == 0\"}", "{}", "up == 0"},
    {"{\"name\":\"B\",\"expr\":\"up == 0\"}", "{}", ""},
    {"{\"name\":\"A\",\"expr\":\"\"}", "{}", ""},
    {"{\"name\":\"A\",\"type\":\"recording\",\"expr\":\"x\"}", "{}", ""},
    /* Of several of one name the one whose labels the alert has. */
    {"{\"name\":\"A\",\"expr\":\"x\",\"labels\":{\"severity\":\"page\"}},"
     "{\"name\":\"A\",\"expr\":\"y\",\"labels\":{\"severity\":\"info\"}}",
	"{\"severity\":\"info\",\"job\":\"j\"}", "y"},
    /* Labels may be templates, and differ from what came of them. */
    {"{\"name\":\"A\",\"expr\":\"x\",\"labels\":{\"at\":\"{{ $value }}\"}}",
	"{\"at\":\"5\"}", "x"},
};

START_TEST(a_rule_belongs_to_the_alerts_that_came_of_it)
{
	auto_str state = xasprintf(
	    "{\"executor_feedback\":[{\"tool\":\"query_prometheus_rules\","
	    "\"status\":\"SUCCESS\",\"data\":{\"rules\":[%s]}}]}",
	    rules[_i].rules);
	auto_str json =
	    xasprintf("{\"name\":\"A\",\"labels\":%s}", rules[_i].alert);
	AUTO(tree) alert = parsed(json);
	const cJSON *rule;
	struct facts f;

	facts_of(&f, state);
	rule = facts_rule(&f, alert);
	ck_assert_str_eq(rule != NULL ? rule_expr(rule) : "", rules[_i].expr);
	facts_done(&f);
}
END_TEST

START_TEST(without_a_catalogue_the_basic_tools_are_there)
{
	struct facts f;

	facts_of(&f, "{}");
	ck_assert_str_eq(
	    facts_tool(&f, TOOL_ROLE_METRICS), "query_prometheus_metrics");
	ck_assert_ptr_null(facts_tool(&f, TOOL_ROLE_CAUSES));
	facts_done(&f);
	facts_of(&f, "{\"tools\":[{\"name\":\"find_causes\"}]}");
	ck_assert_ptr_null(facts_tool(&f, TOOL_ROLE_METRICS));
	ck_assert_str_eq(facts_tool(&f, TOOL_ROLE_CAUSES), "find_causes");
	facts_done(&f);
}
END_TEST

static const struct {
	const char *role, *name;
	enum tool_role is;
} roles[] = {
    {"alerts", "mine", TOOL_ROLE_ALERTS},
    {"clock", "mine", TOOL_ROLE_CLOCK},
    {"", "mine", TOOL_ROLE_NONE},
    /* Of a version that knows more of them: not ours to guess. */
    {"traces", "find_causes", TOOL_ROLE_NONE},
    {"Alerts", "mine", TOOL_ROLE_NONE},
    {"metrics", "query_prometheus_alerts", TOOL_ROLE_METRICS},
    /* Of one that says none. */
    {"", "query_prometheus_alerts", TOOL_ROLE_ALERTS},
    {"", "query_prometheus_rules", TOOL_ROLE_RULES},
    {"", "query_prometheus_targets", TOOL_ROLE_TARGETS},
    {"", "query_prometheus_metrics", TOOL_ROLE_METRICS},
    {"", "find_causes", TOOL_ROLE_CAUSES},
    {"", "get_current_time", TOOL_ROLE_CLOCK},
    {"", "echo", TOOL_ROLE_NONE},
};

START_TEST(a_tool_says_its_role_or_is_known_by_its_name)
{
	AUTO(tree) t = cJSON_CreateObject();

	if (roles[_i].role[0] != '\0')
		cJSON_AddStringToObject(t, "role", roles[_i].role);
	cJSON_AddStringToObject(t, "name", roles[_i].name);
	ck_assert_int_eq(tool_role_of(t), roles[_i].is);
	cJSON_AddStringToObject(t, "tool", roles[_i].name);
	ck_assert_int_eq(tool_role_of_feedback(t), roles[_i].is);
}
END_TEST

/* ---- failures ---- */

#define TELLS(tool, status) "{\"tool\":\"" tool "\",\"status\":\"" status "\"}"

static const struct {
	const char *feedback;
	int of_t;
} failures[] = {
    {"", -1},
    {TELLS("other", "FAILED"), -1},
    {TELLS("t", "SUCCESS"), 0},
    {TELLS("t", "FAILED"), 1},
    {TELLS("t", "FAILED") "," TELLS("other", "SUCCESS") "," TELLS("t",
	 "FAILED"),
	2},
    {TELLS("t", "FAILED") "," TELLS("t", "SUCCESS") "," TELLS("t", "UNKNOWN"),
	1},
    {TELLS("t", "FAILED") "," TELLS("t", "SUCCESS"), 0},
};

START_TEST(failures_count_in_a_row_up_to_the_newest_answer)
{
	auto_str text = xasprintf(
	    "{\"executor_feedback\":[%s]}", failures[_i].feedback);
	AUTO(tree) tree = parsed(text);
	auto_buf b = {.max = 1 << 16};
	struct facts f;

	wire_put_tree(&b, tree);
	facts_init(&f, buf_span(&b), REPORT_EN);
	ck_assert_int_eq(facts_failures(&f, "t"), failures[_i].of_t);
	facts_done(&f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_series_has_a_value_or_is_none, (int)ARRAY_LEN(values)},
	    {a_range_is_read_with_its_times, 0},
	    {a_range_that_tells_only_its_end_was_always_there, 0},
	    {a_series_fits_an_alert_that_has_all_its_labels,
		(int)ARRAY_LEN(fits)},
	    {what_a_state_leaves_open_has_a_default, (int)ARRAY_LEN(states)},
	    {the_latest_answer_is_the_newest_that_succeeded,
		(int)ARRAY_LEN(latest)},
	    {an_answer_is_that_to_the_same_question, (int)ARRAY_LEN(asked)},
	    {a_rule_belongs_to_the_alerts_that_came_of_it,
		(int)ARRAY_LEN(rules)},
	    {without_a_catalogue_the_basic_tools_are_there, 0},
	    {a_tool_says_its_role_or_is_known_by_its_name,
		(int)ARRAY_LEN(roles)},
	    {failures_count_in_a_row_up_to_the_newest_answer,
		(int)ARRAY_LEN(failures)},
	};

	return RUN_TESTS("facts", tests);
}
