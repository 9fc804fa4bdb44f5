/*
 * conclude.c - from the answers to the structured conclusion.
 *
 * Honest by rule: a cause is confirmed only when who uses the resource was
 * measured, stands out, and rose when the alert's own measure did; likely
 * when part of that holds or statistics say so; else it is undetermined, and
 * what was ruled out is said. Figures are samples, never computed here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/alerts.h"
#include "common/rc.h"
#include "common/tree.h"
#include "planner/case.h"
#include "planner/say.h"

enum {
	OTHERS_NAMED = 8,
	RULED_OUT_MAX = 6,
	UNSEEN_MAX = 12,
	CHANGES_NAMED = 2,
	SUSPECTS = 3,
};

struct drawing {
	const struct kase *k;
	cJSON *findings, *actions, *unseen;
	struct say s;
	bool zh;
};

/* What an incident comes to. */
struct outcome {
	cJSON *answer;    /* claim */
	cJSON *chain_end; /* claim */
	enum report_confidence confidence;
	bool has_cause;
	bool by_causes; /* as find_causes has it */
};

static const char *
word(const struct drawing *d, const char *zh, const char *en)
{
	return d->zh ? zh : en;
}

static void
finding(struct drawing *d, const char *role, int incident, const char *next)
{
	cJSON_AddItemToArray(
	    d->findings, say_finding(&d->s, role, incident, next));
}

static void
action(struct drawing *d)
{
	cJSON_AddItemToArray(d->actions, say_claim(&d->s));
}

static const char *
alerts_evidence(const struct drawing *d)
{
	return answer_evidence(d->k->facts.alerts_answer);
}

static const char *
rules_evidence(const struct drawing *d)
{
	return answer_evidence(d->k->facts.rules_answer);
}

/* ---- the alert's own measure ---- */

/* In bytes when that is what the expression is, and nothing divides it. */
static enum resource_unit
unit_of(struct span expr)
{
	struct span names[4];
	int n = promql_metrics(expr, names, 4), i;

	static const char *const changing[] = {
	    "/", "rate", "deriv", "delta", "increase", "changes", "count"};
	size_t k;

	for (k = 0; k < ARRAY_LEN(changing); k++)
		if (memmem(expr.p, expr.n, changing[k], strlen(changing[k])))
			return UNIT_NONE;
	if (n == 0)
		return UNIT_NONE;
	for (i = 0; i < n; i++)
		if (names[i].n < 6 ||
		    memcmp(names[i].p + names[i].n - 6, "_bytes", 6) != 0)
			return UNIT_NONE;
	return UNIT_BYTES;
}

static void
say_expr(struct say *s, struct span expr)
{
	auto_str text = xstrndup(expr.p, expr.n);

	say_code(s, text);
}

static void
say_threshold(struct drawing *d, const struct looked *x)
{
	if (!x->measure.has_threshold)
		return;
	say(&d->s, "（触发条件", " (fires when ");
	buf_addf(&d->s.text, d->zh ? " %s" : "%s", x->measure.op);
	if (!d->zh)
		buf_addc(&d->s.text, ' ');
	say_value(&d->s, x->measure.threshold, unit_of(x->measure.expr));
	say(&d->s, "）", ")");
	say_cite(&d->s, rules_evidence(d));
}

static void
say_course(struct drawing *d, const struct looked *x)
{
	const struct series *v = &x->series;
	enum resource_unit unit = unit_of(x->measure.expr);
	bool low = x->measure.op[0] == '<';

	if (v->min == v->max) {
		say(&d->s, "，时间窗内一直是", ": all through the window ");
		say_value(&d->s, v->last, unit);
		say_threshold(d, x);
		return;
	}
	say(&d->s, "，时间窗内从", ": from ");
	say_value(&d->s, v->first, unit);
	say(&d->s, "变到", " to ");
	say_value(&d->s, v->last, unit);
	say(&d->s, low ? "，最低" : "，最高",
	    low ? " over the window, lowest " : " over the window, highest ");
	say_value(&d->s, low ? v->min : v->max, unit);
	if ((low ? v->min_t : v->max_t) > 0) {
		say(&d->s, "（", " at ");
		say_time(&d->s, low ? v->min_t : v->max_t);
		say(&d->s, "）", "");
	}
	say_threshold(d, x);
}

