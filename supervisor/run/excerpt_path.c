/*
 * excerpt_path.c - what stands at a path of a JSON document, read once from
 * its beginning as far as that, in bounded memory.
 */
#include "supervisor/run/excerpt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/jsonsax.h"

enum {
	PARTS_MAX = 32,
	STRING_MAX = 1 << 20,
	NAMES_MAX = 200, /* bytes of the members that are named in an error */
};

/* One step of the path: a member, or an element where key.p is NULL. */
struct part {
	struct span key;
	int64_t index;
};

struct walk {
	const struct part *part;
	unsigned n;
	unsigned on; /* so many steps lead to where the reader is */
	/* Of each container around the reader: */
	int64_t next[JSONSAX_DEPTH_MAX + 1];
	bool is_array[JSONSAX_DEPTH_MAX + 1];
	bool fits; /* the next value is the step's, by its key */
	/* What is there where the path goes no further. */
	unsigned farthest;
	struct buf names;
	int64_t elements;
	struct excerpt *e;
	bool inside, comma, found;
};

/* ---- the path ---- */

static enum rc
bad_path(const char *path, struct err *err)
{
	return err_set(err, RC_INVALID,
	    "args.path \"%.100s\" is no path; write e.g. "
	    "data.result[0].metric",
	    path);
}

/* "[3]" or "[\"a.b\"]", from behind its bracket; NULL: it is neither. */
static const char *
read_bracket(const char *p, struct part *ret)
{
	char *end;

	if (*p == '"') {
		const char *close = strchr(p + 1, '"');

		if (close == NULL || close[1] != ']')
			return NULL;
		ret->key = span_make(p + 1, (size_t)(close - p - 1));
		return close + 2;
	}
	if (!isdigit((unsigned char)*p))
		return NULL;
	ret->index = strtoll(p, &end, 10);
	return *end == ']' ? end + 1 : NULL;
}

static enum rc
read_path(const char *path, struct part parts[PARTS_MAX], unsigned *ret,
    struct err *err)
{
	const char *p = path + (path[0] == '$');

	for (*ret = 0; *p != '\0' && *ret < PARTS_MAX; ++*ret) {
		struct part *part = &parts[*ret];

		*part = (struct part){{NULL, 0}, 0};
		if (*p == '[') {
			p = read_bracket(p + 1, part);
		} else {
			p += *p == '.' && p > path;
			part->key = span_make(p, strcspn(p, ".["));
			p = part->key.n > 0 ? p + part->key.n : NULL;
		}
		if (p == NULL)
			return bad_path(path, err);
	}
	return *p == '\0' ? RC_OK : bad_path(path, err);
}

/* ---- the walk ---- */

static void
put_comma(struct walk *w)
{
	if (w->comma)
		buf_addc(&w->e->part, ',');
	w->comma = false;
}

static void
put_value(struct walk *w, const struct jsonsax_event *ev)
{
	struct buf *b = &w->e->part;

	switch (ev->type) {
	case JSONSAX_OBJECT:
	case JSONSAX_ARRAY:
		put_comma(w);
		buf_addc(b, ev->type == JSONSAX_OBJECT ? '{' : '[');
		return;
	case JSONSAX_OBJECT_END:
	case JSONSAX_ARRAY_END:
		buf_addc(b, ev->type == JSONSAX_OBJECT_END ? '}' : ']');
		w->comma = true;
		return;
	case JSONSAX_KEY:
		put_comma(w);
		json_put_string(b, ev->text);
		buf_addc(b, ':');
		return;
	case JSONSAX_STRING:
		put_comma(w);
		json_put_string(b, ev->text);
		break;
	case JSONSAX_NUMBER:
		put_comma(w);
		buf_add_span(b, ev->text);
		break;
	case JSONSAX_BOOL:
	case JSONSAX_NULL:
	case JSONSAX_PAIR: /* not asked for */
		put_comma(w);
		buf_adds(b, ev->type == JSONSAX_NULL ? "null"
			    : ev->boolean            ? "true"
						     : "false");
		break;
	}
	w->comma = true;
}

static bool
opens(const struct jsonsax_event *ev)
{
	return ev->type == JSONSAX_OBJECT || ev->type == JSONSAX_ARRAY;
}

static bool
closes(const struct jsonsax_event *ev)
{
	return ev->type == JSONSAX_OBJECT_END || ev->type == JSONSAX_ARRAY_END;
}

