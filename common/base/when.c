/*
 * when.c - moments and durations as text.
 *
 * Calendar arithmetic is our own (proleptic Gregorian, no leap seconds), so
 * that neither time zone nor locale has a say.
 */
#include "common/base/when.h"
#include "common/base/num.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
    {"y", INT64_C(365) * 86400000},
    {"w", INT64_C(7) * 86400000},
    {"d", INT64_C(86400000)},
    {"h", INT64_C(3600000)},
    {"m", INT64_C(60000)},
    {"s", INT64_C(1000)},
    {"ms", INT64_C(1)},
};

#define DURATION_MAX_MS (INT64_C(100) * 365 * 86400000)

/* ---- durations ---- */

static enum rc
bad_duration(struct span text, struct err *err)
{
	return err_set(err, RC_INVALID,
	    "\"%.*s\" is not a duration; write e.g. \"30m\", \"1h30m\", "
	    "\"2d\", \"500ms\" or a number of seconds",
	    (int)MIN(text.n, (size_t)60), text.p != NULL ? text.p : "");
}

enum rc
when_duration_of(double seconds, int64_t *ret_ms, struct err *err)
{
	if (!(seconds >= 0 && seconds * 1000 <= (double)DURATION_MAX_MS))
		return err_set(err, RC_INVALID,
		    "%g seconds is not a duration between 0 and 100 years",
		    seconds);
	*ret_ms = llround(seconds * 1000);
	return RC_OK;
}

static size_t
number_length(struct span s)
{
	size_t n = 0;

	while (n < s.n && (isdigit((unsigned char)s.p[n]) || s.p[n] == '.'))
		n++;
	return n;
}

static const struct unit *
unit_find(struct span name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(units); i++)
		if (span_is(name, units[i].name))
			return &units[i];
	return NULL;
}

/* Takes one "1.5h" off the start of *rest; false: there is none. */
static bool
take_part(struct span *rest, double *sum_ms)
{
	size_t n = number_length(*rest), m = n, at;
	const struct unit *unit;
	double number;

	while (m < rest->n && isalpha((unsigned char)rest->p[m]))
		m++;
	unit = unit_find(span_make(rest->p + n, m - n));
	if (n == 0 || unit == NULL ||
	    num_parse(span_make(rest->p, n), &number, &at) != NUM_OK)
		return false;
	*sum_ms += number * (double)unit->ms;
	*rest = span_make(rest->p + m, rest->n - m);
	return true;
}

enum rc
when_duration(struct span text, int64_t *ret_ms, struct err *err)
{
	struct span rest = text;
	double number, sum_ms = 0;
	size_t at;

	if (text.n == 0 || text.n > 60)
		return bad_duration(text, err);
	if (number_length(text) == text.n) {
		if (num_parse(text, &number, &at) != NUM_OK)
			return bad_duration(text, err);
		return when_duration_of(number, ret_ms, err);
	}
	while (rest.n > 0)
		if (!take_part(&rest, &sum_ms))
			return bad_duration(text, err);
	return when_duration_of(sum_ms / 1000, ret_ms, err);
}

const char *
when_print_duration(int64_t ms, char out[WHEN_TEXT])
{
	size_t i, n = 0;

	if (ms == 0)
		return memcpy(out, "0s", 3);
	if (ms < 0) {
		out[n++] = '-';
		ms = -ms;
	}
	/* Years and weeks read badly: from days on down. */
	for (i = 2; i < ARRAY_LEN(units); i++) {
		if (ms < units[i].ms)
			continue;
		n += (size_t)snprintf(out + n, WHEN_TEXT - n, "%lld%s",
		    (long long)(ms / units[i].ms), units[i].name);
		ms %= units[i].ms;
	}
	return out;
}

/* ---- the calendar ---- */

static int64_t
days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
civil_from_days(int64_t z, int *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp + (mp < 10 ? 3 : -9));
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

static int
days_in_month(int y, int m)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

	return days[m - 1] + (m == 2 && leap);
}

/* ---- RFC 3339 ---- */

struct stamp {
	int year, month, day, hour, minute, second;
	int64_t frac_ms, offset_s;
};

/* Takes n digits, then the character that must follow (0: none). */
static bool
take_int(struct span *s, size_t n, char then, int *ret)
{
	size_t i;
	int v = 0;

	if (s->n < n + (then != 0))
		return false;
	for (i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s->p[i]))
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	if (then != 0 && (s->p[n] | 0x20) != (then | 0x20))
		return false;
	n += then != 0;
	*s = span_make(s->p + n, s->n - n);
	*ret = v;
	return true;
}

static bool
take_fraction(struct span *s, int64_t *ret_ms)
{
	int64_t scale = 100, ms = 0;
	size_t n = 1;

	if (s->n == 0 || *s->p != '.')
		return true;
	for (; n < s->n && isdigit((unsigned char)s->p[n]); n++) {
		ms += scale * (s->p[n] - '0');
		scale /= 10;
	}
	*s = span_make(s->p + n, s->n - n);
	*ret_ms = ms;
	return n > 1;
}