static void
say_since(struct drawing *d, const struct looked *x)
{
	if (x->since_t <= 0)
		return;
	say(&d->s, "；最后一次在阈值以内是", "; last within its threshold at ");
	say_time(&d->s, x->since_t);
	say_cite(&d->s, answer_evidence(x->since.answer));
}

static void
tell_absent(struct drawing *d, int n, const struct looked *x)
{
	say(&d->s, "期望存在的序列", "The series that should be there, ");
	say_expr(&d->s, x->measure.expr);
	say_cite(&d->s, answer_evidence(x->range.answer));
	if (x->found && x->series.to_t > 0) {
		say(&d->s, "，最后一次有数据是", ", had its last sample at ");
		say_time(&d->s, x->series.to_t);
	} else {
		say(&d->s, "，在整个时间窗内没有数据",
		    ", had no sample in the whole window");
	}
	finding(d, "symptom", n, NULL);
}

static void
tell_failed(struct drawing *d, int n, const struct ask *a)
{
	say(&d->s, "查询失败", "A query failed");
	say_code(&d->s, tree_str(a->args, "query"));
	say(&d->s, "：", ": ");
	say_code(&d->s, answer_error(a->answer));
	say_cite(&d->s, answer_evidence(a->answer));
	finding(d, "open", n, NULL);
}

static void
tell_looked(struct drawing *d, int n, const struct looked *x)
{
	if (x->range.answer == NULL)
		return;
	if (!answer_ok(x->range.answer)) {
		tell_failed(d, n, &x->range);
		return;
	}
	if (x->measure.role == PROMQL_ABSENT) {
		tell_absent(d, n, x);
		return;
	}
	say_cite(&d->s, answer_evidence(x->range.answer));
	say_code(&d->s, tree_str(x->alert, "name"));
	say(&d->s, "：", ": ");
	say_expr(&d->s, x->measure.expr);
	if (x->found) {
		say_labels(&d->s, x->series.labels, 4);
		say_course(d, x);
		say_since(d, x);
	} else {
		say(&d->s, "在时间窗内没有属于这个告警的数据",
		    " has no data of this alert in the window");
	}
	finding(d, "symptom", n, NULL);
}

static void
tell_others(struct drawing *d, int n, const struct looked *x)
{
	if (!x->found || x->others == 0 || !x->measure.has_threshold)
		return;
	say_cite(&d->s, answer_evidence(x->range.answer));
	if (x->others_beyond) {
		say(&d->s,
		    "同一表达式的其他序列也越过了阈值，不是单个对象的问题",
		    "Other series of the same expression are beyond the "
		    "threshold as well: it is not this one alone");
		finding(d, "symptom", n, NULL);
	} else {
		say(&d->s, "普遍现象：同一表达式的其他序列都在阈值以内",
		    "A general problem: the other series of the expression are "
		    "all within the threshold");
		finding(d, "ruled_out", n, NULL);
	}
}

static void
say_target(struct drawing *d, const cJSON *target)
{
	say(&d->s, "目标", "The target ");
	say_labels(&d->s, tree_at(target, "labels"), 3);
	say(&d->s, " 无法采集", " cannot be scraped");
	if (tree_has(target, "lastError")) {
		say(&d->s, "：", ": ");
		say_code(&d->s, tree_str(target, "lastError"));
	}
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
}

