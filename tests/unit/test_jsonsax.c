/*
 * test_jsonsax.c - strict JSON: what is taken, what is refused, and that
 * where a document is cut makes no difference.
 */
#include "common/base/buf.h"
#include "common/json/jsonsax.h"
#include "common/base/num.h"
#include "common/base/utf8.h"
#include "tests/harness/texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct jsonsax_limits limits = {
    .depth_max = 8, .string_max = 64, .total_max = 4096};

/* Writes the events as text: {"k":<str>,...} in a form of its own. */
static enum rc
trace(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	struct buf *b = arg;

	switch (ev->type) {
	case JSONSAX_OBJECT:
		buf_addf(b, "{%u ", ev->depth);
		break;
	case JSONSAX_OBJECT_END:
		buf_addf(b, "}%u ", ev->depth);
		break;
	case JSONSAX_ARRAY:
		buf_addf(b, "[%u ", ev->depth);
		break;
	case JSONSAX_ARRAY_END:
		buf_addf(b, "]%u ", ev->depth);
		break;
	case JSONSAX_KEY:
		buf_addf(b, "k%u:%.*s ", ev->depth, SPAN_ARG(ev->text));
		break;
	case JSONSAX_STRING:
		buf_addf(b, "s:%.*s ", SPAN_ARG(ev->text));
		break;
	case JSONSAX_NUMBER:
		buf_addf(b, "n:%.*s=%.17g ", SPAN_ARG(ev->text), ev->number);
		break;
	case JSONSAX_BOOL:
		buf_adds(b, ev->boolean ? "true " : "false ");
		break;
	case JSONSAX_NULL:
		buf_adds(b, "null ");
		break;
	case JSONSAX_PAIR:
		break;
	}
	(void)err;
	return RC_OK;
}

static enum rc
feed_in_pieces(const char *text, size_t piece, struct buf *b, struct err *err)
{
	AUTO(jsonsax) sax = jsonsax_new(&limits, trace, b);
	size_t n = strlen(text), at;

	for (at = 0; at < n; at += piece) {
		/* A copy of exact size, so that reading over it is seen. */
		size_t m = MIN(piece, n - at);
		char *copy = xcalloc(1, m);
		enum rc rc;

		memcpy(copy, text + at, m);
		rc = jsonsax_feed(sax, span_make(copy, m), err);
		free(copy);
		if (rc != RC_OK)
			return rc;
	}
	return jsonsax_end(sax, err);
}

static const struct {
	const char *text, *events;
} good[] = {
    {"{}", "{0 }0 "},
    {" [ ] ", "[0 ]0 "},
    {"\"\"", "s: "},
    {"0", "n:0=0 "},
    {"-0.5e+2\n", "n:-0.5e+2=-50 "},
    {"1e-400", "n:1e-400=0 "},
    {"12345678901234567890", "n:12345678901234567890=1.2345678901234567e+19 "},
    {"true", "true "},
    {"[null,false]", "[0 null false ]0 "},
    {"{\"a\":{\"b\":[1,\"x\"]},\"c\":null}",
	"{0 k1:a {1 k2:b [2 n:1=1 s:x ]2 }1 k1:c null }0 "},
    {"\"a\\n\\u0041\\\"\\\\\\/z\"", "s:a\nA\"\\/z "},
    {"\"\\u007f\\u0080\\u07FF\\u0800\\uffff\"",
	"s:\x7f\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF "},
    {"\"\\ud83d\\ude00\"", "s:\xF0\x9F\x98\x80 "},
    {"\"\xE5\x91\x8A\xE8\xAD\xA6\"", "s:\xE5\x91\x8A\xE8\xAD\xA6 "},
    {"[[[[[[[[1]]]]]]]]",
	"[0 [1 [2 [3 [4 [5 [6 [7 n:1=1 ]7 ]6 ]5 ]4 ]3 ]2 ]1 ]0 "},
    {"\t[ 1 ,\r\n 2 ]", "[0 n:1=1 n:2=2 ]0 "},
};

