/*
 * pack.c - records in a row, compressed by Zstandard; nothing in here trusts
 * a length.
 */
#include "supervisor/store/pack.h"

#include <assert.h>
#include <stdlib.h>
#include <zstd.h>

/* What a large run took is given back. */
enum { KEEP_BYTES = 1 << 20, SUM_BYTES = 4 };

/* As Zstandard's levels: it is on the way of every commit. */
enum { LEVEL = -3 };

struct packer {
	ZSTD_CCtx *c;
	ZSTD_DCtx *d;
	char *out; /* owned */
	size_t size;
};

static void
pack_add_number(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addc(b, (char)(uint8_t)(v | 0x80));
	buf_addc(b, (char)(uint8_t)v);
}

void
pack_add(struct buf *b, const struct record *r)
{
	buf_addc(b, (char)r->kind);
	pack_add_number(b, (uint64_t)r->n);
	pack_add_number(b, r->label.n);
	pack_add_number(b, r->data.n);
	buf_add_span(b, r->label);
	buf_add_span(b, r->data);
}

static bool
pack_number(struct span *rest, uint64_t *ret)
{
	uint64_t v = 0;
	uint8_t c;

	for (unsigned shift = 0; shift < 63 && rest->n > 0; shift += 7) {
		c = (uint8_t)*rest->p;
		*rest = span_make(rest->p + 1, rest->n - 1);
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool
pack_bytes(struct span *rest, uint64_t n, struct span *ret)
{
	if (n > rest->n)
		return false;
	*ret = span_make(rest->p, (size_t)n);
	*rest = span_make(rest->p + n, rest->n - (size_t)n);
	return true;
}

enum rc
pack_next(struct span *rest, struct record *ret, struct err *err)
{
	struct span at = *rest;
	struct record r = {0};
	uint64_t n, label_n, data_n;

	if (at.n == 0)
		return RC_NOTFOUND;
	r.kind = (uint8_t)*at.p;
	at = span_make(at.p + 1, at.n - 1);
	if (!pack_number(&at, &n) || !pack_number(&at, &label_n) ||
	    !pack_number(&at, &data_n) || !pack_bytes(&at, label_n, &r.label) ||
	    !pack_bytes(&at, data_n, &r.data))
		return err_set(err, RC_INVALID, "a pack ends inside a record");
	r.n = (int64_t)n;
	*rest = at;
	*ret = r;
	return RC_OK;
}

struct packer *
packer_new(void)
{
	return xcalloc(1, sizeof(struct packer));
}

void
packer_free(struct packer *p)
{
	if (p == NULL)
		return;
	ZSTD_freeCCtx(p->c);
	ZSTD_freeDCtx(p->d);
	free(p->out);
	free(p);
}

static void
packer_room(struct packer *p, size_t n)
{
	if (n <= p->size && p->size <= KEEP_BYTES)
		return;
	free(p->out);
	p->out = xcalloc(1, n);
	p->size = n;
}

static void
packer_begin(struct packer *p)
{
	p->c = ZSTD_createCCtx();
	assert(p->c != NULL);
	if (ZSTD_isError(
		ZSTD_CCtx_setParameter(p->c, ZSTD_c_checksumFlag, 1)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(
		p->c, ZSTD_c_compressionLevel, LEVEL)))
		abort();
}

struct span
packer_compress(struct packer *p, struct span raw, struct span before)
{
	size_t n;

	if (p->c == NULL)
		packer_begin(p);
	packer_room(p, ZSTD_compressBound(raw.n) + SUM_BYTES);
	n = ZSTD_CCtx_refPrefix(p->c, before.p, before.n);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(p->c, p->out, p->size, raw.p, raw.n);
	if (ZSTD_isError(n))
		return (struct span){NULL, 0};
	return span_make(p->out, n);
}

enum rc
packer_expand(struct packer *p, struct span packed, int64_t raw_bytes,
    struct span before, size_t max_bytes, char **ret, struct err *err)
{
	auto_str bytes = NULL;
	size_t n;

	if (raw_bytes < 0 || (size_t)raw_bytes > max_bytes)
		return err_set(err, RC_INVALID,
		    "expanded it would have %lld bytes, over %zu",
		    (long long)raw_bytes, max_bytes);
	if (p->d == NULL)
		p->d = ZSTD_createDCtx();
	assert(p->d != NULL);
	bytes = xcalloc(1, (size_t)raw_bytes + 1);
	n = ZSTD_DCtx_refPrefix(p->d, before.p, before.n);
	if (!ZSTD_isError(n))
		n = ZSTD_decompressDCtx(
		    p->d, bytes, (size_t)raw_bytes, packed.p, packed.n);
	if (ZSTD_isError(n) || n != (size_t)raw_bytes)
		return err_set(err, RC_INVALID, "it does not expand");
	*ret = TAKE(bytes);
	return RC_OK;
}
