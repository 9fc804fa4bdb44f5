/*
 * test_gateway_parts.c - the gateway's pure parts: routes, who may come in,
 * what clients prefer, requests, events as text, reports as pages.
 */
#include "common/wire.h"
#include "gateway/gate.h"
#include "gateway/html.h"
#include "gateway/prefer.h"
#include "gateway/problem.h"
#include "gateway/request.h"
#include "gateway/routes.h"
#include "gateway/sse.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- routes ---- */

static const struct {
	const char *method, *path;
	int status;
	const char *run, *item, *allow;
} paths[] = {
    {"POST", "/api/ai_ops", 0, "", "", ""},
    {"GET", "/api/ai_ops", 405, "", "", "POST"},
    {"GET", "/api/investigations", 0, "", "", ""},
    {"HEAD", "/api/investigations", 0, "", "", ""},
    {"GET", "/api/investigations/", 404, "", "", ""},
    {"GET", "/api/investigations/a-1_Z", 0, "a-1_Z", "", ""},
    {"DELETE", "/api/investigations/a", 405, "", "", "GET, HEAD"},
    {"GET", "/api/investigations/a/", 404, "", "", ""},
    {"GET", "/api/investigations/a%2fb", 404, "", "", ""},
    {"GET", "/api/investigations/..", 404, "", "", ""},
    {"GET", "/api/investigations/a/events", 0, "a", "", ""},
    {"GET", "/api/investigations/a/events/b", 404, "", "", ""},
    {"GET", "/api/investigations/a/evidence/E1", 0, "a", "E1", ""},
    {"GET", "/api/investigations/a/evidence/", 404, "", "", ""},
    {"GET", "/api/investigations/a/cancel", 405, "", "", "POST"},
    {"POST", "/api/investigations/a/cancel", 0, "a", "", ""},
    {"GET", "/api/investigations/a/checkpoints", 0, "a", "", ""},
    {"GET", "/api/investigations/a/checkpoints/3", 0, "a", "3", ""},
    {"POST", "/api/investigations/a/fork", 0, "a", "", ""},
    {"GET", "/api/investigations/a/fork", 405, "", "", "POST"},
    {"GET", "/healthz", 0, "", "", ""},
    {"GET", "/healthz2", 404, "", "", ""},
    {"GET", "/health", 404, "", "", ""},
    {"GET", "//healthz", 404, "", "", ""},
};

START_TEST(paths_lead_to_routes)
{
	struct route_match m;
	char allow[ROUTE_ALLOW_MAX];
	int status = route_find(routes, span_of(paths[_i].method),
	    span_of(paths[_i].path), &m, allow);

	ck_assert_msg(
	    status == paths[_i].status, "%s: %d", paths[_i].path, status);
	if (status == 0) {
		ck_assert_str_eq(m.run, paths[_i].run);
		ck_assert_str_eq(m.item, paths[_i].item);
	} else {
		ck_assert_str_eq(allow, paths[_i].allow);
	}
}
END_TEST

START_TEST(a_parameter_has_a_largest_size)
{
	struct route_match m;
	char allow[ROUTE_ALLOW_MAX], path[512];

	snprintf(path, sizeof(path), "/api/investigations/%0*d",
	    ROUTE_PARAM_MAX - 1, 0);
	ck_assert_int_eq(
	    route_find(routes, span_of("GET"), span_of(path), &m, allow), 0);
	snprintf(
	    path, sizeof(path), "/api/investigations/%0*d", ROUTE_PARAM_MAX, 0);
	ck_assert_int_eq(
	    route_find(routes, span_of("GET"), span_of(path), &m, allow), 404);
}
END_TEST

START_TEST(only_probes_are_public)
{
	const struct route *r;

	for (r = routes; r->method != NULL; r++)
		ck_assert_msg(r->public == (strstr(r->path, "/api") == NULL),
		    "%s", r->path);
}
END_TEST

/* ---- the gate ---- */

