/*
 * fuzz_pack.c - what a damaged store may hold where a pack was: it is
 * refused, or its records are read, all within its bytes.
 *
 * The first byte chooses: records as they stand, bytes to compress, or bytes
 * to expand to the size that the second says.
 */
#include "supervisor/store/pack.h"

#include <assert.h>
#include <stdlib.h>

enum { EXPANDED_MAX = 4096 };

/* Taken apart and put together it is the same pack, if shorter: a number may
 * be written with more bytes than it needs. */
static void
records(struct span pack)
{
	static struct buf again = {.max = 1 << 20};
	struct span rest = pack, twice;
	struct record r;
	struct err err = {0};
	enum rc rc;

	buf_reset(&again);
	while ((rc = pack_next(&rest, &r, &err)) == RC_OK) {
		assert(r.n >= 0 && r.label.p > pack.p && r.label.p <= r.data.p);
		assert(r.data.p + r.data.n == rest.p);
		assert(rest.p + rest.n == pack.p + pack.n);
		pack_add(&again, &r);
	}
	assert(rc == RC_INVALID || (rc == RC_NOTFOUND && rest.n == 0));
	assert(rc != RC_INVALID || err.text[0] != '\0');
	assert(!again.full && again.len <= pack.n - rest.n);
	twice = buf_span(&again);
	if (again.len == pack.n)
		assert(span_equal(pack, twice));
	while (pack_next(&twice, &r, NULL) == RC_OK)
		continue;
	assert(twice.n == 0);
}

static struct packer *
the_packer(void)
{
	static struct packer *p;

	if (p == NULL)
		p = packer_new();
	return p;
}

static void
compressed(struct span raw)
{
	struct packer *p = the_packer();
	struct span packed = packer_compress(p, raw, raw);
	auto_str same = NULL;
	char *none = NULL;
	struct err err = {0};
	int64_t n = (int64_t)raw.n;

	if (packed.n == 0 || raw.n == 0)
		return;
	assert(packer_expand(p, packed, n, raw, raw.n, &same, &err) == RC_OK);
	assert(memcmp(same, raw.p, raw.n) == 0);
	/* Its size is known by heart, not believed. */
	assert(packer_expand(p, packed, n + 1, raw, EXPANDED_MAX, &none, &err) ==
	       RC_INVALID);
	assert(packer_expand(p, packed, n - 1, raw, EXPANDED_MAX, &none, &err) ==
	       RC_INVALID);
	assert(
	    packer_expand(p, packed, n, raw, raw.n - 1, &none, &err) == RC_INVALID);
	assert(none == NULL);
}

static void
expanded(struct span bytes)
{
	auto_str out = NULL;
	struct err err = {0};
	int64_t n;

	if (bytes.n == 0)
		return;
	n = (int64_t)(uint8_t)bytes.p[0] * 17 - 17;
	bytes = span_make(bytes.p + 1, bytes.n - 1);
	if (packer_expand(the_packer(), bytes, n, bytes, EXPANDED_MAX, &out, &err) ==
	    RC_OK)
		records(span_make(out, (size_t)n));
	else
		assert(out == NULL && err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[])(struct span) = {
	    records, compressed, expanded};

	if (size > 0)
		ways[data[0] % ARRAY_LEN(ways)](span_make(data + 1, size - 1));
	return 0;
}
