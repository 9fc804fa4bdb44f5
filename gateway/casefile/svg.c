/*
 * svg.c - series as a drawing that needs nothing but itself.
 *
 * Invariant: a series of any length takes at most two points for each pixel
 * of the width, its lowest and its highest there, so that no peak is lost.
 */
#include "gateway/casefile/svg.h"

#include <math.h>
#include <stdint.h>

#include "common/base/num.h"
#include "gateway/casefile/html.h"

enum {
	WIDTH = 720,
	HEIGHT = 190,
	LEFT = 58,
	RIGHT = 8,
	TOP = 8,
	BOTTOM = 22,
	Y_TICKS = 4,
	X_TICKS = 7,
	DIGITS = 4,
	NODE_W = 170,
	NODE_H = 44,
	NODE_GAP = 44,
	NODE_CHARS = 22,
};

struct scale {
	double t0, t1, v0, v1;
};

static double
x_of(const struct scale *s, double t)
{
	return LEFT + (t - s->t0) / (s->t1 - s->t0) * (WIDTH - LEFT - RIGHT);
}

static double
y_of(const struct scale *s, double v)
{
	return TOP + (s->v1 - v) / (s->v1 - s->v0) * (HEIGHT - TOP - BOTTOM);
}

static void
widen(struct scale *s, const struct svg_point *p)
{
	if (!isfinite(p->v))
		return;
	s->t0 = fmin(s->t0, p->t_s);
	s->t1 = fmax(s->t1, p->t_s);
	s->v0 = fmin(s->v0, p->v);
	s->v1 = fmax(s->v1, p->v);
}

/* False: there is nothing to see. */
static bool
scale_of(const struct svg_plot *p, struct scale *ret)
{
	struct scale s = {INFINITY, -INFINITY, INFINITY, -INFINITY};
	double room;
	size_t i, k;

	for (i = 0; i < p->n; i++)
		for (k = 0; k < p->series[i].n; k++)
			widen(&s, &p->series[i].points[k]);
	if (!(s.t1 > s.t0))
		return false;
	room = (s.v1 - s.v0) * 0.06;
	if (!(room > 0))
		room = fmax(fabs(s.v0) * 0.1, 1e-9);
	s.v0 -= room;
	s.v1 += room;
	if (!isfinite(s.v1 - s.v0))
		return false;
	*ret = s;
	return true;
}

/* ---- axes ---- */

/* 1, 2 or 5 times a power of ten: at most n of them in span. */
static double
nice_step(double span, int n)
{
	double rough = span / n, power = pow(10, floor(log10(rough)));
	double k = rough / power;

	return power * (k <= 1 ? 1 : k <= 2 ? 2 : k <= 5 ? 5 : 10);
}

static double
time_step(double span)
{
	static const double steps[] = {1, 5, 15, 30, 60, 120, 300, 600, 900,
	    1800, 3600, 7200, 14400, 21600, 43200};
	size_t i;

	for (i = 0; i < ARRAY_LEN(steps); i++)
		if (span / steps[i] <= X_TICKS)
			return steps[i];
	return ceil(span / X_TICKS / 86400) * 86400;
}

static void
put_y_axis(struct buf *b, const struct scale *s)
{
	double step = nice_step(s->v1 - s->v0, Y_TICKS);
	double v = ceil(s->v0 / step) * step;
	int left = 2 * Y_TICKS;

	for (; v <= s->v1 && left-- > 0; v += step) {
		double y = y_of(s, v);

		buf_addf(b,
		    "<path class=\"grid\" d=\"M%d %.1fH%d\"/>"
		    "<text class=\"tick end\" x=\"%d\" y=\"%.1f\">",
		    LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4);
		num_put_text(b, fabs(v) < step / 1e6 ? 0 : v, DIGITS);
		buf_adds(b, "</text>");
	}
}

/* A day by its date, else the time of day. */
static void
put_tick_time(struct buf *b, double t, double step, const struct zone *zone)
{
	char text[ZONE_TEXT];

	zone_print(zone, llround(t), ZONE_FULL, text);
	if (step >= 86400)
		buf_add(b, text + 5, 5);
	else
		buf_add(b, text + 11, step < 60 ? 8 : 5);
}

static void
put_x_axis(struct buf *b, const struct scale *s, const struct zone *zone)
{
	double step = time_step(s->t1 - s->t0);
	double east = (double)zone_offset_s(zone, llround(s->t0));
	double t = ceil((s->t0 + east) / step) * step - east;
	int left = 2 * X_TICKS;

	for (; t <= s->t1 && left-- > 0; t += step) {
		buf_addf(b,
		    "<path class=\"grid\" d=\"M%.1f %dV%d\"/>"
		    "<text class=\"tick middle\" x=\"%.1f\" y=\"%d\">",
		    x_of(s, t), TOP, HEIGHT - BOTTOM, x_of(s, t), HEIGHT - 6);
		put_tick_time(b, t, step, zone);
		buf_adds(b, "</text>");
	}
}

