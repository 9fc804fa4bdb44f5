/*
 * prom_response.c - Prometheus's answers, read as they come in.
 *
 * A table says into which place of the answer (enum at) a container leads;
 * what is not in it is passed over. Samples, of which there may be millions,
 * take a short way of their own.
 */
#include "executor/prom/prom_response.h"
#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/json/json_build.h"
#include "common/json/jsonsax.h"
#include "common/base/utf8.h"
#include "executor/prom/prom_series.h"

#include <stdlib.h>

enum at {
	AT_START,
	AT_TOP,
	AT_DATA,
	AT_RESULT,
	AT_SERIES,
	AT_METRIC,
	AT_VALUES,
	AT_SAMPLE, /* [time, "value"] */
	AT_HISTOGRAMS,
	AT_HISTOGRAM, /* [time, {"count", "sum", "buckets"}] */
	AT_BODY,      /* of a histogram */
	AT_GROUPS,
	AT_GROUP,
	AT_ITEMS,   /* whatever is in it goes to the sink's item */
	AT_ENTRIES, /* of one metric's metadata */
	AT_WARNINGS,
	AT_SKIP,
};

#define ANSWER(a) (1u << PROM_ANSWER_##a)
#define ANY_ANSWER (~0u)

static const struct edge {
	const char *key; /* NULL: any, or in an array */
	enum at from;
	enum jsonsax_type open;
	unsigned answers;
	enum at to;
} edges[] = {
    {NULL, AT_START, JSONSAX_OBJECT, ANY_ANSWER, AT_TOP},
    {"data", AT_TOP, JSONSAX_ARRAY, ANSWER(STRINGS) | ANSWER(SERIES), AT_ITEMS},
    {"data", AT_TOP, JSONSAX_OBJECT, ANSWER(SIZE), AT_ITEMS},
    {"data", AT_TOP, JSONSAX_OBJECT, ANY_ANSWER, AT_DATA},
    {"warnings", AT_TOP, JSONSAX_ARRAY, ANY_ANSWER, AT_WARNINGS},
    {"infos", AT_TOP, JSONSAX_ARRAY, ANY_ANSWER, AT_WARNINGS},
    {"result", AT_DATA, JSONSAX_ARRAY, ANSWER(QUERY), AT_RESULT},
    {"alerts", AT_DATA, JSONSAX_ARRAY, ANSWER(ALERTS), AT_ITEMS},
    {"groups", AT_DATA, JSONSAX_ARRAY, ANSWER(RULES), AT_GROUPS},
    {"activeTargets", AT_DATA, JSONSAX_ARRAY, ANSWER(TARGETS), AT_ITEMS},
    {NULL, AT_DATA, JSONSAX_ARRAY, ANSWER(METADATA), AT_ENTRIES},
    {NULL, AT_RESULT, JSONSAX_OBJECT, ANY_ANSWER, AT_SERIES},
    {"metric", AT_SERIES, JSONSAX_OBJECT, ANY_ANSWER, AT_METRIC},
    {"values", AT_SERIES, JSONSAX_ARRAY, ANY_ANSWER, AT_VALUES},
    {"value", AT_SERIES, JSONSAX_ARRAY, ANY_ANSWER, AT_SAMPLE},
    {"histograms", AT_SERIES, JSONSAX_ARRAY, ANY_ANSWER, AT_HISTOGRAMS},
    {"histogram", AT_SERIES, JSONSAX_ARRAY, ANY_ANSWER, AT_HISTOGRAM},
    {NULL, AT_VALUES, JSONSAX_ARRAY, ANY_ANSWER, AT_SAMPLE},
    {NULL, AT_HISTOGRAMS, JSONSAX_ARRAY, ANY_ANSWER, AT_HISTOGRAM},
    {NULL, AT_HISTOGRAM, JSONSAX_OBJECT, ANY_ANSWER, AT_BODY},
    {NULL, AT_GROUPS, JSONSAX_OBJECT, ANY_ANSWER, AT_GROUP},
    {"rules", AT_GROUP, JSONSAX_ARRAY, ANY_ANSWER, AT_ITEMS},
};

enum { KEY_KEPT = 256, TEXT_KEPT = 400, BEGIN_KEPT = 60 };