/* A piece of the value that was looked for. */
static enum rc
take(struct walk *w, const struct jsonsax_event *ev, struct err *err)
{
	size_t before = w->e->part.len;

	put_value(w, ev);
	/* Each string and number is there whole. */
	if (w->e->part.full || w->e->part.len > EXCERPT_BYTES_MAX) {
		buf_cut(&w->e->part, before);
		w->e->more = true;
	}
	w->inside = !w->e->more &&
		    (opens(ev) || ev->depth > w->n || ev->type == JSONSAX_KEY);
	return w->inside ? RC_OK : err_set(err, RC_CLOSED, "that is all");
}

/* Does this value, at its depth, stand where the path goes on? */
static bool
is_on_path(const struct walk *w, const struct jsonsax_event *ev)
{
	const struct part *p;

	if (ev->depth == 0)
		return true;
	if (w->on + 1 != ev->depth || ev->depth > w->n)
		return false;
	p = &w->part[w->on];
	if (w->is_array[ev->depth])
		return p->key.p == NULL && w->next[ev->depth] == p->index;
	return p->key.p != NULL && w->fits;
}

static void
enter(struct walk *w, const struct jsonsax_event *ev, bool on)
{
	unsigned inner = ev->depth + 1;

	w->is_array[inner] = ev->type == JSONSAX_ARRAY;
	w->next[inner] = 0;
	if (!on)
		return;
	w->on = ev->depth;
	w->farthest = ev->depth;
	buf_reset(&w->names);
	w->elements = 0;
}

/* What there is where the path has led to so far. */
static void
remember(struct walk *w, const struct jsonsax_event *ev)
{
	if (ev->depth != w->farthest + 1 || w->on != w->farthest)
		return;
	if (ev->type != JSONSAX_KEY)
		w->elements++;
	else if (w->names.len + ev->text.n < NAMES_MAX)
		buf_addf(&w->names, "%s%.*s", w->names.len > 0 ? ", " : "",
		    SPAN_ARG(ev->text));
}

static enum rc
on_event(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	struct walk *w = arg;
	bool on;

	if (w->inside)
		return take(w, ev, err);
	if (closes(ev)) {
		if (w->on == ev->depth && ev->depth > 0)
			w->on--;
		return RC_OK;
	}
	remember(w, ev);
	if (ev->type == JSONSAX_KEY) {
		const struct part *p = &w->part[w->on];

		w->fits = w->on < w->n && p->key.p != NULL &&
			  span_equal(p->key, ev->text);
		return RC_OK;
	}
	on = is_on_path(w, ev);
	if (on && ev->depth == w->n) {
		w->found = true;
		return take(w, ev, err);
	}
	if (opens(ev))
		enter(w, ev, on);
	if (ev->depth > 0)
		w->next[ev->depth]++;
	return RC_OK;
}

static enum rc
not_found(const struct walk *w, const char *path, struct err *err)
{
	if (w->names.len > 0)
		return err_set(err, RC_INVALID,
		    "nothing stands at \"%.100s\": step %u is not there, but "
		    "%s",
		    path, w->farthest + 1, buf_str(&w->names));
	return err_set(err, RC_INVALID,
	    "nothing stands at \"%.100s\": where step %u leads there are %lld "
	    "elements, counted from 0",
	    path, w->farthest + 1, (long long)w->elements);
}

enum rc
excerpt_path(
    struct span whole, const char *path, struct excerpt *ret, struct err *err)
{
	const struct jsonsax_limits limits = {.depth_max = JSONSAX_DEPTH_MAX,
	    .string_max = STRING_MAX,
	    .total_max = whole.n};
	struct part parts[PARTS_MAX + 1] = {0};
	struct walk w = {.part = parts, .e = ret};
	enum rc rc = read_path(path, parts, &w.n, err);

	if (rc != RC_OK)
		return rc;
	buf_init(&w.names, 2 * NAMES_MAX);
	rc = jsonsax_read(whole, &limits, on_event, &w, err);
	if (rc != RC_OK && !w.found)
		rc = err_prefix(err, RC_INVALID, "it is no JSON");
	else if (!w.found)
		rc = not_found(&w, path, err);
	else
		rc = RC_OK;
	buf_done(&w.names);
	snprintf(ret->what, sizeof(ret->what), "what stands at %s%s", path,
	    ret->more ? ", as far as it fits" : "");
	return rc;
}
