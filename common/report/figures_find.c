/*
 * figures_find.c - whether bytes hold figures: as a number, as a time, or as
 * what a formula of numbers comes to.
 */
#include "common/base/rc.h"
#include "common/report/figures.h"
#include "common/report/number.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct want {
	double lo, hi;
	double reach; /* the highest hi up to here */
	struct figure *figure;
};

struct wants {
	struct want *at;
	size_t n;
	size_t left; /* figures not found yet */
};

static int
compare(const void *a, const void *b)
{
	double x = ((const struct want *)a)->lo;
	double y = ((const struct want *)b)->lo;

	return (x > y) - (x < y);
}

static struct wants
wants_of(struct figure **list, size_t n, bool times)
{
	struct wants w = {
	    xcalloc(n * FIGURES_RANGES_MAX + 1, sizeof(*w.at)), 0, 0};
	double reach = -INFINITY;
	size_t i;
	int k;

	for (i = 0; i < n; i++)
		for (k = 0; k < list[i]->n_ranges; k++)
			if (list[i]->is_time == times && !list[i]->found)
				w.at[w.n++] =
				    (struct want){list[i]->range[k].lo,
					list[i]->range[k].hi, 0, list[i]};
	qsort(w.at, w.n, sizeof(*w.at), compare);
	for (i = 0; i < w.n; i++) {
		reach = fmax(reach, w.at[i].hi);
		w.at[i].reach = reach;
	}
	return w;
}

static void
offer(struct wants *w, double v)
{
	size_t lo = 0, hi = w->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (w->at[mid].lo <= v)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo > 0 && w->at[lo - 1].reach >= v) {
		lo--;
		if (w->at[lo].hi >= v)
			w->at[lo].figure->found = true;
	}
}

/* A number also tells a time when it is one: seconds or milliseconds since
 * the epoch. */
static void
offer_moment(struct wants *times, double v)
{
	if (v >= 1e12 && v < 1e14)
		v /= 1000;
	if (v >= 1e9 && v < 1e11)
		offer(times, fmod(v, NUMBER_DAY_S));
}

/* ---- arithmetic ---- */

enum { NESTED_MAX = 16 };

/* What stands in the bytes as a formula of numbers alone, as rules write
 * their thresholds; each step's result is offered. */
struct formula {
	struct span in;
	size_t at; /* how far it was read */
	struct wants *values;
	unsigned nested;
};

static void
skip_blanks(struct formula *f)
{
	while (f->at < f->in.n && f->in.p[f->at] == ' ')
		f->at++;
}

static bool formula_sum(struct formula *f, double *ret);

/* A number that is no part of a name and has no unit, or a sum in
 * parentheses. */
static bool
formula_operand(struct formula *f, double *ret)
{
	struct number x;
	bool ok;

	skip_blanks(f);
	if (f->at == f->in.n)
		return false;
	if (f->in.p[f->at] != '(') {
		x = number_read(span_from(f->in, f->at), false);
		f->at += x.n;
		*ret = x.value;
		return x.n > 0 &&
		       (f->at == f->in.n ||
			   (!isalpha((unsigned char)f->in.p[f->at]) &&
			       strchr("_:", f->in.p[f->at]) == NULL));
	}
	if (f->nested == NESTED_MAX)
		return false;
	f->at++;
	f->nested++;
	ok = formula_sum(f, ret);
	f->nested--;
	skip_blanks(f);
	if (!ok || f->at == f->in.n || f->in.p[f->at] != ')')
		return false;
	f->at++;
	return true;
}

/* The operator that comes next, if it is one of those. A sign belongs to a
 * formula only with a blank on both sides: there are dates and ranges. */
static char
formula_operator(struct formula *f, const char *of)
{
	size_t before = f->at;
	char c;

	skip_blanks(f);
	c = f->at < f->in.n ? f->in.p[f->at] : '\0';
	if (c == '\0' || strchr(of, c) == NULL ||
	    ((c == '+' || c == '-') &&
		(before == f->at || f->at + 1 == f->in.n ||
		    f->in.p[f->at + 1] != ' '))) {
		f->at = before;
		return '\0';
	}
	f->at++;
	return c;
}

static double
apply(double a, char op, double b)
{
	switch (op) {
	case '+':
		return a + b;
	case '-':
		return a - b;
	case '*':
		return a * b;
	case '/':
		return a / b;
	default:
		return pow(a, b);
	}
}

static bool
formula_power(struct formula *f, double *ret)
{
	double b;

	if (!formula_operand(f, ret))
		return false;
	if (formula_operator(f, "^") == '\0')
		return true;
	if (!formula_operand(f, &b))
		return false;
	*ret = apply(*ret, '^', b);
	offer(f->values, *ret);
	return true;
}

static bool
formula_product(struct formula *f, double *ret)
{
	double b;
	char op;

	if (!formula_power(f, ret))
		return false;
	while ((op = formula_operator(f, "*/")) != '\0') {
		if (!formula_power(f, &b))
			return false;
		*ret = apply(*ret, op, b);
		offer(f->values, *ret);
	}
	return true;
}

static bool
formula_sum(struct formula *f, double *ret)
{
	double b;
	char op;

	if (!formula_product(f, ret))
		return false;
	while ((op = formula_operator(f, "+-")) != '\0') {
		if (!formula_product(f, &b))
			return false;
		*ret = apply(*ret, op, b);
		offer(f->values, fabs(*ret));
	}
	return true;
}

/* Behind the formula that begins there; what is in one begins none. */
static size_t
read_formula(struct span bytes, size_t i, struct wants *values)
{
	struct formula f = {.in = bytes, .at = i, .values = values};
	double v;

	if (i > 0 && (isalnum((unsigned char)bytes.p[i - 1]) ||
			 strchr("_.:", bytes.p[i - 1]) != NULL))
		return i;
	formula_sum(&f, &v);
	return f.at;
}

/* "\u003e" is a character, not a number. */
static size_t
json_escape(struct span bytes, size_t i)
{
	size_t k;

	if (bytes.p[i] != '\\' || bytes.n - i < 6 || bytes.p[i + 1] != 'u')
		return 0;
	for (k = 2; k < 6; k++)
		if (!isxdigit((unsigned char)bytes.p[i + k]))
			return 0;
	return 6;
}

static size_t
take_number(struct span rest, struct wants *values, struct wants *times)
{
	size_t clock = 0;
	struct number x;
	bool seconds;
	double at;

	if (times->n > 0)
		clock = number_clock(rest, &at, &seconds);
	if (clock > 0)
		offer(times, fmod(at - number_zone(span_from(rest, clock)) +
				      NUMBER_DAY_S,
				 NUMBER_DAY_S));
	x = number_read(rest, false);
	offer(values, x.value);
	if (times->n > 0)
		offer_moment(times, x.value);
	return x.n;
}

void
figures_find(struct figure **list, size_t n, struct span bytes)
{
	struct wants values = wants_of(list, n, false);
	struct wants times = wants_of(list, n, true);
	size_t i = 0, formula = 0;

	while (i < bytes.n && values.n + times.n > 0) {
		char c = bytes.p[i];

		if ((number_is_digit(c) || c == '(') && i >= formula &&
		    values.n > 0)
			formula = read_formula(bytes, i, &values);
		if (number_is_digit(c))
			i += take_number(span_from(bytes, i), &values, &times);
		else
			i += MAX(json_escape(bytes, i), 1);
	}
	free(values.at);
	free(times.at);
}
