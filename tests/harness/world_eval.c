/*
 * world_eval.c - the value of an expression at a moment.
 *
 * Everything is computed anew for each moment, but which series a selector
 * matches, which does not change.
 */
#include "tests/harness/world_promql_in.h"

#include "common/base/rc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKBACK_S = 300 };

/* ---- vectors ---- */

void
world_vector_done(struct world_vector *v)
{
	free(v->at);
	*v = (struct world_vector){0};
}

static uint64_t
hash_text(uint64_t h, const char *text)
{
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211U;
	return (h ^ 255) * 1099511628211U;
}

static bool
is_named(const struct promql *q, const char *name)
{
	for (int i = 0; i < q->n_names; i++)
		if (strcmp(q->names[i], name) == 0)
			return true;
	return false;
}

/* Of those labels that q (NULL: none) counts, never of the metric's name. */
static uint64_t
key_of(const struct world_labels *l, const struct promql *q)
{
	uint64_t h = 14695981039346656037U;

	for (int i = 0; i < l->n; i++) {
		if (strcmp(l->at[i].name, "__name__") == 0)
			continue;
		if (q != NULL && q->with_names &&
		    is_named(q, l->at[i].name) == q->excludes)
			continue;
		h = hash_text(hash_text(h, l->at[i].name), l->at[i].value);
	}
	return h;
}

struct world_sample_of *
world_vector_add(
    struct world_vector *v, const struct world_labels *labels, double value)
{
	struct world_sample_of *s;

	if (v->n == v->cap) {
		v->cap = MAX(16, v->cap * 2);
		v->at = xrealloc(v->at, (size_t)v->cap * sizeof(*v->at));
	}
	s = &v->at[v->n++];
	s->labels = *labels;
	s->key = key_of(labels, NULL);
	s->v = value;
	return s;
}

void
promql_drop_name(struct world_labels *l)
{
	for (int i = 0; i < l->n; i++)
		if (strcmp(l->at[i].name, "__name__") == 0) {
			memmove(&l->at[i], &l->at[i + 1],
			    (size_t)(--l->n - i) * sizeof(l->at[0]));
			return;
		}
}

static struct world_vector
scalar(double v)
{
	struct world_vector out = {.is_scalar = true};
	struct world_labels none = {0};

	world_vector_add(&out, &none, v);
	return out;
}

int
promql_find(const struct world_vector *v, uint64_t key)
{
	for (int i = 0; i < v->n; i++)
		if (v->at[i].key == key)
			return i;
	return -1;
}

/* ---- selectors ---- */

static bool
matches(const struct promql *q, const struct world_labels *l)
{
	for (int i = 0; i < q->n_matchers; i++) {
		const struct promql_matcher *m = &q->matchers[i];
		const char *value = world_label(l, m->name);
		bool fits = m->regex
				? regexec(&m->compiled, value, 0, NULL, 0) == 0
				: strcmp(value, m->value) == 0;

		if (fits != m->equal)
			return false;
	}
	return true;
}

void
promql_match(struct promql *q)
{
	const struct world *w = q->world;

	if (q->matched != NULL)
		return;
	q->matched = xcalloc((size_t)w->n_series + 1, sizeof(*q->matched));
	for (int i = 0; i < w->n_series; i++)
		if (matches(q, &w->series[i].labels))
			q->matched[q->n_matched++] = &w->series[i];
}

/* The moment of the last sample by then; NAN: none. A series that ends is
 * marked as ended. */
static double
last_moment(const struct world *w, const struct world_series *s, double t)
{
	double at = floor(t / WORLD_SCRAPE_S) * WORLD_SCRAPE_S;

	return isnan(world_sample(w, s, at)) || t - at > LOOKBACK_S ? NAN : at;
}

static struct world_vector
eval_select(struct promql *q, double t, bool moments)
{
	struct world_vector out = {0};

	promql_match(q);
	for (int i = 0; i < q->n_matched; i++) {
		const struct world_series *s = q->matched[i];
		double at = last_moment(q->world, s, t - q->offset);

		if (!isnan(at))
			world_vector_add(&out, &s->labels,
			    moments ? at : world_sample(q->world, s, at));
	}
	return out;
}