static const struct {
	const char *fields;
	int listen; /* 0: loopback, 1: everywhere, 2: loopback with names */
	int status; /* 0: may pass */
} visits[] = {
    {"Host: localhost\r\n", 0, 0},
    {"Host: LOCALHOST:9900\r\n", 0, 0},
    {"Host: 127.0.0.1:9900\r\n", 0, 0},
    {"Host: [::1]:9900\r\n", 0, 0},
    {"Host: [::1]\r\n", 0, 0},
    {"Host: evil.example\r\n", 0, 421},
    {"Host: localhost.evil.example\r\n", 0, 421},
    {"Host: evil.localhost\r\n", 0, 421},
    {"Host: 127.0.0.1.evil.example\r\n", 0, 421},
    {"Host: 10.1.2.3\r\n", 0, 421},
    {"Host: 2130706433\r\n", 0, 421},
    {"Host: 0x7f.1\r\n", 0, 421},
    {"Host:\r\n", 0, 421},
    {"Host: :9900\r\n", 0, 421},
    {"Host: 10.1.2.3:80\r\n", 1, 0},
    {"Host: [fe80::1]:80\r\n", 1, 0},
    {"Host: evil.example\r\n", 1, 421},
    {"Host: ops.example\r\n", 2, 0},
    {"Host: ops.example:8443\r\n", 2, 0},
    {"Host: app.example:3000\r\n", 2, 0},
    {"Host: app.example:3001\r\n", 2, 421},
    {"Host: xops.example\r\n", 2, 421},
    {"Host: localhost\r\nOrigin: http://localhost\r\n", 0, 0},
    {"Host: localhost:1\r\nOrigin: http://localhost:1\r\n", 0, 0},
    {"Host: localhost:1\r\nOrigin: https://localhost:1\r\n", 0, 0},
    {"Host: localhost:1\r\nOrigin: http://localhost:2\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: http://evil.example\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: null\r\n", 0, 403},
    {"Host: localhost\r\nOrigin:\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: localhost\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: file://localhost\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: http://localhost/\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: https://app.example:3000\r\n", 2, 0},
    {"Host: localhost\r\nOrigin: https://app.example:3001\r\n", 2, 403},
    {"Host: localhost\r\nSec-Fetch-Site: same-origin\r\n", 0, 0},
    {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 0, 403},
    {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"
     "Sec-Fetch-Mode: navigate\r\n",
	0, 0},
};

static struct gate *
gate_of(int listen, const char *token)
{
	static const struct gate_spec specs[] = {
	    {.listen_host = "127.0.0.1"},
	    {.listen_host = "0.0.0.0", .wildcard = true},
	    {.listen_host = "127.0.0.1",
		.hosts = "ops.example, app.example:3000"},
	};
	struct gate_spec spec = specs[listen];
	struct gate *g = NULL;
	struct err err = {0};

	spec.token = token;
	ck_assert_msg(gate_new(&spec, &g, &err) == RC_OK, "%s", err.text);
	return g;
}

/* The status a request with these fields gets; 0: it may pass. */
static int
visit(const struct gate *g, const char *method, const char *fields, bool public)
{
	auto_str text = xasprintf("%s / HTTP/1.1\r\n%s\r\n", method, fields);
	struct problem p = {0};
	struct head h;
	struct err err = {0};

	ck_assert_msg(head_check(span_of(text), &h, &err) == HEAD_OK, "%s: %s",
	    fields, err.text);
	return gate_check(g, &h, public, &p) ? 0 : p.status;
}

START_TEST(names_and_origins_are_held_against_the_list)
{
	struct gate *g = gate_of(visits[_i].listen, NULL);
	int status = visit(g, "GET", visits[_i].fields, false);

	ck_assert_msg(
	    status == visits[_i].status, "%s: %d", visits[_i].fields, status);
	gate_free(g);
}
END_TEST

START_TEST(a_post_from_another_site_is_no_link)
{
	struct gate *g = gate_of(0, NULL);

	ck_assert_int_eq(
	    visit(g, "POST",
		"Host: localhost\r\n"
		"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
		false),
	    403);
	gate_free(g);
}
END_TEST

static const struct {
	const char *field;
	int status;
} tokens[] = {
    {"", 401},
    {"Authorization: Bearer secret-token\r\n", 0},
    {"Authorization: bearer secret-token\r\n", 0},
    {"Authorization: Bearer secret-toke\r\n", 401},
    {"Authorization: Bearer secret-token1\r\n", 401},
    {"Authorization: Bearer secret-tokensecret-token\r\n", 401},
    {"Authorization: Bearer \r\n", 401},
    {"Authorization: Basic secret-token\r\n", 401},
    {"Authorization: secret-token\r\n", 401},
};

