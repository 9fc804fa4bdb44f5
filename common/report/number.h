/*
 * number.h - numbers and times of day as people and rules write them:
 * what figures.c and figures_find.c read with.
 */
#ifndef COMMON_REPORT_NUMBER_H
#define COMMON_REPORT_NUMBER_H

#include "common/base/span.h"

#include <stdbool.h>

#define NUMBER_DAY_S 86400.0

struct number {
	double value;
	double half; /* half a unit of the last place */
	size_t n;    /* bytes read; 0: none */
};

static inline bool
number_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two digits at i; and what the two at p come to. */
bool number_is_dd(struct span s, size_t i);
int number_two(const char *p);

/* Three digits behind a comma at i, and no fourth. */
bool number_is_group(struct span s, size_t i);

/* grouped: a comma may part thousands; in JSON it parts elements. */
struct number number_read(struct span s, bool grouped);

/* HH:MM and HH:MM:SS: its length, 0: none; the second of the day, and whether
 * it has seconds. */
size_t number_clock(struct span s, double *ret, bool *ret_seconds);

/* The seconds of "+08:00" behind a time of day and its fraction; 0: UTC. */
double number_zone(struct span s);

#endif
