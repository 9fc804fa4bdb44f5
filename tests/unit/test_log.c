/*
 * test_log.c - what reaches stderr: one line, whatever the values hold.
 */
#include "common/base/clk.h"
#include "common/base/log.h"
#include "common/base/rc.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_SEEN = 16384 };

struct catch {
	int saved, fd[2];
};

static void
catch_begin(struct catch *c)
{
	ck_assert_int_eq(pipe(c->fd), 0);
	c->saved = dup(STDERR_FILENO);
	dup2(c->fd[1], STDERR_FILENO);
}

/* What was written meanwhile, up to LINE_MAX_SEEN bytes. */
static void
catch_end(struct catch *c, char text[LINE_MAX_SEEN])
{
	ssize_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->fd[1]);
	n = read(c->fd[0], text, LINE_MAX_SEEN - 1);
	text[MAX(n, 0)] = '\0';
	close(c->fd[0]);
}

static const struct {
	const char *value, *written;
} values[] = {
	{"plain", " k=plain\n"},
	{"", " k=\"\"\n"},
	{"two words", " k=\"two words\"\n"},
	{"a=b", " k=\"a=b\"\n"},
	{"say \"hi\"", " k=\"say \\\"hi\\\"\"\n"},
	{"\"", " k=\"\\\"\"\n"},
	{"back\\slash", " k=\"back\\\\slash\"\n"},
	{"line\nmsg=forged", " k=\"line\\x0amsg=forged\"\n"},
	{"\r", " k=\"\\x0d\"\n"},
	{"\t", " k=\"\\x09\"\n"},
	{"\x1b[31mred", " k=\"\\x1b[31mred\"\n"},
	{"\x08", " k=\"\\x08\"\n"},
	{"bell\x07", " k=\"bell\\x07\"\n"},
	{"\x01", " k=\"\\x01\"\n"},
	{"\x7f", " k=\"\\x7f\"\n"},
	{"漢字", " k=漢字\n"},
	{"\xc2\x80", " k=\"\\x80\"\n"},
	{"\xc2\x9b" "31mred", " k=\"\\x9b31mred\"\n"},
	{"a\xc2\x9f", " k=\"a\\x9f\"\n"},
	{"\u00a0", " k=\u00a0\n"},
	{"\x9b" "31mred", " k=\"\\x9b31mred\"\n"},
	{"cut \xe6\xbc", " k=\"cut \\xe6\\xbc\"\n"},
	{"\u202eevil", " k=\"\\u202eevil\"\n"},
};

START_TEST(values_are_quoted_and_escaped_where_needed)
{
	char text[LINE_MAX_SEEN];
	struct catch c;
	const char *at;

	catch_begin(&c);
	log_info("msg", "k", values[_i].value, NULL);
	catch_end(&c, text);
	at = strstr(text, " k=");
	ck_assert_msg(at != NULL, "%s", text);
	ck_assert_str_eq(at, values[_i].written);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(a_line_says_when_who_and_what)
{
	char text[LINE_MAX_SEEN];
	struct catch c;
	auto_str want = xasprintf("time=2025-11-23T09:57:00.042Z level=warn "
	    "proc=tester pid=%ld msg=\"it is so\" a=1 c=3\n", (long)getpid());

	clk_fix_ms(INT64_C(1763891820042));
	ck_assert(log_open("tester", "info"));
	catch_begin(&c);
	log_warn("it is so", "a", "1", "b", NULL, "c", "3", NULL);
	catch_end(&c, text);
	ck_assert_str_eq(text, want);
}
END_TEST

START_TEST(only_levels_from_the_chosen_one_on_are_written)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	int least, level;

	for (least = 0; least < 4; least++) {
		ck_assert(log_open("tester", names[least]));
		for (level = 0; level < 4; level++) {
			char text[LINE_MAX_SEEN];
			struct catch c;

			catch_begin(&c);
			log_write((enum log_level)level, "m", NULL);
			catch_end(&c, text);
			ck_assert_int_eq(text[0] != '\0', level >= least);
			if (level >= least)
				assert_contains(text, names[level]);
		}
	}
	ck_assert(!log_open("tester", "loud"));
	ck_assert(!log_open("tester", ""));
}
END_TEST

