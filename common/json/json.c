/*
 * json.c - small JSON documents: text to tree and back.
 *
 * Invariant: a tree made here has no duplicate keys, no string with a NUL,
 * only finite numbers, and a depth within its limit, so that recursion over
 * it is safe.
 */
#include "common/json/json.h"
#include "common/json/json_build.h"
#include "common/base/num.h"
#include "common/base/utf8.h"
#include "common/base/when.h"

#include <assert.h>
#include <stdlib.h>

const struct json_limits json_limits_default = {
    .bytes_max = 1 << 20, .depth_max = 32, .values_max = 200000};

static void *
json_malloc(size_t n)
{
	return xrealloc(NULL, n != 0 ? n : 1);
}

/* cJSON drops a member when memory is short; ours is all or nothing. */
__attribute__((constructor)) static void
json_setup(void)
{
	cJSON_Hooks hooks = {.malloc_fn = json_malloc, .free_fn = free};

	cJSON_InitHooks(&hooks);
}

/* ---- parsing ---- */

static enum rc
on_event(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	bool complete;

	return json_build_event(arg, ev, &complete, err);
}

static int
by_text(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* A key that the object has twice, or NULL. */
static const char *
duplicate_key(const cJSON *object)
{
	size_t i, n = 0;
	const cJSON *child;
	const char **keys;
	const char *twice = NULL;

	cJSON_ArrayForEach (child, object)
		n++;
	if (n < 2)
		return NULL;
	keys = xcalloc(n, sizeof(*keys));
	n = 0;
	cJSON_ArrayForEach (child, object)
		keys[n++] = child->string;
	qsort(keys, n, sizeof(*keys), by_text);
	for (i = 1; i < n && twice == NULL; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			twice = keys[i];
	free(keys);
	return twice;
}

static enum rc
check_keys(const cJSON *tree, struct err *err)
{
	const cJSON *child;
	const char *twice = cJSON_IsObject(tree) ? duplicate_key(tree) : NULL;

	if (twice != NULL)
		return err_set(err, RC_INVALID,
		    "the key \"%.80s\" stands twice in one object", twice);
	cJSON_ArrayForEach (child, tree) {
		enum rc rc = check_keys(child, err);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc
json_parse(struct span text, const struct json_limits *limits, cJSON **ret,
    struct err *err)
{
	const struct json_limits *l =
	    limits != NULL ? limits : &json_limits_default;
	struct json_build build = {.values_max = l->values_max};
	struct jsonsax_limits sax = {.depth_max = l->depth_max,
	    .string_max = l->bytes_max,
	    .total_max = l->bytes_max};
	enum rc rc = jsonsax_read(text, &sax, on_event, &build, err);

	if (rc == RC_OK)
		rc = check_keys(build.root, err);
	if (rc == RC_OK)
		*ret = json_build_take(&build);
	json_build_reset(&build);
	return rc;
}

/* ---- printing ---- */

static void
put_escape(struct buf *b, unsigned char c)
{
	static const char *const named[] = {['\b'] = "\\b",
	    ['\t'] = "\\t",
	    ['\n'] = "\\n",
	    ['\f'] = "\\f",
	    ['\r'] = "\\r",
	    ['"'] = "\\\"",
	    ['\\'] = "\\\\"};

	if (c < ARRAY_LEN(named) && named[c] != NULL)
		buf_adds(b, named[c]);
	else
		buf_addf(b, "\\u%04x", c);
}

void
json_put_string(struct buf *b, struct span s)
{
	size_t i, from = 0;

	buf_addc(b, '"');
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_add(b, s.p + from, i - from);
		put_escape(b, c);
		from = i + 1;
	}
	if (s.n > from)
		buf_add(b, s.p + from, s.n - from);
	buf_addc(b, '"');
}

static void
put_line(struct buf *b, int indent)
{
	if (indent < 0)
		return;
	buf_addc(b, '\n');
	while (indent-- > 0)
		buf_adds(b, "  ");
}

static void put_value(struct buf *b, const cJSON *v, int indent);

static void
put_container(struct buf *b, const cJSON *v, int indent)
{
	bool object = cJSON_IsObject(v);
	int inner = indent < 0 ? -1 : indent + 1;
	const cJSON *child;

	buf_addc(b, object ? '{' : '[');
	cJSON_ArrayForEach (child, v) {
		if (child != v->child)
			buf_addc(b, ',');
		put_line(b, inner);
		if (object) {
			json_put_string(b, span_of(child->string));
			buf_adds(b, indent < 0 ? ":" : ": ");
		}
		put_value(b, child, inner);
	}
	if (v->child != NULL)
		put_line(b, indent);
	buf_addc(b, object ? '}' : ']');
}

/* indent < 0: on one line. */
static void
put_value(struct buf *b, const cJSON *v, int indent)
{
	if (cJSON_IsObject(v) || cJSON_IsArray(v))
		put_container(b, v, indent);
	else if (cJSON_IsString(v))
		json_put_string(b, span_of(v->valuestring));
	else if (cJSON_IsNumber(v))
		num_put_json(b, v->valuedouble);
	else if (cJSON_IsRaw(v))
		buf_adds(b, v->valuestring);
	else if (cJSON_IsBool(v))
		buf_adds(b, cJSON_IsTrue(v) ? "true" : "false");
	else
		buf_adds(b, "null");
}

void
json_print(struct buf *b, const cJSON *tree)
{
	put_value(b, tree, -1);
}

void
json_print_pretty(struct buf *b, const cJSON *tree)
{
	put_value(b, tree, 0);
}

/* ---- building ---- */

/* Copies s with U+FFFD for every byte that is not part of a character. */
static char *
to_utf8(struct span s)
{
	auto_buf b = {.max = s.n * 3};
	size_t i, from = 0;
	struct utf8 u = {0};

	if (s.n == 0)
		return xstrdup("");
	if (utf8_ok(s) && memchr(s.p, 0, s.n) == NULL)
		return xstrndup(s.p, s.n);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] != '\0' && utf8_step(&u, (uint8_t)s.p[i])) {
			if (u.need != 0)
				continue;
			buf_add(&b, s.p + from, i + 1 - from);
		} else {
			buf_adds(&b, "\xEF\xBF\xBD");
			/* What broke the sequence may begin the next. */
			if (u.need != 0)
				i--;
			u = (struct utf8){0};
		}
		from = i + 1;
	}
	if (u.need != 0)
		buf_adds(&b, "\xEF\xBF\xBD");
	return buf_take(&b);
}

cJSON *
json_string_of(struct span s)
{
	cJSON *item = cJSON_CreateNull();

	item->type = cJSON_String;
	item->valuestring = to_utf8(s);
	return item;
}

void
json_add_span(cJSON *object, const char *key, struct span s)
{
	cJSON_AddItemToObject(object, key, json_string_of(s));
}

cJSON *
json_double_of(double d)
{
	auto_buf b = {.max = 16};

	if (d - d == 0)
		return cJSON_CreateNumber(d);
	num_put_text(&b, d, 17);
	return cJSON_CreateString(buf_str(&b));
}

void
json_add_double(cJSON *object, const char *key, double d)
{
	cJSON_AddItemToObject(object, key, json_double_of(d));
}

void
json_add_moment(cJSON *object, const char *key, int64_t ms)
{
	char text[WHEN_TEXT];

	cJSON_AddStringToObject(object, key, when_print(ms, text));
}
