/*
 * test_head.c - heads that pass, and the attacks that must not.
 */
#include "gateway/http/head.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /x HTTP/1.1\r\nHost: a\r\n"

static const struct {
	const char *what;
	const char *text;
	int status;
	const char *says;
} attacks[] = {
    {"length and coding",
	POST "Content-Length: 3\r\n"
	     "Transfer-Encoding: chunked\r\n\r\n",
	400, "both"},
    {"coding and length",
	POST "Transfer-Encoding: chunked\r\n"
	     "Content-Length: 3\r\n\r\n",
	400, "both"},
    {"two lengths", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400,
	"Content-Length"},
    {"the same length twice",
	POST "Content-Length: 3\r\n"
	     "content-length: 3\r\n\r\n",
	400, "Content-Length"},
    {"a list of lengths", POST "Content-Length: 3, 3\r\n\r\n", 400, "3, 3"},
    {"a length of more than a number holds",
	POST "Content-Length: 99999999999999999999\r\n\r\n", 413,
	"99999999999999999999"},
    {"a long length that is no number",
	POST "Content-Length: 9999999999999999999x\r\n\r\n", 400, "9x"},
    {"signed length", POST "Content-Length: +3\r\n\r\n", 400, "+3"},
    {"negative length", POST "Content-Length: -3\r\n\r\n", 400, "-3"},
    {"hexadecimal length", POST "Content-Length: 0x3\r\n\r\n", 400, "0x3"},
    {"empty length", POST "Content-Length:\r\n\r\n", 400, "Content-Length"},
    {"huge length", POST "Content-Length: 99999999999999999999\r\n\r\n", 413,
	"Content-Length"},
    {"chunked", POST "Transfer-Encoding: chunked\r\n\r\n", 411,
	"Content-Length"},
    {"two codings", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400,
	"gzip"},
    {"unknown coding", POST "Transfer-Encoding: xchunked\r\n\r\n", 400,
	"xchunked"},
    {"coding twice",
	POST "Transfer-Encoding: chunked\r\n"
	     "Transfer-Encoding: identity\r\n\r\n",
	400, "times"},
    {"coding in HTTP/1.0",
	"POST / HTTP/1.0\r\n"
	"Transfer-Encoding: chunked\r\n\r\n",
	400, ""},
    {"coding behind a tab", POST "Transfer-Encoding:\tchunked\r\n\r\n", 411,
	""},
    {"coding behind VT",
	POST "Transfer-Encoding: \x0b"
	     "chunked\r\n\r\n",
	400, "0x0b"},
    {"two hosts", GET "Host: b\r\n\r\n", 400, "Host"},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400, "Host"},
    {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host"},
    {"host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "Host"},
    {"two origins", GET "Origin: x\r\nOrigin: y\r\n\r\n", 400, "Origin"},
    {"two tokens", GET "Authorization: x\r\nAuthorization: y\r\n\r\n", 400,
	"Authorization"},
    {"space before a colon", GET "X : y\r\n\r\n", 400, "0x20"},
    {"tab before a colon", GET "X\t: y\r\n\r\n", 400, "0x09"},
    {"length with a space", POST "Content-Length : 3\r\n\r\n", 400, "0x20"},
    {"no name", GET ": y\r\n\r\n", 400, "name"},
    {"no colon", GET "Xy\r\n\r\n", 400, "colon"},
    {"folded", GET "X: y\r\n z: 1\r\n\r\n", 400, "second line"},
    {"folded with a tab", GET "X: y\r\n\tz: 1\r\n\r\n", 400, "second line"},
    {"folded first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "second line"},
    {"bare LF in the head", GET "X: y\nContent-Length: 3\r\n\r\n", 400, "LF"},
    {"bare LF at the end", GET "\n", 400, "LF"},
    {"bare LF in the line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "LF"},
    {"bare CR", GET "X: y\rz\r\n\r\n", 400, "CR"},
    {"CR CR LF", GET "X: y\r\r\n\r\n", 400, "CR"},
    {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
    {"DEL in a value", GET "X: a\x7f\r\n\r\n", 400, "0x7f"},
    {"control in a name", GET "X\x01: a\r\n\r\n", 400, "0x01"},
    {"umlaut in a name", GET "X\xc3\xbc: a\r\n\r\n", 400, "0xc3"},
    {"quote in a name", GET "X\": a\r\n\r\n", 400, "0x22"},
    {"method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400,
	"method"},
    {"long method",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n"
	"Host: a\r\n\r\n",
	400, "method"},
    {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
    {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400,
	"0x20"},
    {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
    {"absolute target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400,
	"\"/\""},
    {"authority target", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400,
	"\"/\""},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "\"/\""},
    {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "0x23"},
    {"backslash", "GET /\\x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "0x5c"},
    {"raw bytes", "GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n", 400, "0xc3"},
    {"encoded NUL", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "%00"},
    {"half an escape", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "%"},
    {"no escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "%"},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"},
    {"HTTP/2.0", "PRI /x HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"},
    {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "version"},
    {"http in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, "version"},
    {"HTTP/0.9", "GET /\r\n", 400, ""},
    {"TLS", "\x16\x03\x01\x02\x01\r\n", 400, ""},
    {"expectation", GET "Expect: 200-ok\r\n\r\n", 417, "200-ok"},
};

static int
check(const char *text, size_t n, struct head *h, struct err *err)
{
	/* Its own allocation, so that a read past the end is seen. */
	char *copy = malloc(n > 0 ? n : 1);
	int status;

	memcpy(copy, text, n);
	status = head_check(span_make(copy, n), h, err);
	free(copy);
	return status;
}

START_TEST(an_attack_is_refused)
{
	struct head h;
	struct err err = {0};
	int status =
	    check(attacks[_i].text, strlen(attacks[_i].text), &h, &err);

	ck_assert_msg(status == attacks[_i].status, "%s: %d, not %d: %s",
	    attacks[_i].what, status, attacks[_i].status, err.text);
	assert_contains(err.text, attacks[_i].says);
}
END_TEST

START_TEST(a_nul_is_refused_wherever_it_is)
{
	static const char head[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
	char text[sizeof(head)];
	struct head h;
	struct err err;
	size_t i;

	for (i = 0; i < sizeof(head) - 1; i++) {
		memcpy(text, head, sizeof(head));
		text[i] = '\0';
		ck_assert_msg(
		    check(text, sizeof(head) - 1, &h, &err) != HEAD_OK,
		    "NUL at %zu passed", i);
	}
}
END_TEST

static const char good[] = "POST /api/ai_ops?a=1&b=%20 HTTP/1.1\r\n"
			   "Host: localhost:9900\r\n"
			   "Content-Type:application/json\r\n"
			   "X-Padded: \t spaced out \t\r\n"
			   "X-Utf8: \xe4\xbd\xa0\r\n"
			   "X-Empty:\r\n"
			   "content-length: 12\r\n"
			   "\r\n"
			   "{\"input\":\"\"}GET / HTTP/1.1\r\n";

START_TEST(a_good_head_is_taken_apart)
{
	struct head h;
	struct err err = {0};
	int status = head_check(span_of(good), &h, &err);

	ck_assert_msg(status == HEAD_OK, "%d %s", status, err.text);
	ck_assert(span_is(h.method, "POST"));
	ck_assert(span_is(h.path, "/api/ai_ops"));
	ck_assert(span_is(h.query, "a=1&b=%20"));
	ck_assert_uint_eq(h.minor, 1);
	ck_assert_uint_eq(h.n, 6);
	ck_assert_uint_eq(h.body_bytes, 12);
	ck_assert_uint_eq(
	    h.bytes, (size_t)(strstr(good, "\r\n\r\n") + 4 - good));
	ck_assert(span_is(head_find(&h, "CONTENT-TYPE"), "application/json"));
	ck_assert(span_is(head_find(&h, "x-padded"), "spaced out"));
	ck_assert(head_find(&h, "X-Empty").p != NULL);
	ck_assert_uint_eq(head_find(&h, "X-Empty").n, 0);
	ck_assert_ptr_null(head_find(&h, "X").p);
}
END_TEST

START_TEST(every_start_of_a_good_head_asks_for_more)
{
	size_t whole = (size_t)(strstr(good, "\r\n\r\n") + 4 - good), n;
	struct head h;
	struct err err = {0};

	for (n = 0; n < whole; n++)
		ck_assert_msg(check(good, n, &h, &err) == HEAD_MORE,
		    "%zu bytes: %s", n, err.text);
	ck_assert_int_eq(check(good, whole, &h, &err), HEAD_OK);
}
END_TEST

START_TEST(http_1_0_needs_no_host)
{
	struct head h;
	struct err err = {0};

	ck_assert_int_eq(
	    head_check(span_of("GET / HTTP/1.0\r\n\r\n"), &h, &err), HEAD_OK);
	ck_assert_uint_eq(h.minor, 0);
}
END_TEST

/* n bytes of head in all, ended or not. */
static char *
padded(size_t n, bool ended)
{
	static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
	char *text = xcalloc(1, n + 1);

	memset(text, 'x', n);
	memcpy(text, start, sizeof(start) - 1);
	if (ended)
		memcpy(text + n - 4, "\r\n\r\n", 4);
	return text;
}

static const struct {
	size_t n;
	bool ended;
	int status;
} sizes[] = {
    {HEAD_BYTES_MAX - 1, true, HEAD_OK},
    {HEAD_BYTES_MAX, true, HEAD_OK},
    {HEAD_BYTES_MAX + 1, true, 431},
    {HEAD_BYTES_MAX - 1, false, HEAD_MORE},
    {HEAD_BYTES_MAX, false, 431},
    {10 * HEAD_BYTES_MAX, true, 431},
};

START_TEST(a_head_has_a_largest_size)
{
	auto_str text = padded(sizes[_i].n, sizes[_i].ended);
	struct head h;
	struct err err = {0};

	ck_assert_int_eq(head_check(span_make(text, sizes[_i].n), &h, &err),
	    sizes[_i].status);
}
END_TEST

START_TEST(a_head_has_a_largest_number_of_fields)
{
	char text[HEAD_BYTES_MAX] = "GET / HTTP/1.1\r\nHost: a\r\n";
	struct head h;
	struct err err = {0};
	size_t n = strlen(text), i;

	for (i = 1; i < HEAD_FIELDS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "X: y\r\n");
	snprintf(text + n, sizeof(text) - n, "\r\n");
	ck_assert_int_eq(head_check(span_of(text), &h, &err), HEAD_OK);
	snprintf(text + n, sizeof(text) - n, "X: y\r\n\r\n");
	ck_assert_int_eq(head_check(span_of(text), &h, &err), 431);
}
END_TEST

START_TEST(a_target_has_a_largest_size)
{
	char text[HEAD_BYTES_MAX];
	struct head h;
	struct err err = {0};

	snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n",
	    HEAD_TARGET_MAX - 1, 0);
	ck_assert_int_eq(head_check(span_of(text), &h, &err), HEAD_OK);
	snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n",
	    HEAD_TARGET_MAX, 0);
	ck_assert_int_eq(head_check(span_of(text), &h, &err), 414);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_attack_is_refused, ARRAY_LEN(attacks)},
	    {a_nul_is_refused_wherever_it_is, 0},
	    {a_good_head_is_taken_apart, 0},
	    {every_start_of_a_good_head_asks_for_more, 0},
	    {http_1_0_needs_no_host, 0},
	    {a_head_has_a_largest_size, ARRAY_LEN(sizes)},
	    {a_head_has_a_largest_number_of_fields, 0},
	    {a_target_has_a_largest_size, 0},
	};

	return RUN_TESTS("head", tests);
}
