/*
 * conclude_causes.c - an incident explained by find_causes.
 *
 * In the report's language and from the result's own figures.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/report/statements.h"
#include "planner/rules/conclude.h"

/* Of a service that hardly changed; the alert's own has it anyway. */
#define LEAD_SCORE 0.05
enum {
	RULED_OUT_MAX = 6,
	UNSEEN_MAX = 12,
	CHANGES_NAMED = 2,
	SUSPECTS = 3,
	USUAL_MAX = 6, /* named of those of which nothing changed */
};

const cJSON *
causes_first(const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data");

	return answer_ok(s->causes.answer)
		   ? cJSON_GetArrayItem(tree_at(data, "causes"), 0)
		   : NULL;
}

/* ---- what is missing between alert and suspect ---- */

/* When the first of its series changed; 0: none says. */
static double
began_of(const struct study *s, const cJSON *cause)
{
	const cJSON *series =
	    tree_at(tree_at(s->causes.answer, "data"), "series");
	const cJSON *index;
	double first = 0;

	cJSON_ArrayForEach (index, tree_at(cause, "series")) {
		double t =
		    cJSON_IsNumber(index)
			? tree_num(cJSON_GetArrayItem(series, index->valueint),
			      "began", 0)
			: 0;

		if (t > 0 && (first <= 0 || t < first))
			first = t;
	}
	return first;
}

/* What the alert measures was out of bounds before anything of the suspect
 * changed. */
static bool
is_late(const struct study *s)
{
	double began = began_of(s, causes_first(s));
	double symptom = study_symptom_since(s);

	return began > 0 && symptom > 0 && began > symptom + STUDY_AGREE_S;
}

static bool
has_no_path(const struct study *s)
{
	return cJSON_GetArraySize(tree_at(causes_first(s), "on_path")) == 0;
}

static bool
is_own_unread(const struct study *s)
{
	const struct looked *x = study_own(s);

	return x != NULL && x->range.answer != NULL &&
	       !answer_ok(x->range.answer);
}

/* By the tool's own names, and what is seen from here besides. */
static const struct lack {
	const char *what;
	bool (*seen)(const struct study *s); /* or NULL */
	const char *why[REPORT_LANGS], *next[REPORT_LANGS];
} lacks[] = {
    {"entity", NULL,
	{"告警的标签没有指明任何有指标的服务",
	    "no label of the alert names a service that has series"},
	{"给告警加上指明服务的标签，再调查一次",
	    "give the alert a label that names its service, and investigate "
	    "again"}},
    {"path", has_no_path,
	{"没有已知的依赖关系从告警所在的服务通向它",
	    "no dependency is known that leads from the alert's service to "
	    "it"},
	{"确认告警所在的服务是否依赖它；把依赖关系告诉 "
	 "executor（dependencies），或采集带有调用双方标签的指标",
	    "see whether the alert's service depends on it; tell the executor "
	    "its dependencies, or scrape metrics that name both ends of "
	    "calls"}},
    {"queries", NULL,
	{"起决定作用的查询失败了，或只得到部分结果",
	    "queries that decide failed or were answered in part"},
	{"等查询恢复后再调查一次，见“没有查看的”",
	    "investigate again once these queries are answered; see what was "
	    "not looked at"}},
    {"own", is_own_unread,
	{"告警自己的表达式没有读到",
	    "the alert's own expression could not be read"},
	{"修复告警表达式的查询后再调查一次",
	    "investigate again once the alert's expression can be queried"}},
    {"order", is_late,
	{"在它变化之前症状就已经存在",
	    "the symptom was there before it changed"},
	{"查看症状开始之前发生了什么变化",
	    "look at what changed before the symptom began"}},
    {"history", NULL,
	{"异常之前的数据点太少，无从判断什么是平常",
	    "there are too few points before the onset to tell what is "
	    "usual"},
	{"与平时的水平核对；历史数据积累之后再调查一次",
	    "compare with what you know as usual; investigate again once "
	    "there is more history"}},
};

static bool
lacks_it(const struct study *s, const struct lack *l)
{
	const cJSON *m;

	cJSON_ArrayForEach (
	    m, tree_at(tree_at(s->causes.answer, "data"), "missing"))
		if (tree_is(m, "what", l->what))
			return true;
	return l->seen != NULL && l->seen(s);
}

/* The first thing missing, NULL: nothing. */
static const struct lack *
first_lack(const struct study *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(lacks); i++)
		if (lacks_it(s, &lacks[i]))
			return &lacks[i];
	return NULL;
}