struct prom_response {
	enum prom_answer answer;
	const struct prom_sink *sink;
	void *arg;
	struct jsonsax *sax;
	enum at at[JSONSAX_DEPTH_MAX + 1];
	unsigned depth;     /* at[depth] is where we are */
	char key[KEY_KEPT]; /* the last one, cut */

	struct prom_series series;
	struct json_build build; /* the item being read */
	bool building;
	char group[KEY_KEPT], file[KEY_KEPT];

	char status[16], error_type[32], error[TEXT_KEPT];
	bool data_seen, list_seen;
	struct buf warnings;
	char begin[BEGIN_KEPT + 1]; /* of the answer, for a message */
	size_t begin_n;
	bool foreign, failed;
};

static void
keep_text(char *to, size_t size, struct span s)
{
	s = utf8_cut(s, size - 1);
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

/* ---- items ---- */

static void
add_context(struct prom_response *r, cJSON *item)
{
	if (!cJSON_IsObject(item))
		return;
	if (r->answer == PROM_ANSWER_METADATA) {
		json_add_span(item, "metric", span_of(r->group));
	} else if (r->answer == PROM_ANSWER_RULES) {
		json_add_span(item, "group", span_of(r->group));
		json_add_span(item, "file", span_of(r->file));
	}
}

static enum rc
item_event(
    struct prom_response *r, const struct jsonsax_event *ev, struct err *err)
{
	bool complete = false;
	enum rc rc = json_build_event(&r->build, ev, &complete, err);
	cJSON *item;

	if (rc == RC_TOOBIG)
		return err_prefix(err, rc, "one entry of the answer");
	r->building = !complete;
	if (rc != RC_OK || !complete)
		return rc;
	item = json_build_take(&r->build);
	add_context(r, item);
	if (r->sink->item != NULL)
		return r->sink->item(r->arg, item, err);
	cJSON_Delete(item);
	return RC_OK;
}

/* ---- the way through the answer ---- */

static enum at
edge_find(const struct prom_response *r, enum at from, enum jsonsax_type open)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(edges); i++) {
		const struct edge *e = &edges[i];

		if (e->from == from && e->open == open &&
		    (e->answers & 1u << r->answer) != 0 &&
		    (e->key == NULL || strcmp(e->key, r->key) == 0))
			return e->to;
	}
	return AT_SKIP;
}

static void
entered(struct prom_response *r, enum at to)
{
	jsonsax_pairs(r->sax, to == AT_VALUES);
	switch (to) {
	case AT_RESULT:
		r->list_seen = true;
		r->series.element = 0;
		break;
	case AT_SAMPLE:
	case AT_HISTOGRAM:
		r->series.element = 0;
		break;
	case AT_SERIES:
		prom_series_reset(&r->series);
		break;
	case AT_BODY:
		r->series.count = r->series.sum = 0;
		break;
	case AT_GROUP:
		r->group[0] = r->file[0] = '\0';
		break;
	case AT_ENTRIES:
		keep_text(r->group, sizeof(r->group), span_of(r->key));
		break;
	case AT_DATA:
		r->data_seen = true;
		break;
	case AT_ITEMS:
		r->data_seen = r->list_seen = true;
		break;
	case AT_GROUPS:
		r->list_seen = true;
		break;
	case AT_START:
	case AT_TOP:
	case AT_METRIC:
	case AT_VALUES:
	case AT_HISTOGRAMS:
	case AT_WARNINGS:
	case AT_SKIP:
		break;
	}
}

static enum rc
enter(struct prom_response *r, const struct jsonsax_event *ev, struct err *err)
{
	enum at from = r->at[r->depth];
	enum at to = AT_SAMPLE;

	if (from == AT_ITEMS || from == AT_ENTRIES || r->building)
		return item_event(r, ev, err);
	/* Nearly every container of a large answer is a sample. */
	if (from != AT_VALUES || ev->type != JSONSAX_ARRAY)
		to = edge_find(r, from, ev->type);
	if (to == AT_SKIP && from != AT_SKIP &&
	    (from == AT_VALUES || from == AT_SAMPLE || from == AT_START))
		return prom_odd("a container where none should be", err);
	if (to == AT_BODY && r->series.element++ != 1)
		return prom_odd("a histogram without its time", err);
	r->at[++r->depth] = to;
	entered(r, to);
	return RC_OK;
}

