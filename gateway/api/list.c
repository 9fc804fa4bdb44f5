/*
 * list.c - GET /api/investigations: a page of those that fit.
 *
 * The supervisor looks for a moment at a time, so that however many it has to
 * go through others have their turns in between: it is asked again, from where
 * it was, until the page is full or has taken long enough.
 */
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/base/num.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/wire/wire.h"
#include "gateway/api/api_in.h"

enum { LIST_USUAL = 50, LIST_PATIENCE_MS = 3000 };

/* A page that is being filled. */
struct filling {
	struct proto_list ask; /* where to go on, and how many are missing */
	struct buf runs;       /* JSON, without the brackets */
	uint64_t back;         /* what leads to where it was come from */
	bool begun;
	int64_t until_ms;
};

static void
filling_free(void *filling)
{
	struct filling *f = filling;

	buf_done(&f->runs);
	free(f);
}

/* ---- what is asked for ---- */

/* A whole number from 1 to most, 0 where there is none; false: answered
 * 400. */
static bool
arg_number(struct exchange *x, const char *name, uint64_t most, uint64_t *ret)
{
	struct span v = web_arg(x->h, name);

	*ret = 0;
	if (v.p == NULL || (num_parse_whole(v, most, ret) && *ret > 0))
		return true;
	exchange_problem(x, 400,
	    "%s must be a whole number from 1 to %llu, not \"%.*s\"", name,
	    (unsigned long long)most, (int)MIN(v.n, 60), v.p);
	return false;
}

static bool
arg_status(struct exchange *x, struct span *ret)
{
	static const char *const known[] = {
	    "running", "completed", "incomplete", "failed", "cancelled"};
	size_t i;

	*ret = web_arg(x->h, "status");
	if (ret->p == NULL)
		return true;
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(*ret, known[i]))
			return true;
	exchange_problem(x, 400,
	    "status must be running, completed, "
	    "incomplete, failed or cancelled");
	return false;
}

/* 0 where there is none; so the very first moment is the one after it. */
static bool
arg_moment(struct exchange *x, const char *name, uint64_t *ret)
{
	struct span v = web_arg(x->h, name);
	int64_t ms = 0;
	struct err err;

	*ret = 0;
	if (v.p == NULL)
		return true;
	if (when_moment(v, clk_wall_ms(), &ms, &err) != RC_OK) {
		exchange_problem(x, 400, "%s: %s", name, err.text);
		return false;
	}
	*ret = (uint64_t)MAX(ms, 1);
	return true;
}

static bool
arg_text(struct exchange *x, const char *name, size_t most, struct span *ret)
{
	*ret = web_arg(x->h, name);
	if (ret->p == NULL ||
	    (span_trim(*ret).n > 0 && ret->n <= most && utf8_ok(*ret)))
		return true;
	exchange_problem(x, 400,
	    "%s must have 1 to %zu bytes, which are UTF-8 and not all blank",
	    name, most);
	return false;
}

static bool
args_read(struct exchange *x, struct proto_list *l)
{
	if (!arg_number(x, "limit", PROTO_MOST(list, limit), &l->limit) ||
	    !arg_number(x, "before", PROTO_MOST(list, before), &l->before) ||
	    !arg_number(x, "after", PROTO_MOST(list, after), &l->after) ||
	    !arg_status(x, &l->status) || !arg_moment(x, "since", &l->since) ||
	    !arg_moment(x, "until", &l->until) ||
	    !arg_text(x, "alert", PROTO_MOST(list, alert), &l->alert) ||
	    !arg_text(x, "q", PROTO_MOST(list, text), &l->text))
		return false;
	if (l->limit == 0)
		l->limit = LIST_USUAL;
	if (l->before == 0 || l->after == 0)
		return true;
	exchange_problem(x, 400,
	    "before leads to older ones and after to newer ones: give one of "
	    "them");
	return false;
}

/* ---- filling the page ---- */

static void look(struct exchange *x);

/* Behind those that are there, or, where it goes to newer ones, before. */
static void
runs_add(struct filling *f, struct span list)
{
	auto_buf json = {.max = API_JSON_MAX};
	struct span items;
	bool upwards = f->ask.after != 0;

	wire_to_json(&json, list);
	items = span_make(json.data + 1, json.len - 2); /* no brackets */
	if (upwards) {
		auto_buf all = {.max = API_JSON_MAX};

		buf_add_span(&all, items);
		if (f->runs.len > 0)
			buf_addc(&all, ',');
		buf_add_buf(&all, &f->runs);
		buf_done(&f->runs);
		f->runs = all;
		all = (struct buf){0};
	} else {
		if (f->runs.len > 0)
			buf_addc(&f->runs, ',');
		buf_add_span(&f->runs, items);
	}
}

static void
page_reply(struct exchange *x, const struct filling *f, uint64_t on)
{
	bool upwards = f->ask.after != 0;
	uint64_t next = upwards ? f->back : on;
	uint64_t previous = upwards ? on : f->back;
	auto_buf b = {.max = API_JSON_MAX};

	buf_adds(&b, "{\"investigations\":[");
	buf_add_buf(&b, &f->runs);
	buf_addc(&b, ']');
	if (next != 0)
		buf_addf(&b, ",\"next\":%llu", (unsigned long long)next);
	if (previous != 0)
		buf_addf(
		    &b, ",\"previous\":%llu", (unsigned long long)previous);
	buf_addc(&b, '}');
	api_reply_json(x, 200, &b);
}

static void
on_page(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct filling *f = x->more;
	bool upwards = f->ask.after != 0;
	struct proto_listing l;
	struct wire_r runs;
	struct err err;
	uint64_t on, n;

	if (exchange_refused(x, r))
		return;
	if (proto_get_listing(r->value, &l, &err) != RC_OK) {
		exchange_problem(
		    x, 502, "the supervisor's answer is none: %s", err.text);
		return;
	}
	runs = wire_reader(l.investigations);
	n = l.investigations.n > 0 ? wire_array(&runs) : 0;
	on = upwards ? l.previous : l.next;
	if (!f->begun)
		f->back = upwards ? l.next : l.previous;
	f->begun = true;
	if (n > 0)
		runs_add(f, l.investigations);
	f->ask.limit -= MIN(n, f->ask.limit);
	if (on == 0 || f->ask.limit == 0 || clk_mono_ms() >= f->until_ms) {
		page_reply(x, f, on);
		return;
	}
	*(upwards ? &f->ask.after : &f->ask.before) = on;
	exchange_call_end(x);
	look(x);
}

static const struct link_ops list_ops = {
    .on_reply = on_page, .on_fail = exchange_fail};

static void
look(struct exchange *x)
{
	const struct filling *f = x->more;
	const union proto_args args = {.list = f->ask};

	x->call =
	    link_query(x->api->link, PROTO_ASK_LIST, "", &args, &list_ops, x);
}

void
api_list(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);
	struct filling *f;

	if (!api_choose(x, offers))
		return;
	f = xcalloc(1, sizeof(*f));
	buf_init(&f->runs, API_JSON_MAX);
	f->until_ms = clk_mono_ms() + LIST_PATIENCE_MS;
	x->more = f;
	x->more_free = filling_free;
	if (args_read(x, &f->ask))
		look(x);
}
