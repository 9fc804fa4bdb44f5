/*
 * test_gateway_strangers.c - what the real gateway refuses before anyone is
 * asked: bad requests, odd and slow heads, who has no token.
 */
#include "common/agent/agent.h"
#include "tests/harness/client.h"
#include "tests/harness/front.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <sys/socket.h>

/* ---- what is refused before anyone is asked ---- */

#define H "\r\nHost: localhost\r\n"

static const struct {
	const char *what;
	const char *request;
	int status;
	const char *says;
} bad_requests[] = {
    {"unknown field",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
	"Content-Length: 7\r\n\r\n{\"x\":1}",
	400, "labels"},
    {"not JSON",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
	"Content-Length: 3\r\n\r\n{\"x",
	400, "body"},
    {"not an object",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON "Content-Length: 2\r\n\r\n[]",
	400, "object"},
    {"bad time",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
	"Content-Length: 12\r\n\r\n{\"at\":\"now?\"}",
	400, ""},
    {"form",
	"POST /api/ai_ops HTTP/1.1" H
	"Content-Type: application/x-www-form-urlencoded\r\n"
	"Content-Length: 2\r\n\r\n{}",
	415, "application/json"},
    {"body without a type",
	"POST /api/ai_ops HTTP/1.1" H "Content-Length: 2\r\n\r\n{}", 415,
	"JSON"},
    {"large body",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
	"Content-Length: 65537\r\n\r\n",
	413, "the limit here is 65536"},
    {"large body of a fork",
	"POST /api/investigations/r1/fork HTTP/1.1" H CLIENT_JSON
	"Content-Length: 65537\r\n\r\n",
	413, "the limit here is 65536"},
    {"large word on a step",
	"POST /api/investigations/r1/steps/2 HTTP/1.1" H CLIENT_JSON
	"Content-Length: 4097\r\n\r\n",
	413, "4097 bytes; the limit here is 4096"},
    {"large word to cancel",
	"POST /api/investigations/r1/cancel HTTP/1.1" H CLIENT_JSON
	"Content-Length: 65536\r\n\r\n",
	413, "the limit here is 4096"},
    {"chunked",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	411, "Content-Length"},
    {"two framings",
	"POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
	"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
	400, "Transfer-Encoding"},
    {"bare LF", "GET /healthz HTTP/1.1\nHost: localhost\n\n", 400, "LF"},
    {"other name", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421,
	"--hosts"},
    {"foreign page",
	"POST /api/ai_ops HTTP/1.1" H "Origin: http://evil.example\r\n\r\n",
	403, "--hosts"},
    {"sandboxed page", "POST /api/ai_ops HTTP/1.1" H "Origin: null\r\n\r\n",
	403, ""},
    {"other site",
	"POST /api/ai_ops HTTP/1.1" H "Sec-Fetch-Site: cross-site\r\n\r\n", 403,
	"site"},
    {"no such path", "GET /api/nothing HTTP/1.1" H "\r\n", 404, "/api/nothing"},
    {"no such method", "PUT /api/ai_ops HTTP/1.1" H "\r\n", 405,
	"Allow: POST\r\n"},
    {"nothing to accept",
	"GET /api/investigations HTTP/1.1" H "Accept: image/png\r\n\r\n", 406,
	"application/json"},
    {"limit", "GET /api/investigations?limit=x HTTP/1.1" H "\r\n", 400,
	"limit"},
    {"status", "GET /api/investigations?status=x HTTP/1.1" H "\r\n", 400,
	"completed"},
    {"argument", "GET /api/investigations?lmit=1 HTTP/1.1" H "\r\n", 400,
	"lmit"},
    {"event id",
	"GET /api/investigations/r1/events HTTP/1.1" H
	"Last-Event-ID: r2.4\r\n\r\n",
	400, "r1.7"},
    {"key", "POST /api/ai_ops HTTP/1.1" H "Idempotency-Key: a b\r\n\r\n", 400,
	"Idempotency-Key"},
    {"body of a GET", "GET /healthz HTTP/1.1" H "Content-Length: 2\r\n\r\nhi",
	400, "no body"},
    {"expectation", "GET /healthz HTTP/1.1" H "Expect: tea\r\n\r\n", 417,
	"tea"},
    {"old HTTP", "GET /healthz HTTP/2.0" H "\r\n", 505, "HTTP/1.1"},
};

