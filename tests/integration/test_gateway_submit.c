/*
 * test_gateway_submit.c - the real gateway hands a request to a supervisor of
 * ours and answers as it was asked to: a stream, a place to look, a result.
 */
#include "common/base/buf.h"
#include "common/wire/wire.h"
#include "tests/harness/client.h"
#include "tests/harness/front.h"
#include "tests/harness/texts.h"

START_TEST(a_submission_streams_from_its_first_event)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_submit(f, CLIENT_JSON, &c);
	const char *text;

	ck_assert(span_is(wire_find_str(h->m.submit.input, "input"), "why"));
	ck_assert(span_is(wire_find_str(h->m.submit.input, "language"), "zh"));
	ck_assert_uint_eq(h->m.submit.follow, 1);
	ck_assert_uint_eq(h->m.submit.key.n, 32);
	front_reply(f, h, h->m.submit.req, "ok", "", "r1");
	text = client_await(c, "retry: 1000\n\n");
	assert_status(text, 200);
	assert_contains(text, "text/event-stream");
	assert_contains(text, "Cache-Control: no-store");
	assert_contains(text, "X-Accel-Buffering: no");
	assert_contains(text, "Location: /api/investigations/r1\r\n");
	front_events(f, h, h->m.submit.req, 1, 1, false, 3);
	client_await(c, "id: r1.1\nevent: plan\ndata: {\"pad\":\"xxx\"}\n\n");
	front_events(f, h, h->m.submit.req, 2, 4, true, 3);
	text = client_await(c, NULL);
	assert_contains(text, "id: r1.4\nevent: finished\n");
	ck_assert_int_eq(text_count(text, "\nid: r1."), 4);
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(tokens_are_shown_without_an_id)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_submit(f, CLIENT_JSON, &c);
	struct proto m = {.type = PROTO_FLEETING,
	    .fleeting = {.req = h->m.submit.req,
		.run = span_of("r1"),
		.type = span_of("token")}};
	const char *text;
	auto_buf data = {0};

	buf_init(&data, 100);
	wire_put_map(&data, 1);
	wire_put_str(&data, "text");
	wire_put_str(&data, "a\nb");
	m.fleeting.data = buf_span(&data);
	front_reply(f, h, h->m.submit.req, "ok", "", "r1");
	front_send(f, &h->peer, &m);
	text = client_await(c, "event: token\ndata: {\"text\":\"a\\nb\"}\n\n");
	assert_lacks(text, "\nid: ");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(respond_async_is_answered_with_the_place_to_look)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_submit(f,
	    CLIENT_JSON "Prefer: respond-async\r\nIdempotency-Key: k-1\r\n"
			"Accept-Language: de, en-US;q=0.8, zh;q=0.5\r\n",
	    &c);
	const char *text;

	ck_assert(span_is(h->m.submit.key, "k-1"));
	ck_assert_uint_eq(h->m.submit.follow, 0);
	ck_assert(span_is(wire_find_str(h->m.submit.input, "language"), "en"));
	front_reply(f, h, h->m.submit.req, "ok", "", "r1");
	text = client_await(c, NULL);
	assert_status(text, 202);
	assert_contains(text, "Location: /api/investigations/r1\r\n");
	assert_contains(text, "Preference-Applied: respond-async\r\n");
	assert_contains(text, "\"id\":\"r1\"");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(json_waits_for_the_result)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h =
	    client_submit(f, CLIENT_JSON "Accept: application/json\r\n", &c);
	struct front_heard *q;
	const char *text;
	auto_buf v = {0};

	front_reply(f, h, h->m.submit.req, "ok", "", "r1");
	front_events(f, h, h->m.submit.req, 1, 3, false, 3);
	front_events(f, h, h->m.submit.req, 4, 5, true, 3);
	q = front_expect(f, PROTO_QUERY);
	ck_assert(span_is(q->m.query.what, "report"));
	ck_assert(span_is(q->m.query.run, "r1"));
	buf_init(&v, 1000);
	proto_put_told(&v,
	    &(struct proto_told){.markdown = span_of("# R"),
		.status = span_of("completed")});
	front_value(f, q, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "{\"id\":\"r1\",\"status\":\"completed\","
			      "\"reason\":\"\",\"report\":\"# R\","
			      "\"conclusion\":null,\"verdict\":null}");
	client_free(c);
	front_free(f);
}
END_TEST

static const struct {
	const char *rc;
	int status;
	const char *field;
} refusals[] = {
    {"conflict", 409, ""},
    {"busy", 503, "Retry-After: "},
    {"invalid", 400, ""},
    {"notfound", 404, ""},
    {"io", 503, "Retry-After: "},
    {"toobig", 413, ""},
    {"what?", 502, ""},
};

START_TEST(refusals_of_the_supervisor_have_their_status)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = client_submit(f, CLIENT_JSON, &c);
	const char *text;

	front_reply(f, h, h->m.submit.req, refusals[_i].rc, "because", "");
	text = client_await(c, NULL);
	assert_status(text, refusals[_i].status);
	assert_contains(text, "application/problem+json");
	assert_contains(text, "\"detail\":\"because\"");
	assert_contains(text, refusals[_i].field);
	client_free(c);
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_submission_streams_from_its_first_event, 0},
	    {tokens_are_shown_without_an_id, 0},
	    {respond_async_is_answered_with_the_place_to_look, 0},
	    {json_waits_for_the_result, 0},
	    {refusals_of_the_supervisor_have_their_status, ARRAY_LEN(refusals)},
	};

	return RUN_TESTS("gateway_submit", tests);
}