START_TEST(an_endless_value_is_cut_to_one_bounded_line)
{
	char *value = calloc(1, 100001), text[LINE_MAX_SEEN];
	struct catch c;

	memset(value, _i == 0 ? 'x' : '"', 100000);
	catch_begin(&c);
	log_info("m", "k", value, "after", "y", NULL);
	catch_end(&c, text);
	free(value);
	ck_assert_uint_gt(strlen(text), 60);
	ck_assert_uint_le(strlen(text), 8193);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

/* ---- what others can cause as often as they like ---- */

static void
noise(int times)
{
	while (times-- > 0)
		log_often(LOG_LEVEL_WARN, "noise", "from", "a peer", NULL);
}

START_TEST(what_others_cause_is_written_seldom_and_the_rest_is_counted)
{
	char text[LINE_MAX_SEEN];
	int64_t now = 1000000;
	struct catch c;

	clk_fix_ms(now);
	catch_begin(&c);
	noise(1000);
	log_often(LOG_LEVEL_WARN, "another kind", NULL);
	log_warn("noise", "ordinary", "yes", NULL);
	log_tell_kept(false);
	catch_end(&c, text);
	ck_assert_int_eq(text_count(text, "from=\"a peer\""), LOG_OFTEN_MAX);
	ck_assert_int_eq(text_count(text, "another kind"), 1);
	ck_assert_int_eq(text_count(text, "ordinary=yes"), 1);
	assert_lacks(text, "suppressed");

	/* The next interval: first how many there were, then the next few. */
	clk_fix_ms(now + LOG_OFTEN_MS - 1);
	catch_begin(&c);
	noise(1);
	clk_fix_ms(now += LOG_OFTEN_MS);
	noise(7);
	catch_end(&c, text);
	assert_contains(text, "level=warn proc=culprit");
	assert_contains(text, "of=noise suppressed=996\n");
	ck_assert_int_eq(text_count(text, "from=\"a peer\""), LOG_OFTEN_MAX);

	/* Without any more of it the time tells, once. */
	catch_begin(&c);
	log_tell_kept(false);
	clk_fix_ms(now + LOG_OFTEN_MS);
	log_tell_kept(false);
	log_tell_kept(true);
	catch_end(&c, text);
	ck_assert_int_eq(text_count(text, "\n"), 1);
	assert_contains(text, "of=noise suppressed=2\n");
}
END_TEST

START_TEST(what_was_kept_back_is_told_at_the_end)
{
	char text[LINE_MAX_SEEN];
	struct catch c;

	clk_fix_ms(1000000);
	catch_begin(&c);
	noise(LOG_OFTEN_MAX + 1);
	log_tell_kept(true);
	catch_end(&c, text);
	assert_contains(text, "suppressed=1\n");
}
END_TEST

START_TEST(what_is_below_the_level_is_not_counted)
{
	char text[LINE_MAX_SEEN];
	struct catch c;
	int i;

	ck_assert(log_open("tester", "error"));
	catch_begin(&c);
	noise(100);
	log_tell_kept(true);
	ck_assert(log_open("tester", "info"));
	for (i = 0; i < LOG_OFTEN_MAX; i++)
		noise(1);
	log_tell_kept(true);
	catch_end(&c, text);
	ck_assert_int_eq(text_count(text, "\n"), LOG_OFTEN_MAX);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {values_are_quoted_and_escaped_where_needed, ARRAY_LEN(values)},
	    {a_line_says_when_who_and_what, 0},
	    {only_levels_from_the_chosen_one_on_are_written, 0},
	    {an_endless_value_is_cut_to_one_bounded_line, 2},
	    {what_others_cause_is_written_seldom_and_the_rest_is_counted, 0},
	    {what_was_kept_back_is_told_at_the_end, 0},
	    {what_is_below_the_level_is_not_counted, 0},
	};

	return RUN_TESTS("log", tests);
}