static void
tell_rule(struct drawing *d, int n, const struct study *s)
{
	int i;

	for (i = 0; i < s->n_looked; i++)
		tell_looked(d, n, &s->looked[i]);
	if (study_own(s) != NULL)
		tell_others(d, n, study_own(s));
	for (i = 0; i < s->n_down; i++) {
		say_target(d, s->down[i]);
		finding(d, "contributing", n, NULL);
	}
	if (s->rule != NULL || d->k->facts.rules_answer == NULL)
		return;
	if (answer_ok(d->k->facts.rules_answer))
		say(&d->s, "这里没有名为", "There is no rule named ");
	else
		say(&d->s, "未能取得规则，不知道",
		    "The rules could not be read; "
		    "unknown is the expression of ");
	say_code(&d->s, tree_str(s->alert, "name"));
	if (answer_ok(d->k->facts.rules_answer))
		say(&d->s, " 的规则，它可能由别处的 ruler 评估",
		    " here; a ruler elsewhere may evaluate it");
	else
		say(&d->s, " 的表达式", "");
	say_cite(&d->s, rules_evidence(d));
	finding(d, "open", n,
	    word(d, "在发出这个告警的系统里查看它的表达式",
		"look up its expression in the system that sent it"));
}

/* ---- the rest of the incident ---- */

static void
tell_members(struct drawing *d, int n, const struct study *s)
{
	const struct incident *x = s->incident;
	int i, named = 0;
	cJSON *seen = cJSON_CreateObject();

	cJSON_AddNullToObject(seen, tree_str(s->alert, "name"));
	for (i = 0; i < x->n; i++) {
		const char *name = tree_str(x->alerts[i], "name");

		if (tree_at(seen, name) != NULL || named == OTHERS_NAMED)
			continue;
		if (named++ == 0)
			say(&d->s, "同一事件中还触发了",
			    "Of the same incident there also fire");
		if (!d->zh)
			buf_addc(&d->s.text, ' ');
		say_code(&d->s, name);
		cJSON_AddNullToObject(seen, name);
	}
	cJSON_Delete(seen);
	if (named == 0)
		return;
	say_cite(&d->s, alerts_evidence(d));
	finding(d, "symptom", n, NULL);
}

/* ---- a target that is down ---- */

static void
conclude_target(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	o->has_cause = true;
	o->confidence = REPORT_LIKELY;
	say_target(d, s->target);
	finding(d, "cause", n,
	    word(d, "在那台主机上确认进程是否在运行、端口是否可达",
		"see on that host whether the process runs and its port can "
		"be reached"));
	say_target(d, s->target);
	o->answer = say_claim(&d->s);
	say_labels(&d->s, tree_at(s->target, "labels"), 3);
	say(&d->s, "无法采集", " cannot be scraped");
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
	o->chain_end = say_claim(&d->s);
	say(&d->s, "在目标所在主机上检查进程状态和日志，恢复后确认采集正常：",
	    "Look at the process and its log on the target's host; once it "
	    "is back, see that it is scraped: ");
	say_labels(&d->s, tree_at(s->target, "labels"), 3);
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
	action(d);
}

/* ---- who uses the resource ---- */

static const struct advice {
	const char *resource;
	const char *text[REPORT_LANGS];
} advices[] = {
    {"cpu",
	{"确认它是否应当在运行；不应当就停止它，应当就限制它的 "
	 "CPU（cgroup、nice）或扩容：",
	    "See whether it should be running; if not, stop it, if so, limit "
	    "its CPU (cgroup, nice) or add capacity: "}},
    {"memory",
	{"确认它的内存增长是否正常；必要时在耗尽之前重启它或限制它的内存：",
	    "See whether its memory should grow so; restart or limit it "
	    "before memory runs out if need be: "}},
    {"", {"确认它的用量是否正常，必要时限制它：",
	     "See whether it should use as much; limit it if need be: "}},
};

static void
advise(struct drawing *d, const struct study *s)
{
	const struct advice *a = advices;

	while (a->resource[0] != '\0' &&
	       strcmp(a->resource, s->resource->key) != 0)
		a++;
	say(&d->s, a->text[REPORT_ZH], a->text[REPORT_EN]);
	buf_adds(&d->s.text, resource_key_word(s->top.key, d->s.lang));
	buf_addc(&d->s.text, ' ');
	say_code(&d->s, s->top.value);
	say_cite(&d->s, answer_evidence(s->users.answer));
	action(d);
}

