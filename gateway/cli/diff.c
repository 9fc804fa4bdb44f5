/*
 * diff.c - where two JSON trees differ, and that told to a person.
 */
#include "gateway/cli/diff.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATH_MAX_BYTES = 512,
	VALUE_SHOWN_BYTES = 2000,
	LINES_MAX = 20000,
	CELLS_MAX = 4 << 20, /* of the table of common lines */
};

/* ---- trees ---- */

struct diff {
	cJSON *changes;
	int n;
};

static void diff_value(
    struct diff *d, const char *path, const cJSON *then, const cJSON *now);

static void
diff_add(struct diff *d, const char *path, const cJSON *then, const cJSON *now)
{
	cJSON *change;

	if (d->n++ >= DIFF_CHANGES_MAX)
		return;
	change = cJSON_CreateObject();
	cJSON_AddStringToObject(change, "path", path);
	if (then != NULL)
		cJSON_AddItemToObject(
		    change, "then", cJSON_Duplicate(then, true));
	if (now != NULL)
		cJSON_AddItemToObject(
		    change, "now", cJSON_Duplicate(now, true));
	cJSON_AddItemToArray(d->changes, change);
}

static void
diff_objects(
    struct diff *d, const char *path, const cJSON *then, const cJSON *now)
{
	const char *dot = path[0] != '\0' ? "." : "";
	char at[PATH_MAX_BYTES];
	const cJSON *v;

	cJSON_ArrayForEach (v, then) {
		snprintf(at, sizeof(at), "%s%s%s", path, dot, v->string);
		diff_value(
		    d, at, v, cJSON_GetObjectItemCaseSensitive(now, v->string));
	}
	cJSON_ArrayForEach (v, now) {
		snprintf(at, sizeof(at), "%s%s%s", path, dot, v->string);
		if (cJSON_GetObjectItemCaseSensitive(then, v->string) == NULL)
			diff_add(d, at, NULL, v);
	}
}

/* Elements as an array of pointers, the caller's. */
static const cJSON **
elements(const cJSON *list, int n)
{
	const cJSON **at = xcalloc((size_t)n + 1, sizeof(*at));
	const cJSON *v;
	int i = 0;

	cJSON_ArrayForEach (v, list)
		at[i++] = v;
	return at;
}

static void
diff_lists(
    struct diff *d, const char *path, const cJSON *then, const cJSON *now)
{
	int n = cJSON_GetArraySize(then), m = cJSON_GetArraySize(now);
	const cJSON **a = elements(then, n), **b = elements(now, m);
	char at[PATH_MAX_BYTES];
	int i = 0;

	while (i < n && i < m && cJSON_Compare(a[i], b[i], true))
		i++;
	while (n > i && m > i && cJSON_Compare(a[n - 1], b[m - 1], true)) {
		n--;
		m--;
	}
	for (; i < n || i < m; i++) {
		snprintf(at, sizeof(at), "%s[%d]", path, i);
		diff_value(d, at, i < n ? a[i] : NULL, i < m ? b[i] : NULL);
	}
	free(a);
	free(b);
}

static void
diff_value(
    struct diff *d, const char *path, const cJSON *then, const cJSON *now)
{
	if (cJSON_IsObject(then) && cJSON_IsObject(now))
		diff_objects(d, path, then, now);
	else if (cJSON_IsArray(then) && cJSON_IsArray(now))
		diff_lists(d, path, then, now);
	else if (then == NULL || now == NULL || !cJSON_Compare(then, now, true))
		diff_add(d, path, then, now);
}

int
diff_trees(const cJSON *then, const cJSON *now, cJSON *changes)
{
	struct diff d = {.changes = changes};

	diff_value(&d, "", then, now);
	return d.n;
}

/* ---- texts, line by line ---- */

struct lines {
	struct span *at;
	size_t n;
};

static struct lines
lines_of(const char *text)
{
	struct lines l = {xcalloc(LINES_MAX, sizeof(*l.at)), 0};

	while (l.n < LINES_MAX && *text != '\0') {
		/* The last one takes what is left. */
		size_t n =
		    l.n + 1 < LINES_MAX ? strcspn(text, "\n") : strlen(text);

		l.at[l.n++] = span_make(text, n);
		text += n + (text[n] == '\n');
	}
	return l;
}

static void
put_line(struct buf *b, const char *indent, char sign, struct span line)
{
	buf_addf(b, "%s%c ", indent, sign);
	buf_add_span(b, line);
	buf_addc(b, '\n');
}

