/*
 * test_followers.c - who follows a run gets its past, then its present, every
 * event once, however late it reads.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "supervisor/store/store_db.h"
#include "tests/harness/rig.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <signal.h>

/* How many lists, and how many events in them, were sent for a request. */
static int
lists(uint64_t req, struct rig_log *l)
{
	int n = 0, i;

	rig_settle();
	for (i = 0; i < rig->gateway.n; i++)
		n += !rig->gateway.mail[i].read &&
		     rig->gateway.mail[i].msg.type == PROTO_EVENTS &&
		     rig->gateway.mail[i].msg.events.req == req;
	rig_log_read(l, req);
	return n;
}

START_TEST(who_follows_and_asks_again_is_told_what_is_new_or_that_nothing_is)
{
	struct rig_log l = {0};

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	rig_follow(7, rig->run, 0);
	ck_assert_int_eq(lists(7, &l), 1);
	ck_assert_int_eq(l.n, 2);
	rig_follow(7, rig->run, 2);
	ck_assert_int_eq(lists(7, &l), 1);
	ck_assert_int_eq(l.n, 2);
	/* It did not get the second. */
	rig_log_done(&l);
	rig_follow(7, rig->run, 1);
	ck_assert_int_eq(lists(7, &l), 1);
	ck_assert_int_eq(l.n, 1);
	/* And is followed on, once. */
	rig_log_done(&l);
	rig_plan(RIG_PLAN_ONLY);
	ck_assert_int_eq(lists(7, &l), 1);
	assert_numbered(&l, 3);
	rig_log_done(&l);
	rig_close();
}
END_TEST

START_TEST(a_follower_is_read_the_past_and_then_the_present)
{
	struct rig_log later = {0};
	uint64_t after;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, "bytes");
	rig_plan(RIG_PLAN_ONLY);
	rig_event("plan", 1);
	after = (uint64_t)(_i == 0 ? 0 : rig->log.n - _i + 1);
	rig_follow(7, rig->run, after);
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, NULL);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_settle();
	rig_log_read(&later, 7);
	assert_numbered(&later, (int64_t)after + 1);
	ck_assert_int_eq(later.n, rig->log.n - (int)after);
	ck_assert(later.last);
	rig_log_done(&later);
	/* And once more, when all is over. */
	rig_follow(8, rig->run, after);
	rig_settle();
	rig_log_read(&later, 8);
	assert_numbered(&later, (int64_t)after + 1);
	ck_assert(later.last);
	rig_log_done(&later);
	/* Caught up: an empty answer that is the last. */
	rig_follow(9, rig->run, (uint64_t)rig->log.n);
	rig_settle();
	rig_log_read(&later, 9);
	ck_assert_int_eq(later.n, 0);
	ck_assert(later.last);
	rig_close();
}
END_TEST

START_TEST(an_event_that_nobody_was_told_of_cannot_be_the_last_one_seen)
{
	struct rig_log l = {0};

	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	rig_follow(7, rig->run, (uint64_t)rig->log.n + 1000);
	assert_reply(rig_reply(7), "invalid", "has no event 10");
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	ck_assert_int_eq(lists(7, &l), 0);
	rig_close();
}
END_TEST

/* All are read from the store in one turn. */
START_TEST(viewers_of_one_run_get_what_each_has_not_seen)
{
	struct rig_log l = {0};
	int i, n;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	for (i = 0; i < 3; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(RIG_GOOD_STEP, NULL);
	}
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	n = rig->log.n;
	/* Beyond the end as well, which is nothing new. */
	for (i = 0; i < n + 3; i++)
		rig_follow(
		    100 + (uint64_t)i, rig->run, (uint64_t)(i * 7 % (n + 3)));
	for (i = 0; i < n + 3; i++) {
		int after = i * 7 % (n + 3);

		rig_settle();
		rig_log_read(&l, 100 + (uint64_t)i);
		ck_assert_int_eq(l.n, MAX(n - after, 0));
		assert_numbered(&l, after + 1);
		ck_assert(l.last);
		rig_log_done(&l);
		l.last = false;
	}
	rig_close();
}
END_TEST

/* More than the queues between them take. */
enum { CROWD = 1000, DEAF_MS = 20000 };

struct deaf {
	void *context, *socket;
	int64_t seen[CROWD]; /* by req */
	int ended;
};

static void
deaf_open(struct deaf *d)
{
	auto_str endpoint = xasprintf("ipc://%s/front.sock", rig->dir);
	int one = 1, wait = DEAF_MS, none = 0;

	d->context = zmq_ctx_new();
	d->socket = zmq_socket(d->context, ZMQ_DEALER);
	zmq_setsockopt(d->socket, ZMQ_RCVHWM, &one, sizeof(one));
	zmq_setsockopt(d->socket, ZMQ_RCVTIMEO, &wait, sizeof(wait));
	zmq_setsockopt(d->socket, ZMQ_LINGER, &none, sizeof(none));
	ck_assert_int_eq(zmq_connect(d->socket, endpoint), 0);
}

