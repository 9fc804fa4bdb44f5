/*
 * figures.c - the figures in a line of text, and whether bytes hold them.
 *
 * Reading is by words: a run of letters, digits and the marks that occur in
 * names. A word that is a number and perhaps a unit is a figure; every other
 * word is a name, whatever digits it has.
 */
#include "common/report/figures.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base/attr.h"
#include "common/base/rc.h"

#define KI 1024.0
#define DAY_S 86400.0

/* What a unit multiplies by to give the base unit a metric has; 1 stands for
 * a metric in the very unit. Longer names first where one begins another. */
static const struct unit {
	const char *name;
	double factor[FIGURES_RANGES_MAX];
} units[] = {
    {"percent", {0.01, 1}},
    {"%", {0.01, 1}},
    {"％", {0.01, 1}},
    {"毫秒", {1e-3, 1, 1e3}},
    {"微秒", {1e-6, 1, 1e-3}},
    {"秒", {1, 1e3}},
    {"分钟", {60, 1, 60e3}},
    {"小时", {3600, 1}},
    {"天", {DAY_S, 1}},
    {"万", {1e4}},
    {"亿", {1e8}},
    {"milliseconds", {1e-3, 1, 1e3}},
    {"ms", {1e-3, 1, 1e3}},
    {"µs", {1e-6, 1, 1e-3}},
    {"us", {1e-6, 1, 1e-3}},
    {"ns", {1e-9, 1}},
    {"seconds", {1, 1e3}},
    {"second", {1, 1e3}},
    {"sec", {1, 1e3}},
    {"s", {1, 1e3}},
    {"minutes", {60, 1, 60e3}},
    {"minute", {60, 1, 60e3}},
    {"min", {60, 1, 60e3}},
    {"hours", {3600, 1}},
    {"hour", {3600, 1}},
    {"h", {3600, 1}},
    {"days", {DAY_S, 1}},
    {"day", {DAY_S, 1}},
    {"d", {DAY_S, 1}},
    {"w", {7 * DAY_S, 1}},
    {"y", {365 * DAY_S, 1}},
    {"KiB", {KI, 1}},
    {"MiB", {KI * KI, 1, KI}},
    {"GiB", {KI * KI * KI, 1, KI *KI, KI}},
    {"TiB", {KI * KI * KI * KI, 1, KI *KI}},
    {"kB", {1e3, KI, 1}},
    {"KB", {1e3, KI, 1}},
    {"MB", {1e6, KI *KI, 1}},
    {"GB", {1e9, KI *KI *KI, 1}},
    {"TB", {1e12, KI *KI *KI *KI, 1}},
    {"Ki", {KI, 1}},
    {"Mi", {KI * KI, 1}},
    {"Gi", {KI * KI * KI, 1}},
    {"k", {1e3, 1}},
    {"K", {1e3, 1}},
    {"M", {1e6, 1}},
    {"G", {1e9, 1}},
    {"m", {60, 1, 1e-3}}, /* minutes, or thousandths of a core */
    {"B", {1}},
    {"x", {1}},
    {"/s", {1}},
    {"/min", {1 / 60.0, 1}},
    {"/h", {1 / 3600.0, 1}},
};

static const struct unit no_unit = {"", {1}};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_.:/@+-%", c) != NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- numbers as people write them ---- */

struct number {
	double value;
	double half; /* half a unit of the last place */
	size_t n;    /* bytes read; 0: none */
};

/* Three digits behind a comma, and no fourth. */
static bool
is_group(struct span s, size_t i)
{
	return i + 3 < s.n && s.p[i] == ',' && is_digit(s.p[i + 1]) &&
	       is_digit(s.p[i + 2]) && is_digit(s.p[i + 3]) &&
	       (i + 4 == s.n || !is_digit(s.p[i + 4]));
}

