#include "common/report/number.h"

#include <math.h>

bool
number_is_group(struct span s, size_t i)
{
	return i + 3 < s.n && s.p[i] == ',' && number_is_digit(s.p[i + 1]) &&
	       number_is_digit(s.p[i + 2]) && number_is_digit(s.p[i + 3]) &&
	       (i + 4 == s.n || !number_is_digit(s.p[i + 4]));
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
	if (j == s.n || !number_is_digit(s.p[j]))
		return i;
	for (; j < s.n && number_is_digit(s.p[j]); j++)
		if (e < 1000)
			e = 10 * e + (s.p[j] - '0');
	*ret = sign * e;
	return j;
}

struct number
number_read(struct span s, bool grouped)
{
	struct number x = {0, 0, 0};
	int places = 0, exponent = 0;
	size_t i = 0;

	while (i < s.n && (number_is_digit(s.p[i]) ||
			      (grouped && i > 0 && number_is_group(s, i)))) {
		if (s.p[i] != ',')
			x.value = 10 * x.value + (s.p[i] - '0');
		i++;
	}
	if (i == 0)
		return x;
	if (i + 1 < s.n && s.p[i] == '.' && number_is_digit(s.p[i + 1]))
		for (i++; i < s.n && number_is_digit(s.p[i]); i++, places++)
			x.value = 10 * x.value + (s.p[i] - '0');
	x.n = read_exponent(s, i, &exponent);
	x.value *= pow(10, exponent - places);
	x.half = 0.5 * pow(10, exponent - places);
	return x;
}

int
number_two(const char *p)
{
	return 10 * (p[0] - '0') + (p[1] - '0');
}

bool
number_is_dd(struct span s, size_t i)
{
	return i + 2 <= s.n && number_is_digit(s.p[i]) &&
	       number_is_digit(s.p[i + 1]);
}

size_t
number_clock(struct span s, double *ret, bool *ret_seconds)
{
	if (!number_is_dd(s, 0) || s.n < 5 || s.p[2] != ':' ||
	    !number_is_dd(s, 3) || number_two(s.p) > 23 ||
	    number_two(s.p + 3) > 59)
		return 0;
	*ret = number_two(s.p) * 3600 + number_two(s.p + 3) * 60;
	*ret_seconds = s.n >= 8 && s.p[5] == ':' && number_is_dd(s, 6);
	if (!*ret_seconds)
		return 5;
	*ret += number_two(s.p + 6);
	return 8;
}

double
number_zone(struct span s)
{
	size_t i = 0;
	double by;

	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && number_is_digit(s.p[i]); i++)
			;
	if (i + 6 > s.n || (s.p[i] != '+' && s.p[i] != '-') ||
	    !number_is_dd(s, i + 1) || s.p[i + 3] != ':' ||
	    !number_is_dd(s, i + 4))
		return 0;
	by = number_two(s.p + i + 1) * 3600 + number_two(s.p + i + 4) * 60;
	return s.p[i] == '-' ? -by : by;
}
