/* purse.c - what is asked for and told, until it is answered. */
#include "planner/purse.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clk.h"

enum { AGAIN_MS = 1000, LOOK_MS = 250 };

/* RESERVE or SETTLE, its spans owned. */
struct word {
	LIST_ENTRY(word) list;
	struct worker_task *task;
	struct proto m;
	char *owned;
	int64_t said_ms;
};

struct purse {
	zloop_t *loop;
	struct worker *worker;
	int timer;
	LIST_HEAD(, word) words;
};

static void
word_drop(struct word *w)
{
	LIST_REMOVE(w, list);
	free(w->owned);
	free(w);
}

static int
on_look(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct purse *p = arg;
	int64_t now = clk_mono_ms();
	struct word *w;

	LIST_FOREACH(w, &p->words, list)
	if (now - w->said_ms >= AGAIN_MS) {
		w->said_ms = now;
		worker_account(p->worker, w->task, &w->m);
	}
	return 0;
}

struct purse *
purse_new(zloop_t *loop, struct worker *w)
{
	struct purse *p = xcalloc(1, sizeof(*p));

	p->loop = loop;
	p->worker = w;
	LIST_INIT(&p->words);
	p->timer = zloop_timer(loop, LOOK_MS, 0, on_look, p);
	return p;
}

void
purse_free(struct purse *p)
{
	if (p == NULL)
		return;
	zloop_timer_end(p->loop, p->timer);
	while (!LIST_EMPTY(&p->words))
		word_drop(LIST_FIRST(&p->words));
	free(p);
}

/* A word with a copy of those bytes. */
static struct word *
word_new(struct purse *p, struct worker_task *task, struct span bytes)
{
	struct word *w = xcalloc(1, sizeof(*w));

	w->task = task;
	w->owned = xcalloc(1, bytes.n + 1);
	if (bytes.n > 0)
		memcpy(w->owned, bytes.p, bytes.n);
	w->said_ms = clk_mono_ms();
	LIST_INSERT_HEAD(&p->words, w, list);
	return w;
}

void
purse_reserve(
    struct purse *p, struct worker_task *task, const struct turn_request *r)
{
	struct word *w = word_new(p, task, span_of(r->model));

	w->m.type = PROTO_RESERVE;
	w->m.reserve.request = r->request;
	w->m.reserve.model = span_of(w->owned);
	w->m.reserve.prompt_tokens = (uint64_t)r->prompt_tokens;
	w->m.reserve.answer_tokens = (uint64_t)r->answer_tokens;
	worker_account(p->worker, task, &w->m);
}

void
purse_settle(
    struct purse *p, struct worker_task *task, const struct turn_usage *u)
{
	struct word *w = word_new(p, task, u->answer);

	w->m.type = PROTO_SETTLE;
	w->m.settle.request = u->request;
	w->m.settle.known = u->prompt_tokens >= 0 && u->answer_tokens >= 0;
	w->m.settle.prompt_tokens = (uint64_t)MAX(u->prompt_tokens, 0);
	w->m.settle.cached_tokens = (uint64_t)MAX(u->cached_tokens, 0);
	w->m.settle.answer_tokens = (uint64_t)MAX(u->answer_tokens, 0);
	w->m.settle.answer = span_make(w->owned, u->answer.n);
	worker_account(p->worker, task, &w->m);
}

/* Which word that answers. */
static bool
answers(
    const struct word *w, const struct worker_task *task, const struct proto *m)
{
	if (w->task != task)
		return false;
	if (m->type == PROTO_RESERVED)
		return w->m.type == PROTO_RESERVE &&
		       w->m.reserve.request == m->reserved.request;
	return w->m.type == PROTO_SETTLE &&
	       w->m.settle.request == m->settled.request;
}

bool
purse_heard(
    struct purse *p, const struct worker_task *task, const struct proto *m)
{
	struct word *w;

	LIST_FOREACH(w, &p->words, list)
	if (answers(w, task, m)) {
		word_drop(w);
		return true;
	}
	return false;
}

void
purse_forget(struct purse *p, const struct worker_task *task)
{
	struct word *w, *next;

	for (w = LIST_FIRST(&p->words); w != NULL; w = next) {
		next = LIST_NEXT(w, list);
		if (w->task == task)
			word_drop(w);
	}
}
