/*
 * test_sse_read.c - what becomes of a text/event-stream, wherever it is cut.
 */
#include "common/net/sse_read.h"
#include "tests/harness/texts.h"

enum { EVENT_MAX = 64 };

static void
on_event(void *ctx, const struct sse_event *ev)
{
	buf_addf(ctx, "<%.*s|%.*s|%.*s>", SPAN_ARG(ev->id), SPAN_ARG(ev->type),
	    SPAN_ARG(ev->data));
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define STREAM(in) in, sizeof(in) - 1

static const struct {
	const char *in;
	size_t n;
	const char *want;
	const char *error; /* NULL: RC_OK */
} streams[] = {
    {STREAM("id: r.1\nevent: plan\ndata: {}\n\n"), "<r.1|plan|{}>", NULL},
    {STREAM("data:x\r\n\r\ndata:y\r\rdata:z\n\n"),
	"<|message|x><|message|y><|message|z>", NULL},
    {STREAM(": comment\n\nevent: e\n\ndata: 1\n\n"), "<|message|1>", NULL},
    {STREAM("data: a\ndata: b\n\n"), "<|message|a\nb>", NULL},
    {STREAM("data\n\n"), "<|message|>", NULL},
    {STREAM("data\ndata\n\n"), "<|message|\n>", NULL},
    {STREAM("retry: 100\nother: x\ndata: a:b\n\n"), "<|message|a:b>", NULL},
    {STREAM("data:  two blanks\n\n"), "<|message| two blanks>", NULL},
    {STREAM("Data: no\n data: no\n\n"), "", NULL},
    {STREAM("data: never ended\n"), "", NULL},
    /* An event is its own: nothing of it is left for the next. */
    {STREAM("id: 1\nevent: e\ndata: a\n\ndata: b\n\n"), "<1|e|a><|message|b>",
	NULL},
    {STREAM("id: 1\nid: 2\0\ndata: a\n\n"), "<1|message|a>", NULL},
    {STREAM("\xEF\xBB\xBF"
	    "data: a\n\n\xEF\xBB\xBF"
	    "data: b\n\n"),
	"<|message|a>", NULL},
    {STREAM("\xEF\xBB\xBF\ndata: a\n\n"), "<|message|a>", NULL},
    {STREAM("data: a\n\ndata: " SIXTY "\n\n"), "<|message|a>",
	"a line of the event stream"},
    {STREAM("data: a\n\ndata:" TEN TEN "\ndata:" TEN TEN "\ndata:" TEN TEN
	    "\ndata:12\n\ndata: b\n\n"),
	"<|message|a>", "an event's data"},
};

START_TEST(the_grammar_is_followed_however_it_is_cut)
{
	for (size_t piece = 1; piece <= streams[_i].n; piece++) {
		auto_buf seen = {.max = 1000};
		struct sse_read r;
		struct err err;
		enum rc rc = RC_OK;

		sse_read_init(&r, EVENT_MAX, on_event, &seen);
		for (size_t at = 0; at < streams[_i].n; at += piece)
			rc = sse_read_feed(&r,
			    span_make(streams[_i].in + at,
				MIN(piece, streams[_i].n - at)),
			    &err);
		ck_assert_msg(span_is(buf_span(&seen), streams[_i].want),
		    "pieces of %zu: %s", piece, buf_str(&seen));
		ck_assert_int_eq(
		    rc, streams[_i].error != NULL ? RC_TOOBIG : RC_OK);
		if (streams[_i].error != NULL)
			assert_contains(err.text, streams[_i].error);
		sse_read_done(&r);
	}
}
END_TEST

START_TEST(half_an_event_is_forgotten_after_a_break)
{
	auto_buf seen = {.max = 1000};
	struct sse_read r;
	struct err err;

	sse_read_init(&r, EVENT_MAX, on_event, &seen);
	ck_assert_int_eq(
	    sse_read_feed(&r, span_of("id: a\ndata: 1\nda"), &err), RC_OK);
	sse_read_restart(&r);
	ck_assert_int_eq(
	    sse_read_feed(&r, span_of("data: 2\n\n"), &err), RC_OK);
	ck_assert_str_eq(buf_str(&seen), "<|message|2>");
	/* The first half of a line end is forgotten as well. */
	ck_assert_int_eq(sse_read_feed(&r, span_of("data: 3\r"), &err), RC_OK);
	sse_read_restart(&r);
	ck_assert_int_eq(
	    sse_read_feed(&r, span_of("\ndata: 4\n\n"), &err), RC_OK);
	ck_assert_str_eq(buf_str(&seen), "<|message|2><|message|4>");
	sse_read_done(&r);
}
END_TEST

/* What was cut from an event that is too large is not told, nor what is
 * behind it, until another connection begins anew. */
START_TEST(after_too_much_only_a_restart_helps)
{
	static const char *const fields[] = {"event", "id"};
	auto_buf seen = {.max = 1000}, line = {.max = 4096};
	struct sse_read r;
	struct err err;

	buf_addf(&line, "%s:%02000d\ndata: x\n\n", fields[_i], 1);
	sse_read_init(&r, 1 << 20, on_event, &seen);
	ck_assert_int_eq(sse_read_feed(&r, buf_span(&line), &err), RC_TOOBIG);
	ck_assert_int_eq(
	    sse_read_feed(&r, span_of("data: y\n\n"), &err), RC_TOOBIG);
	ck_assert_str_eq(buf_str(&seen), "");
	sse_read_restart(&r);
	ck_assert_int_eq(
	    sse_read_feed(&r, span_of("data: z\n\n"), &err), RC_OK);
	ck_assert_str_eq(buf_str(&seen), "<|message|z>");
	sse_read_done(&r);
}
END_TEST

static const struct {
	const char *in;
	int64_t ms;
} retries[] = {
    {"retry: 100\n", 100},
    {"retry: 100\nretry: -5\n", 100},
    {"retry: 1.5\n", -1},
    {"retry:\n", -1},
    {"retry: 99999999999999999999999\n", -1},
};

START_TEST(a_retry_that_is_no_number_is_ignored)
{
	auto_buf seen = {.max = 1000};
	struct sse_read r;
	struct err err;

	sse_read_init(&r, EVENT_MAX, on_event, &seen);
	ck_assert_int_eq(
	    sse_read_feed(&r, span_of(retries[_i].in), &err), RC_OK);
	ck_assert_int_eq(r.retry_ms, retries[_i].ms);
	sse_read_done(&r);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_grammar_is_followed_however_it_is_cut,
		(int)ARRAY_LEN(streams)},
	    {half_an_event_is_forgotten_after_a_break, 0},
	    {after_too_much_only_a_restart_helps, 2},
	    {a_retry_that_is_no_number_is_ignored, (int)ARRAY_LEN(retries)},
	};

	return RUN_TESTS("sse_read", tests);
}