static bool
take_offset(struct span *s, int64_t *ret_s)
{
	int h, m, sign = 1;

	if (s->n == 1 && (*s->p | 0x20) == 'z') {
		*ret_s = 0;
		return true;
	}
	if (s->n == 0 || (*s->p != '+' && *s->p != '-'))
		return false;
	sign = *s->p == '-' ? -1 : 1;
	*s = span_make(s->p + 1, s->n - 1);
	if (!take_int(s, 2, ':', &h) || !take_int(s, 2, 0, &m) || s->n != 0)
		return false;
	*ret_s = (int64_t)sign * (h * 3600 + m * 60);
	return h < 24 && m < 60;
}

static bool
take_stamp(struct span s, struct stamp *t)
{
	return take_int(&s, 4, '-', &t->year) &&
	       take_int(&s, 2, '-', &t->month) &&
	       take_int(&s, 2, 'T', &t->day) &&
	       take_int(&s, 2, ':', &t->hour) &&
	       take_int(&s, 2, ':', &t->minute) &&
	       take_int(&s, 2, 0, &t->second) &&
	       take_fraction(&s, &t->frac_ms) && take_offset(&s, &t->offset_s);
}

static bool
stamp_exists(const struct stamp *t)
{
	return t->year >= 1 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	       t->day <= days_in_month(t->year, t->month) && t->hour < 24 &&
	       t->minute < 60 && t->second < 61;
}

enum rc
when_rfc3339(struct span text, int64_t *ret_ms, struct err *err)
{
	struct stamp t = {0};
	int64_t s;

	if (!take_stamp(text, &t) || !stamp_exists(&t))
		return err_set(err, RC_INVALID,
		    "\"%.*s\" is not a moment like 2026-11-23T09:57:00Z",
		    (int)MIN(text.n, (size_t)60), text.p != NULL ? text.p : "");
	s = days_from_civil(t.year, t.month, t.day) * 86400 +
	    t.hour * INT64_C(3600) + t.minute * INT64_C(60) + t.second -
	    t.offset_s;
	*ret_ms = s * 1000 + t.frac_ms;
	return RC_OK;
}

const char *
when_print(int64_t ms, char out[WHEN_TEXT])
{
	int64_t rest = ((ms % 86400000) + 86400000) % 86400000;
	int y, m, d, n, s = (int)(rest / 1000);

	civil_from_days((ms - rest) / 86400000, &y, &m, &d);
	n = snprintf(out, WHEN_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d,
	    s / 3600, s / 60 % 60, s % 60);
	if (rest % 1000 != 0)
		n += snprintf(out + n, (size_t)(WHEN_TEXT - n), ".%03d",
		    (int)(rest % 1000));
	snprintf(out + n, (size_t)(WHEN_TEXT - n), "Z");
	return out;
}

/* ---- moments ---- */

static enum rc
bad_moment(struct span text, struct err *err)
{
	return err_set(err, RC_INVALID,
	    "\"%.*s\" is not a moment; write e.g. \"now\", \"-1h\", "
	    "\"2026-11-23T09:57:00Z\" or Unix seconds",
	    (int)MIN(text.n, (size_t)60), text.p != NULL ? text.p : "");
}

enum rc
when_moment_of(double unix_s, int64_t *ret_ms, struct err *err)
{
	if (unix_s >= 0 && unix_s * 1000 <= (double)WHEN_MAX_MS) {
		*ret_ms = llround(unix_s * 1000);
		return RC_OK;
	}
	return err_set(err, RC_INVALID,
	    "%.17g is not a moment in Unix seconds between the years 1970 and "
	    "9999%s",
	    unix_s,
	    unix_s > 0 && unix_s <= (double)WHEN_MAX_MS
		? "; it looks like milliseconds: divide by 1000"
		: "");
}

static enum rc
in_range(int64_t ms, struct span text, int64_t *ret_ms, struct err *err)
{
	if (ms < 0 || ms > WHEN_MAX_MS)
		return err_set(err, RC_INVALID,
		    "\"%.*s\" is not between the years 1970 and 9999",
		    SPAN_ARG(text));
	*ret_ms = ms;
	return RC_OK;
}

static enum rc
relative(struct span text, size_t skip, int64_t now_ms, int64_t *ret_ms,
    struct err *err)
{
	struct span rest = span_make(text.p + skip, text.n - skip);
	int64_t by_ms = 0;

	if (rest.n > 0 && *rest.p != '-' && *rest.p != '+')
		return bad_moment(text, err);
	if (rest.n > 0 && when_duration(span_make(rest.p + 1, rest.n - 1),
			      &by_ms, NULL) != RC_OK)
		return bad_moment(text, err);
	if (rest.n > 0 && *rest.p == '-')
		by_ms = -by_ms;
	return in_range(now_ms + by_ms, text, ret_ms, err);
}

enum rc
when_moment(struct span text, int64_t now_ms, int64_t *ret_ms, struct err *err)
{
	double number;
	size_t at;
	int64_t ms = 0;

	if (text.n == 0 || text.n > 60)
		return bad_moment(text, err);
	if (text.n >= 3 && memcmp(text.p, "now", 3) == 0)
		return relative(text, 3, now_ms, ret_ms, err);
	if (*text.p == '-' || *text.p == '+')
		return relative(text, 0, now_ms, ret_ms, err);
	if (num_parse(text, &number, &at) == NUM_OK)
		return when_moment_of(number, ret_ms, err);
	if (when_rfc3339(text, &ms, NULL) != RC_OK)
		return bad_moment(text, err);
	return in_range(ms, text, ret_ms, err);
}
