/*
 * store_chain.c - hashes that show whether a kept run is what was written.
 */
#include "supervisor/store/store_chain.h"
#include "supervisor/store/store_in.h"

static void
put_number(uint8_t p[8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void
chain_sum_begin(struct chain_sum *s, const char *what)
{
	crypto_generichash_init(&s->state, NULL, 0, CHAIN_BYTES);
	chain_sum_span(s, span_of(what));
}

void
chain_sum_span(struct chain_sum *s, struct span v)
{
	if (v.n > 0)
		crypto_generichash_update(
		    &s->state, (const unsigned char *)v.p, v.n);
}

void
chain_sum_number(struct chain_sum *s, uint64_t v)
{
	uint8_t p[8];

	put_number(p, v);
	chain_sum_span(s, span_make(p, sizeof(p)));
}

void
chain_sum_end(struct chain_sum *s, struct chain *ret)
{
	crypto_generichash_final(&s->state, ret->sum, CHAIN_BYTES);
}

void
chain_begin(struct chain *c, struct span id)
{
	struct chain_sum s;

	chain_sum_begin(&s, "culprit run");
	chain_sum_span(&s, id);
	chain_sum_end(&s, c);
}

void
chain_add(struct chain *c, int64_t raw_bytes, bool leans, struct span data)
{
	struct chain_sum s;

	chain_sum_begin(&s, "culprit row");
	chain_sum_span(&s, chain_span(c));
	chain_sum_number(&s, (uint64_t)raw_bytes);
	chain_sum_number(&s, leans);
	chain_sum_span(&s, data);
	chain_sum_end(&s, c);
}

void
chain_link(struct chain *link, int64_t place, const struct chain *seal)
{
	struct chain_sum s;

	chain_sum_begin(&s, "culprit link");
	chain_sum_span(&s, chain_span(link));
	chain_sum_number(&s, (uint64_t)place);
	chain_sum_span(&s, chain_span(seal));
	chain_sum_end(&s, link);
}

bool
chain_read(struct span v, struct chain *ret)
{
	if (v.n != CHAIN_BYTES)
		return false;
	memcpy(ret->sum, v.p, CHAIN_BYTES);
	return true;
}

bool
chain_equal(const struct chain *a, const struct chain *b)
{
	return memcmp(a->sum, b->sum, CHAIN_BYTES) == 0;
}

void
chain_text(const struct chain *c, char ret[2 * CHAIN_BYTES + 1])
{
	sodium_bin2hex(ret, 2 * CHAIN_BYTES + 1, c->sum, CHAIN_BYTES);
}
