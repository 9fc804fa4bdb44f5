/*
 * test_http.c - requests against a server that misbehaves in every way: the
 * deadline and the byte count hold, and the error says what to do.
 */
#include "common/buf.h"
#include "common/clk.h"
#include "common/http.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

/* What came of one request. */
struct got {
	struct buf body;
	char type[64];
	int head_status;
	struct http_result result;
	bool done;
	enum rc stop_on_data;
	struct http_call *cancel_in_data;
};

static enum rc
on_head(void *arg, int status, const char *type, struct err *err)
{
	struct got *g = arg;

	(void)err;
	g->head_status = status;
	snprintf(g->type, sizeof(g->type), "%s", type);
	return RC_OK;
}

static enum rc
on_data(void *arg, struct span bytes, struct err *err)
{
	struct got *g = arg;

	buf_add_span(&g->body, bytes);
	if (g->cancel_in_data != NULL)
		http_cancel(g->cancel_in_data);
	g->cancel_in_data = NULL;
	return g->stop_on_data == RC_OK
		   ? RC_OK
		   : err_set(err, g->stop_on_data, "the reader had enough");
}

static void
on_done(void *arg, const struct http_result *result)
{
	struct got *g = arg;

	g->result = *result;
	g->done = true;
}

static struct got
got_new(void)
{
	return (struct got){.body = {.max = 1 << 20}};
}

static struct http_req
request(const char *url, struct got *g)
{
	return (struct http_req){.url = url,
	    .timeout_ms = 5000,
	    .max_bytes = 100000,
	    .on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_done,
	    .arg = g};
}

/* Runs one request on a loop of its own to its end. */
static void
perform(const struct http_req *r, struct got *g)
{
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct err err = {0};

	ck_assert_msg(http_start(h, r, NULL, &err) == RC_OK, "%s", err.text);
	ck_assert(!g->done);
	ck_assert(loop_until(loop, &g->done, 15000));
	http_free(h);
	zloop_destroy(&loop);
}

static struct stub_route hello[] = {
    {"/hello", 200, "text/plain", "hello, world"},
    {"/teapot", 418, "text/plain", "short and stout"},
    {"/", 200, NULL, "{}"},
    {0},
};

START_TEST(an_answer_comes_with_head_body_and_status)
{
	struct stub_http *stub = stub_http_new(stub_routes, hello);
	struct got g = got_new();
	auto_str url = xasprintf("%s/hello", stub_http_url(stub));
	struct http_req r = request(url, &g);

	perform(&r, &g);
	ck_assert_msg(g.result.rc == RC_OK, "%s", g.result.err.text);
	ck_assert_int_eq(g.head_status, 200);
	ck_assert_int_eq(g.result.status, 200);
	ck_assert_str_eq(g.type, "text/plain");
	ck_assert_str_eq(buf_str(&g.body), "hello, world");
	ck_assert_uint_eq(g.result.bytes, 12);
	ck_assert_int_eq(g.result.retry_after_ms, -1);
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_status_of_failure_is_an_answer_too)
{
	struct stub_http *stub = stub_http_new(stub_routes, hello);
	struct got g = got_new();
	auto_str url = xasprintf("%s/teapot", stub_http_url(stub));
	struct http_req r = request(url, &g);

	perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_OK);
	ck_assert_int_eq(g.result.status, 418);
	ck_assert_str_eq(buf_str(&g.body), "short and stout");
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(connections_are_used_again)
{
	struct stub_http *stub = stub_http_new(stub_routes, hello);
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct err err;
	int i;

	for (i = 0; i < 5; i++) {
		struct got g = got_new();
		struct http_req r = request(stub_http_url(stub), &g);

		ck_assert(http_start(h, &r, NULL, &err) == RC_OK);
		ck_assert(loop_until(loop, &g.done, 5000));
		ck_assert_int_eq(g.result.rc, RC_OK);
		buf_done(&g.body);
	}
	ck_assert_int_eq(stub_http_requests(stub), 5);
	ck_assert_int_eq(stub_http_connections(stub), 1);
	http_free(h);
	zloop_destroy(&loop);
	stub_http_free(stub);
}
END_TEST

/* Answers with the request itself. */
static void
mirror(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	auto_buf b = {.max = 1 << 20};

	(void)arg;
	buf_addf(&b, "%s\n%s", rq->head, rq->body);
	stub_answer(c, 200, "text/plain", buf_str(&b));
}

