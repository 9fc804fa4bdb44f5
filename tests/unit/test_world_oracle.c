/*
 * test_world_oracle.c - the oracle of made-up worlds accepts a report that is
 * true, and finds each thing that is wrong in one.
 */
#include "tests/harness/world_oracle.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/texts.h"
#include "tests/harness/world_prom.h"

#define NOW 1700000100.0

/* ---- worlds ---- */

static struct world_alert *
add_alert(struct world *w, int rule, const char *service, double since)
{
	struct world_alert *a = &w->alerts[w->n_alerts++];

	*a = (struct world_alert){.rule = rule,
	    .service = world_service(w, service),
	    .pending_from = since,
	    .firing_from = since,
	    .until = INFINITY};
	world_set_label(&a->labels, "alertname", w->rules[rule].name);
	if (service[0] != '\0')
		world_set_label(&a->labels, "service", service);
	return a;
}

/* frontend needs cart, which is at fault; ledger is nobody's. A heartbeat
 * fires, a target is down. */
static struct world *
calm_world(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->now = w->at = NOW;
	w->begin = NOW - 7200;
	w->input = "";
	w->edges_measured = true;
	w->services[0] =
	    (struct world_service){"frontend", "shop", INFINITY, 1};
	w->services[1] = (struct world_service){"cart", "shop", NOW - 600, 1};
	w->services[2] = (struct world_service){"ledger", "shop", NOW - 600, 1};
	w->n_services = 3;
	w->edges[0].server = 1;
	w->n_edges = 1;
	w->rules[0] = (struct world_rule){
	    .name = "HighLatency", .severity = "page", .metric = "duration"};
	w->rules[1] = (struct world_rule){.name = "Watchdog",
	    .severity = "none",
	    .about = ABOUT_NOTHING,
	    .is_heartbeat = true,
	    .is_named_so = true};
	w->n_rules = 2;
	w->targets[0] = (struct world_target){
	    "db", "10.0.0.1:9100", NOW - 300, INFINITY, NULL};
	w->targets[1] = (struct world_target){
	    "db", "10.0.0.2:9100", INFINITY, INFINITY, NULL};
	w->n_targets = 2;
	add_alert(w, 1, "", NOW - 86400);
	return w;
}

/* The same with a slow frontend. */
static struct world *
sad_world(void)
{
	struct world *w = calm_world();

	add_alert(w, 0, "frontend", NOW - 500);
	return w;
}

/* ---- reports that are true ---- */

struct paper {
	struct buf page;
	cJSON *conclusion, *alerts, *verdict;
	const char *status;
};

static void
list_alert(struct paper *p, const struct world *w, int i)
{
	const struct world_labels *l = &w->alerts[i].labels;
	cJSON *a = cJSON_CreateObject(), *labels;

	cJSON_AddStringToObject(a, "name", world_label(l, "alertname"));
	cJSON_AddStringToObject(a, "state", "firing");
	labels = cJSON_AddObjectToObject(a, "labels");
	for (int k = 0; k < l->n; k++) {
		cJSON_AddStringToObject(labels, l->at[k].name, l->at[k].value);
		buf_addf(&p->page, "%s ", l->at[k].value);
	}
	buf_addc(&p->page, '\n');
	cJSON_AddItemToArray(p->alerts, a);
}

static void
tell_target(struct paper *p, const struct world *w)
{
	cJSON *list = cJSON_AddArrayToObject(p->conclusion, "targets_down");
	cJSON *t = cJSON_CreateObject();

	cJSON_AddStringToObject(t, "job", w->targets[0].job);
	cJSON_AddStringToObject(t, "instance", w->targets[0].instance);
	cJSON_AddItemToArray(list, t);
	buf_adds(&p->page, "Targets that cannot be scraped: 1\n");
}

static void
tell_incident(struct paper *p)
{
	static const double of[] = {1};
	cJSON *list = cJSON_AddArrayToObject(p->conclusion, "incidents");
	cJSON *i = cJSON_CreateObject(), *answer;

	cJSON_AddStringToObject(i, "confidence", "likely");
	cJSON_AddItemToObject(i, "alerts", cJSON_CreateDoubleArray(of, 1));
	answer = cJSON_AddObjectToObject(i, "answer");
	cJSON_AddStringToObject(answer, "text", "`cart`: it is slow");
	cJSON_AddItemToArray(list, i);
	buf_adds(&p->page, "HighLatency: Most suspect is `cart`. Confidence: "
			   "likely.\n");
}

