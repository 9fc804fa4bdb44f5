/*
 * test_bus.c - two buses on one loop: what arrives, what is told, what is
 * thrown away.
 */
#include "common/net/bus.h"
#include "tests/harness/listener.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

enum { LIMIT_MS = AWAIT_MS, MANY = 1000 };

struct end {
	struct bus *bus;
	int msgs, bads, turns, agains;
	uint64_t last;
	bool in_order;
	struct bus_peer from;
	char why[200];
};

struct pair {
	char *dir, *at;
	zloop_t *loop;
	struct end server, client;
};

static void
on_msg(void *ctx, const struct bus_peer *from, const struct proto *m)
{
	struct end *e = ctx;

	e->msgs++;
	if (m->type == PROTO_RENEWED) {
		e->in_order = e->in_order && m->renewed.epoch == e->last + 1;
		e->last = m->renewed.epoch;
	}
	if (from != NULL)
		e->from = *from;
}

static void
on_bad(void *ctx, const struct bus_peer *from, const struct err *err)
{
	struct end *e = ctx;

	e->bads++;
	snprintf(e->why, sizeof(e->why), "%.180s", err->text);
	if (from != NULL)
		e->from = *from;
}

static void
on_turn(void *ctx)
{
	((struct end *)ctx)->turns++;
}

static void
on_again(void *ctx)
{
	((struct end *)ctx)->agains++;
}

static void
open_one(struct pair *p, struct end *e, bool listen)
{
	struct bus_handler h = {on_msg, on_bad, on_turn, on_again, e};
	struct err err = {0};
	enum rc rc = listen ? listener_open(p->loop, p->at, &h, &e->bus, &err) :
			      bus_connect(p->loop, p->at, NULL, &h, &e->bus, &err);

	ck_assert_msg(rc == RC_OK, "%s", err.text);
	e->in_order = true;
}

static bool
server_heard(void *arg)
{
	struct pair *p = arg;

	return p->server.msgs + p->server.bads > 0;
}

static void
send_type(struct end *e, const struct bus_peer *to, enum proto_type type)
{
	struct proto m = {.type = type};

	ck_assert_int_eq(bus_send(e->bus, to, &m), RC_OK);
}

/* transport 0: ipc, 1: tcp. The two ends know each other afterwards. */
static void
pair_open(struct pair *p, int transport)
{
	memset(p, 0, sizeof(*p));
	zsys_handler_set(NULL);
	p->dir = scratch_new();
	p->at = transport == 0 ? xasprintf("ipc://%s/s", p->dir) :
				 xasprintf("tcp://127.0.0.1:%d", port_free());
	p->loop = zloop_new();
	/* The one that connects may be there first. */
	open_one(p, &p->client, false);
	open_one(p, &p->server, true);
	send_type(&p->client, NULL, PROTO_BYE);
	ck_assert(loop_until_cond(p->loop, server_heard, p, LIMIT_MS));
	p->server.msgs = 0;
}

static void
pair_close(struct pair *p)
{
	bus_free(p->client.bus);
	bus_free(p->server.bus);
	zloop_destroy(&p->loop);
	scratch_free(p->dir);
	free(p->at);
}

static bool
both_heard_many(void *arg)
{
	struct pair *p = arg;

	return p->server.msgs == MANY && p->client.msgs == MANY;
}

START_TEST(messages_arrive_once_and_in_order_both_ways)
{
	struct proto m = {.type = PROTO_RENEWED};
	struct pair p;
	uint64_t i;

	pair_open(&p, _i);
	for (i = 1; i <= MANY; i++) {
		m.renewed.epoch = i;
		ck_assert_int_eq(bus_send(p.client.bus, NULL, &m), RC_OK);
		ck_assert_int_eq(bus_send(p.server.bus, &p.server.from, &m),
		    RC_OK);
	}
	ck_assert(loop_until_cond(p.loop, both_heard_many, &p, LIMIT_MS));
	ck_assert(p.server.in_order && p.client.in_order);
	ck_assert_int_eq(p.server.bads + p.client.bads, 0);
	/* Fewer turns than messages: they share them; more than one: a flood
	 * does not keep the loop. */
	ck_assert_int_lt(p.server.turns, MANY / 2);
	ck_assert_int_gt(p.server.turns, 2);
	pair_close(&p);
}
END_TEST

START_TEST(bytes_that_are_no_message_are_told_with_their_sender)
{
	static const struct span bad[] = {{"", 0}, {"\xc1", 1}, {"junk", 4},
	    {"\x93\x01\x63\x80", 4}, {"\x93\x07\x0a\x80", 4}};
	struct bus_peer client;
	struct pair p;
	size_t i;

	pair_open(&p, _i);
	client = p.server.from;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		p.server.bads = 0;
		ck_assert_int_eq(bus_send_bytes(p.client.bus, NULL, bad[i]),
		    RC_OK);
		ck_assert(loop_until_cond(p.loop, server_heard, &p, LIMIT_MS));
		ck_assert_int_eq(p.server.bads, 1);
		ck_assert_int_eq(p.server.msgs, 0);
		ck_assert(bus_peer_equal(&client, &p.server.from));
		ck_assert_uint_gt(strlen(p.server.why), 0);
	}
	pair_close(&p);
}
END_TEST

