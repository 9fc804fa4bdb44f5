/*
 * vectors.c - the vectors of the index.
 */
#include "executor/docs/vectors.h"

#include <math.h>
#include <stdlib.h>

enum {
	/* The product of a question's numbers and a vector's fits an int32,
	 * however many there are. */
	QUERY_PEAK = 1023,
	PEAK = 127,
	PIECE = 16,
	/* Fewer passages of a language have nothing in common to speak of. */
	LANGUAGE_LEAST = 8,
	SAMPLE = 2000, /* vectors that tell what is usual */
};

/* ---- writing ---- */

enum rc
vectors_begin(
    struct base *b, const char *version, int dimensions, struct err *err)
{
	auto_str has = NULL;
	auto_str length = NULL;
	auto_str wanted = xasprintf("%d", dimensions);
	enum rc rc = base_meta(b, "model", &has, err);

	if (rc == RC_OK)
		rc = base_meta(b, "dimensions", &length, err);
	if (rc != RC_OK ||
	    (strcmp(has, version) == 0 &&
		(dimensions == 0 || strcmp(length, wanted) == 0)))
		return rc;
	rc = base_exec(b, "DELETE FROM vectors", err);
	if (rc == RC_OK)
		rc = base_set_meta(b, "model", span_of(version), err);
	return rc == RC_OK
		   ? base_set_meta(b, "dimensions", span_of(wanted), err)
		   : rc;
}

static void
pack(struct buf *b, const float *v, int n)
{
	float peak = 0;
	int i;

	for (i = 0; i < n; i++)
		peak = MAX(peak, fabsf(v[i]));
	peak = MAX(peak, 1e-20F);
	buf_add(b, &peak, sizeof(peak));
	for (i = 0; i < n; i++)
		buf_addc(b, (char)(int8_t)lrintf(v[i] / peak * PEAK));
}

float *
vectors_unpack(const char *packed, int dimensions)
{
	float *v = xcalloc((size_t)dimensions, sizeof(*v));
	float peak;
	int i;

	memcpy(&peak, packed, sizeof(peak));
	for (i = 0; i < dimensions; i++)
		v[i] = (float)(int8_t)packed[sizeof(peak) + (size_t)i] * peak /
		       PEAK;
	return v;
}

enum rc
vectors_put(struct base *b, struct span hash, const float *v, int dimensions,
    struct err *err)
{
	auto_buf packed = {.max = EMBED_DIMENSIONS_MAX + sizeof(float)};
	auto_stmt st = NULL;
	bool row;
	enum rc rc = base_prepare(
	    b, "INSERT OR REPLACE INTO vectors VALUES (?1, ?2)", &st, err);

	if (rc != RC_OK)
		return rc;
	if (v != NULL)
		pack(&packed, v, dimensions);
	base_bind(st, 1, hash);
	sqlite3_bind_blob64(st, 2, buf_str(&packed), packed.len, SQLITE_STATIC);
	return base_step(b, st, &row, err);
}

enum rc
vectors_tidy(struct base *b, struct err *err)
{
	return base_exec(b,
	    "DELETE FROM vectors WHERE hash NOT IN "
	    "(SELECT hash FROM passages)",
	    err);
}

/* ---- what lacks one ---- */

enum rc
vectors_lacking(struct base *b, int64_t behind, struct vectors_lack *list,
    size_t max, size_t *n, struct err *err)
{
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc = base_prepare(b,
	    "SELECT id, hash, path || char(10) || text FROM passages p "
	    "WHERE id > ?1 AND NOT EXISTS (SELECT 1 FROM vectors v WHERE "
	    "v.hash = p.hash) ORDER BY id LIMIT ?2",
	    &st, err);

	*n = 0;
	if (rc != RC_OK)
		return rc;
	sqlite3_bind_int64(st, 1, behind);
	sqlite3_bind_int64(st, 2, (int64_t)max);
	while (rc == RC_OK && row && *n < max) {
		rc = base_step(b, st, &row, err);
		if (rc == RC_OK && row)
			list[(*n)++] = (struct vectors_lack){
			    .id = sqlite3_column_int64(st, 0),
			    .hash = xstrdup(base_text(st, 1).p),
			    .text = xstrdup(base_text(st, 2).p)};
	}
	return rc;
}