static void
say_user(struct drawing *d, const struct study *s, const struct user *u)
{
	buf_adds(&d->s.text, resource_key_word(u->key, d->s.lang));
	if (!d->zh)
		buf_addc(&d->s.text, ' ');
	say_code(&d->s, u->value);
	say_cite(&d->s, answer_evidence(s->users.answer));
}

static void
say_top(struct drawing *d, const struct study *s)
{
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	say(&d->s, "主要被", " is mostly used by ");
	say_user(d, s, &s->top);
	say(&d->s, " 占用：", ": ");
	say_value(&d->s, s->top.series.last, s->resource->unit);
}

static void
say_rise(struct drawing *d, const struct study *s)
{
	if (s->user_since_t <= 0)
		return;
	say(&d->s, "，在", ", risen after ");
	say_time(&d->s, s->user_since_t);
	say(&d->s, "之后升到这个水平", "");
	if (study_user_agrees(s))
		say(&d->s, "，与告警条件成立的时间一致",
		    ", when the alert's condition came true");
	say_cite(&d->s, answer_evidence(s->user_since.answer));
	say_cite(&d->s, answer_evidence(s->user_range.answer));
	if (study_own(s) != NULL)
		say_cite(&d->s, answer_evidence(study_own(s)->since.answer));
}

/* Whether the window shows that it used as much all along, while the alert
 * began within it. */
static bool
was_high_before(const struct study *s, const struct facts *f)
{
	double since = facts_since(s->alert);

	return s->user_found && answer_ok(s->user_since.answer) &&
	       !study_user_rose(s) && since > f->at_s - f->window_s / 2;
}

static void
tell_second(struct drawing *d, int n, const struct study *s)
{
	if (s->second.key == NULL)
		return;
	say_user(d, s, &s->second);
	say(&d->s, "：用量次之，只有", ": next in use, with only ");
	say_value(&d->s, s->second.series.last, s->resource->unit);
	finding(d, "ruled_out", n, NULL);
}

static void
conclude_user(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	o->has_cause = true;
	o->confidence = study_user_rose(s) && study_user_agrees(s)
			    ? REPORT_CONFIRMED
			    : REPORT_LIKELY;
	say_top(d, s);
	say_rise(d, s);
	finding(d, "cause", n, NULL);
	say_top(d, s);
	say_rise(d, s);
	o->answer = say_claim(&d->s);
	say_user(d, s, &s->top);
	if (!d->zh)
		buf_addc(&d->s.text, ' ');
	say_value(&d->s, s->top.series.last, s->resource->unit);
	o->chain_end = say_claim(&d->s);
	tell_second(d, n, s);
	advise(d, s);
}

/* Measured, but it does not explain the alert. */
static void
tell_weak_user(struct drawing *d, int n, const struct study *s)
{
	say_top(d, s);
	say(&d->s,
	    was_high_before(s, &d->k->facts) ? "，但告警之前它就是这个水平"
					     : "，但它并不比其他的突出",
	    was_high_before(s, &d->k->facts)
		? ", but it did so before the alert"
		: ", but it does not stand out from the others");
	say_cite(&d->s, answer_evidence(s->user_range.answer));
	finding(d, "open", n, NULL);
	tell_second(d, n, s);
}

static void
tell_no_user(struct drawing *d, int n, const struct study *s)
{
	if (s->users.answer == NULL)
		return;
	if (!answer_ok(s->users.answer)) {
		tell_failed(d, n, &s->users);
		return;
	}
	say(&d->s, "没有进程或容器一级的指标能说明是谁在使用",
	    "No metric of processes or containers tells who uses the ");
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	say_cite(&d->s, answer_evidence(s->users.answer));
	finding(d, "open", n,
	    word(d, "登录该主机查看，或安装 process-exporter、cAdvisor 之类",
		"look on the host, or install something like process-exporter "
		"or cAdvisor"));
}

/* ---- find_causes ---- */

static const cJSON *
first_cause(const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data");

	return answer_ok(s->causes.answer)
		   ? cJSON_GetArrayItem(tree_at(data, "causes"), 0)
		   : NULL;
}

