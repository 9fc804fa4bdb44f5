/* hand.c - an executor that a test plays by hand. */
#include "tests/harness/hand.h"

#include <check.h>
#include <stdlib.h>

#include "common/bus.h"
#include "common/json.h"
#include "common/wire.h"
#include "tests/harness/loop.h"

enum { MAIL_MAX = 64, LIMIT_MS = 60000, AGAIN_MS = 500 };

struct mail {
	struct proto msg;
	char *bytes; /* what msg points into */
	bool read;
};

struct hand {
	zloop_t *loop;
	struct bus *bus;
	const char *name, *tools;
	uint64_t epoch;
	struct mail mail[MAIL_MAX];
	int n;
};

static void
on_msg(void *ctx, const struct bus_peer *from UNUSED, const struct proto *msg)
{
	struct hand *h = ctx;
	struct mail *m = &h->mail[h->n++];
	struct err err;
	struct buf b;

	ck_assert_int_lt(h->n, MAIL_MAX);
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
	ck_abort_msg("bytes that are no message: %s", err->text);
}

struct wish {
	struct hand *h;
	enum proto_type type;
	struct mail *found;
};

static bool
has_mail(void *arg)
{
	struct wish *w = arg;
	int i;

	for (i = 0; i < w->h->n && w->found == NULL; i++)
		if (!w->h->mail[i].read && w->h->mail[i].msg.type == w->type)
			w->found = &w->h->mail[i];
	return w->found != NULL;
}

/* NULL: none came in that time. */
static const struct proto *
next(struct hand *h, enum proto_type type, int limit_ms)
{
	struct wish w = {h, type, NULL};

	if (!loop_until_cond(h->loop, has_mail, &w, limit_ms))
		return NULL;
	w.found->read = true;
	return &w.found->msg;
}

static void
say(struct hand *h, const struct proto *m)
{
	ck_assert_int_eq(bus_send(h->bus, NULL, m), RC_OK);
}

static void
put_json(struct buf *b, const char *json)
{
	AUTO(json) t = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(json), NULL, &t, &err) == RC_OK,
	    "%s in %s", err.text, json);
	wire_put_tree(b, t);
}

/* What an earlier supervisor leased is void. */
static void
forget_stale(struct hand *h)
{
	int i;

	for (i = 0; i < h->n; i++)
		if (h->mail[i].msg.type == PROTO_TASK &&
		    h->mail[i].msg.task.epoch != h->epoch)
			h->mail[i].read = true;
}

void
hand_hello(struct hand *h)
{
	struct proto m = {.type = PROTO_HELLO};
	const struct proto *welcome = NULL;
	auto_buf b = {0};
	int i;

	while (next(h, PROTO_WELCOME, 0) != NULL)
		continue;
	buf_init(&b, 1 << 16);
	put_json(&b, h->tools);
	m.hello.role = span_of("executor");
	m.hello.name = span_of(h->name);
	m.hello.capacity = 8;
	m.hello.tools = buf_span(&b);
	/* One that is just being started anew does not hear the first. */
	for (i = 0; welcome == NULL && i < LIMIT_MS / AGAIN_MS; i++) {
		say(h, &m);
		welcome = next(h, PROTO_WELCOME, AGAIN_MS);
	}
	ck_assert_msg(welcome != NULL, "%s is not welcome", h->name);
	h->epoch = welcome->welcome.epoch;
	forget_stale(h);
}

struct hand *
hand_new(const char *data_dir, const char *name, const char *tools)
{
	auto_str endpoint = xasprintf("ipc://%s/back.sock", data_dir);
	struct hand *h = xcalloc(1, sizeof(*h));
	struct bus_handler handler = {
	    .on_msg = on_msg, .on_bad = on_bad, .ctx = h};
	struct err err = {0};

	zsys_handler_set(NULL);
	h->loop = zloop_new();
	h->name = name;
	h->tools = tools;
	ck_assert_msg(
	    bus_connect(h->loop, endpoint, &handler, &h->bus, &err) == RC_OK,
	    "%s", err.text);
	hand_hello(h);
	return h;
}

void
hand_free(struct hand *h)
{
	if (h == NULL)
		return;
	bus_free(h->bus);
	while (h->n > 0)
		free(h->mail[--h->n].bytes);
	zloop_destroy(&h->loop);
	free(h);
}

void
hand_renew(struct hand *h)
{
	struct proto m = {.type = PROTO_RENEW};

	while (next(h, PROTO_RENEWED, 0) != NULL)
		continue;
	m.renew.epoch = h->epoch;
	m.renew.tasks = span_make("\x90", 1);
	say(h, &m);
	ck_assert_ptr_nonnull(next(h, PROTO_RENEWED, LIMIT_MS));
}

void
hand_bye(struct hand *h)
{
	struct proto m = {.type = PROTO_BYE};

	say(h, &m);
	hand_renew(h);
}

const struct proto_task *
hand_task(struct hand *h)
{
	const struct proto *m = next(h, PROTO_TASK, LIMIT_MS);

	ck_assert_msg(m != NULL, "no task came for %s", h->name);
	return &m->task;
}

bool
hand_has_task(struct hand *h)
{
	struct wish w = {h, PROTO_TASK, NULL};

	return has_mail(&w);
}

void
hand_answer(struct hand *h, const struct proto_task *t, const char *update)
{
	struct proto m = {.type = PROTO_RESULT};
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	put_json(&b, update);
	m.result.epoch = t->epoch;
	m.result.run = t->run;
	m.result.task = t->task;
	m.result.attempt = t->attempt;
	m.result.update = buf_span(&b);
	say(h, &m);
	ck_assert_ptr_nonnull(next(h, PROTO_ACK, LIMIT_MS));
}
