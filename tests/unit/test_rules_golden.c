/*
 * test_rules_golden.c - whole investigations of the rules planner, from
 * recorded answers: what it asks, how it ends, what the report says, and
 * that every report passes verification.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/report/plan.h"
#include "common/json/tree.h"
#include "common/report/verify.h"
#include "common/wire/wire.h"
#include "planner/rules/rules.h"
#include "tests/harness/texts.h"
#include "tests/unit/rules_gone.h"
#include "tests/unit/rules_scenarios.h"
#include "tests/unit/rules_silences.h"

enum { ROUNDS_MAX = 12 };

struct run {
	const struct scenario *s;
	bool roles; /* tools say theirs, and are called otherwise */
	cJSON *state;
	cJSON *bytes; /* by evidence id: what the tool answered */
	int rounds, steps;
	int step_ms;     /* how long each took */
	int64_t left_ms; /* 0: not known */
};

static cJSON *
parsed(const char *json)
{
	cJSON *tree = NULL;
	struct err err = {""};

	ck_assert_msg(json_parse(span_of(json), NULL, &tree, &err) == RC_OK,
	    "%s in %s", err.text, json);
	return tree;
}

/* The one for causes is last. */
static const struct {
	const char *role, *before, *now;
} tools[] = {
    {"alerts", "query_prometheus_alerts", "what_fires"},
    {"rules", "query_prometheus_rules", "why_it_fires"},
    {"targets", "query_prometheus_targets", "who_is_down"},
    {"metrics", "query_prometheus_metrics", "ask"},
    {"causes", "find_causes", "guess"},
};

static const char *
role_of(const struct run *r, const char *tool)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(tools); i++)
		if (strcmp(tool, r->roles ? tools[i].now : tools[i].before) ==
		    0)
			return tools[i].role;
	ck_abort_msg("%s: there is no %s", r->s->name, tool);
	return NULL;
}

static const char *
data_of(const struct scenario *s, const char *role, const cJSON *args)
{
	int i;

	if (strcmp(role, "alerts") == 0)
		return s->alerts;
	if (strcmp(role, "rules") == 0)
		return s->rules;
	if (strcmp(role, "targets") == 0)
		return s->targets;
	if (strcmp(role, "causes") == 0)
		return strcmp(s->causes, FAILS) == 0 ? NULL : s->causes;
	for (i = 0; i < ANSWERS_MAX && s->metrics[i].part != NULL; i++)
		if (strstr(tree_str(args, "query"), s->metrics[i].part) != NULL)
			return s->metrics[i].data;
	return SERIES("");
}

static void
answer_step(struct run *r, const cJSON *step)
{
	const char *tool = tree_str(step, "tool");
	const cJSON *args = tree_at(step, "args");
	const char *role = role_of(r, tool);
	const char *data = data_of(r->s, role, args);
	cJSON *feedback = cJSON_CreateObject(), *evidence, *ids;
	auto_str id = xasprintf("E%d", ++r->steps);

	cJSON_AddStringToObject(feedback, "tool", tool);
	if (r->roles)
		cJSON_AddStringToObject(feedback, "role", role);
	cJSON_AddStringToObject(
	    feedback, "status", data != NULL ? "SUCCESS" : "FAILED");
	cJSON_AddItemToObject(feedback, "args", cJSON_Duplicate(args, true));
	cJSON_AddStringToObject(feedback, "summary",
	    data != NULL          ? ""
	    : r->s->error != NULL ? r->s->error
				  : "server says: <no>");
	if (data == NULL && r->s->suggestion != NULL)
		cJSON_AddStringToObject(
		    feedback, "suggestion", r->s->suggestion);
	ids = cJSON_AddArrayToObject(feedback, "evidence");
	cJSON_AddItemToArray(ids, cJSON_CreateString(id));
	if (data != NULL)
		cJSON_AddItemToObject(feedback, "data", parsed(data));
	cJSON_AddItemToArray(
	    cJSON_GetObjectItem(r->state, "executor_feedback"), feedback);
	evidence = cJSON_CreateObject();
	cJSON_AddStringToObject(evidence, "id", id);
	cJSON_AddStringToObject(evidence, "query", tree_str(args, "query"));
	cJSON_AddStringToObject(evidence, "tool", tool);
	cJSON_AddNumberToObject(evidence, "ms", r->step_ms);
	if (r->left_ms > 0)
		r->left_ms = MAX(r->left_ms - r->step_ms, 1);
	cJSON_AddItemToArray(
	    cJSON_GetObjectItem(r->state, "evidence"), evidence);
	cJSON_AddStringToObject(r->bytes, id, data != NULL ? data : "");
}

