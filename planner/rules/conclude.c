/*
 * conclude.c - from the answers to the structured conclusion.
 *
 * Honest by rule: what was not measured is not said, what was measured and
 * explains nothing is told as such, and when nothing could be asked that is
 * the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/silence.h"

static cJSON *
targets_down(const struct drawing *d)
{
	const struct facts *f = &d->k->facts;
	cJSON *list = cJSON_CreateArray();
	const cJSON *t;

	cJSON_ArrayForEach (t, f->targets) {
		const cJSON *labels = tree_at(t, "labels");
		cJSON *o, *ids;

		if (!study_is_down(t))
			continue;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "job", tree_str(labels, "job"));
		cJSON_AddStringToObject(
		    o, "instance", tree_str(labels, "instance"));
		cJSON_AddStringToObject(o, "error", tree_str(t, "lastError"));
		ids = cJSON_AddArrayToObject(o, "evidence");
		cJSON_AddItemToArray(ids,
		    cJSON_CreateString(answer_evidence(f->targets_answer)));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

/* Whether an incident has told of a target that is down. */
static bool
names_target(const struct drawing *d)
{
	int i;

	for (i = 0; i < d->k->n_studies; i++)
		if (d->k->studies[i].target != NULL ||
		    d->k->studies[i].n_down > 0)
			return true;
	return false;
}

/* Just started, or only a store of others' samples: none is up or down. */
static bool
is_scraping_nothing(const cJSON *a)
{
	const cJSON *data = tree_at(a, "data");

	return tree_num(data, "up", -1) == 0 &&
	       tree_num(data, "down", -1) == 0 &&
	       tree_num(data, "unknown", 0) == 0;
}

static void
tell_targets(struct drawing *d, const cJSON *down)
{
	const struct facts *f = &d->k->facts;
	const cJSON *a = f->targets_answer;
	int i;

	if (a == NULL)
		return;
	if (!answer_ok(a)) {
		say(&d->s, "未能取得采集目标的状态：",
		    "The state of the targets could not be read: ");
		say_code(&d->s, answer_error(a));
		drawing_finding(d, "open", -1, NULL);
		return;
	}
	if (is_scraping_nothing(a)) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s,
		    "这个 Prometheus 没有任何采集目标，因此无法排除采集中断",
		    "This Prometheus scrapes no target, so missing telemetry "
		    "cannot be ruled out");
		drawing_finding(d, "open", -1, NULL);
	} else if (cJSON_GetArraySize(down) == 0) {
		for (i = 0; i < d->k->n_studies; i++)
			tell_telemetry(d, i, &d->k->studies[i]);
		if (d->k->n_studies > 0)
			return;
		say_cite(&d->s, answer_evidence(a));
		say(&d->s, "采集中断：没有目标采集失败",
		    "Missing telemetry: no target fails to be scraped");
		drawing_finding(d, "ruled_out", -1, NULL);
	} else if (!names_target(d)) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s, "有目标采集失败，与之有关的指标可能缺失，见上表",
		    "Targets fail to be scraped, so their metrics may be "
		    "missing; see the table above");
		drawing_finding(d, "contributing", -1, NULL);
	}
}