/* ---- functions ---- */

static struct world_vector
eval_timestamp(struct promql *arg, double t)
{
	struct world_vector out;

	if (arg->kind == Q_SELECT) {
		out = eval_select(arg, t, true);
	} else {
		out = world_promql_at(arg, t);
		for (int i = 0; i < out.n; i++)
			out.at[i].v = t;
	}
	for (int i = 0; i < out.n; i++)
		promql_drop_name(&out.at[i].labels);
	return out;
}

/* With the labels that its selector names. */
static struct world_vector
eval_absent(struct promql *arg, double t)
{
	struct world_vector v = world_promql_at(arg, t), out = {0};
	struct world_labels labels = {0};

	for (int i = 0; arg->kind == Q_SELECT && i < arg->n_matchers; i++)
		if (arg->matchers[i].equal && !arg->matchers[i].regex &&
		    strcmp(arg->matchers[i].name, "__name__") != 0)
			world_set_label(&labels, arg->matchers[i].name,
			    arg->matchers[i].value);
	if (v.n == 0)
		world_vector_add(&out, &labels, 1);
	world_vector_done(&v);
	return out;
}

static struct world_vector
eval_call(struct promql *q, double t)
{
	struct promql *arg = q->args[0];
	struct world_vector out = {0};

	if (strcmp(q->word, "time") == 0)
		return scalar(t);
	if (q->n_args == 0)
		return out;
	if (arg->kind == Q_RANGED)
		return arg->step > 0 || arg->args[0]->kind != Q_SELECT
			   ? promql_over_subquery(arg, t, q->word)
			   : promql_over_samples(arg, t, q->word);
	if (strcmp(q->word, "timestamp") == 0)
		return eval_timestamp(arg, t);
	if (strcmp(q->word, "absent") == 0)
		return eval_absent(arg, t);
	if (strcmp(q->word, "vector") == 0 || strcmp(q->word, "sort") == 0 ||
	    strcmp(q->word, "sort_desc") == 0) {
		out = world_promql_at(arg, t);
		out.is_scalar = false;
	}
	return out;
}

/* ---- aggregation ---- */

static void
keep_names(const struct promql *q, struct world_labels *l)
{
	int n = 0;

	for (int i = 0; i < l->n; i++)
		if (is_named(q, l->at[i].name) != q->excludes)
			l->at[n++] = l->at[i];
	l->n = n;
}

static struct world_vector
eval_sum_up(struct promql *q, double t)
{
	auto_vector v = {0};
	struct world_vector out = {0};
	struct promql_course *groups;

	/* The best of a few are all. */
	if (q->n_args > 1)
		return world_promql_at(q->args[1], t);
	v = world_promql_at(q->args[0], t);
	groups = xcalloc((size_t)v.n + 1, sizeof(*groups));
	for (int i = 0; i < v.n; i++) {
		struct world_labels l = v.at[i].labels;
		uint64_t key;
		int k;

		if (!is_named(q, "__name__"))
			promql_drop_name(&l);
		keep_names(q, &l);
		key = key_of(&l, NULL);
		/* __name__ counts here, so that keys alone do not do. */
		for (k = 0; k < out.n; k++)
			if (out.at[k].key == key &&
			    strcmp(world_label(&out.at[k].labels, "__name__"),
				world_label(&l, "__name__")) == 0)
				break;
		if (k == out.n)
			world_vector_add(&out, &l, 0);
		promql_course_add(&groups[k], t, v.at[i].v);
	}
	for (int k = 0; k < out.n; k++)
		out.at[k].v = strcmp(q->word, "sum") == 0 ? groups[k].sum
			      : strcmp(q->word, "avg") == 0
				  ? groups[k].sum / groups[k].n
			      : strcmp(q->word, "min") == 0   ? groups[k].min
			      : strcmp(q->word, "max") == 0   ? groups[k].max
			      : strcmp(q->word, "count") == 0 ? groups[k].n
							      : 1;
	free(groups);
	return out;
}