static void
say_lacks(struct drawing *d, const struct study *s)
{
	size_t i;
	int said = 0;

	for (i = 0; i < ARRAY_LEN(lacks); i++) {
		/* Whom it is about is not known: so no path is either. */
		if (!lacks_it(s, &lacks[i]) ||
		    (lacks[i].seen == has_no_path && said > 0))
			continue;
		if (said++ == 0)
			say(&d->s, "；尚未证实：", "; not shown: ");
		else
			say(&d->s, "，", ", ");
		buf_adds(&d->s.text, lacks[i].why[d->s.lang]);
	}
}

enum report_confidence
causes_confidence(const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data");
	enum report_confidence c =
	    report_confidence_of(tree_str(data, "confidence"));

	/* Statistics show what changed, not how it did so. */
	c = MIN(c, REPORT_LIKELY);
	return c == REPORT_LIKELY && first_lack(s) != NULL ? REPORT_SUSPECTED
							   : c;
}

/* Another incident's first suspect as well, which no path from here leads
 * to: it changed at the time of both, no more. Returns that incident, -1. */
static int
blamed_elsewhere(const struct drawing *d, int n, const struct study *s)
{
	const char *service = tree_str(causes_first(s), "service");
	int i;

	if (!has_no_path(s))
		return -1;
	for (i = 0; i < d->k->n_told; i++)
		if (i != n &&
		    causes_confidence(&d->k->studies[i]) >= REPORT_SUSPECTED &&
		    tree_is(
			causes_first(&d->k->studies[i]), "service", service))
			return i;
	return -1;
}

bool
causes_suspect(const struct drawing *d, int n, const struct study *s)
{
	return causes_first(s) != NULL &&
	       causes_confidence(s) >= REPORT_SUSPECTED &&
	       blamed_elsewhere(d, n, s) < 0;
}

/* ---- changes ---- */

/* Series that changed alike, told as one: the first of them. */
struct alike {
	const cJSON *series;
	const struct signal_row *signal;
};

/* The mean and the slowest of one metric tell the same. */
static bool
is_alike(const cJSON *a, const cJSON *b)
{
	return tree_is(a, "metric", tree_str(b, "metric")) &&
	       tree_is(a, "direction", tree_str(b, "direction"));
}

/* Of requests it may be how long they took that was counted. */
static const char *
kind_of(const cJSON *series)
{
	const char *kind = tree_str(series, "kind");

	if (strcmp(kind, "load") == 0 &&
	    (tree_is(series, "unit", "seconds") ||
		tree_is(series, "unit", "milliseconds")))
		return "latency";
	return kind;
}

/* How the series of a cause changed, the most telling first; how many. */
static int
changes_of(
    const struct study *s, const cJSON *cause, struct alike ret[CHANGES_NAMED])
{
	const cJSON *list =
	    tree_at(tree_at(s->causes.answer, "data"), "series");
	const cJSON *index;
	int n = 0, i;

	cJSON_ArrayForEach (index, tree_at(cause, "series")) {
		const cJSON *one =
		    cJSON_IsNumber(index)
			? cJSON_GetArrayItem(list, index->valueint)
			: NULL;

		for (i = 0; i < n && !is_alike(ret[i].series, one); i++)
			;
		if (one == NULL || i < n || n == CHANGES_NAMED)
			continue;
		ret[n++] = (struct alike){
		    one, signal_of(kind_of(one), tree_span(one, "metric"))};
	}
	return n;
}

const cJSON *
causes_first_change(const struct study *s, const struct signal_row **ret_kind)
{
	const cJSON *cause = causes_first(s);
	struct alike list[CHANGES_NAMED];

	if (cause == NULL || changes_of(s, cause, list) == 0)
		return NULL;
	*ret_kind = list[0].signal;
	return list[0].series;
}

/* "all 5 pods", "5 of 8 pods"; nothing for a single series. */
static void
say_how_many(struct drawing *d, const cJSON *series)
{
	double n = tree_num(series, "alike", 1), of = tree_num(series, "of", n);
	bool pods = tree_has(tree_at(series, "labels"), "pod");

	if (n <= 1)
		return;
	if (!d->zh && n == 2 && of == 2)
		buf_addf(&d->s.text, " (both %s)", pods ? "pods" : "series");
	else if (!d->zh && n == of)
		buf_addf(
		    &d->s.text, " (all %.0f %s)", n, pods ? "pods" : "series");
	else if (!d->zh)
		buf_addf(&d->s.text, " (%.0f of %.0f %s)", n, of,
		    pods ? "pods" : "series");
	else if (n == of)
		buf_addf(&d->s.text, "（全部 %.0f %s）", n,
		    pods ? "个 pod" : "条序列");
	else
		buf_addf(&d->s.text, "（%.0f %s中的 %.0f %s）", of,
		    pods ? "个 pod " : "条序列", n, pods ? "个" : "条");
}