START_TEST(a_token_must_be_the_right_one)
{
	struct gate *g = gate_of(0, "secret-token");
	auto_str fields = xasprintf("Host: localhost\r\n%s", tokens[_i].field);

	ck_assert_int_eq(visit(g, "GET", fields, false), tokens[_i].status);
	ck_assert_int_eq(visit(g, "GET", fields, true), 0);
	gate_free(g);
}
END_TEST

static const struct {
	const char *hosts, *token, *says;
} bad_gates[] = {
    {"http://a.example", NULL, "without http://"},
    {NULL, "short", "8"},
};

START_TEST(a_wrong_gate_is_explained)
{
	const struct gate_spec spec = {.listen_host = "",
	    .hosts = bad_gates[_i].hosts,
	    .token = bad_gates[_i].token};
	struct gate *g = NULL;
	struct err err = {0};

	ck_assert_int_eq(gate_new(&spec, &g, &err), RC_INVALID);
	assert_contains(err.text, bad_gates[_i].says);
}
END_TEST

/* ---- preferences ---- */

static const struct {
	const char *accept;
	const char *best; /* NULL: none */
} accepts[] = {
    {NULL, "a/1"},
    {"", "a/1"},
    {"*/*", "a/1"},
    {"a/2", "a/2"},
    {"A/2", "a/2"},
    {"b/3;q=0.5, a/*;q=0.2", "b/3"},
    {"a/1;q=0.1, */*;q=0.2", "a/2"},
    {"a/1;q=0, a/*", "a/2"},
    {"a/1;q=0,a/2;q=0,b/3;q=0,*/*", NULL},
    {"image/png", NULL},
    {"a/", NULL},
    {"a", NULL},
    {",, ;q=1 ,b/3;level=1;q=1.0", "b/3"},
    {"a/2;q=0.001", "a/2"},
    {"text/html,*/*;q=0.1", "a/1"},
};

START_TEST(the_best_of_what_is_offered_is_chosen)
{
	static const char *const offers[] = {"a/1", "a/2", "b/3", NULL};
	const char *best = prefer_media(span_of(accepts[_i].accept), offers);

	ck_assert_msg((best == NULL) == (accepts[_i].best == NULL), "%s: %s",
	    accepts[_i].accept, best);
	if (best != NULL)
		ck_assert_str_eq(best, accepts[_i].best);
}
END_TEST

static const struct {
	const char *accept, *language;
} languages[] = {
    {NULL, "xx"},
    {"en", "en"},
    {"en-GB,en;q=0.9", "en"},
    {"zh-CN,zh;q=0.9,en;q=0.8", "zh"},
    {"de, en;q=0.3, zh;q=0.4", "zh"},
    {"de", "xx"},
    {"english", "xx"},
    {"*", "xx"},
};

START_TEST(the_language_follows_the_reader)
{
	ck_assert_str_eq(prefer_language(span_of(languages[_i].accept), "xx"),
	    languages[_i].language);
}
END_TEST

START_TEST(respond_async_is_found_among_others)
{
	ck_assert(prefer_async(span_of("respond-async")));
	ck_assert(prefer_async(span_of("wait=10, Respond-Async")));
	ck_assert(!prefer_async(span_of("respond-asynchronously")));
	ck_assert(!prefer_async(span_of(NULL)));
}
END_TEST

/* ---- requests ---- */

enum { INPUT_MAX = 1 << 20 };
#define NOW INT64_C(1763891820000)

static enum rc
parse(const char *body, struct buf *input, char digest[SHA256_TEXT],
    struct err *err)
{
	buf_init(input, INPUT_MAX);
	return request_parse(span_of(body), "zh", NOW, input, digest, err);
}

START_TEST(a_full_request_is_understood)
{
	char digest[SHA256_TEXT];
	struct err err = {0};
	struct span labels;
	auto_buf b = {0};

	ck_assert_msg(parse("{\"input\":\"why\",\"language\":\"en-US\","
			    "\"at\":\"-1h\",\"window\":\"30m\","
			    "\"labels\":{\"job\":\"api\",\"_x1\":\"\"}}",
			  &b, digest, &err) == RC_OK,
	    "%s", err.text);
	ck_assert_int_eq(wire_check(buf_span(&b), &err), RC_OK);
	ck_assert(span_is(wire_find_str(buf_span(&b), "input"), "why"));
	ck_assert(span_is(wire_find_str(buf_span(&b), "language"), "en"));
	ck_assert_int_eq(wire_find_int(buf_span(&b), "at", 0), NOW - 3600000);
	ck_assert_int_eq(wire_find_int(buf_span(&b), "window", 0), 1800);
	labels = wire_find(buf_span(&b), "labels");
	ck_assert(span_is(wire_find_str(labels, "job"), "api"));
}
END_TEST

