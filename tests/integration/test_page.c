/*
 * test_page.c - the page as the real gateway serves it: whole, small, kept by
 * browsers, and unable to run or load anything but its own.
 */
#include "tests/harness/client.h"
#include "tests/harness/front.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_MAX = 250 << 10, NAME_MAX_ = 64 };

/* A whole answer; its body, whose length is what the head says. */
struct got {
	struct client *c;
	const char *head, *body;
	size_t n;
};

static struct got
get(struct front *f, const char *path, const char *fields)
{
	auto_str line = xasprintf("GET %s", path);
	struct got g = {.c = client_request(f, line, fields, "")};
	const char *length, *end;

	g.head = client_await(g.c, NULL);
	end = strstr(g.head, "\r\n\r\n");
	length = strstr(g.head, "Content-Length: ");
	ck_assert_msg(end != NULL, "%s", g.head);
	g.body = end + 4;
	g.n = g.c->in.len - (size_t)(g.body - g.head);
	if (length != NULL)
		ck_assert_uint_eq(g.n, strtoul(length + 16, NULL, 10));
	return g;
}

/* The names behind "page/" in the document, one after the other. */
static bool
name_next(const char **at, char name[NAME_MAX_])
{
	const char *from = strstr(*at, "\"page/");
	size_t n;

	if (from == NULL)
		return false;
	from += strlen("\"page/");
	n = strcspn(from, "\"");
	ck_assert_uint_lt(n, NAME_MAX_);
	memcpy(name, from, n);
	name[n] = '\0';
	*at = from + n;
	return true;
}

START_TEST(the_page_may_run_and_load_nothing_but_its_own)
{
	struct front *f = front_new();
	struct got g = get(f, "/", "");
	static const char *const never[] = {"<style", " style=", "<script>",
	    " onclick", " onload", "href=\"http", "src=\"http", "<iframe"};
	size_t i;

	assert_status(g.head, 200);
	assert_contains(g.head, "Content-Type: text/html; charset=utf-8");
	assert_contains(g.head, "\r\nCache-Control: no-cache\r\n");
	assert_contains(g.head, "Content-Security-Policy: default-src 'none'; "
				"script-src 'self'; style-src 'self'; ");
	assert_contains(g.head, "frame-ancestors 'none'");
	assert_contains(g.head, "X-Content-Type-Options: nosniff");
	assert_contains(g.head, "Referrer-Policy: no-referrer");
	assert_lacks(g.head, "unsafe");
	assert_contains(g.body, "<!DOCTYPE html>");
	for (i = 0; i < ARRAY_LEN(never); i++)
		assert_lacks(g.body, never[i]);
	client_free(g.c);
	front_free(f);
}
END_TEST

/* Each is there in either form, under a name and a tag that stay. */
static size_t
check_asset(struct front *f, const char *name)
{
	auto_str path = xasprintf("/page/%s", name);
	struct got plain = get(f, path, "");
	struct got gzip = get(f, path, "Accept-Encoding: br, gzip\r\n");
	struct got none = get(f, path, "Accept-Encoding: gzip;q=0\r\n");
	size_t n = gzip.n;

	assert_status(plain.head, 200);
	assert_status(gzip.head, 200);
	assert_contains(plain.head,
	    "\r\nCache-Control: public, max-age=31536000, immutable\r\n");
	assert_lacks(plain.head, "Content-Encoding");
	assert_lacks(none.head, "Content-Encoding");
	ck_assert_uint_eq(none.n, plain.n);
	assert_contains(gzip.head, "\r\nContent-Encoding: gzip\r\n");
	assert_contains(gzip.head, "\r\nVary: Accept-Encoding\r\n");
	ck_assert_mem_eq(gzip.body, "\x1f\x8b\x08", 3);
	ck_assert_uint_lt(gzip.n, plain.n);
	client_free(plain.c);
	client_free(gzip.c);
	client_free(none.c);
	return n;
}

START_TEST(all_that_it_loads_is_small_and_kept)
{
	struct front *f = front_new();
	struct got index = get(f, "/", "");
	struct got packed = get(f, "/", "Accept-Encoding: gzip\r\n");
	const char *at = index.body;
	char name[NAME_MAX_];
	size_t wire = packed.n;
	int n = 0;

	for (; name_next(&at, name); n++)
		wire += check_asset(f, name);
	ck_assert_int_eq(n, 3);
	ck_assert_uint_le(wire, WIRE_MAX);
	client_free(packed.c);
	client_free(index.c);
	front_free(f);
}
END_TEST

START_TEST(what_a_browser_has_is_not_sent_again)
{
	struct front *f = front_new();
	struct got g = get(f, "/", ""), again;
	const char *from = strstr(g.head, "\r\nETag: ") + 8;
	auto_str fields = xasprintf("If-None-Match: W/%.*s, \"other\"\r\n",
	    (int)strcspn(from, "\r"), from);

	again = get(f, "/", fields);
	assert_status(again.head, 304);
	ck_assert_uint_eq(again.n, 0);
	client_free(again.c);
	again = get(f, "/", "If-None-Match: \"other\"\r\n");
	assert_status(again.head, 200);
	ck_assert_uint_eq(again.n, g.n);
	client_free(again.c);
	client_free(g.c);
	front_free(f);
}
END_TEST

START_TEST(another_builds_file_is_not_there)
{
	struct front *f = front_new();
	auto_str answer = client_ask(f, "GET /page/page-0123", "", "");

	assert_status(answer, 404);
	assert_contains(answer, "this build's page has no \\\"page-0123\\\"");
	front_free(f);
}
END_TEST