/* Behind a series no scalar's pair begins, whichever way its samples came. */
static enum rc
result_series_end(struct prom_response *r, struct err *err)
{
	r->series.element = 2;
	return prom_series_end(&r->series, err);
}

static enum rc
leave(struct prom_response *r, const struct jsonsax_event *ev, struct err *err)
{
	enum at at = r->at[r->depth];

	if (r->building)
		return item_event(r, ev, err);
	r->depth--;
	jsonsax_pairs(r->sax, r->at[r->depth] == AT_VALUES);
	if (at == AT_METRIC)
		prom_series_labelled(&r->series);
	else if (at == AT_SERIES)
		return result_series_end(r, err);
	else if (at == AT_BODY)
		return prom_series_body_end(&r->series, err);
	else if (at == AT_SAMPLE && r->series.element != 2)
		return prom_odd("a sample that is not [time, \"value\"]", err);
	return RC_OK;
}

static void
top_value(struct prom_response *r, struct span text)
{
	if (strcmp(r->key, "status") == 0)
		keep_text(r->status, sizeof(r->status), text);
	else if (strcmp(r->key, "errorType") == 0)
		keep_text(r->error_type, sizeof(r->error_type), text);
	else if (strcmp(r->key, "error") == 0)
		keep_text(r->error, sizeof(r->error), text);
}

static void
add_warning(struct prom_response *r, struct span text)
{
	size_t room = r->warnings.max - r->warnings.len;

	if (room < 2)
		return;
	if (r->warnings.len > 0)
		buf_addc(&r->warnings, '\n');
	buf_add_span(&r->warnings, utf8_cut(text, room - 1));
}

/* A value that is no container. */
static enum rc
leaf(struct prom_response *r, const struct jsonsax_event *ev, struct err *err)
{
	bool text = ev->type == JSONSAX_STRING;

	switch (r->at[r->depth]) {
	case AT_SAMPLE:
		return prom_series_sample(&r->series, ev, err);
	case AT_HISTOGRAM:
		return prom_series_histogram(&r->series, ev, err);
	case AT_BODY:
		return prom_series_body(&r->series, r->key, ev, err);
	case AT_RESULT:
		return prom_series_result(&r->series, ev, err);
	case AT_ITEMS:
	case AT_ENTRIES:
		return item_event(r, ev, err);
	case AT_METRIC:
		return text ? prom_series_label(
				  &r->series, r->key, ev->text, err)
			    : prom_odd("a label whose value is no string", err);
	case AT_TOP:
		if (text)
			top_value(r, ev->text);
		/* Some servers write null for an empty list of strings. */
		r->data_seen |= strcmp(r->key, "data") == 0;
		return RC_OK;
	case AT_DATA:
		if (text && strcmp(r->key, "resultType") == 0)
			r->series.is_string = span_is(ev->text, "string");
		return RC_OK;
	case AT_GROUP:
		if (text && strcmp(r->key, "name") == 0)
			keep_text(r->group, sizeof(r->group), ev->text);
		else if (text && strcmp(r->key, "file") == 0)
			keep_text(r->file, sizeof(r->file), ev->text);
		return RC_OK;
	case AT_WARNINGS:
		if (text)
			add_warning(r, ev->text);
		return RC_OK;
	case AT_VALUES:
	case AT_HISTOGRAMS:
	case AT_START:
		return prom_odd(
		    "a plain value where there should be none", err);
	case AT_SERIES:
	case AT_GROUPS:
	case AT_SKIP:
		break;
	}
	return RC_OK;
}

static enum rc
on_event(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	struct prom_response *r = arg;

	switch (ev->type) {
	case JSONSAX_OBJECT:
	case JSONSAX_ARRAY:
		return enter(r, ev, err);
	case JSONSAX_OBJECT_END:
	case JSONSAX_ARRAY_END:
		return leave(r, ev, err);
	case JSONSAX_KEY:
		if (r->building)
			return item_event(r, ev, err);
		if (ev->text.n >= KEY_KEPT && r->at[r->depth] == AT_METRIC)
			return err_set(err, RC_TOOBIG,
			    "a label name longer than %d bytes", KEY_KEPT - 1);
		keep_text(r->key, sizeof(r->key), ev->text);
		return RC_OK;
	case JSONSAX_STRING:
	case JSONSAX_NUMBER:
	case JSONSAX_BOOL:
	case JSONSAX_NULL:
		break;
	case JSONSAX_PAIR:
		r->series.t_s = ev->number;
		return prom_series_pair(&r->series, ev->text, err);
	}
	return leaf(r, ev, err);
}