static void
start(struct run *r, const struct scenario *s)
{
	auto_str state = xasprintf("{%s,\"iteration\":0,\"executor_feedback\":"
				   "[],\"evidence\":[]%s}",
	    s->state,
	    s->causes != NULL
		? ",\"tools\":[{\"name\":\"query_prometheus_alerts\"},"
		  "{\"name\":\"query_prometheus_rules\"},{\"name\":"
		  "\"query_prometheus_targets\"},{\"name\":"
		  "\"query_prometheus_metrics\"},{\"name\":\"find_causes\","
		  "\"args\":{\"type\":\"object\"}}]"
		: "");

	*r = (struct run){
	    .s = s, .state = parsed(state), .bytes = cJSON_CreateObject()};
}

static cJSON *
update_of(const struct run *r)
{
	auto_buf wire = {.max = 64 << 20};
	auto_buf update = {.max = 64 << 20};
	struct err err = {""};

	wire_put_tree(&wire, r->state);
	rules_plan(&update, buf_span(&wire), REPORT_ZH, r->left_ms);
	ck_assert(!update.full);
	ck_assert_msg(
	    wire_check(buf_span(&update), &err) == RC_OK, "%s", err.text);
	{
		struct plan p;
		enum rc rc = plan_parse(
		    wire_find(buf_span(&update), "planner_plan"), &p, &err);

		ck_assert_msg(rc == RC_OK, "%s", err.text);
	}
	return wire_to_tree(buf_span(&update));
}

static void
set(cJSON *object, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObject(object, key);
	cJSON_AddItemToObject(object, key, value);
}

/* Runs to its end; the last update, the caller's. */
static cJSON *
run(struct run *r)
{
	for (r->rounds = 0; r->rounds < ROUNDS_MAX; r->rounds++) {
		AUTO(tree) update = update_of(r);
		const cJSON *plan = tree_at(update, "planner_plan");
		const cJSON *steps = tree_at(plan, "steps"), *step;

		if (tree_is(update, "decision", "FINISH"))
			return TAKE(update);
		ck_assert(tree_is(update, "decision", "EXECUTE"));
		cJSON_ArrayForEach (step, steps)
			answer_step(r, step);
		if (cJSON_GetArraySize(steps) == 0)
			answer_step(r, plan);
		set(r->state, "iteration", cJSON_CreateNumber(r->rounds + 1));
	}
	ck_abort_msg("%s: no end", r->s->name);
	return NULL;
}

static void
run_done(struct run *r)
{
	cJSON_Delete(r->state);
	cJSON_Delete(r->bytes);
}

static enum rc
fetch(void *ctx, struct span id, struct buf *ret)
{
	const struct run *r = ctx;
	auto_str key = xstrndup(id.p, id.n);

	buf_adds(ret, tree_str(r->bytes, key));
	return RC_OK;
}

static void
check_verified(struct run *r, const cJSON *update)
{
	auto_buf state = {.max = 64 << 20};
	auto_buf put = {.max = 1 << 20};
	auto_buf json = {.max = 1 << 20};
	struct verdict *v;

	set(r->state, "conclusion",
	    cJSON_Duplicate(tree_at(update, "conclusion"), true));
	wire_put_tree(&state, r->state);
	v = verify_report(&(struct verify_in){
	    .markdown = tree_span(update, "final_report"),
	    .state = buf_span(&state),
	    .fetch = fetch,
	    .ctx = r,
	});
	verdict_put(&put, v);
	wire_to_json(&json, buf_span(&put));
	ck_assert_msg(verdict_ok(v), "%s: %.1000s\n%.2000s", r->s->name,
	    buf_str(&json), tree_str(update, "final_report"));
	verdict_free(v);
}

static void
check_scenario(const struct scenario *s)
{
	AUTO(tree) update = NULL;
	const char *report;
	struct run r;
	int i;

	start(&r, s);
	update = run(&r);
	report = tree_str(update, "final_report");
	ck_assert_str_eq(tree_str(tree_at(update, "conclusion"), "confidence"),
	    s->confidence != NULL ? s->confidence : "");
	for (i = 0; i < WANT_MAX && s->want[i] != NULL; i++)
		ck_assert_msg(strstr(report, s->want[i]) != NULL,
		    "%s: no \"%s\" in\n%.3000s", s->name, s->want[i], report);
	for (i = 0; i < 4 && s->want_not[i] != NULL; i++)
		ck_assert_msg(strstr(report, s->want_not[i]) == NULL,
		    "%s: \"%s\" in\n%.3000s", s->name, s->want_not[i], report);
	check_verified(&r, update);
	run_done(&r);
}

