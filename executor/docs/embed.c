/*
 * embed.c - texts as vectors.
 */
#include "executor/docs/embed.h"

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/jsonsax.h"

#include <math.h>
#include <stdlib.h>

/* What models want before a text; the first whose name occurs in theirs. */
static const struct {
	const char *name, *query, *passage;
} prefixes[] = {
    {"e5-mistral",
	"Instruct: Given a question, retrieve passages that answer it\n"
	"Query: ",
	""},
    {"e5-large-instruct",
	"Instruct: Given a question, retrieve passages that answer it\n"
	"Query: ",
	""},
    {"e5-", "query: ", "passage: "},
    {"bge-m3", "", ""},
    {"bge-small-zh", "为这个句子生成表示以用于检索相关文章：", ""},
    {"bge-base-zh", "为这个句子生成表示以用于检索相关文章：", ""},
    {"bge-large-zh", "为这个句子生成表示以用于检索相关文章：", ""},
    {"bge-", "Represent this sentence for searching relevant passages: ", ""},
    {"nomic-embed", "search_query: ", "search_document: "},
    {"", "", ""},
};

static const char *
prefix_of(const struct embed_conf *c, enum embed_side side)
{
	const char *given =
	    side == EMBED_QUERY ? c->query_prefix : c->passage_prefix;
	size_t i = 0;

	if (given != NULL)
		return strcmp(given, "none") == 0 ? "" : given;
	/* A model that is told by its name which side it is needs no more. */
	if (c->query_model != NULL)
		return "";
	while (strcasestr(c->model, prefixes[i].name) == NULL)
		i++;
	return side == EMBED_QUERY ? prefixes[i].query : prefixes[i].passage;
}

enum rc
embed_check(const struct embed_conf *c, struct err *err)
{
	if (c->model == NULL)
		return err_set(err, RC_INVALID,
		    "embeddings-url needs embeddings-model: the name of the "
		    "model there, e.g. text-embedding-v4");
	return service_check(&c->service, err);
}

char *
embed_version(const struct embed_conf *c)
{
	return xasprintf(
	    "%s|%d|%s", c->model, c->dimensions, prefix_of(c, EMBED_PASSAGE));
}

void
embed_vectors_done(struct embed_vectors *v)
{
	free(v->list);
	*v = (struct embed_vectors){.n = 0};
}

/* ---- the question ---- */

static void
put_body(struct buf *b, const struct embed_conf *c, enum embed_side side,
    const struct span *texts, size_t n)
{
	const char *prefix = prefix_of(c, side);
	const char *model = side == EMBED_QUERY && c->query_model != NULL
				? c->query_model
				: c->model;
	auto_buf text = {.max = EMBED_TEXT_MAX + 4096};
	size_t i;

	buf_adds(b, "{\"model\":");
	json_put_string(b, span_of(model));
	if (c->dimensions > 0)
		buf_addf(b, ",\"dimensions\":%d", c->dimensions);
	buf_adds(b, ",\"input\":[");
	for (i = 0; i < n; i++) {
		buf_reset(&text);
		buf_adds(&text, prefix);
		buf_add_span(&text, utf8_cut(texts[i], EMBED_TEXT_MAX));
		buf_adds(b, i > 0 ? "," : "");
		json_put_string(b, buf_span(&text));
	}
	buf_adds(b, "]}");
}

/* ---- the answer: {"data": [{"index": 0, "embedding": [0.1, …]}, …]} ---- */

struct reading {
	struct embed_vectors *out;
	size_t wanted;
	bool *seen;
	bool in_data, in_vector, is_index;
	float row[EMBED_DIMENSIONS_MAX];
	int n;     /* of the row */
	int index; /* -1: the place it comes at */
	size_t at; /* rows so far */
};