START_TEST(accepts_good_documents_however_they_are_cut)
{
	size_t piece, n = strlen(good[_i].text);

	for (piece = 1; piece <= n; piece++) {
		struct err err = {0};
		auto_buf b = {.max = 4096};
		enum rc rc = feed_in_pieces(good[_i].text, piece, &b, &err);

		ck_assert_msg(rc == RC_OK, "%s in %zu: %s", good[_i].text,
		    piece, err.text);
		ck_assert_str_eq(buf_str(&b), good[_i].events);
	}
}
END_TEST

static const struct {
	const char *text;
	enum rc rc;
	const char *says;
} bad[] = {
    {"", RC_INVALID, "byte 0: ends where a value was expected"},
    {"  ", RC_INVALID, "byte 2: ends where a value"},
    {"<html>", RC_INVALID, "byte 0: expected a value, got '<'"},
    {"\xEF\xBB\xBF{}", RC_INVALID, "byte 0: expected a value, got byte 0xef"},
    {"{} x", RC_INVALID, "byte 3: expected nothing after the value, got 'x'"},
    {"[1,]", RC_INVALID, "byte 3: expected a value, got ']'"},
    {"[,1]", RC_INVALID, "byte 1: expected a value or ']'"},
    {"{\"a\":1,}", RC_INVALID, "byte 7: expected a key"},
    {"{,}", RC_INVALID, "byte 1: expected a key in double quotes or '}'"},
    {"{a:1}", RC_INVALID, "byte 1: expected a key"},
    {"{\"a\" 1}", RC_INVALID, "byte 5: expected ':'"},
    {"{\"a\":1 \"b\"", RC_INVALID, "byte 7: expected ',' or '}'"},
    {"[1}", RC_INVALID, "byte 2: expected ',' or ']', got '}'"},
    {"{\"a\":1]", RC_INVALID, "byte 6: expected ',' or '}', got ']'"},
    {"[1 2]", RC_INVALID, "byte 3: expected ',' or ']', got '2'"},
    {"{\"a\":", RC_INVALID, "byte 5: ends where a value"},
    {"[", RC_INVALID, "byte 1: ends where a value or ']'"},
    {"\"abc", RC_INVALID, "byte 4: ends in the middle of a string"},
    {"{\"abc", RC_INVALID, "byte 5: ends in the middle of a key"},
    {"tru", RC_INVALID, "byte 3: ends in the middle of true"},
    {"trux", RC_INVALID, "byte 3: expected true, false or null"},
    {"nul1", RC_INVALID, "byte 3: expected true, false or null"},
    {"NaN", RC_INVALID, "byte 0: expected a value, got 'N'"},
    {"01", RC_INVALID, "byte 1: not a JSON number: \"01\""},
    {"-", RC_INVALID, "byte 1: not a JSON number"},
    {"1.", RC_INVALID, "byte 2: not a JSON number"},
    {".5", RC_INVALID, "byte 0: expected a value, got '.'"},
    {"+1", RC_INVALID, "byte 0: expected a value, got '+'"},
    {"1e", RC_INVALID, "byte 2: not a JSON number"},
    {"[1e5.2]", RC_INVALID, "byte 4: not a JSON number"},
    {"1-2", RC_INVALID, "byte 1: not a JSON number"},
    {"1e999", RC_INVALID, "byte 0: a number too large"},
    {"[-1e999]", RC_INVALID, "byte 1: a number too large"},
    {"\"a\x01\"", RC_INVALID, "byte 2: expected control characters"},
    {"\"a\nb\"", RC_INVALID, "byte 2: expected control characters"},
    {"\"\\x\"", RC_INVALID, "byte 2: expected one of"},
    {"\"\\u12g4\"", RC_INVALID, "byte 5: expected four hex digits"},
    {"\"\\u0000\"", RC_INVALID, "byte 1: \\u0000"},
    {"\"\\ud800\"", RC_INVALID, "byte 7: expected the low half"},
    {"\"\\ud800\\n\"", RC_INVALID, "byte 8: expected the low half"},
    {"\"\\ud800\\u0041\"", RC_INVALID, "byte 7: a surrogate without"},
    {"\"\\udc00\"", RC_INVALID, "byte 1: a surrogate without"},
    {"\"\x80\"", RC_INVALID, "byte 1: not UTF-8"},
    {"\"\xC0\x80\"", RC_INVALID, "byte 1: not UTF-8"},
    {"\"\xE0\x80\x80\"", RC_INVALID, "byte 2: not UTF-8"},
    {"\"\xED\xA0\x80\"", RC_INVALID, "byte 2: not UTF-8"},
    {"\"\xF4\x90\x80\x80\"", RC_INVALID, "byte 2: not UTF-8"},
    {"\"\xE5\x91\"", RC_INVALID, "byte 3: not UTF-8"},
    {"{\"\xFF\":1}", RC_INVALID, "byte 2: not UTF-8 in a key"},
    {"[[[[[[[[[1]]]]]]]]]", RC_TOOBIG, "byte 8: nested deeper than 8"},
    {"\"0123456789012345678901234567890123456789012345678901234567890123x\"",
	RC_TOOBIG, "byte 0: a string longer than 64"},
    {"[\"\\n123456789012345678901234567890123456789012345678901234567890123x\""
     "]",
	RC_TOOBIG, "byte 1: a string longer than 64"},
};

