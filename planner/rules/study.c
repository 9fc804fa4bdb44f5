/*
 * study.c - what one incident is asked, and what came of it.
 *
 * Each step depends on the answers before it only, so rebuilding the study
 * from the state gives the same steps, whichever planner does it.
 */
#include "planner/rules/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/num.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/base/when.h"

enum {
	QUERY_MAX = 60000,
	LAST_TIME_BYTES = 200, /* of that question, around its expression */
	RATE_DEFAULT_S = 120,
	RATE_MIN_S = 10,
	RATE_MAX_S = 900,
};

/* ---- steps ---- */

/* Where the server's clock is another, executors cannot know what is now. */
static void
add_moment(cJSON *args, const struct facts *f, enum tool_role role)
{
	const char *key = role == TOOL_ROLE_CAUSES ? "at" : "time";

	if (f->clock_ahead_s != 0 && tree_at(args, key) == NULL &&
	    (role == TOOL_ROLE_CAUSES || role == TOOL_ROLE_METRICS))
		cJSON_AddNumberToObject(args, key, f->at_s);
}

void
ask_init(struct ask *a, const struct facts *f, enum tool_role role, cJSON *args,
    const char *why_zh, const char *why_en, const char *about)
{
	const char *tool = facts_tool(f, role);

	if (tool != NULL) {
		add_moment(args, f, role);
		a->answer = facts_answer(f, tool, args);
	}
	if (tool == NULL || (a->answer == NULL &&
				facts_failures(f, tool) >= ASK_FAILURES_MAX)) {
		cJSON_Delete(args);
		return;
	}
	a->tool = tool;
	a->args = args;
	a->why = xasprintf(about[0] == '\0'       ? "%s"
			   : f->lang == REPORT_ZH ? "%s（%s）"
						  : "%s (%s)",
	    f->lang == REPORT_ZH ? why_zh : why_en, about);
}

void
ask_done(struct ask *a)
{
	cJSON_Delete(a->args);
	free(a->why);
	*a = (struct ask){0};
}

static cJSON *
args_of(const char *query, double window_s)
{
	cJSON *args = cJSON_CreateObject();

	cJSON_AddStringToObject(args, "query", query);
	if (window_s > 0)
		cJSON_AddNumberToObject(args, "window", window_s);
	return args;
}

/* How fine a look back over the window may be: some 240 steps. */
static int
resolution(const struct facts *f)
{
	return MAX(5, (int)(f->window_s / 240));
}

/* The query for the last moment in the window at which expr op bound held. */
static char *
last_time(const struct facts *f, struct span expr, const char *op, double bound)
{
	auto_buf b = {.max = QUERY_MAX};

	buf_addf(&b, "max_over_time(timestamp((%.*s) %s ", SPAN_ARG(expr), op);
	num_put_text(&b, bound, 15);
	buf_addf(&b, ")[%.0fs:%ds])", f->window_s, resolution(f));
	return buf_take(&b);
}

static const char *
opposite(const char *op)
{
	static const char *const pairs[][2] = {{">", "<="}, {">=", "<"},
	    {"<", ">="}, {"<=", ">"}, {"==", "!="}, {"!=", "=="}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(pairs); i++)
		if (strcmp(op, pairs[i][0]) == 0)
			return pairs[i][1];
	return NULL;
}

bool
study_is_beyond(const struct promql_measure *m, double v)
{
	if (!m->has_threshold)
		return false;
	switch (m->op[0]) {
	case '>':
		return m->op[1] == '=' ? v >= m->threshold : v > m->threshold;
	case '<':
		return m->op[1] == '=' ? v <= m->threshold : v < m->threshold;
	case '=':
		return v == m->threshold;
	default:
		return v != m->threshold;
	}
}

/* ---- the expression ---- */

/* The alert's own series among an answer's, the only one if need be. */
static bool
pick(const cJSON *list, const cJSON *labels, struct series *ret)
{
	const cJSON *one;
	struct series s;

	cJSON_ArrayForEach (one, list) {
		if (!series_read(one, &s) || !series_fits(&s, labels))
			continue;
		*ret = s;
		return true;
	}
	if (cJSON_GetArraySize(list) != 1)
		return false;
	return series_read(cJSON_GetArrayItem(list, 0), ret);
}

/* The value of the series with these labels; 0: it is not there. Of another
 * series, even the only one, nothing follows for this one. */
