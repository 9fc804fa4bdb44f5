/*
 * test_prom_again.c - servers as they are: what a tenant, a proxy, a login, a
 * rate limit or a redirect says, what is told of it, and what is tried once
 * more.
 */
#include "common/base/buf.h"
#include "common/base/clk.h"
#include "executor/prom/prom.h"
#include "executor/prom/prom_words.h"
#include "tests/harness/gzip.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/in_chinese.h"

#include <stdlib.h>
#include <unistd.h>

struct got {
	struct prom_outcome outcome;
	int samples, forgot;
	bool done;
};

static enum rc
on_sample(void *arg, double t_s UNUSED, double v UNUSED, struct err *err UNUSED)
{
	((struct got *)arg)->samples++;
	return RC_OK;
}

static const struct prom_sink sink = {.sample = on_sample};

static bool
on_forget(void *arg)
{
	struct got *g = arg;

	g->samples = 0;
	g->forgot++;
	return true;
}

static void
on_done(void *arg, const struct prom_outcome *outcome)
{
	struct got *g = arg;

	g->outcome = *outcome;
	g->done = true;
}

static struct got
ask_with(const struct prom_conf *conf, const char *query, bool forgets,
    struct buf *raw)
{
	struct got g = {0};
	struct prom_job job = {.ask = {.what = PROM_INSTANT, .query = query},
	    .reader = {.sink = &sink,
		.raw = raw,
		.again = forgets ? on_forget : NULL,
		.done = on_done,
		.arg = &g}};

	ck_assert(prom_run(conf, &job, 1, 1, NULL) == RC_OK);
	ck_assert(g.done);
	return g;
}

static struct got
ask(const struct prom_conf *conf)
{
	return ask_with(conf, "up", false, NULL);
}

#define SCALAR                                                                 \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","         \
	"\"result\":[1,\"2\"]}}"

/* ---- headers ---- */

struct seen {
	char head[4096];
};

static void
remember(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	snprintf(((struct seen *)arg)->head, 4096, "%s", rq->head);
	stub_answer(c, 200, NULL, SCALAR);
}

START_TEST(headers_are_sent_those_of_the_file_too)
{
	struct seen seen = {{0}};
	struct stub_http *stub = stub_http_new(remember, &seen);
	char path[] = "/tmp/culprit-headers-XXXXXX";
	int fd = mkstemp(path);
	static const char first[] = "# secret\nX-Api-Key: k3y\n\n";
	struct prom_conf conf = {.url = stub_http_url(stub),
	    .headers = "X-Scope-OrgID: team\nX-Other:  1 2 ",
	    .headers_file = path};

	ck_assert(write(fd, first, sizeof(first) - 1) > 0);
	ck_assert_int_eq(ask(&conf).outcome.rc, RC_OK);
	assert_contains(seen.head, "\r\nX-Scope-OrgID: team\r\n");
	assert_contains(seen.head, "\r\nX-Other:  1 2\r\n");
	assert_contains(seen.head, "\r\nX-Api-Key: k3y\r\n");
	assert_contains(seen.head, "\r\nAccept: application/json\r\n");
	assert_contains(seen.head, "\r\nAccept-Encoding: identity, gzip;");
	/* Read anew for every question. */
	ck_assert(pwrite(fd, "X-Api-Key: new", 14, 0) == 14);
	ck_assert(ftruncate(fd, 14) == 0);
	ask(&conf);
	assert_contains(seen.head, "\r\nX-Api-Key: new\r\n");
	close(fd);
	unlink(path);
	stub_http_free(stub);
}
END_TEST