static struct paper
true_paper(const struct world *w)
{
	struct paper p = {.page = {.max = 1 << 16},
	    .conclusion = cJSON_CreateObject(),
	    .alerts = cJSON_CreateArray(),
	    .verdict = cJSON_CreateObject(),
	    .status = "completed"};

	cJSON_AddTrueToObject(p.verdict, "ok");
	buf_addf(&p.page,
	    "# Alert analysis report\n\n## Active alerts\n"
	    "Alert instances firing: %d\n",
	    w->n_alerts);
	for (int i = 0; i < w->n_alerts; i++)
		list_alert(&p, w, i);
	tell_target(&p, w);
	buf_adds(&p.page, "\n## Root cause analysis\n");
	if (w->n_alerts > 1)
		tell_incident(&p);
	else
		buf_adds(&p.page, "No alert is firing.\n");
	return p;
}

/* ---- what is made wrong ---- */

/* On the page, from one text to another; NULL: the page stays. */
struct change {
	const char *from, *to;
};

static void
rewrite(struct paper *p, const char *from, const char *to)
{
	auto_str page = buf_take(&p->page);
	char *at = strstr(page, from);

	ck_assert_msg(at != NULL, "no \"%s\" in %s", from, page);
	*at = '\0';
	buf_addf(&p->page, "%s%s%s", page, to, at + strlen(from));
}

static void
set_answer(struct paper *p, const char *text)
{
	cJSON *i = cJSON_GetArrayItem(
	    cJSON_GetObjectItem(p->conclusion, "incidents"), 0);

	cJSON_ReplaceItemInObject(
	    cJSON_GetObjectItem(i, "answer"), "text", cJSON_CreateString(text));
}

static void
blame_ledger(struct world *w UNUSED, struct paper *p)
{
	set_answer(p, "`ledger`: it is slow");
}

static void
blame_debian(struct world *w UNUSED, struct paper *p)
{
	set_answer(p, "`Debian GNU/Linux`: it appeared");
}

static void
drop_edge(struct world *w, struct paper *p UNUSED)
{
	w->n_edges = 0;
}

static void
refuse_measure(struct world *w, struct paper *p UNUSED)
{
	w->refused = "duration";
}

static void
begin_before_the_fault(struct world *w, struct paper *p UNUSED)
{
	w->alerts[1].pending_from = w->alerts[1].firing_from = NOW - 5000;
}

static void
lose_incident(struct world *w UNUSED, struct paper *p)
{
	cJSON_DeleteItemFromObject(p->conclusion, "incidents");
	rewrite(p, "Confidence: likely.", "");
}

static void
add_heartbeat(struct world *w UNUSED, struct paper *p)
{
	cJSON *i = cJSON_GetArrayItem(
	    cJSON_GetObjectItem(p->conclusion, "incidents"), 0);

	cJSON_AddItemToArray(
	    cJSON_GetObjectItem(i, "alerts"), cJSON_CreateNumber(0));
}

static void
leave_out_alert(struct world *w UNUSED, struct paper *p)
{
	cJSON_DeleteItemFromArray(p->alerts, 1);
	rewrite(p, "firing: 2", "firing: 1");
}

static void
have_ended(struct world *w, struct paper *p UNUSED)
{
	w->alerts[1].until = NOW - 100;
}

static void
have_ended_before_then(struct world *w, struct paper *p UNUSED)
{
	w->past = true;
	w->at = NOW - 3000;
	w->alerts[1].pending_from = w->alerts[1].firing_from = NOW - 5000;
	w->alerts[1].until = NOW - 4000;
	w->targets[0].down_from = NOW - 5000;
	w->services[1].fault_from = NOW - 5000;
}

static void
be_up(struct world *w, struct paper *p UNUSED)
{
	w->targets[0].down_from = INFINITY;
}

static void
be_down(struct world *w, struct paper *p UNUSED)
{
	w->targets[1].down_from = NOW - 100;
}

static void
not_verify(struct world *w UNUSED, struct paper *p)
{
	cJSON_ReplaceItemInObject(p->verdict, "ok", cJSON_CreateFalse());
}

static void
not_complete(struct world *w UNUSED, struct paper *p)
{
	p->status = "incomplete";
}

static void
hide_from_scope(struct world *w, struct paper *p UNUSED)
{
	w->scope_key = "service";
	w->scope_value = "ledger";
	add_alert(w, 0, "frontend", NOW - 500);
	world_set_label(&w->alerts[0].labels, "service", "ledger");
	cJSON_AddStringToObject(
	    cJSON_GetObjectItem(cJSON_GetArrayItem(p->alerts, 0), "labels"),
	    "service", "ledger");
	buf_adds(&p->page, "ledger");
}

static void
break_rule(struct world *w, struct paper *p)
{
	w->rules[0].health = RULE_BROKEN;
	buf_adds(&p->page, "1 rule is not evaluated");
}

