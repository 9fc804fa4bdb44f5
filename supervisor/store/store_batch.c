/*
 * store_batch.c - what one transaction will write.
 */
#include "supervisor/store/store_call.h"

#include <stdlib.h>

struct batch *
batch_new(void)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	TAILQ_INIT(&b->changes);
	buf_init(&b->slips, BATCH_BYTES_MAX);
	STAILQ_INIT(&b->calls);
	return b;
}

static void
change_free(struct change *c)
{
	free(c->insert);
	free(c->update);
	buf_done(&c->blobs);
	buf_done(&c->records);
	free(c);
}

void
batch_free(struct batch *b)
{
	struct change *c;

	if (b == NULL)
		return;
	store_calls_free(b);
	while ((c = TAILQ_FIRST(&b->changes)) != NULL) {
		TAILQ_REMOVE(&b->changes, c, list);
		change_free(c);
	}
	buf_done(&b->slips);
	free(b);
}

bool
batch_is_empty(const struct batch *b)
{
	return TAILQ_EMPTY(&b->changes) && b->slips.len == 0 &&
	       STAILQ_EMPTY(&b->calls);
}

struct change *
batch_find(const struct batch *b, int64_t row)
{
	struct change *c = b->buckets[(uint64_t)row % BATCH_BUCKETS];

	while (c != NULL && c->row != row)
		c = c->next;
	return c;
}

struct change *
batch_change(struct batch *b, int64_t row)
{
	struct change *c = batch_find(b, row);
	struct change **at = &b->buckets[(uint64_t)row % BATCH_BUCKETS];

	if (c != NULL)
		return c;
	c = xcalloc(1, sizeof(*c));
	c->row = row;
	buf_init(&c->blobs, BATCH_BYTES_MAX);
	buf_init(&c->records, BATCH_BYTES_MAX);
	c->next = *at;
	*at = c;
	TAILQ_INSERT_TAIL(&b->changes, c, list);
	return c;
}
