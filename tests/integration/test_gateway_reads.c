/*
 * test_gateway_reads.c - what the real gateway passes on by one question and
 * one answer: lists, reports, evidence, cancelling, readiness.
 */
#include "common/base/buf.h"
#include "common/wire/wire.h"
#include "tests/harness/client.h"
#include "tests/harness/front.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <cjson/cJSON.h>
#include <sys/socket.h>

static struct front_heard *
read_one(struct front *f, const char *line, const char *fields,
    const char *what, struct client **ret_c)
{
	struct front_heard *h;

	*ret_c = client_request(f, line, fields, "");
	h = front_expect(f, PROTO_QUERY);
	ck_assert_msg(
	    span_is(h->m.query.what, what), "%.*s", SPAN_ARG(h->m.query.what));
	return h;
}

static void
report_value(struct buf *b, const char *text)
{
	wire_put_map(b, 2);
	wire_put_str(b, "markdown");
	wire_put_str(b, text);
	wire_put_str(b, "language");
	wire_put_str(b, "en");
}

START_TEST(investigations_are_listed)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = read_one(f,
	    "GET /api/investigations?limit=7&before=9&status=failed", "",
	    "list", &c);
	union proto_args args;
	enum proto_ask ask;
	const char *text;
	struct err err;
	auto_buf v = {0};

	ck_assert_int_eq(proto_get_args(&h->m.query, &ask, &args, &err), RC_OK);
	ck_assert_int_eq(ask, PROTO_ASK_LIST);
	ck_assert_uint_eq(args.list.limit, 7);
	ck_assert_uint_eq(args.list.before, 9);
	ck_assert(span_is(args.list.status, "failed"));
	buf_init(&v, 100);
	wire_put_map(&v, 1);
	wire_put_str(&v, "investigations");
	wire_put_array(&v, 0);
	front_value(f, h, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "{\"investigations\":[]}");
	client_free(c);
	front_free(f);
}
END_TEST

static const struct {
	const char *accept;
	const char *media;
	const char *says;
	const char *lacks;
} reports[] = {
    {"", "text/markdown; charset=utf-8", "# Hi\n<script>", "<h1>"},
    {"Accept: text/markdown\r\n", "text/markdown; charset=utf-8", "[x](java",
	"<h1>"},
    {"Accept: application/json\r\n", "application/json", "\"markdown\":\"# Hi",
	"<h1>"},
};

START_TEST(a_report_comes_as_it_is_asked_for)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = read_one(f, "GET /api/investigations/r1/report",
	    reports[_i].accept, "report", &c);
	const char *text;
	auto_buf v = {0};

	buf_init(&v, 1000);
	report_value(&v, "# Hi\n<script>alert(1)</script>\n\n"
			 "[x](javascript:alert(1)) [y](/a)\n");
	front_value(f, h, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, reports[_i].media);
	assert_contains(text, reports[_i].says);
	assert_lacks(text, reports[_i].lacks);
	client_free(c);
	front_free(f);
}
END_TEST

/* What a page shows of it. */
static const struct {
	const char *line, *fields, *media, *says, *lacks;
} alone[] = {
    {"report?evidence=no", "Accept: text/html,*/*;q=0.1\r\n",
	"text/html; charset=utf-8", "<h1>Hi</h1>", "<script>"},
    {"report?evidence=no", "Accept: text/html\r\n", "text/html; charset=utf-8",
	"default-src 'none'", "javascript:"},
    {"report?as=html&evidence=no", "Accept: image/png\r\n",
	"text/html; charset=utf-8", "<h1>Hi</h1>", "<html"},
    {"report?as=markdown", "Accept: text/html\r\n",
	"text/markdown; charset=utf-8", "# Hi\n", "<h1>"},
    {"report?as=json&evidence=yes", "Accept: text/html\r\n", "application/json",
	"\"markdown\":\"# Hi", "<h1>"},
};

START_TEST(a_report_comes_alone_where_that_is_asked_for)
{
	struct front *f = front_new();
	auto_str line =
	    xasprintf("GET /api/investigations/r1/%s", alone[_i].line);
	struct client *c;
	struct front_heard *h =
	    read_one(f, line, alone[_i].fields, "report", &c);
	const char *text;
	auto_buf v = {0};

	buf_init(&v, 1000);
	report_value(&v, "# Hi\n<script>alert(1)</script>\n\n"
			 "[x](javascript:alert(1)) [y](/a)\n");
	front_value(f, h, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, alone[_i].media);
	assert_contains(text, alone[_i].says);
	assert_lacks(text, alone[_i].lacks);
	client_free(c);
	front_free(f);
}
END_TEST

/* The state of an investigation that ended then, as JSON. */
static void
shown_value(struct buf *b, const char *finished_ms)
{
	auto_str json =
	    xasprintf("{\"id\":\"r1\",\"language\":\"en\",\"final_report\":"
		      "\"# Hi\\n[E2] then [E1] and [E2]\",\"evidence\":["
		      "{\"id\":\"E1\",\"tool\":\"one\",\"query\":\"q1\"},"
		      "{\"id\":\"E2\",\"tool\":\"two\",\"query\":\"q2\"},"
		      "{\"id\":\"E3\",\"tool\":\"three\",\"query\":\"q3\"}],"
		      "\"run\":{\"finished_ms\":%s}}",
		finished_ms);
	cJSON *tree = cJSON_Parse(json);

	wire_put_tree(b, tree);
	cJSON_Delete(tree);
}

