/*
 * test_bad_input.c - what is wrong is said to whoever sent it, and the other
 * runs go on.
 */
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"
#include "tests/harness/ask.h"

#include <stdlib.h>

#define FINISH "[{\"decision\":\"FINISH\",\"report\":\"# x\"}]"

static const struct {
	const char *label;
	const char *body;
	long status;
	const char *want; /* what, where */
} bodies[] = {
    {"half an object", "{", 400, "byte 1"},
    {"an array", "[]", 400, "expected an object"},
    {"prose", "why?", 400, "body"},
    {"input that is a number", "{\"input\":5}", 400, "body.input"},
    {"an unknown field", "{\"inptu\":\"x\"}", 400, "\\\"inptu\\\""},
    {"a field twice", "{\"input\":\"a\",\"input\":\"b\"}", 400, "twice"},
    {"a moment that is none", "{\"at\":\"yesterday\"}", 400, "body.at"},
    {"a 30th of February", "{\"at\":\"2026-02-30T00:00:00Z\"}", 400, "body.at"},
    {"a negative window", "{\"window\":\"-3\"}", 400, "body.window"},
    {"a window of a thousand years", "{\"window\":\"365000d\"}", 400,
	"body.window"},
    {"a label's name with a blank", "{\"labels\":{\"a b\":\"c\"}}", 400,
	"body.labels"},
    {"a label's value that is a number", "{\"labels\":{\"a\":1}}", 400,
	"body.labels"},
    {"labels that are a list", "{\"labels\":[]}", 400, "body.labels"},
    {"a language nobody writes", "{\"language\":\"fr\"}", 400, "zh or en"},
    {"text that is not UTF-8", "{\"input\":\"\xff\"}", 400, "UTF-8"},
    {"a control character", "{\"input\":\"a\x01\"}", 400, "byte"},
    {"something behind the end", "{} {}", 400, "byte"},
    {"nesting without end",
	"{\"labels\":{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 413,
	"nested"},
};

static void
check_problem(
    const struct answer *w, const char *label, long status, const char *want)
{
	ck_assert_msg(w->status == status, "%s: status %ld, %s", label,
	    w->status, w->body);
	ck_assert_msg(
	    w->type != NULL && strcmp(w->type, "application/problem+json") == 0,
	    "%s: %s", label, w->type != NULL ? w->type : "no type");
	ck_assert_msg(strstr(w->body, want) != NULL, "%s: no \"%s\" in %s",
	    label, want, w->body);
}

static void
check_still_works(struct house *h)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str out = NULL;
	struct transcript *t;

	ck_assert_int_eq(house_run(h, args, &out, NULL), 0);
	t = transcript_new(out);
	transcript_check(t);
	transcript_free(t);
}

START_TEST(a_wrong_body_is_refused_with_what_and_where)
{
	struct house *h = house_start(&(struct house_spec){.script = FINISH});
	auto_str url = house_url(h, "/api/ai_ops");
	auto_str list = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct answer *w = ask(NULL, url, NULL, bodies[i].body);

		check_problem(
		    w, bodies[i].label, bodies[i].status, bodies[i].want);
		answer_free(w);
	}
	/* None of them became a run. */
	ck_assert_int_eq(
	    house_run(h, (const char *[]){"list", NULL}, &list, NULL), 0);
	ck_assert_str_eq(list, "");
	check_still_works(h);
	house_free(h);
}
END_TEST

START_TEST(a_body_that_is_too_large_is_refused)
{
	struct house *h = house_start(&(struct house_spec){.script = FINISH});
	auto_str url = house_url(h, "/api/ai_ops");
	/* As much as the door reads of what it has refused (LINGER_BYTES):
	 * whoever sends more may lose the answer with the connection. */
	size_t n = 512 << 10;
	auto_str body = xcalloc(1, n + 1);
	struct answer *w;

	memset(body, 'x', n);
	memcpy(body, "{\"input\":\"", 10);
	memcpy(body + n - 2, "\"}", 2);
	w = ask(NULL, url, NULL, body);
	ck_assert_int_eq(w->status, 413);
	answer_free(w);
	check_still_works(h);
	house_free(h);
}
END_TEST

