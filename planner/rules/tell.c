/*
 * tell.c - what the alerts of an incident measure, as findings.
 *
 * And what stands beside: rules that are not here, queries that failed,
 * targets that are down, the other alerts of the incident.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"

enum {
	LABELS_SEEN = 6,
	EXPR_SAID = 100, /* bytes; longer ones are named by their metrics */
	EXPR_METRICS = 2,
	ERROR_SAID = 60,
};

/* What a metric's name ends in when it is of a unit, as Prometheus advises. */
static bool
all_end(const struct span *names, int n, const char *end)
{
	size_t bytes = strlen(end);
	int i;

	for (i = 0; i < n; i++)
		if (names[i].n < bytes ||
		    memcmp(names[i].p + names[i].n - bytes, end, bytes) != 0)
			return false;
	return n > 0;
}

static bool
holds(struct span expr, const char *word)
{
	return memmem(expr.p, expr.n, word, strlen(word)) != NULL;
}

static bool
all_hold(const struct span *names, int n, const char *word)
{
	int i;

	for (i = 0; i < n; i++)
		if (!holds(names[i], word))
			return false;
	return n > 0;
}

/* One of the other, in percent where that is asked for; of a sum of durations
 * and their number, their mean. */
static enum resource_unit
unit_of_share(struct span expr, const struct span *names, int n)
{
	static const char *const same[] = {"_bytes", "_total", "_count"};
	bool percent = holds(expr, "* 100") || holds(expr, "100 *");
	struct span rest;
	size_t k;

	if (n == 2 && all_end(&names[0], 1, "_seconds_sum") &&
	    all_end(&names[1], 1, "_seconds_count"))
		return percent ? UNIT_NONE : UNIT_SECONDS;
	if (n == 0)
		return UNIT_NONE;
	/* A metric by a number is no share. */
	rest = span_from(names[0], names[0].n);
	rest.n = (size_t)(expr.p + expr.n - rest.p);
	if (n == 1 && memmem(rest.p, rest.n, names[0].p, names[0].n) == NULL)
		return UNIT_NONE;
	for (k = 0; k < ARRAY_LEN(same); k++)
		if (n == 1 || all_end(names, n, same[k]))
			return percent ? UNIT_PERCENT : UNIT_RATIO;
	return UNIT_NONE;
}

static enum resource_unit
unit_of_rate(const struct span *names, int n)
{
	if (all_end(names, n, "_seconds_total"))
		return holds(names[0], "cpu") ? UNIT_CORES : UNIT_SECONDS_S;
	if (all_end(names, n, "_bytes_total"))
		return UNIT_BYTES_S;
	return all_end(names, n, "_total") || all_end(names, n, "_count")
		   ? UNIT_PER_S
		   : UNIT_NONE;
}

/* rate(x), or a sum of it. */
static bool
starts(struct span expr, const char *fn)
{
	const char *at = memmem(expr.p, expr.n, fn, strlen(fn));
	size_t i;

	for (i = 0; at != NULL && expr.p + i < at; i++)
		if (strchr("+-*/", expr.p[i]) != NULL)
			return false;
	return at != NULL;
}

/* A unit where that is what the expression is, and nothing divides it. */
enum resource_unit
tell_unit_of(struct span expr)
{
	static const char *const changing[] = {
	    "/", "rate", "deriv", "delta", "increase", "changes", "count"};
	struct span names[4];
	int n = promql_metrics(expr, names, 4);
	size_t k;

	/* A quantile of durations is one, whatever is counted to get it. */
	if (holds(expr, "histogram_quantile") &&
	    all_end(names, n, "_seconds_bucket"))
		return UNIT_SECONDS;
	if (holds(expr, " / "))
		return unit_of_share(expr, names, n);
	/* A recorded one, whose name may tell of a rate as well. */
	if (n == 1 && names[0].p == expr.p && all_hold(names, n, "ratio") &&
	    memchr(expr.p, ' ', expr.n) == NULL)
		return UNIT_RATIO;
	if (starts(expr, "rate("))
		return unit_of_rate(names, n);
	if (starts(expr, "increase(") || starts(expr, "changes(") ||
	    starts(expr, "resets("))
		return all_hold(names, n, "restart") ? UNIT_RESTARTS
						     : UNIT_COUNT;
	for (k = 0; k < ARRAY_LEN(changing); k++)
		if (holds(expr, changing[k]))
			return UNIT_NONE;
	/* The distance of a moment from now. */
	if (holds(expr, "time()") && holds(expr, " - "))
		return UNIT_SECONDS;
	if (all_end(names, n, "_bytes"))
		return UNIT_BYTES;
	if (all_end(names, n, "_seconds") &&
	    !all_end(names, n, "_timestamp_seconds"))
		return UNIT_SECONDS;
	return UNIT_NONE;
}

