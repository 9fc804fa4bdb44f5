/*
 * test_prom.c - questions to Prometheus: what is sent, and what is made of
 * every kind of answer.
 */
#include "common/json/json.h"
#include "executor/prom/prom.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/in_chinese.h"

#include <unistd.h>

struct got {
	struct prom_outcome outcome;
	char warnings[200];
	int samples;
	bool done;
};

static enum rc
on_sample(void *arg, double t_s, double v, struct err *err)
{
	struct got *g = arg;

	(void)t_s;
	(void)v;
	(void)err;
	g->samples++;
	return RC_OK;
}

static const struct prom_sink sink = {.sample = on_sample};

static void
on_done(void *arg, const struct prom_outcome *outcome)
{
	struct got *g = arg;

	g->outcome = *outcome;
	snprintf(g->warnings, sizeof(g->warnings), "%s", outcome->warnings);
	g->done = true;
}

/* Asks on a loop of its own. */
static struct got
ask(const struct prom_conf *conf, const struct prom_ask *question,
    struct buf *raw)
{
	zloop_t *loop = zloop_new();
	struct http *http = http_new(loop);
	struct got g = {0};
	struct prom_reader reader = {
	    .sink = &sink, .raw = raw, .done = on_done, .arg = &g};
	struct err err = {0};

	ck_assert_msg(
	    prom_start(http, conf, question, &reader, NULL, &err) == RC_OK,
	    "%s", err.text);
	ck_assert(loop_until(loop, &g.done, AWAIT_MS));
	http_free(http);
	zloop_destroy(&loop);
	return g;
}

static const char empty_vector[] =
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
    "\"result\":[]}}";

/* Remembers the request. */
struct seen {
	char target[4096], head[4096], body[4096];
};

static void
remember(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct seen *s = arg;

	snprintf(s->target, sizeof(s->target), "%s", rq->target);
	snprintf(s->head, sizeof(s->head), "%s", rq->head);
	snprintf(s->body, sizeof(s->body), "%s", rq->body);
	stub_answer(c, 200, NULL, empty_vector);
}

static const char *const series_matchers[] = {"up{a=\"b\"}", "x", NULL};

static const struct {
	struct prom_ask ask;
	const char *prefix, *target;
} requests[] = {
    {{.what = PROM_INSTANT, .query = "up == 0", .at_ms = 1500}, "",
	"/api/v1/query?query=up%20%3D%3D%200&time=1.500&timeout=10"},
    {{.what = PROM_INSTANT, .query = "1"}, "/",
	"/api/v1/query?query=1&timeout=10"},
    {{.what = PROM_INSTANT, .query = "1"}, "/select/0/prometheus/",
	"/select/0/prometheus/api/v1/query?query=1&timeout=10"},
    {{.what = PROM_INSTANT, .query = "1"}, "/prometheus/api/v1/",
	"/prometheus/api/v1/query?query=1&timeout=10"},
    {{.what = PROM_RANGE,
	 .query = "u",
	 .start_ms = 1000,
	 .end_ms = 61000,
	 .step_ms = 5000},
	"", "/api/v1/query_range?query=u&start=1&end=61&step=5&timeout=10"},
    {{.what = PROM_ALERTS}, "", "/api/v1/alerts"},
    {{.what = PROM_RULES}, "", "/api/v1/rules"},
    {{.what = PROM_TARGETS}, "", "/api/v1/targets?state=active"},
    {{.what = PROM_LABEL_VALUES, .label = "job"}, "",
	"/api/v1/label/job/values"},
    {{.what = PROM_SERIES, .matchers = series_matchers}, "",
	"/api/v1/series?match[]=up%7Ba%3D%22b%22%7D&match[]=x"},
    {{.what = PROM_METADATA, .query = "up"}, "", "/api/v1/metadata?metric=up"},
    {{.what = PROM_SIZE}, "", "/api/v1/status/tsdb"},
};

