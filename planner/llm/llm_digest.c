/*
 * llm_digest.c - a result within a budget.
 *
 * Data is printed with ever shorter lists until it fits: so what is there is
 * whole, and what is not is counted.
 */
#include "planner/llm/llm_digest.h"

#include <math.h>

#include "common/base/num.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/tool_role.h"

enum {
	SUMMARY_MAX = 1000,
	TEXT_MAX = 240,
	DIGITS = 6,
	DATA_MAX = 4 << 20,
	DATA_LEAST = 100,   /* with less room there is none of it */
	MEMBERS_LEAST = 12, /* of an object, which says more than a list */
};

/* How much of a list and of a string is shown, from all to little. */
static const struct cut {
	int list;
	size_t text;
} cuts[] = {{200, 2000}, {40, 600}, {20, 400}, {12, TEXT_MAX}, {8, TEXT_MAX},
    {5, TEXT_MAX}, {3, 160}, {2, 120}, {1, 80}};

void
llm_fence_put(struct buf *b, const char *text)
{
	const char *at;

	for (; (at = strchr(text, '<')) != NULL; text = at + 1) {
		bool fence = strncasecmp(at, "<data", 5) == 0 ||
			     strncasecmp(at, "</data", 6) == 0;

		buf_add(b, text, (size_t)(at - text));
		buf_adds(b, fence ? "&lt;" : "<");
	}
	buf_adds(b, text);
}

/* Six digits tell as much as a model needs; a moment has ten. */
static void
put_number(struct buf *b, double d)
{
	if (fabs(d) < 1e6)
		num_put_text(b, d, DIGITS);
	else if (fabs(d) < 1e15)
		buf_addf(b, "%.0f", d);
	else
		num_put_json(b, d);
}

static void
put_string(struct buf *b, const char *text, size_t max)
{
	struct span s = span_of(text), cut = utf8_cut(s, max);
	auto_buf whole = {.max = 8 << 10};

	buf_add_span(&whole, cut);
	if (cut.n < s.n)
		buf_adds(&whole, "…");
	json_put_string(b, buf_span(&whole));
}

static void put_value(struct buf *b, const cJSON *v, const struct cut *c);

static bool
is_empty(const cJSON *v)
{
	return cJSON_IsNull(v) ||
	       ((cJSON_IsArray(v) || cJSON_IsObject(v)) && v->child == NULL) ||
	       (cJSON_IsString(v) && v->valuestring[0] == '\0');
}

static void
put_members(struct buf *b, const cJSON *v, const struct cut *c)
{
	const cJSON *one;
	bool list = cJSON_IsArray(v), any = false;
	int n = 0, total = cJSON_GetArraySize(v);
	int most = list ? c->list : MAX(c->list, MEMBERS_LEAST);

	cJSON_ArrayForEach (one, v) {
		if (n++ == most)
			break;
		if (!list && is_empty(one))
			continue;
		buf_adds(b, any ? "," : "");
		if (!list) {
			json_put_string(b, span_of(one->string));
			buf_addc(b, ':');
		}
		put_value(b, one, c);
		any = true;
	}
	if (total > most)
		buf_addf(b, "%s\"… %d more\"%s", any ? "," : "", total - most,
		    list ? "" : ":true");
}

static void
put_value(struct buf *b, const cJSON *v, const struct cut *c)
{
	if (cJSON_IsNumber(v)) {
		put_number(b, v->valuedouble);
	} else if (cJSON_IsString(v)) {
		put_string(b, v->valuestring, c->text);
	} else if (cJSON_IsArray(v) || cJSON_IsObject(v)) {
		buf_addc(b, cJSON_IsArray(v) ? '[' : '{');
		put_members(b, v, c);
		buf_addc(b, cJSON_IsArray(v) ? ']' : '}');
	} else {
		buf_adds(b, cJSON_IsTrue(v)    ? "true"
			    : cJSON_IsFalse(v) ? "false"
					       : "null");
	}
}

static void
put_data(struct buf *b, const cJSON *data, size_t max)
{
	auto_buf text = {.max = DATA_MAX};
	size_t i;

	if (!cJSON_IsObject(data) || data->child == NULL || max < DATA_LEAST)
		return;
	for (i = 0; i < ARRAY_LEN(cuts); i++) {
		buf_reset(&text);
		put_value(&text, data, &cuts[i]);
		if (!text.full && text.len <= max)
			break;
	}
	if (text.full || text.len > 2 * max) {
		buf_adds(b, "\n(its data is too large to be shown)");
		return;
	}
	buf_addc(b, '\n');
	llm_fence_put(b, buf_str(&text));
}

/* What was read of evidence is text already, and short. */
static void
put_part(struct buf *b, const cJSON *data, size_t max)
{
	const char *part = tree_str(data, "part");

	if (part[0] == '\0' || strlen(part) > max)
		return;
	buf_addc(b, '\n');
	llm_fence_put(b, part);
}

/* At a line's end, or between words: so no number is cut. */
static void
put_summary(struct buf *b, struct span s)
{
	struct span cut = utf8_cut(s, SUMMARY_MAX);
	auto_buf text = {.max = 2 * SUMMARY_MAX};
	const char *end = NULL;

	if (cut.n < s.n)
		end = memrchr(cut.p, '\n', cut.n);
	if (cut.n < s.n && end == NULL)
		end = memrchr(cut.p, ' ', cut.n);
	if (end != NULL)
		cut.n = (size_t)(end - cut.p);
	buf_add_span(&text, cut);
	if (cut.n < s.n)
		buf_adds(&text, " …");
	llm_fence_put(b, buf_str(&text));
}

void
llm_digest_put(struct buf *b, const cJSON *f, size_t max)
{
	const cJSON *id = cJSON_GetArrayItem(tree_at(f, "evidence"), 0);
	size_t told;

	if (cJSON_IsString(id))
		buf_addf(b, "[%s] ", id->valuestring);
	buf_addf(b, "%s ", tree_str(f, "tool"));
	buf_adds(b, tree_str(f, "status"));
	buf_adds(b, "\n<data>");
	told = b->len;
	put_summary(b, tree_span(f, "summary"));
	told = b->len - told;
	told = max > told ? max - told : 0;
	if (tool_role_of_feedback(f) == TOOL_ROLE_EVIDENCE)
		put_part(b, tree_at(f, "data"), told);
	else
		put_data(b, tree_at(f, "data"), told);
	buf_adds(b, "</data>");
}
