/*
 * conclude_targets.c - targets that cannot be scraped: which, since when and
 * with what error; and alerts that are about nothing else.
 *
 * An alert on `up` names a job or a namespace, not the targets: those that
 * are down and have its labels are what it is about.
 */
#include <string.h>

#include "common/base/rc.h"
#include "common/base/when.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"

enum { NAMED_MAX = 5, METRICS_MAX = 8 };

/* ---- which targets an alert is about ---- */

static bool
reads_up(const cJSON *rule)
{
	struct span names[METRICS_MAX];
	int n = rule == NULL ? 0
			     : promql_metrics(span_of(rule_expr(rule)), names,
				   METRICS_MAX);

	while (n > 0)
		if (span_is(names[--n], "up"))
			return true;
	return false;
}

/* Every label that both have is equal, and one says which scrape it is. */
static bool
is_of(const cJSON *target, const cJSON *labels)
{
	const cJSON *l;
	bool placed = false;

	cJSON_ArrayForEach (l, labels) {
		if (!cJSON_IsString(l) || !tree_has(target, l->string))
			continue;
		if (!tree_is(target, l->string, l->valuestring))
			return false;
		placed |= strcmp(l->string, "job") == 0 ||
			  strcmp(l->string, "instance") == 0 ||
			  strcmp(l->string, "pod") == 0;
	}
	return placed;
}

/* The next one behind before, which may be NULL. */
static const cJSON *
next_of(const struct drawing *d, const struct study *s, const cJSON *before)
{
	const cJSON *list = d->k->facts.targets;
	const cJSON *t =
	    before != NULL ? before->next : cJSON_GetArrayItem(list, 0);

	for (; t != NULL; t = t->next)
		if (study_is_down(t) &&
		    is_of(tree_at(t, "labels"), tree_at(s->alert, "labels")))
			return t;
	return NULL;
}

const cJSON *
targets_first_of(const struct drawing *d, const struct study *s)
{
	return reads_up(s->rule) ? next_of(d, s, NULL) : NULL;
}

static int
count_of(const struct drawing *d, const struct study *s)
{
	const cJSON *t = NULL;
	int n = 0;

	while ((t = next_of(d, s, t)) != NULL)
		n++;
	return n;
}

/* ---- the sentence ---- */

static void
cite(struct drawing *d)
{
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
}

static void
put_one(struct drawing *d, const cJSON *target)
{
	const cJSON *labels = tree_at(target, "labels");
	int64_t ms;

	say_code(&d->s, tree_str(labels, "instance"));
	if (when_rfc3339(tree_span(target, "lastUp"), &ms, NULL) == RC_OK) {
		say(&d->s, "，最后一次正常是", ", last up at ");
		say_time(&d->s, (double)ms / 1000);
	} else {
		say(&d->s, "，整个时间窗内都不正常",
		    ", not once up in the window");
	}
	tell_put_error(d, target);
}

/* How many, where the answer counts the very same ones. */
static void
put_count(struct drawing *d, const struct study *s)
{
	const cJSON *data = tree_at(d->k->facts.targets_answer, "data");
	const char *job = tree_str(tree_at(s->alert, "labels"), "job");
	const cJSON *of = tree_at(tree_at(data, "jobs"), job);
	double down = tree_num(of, "down", 0), up = tree_num(of, "up", 0);

	if (down != count_of(d, s)) {
		say(&d->s, "无法采集的目标：", "Targets cannot be scraped: ");
		return;
	}
	buf_addf(&d->s.text,
	    d->zh       ? "%.0f 个目标（"
	    : down == 1 ? "%.0f target of job "
			: "%.0f targets of job ",
	    down);
	say_code(&d->s, job);
	buf_addf(&d->s.text,
	    d->zh ? "）无法采集，另有 %.0f 个正常："
		  : " cannot be scraped, %.0f can: ",
	    up);
}

static void
put_names(struct drawing *d, const struct study *s)
{
	const cJSON *t = NULL;
	int n = 0;

	while ((t = next_of(d, s, t)) != NULL && n < NAMED_MAX) {
		if (n++ > 0)
			say(&d->s, "、", ", ");
		say_code(&d->s, tree_str(tree_at(t, "labels"), "instance"));
	}
	if (t != NULL)
		say(&d->s, " 等", " and others");
}

static void
put_all(struct drawing *d, const struct study *s)
{
	const cJSON *t = NULL;
	int n = 0;

	put_count(d, s);
	while ((t = next_of(d, s, t)) != NULL && n < NAMED_MAX) {
		if (n++ > 0)
			say(&d->s, "；", "; ");
		put_one(d, t);
	}
	if (t != NULL)
		say(&d->s, "；其余见上表", "; the table above has the others");
	cite(d);
}