START_TEST(rules_investigate_to_a_report_that_holds)
{
	check_scenario(&scenarios[_i]);
}
END_TEST

START_TEST(rules_tell_what_is_not_there)
{
	check_scenario(&gone[_i]);
}
END_TEST

static void
check_silence(const struct silence *x, enum report_lang lang)
{
	static const char *const calm[REPORT_LANGS][2] = {
	    {"没有需要立即执行的操作", "没有告警在触发"},
	    {"Nothing needs to be done at once", "No alert is firing"}};
	auto_str state = xasprintf("%s%s,\"language\":\"%s\"", AT, x->state,
	    lang == REPORT_ZH ? "zh" : "en");
	struct scenario s = {.name = x->name,
	    .state = state,
	    .alerts = x->alerts,
	    .rules = x->rules,
	    .targets = x->targets};
	const char *want = lang == REPORT_ZH ? x->zh : x->en;
	AUTO(tree) update = NULL;
	const char *report;
	struct run r;

	memcpy(s.metrics, x->metrics, sizeof(x->metrics));
	start(&r, &s);
	update = run(&r);
	report = tree_str(update, "final_report");
	ck_assert_msg(strstr(report, want) != NULL, "%s: no \"%s\" in\n%s",
	    x->name, want, report);
	ck_assert_msg(
	    x->clear == cJSON_IsTrue(tree_at(
			    tree_at(update, "conclusion"), "all_clear")),
	    "%s\n%s", x->name, report);
	if (!x->clear) {
		assert_lacks(report, calm[lang][0]);
		assert_lacks(report, calm[lang][1]);
	}
	check_verified(&r, update);
	run_done(&r);
}

START_TEST(rules_say_of_silence_no_more_than_was_read)
{
	check_silence(&silences[_i], REPORT_EN);
	check_silence(&silences[_i], REPORT_ZH);
}
END_TEST

/* As a planner alone is given it, and by a supervisor without executors. */
START_TEST(rules_conclude_nothing_where_nobody_can_look)
{
	static const char *const languages[] = {"en", "zh"};
	static const char *const says[] = {
	    "Nobody could look", "没有人能去查看"};
	auto_str state = xasprintf(
	    "{%s,\"language\":\"%s\",\"tools\":[]}", AT, languages[_i]);
	struct run r = {.state = parsed(state)};
	AUTO(tree) update = update_of(&r);

	ck_assert_str_eq(tree_str(update, "waits"), "executor");
	assert_contains(
	    tree_str(tree_at(update, "conclusion"), "incomplete"), says[_i]);
	assert_contains(tree_str(update, "final_report"), says[_i]);
	assert_lacks(tree_str(update, "final_report"), "No alert is firing");
	assert_lacks(tree_str(update, "final_report"), "没有告警在触发");
	run_done(&r);
}
END_TEST

/* Tools there are, none of which lists alerts; and one that fails. */
START_TEST(rules_say_when_nothing_could_be_read)
{
	static const char *const states[] = {
	    "{" AT ",\"language\":\"en\",\"tools\":[{\"name\":\"echo\"}]}",
	    "{" AT ",\"language\":\"en\",\"iteration\":1,"
	    "\"executor_feedback\":[{\"tool\":\"query_prometheus_alerts\","
	    "\"status\":\"FAILED\",\"args\":{},\"summary\":\"no route\"},"
	    "{\"tool\":\"query_prometheus_rules\",\"status\":\"FAILED\","
	    "\"args\":{},\"summary\":\"no route\"},"
	    "{\"tool\":\"query_prometheus_targets\",\"status\":\"FAILED\","
	    "\"args\":{},\"summary\":\"no route\"}]}"};
	static const char *const says[] = {
	    "no tool here lists alerts", "`no route`"};
	struct run r = {.state = parsed(states[_i])};
	AUTO(tree) update = update_of(&r);

	ck_assert_str_eq(tree_str(update, "decision"), "FINISH");
	ck_assert_str_eq(tree_str(update, "waits"), "");
	assert_contains(
	    tree_str(tree_at(update, "conclusion"), "incomplete"), says[_i]);
	assert_lacks(tree_str(update, "final_report"), "No alert is firing");
	run_done(&r);
}
END_TEST