void
tell_put_expr(struct say *s, struct span expr)
{
	struct span names[EXPR_METRICS];
	int n, i;

	if (expr.n < EXPR_SAID) {
		auto_str text = xstrndup(expr.p, expr.n);

		say_code(s, text);
		return;
	}
	n = promql_metrics(expr, names, EXPR_METRICS);
	for (i = 0; i < n; i++) {
		auto_str name = xstrndup(names[i].p, names[i].n);

		if (i > 0)
			say(s, "、", ", ");
		say_code(s, name);
	}
}

/* "above 300 ms for 1 min" */
static void
say_condition(struct drawing *d, const struct looked *x)
{
	static const struct {
		const char *op, *words[REPORT_LANGS];
	} ops[] = {{">", {"高于", "above"}}, {">=", {"达到", "from"}},
	    {"<", {"低于", "below"}}, {"<=", {"不高于", "up to"}},
	    {"==", {"等于", "at"}}, {"!=", {"不等于", "at other than"}}};
	const cJSON *rule = facts_rule(&d->k->facts, x->alert);
	double held = tree_num(rule, "duration", 0);
	size_t i;

	for (i = 0; i < ARRAY_LEN(ops); i++)
		if (strcmp(x->measure.op, ops[i].op) == 0)
			buf_adds(&d->s.text, ops[i].words[d->s.lang]);
	say_value(&d->s, x->measure.threshold, tell_unit_of(x->measure.expr));
	if (held > 0) {
		say(&d->s, "持续", " for ");
		say_value(&d->s, held, UNIT_SECONDS);
	}
}

static void
say_threshold(struct drawing *d, const struct looked *x)
{
	if (!x->measure.has_threshold)
		return;
	say(&d->s, "（", " (fires ");
	say_condition(d, x);
	say(&d->s, " 时触发）", ")");
	say_cite(&d->s, drawing_rules_id(d));
}

/* The same as a part of its own. */
static void
say_fires(struct drawing *d, const struct looked *x)
{
	if (!x->measure.has_threshold)
		return;
	say(&d->s, "；触发条件是", "; it fires ");
	say_condition(d, x);
	say_cite(&d->s, drawing_rules_id(d));
}

/* How long it was so: all through the window only where there were samples
 * all through it. */
static void
say_span(struct drawing *d, const struct series *v, bool same)
{
	const struct facts *f = &d->k->facts;
	bool whole = series_is_whole(v, f);

	say(&d->s, "，", ": ");
	if (!whole && v->from_t > 0) {
		say(&d->s, "自", "since");
		say_time(&d->s, v->from_t);
		if (series_begins_late(v, f))
			say(&d->s, "有第一个样本", ", its first sample");
		say(&d->s, "以来", ", ");
	} else if (whole) {
		say(&d->s, "时间窗内", same ? "all through the window " : "");
	}
	if (same && v->from_t > 0)
		say(&d->s, "一直是", whole ? "" : "always ");
}

/* "no samples between … and …", "its last sample at …" */
static void
say_hole(struct drawing *d, const struct series *v)
{
	if (series_has_hole(v, &d->k->facts)) {
		say(&d->s, "从", "no samples between ");
		say_time(&d->s, v->hole_t);
		say(&d->s, "到", " and ");
		say_time(&d->s, v->hole_end_t);
		say(&d->s, "没有样本", "");
		return;
	}
	say(&d->s, "最后一个样本在", "its last sample at ");
	say_time(&d->s, v->to_t);
}