static size_t
read_exponent(struct span s, size_t i, int *ret)
{
	size_t j = i;
	int sign = 1, e = 0;

	if (j < s.n && (s.p[j] == 'e' || s.p[j] == 'E'))
		j++;
	else
		return i;
	if (j < s.n && (s.p[j] == '+' || s.p[j] == '-'))
		sign = s.p[j++] == '-' ? -1 : 1;
	if (j == s.n || !is_digit(s.p[j]))
		return i;
	for (; j < s.n && is_digit(s.p[j]); j++)
		if (e < 1000)
			e = 10 * e + (s.p[j] - '0');
	*ret = sign * e;
	return j;
}

/* grouped: a comma may part thousands; in JSON it parts elements. */
static struct number
read_number(struct span s, bool grouped)
{
	struct number x = {0, 0, 0};
	int places = 0, exponent = 0;
	size_t i = 0;

	while (i < s.n &&
	       (is_digit(s.p[i]) || (grouped && i > 0 && is_group(s, i)))) {
		if (s.p[i] != ',')
			x.value = 10 * x.value + (s.p[i] - '0');
		i++;
	}
	if (i == 0)
		return x;
	if (i + 1 < s.n && s.p[i] == '.' && is_digit(s.p[i + 1]))
		for (i++; i < s.n && is_digit(s.p[i]); i++, places++)
			x.value = 10 * x.value + (s.p[i] - '0');
	x.n = read_exponent(s, i, &exponent);
	x.value *= pow(10, exponent - places);
	x.half = 0.5 * pow(10, exponent - places);
	return x;
}

/* ---- figures ---- */

static void
add_range(struct figure *f, double lo, double hi)
{
	if (f->n_ranges == FIGURES_RANGES_MAX)
		return;
	f->range[f->n_ranges].lo = lo;
	f->range[f->n_ranges].hi = hi;
	f->n_ranges++;
}

static void
keep_text(struct figure *f, struct span text)
{
	size_t n = MIN(text.n, sizeof(f->text) - 1);

	memcpy(f->text, text.p, n);
	f->text[n] = '\0';
}

static struct figure
figure_of(struct span text, struct number x, const struct unit *u)
{
	struct figure f = {0};
	size_t i;

	keep_text(&f, text);
	for (i = 0; i < FIGURES_RANGES_MAX && u->factor[i] != 0; i++) {
		double v = x.value * u->factor[i];
		double half = x.half * u->factor[i] + fabs(v) * 1e-9;

		add_range(&f, v - half, v + half);
	}
	return f;
}

static int
two(const char *p)
{
	return 10 * (p[0] - '0') + (p[1] - '0');
}

static bool
is_dd(struct span s, size_t i)
{
	return i + 2 <= s.n && is_digit(s.p[i]) && is_digit(s.p[i + 1]);
}

/* HH:MM and HH:MM:SS: its length, and the second of the day. */
static size_t
read_clock(struct span s, double *ret, bool *ret_seconds)
{
	if (!is_dd(s, 0) || s.n < 5 || s.p[2] != ':' || !is_dd(s, 3) ||
	    two(s.p) > 23 || two(s.p + 3) > 59)
		return 0;
	*ret = two(s.p) * 3600 + two(s.p + 3) * 60;
	*ret_seconds = s.n >= 8 && s.p[5] == ':' && is_dd(s, 6);
	if (!*ret_seconds)
		return 5;
	*ret += two(s.p + 6);
	return 8;
}

static bool
is_date(struct span w)
{
	return w.n >= 10 && is_dd(w, 0) && is_dd(w, 2) && w.p[4] == '-' &&
	       is_dd(w, 5) && w.p[7] == '-' && is_dd(w, 8);
}

static struct figure
figure_of_time(struct span text, double at, bool seconds)
{
	struct figure f = {.is_time = true};

	keep_text(&f, text);
	/* Without seconds it may be cut or rounded to the minute. */
	add_range(&f, at - (seconds ? 1 : 30), at + (seconds ? 1 : 60));
	return f;
}

/* The seconds of "+08:00" behind a time of day and its fraction; 0: UTC. */
static double
read_zone(struct span s)
{
	size_t i = 0;
	double by;

	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && is_digit(s.p[i]); i++)
			;
	if (i + 6 > s.n || (s.p[i] != '+' && s.p[i] != '-') ||
	    !is_dd(s, i + 1) || s.p[i + 3] != ':' || !is_dd(s, i + 4))
		return 0;
	by = two(s.p + i + 1) * 3600 + two(s.p + i + 4) * 60;
	return s.p[i] == '-' ? -by : by;
}

