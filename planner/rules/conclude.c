/*
 * conclude.c - from the answers to the structured conclusion.
 *
 * Honest by rule: what was not measured is not said, what was measured and
 * explains nothing is told as such, and when nothing could be asked that is
 * the answer.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/runbook.h"
#include "planner/rules/silence.h"

enum { SUMMED_UP = 5 }; /* incidents in the summary */

/* The sentence made so far is the summary, and rests on what was cited. */
static void
put_summary(struct drawing *d, cJSON *c, enum report_confidence confidence)
{
	cJSON *claim = say_claim(&d->s);

	cJSON_AddStringToObject(c, "summary", tree_str(claim, "text"));
	cJSON_AddItemToObject(c, "evidence",
	    cJSON_DetachItemFromObjectCaseSensitive(claim, "evidence"));
	cJSON_AddStringToObject(
	    c, "confidence", report_confidence_name(confidence));
	cJSON_Delete(claim);
}

/* "(2) …", behind what stands before. */
static void
put_number(struct drawing *d, int n)
{
	if (d->s.text.len > 0)
		say(&d->s, "；", "; ");
	buf_addf(&d->s.text, d->zh ? "（%d）" : "(%d) ", n + 1);
}

static bool
is_explained(const cJSON *incident)
{
	return report_confidence_of(tree_str(incident, "confidence")) >
	       REPORT_UNDETERMINED;
}

static bool
is_standing(const cJSON *incident)
{
	return tree_at(incident, "long_standing") != NULL;
}

/* The titles of the long-standing ones; whether there are any. */
static bool
put_standing(struct drawing *d, const cJSON *incidents)
{
	const cJSON *i;
	int told = 0;

	cJSON_ArrayForEach (i, incidents) {
		if (!is_standing(i) || told == SUMMED_UP)
			continue;
		if (told++ > 0)
			say(&d->s, "、", ", ");
		buf_adds(&d->s.text, tree_str(i, "title"));
	}
	return told > 0;
}

/* Its answer; one of several has less to say when there is none. */
static void
put_answer(struct drawing *d, const cJSON *incident, bool alone)
{
	const cJSON *answer = tree_at(incident, "answer"), *id;

	if (!alone && !is_explained(incident)) {
		buf_adds(&d->s.text, tree_str(incident, "title"));
		say(&d->s, " 的原因未能确定", ": the cause is undetermined");
		return;
	}
	/* Whoever reads no more than this reads how sure it is. */
	if (is_explained(incident))
		buf_addf(&d->s.text, d->zh ? "原因（%s）：" : "%s cause: ",
		    report_confidence_word(
			report_confidence_of(tree_str(incident, "confidence")),
			d->s.lang));
	buf_adds(&d->s.text, tree_str(answer, "text"));
	cJSON_ArrayForEach (id, tree_at(answer, "evidence"))
		say_cite(&d->s, id->valuestring);
}

/* The answers of the first incidents, the rest by what they are; as certain
 * as the least certain of those that are not long-standing. */
static void
summarise(struct drawing *d, cJSON *c, const cJSON *incidents)
{
	enum report_confidence least = REPORT_CONFIRMED;
	bool alone = cJSON_GetArraySize(incidents) == 1 &&
		     cJSON_GetArraySize(tree_at(c, "others")) == 0;
	const cJSON *i;
	int n = -1, fresh = 0;

	cJSON_ArrayForEach (i, incidents) {
		n++;
		if (is_standing(i) && !alone)
			continue;
		least =
		    MIN(least, report_confidence_of(tree_str(i, "confidence")));
		if (fresh++ >= SUMMED_UP)
			continue;
		if (!alone)
			put_number(d, n);
		put_answer(d, i, alone);
	}
	if (fresh > SUMMED_UP)
		say(&d->s, "；其余事件见下文", "; the others stand below");
	if (fresh < n + 1) {
		say(&d->s, "；早已在触发的：", "; long-standing: ");
		put_standing(d, incidents);
	}
	if (cJSON_GetArraySize(tree_at(c, "others")) > 0)
		say(&d->s, "；还有没有分析的事件，列在下面",
		    "; there are incidents that were not studied, listed "
		    "below");
	say_cite(&d->s, drawing_alerts_id(d));
	buf_adds(&d->s.text, d->zh ? "。" : ".");
	put_summary(d, c, fresh > 0 ? least : REPORT_UNDETERMINED);
}

/* After what is new. */
static void
advise_standing(struct drawing *d, const cJSON *incidents)
{
	say(&d->s, "然后处理早已在触发的",
	    "Then see to what is long-standing: ");
	if (put_standing(d, incidents)) {
		say_cite(&d->s, drawing_alerts_id(d));
		drawing_action(d);
	}
	buf_reset(&d->s.text);
}

/* They fire, and no answer about any of them is there. */
static void
conclude_unstudied(struct drawing *d, cJSON *c)
{
	const cJSON *first = cJSON_GetArrayItem(tree_at(c, "others"), 0);

	buf_adds(&d->s.text, tree_str(first, "title"));
	say(&d->s, " 在触发；还没有任何一起事件得到分析",
	    " fires; none of the incidents has been studied");
	say_cite(&d->s, drawing_alerts_id(d));
	put_summary(d, c, REPORT_UNDETERMINED);
}