static const char *const empty_bodies[] = {
    "", " \r\n\t", "{}", "{\"input\":null}"};

START_TEST(an_empty_request_is_a_request)
{
	char digest[SHA256_TEXT];
	struct err err = {0};
	auto_buf b = {0};

	ck_assert_msg(
	    parse(empty_bodies[_i], &b, digest, &err) == RC_OK, "%s", err.text);
	ck_assert(span_is(wire_find_str(buf_span(&b), "input"), ""));
	ck_assert(span_is(wire_find_str(buf_span(&b), "language"), "zh"));
	ck_assert_int_eq(wire_find_int(buf_span(&b), "at", -7), -7);
	ck_assert_int_eq(wire_find_int(buf_span(&b), "window", -7), -7);
	ck_assert_uint_eq(wire_find(buf_span(&b), "labels").n, 0);
}
END_TEST

static const struct {
	const char *body, *says;
} bad_bodies[] = {
    {"{", "body"},
    {"[]", "object"},
    {"nonsense", "body"},
    {"{} {}", "body"},
    {"{\"input\":1}", "input"},
    {"{\"input\":\"a\",\"input\":\"b\"}", "input"},
    {"{\"inptu\":\"a\"}", "\"window\""},
    {"{\"language\":\"de\"}", "zh or en"},
    {"{\"language\":7}", "language"},
    {"{\"at\":\"yesterday\"}", "at"},
    {"{\"at\":\"2026-13-01T00:00:00Z\"}", "at"},
    {"{\"at\":\"now+1h\"}", "future"},
    {"{\"at\":true}", "at"},
    {"{\"window\":\"5\xE2\x80\x89m\"}", "window"},
    {"{\"window\":\"10s\"}", "window"},
    {"{\"window\":\"400d\"}", "window"},
    {"{\"window\":\"-5m\"}", "window"},
    {"{\"labels\":[]}", "labels"},
    {"{\"labels\":{\"job\":1}}", "labels"},
    {"{\"labels\":{\"a-b\":\"x\"}}", "a-b"},
    {"{\"labels\":{\"1a\":\"x\"}}", "1a"},
    {"{\"labels\":{\"\":\"x\"}}", "labels"},
    {"{\"input\":\"\\u0000\"}", "body"},
    {"{\"input\":\"\xff\"}", "body"},
    {"{\"labels\":{\"a\":{\"b\":{\"c\":{\"d\":1}}}}}", "body"},
};

START_TEST(a_bad_request_says_what_and_where)
{
	char digest[SHA256_TEXT];
	struct err err = {0};
	auto_buf b = {0};
	enum rc rc = parse(bad_bodies[_i].body, &b, digest, &err);

	ck_assert_msg(rc == RC_INVALID || rc == RC_TOOBIG, "%s: %s",
	    bad_bodies[_i].body, rc_name(rc));
	assert_contains(err.text, bad_bodies[_i].says);
}
END_TEST

static const struct {
	const char *body;
	int from; /* 0: refused, and says */
	const char *input, *says;
} fork_bodies[] = {
    {"", 1, "", ""},
    {"{}", 1, "", ""},
    {"{\"from\":7}", 7, "", ""},
    {"{\"from\":7,\"input\":\"why?\"}", 7, "why?", ""},
    {"{\"from\":0}", 0, "", "body.from"},
    {"{\"from\":-1}", 0, "", "body.from"},
    {"{\"from\":1.5}", 0, "", "body.from"},
    {"{\"from\":\"7\"}", 0, "", "body.from"},
    {"{\"input\":7}", 0, "", "body.input"},
    {"{\"at\":7}", 0, "", "\"from\""},
    {"[]", 0, "", "object"},
};

