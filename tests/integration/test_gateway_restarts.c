/*
 * test_gateway_restarts.c - the real gateway while the supervisor comes and
 * goes, and while messages get lost, come twice or late.
 */
#include "common/base/buf.h"
#include "common/wire/wire.h"
#include "tests/harness/client.h"
#include "tests/harness/front.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <unistd.h>

/* ---- the supervisor comes and goes ---- */

START_TEST(a_stream_goes_on_after_a_supervisor_restart)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_submit(f, CLIENT_JSON, &c);
	const char *text;

	front_reply(f, h, h->m.submit.req, "ok", "", "r1");
	front_events(f, h, h->m.submit.req, 1, 3, false, 5);
	client_await(c, "id: r1.3\n");
	front_sup_stop(f);
	front_sup_start(f, 2);
	h = front_expect(f, PROTO_FOLLOW);
	ck_assert(span_is(h->m.follow.run, "r1"));
	ck_assert_uint_eq(h->m.follow.after, 3);
	front_events(f, h, h->m.follow.req, 4, 6, true, 5);
	text = client_await(c, NULL);
	ck_assert_int_eq(text_count(text, "\nid: r1."), 6);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(an_unanswered_submission_is_sent_again_under_its_key)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h =
	    client_submit(f, CLIENT_JSON "Idempotency-Key: k7\r\n", &c);
	auto_str digest = xstrndup(h->m.submit.digest.p, h->m.submit.digest.n);

	front_sup_stop(f);
	front_sup_start(f, 2);
	h = front_expect(f, PROTO_SUBMIT);
	ck_assert(span_is(h->m.submit.key, "k7"));
	ck_assert(span_is(h->m.submit.digest, digest));
	ck_assert(span_is(wire_find_str(h->m.submit.input, "input"), "why"));
	front_reply(f, h, h->m.submit.req, "ok", "", "r1");
	front_events(f, h, h->m.submit.req, 1, 2, true, 5);
	assert_status(client_await(c, NULL), 200);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(an_unanswered_fork_is_sent_again_under_its_key)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h;

	c = client_request(f, "POST /api/investigations/r0/fork",
	    CLIENT_JSON "Idempotency-Key: k8\r\n", "{\"from\":7}");
	front_expect(f, PROTO_FORK);
	front_sup_stop(f);
	front_sup_start(f, 2);
	h = front_expect(f, PROTO_FORK);
	ck_assert(span_is(h->m.fork.key, "k8"));
	ck_assert(span_is(h->m.fork.run, "r0"));
	ck_assert_uint_eq(h->m.fork.from, 7);
	ck_assert_uint_eq(h->m.fork.follow, 1);
	front_reply(f, h, h->m.fork.req, "ok", "", "r1");
	front_events(f, h, h->m.fork.req, 1, 3, false, 5);
	client_await(c, "id: r1.3\n");
	/* From here on it is a run that is followed. */
	front_sup_stop(f);
	front_sup_start(f, 3);
	h = front_expect(f, PROTO_FOLLOW);
	ck_assert(span_is(h->m.follow.run, "r1"));
	ck_assert_uint_eq(h->m.follow.after, 3);
	front_events(f, h, h->m.follow.req, 4, 5, true, 5);
	assert_status(client_await(c, NULL), 200);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(without_a_supervisor_requests_are_503_in_time)
{
	struct front *f = front_new();
	struct client *c;

	front_sup_stop(f);
	c = client_request(f, "POST /api/ai_ops", CLIENT_JSON, "{}");
	client_await(c, NULL);
	assert_status(buf_str(&c->in), 503);
	assert_contains(buf_str(&c->in), "Retry-After");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(being_ended_it_lets_streams_end_whole)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	const char *text;

	front_events(f, h, h->m.follow.req, 1, 2, false, 5);
	client_await(c, "id: r1.2\n");
	proc_signal(f->proc, SIGTERM);
	text = client_await(c, NULL);
	assert_contains(text, "\r\n0\r\n\r\n"); /* the last chunk */
	client_free(c);
	front_free(f);
}
END_TEST

/* ---- messages that get lost, come twice, or late ---- */

/* Each kind of request, and how it looks to the supervisor. */
static const struct {
	const char *line, *fields, *body;
	enum proto_type type;
} askings[] = {
    {"POST /api/ai_ops", CLIENT_JSON, "{\"input\":\"why\"}", PROTO_SUBMIT},
    {"GET /api/investigations/r1", "", "", PROTO_QUERY},
    {"POST /api/investigations/r1/cancel", "", "", PROTO_CANCEL},
    {"GET /api/investigations/r1/events", "", "", PROTO_FOLLOW},
};

static uint64_t
asked_req(const struct proto *m)
{
	if (m->type == PROTO_SUBMIT)
		return m->submit.req;
	if (m->type == PROTO_QUERY)
		return m->query.req;
	return m->type == PROTO_CANCEL ? m->cancel.req : m->follow.req;
}

