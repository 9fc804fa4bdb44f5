/* case.c - one investigation as the rules planner sees it. */
#include "planner/rules/case.h"

#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/runbook.h"
#include "planner/rules/silence.h"

enum { NAMES_MAX = 50 };

static void
ask_first(struct kase *k)
{
	const cJSON *bounds = tree_at(k->facts.state, "labels");
	cJSON *args = cJSON_CreateObject();

	if (cJSON_GetArraySize(bounds) > 0)
		cJSON_AddItemToObject(
		    args, "labels", cJSON_Duplicate(bounds, true));
	ask_init(&k->alerts, &k->facts, TOOL_ROLE_ALERTS, args,
	    "哪些告警在触发或待定", "which alerts fire or are pending", "");
	ask_init(&k->rules, &k->facts, TOOL_ROLE_RULES, cJSON_CreateObject(),
	    "告警背后的规则", "the rules behind them", "");
	ask_init(&k->targets, &k->facts, TOOL_ROLE_TARGETS,
	    cJSON_CreateObject(), "哪些目标采集失败", "which targets are down",
	    "");
}

/* The tools' answers to other arguments (another planner's plan) do too. */
static void
accept_any(struct ask *a, const struct facts *f, enum tool_role role)
{
	if (a->tool != NULL && a->answer == NULL)
		a->answer = facts_latest(f, role);
}

static bool
is_in(const cJSON *names, const char *name)
{
	const cJSON *n;

	cJSON_ArrayForEach (n, names)
		if (strcmp(n->valuestring, name) == 0)
			return true;
	return false;
}

/* Alerts whose rule was not among those listed, when not all were. */
static void
ask_named_rules(struct kase *k)
{
	const cJSON *data = tree_at(k->rules.answer, "data"), *a;
	cJSON *args, *names;

	if (tree_num(data, "left_out", 0) <= 0)
		return;
	args = cJSON_CreateObject();
	names = cJSON_AddArrayToObject(args, "names");
	cJSON_ArrayForEach (a, k->facts.alerts)
		if (facts_is_active(&k->facts, a) && tree_has(a, "name") &&
		    cJSON_GetArraySize(names) < NAMES_MAX &&
		    !is_in(names, tree_str(a, "name")))
			cJSON_AddItemToArray(
			    names, cJSON_CreateString(tree_str(a, "name")));
	if (cJSON_GetArraySize(names) == 0) {
		cJSON_Delete(args);
		return;
	}
	ask_init(&k->named_rules, &k->facts, TOOL_ROLE_RULES, args,
	    "按名字取告警规则", "the rules by their names", "");
}

/* Without an alert a question may still be answered, if the tool takes it; and
 * where no rule watches, nothing else would tell. */
static void
ask_causes_of_nothing(struct kase *k)
{
	const cJSON *t = facts_described(&k->facts, TOOL_ROLE_CAUSES);

	if (t == NULL || k->incidents.n > 0 ||
	    (!tree_has(k->facts.state, "input") && silence_is_watched(k)) ||
	    cJSON_GetArraySize(tree_at(tree_at(t, "args"), "required")) > 0)
		return;
	ask_init(&k->causes, &k->facts, TOOL_ROLE_CAUSES, cJSON_CreateObject(),
	    "没有告警时，看什么变化最大",
	    "what changed most, while nothing fires", "");
}

/* What began inside the window, came with the run or is asked about. */
static bool
is_fresh(const struct incident *x)
{
	return !x->watchdog && (!x->is_old || x->given || x->named > 0);
}

static bool
any_fresh(const struct incidents *x)
{
	int i;

	for (i = 0; i < x->n; i++)
		if (is_fresh(&x->at[i]))
			return true;
	return false;
}

static int
answered_first(const void *pa, const void *pb)
{
	const struct study *a = pa, *b = pb;
	int d = study_is_looked(b) - study_is_looked(a);

	if (d == 0)
		d = a->brief - b->brief;
	return d != 0
		   ? d
		   : (a->incident > b->incident) - (a->incident < b->incident);
}