static void
take_catalogue(struct run *r)
{
	size_t n = ARRAY_LEN(tools) - (r->s->causes == NULL), i;
	cJSON *list = cJSON_CreateArray();

	for (i = 0; i < n; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", tools[i].now);
		cJSON_AddStringToObject(one, "role", tools[i].role);
		cJSON_AddItemToArray(list, one);
	}
	set(r->state, "tools", list);
	r->roles = true;
}

START_TEST(rules_ask_tools_by_their_roles_whatever_they_are_called)
{
	AUTO(tree) by_name = NULL;
	AUTO(tree) by_role = NULL;
	struct run a, b;

	start(&a, &scenarios[_i]);
	start(&b, &scenarios[_i]);
	take_catalogue(&b);
	by_name = run(&a);
	by_role = run(&b);
	ck_assert_int_eq(a.rounds, b.rounds);
	ck_assert_int_eq(a.steps, b.steps);
	ck_assert_msg(cJSON_Compare(tree_at(by_name, "conclusion"),
			  tree_at(by_role, "conclusion"), true),
	    "%s", b.s->name);
	check_verified(&b, by_role);
	run_done(&a);
	run_done(&b);
}
END_TEST

START_TEST(rules_ask_nothing_twice)
{
	const cJSON *a, *b, *list;
	AUTO(tree) update = NULL;
	struct run r;

	start(&r, &scenarios[_i]);
	update = run(&r);
	list = tree_at(r.state, "executor_feedback");
	cJSON_ArrayForEach (a, list)
		for (b = a->next; b != NULL; b = b->next)
			ck_assert_msg(
			    !tree_is(a, "tool", tree_str(b, "tool")) ||
				!cJSON_Compare(tree_at(a, "args"),
				    tree_at(b, "args"), true),
			    "%s: %s %s", r.s->name, tree_str(a, "tool"),
			    tree_str(tree_at(a, "args"), "query"));
	ck_assert_int_le(r.rounds, 4);
	run_done(&r);
}
END_TEST

START_TEST(rules_give_the_same_update_for_the_same_state)
{
	AUTO(tree) one = NULL;
	AUTO(tree) two = NULL;
	struct run r;

	start(&r, &scenarios[0]);
	one = update_of(&r);
	two = update_of(&r);
	ck_assert(cJSON_Compare(one, two, true));
	run_done(&r);
}
END_TEST

START_TEST(rules_list_five_hundred_instances)
{
	static const char rules[] = "{\"rules\":[{\"name\":\"Down\",\"expr\":"
				    "\"up == 0\"}],\"total\":1}";
	struct scenario s = {
	    .name = "500", .state = AT, .rules = rules, .targets = ALL_UP};
	auto_buf b = {.max = 1 << 20};
	AUTO(tree) update = NULL;
	struct run r;
	int i;

	buf_adds(&b, "{\"alerts\":[");
	for (i = 0; i < 500; i++)
		buf_addf(&b,
		    "%s{\"name\":\"Down\",\"state\":\"firing\",\"labels\":{"
		    "\"alertname\":\"Down\",\"instance\":\"h%d:1\"},"
		    "\"activeAt\":\"2025-11-23T10:%02d:00Z\"}",
		    i > 0 ? "," : "", i, i % 60);
	buf_adds(&b, "]}");
	s.alerts = buf_str(&b);
	start(&r, &s);
	update = run(&r);
	for (i = 0; i < 500; i++) {
		auto_str label = xasprintf("`instance=h%d:1`", i);

		ck_assert_msg(
		    strstr(tree_str(update, "final_report"), label) != NULL,
		    "%s", label);
	}
	check_verified(&r, update);
	run_done(&r);
}
END_TEST

/* n services with two alerts each; apart: each of a rule of its own. */
static char *
many_services(int n, bool apart)
{
	auto_buf b = {.max = 4 << 20};
	int i;

	buf_adds(&b, "{\"alerts\":[");
	for (i = 0; i < 2 * n; i++) {
		auto_str rule =
		    apart ? xasprintf("Slow%03d", i / 2) : xstrdup("Slow");

		buf_addf(&b,
		    "%s{\"name\":\"%s\",\"state\":\"firing\",\"labels\":{"
		    "\"alertname\":\"%s\",\"severity\":\"warning\","
		    "\"service\":\"svc%03d\",\"handler\":\"h%d\"},"
		    "\"activeAt\":\"2025-11-23T10:50:00Z\"}",
		    i > 0 ? "," : "", rule, rule, i / 2, i % 2);
	}
	buf_adds(&b, "]}");
	return buf_take(&b);
}