/* The answers of all incidents, and the least certain of them. */
static void
summarise(struct drawing *d, cJSON *c, const cJSON *incidents)
{
	enum report_confidence least = REPORT_CONFIRMED;
	bool alone = cJSON_GetArraySize(incidents) == 1;
	const cJSON *i, *id;
	int n = 0;

	cJSON_ArrayForEach (i, incidents) {
		const cJSON *answer = tree_at(i, "answer");

		least =
		    MIN(least, report_confidence_of(tree_str(i, "confidence")));
		if (!alone)
			buf_addf(&d->s.text, d->zh ? "%s（%d）" : "%s(%d) ",
			    n > 0 ? (d->zh ? "；" : "; ") : "", n + 1);
		n++;
		buf_adds(&d->s.text, tree_str(answer, "text"));
		cJSON_ArrayForEach (id, tree_at(answer, "evidence"))
			say_cite(&d->s, id->valuestring);
	}
	buf_adds(&d->s.text, d->zh ? "。" : ".");
	cJSON_AddStringToObject(c, "confidence", report_confidence_name(least));
	{
		cJSON *claim = say_claim(&d->s);

		cJSON_AddStringToObject(c, "summary", tree_str(claim, "text"));
		cJSON_AddItemToObject(c, "evidence",
		    cJSON_DetachItemFromObjectCaseSensitive(claim, "evidence"));
		cJSON_Delete(claim);
	}
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
tell_unseen(struct drawing *d)
{
	const struct kase *k = d->k;
	const cJSON *data = tree_at(k->facts.alerts_answer, "data");

	if (k->incidents.n > k->n_studies && k->n_studies == CASE_STUDIES_MAX)
		cJSON_AddItemToArray(d->unseen,
		    cJSON_CreateString(drawing_word(d,
			"其余事件只列出了告警，没有逐一分析；修复以上各项后可以"
			"再调查一次",
			"the other incidents are listed above, not analysed "
			"one by one; investigate again once these are "
			"repaired")));
	tell_not_listed(d, data);
	if (facts_tool(&k->facts, TOOL_ROLE_CAUSES) == NULL)
		cJSON_AddItemToArray(d->unseen,
		    cJSON_CreateString(drawing_word(d,
			"没有启用 "
			"find_causes，所以没有按统计与依赖关系比较各个服务",
			"find_causes is not enabled, so services were not "
			"compared by statistics and dependencies")));
	cJSON_AddItemToArray(d->unseen,
	    cJSON_CreateString(
		drawing_word(d, "日志、链路追踪和变更记录没有查看",
		    "logs, traces and change records were not looked at")));
}

/* Alerts that came with the run are all it has, when nothing answered. */
static void
tell_nothing_read(struct drawing *d, cJSON *c)
{
	const cJSON *f, *first = NULL;

	if (tree_has(c, "incomplete"))
		return;
	cJSON_ArrayForEach (f, tree_at(d->k->facts.state, "executor_feedback")) {
		if (answer_ok(f))
			return;
		if (first == NULL)
			first = f;
	}
	if (first == NULL)
		return;
	say(&d->s, "没有一个查询得到回答：", "No query was answered: ");
	say_code(&d->s, answer_error(first));
	cJSON_AddStringToObject(c, "incomplete", buf_str(&d->s.text));
	say_cite(&d->s, answer_evidence(first));
	drawing_finding(d, "open", -1, NULL);
}

cJSON *
case_conclude(const struct kase *k)
{
	cJSON *c = cJSON_CreateObject(), *incidents, *down, *doubts, *notes;
	struct drawing d = {.k = k, .zh = k->facts.lang == REPORT_ZH};
	int i;

	say_init(&d.s, k->facts.lang, k->facts.at_s);
	incidents = cJSON_AddArrayToObject(c, "incidents");
	d.findings = cJSON_AddArrayToObject(c, "findings");
	d.actions = cJSON_AddArrayToObject(c, "actions");
	d.unseen = cJSON_AddArrayToObject(c, "not_looked_at");
	doubts = cJSON_CreateArray();
	notes = cJSON_CreateArray();
	down = targets_down(&d);
	for (i = 0; i < k->n_studies; i++)
		cJSON_AddItemToArray(incidents, conclude_incident(&d, i));
	if (answer_ok(k->facts.alerts_answer))
		silence_tell(&d, doubts, notes);
	if (k->facts.nobody)
		conclude_nobody(&d, c);
	else if (k->n_studies > 0)
		summarise(&d, c, incidents);
	else if (!answer_ok(k->facts.alerts_answer))
		conclude_blind(&d, c);
	else
		conclude_quiet(&d, c, doubts, notes, down);
	tell_nothing_read(&d, c);
	tell_targets(&d, down);
	tell_unseen(&d);
	cJSON_AddItemToObject(c, "targets_down", down);
	cJSON_Delete(doubts);
	cJSON_Delete(notes);
	say_done(&d.s);
	return c;
}
