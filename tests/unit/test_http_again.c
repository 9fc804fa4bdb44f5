/*
 * test_http_again.c - requests that are asked again: when, how often, how long
 * after, and when not; on a loop and in a batch. What is unpacked, and what
 * the head of an answer tells.
 */
#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/net/http.h"
#include "tests/harness/fetch.h"
#include "tests/harness/gzip.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

/* Answers the first `fails` requests as it is told, the rest well. */
struct flaky {
	stub_fn *answer;
	int status, fails;
	const char *head; /* further lines of its answer, or "" */
	atomic_int asked;
	int64_t at_ms[8]; /* when */
	char method[8][8];
	char target[8][64];
};

static void
fail_status(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	const struct flaky *f = arg;
	auto_str head = xasprintf("HTTP/1.1 %d No\r\n%sContent-Length: 4\r\n\r\n"
				  "nope",
	    f->status, f->head != NULL ? f->head : "");

	(void)rq;
	stub_raws(c, head);
}

static void
fail_close(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_close(c);
}

static void
fail_half(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhal");
	stub_close(c);
}

static void
flaky(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct flaky *f = arg;
	int n = atomic_fetch_add(&f->asked, 1);

	if (n < 8) {
		f->at_ms[n] = clk_mono_ms();
		snprintf(f->method[n], sizeof(f->method[n]), "%s", rq->method);
		snprintf(f->target[n], sizeof(f->target[n]), "%s", rq->target);
	}
	if (n < f->fails)
		f->answer(c, rq, arg);
	else
		stub_answer(c, 200, "text/plain", "well");
}

/* A reader that forgets, which is what it says to be asked again. */
struct reader {
	struct fetch fetch; /* first */
	int forgot;
	bool refuse;
};

static bool
on_again(void *arg, const struct http_result *result)
{
	struct reader *r = arg;

	ck_assert_int_ge(result->status, 0);
	if (r->refuse)
		return false;
	buf_reset(&r->fetch.body);
	r->forgot++;
	return true;
}

static void
perform(struct stub_http *stub, struct reader *r, bool batch, int timeout_ms)
{
	struct http_req rq;

	r->fetch = fetch_new();
	rq = fetch_request(stub_http_url(stub), &r->fetch);
	rq.on_again = on_again;
	rq.timeout_ms = timeout_ms;
	if (batch)
		ck_assert(http_run(&rq, 1, 1, NULL) == RC_OK);
	else
		fetch_perform(&rq, &r->fetch);
	ck_assert(r->fetch.done);
}

static const struct {
	const char *name;
	stub_fn *answer;
	int status, fails;
	int asked; /* requests that come */
} passing[] = {
    {"429", fail_status, 429, 1, 2},
    {"502", fail_status, 502, 2, 3},
    {"503", fail_status, 503, 3, 4},
    {"504", fail_status, 504, 1, 2},
    {"503 for ever", fail_status, 503, 9, 4},
    {"no answer", fail_close, 0, 1, 2},
    {"no answer for ever", fail_close, 0, 9, 4},
    {"half an answer", fail_half, 0, 1, 2},
    {"500", fail_status, 500, 1, 1},
    {"400", fail_status, 400, 1, 1},
    {"404", fail_status, 404, 1, 1},
};