void
vectors_lack_done(struct vectors_lack *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(list[i].hash);
		free(list[i].text);
	}
}

/* ---- all in memory ---- */

void
vectors_done(struct vectors *v)
{
	int i;

	for (i = 0; i < VECTORS_LANGUAGES; i++)
		free(v->mean[i]);
	free(v->version);
	free(v->ids);
	free(v->scale);
	free(v->language);
	free(v->list);
	free(v->apart);
	*v = (struct vectors){.n = 0};
}

static void
grow(struct vectors *v)
{
	v->cap = MAX(2 * v->cap, (size_t)256);
	v->ids = xrealloc(v->ids, v->cap * sizeof(*v->ids));
	v->scale = xrealloc(v->scale, v->cap * sizeof(*v->scale));
	v->language = xrealloc(v->language, v->cap);
	v->list = xrealloc(v->list, v->cap * (size_t)v->dimensions);
}

static enum rc
add(struct vectors *v, int64_t id, bool chinese, const char *packed,
    struct err *err)
{
	size_t size = (size_t)v->dimensions;

	if (v->n == v->cap) {
		if (2 * v->cap * size > VECTORS_BYTES_MAX)
			return err_set(err, RC_TOOBIG,
			    "there are too many vectors to be searched in "
			    "memory; use a Milvus (--milvus-url)");
		grow(v);
	}
	v->ids[v->n] = id;
	v->language[v->n] = chinese;
	memcpy(&v->scale[v->n], packed, sizeof(float));
	v->scale[v->n] /= PEAK;
	memcpy(v->list + v->n * size, packed + sizeof(float), size);
	v->n++;
	return RC_OK;
}

static enum rc
read_rows(struct vectors *v, struct base *b, struct err *err)
{
	auto_stmt st = NULL;
	bool row = true;
	enum rc rc = base_prepare(b,
	    "SELECT p.id, v.vector, p.chinese FROM passages p, vectors v "
	    "WHERE v.hash = p.hash AND length(v.vector) = ?1 ORDER BY p.id",
	    &st, err);
	long stride = v->sampled ? MAX(v->passages / SAMPLE, 1L) : 1;

	if (rc != RC_OK)
		return rc;
	sqlite3_bind_int64(st, 1, v->dimensions + (int64_t)sizeof(float));
	while (rc == RC_OK && row) {
		rc = base_step(b, st, &row, err);
		if (rc == RC_OK && row && v->with++ % stride == 0)
			rc = add(v, sqlite3_column_int64(st, 0),
			    sqlite3_column_int(st, 2) != 0,
			    sqlite3_column_blob(st, 1), err);
	}
	return rc;
}

static float
number(const struct vectors *v, size_t i, int k)
{
	return (float)v->list[i * (size_t)v->dimensions + (size_t)k] *
	       v->scale[i];
}

/* The mean of those of a language; where they are too few, nothing. */
static void
find_mean(struct vectors *v, int language)
{
	size_t i, n = 0;
	int k;

	v->mean[language] =
	    xcalloc((size_t)v->dimensions, sizeof(*v->mean[language]));
	for (i = 0; i < v->n; i++)
		n += v->language[i] == language;
	if (n < LANGUAGE_LEAST)
		return;
	for (i = 0; i < v->n; i++)
		if (v->language[i] == language)
			for (k = 0; k < v->dimensions; k++)
				v->mean[language][k] +=
				    number(v, i, k) / (float)n;
}