/* ---- what is drawn ---- */

static void
put_band(struct buf *b, const struct svg_plot *p, const struct scale *s)
{
	double top, bottom;

	if (!p->has_band)
		return;
	top = y_of(s, fmin(p->high, s->v1));
	bottom = y_of(s, fmax(p->low, s->v0));
	if (bottom < top)
		return;
	buf_addf(b,
	    "<rect class=\"band\" x=\"%d\" y=\"%.1f\" width=\"%d\" "
	    "height=\"%.1f\"/>",
	    LEFT, top, WIDTH - LEFT - RIGHT, fmax(bottom - top, 1));
}

static void
put_mark(struct buf *b, const struct scale *s, double t, const char *class)
{
	if (t >= s->t0 && t <= s->t1)
		buf_addf(b, "<path class=\"%s\" d=\"M%.1f %dV%d\"/>", class,
		    x_of(s, t), TOP, HEIGHT - BOTTOM);
}

static void
put_point(struct buf *b, const struct scale *s, const struct svg_point *p,
    bool *pen_up)
{
	buf_addf(b, "%c%.1f %.1f", *pen_up ? 'M' : 'L', x_of(s, p->t_s),
	    y_of(s, p->v));
	*pen_up = false;
}

/* The lowest and the highest of those that fall on one pixel, in order. */
static size_t
put_pixel(struct buf *b, const struct scale *s, const struct svg_series *line,
    size_t i, bool *pen_up)
{
	const struct svg_point *p = line->points;
	size_t low = i, high = i, end = i;

	for (; end < line->n && isfinite(p[end].v) &&
	       floor(x_of(s, p[end].t_s)) == floor(x_of(s, p[i].t_s));
	     end++) {
		low = p[end].v < p[low].v ? end : low;
		high = p[end].v > p[high].v ? end : high;
	}
	put_point(b, s, &p[MIN(low, high)], pen_up);
	if (low != high)
		put_point(b, s, &p[MAX(low, high)], pen_up);
	return end;
}

static void
put_line(struct buf *b, const struct scale *s, const struct svg_series *line,
    size_t hue)
{
	bool pen_up = true;
	size_t i = 0;

	buf_addf(b, "<path class=\"line hue%zu\" d=\"", hue);
	while (i < line->n) {
		if (isfinite(line->points[i].v)) {
			i = put_pixel(b, s, line, i, &pen_up);
		} else {
			pen_up = true;
			i++;
		}
	}
	buf_adds(b, "\"/>");
}

void
svg_put_plot(struct buf *b, const struct svg_plot *p)
{
	struct scale s;
	size_t i;

	if (!scale_of(p, &s))
		return;
	buf_addf(b,
	    "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" "
	    "aria-label=\"",
	    WIDTH, HEIGHT);
	html_put_text(b, p->label);
	buf_adds(b, "\">");
	put_band(b, p, &s);
	put_y_axis(b, &s);
	put_x_axis(b, &s, p->zone);
	put_mark(b, &s, p->onset_s, "onset");
	put_mark(b, &s, p->alert_s, "alert");
	for (i = 0; i < p->n; i++)
		put_line(b, &s, &p->series[i], i);
	buf_adds(b, "</svg>\n");
}

/* ---- a way ---- */

static void
put_node(struct buf *b, const struct svg_node *n, int x)
{
	buf_addf(b,
	    "<g class=\"node%s\"><rect x=\"%d\" y=\"2\" width=\"%d\" "
	    "height=\"%d\" rx=\"8\"/><text class=\"name\" x=\"%d\" "
	    "y=\"21\">",
	    n->last ? " cause" : "", x, NODE_W, NODE_H, x + 12);
	html_put_short(b, n->name, NODE_CHARS);
	buf_addf(b, "</text><text class=\"tick\" x=\"%d\" y=\"37\">", x + 12);
	html_put_short(b, n->under, NODE_CHARS + 4);
	buf_adds(b, "</text></g>");
}

void
svg_put_way(struct buf *b, const struct svg_node *nodes, size_t n)
{
	int width = (int)n * (NODE_W + NODE_GAP) - NODE_GAP + 4, x = 2;
	size_t i;

	buf_addf(b,
	    "<svg class=\"way\" width=\"%d\" height=\"%d\" "
	    "viewBox=\"0 0 %d %d\">",
	    width, NODE_H + 4, width, NODE_H + 4);
	for (i = 0; i < n; i++, x += NODE_W + NODE_GAP) {
		if (i > 0)
			buf_addf(b,
			    "<path class=\"edge\" d=\"M%d %dH%dm-7 -5l7 5l-7 "
			    "5\"/>",
			    x - NODE_GAP, NODE_H / 2 + 2, x - 2);
		put_node(b, &nodes[i], x);
	}
	buf_adds(b, "</svg>\n");
}