/* "throttled at the CPU limit (all 5 pods)" */
static void
say_what(struct drawing *d, const struct alike *a)
{
	bool down = tree_is(a->series, "direction", "down");

	buf_adds(
	    &d->s.text, (down ? a->signal->down : a->signal->up)[d->s.lang]);
	say_how_many(d, a->series);
}

/* Of what many requests took, which of it. */
static void
say_form(struct drawing *d, const cJSON *series)
{
	if (tree_is(series, "form", "mean"))
		say(&d->s, "（平均）", " (mean)");
	else if (tree_is(series, "form", "p95"))
		say(&d->s, "（p95）", " (p95)");
}

/* ", 0.0002 s/s → 0.32 s/s since 02:58:15 (`metric`)" */
static void
say_change(struct drawing *d, const struct alike *a)
{
	const cJSON *change = tree_at(a->series, "change");
	enum resource_unit unit = signal_unit(a->signal,
	    tree_str(a->series, "form"), tree_str(a->series, "unit"));

	say_what(d, a);
	say_form(d, a->series);
	say(&d->s, "，", ", ");
	/* A moment of starting is no amount. */
	if (strcmp(a->signal->name, "started") != 0) {
		say_value(&d->s, tree_num(change, "from", NAN), unit);
		buf_adds(&d->s.text, " → ");
		say_value(&d->s, tree_num(change, "to", NAN), unit);
	}
	say(&d->s, "，始于", " since ");
	say_time(&d->s, tree_num(a->series, "began", 0));
	say(&d->s, "（", " (");
	say_code(&d->s, tree_str(a->series, "metric"));
	say(&d->s, "）", ")");
}

/* Of one that names no series: the first of the tool's reasons. */
static void
say_reason(struct drawing *d, const cJSON *cause)
{
	const char *reason = tree_str(cause, "reason");
	const char *end = strstr(reason, "; ");
	auto_str first = xstrndup(
	    reason, end != NULL ? (size_t)(end - reason) : strlen(reason));

	if (reason[0] == '\0')
		return;
	say(&d->s, "：", ": ");
	say_words(&d->s, first);
}

void
causes_put(struct drawing *d, const struct study *s, const cJSON *cause)
{
	struct alike list[CHANGES_NAMED];
	int n = changes_of(s, cause, list), i;

	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	for (i = 0; i < n; i++) {
		if (i == 0)
			say(&d->s, "：", ": ");
		else
			say(&d->s, "；", "; ");
		say_change(d, &list[i]);
	}
	if (n == 0)
		say_reason(d, cause);
}

/* The same in short: what, and since when. */
static cJSON *
headline(struct drawing *d, const struct study *s, const cJSON *cause)
{
	struct alike list[CHANGES_NAMED];

	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	if (changes_of(s, cause, list) == 0) {
		say_reason(d, cause);
		return say_claim(&d->s);
	}
	say(&d->s, "：", ": ");
	say_what(d, &list[0]);
	say(&d->s, "，始于", " since ");
	say_time(&d->s, tree_num(list[0].series, "began", 0));
	return say_claim(&d->s);
}

/* For want of memory, which restarting before it runs out is too late for. */
static bool
is_killed(const struct study *s)
{
	return tree_is(tree_at(s->alert, "labels"), "reason", "OOMKilled") ||
	       strcasestr(tree_str(s->alert, "name"), "oom") != NULL;
}

/* By what changed most of it. */
static void
advise_cause(struct drawing *d, const struct study *s, const cJSON *cause)
{
	struct alike list[CHANGES_NAMED] = {{NULL, NULL}};
	int n = changes_of(s, cause, list);
	const char *who = tree_str(cause, "service");
	/* Of its pods the one that the alert names. */
	bool own = who[0] != '\0' &&
		   strncmp(tree_str(s->labels, "pod"), who, strlen(who)) == 0;
	const cJSON *labels = n > 0 ? tree_at(list[0].series, "labels") : NULL;

	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_advise_of(d, s,
	    is_killed(s) && own ? signal_of("", span_of("oom"))
	    : n > 0             ? list[0].signal
				: signal_of("", span_of("")),
	    &(struct signal_case){.who = who,
		.metric = n > 0 ? tree_str(list[0].series, "metric") : "",
		.labels = own ? s->labels : labels,
		.further = own ? labels : s->labels});
}