static void
put_lines(struct buf *b, const char *indent, char sign, const struct lines *l,
    size_t from, size_t to)
{
	for (; from < to; from++)
		put_line(b, indent, sign, l->at[from]);
}

/* The part of two texts between their common start and their common end. */
struct middle {
	struct lines then, now;
	size_t from, to_then, to_now;
};

/* How many lines the rests from i and from j have in common, for all i and
 * j: the usual table. NULL: it would be too large. */
static uint16_t *
common_table(const struct middle *m, size_t rows, size_t columns)
{
	uint16_t *t;

	if (rows >= UINT16_MAX || columns >= UINT16_MAX ||
	    (rows + 1) * (columns + 1) > CELLS_MAX)
		return NULL;
	t = xcalloc((rows + 1) * (columns + 1), sizeof(*t));
	for (size_t i = rows; i-- > 0;)
		for (size_t j = columns; j-- > 0;) {
			uint16_t *at = &t[i * (columns + 1) + j];

			if (span_equal(m->then.at[m->from + i],
				m->now.at[m->from + j]))
				*at = (uint16_t)(at[columns + 2] + 1);
			else
				*at = MAX(at[1], at[columns + 1]);
		}
	return t;
}

static void
put_middle(struct buf *b, const struct middle *m, const char *indent)
{
	size_t rows = m->to_then - m->from, columns = m->to_now - m->from;
	uint16_t *t = common_table(m, rows, columns);
	size_t i = 0, j = 0;

	while (t != NULL && i < rows && j < columns) {
		const uint16_t *at = &t[i * (columns + 1) + j];

		if (span_equal(
			m->then.at[m->from + i], m->now.at[m->from + j])) {
			i++;
			j++;
		} else if (at[columns + 1] >= at[1]) {
			put_line(b, indent, '-', m->then.at[m->from + i++]);
		} else {
			put_line(b, indent, '+', m->now.at[m->from + j++]);
		}
	}
	put_lines(b, indent, '-', &m->then, m->from + i, m->to_then);
	put_lines(b, indent, '+', &m->now, m->from + j, m->to_now);
	free(t);
}

static void
put_texts(struct buf *b, const char *then, const char *now, const char *indent)
{
	struct middle m = {lines_of(then), lines_of(now), 0, 0, 0};

	m.to_then = m.then.n;
	m.to_now = m.now.n;
	while (m.from < m.to_then && m.from < m.to_now &&
	       span_equal(m.then.at[m.from], m.now.at[m.from]))
		m.from++;
	while (m.to_then > m.from && m.to_now > m.from &&
	       span_equal(m.then.at[m.to_then - 1], m.now.at[m.to_now - 1])) {
		m.to_then--;
		m.to_now--;
	}
	put_middle(b, &m, indent);
	free(m.then.at);
	free(m.now.at);
}

/* ---- for a person ---- */

/* One line; what is long is cut at the end of a character. */
static void
put_value(struct buf *b, const char *indent, char sign, const cJSON *v)
{
	char *text =
	    v != NULL && !cJSON_IsString(v) ? cJSON_PrintUnformatted(v) : NULL;
	struct span s = span_of(text != NULL        ? text
				: cJSON_IsString(v) ? v->valuestring
						    : "");

	if (v == NULL)
		return;
	if (s.n > VALUE_SHOWN_BYTES) {
		s.n = VALUE_SHOWN_BYTES;
		while (s.n > 0 && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
			s.n--;
		put_line(b, indent, sign, s);
		put_line(b, indent, sign, span_of("…"));
	} else {
		put_line(b, indent, sign, s);
	}
	cJSON_free(text);
}

static bool
is_text(const cJSON *v)
{
	return cJSON_IsString(v) && strchr(v->valuestring, '\n') != NULL;
}

void
diff_put(struct buf *b, const cJSON *changes, const char *indent)
{
	const cJSON *change;

	cJSON_ArrayForEach (change, changes) {
		const cJSON *path = cJSON_GetObjectItem(change, "path");
		const cJSON *then = cJSON_GetObjectItem(change, "then");
		const cJSON *now = cJSON_GetObjectItem(change, "now");

		buf_addf(b, "%s%s\n", indent, cJSON_GetStringValue(path));
		if ((is_text(then) || is_text(now)) &&
		    (then == NULL || cJSON_IsString(then)) &&
		    (now == NULL || cJSON_IsString(now))) {
			put_texts(b, then != NULL ? then->valuestring : "",
			    now != NULL ? now->valuestring : "", indent);
			continue;
		}
		put_value(b, indent, '-', then);
		put_value(b, indent, '+', now);
	}
}
