/*
 * conclude_incident.c - what one incident comes to: which explanation holds,
 * and the chain from alert to cause.
 *
 * A target that is down explains its own alert; of a machine, who uses it is
 * the answer; else what find_causes says; else it is undetermined.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"
#include "planner/rules/runbook.h"

/* ---- a target that is down ---- */

static void
conclude_target(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	o->has_cause = true;
	o->confidence = REPORT_LIKELY;
	tell_put_target(d, s->target);
	drawing_says_of(d, "target_down", tree_at(s->target, "labels"));
	drawing_finding(d, "cause", n, NULL);
	say(&d->s, "目标无法采集", "its target cannot be scraped");
	tell_put_error(d, s->target);
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
	o->answer = say_claim(&d->s);
	say_labels(&d->s, tree_at(s->target, "labels"), 3);
	say(&d->s, "无法采集", " cannot be scraped");
	o->verdict = say_take(&d->s);
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
	targets_advise(d, s, s->target);
}

/* ---- which explanation holds ---- */

/* What changed most, be it no cause of this; NULL: nothing does. */
static const char *
stands_out(const struct study *s)
{
	return causes_first(s) != NULL &&
		       causes_confidence(s) >= REPORT_SUSPECTED
		   ? tree_str(causes_first(s), "service")
		   : NULL;
}

/* Somebody wrote down what to do; else what is open says it. */
static void
say_next(struct drawing *d, const struct study *s)
{
	size_t before = d->s.text.len;

	say(&d->s, "，照下面引用的处理手册做：",
	    " by its runbook, which is quoted below: ");
	if (runbook_put_own(d, s))
		return;
	buf_cut(&d->s.text, before);
	say(&d->s, "：按“尚未确定”里的下一步做",
	    ": take the next steps under what is still open");
}

/* By what the alert itself measures, unless it names a runbook, where somebody
 * wrote down what to do; false: it is nothing that is known. */
static bool
advise_of_own(struct drawing *d, const struct study *s)
{
	const struct looked *x = study_own(s);
	struct span metric = {NULL, 0};
	const struct signal_row *signal;
	auto_str name = NULL;
	auto_str who = NULL;

	if (x == NULL || runbook_is_named(s) ||
	    promql_metrics(x->measure.expr, &metric, 1) == 0)
		return false;
	signal = signal_of("", metric);
	if (strcmp(signal->name, "other") == 0)
		return false;
	name = xstrndup(metric.p, metric.n);
	who = s->about->identity.n_names > 0
		  ? xstrndup(s->about->identity.names[0].p,
			s->about->identity.names[0].n)
		  : xstrdup(tree_str(s->alert, "name"));
	say_cite(&d->s, answer_evidence(x->range.answer));
	drawing_advise_of(d, s, signal,
	    &(struct signal_case){
		.who = who, .metric = name, .labels = s->labels});
	return true;
}

static void
conclude_nothing(struct drawing *d, const struct study *s, struct outcome *o)
{
	o->confidence = REPORT_UNDETERMINED;
	if (tell_over(d, s))
		say(&d->s, "；未能确定", "; the cause of ");
	else
		say(&d->s, "未能确定", "The cause of ");
	tell_put_subject(d, s);
	say(&d->s, " 的原因；已经测到的现象、排除的可能和下一步列在下面",
	    " is undetermined; what was measured, what is ruled out and what "
	    "to do next stand below");
	say_cite(&d->s, drawing_alerts_id(d));
	o->answer = say_claim(&d->s);
	if (s->is_over) {
		say_cite(&d->s, answer_evidence(s->holds.answer));
		drawing_advise(d, tree_str(s->alert, "name"),
		    drawing_word(d, "确认它是已经恢复，还是在阈值上下反复",
			"see whether it has resolved or moves about its "
			"threshold"),
		    drawing_word(d, "通知可能稍后才撤销",
			"the notification may be withdrawn later"),
		    "");
		return;
	}
	if (advise_of_own(d, s))
		return;
	say(&d->s, "继续排查", "go on with ");
	say_code(&d->s, tree_str(s->alert, "name"));
	say_next(d, s);
	if (stands_out(s) != NULL) {
		say(&d->s, "，先看", ", first look at ");
		say_code(&d->s, stands_out(s));
		say(&d->s, "，它变化最大", ", which changed most");
		say_cite(&d->s, answer_evidence(s->causes.answer));
	}
	drawing_action(d);
}

