/*
 * test_http.c - the HTTP client against servers that behave: what is sent and
 * what comes, one by one and in batches.
 */
#include "common/base/buf.h"
#include "common/net/http.h"
#include "tests/harness/fetch.h"
#include "tests/harness/loop.h"
#include "tests/harness/proxy.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

static struct stub_route hello[] = {
    {"/hello", 200, "text/plain", "hello, world"},
    {"/teapot", 418, "text/plain", "short and stout"},
    {"/", 200, NULL, "{}"},
    {0},
};

START_TEST(an_answer_comes_with_head_body_and_status)
{
	struct stub_http *stub = stub_http_new(stub_routes, hello);
	struct fetch g = fetch_new();
	auto_str url = xasprintf("%s/hello", stub_http_url(stub));
	struct http_req r = fetch_request(url, &g);

	fetch_perform(&r, &g);
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
	struct fetch g = fetch_new();
	auto_str url = xasprintf("%s/teapot", stub_http_url(stub));
	struct http_req r = fetch_request(url, &g);

	fetch_perform(&r, &g);
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
		struct fetch g = fetch_new();
		struct http_req r = fetch_request(stub_http_url(stub), &g);

		ck_assert(http_start(h, &r, NULL, &err) == RC_OK);
		ck_assert(loop_until(loop, &g.done, AWAIT_MS));
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
	struct fetch basic = fetch_new(), bearer = fetch_new(),
		     put = fetch_new();
	struct http_req r = fetch_request(stub_http_url(stub), &basic);

	r.method = "POST";
	r.body = span_of("a=1&b=2");
	r.headers = headers;
	r.user = "Aladdin";
	r.password = "open sesame";
	fetch_perform(&r, &basic);
	assert_contains(buf_str(&basic.body), "POST / HTTP/1.1\r\n");
	assert_contains(buf_str(&basic.body), "\r\nX-One: 1\r\n");
	assert_contains(buf_str(&basic.body), "\r\nAccept: a/b\r\n");
	assert_contains(buf_str(&basic.body), "\r\nContent-Length: 7\r\n");
	assert_contains(buf_str(&basic.body), "\na=1&b=2");
	assert_contains(buf_str(&basic.body),
	    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	assert_lacks(buf_str(&basic.body), "Accept-Encoding");
	assert_lacks(buf_str(&basic.body), "Expect");

	r = fetch_request(stub_http_url(stub), &bearer);
	r.bearer = "s3cret";
	fetch_perform(&r, &bearer);
	assert_contains(buf_str(&bearer.body), "GET / HTTP/1.1");
	assert_contains(
	    buf_str(&bearer.body), "Authorization: Bearer s3cret\r\n");

	r = fetch_request(stub_http_url(stub), &put);
	r.method = "PUT";
	r.body = span_of("x");
	fetch_perform(&r, &put);
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

static bool
some_request(void *arg)
{
	return stub_http_requests(arg) >= 1;
}

/* ---- batches ---- */

START_TEST(a_batch_runs_all_its_requests_on_few_connections)
{
	enum { N = 50 };
	struct stub_http *stub = stub_http_new(stub_routes, hello);
	struct fetch g[N];
	struct http_req r[N];
	int i;

	for (i = 0; i < N; i++) {
		g[i] = fetch_new();
		r[i] = fetch_request(stub_http_url(stub), &g[i]);
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

	await(some_request, c->stub, AWAIT_MS);
	atomic_store(&c->cancel, true);
	return NULL;
}

START_TEST(a_batch_that_is_cancelled_ends_soon_and_tells_every_request)
{
	enum { N = 10 };
	struct stub_http *stub = stub_http_new(never, NULL);
	struct fetch g[N];
	struct http_req r[N];
	struct canceller c = {.stub = stub};
	pthread_t thread;
	int i;

	for (i = 0; i < N; i++) {
		g[i] = fetch_new();
		r[i] = fetch_request(stub_http_url(stub), &g[i]);
	}
	pthread_create(&thread, NULL, cancel_main, &c);
	ck_assert(http_run(r, N, 4, &c.cancel) == RC_CANCELLED);
	pthread_join(thread, NULL);
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

/* ---- proxies ---- */

START_TEST(a_request_goes_through_its_proxy_and_no_other)
{
	struct stub_http *origin = stub_http_new(stub_routes, hello);
	struct stub_http *proxy = stub_http_new(proxy_forward, NULL);
	auto_str url = xasprintf("%s/teapot", stub_http_url(origin));
	struct fetch g = fetch_new(), direct = fetch_new();
	struct http_req r = fetch_request(url, &g);

	/* Neither does the environment name one, nor take one away. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	setenv("no_proxy", "127.0.0.1", 1);
	r.proxy = stub_http_url(proxy);
	fetch_perform(&r, &g);
	ck_assert_msg(g.result.rc == RC_OK, "%s", g.result.err.text);
	ck_assert_int_eq(g.result.status, 418);
	ck_assert_str_eq(buf_str(&g.body), "short and stout");
	ck_assert_int_eq(stub_http_requests(proxy), 1);
	ck_assert_int_eq(stub_http_requests(origin), 1);

	r = fetch_request(url, &direct);
	fetch_perform(&r, &direct);
	ck_assert_msg(direct.result.rc == RC_OK, "%s", direct.result.err.text);
	ck_assert_int_eq(stub_http_requests(proxy), 1);
	ck_assert_int_eq(stub_http_requests(origin), 2);
	buf_done(&g.body);
	buf_done(&direct.body);
	stub_http_free(proxy);
	stub_http_free(origin);
}
END_TEST

START_TEST(a_proxy_that_makes_no_tunnel_is_told_of)
{
	struct stub_http *proxy = stub_http_new(proxy_forward, NULL);
	struct fetch g = fetch_new();
	struct http_req r = fetch_request("https://127.0.0.1:1/x", &g);

	r.proxy = stub_http_url(proxy);
	fetch_perform(&r, &g);
	ck_assert_int_eq(g.result.rc, RC_UPSTREAM);
	assert_contains(g.result.err.text,
	    "https://127.0.0.1:1/x through http://127.0.0.1:");
	assert_contains(g.result.err.text, "the proxy answered 403");
	ck_assert_int_eq(g.head_status, 0);
	buf_done(&g.body);
	stub_http_free(proxy);
}
END_TEST

static const struct {
	const char *proxy;
	enum rc rc;
	const char *says;
} proxies[] = {
    {"http://proxy.example:3128", RC_OK, NULL},
    {"http://10.0.0.1:80/", RC_OK, NULL},
    {"http://[::1]:3128", RC_OK, NULL},
    {"http://proxy.example", RC_INVALID, "http://HOST:PORT"},
    {"http://user@proxy.example:3128", RC_INVALID, "without user"},
    {"http://user:s3cret@proxy.example:3128", RC_INVALID, "without user"},
    {"http://proxy.example:3128/path", RC_INVALID, "or path"},
    {"http://proxy.example:3128/?q", RC_INVALID, "or path"},
    {"https://proxy.example:3128", RC_INVALID, "http://HOST:PORT"},
    {"socks5://proxy.example:1080", RC_INVALID, "the proxy: "},
    {"proxy.example:3128", RC_INVALID, "the proxy: "},
    {"", RC_INVALID, "the proxy: "},
};

START_TEST(a_proxy_is_a_host_and_a_port)
{
	struct err err = {0};

	ck_assert_msg(
	    http_check_proxy(proxies[_i].proxy, &err) == proxies[_i].rc,
	    "%s: %s", proxies[_i].proxy, err.text);
	if (proxies[_i].says == NULL)
		return;
	assert_contains(err.text, proxies[_i].says);
	ck_assert_ptr_null(strstr(err.text, "s3cret"));
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
	    {a_batch_runs_all_its_requests_on_few_connections, 0},
	    {a_batch_that_is_cancelled_ends_soon_and_tells_every_request, 0},
	    {text_is_escaped_for_queries, 0},
	    {a_request_goes_through_its_proxy_and_no_other, 0},
	    {a_proxy_that_makes_no_tunnel_is_told_of, 0},
	    {a_proxy_is_a_host_and_a_port, (int)ARRAY_LEN(proxies)},
	};

	return RUN_TESTS("http", tests);
}