/* "+08:00" on its own tells where a time is of; it is no figure. */
static bool
is_zone(struct span w)
{
	return w.n == 6 && (w.p[0] == '+' || w.p[0] == '-') && is_dd(w, 1) &&
	       w.p[3] == ':' && is_dd(w, 4);
}

/* A time of day, alone or behind a date: 2026-11-23T10:56:03Z; its zone
 * clings to it or is the next word. */
static bool
time_word(
    struct span w, struct span behind, struct figure *ret, bool *ret_is_date)
{
	struct span clock = w;
	bool seconds = false;
	double at = 0;
	size_t n;

	*ret_is_date = is_date(w);
	if (*ret_is_date) {
		if (w.n < 16 || w.p[10] != 'T')
			return false;
		clock = span_make(w.p + 11, w.n - 11);
	}
	n = read_clock(clock, &at, &seconds);
	if (n == 0 || (n < clock.n && strchr(".Z+-", clock.p[n]) == NULL))
		return false;
	at -= n < clock.n    ? read_zone(span_from(clock, n))
	      : behind.n > 0 ? read_zone(span_from(behind, 1))
			     : 0;
	*ret = figure_of_time(w, fmod(at + DAY_S, DAY_S), seconds);
	return true;
}

/* The unit rest begins with; NULL: none. */
static const struct unit *
unit_at(struct span rest, size_t *ret_n)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(units); i++) {
		size_t n;
		bool ascii;

		if (rest.n == 0 || rest.p[0] != units[i].name[0])
			continue;
		n = strlen(units[i].name);
		ascii = isalpha((unsigned char)units[i].name[0]) != 0;
		if (rest.n < n || memcmp(rest.p, units[i].name, n) != 0)
			continue;
		if (ascii && rest.n > n &&
		    (isalnum((unsigned char)rest.p[n]) || rest.p[n] == '_'))
			continue;
		*ret_n = n;
		return &units[i];
	}
	return NULL;
}

/* What clings to a number may be a unit and a rate ("MiB/s", "B"). */
static bool
is_unit_tail(struct span tail, const struct unit **ret)
{
	const struct unit *u;
	size_t n = 0;

	*ret = &no_unit;
	if (tail.n == 0)
		return true;
	u = unit_at(tail, &n);
	if (u == NULL || (n < tail.n && tail.p[n] != '/'))
		return false;
	*ret = u;
	return true;
}

/* "1h30m" and the like: a sequence of numbers with units. */
static bool
duration_word(struct span w, struct figure *ret)
{
	struct number total = {0, 0.5, w.n};
	size_t i = 0;
	int parts = 0;

	while (i < w.n) {
		struct span rest = span_make(w.p + i, w.n - i);
		struct number x = read_number(rest, true);
		static const char order[] = "dhms";
		static const double seconds[] = {DAY_S, 3600, 60, 1};
		const char *u;

		if (x.n == 0 || x.n >= rest.n || rest.p[x.n] == '\0' ||
		    (u = strchr(order, rest.p[x.n])) == NULL)
			return false;
		total.value += x.value * seconds[u - order];
		i += x.n + 1;
		parts++;
	}
	*ret = figure_of(w, total, &no_unit);
	return parts > 1;
}

/* One number with what follows it in the word and behind the word. */
static bool
number_word(struct span w, struct span behind, struct figure *ret)
{
	size_t sign = w.n > 0 && strchr("+-", w.p[0]) != NULL ? 1 : 0;
	struct span body = span_make(w.p + sign, w.n - sign);
	struct number x = read_number(body, true);
	const struct unit *u;
	struct span text = w;
	size_t n = 0;

	if (x.n == 0)
		return duration_word(w, ret);
	if (!is_unit_tail(span_make(body.p + x.n, body.n - x.n), &u))
		return duration_word(w, ret);
	if (x.n == body.n) {
		size_t gap = behind.n > 0 && behind.p[0] == ' ' ? 1 : 0;
		const struct unit *after =
		    unit_at(span_make(behind.p + gap, behind.n - gap), &n);

		if (after != NULL) {
			u = after;
			text.n += gap + n;
		}
	}
	*ret = figure_of(text, x, u);
	return true;
}

