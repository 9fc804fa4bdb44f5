/* excerpt.c - a part of kept evidence: its beginning, lines, bytes, a text. */
#include "supervisor/run/excerpt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/json/tree.h"

enum { NUMBER_MAX = 40 }; /* no number is longer */

void
excerpt_done(struct excerpt *e)
{
	buf_done(&e->part);
}

/* ---- where a part may begin and end ---- */

static bool
is_of_number(char c)
{
	return isdigit((unsigned char)c) || c == '.' || c == '+' || c == '-' ||
	       c == 'e' || c == 'E';
}

static bool
is_within(struct span s, size_t at)
{
	return at > 0 && at < s.n &&
	       (((unsigned char)s.p[at] & 0xC0) == 0x80 ||
		   (is_of_number(s.p[at - 1]) && is_of_number(s.p[at])));
}

/* The next place from at on, or back from there, between two words. */
static size_t
clean(struct span s, size_t at, int step)
{
	size_t moved = at;
	int i;

	for (i = 0; i < NUMBER_MAX && is_within(s, moved); i++)
		moved += (size_t)step;
	return is_within(s, moved) ? at : moved;
}

/* As text: what is no UTF-8 goes. */
static void
put_text(struct buf *b, struct span s)
{
	size_t at = b->len;

	buf_add_span(b, s);
	if (!b->full && b->len > at)
		buf_cut(b, at + utf8_tidy(b->data + at, b->len - at));
}

/* [from, to) of it, as much as fits. */
static size_t
put_range(struct excerpt *e, struct span whole, size_t from, size_t to)
{
	size_t end = MIN(to, from + EXCERPT_BYTES_MAX);

	if (end < to)
		end = clean(whole, end, -1);
	put_text(&e->part, span_make(whole.p + from, end - from));
	e->more = end < to;
	return end;
}

/* ---- lines and bytes ---- */

/* "3-20", "3" (alone: to is from) or "3-" (to is the most there is). */
static enum rc
read_range(const char *text, const char *name, int64_t *ret_from,
    int64_t *ret_to, struct err *err)
{
	char *end;
	bool good = isdigit((unsigned char)text[0]);

	*ret_from = *ret_to = strtoll(text, &end, 10);
	if (good && *end == '-') {
		text = end + 1;
		*ret_to = INT64_MAX;
		if (isdigit((unsigned char)*text))
			*ret_to = strtoll(text, &end, 10);
		else
			end++;
	}
	if (good && *end == '\0' && *ret_to >= *ret_from)
		return RC_OK;
	return err_set(
	    err, RC_INVALID, "args.%s is FROM-TO, e.g. \"1-40\"", name);
}

static int64_t
count_lines(struct span s)
{
	int64_t n = 0;
	const char *p = s.p, *end = s.p + s.n;

	for (; p < end; n++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p++ == NULL)
			return n + 1;
	}
	return n;
}

/* Where the n-th line begins, from 1; the end where there are fewer. */
static size_t
line_at(struct span s, int64_t n)
{
	const char *p = s.p, *end = s.p + s.n;

	for (; n > 1 && p < end; n--) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p++ == NULL)
			return s.n;
	}
	return (size_t)(p - s.p);
}

static enum rc
by_lines(
    struct span whole, const char *range, struct excerpt *e, struct err *err)
{
	int64_t all = count_lines(whole), from, to;
	size_t end;
	enum rc rc = read_range(range, "lines", &from, &to, err);

	if (rc != RC_OK)
		return rc;
	if (from < 1 || from > all)
		return err_set(err, RC_INVALID,
		    "there is no line %lld: it has %lld", (long long)from,
		    (long long)all);
	to = MIN(to, all);
	end = put_range(e, whole, line_at(whole, from), line_at(whole, to + 1));
	if (e->more)
		to = count_lines(span_make(whole.p, end));
	snprintf(e->what, sizeof(e->what), "lines %lld to %lld of %lld",
	    (long long)from, (long long)to, (long long)all);
	return RC_OK;
}

static enum rc
by_bytes(
    struct span whole, const char *range, struct excerpt *e, struct err *err)
{
	int64_t from, to;
	size_t begin, end;
	enum rc rc = read_range(range, "bytes", &from, &to, err);

