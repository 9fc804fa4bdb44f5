/*
 * test_gateway_streams.c - viewers of a run through the real gateway: they
 * resume, stay alive, leave, and do not hold up each other.
 */
#include "common/base/clk.h"
#include "tests/harness/client.h"
#include "tests/harness/front.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <errno.h>
#include <stdio.h>

static const char *const quick[] = {"--keep-alive", "1", NULL};

static const struct {
	const char *arg, *fields;
	uint64_t after;
} resumes[] = {
    {"", "", 0},
    {"", "Last-Event-ID: r1.5\r\n", 5},
    {"?last_event_id=r1.6", "", 6},
    {"?last_event_id=r1.6", "Last-Event-ID: r1.8\r\n", 8},
    {"", "Last-Event-ID:  r1.5 \t \r\n", 5},
};

START_TEST(a_viewer_resumes_after_what_it_has_seen)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h =
	    client_follow(f, resumes[_i].arg, resumes[_i].fields, &c);
	uint64_t after = h->m.follow.after;
	const char *text;
	char first[32];

	ck_assert_uint_eq(after, resumes[_i].after);
	front_events(f, h, h->m.follow.req, after + 1, after + 3, true, 4);
	text = client_await(c, NULL);
	assert_status(text, 200);
	ck_assert_int_eq(text_count(text, "\nid: r1."), 3);
	snprintf(first, sizeof(first), "id: r1.%d\n", (int)after + 1);
	assert_contains(text, first);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(a_finished_run_that_was_seen_is_204)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h =
	    client_follow(f, "", "Last-Event-ID: r1.9\r\n", &c);

	front_events(f, h, h->m.follow.req, 1, 0, true, 0);
	assert_status(client_await(c, NULL), 204);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(an_unknown_run_is_404)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);

	front_reply(f, h, h->m.follow.req, "notfound", "there is no r1", "");
	assert_status(client_await(c, NULL), 404);
	client_free(c);
	front_free(f);
}
END_TEST

/* Its time may be over while it is watched. */
START_TEST(a_run_that_is_removed_under_its_viewer_ends_the_stream_with_why)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	const char *text;

	front_events(f, h, h->m.follow.req, 1, 2, false, 4);
	client_await(c, "\nid: r1.2\n");
	front_reply(f, h, h->m.follow.req, "notfound", "r1 was removed", "");
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "\nevent: error\ndata: {\"text\":\"r1 was "
			      "removed\"}\n\n");
	ck_assert_int_eq(text_count(text, "\nid: "), 2);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(many_viewers_see_one_run)
{
	enum { VIEWERS = 20 };
	struct front *f = front_new();
	struct client *c[VIEWERS];
	struct front_heard *h[VIEWERS];
	int i;

	for (i = 0; i < VIEWERS; i++)
		h[i] = client_follow(f, "", "", &c[i]);
	for (i = 0; i < VIEWERS; i++)
		front_events(f, h[i], h[i]->m.follow.req, 1, 5, true, 10);
	for (i = 0; i < VIEWERS; i++) {
		const char *text = client_await(c[i], NULL);

		ck_assert_int_eq(text_count(text, "\nid: r1."), 5);
		client_free(c[i]);
	}
	front_free(f);
}
END_TEST

/* Notes whose FOLLOW it is; how many different ones there were. */
static size_t
note_one(uint64_t *reqs, size_t n, uint64_t req)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (reqs[i] == req)
			return n;
	reqs[n] = req;
	return n + 1;
}

START_TEST(a_crowd_is_asked_for_a_few_at_a_time_and_all_are_served)
{
	enum { VIEWERS = 100, AT_ONCE = 64 };
	struct front *f = front_new();
	struct client *c[VIEWERS], *other;
	uint64_t reqs[VIEWERS + 1];
	struct front_heard *h;
	size_t i, n = 0;

	for (i = 0; i < VIEWERS; i++)
		c[i] = client_request(
		    f, "GET /api/investigations/r1/events", "", "");
	/* Nobody has been answered, and a request does not wait for that. */
	client_submit(f, CLIENT_JSON, &other);
	while (n < AT_ONCE)
		n = note_one(
		    reqs, n, front_expect(f, PROTO_FOLLOW)->m.follow.req);
	while (front_has(f, PROTO_FOLLOW))
		ck_assert_uint_eq(
		    AT_ONCE, note_one(reqs, n,
				 front_expect(f, PROTO_FOLLOW)->m.follow.req));
	for (i = 0; i < VIEWERS; i++) {
		while (i >= n) {
			h = front_expect(f, PROTO_FOLLOW);
			n = note_one(reqs, n, h->m.follow.req);
		}
		front_events(f, &f->heard[0], reqs[i], 1, 5, true, 10);
	}
	for (i = 0; i < VIEWERS; i++) {
		ck_assert_int_eq(
		    text_count(client_await(c[i], NULL), "\nid: r1."), 5);
		client_free(c[i]);
	}
	client_free(other);
	front_free(f);
}
END_TEST

