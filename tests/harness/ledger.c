/*
 * ledger.c - a workload on a store, and a model of what it has committed.
 *
 * Turn n submits run n, leases run n-1's step, takes run n-2's result and ends
 * run n-3, in one batch; before that run n-9 expires.
 */
#include "tests/harness/ledger.h"

#include <sodium.h>
#include <stdlib.h>

enum { KEPT = 5, TEXT_MAX = 8 << 20, EVIDENCE_OF_RUN = 2,
	ENDED_MS = 5000 };

/* A run as the model has it: the lines of a dump. */
struct page {
	bool there;
	struct buf head, updates, events, tasks, evidence;
};

struct ledger {
	int turns;
	size_t bulk;
	char **texts, **before;	/* turns + 1: with what turn n lets go gone,
				 * and with it still there */
	struct page *pages;	/* the model; a run a turn */
};

/* Who writes: into the model where there is no store. */
struct hand {
	const struct ledger *l;
	const struct store_ops *ops;
	struct store *s;
	int64_t row;	/* of the run it writes about */
	struct err *err;
	enum rc rc;
};

/* ---- lines of a dump ---- */

static void
line_run(struct buf *b, const struct store_run *r)
{
	buf_addf(b,
	    "run %.*s %.*s %.*s %.*s %.*s %.*s %.*s %lld %lld %lld %lld %lld "
	    "%lld\n",
	    SPAN_ARG(r->id), SPAN_ARG(r->key), SPAN_ARG(r->digest),
	    SPAN_ARG(r->input), SPAN_ARG(r->status), SPAN_ARG(r->reason),
	    SPAN_ARG(r->node), (long long)r->created_ms,
	    (long long)r->finished_ms, (long long)r->iteration,
	    (long long)r->next_task, (long long)r->next_update,
	    (long long)r->last_seq);
}

static void
line_bytes(struct buf *b, const char *what, int64_t n, struct span label,
    struct span bytes)
{
	uint64_t hash = 14695981039346656037U;

	for (size_t i = 0; i < bytes.n; i++)
		hash = (hash ^ (unsigned char)bytes.p[i]) * 1099511628211U;
	buf_addf(b, " %s %lld %.*s %zu %016llx\n", what, (long long)n,
	    SPAN_ARG(label), bytes.n, (unsigned long long)hash);
}

static void
line_task(struct buf *b, const struct store_task *t)
{
	buf_addf(b, " task %llu %.*s %lld %llu %.*s %.*s %.*s\n",
	    (unsigned long long)t->task, SPAN_ARG(t->node),
	    (long long)t->index, (unsigned long long)t->attempt,
	    SPAN_ARG(t->state), SPAN_ARG(t->worker), SPAN_ARG(t->outcome));
}

/* ---- the hand ---- */

static struct page *
page_of(const struct hand *h, int run)
{
	return &h->l->pages[run];
}

static void
keep_row(void *row, const struct store_run *r)
{
	*(int64_t *)row = r->row;
}

/* Turns to a run that is there. */
static void
hand_turn_to(struct hand *h, int run)
{
	char id[16];

	snprintf(id, sizeof(id), "r%d", run);
	if (h->s != NULL && h->rc == RC_OK)
		h->rc = h->ops->run_find(
		    h->s, span_of(id), keep_row, &h->row, h->err);
}

/* Text that deflates a little, different for each item. */
static struct span
fill(struct buf *b, int run, int64_t n, size_t bytes)
{
	unsigned v = (unsigned)run * 2654435761U + (unsigned)n * 40503U + 1;

	buf_reset(b);
	while (b->len < bytes) {
		v = v * 1103515245U + 12345U;
		buf_addf(b, "%08x item %lld of r%d;", v, (long long)n, run);
	}
	return span_make(b->data, bytes);
}