START_TEST(a_bad_request_is_explained)
{
	struct front *f = front_new();
	auto_str answer = client_ask_raw(f, bad_requests[_i].request);

	ck_assert_msg(
	    strlen(answer) > 12, "%s: no answer", bad_requests[_i].what);
	assert_status(answer, bad_requests[_i].status);
	assert_contains(answer, "application/problem+json");
	assert_contains(answer, "Connection: close");
	assert_contains(answer, bad_requests[_i].says);
	ck_assert_uint_eq(f->n_heard, 0);
	front_free(f);
}
END_TEST

START_TEST(a_large_head_is_431)
{
	struct front *f = front_new();
	char *field = xcalloc(1, 20000);
	auto_str request = NULL;
	auto_str answer = NULL;

	memset(field, 'x', 19999);
	request = xasprintf("GET /healthz HTTP/1.1" H "X: %s\r\n\r\n", field);
	answer = client_ask_raw(f, request);
	assert_status(answer, 431);
	free(field);
	front_free(f);
}
END_TEST

START_TEST(a_head_that_just_fits_is_answered)
{
	struct front *f = front_new();
	char *field = xcalloc(1, 16001);
	auto_str request = NULL;
	auto_str answer = NULL;

	memset(field, 'x', 16000);
	request = xasprintf("GET /healthz HTTP/1.1" H "X: %s\r\n\r\n", field);
	answer = client_ask_raw(f, request);
	assert_status(answer, 200);
	free(field);
	front_free(f);
}
END_TEST

/* As large a head as is let in, of as many fields as may be, which is what
 * the HTTP library needs most memory for. */
static const struct {
	const char *method, *path;
	int target;     /* bytes of it: the last argument is filled up */
	int body;       /* bytes */
	int status;
	const char *says;
} heads[] = {
    {"GET", "/healthz", 0, 0, 200, "\"ok\""},
    {"GET", "/api/investigations?limit=1&before=2&status=", 8192, 0, 400,
	"status must be"},
    {"GET", "/api/investigations?limit=1&before=2&status=", 8193, 0, 414,
	"8192"},
    {"GET", "/api/investigations/r1/events?last_event_id=", 8192, 0, 400,
	"r1.7"},
    {"POST", "/api/ai_ops", 0, 65536, 400, "body"},
};

enum { HEAD_BYTES = 16384, FIELDS = 100, FIELDS_OWN = 3 };

static void
put_many(struct buf *b, int n)
{
	for (; n > 0; n--)
		buf_addc(b, 'x');
}

START_TEST(the_largest_heads_are_answered)
{
	struct front *f = front_new();
	auto_buf b = {.max = 1 << 20};
	int i, each, left;
	auto_str answer = NULL;

	buf_addf(&b, "%s %s", heads[_i].method, heads[_i].path);
	if (heads[_i].target > 0)
		put_many(&b, heads[_i].target - (int)strlen(heads[_i].path));
	buf_addf(&b, " HTTP/1.1" H CLIENT_JSON "Content-Length: %d\r\n",
	    heads[_i].body);
	each = (HEAD_BYTES - 2 - (int)b.len) / (FIELDS - FIELDS_OWN);
	for (i = FIELDS_OWN; i < FIELDS; i++) {
		buf_addf(&b, "F%d: ", i);
		left = i < FIELDS - 1 ? each : HEAD_BYTES - 2 - (int)b.len + 5;
		put_many(&b, left - 7);
		buf_adds(&b, "\r\n");
	}
	buf_adds(&b, "\r\n");
	ck_assert_uint_le(b.len, HEAD_BYTES);
	ck_assert_uint_gt(b.len, HEAD_BYTES - 10);
	put_many(&b, heads[_i].body);
	answer = client_ask_raw(f, buf_str(&b));
	assert_status(answer, heads[_i].status);
	assert_contains(answer, heads[_i].says);
	front_free(f);
}
END_TEST