START_TEST(messages_of_more_frames_than_one_are_thrown_away_whole)
{
	static const char bye[] = "\x93\x01\x0a\x80";
	struct pair p;
	zsock_t *raw;
	int frames, i;

	pair_open(&p, 0);
	raw = zsock_new(ZMQ_DEALER);
	ck_assert_int_eq(zsock_connect(raw, "%s", p.at), 0);
	for (frames = 2; frames < 6; frames++)
		for (i = 1; i <= frames; i++)
			zmq_send(zsock_resolve(raw), bye, 4,
			    i < frames ? ZMQ_SNDMORE : 0);
	/* What comes after them is heard, and only that. */
	zmq_send(zsock_resolve(raw), bye, 4, 0);
	ck_assert(loop_until_cond(p.loop, server_heard, &p, LIMIT_MS));
	ck_assert_int_eq(p.server.msgs, 1);
	ck_assert_int_eq(p.server.bads, 0);
	zsock_destroy(&raw);
	pair_close(&p);
}
END_TEST

static bool
client_is_gone(void *arg)
{
	struct pair *p = arg;
	struct proto m = {.type = PROTO_WHO};

	return bus_send(p->server.bus, &p->server.from, &m) == RC_CLOSED;
}

START_TEST(a_peer_that_is_gone_is_told)
{
	struct proto m = {.type = PROTO_WHO};
	struct bus_peer never = {.n = 3, .id = "abc"};
	struct pair p;

	pair_open(&p, _i);
	ck_assert_int_eq(bus_send(p.server.bus, &never, &m), RC_CLOSED);
	bus_free(p.client.bus);
	p.client.bus = NULL;
	ck_assert(loop_until_cond(p.loop, client_is_gone, &p, LIMIT_MS));
	pair_close(&p);
}
END_TEST

/* The library lets go of a port a moment after it is closed. */
static bool
listens_again(void *arg)
{
	struct pair *p = arg;
	struct bus_handler h = {on_msg, on_bad, on_turn, NULL, &p->server};
	struct err err;

	if (p->server.bus != NULL)
		return true;
	return listener_open(p->loop, p->at, &h, &p->server.bus, &err) == RC_OK;
}

static bool
client_was_told(void *arg)
{
	struct pair *p = arg;

	return p->client.agains > 0;
}

/* What is sent to a server that has just gone may be lost with it. */
static bool
server_heard_one_of_many(void *arg)
{
	struct pair *p = arg;

	send_type(&p->client, NULL, PROTO_BYE);
	return server_heard(p);
}

START_TEST(a_client_finds_a_server_that_came_back)
{
	struct pair p;

	pair_open(&p, _i);
	ck_assert_int_eq(p.client.agains, 0);
	bus_free(p.server.bus);
	p.server.bus = NULL;
	ck_assert(await(listens_again, &p, LIMIT_MS));
	ck_assert(loop_until_cond(p.loop, server_heard_one_of_many, &p,
	    LIMIT_MS));
	ck_assert(loop_until_cond(p.loop, client_was_told, &p, LIMIT_MS));
	pair_close(&p);
}
END_TEST

START_TEST(a_message_over_the_limit_is_not_sent)
{
	struct proto m = {.type = PROTO_RESULT};
	char *big = calloc(1, PROTO_BYTES_MAX);
	struct pair p;

	pair_open(&p, 0);
	m.result.evidence = span_make(big, PROTO_BYTES_MAX);
	ck_assert_int_eq(bus_send(p.client.bus, NULL, &m), RC_TOOBIG);
	m.result.evidence.n = PROTO_BYTES_MAX - 100;
	ck_assert_int_eq(bus_send(p.client.bus, NULL, &m), RC_OK);
	ck_assert(loop_until_cond(p.loop, server_heard, &p, LIMIT_MS));
	ck_assert_int_eq(p.server.msgs, 1);
	free(big);
	pair_close(&p);
}
END_TEST

START_TEST(an_endpoint_that_cannot_be_had_is_named)
{
	static const struct {
		const char *at, *says;
	} cases[] = {
		{"ipc:///nonexistent/folder/s", "/nonexistent/folder/s"},
		{"carrier://pigeon", "carrier://pigeon"},
		{"ipc:///non/0123456789012345678901234567890123456789012345678"
		 "90123456789012345678901234567890123456789012345678901234567"
		 "89", "shorter data-dir"},
	};
	struct bus_handler h = {on_msg, on_bad, NULL, NULL, NULL};
	zloop_t *loop = zloop_new();
	struct bus *b = NULL;
	struct err err = {0};

	ck_assert_int_ne(listener_open(loop, cases[_i].at, &h, &b, &err), RC_OK);
	assert_contains(err.text, cases[_i].says);
	ck_assert_ptr_null(b);
	bus_free(NULL);
	zloop_destroy(&loop);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {messages_arrive_once_and_in_order_both_ways, 2},
	    {bytes_that_are_no_message_are_told_with_their_sender, 2},
	    {messages_of_more_frames_than_one_are_thrown_away_whole, 0},
	    {a_peer_that_is_gone_is_told, 2},
	    {a_client_finds_a_server_that_came_back, 2},
	    {a_message_over_the_limit_is_not_sent, 0},
	    {an_endpoint_that_cannot_be_had_is_named, 3},
	};

	return RUN_TESTS("bus", tests);
}
