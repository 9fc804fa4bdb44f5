/*
 * conclude_causes.c - an incident explained by find_causes.
 *
 * In the report's language and from the result's own figures; its English
 * reasons are quoted only where it names no series.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"

/* Of a service that hardly changed; the alert's own has it anyway. */
#define LEAD_SCORE 0.05
enum {
	RULED_OUT_MAX = 6,
	UNSEEN_MAX = 12,
	CHANGES_NAMED = 2,
	SUSPECTS = 3,
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

static enum resource_unit
unit_named(const char *unit)
{
	static const struct {
		const char *name;
		enum resource_unit unit;
	} units[] = {{"seconds", UNIT_SECONDS}, {"bytes", UNIT_BYTES},
	    {"bytes per second", UNIT_BYTES_S}, {"cores", UNIT_CORES}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].unit;
	return UNIT_NONE;
}

/* How one series changed: `metric` rose from a to b at t. */
static void
say_change(struct drawing *d, const cJSON *series)
{
	const cJSON *change = tree_at(series, "change");
	enum resource_unit unit = unit_named(tree_str(series, "unit"));

	say_code(&d->s, tree_str(series, "metric"));
	say(&d->s, "在", " ");
	if (!d->zh)
		buf_adds(&d->s.text, "at ");
	say_time(&d->s, tree_num(series, "began", 0));
	say(&d->s, "从", " went from ");
	say_value(&d->s, tree_num(change, "from", 0), unit);
	if (tree_is(series, "direction", "down"))
		say(&d->s, "降到", " down to ");
	else
		say(&d->s, "升到", " up to ");
	say_value(&d->s, tree_num(change, "to", 0), unit);
}

/* Its changes in our words; in the tool's when it names no series. */
void
causes_put(struct drawing *d, const struct study *s, const cJSON *cause)
{
	const cJSON *data = tree_at(s->causes.answer, "data");
	const cJSON *series = tree_at(data, "series"), *index;
	int told = 0;

	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	cJSON_ArrayForEach (index, tree_at(cause, "series")) {
		const cJSON *one =
		    cJSON_IsNumber(index)
			? cJSON_GetArrayItem(series, index->valueint)
			: NULL;

		if (one == NULL || told == CHANGES_NAMED)
			continue;
		if (told++ == 0)
			say(&d->s, "：", ": ");
		else
			say(&d->s, "；", "; ");
		say_change(d, one);
	}
	if (told == 0 && tree_has(cause, "reason")) {
		say(&d->s, "：", ": ");
		say_code(&d->s, tree_str(cause, "reason"));
	}
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

/* The next suspects: neither found guilty nor ruled out. */
static void
tell_suspects(struct drawing *d, int n, const struct study *s, int from)
{
	const cJSON *causes =
	    tree_at(tree_at(s->causes.answer, "data"), "causes");
	int i;

	for (i = from; i < MIN(cJSON_GetArraySize(causes), SUSPECTS); i++) {
		const cJSON *cause = cJSON_GetArrayItem(causes, i);

		if (cJSON_GetArraySize(tree_at(cause, "series")) == 0)
			continue;
		say(&d->s, "次可疑的", "Less suspect: ");
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
	say(&d->s, "最可疑的是", "Most suspect is ");
	causes_put(d, s, cause);
	drawing_says(d, "cause", tree_str(cause, "service"));
	drawing_finding(d, "cause", n,
	    drawing_word(d, "查看它在开始变化那一刻的日志、发布和配置变更",
		"look at its log, releases and configuration changes at the "
		"time the change began"));
	say(&d->s, "最可疑的是", "Most suspect is ");
	causes_put(d, s, cause);
	o->answer = say_claim(&d->s);
	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	o->chain_end = say_claim(&d->s);
	tell_trigger(d, n, s, cause);
	tell_suspects(d, n, s, 1);
	say(&d->s, "先检查", "Look first at ");
	say_code(&d->s, tree_str(cause, "service"));
	say(&d->s, "的日志、最近的发布与依赖；必要时回滚",
	    ": its log, its last release, what it depends on; roll back if "
	    "need be");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_action(d);
}

/* It stands out, and that is all. */
void
conclude_suspect(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const cJSON *cause = causes_first(s);
	const struct lack *first = first_lack(s);

	o->by_causes = true;
	o->confidence = REPORT_SUSPECTED;
	say(&d->s, "怀疑", "Suspected is ");
	causes_put(d, s, cause);
	say_lacks(d, s);
	drawing_says(d, "suspect", tree_str(cause, "service"));
	drawing_finding(
	    d, "open", n, first != NULL ? first->next[d->s.lang] : NULL);
	say(&d->s, "怀疑", "Suspected is ");
	causes_put(d, s, cause);
	say_lacks(d, s);
	o->answer = say_claim(&d->s);
	tell_trigger(d, n, s, cause);
	tell_suspects(d, n, s, 1);
	say(&d->s, "先查明", "Find out first whether ");
	say_code(&d->s, tree_str(cause, "service"));
	say(&d->s, "与这个告警是否有关，再对它采取措施",
	    " has to do with this alert, before anything is done to it");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_action(d);
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
		    "A lead, not enough to name it: ");
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
		    "By statistics and dependencies there is too little to "
		    "compare: too few points lie before the onset, so no "
		    "service is ruled out");
		drawing_finding(d, "open", n, NULL);
		return;
	}
	say(&d->s, "按统计与依赖关系，没有哪个服务明显突出",
	    "By statistics and dependencies no service stands out");
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
		say_code(&d->s, answer_error(s->causes.answer));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		drawing_finding(d, "open", n, NULL);
		return;
	}
	if (cause == NULL || causes_confidence(s) < REPORT_SUSPECTED) {
		tell_none(d, n, s, has_cause);
		return;
	}
	/* That it changed at the time does not make it part of this. */
	other = blamed_elsewhere(d, n, s);
	if (other >= 0)
		say(&d->s, "注意：变化最大的是", "A warning: most changed ");
	else
		say(&d->s, "按统计与依赖关系变化最大的另有",
		    "By statistics and dependencies what changed most besides "
		    "is ");
	causes_put(d, s, cause);
	say(&d->s, "；与本事件的关系没有证实",
	    "; that it has to do with this incident is not shown");
	if (other >= 0) {
		say(&d->s, "，它在同一时间对事件 ",
		    ": it stands out just as much for incident ");
		buf_addf(&d->s.text, "%d", other + 1);
		say(&d->s, "也同样突出，而没有依赖关系通向它",
		    ", and no path leads to it");
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

/* The tool's own words, in the report's language where they are known. */
static void
say_words(struct drawing *d, const char *text)
{
	static const char *const known[][REPORT_LANGS] = {
	    {"单个指标超出了序列数预算", "does not fit the budget of series"},
	    {"序列太多，按服务汇总后查看",
		"its many series were summed per service"},
	    {"这里没有任何序列", "no series are there"},
	    {"部分结果", "part of the answers"},
	    {"每个指标有多少序列", "how many series each metric has"},
	};
	size_t i;

	for (i = 0; d->zh && i < ARRAY_LEN(known); i++)
		if (strcmp(text, known[i][REPORT_EN]) == 0) {
			buf_adds(&d->s.text, known[i][REPORT_ZH]);
			return;
		}
	say_code(&d->s, text);
}

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
	} else if (tree_num(item, "compared", 0) > 0) {
		say(&d->s, "比较过的序列没有异常，共 ",
		    "nothing unusual in its series that were compared: ");
		say_value(&d->s, tree_num(item, "compared", 0), UNIT_NONE);
		say(&d->s, "条", "");
		drawing_says(d, "nothing_unusual", service);
	} else if (text_of(item)[0] != '\0') {
		say_code(&d->s, text_of(item));
	}
	drawing_finding(d, "ruled_out", n, NULL);
}

void
causes_tell_alternatives(struct drawing *d, int n, const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data"), *item;
	int told = 0;

	if (!answer_ok(s->causes.answer))
		return;
	cJSON_ArrayForEach (item, tree_at(data, "ruled_out")) {
		if (told++ == RULED_OUT_MAX)
			break;
		tell_ruled_out(d, n, s, item);
	}
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
			say_words(d, tree_str(item, "what"));
			say(&d->s, "：", ": ");
		}
		say_words(d, text_of(item));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		cJSON_AddItemToArray(d->unseen, say_claim(&d->s));
	}
}