static enum report_confidence
causes_confidence(const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data");
	enum report_confidence c =
	    report_confidence_of(tree_str(data, "confidence"));

	/* Statistics show what changed, not how it did so. */
	return MIN(c, REPORT_LIKELY);
}

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
static void
say_cause(struct drawing *d, const struct study *s, const cJSON *cause)
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
	finding(d, "trigger", n,
	    word(d, "核对那时的发布，必要时回滚",
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
		say_cause(d, s, cause);
		finding(d, "open", n, NULL);
	}
}

static void
conclude_causes(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const cJSON *cause = first_cause(s);

	o->has_cause = true;
	o->by_causes = true;
	o->confidence = REPORT_LIKELY;
	say(&d->s, "最可疑的是", "Most suspect is ");
	say_cause(d, s, cause);
	finding(d, "cause", n,
	    word(d, "查看它在开始变化那一刻的日志、发布和配置变更",
		"look at its log, releases and configuration changes at the "
		"time the change began"));
	say(&d->s, "最可疑的是", "Most suspect is ");
	say_cause(d, s, cause);
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
	action(d);
}

static void
tell_causes_beside(
    struct drawing *d, int n, const struct study *s, bool has_cause)
{
	const cJSON *cause = first_cause(s);

	if (s->causes.answer == NULL)
		return;
	if (!answer_ok(s->causes.answer)) {
		say(&d->s, "按统计与依赖关系查找失败：",
		    "The search by statistics and dependencies failed: ");
		say_code(&d->s, answer_error(s->causes.answer));
		finding(d, "open", n, NULL);
		return;
	}
	say_cite(&d->s, answer_evidence(s->causes.answer));
	if (cause != NULL && causes_confidence(s) >= REPORT_LIKELY &&
	    has_cause) {
		say(&d->s, "按统计与依赖关系最可疑的是",
		    "By statistics and dependencies most suspect is ");
		say_cause(d, s, cause);
		finding(d, "contributing", n, NULL);
	} else {
		say(&d->s, "按统计与依赖关系，没有哪个服务明显突出",
		    "By statistics and dependencies no service stands out");
		finding(d, has_cause ? "ruled_out" : "open", n, NULL);
	}
}

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

static void
tell_alternatives(struct drawing *d, int n, const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data"), *item;
	int told = 0;

	if (!answer_ok(s->causes.answer))
		return;
	cJSON_ArrayForEach (item, tree_at(data, "ruled_out")) {
		if (told++ == RULED_OUT_MAX)
			break;
		if (tree_has(item, "service"))
			say_code(&d->s, tree_str(item, "service"));
		if (tree_has(item, "service") && text_of(item)[0] != '\0')
			say(&d->s, "：", ": ");
		if (text_of(item)[0] != '\0')
			say_code(&d->s, text_of(item));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		finding(d, "ruled_out", n, NULL);
	}
	told = 0;
	cJSON_ArrayForEach (item, tree_at(data, "not_looked_at")) {
		if (text_of(item)[0] == '\0' || told++ == UNSEEN_MAX)
			continue;
		if (tree_has(item, "what") &&
		    text_of(item) != tree_str(item, "what")) {
			say_code(&d->s, tree_str(item, "what"));
			say(&d->s, "：", ": ");
		}
		say_code(&d->s, text_of(item));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		cJSON_AddItemToArray(d->unseen, say_claim(&d->s));
	}
}

/* ---- an incident ---- */

static void
say_subject(struct drawing *d, const struct study *s)
{
	const char *key = "";
	char value[200];

	say_code(&d->s, tree_str(s->alert, "name"));
	incident_identity(
	    tree_at(s->alert, "labels"), &key, value, sizeof(value));
	if (value[0] != '\0' && key[0] != '\0') {
		auto_str pair = xasprintf(
		    "%s=%s", key, tree_str(tree_at(s->alert, "labels"), key));

		if (!d->zh)
			buf_addc(&d->s.text, ' ');
		say_code(&d->s, pair);
	}
}