static void
say_holes(struct drawing *d, const struct series *v)
{
	const struct facts *f = &d->k->facts;

	if (v->to_t <= 0 ||
	    (!series_has_hole(v, f) && !series_ends_early(v, f)))
		return;
	say(&d->s, "，", ", ");
	say_hole(d, v);
}

/* It holds or does not: its value tells nothing. */
static bool
is_state(const struct looked *x)
{
	const struct series *v = &x->series;

	return x->measure.has_threshold && series_is_flat(v) &&
	       (v->last == 0 || v->last == 1) &&
	       (x->measure.threshold == 0 || x->measure.threshold == 1);
}

/* "true since 02:43:00"; where there were samples all through it, so long. */
static void
say_state(struct drawing *d, const struct series *v)
{
	const struct facts *f = &d->k->facts;

	if (series_is_whole(v, f)) {
		say(&d->s, "在时间窗内一直成立", "true all through the window");
	} else if (v->from_t > 0) {
		say(&d->s, "从", "true since ");
		say_time(&d->s, v->from_t);
		if (series_begins_late(v, f))
			say(&d->s, "的第一个样本", ", its first sample");
		say(&d->s, "起成立", "");
	} else {
		say(&d->s, "成立", "true");
	}
	say_holes(d, v);
}

/* Whether both are told by the same words. */
static bool
reads_alike(double a, double b, enum resource_unit unit)
{
	struct say x, y;
	bool alike;

	say_init(&x, REPORT_EN, 0, NULL);
	say_init(&y, REPORT_EN, 0, NULL);
	say_value(&x, a, unit);
	say_value(&y, b, unit);
	alike = strcmp(buf_str(&x.text), buf_str(&y.text)) == 0;
	say_done(&x);
	say_done(&y);
	return alike;
}

/* Where it begins, ends and was at the most read alike. */
static bool
seems_flat(const struct series *v, enum resource_unit unit)
{
	return series_is_flat(v) || (reads_alike(v->first, v->last, unit) &&
					reads_alike(v->min, v->last, unit) &&
					reads_alike(v->max, v->last, unit));
}

/* ", highest 819 ms at 03:03:45", where that is not how it ends. */
static void
say_extreme(struct drawing *d, const struct series *v, bool low,
    enum resource_unit unit)
{
	double most = low ? v->min : v->max, at = low ? v->min_t : v->max_t;

	if (reads_alike(most, v->last, unit))
		return;
	say(&d->s, low ? "，最低" : "，最高", low ? ", lowest " : ", highest ");
	say_value(&d->s, most, unit);
	if (at <= 0)
		return;
	say(&d->s, "（", " at ");
	say_time(&d->s, at);
	say(&d->s, "）", "");
}

static void
say_course(struct drawing *d, const struct looked *x)
{
	const struct series *v = &x->series;
	enum resource_unit unit = tell_unit_of(x->measure.expr);
	bool low = x->measure.op[0] == '<';

	if (is_state(x) && x->beyond) {
		say(&d->s, "：", ": ");
		say_state(d, v);
		return;
	}
	if (seems_flat(v, unit)) {
		say_span(d, v, true);
		if (v->min != v->max)
			say(&d->s, "约", "about ");
		say_value(&d->s, v->last, unit);
		say_holes(d, v);
		say_fires(d, x);
		return;
	}
	say_span(d, v, false);
	say_value(&d->s, v->first, unit);
	buf_adds(&d->s.text, " → ");
	say_value(&d->s, v->last, unit);
	if (series_is_whole(v, &d->k->facts))
		say(&d->s, "", " over the window");
	if (strchr("=!", x->measure.op[0]) != NULL &&
	    x->measure.op[0] != '\0') {
		say_holes(d, v);
		say_fires(d, x);
		return;
	}
	say_extreme(d, v, low, unit);
	say_holes(d, v);
	say_fires(d, x);
}