/* A vector is compared by its direction alone. */
static enum rc
keep_row(struct reading *r, struct err *err)
{
	size_t at = r->index >= 0 ? (size_t)r->index : r->at;
	double sum = 0;
	float *to;
	int i;

	if (r->out->list == NULL) {
		r->out->dimensions = r->n;
		r->out->list =
		    xcalloc(r->wanted * (size_t)MAX(r->n, 1), sizeof(float));
	}
	for (i = 0; i < r->n; i++)
		sum += (double)r->row[i] * (double)r->row[i];
	if (r->n == 0 || r->n != r->out->dimensions || !(sum > 0) ||
	    !isfinite(sum) || at >= r->wanted || r->seen[at])
		return err_set(err, RC_UPSTREAM,
		    "vectors of one length were expected, one for each text");
	to = r->out->list + at * (size_t)r->n;
	for (i = 0; i < r->n; i++)
		to[i] = (float)((double)r->row[i] / sqrt(sum));
	r->seen[at] = true;
	r->at++;
	r->out->n++;
	r->n = 0;
	r->index = -1;
	return RC_OK;
}

/* By depth: 1 data, 2 its items, 3 their fields, 4 the numbers. */
static enum rc
on_event(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	struct reading *r = arg;

	if (ev->type == JSONSAX_KEY && ev->depth == 1)
		r->in_data = span_is(ev->text, "data");
	if (!r->in_data)
		return RC_OK;
	if (ev->type == JSONSAX_KEY && ev->depth == 3) {
		r->in_vector = span_is(ev->text, "embedding");
		r->is_index = span_is(ev->text, "index");
	}
	if (ev->type == JSONSAX_NUMBER && ev->depth == 3 && r->is_index)
		r->index = ev->number >= 0 && ev->number < EMBED_BATCH_MAX
			       ? (int)ev->number
			       : EMBED_BATCH_MAX;
	if (ev->type == JSONSAX_NUMBER && ev->depth == 4 && r->in_vector) {
		if (r->n == EMBED_DIMENSIONS_MAX)
			return err_set(err, RC_TOOBIG,
			    "a vector has more than %d numbers",
			    EMBED_DIMENSIONS_MAX);
		r->row[r->n++] = (float)ev->number;
	}
	return ev->type == JSONSAX_OBJECT_END && ev->depth == 2
		   ? keep_row(r, err)
		   : RC_OK;
}

static enum rc
read_answer(
    struct span body, size_t n, struct embed_vectors *ret, struct err *err)
{
	static const struct jsonsax_limits limits = {.depth_max = 16,
	    .string_max = 64 << 10,
	    .total_max = SERVICE_ANSWER_MAX};
	struct embed_vectors v = {.n = 0};
	struct reading *r = xcalloc(1, sizeof(*r));
	enum rc rc;

	*r = (struct reading){
	    .out = &v, .wanted = n, .seen = xcalloc(n, 1), .index = -1};
	rc = jsonsax_read(body, &limits, on_event, r, err);
	free(r->seen);
	free(r);
	if (rc == RC_OK && v.n != n)
		rc = err_set(err, RC_UPSTREAM,
		    "%zu vectors were expected, and %zu came", n, v.n);
	if (rc != RC_OK) {
		embed_vectors_done(&v);
		return err_prefix(err, RC_UPSTREAM,
		    "what the embeddings API answered cannot be used");
	}
	*ret = v;
	return RC_OK;
}

enum rc
embed(const struct embed_conf *c, enum embed_side side,
    const struct span *texts, size_t n, int64_t timeout_ms,
    const atomic_bool *cancelled, struct embed_vectors *ret, struct err *err)
{
	auto_buf body = {.max = 16 << 20}, answer = {.max = SERVICE_ANSWER_MAX};
	enum rc rc;

	put_body(&body, c, side, texts, n);
	rc = buf_check(&body, "the texts to embed", err);
	if (rc == RC_OK)
		rc = service_ask(&c->service, "/embeddings", buf_span(&body),
		    timeout_ms, cancelled, &answer, err);
	return rc == RC_OK ? read_answer(buf_span(&answer), n, ret, err) : rc;
}