static void
conclude_nothing(struct drawing *d, const struct study *s, struct outcome *o)
{
	o->confidence = REPORT_UNDETERMINED;
	say(&d->s, "未能确定", "The cause of ");
	say_subject(d, s);
	say(&d->s, " 的原因；已经测到的现象、排除的可能和下一步列在下面",
	    " is undetermined; what was measured, what is ruled out and what "
	    "to do next stand below");
	say_cite(&d->s, alerts_evidence(d));
	o->answer = say_claim(&d->s);
	say(&d->s, "继续排查", "Go on with ");
	say_subject(d, s);
	say(&d->s, "：按“尚未确定”里的下一步做",
	    ": take the next steps under what is still open");
	action(d);
}

/* That nothing is there was measured; why, no metric tells. */
static void
conclude_absent(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const struct looked *x = study_own(s);

	o->confidence = REPORT_UNDETERMINED;
	say_expr(&d->s, x->measure.expr);
	say(&d->s, "没有数据；为什么没有，从指标看不出来",
	    " has no data; why, no metric tells");
	say_cite(&d->s, answer_evidence(x->range.answer));
	o->answer = say_claim(&d->s);
	say(&d->s, "没有数据的原因：目标没有采集、指标改名、或标签写错",
	    "Why it has no data: its target is not scraped, the metric was "
	    "renamed, or a label is misspelt");
	say_cite(&d->s, answer_evidence(x->range.answer));
	finding(d, "open", n,
	    word(d, "确认应当暴露它的目标在采集配置里，并直接查看它的 /metrics",
		"see that the target which should expose it is in the scrape "
		"configuration, and look at its /metrics"));
	say(&d->s, "检查采集配置和暴露这个指标的程序：",
	    "Look at the scrape configuration and at what exposes ");
	say_expr(&d->s, x->measure.expr);
	say_cite(&d->s, answer_evidence(x->range.answer));
	action(d);
}

static void
conclude_study(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	bool causes =
	    first_cause(s) != NULL && causes_confidence(s) >= REPORT_LIKELY;
	/* Of a machine, who uses it is the answer; of a service, it may only
	 * be the one that suffers. */
	bool user =
	    study_user_dominates(s) && !was_high_before(s, &d->k->facts) &&
	    (!causes || resource_is_of_machine(span_of(rule_expr(s->rule))));

	if (s->target != NULL)
		conclude_target(d, n, s, o);
	else if (user)
		conclude_user(d, n, s, o);
	else if (causes)
		conclude_causes(d, n, s, o);
	else if (study_own(s) != NULL &&
		 answer_ok(study_own(s)->range.answer) &&
		 study_own(s)->measure.role == PROMQL_ABSENT)
		conclude_absent(d, n, s, o);
	else
		conclude_nothing(d, s, o);
	if (s->resource != NULL && s->top.key == NULL)
		tell_no_user(d, n, s);
	else if (s->resource != NULL &&
		 (!study_user_dominates(s) || was_high_before(s, &d->k->facts)))
		tell_weak_user(d, n, s);
	if (s->target != NULL || user || !causes)
		tell_causes_beside(d, n, s, o->has_cause);
	tell_alternatives(d, n, s);
}

/* The services between alert and cause, both left out. */
static void
add_path(struct drawing *d, const struct study *s, const struct outcome *o,
    cJSON *chain)
{
	const cJSON *path =
	    o->by_causes ? tree_at(first_cause(s), "on_path") : NULL;
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
	const struct looked *x = study_own(s);
	cJSON *chain = cJSON_CreateArray();

	if (o->chain_end == NULL)
		return chain;
	say_subject(d, s);
	say_cite(&d->s, alerts_evidence(d));
	cJSON_AddItemToArray(chain, say_claim(&d->s));
	if (x != NULL && x->found) {
		say_expr(&d->s, x->measure.expr);
		say(&d->s, " = ", " = ");
		say_value(&d->s, x->series.last, unit_of(x->measure.expr));
		say_cite(&d->s, answer_evidence(x->range.answer));
		cJSON_AddItemToArray(chain, say_claim(&d->s));
	}
	add_path(d, s, o, chain);
	cJSON_AddItemToArray(chain, TAKE(o->chain_end));
	return chain;
}

