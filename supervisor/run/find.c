/* find.c - what investigations are found by in their list. */
#include "supervisor/run/find.h"

#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/lookup.h"

enum { BYTES_MAX = FIND_TEXT_MAX + (64 << 10) };

/* ---- what is kept: {alerts: [name], text}, the text in small letters ---- */

struct names {
	struct span name[FIND_ALERTS_MAX];
	uint32_t n;
	size_t bytes;
};

static void
name_add(struct names *all, struct span name)
{
	uint32_t i;

	for (i = 0; i < all->n; i++)
		if (span_equal(all->name[i], name))
			return;
	if (name.n == 0 || all->n == FIND_ALERTS_MAX ||
	    all->bytes + name.n > FIND_TEXT_MAX)
		return;
	all->bytes += name.n;
	all->name[all->n++] = name;
}

/* How many are in a list, which r reads then; of what is none, 0. */
static uint32_t
items_of(struct span list, struct wire_r *r)
{
	*r = wire_reader(list);
	return list.n > 0 && wire_peek(r) == WIRE_ARRAY ? wire_array(r) : 0;
}

static void
names_came(struct names *all, const struct state *st)
{
	struct wire_r r;
	uint32_t n;

	for (n = items_of(state_get(st, "alerts"), &r); n > 0; n--)
		name_add(all, wire_find_str(wire_find(wire_raw(&r), "labels"),
				  "alertname"));
}

/* The rules of its incidents, and those that nobody studied. */
static void
names_concluded(struct names *all, struct span conclusion)
{
	struct wire_r r, rules;
	uint32_t n, k;

	for (n = items_of(wire_find(conclusion, "incidents"), &r); n > 0; n--)
		for (k = items_of(wire_find(wire_raw(&r), "rules"), &rules);
		     k > 0; k--)
			name_add(all, wire_find_str(wire_raw(&rules), "name"));
	for (n = items_of(wire_find(conclusion, "others"), &r); n > 0; n--)
		name_add(all, wire_find_str(wire_raw(&r), "title"));
}

static void
text_add(struct buf *b, struct span text)
{
	size_t i;

	text = utf8_cut(text, FIND_TEXT_MAX - MIN(b->len + 1, FIND_TEXT_MAX));
	if (text.n == 0)
		return;
	buf_addc(b, '\n');
	for (i = 0; i < text.n; i++)
		buf_addc(b, text.p[i] >= 'A' && text.p[i] <= 'Z'
				? (char)(text.p[i] + ('a' - 'A'))
				: text.p[i]);
}

static bool
is_cause(struct span role)
{
	return span_is(role, "cause") || span_is(role, "contributing") ||
	       span_is(role, "trigger");
}

static void
text_concluded(struct buf *b, struct span conclusion)
{
	struct wire_r r;
	uint32_t n;

	text_add(b, wire_find_str(conclusion, "summary"));
	for (n = items_of(wire_find(conclusion, "findings"), &r); n > 0; n--) {
		struct span finding = wire_raw(&r);

		if (is_cause(wire_find_str(finding, "role")))
			text_add(b, wire_find_str(finding, "text"));
	}
	for (n = items_of(wire_find(conclusion, "incidents"), &r); n > 0; n--) {
		struct span incident = wire_raw(&r);

		text_add(b, wire_find_str(incident, "title"));
		text_add(
		    b, wire_find_str(wire_find(incident, "answer"), "text"));
	}
}

static void
put(struct buf *b, const struct names *names, struct span text)
{
	uint32_t i;

	wire_put_map(b, 2);
	wire_put_str(b, "alerts");
	wire_put_array(b, names->n);
	for (i = 0; i < names->n; i++)
		wire_put_span(b, names->name[i]);
	wire_put_str(b, "text");
	wire_put_span(b, text);
}