START_TEST(refuses_bad_documents_naming_the_byte_however_they_are_cut)
{
	size_t piece, n = MAX(strlen(bad[_i].text), (size_t)1);

	for (piece = 1; piece <= n; piece++) {
		struct err err = {0};
		auto_buf b = {.max = 4096};
		enum rc rc = feed_in_pieces(bad[_i].text, piece, &b, &err);

		ck_assert_msg(rc == bad[_i].rc, "%s in %zu: %s", bad[_i].text,
		    piece, rc_name(rc));
		assert_contains(err.text, bad[_i].says);
	}
}
END_TEST

START_TEST(refuses_a_document_over_its_total_and_stays_failed)
{
	struct jsonsax_limits small = {4, 64, 10};
	struct err err = {0};
	auto_buf b = {.max = 4096};
	AUTO(jsonsax) sax = jsonsax_new(&small, trace, &b);

	ck_assert(jsonsax_feed(sax, span_of("[1,2,3"), &err) == RC_OK);
	ck_assert(jsonsax_feed(sax, span_of(",4,5]"), &err) == RC_TOOBIG);
	assert_contains(err.text, "longer than 10 bytes");
	err.text[0] = '\0';
	ck_assert(jsonsax_feed(sax, span_of("]"), &err) == RC_TOOBIG);
	ck_assert(jsonsax_end(sax, &err) == RC_TOOBIG);
	assert_contains(err.text, "longer than 10 bytes");
}
END_TEST

START_TEST(refuses_a_nul_byte_anywhere)
{
	static const char in_string[] = "\"a\0b\"", between[] = "[1,\0 2]";
	struct err err;
	auto_buf b = {.max = 4096};

	ck_assert(jsonsax_read(span_make(in_string, 5), &limits, trace, &b,
		      &err) == RC_INVALID);
	assert_contains(err.text, "byte 2");
	ck_assert(jsonsax_read(span_make(between, 7), &limits, trace, &b,
		      &err) == RC_INVALID);
	assert_contains(err.text, "got byte 0x00");
}
END_TEST

/* As trace, but a pair reads like its parts. */
static enum rc
trace_parts(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	struct buf *b = arg;

	if (ev->type == JSONSAX_NUMBER)
		buf_addf(b, "n:%.17g ", ev->number);
	else if (ev->type == JSONSAX_PAIR)
		buf_addf(b, "[%u n:%.17g s:%.*s ]%u ", ev->depth, ev->number,
		    SPAN_ARG(ev->text), ev->depth);
	else
		return trace(arg, ev, err);
	return RC_OK;
}

static enum rc
feed_parts(
    const char *text, bool pairs, size_t piece, struct buf *b, struct err *err)
{
	AUTO(jsonsax) sax = jsonsax_new(&limits, trace_parts, b);
	size_t n = strlen(text), at;
	enum rc rc = RC_OK;

	jsonsax_pairs(sax, pairs);
	for (at = 0; at < n && rc == RC_OK; at += piece)
		rc = jsonsax_feed(
		    sax, span_make(text + at, MIN(piece, n - at)), err);
	return rc == RC_OK ? jsonsax_end(sax, err) : rc;
}

