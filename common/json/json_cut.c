/*
 * json_cut.c - a JSON document cut between two elements of an array.
 *
 * Invariant: the last end of an element at each depth is kept as long as all
 * around it is still open, so that closing brackets is all it takes.
 */
#include "common/json/json_cut.h"

#include <stdlib.h>

#include "common/base/attr.h"

/* What is deeper is passed over. */
enum { DEPTH_MAX = 32 };

/* An array shallower than another is cut where that keeps so much: rather
 * whole series than half of one. */
enum { KEEP_OF = 8, KEEP = 7 };

struct end {
	uint64_t at;   /* behind an element; 0: there is none */
	uint64_t kept; /* elements of arrays of this depth, so far */
};

struct json_cut {
	uint64_t at;
	bool in_string, escaped;
	unsigned depth;
	char open[DEPTH_MAX + 1]; /* at each depth from 1 on */
	bool filled[DEPTH_MAX + 1];
	uint64_t elements[DEPTH_MAX + 1];
	struct end ends[DEPTH_MAX + 1];
	struct end cut; /* once it is decided where */
	unsigned cut_depth;
	char cut_open[DEPTH_MAX + 1];
};

struct json_cut *
json_cut_new(void)
{
	return xcalloc(1, sizeof(struct json_cut));
}

void
json_cut_free(struct json_cut *c)
{
	free(c);
}

static void
end_element(struct json_cut *c)
{
	unsigned d = c->depth;

	if (d == 0 || d > DEPTH_MAX || c->open[d] != '[' || !c->filled[d])
		return;
	c->elements[d]++;
	c->ends[d] = (struct end){c->at, c->elements[d]};
}

static void
enter(struct json_cut *c, char bracket)
{
	if (c->depth <= DEPTH_MAX)
		c->filled[c->depth] = true;
	c->depth++;
	if (c->depth > DEPTH_MAX)
		return;
	c->open[c->depth] = bracket;
	c->filled[c->depth] = false;
}

static void
leave(struct json_cut *c)
{
	end_element(c);
	if (c->depth < DEPTH_MAX)
		c->ends[c->depth + 1].at = 0;
	if (c->depth > 0)
		c->depth--;
}

static void
take(struct json_cut *c, char ch)
{
	if (ch == '{' || ch == '[')
		enter(c, ch);
	else if (ch == '}' || ch == ']')
		leave(c);
	else if (ch == ',')
		end_element(c);
	else if (c->depth <= DEPTH_MAX && strchr(" \t\r\n", ch) == NULL)
		c->filled[c->depth] = true;
	c->in_string = ch == '"';
}

/* Behind the string, or behind all there is. */
static size_t
skip_string(struct json_cut *c, struct span s, size_t i)
{
	for (; i < s.n; i++) {
		if (c->escaped)
			c->escaped = false;
		else if (s.p[i] == '\\')
			c->escaped = true;
		else if (s.p[i] == '"') {
			c->in_string = false;
			return i + 1;
		}
	}
	return i;
}

void
json_cut_feed(struct json_cut *c, struct span bytes)
{
	uint64_t before = c->at;
	size_t i = 0;

	while (i < bytes.n) {
		if (c->in_string) {
			i = skip_string(c, bytes, i);
			continue;
		}
		c->at = before + i;
		take(c, bytes.p[i++]);
	}
	c->at = before + bytes.n;
}

static void
decide(struct json_cut *c, unsigned depth)
{
	c->cut = c->ends[depth];
	c->cut_depth = depth;
	memcpy(c->cut_open, c->open, sizeof(c->open));
	/* What is around it is still open; it may be closed itself, and
	 * something else have begun at its depth. */
	c->cut_open[depth] = '[';
}

void
json_cut_here(struct json_cut *c)
{
	unsigned d;

	for (d = 1; d <= DEPTH_MAX; d++) {
		if (c->ends[d].at == 0)
			continue;
		if (c->ends[d].at / KEEP >= c->at / KEEP_OF) {
			decide(c, d);
			return;
		}
		if (c->ends[d].at > c->cut.at)
			decide(c, d);
	}
}

static uint64_t
left_out(const struct json_cut *c)
{
	unsigned d = c->cut_depth;

	/* Not one fits: then of the outermost array there is. */
	if (d == 0)
		for (d = 1; d < DEPTH_MAX && c->elements[d] == 0;)
			d++;
	return c->elements[d] - c->cut.kept;
}

uint64_t
json_cut_finish(const struct json_cut *c, struct buf *b, size_t from)
{
	uint64_t left = left_out(c);
	bool object = c->cut_depth == 0 || c->cut_open[1] == '{';
	unsigned d;

	buf_cut(b, from + c->cut.at);
	if (c->cut_depth == 0)
		buf_addc(b, '{');
	for (d = c->cut_depth; d > (object ? 1 : 0); d--)
		buf_addc(b, c->cut_open[d] == '[' ? ']' : '}');
	if (object)
		buf_addf(b, "%s\"" JSON_CUT_KEY "\":%llu}",
		    c->cut_depth > 0 ? "," : "", (unsigned long long)left);
	return left;
}
