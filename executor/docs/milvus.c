/*
 * milvus.c - passages' vectors in a Milvus.
 *
 * It answers HTTP 200 to nearly everything; what came of it is `code` in the
 * body, of which 0 and 200 are success.
 */
#include "executor/docs/milvus.h"

#include "common/base/sha256.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"

#include <stdio.h>

enum { WRITE_MS = 30000, HASH_SHOWN = 12, ANSWER_MAX = 8 << 20 };

/* The two dialects: where each thing is asked for. */
static const struct {
	const char *list, *create, *insert, *remove, *search;
} paths[] = {
    [MILVUS_V1] = {"/v1/vector/collections", "/v1/vector/collections/create",
	"/v1/vector/insert", "/v1/vector/delete", "/v1/vector/search"},
    [MILVUS_V2] = {"/v2/vectordb/collections/list",
	"/v2/vectordb/collections/create", "/v2/vectordb/entities/insert",
	"/v2/vectordb/entities/delete", "/v2/vectordb/entities/search"},
};

/* What its own codes are to us; any other is a failure of its. */
static const struct {
	int code;
	enum rc rc;
	const char *advice;
} codes[] = {
    {0, RC_OK, ""},
    {200, RC_OK, ""},
    {100, RC_NOTFOUND, ""},
    {101, RC_BUSY, ""},
    {800, RC_DENIED, "; check --milvus-url"},
    {1804, RC_UPSTREAM,
	"; where vectors have another length than it was made for, drop the "
	"collection or set another --milvus-collection"},
    {1800, RC_DENIED, "; check --milvus-token-file"},
};

enum rc
milvus_check(const struct milvus_conf *c, struct err *err)
{
	const char *p;

	for (p = c->collection; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			*p == '_' ||
			(*p >= '0' && *p <= '9' && p > c->collection)))
			return err_set(err, RC_INVALID,
			    "milvus-collection has letters, digits and "
			    "underscores, and begins with no digit");
	return service_check(&c->service, err);
}

void
milvus_init(struct milvus *m, const struct milvus_conf *conf,
    const char *version, const atomic_bool *cancelled)
{
	char hash[SHA256_TEXT];

	*m = (struct milvus){.conf = conf, .cancelled = cancelled};
	snprintf(m->model, sizeof(m->model), "%.*s", HASH_SHOWN,
	    sha256_text(span_of(version), hash));
}

static void
name_it(struct milvus *m, int dimensions)
{
	snprintf(m->name, sizeof(m->name), "%.100s_%s_%d", m->conf->collection,
	    m->model, dimensions);
}

static enum rc
read_code(const cJSON *answer, struct err *err)
{
	int code = (int)tree_num(answer, "code", -1);
	size_t i = 0;

	while (i < ARRAY_LEN(codes) && codes[i].code != code)
		i++;
	if (i < ARRAY_LEN(codes) && codes[i].rc == RC_OK)
		return RC_OK;
	return err_set(err, i < ARRAY_LEN(codes) ? codes[i].rc : RC_UPSTREAM,
	    "Milvus answered code %d: %.*s%s", code,
	    SPAN_ARG(utf8_cut(tree_span(answer, "message"), 200)),
	    i < ARRAY_LEN(codes) ? codes[i].advice : "");
}

/* body empty: a GET. *ret is the caller's, also where it is not wanted. */
static enum rc
ask(struct milvus *m, const char *path, struct span body, int64_t ms,
    cJSON **ret, struct err *err)
{
	auto_buf answer = {.max = ANSWER_MAX};
	AUTO(json) tree = NULL;
	enum rc rc = service_ask(
	    &m->conf->service, path, body, ms, m->cancelled, &answer, err);

	if (rc == RC_OK &&
	    json_parse(buf_span(&answer), NULL, &tree, err) != RC_OK)
		rc = err_prefix(
		    err, RC_UPSTREAM, "what Milvus answered cannot be used");
	if (rc == RC_OK)
		rc = read_code(tree, err);
	if (rc == RC_OK && ret != NULL)
		*ret = TAKE(tree);
	return rc;
}

static void
begin(struct buf *b, const struct milvus *m)
{
	buf_addf(b, "{\"collectionName\":\"%s\"", m->name);
}

static void
put_vector(struct buf *b, const float *v, int n)
{
	int i;

	buf_addc(b, '[');
	for (i = 0; i < n; i++)
		buf_addf(b, "%s%.5g", i > 0 ? "," : "", (double)v[i]);
	buf_addc(b, ']');
}

/* ---- the collection ---- */

static enum rc
list(struct milvus *m, enum milvus_dialect d, cJSON **ret, struct err *err)
{
	enum rc rc = ask(m, paths[d].list, span_of(d == MILVUS_V2 ? "{}" : ""),
	    WRITE_MS, ret, err);

	if (rc == RC_OK)
		m->dialect = d;
	return rc;
}