static void
miscount_rules(struct world *w, struct paper *p)
{
	w->rules[0].health = RULE_BROKEN;
	buf_adds(&p->page, "2 rules are not evaluated");
}

static void
answer_partially(struct world *w, struct paper *p)
{
	w->api[API_ALERTS] = ANSWERS_WARNING;
	buf_adds(&p->page, world_prom_note(ANSWERS_WARNING));
}

static void
answer_nothing(struct world *w, struct paper *p UNUSED)
{
	for (int i = 0; i < WORLD_APIS; i++)
		w->api[i] = ANSWERS_NULL;
}

static void
have_no_executor(struct world *w, struct paper *p UNUSED)
{
	w->upset = UPSET_NO_EXECUTOR;
}

static void
have_no_data(struct world *w, struct paper *p)
{
	w->past = true;
	w->at = NOW - 10000;
	w->begin = NOW - 5000;
	w->targets[0].down_from = NOW - 20000;
	cJSON_DeleteItemFromObject(p->conclusion, "targets_down");
	rewrite(p, "Targets that cannot be scraped: 1", "");
	cJSON_DeleteItemFromArray(p->alerts, 0);
	rewrite(p, "Alert instances firing: 1", "");
}

/* ---- the tables ---- */

static const struct wrong {
	const char *what;
	bool calm; /* in the world where only a heartbeat fires */
	void (*make)(struct world *w, struct paper *p);
	struct change change;
	unsigned laws; /* exactly those are broken */
} wrongs[] = {
#define L(law) (1u << LAW_##law)
    {"nothing", false, NULL, {0}, 0},
    {"nothing in a calm world", true, NULL, {0}, 0},
    {"an all-clear beside it", false, NULL,
	{"Most suspect", "Nothing needs to be done at once. Most suspect"},
	L(ALL_CLEAR)},
    {"an all-clear in Chinese", false, NULL,
	{"Most suspect", "没有告警在触发。Most suspect"}, L(ALL_CLEAR)},
    {"an all-clear where the scope hides", true, hide_from_scope, {0},
	L(ALL_CLEAR)},
    {"an all-clear where a rule is broken", true, break_rule, {0},
	L(ALL_CLEAR)},
    {"an all-clear out of a partial answer", true, answer_partially, {0},
	L(ALL_CLEAR)},
    {"an all-clear before any data", true, have_no_data, {0}, L(ALL_CLEAR)},
    {"an all-clear that is withheld", true, NULL,
	{"No alert is firing.", "Who knows."}, L(EARNED)},
    {"completed, with nothing read", false, answer_nothing, {0},
	L(STATUS) | L(LIKELY)},
    {"completed, with nobody to look", false, have_no_executor, {0}, L(STATUS)},
    {"incomplete, with all read", false, not_complete, {0}, L(STATUS)},
    {"an alert left out", false, leave_out_alert, {0}, L(LISTED) | L(LIKELY)},
    {"one that has ended", false, have_ended, {0},
	L(LISTED) | L(COUNT) | L(LIKELY) | L(EARNED)},
    {"one that had ended by then", false, have_ended_before_then, {0},
	L(LISTED) | L(COUNT) | L(LIKELY)},
    {"a name that is missing", false, NULL, {"frontend ", ""}, L(NAMED)},
    {"a count that is wrong", false, NULL, {"firing: 2", "firing: 3"},
	L(COUNT)},
    {"a count that is not there", false, NULL,
	{"Alert instances firing: 2", ""}, L(COUNT)},
    {"a count of rules", false, miscount_rules, {0}, L(COUNT)},
    {"an incident that is lost", false, lose_incident, {0}, L(INCIDENT)},
    {"an incident not spoken of", false, NULL, {"HighLatency: Most", "Most"},
	L(INCIDENT)},
    {"a heartbeat", false, add_heartbeat, {0}, L(HEARTBEAT)},
    {"a service that no path leads to", false, blame_ledger, {0}, L(LIKELY)},
    {"one that is none", false, blame_debian, {0}, L(LIKELY)},
    {"a path that is none", false, drop_edge, {0}, L(LIKELY)},
    {"a measure not read", false, refuse_measure, {0}, L(LIKELY)},
    {"a fault after the alert", false, begin_before_the_fault, {0}, L(LIKELY)},
    {"likely, of nothing", true, NULL,
	{"No alert is firing.", "No alert is firing. Confidence: likely."},
	L(LIKELY)},
    {"a target that is up", false, be_up, {0}, L(TARGETS)},
    {"a target not told", false, be_down, {0}, L(TARGETS)},
    {"a number of targets", false, NULL, {"scraped: 1", "scraped: 2"},
	L(COUNT)},
    {"no target down, it says", false, NULL,
	{"Most suspect", "no target fails to be scraped. Most suspect"},
	L(TARGETS)},
    {"the banner", false, NULL,
	{"Most suspect", "This report did not pass verification. Most "
			 "suspect"},
	L(BANNER)},
    {"a verdict", false, not_verify, {0}, L(BANNER)},
#undef L
};