static cJSON *
indices_of(const struct drawing *d, const struct incident *x)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *a;
	int n = 0, i;

	cJSON_ArrayForEach (a, d->k->facts.alerts) {
		for (i = 0; i < x->n; i++)
			if (x->alerts[i] == a)
				cJSON_AddItemToArray(
				    list, cJSON_CreateNumber(n));
		n++;
	}
	return list;
}

static cJSON *
incident_of(struct drawing *d, int n)
{
	const struct study *s = &d->k->studies[n];
	cJSON *incident = cJSON_CreateObject();
	struct outcome o = {0};

	conclude_study(d, n, s, &o);
	tell_rule(d, n, s);
	tell_members(d, n, s);
	say_subject(d, s);
	cJSON_AddStringToObject(incident, "title", buf_str(&d->s.text));
	buf_reset(&d->s.text);
	cJSON_AddStringToObject(
	    incident, "confidence", report_confidence_name(o.confidence));
	cJSON_AddItemToObject(incident, "alerts", indices_of(d, s->incident));
	cJSON_AddItemToObject(incident, "answer", o.answer);
	cJSON_AddItemToObject(incident, "chain", chain_of(d, s, &o));
	return incident;
}

/* ---- the whole ---- */

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

static void
tell_targets(struct drawing *d, const cJSON *down)
{
	const struct facts *f = &d->k->facts;
	const cJSON *a = f->targets_answer;

	if (a == NULL)
		return;
	if (!answer_ok(a)) {
		say(&d->s, "未能取得采集目标的状态：",
		    "The state of the targets could not be read: ");
		say_code(&d->s, answer_error(a));
		finding(d, "open", -1, NULL);
		return;
	}
	if (cJSON_GetArraySize(down) == 0) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s, "采集中断：没有目标采集失败",
		    "Missing telemetry: no target fails to be scraped");
		finding(d, "ruled_out", -1, NULL);
	} else if (!names_target(d)) {
		say_cite(&d->s, answer_evidence(a));
		say(&d->s, "有目标采集失败，与之有关的指标可能缺失，见上表",
		    "Targets fail to be scraped, so their metrics may be "
		    "missing; see the table above");
		finding(d, "contributing", -1, NULL);
	}
}

/* No list of alerts: Prometheus cannot be asked. */
static void
conclude_blind(struct drawing *d, cJSON *c)
{
	const cJSON *a = d->k->facts.alerts_answer;
	const char *next = tree_str(a, "suggestion");

	say(&d->s, "未能查询 Prometheus，因此无法判断：",
	    "Prometheus could not be asked, so nothing can be said: ");
	say_code(&d->s, answer_error(a));
	say_cite(&d->s, answer_evidence(a));
	cJSON_AddStringToObject(c, "summary", buf_str(&d->s.text));
	cJSON_AddStringToObject(c, "confidence", "undetermined");
	finding(d, "open", -1,
	    next[0] != '\0'
		? next
		: word(d, "检查 Prometheus 是否在运行、地址与凭据是否正确",
		      "see whether Prometheus runs, and whether "
		      "address and credentials are right"));
	say(&d->s, "先恢复对 Prometheus 的访问，再重新发起调查",
	    "First restore access to Prometheus, then investigate again");
	action(d);
}

/* What changed most while nothing fires. */
static void
tell_quiet_causes(struct drawing *d)
{
	struct study s = {.causes = d->k->causes};
	const cJSON *cause = first_cause(&s);

	if (d->k->causes.answer == NULL)
		return;
	if (cause == NULL || causes_confidence(&s) < REPORT_LIKELY) {
		tell_causes_beside(d, -1, &s, false);
		return;
	}
	say(&d->s, "变化最大的是", "What changed most is ");
	say_cause(d, &s, cause);
	finding(d, "contributing", -1, NULL);
}