static double
last_of(const cJSON *list, const cJSON *labels)
{
	const cJSON *one;
	struct series s;

	cJSON_ArrayForEach (one, list)
		if (series_read(one, &s) && series_fits(&s, labels))
			return s.last;
	return 0;
}

static void
read_looked(struct looked *x, const cJSON *labels)
{
	const cJSON *list = answer_series(x->range.answer), *one;
	struct series s;

	x->found = pick(list, labels, &x->series);
	x->beyond = x->found && study_is_beyond(&x->measure, x->series.last);
	cJSON_ArrayForEach (one, list) {
		if (!x->found || !series_read(one, &s) ||
		    s.labels == x->series.labels)
			continue;
		x->others++;
		if (study_is_beyond(&x->measure, s.last))
			x->others_beyond++;
	}
	x->left_out = !x->found && answer_left_out(x->range.answer);
	if (x->found && x->measure.role != PROMQL_ABSENT)
		x->since_t =
		    last_of(answer_series(x->since.answer), x->series.labels);
}

/* With the values on this side of a threshold as well. */
static char *
whole_of(const struct promql_measure *m)
{
	const char *from = m->expr.p, *end = from + m->expr.n;

	if (m->cut.n == 0)
		return xstrndup(from, m->expr.n);
	return xasprintf("%.*s%.*s", (int)(m->cut.p - from), from,
	    (int)(end - m->cut.p - m->cut.n), m->cut.p + m->cut.n);
}

static void
look(struct study *s, const struct facts *f, const cJSON *alert,
    const struct promql_measure *m)
{
	struct looked *x = &s->looked[s->n_looked];
	auto_str expr = whole_of(m);
	const char *name = tree_str(alert, "name");

	if (m->expr.n == 0 || m->expr.n > QUERY_MAX - LAST_TIME_BYTES ||
	    m->role == PROMQL_EXCLUDED)
		return;
	s->n_looked++;
	x->alert = alert;
	x->measure = *m;
	ask_init(&x->range, f, TOOL_ROLE_METRICS, args_of(expr, f->window_s),
	    "告警表达式在时间窗内的变化",
	    "the alert's expression over the window", name);
	if (m->has_threshold && opposite(m->op) != NULL) {
		auto_str query =
		    last_time(f, span_of(expr), opposite(m->op), m->threshold);

		ask_init(&x->since, f, TOOL_ROLE_METRICS, args_of(query, 0),
		    "最后一次在阈值以内是什么时候",
		    "when it was last within its threshold", name);
	}
	if (m->role == PROMQL_ABSENT) {
		auto_str query = xasprintf(
		    "topk(3, max_over_time(timestamp(%s)[7d:5m]))", expr);

		ask_init(&x->since, f, TOOL_ROLE_METRICS, args_of(query, 0),
		    "最后一次有数据是什么时候", "when it was last seen", name);
	}
	read_looked(x, tree_at(alert, "labels"));
}

/* At most `most` measures of the rule, the first `from` left out. */
static void
look_at_rule(struct study *s, const struct facts *f, const cJSON *alert,
    const cJSON *rule, int from, int most)
{
	struct promql_measure m[PROMQL_MEASURES_MAX];
	int n = promql_measures(span_of(rule_expr(rule)), m), i;

	most = MIN(STUDY_MEASURES_MAX, s->n_looked + most);
	for (i = from; i < n && s->n_looked < most; i++)
		look(s, f, alert, &m[i]);
}

static bool
was_looked_at(const struct study *s, const cJSON *alert)
{
	int i;

	for (i = 0; i < s->n_looked; i++)
		if (tree_is(
			s->looked[i].alert, "name", tree_str(alert, "name")))
			return true;
	return tree_is(s->alert, "name", tree_str(alert, "name"));
}

/* Alerts of other names belong to the picture: what each measures first. */
static void
look_at_others(struct study *s, const struct facts *f)
{
	const struct incident *x = s->incident;
	int i;

	for (i = 0; i < x->n && s->n_looked < STUDY_MEASURES_MAX; i++) {
		const struct about *a = x->at[i];

		/* Those of one rule mostly stand together. */
		if (a->rule == NULL || (i > 0 && a->rule == x->at[i - 1]->rule))
			continue;
		if (!was_looked_at(s, a->alert))
			look_at_rule(s, f, a->alert, a->rule, 0, 1);
	}
}

