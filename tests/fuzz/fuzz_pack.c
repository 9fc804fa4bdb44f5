/*
 * fuzz_pack.c - what a damaged store may hold where a pack was: it is
 * refused, or its items are read, all within its bytes.
 *
 * The first byte chooses: items as they stand, items that are made of the
 * bytes and deflated, or bytes to inflate to the size that the second says.
 */
#include "supervisor/pack.h"

#include <assert.h>
#include <stdlib.h>

enum { INFLATED_MAX = 4096 };

/* Taken apart and put together it is the same pack, if shorter: a number may
 * be written with more bytes than it needs. */
static void
items(struct span pack)
{
	static struct buf again = {.max = 1 << 20};
	struct span rest = pack, twice, label, data;
	struct err err = {0};
	enum rc rc;
	int64_t n;

	buf_reset(&again);
	while ((rc = pack_next(&rest, &n, &label, &data, &err)) == RC_OK) {
		assert(n >= 0 && label.p > pack.p && label.p <= data.p);
		assert(data.p + data.n == rest.p);
		assert(rest.p + rest.n == pack.p + pack.n);
		pack_add(&again, n, label, data);
	}
	assert(rc == RC_INVALID || (rc == RC_NOTFOUND && rest.n == 0));
	assert(rc != RC_INVALID || err.text[0] != '\0');
	assert(!again.full && again.len <= pack.n - rest.n);
	twice = buf_span(&again);
	if (again.len == pack.n)
		assert(span_equal(pack, twice));
	while (pack_next(&twice, &n, &label, &data, NULL) == RC_OK)
		continue;
	assert(twice.n == 0);
}

static void
deflated(struct span raw)
{
	static struct buf b = {.max = 1 << 20};
	auto_str same = NULL;
	char *none = NULL;
	struct err err = {0};

	buf_reset(&b);
	assert(pack_deflate(raw, &b, &err) == RC_OK);
	assert(pack_inflate(buf_span(&b), (int64_t)raw.n, raw.n, &same, &err) ==
	       RC_OK);
	assert(raw.n == 0 || memcmp(same, raw.p, raw.n) == 0);
	/* Its size is known by heart, not believed. */
	assert(pack_inflate(buf_span(&b), (int64_t)raw.n + 1, INFLATED_MAX,
		   &none, &err) == RC_INVALID);
	assert(raw.n == 0 || pack_inflate(buf_span(&b), (int64_t)raw.n - 1,
				 INFLATED_MAX, &none, &err) == RC_INVALID);
	assert(raw.n == 0 || pack_inflate(buf_span(&b), (int64_t)raw.n,
				 raw.n - 1, &none, &err) == RC_INVALID);
	assert(none == NULL);
}

static void
inflated(struct span bytes)
{
	auto_str out = NULL;
	struct err err = {0};
	int64_t n;

	if (bytes.n == 0)
		return;
	n = (int64_t)(uint8_t)bytes.p[0] * 17 - 17;
	bytes = span_make(bytes.p + 1, bytes.n - 1);
	if (pack_inflate(bytes, n, INFLATED_MAX, &out, &err) == RC_OK)
		items(span_make(out, (size_t)n));
	else
		assert(out == NULL && err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[])(struct span) = {items, deflated, inflated};

	if (size > 0)
		ways[data[0] % ARRAY_LEN(ways)](span_make(data + 1, size - 1));
	return 0;
}