/* The newer dialect first: a server without it knows no such path. */
static enum rc
probe(struct milvus *m, cJSON **ret, struct err *err)
{
	enum rc rc;

	if (m->dialect != MILVUS_UNKNOWN)
		return list(m, m->dialect, ret, err);
	rc = list(m, MILVUS_V2, ret, err);
	return rc == RC_NOTFOUND ? list(m, MILVUS_V1, ret, err) : rc;
}

static enum rc
create(struct milvus *m, int dimensions, struct err *err)
{
	auto_buf b = {.max = 4096};

	begin(&b, m);
	buf_addf(&b, ",\"dimension\":%d,\"metricType\":\"COSINE\"", dimensions);
	buf_adds(&b, m->dialect == MILVUS_V2
			 ? ",\"idType\":\"Int64\",\"autoID\":true,"
			   "\"primaryFieldName\":\"id\","
			   "\"vectorFieldName\":\"vector\"}"
			 : ",\"primaryField\":\"id\","
			   "\"vectorField\":\"vector\"}");
	return ask(
	    m, paths[m->dialect].create, buf_span(&b), WRITE_MS, NULL, err);
}

enum rc
milvus_ensure(struct milvus *m, int dimensions, bool *ret_made, struct err *err)
{
	AUTO(json) answer = NULL;
	const cJSON *one;
	enum rc rc = probe(m, &answer, err);

	name_it(m, dimensions);
	*ret_made = false;
	if (rc != RC_OK)
		return rc;
	cJSON_ArrayForEach (one, tree_at(answer, "data"))
		if (cJSON_IsString(one) &&
		    strcmp(one->valuestring, m->name) == 0)
			return RC_OK;
	rc = create(m, dimensions, err);
	*ret_made = rc == RC_OK;
	return rc;
}

/* ---- rows ---- */

/* As a string of its filters. */
static void
put_quoted(struct buf *b, struct span s)
{
	size_t i;

	buf_addc(b, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

enum rc
milvus_drop_doc(struct milvus *m, struct span doc, struct err *err)
{
	auto_buf filter = {.max = 4096}, b = {.max = 16384};

	buf_adds(&filter, "doc == ");
	put_quoted(&filter, doc);
	begin(&b, m);
	buf_adds(&b, ",\"filter\":");
	json_put_string(&b, buf_span(&filter));
	buf_addc(&b, '}');
	return ask(
	    m, paths[m->dialect].remove, buf_span(&b), WRITE_MS, NULL, err);
}

enum rc
milvus_insert(struct milvus *m, struct span doc, const struct milvus_row *rows,
    size_t n, int dimensions, struct err *err)
{
	auto_buf b = {.max = 32 << 20};
	size_t i;
	enum rc rc;

	begin(&b, m);
	buf_adds(&b, ",\"data\":[");
	for (i = 0; i < n; i++) {
		buf_addf(&b, "%s{\"doc\":", i > 0 ? "," : "");
		json_put_string(&b, doc);
		buf_addf(&b,
		    ",\"hash\":\"%s\",\"chinese\":%s,\"vector\":", rows[i].hash,
		    rows[i].chinese ? "true" : "false");
		put_vector(&b, rows[i].vector, dimensions);
		buf_addc(&b, '}');
	}
	buf_adds(&b, "]}");
	rc = buf_check(&b, "the vectors", err);
	return rc == RC_OK ? ask(m, paths[m->dialect].insert, buf_span(&b),
				 WRITE_MS, NULL, err)
			   : rc;
}

/* ---- search ---- */

static void
read_hits(const cJSON *answer, struct milvus_hit *hits, size_t max, size_t *n)
{
	const cJSON *one;

	*n = 0;
	cJSON_ArrayForEach (one, tree_at(answer, "data"))
		if (*n < max && tree_has(one, "hash"))
			snprintf(hits[(*n)++].hash, MILVUS_HASH_MAX, "%s",
			    tree_str(one, "hash"));
}

enum rc
milvus_search(struct milvus *m, const float *vector, int dimensions,
    bool chinese, struct milvus_hit *hits, size_t max, size_t *n,
    struct err *err)
{
	auto_buf b = {.max = 1 << 20};
	AUTO(json) answer = NULL;
	enum rc rc = RC_OK;

	if (m->dialect == MILVUS_UNKNOWN)
		rc = probe(m, NULL, err);
	if (rc != RC_OK)
		return rc;
	name_it(m, dimensions);
	begin(&b, m);
	buf_adds(&b, m->dialect == MILVUS_V2
			 ? ",\"annsField\":\"vector\",\"data\":["
			 : ",\"vector\":");
	put_vector(&b, vector, dimensions);
	buf_addf(&b,
	    "%s,\"limit\":%zu,\"filter\":\"chinese == %s\","
	    "\"outputFields\":[\"hash\"]}",
	    m->dialect == MILVUS_V2 ? "]" : "", max,
	    chinese ? "true" : "false");
	rc = ask(m, paths[m->dialect].search, buf_span(&b), m->conf->search_ms,
	    &answer, err);
	if (rc == RC_OK)
		read_hits(answer, hits, max, n);
	return rc;
}
