/* peer.c - one end of a conversation with a supervisor. */
#include "tests/harness/peer.h"

#include "common/net/bus.h"
#include "common/json/json.h"
#include "common/wire/wire.h"
#include "tests/harness/loop.h"

#include <check.h>
#include <stdlib.h>

static void
on_msg(void *ctx, const struct bus_peer *from UNUSED, const struct proto *msg)
{
	struct peer *p = ctx;
	struct peer_mail *m = &p->mail[p->n++];
	struct err err;
	struct buf b;

	ck_assert_int_lt(p->n, PEER_MAIL_MAX);
	buf_init(&b, PROTO_BYTES_MAX);
	proto_encode(&b, msg);
	ck_assert_msg(
	    proto_decode(buf_span(&b), &m->msg, &err) == RC_OK, "%s", err.text);
	m->bytes = buf_take(&b);
}

static void
on_bad(
    void *ctx UNUSED, const struct bus_peer *from UNUSED, const struct err *err)
{
	ck_abort_msg("bytes that are no message came: %s", err->text);
}

void
peer_open(
    struct peer *p, zloop_t *loop, const char *data_dir, const char *socket)
{
	struct bus_handler h = {.on_msg = on_msg, .on_bad = on_bad, .ctx = p};
	auto_str endpoint = xasprintf("ipc://%s/%s.sock", data_dir, socket);
	struct err err = {0};

	p->loop = loop;
	ck_assert_msg(bus_connect(loop, endpoint, NULL, &h, &p->bus, &err) == RC_OK,
	    "%s", err.text);
}

void
peer_close(struct peer *p)
{
	bus_free(p->bus);
	p->bus = NULL;
	while (p->n > 0)
		free(p->mail[--p->n].bytes);
	memset(p->mail, 0, sizeof(p->mail));
}

void
peer_say(struct peer *p, const struct proto *m)
{
	ck_assert_int_eq(bus_send(p->bus, NULL, m), RC_OK);
}

struct wish {
	struct peer *p;
	enum proto_type type;
	struct peer_mail *found;
};

static bool
has_mail(void *arg)
{
	struct wish *w = arg;
	int i;

	for (i = 0; i < w->p->n && w->found == NULL; i++)
		if (!w->p->mail[i].read && w->p->mail[i].msg.type == w->type)
			w->found = &w->p->mail[i];
	return w->found != NULL;
}

const struct proto *
peer_next(struct peer *p, enum proto_type type, int limit_ms)
{
	struct wish w = {p, type, NULL};

	if (!loop_until_cond(p->loop, has_mail, &w, limit_ms))
		return NULL;
	w.found->read = true;
	return &w.found->msg;
}

bool
peer_has(struct peer *p, enum proto_type type)
{
	struct wish w = {p, type, NULL};

	return has_mail(&w);
}

/* Of the answers to earlier questions none is the next one's. */
static void
skip(struct peer *p, enum proto_type type)
{
	while (peer_has(p, type))
		peer_next(p, type, 0);
}

void
peer_put_json(struct buf *b, const char *json)
{
	static const struct json_limits limits = {
	    .bytes_max = PROTO_BYTES_MAX, .depth_max = 32, .values_max = 10000};
	AUTO(json) t = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(json), &limits, &t, &err) == RC_OK,
	    "%s in %.1000s", err.text, json);
	wire_put_tree(b, t);
}

/* What an earlier supervisor leased is void. */
static void
forget_stale(struct peer *p)
{
	int i;

	for (i = 0; i < p->n; i++)
		if (p->mail[i].msg.type == PROTO_TASK &&
		    p->mail[i].msg.task.epoch != p->epoch)
			p->mail[i].read = true;
}

bool
peer_hello(
    struct peer *p, const struct peer_worker *w, int again_ms, int limit_ms)
{
	struct proto m = {.type = PROTO_HELLO};
	const struct proto *welcome = NULL;
	auto_buf b = {.max = 1 << 16};
	int i;

	skip(p, PROTO_WELCOME);
	peer_put_json(&b, w->tools);
	m.hello.role = span_of(w->role);
	m.hello.name = span_of(w->name);
	m.hello.capacity = w->capacity;
	m.hello.tools = buf_span(&b);
	m.hello.start = ++p->start;
	for (i = 0; welcome == NULL && i < limit_ms / again_ms; i++) {
		peer_say(p, &m);
		welcome = peer_next(p, PROTO_WELCOME, again_ms);
	}
	if (welcome == NULL)
		return false;

	p->epoch = welcome->welcome.epoch;
	forget_stale(p);
	return true;
}

bool
peer_renew(struct peer *p, int limit_ms)
{
	struct proto m = {.type = PROTO_RENEW};

	skip(p, PROTO_RENEWED);
	m.renew.epoch = p->epoch;
	m.renew.tasks = span_make("\x90", 1);
	peer_say(p, &m);
	return peer_next(p, PROTO_RENEWED, limit_ms) != NULL;
}

void
peer_answer(struct peer *p, const struct proto_task *t, const char *update,
    const char *evidence)
{
	struct proto m = {.type = PROTO_RESULT};
	auto_buf b = {.max = PROTO_BYTES_MAX};

	peer_put_json(&b, update);
	m.result.epoch = t->epoch;
	m.result.run = t->run;
	m.result.task = t->task;
	m.result.attempt = t->attempt;
	m.result.update = buf_span(&b);
	m.result.evidence = span_of(evidence);
	m.result.media = span_of(evidence != NULL ? "text/plain" : NULL);
	peer_say(p, &m);
}
