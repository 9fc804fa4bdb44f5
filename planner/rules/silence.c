/*
 * silence.c - what keeps "no alert is firing" from being said.
 *
 * One table: each row looks at the answers and says its sentence, or nothing.
 */
#include "planner/rules/silence.h"

#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/base/utf8.h"
#include "common/json/tree.h"
#include "planner/rules/heartbeat.h"

enum {
	NAMED_MAX = 5,          /* rules, alerts or warnings in one sentence */
	FLAPS = 3,              /* so often an hour is flapping */
	FLAPS_ALERTS_MAX = 500, /* in a storm it is not asked */
	SEVERITY_MAX = 60,
};

/* ---- what is asked ---- */

static void
ask(struct kase *k, struct ask *a, const char *query, const char *zh,
    const char *en)
{
	cJSON *args = cJSON_CreateObject();

	cJSON_AddStringToObject(args, "query", query);
	ask_init(a, &k->facts, TOOL_ROLE_METRICS, args, zh, en, "");
}

/* A start: it fires, and did not one step before. */
static void
ask_what_flaps(struct kase *k)
{
	if (cJSON_GetArraySize(k->facts.alerts) > FLAPS_ALERTS_MAX)
		return;
	ask(k, &k->flaps,
	    "sum_over_time((ALERTS{alertstate=\"firing\"} unless "
	    "ALERTS{alertstate=\"firing\"} offset 15s)[1h:15s]) >= 3",
	    "哪些告警在最近一小时里触发了三次以上",
	    "which alerts fired three times or more in the last hour");
}

/* Of the past nobody tells which rules there were, nor whether anything was
 * measured at all. */
static void
ask_about_the_past(struct kase *k)
{
	const cJSON *data = tree_at(k->targets.answer, "data");

	if (!k->facts.past || cJSON_GetArraySize(k->facts.alerts) > 0)
		return;
	ask(k, &k->recorded, "count(last_over_time(ALERTS[1d]))",
	    "之前一天里是否记录过告警",
	    "whether any alert was recorded in the day before");
	if (answer_ok(k->targets.answer) && tree_num(data, "up", 0) == 0 &&
	    tree_num(data, "down", 0) == 0)
		ask(k, &k->any_data, "count({__name__=~\".+\"})",
		    "那一刻有没有任何数据",
		    "whether there is any data of that moment");
}

void
silence_ask(struct kase *k)
{
	if (!answer_ok(k->facts.alerts_answer))
		return;
	ask_what_flaps(k);
	ask_about_the_past(k);
}

void
silence_ask_done(struct kase *k)
{
	ask_done(&k->flaps);
	ask_done(&k->recorded);
	ask_done(&k->any_data);
}

bool
silence_is_watched(const struct kase *k)
{
	const cJSON *answer = k->facts.rules_answer;

	return k->facts.past ||
	       (answer_ok(answer) &&
		   tree_num(tree_at(answer, "data"), "alerting",
		       cJSON_GetArraySize(k->facts.rules)) > 0);
}

/* ---- the sentences ---- */

static void
cite(struct drawing *d, const cJSON *answer)
{
	say_cite(&d->s, answer_evidence(answer));
}

static bool
say_no_data(struct drawing *d)
{
	const struct ask *a = &d->k->any_data;

	if (!answer_ok(a->answer) ||
	    cJSON_GetArraySize(answer_series(a->answer)) > 0)
		return false;
	say(&d->s, "没有数据：", "There is no data at ");
	say_time(&d->s, d->k->facts.at_s);
	say(&d->s, "那一刻没有任何序列有样本，因此对那时的告警什么也不能说",
	    ": no series has a sample, so nothing can be said of alerts then");
	cite(d, a->answer);
	return true;
}

/* How many fire outside the scope that are no heartbeats. */
static double
hidden_count(const struct drawing *d)
{
	const struct facts *f = &d->k->facts;
	const cJSON *others =
	    tree_at(tree_at(f->alerts_answer, "data"), "others");
	double n = tree_num(others, "firing", 0);
	const cJSON *name;

	cJSON_ArrayForEach (name, tree_at(others, "names")) {
		AUTO(tree) alert = cJSON_CreateObject();

		cJSON_AddStringToObject(alert, "name", name->string);
		if (heartbeat_is(alert, facts_rule(f, alert)))
			n -= cJSON_GetNumberValue(name);
	}
	return n;
}