static void
conclude_quiet(struct drawing *d, cJSON *c, const cJSON *down)
{
	const struct facts *f = &d->k->facts;
	bool pending = alerts_count(f->alerts, "pending") > 0;
	bool watchdog = d->k->incidents.n > 0;
	cJSON *claim;

	if (watchdog)
		say(&d->s, "只有常驻告警（心跳一类）在触发，没有需要排查的问题",
		    "Only alerts that always fire (a heartbeat) are active; "
		    "there is nothing to look into");
	else
		say(&d->s, "没有告警在触发", "No alert is firing");
	if (pending)
		say(&d->s, "；有告警处于待定状态，可能即将触发，见上表",
		    "; some are pending and may fire soon, see the table "
		    "above");
	if (cJSON_GetArraySize(down) > 0) {
		say(&d->s, "；有目标采集失败，见上表",
		    "; targets fail to be scraped, see the table above");
		say_cite(&d->s, answer_evidence(f->targets_answer));
	}
	say_cite(&d->s, alerts_evidence(d));
	claim = say_claim(&d->s);
	cJSON_AddStringToObject(c, "summary", tree_str(claim, "text"));
	cJSON_AddItemToObject(c, "evidence",
	    cJSON_DetachItemFromObjectCaseSensitive(claim, "evidence"));
	cJSON_Delete(claim);
	cJSON_AddStringToObject(c, "confidence", "undetermined");
	tell_quiet_causes(d);
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

static void
tell_unseen(struct drawing *d)
{
	const struct kase *k = d->k;
	const cJSON *data = tree_at(k->facts.alerts_answer, "data");

	if (k->incidents.n > k->n_studies && k->n_studies == CASE_STUDIES_MAX)
		cJSON_AddItemToArray(d->unseen,
		    cJSON_CreateString(word(d,
			"其余事件只列出了告警，没有逐一分析；修复以上各项后可以"
			"再调查一次",
			"the other incidents are listed above, not analysed "
			"one by one; investigate again once these are "
			"repaired")));
	if (tree_num(data, "left_out", 0) > 0)
		cJSON_AddItemToArray(d->unseen,
		    cJSON_CreateString(word(d,
			"告警实例超过一次能列出的上限，完整列表在证据里",
			"there are more alert instances than can be listed; "
			"the evidence has all of them")));
	if (!facts_has_tool(&k->facts, "find_causes"))
		cJSON_AddItemToArray(d->unseen,
		    cJSON_CreateString(word(d,
			"没有启用 "
			"find_causes，所以没有按统计与依赖关系比较各个服务",
			"find_causes is not enabled, so services were not "
			"compared by statistics and dependencies")));
	cJSON_AddItemToArray(d->unseen,
	    cJSON_CreateString(word(d, "日志、链路追踪和变更记录没有查看",
		"logs, traces and change records were not looked at")));
}

cJSON *
case_conclude(const struct kase *k)
{
	cJSON *c = cJSON_CreateObject(), *incidents, *down;
	struct drawing d = {.k = k, .zh = k->facts.lang == REPORT_ZH};
	int i;

	say_init(&d.s, k->facts.lang, k->facts.at_s);
	incidents = cJSON_AddArrayToObject(c, "incidents");
	d.findings = cJSON_AddArrayToObject(c, "findings");
	d.actions = cJSON_AddArrayToObject(c, "actions");
	d.unseen = cJSON_AddArrayToObject(c, "not_looked_at");
	down = targets_down(&d);
	for (i = 0; i < k->n_studies; i++)
		cJSON_AddItemToArray(incidents, incident_of(&d, i));
	if (k->n_studies > 0)
		summarise(&d, c, incidents);
	else if (k->facts.alerts_answer != NULL &&
		 !answer_ok(k->facts.alerts_answer))
		conclude_blind(&d, c);
	else
		conclude_quiet(&d, c, down);
	tell_targets(&d, down);
	tell_unseen(&d);
	cJSON_AddItemToObject(c, "targets_down", down);
	if (cJSON_GetArraySize(k->facts.alerts) > 0)
		cJSON_AddItemToObject(
		    c, "alerts", cJSON_Duplicate(k->facts.alerts, true));
	say_done(&d.s);
	return c;
}