START_TEST(a_fork_is_asked_for_from_an_event_on)
{
	char digest[SHA256_TEXT];
	struct err err = {0};
	uint64_t from = 0;
	auto_buf b = {0};
	enum rc rc;

	buf_init(&b, 1 << 20);
	rc = request_parse_fork(
	    span_of(fork_bodies[_i].body), "r1", &b, &from, digest, &err);
	ck_assert_int_eq(rc == RC_OK, fork_bodies[_i].from != 0);
	assert_contains(err.text, fork_bodies[_i].says);
	ck_assert_uint_eq(from, (uint64_t)fork_bodies[_i].from);
	if (rc == RC_OK)
		ck_assert(span_is(wire_find_str(buf_span(&b), "input"),
		    fork_bodies[_i].input));
}
END_TEST

START_TEST(equal_forks_have_equal_digests)
{
	static const struct {
		const char *run, *body;
		bool equal;
	} others[] = {{"r1", "{\"input\":\"a\",\"from\":1}", true},
	    {"r2", "{\"input\":\"a\"}", false},
	    {"r1", "{\"input\":\"a\",\"from\":2}", false},
	    {"r1", "{\"input\":\"b\"}", false}, {"r1", "", false}};
	char first[SHA256_TEXT], other[SHA256_TEXT];
	auto_buf b = {0};
	struct err err;
	uint64_t from;

	buf_init(&b, 1 << 20);
	ck_assert(request_parse_fork(span_of("{\"input\":\"a\"}"), "r1", &b,
		      &from, first, &err) == RC_OK);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		ck_assert(request_parse_fork(span_of(others[i].body),
			      others[i].run, &b, &from, other, &err) == RC_OK);
		ck_assert_int_eq(strcmp(first, other) == 0, others[i].equal);
	}
}
END_TEST

START_TEST(a_question_has_a_largest_size)
{
	char text[REQUEST_INPUT_MAX + 1], digest[SHA256_TEXT];
	auto_str fits = NULL;
	auto_str over = NULL;
	struct err err = {0};
	auto_buf b = {0};
	auto_buf c = {0};

	memset(text, 'x', sizeof(text));
	fits = xasprintf("{\"input\":\"%.*s\"}", REQUEST_INPUT_MAX, text);
	over = xasprintf("{\"input\":\"%.*s\"}", REQUEST_INPUT_MAX + 1, text);
	ck_assert_int_eq(parse(fits, &b, digest, &err), RC_OK);
	ck_assert_int_eq(parse(over, &c, digest, &err), RC_INVALID);
	assert_contains(err.text, "8192");
}
END_TEST

START_TEST(labels_have_a_largest_number)
{
	char text[4096] = "{\"labels\":{", digest[SHA256_TEXT];
	struct err err = {0};
	auto_buf b = {0};
	size_t n = strlen(text);
	int i;

	for (i = 0; i <= REQUEST_LABELS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s\"l%d\":\"\"", i > 0 ? "," : "", i);
	snprintf(text + n, sizeof(text) - n, "}}");
	ck_assert_int_eq(parse(text, &b, digest, &err), RC_INVALID);
	assert_contains(err.text, "64");
}
END_TEST

static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
    {"", "{}", true},
    {"{\"input\":\"a\",\"at\":\"-1h\"}", "{ \"at\":\"-1h\", \"input\":\"a\"}",
	true},
    {"{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}",
	"{\"labels\":{\"b\":\"2\",\"a\":\"1\"}}", true},
    {"{\"input\":\"\\u0061\"}", "{\"input\":\"a\"}", true},
    {"{\"input\":\"a\"}", "{\"input\":\"b\"}", false},
    {"{\"labels\":{\"a\":\"1\"}}", "{\"labels\":{\"a\":\"2\"}}", false},
    {"{\"labels\":{\"a\":\"1\"}}", "{}", false},
    {"{\"at\":\"-1h\"}", "{\"at\":\"-2h\"}", false},
    {"{\"window\":\"1h\"}", "{\"at\":\"-1h\"}", false},
    {"{\"language\":\"en\"}", "{}", false},
    {"{\"input\":\"a\\nat=\\\"-1h\\\"\"}", "{\"input\":\"a\",\"at\":\"-1h\"}",
	false},
};

START_TEST(equal_requests_have_equal_digests)
{
	char a[SHA256_TEXT], b[SHA256_TEXT];
	struct err err = {0};
	auto_buf x = {0};
	auto_buf y = {0};

	ck_assert_int_eq(parse(pairs[_i].a, &x, a, &err), RC_OK);
	buf_init(&y, INPUT_MAX);
	/* A second later. */
	ck_assert_int_eq(
	    request_parse(span_of(pairs[_i].b), "zh", NOW + 1000, &y, b, &err),
	    RC_OK);
	ck_assert_msg((strcmp(a, b) == 0) == pairs[_i].equal, "%s and %s",
	    pairs[_i].a, pairs[_i].b);
}
END_TEST