START_TEST(method_headers_body_and_credentials_are_sent)
{
	static const char *const headers[] = {"X-One: 1", "Accept: a/b", NULL};
	struct stub_http *stub = stub_http_new(mirror, NULL);
	struct got basic = got_new(), bearer = got_new(), put = got_new();
	struct http_req r = request(stub_http_url(stub), &basic);

	r.method = "POST";
	r.body = span_of("a=1&b=2");
	r.headers = headers;
	r.user = "Aladdin";
	r.password = "open sesame";
	perform(&r, &basic);
	assert_contains(buf_str(&basic.body), "POST / HTTP/1.1\r\n");
	assert_contains(buf_str(&basic.body), "\r\nX-One: 1\r\n");
	assert_contains(buf_str(&basic.body), "\r\nAccept: a/b\r\n");
	assert_contains(buf_str(&basic.body), "\r\nContent-Length: 7\r\n");
	assert_contains(buf_str(&basic.body), "\na=1&b=2");
	assert_contains(buf_str(&basic.body),
	    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	assert_lacks(buf_str(&basic.body), "Accept-Encoding");
	assert_lacks(buf_str(&basic.body), "Expect");

	r = request(stub_http_url(stub), &bearer);
	r.bearer = "s3cret";
	perform(&r, &bearer);
	assert_contains(buf_str(&bearer.body), "GET / HTTP/1.1");
	assert_contains(
	    buf_str(&bearer.body), "Authorization: Bearer s3cret\r\n");

	r = request(stub_http_url(stub), &put);
	r.method = "PUT";
	r.body = span_of("x");
	perform(&r, &put);
	assert_contains(buf_str(&put.body), "PUT / HTTP/1.1");
	buf_done(&basic.body);
	buf_done(&bearer.body);
	buf_done(&put.body);
	stub_http_free(stub);
}
END_TEST

/* ---- servers that misbehave ---- */

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
    {endless, 5000, 0, RC_TOOBIG, "sent more than 100000 bytes"},
    {endless_head, 5000, 0, RC_TOOBIG, "65536 bytes of headers"},
    {half, 5000, 0, RC_UPSTREAM, "broke off in mid-answer"},
    {nothing, 5000, 0, RC_UPSTREAM, "closed the connection without"},
    {not_http, 5000, 0, RC_UPSTREAM, "does not speak HTTP"},
    {redirect, 5000, 0, RC_UPSTREAM, "a redirect, which is not followed"},
    {silent_in_the_middle, 300, 0, RC_TIMEOUT, "no whole answer within"},
    {silent_in_the_middle, 8000, 1000, RC_TIMEOUT,
	"silent for more than 1000 ms"},
};

START_TEST(a_hostile_server_gets_a_typed_failure_within_the_limits)
{
	struct stub_http *stub = stub_http_new(hostile[_i].answer, NULL);
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);
	int64_t start = clk_mono_ms();

	r.timeout_ms = hostile[_i].timeout_ms;
	r.idle_timeout_ms = hostile[_i].idle_ms;
	perform(&r, &g);
	ck_assert_int_eq(g.result.rc, hostile[_i].rc);
	assert_contains(g.result.err.text, hostile[_i].says);
	assert_contains(g.result.err.text, stub_http_url(stub));
	ck_assert_int_le(clk_mono_ms() - start, hostile[_i].timeout_ms + 500);
	ck_assert_uint_le(g.body.len, 100000);
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(compressed_bytes_that_nobody_asked_for_are_not_unpacked)
{
	struct stub_http *stub = stub_http_new(gzip_bomb, NULL);
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);

	perform(&r, &g);
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
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);

	perform(&r, &g);
	ck_assert_int_eq(g.result.status, 503);
	ck_assert_int_eq(g.result.retry_after_ms, 7000);
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_closed_port_is_told_with_what_to_do_and_without_credentials)
{
	struct got g = got_new();
	struct http_req r =
	    request("http://ann:hunter2@127.0.0.1:1/x?token=hunter2", &g);

	perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_UPSTREAM);
	assert_contains(g.result.err.text, "http://127.0.0.1:1/x: nobody");
	assert_contains(g.result.err.text, "is it running");
	assert_lacks(g.result.err.text, "hunter2");
	assert_lacks(g.result.err.text, "ann");
	buf_done(&g.body);
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
	struct got g = got_new();
	struct http_req r = request(unusable[_i].url, &g);
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
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);

	g.stop_on_data = RC_INVALID;
	perform(&r, &g);
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
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);
	struct http_call *call;
	struct err err;

	ck_assert(http_start(h, &r, &call, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, 5000));
	http_cancel(call);
	ck_assert(await(none_open, stub, 1000));
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
	struct got hung = got_new(), g = got_new();
	struct http_req r1 = request(stub_http_url(stub), &hung);
	struct http_req r2 = request(stub_http_url(talker), &g);
	struct err err;

	ck_assert(http_start(h, &r1, &g.cancel_in_data, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, 5000));
	ck_assert(http_start(h, &r2, NULL, &err) == RC_OK);
	ck_assert(loop_until(loop, &g.done, 5000));
	ck_assert(await(none_open, stub, 1000));
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
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);
	struct err err;

	ck_assert(http_start(h, &r, &g.cancel_in_data, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, 5000));
	ck_assert(loop_until_cond(loop, none_open, stub, 5000));
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
	struct got g = got_new();
	struct http_req r = request(stub_http_url(stub), &g);
	struct err err;

	ck_assert(http_start(h, &r, NULL, &err) == RC_OK);
	ck_assert(http_start(h, &r, NULL, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, some_request, stub, 5000));
	http_free(h);
	ck_assert(!g.done);
	zloop_destroy(&loop);
	stub_http_free(stub);
}
END_TEST