static int
indices_in(const cJSON *list, bool *seen)
{
	const cJSON *one, *index;
	int n = 0;

	cJSON_ArrayForEach (one, list)
		cJSON_ArrayForEach (index, tree_at(one, "alerts")) {
			ck_assert(!seen[index->valueint]);
			seen[index->valueint] = true;
			n++;
		}
	return n;
}

/* However many are studied, each alert stands in one incident. */
static void
check_nothing_lost(const cJSON *conclusion, int alerts)
{
	bool *seen = xcalloc((size_t)alerts, sizeof(*seen));

	ck_assert_int_eq(indices_in(tree_at(conclusion, "incidents"), seen) +
			     indices_in(tree_at(conclusion, "others"), seen),
	    alerts);
	free(seen);
}

static const struct {
	const char *what;
	int services;
	bool apart;
	int64_t left_ms;
	int least, most; /* studied */
	const char *why; /* of those that are not */
} budgets[] = {
    {"more than four incidents", 12, true, 0, 12, 12, NULL},
    {"more than the rounds allow", 200, true, 0, 20, 199,
	"the rounds were used up on what is worse and newer"},
    {"more than the time left allows", 40, true, 4000, 2, 38,
	"the time left was used on what is worse and newer"},
    {"of one rule, and none shows a cause", 40, false, 0, 4, 16,
	"like those of the same rule above, which show no cause"},
};

START_TEST(rules_study_as_many_incidents_as_rounds_and_time_allow)
{
	auto_str alerts =
	    many_services(budgets[_i].services, budgets[_i].apart);
	struct scenario s = {.name = budgets[_i].what,
	    .state = AT ",\"language\":\"en\"",
	    .alerts = alerts,
	    .rules = "{\"rules\":[]}",
	    .targets = ALL_UP,
	    .causes = "{\"confidence\":\"undetermined\",\"causes\":[]}"};
	AUTO(tree) update = NULL;
	const cJSON *c, *other;
	struct run r;
	int n;

	start(&r, &s);
	r.left_ms = budgets[_i].left_ms;
	r.step_ms = 200;
	update = run(&r);
	c = tree_at(update, "conclusion");
	n = cJSON_GetArraySize(tree_at(c, "incidents"));
	ck_assert_msg(n >= budgets[_i].least && n <= budgets[_i].most, "%s: %d",
	    s.name, n);
	other = cJSON_GetArrayItem(tree_at(c, "others"), 0);
	ck_assert((other != NULL) == (budgets[_i].why != NULL));
	if (other != NULL)
		ck_assert_msg(tree_is(other, "why", budgets[_i].why),
		    "%s: %s, in %d rounds of %d steps, %d ms left", s.name,
		    tree_str(other, "why"), r.rounds, r.steps, (int)r.left_ms);
	check_nothing_lost(c, 2 * budgets[_i].services);
	check_verified(&r, update);
	run_done(&r);
}
END_TEST

/* As many as a state holds. */
START_TEST(rules_take_five_thousand_alerts)
{
	auto_str alerts = many_services(2500, false);
	struct scenario s = {.name = "5000",
	    .state = AT,
	    .alerts = alerts,
	    .rules = "{\"rules\":[]}",
	    .targets = ALL_UP};
	AUTO(tree) update = NULL;
	const cJSON *c;
	struct run r;

	start(&r, &s);
	update = run(&r);
	c = tree_at(update, "conclusion");
	check_nothing_lost(c, 5000);
	run_done(&r);
}
END_TEST

START_TEST(rules_leave_the_exporters_labels_out_of_what_they_ask)
{
	struct scenario s = {.name = "exporter",
	    .state = AT,
	    .alerts = "{\"alerts\":[" BY_KSM("A", "warning",
		"\"namespace\":\"shop\",\"deployment\":\"search\"",
		"10:50:00") "]}",
	    .rules = "{\"rules\":[{\"name\":\"A\",\"expr\":"
		     "\"kube_deployment_x > 0\"}]}",
	    .targets = ALL_UP,
	    .causes = "{\"confidence\":\"undetermined\",\"causes\":[]}"};
	AUTO(tree) update = NULL;
	const cJSON *a, *labels = NULL;
	struct run r;

	start(&r, &s);
	update = run(&r);
	cJSON_ArrayForEach (a, tree_at(r.state, "executor_feedback"))
		if (tree_is(a, "tool", "find_causes"))
			labels = tree_at(
			    tree_at(tree_at(a, "args"), "alert"), "labels");
	ck_assert_str_eq(tree_str(labels, "deployment"), "search");
	ck_assert_str_eq(tree_str(labels, "namespace"), "shop");
	ck_assert(!tree_has(labels, "service"));
	ck_assert(!tree_has(labels, "job"));
	ck_assert(!tree_has(labels, "instance"));
	run_done(&r);
}
END_TEST