void
conclude_targets(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	o->has_cause = true;
	o->confidence = REPORT_LIKELY;
	put_all(d, s);
	drawing_finding(d, "cause", n, NULL);
	put_count(d, s);
	put_names(d, s);
	cite(d);
	o->answer = say_claim(&d->s);
	put_names(d, s);
	o->verdict = say_take(&d->s);
	cite(d);
	targets_advise(d, s, next_of(d, s, NULL));
}

void
targets_advise(struct drawing *d, const struct study *s, const cJSON *target)
{
	const char *instance = tree_str(tree_at(target, "labels"), "instance");
	auto_str run =
	    signal_is_plain(instance)
		? xasprintf("curl -sv http://%s/metrics -o /dev/null", instance)
		: xstrdup("");

	drawing_advise(d, tree_str(s->alert, "name"),
	    drawing_word(d, "在目标所在主机上看进程是否在运行，看它的日志",
		"see on the target's host whether the process runs, and read "
		"its log"),
	    drawing_word(d, "从别的主机看端口能否访问；恢复后确认又采集到了",
		"see from elsewhere whether its port can be reached; once it "
		"is back, see that it is scraped"),
	    run);
}

void
targets_tell_no_job(struct drawing *d, int n, const struct study *s)
{
	const struct facts *f = &d->k->facts;
	const cJSON *jobs = tree_at(tree_at(f->targets_answer, "data"), "jobs");
	const char *job = tree_str(tree_at(s->alert, "labels"), "job");
	const cJSON *one;
	int named = 0;

	if (!answer_ok(f->targets_answer) || !reads_up(s->rule) ||
	    job[0] == '\0' || tree_at(jobs, job) != NULL)
		return;
	say(&d->s, "没有一个目标的 job 是", "No target has the job ");
	say_code(&d->s, job);
	say(&d->s, "；现有的 job 是", "; the jobs there are ");
	cJSON_ArrayForEach (one, jobs) {
		if (named++ == NAMED_MAX) {
			say(&d->s, "等", " and more");
			break;
		}
		if (named > 1)
			say(&d->s, "、", ", ");
		say_code(&d->s, one->string);
	}
	if (named == 0)
		say(&d->s, "（一个也没有）", "none");
	cite(d);
	drawing_finding(d, "symptom", n, NULL);
}

/* ---- all that are down ---- */

cJSON *
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
		if (tree_has(t, "lastUp"))
			cJSON_AddStringToObject(
			    o, "lastUp", tree_str(t, "lastUp"));
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

	for (i = 0; i < d->k->n_told; i++)
		if (d->k->studies[i].target != NULL ||
		    d->k->studies[i].n_down > 0 ||
		    targets_first_of(d, &d->k->studies[i]) != NULL)
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

void
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
		say_brief(&d->s, answer_error(a));
		drawing_finding(d, "open", -1, NULL);
		return;
	}
	if (is_scraping_nothing(a) && f->past) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s, "那时没有序列 `up`，因此无法排除采集中断",
		    "There was no series `up` then, so missing telemetry "
		    "cannot be ruled out");
		drawing_finding(d, "open", -1, NULL);
	} else if (is_scraping_nothing(a)) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s,
		    "这个 Prometheus 没有任何采集目标，因此无法排除采集中断",
		    "This Prometheus scrapes no target, so missing telemetry "
		    "cannot be ruled out");
		drawing_finding(d, "open", -1, NULL);
	} else if (cJSON_GetArraySize(down) == 0) {
		for (i = 0; i < d->k->n_told; i++)
			if (!d->k->studies[i].brief)
				tell_telemetry(d, i, &d->k->studies[i]);
		if (d->k->n_told > 0)
			return;
		say_cite(&d->s, answer_evidence(a));
		if (f->past)
			say(&d->s, "采集中断：那时没有目标采集失败",
			    "Missing telemetry: no target failed to be "
			    "scraped then");
		else
			say(&d->s, "采集中断：没有目标采集失败",
			    "Missing telemetry: no target fails to be "
			    "scraped");
		drawing_finding(d, "ruled_out", -1, NULL);
	} else if (!names_target(d)) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s, "有目标采集失败，与之有关的指标可能缺失，见上表",
		    "Targets fail to be scraped, so their metrics may be "
		    "missing; see the table above");
		drawing_finding(d, "contributing", -1, NULL);
	}
}