/* A release or a new label set just before: a change that may be why. */
static void
tell_trigger(
    struct drawing *d, int n, const struct study *s, const cJSON *cause)
{
	double changed = tree_num(cause, "changed", 0);

	if (changed <= 0)
		return;
	say_code(&d->s, tree_str(cause, "service"));
	say(&d->s, "在", " showed a new version or label set at ");
	say_time(&d->s, changed);
	say(&d->s, "出现了新的版本或标签", "");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_says(d, "changed", tree_str(cause, "service"));
	drawing_finding(d, "trigger", n,
	    drawing_word(d, "核对那时的发布，必要时回滚",
		"compare with the release at that time; roll back if need be"));
}

static bool
is_ruled_out(const struct study *s, const char *service)
{
	const cJSON *list =
	    tree_at(tree_at(s->causes.answer, "data"), "ruled_out");
	const cJSON *item;

	cJSON_ArrayForEach (item, list)
		if (tree_is(item, "service", service))
			return true;
	return false;
}

/* The next suspects: neither found guilty nor ruled out. */
static void
tell_suspects(struct drawing *d, int n, const struct study *s, int from)
{
	const cJSON *causes =
	    tree_at(tree_at(s->causes.answer, "data"), "causes");
	int i;

	for (i = from; i < MIN(cJSON_GetArraySize(causes), SUSPECTS); i++) {
		const cJSON *cause = cJSON_GetArrayItem(causes, i);

		if (cJSON_GetArraySize(tree_at(cause, "series")) == 0 ||
		    is_ruled_out(s, tree_str(cause, "service")))
			continue;
		say(&d->s, "次可疑的", "less suspect: ");
		causes_put(d, s, cause);
		drawing_finding(d, "open", n, NULL);
	}
}

void
conclude_causes(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const cJSON *cause = causes_first(s);

	o->has_cause = true;
	o->by_causes = true;
	o->confidence = REPORT_LIKELY;
	causes_put(d, s, cause);
	drawing_says(d, "cause", tree_str(cause, "service"));
	drawing_finding(d, "cause", n, NULL);
	o->answer = headline(d, s, cause);
	say_code(&d->s, tree_str(cause, "service"));
	o->verdict = say_take(&d->s);
	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	o->chain_end = say_claim(&d->s);
	tell_trigger(d, n, s, cause);
	tell_suspects(d, n, s, 1);
	advise_cause(d, s, cause);
}

/* It stands out, and that is all. */
void
conclude_suspect(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const cJSON *cause = causes_first(s);
	const struct lack *lack = first_lack(s);
	auto_str first = NULL;

	o->by_causes = true;
	o->confidence = REPORT_SUSPECTED;
	say(&d->s, "怀疑", "suspected: ");
	causes_put(d, s, cause);
	say_lacks(d, s);
	drawing_says(d, "suspect", tree_str(cause, "service"));
	drawing_finding(d, "open", n, NULL);
	o->answer = headline(d, s, cause);
	say_code(&d->s, tree_str(cause, "service"));
	o->verdict = say_take(&d->s);
	tell_trigger(d, n, s, cause);
	tell_suspects(d, n, s, 1);
	say(&d->s, "先查明", "find out whether ");
	say_code(&d->s, tree_str(cause, "service"));
	say(&d->s, "与这个告警是否有关，再对它采取措施",
	    " has to do with this alert, before anything is done to it");
	first = say_take(&d->s);
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_advise(d, tree_str(s->alert, "name"), first,
	    lack != NULL ? lack->next[d->s.lang]
			 : drawing_word(d, "比较两者的日志和发布时间",
			       "compare the logs and releases of both"),
	    "");
}

/* ---- beside another answer, or none ---- */

