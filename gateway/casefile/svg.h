/*
 * svg.h - series as a drawing that needs nothing but itself. Pure.
 *
 * What it looks like is said by classes, which casefile.c has rules for.
 */
#ifndef GATEWAY_CASEFILE_SVG_H
#define GATEWAY_CASEFILE_SVG_H

#include "common/base/buf.h"
#include "common/base/zone.h"

#include <stdbool.h>
#include <stddef.h>

enum { SVG_SERIES_MAX = 8 };

struct svg_point {
	double t_s, v; /* v may be no number: a hole */
};

struct svg_series {
	struct svg_point *points; /* in order of time */
	size_t n;
};

struct svg_plot {
	struct svg_series series[SVG_SERIES_MAX];
	size_t n;
	bool has_band;
	double low, high;        /* what was usual */
	double onset_s;          /* 0: none */
	double alert_s;          /* 0: none */
	struct span label;       /* what it shows, for who cannot see it */
	const struct zone *zone; /* of who reads */
};

/* Appends an <svg>; nothing where no point is a number. */
void svg_put_plot(struct buf *b, const struct svg_plot *plot);

/* A node of a way: what it is, a line below it, whether it is the end. */
struct svg_node {
	struct span name, under;
	bool last;
};

/* Appends an <svg>: nodes from left to right with arrows between them. */
void svg_put_way(struct buf *b, const struct svg_node *nodes, size_t n);

#endif
