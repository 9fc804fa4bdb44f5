/*
 * pack.c - items in a row, deflated by zlib; nothing in here trusts a length.
 */
#include "supervisor/pack.h"

#include <stdlib.h>
#include <zlib.h>

/* Level 3: three times as fast as 6 and a tenth larger on JSON. */
enum { PACK_LEVEL = 3 };

static void
pack_add_number(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addc(b, (char)(uint8_t)(v | 0x80));
	buf_addc(b, (char)(uint8_t)v);
}

void
pack_add(struct buf *b, int64_t n, struct span label, struct span data)
{
	pack_add_number(b, (uint64_t)n);
	pack_add_number(b, label.n);
	pack_add_number(b, data.n);
	buf_add_span(b, label);
	buf_add_span(b, data);
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
pack_next(struct span *rest, int64_t *ret_n, struct span *ret_label,
    struct span *ret_data, struct err *err)
{
	struct span at = *rest, label, data;
	uint64_t n, label_n, data_n;

	if (at.n == 0)
		return RC_NOTFOUND;
	if (!pack_number(&at, &n) || !pack_number(&at, &label_n) ||
	    !pack_number(&at, &data_n) || !pack_bytes(&at, label_n, &label) ||
	    !pack_bytes(&at, data_n, &data))
		return err_set(err, RC_INVALID, "a pack ends inside an item");
	*rest = at;
	*ret_n = (int64_t)n;
	*ret_label = label;
	*ret_data = data;
	return RC_OK;
}

enum rc
pack_deflate(struct span raw, struct buf *b, struct err *err)
{
	uLongf n = compressBound(raw.n);
	auto_str bytes = xcalloc(1, n);
	int code = compress2(
	    (Bytef *)bytes, &n, (const Bytef *)raw.p, raw.n, PACK_LEVEL);

	if (code != Z_OK)
		return err_set(err, RC_IO, "deflate: %s", zError(code));
	buf_add(b, bytes, n);
	return buf_check(b, "a pack", err);
}

enum rc
pack_inflate(struct span deflated, int64_t raw_bytes, size_t max_bytes,
    char **ret, struct err *err)
{
	/* Room for one more shows what is longer; zlib takes no room at all
	 * for a byte. */
	uLongf n = (uLongf)raw_bytes + 1;
	auto_str bytes = NULL;

	if (raw_bytes < 0 || n - 1 > max_bytes)
		return err_set(err, RC_INVALID,
		    "inflated it would have %lld bytes, over %zu",
		    (long long)raw_bytes, max_bytes);
	bytes = xcalloc(1, n);
	if (uncompress((Bytef *)bytes, &n, (const Bytef *)deflated.p,
		deflated.n) != Z_OK ||
	    n != (uLongf)raw_bytes)
		return err_set(err, RC_INVALID, "it does not inflate");
	*ret = TAKE(bytes);
	return RC_OK;
}
