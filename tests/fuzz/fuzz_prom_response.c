/*
 * fuzz_prom_response.c - Prometheus's answers: any bytes end in a result,
 * and where they are cut makes no difference to it. What is accepted is what
 * a tree of the same text holds.
 *
 * The first byte chooses the question, the second the size of the pieces.
 */
#include "common/json/json.h"
#include "common/json/tree.h"
#include "executor/prom/prom_response.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

static size_t content_end; /* of what the sink was told last */

static enum rc
on_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < labels->n; i++) {
		buf_add_span(arg, labels->list[i].name);
		buf_add_span(arg, labels->list[i].value);
	}
	buf_addc(arg, '{');
	return RC_OK;
}

static enum rc
on_sample(void *arg, double t_s, double v, struct err *err)
{
	(void)err;
	buf_add(arg, &t_s, sizeof(t_s));
	buf_add(arg, &v, sizeof(v));
	return RC_OK;
}

static enum rc
on_histogram(void *arg, double t_s, double count, double sum, struct err *err)
{
	buf_addc(arg, 'h');
	if (on_sample(arg, t_s, count, err) != RC_OK)
		abort();
	return on_sample(arg, t_s, sum, err);
}

static enum rc
on_series_end(void *arg, struct err *err)
{
	(void)err;
	buf_addc(arg, '}');
	return RC_OK;
}

static enum rc
on_string(void *arg, double t_s, struct span text, struct err *err)
{
	(void)t_s;
	(void)err;
	buf_add_span(arg, text);
	return RC_OK;
}

static enum rc
on_item(void *arg, cJSON *item, struct err *err)
{
	(void)err;
	json_print(arg, item);
	cJSON_Delete(item);
	return RC_OK;
}

static const struct prom_sink sink = {
    on_series, on_sample, on_histogram, on_series_end, on_string, on_item};

static enum rc
feed(enum prom_answer answer, struct span text, size_t piece, struct buf *b)
{
	AUTO(prom_response) r = prom_response_new(answer, 1 << 20, &sink, b);
	struct err err = {0};
	enum rc rc = RC_OK;
	size_t at;

	for (at = 0; at < text.n && rc == RC_OK; at += piece)
		rc = prom_response_feed(
		    r, span_make(text.p + at, MIN(piece, text.n - at)), &err);
	if (rc == RC_OK)
		rc = prom_response_end(r, &err);
	assert(rc == RC_OK || err.text[0] != '\0');
	assert(strlen(prom_response_warnings(r)) <= PROM_WARNINGS_MAX);
	content_end = b->len;
	buf_adds(b, prom_response_warnings(r));
	buf_adds(b, prom_response_error_type(r));
	return rc;
}

/* ---- the same content out of a tree ---- */

static void
expect_sample(struct buf *b, const cJSON *pair)
{
	const char *text = cJSON_GetArrayItem(pair, 1)->valuestring;

	if (on_sample(b, cJSON_GetArrayItem(pair, 0)->valuedouble,
		strtod(text, NULL), NULL) != RC_OK)
		abort();
}

static double
histogram_part(const cJSON *body, const char *key)
{
	const cJSON *part = tree_at(body, key);

	return cJSON_IsString(part) ? strtod(part->valuestring, NULL) : 0;
}

/* What stands in front of or behind the object does not count. */
static void
expect_histogram(struct buf *b, const cJSON *list)
{
	const cJSON *v;
	double t_s = 0;

	if (!cJSON_IsArray(list))
		return;
	cJSON_ArrayForEach (v, list) {
		if (cJSON_IsNumber(v))
			t_s = v->valuedouble;
		if (cJSON_IsObject(v) &&
		    on_histogram(b, t_s, histogram_part(v, "count"),
			histogram_part(v, "sum"), NULL) != RC_OK)
			abort();
	}
}

static void
expect_series(struct buf *b, const cJSON *series)
{
	const cJSON *v, *child, *metric = tree_at(series, "metric");

	if (cJSON_IsObject(metric))
		cJSON_ArrayForEach (child, metric) {
			/* What holds others is passed over. */
			if (!cJSON_IsString(child))
				continue;
			buf_adds(b, child->string);
			buf_adds(b, child->valuestring);
		}
	buf_addc(b, '{');
	cJSON_ArrayForEach (v, series) {
		if (!cJSON_IsArray(v))
			continue;
		if (strcmp(v->string, "value") == 0)
			expect_sample(b, v);
		else if (strcmp(v->string, "histogram") == 0)
			expect_histogram(b, v);
		else if (strcmp(v->string, "values") == 0)
			cJSON_ArrayForEach (child, v)
				expect_sample(b, child);
		else if (strcmp(v->string, "histograms") == 0)
			cJSON_ArrayForEach (child, v)
				expect_histogram(b, child);
	}
	buf_addc(b, '}');
}

static bool
all_objects(const cJSON *list)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, list)
		if (!cJSON_IsObject(v))
			return false;
	return cJSON_IsArray(list);
}

/* Where each answer keeps its items; the ones with a context added are left
 * to the unit tests. */
static const cJSON *
item_list(enum prom_answer answer, const cJSON *data)
{
	if (answer == PROM_ANSWER_ALERTS)
		return tree_at(data, "alerts");
	if (answer == PROM_ANSWER_TARGETS)
		return tree_at(data, "activeTargets");
	if (answer == PROM_ANSWER_STRINGS || answer == PROM_ANSWER_SERIES)
		return data;
	return NULL;
}

/* Left out: series mixed with a scalar's pair, series that are called a
 * string, and a text with a key twice, of which trees keep one. */
static void
agrees_with_tree(enum prom_answer answer, struct span text, struct span told)
{
	static struct buf want = {.max = 16 << 20};
	AUTO(json) tree = NULL;
	const cJSON *data, *list, *v;

	buf_reset(&want);
	if (json_parse(text, NULL, &tree, NULL) != RC_OK)
		return;
	assert(tree_is(tree, "status", "success"));
	data = tree_at(tree, "data");
	list = item_list(answer, data);
	if (cJSON_IsArray(list))
		cJSON_ArrayForEach (v, list)
			json_print(&want, v);
	if (answer == PROM_ANSWER_QUERY) {
		list = tree_at(data, "result");
		if (list != NULL && (!all_objects(list) ||
					tree_is(data, "resultType", "string")))
			return;
		cJSON_ArrayForEach (v, list)
			expect_series(&want, v);
	} else if (answer == PROM_ANSWER_RULES ||
		   answer == PROM_ANSWER_METADATA ||
		   answer == PROM_ANSWER_SIZE) {
		return;
	}
	assert(
	    want.len == told.n && memcmp(buf_str(&want), told.p, told.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf b1 = {.max = 16 << 20}, b2 = {.max = 16 << 20};
	enum prom_answer answer;
	struct span text;
	enum rc rc;

	if (size < 2)
		return 0;
	answer = (enum prom_answer)(data[0] % (PROM_ANSWER_SIZE + 1));
	text = span_make(data + 2, size - 2);
	buf_reset(&b1);
	buf_reset(&b2);
	rc = feed(answer, text, text.n + 1, &b1);
	assert(feed(answer, text, 1 + data[1] % 31, &b2) == rc);
	assert(b1.len == b2.len);
	assert(memcmp(buf_str(&b1), buf_str(&b2), b1.len) == 0);
	if (rc == RC_OK)
		agrees_with_tree(
		    answer, text, span_make(buf_str(&b1), content_end));
	return 0;
}