static void
put_state(struct buf *b, const struct state *st)
{
	struct span conclusion = state_get(st, "conclusion");
	auto_buf text = {.max = FIND_TEXT_MAX + 1};
	struct names names = {.n = 0};
	uint32_t i;

	names_came(&names, st);
	text_add(&text, state_str(st, "input"));
	if (conclusion.n > 0) {
		names_concluded(&names, conclusion);
		text_concluded(&text, conclusion);
	}
	for (i = 0; i < names.n; i++)
		text_add(&text, names.name[i]);
	put(b, &names, buf_span(&text));
}

/* Under the run's id and what is no part of one, so that nothing begins like
 * another's. */
static char *
key_of(struct span id)
{
	return xasprintf("%.*s/", SPAN_ARG(id));
}

void
find_keep(struct supervisor *s, const struct run *r)
{
	auto_str key = key_of(span_of(r->id));
	auto_buf b = {.max = BYTES_MAX};
	struct err err;

	put_state(&b, r->state);
	ledger_good(s,
	    s->ops->slip_put(s->store,
		&(struct store_slip){
		    STORE_SLIP_FIND, span_of(key), r->row, buf_span(&b)},
		&err),
	    &err);
}

/* ---- looking ---- */

static void
take(void *buf, const struct store_slip *slip)
{
	buf_reset(buf);
	buf_add_span(buf, slip->data);
}

static enum rc
read_kept(struct supervisor *s, const struct store_run *run, struct buf *b,
    struct err *err)
{
	const struct run *live = lookup_run(s, run->id);
	auto_str key = key_of(run->id);
	enum rc rc = RC_OK;

	if (live != NULL) {
		put_state(b, live->state);
		return RC_OK;
	}
	rc = s->ops->slip_under(
	    s->store, STORE_SLIP_FIND, span_of(key), take, b, err);
	if (rc == RC_OK && b->len == 0) {
		auto_buf text = {.max = FIND_TEXT_MAX + 1};

		text_add(&text, run->input);
		put(b, &(struct names){.n = 0}, buf_span(&text));
	}
	return rc;
}

static bool
has_alert(struct span kept, struct span name)
{
	struct wire_r r;
	uint32_t n;

	for (n = items_of(wire_find(kept, "alerts"), &r); n > 0; n--)
		if (span_equal(wire_str(&r), name))
			return true;
	return false;
}

static bool
has(struct span in, struct span what)
{
	return in.n >= what.n && memmem(in.p, in.n, what.p, what.n) != NULL;
}

/* Each word somewhere in those that are kept, or in the run's id. */
static bool
has_words(struct span kept, struct span id, struct span words)
{
	auto_buf small = {.max = FIND_TEXT_MAX + 1};
	struct span in = wire_find_str(kept, "text"), rest, word;

	text_add(&small, words);
	rest = buf_span(&small);
	while ((word = span_word(&rest)).n > 0)
		if (!has(in, word) && !has(id, word))
			return false;
	return true;
}

bool
find_is_all(const struct find *f)
{
	return f->since_ms == 0 && f->until_ms == 0 && f->alert.n == 0 &&
	       f->text.n == 0;
}

enum rc
find_fits(struct supervisor *s, const struct store_run *run,
    const struct find *f, bool *ret, struct err *err)
{
	auto_buf kept = {.max = BYTES_MAX};
	enum rc rc;

	*ret = !span_is(run->status, STORE_DAMAGED) || find_is_all(f);
	if (!*ret || find_is_all(f))
		return RC_OK;
	*ret = run->created_ms >= f->since_ms &&
	       (f->until_ms == 0 || run->created_ms < f->until_ms);
	if (!*ret || (f->alert.n == 0 && f->text.n == 0))
		return RC_OK;
	rc = read_kept(s, run, &kept, err);
	if (rc != RC_OK)
		return rc;
	*ret = (f->alert.n == 0 || has_alert(buf_span(&kept), f->alert)) &&
	       has_words(buf_span(&kept), run->id, f->text);
	return RC_OK;
}