static void
find_means(struct vectors *v)
{
	size_t i;
	int k;

	for (k = 0; k < VECTORS_LANGUAGES; k++)
		find_mean(v, k);
	v->apart = xcalloc(MAX(v->n, (size_t)1), sizeof(*v->apart));
	for (i = 0; i < v->n; i++) {
		const float *mean = v->mean[v->language[i]];
		float sum = 0;

		for (k = 0; k < v->dimensions; k++) {
			float d = number(v, i, k) - mean[k];

			sum += d * d;
		}
		v->apart[i] = sqrtf(MAX(sum, 1e-12F));
	}
}

static enum rc
read_all(struct vectors *v, struct base *b, struct err *err)
{
	auto_str dimensions = NULL;
	auto_str passages = NULL;
	enum rc rc = base_meta(b, "model", &v->version, err);

	if (rc == RC_OK)
		rc = base_meta(b, "dimensions", &dimensions, err);
	if (rc == RC_OK)
		rc = base_meta(b, "passages", &passages, err);
	if (rc != RC_OK)
		return rc;
	v->dimensions = atoi(dimensions);
	v->passages = atol(passages);
	if (v->dimensions <= 0 || v->dimensions > EMBED_DIMENSIONS_MAX)
		return RC_OK;
	rc = read_rows(v, b, err);
	if (rc == RC_OK)
		find_means(v);
	return rc;
}

enum rc
vectors_read(struct vectors *v, struct base *b, bool sample, struct err *err)
{
	int64_t version = 0;
	enum rc rc = base_version(b, &version, err);

	if (rc != RC_OK ||
	    (v->read && v->of == version && v->sampled == sample))
		return rc;
	vectors_done(v);
	v->sampled = sample;
	rc = read_all(v, b, err);
	v->of = version;
	v->read = rc == RC_OK;
	return rc;
}

/* ---- the nearest ---- */

/* In pieces of which the compiler knows the length, so that it makes of them
 * what the machine has of vector instructions. */
static int32_t
product(const int8_t *restrict a, const int16_t *restrict q, int n)
{
	int32_t sum = 0;
	int i, k;

	for (i = 0; i + PIECE <= n; i += PIECE)
		for (k = 0; k < PIECE; k++)
			sum += (int32_t)(int16_t)a[i + k] * (int32_t)q[i + k];
	for (; i < n; i++)
		sum += (int32_t)a[i] * (int32_t)q[i];
	return sum;
}

static void
keep(struct vectors_hit *list, size_t *n, size_t max, struct vectors_hit hit)
{
	size_t i = *n;

	if (i == max && hit.nearness <= list[max - 1].nearness)
		return;
	if (i == max)
		i--;
	else
		(*n)++;
	for (; i > 0 && list[i - 1].nearness < hit.nearness; i--)
		list[i] = list[i - 1];
	list[i] = hit;
}

/* The question without what its language has in common, as integers whose
 * product with a vector's, times *ret_scale, is that of the two. */
static void
centre(const struct vectors *v, const float *q, bool chinese,
    int16_t scaled[EMBED_DIMENSIONS_MAX], float *ret_scale)
{
	const float *mean = v->mean[chinese];
	float peak = 1e-20F, sum = 0;
	int k;

	for (k = 0; k < v->dimensions; k++) {
		float x = q[k] - mean[k];

		peak = MAX(peak, fabsf(x));
		sum += x * x;
	}
	for (k = 0; k < v->dimensions; k++)
		scaled[k] =
		    (int16_t)lrintf((q[k] - mean[k]) / peak * QUERY_PEAK);
	*ret_scale = peak / QUERY_PEAK / sqrtf(MAX(sum, 1e-12F));
}

/* The product of a language's mean and the question. */
static float
mean_product(const struct vectors *v, int language, const int16_t *scaled)
{
	float sum = 0;
	int k;

	for (k = 0; k < v->dimensions; k++)
		sum += v->mean[language][k] * (float)scaled[k];
	return sum;
}

struct spread {
	double n, sum, squares;
};

/* How far above those of its language. */
static float
nearness(const struct spread *s, float cosine)
{
	double n = MAX(s->n, 1.0), mean = s->sum / n;
	double spread = sqrt(MAX(s->squares / n - mean * mean, 0.0));

	return spread > 1e-6 && s->n >= LANGUAGE_LEAST
		   ? (float)(((double)cosine - mean) / spread)
		   : 0;
}