/* ---- signing in ---- */

struct guarded {
	char *dir;
	struct front *f;
};

static void
guarded_open(struct guarded *g)
{
	auto_str file = NULL;
	const char *more[] = {"--token-file", NULL, "--prometheus-link",
	    "https://prom.example/p", NULL};

	g->dir = scratch_new();
	file = xasprintf("%s/token", g->dir);
	file_write(file, "correct-horse\n");
	more[1] = file;
	g->f = front_new_with(more);
}

static void
guarded_close(struct guarded *g)
{
	front_free(g->f);
	scratch_free(g->dir);
}

#define SIGN_IN "POST /api/session"

/* "culprit=…", the caller's, of the cookie that an answer sets. */
static char *
cookie_of(const char *answer)
{
	const char *from = strstr(answer, "\r\nSet-Cookie: ");

	ck_assert_msg(from != NULL, "%s", answer);
	from += strlen("\r\nSet-Cookie: ");
	return xstrndup(from, strcspn(from, ";"));
}

START_TEST(signing_in_once_is_enough)
{
	struct guarded g;
	auto_str in = NULL;
	auto_str cookie = NULL;
	auto_str fields = NULL;
	auto_str who = NULL;
	auto_str list = NULL;
	auto_str out = NULL;
	struct client *c;

	guarded_open(&g);
	in = client_ask(g.f, SIGN_IN,
	    CLIENT_JSON "Origin: https://localhost\r\n",
	    "{\"token\":\"correct-horse\"}");
	assert_status(in, 204);
	assert_contains(in, "; Path=/; Max-Age=2592000; HttpOnly; "
			    "SameSite=Strict; Secure\r\n");
	cookie = cookie_of(in);
	fields =
	    xasprintf("Sec-Fetch-Site: same-origin\r\nCookie: %s\r\n", cookie);
	who = client_ask(g.f, "GET /api/session", fields, "");
	assert_contains(who, "\"signed_in\":true");
	assert_contains(who, "\"prometheus\":\"https://prom.example/p\"");
	c = client_request(g.f, "GET /api/investigations", fields, "");
	ck_assert_ptr_nonnull(front_expect(g.f, PROTO_QUERY));
	client_free(c);
	out = client_ask(g.f, "DELETE /api/session", fields, "");
	assert_status(out, 204);
	assert_contains(out, "Set-Cookie: culprit=; Path=/; Max-Age=0; ");
	guarded_close(&g);
}
END_TEST

START_TEST(who_is_not_signed_in_learns_nothing)
{
	struct guarded g;
	auto_str who = NULL;
	auto_str list = NULL;
	auto_str wrong = NULL;
	auto_str page = NULL;

	guarded_open(&g);
	who = client_ask(g.f, "GET /api/session",
	    "Cookie: culprit=9999999999."
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000\r\n",
	    "");
	assert_contains(who, "{\"token\":true,\"signed_in\":false}");
	list = client_ask(g.f, "GET /api/investigations", "", "");
	assert_status(list, 401);
	wrong = client_ask(
	    g.f, SIGN_IN, CLIENT_JSON, "{\"token\":\"correct-hors\"}");
	assert_status(wrong, 401);
	assert_lacks(wrong, "Set-Cookie");
	page = client_ask(g.f, "GET /", "", "");
	assert_status(page, 200);
	guarded_close(&g);
}
END_TEST

static const struct {
	const char *fields, *body;
	int status;
} odd_sign_ins[] = {
    {"Content-Type: text/plain\r\n", "{\"token\":\"correct-horse\"}", 415},
    {CLIENT_JSON "Origin: http://evil.example\r\n",
	"{\"token\":\"correct-horse\"}", 403},
    {CLIENT_JSON "Sec-Fetch-Site: cross-site\r\n",
	"{\"token\":\"correct-horse\"}", 403},
    {CLIENT_JSON, "{\"token\":1}", 400},
    {CLIENT_JSON, "{\"Token\":\"correct-horse\"}", 400},
    {CLIENT_JSON, "{}", 400},
    {CLIENT_JSON, "token=correct-horse", 400},
};

START_TEST(nobody_else_signs_a_browser_in)
{
	struct guarded g;
	size_t i;

	guarded_open(&g);
	for (i = 0; i < ARRAY_LEN(odd_sign_ins); i++) {
		auto_str answer = client_ask(
		    g.f, SIGN_IN, odd_sign_ins[i].fields, odd_sign_ins[i].body);

		assert_status(answer, odd_sign_ins[i].status);
		assert_lacks(answer, "Set-Cookie");
	}
	guarded_close(&g);
}
END_TEST

START_TEST(without_a_token_there_is_nothing_to_sign_in_to)
{
	struct front *f = front_new();
	auto_str who = client_ask(f, "GET /api/session", "", "");
	auto_str in = client_ask(
	    f, SIGN_IN, CLIENT_JSON, "{\"token\":\"correct-horse\"}");

	assert_contains(who, "\"token\":false,\"signed_in\":true");
	assert_status(in, 409);
	front_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_page_may_run_and_load_nothing_but_its_own, 0},
	    {all_that_it_loads_is_small_and_kept, 0},
	    {what_a_browser_has_is_not_sent_again, 0},
	    {another_builds_file_is_not_there, 0},
	    {signing_in_once_is_enough, 0},
	    {who_is_not_signed_in_learns_nothing, 0},
	    {nobody_else_signs_a_browser_in, 0},
	    {without_a_token_there_is_nothing_to_sign_in_to, 0},
	};

	return RUN_TESTS("page", tests);
}