static void
deaf_follow(struct deaf *d, uint64_t req)
{
	struct proto m = {.type = PROTO_FOLLOW};
	auto_buf b = {.max = PROTO_BYTES_MAX};

	m.follow.req = req;
	m.follow.run = span_of(rig->run);
	proto_encode(&b, &m);
	ck_assert_int_eq(zmq_send(d->socket, b.data, b.len, 0), (int)b.len);
}

/* Takes one message: the next events of one of its viewers. */
static void
deaf_take(struct deaf *d)
{
	struct proto m;
	struct wire_r r;
	struct err err;
	zmq_msg_t frame;
	uint32_t n;

	zmq_msg_init(&frame);
	ck_assert_msg(zmq_msg_recv(&frame, d->socket, 0) >= 0,
	    "nothing more came; %d of %d have the end", d->ended, CROWD);
	ck_assert_int_eq(
	    proto_decode(span_make(zmq_msg_data(&frame), zmq_msg_size(&frame)),
		&m, &err),
	    RC_OK);
	ck_assert_int_eq(m.type, PROTO_EVENTS);
	ck_assert_uint_lt(m.events.req, CROWD);
	r = wire_reader(m.events.list);
	for (n = wire_array(&r); n > 0; n--) {
		ck_assert_uint_eq(wire_array(&r), 3);
		ck_assert_int_eq(wire_int(&r), ++d->seen[m.events.req]);
		wire_raw(&r);
		wire_raw(&r);
	}
	d->ended += m.events.last != 0;
	zmq_msg_close(&frame);
}

START_TEST(a_gateway_that_reads_late_still_gets_every_event)
{
	static struct deaf d;
	int i;

	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	deaf_open(&d);
	for (i = 0; i < CROWD; i++)
		deaf_follow(&d, (uint64_t)i);
	for (i = 0; i < 10; i++) {
		rig_plan(RIG_EXECUTE);
		rig_step(RIG_GOOD_STEP, NULL);
	}
	assert_finished("incomplete", "rounds");
	while (d.ended < CROWD)
		deaf_take(&d);
	for (i = 0; i < CROWD; i++)
		ck_assert_int_eq(d.seen[i], rig->log.n);
	zmq_close(d.socket);
	zmq_ctx_term(d.context);
	rig_close();
}
END_TEST

#ifdef CULPRIT_FAILPOINTS
/* How many lists have come to it by now. */
static int
deaf_count(struct deaf *d)
{
	int n = 0, soon = 5;
	zmq_msg_t frame;

	zmq_setsockopt(d->socket, ZMQ_RCVTIMEO, &soon, sizeof(soon));
	zmq_msg_init(&frame);
	while (zmq_msg_recv(&frame, d->socket, 0) >= 0)
		n++;
	zmq_msg_close(&frame);
	return n;
}

/* Each page takes 20 ms to read and send: all of them, 4 s. */
START_TEST(a_crowd_that_comes_back_at_once_keeps_no_request_waiting)
{
	static struct deaf d;
	enum { BACK = 200 };
	int i;

	setenv("CULPRIT_FAILPOINT", "replay_page:hang=20@1+", 1);
	rig_open(rig_calm);
	rig_join_planner();
	rig_start_run();
	deaf_open(&d);
	for (i = 0; i < BACK; i++)
		deaf_follow(&d, (uint64_t)i);
	deaf_take(&d);
	assert_reply(
	    rig_submit(99, "{\"input\":\"b\"}", "", "", false), "ok", "");
	ck_assert_int_lt(deaf_count(&d), BACK / 2);
	zmq_close(d.socket);
	zmq_ctx_term(d.context);
	rig_close();
}
END_TEST
#endif

/* Its journal is no more what it was. */
static void
damage_runs(void)
{
	auto_str path = xasprintf("%s/culprit.db", rig->dir);
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	ck_assert_int_eq(sqlite3_exec(db,
			     "UPDATE journal SET data = x'00', raw_bytes = 9",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(a_run_that_cannot_be_read_ends_no_other)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	rig_restart(SIGTERM);
	damage_runs();
	rig_follow(7, rig->run, 0);
	assert_reply(rig_reply(7), "damaged", "is not what was written");
	rig_join_planner();
	ck_assert(proc_is_alive(rig->supervisor));
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {who_follows_and_asks_again_is_told_what_is_new_or_that_nothing_is,
		0},
	    {a_follower_is_read_the_past_and_then_the_present, 3},
	    {a_gateway_that_reads_late_still_gets_every_event, 0},
#ifdef CULPRIT_FAILPOINTS
	    {a_crowd_that_comes_back_at_once_keeps_no_request_waiting, 0},
#endif
	    {an_event_that_nobody_was_told_of_cannot_be_the_last_one_seen, 0},
	    {viewers_of_one_run_get_what_each_has_not_seen, 0},
	    {a_run_that_cannot_be_read_ends_no_other, 0},
	};

	return RUN_TESTS("followers", tests);
}
