/*
 * test_cors.c - pages of other origins at the real gateway: what browsers are
 * told, before a request and with its answer, whatever that is; and nothing
 * where they may not call.
 */
#include "common/base/rc.h"
#include "tests/harness/client.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

#define ALLOWED "\r\nAccess-Control-Allow-Origin: https://graf.example\r\n"
#define FROM(origin) "Origin: " origin "\r\nSec-Fetch-Site: cross-site\r\n"
#define ASKS "Access-Control-Request-Method: POST\r\n"

static const char *const listed[] = {
    "--cors-origin=https://graf.example,http://localhost:3000", NULL};

static const struct {
	const char *line, *fields;
	int status;
	bool allowed; /* to read the answer */
} visits[] = {
    {"OPTIONS /api/ai_ops", FROM("https://graf.example") ASKS, 204, true},
    {"OPTIONS /nothing", FROM("https://graf.example") ASKS, 204, true},
    {"OPTIONS /api/ai_ops",
	FROM("https://graf.example") ASKS
	"Access-Control-Request-Headers: authorization,content-type\r\n",
	204, true},
    {"OPTIONS /api/ai_ops", FROM("https://evil.example") ASKS, 403, false},
    {"OPTIONS /api/ai_ops", FROM("null") ASKS, 403, false},
    {"OPTIONS /api/ai_ops", ASKS, 405, false},
    {"OPTIONS /api/ai_ops", FROM("https://graf.example"), 405, true},
    {"GET /healthz", FROM("https://graf.example"), 200, true},
    {"HEAD /healthz", FROM("https://graf.example"), 200, true},
    {"GET /healthz", "", 200, false},
    {"GET /healthz", FROM("https://evil.example"), 403, false},
    {"GET /openapi.json", FROM("https://graf.example"), 200, true},
    {"GET /nothing", FROM("https://graf.example"), 404, true},
    {"DELETE /healthz", FROM("https://graf.example"), 405, true},
    {"GET /api/investigations?limit=0", FROM("https://graf.example"), 400,
	true},
    {"GET /api/investigations/r1/evidence/x", FROM("https://graf.example"), 404,
	true},
    {"GET /page/none", FROM("https://graf.example"), 404, true},
    {"POST /api/ai_ops",
	FROM("https://graf.example") "Content-Type: text/plain\r\n", 415, true},
};

START_TEST(a_page_of_a_listed_origin_may_call_and_read)
{
	struct front *f = front_new_with(listed);
	bool preflight = visits[_i].status == 204;
	auto_str text = client_ask(f, visits[_i].line, visits[_i].fields, "");

	assert_status(text, visits[_i].status);
	if (visits[_i].allowed)
		assert_contains(text, ALLOWED);
	else
		assert_lacks(text, "Access-Control-");
	if (preflight) {
		assert_contains(text, "\r\nAccess-Control-Allow-Methods: ");
		assert_contains(text, "Authorization, Content-Type, ");
		assert_contains(text, "\r\nAccess-Control-Max-Age: 600\r\n");
	} else if (visits[_i].allowed) {
		assert_contains(text, "\r\nAccess-Control-Expose-Headers: ");
	}
	/* Neither is ever said. */
	assert_lacks(text, "Allow-Origin: *");
	assert_lacks(text, "Allow-Credentials");
	front_free(f);
}
END_TEST

START_TEST(an_answer_that_is_kept_says_that_it_depends_on_who_asks)
{
	struct front *f = front_new_with(listed);
	auto_str text = client_ask(f, "GET /", "", "");

	assert_status(text, 200);
	assert_contains(text, "\r\nVary: Origin\r\n");
	assert_contains(text, "\r\nVary: Accept-Encoding\r\n");
	front_free(f);
}
END_TEST

START_TEST(a_stream_may_be_read_as_well)
{
	struct front *f = front_new_with(listed);
	struct client *c =
	    client_request(f, "GET /api/investigations/r1/events",
		FROM("https://graf.example"), "");
	struct front_heard *h = front_expect(f, PROTO_FOLLOW);

	front_events(f, h, h->m.follow.req, 1, 2, true, 10);
	assert_contains(client_await(c, NULL), ALLOWED);
	client_free(c);
	front_free(f);
}
END_TEST

/* Nobody is listed unless somebody is. */
START_TEST(it_is_off_where_nothing_is_said)
{
	struct front *f = front_new();
	auto_str asks = client_ask(
	    f, "OPTIONS /api/ai_ops", FROM("https://graf.example") ASKS, "");
	auto_str gets =
	    client_ask(f, "GET /healthz", FROM("https://graf.example"), "");
	auto_str own = client_ask(f, "GET /", "", "");

	assert_status(asks, 403);
	assert_status(gets, 403);
	assert_lacks(asks, "Access-Control-");
	assert_lacks(gets, "Access-Control-");
	assert_lacks(own, "Vary: Origin");
	front_free(f);
}
END_TEST

/* Where a token is asked for, before as well: a browser asks without it. */
START_TEST(who_asks_before_need_not_show_the_token)
{
	struct front *f;
	auto_str asks = NULL;
	auto_str wrong = NULL;
	auto_str right = NULL;

	setenv("CULPRIT_TOKEN", "secret-token", 1);
	f = front_new_with(listed);
	unsetenv("CULPRIT_TOKEN");
	asks = client_ask(
	    f, "OPTIONS /api/ai_ops", FROM("https://graf.example") ASKS, "");
	wrong = client_ask(f, "GET /metrics", FROM("https://graf.example"), "");
	right = client_ask(f, "GET /metrics",
	    FROM("https://graf.example") "Authorization: Bearer "
					 "secret-token\r\n",
	    "");
	assert_status(asks, 204);
	assert_status(wrong, 401);
	assert_contains(wrong, ALLOWED);
	assert_status(right, 200);
	assert_contains(right, ALLOWED);
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_page_of_a_listed_origin_may_call_and_read, ARRAY_LEN(visits)},
	    {an_answer_that_is_kept_says_that_it_depends_on_who_asks, 0},
	    {a_stream_may_be_read_as_well, 0},
	    {it_is_off_where_nothing_is_said, 0},
	    {who_asks_before_need_not_show_the_token, 0},
	};

	return RUN_TESTS("cors", tests);
}
