/*
 * test_cli_text.c - what the command line shows, and how it reads events.
 */
#include "common/base/clk.h"
#include "gateway/up/child.h"
#include "gateway/cli/term.h"
#include "gateway/cli/view.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- term ---- */

static const struct {
	const char *label;
	const char *in;
	size_t n;
	enum term_style style;
	const char *want;
} shown[] = {
    {"plain text stays", "abc", 3, TERM_LINE, "abc"},
    {"Chinese stays", "告警", 6, TERM_LINE, "告警"},
    {"an escape is shown", "\x1b[31m", 5, TERM_LINE, "\\x1b[31m"},
    {"a title is not set", "\x1b]0;x\a", 6, TERM_TEXT, "\\x1b]0;x\\x07"},
    {"DEL is shown", "a\x7f", 2, TERM_LINE, "a\\x7f"},
    {"a C1 control is shown", "\xc2\x9b", 2, TERM_LINE, "\\x9b"},
    {"a line end is a blank", "a\nb\tc", 5, TERM_LINE, "a b c"},
    {"a text keeps line ends", "a\nb\tc", 5, TERM_TEXT, "a\nb\tc"},
    {"a carriage return goes", "a\r\nb", 4, TERM_TEXT, "a\nb"},
    {"NUL is shown", "a\0b", 3, TERM_LINE, "a\\x00b"},
    {"right-to-left override is shown", "\xe2\x80\xae", 3, TERM_LINE,
	"\\u202e"},
    {"a stray byte is shown", "a\xff", 2, TERM_LINE, "a\\xff"},
    {"an overlong form is not a slash", "\xc0\xaf", 2, TERM_LINE, "\\xc0\\xaf"},
    {"a surrogate is no character", "\xed\xa0\x80", 3, TERM_LINE,
	"\\xed\\xa0\\x80"},
    {"a cut character is shown", "\xe5\x91", 2, TERM_LINE, "\\xe5\\x91"},
    {"beyond Unicode is shown", "\xf4\x90\x80\x80", 4, TERM_LINE,
	"\\xf4\\x90\\x80\\x80"},
    {"JSON keeps its value", "\"\xc2\x9b\"", 4, TERM_JSON, "\"\\u009b\""},
    {"JSON loses stray bytes", "\"\xff\"", 3, TERM_JSON, "\"\""},
};

START_TEST(term_shows_what_it_would_not_send)
{
	auto_buf b = {0};

	buf_init(&b, 1000);
	term_put(&b, span_make(shown[_i].in, shown[_i].n), shown[_i].style);
	ck_assert_msg(span_is(buf_span(&b), shown[_i].want), "%s: got \"%s\"",
	    shown[_i].label, buf_str(&b));
}
END_TEST

START_TEST(term_counts_columns_not_bytes)
{
	bool cut;
	struct span fits;

	ck_assert_int_eq(term_width(span_of("ab告警")), 6);
	fits = term_fit(span_of("ab告警"), 5, &cut);
	ck_assert(cut);
	ck_assert(span_is(fits, "ab告"));
	fits = term_fit(span_of("ab告警"), 6, &cut);
	ck_assert(!cut);
	ck_assert(span_is(fits, "ab告警"));
}
END_TEST

/* ---- view ---- */

static void
show(struct view *v, const char *type, const char *data)
{
	view_event(v,
	    &(struct sse_event){.type = span_of(type), .data = span_of(data)});
}

static char *
show_run(bool live)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	struct view *v = view_new(
	    &(struct view_spec){.out = f, .live = live, .colour = live});

	show(v, "started", "{\"run\":\"r1\",\"input\":\"why\\u001b[2J\"}");
	show(v, "plan",
	    "{\"decision\":\"EXECUTE\",\"step\":\"look\","
	    "\"worker\":\"p\",\"steps\":[{},{}]}");
	show(v, "tool_started",
	    "{\"iteration\":1,\"index\":0,\"tool\":\"t\","
	    "\"args\":{\"q\":\"up\"},\"worker\":\"e\"}");
	view_tick(v);
	show(v, "feedback",
	    "{\"iteration\":1,\"index\":0,\"status\":\"FAILED\","
	    "\"tool\":\"t\",\"summary\":\"no\",\"evidence\":[\"E1\",\"E2\"],"
	    "\"suggestion\":\"do\",\"ms\":7}");
	show(v, "retry", "{\"attempt\":2,\"reason\":\"lost\"}");
	show(v, "progress", "{\"text\":\"half\"}");
	show(v, "error", "{\"text\":\"bad\"}");
	show(v, "report", "{\"markdown\":\"# x\",\"confidence\":\"likely\"}");
	show(v, "finished",
	    "{\"status\":\"incomplete\",\"reason\":\"rounds\","
	    "\"iteration\":10,\"ms\":1500}");
	show(v, "finished", "not JSON");
	show(v, "some future event", "{}");
	ck_assert_str_eq(view_report(v), "# x");
	view_note(v, "bye");
	view_free(v);
	fclose(f);
	return text;
}

START_TEST(view_writes_a_line_per_event_into_a_pipe)
{
	static const char *const want[] = {
	    "started   r1: why\\x1b[2J\n",
	    "plan      EXECUTE, 2 steps: look (p)\n",
	    "running   t {\"q\":\"up\"} (e)\n",
	    "failed    t 7 ms [E1, E2]: no → do\n",
	    "again     attempt 2: lost\n",
	    "progress  half\n",
	    "error     bad\n",
	    "report    confidence: likely\n",
	    "finished  incomplete after 10 rounds, 1.5 s: rounds\n",
	    "note      bye\n",
	};
	auto_str text = show_run(false);

	ck_assert_ptr_null(strchr(text, '\x1b'));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		ck_assert_msg(strstr(text, want[i]) != NULL,
		    "no \"%s\" in:\n%s", want[i], text);
}
END_TEST

START_TEST(view_replaces_running_lines_on_a_terminal)
{
	auto_str text = show_run(true);

	ck_assert_ptr_nonnull(strstr(text, "\x1b[1A\r\x1b[J"));
	/* What came in an event never reaches the terminal as a control. */
	ck_assert_ptr_null(strstr(text, "\x1b[2J"));
}
END_TEST

/* ---- child ---- */

START_TEST(child_waits_longer_each_time_and_is_forgiven)
{
	static const int64_t want[] = {
	    0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
	struct child c = {0};
	int64_t now = 1000;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		child_died(&c, now);
		ck_assert_int_eq(c.start_at_ms - now, want[i]);
		now = c.start_at_ms;
		c.started_ms = now;
	}
	child_died(&c, now + CHILD_WELL_MS);
	ck_assert_int_eq(c.start_at_ms, now + CHILD_WELL_MS);
}
END_TEST

START_TEST(child_says_how_it_ended)
{
	auto_str exited = child_how(3 << 8);
	auto_str killed = child_how(9);

	ck_assert_str_eq(exited, "exited with status 3");
	ck_assert_str_eq(killed, "killed by signal 9 (Killed)");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {term_shows_what_it_would_not_send, ARRAY_LEN(shown)},
	    {term_counts_columns_not_bytes, 0},
	    {view_writes_a_line_per_event_into_a_pipe, 0},
	    {view_replaces_running_lines_on_a_terminal, 0},
	    {child_waits_longer_each_time_and_is_forgiven, 0},
	    {child_says_how_it_ended, 0},
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return RUN_TESTS("cli_text", tests);
}