/* ---- events as text ---- */

START_TEST(an_event_is_one_block_of_lines)
{
	auto_buf data = {0};
	auto_buf b = {0};

	buf_init(&data, 1000);
	buf_init(&b, 1000);
	wire_put_map(&data, 1);
	wire_put_str(&data, "a\nb");
	wire_put_str(&data, "\r\n\n: x\xE2\x80\xA8");
	sse_event(&b, "r1", 18, span_of("tool_started"), buf_span(&data));
	ck_assert_str_eq(buf_str(&b),
	    "id: r1.18\nevent: tool_started\n"
	    "data: {\"a\\nb\":\"\\r\\n\\n: x\xE2\x80\xA8\"}\n\n");
}
END_TEST

static const char *const odd_types[] = {"", "a\nb", "a b", "A", "a\r", "a:"};

START_TEST(an_odd_type_cannot_forge_fields)
{
	auto_buf b = {0};

	buf_init(&b, 1000);
	sse_fleeting(&b, span_of(odd_types[_i]), (struct span){0});
	ck_assert_str_eq(buf_str(&b), "event: message\ndata: {}\n\n");
}
END_TEST

static const struct {
	const char *id;
	bool good;
	uint64_t seq;
} ids[] = {
    {"", true, 0},
    {"r1.0", true, 0},
    {"r1.7", true, 7},
    {"42", true, 42},
    {"r1.999999999999999999", true, 999999999999999999},
    {"r1.9999999999999999999", false, 0},
    {"r1.", false, 0},
    {"r1", false, 0},
    {"r2.7", false, 0},
    {"r1.-7", false, 0},
    {"r1.7x", false, 0},
    {"r1. 7", false, 0},
    {"r1.7\n", false, 0},
    {"r11.7", false, 0},
    {"-1", false, 0},
    {"+1", false, 0},
    {".7", false, 0},
};

START_TEST(ids_are_read_back_strictly)
{
	uint64_t seq = 99;
	struct err err = {0};
	enum rc rc = sse_id_parse(span_of(ids[_i].id), "r1", &seq, &err);

	ck_assert_msg((rc == RC_OK) == ids[_i].good, "\"%s\"", ids[_i].id);
	ck_assert_uint_eq(seq, ids[_i].good ? ids[_i].seq : 99);
}
END_TEST

/* ---- reports as pages ---- */

static const struct {
	const char *markdown, *has, *lacks;
} pages[] = {
    {"# A & B", "<h1>A &amp; B</h1>", NULL},
    {"|a|b|\n|---|---|\n|1|2|\n", "<table>", NULL},
    {"<script>x</script>", "&lt;script&gt;", "<script"},
    {"a <img src=x onerror=y> b", "&lt;img", "<img"},
    {"<div onclick=x>\n\nhi", "&lt;div", "<div"},
    {"<!-- c -->", "&lt;!--", "<!-- "},
    {"[x](http://a/b?c=1&d=2)", "<a href=\"http://a/b?c=1&amp;d=2\"", NULL},
    {"[x](HTTPS://a/)", "<a href=\"HTTPS://a/\"", NULL},
    {"[x](/api/x)", "<a href=\"/api/x\"", NULL},
    {"[x](evidence/E3)", "<a href=\"evidence/E3\"", NULL},
    {"[x](#e3)", "<a href=\"#e3\"", NULL},
    {"[x](a/b:c)", "<a href=\"a/b:c\"", NULL},
    {"[x](javascript:alert(1))", "<a href=\"#\"", "javascript:"},
    {"[x](JaVaScRiPt:alert(1))", "<a href=\"#\"", "JaVa"},
    {"[x](java&#115;cript:alert(1))", "<a href=\"#\"", "script:"},
    {"[x](javascript&colon;alert(1))", "<a href=\"#\"", "alert"},
    {"[x](javascript&#58;alert(1))", "<a href=\"#\"", "alert"},
    {"[x](java&Tab;script&colon;alert(1))", "<a href=\"#\"", "alert"},
    {"[x](data:text/html,x)", "<a href=\"#\"", "data:"},
    {"[x](vbscript:x)", "<a href=\"#\"", "vbscript"},
    {"[x](//evil.example/)", "<a href=\"#\"", "evil"},
    {"[x](\\\\evil.example/)", "<a href=\"", "\"\\\\evil"},
    {"<javascript:alert(1)>", "<a href=\"#\"", "\"javascript:"},
    {"![x](javascript:y)", "<img src=\"#\"", "javascript:"},
    {"![x](a.png \"t\\\" onload=\\\"y\")", "<img src=\"a.png\"",
	"\" onload=\""},
    {"[a]: javascript:x\n\n[a]", "<a href=\"#\"", "javascript:"},
    {"```\n<b>&\n```", "&lt;b&gt;&amp;", "<b>"},
    {"[x](http://a/\"onclick=\"y)", "http://a/", "\"onclick=\""},
};

