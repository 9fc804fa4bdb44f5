/* list.c - a page of the list of runs. */
#include "supervisor/doors/list.h"

#include "common/base/clk.h"
#include "common/wire/wire.h"
#include "supervisor/run/approve.h"
#include "supervisor/run/find.h"
#include "supervisor/run/incident.h"
#include "supervisor/run/lookup.h"
#include "supervisor/run/remark.h"

enum { LIST_USUAL = 50, LIST_MOST = PROTO_MOST(list, limit), LIST_CHUNK = 32 };

/*
 * Rows are gone through from the page's one end, a chunk at a time, until the
 * page is full and a further one fits, there are no more, or the look has
 * taken long enough.
 */
struct list_page {
	struct supervisor *s;
	struct find find;
	struct buf runs;        /* one behind the other, as they were found */
	size_t ends[LIST_MOST]; /* of each, in there */
	uint64_t n, limit;
	int64_t last; /* the row that was gone through last */
	bool more;    /* there is, or may be, one behind that */
	int64_t rows, in_chunk;
	enum rc rc;
	struct err *err;
};

static void
page_put(struct list_page *p, const struct store_run *r)
{
	const struct run *live = lookup_run(p->s, r->id);
	auto_str id = xstrndup(r->id.p, r->id.n);
	const struct incident *i = incident_of_run(p->s->incidents, id);
	auto_buf alerts = {.max = 4096};
	char verdict[16] = "";
	struct err err;
	/* One whose remarks cannot be read is listed all the same. */
	bool said = remark_verdict(p->s, r->id, verdict, &err) == RC_OK;

	if (i != NULL)
		incident_put(&alerts, i, (struct span){NULL, 0});
	proto_put_listed(&p->runs,
	    &(struct proto_listed){.id = r->id,
		.input = r->input,
		.status = r->status,
		.reason = r->reason,
		.confidence = r->confidence,
		.created_ms = (uint64_t)r->created_ms,
		.finished_ms = (uint64_t)r->finished_ms,
		.iteration = (uint64_t)r->iteration,
		.waits = live != NULL ? (uint64_t)approve_waits(live) : 0,
		.alerts = buf_span(&alerts),
		.verdict = span_of(said ? verdict : "")});
	p->ends[p->n++] = p->runs.len;
}

static void
page_take(void *page, const struct store_run *r)
{
	struct list_page *p = page;
	bool fits = false;

	p->in_chunk++;
	if (p->more || p->rc != RC_OK)
		return;
	p->rc = find_fits(p->s, r, &p->find, &fits, p->err);
	p->more = fits && p->n == p->limit;
	if (p->more || p->rc != RC_OK)
		return;
	if (fits)
		page_put(p, r);
	p->last = r->row;
}

/* Without anything that is looked for each row fits, and few are read. */
static bool
page_goes_on(const struct list_page *p, int64_t until_ms)
{
	if (p->rc != RC_OK || p->more || p->in_chunk < LIST_CHUNK)
		return false;
	return find_is_all(&p->find) ||
	       (p->rows < LIST_ROWS_MAX && clk_mono_ms() < until_ms);
}

static enum rc
page_read(struct list_page *p, const struct proto_list *a)
{
	int64_t until_ms = clk_mono_ms() + LIST_LOOK_MS;

	p->last = (int64_t)(a->after != 0 ? a->after : a->before);
	do {
		const struct store_list l = {
		    .before_row = a->after != 0 ? 0 : p->last,
		    .after_row = a->after != 0 ? p->last : 0,
		    .limit = LIST_CHUNK,
		    .status = a->status};
		enum rc rc;

		p->in_chunk = 0;
		rc = p->s->ops->run_list(p->s->store, &l, page_take, p, p->err);
		if (rc != RC_OK)
			return rc;
		p->rows += p->in_chunk;
	} while (page_goes_on(p, until_ms));
	p->more = p->more || p->in_chunk == LIST_CHUNK;
	return p->rc;
}

/* Newest first, whichever way they were found. */
static void
runs_put(struct buf *b, const struct list_page *p, bool upwards)
{
	uint64_t i, k;

	wire_put_array(b, (uint32_t)p->n);
	for (i = 0; i < p->n; i++) {
		size_t from;

		k = upwards ? p->n - 1 - i : i;
		from = k > 0 ? p->ends[k - 1] : 0;
		buf_add(b, p->runs.data + from, p->ends[k] - from);
	}
	buf_mark(b, &p->runs);
}

/* Rows that a page leaves out on the side it came from: those that the page
 * before it has. */
static void
page_end(struct buf *b, const struct list_page *p, const struct proto_list *a)
{
	auto_buf runs = {.max = p->runs.max};
	struct proto_listing l = {.next = 0};

	runs_put(&runs, p, a->after != 0);
	l.investigations = buf_span(&runs);
	if (a->after != 0) {
		l.next = MIN(a->after, (uint64_t)INT64_MAX - 1) + 1;
		l.previous = p->more ? (uint64_t)p->last : 0;
	} else {
		l.next = p->more ? (uint64_t)p->last : 0;
		l.previous = a->before > 1 ? a->before - 1 : 0;
	}
	proto_put_listing(b, &l);
	buf_mark(b, &runs);
}

enum rc
list_look(struct supervisor *s, const struct proto_list *a, size_t max,
    struct buf *b, struct err *err)
{
	struct list_page p = {.s = s,
	    .find = {.since_ms = (int64_t)a->since,
		.until_ms = (int64_t)a->until,
		.alert = a->alert,
		.text = span_trim(a->text)},
	    .runs = {.max = max},
	    .limit = a->limit != 0 ? a->limit : LIST_USUAL,
	    .err = err};
	enum rc rc = page_read(&p, a);

	if (rc == RC_OK)
		page_end(b, &p, a);
	buf_done(&p.runs);
	return rc;
}