static bool
is_scope_hiding(const struct drawing *d)
{
	const struct incidents *x = &d->k->incidents;
	int i;

	for (i = 0; i < x->n; i++)
		if (!x->at[i].watchdog)
			return false;
	return hidden_count(d) > 0;
}

static void
say_list(struct drawing *d, const cJSON *values)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, values) {
		if (v != cJSON_GetArrayItem(values, 0))
			say(&d->s, "、", ", ");
		say_code(&d->s, v->valuestring);
	}
}

/* What the alerts have there instead. */
static void
say_others(struct drawing *d, const cJSON *values)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, values) {
		say(&d->s, "；它们的", "; their");
		say_code(&d->s, v->string);
		say(&d->s, "是", " is ");
		say_list(d, v);
	}
	if (cJSON_GetArraySize(values) == 0)
		say(&d->s, "；它们没有这样的标签",
		    "; none of them has such a label");
}

/* All of them, alertname too. */
static void
say_bounds(struct drawing *d)
{
	const cJSON *l;
	int n = 0;

	cJSON_ArrayForEach (l, tree_at(d->k->facts.state, "labels")) {
		auto_str pair = NULL;

		if (!cJSON_IsString(l) || n++ == NAMED_MAX)
			continue;
		pair = xasprintf("%s=%s", l->string, l->valuestring);
		say_code(&d->s, pair);
	}
}

static bool
say_scope(struct drawing *d)
{
	const cJSON *answer = d->k->facts.alerts_answer;
	const cJSON *others = tree_at(tree_at(answer, "data"), "others");
	double n = tree_num(others, "firing", 0);

	if (!is_scope_hiding(d))
		return false;
	if (!d->zh)
		buf_addf(&d->s.text, "%.0f alert%s, none with", n,
		    n == 1 ? " fires" : "s fire");
	else
		buf_addf(&d->s.text, "%.0f 个告警在触发，没有一个带有", n);
	say_bounds(d);
	say_others(d, tree_at(others, "labels"));
	cite(d, answer);
	return true;
}

static void
say_warnings(struct drawing *d, const cJSON *answer)
{
	const char *text = tree_str(tree_at(answer, "data"), "warnings");

	if (text[0] == '\0' || strstr(buf_str(&d->s.text), text) != NULL)
		return;
	if (d->s.text.len == 0)
		say(&d->s, "回答不完整，服务器说：",
		    "The answer is only partial; the server says: ");
	else
		say(&d->s, "；", "; ");
	say_code(&d->s, text);
	cite(d, answer);
}

static bool
say_partial(struct drawing *d)
{
	say_warnings(d, d->k->facts.alerts_answer);
	if (!d->k->facts.past)
		say_warnings(d, d->k->facts.rules_answer);
	return d->s.text.len > 0;
}

static bool
say_no_rules(struct drawing *d)
{
	const cJSON *answer = d->k->facts.rules_answer;
	bool ok = answer_ok(answer);

	if (silence_is_watched(d->k))
		return false;
	if (ok) {
		say(&d->s,
		    "这个服务器没有列出任何它在评估的告警规则（规则可能在别处的"
		    " "
		    "ruler 里，或没有加载）",
		    "This server lists no alert rule that it evaluates (they "
		    "may be in a ruler elsewhere, or not be loaded)");
	} else {
		say(&d->s, "未能读取告警规则，不知道有没有规则在评估",
		    "The rules could not be read, so it is not known whether "
		    "any is evaluated");
		if (answer != NULL) {
			say(&d->s, "：", ": ");
			say_brief(&d->s, answer_error(answer));
		}
	}
	cite(d, answer);
	return true;
}

static int
worst_first(const void *pa, const void *pb)
{
	const cJSON *a = *(const cJSON *const *)pa;
	const cJSON *b = *(const cJSON *const *)pb;
	int d =
	    tree_is(a, "type", "recording") - tree_is(b, "type", "recording");

	return d != 0 ? d : alerts_rank(a) - alerts_rank(b);
}