START_TEST(rules_ask_by_name_when_the_list_was_too_long)
{
	struct scenario s = {.name = "names",
	    .state = AT,
	    .alerts = CPU_ALERT,
	    .rules = "{\"rules\":[],\"total\":900,\"left_out\":700}",
	    .targets = ALL_UP};
	AUTO(tree) update = NULL;
	struct run r;
	const cJSON *a;
	bool asked = false;

	start(&r, &s);
	update = run(&r);
	cJSON_ArrayForEach (a, tree_at(r.state, "executor_feedback"))
		asked = asked || tree_at(tree_at(a, "args"), "names") != NULL;
	ck_assert(asked);
	run_done(&r);
}
END_TEST

/* Each name once, and only those that fire. */
static const struct {
	const char *alerts, *names;
} named[] = {
    {OF("B", "s") "," OF("A", "s") "," OF(
	 "B", "t") ",{\"name\":\"C\",\"state\":\"pending\"}",
	"[\"A\",\"B\"]"},
    {"{\"name\":\"C\",\"state\":\"pending\"}", ""},
};

START_TEST(rules_are_asked_for_by_the_names_that_fire)
{
	auto_str alerts = xasprintf("{\"alerts\":[%s]}", named[_i].alerts);
	struct scenario s = {.name = "names",
	    .state = AT,
	    .alerts = alerts,
	    .rules = "{\"rules\":[],\"total\":900,\"left_out\":1}",
	    .targets = ALL_UP};
	auto_buf names = {.max = 1000};
	AUTO(tree) update = NULL;
	struct run r;
	const cJSON *a;

	start(&r, &s);
	update = run(&r);
	cJSON_ArrayForEach (a, tree_at(r.state, "executor_feedback"))
		if (tree_at(tree_at(a, "args"), "names") != NULL)
			json_print(
			    &names, tree_at(tree_at(a, "args"), "names"));
	ck_assert_str_eq(buf_str(&names), named[_i].names);
	run_done(&r);
}
END_TEST

START_TEST(rules_ask_for_alerts_within_the_bounds_of_the_run)
{
	struct scenario s = {
	    .name = "bounds", .state = AT ",\"labels\":{\"team\":\"a\"}"};
	AUTO(tree) update = NULL;
	auto_buf args = {.max = 1000};
	struct run r;

	start(&r, &s);
	update = update_of(&r);
	json_print(&args, tree_at(tree_at(update, "planner_plan"), "args"));
	ck_assert_str_eq(buf_str(&args), "{\"labels\":{\"team\":\"a\"}}");
	run_done(&r);
}
END_TEST

START_TEST(rules_stop_asking_when_their_rounds_are_used_up)
{
	AUTO(tree) update = NULL;
	struct run r;

	start(&r, &scenarios[0]);
	set(r.state, "iteration", cJSON_CreateNumber(9));
	update = update_of(&r);
	ck_assert(tree_is(update, "decision", "FINISH"));
	run_done(&r);
}
END_TEST

/* What a process uses is to be compared with what the rule measures. */
static const struct {
	const char *expr, *over;
} widths[] = {
    {"rate(node_cpu_seconds_total[1m]) > 0.8", "[60s:"},
    {"rate(node_cpu_seconds_total[45s]) > 0.8", "[45s:"},
    {"avg_over_time(x[5m]) > rate(node_cpu_seconds_total[1m])", "[300s:"},
    {"rate(node_cpu_seconds_total[2h]) > 0.8", "[900s:"},
    {"rate(node_cpu_seconds_total[1s]) > 0.8", "[10s:"},
    {"rate(node_cpu_seconds_total[0m]) > 0.8", "[120s:"},
    {"rate(node_cpu_seconds_total[1d]) > 0.8", "[900s:"},
    {"rate(node_cpu_seconds_total[1m30s]) > 0.8", "[90s:"},
    {"max_over_time(rate(node_cpu_seconds[1m])[5m:30s]) > 0.8", "[60s:"},
    {"max_over_time(node_cpu_seconds[5m:30s]) > 0.8", "[300s:"},
    {"rate(node_cpu_seconds_total[999999h]) > 0.8", "[120s:"},
    {"rate(node_cpu_seconds_total[x]) > 0.8", "[120s:"},
    {"node_cpu_seconds > 0.8", "[120s:"},
};

