/*
 * test_http_ends.c - requests that end otherwise: against servers that
 * misbehave in every way, the deadline and the byte count hold and the error
 * says what to do; and requests that are called off.
 */
#include "common/base/buf.h"
#include "common/net/http.h"
#include "tests/harness/fetch.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

static struct stub_route hello[] = {
    {"/hello", 200, "text/plain", "hello, world"},
    {"/teapot", 418, "text/plain", "short and stout"},
    {"/", 200, NULL, "{}"},
    {0},
};

static void
never(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_hang(c);
}

static void
endless(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	static char block[65536];

	(void)rq;
	(void)arg;
	memset(block, 'x', sizeof(block));
	stub_raws(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	while (stub_raws(c, "10000\r\n") && stub_raw(c, block, sizeof(block)) &&
	       stub_raws(c, "\r\n"))
		;
	stub_close(c);
}

static void
endless_head(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\n");
	while (stub_raws(c, "X-Filler: 0123456789012345678901234567890\r\n"))
		;
	stub_close(c);
}

static void
half(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"st");
	stub_close(c);
}

static void
nothing(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_close(c);
}

static void
not_http(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "220 mail.example ESMTP\r\n");
	stub_close(c);
}

static void
redirect(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\n"
		     "Content-Length: 0\r\n\r\n");
}

static void
silent_in_the_middle(
    struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
	stub_hang(c);
}

/* 1 GB of zeros as a gzip of 1 MB: header, then the same block again. */
static void
gzip_bomb(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	static const unsigned char start[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0,
	    3, 0xec, 0xc1, 0x31, 0x01, 0, 0, 0, 0xc2, 0xa0, 0xf5, 0x4f, 0xed,
	    0x6b, 0x0b, 0xa0};
	static char zeros[60000];

	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		     "Content-Length: 60025\r\n\r\n");
	stub_raw(c, start, sizeof(start));
	stub_raw(c, zeros, sizeof(zeros));
}

static void
retry_later(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
		     "Content-Length: 0\r\n\r\n");
}

static const struct {
	stub_fn *answer;
	int timeout_ms, idle_ms;
	enum rc rc;
	const char *says;
} hostile[] = {
    {never, 300, 0, RC_TIMEOUT, "no answer within 300 ms"},
    {endless, NEVER_MS, 0, RC_TOOBIG, "sent more than 100000 bytes"},
    {endless_head, NEVER_MS, 0, RC_TOOBIG, "65536 bytes of headers"},
    {half, NEVER_MS, 0, RC_UPSTREAM, "broke off in mid-answer"},
    {nothing, NEVER_MS, 0, RC_UPSTREAM, "closed the connection without"},
    {not_http, NEVER_MS, 0, RC_UPSTREAM, "does not speak HTTP"},
    {redirect, NEVER_MS, 0, RC_UPSTREAM, "which is not followed"},
    {silent_in_the_middle, 3000, 0, RC_TIMEOUT, "no whole answer within"},
    {silent_in_the_middle, NEVER_MS, 1000, RC_TIMEOUT,
	"silent for more than 1000 ms"},
};

START_TEST(a_hostile_server_gets_a_typed_failure_within_the_limits)
{
	struct stub_http *stub = stub_http_new(hostile[_i].answer, NULL);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);

	r.timeout_ms = hostile[_i].timeout_ms;
	r.idle_timeout_ms = hostile[_i].idle_ms;
	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.rc, hostile[_i].rc);
	assert_contains(g.result.err.text, hostile[_i].says);
	assert_contains(g.result.err.text, stub_http_url(stub));
	ck_assert_uint_le(g.body.len, 100000);
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(compressed_bytes_that_nobody_asked_for_are_not_unpacked)
{
	struct stub_http *stub = stub_http_new(gzip_bomb, NULL);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);

	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_OK);
	ck_assert_uint_eq(g.result.bytes, 60025);
	ck_assert_uint_eq((unsigned char)g.body.data[0], 0x1f);
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(retry_after_is_passed_on)
{
	struct stub_http *stub = stub_http_new(retry_later, NULL);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);

	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.status, 503);
	ck_assert_int_eq(g.result.retry_after_ms, 7000);
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_closed_port_is_told_with_what_to_do_and_without_credentials)
{
	struct fetch g = fetch_new();
	struct http_req r =
	    fetch_request("http://ann:hunter2@127.0.0.1:1/x?token=hunter2", &g);

	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_UPSTREAM);
	assert_contains(g.result.err.text, "http://127.0.0.1:1/x: nobody");
	assert_contains(g.result.err.text, "is it running");
	assert_lacks(g.result.err.text, "hunter2");
	assert_lacks(g.result.err.text, "ann");
	buf_done(&g.body);
}
END_TEST