/* What changed most, though not enough to name it. */
static int
tell_leads(struct drawing *d, int n, const struct study *s)
{
	const cJSON *causes =
	    tree_at(tree_at(s->causes.answer, "data"), "causes");
	int i, told = 0;

	for (i = 0; i < MIN(cJSON_GetArraySize(causes), SUSPECTS); i++) {
		const cJSON *cause = cJSON_GetArrayItem(causes, i);

		if (cJSON_GetArraySize(tree_at(cause, "series")) == 0 ||
		    tree_num(cause, "score", 1) < LEAD_SCORE)
			continue;
		say(&d->s, "线索，不足以认定：",
		    "a lead, not enough to name it: ");
		causes_put(d, s, cause);
		drawing_says(d, "lead", tree_str(cause, "service"));
		drawing_finding(d, "open", n, NULL);
		told++;
	}
	return told;
}

/* Nothing stands out, which rules something out only where enough could be
 * compared. */
static void
tell_none(struct drawing *d, int n, const struct study *s, bool has_cause)
{
	const cJSON *data = tree_at(s->causes.answer, "data");
	int leads = tell_leads(d, n, s);
	bool few = tree_num(data, "compared", 1) <= 0 ||
		   lacks_it(s, &lacks[ARRAY_LEN(lacks) - 1]);

	say_cite(&d->s, answer_evidence(s->causes.answer));
	if (few) {
		say(&d->s,
		    "按统计与依赖关系可比较的太少：异常之前的数据点不够，"
		    "因此不能排除任何服务",
		    "by statistics and dependencies there is too little to "
		    "compare: too few points lie before the onset, so no "
		    "service is ruled out");
		drawing_finding(d, "open", n, NULL);
		return;
	}
	say(&d->s, "按统计与依赖关系，没有哪个服务明显突出",
	    "by statistics and dependencies no service stands out");
	if (cJSON_GetArraySize(tree_at(data, "missing")) > 0) {
		say_lacks(d, s);
	} else {
		drawing_says(d, "none_stands_out", NULL);
	}
	drawing_finding(d,
	    has_cause && leads == 0 &&
		    cJSON_GetArraySize(tree_at(data, "missing")) == 0
		? "ruled_out"
		: "open",
	    n, NULL);
}

void
causes_tell_beside(
    struct drawing *d, int n, const struct study *s, bool has_cause)
{
	const cJSON *cause = causes_first(s);
	int other;

	if (s->causes.answer == NULL)
		return;
	if (!answer_ok(s->causes.answer)) {
		say(&d->s, "按统计与依赖关系查找失败：",
		    "The search by statistics and dependencies failed: ");
		say_brief(&d->s, answer_error(s->causes.answer));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		drawing_finding(d, "open", n, NULL);
		return;
	}
	if (cause == NULL || causes_confidence(s) < REPORT_SUSPECTED) {
		tell_none(d, n, s, has_cause);
		return;
	}
	/* What is down is told already. */
	if (has_cause && !s->is_over &&
	    (s->target != NULL || targets_first_of(d, s) != NULL) &&
	    (tree_is(s->labels, "job", tree_str(cause, "service")) ||
		tree_is(tree_at(s->alert, "labels"), "job",
		    tree_str(cause, "service"))))
		return;
	/* That it changed at the time does not make it part of this. */
	other = blamed_elsewhere(d, n, s);
	if (other >= 0)
		say(&d->s, "变化最大的是", "what changed most is ");
	else
		say(&d->s, "按统计与依赖关系变化最大的另有",
		    "by statistics and dependencies what changed most besides "
		    "is ");
	/* How it did stands under the other incident. */
	if (other >= 0) {
		say_code(&d->s, tree_str(cause, "service"));
		say_cite(&d->s, answer_evidence(s->causes.answer));
	} else {
		causes_put(d, s, cause);
	}
	say(&d->s, "；与本事件的关系没有证实",
	    "; nothing shows that it has to do with this incident");
	if (other >= 0) {
		say(&d->s, "，它在同一时间对事件 ",
		    ": it stands out just as much for incident ");
		buf_addf(&d->s.text, "%d", other + 1);
		say(&d->s, "也同样突出，而没有依赖关系通向它",
		    ", and no dependency leads to it");
	}
	drawing_says(d, "suspect", tree_str(cause, "service"));
	drawing_finding(d, "open", n, NULL);
}

/* ---- ruled out, not looked at ---- */

static const char *
text_of(const cJSON *item)
{
	static const char *const keys[] = {"reason", "why", "text", "what"};
	size_t i;

	if (cJSON_IsString(item))
		return item->valuestring;
	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (tree_has(item, keys[i]))
			return tree_str(item, keys[i]);
	return "";
}

/* Explained by what it depends on, or by what the tool says. */
static void
tell_ruled_out(
    struct drawing *d, int n, const struct study *s, const cJSON *item)
{
	const char *service = tree_str(item, "service");

