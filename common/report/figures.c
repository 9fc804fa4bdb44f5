/*
 * figures.c - the figures in a line of text.
 *
 * Reading is by words: a run of letters, digits and the marks that occur in
 * names. A word that is a number and perhaps a unit is a figure; every other
 * word is a name, whatever digits it has.
 */
#include "common/report/figures.h"

#include "common/base/attr.h"
#include "common/report/number.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define KI 1024.0

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
    {"天", {NUMBER_DAY_S, 1}},
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
    {"days", {NUMBER_DAY_S, 1}},
    {"day", {NUMBER_DAY_S, 1}},
    {"d", {NUMBER_DAY_S, 1}},
    {"w", {7 * NUMBER_DAY_S, 1}},
    {"y", {365 * NUMBER_DAY_S, 1}},
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

static bool
is_date(struct span w)
{
	return w.n >= 10 && number_is_dd(w, 0) && number_is_dd(w, 2) &&
	       w.p[4] == '-' && number_is_dd(w, 5) && w.p[7] == '-' &&
	       number_is_dd(w, 8);
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

/* "+08:00" on its own tells where a time is of; it is no figure. */
static bool
is_zone(struct span w)
{
	return w.n == 6 && (w.p[0] == '+' || w.p[0] == '-') &&
	       number_is_dd(w, 1) && w.p[3] == ':' && number_is_dd(w, 4);
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
	n = number_clock(clock, &at, &seconds);
	if (n == 0 || (n < clock.n && strchr(".Z+-", clock.p[n]) == NULL))
		return false;
	at -= n < clock.n    ? number_zone(span_from(clock, n))
	      : behind.n > 0 ? number_zone(span_from(behind, 1))
			     : 0;
	*ret =
	    figure_of_time(w, fmod(at + NUMBER_DAY_S, NUMBER_DAY_S), seconds);
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
		struct number x = number_read(rest, true);
		static const char order[] = "dhms";
		static const double seconds[] = {NUMBER_DAY_S, 3600, 60, 1};
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
	struct number x = number_read(body, true);
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

	if (s.n < 4 || s.p[0] != '[' || s.p[1] != 'E' ||
	    !number_is_digit(s.p[2]))
		return 0;
	while (i < s.n &&
	       (number_is_digit(s.p[i]) || strchr("E, ", s.p[i]) != NULL))
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
		else if (i > 0 && number_is_digit(s.p[i - 1]) &&
			 number_is_group(s, i))
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