START_TEST(rules_ask_who_uses_it_over_the_range_of_the_rule)
{
	auto_str rules =
	    xasprintf("{\"rules\":[{\"type\":\"alerting\",\"name\":\"HighCPU\","
		      "\"expr\":\"%s\"}],\"total\":1}",
		widths[_i].expr);
	struct scenario s = {.name = widths[_i].expr,
	    .state = AT,
	    .alerts = CPU_ALERT,
	    .rules = rules,
	    .targets = ALL_UP,
	    .metrics = {{"", SERIES("")}}};
	AUTO(tree) update = NULL;
	struct run r;
	const cJSON *a;
	int asked = 0;

	start(&r, &s);
	update = run(&r);
	cJSON_ArrayForEach (a, tree_at(r.state, "executor_feedback")) {
		const char *query = tree_str(tree_at(a, "args"), "query");

		if (strncmp(query, "topk(", 5) != 0)
			continue;
		asked++;
		ck_assert_msg(strstr(query, widths[_i].over) != NULL, "%s: %s",
		    s.name, query);
	}
	ck_assert_int_eq(asked, 1);
	run_done(&r);
}
END_TEST

/* Another series of the rule's expression, and whether it is within what the
 * rule allows. */
static const struct {
	const char *condition, *other;
	bool beyond;
} others[] = {
    {"> 5", "6", true},
    {"> 5", "5", false},
    {">= 5", "5", true},
    {">= 5", "4", false},
    {"< 5", "4", true},
    {"< 5", "5", false},
    {"<= 5", "5", true},
    {"<= 5", "6", false},
    {"== 5", "5", true},
    {"== 5", "4", false},
    {"!= 5", "4", true},
    {"!= 5", "5", false},
};

START_TEST(rules_say_whether_the_others_are_beyond_the_threshold_too)
{
	auto_str rules = xasprintf("{\"rules\":[{\"name\":\"Odd\",\"expr\":\"x "
				   "%s\"}],\"total\":1}",
	    others[_i].condition);
	auto_str range = xasprintf(
	    SERIES(RANGE("\"service\":\"s\"", "1", "2", "1", "2") "," RANGE(
		"\"service\":\"t\"", "1", "%s", "1", "9")),
	    others[_i].other);
	struct scenario s = {.name = others[_i].condition,
	    .state = AT ",\"language\":\"en\"",
	    .alerts = ODD,
	    .rules = rules,
	    .targets = ALL_UP,
	    .metrics = {{"max_over_time", SERIES("")}, {"x", range}}};
	AUTO(tree) update = NULL;
	struct run r;

	start(&r, &s);
	update = run(&r);
	assert_contains(tree_str(update, "final_report"),
	    others[_i].beyond
		? "Symptom: Other series of the same expression are beyond the "
		  "threshold as well"
		: "Ruled out: A general problem: the other series of the "
		  "expression are all within the threshold");
	check_verified(&r, update);
	run_done(&r);
}
END_TEST

/* When an alert began, as servers write it; the user rose at 10:57:40. */
static const struct {
	const char *since;
	bool agrees;
} sinces[] = {
    {"\"2025-11-23T10:58:03Z\"", true},
    {"1763895483", true},
    {"1763895483000", true},
    {"\"2025-11-23T11:58:03+01:00\"", true},
    {"1763895400", true},
    {"1763895399", false},
    {"1763896360", true},
    {"1763896361", false},
    {"\"0001-01-01T00:00:00Z\"", false},
    {"\"lately\"", false},
    {"null", false},
};