START_TEST(a_ca_file_that_is_none_is_told)
{
	struct stub_http *stub = stub_http_new(not_http, NULL);
	auto_str url =
	    xasprintf("https%s", stub_http_url(stub) + strlen("http"));
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(url, &g);

	r.ca_file = "/nonexistent/ca.pem";
	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_INVALID);
	assert_contains(g.result.err.text, "the CA file cannot be read");
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

static const struct {
	const char *url, *bearer, *says;
} unusable[] = {
    {"", NULL, "not a URL such as"},
    {"prometheus:9090", NULL, "not a URL such as http://host:9090"},
    {"file:///etc/passwd", NULL, "must begin with http://"},
    {"http://", NULL, "not a URL"},
    {"http://a b/", NULL, "not a URL"},
    {"http://host/", "x\r\nEvil: 1", "control character"},
};

START_TEST(what_cannot_be_used_is_refused_before_anything_is_sent)
{
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(unusable[_i].url, &g);
	struct err err = {0};

	r.bearer = unusable[_i].bearer;
	ck_assert_int_eq(http_start(h, &r, NULL, &err), RC_INVALID);
	assert_contains(err.text, unusable[_i].says);
	http_free(h);
	zloop_destroy(&loop);
}
END_TEST

START_TEST(a_reader_that_stops_ends_the_request_with_its_own_error)
{
	struct stub_http *stub = stub_http_new(endless, NULL);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);

	g.stop_on_data = RC_INVALID;
	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_INVALID);
	ck_assert_str_eq(g.result.err.text, "the reader had enough");
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

static bool
none_open(void *arg)
{
	return stub_http_open(arg) == 0;
}

static bool
some_request(void *arg)
{
	return stub_http_requests(arg) >= 1;
}

START_TEST(a_request_that_is_cancelled_closes_its_connection_at_once)
{
	struct stub_http *stub = stub_http_new(never, NULL);
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);
	struct http_call *call;
	struct err err;

	ck_assert(http_start(h, &r, &call, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, AWAIT_MS));
	http_cancel(call);
	ck_assert(await(none_open, stub, AWAIT_MS));
	ck_assert(!g.done);
	http_free(h);
	zloop_destroy(&loop);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_request_may_be_cancelled_from_another_ones_data)
{
	struct stub_http *stub = stub_http_new(never, NULL);
	struct stub_http *talker = stub_http_new(stub_routes, hello);
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct fetch hung = fetch_new(), g = fetch_new();
	struct http_req r1 = fetch_request(stub_http_url(stub), &hung);
	struct http_req r2 = fetch_request(stub_http_url(talker), &g);
	struct err err;

	ck_assert(http_start(h, &r1, &g.cancel_in_data, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, AWAIT_MS));
	ck_assert(http_start(h, &r2, NULL, &err) == RC_OK);
	ck_assert(loop_until(loop, &g.done, AWAIT_MS));
	ck_assert(await(none_open, stub, AWAIT_MS));
	ck_assert(!hung.done);
	buf_done(&g.body);
	http_free(h);
	zloop_destroy(&loop);
	stub_http_free(talker);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_request_may_cancel_itself_from_its_own_data)
{
	struct stub_http *stub = stub_http_new(silent_in_the_middle, NULL);
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);
	struct err err;

	ck_assert(http_start(h, &r, &g.cancel_in_data, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, AWAIT_MS));
	ck_assert(loop_until_cond(loop, none_open, stub, AWAIT_MS));
	ck_assert(!g.done);
	buf_done(&g.body);
	http_free(h);
	zloop_destroy(&loop);
	stub_http_free(stub);
}
END_TEST

START_TEST(freeing_calls_off_what_is_under_way)
{
	struct stub_http *stub = stub_http_new(never, NULL);
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &g);
	struct err err;

	ck_assert(http_start(h, &r, NULL, &err) == RC_OK);
	ck_assert(http_start(h, &r, NULL, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, AWAIT_MS));
	http_free(h);
	ck_assert(!g.done);
	zloop_destroy(&loop);
	stub_http_free(stub);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_hostile_server_gets_a_typed_failure_within_the_limits,
		ARRAY_LEN(hostile)},
	    {compressed_bytes_that_nobody_asked_for_are_not_unpacked, 0},
	    {retry_after_is_passed_on, 0},
	    {a_closed_port_is_told_with_what_to_do_and_without_credentials, 0},
	    {a_ca_file_that_is_none_is_told, 0},
	    {what_cannot_be_used_is_refused_before_anything_is_sent,
		ARRAY_LEN(unusable)},
	    {a_reader_that_stops_ends_the_request_with_its_own_error, 0},
	    {a_request_that_is_cancelled_closes_its_connection_at_once, 0},
	    {a_request_may_be_cancelled_from_another_ones_data, 0},
	    {a_request_may_cancel_itself_from_its_own_data, 0},
	    {freeing_calls_off_what_is_under_way, 0},
	};

	return RUN_TESTS("http_ends", tests);
}