START_TEST(each_question_has_its_url)
{
	struct seen seen;
	struct stub_http *stub = stub_http_new(remember, &seen);
	auto_str url =
	    xasprintf("%s%s", stub_http_url(stub), requests[_i].prefix);
	struct prom_conf conf = {.url = url};

	ask(&conf, &requests[_i].ask, NULL);
	ck_assert_str_eq(seen.target, requests[_i].target);
	assert_contains(seen.head, "GET ");
	assert_contains(seen.head, "Accept: application/json");
	stub_http_free(stub);
}
END_TEST

START_TEST(a_long_query_is_posted_as_a_form)
{
	struct seen seen;
	struct stub_http *stub = stub_http_new(remember, &seen);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	auto_buf query = {.max = 4000};
	struct prom_ask question = {.what = PROM_INSTANT};
	struct got g;

	while (query.len < 2000)
		buf_adds(&query, "up + ");
	buf_adds(&query, "up");
	question.query = buf_str(&query);
	g = ask(&conf, &question, NULL);
	ck_assert_int_eq(g.outcome.rc, RC_OK);
	ck_assert_str_eq(seen.target, "/api/v1/query");
	assert_contains(seen.head, "POST ");
	assert_contains(seen.head, "application/x-www-form-urlencoded");
	assert_contains(seen.body, "query=up%20%2B%20up");
	stub_http_free(stub);
}
END_TEST

START_TEST(a_token_file_is_read_again_for_every_question)
{
	struct seen seen;
	struct stub_http *stub = stub_http_new(remember, &seen);
	char path[] = "/tmp/culprit-token-XXXXXX";
	int fd = mkstemp(path);
	struct prom_conf conf = {
	    .url = stub_http_url(stub), .token_file = path};
	struct prom_ask question = {.what = PROM_ALERTS};

	ck_assert(write(fd, "first\n", 6) == 6);
	ask(&conf, &question, NULL);
	assert_contains(seen.head, "Authorization: Bearer first\r\n");
	ck_assert(pwrite(fd, "other\n", 6, 0) == 6);
	ask(&conf, &question, NULL);
	assert_contains(seen.head, "Authorization: Bearer other\r\n");
	close(fd);
	unlink(path);
	stub_http_free(stub);
}
END_TEST