struct reading {
	struct figure *out;
	size_t n, max;
};

static void
keep(struct reading *r, const struct figure *f)
{
	if (r->n < r->max)
		r->out[r->n++] = *f;
}

/* Both sides of "10-20", "3/4": figures when both are numbers. */
static bool
pair_word(struct reading *r, struct span w, struct span behind)
{
	static const char marks[] = "-/:";
	struct figure a, b;
	const char *m;

	for (m = marks; *m != '\0'; m++) {
		const char *at = w.n > 1 ? memchr(w.p + 1, *m, w.n - 1) : NULL;
		struct span left, right;

		if (at == NULL)
			continue;
		left = span_make(w.p, (size_t)(at - w.p));
		right = span_make(at + 1, w.n - left.n - 1);
		if (!number_word(left, span_of(""), &a) ||
		    !number_word(right, behind, &b))
			continue;
		keep(r, &a);
		keep(r, &b);
		return true;
	}
	return false;
}

static void
take_word(struct reading *r, struct span w, struct span behind)
{
	struct figure f;
	bool date;

	/* Full stops and colons end sentences, too. */
	while (w.n > 0 && strchr(".:/-", w.p[w.n - 1]) != NULL) {
		w.n--;
		behind = span_of("");
	}
	if (w.n == 0 || is_zone(w))
		return;
	if (time_word(w, behind, &f, &date) ||
	    (!date && number_word(w, behind, &f)))
		keep(r, &f);
	else if (!date)
		pair_word(r, w, behind);
}

/* [E3], [E1, E2]: the length of a citation at s, 0 when there is none. */
static size_t
citation(struct span s)
{
	size_t i = 1;

	if (s.n < 4 || s.p[0] != '[' || s.p[1] != 'E' || !is_digit(s.p[2]))
		return 0;
	while (i < s.n && (is_digit(s.p[i]) || strchr("E, ", s.p[i]) != NULL))
		i++;
	return i < s.n && s.p[i] == ']' ? i + 1 : 0;
}

/* A word may go on over a comma: 1,234,567. */
static size_t
word_end(struct span s, size_t i)
{
	while (i < s.n) {
		if (is_word(s.p[i]))
			i++;
		else if (i > 0 && is_digit(s.p[i - 1]) && is_group(s, i))
			i += 4;
		else
			break;
	}
	return i;
}

size_t
figures_read(struct span line, struct figure *ret, size_t max)
{
	struct reading r = {ret, 0, max};
	size_t i = 0;

	while (i < line.n) {
		struct span rest = span_make(line.p + i, line.n - i);
		size_t skip = citation(rest);
		size_t end;

		if (skip == 0 && !is_word(line.p[i]))
			skip = 1;
		if (skip > 0) {
			i += skip;
			continue;
		}
		end = word_end(line, i);
		take_word(&r, span_make(line.p + i, end - i),
		    span_make(line.p + end, line.n - end));
		i = end;
	}
	return r.n;
}

/* ---- looking for them ---- */

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
		offer(times, fmod(v, DAY_S));
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
		x = read_number(span_from(f->in, f->at), false);
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
		clock = read_clock(rest, &at, &seconds);
	if (clock > 0)
		offer(
		    times, fmod(at - read_zone(span_from(rest, clock)) + DAY_S,
			       DAY_S));
	x = read_number(rest, false);
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

		if ((is_digit(c) || c == '(') && i >= formula && values.n > 0)
			formula = read_formula(bytes, i, &values);
		if (is_digit(c))
			i += take_number(span_from(bytes, i), &values, &times);
		else
			i += MAX(json_escape(bytes, i), 1);
	}
	free(values.at);
	free(times.at);
}