/* ---- operators ---- */

static bool
compares(const char *op, double a, double b)
{
	switch (op[0]) {
	case '>':
		return op[1] == '=' ? a >= b : a > b;
	case '<':
		return op[1] == '=' ? a <= b : a < b;
	case '!':
		return a != b;
	default:
		return a == b;
	}
}

static double
calculates(const char *op, double a, double b)
{
	switch (op[0]) {
	case '+':
		return a + b;
	case '-':
		return a - b;
	case '*':
		return a * b;
	case '/':
		return a / b;
	case '%':
		return fmod(a, b);
	default:
		return pow(a, b);
	}
}

static bool
is_comparison(const char *op)
{
	return strchr("=!<>", op[0]) != NULL;
}

static void
put_result(struct world_vector *out, const struct promql *q,
    const struct world_labels *labels, double a, double b, double keep)
{
	bool compared = is_comparison(q->word);
	struct world_sample_of *s;

	if (compared && !q->returns_bool && !compares(q->word, a, b))
		return;
	s = world_vector_add(out, labels,
	    !compared         ? calculates(q->word, a, b)
	    : q->returns_bool ? compares(q->word, a, b)
			      : keep);
	if (!compared || q->returns_bool)
		promql_drop_name(&s->labels);
}

/* Whether b has one with those labels that count; which. */
static int
partner(const struct promql *q, const struct world_vector *b,
    const struct world_sample_of *of)
{
	uint64_t key = key_of(&of->labels, q);

	if (!q->with_names)
		return promql_find(b, of->key);
	for (int i = 0; i < b->n; i++)
		if (key_of(&b->at[i].labels, q) == key)
			return i;
	return -1;
}

static struct world_vector
eval_set(const struct promql *q, const struct world_vector *a,
    const struct world_vector *b)
{
	struct world_vector out = {0};
	bool both = strcmp(q->word, "and") == 0;
	bool either = strcmp(q->word, "or") == 0;

	for (int i = 0; i < a->n; i++)
		if (either || (partner(q, b, &a->at[i]) >= 0) == both)
			world_vector_add(&out, &a->at[i].labels, a->at[i].v);
	for (int i = 0; either && i < b->n; i++)
		if (partner(q, a, &b->at[i]) < 0)
			world_vector_add(&out, &b->at[i].labels, b->at[i].v);
	return out;
}

static struct world_vector
eval_binary(struct promql *q, double t)
{
	auto_vector a = world_promql_at(q->args[0], t);
	auto_vector b = world_promql_at(q->args[1], t);
	struct world_vector out = {0};

	if (strchr("aou", q->word[0]) != NULL)
		return eval_set(q, &a, &b);
	if (a.is_scalar && b.is_scalar)
		return scalar(is_comparison(q->word)
				  ? compares(q->word, a.at[0].v, b.at[0].v)
				  : calculates(q->word, a.at[0].v, b.at[0].v));
	for (int i = 0; b.is_scalar && i < a.n; i++)
		put_result(
		    &out, q, &a.at[i].labels, a.at[i].v, b.at[0].v, a.at[i].v);
	for (int i = 0; a.is_scalar && i < b.n; i++)
		put_result(
		    &out, q, &b.at[i].labels, a.at[0].v, b.at[i].v, b.at[i].v);
	for (int i = 0; !a.is_scalar && !b.is_scalar && i < a.n; i++) {
		int k = partner(q, &b, &a.at[i]);

		if (k >= 0)
			put_result(&out, q, &a.at[i].labels, a.at[i].v,
			    b.at[k].v, a.at[i].v);
	}
	return out;
}

struct world_vector
world_promql_at(struct promql *q, double t)
{
	struct world_vector none = {0};

	switch (q->kind) {
	case Q_NUMBER:
		return scalar(q->number);
	case Q_SELECT:
		return eval_select(q, t, false);
	case Q_CALL:
		return eval_call(q, t);
	case Q_SUM_UP:
		return eval_sum_up(q, t);
	case Q_BINARY:
		return eval_binary(q, t);
	case Q_RANGED:
		break;
	}
	return none;
}
