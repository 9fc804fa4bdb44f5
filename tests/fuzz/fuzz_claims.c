/*
 * fuzz_claims.c - any bytes as a report that somebody wrote: they are taken
 * apart into claims that lie within it, held to evidence, and come out again
 * with nothing lost but what a mark adds.
 */
#include "common/json/tree.h"
#include "common/report/claims.h"
#include "common/report/verify.h"
#include "common/wire/wire.h"

#include <assert.h>
#include <stdlib.h>

static void
is_within(const struct claims *c, struct extent e)
{
	assert(e.at + e.n <= c->text.len);
}

static void
take_apart(struct span text)
{
	struct claims c;
	size_t i;

	claims_init(&c);
	claims_read(&c, text, REPORT_EN);
	for (i = 0; i < c.n; i++) {
		const struct claim *x = &c.at[i];

		is_within(&c, x->said);
		is_within(&c, x->shown);
		assert(x->cites.at + x->cites.n <= c.n_cites);
		assert(x->rests.at + x->rests.n <= c.n_cites);
		assert(x->line < c.n_lines);
		assert(i == 0 || x->line >= c.at[i - 1].line);
	}
	claims_done(&c);
}

static enum rc
fetch(void *ctx, struct span id, struct buf *ret)
{
	(void)ctx;
	buf_add_span(ret, id);
	return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* {"evidence": [{"id": "E1"}]} */
	static const char state[] = "\x81\xa8"
				    "evidence\x91\x81\xa2"
				    "id\xa2"
				    "E1";
	struct span text = span_make(data, size);
	auto_buf marked = {.max = 64 << 20}, verdict = {.max = 4 << 20};
	AUTO(verdict) v = NULL;

	if (size == 0)
		return 0;
	take_apart(text);
	v = verify_report(&(struct verify_in){.markdown = text,
	    .state = span_make(state, sizeof(state) - 1),
	    .fetch = fetch});
	verdict_put(&verdict, v);
	verify_mark(&marked, text, v, REPORT_EN);
	assert(!verdict.full && !marked.full && marked.len >= size);
	return 0;
}