/* ---- life ---- */

struct prom_response *
prom_response_new(enum prom_answer answer, uint64_t bytes_max,
    const struct prom_sink *sink, void *arg)
{
	struct prom_response *r = xcalloc(1, sizeof(*r));
	struct jsonsax_limits limits = {.depth_max = 32,
	    .string_max = PROM_STRING_MAX,
	    .total_max = bytes_max};

	r->answer = answer;
	r->sink = sink;
	r->arg = arg;
	r->build.values_max = PROM_ITEM_VALUES_MAX;
	prom_series_init(&r->series, sink, arg);
	buf_init(&r->warnings, PROM_WARNINGS_MAX);
	r->sax = jsonsax_new(&limits, on_event, r);
	return r;
}

void
prom_response_free(struct prom_response *r)
{
	if (r == NULL)
		return;
	jsonsax_free(r->sax);
	json_build_reset(&r->build);
	prom_series_done(&r->series);
	buf_done(&r->warnings);
	free(r);
}

static void
keep_begin(struct prom_response *r, struct span bytes)
{
	size_t i;

	for (i = 0; i < bytes.n && r->begin_n < BEGIN_KEPT; i++) {
		char c = bytes.p[i];

		if (c <= ' ' && r->begin_n == 0)
			continue;
		/* Other bytes could not be sent on as text. */
		r->begin[r->begin_n++] = c >= ' ' && c < 0x7F ? c : '.';
	}
}

static enum rc
foreign(struct prom_response *r, struct err *err)
{
	bool page = r->begin[0] == '<';

	r->foreign = true;
	if (r->begin_n == 0)
		return err_set(err, RC_UPSTREAM, "the answer is empty");
	return err_set(err, RC_UPSTREAM,
	    "the answer is %s, not Prometheus's JSON; it begins \"%s\"",
	    page ? "a web page" : "something else", r->begin);
}

/* A JSON error of the answer is the server's fault, not the caller's. */
static enum rc
judge(struct prom_response *r, enum rc rc, struct err *err)
{
	if (rc == RC_OK)
		return RC_OK;
	r->failed = true;
	if (rc != RC_INVALID)
		return rc;
	if (r->begin[0] != '{')
		return foreign(r, err);
	return err_prefix(err, RC_UPSTREAM, "the answer is not good JSON");
}

enum rc
prom_response_feed(struct prom_response *r, struct span bytes, struct err *err)
{
	if (r->begin_n < BEGIN_KEPT)
		keep_begin(r, bytes);
	return judge(r, jsonsax_feed(r->sax, bytes, err), err);
}

/* Answers that are no list of what was asked for do not say "none". */
static const char *const lists[] = {
    [PROM_ANSWER_QUERY] = "no result in it",
    [PROM_ANSWER_ALERTS] = "no list of alerts in it",
    [PROM_ANSWER_RULES] = "no list of rule groups in it",
    [PROM_ANSWER_TARGETS] = "no list of targets in it",
    [PROM_ANSWER_METADATA] = NULL,
    [PROM_ANSWER_SIZE] = NULL,
};

enum rc
prom_response_end(struct prom_response *r, struct err *err)
{
	enum rc rc = judge(r, jsonsax_end(r->sax, err), err);

	if (rc != RC_OK)
		return rc;
	if (strcmp(r->status, "error") == 0)
		return err_set(err, RC_INVALID, "%s: %s",
		    r->error_type[0] != '\0' ? r->error_type : "error",
		    r->error);
	if (strcmp(r->status, "success") != 0)
		return prom_odd("no status", err);
	if (!r->data_seen)
		return prom_odd("no data", err);
	/* Of what is nowhere said, nothing follows. */
	if (lists[r->answer] != NULL && !r->list_seen)
		return prom_odd(lists[r->answer], err);
	return RC_OK;
}

bool
prom_response_is_foreign(const struct prom_response *r)
{
	return r->foreign;
}

const char *
prom_response_error_type(const struct prom_response *r)
{
	return r->error_type;
}

const char *
prom_response_warnings(const struct prom_response *r)
{
	return buf_str(&r->warnings);
}
