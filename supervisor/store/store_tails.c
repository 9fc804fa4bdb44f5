/*
 * store_tails.c - where the journals of runs under way end.
 */
#include "supervisor/store/store_tails.h"

#include <stdlib.h>
#include <sys/queue.h>

enum { BUCKETS = 256 };

struct tail {
	LIST_ENTRY(tail) of_bucket;
	TAILQ_ENTRY(tail) by_use;
	int64_t row;
	struct journal_at at;
};

LIST_HEAD(tail_bucket, tail);
TAILQ_HEAD(tail_queue, tail);

struct tails {
	struct tail_bucket buckets[BUCKETS];
	struct tail_queue by_use; /* what was used last comes last */
	int n;
};

struct tails *
tails_new(void)
{
	struct tails *t = xcalloc(1, sizeof(*t));

	TAILQ_INIT(&t->by_use);
	return t;
}

static void
tail_free(struct tails *t, struct tail *one)
{
	LIST_REMOVE(one, of_bucket);
	TAILQ_REMOVE(&t->by_use, one, by_use);
	journal_at_done(&one->at);
	free(one);
	t->n--;
}

void
tails_free(struct tails *t)
{
	struct tail *one;

	while (t != NULL && (one = TAILQ_FIRST(&t->by_use)) != NULL)
		tail_free(t, one);
	free(t);
}

static struct tail_bucket *
bucket_of(struct tails *t, int64_t row)
{
	return &t->buckets[(uint64_t)row % BUCKETS];
}

static struct tail *
tail_find(struct tails *t, int64_t row)
{
	struct tail *one;

	LIST_FOREACH(one, bucket_of(t, row), of_bucket)
	if (one->row == row)
		return one;
	return NULL;
}

struct journal_at *
tails_find(struct tails *t, int64_t row)
{
	struct tail *one = tail_find(t, row);

	if (one != NULL) {
		TAILQ_REMOVE(&t->by_use, one, by_use);
	} else {
		if (t->n == TAILS_MAX)
			tail_free(t, TAILQ_FIRST(&t->by_use));
		one = xcalloc(1, sizeof(*one));
		one->row = row;
		LIST_INSERT_HEAD(bucket_of(t, row), one, of_bucket);
		t->n++;
	}
	TAILQ_INSERT_TAIL(&t->by_use, one, by_use);
	return &one->at;
}

void
tails_forget(struct tails *t, int64_t row)
{
	struct tail *one = tail_find(t, row);

	if (one != NULL)
		tail_free(t, one);
}