/* What the studies of a rule's incidents came to so far. */
struct tally {
	const char *rule;
	int plain;
	bool explained;
};

static struct tally *
tally_of(struct tally list[CASE_STUDIES_MAX + 1], const struct incident *x)
{
	const char *rule = tree_str(x->at[0]->alert, "name");
	int i;

	for (i = 0; list[i].rule != NULL; i++)
		if (strcmp(list[i].rule, rule) == 0)
			return &list[i];
	list[i].rule = rule;
	return &list[i];
}

/* Whether it is but one more of a rule whose others showed nothing. */
static bool
is_alike(const struct tally *t, const struct incident *x)
{
	return t->plain >= CASE_ALIKE_MAX && !t->explained && !x->given &&
	       x->named == 0;
}

static void
study_one(struct kase *k, struct tally *t, const struct incident *x,
    bool causes, bool brief)
{
	struct study *s = &k->studies[k->n_studies++];

	study_init(s, &k->facts, x, causes, brief);
	if (k->n_studies <= CASE_RUNBOOKS_MAX)
		runbook_ask(s, &k->facts);
	if (study_is_plain(s))
		t->plain++;
	else if (study_is_looked(s))
		t->explained = true;
}

static void
study_incidents(struct kase *k)
{
	bool causes = facts_tool(&k->facts, TOOL_ROLE_CAUSES) != NULL;
	bool fresh = any_fresh(&k->incidents);
	struct tally tallies[CASE_STUDIES_MAX + 1] = {{0}};
	int i;

	k->studies = xcalloc(CASE_STUDIES_MAX, sizeof(*k->studies));
	for (i = 0; i < k->incidents.n && k->n_studies < CASE_STUDIES_MAX;
	     i++) {
		struct incident *x = &k->incidents.at[i];
		struct tally *t;

		/* Nobody looks into a watchdog. */
		if (x->watchdog)
			continue;
		t = tally_of(tallies, x);
		x->is_alike = is_alike(t, x);
		if (!x->is_alike)
			study_one(k, t, x, causes, fresh && !is_fresh(x));
	}
	qsort(k->studies, (size_t)k->n_studies, sizeof(*k->studies),
	    answered_first);
	while (
	    k->n_told < k->n_studies && study_is_looked(&k->studies[k->n_told]))
		k->n_told++;
}

struct kase *
case_new(struct span state, enum report_lang fallback)
{
	struct kase *k = xcalloc(1, sizeof(*k));

	facts_init(&k->facts, state, fallback);
	ask_first(k);
	accept_any(&k->alerts, &k->facts, TOOL_ROLE_ALERTS);
	accept_any(&k->rules, &k->facts, TOOL_ROLE_RULES);
	accept_any(&k->targets, &k->facts, TOOL_ROLE_TARGETS);
	followup_init(&k->followup, &k->facts);
	incidents_init(&k->incidents, &k->facts);
	if (k->facts.alerts_answer == NULL)
		return k;
	ask_named_rules(k);
	silence_ask(k);
	if (answer_ok(k->facts.alerts_answer))
		ask_causes_of_nothing(k);
	study_incidents(k);
	return k;
}

bool
case_is_answered(const struct kase *k)
{
	return answer_ok(k->alerts.answer) || answer_ok(k->rules.answer) ||
	       answer_ok(k->targets.answer);
}

void
case_free(struct kase *k)
{
	int i;

	if (k == NULL)
		return;
	for (i = 0; i < k->n_studies; i++)
		study_done(&k->studies[i]);
	free(k->studies);
	ask_done(&k->alerts);
	ask_done(&k->rules);
	ask_done(&k->targets);
	ask_done(&k->named_rules);
	ask_done(&k->causes);
	silence_ask_done(k);
	followup_done(&k->followup);
	incidents_done(&k->incidents);
	facts_done(&k->facts);
	free(k);
}