static void
answer_evidence(struct front *f, const char *id, const char *rc,
    const char *bytes, const char *text)
{
	struct front_heard *h = front_expect(f, PROTO_QUERY);
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {.req = h->m.query.req,
		.rc = span_of(rc),
		.text = span_of(text),
		.media = span_of("text/plain"),
		.bytes = span_of(bytes)}};

	ck_assert(span_is(h->m.query.what, "evidence"));
	ck_assert(span_is(wire_find_str(h->m.query.args, "id"), id));
	front_send(f, &h->peer, &m);
}

START_TEST(a_case_file_holds_what_its_report_cites)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = read_one(f, "GET /api/investigations/r1/report",
	    "Accept: text/html\r\n", "show", &c);
	const char *text;
	auto_buf v = {0};

	buf_init(&v, 4096);
	shown_value(&v, "5");
	front_value(f, h, buf_span(&v));
	answer_evidence(f, "E2", "ok", "<script>two</script>", "");
	answer_evidence(f, "E1", "damaged", "", "does not fit <its hash>");
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "Content-Type: text/html; charset=utf-8\r\n");
	assert_contains(text, "Content-Security-Policy: default-src 'none'");
	assert_contains(text, "<article id=\"E2\">");
	assert_contains(text, "&lt;script&gt;two");
	assert_contains(text, "does not fit &lt;its hash&gt;");
	assert_lacks(text, "<script");
	assert_lacks(text, "E3");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(there_is_no_case_file_of_what_goes_on)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = read_one(f,
	    "GET /api/investigations/r1/report?as=markdown&evidence=yes", "",
	    "show", &c);
	auto_buf v = {0};

	buf_init(&v, 4096);
	shown_value(&v, "0");
	front_value(f, h, buf_span(&v));
	assert_status(client_await(c, NULL), 409);
	client_free(c);
	front_free(f);
}
END_TEST

static const char *const odd_reports[] = {
    "as=pdf", "as=", "evidence=1", "as=html&evidence=maybe"};

START_TEST(an_odd_form_of_a_report_is_refused)
{
	struct front *f = front_new();
	auto_str line =
	    xasprintf("GET /api/investigations/r1/report?%s", odd_reports[_i]);
	auto_str answer = client_ask(f, line, "", "");

	assert_status(answer, 400);
	front_free(f);
}
END_TEST

START_TEST(evidence_is_bytes_no_browser_runs)
{
	struct front *f = front_new();
	struct client *c;
	struct front_heard *h = read_one(
	    f, "GET /api/investigations/r1/evidence/E3", "", "evidence", &c);
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {.req = h->m.query.req,
		.rc = span_of("ok"),
		.media = span_of("text/html"),
		.bytes = span_of("<script>x</script>")}};
	const char *text;

	ck_assert(span_is(wire_find_str(h->m.query.args, "id"), "E3"));
	front_send(f, &h->peer, &m);
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "Content-Type: text/plain; charset=utf-8\r\n");
	assert_contains(text, "nosniff");
	assert_contains(text, "<script>x</script>");
	client_free(c);
	front_free(f);
}
END_TEST

START_TEST(cancelling_is_passed_on)
{
	struct front *f = front_new();
	struct client *c =
	    client_request(f, "POST /api/investigations/r1/cancel", "", "");
	struct front_heard *h = front_expect(f, PROTO_CANCEL);

	ck_assert(span_is(h->m.cancel.run, "r1"));
	front_reply(f, h, h->m.cancel.req, "ok", "", "r1");
	assert_status(client_await(c, NULL), 202);
	client_free(c);
	front_free(f);
}
END_TEST

static bool
readyz_is_200(void *ctx)
{
	auto_str answer = client_ask(ctx, "GET /readyz", "", "");

	return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

START_TEST(readiness_says_why_not)
{
	struct front *f = front_new();
	auto_str health = NULL;
	struct client *c;

	f->ready = false;
	c = client_request(f, "GET /readyz", "", "");
	client_await(c, NULL);
	assert_status(buf_str(&c->in), 503);
	client_free(c);
	health = client_ask(f, "GET /healthz", "", "");
	assert_status(health, 200);
	f->ready = true;
	ck_assert(await(readyz_is_200, f, FRONT_MS));
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {investigations_are_listed, 0},
	    {a_report_comes_as_it_is_asked_for, ARRAY_LEN(reports)},
	    {a_report_comes_alone_where_that_is_asked_for, ARRAY_LEN(alone)},
	    {a_case_file_holds_what_its_report_cites, 0},
	    {there_is_no_case_file_of_what_goes_on, 0},
	    {an_odd_form_of_a_report_is_refused, ARRAY_LEN(odd_reports)},
	    {evidence_is_bytes_no_browser_runs, 0},
	    {cancelling_is_passed_on, 0},
	    {readiness_says_why_not, 0},
	};

	return RUN_TESTS("gateway_reads", tests);
}