static const struct {
	const char *text;
	bool secret;
	const char *says; /* NULL: good */
} headers[] = {
    {"X-Scope-OrgID: team", false, NULL},
    {"A: 1\n\n# c: d\r\nB: 2\r\n", false, NULL},
    {"", false, NULL},
    {"Authorization: Basic x", true, NULL},
    {"Authorization: Basic s3cret", false, "prometheus-header-file"},
    {"x-api-key: s3cret", false, "prometheus-header-file"},
    {"Cookie: s3cret", false, "prometheus-header-file"},
    {"X-Scope-OrgID", false, "\"Name: value\""},
    {"X-Scope-OrgID:", false, "\"Name: value\""},
    {": team", false, "\"Name: value\""},
    {"X Scope: team", false, "\"Name: value\""},
    {"A: 1\x01", false, "control character"},
    {"content-length: 7", true, "belongs to the request"},
    {"Transfer-Encoding: chunked", true, "belongs to the request"},
};

START_TEST(a_header_that_cannot_be_sent_is_refused_with_its_reason)
{
	struct err err = {0};
	enum rc rc =
	    prom_headers_check(headers[_i].text, headers[_i].secret, &err);

	ck_assert_int_eq(rc, headers[_i].says == NULL ? RC_OK : RC_INVALID);
	if (headers[_i].says != NULL)
		assert_contains(err.text, headers[_i].says);
	assert_lacks(err.text, "s3cret");
}
END_TEST