static const char *const paired[] = {
    "[[1,\"a\"],[2.5,\"\"] , [3, \"c\"],[4,\"d\\n\"],[-5e1,\"x\"]]",
    "[[6,\"\xC3\xA9\"],[7,\"x\",1],[8],[9,\"y\"],{\"k\":[1,\"z\"]}]",
    "[1,\"a\"]",
    "[[01,\"a\"]]",
    "[[1,\"a\"}]",
    "[[1,\"a\"][2,\"b\"]]",
    "[[1,\"a\"],]",
    "[[,\"a\"]]",
    "[[1e999,\"a\"]]",
    "[[1,\"a\"]",
    "[[[[[[[[1,\"a\"]]]]]]]]",
    "[[[[[[[[[1,\"a\"]]]]]]]]]",
    "[[1,\"0123456789012345678901234567890123456789012345678901234567890123"
    "45678\"]]",
};

START_TEST(pairs_change_nothing_but_the_number_of_events)
{
	size_t piece, n = strlen(paired[_i]);

	for (piece = 1; piece <= n; piece++) {
		struct err err1 = {0}, err2 = {0};
		auto_buf b1 = {.max = 4096}, b2 = {.max = 4096};
		enum rc rc1 = feed_parts(paired[_i], false, n, &b1, &err1);
		enum rc rc2 = feed_parts(paired[_i], true, piece, &b2, &err2);

		ck_assert_int_eq(rc1, rc2);
		ck_assert_str_eq(err1.text, err2.text);
		ck_assert_str_eq(buf_str(&b1), buf_str(&b2));
	}
}
END_TEST

static int pairs_seen;

static enum rc
count_pairs(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	(void)arg;
	(void)err;
	pairs_seen += ev->type == JSONSAX_PAIR;
	return RC_OK;
}

START_TEST(plain_pairs_do_come_as_pairs)
{
	AUTO(jsonsax) sax = jsonsax_new(&limits, count_pairs, NULL);
	struct err err;

	jsonsax_pairs(sax, true);
	ck_assert(
	    jsonsax_feed(sax, span_of("[[1,\"a\"],[1435781430.781,\"NaN\"]]"),
		&err) == RC_OK);
	ck_assert_int_eq(pairs_seen, 2);
}
END_TEST

static enum rc
stop_at_two(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	(void)arg;
	if (ev->type == JSONSAX_NUMBER && ev->number == 2)
		return err_set(err, RC_CANCELLED, "enough");
	return RC_OK;
}

START_TEST(stops_with_what_the_callback_answers)
{
	struct err err = {0};
	enum rc rc =
	    jsonsax_read(span_of("[1,2,3"), &limits, stop_at_two, NULL, &err);

	ck_assert_int_eq(rc, RC_CANCELLED);
	ck_assert_str_eq(err.text, "enough");
}
END_TEST

START_TEST(numbers_are_rounded_as_strtod_rounds_them)
{
	unsigned seed = 7;
	int i;

	for (i = 0; i < 200000; i++) {
		char text[64];
		double d = 0, want;
		size_t at;
		int form = rand_r(&seed) % 4, r = rand_r(&seed);

		if (form == 0)
			snprintf(text, sizeof(text), "%d.%d", r, rand_r(&seed));
		else if (form == 1)
			snprintf(text, sizeof(text), "-0.%08d%d", r % 1000,
			    rand_r(&seed));
		else if (form == 2)
			snprintf(text, sizeof(text), "%de%d", r,
			    rand_r(&seed) % 600 - 300);
		else
			snprintf(text, sizeof(text), "%d%d%d.0%d", r + 1, r,
			    rand_r(&seed), r);
		want = strtod(text, NULL);
		ck_assert_msg(
		    num_parse(span_of(text), &d, &at) == NUM_OK || isinf(want),
		    "%s", text);
		ck_assert_msg(d == want || isinf(want), "%s: %.17g", text, d);
	}
}
END_TEST