static void
hand_update(struct hand *h, int run, int64_t n, size_t bytes)
{
	auto_buf b = {.max = TEXT_MAX};
	struct span data = fill(&b, run, n, bytes);

	if (h->s == NULL)
		line_bytes(&page_of(h, run)->updates, "update", n,
		    span_of("planner"), data);
	else if (h->rc == RC_OK)
		h->rc = h->ops->update_insert(
		    h->s, h->row, n, span_of("planner"), data, h->err);
}

static void
hand_event(struct hand *h, int run, int64_t seq, const char *type)
{
	auto_buf b = {.max = TEXT_MAX};
	struct span data = fill(&b, run, -seq, (size_t)(40 + seq * 60));

	if (h->s == NULL)
		line_bytes(&page_of(h, run)->events, "event", seq,
		    span_of(type), data);
	else if (h->rc == RC_OK)
		h->rc = h->ops->event_insert(
		    h->s, h->row, seq, span_of(type), data, h->err);
}

static void
hand_task(struct hand *h, int run, uint64_t number, const char *state)
{
	struct store_task t = {.task = number,
	    .node = span_of("executor"),
	    .index = (int64_t)number,
	    .attempt = state[0] == 'Q' ? 0 : 1,
	    .state = span_of(state),
	    .worker = span_of("w1"),
	    .outcome = span_of("out")};

	if (h->s == NULL)
		line_task(&page_of(h, run)->tasks, &t);
	else if (h->rc == RC_OK)
		h->rc = h->ops->task_put(h->s, h->row, &t, h->err);
}

static void
hand_clear(struct hand *h, int run)
{
	if (h->s == NULL)
		buf_reset(&page_of(h, run)->tasks);
	else if (h->rc == RC_OK)
		h->rc = h->ops->task_clear(h->s, h->row, h->err);
}

/* Two runs after each other have the same bytes. */
static void
hand_evidence(struct hand *h, int run, int64_t number)
{
	auto_buf b = {.max = TEXT_MAX};
	struct span data = fill(&b, run / 2, 100 + number, h->l->bulk);
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * crypto_hash_sha256_BYTES + 1];
	struct store_evidence e = {
	    number, span_of("text/plain"), {hex, sizeof(hex) - 1}, data};

	crypto_hash_sha256(hash, (const unsigned char *)data.p, data.n);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	if (h->s == NULL)
		line_bytes(&page_of(h, run)->evidence, "evidence", number,
		    e.sha256, data);
	else if (h->rc == RC_OK)
		h->rc = h->ops->evidence_put(h->s, h->row, &e, h->err);
}

/* Inserts run's row in phase 0, writes it in the others. */
static void
hand_run(struct hand *h, int run, int phase)
{
	char id[16], key[16];
	struct store_run r = {.row = h->row,
	    .id = {id, (size_t)snprintf(id, sizeof(id), "r%d", run)},
	    .key = {key, (size_t)snprintf(key, sizeof(key), "k%d", run)},
	    .digest = span_of("digest"),
	    .input = span_of("why?"),
	    .status = span_of(phase == 3 ? "completed" : "running"),
	    .reason = span_of(phase == 3 ? "finish" : ""),
	    .node = span_of(phase == 3 ? "END" : "executor"),
	    .created_ms = 1000 + run,
	    .finished_ms = phase == 3 ? ENDED_MS + run : 0,
	    .iteration = phase,
	    .next_task = phase + 1,
	    .next_update = phase + 1,
	    .last_seq = phase * 2 + 2};

	if (run % 3 == 0)
		r.key.n = 0;
	if (h->s == NULL) {
		page_of(h, run)->there = true;
		buf_reset(&page_of(h, run)->head);
		line_run(&page_of(h, run)->head, &r);
	} else if (h->rc == RC_OK && phase == 0) {
		h->rc = h->ops->run_insert(h->s, &r, &h->row, h->err);
	} else if (h->rc == RC_OK) {
		h->rc = h->ops->run_update(h->s, &r, h->err);
	}
}