static const struct {
	const char *method;
	const char *path;
	const char *type;
	const char *body;
	long status;
	const char *want;
} requests[] = {
    {"GET", "/api/investigations/nope", NULL, NULL, 404, "nope"},
    {"GET", "/api/investigations/nope/events", NULL, NULL, 404, "nope"},
    {"GET", "/api/investigations/nope/report", NULL, NULL, 404, "nope"},
    {"GET", "/api/investigations/nope/evidence/E1", NULL, NULL, 404, ""},
    {"POST", "/api/investigations/nope/cancel",
	"Content-Type: application/json", "{}", 404, "nope"},
    {"GET", "/api/investigations?limit=-1", NULL, NULL, 400, "limit"},
    {"GET", "/api/ai_ops", NULL, NULL, 405, ""},
    {"GET", "/nothing/here", NULL, NULL, 404, ""},
    {"POST", "/api/ai_ops", "Content-Type: text/plain", "{}", 415, "json"},
};

START_TEST(a_wrong_request_is_refused_with_what_helps)
{
	struct house *h = house_start(&(struct house_spec){.script = FINISH});

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		auto_str url = house_url(h, requests[i].path);
		const char *headers[] = {requests[i].type, NULL};
		struct answer *w = ask(requests[i].method, url,
		    requests[i].type != NULL ? headers : NULL,
		    requests[i].body);

		check_problem(
		    w, requests[i].path, requests[i].status, requests[i].want);
		answer_free(w);
	}
	check_still_works(h);
	house_free(h);
}
END_TEST

START_TEST(one_key_is_one_run)
{
	static const char *const headers[] = {"Content-Type: application/json",
	    "Prefer: respond-async", "Idempotency-Key: k1", NULL};
	struct house *h = house_start(&(struct house_spec){.script = FINISH});
	auto_str url = house_url(h, "/api/ai_ops");
	struct answer *a = ask(NULL, url, headers, "{\"input\":\"a\"}");
	struct answer *b = ask(NULL, url, headers, "{\"input\":\"a\"}");
	struct answer *c = ask(NULL, url, headers, "{\"input\":\"c\"}");

	ck_assert_int_eq(a->status, 202);
	ck_assert_int_eq(b->status, 202);
	ck_assert_ptr_nonnull(a->location);
	ck_assert_str_eq(a->location, b->location);
	check_problem(c, "the key with another body", 409, "");
	answer_free(a);
	answer_free(b);
	answer_free(c);
	house_free(h);
}
END_TEST

/* ---- the command line ---- */

static const struct {
	const char *args[6];
	int status;
	const char *want;
} usages[] = {
    {{"investigate", "--at"}, 2, "--at needs a value"},
    {{"investigate", "--frob"}, 2, "no option --frob"},
    {{"investigate", "--labels", "a"}, 2, "name=value"},
    {{"investigate", "--json=yes"}, 2, "takes no value"},
    {{"show"}, 2, "needs ID"},
    {{"list", "x"}, 2, "takes no arguments"},
    {{"list", "--executors", "many"}, 2, "whole number"},
    {{"up", "x"}, 2, "takes no arguments"},
    {{"up", "--frob"}, 2, "no option --frob"},
    {{"up", "--once"}, 2, "the agents do"},
    {{"up", "--log-level=loud"}, 2, "\"loud\""},
    {{"investigate", "--at", "yesterday"}, 1, "--at: "},
    {{"investigate", "--labels", "a b=c"}, 1, "--labels"},
    {{"show", "nope"}, 1, "nope"},
    {{"evidence", "nope", "E1"}, 1, "nope"},
    {{"cancel", "nope"}, 1, "nope"},
    {{"follow", "nope"}, 1, "nope"},
    {{"follow", "../../readyz"}, 1, ""},
    {{"list", "--listen", "127.0.0.1:1"}, 3, "culprit up"},
};

START_TEST(the_command_line_says_what_is_wrong)
{
	struct house *h = house_start(&(struct house_spec){.script = FINISH});

	for (size_t i = 0; i < ARRAY_LEN(usages); i++) {
		auto_str out = NULL;
		auto_str err = NULL;
		int status = house_run(h, usages[i].args, &out, &err);

		ck_assert_msg(status == usages[i].status,
		    "%s %s: status %d, %s", usages[i].args[0],
		    usages[i].args[1], status, err);
		ck_assert_msg(strstr(err, usages[i].want) != NULL,
		    "%s %s: no \"%s\" in %s", usages[i].args[0],
		    usages[i].args[1], usages[i].want, err);
		ck_assert_str_eq(out, "");
	}
	check_still_works(h);
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_wrong_body_is_refused_with_what_and_where, 0},
	    {a_body_that_is_too_large_is_refused, 0},
	    {a_wrong_request_is_refused_with_what_helps, 0},
	    {one_key_is_one_run, 0},
	    {the_command_line_says_what_is_wrong, 0},
	};

	return RUN_TESTS("bad_input", tests);
}