	if (service[0] != '\0')
		say_code(&d->s, service);
	if (service[0] != '\0' && text_of(item)[0] != '\0')
		say(&d->s, "：", ": ");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	if (tree_has(item, "by")) {
		say(&d->s, "它的症状由它所依赖的",
		    "its symptoms are explained by ");
		say_code(&d->s, tree_str(item, "by"));
		say(&d->s, "解释", ", which it depends on");
		drawing_says(d, "explained", service);
	} else if (text_of(item)[0] != '\0') {
		say_words(&d->s, text_of(item));
	}
	drawing_finding(d, "ruled_out", n, NULL);
}

/* Whether the answer bears that nothing of it changed. */
static bool
is_usual(const struct drawing *d, const struct study *s, const cJSON *item)
{
	AUTO(tree) claim = cJSON_CreateObject();
	cJSON *says = cJSON_AddObjectToObject(claim, "says");
	cJSON *ids = cJSON_AddArrayToObject(claim, "evidence");

	cJSON_AddStringToObject(says, "kind", "nothing_unusual");
	cJSON_AddStringToObject(says, "service", tree_str(item, "service"));
	cJSON_AddItemToArray(
	    ids, cJSON_CreateString(answer_evidence(s->causes.answer)));
	return tree_num(item, "compared", 0) > 0 && !tree_has(item, "by") &&
	       statement_holds(claim, d->k->facts.state);
}

/* One sentence for all of which nothing changed. */
static void
tell_usual(struct drawing *d, int n, const struct study *s, const cJSON *list)
{
	cJSON *services = cJSON_CreateArray();
	const cJSON *item;
	int told = 0;

	cJSON_ArrayForEach (item, list) {
		if (!is_usual(d, s, item) || told == USUAL_MAX)
			continue;
		if (told++ > 0)
			say(&d->s, "、", ", ");
		say_code(&d->s, tree_str(item, "service"));
		buf_addf(&d->s.text,
		    d->zh       ? "（%.0f 条）"
		    : told == 1 ? " (%.0f series)"
				: " (%.0f)",
		    tree_num(item, "compared", 0));
		cJSON_AddItemToArray(
		    services, cJSON_CreateString(tree_str(item, "service")));
	}
	if (told == 0) {
		cJSON_Delete(services);
		return;
	}
	say(&d->s, "：比较过的序列没有异常",
	    ": nothing unusual in the series compared");
	if (told == USUAL_MAX)
		say(&d->s, "；更多的列在证据里", "; the evidence has more");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_says(d, "nothing_unusual", NULL);
	cJSON_AddItemToObject(d->says, "services", services);
	drawing_finding(d, "ruled_out", n, NULL);
}

/* Of several incidents one may have the same to say. */
static void
add_unseen(struct drawing *d)
{
	cJSON *claim = say_claim(&d->s);
	const cJSON *one;

	cJSON_ArrayForEach (one, d->unseen)
		if (tree_is(one, "text", tree_str(claim, "text"))) {
			cJSON_Delete(claim);
			return;
		}
	cJSON_AddItemToArray(d->unseen, claim);
}

void
causes_tell_alternatives(struct drawing *d, int n, const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data"), *item;
	int told = 0;

	if (!answer_ok(s->causes.answer))
		return;
	cJSON_ArrayForEach (item, tree_at(data, "ruled_out")) {
		if (tree_num(item, "compared", 0) > 0 && !tree_has(item, "by"))
			continue;
		if (told++ == RULED_OUT_MAX)
			break;
		tell_ruled_out(d, n, s, item);
	}
	tell_usual(d, n, s, tree_at(data, "ruled_out"));
	told = 0;
	cJSON_ArrayForEach (item, tree_at(data, "not_looked_at")) {
		if (text_of(item)[0] == '\0')
			continue;
		if (told++ == UNSEEN_MAX) {
			say(&d->s, "更多的列在证据里",
			    "the evidence lists more");
			say_cite(&d->s, answer_evidence(s->causes.answer));
			cJSON_AddItemToArray(d->unseen, say_claim(&d->s));
			break;
		}
		if (tree_has(item, "what") &&
		    text_of(item) != tree_str(item, "what")) {
			say_words(&d->s, tree_str(item, "what"));
			say(&d->s, "：", ": ");
		}
		say_words(&d->s, text_of(item));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		add_unseen(d);
	}
}