static void
judge(const struct world *w, struct paper *p, const struct wrong *x, bool noted)
{
	struct world_seen s = {.status = p->status,
	    .markdown = buf_str(&p->page),
	    .conclusion = p->conclusion,
	    .alerts = p->alerts,
	    .verdict = p->verdict,
	    .noted[ANSWERS_WARNING] = noted};
	struct world_judgement j;
	unsigned laws = 0;

	world_judgement_init(&j);
	world_judge(w, &s, &j);
	for (int i = 0; i < WORLD_LAWS; i++)
		laws |= j.broken[i] > 0 ? 1u << i : 0;
	ck_assert_msg(laws == x->laws, "%s: %x instead of %x\n%s%s", x->what,
	    laws, x->laws, buf_str(&j.text), s.markdown);
	world_judgement_done(&j);
}

static void
paper_done(struct paper *p)
{
	buf_done(&p->page);
	cJSON_Delete(p->conclusion);
	cJSON_Delete(p->alerts);
	cJSON_Delete(p->verdict);
}

START_TEST(the_oracle_finds_what_is_wrong_and_nothing_else)
{
	const struct wrong *x = &wrongs[_i];
	struct world *w = x->calm ? calm_world() : sad_world();
	struct paper p = true_paper(w);

	if (x->make != NULL)
		x->make(w, &p);
	if (x->change.from != NULL)
		rewrite(&p, x->change.from, x->change.to);
	judge(w, &p, x, false);
	paper_done(&p);
	world_free(w);
}
END_TEST

START_TEST(a_warning_that_is_lost_is_found)
{
	static const struct wrong told = {.what = "told"},
				  lost = {
				      .what = "lost", .laws = 1u << LAW_NOTE};
	struct world *w = sad_world();
	struct paper p = true_paper(w);

	w->api[API_RANGE] = ANSWERS_WARNING;
	judge(w, &p, &lost, true);
	buf_adds(&p.page, world_prom_note(ANSWERS_WARNING));
	judge(w, &p, &told, true);
	paper_done(&p);
	world_free(w);
}
END_TEST

/* ---- the worlds themselves ---- */

enum { SEEDS = 2000 };

START_TEST(a_seed_makes_the_same_world_again)
{
	struct world *a = world_new(7, NOW), *b = world_new(7, NOW);
	auto_buf x = {.max = 1 << 20}, y = {.max = 1 << 20};

	world_tell(a, &x);
	world_tell(b, &y);
	ck_assert_str_eq(buf_str(&x), buf_str(&y));
	ck_assert_int_eq(a->n_series, b->n_series);
	world_free(a);
	world_free(b);
}
END_TEST

/* Every kind of thing a law is about happens often enough. */
START_TEST(worlds_are_of_all_kinds)
{
	int past = 0, scoped = 0, quiet = 0, storms = 0, broken = 0, upset = 0;
	int answers[WORLD_ANSWERS] = {0};

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct world *w = world_new(seed, NOW);
		int firing = 0;

		for (int i = 0; i < w->n_alerts; i++)
			firing +=
			    world_state(&w->alerts[i], w->at) == STATE_FIRING &&
			    !w->rules[w->alerts[i].rule].is_heartbeat;
		for (int i = 0; i < WORLD_APIS; i++)
			answers[w->api[i]]++;
		for (int i = 0; i < w->n_rules; i++)
			broken += w->rules[i].health != RULE_OK;
		past += w->past;
		scoped += w->scope_key != NULL;
		quiet += firing == 0;
		storms += firing > 50;
		upset += w->upset != UPSET_NONE;
		world_free(w);
	}
	ck_assert_int_gt(past, SEEDS / 10);
	ck_assert_int_gt(scoped, SEEDS / 20);
	ck_assert_int_gt(quiet, SEEDS / 10);
	ck_assert_int_gt(storms, SEEDS / 100);
	ck_assert_int_gt(broken, SEEDS / 20);
	ck_assert_int_gt(upset, SEEDS / 50);
	for (int i = 0; i < WORLD_ANSWERS; i++)
		ck_assert_int_gt(answers[i], SEEDS / 50);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_oracle_finds_what_is_wrong_and_nothing_else,
		(int)ARRAY_LEN(wrongs)},
	    {a_warning_that_is_lost_is_found, 0},
	    {a_seed_makes_the_same_world_again, 0},
	    {worlds_are_of_all_kinds, 0},
	};

	return RUN_TESTS("world_oracle", tests);
}
