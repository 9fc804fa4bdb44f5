/*
 * figures.h - the figures in a line of text, and whether bytes hold them.
 *
 * A figure is a number as a person writes it: rounded, with a unit. It is
 * kept as the ranges of values it may stand for: "87.3 %" is 87.25 … 87.35
 * or a hundredth of that, "1.2 GiB" also counts in bytes. Numbers inside
 * names (p99, web-1, 10.0.0.1:9100) are not figures; dates are not either;
 * times of day are, as seconds.
 */
#ifndef COMMON_REPORT_FIGURES_H
#define COMMON_REPORT_FIGURES_H

#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>

enum { FIGURES_RANGES_MAX = 4, FIGURES_TEXT_MAX = 40 };

struct figure {
	char text[FIGURES_TEXT_MAX]; /* as written, for messages */
	bool is_time;                /* ranges are seconds of the day, UTC */
	bool found;
	struct {
		double lo, hi;
	} range[FIGURES_RANGES_MAX];
	int n_ranges;
	unsigned claim; /* the caller's */
};

/* Reads the figures of a line of plain text (md_plain); how many, at most
 * max. Citations such as [E3] are left out. */
size_t figures_read(struct span line, struct figure *ret, size_t max);

/*
 * Marks every figure of the list (pointers) whose value occurs in bytes:
 * JSON, msgpack or text, any number in it counts, and what arithmetic of
 * numbers that stands there comes to (7 * 24 * 3600, 14.4 * (1 - 0.999)); for
 * times any unix time and any HH:MM:SS. O(bytes × log figures).
 */
void figures_find(struct figure **list, size_t n, struct span bytes);

#endif