START_TEST(user_and_password_are_sent)
{
	struct seen seen;
	struct stub_http *stub = stub_http_new(remember, &seen);
	struct prom_conf conf = {.url = stub_http_url(stub),
	    .user = "Aladdin",
	    .password = "open sesame"};
	struct prom_ask question = {.what = PROM_ALERTS};

	ask(&conf, &question, NULL);
	assert_contains(seen.head, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	stub_http_free(stub);
}
END_TEST

#define ERROR(type, text)                                                      \
	"{\"status\":\"error\",\"errorType\":\"" type "\",\"error\":\"" text   \
	"\"}"

static const struct {
	int status;
	const char *type, *body;
	enum rc rc;
	const char *says, *advises;
} failures[] = {
    {400, NULL, ERROR("bad_data", "1:4: parse error: unexpected end"),
	RC_INVALID, "bad_data: 1:4: parse error", "Correct the query"},
    {422, NULL, ERROR("execution", "many-to-many matching not allowed"),
	RC_INVALID, "execution: many-to-many", "cannot be evaluated"},
    {503, NULL, ERROR("timeout", "query timed out in expression evaluation"),
	RC_TIMEOUT, "timeout: query timed out", "Narrow the query"},
    {404, NULL, ERROR("not_found", "no such thing"), RC_NOTFOUND, "not_found",
	"exists"},
    {500, NULL, ERROR("internal", "boom"), RC_UPSTREAM, "internal: boom",
	"log of that Prometheus"},
    {200, NULL, ERROR("bad_data", "odd"), RC_INVALID, "bad_data: odd",
	"Correct"},
    {401, "text/plain", "Unauthorized\n", RC_DENIED, "401: the credentials",
	"CULPRIT_PROMETHEUS_TOKEN_FILE"},
    {403, "text/html", "<html>no</html>", RC_DENIED, "403", "credentials"},
    {404, "text/plain", "404 page not found\n", RC_NOTFOUND,
	"404: there is no such API", "path prefix"},
    {429, "text/plain", "slow down", RC_BUSY, "429", "Wait"},
    {502, "text/html", "<html>bad gateway</html>", RC_UPSTREAM, "502",
	"behind that proxy"},
    {503, "text/plain", "Service Unavailable", RC_BUSY, "503", "Wait"},
    {504, "text/html", "<html>", RC_TIMEOUT, "504", "Narrow"},
    {418, "text/plain", "teapot", RC_UPSTREAM, "answered 418", "log"},
    {400, NULL, "{\"message\":\"what?\"}", RC_UPSTREAM, "answered 400", ""},
    {200, "text/html", "<!DOCTYPE html><title>Sign in</title>", RC_UPSTREAM,
	"a login page titled \"Sign in\", not Prometheus's JSON", "header"},
    {200, NULL, "{\"status\":\"success\",\"data\":{\"resultType\":",
	RC_UPSTREAM, "not good JSON", "Prometheus"},
    {200, NULL, "", RC_UPSTREAM, "the answer is empty", "Prometheus"},
    {302, NULL, "", RC_UPSTREAM, "a redirect", "CULPRIT_PROMETHEUS_URL"},
};

START_TEST(every_failure_is_told_in_its_own_words_with_what_to_do)
{
	struct stub_route route[] = {
	    {"/", failures[_i].status, failures[_i].type, failures[_i].body},
	    {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct prom_ask question = {.what = PROM_INSTANT, .query = "up"};
	struct got g = ask(&conf, &question, NULL);

	ck_assert_msg(g.outcome.rc == failures[_i].rc, "%s: %s",
	    rc_name(g.outcome.rc), g.outcome.err.text);
	assert_contains(g.outcome.err.text, failures[_i].says);
	assert_contains(g.outcome.advice, failures[_i].advises);
	assert_in_chinese(g.outcome.advice);
	stub_http_free(stub);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_told_with_the_setting_to_change)
{
	struct prom_conf conf = {.url = "http://bob:hunter2@127.0.0.1:1"};
	struct prom_ask question = {.what = PROM_INSTANT, .query = "up"};
	struct got g = ask(&conf, &question, NULL);

	ck_assert_int_eq(g.outcome.rc, RC_UPSTREAM);
	assert_contains(g.outcome.err.text, "http://127.0.0.1:1/api/v1/query:");
	assert_contains(g.outcome.advice, "CULPRIT_PROMETHEUS_URL");
	assert_lacks(g.outcome.err.text, "hunter2");
}
END_TEST

static void
never(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)rq;
	(void)arg;
	stub_hang(c);
}

START_TEST(a_slow_server_is_left_at_the_deadline)
{
	struct stub_http *stub = stub_http_new(never, NULL);
	struct prom_conf conf = {.url = stub_http_url(stub), .timeout_ms = 200};
	struct prom_ask question = {.what = PROM_INSTANT, .query = "up"};
	struct got g = ask(&conf, &question, NULL);

	ck_assert_int_eq(g.outcome.rc, RC_TIMEOUT);
	ck_assert_int_ge(g.outcome.ms, 200);
	assert_contains(g.outcome.advice, "CULPRIT_PROMETHEUS_TIMEOUT_MS");
	assert_in_chinese(g.outcome.advice);
	stub_http_free(stub);
}
END_TEST

/* Good JSON without end. */
static void
endless(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	static const char part[] = "[1,\"1\"],[2,\"2\"],[3,\"3\"],[4,\"4\"],";

	(void)rq;
	(void)arg;
	stub_raws(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
		     "{\"status\":\"success\",\"data\":{\"resultType\":"
		     "\"matrix\",\"result\":[{\"metric\":{},\"values\":[");
	while (stub_raws(c, part))
		;
	stub_close(c);
}

START_TEST(an_endless_answer_is_cut_at_the_limit_and_its_raw_bytes_too)
{
	struct stub_http *stub = stub_http_new(endless, NULL);
	struct prom_conf conf = {
	    .url = stub_http_url(stub), .bytes_max = 1 << 20};
	struct prom_ask question = {.what = PROM_INSTANT, .query = "up"};
	auto_buf raw = {.max = 1000};
	struct got g = ask(&conf, &question, &raw);

	ck_assert_int_eq(g.outcome.rc, RC_TOOBIG);
	assert_contains(g.outcome.err.text, "1048576 bytes");
	assert_contains(g.outcome.advice, "Ask for less");
	assert_in_chinese(g.outcome.advice);
	ck_assert_int_gt(g.samples, 100000);
	ck_assert(!raw.full && raw.len <= 1000);
	stub_http_free(stub);
}
END_TEST

START_TEST(raw_bytes_and_warnings_are_handed_on)
{
	static const char body[] =
	    "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
	    "\"result\":[1,\"2\"]},\"warnings\":[\"careful\"]}";
	struct stub_route route[] = {{"/", 200, NULL, body}, {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct prom_ask question = {.what = PROM_INSTANT, .query = "2"};
	auto_buf raw = {.max = 1000};
	struct got g = ask(&conf, &question, &raw);

	ck_assert_int_eq(g.outcome.rc, RC_OK);
	ck_assert_str_eq(g.outcome.advice, "");
	ck_assert_str_eq(buf_str(&raw), body);
	ck_assert_str_eq(g.warnings, "careful");
	ck_assert_int_eq(g.samples, 1);
	stub_http_free(stub);
}
END_TEST

static const struct {
	struct prom_ask ask;
	const char *url, *says;
	enum rc rc;
} refused[] = {
    {{.what = PROM_INSTANT, .query = ""}, "http://h", "the query is empty",
	RC_INVALID},
    {{.what = PROM_INSTANT}, "http://h", "the query is empty", RC_INVALID},
    {{.what = PROM_RANGE, .query = "u", .start_ms = 2, .end_ms = 1}, "http://h",
	"ends before it starts", RC_INVALID},
    {{.what = PROM_RANGE,
	 .query = "u",
	 .start_ms = 0,
	 .end_ms = 11000000,
	 .step_ms = 1000},
	"http://h", "more than 11000 points", RC_INVALID},
    {{.what = PROM_LABEL_VALUES, .label = "../x"}, "http://h",
	"not a label name", RC_INVALID},
    {{.what = PROM_INSTANT, .query = "u"}, "h:9090", "Prometheus's URL",
	RC_INVALID},
    {{.what = PROM_INSTANT, .query = "u"}, "http://h/?x=1", "without ? or #",
	RC_INVALID},
};

START_TEST(what_cannot_be_asked_is_refused_before_anything_is_sent)
{
	zloop_t *loop = zloop_new();
	struct http *http = http_new(loop);
	struct prom_conf conf = {.url = refused[_i].url};
	struct prom_reader reader = {.sink = &sink, .done = on_done};
	struct err err = {0};

	ck_assert_int_eq(
	    prom_start(http, &conf, &refused[_i].ask, &reader, NULL, &err),
	    refused[_i].rc);
	assert_contains(err.text, refused[_i].says);
	http_free(http);
	zloop_destroy(&loop);
}
END_TEST

START_TEST(an_unreadable_token_file_is_named)
{
	zloop_t *loop = zloop_new();
	struct http *http = http_new(loop);
	struct prom_conf conf = {
	    .url = "http://h", .token_file = "/nonexistent/token"};
	struct prom_ask question = {.what = PROM_ALERTS};
	struct prom_reader reader = {.sink = &sink, .done = on_done};
	struct err err = {0};

	ck_assert_int_eq(
	    prom_start(http, &conf, &question, &reader, NULL, &err), RC_IO);
	assert_contains(err.text, "/nonexistent/token");
	http_free(http);
	zloop_destroy(&loop);
}
END_TEST

START_TEST(a_batch_tells_every_job_also_those_that_cannot_be_asked)
{
	struct stub_route route[] = {{"/", 200, NULL, empty_vector}, {0}};
	struct stub_http *stub = stub_http_new(stub_routes, route);
	struct prom_conf conf = {.url = stub_http_url(stub)};
	struct got g[3] = {0};
	struct prom_job jobs[3];
	int i;

	for (i = 0; i < 3; i++)
		jobs[i] = (struct prom_job){
		    .ask = {.what = PROM_INSTANT, .query = i == 1 ? "" : "up"},
		    .reader = {.sink = &sink, .done = on_done, .arg = &g[i]}};
	ck_assert(prom_run(&conf, jobs, 3, 2, NULL) == RC_OK);
	for (i = 0; i < 3; i++) {
		ck_assert(g[i].done);
		ck_assert_int_eq(g[i].outcome.rc, i == 1 ? RC_INVALID : RC_OK);
	}
	stub_http_free(stub);
}
END_TEST

static const struct {
	int64_t span_s;
	unsigned points;
	int64_t step_s;
} steps[] = {
    {60, 240, 1},
    {300, 240, 2},
    {1800, 240, 10},
    {3600, 240, 15},
    {86400, 240, 600},
    {7 * 86400, 240, 3600},
    {365 * 86400, 240, 172800},
    {10999, 100000, 1},
    {3600, 0, 3600},
};

START_TEST(steps_are_round_and_keep_within_the_points)
{
	int64_t step = prom_step_ms(steps[_i].span_s * 1000, steps[_i].points);

	ck_assert_int_eq(step, steps[_i].step_s * 1000);
	ck_assert_int_lt(steps[_i].span_s * 1000 / step, PROM_POINTS_MAX);
}
END_TEST

START_TEST(names_and_strings_are_fit_for_promql)
{
	auto_buf b = {.max = 100};

	prom_put_quoted(&b, span_of("a\"b\\c\nd"));
	ck_assert_str_eq(buf_str(&b), "\"a\\\"b\\\\c\\nd\"");
	ck_assert(prom_is_label_name("_a1"));
	ck_assert(!prom_is_label_name("1a"));
	ck_assert(!prom_is_label_name("a-b"));
	ck_assert(!prom_is_label_name(""));
	ck_assert(!prom_is_label_name(NULL));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {each_question_has_its_url, ARRAY_LEN(requests)},
	    {a_long_query_is_posted_as_a_form, 0},
	    {a_token_file_is_read_again_for_every_question, 0},
	    {user_and_password_are_sent, 0},
	    {every_failure_is_told_in_its_own_words_with_what_to_do,
		ARRAY_LEN(failures)},
	    {a_server_that_is_not_there_is_told_with_the_setting_to_change, 0},
	    {a_slow_server_is_left_at_the_deadline, 0},
	    {an_endless_answer_is_cut_at_the_limit_and_its_raw_bytes_too, 0},
	    {raw_bytes_and_warnings_are_handed_on, 0},
	    {what_cannot_be_asked_is_refused_before_anything_is_sent,
		ARRAY_LEN(refused)},
	    {an_unreadable_token_file_is_named, 0},
	    {a_batch_tells_every_job_also_those_that_cannot_be_asked, 0},
	    {steps_are_round_and_keep_within_the_points, ARRAY_LEN(steps)},
	    {names_and_strings_are_fit_for_promql, 0},
	};

	return RUN_TESTS("prom", tests);
}