void
tell_put_course(struct drawing *d, const struct looked *x)
{
	enum resource_unit unit = tell_unit_of(x->measure.expr);
	const struct series *v = &x->series;
	bool low = x->measure.op[0] == '<';

	if (is_state(x) && x->beyond) {
		say(&d->s, "条件", "its condition is ");
		say_state(d, v);
		say_cite(&d->s, answer_evidence(x->range.answer));
		return;
	}
	/* It may be back where it was. */
	if (v->is_range && !seems_flat(v, unit) &&
	    reads_alike(v->first, v->last, unit)) {
		say(&d->s, low ? "最低" : "最高", low ? "down to" : "up to");
		say_value(&d->s, low ? v->min : v->max, unit);
		say(&d->s, "，现在", ", now");
	} else if (v->is_range && !seems_flat(v, unit)) {
		say_value(&d->s, v->first, unit);
		buf_adds(&d->s.text, " → ");
	}
	say_value(&d->s, v->last, unit);
	say_cite(&d->s, answer_evidence(x->range.answer));
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

/* In the window, else in the days before it. */
void
tell_put_last_seen(struct drawing *d, const struct looked *x)
{
	const cJSON *first =
	    cJSON_GetArrayItem(answer_series(x->since.answer), 0);
	struct series v;

	if (x->found && x->series.to_t > 0) {
		say(&d->s, "，最后一次有数据是", "; its last sample was at ");
		say_time(&d->s, x->series.to_t);
		say(&d->s, "，标签是", ", with");
		say_labels(&d->s, x->series.labels, LABELS_SEEN);
		say_cite(&d->s, answer_evidence(x->range.answer));
	} else if (first != NULL && series_read(first, &v)) {
		say(&d->s, "，最后一次有数据是", "; it was last seen at ");
		say_time(&d->s, v.last);
		say(&d->s, "，标签是", ", with");
		say_labels(&d->s, v.labels, LABELS_SEEN);
		say_cite(&d->s, answer_evidence(x->since.answer));
	} else if (answer_ok(x->since.answer)) {
		say(&d->s, "，七天之内从未有过数据",
		    "; it was not seen once in seven days");
		say_cite(&d->s, answer_evidence(x->since.answer));
	}
}

static void
tell_absent(struct drawing *d, int n, const struct looked *x)
{
	tell_put_expr(&d->s, x->measure.expr);
	say(&d->s, "应当有数据，", " should have data and has none ");
	say_cite(&d->s, answer_evidence(x->range.answer));
	if (x->found && x->series.to_t > 0) {
		say(&d->s, "现在没有", "now");
	} else {
		say(&d->s, "整个时间窗内都没有", "in the whole window");
		drawing_says(d, "absent", NULL);
	}
	tell_put_last_seen(d, x);
	drawing_finding(d, "symptom", n, NULL);
}

/* kube-state-metrics has a series of a reason for as long as it is one. */
static bool
exists_while_true(const struct looked *x)
{
	struct span names[EXPR_METRICS];
	int n = promql_metrics(x->measure.expr, names, EXPR_METRICS);

	return x->beyond && is_state(x) && all_hold(names, n, "_reason");
}

/*
 * Whether telemetry is missing: no target is down, as the caller found; what
 * the alert measures must have been there as well. Nothing is ruled out for
 * an alert whose series was not seen.
 */
void
tell_telemetry(struct drawing *d, int n, const struct study *s)
{
	const struct looked *x = study_own(s);
	const struct facts *f = &d->k->facts;
	const struct series *v;

	if (x == NULL || !x->found || !x->series.is_range ||
	    x->measure.role == PROMQL_ABSENT)
		return;
	v = &x->series;
	/* There only for as long as it is true. */
	if (exists_while_true(x) && series_begins_late(v, f))
		return;
	say_cite(&d->s, answer_evidence(f->targets_answer));
	say_cite(&d->s, answer_evidence(x->range.answer));
	if (series_is_whole(v, f)) {
		say(&d->s,
		    "采集中断：没有目标采集失败，告警的序列在时间窗内一直有数"
		    "据",
		    "missing telemetry: no target fails to be scraped, and "
		    "the alert's series has samples all through the window");
		drawing_says_of(d, "telemetry", v->labels);
		drawing_finding(d, "ruled_out", n, NULL);
		return;
	}
	if (series_has_hole(v, f) || series_ends_early(v, f)) {
		say(&d->s, "数据有缺口：告警的序列",
		    "Telemetry is missing: the alert's series has ");
		say_hole(d, v);
		say(&d->s, "，虽然现在没有目标采集失败",
		    ", though no target fails to be scraped now");
		drawing_says_of(d, "hole", v->labels);
		drawing_finding(d, "contributing", n,
		    drawing_word(d,
			"查明那段时间 Prometheus 或它的目标是否停过；"
			"跨过缺口的速率和变化不可信",
			"see whether Prometheus or its target was down then; "
			"rates and changes across the hole are not to be "
			"trusted"));
		return;
	}
	say(&d->s, "没有目标采集失败；告警的序列在",
	    "No target fails to be scraped; whether the alert's series is "
	    "missing before ");
	say_time(&d->s, v->from_t);
	say(&d->s, "之前没有样本，是数据缺失还是本来没有，看不出来",
	    ", where it has no samples, or was not there, cannot be told");
	drawing_says_of(d, "begins_late", v->labels);
	drawing_finding(d, "open", n, NULL);
}

void
tell_failed(struct drawing *d, int n, const struct ask *a)
{
	say(&d->s, "查询失败", "A query failed");
	tell_put_expr(&d->s, span_of(tree_str(a->args, "query")));
	say(&d->s, "：", ": ");
	say_brief(&d->s, answer_error(a->answer));
	say_cite(&d->s, answer_evidence(a->answer));
	if (answer_evidence(a->answer)[0] != '\0')
		drawing_says(d, "failed", NULL);
	drawing_finding(d, "open", n, NULL);
}

static bool
is_within(const struct looked *x)
{
	return x->found && x->measure.has_threshold &&
	       !study_is_beyond(&x->measure, x->series.last);
}

/* Of `a > 80 or b < 100` the part that does not hold is no symptom. */
static const char *
say_within(struct drawing *d, const struct study *s, const struct looked *x)
{
	int i;

	if (!is_within(x))
		return "symptom";
	say(&d->s, "；现在在阈值以内", "; it is within its threshold now");
	for (i = 0; i < s->n_looked; i++) {
		const struct looked *other = &s->looked[i];

		if (other == x || other->alert != x->alert || !other->found ||
		    is_within(other))
			continue;
		say(&d->s, "，不是它使告警触发",
		    ", so it is not this part of the rule that holds");
		return "ruled_out";
	}
	return "symptom";
}

static void
tell_looked(
    struct drawing *d, int n, const struct study *s, const struct looked *x)
{
	const char *role = "symptom";

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
	if (x->found) {
		if (s->incident->n > 1)
			tell_put_series(d, x);
		if (series_is_flat(&x->series) &&
		    series_is_whole(&x->series, &d->k->facts))
			drawing_says_of(d, "all_through", x->series.labels);
		say_course(d, x);
		say_since(d, x);
		role = say_within(d, s, x);
		say(&d->s, "；表达式读的是", "; measured by ");
		tell_put_expr(&d->s, x->measure.expr);
		drawing_finding(d, role, n, NULL);
		return;
	}
	say(&d->s, "：", ": ");
	tell_put_expr(&d->s, x->measure.expr);
	if (x->left_out) {
		say(&d->s, "序列太多，列出的几条里没有这个告警的",
		    " has too many series: this alert's is not among those "
		    "listed");
	} else {
		say(&d->s, "在时间窗内没有属于这个告警的数据",
		    " has no data of this alert in the window");
	}
	drawing_finding(d, role, n, NULL);
}

/* The incident's other instances of the same rule, which are told as such. */
static int
instances_beside(const struct study *s, const struct looked *x)
{
	int n = 0, i;

	for (i = 0; i < s->incident->n; i++)
		n += tree_is(s->incident->at[i]->alert, "name",
			 tree_str(x->alert, "name"))
			 ? 1
			 : 0;
	return n - 1;
}

static void
tell_others(
    struct drawing *d, int n, const struct study *s, const struct looked *x)
{
	if (!x->found || x->others == 0 || !x->measure.has_threshold ||
	    (x->others_beyond > 0 &&
		x->others_beyond <= instances_beside(s, x)))
		return;
	say_cite(&d->s, answer_evidence(x->range.answer));
	drawing_says_of(d, x->others_beyond ? "others_beyond" : "others_within",
	    x->series.labels);
	drawing_says_that(d, "op", x->measure.op);
	cJSON_AddNumberToObject(d->says, "threshold", x->measure.threshold);
	if (x->others_beyond) {
		say(&d->s,
		    "同一表达式的其他序列也越过了阈值，不是单个对象的问题",
		    "Other series of the same expression are beyond the "
		    "threshold as well: it is not this one alone");
		drawing_finding(d, "symptom", n, NULL);
	} else {
		say(&d->s, "普遍现象：同一表达式的其他序列都在阈值以内",
		    "a general problem: the other series of the expression are "
		    "all within the threshold");
		drawing_finding(d, "ruled_out", n, NULL);
	}
}

bool
tell_over(struct drawing *d, const struct study *s)
{
	const struct looked *x = study_own(s);

	if (!s->is_over)
		return false;
	say_code(&d->s, tree_str(s->alert, "name"));
	say(&d->s, "的条件在", "'s condition did not hold any more at ");
	say_time(&d->s, d->k->facts.at_s);
	say(&d->s, "已经不再成立：", ": ");
	tell_put_expr(&d->s, x->measure.expr);
	say(&d->s, "是", " is ");
	say_value(&d->s, x->series.last, tell_unit_of(x->measure.expr));
	say_threshold(d, x);
	say_cite(&d->s, answer_evidence(s->holds.answer));
	say_cite(&d->s, answer_evidence(x->range.answer));
	return true;
}

void
tell_put_error(struct drawing *d, const cJSON *target)
{
	const char *text = tree_str(target, "lastError"), *from = text, *p;
	auto_str end = NULL;

	if (text[0] == '\0')
		return;
	say(&d->s, "：", ": ");
	/* Of a long one the last two parts tell; the table has it whole. */
	for (p = text; strlen(text) > ERROR_SAID &&
		       (p = strstr(p, ": ")) != NULL && strstr(p + 2, ": ");
	     p += 2)
		from = p + 2;
	end = xasprintf("%s%s", from > text ? "… " : "", from);
	say_brief(&d->s, end);
}

void
tell_put_target(struct drawing *d, const cJSON *target)
{
	say(&d->s, "目标", "The target ");
	say_labels(&d->s, tree_at(target, "labels"), 3);
	say(&d->s, " 无法采集", " cannot be scraped");
	tell_put_error(d, target);
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
}

void
tell_rule(struct drawing *d, int n, const struct study *s)
{
	int i;

	if (tell_over(d, s))
		drawing_finding(d, "symptom", n, NULL);
	for (i = 0; i < s->n_looked; i++)
		tell_looked(d, n, s, &s->looked[i]);
	if (study_own(s) != NULL)
		tell_others(d, n, s, study_own(s));
	for (i = 0; i < s->n_down; i++) {
		tell_put_target(d, s->down[i]);
		drawing_says_of(
		    d, "target_down", tree_at(s->down[i], "labels"));
		drawing_finding(d, "contributing", n, NULL);
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
	say_cite(&d->s, drawing_rules_id(d));
	drawing_finding(d, "open", n,
	    drawing_word(d, "在发出这个告警的系统里查看它的表达式",
		"look up its expression in the system that sent it"));
}