/* ---- what a turn does ---- */

static void
submit(struct hand *h, int run)
{
	hand_run(h, run, 0);
	hand_update(h, run, 0, 300);
	hand_event(h, run, 1, "started");
	hand_event(h, run, 2, "supervisor");
	hand_task(h, run, 0, "QUEUED");
}

static void
lease(struct hand *h, int run)
{
	hand_clear(h, run);
	hand_update(h, run, 1, 40);
	hand_event(h, run, 3, "plan");
	hand_event(h, run, 4, "task");
	hand_task(h, run, 1, "LEASED");
	hand_task(h, run, 2, "QUEUED");
	hand_run(h, run, 1);
}

static void
result(struct hand *h, int run)
{
	for (int i = 1; i <= EVIDENCE_OF_RUN; i++)
		hand_evidence(h, run, i);
	hand_update(h, run, 2, h->l->bulk);
	hand_event(h, run, 5, "feedback");
	hand_event(h, run, 6, "supervisor");
	hand_clear(h, run);
	hand_task(h, run, 3, "DONE");
	hand_run(h, run, 2);
}

static void
end(struct hand *h, int run)
{
	hand_update(h, run, 3, h->l->bulk / 2);
	hand_event(h, run, 7, "report");
	hand_event(h, run, 8, "finished");
	hand_clear(h, run);
	hand_run(h, run, 3);
}

/* What turn n lets go, before it does anything else. */
static void
expire(struct hand *h, int n)
{
	int until = n - 3 - KEPT;

	for (int i = 0; h->s == NULL && i < until; i++)
		page_of(h, i)->there = false;
	if (h->s == NULL || h->rc != RC_OK)
		return;
	h->ops->keep(h->s, ENDED_MS + until, INT64_MAX);
	h->rc = h->ops->wait(h->s, h->err);
}

static void
turn(struct hand *h, int n)
{
	static void (*const phases[])(struct hand *, int) = {
	    submit, lease, result, end};

	for (int p = 0; p < (int)ARRAY_LEN(phases) && p <= n; p++) {
		if (p > 0)
			hand_turn_to(h, n - p);
		phases[p](h, n - p);
	}
}

/* ---- the whole ---- */

static char *
model_text(const struct ledger *l)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (int i = 0; i < l->turns; i++) {
		const struct page *p = &l->pages[i];

		if (!p->there)
			continue;
		buf_add_span(&b, buf_span(&p->head));
		buf_add_span(&b, buf_span(&p->updates));
		buf_add_span(&b, buf_span(&p->events));
		buf_add_span(&b, buf_span(&p->tasks));
		buf_add_span(&b, buf_span(&p->evidence));
	}
	return b.len > 0 ? buf_take(&b) : xstrdup("");
}

struct ledger *
ledger_new(int turns, size_t bulk)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	struct hand h = {.l = l};

	*l = (struct ledger){.turns = turns, .bulk = bulk};
	l->texts = xcalloc((size_t)turns + 1, sizeof(*l->texts));
	l->before = xcalloc((size_t)turns + 1, sizeof(*l->before));
	l->pages = xcalloc((size_t)turns, sizeof(*l->pages));
	for (int i = 0; i < turns; i++) {
		struct page *p = &l->pages[i];

		buf_init(&p->head, TEXT_MAX);
		buf_init(&p->updates, TEXT_MAX);
		buf_init(&p->events, TEXT_MAX);
		buf_init(&p->tasks, TEXT_MAX);
		buf_init(&p->evidence, TEXT_MAX);
	}
	for (int i = 0; i < turns; i++) {
		l->before[i] = model_text(l);
		expire(&h, i);
		l->texts[i] = model_text(l);
		turn(&h, i);
	}
	l->before[turns] = model_text(l);
	l->texts[turns] = model_text(l);
	return l;
}