static void
advise_absent(struct drawing *d, const struct study *s)
{
	const char *job = tree_str(s->labels, "job");
	auto_str run = signal_is_plain(job) ? xasprintf("up{job=\"%s\"}", job)
					    : xstrdup("");

	drawing_advise(d, tree_str(s->alert, "name"),
	    drawing_word(d, "看应当暴露它的程序是否在运行、是否还在采集配置里",
		"see whether the program that should expose it runs, and is "
		"still in the scrape configuration"),
	    drawing_word(d, "直接看它的 /metrics 里有没有这个指标",
		"look for the metric in its /metrics"),
	    run);
}

/* That nothing is there was measured; why, no metric tells. */
static void
conclude_absent(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const struct looked *x = study_own(s);

	o->confidence = REPORT_UNDETERMINED;
	tell_put_expr(&d->s, x->measure.expr);
	say(&d->s, "没有数据", " has no data");
	tell_put_last_seen(d, x);
	say(&d->s, "；为什么没有，从指标看不出来", "; why, no metric tells");
	say_cite(&d->s, answer_evidence(x->range.answer));
	o->answer = say_claim(&d->s);
	targets_tell_no_job(d, n, s);
	say(&d->s, "没有数据的原因：目标没有采集、指标改名、或标签写错",
	    "Why it has no data: its target is not scraped, the metric was "
	    "renamed, or a label is misspelt");
	say_cite(&d->s, answer_evidence(x->range.answer));
	drawing_finding(d, "open", n, NULL);
	say_cite(&d->s, answer_evidence(x->range.answer));
	advise_absent(d, s);
}

static void
conclude_study(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	bool suspect = causes_suspect(d, n, s);
	bool causes = suspect && causes_confidence(s) >= REPORT_LIKELY;
	/* Of a machine, who uses it is the answer; of a service, it may only
	 * be the one that suffers. */
	bool user =
	    study_user_dominates(s) &&
	    !conclude_user_was_high(s, &d->k->facts) &&
	    (!causes || resource_is_of_machine(span_of(rule_expr(s->rule))));

	if (s->target != NULL)
		conclude_target(d, n, s, o);
	else if (targets_first_of(d, s) != NULL)
		conclude_targets(d, n, s, o);
	else if (user)
		conclude_user(d, n, s, o);
	else if (causes)
		conclude_causes(d, n, s, o);
	else if (suspect)
		conclude_suspect(d, n, s, o);
	else if (study_own(s) != NULL &&
		 answer_ok(study_own(s)->range.answer) &&
		 study_own(s)->measure.role == PROMQL_ABSENT)
		conclude_absent(d, n, s, o);
	else
		conclude_nothing(d, s, o);
	if (s->resource != NULL && s->top.key == NULL)
		tell_no_user(d, n, s);
	else if (s->resource != NULL &&
		 (!study_user_dominates(s) ||
		     conclude_user_was_high(s, &d->k->facts)))
		tell_weak_user(d, n, s);
	if (!o->by_causes)
		causes_tell_beside(d, n, s, o->has_cause);
	causes_tell_alternatives(d, n, s);
}

/* The services between alert and cause, both left out. */
static void
add_path(struct drawing *d, const struct study *s, const struct outcome *o,
    cJSON *chain)
{
	const cJSON *path =
	    o->by_causes ? tree_at(causes_first(s), "on_path") : NULL;
	const cJSON *hop;

	cJSON_ArrayForEach (hop, path) {
		if (!cJSON_IsString(hop) || hop->next == NULL)
			continue;
		say_code(&d->s, hop->valuestring);
		say_cite(&d->s, answer_evidence(s->causes.answer));
		cJSON_AddItemToArray(chain, say_claim(&d->s));
	}
}

static cJSON *
chain_of(struct drawing *d, const struct study *s, struct outcome *o)
{
	cJSON *chain = cJSON_CreateArray();

	if (o->chain_end == NULL)
		return chain;
	tell_put_subject(d, s);
	say_cite(&d->s, drawing_alerts_id(d));
	cJSON_AddItemToArray(chain, say_claim(&d->s));
	add_path(d, s, o, chain);
	cJSON_AddItemToArray(chain, TAKE(o->chain_end));
	return chain;
}