START_TEST(a_page_shows_text_and_runs_nothing)
{
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	html_page(&b, "zh", "r1", span_of(pages[_i].markdown));
	assert_contains(buf_str(&b), pages[_i].has);
	if (pages[_i].lacks != NULL)
		assert_lacks(buf_str(&b), pages[_i].lacks);
	assert_contains(buf_str(&b), "<html lang=\"zh\">");
}
END_TEST

START_TEST(a_title_is_text)
{
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	html_page(&b, "\"><script>", "<x>&\"", span_of(""));
	assert_contains(buf_str(&b), "<title>&lt;x&gt;&amp;&quot;</title>");
	assert_lacks(buf_str(&b), "<script>");
}
END_TEST

/* ---- problems ---- */

START_TEST(a_problem_is_a_whole_response)
{
	struct problem p = {0};
	auto_buf b = {0};
	const char *body;
	char length[40];

	buf_init(&b, 4096);
	problem_set(&p, 503, "%s", "no \"room\"\n");
	problem_response(&b, &p);
	assert_contains(buf_str(&b), "HTTP/1.1 503 Service Unavailable\r\n");
	assert_contains(buf_str(&b), "\r\nRetry-After: 2\r\n");
	body = strstr(buf_str(&b), "\r\n\r\n") + 4;
	snprintf(
	    length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
	assert_contains(buf_str(&b), length);
	assert_contains(body, "\"detail\":\"no \\\"room\\\"\\n\"");
}
END_TEST

START_TEST(every_result_has_a_status)
{
	enum rc rc;

	for (rc = RC_INVALID; rc <= RC_CANCELLED; rc++) {
		int status = problem_status_of(rc);

		ck_assert_int_ge(status, 400);
		ck_assert_str_ne(problem_title(status), "Error");
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {paths_lead_to_routes, ARRAY_LEN(paths)},
	    {a_parameter_has_a_largest_size, 0},
	    {only_probes_are_public, 0},
	    {names_and_origins_are_held_against_the_list, ARRAY_LEN(visits)},
	    {a_post_from_another_site_is_no_link, 0},
	    {a_token_must_be_the_right_one, ARRAY_LEN(tokens)},
	    {a_wrong_gate_is_explained, ARRAY_LEN(bad_gates)},
	    {the_best_of_what_is_offered_is_chosen, ARRAY_LEN(accepts)},
	    {the_language_follows_the_reader, ARRAY_LEN(languages)},
	    {respond_async_is_found_among_others, 0},
	    {a_full_request_is_understood, 0},
	    {an_empty_request_is_a_request, ARRAY_LEN(empty_bodies)},
	    {a_bad_request_says_what_and_where, ARRAY_LEN(bad_bodies)},
	    {a_fork_is_asked_for_from_an_event_on, (int)ARRAY_LEN(fork_bodies)},
	    {equal_forks_have_equal_digests, 0},
	    {a_question_has_a_largest_size, 0},
	    {labels_have_a_largest_number, 0},
	    {equal_requests_have_equal_digests, ARRAY_LEN(pairs)},
	    {an_event_is_one_block_of_lines, 0},
	    {an_odd_type_cannot_forge_fields, ARRAY_LEN(odd_types)},
	    {ids_are_read_back_strictly, ARRAY_LEN(ids)},
	    {a_page_shows_text_and_runs_nothing, ARRAY_LEN(pages)},
	    {a_title_is_text, 0},
	    {a_problem_is_a_whole_response, 0},
	    {every_result_has_a_status, 0},
	};

	return RUN_TESTS("gateway_parts", tests);
}