/* ---- who uses the resource ---- */

/* The width of the first range in the expression, in seconds. */
static int
rate_width(struct span expr)
{
	const char *open = expr.n > 0 ? memchr(expr.p, '[', expr.n) : NULL;
	const char *end = expr.p + expr.n, *p;
	int64_t ms;

	if (open == NULL)
		return RATE_DEFAULT_S;
	for (p = ++open; p < end && *p != ']' && *p != ':'; p++)
		;
	if (when_duration(span_make(open, (size_t)(p - open)), &ms, NULL) !=
		RC_OK ||
	    ms == 0)
		return RATE_DEFAULT_S;
	return (int)MAX(RATE_MIN_S, MIN(ms / 1000, RATE_MAX_S));
}

/* Takes u, which is none of those before it. */
static void
add_user(struct study *s, const struct user *u)
{
	if (s->top.key == NULL)
		s->top = *u;
	else if (s->second.key == NULL)
		s->second = *u;
	s->total += u->series.last;
}

static void
read_users(struct study *s)
{
	const cJSON *labels = s->labels, *one;
	const char *seen[STUDY_USERS_TOP];
	int n = 0, i;

	cJSON_ArrayForEach (one, answer_series(s->users.answer)) {
		struct user u = {0};

		if (!series_read(one, &u.series) || u.series.last <= 0)
			continue;
		u.key = resource_user_key(u.series.labels, labels, &u.value);
		if (u.key == NULL && !s->has_itself &&
		    !resource_is_of_machine(span_of(rule_expr(s->rule)))) {
			s->has_itself = true;
			s->itself = u.series;
		}
		if (u.key != NULL && s->top.key == NULL &&
		    u.series.last < s->resource->least) {
			s->trifle = s->trifle.key == NULL ? u : s->trifle;
			continue;
		}
		/* By threads, say, the same one is counted otherwise. */
		for (i = 0; u.key != NULL && i < n; i++)
			if (strcmp(seen[i], u.value) == 0)
				u.key = NULL;
		if (u.key == NULL || n == STUDY_USERS_TOP)
			continue;
		seen[n++] = u.value;
		add_user(s, &u);
	}
}

static void
ask_about_user(struct study *s, const struct facts *f, int width)
{
	struct series since;
	auto_buf query = {.max = QUERY_MAX};
	auto_str last = NULL;

	resource_user_query(&query, s->resource, s->top.series.labels, width);
	if (query.full)
		return;
	ask_init(&s->user_range, f, TOOL_ROLE_METRICS,
	    args_of(buf_str(&query), f->window_s), "用量最高者的变化过程",
	    "the history of who uses most", s->top.value);
	last = last_time(f, buf_span(&query), "<", s->top.series.last / 2);
	ask_init(&s->user_since, f, TOOL_ROLE_METRICS, args_of(last, 0),
	    "它最后一次低于现在一半是什么时候",
	    "when it last used less than half of that", s->top.value);
	s->user_found = pick(answer_series(s->user_range.answer),
	    s->top.series.labels, &s->user_series);
	if (pick(answer_series(s->user_since.answer), s->top.series.labels,
		&since))
		s->user_since_t = since.last;
	else if (s->user_found && s->user_series.from_t >
				      f->at_s - f->window_s + 2 * resolution(f))
		s->user_since_t = s->user_series.from_t;
}

static void
ask_anywhere(struct study *s, const struct facts *f, struct span expr)
{
	auto_buf query = {.max = QUERY_MAX};

	resource_anywhere_query(&query, s->resource, expr);
	if (!query.full)
		ask_init(&s->users_anywhere, f, TOOL_ROLE_METRICS,
		    args_of(buf_str(&query), 0), "别处有没有这样的指标",
		    "whether such metrics are anywhere",
		    s->resource->what[f->lang]);
}

static void
ask_for_users(struct study *s, const struct facts *f)
{
	struct span expr = span_of(rule_expr(s->rule));
	int width = rate_width(expr);
	auto_buf query = {.max = QUERY_MAX};

	s->resource = resource_of(expr, tree_str(s->alert, "name"));
	if (s->resource == NULL)
		return;
	if (!resource_users_query(
		&query, s->resource, expr, s->labels, STUDY_USERS_TOP, width) ||
	    query.full)
		return;
	ask_init(&s->users, f, TOOL_ROLE_METRICS, args_of(buf_str(&query), 0),
	    "同一处还有谁在使用这种资源",
	    "who else uses this resource in the same place",
	    s->resource->what[f->lang]);
	read_users(s);
	if (s->top.key != NULL)
		ask_about_user(s, f, width);
	else if (answer_ok(s->users.answer) && s->trifle.key == NULL)
		ask_anywhere(s, f, expr);
}

