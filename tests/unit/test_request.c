/*
 * test_request.c - the bodies of requests: what they may say, what they must,
 * and which are the same.
 */
#include "common/wire/wire.h"
#include "gateway/api/request.h"
#include "tests/harness/texts.h"

#include <stdio.h>

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
			    "\"labels\":{\"job\":\"api\",\"_x1\":\"\","
			    "\"k8s.pod.name\":\"p\"}}",
			  &b, digest, &err) == RC_OK,
	    "%s", err.text);
	ck_assert_int_eq(wire_check(buf_span(&b), &err), RC_OK);
	ck_assert(span_is(wire_find_str(buf_span(&b), "input"), "why"));
	ck_assert(span_is(wire_find_str(buf_span(&b), "language"), "en"));
	ck_assert_int_eq(wire_find_int(buf_span(&b), "at", 0), NOW - 3600000);
	ck_assert_int_eq(wire_find_int(buf_span(&b), "window", 0), 1800);
	labels = wire_find(buf_span(&b), "labels");
	ck_assert(span_is(wire_find_str(labels, "job"), "api"));
	ck_assert(span_is(wire_find_str(labels, "k8s.pod.name"), "p"));
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
    {"{\"timezone\":\"Mars/Base\"}", "there is no time zone"},
    {"{\"timezone\":\"+8\"}", "write a name like Europe/Berlin"},
    {"{\"timezone\":8}", "timezone"},
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
    {"{\"labels\":{\".a\":\"x\"}}", ".a"},
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

static const struct {
	const char *body, *input; /* NULL: refused, and says */
	const char *says;
} questions[] = {
    {"{\"question\":\"so?\"}", "so?", ""},
    {"", NULL, "body.question"},
    {"{\"question\":7}", NULL, "body.question"},
    {"{\"question\":\"  \"}", NULL, "is empty"},
    {"{\"question\":\"so?\",\"from\":1}", NULL, "\"from\""},
};

START_TEST(a_question_is_asked_of_a_run)
{
	char digest[SHA256_TEXT], other[SHA256_TEXT];
	struct err err = {0};
	auto_buf b = {.max = 1 << 20}, c = {.max = 1 << 20};
	enum rc rc = request_parse_ask(
	    span_of(questions[_i].body), "r1", &b, digest, &err);

	ck_assert_int_eq(rc == RC_OK, questions[_i].input != NULL);
	assert_contains(err.text, questions[_i].says);
	if (rc != RC_OK)
		return;
	ck_assert(span_is(
	    wire_find_str(buf_span(&b), "input"), questions[_i].input));
	ck_assert(request_parse_ask(span_of(questions[_i].body), "r2", &c,
		      other, &err) == RC_OK);
	ck_assert_str_ne(digest, other);
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

START_TEST(a_forks_question_has_the_same_largest_size)
{
	char text[REQUEST_INPUT_MAX + 1], digest[SHA256_TEXT];
	auto_str fits = NULL;
	auto_str over = NULL;
	auto_buf b = {.max = INPUT_MAX};
	struct err err = {0};
	uint64_t from;

	memset(text, 'x', sizeof(text));
	fits = xasprintf("{\"input\":\"%.*s\"}", REQUEST_INPUT_MAX, text);
	over = xasprintf("{\"input\":\"%.*s\"}", REQUEST_INPUT_MAX + 1, text);
	ck_assert_int_eq(
	    request_parse_fork(span_of(fits), "R", &b, &from, digest, &err),
	    RC_OK);
	ck_assert_uint_eq(
	    wire_find_str(buf_span(&b), "input").n, REQUEST_INPUT_MAX);
	ck_assert_int_eq(
	    request_parse_fork(span_of(over), "R", &b, &from, digest, &err),
	    RC_INVALID);
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

	for (i = 0; i < REQUEST_LABELS_MAX + _i; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s\"l%d\":\"\"", i > 0 ? "," : "", i);
	snprintf(text + n, sizeof(text) - n, "}}");
	ck_assert_int_eq(
	    parse(text, &b, digest, &err), _i == 0 ? RC_OK : RC_INVALID);
	if (_i > 0)
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

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_full_request_is_understood, 0},
	    {an_empty_request_is_a_request, ARRAY_LEN(empty_bodies)},
	    {a_bad_request_says_what_and_where, ARRAY_LEN(bad_bodies)},
	    {a_fork_is_asked_for_from_an_event_on, (int)ARRAY_LEN(fork_bodies)},
	    {a_question_is_asked_of_a_run, (int)ARRAY_LEN(questions)},
	    {equal_forks_have_equal_digests, 0},
	    {a_question_has_a_largest_size, 0},
	    {a_forks_question_has_the_same_largest_size, 0},
	    {labels_have_a_largest_number, 2},
	    {equal_requests_have_equal_digests, ARRAY_LEN(pairs)},
	};

	return RUN_TESTS("request", tests);
}
