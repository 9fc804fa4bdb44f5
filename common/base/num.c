/*
 * num.c - decimal text to double and back.
 *
 * The fast way is exact: a whole number below 2^53 times or divided by a
 * power of ten that a double holds exactly is rounded once, by the division.
 */
#include "common/base/num.h"

#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct scan {
	const char *p, *end;
	uint64_t digits; /* the significant ones, while they fit */
	int n_digits;    /* how many are in digits */
	int exp10;
	bool inexact; /* some did not fit */
};

static bool
is_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* The first of eight characters is in the lowest byte. */
static uint64_t
eight_load(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static bool
eight_are_digits(uint64_t v)
{
	return ((v & 0xF0F0F0F0F0F0F0F0) |
		   ((v + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4) ==
	       0x3333333333333333;
}

/* Their value: neighbours are joined to pairs, fours and the eight. */
static uint64_t
eight_value(uint64_t v)
{
	v -= 0x3030303030303030;
	v = v * 10 + (v >> 8);
	return ((v & 0x000000FF000000FF) * 0x000F424000000064 +
		   (v >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
	       32;
}

/* Eighteen digits are below 2^63 and enough: more go another way. */
static inline void
scan_digits(struct scan *s, int exp_step)
{
	const char *p = s->p, *end = s->end;
	uint64_t digits = s->digits;
	int n = s->n_digits;

	while (n <= 10 && end - p >= 8 && (digits != 0 || *p != '0')) {
		uint64_t v = eight_load(p);

		if (!eight_are_digits(v))
			break;
		digits = digits * 100000000 + eight_value(v);
		n += 8;
		p += 8;
	}
	for (; p < end && *p >= '0' && *p <= '9' && n < 18; p++) {
		digits = digits * 10 + (uint64_t)(*p - '0');
		n += digits != 0;
	}
	s->exp10 += exp_step * (int)(p - s->p);
	s->digits = digits;
	s->n_digits = n;
	for (s->p = p; is_digit(s); s->p++)
		s->inexact = true;
}

static bool
scan_exponent(struct scan *s)
{
	bool minus = false;
	int e = 0;

	s->p++;
	if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
		minus = *s->p++ == '-';
	if (!is_digit(s))
		return false;
	for (; is_digit(s); s->p++)
		e = e < 100000 ? e * 10 + (*s->p - '0') : e;
	s->exp10 += minus ? -e : e;
	return true;
}

/* Moves p over a number; false: *p is where the grammar is broken. */
static bool
scan_number(struct scan *s)
{
	if (s->p < s->end && *s->p == '-')
		s->p++;
	if (!is_digit(s))
		return false;
	if (*s->p == '0')
		s->p++;
	else
		scan_digits(s, 0);
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!is_digit(s))
			return false;
		scan_digits(s, -1);
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E'))
		return scan_exponent(s) && s->p == s->end;
	return s->p == s->end;
}

static double
by_strtod(struct span text)
{
	char copy[NUM_TEXT_MAX + 1];

	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return strtod(copy, NULL);
}

enum num_result
num_parse(struct span text, double *ret, size_t *ret_at)
{
	static const double ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
	    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
	    1e19, 1e20, 1e21, 1e22};
	struct scan s = {.p = text.p, .end = text.p + text.n};
	double d;

	if (text.n > NUM_TEXT_MAX)
		return NUM_TOO_LONG;
	if (!scan_number(&s)) {
		*ret_at = (size_t)(s.p - text.p);
		return NUM_BAD;
	}
	if (s.inexact || s.digits > (1ULL << 53) || s.exp10 < -22 ||
	    s.exp10 > 22) {
		d = by_strtod(text);
		if (isinf(d))
			return NUM_TOO_LARGE;
		*ret = d;
		return NUM_OK;
	}
	d = (double)s.digits;
	d = s.exp10 < 0 ? d / ten[-s.exp10] : d * ten[s.exp10];
	*ret = text.p[0] == '-' ? -d : d;
	return NUM_OK;
}

bool
num_parse_sample(struct span text, double *ret)
{
	size_t at;

	if (text.n > 0 && (text.p[text.n - 1] | 0x20) <= '9')
		return num_parse(text, ret, &at) == NUM_OK;
	if (span_is(text, "NaN"))
		*ret = NAN;
	else if (span_is(text, "+Inf") || span_is(text, "Inf"))
		*ret = INFINITY;
	else if (span_is(text, "-Inf"))
		*ret = -INFINITY;
	else
		return false;
	return true;
}

static const char *
not_finite(double d)
{
	if (isnan(d))
		return "NaN";
	return d > 0 ? "+Inf" : "-Inf";
}

bool
num_parse_whole(struct span text, uint64_t most, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i;

	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return false;
	for (i = 0; i < text.n; i++) {
		uint64_t digit = (uint64_t)(unsigned char)text.p[i] - '0';

		if (digit > 9 || digit > most || n > (most - digit) / 10)
			return false;
		n = 10 * n + digit;
	}
	*ret = n;
	return true;
}

void
num_put_json(struct buf *b, double d)
{
	char text[40];
	int digits;

	if (!isfinite(d)) {
		buf_addf(b, "\"%s\"", not_finite(d));
		return;
	}
	if (d == floor(d) && fabs(d) < 1e15) {
		buf_addf(b, "%.0f", d);
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_adds(b, text);
}

void
num_put_text(struct buf *b, double d, int digits)
{
	if (!isfinite(d))
		buf_adds(b, not_finite(d));
	else if (d == floor(d) && fabs(d) < 1e15)
		buf_addf(b, "%.0f", d);
	else
		buf_addf(b, "%.*g", digits, d);
}