START_TEST(rules_compare_a_users_rise_with_when_the_alert_began)
{
	auto_str alerts = xasprintf(
	    "{\"alerts\":[{\"name\":\"HighCPU\",\"state\":\"firing\","
	    "\"labels\":{\"alertname\":\"HighCPU\",\"instance\":\"h1:9100\"},"
	    "\"activeAt\":%s}]}",
	    sinces[_i].since);
	struct scenario s = {.name = sinces[_i].since,
	    .state = "\"at\":1763896400000,\"window\":1800,\"language\":\"en\"",
	    .alerts = alerts,
	    .rules = CPU_RULE,
	    .targets = ALL_UP,
	    .metrics = {{"max_over_time(timestamp((1 - avg", SERIES("")},
		USER_SINCE("1763895460"), CPU_RANGE, CPU_USERS,
		{"sum without", SERIES(RANGE(ONLY("invoice"), "0", "1.9312",
				    "0", "1.94"))}}};
	AUTO(tree) update = NULL;
	struct run r;

	start(&r, &s);
	update = run(&r);
	ck_assert_str_eq(tree_str(tree_at(update, "conclusion"), "confidence"),
	    sinces[_i].agrees ? "confirmed" : "likely");
	check_verified(&r, update);
	run_done(&r);
}
END_TEST

START_TEST(rules_do_not_ask_on_when_nothing_answers)
{
	struct scenario s = {.name = "down",
	    .state = AT ",\"alerts\":[{\"status\":\"firing\",\"labels\":"
			"{\"alertname\":\"HighCPU\",\"instance\":\"h\"}}]",
	    .causes = "{}"};
	AUTO(tree) update = NULL;
	struct run r;

	start(&r, &s);
	update = run(&r);
	ck_assert_int_eq(r.rounds, 1);
	ck_assert_int_eq(r.steps, 3);
	check_verified(&r, update);
	run_done(&r);
}
END_TEST

START_TEST(rules_take_any_state)
{
	static const char *const states[] = {"{}", "{\"alerts\":3}",
	    "{\"executor_feedback\":[1,[],{\"tool\":"
	    "\"query_prometheus_alerts\",\"status\":\"SUCCESS\",\"data\":"
	    "{\"alerts\":[1,{},{\"labels\":3},{\"state\":\"firing\"}]}},"
	    "{\"tool\":\"query_prometheus_rules\",\"status\":\"SUCCESS\","
	    "\"data\":{\"rules\":[2,{\"name\":4}]}},{\"tool\":"
	    "\"query_prometheus_targets\",\"status\":\"SUCCESS\",\"data\":"
	    "[{\"health\":\"down\"}]}]}",
	    "{\"at\":\"x\",\"window\":-5,\"labels\":[],\"language\":[],"
	    "\"tools\":{},\"iteration\":\"y\"}"};
	struct run r = {.state = parsed(states[_i])};
	AUTO(tree) update = update_of(&r);

	ck_assert(tree_has(update, "decision"));
	run_done(&r);
}
END_TEST

int
main(void)
{
	const int n = (int)ARRAY_LEN(scenarios);
	const struct test_entry tests[] = {
	    {rules_investigate_to_a_report_that_holds, n},
	    {rules_ask_tools_by_their_roles_whatever_they_are_called, n},
	    {rules_ask_nothing_twice, n},
	    {rules_give_the_same_update_for_the_same_state, 0},
	    {rules_list_five_hundred_instances, 0},
	    {rules_study_as_many_incidents_as_rounds_and_time_allow,
		(int)ARRAY_LEN(budgets)},
	    {rules_take_five_thousand_alerts, 0},
	    {rules_leave_the_exporters_labels_out_of_what_they_ask, 0},
	    {rules_ask_by_name_when_the_list_was_too_long, 0},
	    {rules_are_asked_for_by_the_names_that_fire, (int)ARRAY_LEN(named)},
	    {rules_ask_for_alerts_within_the_bounds_of_the_run, 0},
	    {rules_stop_asking_when_their_rounds_are_used_up, 0},
	    {rules_ask_who_uses_it_over_the_range_of_the_rule,
		(int)ARRAY_LEN(widths)},
	    {rules_say_whether_the_others_are_beyond_the_threshold_too,
		(int)ARRAY_LEN(others)},
	    {rules_compare_a_users_rise_with_when_the_alert_began,
		(int)ARRAY_LEN(sinces)},
	    {rules_do_not_ask_on_when_nothing_answers, 0},
	    {rules_take_any_state, 4},
	    {rules_tell_what_is_not_there, (int)ARRAY_LEN(gone)},
	    {rules_say_of_silence_no_more_than_was_read,
		(int)ARRAY_LEN(silences)},
	    {rules_conclude_nothing_where_nobody_can_look, 2},
	    {rules_say_when_nothing_could_be_read, 2},
	};

	return RUN_TESTS("rules_golden", tests);
}