static void
say_broken_rule(struct drawing *d, const cJSON *rule)
{
	const char *severity = tree_str(tree_at(rule, "labels"), "severity");

	say_code(&d->s, tree_str(rule, "name"));
	if (tree_is(rule, "type", "recording"))
		severity = drawing_word(d, "记录规则", "records");
	if (severity[0] != '\0') {
		buf_adds(&d->s.text, d->zh ? "（" : " (");
		buf_add_span(
		    &d->s.text, utf8_cut(span_of(severity), SEVERITY_MAX));
		buf_adds(&d->s.text, d->zh ? "）" : ")");
	}
	if (tree_str(rule, "lastError")[0] != '\0') {
		say(&d->s, "：", ": ");
		say_brief(&d->s, tree_str(rule, "lastError"));
	} else if (tree_is(rule, "health", "unknown")) {
		say(&d->s, "还没有评估过", " has not been evaluated yet");
	} else {
		say(&d->s, "最后一次评估在", " was last evaluated at ");
		say_code(&d->s, tree_str(rule, "lastEvaluation"));
	}
}

/* Of what they watch, silence says nothing. */
static bool
say_broken_rules(struct drawing *d)
{
	const cJSON *data = tree_at(d->k->facts.rules_answer, "data");
	const cJSON *list = tree_at(data, "broken"), *one, **sorted;
	int total = (int)tree_num(data, "broken_total", 0), n = 0, i;

	if (d->k->facts.past || total == 0)
		return false;
	sorted = xcalloc(
	    (size_t)cJSON_GetArraySize(list) + 1, sizeof(const cJSON *));
	cJSON_ArrayForEach (one, list)
		sorted[n++] = one;
	qsort(sorted, (size_t)n, sizeof(const cJSON *), worst_first);
	buf_addf(&d->s.text,
	    d->zh        ? "%d 条规则没有（能）评估："
	    : total == 1 ? "%d rule is not evaluated: "
			 : "%d rules are not evaluated: ",
	    total);
	for (i = 0; i < MIN(n, NAMED_MAX); i++) {
		if (i > 0)
			say(&d->s, "；", "; ");
		say_broken_rule(d, sorted[i]);
	}
	if (total > NAMED_MAX)
		say(&d->s, "；其余见证据", "; the evidence has the others");
	cite(d, d->k->facts.rules_answer);
	free(sorted);
	return true;
}

static bool
say_unrecorded(struct drawing *d)
{
	const struct ask *a = &d->k->recorded;

	if (a->answer == NULL || silence_leads(d) ||
	    (answer_ok(a->answer) &&
		cJSON_GetArraySize(answer_series(a->answer)) > 0))
		return false;
	say(&d->s,
	    "在那之前的一天里没有记录过任何告警，不知道那时有没有规则在评估",
	    "In the day before, no alert was recorded: whether any rule was "
	    "evaluated then is not known");
	cite(d, a->answer);
	return true;
}

/* ---- beside it ---- */

/* Where its own list does not have them. */
static bool
say_stored(struct drawing *d)
{
	const cJSON *answer = d->k->facts.alerts_answer;
	const cJSON *data = tree_at(answer, "data");

	if (d->k->facts.past ||
	    (tree_num(data, "stored", 0) == 0 && !tree_has(data, "unlisted")))
		return false;
	say(&d->s, "告警读自序列 `ALERTS`，没有注解和值：",
	    "The alerts are read from the series `ALERTS`, without annotations "
	    "and values: ");
	if (tree_has(data, "unlisted")) {
		say(&d->s, "服务器给不出列表，", "the server gives no list, ");
		say_brief(&d->s, tree_str(data, "unlisted"));
	} else {
		say(&d->s, "服务器自己的列表里没有正在触发的",
		    "its own list has none that fires");
	}
	cite(d, answer);
	return true;
}

static bool
say_pending(struct drawing *d)
{
	const cJSON *a;
	int n = 0;

	cJSON_ArrayForEach (a, d->k->facts.alerts) {
		if (!facts_is_long_pending(&d->k->facts, a) || n == NAMED_MAX)
			continue;
		if (n++ > 0)
			say(&d->s, "；", "; ");
		say_code(&d->s, tree_str(a, "name"));
		say_labels(&d->s, tree_at(a, "labels"), 3);
		say(&d->s, "级别为严重，从", " is critical and pending since ");
		say_time(&d->s, facts_since(a));
		say(&d->s, "起一直待定：条件成立，只是还没有满规则的 `for`",
		    ": its condition holds, only its `for` is not over");
		say_cite(&d->s, tree_str(a, "evidence"));
	}
	return n > 0;
}

static bool
fires_now(const struct drawing *d, const cJSON *labels)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, d->k->facts.alerts)
		if (alerts_is_firing(a) &&
		    tree_is(a, "name", tree_str(labels, "alertname")) &&
		    alerts_match(labels, tree_at(a, "labels")))
			return true;
	return false;
}