START_TEST(a_secret_that_a_server_repeats_is_not_passed_on)
{
	struct stub_route route[] = {
	    {"/", 401, "text/plain", "invalid token s3cret-of-ours, sorry"},
	    {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	char path[] = "/tmp/culprit-headers-XXXXXX";
	int fd = mkstemp(path);
	struct prom_conf conf = {
	    .url = stub_http_url(stub), .token = "s3cret-of-ours"};
	struct prom_conf other = {
	    .url = stub_http_url(stub), .headers_file = path};
	struct got g = ask(&conf);

	assert_contains(g.outcome.err.text, "invalid token ****");
	assert_lacks(g.outcome.err.text, "s3cret");
	ck_assert(write(fd, "Authorization: Token s3cret-of-ours\n", 36) == 36);
	g = ask(&other);
	assert_contains(g.outcome.err.text, "invalid token ****");
	assert_lacks(g.outcome.err.text, "s3cret");
	close(fd);
	unlink(path);
	stub_http_free(stub);
}
END_TEST

/* ---- words ---- */

static const struct {
	int status;
	const char *type, *body;
	enum rc rc;
	const char *says, *advises;
} said[] = {
    {401, "text/plain", "no org id\n", RC_DENIED, "it says \"no org id\"",
	"X-Scope-OrgID"},
    {422, NULL,
	"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"no org "
	"id\"}",
	RC_INVALID, "bad_data: no org id", "X-Scope-OrgID"},
    {400, "text/plain", "tenant is missing", RC_UPSTREAM,
	"\"tenant is missing\"", "THANOS-TENANT"},
    {403, NULL, "{\"message\":\"Access denied to datasource\"}", RC_DENIED,
	"\"Access denied to datasource\"", "may read"},
    {403, NULL, "{\"error\":{\"code\":7,\"message\":\"scope\\nmissing\"}}",
	RC_DENIED, "\"scope missing\"", "may read"},
    {500, "text/plain", "upstream \x01\x02 \xFF broke\n\nat line 7",
	RC_UPSTREAM, "\"upstream broke at line 7\"", "log"},
    {500, "text/html",
	"<!doctype html><html><head><title>500 Oops</title></head></html>",
	RC_UPSTREAM, "a web page titled \"500 Oops\"", "log"},
    {401, "text/html",
	"<html><h1>Sign in to Example</h1><input type=\"password\"></html>",
	RC_DENIED, "a login page titled \"Sign in to Example\"",
	"CULPRIT_PROMETHEUS_TOKEN_FILE"},
    {200, "text/html",
	"\n<html><head><TITLE lang=en>Grafana</TITLE></head><body><form>"
	"<input type='password'></form>",
	RC_UPSTREAM, "a login page titled \"Grafana\", not Prometheus's JSON",
	"CULPRIT_PROMETHEUS_HEADER_FILE"},
    {200, "text/html", "<html><title>Hello</title>", RC_UPSTREAM,
	"a web page titled \"Hello\"", "CULPRIT_PROMETHEUS_URL"},
    {200, "text/plain", "# HELP up x\nup 1\n", RC_UPSTREAM,
	"something else: \"# HELP up x up 1\"", "CULPRIT_PROMETHEUS_URL"},
    {422, NULL,
	"{\"status\":\"error\",\"errorType\":\"422\",\"error\":\"cannot parse "
	"x\"}",
	RC_INVALID, "422: cannot parse x", "Correct the query"},
    {405, "text/plain", "", RC_UPSTREAM, "answered 405: it does not allow",
	"GET and POST"},
};

START_TEST(a_servers_own_words_are_told)
{
	struct stub_route route[] = {
	    {"/", said[_i].status, said[_i].type, said[_i].body}, {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g = ask(&conf);

	ck_assert_int_eq(g.outcome.rc, said[_i].rc);
	assert_contains(g.outcome.err.text, said[_i].says);
	assert_contains(g.outcome.advice, said[_i].advises);
	assert_in_chinese(g.outcome.advice);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_long_text_is_told_to_its_limit_in_whole_characters)
{
	auto_buf body = {.max = 4000}, out = {.max = 4000};

	while (body.len < 2000)
		buf_adds(&body, "é");
	prom_words_put(&out, buf_span(&body));
	ck_assert_uint_eq(out.len, PROM_WORDS_MAX + 2 + strlen("…"));
	assert_contains(buf_str(&out), "éé…\"");
	buf_reset(&out);
	prom_words_put(&out, span_of(" \n\t "));
	ck_assert_uint_eq(out.len, 0);
	prom_words_put(&out, span_of("<title"));
	ck_assert_str_eq(buf_str(&out), "a web page");
}
END_TEST

START_TEST(a_page_that_never_ends_is_left_once_it_can_be_told)
{
	auto_buf body = {.max = 1 << 20};
	struct stub_route route[] = {{"/", 200, "text/html", NULL}, {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g;

	buf_adds(&body, "<html><title>Portal</title>");
	while (body.len < 900000)
		buf_adds(&body, "<p>");
	route[0].body = buf_str(&body);
	g = ask(&conf);
	assert_contains(g.outcome.err.text, "a web page titled \"Portal\"");
	ck_assert_uint_lt(g.outcome.bytes, 300000);
	stub_http_free(stub);
}
END_TEST

/* ---- redirects ---- */

static const struct {
	const char *location; /* %s: the stub */
	const char *says, *advises;
} redirects[] = {
    {"/prometheus/api/v1/query?query=up", "/prometheus/api/v1/query",
	"/prometheus."},
    {"https://prom.example/api/v1/query", "https://prom.example/api/v1/query",
	"Set CULPRIT_PROMETHEUS_URL to https://prom.example."},
    {"https://sso.example/oauth2/start?rd=%2Fs3cret",
	"a redirect to https://sso.example/oauth2/start, which is not "
	"followed: it looks like a login",
	"CULPRIT_PROMETHEUS_TOKEN_FILE"},
    {"/graph", "/graph, which is not followed", "Prometheus itself answers"},
};

static void
redirect(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	auto_str head =
	    xasprintf("HTTP/1.1 302 Found\r\nLocation: %s\r\n"
		      "Content-Type: text/html\r\n"
		      "Content-Length: 20\r\n\r\n<a href=\"x\">Found</a",
		(const char *)arg);

	(void)rq;
	stub_raws(c, head);
}

START_TEST(the_place_a_redirect_leads_to_is_told)
{
	struct stub_http *stub =
	    stub_http_new(redirect, (void *)redirects[_i].location);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g = ask(&conf);

	ck_assert_int_eq(g.outcome.rc, RC_UPSTREAM);
	assert_contains(g.outcome.err.text, "answered 302, a redirect to ");
	assert_contains(g.outcome.err.text, redirects[_i].says);
	assert_contains(g.outcome.advice, redirects[_i].advises);
	assert_in_chinese(g.outcome.advice);
	assert_lacks(g.outcome.err.text, "s3cret");
	stub_http_free(stub);
}
END_TEST

/* ---- again ---- */

struct plan {
	atomic_int asked;
	stub_fn *first;
};

static void
planned(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct plan *p = arg;

	if (atomic_fetch_add(&p->asked, 1) == 0)
		p->first(c, rq, arg);
	else
		stub_answer(c, 200, NULL, SCALAR);
}

static void
limit(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 429 No\r\nRetry-After: 1\r\n"
		     "Content-Length: 3\r\n\r\nno!");
}

static void
broken(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_raws(c,
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
	    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
	    "\"result\":[{\"metric\":{},\"value\":[1,\"2\"]},");
	stub_close(c);
}

START_TEST(a_rate_limit_is_waited_out)
{
	struct plan p = {.first = limit};
	struct stub_http *stub = stub_http_new(planned, &p);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g = ask(&conf);

	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert_int_eq(g.samples, 1);
	ck_assert_int_ge(g.outcome.ms, 1000);
	stub_http_free(stub);
}
END_TEST

START_TEST(an_answer_that_breaks_off_is_asked_for_anew_by_who_can_forget)
{
	struct plan p = {.first = broken};
	struct stub_http *stub = stub_http_new(planned, &p);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	auto_buf raw = {.max = 10000};
	struct got g;

	buf_adds(&raw, "first\n");
	g = ask_with(&conf, "up", true, &raw);
	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert_int_eq(g.forgot, 1);
	ck_assert_int_eq(g.samples, 1);
	ck_assert_str_eq(buf_str(&raw), "first\n" SCALAR);

	atomic_store(&p.asked, 0);
	g = ask_with(&conf, "up", false, NULL);
	ck_assert_int_eq(g.outcome.rc, RC_UPSTREAM);
	ck_assert_int_eq(atomic_load(&p.asked), 1);
	assert_contains(g.outcome.err.text, "broke off in mid-answer");
	stub_http_free(stub);
}
END_TEST

START_TEST(how_often_it_was_asked_in_vain_is_told)
{
	struct stub_route route[] = {{"/", 503, "text/plain", "not yet"}, {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g = ask(&conf);

	ck_assert_int_eq(g.outcome.rc, RC_BUSY);
	assert_contains(g.outcome.err.text, "it says \"not yet\"");
	assert_contains(g.outcome.err.text, "(asked 4 times)");
	ck_assert_int_eq(stub_http_requests(stub), 4);
	stub_http_free(stub);
}
END_TEST

START_TEST(what_took_prometheus_too_long_is_not_asked_again)
{
	struct stub_route route[] = {
	    {"/", 503, NULL,
		"{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":"
		"\"query timed out\"}"},
	    {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g = ask(&conf);

	ck_assert_int_eq(g.outcome.rc, RC_TIMEOUT);
	ck_assert_int_eq(stub_http_requests(stub), 1);
	stub_http_free(stub);
}
END_TEST

/* ---- POST ---- */

struct gate {
	int post, get; /* how they are answered; 0: well */
	int posts, gets;
	size_t longest;
};

static void
gate(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct gate *g = arg;
	bool post = strcmp(rq->method, "POST") == 0;
	int status = post ? g->post : g->get;

	*(post ? &g->posts : &g->gets) += 1;
	g->longest = MAX(g->longest, strlen(rq->target) + strlen(rq->body));
	if (status == 0)
		stub_answer(c, 200, NULL, SCALAR);
	else
		stub_answer(c, status, "text/plain", "Method Not Allowed\n");
}

static char *
long_query(size_t n)
{
	struct buf b = {.max = 1 << 20};

	buf_adds(&b, "up{a=~\"");
	while (b.len < n)
		buf_addf(&b, "|value%zu", b.len);
	buf_adds(&b, "\"}");
	return buf_take(&b);
}

START_TEST(a_long_question_goes_by_get_where_no_post_is_let_through)
{
	static const int refusals[] = {403, 405};
	struct gate gates = {.post = refusals[_i]};
	struct stub_http *stub = stub_http_new(gate, &gates);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	auto_str query = long_query(5500);
	struct got g = ask_with(&conf, query, false, NULL);

	ck_assert_msg(g.outcome.rc == RC_OK, "%s", g.outcome.err.text);
	ck_assert_int_eq(gates.posts, 1);
	ck_assert_int_eq(gates.gets, 1);
	ck_assert_uint_gt(gates.longest, 5500);
	stub_http_free(stub);
}
END_TEST

START_TEST(where_neither_gets_through_both_are_told)
{
	struct gate gates = {.post = 405, .get = 414};
	struct stub_http *stub = stub_http_new(gate, &gates);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	auto_str query = long_query(5500);
	struct got g = ask_with(&conf, query, false, NULL);

	ck_assert_int_eq(g.outcome.rc, RC_TOOBIG);
	assert_contains(g.outcome.err.text, "answered 414");
	assert_contains(g.outcome.err.text, "as a POST it was refused (405)");
	assert_contains(g.outcome.advice, "pass POST");
	assert_in_chinese(g.outcome.advice);
	stub_http_free(stub);
}
END_TEST

/* ---- gzip and clocks ---- */

static void
zipped_in_the_past(
    struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	auto_buf body = {.max = 1 << 16};
	auto_str head = NULL;

	(void)rq;
	(void)arg;
	gzip_put(&body, span_of(SCALAR));
	head = xasprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
			 "Date: Sun, 23 Nov 2025 09:57:00 GMT\r\n"
			 "Content-Length: %zu\r\n\r\n",
	    body.len);
	if (stub_raws(c, head))
		stub_raw(c, body.data, body.len);
}

START_TEST(a_zipped_answer_is_read_and_its_date_tells_how_clocks_differ)
{
	struct stub_http *stub = stub_http_new(zipped_in_the_past, NULL);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	auto_buf raw = {.max = 10000};
	struct got g;

	clk_fix_ms(INT64_C(1763891820000) + 3600000);
	g = ask_with(&conf, "up", false, &raw);
	ck_assert_int_eq(g.outcome.rc, RC_OK);
	ck_assert_int_eq(g.samples, 1);
	ck_assert_str_eq(buf_str(&raw), SCALAR);
	ck_assert_int_eq(g.outcome.ahead_ms, -3600000 + 500);
	stub_http_free(stub);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {headers_are_sent_those_of_the_file_too, 0},
	    {a_header_that_cannot_be_sent_is_refused_with_its_reason,
		(int)ARRAY_LEN(headers)},
	    {a_secret_that_a_server_repeats_is_not_passed_on, 0},
	    {a_servers_own_words_are_told, (int)ARRAY_LEN(said)},
	    {a_long_text_is_told_to_its_limit_in_whole_characters, 0},
	    {a_page_that_never_ends_is_left_once_it_can_be_told, 0},
	    {the_place_a_redirect_leads_to_is_told, (int)ARRAY_LEN(redirects)},
	    {a_rate_limit_is_waited_out, 0},
	    {an_answer_that_breaks_off_is_asked_for_anew_by_who_can_forget, 0},
	    {how_often_it_was_asked_in_vain_is_told, 0},
	    {what_took_prometheus_too_long_is_not_asked_again, 0},
	    {a_long_question_goes_by_get_where_no_post_is_let_through, 2},
	    {where_neither_gets_through_both_are_told, 0},
	    {a_zipped_answer_is_read_and_its_date_tells_how_clocks_differ, 0},
	};

	return RUN_TESTS("prom_again", tests);
}