	if (rc != RC_OK)
		return rc;
	if ((uint64_t)from >= whole.n)
		return err_set(err, RC_INVALID,
		    "there is no byte %lld: it has %zu, counted from 0",
		    (long long)from, whole.n);
	begin = clean(whole, (size_t)from, 1);
	end = clean(whole, (size_t)MIN((uint64_t)to, whole.n - 1) + 1, -1);
	end = put_range(e, whole, begin, MAX(end, begin));
	snprintf(e->what, sizeof(e->what), "bytes %zu to %zu of %zu", begin,
	    end > begin ? end - 1 : begin, whole.n);
	return RC_OK;
}

/* ---- a text ---- */

static bool
begins_with(const char *p, struct span text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (tolower((unsigned char)p[i]) !=
		    tolower((unsigned char)text.p[i]))
			return false;
	return true;
}

/* Whatever its case; whole.n: nowhere. */
static size_t
find(struct span whole, size_t from, struct span text)
{
	for (; from + text.n <= whole.n; from++)
		if (begins_with(whole.p + from, text))
			return from;
	return whole.n;
}

/* What is shown of a place: its line, or what of a long one is around it. */
static void
around(struct span whole, size_t at, size_t n, size_t *ret_from, size_t *ret_to)
{
	size_t most = MIN(whole.n, at + n + EXCERPT_AROUND);
	size_t least = at > EXCERPT_AROUND ? at - EXCERPT_AROUND : 0;
	const char *begin = memrchr(whole.p + least, '\n', at - least);
	const char *end = memchr(whole.p + at, '\n', most - at);

	*ret_from = begin != NULL ? (size_t)(begin - whole.p) + 1
				  : clean(whole, least, 1);
	*ret_to =
	    end != NULL ? (size_t)(end - whole.p) : clean(whole, most, -1);
}

static void
put_place(
    struct excerpt *e, struct span whole, size_t from, size_t to, bool lines)
{
	size_t before = e->part.len;

	buf_addf(&e->part, "%s %lld: ", lines ? "line" : "byte",
	    lines ? (long long)count_lines(span_make(whole.p, from)) + 1
		  : (long long)from);
	put_text(&e->part, span_make(whole.p + from, to - from));
	buf_addc(&e->part, '\n');
	/* A place is told whole or not at all. */
	if (e->part.full || e->part.len > EXCERPT_BYTES_MAX) {
		buf_cut(&e->part, before);
		e->more = true;
	}
}

static enum rc
by_text(struct span whole, const char *text, struct excerpt *e, struct err *err)
{
	struct span looked_for = span_of(text);
	bool lines = memchr(whole.p, '\n', whole.n) != NULL;
	size_t at, shown = 0, from, to;

	if (looked_for.n == 0)
		return err_set(err, RC_INVALID, "args.text is empty");
	e->hits = 0;
	for (at = 0; (at = find(whole, at, looked_for)) < whole.n;
	     at += looked_for.n) {
		e->hits++;
		if (at < shown || e->more)
			continue;
		around(whole, at, looked_for.n, &from, &to);
		put_place(e, whole, MAX(from, shown), to, lines);
		shown = to;
	}
	snprintf(e->what, sizeof(e->what), "\"%s\" is in it %lld times", text,
	    (long long)e->hits);
	return RC_OK;
}

/* ---- all of it ---- */

static enum rc
beginning(
    struct span whole, const char *none, struct excerpt *e, struct err *err)
{
	size_t end = put_range(e, whole, 0, whole.n);

	(void)none;
	(void)err;
	snprintf(e->what, sizeof(e->what), "the first %zu of %zu bytes", end,
	    whole.n);
	return RC_OK;
}

enum rc
excerpt_make(
    struct span whole, const cJSON *args, struct excerpt *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum rc (*make)(
		    struct span, const char *, struct excerpt *, struct err *);
	} ways[] = {{"lines", by_lines}, {"bytes", by_bytes}, {"text", by_text},
	    {"path", excerpt_path}};
	int chosen = -1, n = 0, i;

	*ret = (struct excerpt){.hits = -1};
	buf_init(&ret->part, 2 * EXCERPT_BYTES_MAX);
	for (i = 0; i < (int)ARRAY_LEN(ways); i++) {
		if (!tree_has(args, ways[i].name))
			continue;
		chosen = i;
		n++;
	}
	if (n > 1)
		return err_set(err, RC_INVALID,
		    "give one of lines, bytes, text and path, not %d of them",
		    n);
	if (chosen < 0)
		return beginning(whole, NULL, ret, err);
	return ways[chosen].make(
	    whole, tree_str(args, ways[chosen].name), ret, err);
}
