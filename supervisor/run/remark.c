/* remark.c - what people say of a run. */
#include "supervisor/run/remark.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "supervisor/run/ledger.h"

static bool
is_verdict(struct span word)
{
	return span_is(word, "right") || span_is(word, "wrong") ||
	       span_is(word, "helpful");
}

static enum rc
check(const struct lookup_row *k, const struct proto_remark *m, struct err *err)
{
	if (m->verdict.n == 0 && (m->text.n == 0 || m->id.n == 0))
		return err_set(
		    err, RC_INVALID, "REMARK: a note has an id and a text");
	if (m->verdict.n != 0 && !is_verdict(m->verdict))
		return err_set(err, RC_INVALID,
		    "a verdict is right, wrong or helpful, not \"%.*s\"",
		    (int)MIN(m->verdict.n, 20), m->verdict.p);
	if (m->verdict.n != 0 && k->finished_ms == 0)
		return err_set(err, RC_CONFLICT,
		    "investigation %s is still under way: there is nothing to "
		    "judge yet; say it in a note",
		    k->id);
	return RC_OK;
}

enum rc
remark_take(struct supervisor *s, const struct lookup_row *k,
    const struct proto_remark *m, struct err *err)
{
	bool verdict = m->verdict.n != 0;
	struct span by = verdict ? m->by : m->id;
	auto_str key = xasprintf("%s/%s/%.*s", k->id,
	    verdict ? "verdict" : "note", SPAN_ARG(by));
	auto_buf b = {.max = 2 * (size_t)PROTO_MOST(remark, text)};
	struct store_slip slip = {.kind = STORE_SLIP_REMARK,
	    .key = span_of(key),
	    .row = k->row};
	struct err why;
	enum rc rc = check(k, m, err);

	if (rc != RC_OK)
		return rc;
	proto_put_remarked(&b,
	    &(struct proto_remarked){.verdict = m->verdict,
		.text = m->text,
		.by = m->by,
		.at_ms = (uint64_t)clk_wall_ms()});
	slip.data = buf_span(&b);
	ledger_good(s, s->ops->slip_put(s->store, &slip, &why), &why);
	return RC_OK;
}

/* ---- for readers ---- */

struct said {
	struct buf bytes; /* one behind the other */
	struct {
		int64_t at_ms;
		size_t at, n;
	} item[REMARKS_MAX];
	size_t n;
};

static void
take(void *said, const struct store_slip *slip)
{
	struct said *all = said;
	size_t i = all->n;

	if (all->n == REMARKS_MAX || slip->data.n == 0)
		return;
	all->item[i].at_ms = wire_find_int(slip->data, "at_ms", 0);
	all->item[i].at = all->bytes.len;
	all->item[i].n = slip->data.n;
	buf_add_span(&all->bytes, slip->data);
	all->n++;
}

static struct span
item_of(const struct said *all, size_t i)
{
	return span_make(all->bytes.data + all->item[i].at, all->item[i].n);
}

/* All of a run, in the order of time: few, so that it is sorted by hand. */
static enum rc
read_all(
    struct supervisor *s, struct span run, struct said *all, struct err *err)
{
	auto_str begin = xasprintf("%.*s/", SPAN_ARG(run));
	size_t i, k;
	enum rc rc;

	buf_init(&all->bytes, STORE_BYTES_MAX);
	rc = s->ops->slip_under(
	    s->store, STORE_SLIP_REMARK, span_of(begin), take, all, err);
	for (i = 1; i < all->n; i++)
		for (k = i; k > 0 &&
		     all->item[k - 1].at_ms > all->item[k].at_ms; k--) {
			typeof(all->item[0]) t = all->item[k];

			all->item[k] = all->item[k - 1];
			all->item[k - 1] = t;
		}
	return rc;
}

enum rc
remark_put_list(
    struct supervisor *s, struct buf *b, struct span run, struct err *err)
{
	struct said all = {.n = 0};
	enum rc rc = read_all(s, run, &all, err);
	size_t i;

	wire_put_array(b, (uint32_t)all.n);
	for (i = 0; i < all.n; i++)
		wire_put_raw(b, item_of(&all, i));
	buf_done(&all.bytes);
	return rc;
}

enum rc
remark_verdict(
    struct supervisor *s, struct span run, char ret[16], struct err *err)
{
	struct said all = {.n = 0};
	enum rc rc = read_all(s, run, &all, err);
	size_t i;

	ret[0] = '\0';
	for (i = 0; i < all.n; i++) {
		struct span v = wire_find_str(item_of(&all, i), "verdict");

		if (v.n != 0)
			snprintf(ret, 16, "%.*s", SPAN_ARG(v));
	}
	buf_done(&all.bytes);
	return rc;
}
