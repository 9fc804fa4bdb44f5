/* hand.c - an executor that a test plays by hand. */
#include "tests/harness/hand.h"

#include "tests/harness/loop.h"
#include "tests/harness/peer.h"

#include <check.h>
#include <stdlib.h>

enum { LIMIT_MS = AWAIT_MS, AGAIN_MS = 500 };

struct hand {
	zloop_t *loop;
	const char *name, *tools;
	struct peer peer;
};

void
hand_hello(struct hand *h)
{
	const struct peer_worker w = {.role = "executor",
	    .name = h->name,
	    .capacity = 8,
	    .tools = h->tools};

	ck_assert_msg(peer_hello(&h->peer, &w, AGAIN_MS, LIMIT_MS),
	    "%s is not welcome", h->name);
}

struct hand *
hand_new(const char *data_dir, const char *name, const char *tools)
{
	struct hand *h = xcalloc(1, sizeof(*h));

	zsys_handler_set(NULL);
	h->loop = zloop_new();
	h->name = name;
	h->tools = tools;
	peer_open(&h->peer, h->loop, data_dir, "back");
	hand_hello(h);
	return h;
}

void
hand_free(struct hand *h)
{
	if (h == NULL)
		return;
	peer_close(&h->peer);
	zloop_destroy(&h->loop);
	free(h);
}

void
hand_renew(struct hand *h)
{
	ck_assert(peer_renew(&h->peer, LIMIT_MS));
}

void
hand_bye(struct hand *h)
{
	struct proto m = {.type = PROTO_BYE};

	peer_say(&h->peer, &m);
	hand_renew(h);
}

const struct proto_task *
hand_task(struct hand *h)
{
	const struct proto *m = peer_next(&h->peer, PROTO_TASK, LIMIT_MS);

	ck_assert_msg(m != NULL, "no task came for %s", h->name);
	return &m->task;
}

bool
hand_has_task(struct hand *h)
{
	return peer_has(&h->peer, PROTO_TASK);
}

void
hand_answer(struct hand *h, const struct proto_task *t, const char *update)
{
	peer_answer(&h->peer, t, update, NULL);
	ck_assert_ptr_nonnull(peer_next(&h->peer, PROTO_ACK, LIMIT_MS));
}