/* The library has no room for so many; none of it is asked. */
START_TEST(many_arguments_are_refused_and_named)
{
	static const int counts[] = {1, 5, 450, 2700};
	struct front *f = front_new();
	auto_str request = NULL;
	auto_str answer = NULL;
	auto_buf query = {.max = 1 << 16};
	int i;

	for (i = 0; i < counts[_i]; i++)
		buf_addf(&query, "%sa=", i > 0 ? "&" : "");
	ck_assert_uint_lt(query.len, 8192 - 32);
	request = xasprintf("GET /api/investigations?%s HTTP/1.1" H "\r\n",
	    buf_str(&query));
	answer = client_ask_raw(f, request);
	assert_status(answer, 400);
	assert_contains(answer, "argument \\\"a\\\" is not known");
	assert_contains(answer, "limit, before, after, status, since, until, alert, q");
	front_free(f);
}
END_TEST

static const char *const quick[] = {
    "--request-timeout", "1", "--keep-alive", "1", "--stall", "1", NULL};

START_TEST(a_slow_head_is_408)
{
	struct front *f = front_new_with(quick);
	auto_str answer = client_ask_raw(f, "GET /healthz HTTP/1.1\r\nHos");

	assert_status(answer, 408);
	front_free(f);
}
END_TEST

START_TEST(a_slow_body_is_408)
{
	struct front *f = front_new_with(quick);
	auto_str answer =
	    client_ask_raw(f, "POST /api/ai_ops HTTP/1.1" H CLIENT_JSON
			      "Content-Length: 20\r\n\r\n{\"inp");

	assert_status(answer, 408);
	front_free(f);
}
END_TEST

START_TEST(a_second_request_on_a_connection_is_not_served)
{
	struct front *f = front_new();
	auto_str answer = client_ask_raw(f, "GET /healthz HTTP/1.1" H "\r\n"
					    "GET /healthz HTTP/1.1" H "\r\n");

	assert_status(answer, 200);
	ck_assert_int_eq(text_count(answer, "HTTP/1.1 "), 1);
	front_free(f);
}
END_TEST

START_TEST(a_head_in_pieces_is_put_together)
{
	static const char head[] = "GET /healthz HTTP/1.1" H "\r\n";
	struct front *f = front_new();
	struct client *c = client_raw(f, "");
	const char *p;

	for (p = head; *p != '\0'; p++)
		ck_assert_int_eq(send(c->fd, p, 1, MSG_NOSIGNAL), 1);
	assert_status(client_await(c, NULL), 200);
	client_free(c);
	front_free(f);
}
END_TEST

/* ---- tokens ---- */

START_TEST(a_token_is_asked_for_where_one_is_set)
{
	struct front *f;
	char *dir = scratch_new();
	auto_str file = xasprintf("%s/token", dir);
	const char *more[] = {"--token-file", file, NULL};
	auto_str none = NULL;
	auto_str wrong = NULL;
	auto_str probe = NULL;
	auto_str head = NULL;
	struct client *right;

	file_write(file, "open-sesame-42\n");
	f = front_new_with(more);
	none = client_ask(f, "GET /api/investigations", "", "");
	assert_status(none, 401);
	assert_contains(none, "WWW-Authenticate: Bearer");
	wrong = client_ask(f, "GET /api/investigations",
	    "Authorization: Bearer open-sesame-43\r\n", "");
	assert_status(wrong, 401);
	head = client_ask(f, "GET /nothing/there", "", "");
	assert_status(head, 401);
	probe = client_ask(f, "GET /healthz", "", "");
	assert_status(probe, 200);
	right = client_request(f, "GET /api/investigations",
	    "Authorization: Bearer open-sesame-42\r\n", "");
	front_expect(f, PROTO_QUERY);
	client_free(right);
	front_free(f);
	scratch_free(dir);
}
END_TEST

static const struct {
	const char *listen, *token, *says, *also;
} refusals[] = {
    {"0.0.0.0:0", NULL, "--token-file", "--allow-remote"},
    {"[::]:0", NULL, "--token-file", "--allow-remote"},
    {"127.0.0.1:65536", NULL, "65535", "127.0.0.1:65536"},
    {"127.0.0.1:http", NULL, "65535", "127.0.0.1:http"},
    {"127.0.0.1:0", "two\nlines", "in one line", "byte 4"},
    {"127.0.0.1:0", "with space", "without spaces", "byte 5"},
};