/* Instances that are counted, and not looked at one by one. */
static void
tell_not_listed(struct drawing *d, const cJSON *data)
{
	if (tree_num(data, "left_out", 0) <= 0)
		return;
	say(&d->s, "告警实例超过一次能列出的上限：另有",
	    "there are more alert instances than are listed: ");
	say_value(&d->s, tree_num(data, "left_out", 0), UNIT_NONE);
	if (cJSON_IsTrue(tree_at(data, "evidence_cut")))
		say(&d->s, "个只计了数，证据也没有全部",
		    " more were only counted, and the evidence does not have "
		    "all of them either");
	else
		say(&d->s, "个只计了数，证据里有全部",
		    " more were only counted; the evidence has all of them");
	say_cite(&d->s, drawing_alerts_id(d));
	cJSON_AddItemToArray(d->unseen, say_claim(&d->s));
}

static void
tell_clock(struct drawing *d)
{
	double s = d->k->facts.clock_ahead_s;
	auto_str by = NULL;

	if (s == 0)
		return;
	by = xasprintf(
	    d->zh ? "Prometheus %s %.0f s" : "Prometheus is %2$.0f s %1$s",
	    s > 0 ? drawing_word(d, "快", "ahead")
		  : drawing_word(d, "慢", "behind"),
	    fabs(s));
	say(&d->s, "本机与 Prometheus 的时钟不一致：",
	    "The clocks of this machine and of Prometheus differ: ");
	say_code(&d->s, by);
	say(&d->s, "；这里的时刻都以 Prometheus 的时钟为准",
	    "; moments here are by Prometheus's clock");
	say_cite(&d->s, drawing_alerts_id(d));
	drawing_finding(d, "open", -1,
	    drawing_word(d, "校准两台机器的时钟（NTP）",
		"set the clocks of both machines right (NTP)"));
}

static void
tell_unseen(struct drawing *d)
{
	const struct kase *k = d->k;
	const cJSON *data = tree_at(k->facts.alerts_answer, "data");

	tell_not_listed(d, data);
	if (facts_tool(&k->facts, TOOL_ROLE_CAUSES) == NULL)
		cJSON_AddItemToArray(d->unseen,
		    cJSON_CreateString(drawing_word(d,
			"没有启用 "
			"find_causes，所以没有按统计与依赖关系比较各个服务",
			"find_causes is not enabled, so services were not "
			"compared by statistics and dependencies")));
	cJSON_AddItemToArray(d->unseen,
	    cJSON_CreateString(drawing_word(d, "日志、链路追踪、变更记录",
		"logs, traces, change records")));
}

/* Alerts that came with the run are all it has, when nothing answered. */
static void
tell_nothing_read(struct drawing *d, cJSON *c)
{
	const cJSON *f, *first = NULL;

	if (tree_has(c, "incomplete"))
		return;
	cJSON_ArrayForEach (
	    f, tree_at(d->k->facts.state, "executor_feedback")) {
		if (answer_ok(f))
			return;
		if (first == NULL)
			first = f;
	}
	if (first == NULL)
		return;
	say(&d->s, "没有一个查询得到回答：", "No query was answered: ");
	say_brief(&d->s, answer_error(first));
	cJSON_AddStringToObject(c, "incomplete", buf_str(&d->s.text));
	say_cite(&d->s, answer_evidence(first));
	drawing_finding(d, "open", -1, NULL);
}

cJSON *
case_conclude(const struct kase *k)
{
	cJSON *c = cJSON_CreateObject(), *incidents, *down, *doubts, *notes;
	cJSON *runbooks, *answers;
	struct drawing d = {.k = k, .zh = k->facts.lang == REPORT_ZH};
	int i;

	say_init(&d.s, k->facts.lang, k->facts.at_s, &k->facts.zone);
	incidents = cJSON_AddArrayToObject(c, "incidents");
	d.findings = cJSON_AddArrayToObject(c, "findings");
	d.actions = cJSON_AddArrayToObject(c, "actions");
	d.unseen = cJSON_AddArrayToObject(c, "not_looked_at");
	doubts = cJSON_CreateArray();
	notes = cJSON_CreateArray();
	if (tree_num(k->facts.state, "at", 0) > 0) {
		cJSON_AddNumberToObject(c, "moment", k->facts.at_s * 1000);
		cJSON_AddNumberToObject(c, "window", k->facts.window_s);
	}
	down = targets_down(&d);
	cJSON_AddItemToObject(c, "others", members_unstudied(&d));
	for (i = 0; i < k->n_told; i++)
		cJSON_AddItemToArray(incidents, conclude_incident(&d, i));
	advise_standing(&d, incidents);
	answers = followup_answers(&d, incidents);
	if (answers != NULL)
		cJSON_AddItemToObject(c, "answers", answers);
	if (answer_ok(k->facts.alerts_answer))
		silence_tell(&d, doubts, notes);
	if (k->facts.nobody)
		conclude_nobody(&d, c);
	else if (k->n_told > 0)
		summarise(&d, c, incidents);
	else if (cJSON_GetArraySize(tree_at(c, "others")) > 0)
		conclude_unstudied(&d, c);
	else if (!answer_ok(k->facts.alerts_answer))
		conclude_blind(&d, c);
	else
		conclude_quiet(&d, c, doubts, notes, down);
	runbooks = runbooks_of(&d);
	if (runbooks != NULL)
		cJSON_AddItemToObject(c, "runbooks", runbooks);
	tell_nothing_read(&d, c);
	tell_targets(&d, down);
	tell_clock(&d);
	tell_unseen(&d);
	cJSON_AddItemToObject(c, "targets_down", down);
	if (d.first != NULL)
		cJSON_AddItemToObject(c, "first", d.first);
	cJSON_Delete(doubts);
	cJSON_Delete(notes);
	say_done(&d.s);
	return c;
}