START_TEST(what_is_not_answered_is_asked_again)
{
	struct front *f = front_new();
	struct client *c = client_request(
	    f, askings[_i].line, askings[_i].fields, askings[_i].body);
	struct front_heard *first = front_expect(f, askings[_i].type);
	struct front_heard *again = front_expect(f, askings[_i].type);

	ck_assert_uint_eq(asked_req(&again->m), asked_req(&first->m));
	ck_assert(span_equal(buf_span(&again->bytes), buf_span(&first->bytes)));
	/* Both are answered, and the second answer is one too many. */
	front_reply(f, again, asked_req(&again->m), "notfound", "gone", "");
	front_reply(f, again, asked_req(&again->m), "notfound", "gone", "");
	assert_contains(client_await(c, NULL), "gone");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(a_submission_that_was_answered_twice_streams_on)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_submit(f, CLIENT_JSON, &c);
	uint64_t req = h->m.submit.req;

	front_reply(f, h, req, "ok", "", "r1");
	front_events(f, h, req, 1, 1, false, 3);
	client_await(c, "id: r1.1\n");
	front_reply(f, h, req, "ok", "", "r1");
	front_events(f, h, req, 2, 3, true, 3);
	ck_assert_int_eq(text_count(client_await(c, NULL), "\nid: r1."), 3);
	client_free(c);
	front_free(f);
}
END_TEST

/* The last event has none behind it that would show the gap. */
START_TEST(a_viewer_that_hears_nothing_asks_again)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	uint64_t req = h->m.follow.req;

	front_events(f, h, req, 1, 3, false, 4);
	client_await(c, "id: r1.3\n");
	h = front_expect(f, PROTO_FOLLOW);
	ck_assert_uint_eq(h->m.follow.req, req);
	ck_assert_uint_eq(h->m.follow.after, 3);
	front_events(f, h, req, 4, 4, true, 4);
	ck_assert_int_eq(text_count(client_await(c, NULL), "\nid: r1."), 4);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(an_event_that_is_lost_again_and_again_is_never_passed_over)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	const char *text;
	int i;

	front_events(f, h, h->m.follow.req, 1, 2, false, 4);
	for (i = 0; i < 5; i++) {
		front_events(f, h, h->m.follow.req, 4, 5, false, 4);
		h = front_expect(f, PROTO_FOLLOW);
		ck_assert_uint_eq(h->m.follow.after, 2);
	}
	front_events(f, h, h->m.follow.req, 3, 6, true, 4);
	text = client_await(c, NULL);
	ck_assert_int_eq(text_count(text, "\nid: r1."), 6);
	assert_contains(text, "\nid: r1.3\n");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(events_nobody_waits_for_are_unfollowed)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	uint64_t req = h->m.follow.req;

	front_events(f, h, req, 1, 1, false, 3);
	client_await(c, "id: r1.1\n");
	client_free(c);
	h = front_expect(f, PROTO_UNFOLLOW);
	/* It was lost. */
	front_events(f, h, req, 2, 2, false, 3);
	ck_assert_uint_eq(front_expect(f, PROTO_UNFOLLOW)->m.unfollow.req, req);
	front_free(f);
}
END_TEST

static void
send_status(struct front *f, const struct front_heard *to, uint64_t epoch)
{
	struct proto m = {
	    .type = PROTO_STATUS, .status = {.epoch = epoch, .ready = true}};

	front_send(f, &to->peer, &m);
}

START_TEST(a_late_word_of_an_earlier_supervisor_moves_nobody)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);

	f->epoch = 9;
	front_events(f, h, h->m.follow.req, 1, 1, false, 3);
	send_status(f, h, 9);
	h = front_expect(f, PROTO_FOLLOW);
	front_events(f, h, h->m.follow.req, 1, 1, false, 3);
	send_status(f, h, 8);
	send_status(f, h, 9);
	front_events(f, h, h->m.follow.req, 2, 2, true, 3);
	client_await(c, NULL);
	ck_assert(!front_has(f, PROTO_FOLLOW));
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(noise_is_refused_and_does_no_harm)
{
	struct front *f = front_new();
	unsigned char noise[4096];
	auto_str answer = NULL;
	unsigned seed = 7;
	int round;
	size_t i;

	for (round = 0; round < 50; round++) {
		struct client *c;
		const char *said;

		for (i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)rand_r(&seed);
		c = client_new(f, (const char *)noise, sizeof(noise));
		said = client_await(c, NULL);
		assert_status(said, 400);
		assert_contains(said, "application/problem+json");
		assert_contains(said, "\"status\":400,\"detail\":\"");
		client_free(c);
	}
	ck_assert_uint_eq(f->n_heard, 0);
	answer = client_ask(f, "GET /healthz", "", "");
	assert_status(answer, 200);
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_stream_goes_on_after_a_supervisor_restart, 0},
	    {an_unanswered_submission_is_sent_again_under_its_key, 0},
	    {an_unanswered_fork_is_sent_again_under_its_key, 0},
	    {without_a_supervisor_requests_are_503_in_time, 0},
	    {being_ended_it_lets_streams_end_whole, 0},
	    {what_is_not_answered_is_asked_again, ARRAY_LEN(askings)},
	    {a_submission_that_was_answered_twice_streams_on, 0},
	    {a_viewer_that_hears_nothing_asks_again, 0},
	    {an_event_that_is_lost_again_and_again_is_never_passed_over, 0},
	    {events_nobody_waits_for_are_unfollowed, 0},
	    {a_late_word_of_an_earlier_supervisor_moves_nobody, 0},
	    {noise_is_refused_and_does_no_harm, 0},
	};

	return RUN_TESTS("gateway_restarts", tests);
}