/* A question, and how near those of each language are to it. */
struct asked {
	int16_t scaled[EMBED_DIMENSIONS_MAX];
	float scale, common[VECTORS_LANGUAGES];
	struct spread spreads[VECTORS_LANGUAGES];
};

/* cosines: room for all, or NULL. */
static void
ask_all(struct asked *a, const struct vectors *v, const float *q, bool chinese,
    float *cosines)
{
	size_t i;
	int k;

	memset(a->spreads, 0, sizeof(a->spreads));
	centre(v, q, chinese, a->scaled, &a->scale);
	for (k = 0; k < VECTORS_LANGUAGES; k++)
		a->common[k] = mean_product(v, k, a->scaled);
	for (i = 0; i < v->n; i++) {
		struct spread *s = &a->spreads[v->language[i]];
		const int8_t *row = v->list + i * (size_t)v->dimensions;
		float c = ((float)product(row, a->scaled, v->dimensions) *
				  v->scale[i] -
			      a->common[v->language[i]]) *
			  a->scale / v->apart[i];

		if (cosines != NULL)
			cosines[i] = c;
		s->n += 1;
		s->sum += (double)c;
		s->squares += (double)c * (double)c;
	}
}

size_t
vectors_find(const struct vectors *v, const float *q, bool chinese,
    struct vectors_hit *list, size_t max)
{
	struct asked a;
	float *cosines = xcalloc(MAX(v->n, (size_t)1), sizeof(*cosines));
	size_t n = 0, i;

	ask_all(&a, v, q, chinese, cosines);
	for (i = 0; i < v->n; i++)
		keep(list, &n, max,
		    (struct vectors_hit){v->ids[i],
			nearness(&a.spreads[v->language[i]], cosines[i])});
	free(cosines);
	return n;
}

/* Of one that is not among those in memory, as it is kept. */
static float
nearness_of(const struct vectors *v, const struct asked *a, const char *packed,
    int language)
{
	const float *mean = v->mean[language];
	const int8_t *row = (const int8_t *)packed + sizeof(float);
	float peak, sum = 0, c;
	int k;

	memcpy(&peak, packed, sizeof(peak));
	peak /= PEAK;
	for (k = 0; k < v->dimensions; k++) {
		float d = (float)row[k] * peak - mean[k];

		sum += d * d;
	}
	c = ((float)product(row, a->scaled, v->dimensions) * peak -
		a->common[language]) *
	    a->scale / sqrtf(MAX(sum, 1e-12F));
	return nearness(&a->spreads[language], c);
}

enum rc
vectors_weigh(const struct vectors *v, struct base *b, const float *q,
    bool chinese, const struct milvus_hit *hits, size_t n,
    struct vectors_hit *list, size_t max, size_t *ret_n, struct err *err)
{
	struct asked a;
	auto_stmt st = NULL;
	size_t i;
	enum rc rc = base_prepare(b,
	    "SELECT p.id, p.chinese, v.vector FROM passages p, vectors v WHERE "
	    "p.hash = ?1 AND v.hash = ?1 AND length(v.vector) = ?2",
	    &st, err);

	*ret_n = 0;
	if (rc != RC_OK)
		return rc;
	ask_all(&a, v, q, chinese, NULL);
	sqlite3_bind_int64(st, 2, v->dimensions + (int64_t)sizeof(float));
	for (i = 0; i < n && rc == RC_OK; i++) {
		bool row = false;

		base_bind(st, 1, span_of(hits[i].hash));
		rc = base_step(b, st, &row, err);
		if (rc == RC_OK && row)
			keep(list, ret_n, max,
			    (struct vectors_hit){sqlite3_column_int64(st, 0),
				nearness_of(v, &a, sqlite3_column_blob(st, 2),
				    sqlite3_column_int(st, 1) != 0)});
		sqlite3_reset(st);
	}
	return rc;
}