START_TEST(what_passes_is_asked_again_three_times_at_most)
{
	size_t i = (size_t)_i / 2;
	struct flaky f = {.answer = passing[i].answer,
	    .status = passing[i].status,
	    .fails = passing[i].fails};
	struct stub_http *stub = stub_http_new(flaky, &f);
	struct reader r = {0};

	perform(stub, &r, _i % 2 == 1, NEVER_MS);
	ck_assert_msg(atomic_load(&f.asked) == passing[i].asked, "%s: %d",
	    passing[i].name, atomic_load(&f.asked));
	ck_assert_int_eq(r.fetch.result.asked, passing[i].asked);
	ck_assert_int_eq(r.forgot, passing[i].asked - 1);
	if (passing[i].asked > passing[i].fails) {
		ck_assert_int_eq(r.fetch.result.status, 200);
		ck_assert_str_eq(buf_str(&r.fetch.body), "well");
	} else if (passing[i].status != 0) {
		ck_assert_int_eq(r.fetch.result.status, passing[i].status);
		ck_assert_str_eq(buf_str(&r.fetch.body), "nope");
	} else {
		ck_assert_int_eq(r.fetch.result.rc, RC_UPSTREAM);
	}
	buf_done(&r.fetch.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(each_wait_is_longer_and_retry_after_is_waited_for)
{
	struct flaky f = {.answer = fail_status,
	    .status = 429,
	    .fails = 2,
	    .head = _i < 2 ? "Retry-After: 1\r\n" : ""};
	struct stub_http *stub = stub_http_new(flaky, &f);
	struct reader r = {0};

	perform(stub, &r, _i % 2 == 1, NEVER_MS);
	ck_assert_int_eq(r.fetch.result.status, 200);
	ck_assert_int_ge(f.at_ms[1] - f.at_ms[0], _i < 2 ? 1000 : 100);
	ck_assert_int_ge(f.at_ms[2] - f.at_ms[1], _i < 2 ? 1000 : 200);
	buf_done(&r.fetch.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(what_would_come_after_the_deadline_is_not_waited_for)
{
	struct flaky f = {.answer = fail_status,
	    .status = 503,
	    .fails = 1,
	    .head = "Retry-After: 60\r\n"};
	struct stub_http *stub = stub_http_new(flaky, &f);
	struct reader r = {0};

	perform(stub, &r, _i == 1, 30000);
	ck_assert_int_eq(r.fetch.result.status, 503);
	ck_assert_int_eq(r.fetch.result.retry_after_ms, 60000);
	ck_assert_int_eq(atomic_load(&f.asked), 1);
	ck_assert_str_eq(buf_str(&r.fetch.body), "nope");
	buf_done(&r.fetch.body);
	stub_http_free(stub);
}
END_TEST

static void
fail_then_hang(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct flaky *f = arg;

	if (atomic_fetch_add(&f->asked, 1) == 0)
		fail_status(c, rq, arg);
	else
		stub_hang(c);
}

START_TEST(all_attempts_together_keep_to_the_one_deadline)
{
	struct flaky f = {.status = 503};
	struct stub_http *stub = stub_http_new(fail_then_hang, &f);
	struct reader r = {0};
	int64_t from = clk_mono_ms();

	perform(stub, &r, _i == 1, 1500);
	ck_assert_int_eq(r.fetch.result.rc, RC_TIMEOUT);
	assert_contains(r.fetch.result.err.text, "no answer within 1500 ms");
	ck_assert_int_ge(clk_mono_ms() - from, 1500);
	ck_assert_int_eq(atomic_load(&f.asked), 2);
	buf_done(&r.fetch.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(nothing_is_asked_again_that_nobody_said_may_be)
{
	struct flaky f = {.answer = fail_status, .status = 503, .fails = 1};
	struct stub_http *stub = stub_http_new(flaky, &f);
	struct reader r = {.refuse = true};
	struct fetch g = fetch_new();
	struct http_req rq = fetch_request(stub_http_url(stub), &g);

	fetch_perform(&rq, &g);
	ck_assert_int_eq(g.result.status, 503);
	ck_assert_int_eq(atomic_load(&f.asked), 1);
	f.fails = 2;
	perform(stub, &r, false, NEVER_MS);
	ck_assert_int_eq(r.fetch.result.status, 503);
	ck_assert_int_eq(atomic_load(&f.asked), 2);
	buf_done(&g.body);
	buf_done(&r.fetch.body);
	stub_http_free(stub);
}
END_TEST

static bool
has_forgotten(void *arg)
{
	return ((struct reader *)arg)->forgot > 0;
}

START_TEST(a_request_that_waits_can_be_called_off)
{
	struct flaky f = {.answer = fail_status,
	    .status = 503,
	    .fails = 9,
	    .head = "Retry-After: 3000\r\n"};
	struct stub_http *stub = stub_http_new(flaky, &f);
	zloop_t *loop = zloop_new();
	struct http *h = http_new(loop);
	struct reader r = {.fetch = fetch_new()};
	struct http_req rq = fetch_request(stub_http_url(stub), &r.fetch);
	struct http_call *call;
	struct err err;

	rq.on_again = on_again;
	rq.timeout_ms = INT64_C(7200) * 1000;
	ck_assert(http_start(h, &rq, &call, &err) == RC_OK);
	ck_assert(loop_until_cond(loop, has_forgotten, &r, AWAIT_MS));
	http_cancel(call);
	ck_assert(!r.fetch.done);
	/* And one that waits as all ends. */
	ck_assert(http_start(h, &rq, &call, &err) == RC_OK);
	r.forgot = 0;
	ck_assert(loop_until_cond(loop, has_forgotten, &r, AWAIT_MS));
	http_free(h);
	ck_assert(!r.fetch.done);
	buf_done(&r.fetch.body);
	zloop_destroy(&loop);
	stub_http_free(stub);
}
END_TEST

enum { WAIT_MOST_MS = 320 };

struct waiting {
	struct reader reader; /* first */
	zloop_t *loop;
	struct late late;
};

/* Set before its own timer is. */
static bool
on_again_late(void *arg, const struct http_result *result)
{
	struct waiting *w = arg;

	if (w->reader.forgot == 0)
		loop_late(w->loop, &w->late);
	return on_again(arg, result);
}

static void
call_off(void *call)
{
	http_cancel(*(struct http_call **)call);
}

START_TEST(a_request_that_is_called_off_as_its_wait_ends_is_gone)
{
	struct flaky f = {.answer = fail_status, .status = 503, .fails = 9};
	struct stub_http *stub = stub_http_new(flaky, &f);
	struct http_call *call;
	struct waiting w = {.reader = {.fetch = fetch_new()},
	    .loop = zloop_new(),
	    .late = {.off = call_off, .arg = &call, .wait_ms = WAIT_MOST_MS}};
	struct http *h = http_new(w.loop);
	struct http_req rq =
	    fetch_request(stub_http_url(stub), &w.reader.fetch);
	struct err err;

	rq.on_again = on_again_late;
	rq.timeout_ms = NEVER_MS;
	ck_assert(http_start(h, &rq, &call, &err) == RC_OK);
	ck_assert(loop_until(w.loop, &w.late.done, AWAIT_MS));
	ck_assert(!w.reader.fetch.done);
	http_free(h);
	buf_done(&w.reader.fetch.body);
	zloop_destroy(&w.loop);
	stub_http_free(stub);
}
END_TEST

static const int refusals[] = {403, 404, 405, 411, 413, 415, 501};

START_TEST(a_post_that_is_refused_is_asked_as_a_get)
{
	size_t i = (size_t)_i / 2;
	struct flaky f = {
	    .answer = fail_status, .status = refusals[i], .fails = 1};
	struct stub_http *stub = stub_http_new(flaky, &f);
	auto_str url = xasprintf("%s/q", stub_http_url(stub));
	auto_str get = xasprintf("%s/q?a=1", stub_http_url(stub));
	struct reader r = {.fetch = fetch_new()};
	struct http_req rq = fetch_request(url, &r.fetch);

	rq.method = "POST";
	rq.body = span_of("a=1");
	rq.or_get = get;
	rq.on_again = on_again;
	if (_i % 2 == 1)
		ck_assert(http_run(&rq, 1, 1, NULL) == RC_OK);
	else
		fetch_perform(&rq, &r.fetch);
	ck_assert_int_eq(r.fetch.result.status, 200);
	ck_assert_int_eq(r.fetch.result.refused_post, refusals[i]);
	ck_assert_int_eq(r.fetch.result.asked, 1);
	ck_assert_str_eq(buf_str(&r.fetch.body), "well");
	ck_assert_str_eq(f.method[0], "POST");
	ck_assert_str_eq(f.method[1], "GET");
	ck_assert_str_eq(f.target[1], "/q?a=1");
	buf_done(&r.fetch.body);
	stub_http_free(stub);
}
END_TEST

/* ---- gzip ---- */

static void
plain_where_gzip(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)arg;
	stub_answer(c, 200, "text/plain",
	    strstr(rq->head, "\r\nAccept-Encoding: gzip\r\n") != NULL ? "asked"
								    : "not");
}

static void
zipped(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	const struct buf *body = arg;
	bool wanted = strstr(rq->head,
			  "\r\nAccept-Encoding: identity, gzip;q=0.5\r\n") !=
		      NULL;
	auto_str head = xasprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %zu"
				  "\r\n\r\n",
	    wanted ? "Content-Encoding: gzip\r\n" : "", body->len);

	if (stub_raws(c, head))
		stub_raw(c, body->data, body->len);
}

START_TEST(gzip_is_asked_for_and_unpacked_where_it_is_wanted)
{
	auto_buf body = {.max = 1 << 20};
	struct stub_http *stub = stub_http_new(zipped, &body);
	struct fetch g = fetch_new(), plain = fetch_new();
	struct http_req rq = fetch_request(stub_http_url(stub), &g);

	gzip_put(&body, span_of("smaller on its way"));
	rq.gzip = true;
	fetch_perform(&rq, &g);
	ck_assert_int_eq(g.result.rc, RC_OK);
	ck_assert_str_eq(buf_str(&g.body), "smaller on its way");
	ck_assert_uint_eq(g.result.bytes, 18);

	rq = fetch_request(stub_http_url(stub), &plain);
	fetch_perform(&rq, &plain);
	ck_assert_uint_eq(plain.body.len, body.len);
	buf_done(&g.body);
	buf_done(&plain.body);
	stub_http_free(stub);
}
END_TEST

static const struct {
	const char *url;
	bool here;
} hosts[] = {
    {"http://127.0.0.1:9090/x", true},
    {"http://localhost:9090", true},
    {"http://[::1]:9090", true},
    {"https://u:p@localhost/", true},
    {"http://prometheus.example:9090", false},
    {"http://127.example/", true}, /* no harm is done */
    {"http://localhost.example/", false},
    {"http://10.0.0.1/", false},
    {"no url", false},
};

START_TEST(whether_it_is_this_machine_is_told_by_the_host)
{
	ck_assert(http_is_here(hosts[_i].url) == hosts[_i].here);
}
END_TEST

START_TEST(gzip_is_what_others_are_asked_for)
{
	struct stub_http *proxy = stub_http_new(plain_where_gzip, NULL);
	struct fetch g = fetch_new();
	struct http_req rq = fetch_request("http://far.example/x", &g);

	rq.gzip = true;
	rq.proxy = stub_http_url(proxy);
	fetch_perform(&rq, &g);
	ck_assert_str_eq(buf_str(&g.body), "asked");
	buf_done(&g.body);
	stub_http_free(proxy);
}
END_TEST

START_TEST(what_is_unpacked_counts_not_what_came)
{
	auto_buf body = {.max = 1 << 20};
	struct stub_http *stub = stub_http_new(zipped, &body);
	struct fetch g = fetch_new();
	struct http_req rq = fetch_request(stub_http_url(stub), &g);

	gzip_put_bomb(&body, 60000);
	rq.gzip = true;
	fetch_perform(&rq, &g);
	ck_assert_int_eq(g.result.rc, RC_TOOBIG);
	assert_contains(g.result.err.text, "more than 100000 bytes");
	ck_assert_uint_le(g.body.len, 100000);
	ck_assert_int_eq(buf_str(&g.body)[50000], 'x');
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

START_TEST(what_cannot_be_unpacked_is_a_failure)
{
	auto_buf body = {.max = 1 << 20};
	struct stub_http *stub = stub_http_new(zipped, &body);
	struct fetch g = fetch_new();
	struct http_req rq = fetch_request(stub_http_url(stub), &g);

	buf_adds(&body, "this is no gzip at all");
	rq.gzip = true;
	fetch_perform(&rq, &g);
	ck_assert_int_eq(g.result.rc, RC_UPSTREAM);
	assert_contains(g.result.err.text, "cannot be unpacked");
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

/* ---- what a head tells ---- */

static const struct {
	const char *head;
	int64_t date_ms;
	const char *location; /* behind the stub's URL, or whole */
} heads[] = {
    {"HTTP/1.1 200 OK\r\nDate: Sun, 23 Nov 2025 09:57:00 GMT\r\n",
	1763891820500, ""},
    {"HTTP/1.1 200 OK\r\ndate:Sun, 23 Nov 2025 09:57:00 GMT\r\n",
	1763891820500, ""},
    {"HTTP/1.1 200 OK\r\nDate: Sun, 23 Nov 2025 09:57:00 GMT\r\nAge: 0\r\n",
	1763891820500, ""},
    {"HTTP/1.1 200 OK\r\nDate: Sun, 23 Nov 2025 09:57:00 GMT\r\nAge: 77\r\n",
	-1, ""},
    {"HTTP/1.1 200 OK\r\nAge: 77\r\nDate: Sun, 23 Nov 2025 09:57:00 GMT\r\n",
	-1, ""},
    {"HTTP/1.1 200 OK\r\nDate: the day before\r\n", -1, ""},
    {"HTTP/1.1 200 OK\r\n", -1, ""},
    {"HTTP/1.1 301 Moved\r\nLocation: /prom/x?q=secret\r\n", -1, "/prom/x"},
    {"HTTP/1.1 302 Found\r\nlocation: https://u:p@sso.example/start?rd=%2F\r\n",
	-1, "https://sso.example/start"},
    {"HTTP/1.1 302 Found\r\nLocation:\r\n", -1, "/"},
};

static void
say_head(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	stub_raws(c, arg);
	stub_raws(c, "Content-Length: 0\r\n\r\n");
}

START_TEST(the_clock_of_a_server_and_where_it_sends_one_are_told)
{
	struct stub_http *stub =
	    stub_http_new(say_head, (void *)heads[_i].head);
	bool relative = heads[_i].location[0] == '/';
	auto_str place = xasprintf("%s%s",
	    relative ? stub_http_url(stub) : "", heads[_i].location);
	struct fetch g = fetch_new();
	struct http_req rq = fetch_request(stub_http_url(stub), &g);

	fetch_perform(&rq, &g);
	ck_assert_int_eq(g.result.date_ms, heads[_i].date_ms);
	ck_assert_str_eq(g.result.location, place);
	if (place[0] != '\0')
		assert_contains(g.result.err.text, place);
	assert_lacks(g.result.err.text, "secret");
	buf_done(&g.body);
	stub_http_free(stub);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_passes_is_asked_again_three_times_at_most,
		2 * (int)ARRAY_LEN(passing)},
	    {each_wait_is_longer_and_retry_after_is_waited_for, 4},
	    {what_would_come_after_the_deadline_is_not_waited_for, 2},
	    {all_attempts_together_keep_to_the_one_deadline, 2},
	    {nothing_is_asked_again_that_nobody_said_may_be, 0},
	    {a_request_that_waits_can_be_called_off, 0},
	    {a_request_that_is_called_off_as_its_wait_ends_is_gone, 0},
	    {a_post_that_is_refused_is_asked_as_a_get,
		2 * (int)ARRAY_LEN(refusals)},
	    {gzip_is_asked_for_and_unpacked_where_it_is_wanted, 0},
	    {whether_it_is_this_machine_is_told_by_the_host,
		(int)ARRAY_LEN(hosts)},
	    {gzip_is_what_others_are_asked_for, 0},
	    {what_is_unpacked_counts_not_what_came, 0},
	    {what_cannot_be_unpacked_is_a_failure, 0},
	    {the_clock_of_a_server_and_where_it_sends_one_are_told,
		(int)ARRAY_LEN(heads)},
	};

	return RUN_TESTS("http_again", tests);
}