const struct looked *
study_own(const struct study *s)
{
	int i;

	for (i = 0; i < s->n_looked && s->looked[i].alert == s->alert; i++)
		if (s->looked[i].beyond)
			return &s->looked[i];
	return i > 0 ? &s->looked[0] : NULL;
}

double
study_symptom_since(const struct study *s)
{
	const struct looked *x = study_own(s);

	if (x == NULL || !x->found || !answer_ok(x->since.answer))
		return 0;
	if (x->since_t > 0)
		return x->since_t;
	/* Never within bounds: since its first sample, or before that. */
	return study_is_beyond(&x->measure, x->series.min) &&
		       study_is_beyond(&x->measure, x->series.max)
		   ? x->series.from_t
		   : 0;
}

bool
study_user_dominates(const struct study *s)
{
	return s->top.key != NULL && s->top.series.last >= s->total / 3 &&
	       (s->second.key == NULL ||
		   s->top.series.last >= 2 * s->second.series.last);
}

bool
study_user_rose(const struct study *s)
{
	return s->user_since_t > 0;
}

bool
study_user_agrees(const struct study *s)
{
	double own = study_own(s) != NULL ? study_own(s)->since_t : 0;
	double alert = facts_since(s->alert);

	if (s->user_since_t <= 0)
		return false;
	if (own > 0)
		return fabs(own - s->user_since_t) <= STUDY_AGREE_S;
	return alert > 0 && s->user_since_t <= alert + 60 &&
	       s->user_since_t >= alert - 5 * STUDY_AGREE_S;
}

/* ---- find_causes ---- */

static void
ask_for_causes(struct study *s, const struct facts *f)
{
	cJSON *args = cJSON_CreateObject();
	cJSON *alert = cJSON_AddObjectToObject(args, "alert");
	const cJSON *at = tree_at(s->alert, "activeAt");

	cJSON_AddStringToObject(alert, "name", tree_str(s->alert, "name"));
	if (cJSON_GetArraySize(s->labels) > 0)
		cJSON_AddItemToObject(
		    alert, "labels", cJSON_Duplicate(s->labels, true));
	if (cJSON_IsString(at))
		cJSON_AddItemToObject(
		    alert, "startsAt", cJSON_Duplicate(at, true));
	ask_init(&s->causes, f, TOOL_ROLE_CAUSES, args,
	    "哪个服务、哪个指标最先变化",
	    "which service and metric changed first",
	    tree_str(s->alert, "name"));
}

/* ---- the whole ---- */

bool
study_is_down(const cJSON *target)
{
	return tree_is(target, "health", "down");
}

static const cJSON *
target_of(const struct facts *f, const cJSON *alert)
{
	const cJSON *labels = tree_at(alert, "labels"), *t;

	cJSON_ArrayForEach (t, f->targets) {
		const cJSON *own = tree_at(t, "labels");

		if (study_is_down(t) && tree_has(own, "instance") &&
		    tree_is(labels, "instance", tree_str(own, "instance")) &&
		    (!tree_has(labels, "job") ||
			tree_is(labels, "job", tree_str(own, "job"))))
			return t;
	}
	return NULL;
}

/* Down targets of the incident's other alerts, each once. */
static void
find_down(struct study *s, const struct facts *f)
{
	const struct incident *x = s->incident;
	int i, k;

	if (cJSON_GetArraySize(f->targets) == 0)
		return;
	for (i = 0; i < x->n && s->n_down < STUDY_DOWN_MAX; i++) {
		const cJSON *t = target_of(f, x->at[i]->alert);

		for (k = 0; k < s->n_down && s->down[k] != t; k++)
			;
		if (t != NULL && t != s->target && k == s->n_down)
			s->down[s->n_down++] = t;
	}
}

/* Whether what it measures crossed its threshold or moved by a tenth. */
static bool
has_moved(const struct study *s)
{
	const struct looked *x = study_own(s);
	double span;

	if (x == NULL || !x->found || !x->series.is_range)
		return false;
	span = fmax(fabs(x->series.first), fabs(x->series.last));
	return x->since_t > 0 ||
	       fabs(x->series.last - x->series.first) > span / 10;
}

