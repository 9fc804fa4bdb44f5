/* remote_write.c - protobuf and snappy, as far as remote write takes them. */
#include "tests/harness/remote_write.h"
#include "common/net/http.h"

#include <stdlib.h>
#include <string.h>

enum { REQUEST_MAX = 1 << 20, CHUNK = 60000, VARINT = 0, I64 = 1, BYTES = 2 };
enum { SCHEMA_CUSTOM = -53, AT_ONCE = 4, SEND_MS = 60000 };

static void
put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addc(b, (char)(v | 0x80));
	buf_addc(b, (char)v);
}

static void
put_tag(struct buf *b, unsigned field, unsigned type)
{
	put_varint(b, field << 3 | type);
}

static void
put_uint(struct buf *b, unsigned field, uint64_t v)
{
	put_tag(b, field, VARINT);
	put_varint(b, v);
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void
put_double(struct buf *b, unsigned field, double v)
{
	put_tag(b, field, I64);
	buf_add(b, &v, sizeof(v));
}

static void
put_bytes(struct buf *b, unsigned field, struct span s)
{
	put_tag(b, field, BYTES);
	put_varint(b, s.n);
	buf_add_span(b, s);
}

static void
put_label(struct buf *b, const char *name, const char *value)
{
	auto_buf label = {.max = 1000};

	put_bytes(&label, 1, span_of(name));
	put_bytes(&label, 2, span_of(value));
	put_bytes(b, 1, buf_span(&label));
}

static void
put_span(struct buf *b, int offset, unsigned length)
{
	auto_buf s = {.max = 100};

	put_uint(&s, 1, zigzag(offset));
	put_uint(&s, 2, length);
	put_bytes(b, 11, buf_span(&s));
}

/* 0.04 s falls into (1/32, 1/16], 2 s into (1, 2]; or both into buckets that
 * end at 0.1, 1 and 5. */
static void
put_histogram(struct buf *b, const struct remote_point *p, bool custom)
{
	static const double ends[] = {0.1, 1, 5};
	int64_t fast = (int64_t)p->fast, slow = (int64_t)p->slow;
	auto_buf h = {.max = 1000}, deltas = {.max = 100};

	put_uint(&h, 1, p->fast + p->slow);
	put_double(&h, 3, (double)p->fast * 0.04 + (double)p->slow * 2);
	put_uint(&h, 4, zigzag(custom ? SCHEMA_CUSTOM : 0));
	if (!custom) {
		put_double(&h, 5, 1e-9);
		put_uint(&h, 6, 0);
		put_span(&h, -4, 1);
		put_span(&h, 4, 1);
		put_varint(&deltas, zigzag(fast));
		put_varint(&deltas, zigzag(slow - fast));
	} else {
		put_span(&h, 0, 3);
		put_varint(&deltas, zigzag(fast));
		put_varint(&deltas, zigzag(-fast));
		put_varint(&deltas, zigzag(slow));
	}
	put_bytes(&h, 12, buf_span(&deltas));
	put_uint(&h, 15, (uint64_t)p->t_ms);
	if (custom)
		put_bytes(&h, 16, span_make((const char *)ends, sizeof(ends)));
	put_bytes(b, 4, buf_span(&h));
}

static void
put_series(struct buf *b, const struct remote_series *s)
{
	auto_buf one = {.max = REQUEST_MAX};
	size_t i;

	put_label(&one, "__name__", s->name);
	for (i = 0; i < 2 && s->labels[i][0] != NULL; i++)
		put_label(&one, s->labels[i][0], s->labels[i][1]);
	for (i = 0; i < s->n; i++)
		put_histogram(&one, &s->points[i], s->custom);
	put_bytes(b, 1, buf_span(&one));
}

/* Literals only: nothing is made smaller. */
static void
put_snappy(struct buf *b, struct span s)
{
	size_t at, n;

	put_varint(b, s.n);
	for (at = 0; at < s.n; at += n) {
		n = MIN(s.n - at, (size_t)CHUNK);
		buf_addc(b, (char)(61 << 2));
		buf_addc(b, (char)((n - 1) & 0xFF));
		buf_addc(b, (char)((n - 1) >> 8));
		buf_add(b, s.p + at, n);
	}
}

static const char *const headers[] = {"Content-Encoding: snappy",
    "Content-Type: application/x-protobuf",
    "X-Prometheus-Remote-Write-Version: 0.1.0", NULL};

static void
on_done(void *arg, const struct http_result *result)
{
	*(int *)arg = result->rc == RC_OK ? result->status : 0;
}

int
remote_write(const char *url, const struct remote_series *series, size_t n)
{
	auto_str to = xasprintf("%s/api/v1/write", url);
	auto_buf plain = {.max = REQUEST_MAX}, body = {.max = 2 * REQUEST_MAX};
	int status = 0;
	struct http_req r = {.method = "POST",
	    .url = to,
	    .headers = headers,
	    .on_done = on_done,
	    .arg = &status};
	size_t i;

	for (i = 0; i < n; i++)
		put_series(&plain, &series[i]);
	put_snappy(&body, buf_span(&plain));
	r.body = buf_span(&body);
	return http_run(&r, 1, 1, NULL) == RC_OK ? status : 0;
}

/* ---- plain samples ---- */

/* Several requests go at once: who takes them has other cores. */
struct remote_batch {
	char *url;
	struct buf series;          /* the one being put together */
	struct buf plain;           /* of the request that fills */
	struct buf bodies[AT_ONCE]; /* of those that are full */
	size_t n;
	bool failed;
};

struct remote_batch *
remote_batch_new(const char *url)
{
	struct remote_batch *b = xcalloc(1, sizeof(*b));

	b->url = xasprintf("%s/api/v1/write", url);
	buf_init(&b->series, REQUEST_MAX);
	buf_init(&b->plain, REQUEST_MAX);
	for (size_t i = 0; i < AT_ONCE; i++)
		buf_init(&b->bodies[i], 2 * REQUEST_MAX);
	return b;
}

static void
batch_send(struct remote_batch *b)
{
	struct http_req reqs[AT_ONCE];
	int status[AT_ONCE] = {0};

	for (size_t i = 0; i < b->n; i++)
		reqs[i] = (struct http_req){.method = "POST",
		    .url = b->url,
		    .headers = headers,
		    .body = buf_span(&b->bodies[i]),
		    .timeout_ms = SEND_MS,
		    .on_done = on_done,
		    .arg = &status[i]};
	if (http_run(reqs, b->n, AT_ONCE, NULL) != RC_OK)
		b->failed = true;
	for (size_t i = 0; i < b->n; i++)
		b->failed |= status[i] / 100 != 2;
	b->n = 0;
}

static void
batch_pack(struct remote_batch *b)
{
	if (b->plain.len == 0)
		return;
	buf_reset(&b->bodies[b->n]);
	put_snappy(&b->bodies[b->n++], buf_span(&b->plain));
	buf_reset(&b->plain);
	if (b->n == AT_ONCE)
		batch_send(b);
}

static void
batch_series_end(struct remote_batch *b)
{
	if (b->series.len == 0)
		return;
	if (b->plain.len + b->series.len + 10 > b->plain.max)
		batch_pack(b);
	put_bytes(&b->plain, 1, buf_span(&b->series));
	buf_reset(&b->series);
}

void
remote_batch_series(struct remote_batch *b, const char *const *labels)
{
	batch_series_end(b);
	for (; *labels != NULL; labels += 2)
		put_label(&b->series, labels[0], labels[1]);
}

void
remote_batch_sample(struct remote_batch *b, int64_t t_ms, double v)
{
	char s[2 + 1 + 8 + 1 + 10] = {2 << 3 | BYTES, 0, 1 << 3 | I64};
	size_t n = 3;
	uint64_t t = (uint64_t)t_ms;

	memcpy(s + n, &v, sizeof(v));
	n += sizeof(v);
	s[n++] = 2 << 3 | VARINT;
	for (; t >= 0x80; t >>= 7)
		s[n++] = (char)(t | 0x80);
	s[n++] = (char)t;
	s[1] = (char)(n - 2);
	buf_add(&b->series, s, n);
}

bool
remote_batch_free(struct remote_batch *b)
{
	bool good;

	batch_series_end(b);
	batch_pack(b);
	if (b->n > 0)
		batch_send(b);
	good = !b->failed;
	for (size_t i = 0; i < AT_ONCE; i++)
		buf_done(&b->bodies[i]);
	buf_done(&b->plain);
	buf_done(&b->series);
	free(b->url);
	free(b);
	return good;
}