/* Of a series ALERTS, without what it says of the state. */
static void
say_labels_of_alert(struct drawing *d, const cJSON *series)
{
	AUTO(tree) labels = cJSON_Duplicate(series, true);

	cJSON_DeleteItemFromObjectCaseSensitive(labels, "alertstate");
	say_labels(&d->s, labels, 3);
}

static bool
say_flapping(struct drawing *d)
{
	const cJSON *one;
	struct series v;
	int n = 0;

	cJSON_ArrayForEach (one, answer_series(d->k->flaps.answer)) {
		if (n == NAMED_MAX || !series_read(one, &v) || v.last < FLAPS ||
		    !tree_has(v.labels, "alertname"))
			continue;
		if (n++ > 0)
			say(&d->s, "；", "; ");
		say_code(&d->s, tree_str(v.labels, "alertname"));
		say_labels_of_alert(d, v.labels);
		say(&d->s, "在最近一小时里触发了", " fired ");
		say_value(&d->s, v.last, UNIT_NONE);
		say(&d->s, "次，它在反复触发与恢复",
		    " times in the last hour: it flaps");
		/* Where nothing fires at all that is said before. */
		if (!fires_now(d, v.labels) &&
		    alerts_count(d->k->facts.alerts, "firing") > 0)
			say(&d->s, "（此刻没有触发）",
			    " (and does not fire at this moment)");
	}
	cite(d, d->k->flaps.answer);
	return n > 0;
}

/* ---- all of it ---- */

static const struct row {
	bool (*say)(struct drawing *d);
	bool forbids; /* the all-clear */
	const char *next[REPORT_LANGS];
} rows[] = {
    {say_no_data, true,
	{"确认所问的时刻和数据保留时间，换一个有数据的时刻",
	    "Check the moment asked about and how long data is kept; ask "
	    "about one that has data"}},
    {say_scope, true,
	{"改正范围里的标签，或去掉范围再调查一次",
	    "Correct the labels of the scope, or investigate without it"}},
    {say_partial, true,
	{"恢复没有回答的那一部分，再调查一次",
	    "Restore the part that did not answer, then investigate again"}},
    {say_no_rules, true,
	{"到评估规则的地方查看告警（ruler、Alertmanager），或加载规则",
	    "Look for alerts where the rules are evaluated (a ruler, "
	    "Alertmanager), or load the rules"}},
    {say_broken_rules, true,
	{"修复这些规则，在那之前直接查看它们监视的对象",
	    "Repair these rules, and look at what they watch until then"}},
    {say_unrecorded, true,
	{"到评估规则的地方查看那时的告警",
	    "Look for the alerts of then where the rules are evaluated"}},
    {say_stored, false, {NULL, NULL}},
    {say_pending, false,
	{"现在就查看它，不必等它触发",
	    "Look into it now, rather than when it fires"}},
    {say_flapping, false,
	{"查看它的值在阈值上下的变化，再决定是修复还是调整规则",
	    "Look at how its value moves about the threshold, then repair "
	    "that or the rule"}},
};

bool
silence_leads(const struct drawing *d)
{
	const cJSON *any = d->k->any_data.answer;

	return is_scope_hiding(d) ||
	       (answer_ok(any) && cJSON_GetArraySize(answer_series(any)) == 0);
}

static void
add_action(struct drawing *d, const struct row *row, const cJSON *claim)
{
	const cJSON *id;

	if (row->next[0] == NULL)
		return;
	say(&d->s, row->next[REPORT_ZH], row->next[REPORT_EN]);
	cJSON_ArrayForEach (id, tree_at(claim, "evidence"))
		say_cite(&d->s, id->valuestring);
	drawing_action(d);
}

static void
add_finding(struct drawing *d, const cJSON *claim)
{
	cJSON *finding = cJSON_Duplicate(claim, true);

	cJSON_AddStringToObject(finding, "role", "open");
	cJSON_AddNumberToObject(finding, "incident", -1);
	cJSON_AddItemToArray(d->findings, finding);
}

void
silence_tell(struct drawing *d, cJSON *ret_doubts, cJSON *ret_notes)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *claim;

		if (!rows[i].say(d)) {
			d->s.n_ids = 0;
			continue;
		}
		claim = say_claim(&d->s);
		add_finding(d, claim);
		add_action(d, &rows[i], claim);
		cJSON_AddItemToArray(
		    rows[i].forbids ? ret_doubts : ret_notes, claim);
	}
}