/* The worst with a rule says most. */
static void
choose(struct study *s, const struct facts *f)
{
	const struct incident *x = s->incident;
	int i;

	s->about = x->at[0];
	for (i = 0; i < x->n && s->about->rule == NULL; i++)
		if (x->at[i]->rule != NULL)
			s->about = x->at[i];
	s->alert = s->about->alert;
	s->rule = s->about->rule != NULL ? facts_rule(f, s->alert) : NULL;
	s->labels =
	    identity_labels_own(tree_at(s->alert, "labels"), s->about->own);
}

/* An alert may resolve while it is looked at. */
static void
ask_whether_it_holds(struct study *s, const struct facts *f)
{
	const struct looked *x = study_own(s);
	double since = facts_since(s->alert);
	struct series v;

	if (x == NULL || !x->found || !x->series.is_range ||
	    !x->measure.has_threshold || since >= f->at_s ||
	    study_is_beyond(&x->measure, x->series.last))
		return;
	ask_init(&s->holds, f, TOOL_ROLE_METRICS,
	    args_of(rule_expr(s->rule), 0), "告警条件此刻是否还成立",
	    "whether its condition still holds", tree_str(s->alert, "name"));
	s->is_over = answer_ok(s->holds.answer) &&
		     !pick(answer_series(s->holds.answer),
			 tree_at(s->alert, "labels"), &v) &&
		     !answer_left_out(s->holds.answer);
}

void
study_init(struct study *s, const struct facts *f,
    const struct incident *incident, bool with_causes, bool brief)
{
	*s = (struct study){.incident = incident};
	choose(s, f);
	s->target = target_of(f, s->alert);
	if (s->rule != NULL)
		look_at_rule(s, f, s->alert, s->rule, 0, 1);
	s->brief = brief && !has_moved(s);
	if (s->brief)
		return;
	if (s->rule != NULL)
		look_at_rule(s, f, s->alert, s->rule, 1, STUDY_OWN_MAX - 1);
	find_down(s, f);
	look_at_others(s, f);
	ask_for_users(s, f);
	ask_whether_it_holds(s, f);
	if (with_causes)
		ask_for_causes(s, f);
}

bool
study_is_looked(const struct study *s)
{
	if (s->causes.tool != NULL && s->causes.answer == NULL)
		return false;
	return s->n_looked == 0 || s->looked[0].range.answer != NULL ||
	       s->looked[0].range.tool == NULL;
}

bool
study_is_plain(const struct study *s)
{
	const struct incident *x = s->incident;
	const cJSON *causes =
	    tree_at(tree_at(s->causes.answer, "data"), "causes");
	int i;

	for (i = 1; i < x->n; i++)
		if (!tree_is(x->at[i]->alert, "name",
			tree_str(x->at[0]->alert, "name")))
			return false;
	return !x->given && x->named == 0 && study_is_looked(s) &&
	       s->target == NULL && s->n_down == 0 && s->top.key == NULL &&
	       cJSON_GetArraySize(causes) == 0;
}

void
study_done(struct study *s)
{
	int i;

	for (i = 0; i < s->n_looked; i++) {
		ask_done(&s->looked[i].range);
		ask_done(&s->looked[i].since);
	}
	cJSON_Delete(s->labels);
	ask_done(&s->users);
	ask_done(&s->users_anywhere);
	ask_done(&s->user_range);
	ask_done(&s->user_since);
	ask_done(&s->causes);
	ask_done(&s->holds);
	ask_done(&s->runbook);
	ask_done(&s->runbook_found);
}

void
study_each(const struct study *s, void (*each)(void *ctx, const struct ask *a),
    void *ctx)
{
	int i;

	each(ctx, &s->causes);
	for (i = 0; i < s->n_looked; i++)
		each(ctx, &s->looked[i].range);
	each(ctx, &s->users);
	for (i = 0; i < s->n_looked; i++)
		each(ctx, &s->looked[i].since);
	each(ctx, &s->users_anywhere);
	each(ctx, &s->user_range);
	each(ctx, &s->user_since);
	each(ctx, &s->holds);
	each(ctx, &s->runbook);
	each(ctx, &s->runbook_found);
}
