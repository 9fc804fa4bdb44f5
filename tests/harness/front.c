/* front.c - the real culprit-gateway before a supervisor of the test's own. */
#include "tests/harness/front.h"
#include "tests/harness/listener.h"

#include "common/wire/wire.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_BYTES_MAX = 64 << 20, ARGS_MAX = 24 };

/* ---- the supervisor ---- */

void
front_send(struct front *f, const struct bus_peer *peer, const struct proto *m)
{
	ck_assert_int_eq(bus_send(f->bus, peer, m), RC_OK);
}

static void
on_msg(void *ctx, const struct bus_peer *peer, const struct proto *m)
{
	struct front *f = ctx;
	struct front_heard *h = &f->heard[f->n_heard];
	struct err err;
	struct proto status = {.type = PROTO_STATUS,
	    .status = {.epoch = f->epoch,
		.ready = f->ready,
		.reason = span_of(f->ready ? "" : "no planner has joined")}};

	if (m->type == PROTO_ATTACH) {
		front_send(f, peer, &status);
		return;
	}
	ck_assert_uint_lt(f->n_heard, FRONT_HEARD_MAX);
	f->n_heard++;
	h->peer = *peer;
	buf_init(&h->bytes, PROTO_BYTES_MAX);
	proto_encode(&h->bytes, m);
	ck_assert_int_eq(proto_decode(buf_span(&h->bytes), &h->m, &err), RC_OK);
}

static void
on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	ck_abort_msg("%s", err->text);
}

void
front_sup_start(struct front *f, uint64_t epoch)
{
	const struct bus_handler h = {
	    .on_msg = on_msg, .on_bad = on_bad, .ctx = f};
	struct err err = {0};

	f->epoch = epoch;
	ck_assert_msg(
	    listener_open(f->loop, f->endpoint, &h, &f->bus, &err) == RC_OK, "%s",
	    err.text);
}

void
front_sup_stop(struct front *f)
{
	bus_free(f->bus);
	f->bus = NULL;
}

struct wish {
	struct front *f;
	enum proto_type type;
	struct front_heard *found;
};

static bool
look(void *ctx)
{
	struct wish *w = ctx;
	size_t i;

	for (i = 0; i < w->f->n_heard && w->found == NULL; i++)
		if (!w->f->heard[i].taken && w->f->heard[i].m.type == w->type)
			w->found = &w->f->heard[i];
	return w->found != NULL;
}

struct front_heard *
front_await(struct front *f, enum proto_type type, int limit_ms)
{
	struct wish w = {f, type, NULL};

	if (!loop_until_cond(f->loop, look, &w, limit_ms))
		return NULL;
	w.found->taken = true;
	return w.found;
}

struct front_heard *
front_expect(struct front *f, enum proto_type type)
{
	struct front_heard *h = front_await(f, type, FRONT_MS);

	ck_assert_msg(h != NULL, "no %s came", proto_name(type));
	return h;
}

bool
front_has(struct front *f, enum proto_type type)
{
	struct wish w = {f, type, NULL};

	return look(&w);
}

void
front_reply(struct front *f, const struct front_heard *to, uint64_t req,
    const char *rc, const char *text, const char *run)
{
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {.req = req,
		.rc = span_of(rc),
		.text = span_of(text),
		.run = span_of(run)}};

	front_send(f, &to->peer, &m);
}

void
front_value(struct front *f, const struct front_heard *to, struct span value)
{
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {
		.req = to->m.query.req, .rc = span_of("ok"), .value = value}};

	front_send(f, &to->peer, &m);
}

void
front_events(struct front *f, const struct front_heard *to, uint64_t req,
    uint64_t from, uint64_t upto, bool last, size_t bytes)
{
	char *pad = xcalloc(1, bytes + 1);
	struct proto m = {.type = PROTO_EVENTS,
	    .events = {.req = req, .run = span_of("r1"), .last = last}};
	uint64_t seq;
	auto_buf b = {.max = EVENTS_BYTES_MAX};

	memset(pad, 'x', bytes);
	wire_put_array(&b, from > upto ? 0 : (uint32_t)(upto - from + 1));
	for (seq = from; seq <= upto; seq++) {
		wire_put_array(&b, 3);
		wire_put_u64(&b, seq);
		wire_put_str(&b, last && seq == upto ? "finished" : "plan");
		wire_put_map(&b, 1);
		wire_put_str(&b, "pad");
		wire_put_str(&b, pad);
	}
	m.events.list = buf_span(&b);
	front_send(f, &to->peer, &m);
	free(pad);
}

/* ---- the gateway ---- */

static void
gateway_start(struct front *f, const char *const *more)
{
	auto_str path = program("culprit-gateway");
	const char *argv[ARGS_MAX] = {
	    path, "--data-dir", f->dir, "--listen", "127.0.0.1:0"};
	const struct proc_spec spec = {
	    .argv = argv, .dir = f->dir, .name = "gateway"};
	auto_str file = xasprintf("%s/gateway.addr", f->dir);
	auto_str address = NULL;
	size_t n = 5;

	while (more != NULL && *more != NULL && n < ARGS_MAX - 1)
		argv[n++] = *more++;
	f->proc = proc_start(&spec);
	ck_assert(proc_await_err(f->proc, "msg=listening", FRONT_MS));
	address = file_read(file);
	ck_assert_int_eq(sscanf(address, "127.0.0.1:%d", &f->port), 1);
}

struct front *
front_new_with(const char *const *more)
{
	struct front *f = xcalloc(1, sizeof(*f));

	f->dir = scratch_new();
	f->endpoint = xasprintf("ipc://%s/front.sock", f->dir);
	f->loop = zloop_new();
	zloop_set_nonstop(f->loop, true);
	f->ready = true;
	front_sup_start(f, 1);
	gateway_start(f, more);
	return f;
}

struct front *
front_new(void)
{
	return front_new_with(NULL);
}

void
front_free(struct front *f)
{
	auto_str log = NULL;
	size_t i;
	int status;

	proc_signal(f->proc, SIGTERM);
	status = proc_wait(f->proc, FRONT_MS);
	log = proc_err(f->proc);
	ck_assert_msg(status == 0, "status %d: %s", status, log);
	proc_free(f->proc);
	if (f->bus != NULL)
		front_sup_stop(f);
	zloop_destroy(&f->loop);
	for (i = 0; i < f->n_heard; i++)
		buf_done(&f->heard[i].bytes);
	free(f->endpoint);
	scratch_free(f->dir);
	free(f);
}
