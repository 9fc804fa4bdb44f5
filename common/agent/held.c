#include "common/agent/held.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"

enum { DEADLINE_MOST_MS = 86400000 };

char *
held_copy(struct span s)
{
	char *p = xcalloc(1, s.n + 1);

	if (s.n != 0)
		memcpy(p, s.p, s.n);
	return p;
}

/* FNV-1a. Two leases of one hash cost a lease's time, no more. */
static uint64_t
lease_hash(
    const struct held_list *l, struct span run, uint64_t task, uint64_t attempt)
{
	uint64_t h = 0xcbf29ce484222325U ^ l->epoch;
	size_t i;

	for (i = 0; i < run.n; i++)
		h = (h ^ (unsigned char)run.p[i]) * 0x100000001b3U;
	h = (h ^ task) * 0x100000001b3U;
	return (h ^ attempt) * 0x100000001b3U;
}

bool
held_is_gone(
    const struct held_list *l, struct span run, uint64_t task, uint64_t attempt)
{
	uint64_t hash = lease_hash(l, run, task, attempt);
	unsigned i;

	for (i = 0; i < MIN(l->n_gone, HELD_GONE_MAX); i++)
		if (l->gone[i] == hash)
			return true;
	return false;
}

void
held_go(struct held_list *l, struct span run, uint64_t task, uint64_t attempt)
{
	if (!held_is_gone(l, run, task, attempt))
		l->gone[l->n_gone++ % HELD_GONE_MAX] =
		    lease_hash(l, run, task, attempt);
}

struct held *
held_add(struct held_list *l, const struct proto_task *task)
{
	struct held *h = xcalloc(1, sizeof(*h));

	h->run = xstrndup(task->run.p, task->run.n);
	h->input = held_copy(task->input);
	h->task.run = h->run;
	h->task.task = task->task;
	h->task.attempt = task->attempt;
	h->task.input = span_make(h->input, task->input.n);
	h->task.deadline_ms =
	    clk_mono_ms() + (int64_t)MIN(task->deadline_ms, DEADLINE_MOST_MS);
	h->next = l->first;
	l->first = h;
	l->n++;
	return h;
}

static void
held_free(struct held *h)
{
	free(h->run);
	free(h->input);
	free(h->update);
	free(h->evidence);
	free(h->media);
	free(h);
}

void
held_remove(struct held_list *l, struct held *h)
{
	struct held **p = &l->first;

	held_go(l, span_of(h->run), h->task.task, h->task.attempt);
	while (*p != h)
		p = &(*p)->next;
	*p = h->next;
	l->n--;
	held_free(h);
}

struct held *
held_find(struct held_list *l, struct span run, uint64_t task, uint64_t attempt)
{
	struct held *h;

	for (h = l->first; h != NULL; h = h->next)
		if (h->task.task == task && h->task.attempt == attempt &&
		    span_is(run, h->run))
			return h;
	return NULL;
}