START_TEST(an_idle_stream_is_kept_alive)
{
	struct front *f = front_new_with(quick);
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);

	front_events(f, h, h->m.follow.req, 1, 0, false, 0);
	client_await(c, ": keep-alive\n\n\r\nE\r\n: keep-alive\n\n");
	client_free(c);
	front_free(f);
}
END_TEST

/* Not by the next comment, which could not be sent. */
START_TEST(a_viewer_that_leaves_is_unfollowed_at_once)
{
	static const char *const quiet[] = {"--keep-alive", "600", NULL};
	struct front *f = front_new_with(quiet);
	struct client *c;
	struct front_heard *h = client_submit(f, CLIENT_JSON, &c);
	uint64_t req = h->m.submit.req;

	front_reply(f, h, req, "ok", "", "r1");
	front_events(f, h, req, 1, 1, false, 3);
	client_await(c, "id: r1.1\n");
	client_free(c);
	h = front_expect(f, PROTO_UNFOLLOW);
	ck_assert_uint_eq(h->m.unfollow.req, req);
	front_free(f);
}
END_TEST

START_TEST(repeated_and_missing_events_are_put_right)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	uint64_t req = h->m.follow.req;
	const char *text;

	front_events(f, h, req, 1, 3, false, 4);
	front_events(f, h, req, 2, 4, false, 4); /* again */
	front_events(f, h, req, 6, 7, false, 4); /* 5 was lost */
	h = front_expect(f, PROTO_FOLLOW);
	ck_assert_uint_eq(h->m.follow.after, 4);
	ck_assert_uint_ne(h->m.follow.req, req);
	front_events(f, h, req, 8, 8, false, 4); /* of the old subscription */
	front_events(f, h, h->m.follow.req, 5, 8, true, 4);
	text = client_await(c, NULL);
	ck_assert_int_eq(text_count(text, "\nid: r1."), 8);
	client_free(c);
	front_free(f);
}
END_TEST

/* A run far larger than what may wait for one viewer reaches one that
 * reads, in several helpings; nothing is lost or doubled. */
START_TEST(a_long_replay_comes_in_helpings)
{
	enum { EVENTS = 400, BYTES = 4000 };
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	int helpings = 0;
	const char *text;

	front_events(f, h, h->m.follow.req, 1, EVENTS, true, BYTES);
	for (;;) {
		if (client_has(c, "event: finished", 20))
			break;
		while (front_has(f, PROTO_FOLLOW)) {
			h = front_expect(f, PROTO_FOLLOW);
			front_events(f, h, h->m.follow.req,
			    h->m.follow.after + 1, EVENTS, true, BYTES);
			helpings++;
		}
	}
	text = client_await(c, NULL);
	ck_assert_int_eq(text_count(text, "\nid: r1."), EVENTS);
	ck_assert_int_gt(helpings, 5);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(a_viewer_that_does_not_read_is_cut)
{
	enum { EVENTS = 2000, BYTES = 4000 };
	static const char *const more[] = {
	    "--stall", "1", "--log-level", "debug", NULL};
	struct front *f = front_new_with(more);
	struct client *c;
	struct front_heard *h = client_follow(f, "", "", &c);
	int64_t until = clk_mono_ms() + FRONT_MS;
	uint64_t req;

	/* What the kernel takes is asked for in helpings; then it is full. */
	while (!proc_await_err(f->proc, "does not read", 0)) {
		ck_assert_int_lt(clk_mono_ms(), until);
		if (h != NULL) {
			req = h->m.follow.req;
			front_events(f, h, req, h->m.follow.after + 1, EVENTS,
			    false, BYTES);
			h = front_expect(f, PROTO_UNFOLLOW);
			ck_assert_uint_eq(h->m.unfollow.req, req);
		}
		h = front_await(f, PROTO_FOLLOW, 100);
	}
	client_await(c, NULL);
	ck_assert_int_eq(c->error, ECONNRESET);
	client_free(c);
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_viewer_resumes_after_what_it_has_seen, ARRAY_LEN(resumes)},
	    {a_finished_run_that_was_seen_is_204, 0},
	    {an_unknown_run_is_404, 0},
	    {a_run_that_is_removed_under_its_viewer_ends_the_stream_with_why,
		0},
	    {many_viewers_see_one_run, 0},
	    {a_crowd_is_asked_for_a_few_at_a_time_and_all_are_served, 0},
	    {an_idle_stream_is_kept_alive, 0},
	    {a_viewer_that_leaves_is_unfollowed_at_once, 0},
	    {repeated_and_missing_events_are_put_right, 0},
	    {a_long_replay_comes_in_helpings, 0},
	    {a_viewer_that_does_not_read_is_cut, 0},
	};

	return RUN_TESTS("gateway_streams", tests);
}