void
ledger_free(struct ledger *l)
{
	for (int i = 0; i < l->turns; i++) {
		struct page *p = &l->pages[i];

		buf_done(&p->head);
		buf_done(&p->updates);
		buf_done(&p->events);
		buf_done(&p->tasks);
		buf_done(&p->evidence);
	}
	for (int i = 0; i <= l->turns; i++) {
		free(l->texts[i]);
		free(l->before[i]);
	}
	free(l->texts);
	free(l->before);
	free(l->pages);
	free(l);
}

int
ledger_turns(const struct ledger *l)
{
	return l->turns;
}

const char *
ledger_text(const struct ledger *l, int n)
{
	return l->texts[n];
}

int
ledger_find(const struct ledger *l, const char *text, int from)
{
	for (int i = from; i <= l->turns; i++)
		if (strcmp(l->texts[i], text) == 0 ||
		    strcmp(l->before[i], text) == 0)
			return i;
	return -1;
}

enum rc
ledger_turn(const struct ledger *l, const struct store_ops *ops,
    struct store *s, int n, struct err *err)
{
	struct hand h = {.l = l, .ops = ops, .s = s, .err = err};

	h.rc = RC_OK;
	expire(&h, n);
	if (h.rc == RC_OK)
		turn(&h, n);
	if (h.rc != RC_OK) {
		ops->rollback(s);
		return h.rc;
	}
	ops->commit(s);
	h.rc = ops->wait(s, err);
	return h.rc;
}

/* ---- the store's text ---- */

struct dump {
	const struct store_ops *ops;
	struct store *s;
	struct buf runs[64];	/* newest first */
	size_t n;
	struct err *err;
	enum rc rc;
};

static void
dump_update(void *ctx, int64_t n, struct span node, struct span update)
{
	line_bytes(ctx, "update", n, node, update);
}

static void
dump_event(void *ctx, int64_t seq, struct span type, struct span data)
{
	line_bytes(ctx, "event", seq, type, data);
}

static void
dump_task(void *ctx, const struct store_task *t)
{
	line_task(ctx, t);
}

static void
dump_evidence(void *ctx, const struct store_evidence *e)
{
	line_bytes(ctx, "evidence", e->number, e->sha256, e->bytes);
}

static void
dump_run(void *ctx, const struct store_run *r)
{
	struct dump *d = ctx;
	struct buf *b = &d->runs[d->n];

	if (d->rc != RC_OK || d->n + 1 == ARRAY_LEN(d->runs))
		return;
	d->n++;
	buf_init(b, TEXT_MAX);
	line_run(b, r);
	d->rc = d->ops->update_each(d->s, r->row, dump_update, b, d->err);
	if (d->rc == RC_OK)
		d->rc = d->ops->event_each(
		    d->s, r->row, 0, 1000, dump_event, b, d->err);
	if (d->rc == RC_OK)
		d->rc = d->ops->task_each(d->s, r->row, dump_task, b, d->err);
	for (int64_t n = 1; d->rc == RC_OK && n <= EVIDENCE_OF_RUN; n++) {
		d->rc = d->ops->evidence_get(
		    d->s, r->row, n, dump_evidence, b, d->err);
		if (d->rc == RC_NOTFOUND)
			d->rc = RC_OK;
	}
}

enum rc
ledger_dump(const struct store_ops *ops, struct store *s, struct buf *ret,
    struct err *err)
{
	struct dump *d = xcalloc(1, sizeof(*d));
	struct store_list l = {.limit = ARRAY_LEN(d->runs) - 1};
	enum rc rc;

	*d = (struct dump){.ops = ops, .s = s, .err = err};
	rc = ops->run_list(s, &l, dump_run, d, err);
	rc = rc == RC_OK ? d->rc : rc;
	while (d->n > 0) {
		buf_add_span(ret, buf_span(&d->runs[--d->n]));
		buf_done(&d->runs[d->n]);
	}
	free(d);
	return rc;
}
