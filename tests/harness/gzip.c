/* gzip.c - gzip (RFC 1951, 1952) without a library. */
#include "tests/harness/gzip.h"

#include <stdint.h>

enum { BLOCK_MAX = 65535 };

static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

static uint32_t
crc_of(struct span s)
{
	uint32_t crc = ~0u;
	size_t i;
	int bit;

	for (i = 0; i < s.n; i++) {
		crc ^= (unsigned char)s.p[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
	}
	return ~crc;
}

static void
put_le(struct buf *b, uint32_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_addc(b, (char)(v & 0xFF));
}

void
gzip_put(struct buf *b, struct span text)
{
	size_t at = 0, n;

	buf_add(b, header, sizeof(header));
	do {
		n = MIN(text.n - at, (size_t)BLOCK_MAX);
		buf_addc(b, at + n == text.n);
		put_le(b, (uint32_t)n, 2);
		put_le(b, ~(uint32_t)n & 0xFFFF, 2);
		buf_add(b, text.p + at, n);
		at += n;
	} while (at < text.n);
	put_le(b, crc_of(text), 4);
	put_le(b, (uint32_t)text.n, 4);
}

/* Bits of a Huffman code, its first bit first. */
struct bits {
	struct buf *out;
	unsigned held, n;
};

static void
put_bits(struct bits *w, unsigned code, int n)
{
	while (n-- > 0) {
		w->held |= (code >> n & 1) << w->n;
		if (++w->n < 8)
			continue;
		buf_addc(w->out, (char)w->held);
		w->held = w->n = 0;
	}
}

void
gzip_put_bomb(struct buf *b, size_t n)
{
	struct bits w = {.out = b};

	buf_add(b, header, sizeof(header));
	put_bits(&w, 2, 3); /* not the last block; fixed codes, 01 reversed */
	put_bits(&w, 0x30 + 'x', 8);
	/* 258 bytes from one byte back. */
	while (b->len < n) {
		put_bits(&w, 0xC5, 8);
		put_bits(&w, 0, 5);
	}
}