/* ---- batches ---- */

START_TEST(a_batch_runs_all_its_requests_on_few_connections)
{
	enum { N = 50 };
	struct stub_http *stub = stub_http_new(stub_routes, hello);
	struct got g[N];
	struct http_req r[N];
	int i;

	for (i = 0; i < N; i++) {
		g[i] = got_new();
		r[i] = request(stub_http_url(stub), &g[i]);
	}
	r[7].url = "nonsense";
	ck_assert(http_run(r, N, 4, NULL) == RC_OK);
	for (i = 0; i < N; i++) {
		ck_assert(g[i].done);
		ck_assert_int_eq(g[i].result.rc, i == 7 ? RC_INVALID : RC_OK);
		buf_done(&g[i].body);
	}
	ck_assert_int_eq(stub_http_requests(stub), N - 1);
	ck_assert_int_le(stub_http_connections(stub), 4);
	stub_http_free(stub);
}
END_TEST

struct canceller {
	struct stub_http *stub;
	atomic_bool cancel;
};

/* Calls off once the server has been asked. */
static void *
cancel_main(void *arg)
{
	struct canceller *c = arg;

	await(some_request, c->stub, 5000);
	atomic_store(&c->cancel, true);
	return NULL;
}

START_TEST(a_batch_that_is_cancelled_ends_soon_and_tells_every_request)
{
	enum { N = 10 };
	struct stub_http *stub = stub_http_new(never, NULL);
	struct got g[N];
	struct http_req r[N];
	struct canceller c = {.stub = stub};
	pthread_t thread;
	int64_t start = clk_mono_ms();
	int i;

	for (i = 0; i < N; i++) {
		g[i] = got_new();
		r[i] = request(stub_http_url(stub), &g[i]);
	}
	pthread_create(&thread, NULL, cancel_main, &c);
	ck_assert(http_run(r, N, 4, &c.cancel) == RC_CANCELLED);
	pthread_join(thread, NULL);
	ck_assert_int_le(clk_mono_ms() - start, 1000);
	for (i = 0; i < N; i++)
		ck_assert(g[i].done && g[i].result.rc == RC_CANCELLED);
	stub_http_free(stub);
}
END_TEST

START_TEST(text_is_escaped_for_queries)
{
	auto_buf b = {.max = 100};

	http_put_escaped(&b, span_of("a{b=\"\xE5\"} +z~"));
	ck_assert_str_eq(buf_str(&b), "a%7Bb%3D%22%E5%22%7D%20%2Bz~");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_answer_comes_with_head_body_and_status, 0},
	    {a_status_of_failure_is_an_answer_too, 0},
	    {connections_are_used_again, 0},
	    {method_headers_body_and_credentials_are_sent, 0},
	    {a_hostile_server_gets_a_typed_failure_within_the_limits,
		ARRAY_LEN(hostile)},
	    {compressed_bytes_that_nobody_asked_for_are_not_unpacked, 0},
	    {retry_after_is_passed_on, 0},
	    {a_closed_port_is_told_with_what_to_do_and_without_credentials, 0},
	    {what_cannot_be_used_is_refused_before_anything_is_sent,
		ARRAY_LEN(unusable)},
	    {a_reader_that_stops_ends_the_request_with_its_own_error, 0},
	    {a_request_that_is_cancelled_closes_its_connection_at_once, 0},
	    {a_request_may_be_cancelled_from_another_ones_data, 0},
	    {a_request_may_cancel_itself_from_its_own_data, 0},
	    {freeing_calls_off_what_is_under_way, 0},
	    {a_batch_runs_all_its_requests_on_few_connections, 0},
	    {a_batch_that_is_cancelled_ends_soon_and_tells_every_request, 0},
	    {text_is_escaped_for_queries, 0},
	};

	return RUN_TESTS("http", tests);
}