START_TEST(it_does_not_start_where_nobody_or_everybody_would_get_in)
{
	char *dir = scratch_new();
	auto_str path = program("culprit-gateway");
	const char *argv[] = {
	    path, "--data-dir", dir, "--listen", refusals[_i].listen, NULL};
	const struct proc_spec spec = {.argv = argv, .dir = dir, .name = "g"};
	char *err = NULL;

	if (refusals[_i].token != NULL)
		setenv("CULPRIT_TOKEN", refusals[_i].token, 1);
	ck_assert_int_eq(
	    proc_run(&spec, FRONT_MS, NULL, &err), AGENT_EXIT_REFUSED);
	assert_contains(err, refusals[_i].says);
	assert_contains(err, refusals[_i].also);
	free(err);
	scratch_free(dir);
}
END_TEST

/* ---- strangers ---- */

START_TEST(slow_heads_do_not_keep_others_out)
{
	enum { SLOW = 300 };
	static const char *const few[] = {"--connections-max", "100", NULL};
	struct front *f = front_new_with(few);
	struct client *slow[SLOW];
	auto_str answer = NULL;
	int i;

	for (i = 0; i < SLOW; i++)
		slow[i] = client_raw(f, "GET /healthz HT");
	answer = client_ask(f, "GET /healthz", "", "");
	assert_status(answer, 200);
	for (i = 0; i < SLOW; i++)
		client_free(slow[i]);
	front_free(f);
}
END_TEST

/* ---- who asks too often ---- */

static char *
ask_once(struct front *f, const char *line, const char *fields)
{
	const char *body = strncmp(line, "POST", 4) == 0 ? "{}" : "";

	return client_ask(f, line, fields, body);
}

/* Asks until it is refused, which one request a second soon is; the answer,
 * the caller's. */
static char *
ask_until(struct front *f, const char *line, const char *fields, int status)
{
	auto_str want = xasprintf("HTTP/1.1 %d ", status);
	int i;

	for (i = 0; i < 200; i++) {
		auto_str text = ask_once(f, line, fields);

		if (strncmp(text, want, strlen(want)) == 0)
			return TAKE(text);
	}
	ck_abort_msg("%s was never answered %d", line, status);
}

static const struct {
	const char *line, *fields;
	int status;
} often[] = {
    {"GET /healthz", "", 429},
    /* Who may come in at all is asked later. */
    {"GET /api/investigations/r1", "Origin: http://evil.example\r\n", 429},
    {"GET /nothing/here", "", 429},
    /* Its callers would not come back after a 429. */
    {"POST /api/alerts", CLIENT_JSON, 503},
};

START_TEST(who_asks_too_often_is_told_when_to_ask_again)
{
	static const char *const more[] = {
	    "--rate=1", "--rate-burst=2", NULL};
	struct front *f = front_new_with(more);
	auto_str text =
	    ask_until(f, often[_i].line, often[_i].fields, often[_i].status);

	assert_contains(text, "\r\nContent-Type: application/problem+json\r\n");
	assert_contains(text, "\r\nRetry-After: 1\r\n");
	assert_contains(text, "too many requests from this address");
	front_free(f);
}
END_TEST

START_TEST(this_machine_may_ask_as_often_as_it_likes)
{
	struct front *f = front_new();
	int i;

	for (i = 0; i < 210; i++) {
		auto_str text = client_ask(f, "GET /healthz", "", "");

		assert_status(text, 200);
	}
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_bad_request_is_explained, ARRAY_LEN(bad_requests)},
	    {a_large_head_is_431, 0},
	    {a_head_that_just_fits_is_answered, 0},
	    {the_largest_heads_are_answered, ARRAY_LEN(heads)},
	    {many_arguments_are_refused_and_named, 4},
	    {a_slow_head_is_408, 0},
	    {a_slow_body_is_408, 0},
	    {a_second_request_on_a_connection_is_not_served, 0},
	    {a_head_in_pieces_is_put_together, 0},
	    {a_token_is_asked_for_where_one_is_set, 0},
	    {it_does_not_start_where_nobody_or_everybody_would_get_in,
		ARRAY_LEN(refusals)},
	    {slow_heads_do_not_keep_others_out, 0},
	    {who_asks_too_often_is_told_when_to_ask_again, ARRAY_LEN(often)},
	    {this_machine_may_ask_as_often_as_it_likes, 0},
	};

	return RUN_TESTS("gateway_strangers", tests);
}