/* What is long-standing and did not move: since when, and how it stands. */
static void
conclude_brief(struct drawing *d, const struct study *s, struct outcome *o)
{
	const struct looked *x = study_own(s);

	o->confidence = REPORT_UNDETERMINED;
	tell_put_subject(d, s);
	say_cite(&d->s, drawing_alerts_id(d));
	if (s->incident->since > 0) {
		say(&d->s, " 自", " since ");
		say_time(&d->s, s->incident->since);
		say(&d->s, "起触发", "");
	}
	if (s->target != NULL) {
		say(&d->s, "；", "; ");
		tell_put_target(d, s->target);
	} else if (x != NULL && x->measure.role == PROMQL_ABSENT) {
		tell_put_last_seen(d, x);
	} else if (x != NULL && x->found) {
		say(&d->s, "；现在是", "; now ");
		tell_put_course(d, x);
	}
	o->answer = say_claim(&d->s);
}

static void
put_course(struct drawing *d, const struct study *s, const struct looked *x)
{
	tell_put_course(d, x);
	if (s->is_over)
		say(&d->s, "，条件已经不再成立", ", which holds no more");
	if (tree_is(s->alert, "state", "pending"))
		say(&d->s, "，还没有触发", ", pending");
}

/* For the first screen: how what it measures went, and what changed most
 * where that explains nothing. */
static void
add_course(struct drawing *d, const struct study *s, const struct outcome *o,
    cJSON *incident)
{
	const struct looked *x = study_own(s);

	if (x != NULL && x->measure.role == PROMQL_ABSENT && x->found &&
	    series_ends_early(&x->series, &d->k->facts)) {
		tell_put_expr(&d->s, x->measure.expr);
		say(&d->s, "自", " has no data since ");
		say_time(&d->s, x->series.to_t);
		say(&d->s, "以来没有数据", "");
		say_cite(&d->s, answer_evidence(x->range.answer));
	} else if (x != NULL && x->measure.role == PROMQL_ABSENT) {
		tell_put_expr(&d->s, x->measure.expr);
		say(&d->s, "没有数据", " has no data");
		say_cite(&d->s, answer_evidence(x->range.answer));
	} else if (x != NULL && x->found) {
		put_course(d, s, x);
	}
	if (o->confidence == REPORT_UNDETERMINED && stands_out(s) != NULL) {
		if (d->s.text.len > 0)
			say(&d->s, "；", "; ");
		say(&d->s, "变化最大的是", "what changed most is ");
		say_code(&d->s, stands_out(s));
		say(&d->s, "，与它的关系没有证实",
		    ", not shown to matter here");
		say_cite(&d->s, answer_evidence(s->causes.answer));
	}
	if (d->s.text.len > 0)
		cJSON_AddItemToObject(incident, "course", say_claim(&d->s));
}

/* "`HighLatency`: `payment`, likely" */
static void
add_verdict(struct drawing *d, const struct study *s, struct outcome *o,
    cJSON *incident)
{
	const cJSON *id;

	say_code(&d->s, tree_str(s->alert, "name"));
	say(&d->s, "：", ": ");
	if (o->verdict != NULL)
		buf_adds(&d->s.text, o->verdict);
	else
		say(&d->s, "原因", "the cause is ");
	if (o->verdict != NULL)
		say(&d->s, "，", ", ");
	buf_adds(&d->s.text, report_confidence_word(o->confidence, d->s.lang));
	cJSON_ArrayForEach (id, tree_at(o->answer, "evidence"))
		say_cite(&d->s, id->valuestring);
	cJSON_AddItemToObject(incident, "verdict", say_claim(&d->s));
	free(o->verdict);
}

cJSON *
conclude_incident(struct drawing *d, int n)
{
	const struct study *s = &d->k->studies[n];
	cJSON *incident = cJSON_CreateObject();
	struct outcome o = {0};

	if (s->brief) {
		conclude_brief(d, s, &o);
		cJSON_AddTrueToObject(incident, "long_standing");
	} else {
		conclude_study(d, n, s, &o);
		tell_rule(d, n, s);
	}
	tell_members(d, n, s);
	tell_put_subject(d, s);
	cJSON_AddStringToObject(incident, "title", buf_str(&d->s.text));
	buf_reset(&d->s.text);
	cJSON_AddStringToObject(
	    incident, "confidence", report_confidence_name(o.confidence));
	add_course(d, s, &o, incident);
	cJSON_AddNumberToObject(incident, "since", s->incident->since);
	cJSON_AddItemToObject(incident, "alerts", members_indices(s->incident));
	cJSON_AddItemToObject(incident, "rules", members_of(d, s));
	add_verdict(d, s, &o, incident);
	cJSON_AddItemToObject(incident, "answer", o.answer);
	cJSON_AddItemToObject(incident, "chain", chain_of(d, s, &o));
	return incident;
}