START_TEST(a_number_of_a_thousand_digits_is_read_and_of_two_thousand_is_not)
{
	auto_buf text = {.max = 5000}, b = {.max = 5000};
	struct err err;
	int i;

	buf_adds(&text, "0.");
	for (i = 0; i < 1000; i++)
		buf_addc(&text, '3');
	ck_assert(
	    jsonsax_read(buf_span(&text), &limits, trace, &b, &err) == RC_OK);
	for (i = 0; i < 1000; i++)
		buf_addc(&text, '3');
	ck_assert(jsonsax_read(buf_span(&text), &limits, trace, &b, &err) ==
		  RC_TOOBIG);
	assert_contains(err.text, "a number of more than 1100 characters");
}
END_TEST

START_TEST(sample_values_may_be_infinite_or_not_a_number)
{
	double d;

	ck_assert(num_parse_sample(span_of("NaN"), &d) && isnan(d));
	ck_assert(num_parse_sample(span_of("+Inf"), &d) && d == INFINITY);
	ck_assert(num_parse_sample(span_of("-Inf"), &d) && d == -INFINITY);
	ck_assert(num_parse_sample(span_of("0.25"), &d) && d == 0.25);
	ck_assert(num_parse_sample(span_of("1e+06"), &d) && d == 1e6);
	ck_assert(!num_parse_sample(span_of(""), &d));
	ck_assert(!num_parse_sample(span_of("nan"), &d));
	ck_assert(!num_parse_sample(span_of("1x"), &d));
	ck_assert(!num_parse_sample(span_of("x1"), &d));
}
END_TEST

START_TEST(doubles_printed_as_json_read_back_the_same)
{
	static const double values[] = {0, -0.0, 1, 0.1, 1.0 / 3, 1e15, 1e22,
	    123456789012345680.0, 5e-324, 1.7976931348623157e308, -2.5e-7};
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		auto_buf b = {.max = 64};

		num_put_json(&b, values[i]);
		ck_assert_msg(
		    strtod(buf_str(&b), NULL) == values[i], "%s", buf_str(&b));
	}
}
END_TEST

/* Whole words of memory are looked at together; none may hide a byte. */
START_TEST(a_bad_byte_is_found_wherever_it_stands)
{
	char text[40];
	size_t n, i;

	for (n = 1; n < sizeof(text); n++)
		for (i = 0; i < n; i++) {
			memset(text, 'a', n);
			ck_assert(utf8_ok(span_make(text, n)));
			text[i] = (char)0xFF;
			ck_assert(!utf8_ok(span_make(text, n)));
			text[i] = (char)0xC3;
			ck_assert(!utf8_ok(span_make(text, n)));
		}
}
END_TEST

START_TEST(utf8_is_cut_between_characters)
{
	struct span s = span_of("a\xE5\x91\x8A");

	ck_assert_uint_eq(utf8_cut(s, 4).n, 4);
	ck_assert_uint_eq(utf8_cut(s, 3).n, 1);
	ck_assert_uint_eq(utf8_cut(s, 2).n, 1);
	ck_assert_uint_eq(utf8_cut(s, 0).n, 0);
	ck_assert(utf8_ok(s) && !utf8_ok(span_make(s.p, 3)));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {accepts_good_documents_however_they_are_cut, ARRAY_LEN(good)},
	    {refuses_bad_documents_naming_the_byte_however_they_are_cut,
		ARRAY_LEN(bad)},
	    {refuses_a_document_over_its_total_and_stays_failed, 0},
	    {refuses_a_nul_byte_anywhere, 0},
	    {pairs_change_nothing_but_the_number_of_events, ARRAY_LEN(paired)},
	    {plain_pairs_do_come_as_pairs, 0},
	    {stops_with_what_the_callback_answers, 0},
	    {numbers_are_rounded_as_strtod_rounds_them, 0},
	    {a_number_of_a_thousand_digits_is_read_and_of_two_thousand_is_not,
		0},
	    {sample_values_may_be_infinite_or_not_a_number, 0},
	    {doubles_printed_as_json_read_back_the_same, 0},
	    {a_bad_byte_is_found_wherever_it_stands, 0},
	    {utf8_is_cut_between_characters, 0},
	};

	return RUN_TESTS("jsonsax", tests);
}
