/* test_md.c - text of others inside Markdown, held against a renderer. */
#include "common/report/md.h"
#include "gateway/casefile/html.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <stdio.h>

/* ---- nothing but text ---- */

static const char alphabet[] = "a1 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

static void
rendered(struct buf *b, const char *markdown)
{
	html_report(b, span_of(markdown));
}

static void
put_paragraph(struct buf *b, const char *text)
{
	struct span s = span_of(text);
	size_t i;

	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	for (i = 0; i < s.n && s.p[i] == ' '; i++)
		;
	buf_adds(b, i < s.n ? "<p>" : "");
	for (; i < s.n; i++)
		buf_adds(b, s.p[i] == '&'   ? "&amp;"
			    : s.p[i] == '<' ? "&lt;"
			    : s.p[i] == '>' ? "&gt;"
			    : s.p[i] == '"' ? "&quot;"
					    : (char[]){s.p[i], '\0'});
	buf_adds(b, s.n > 0 ? "</p>\n" : "");
}

static void
check_shown(const char *text)
{
	auto_buf markdown = {.max = 1000}, want = {.max = 1000};
	auto_buf got = {.max = 1000}, plain = {.max = 1000};

	md_put_text(&markdown, span_of(text), SIZE_MAX);
	rendered(&got, buf_str(&markdown));
	put_paragraph(&want, text);
	ck_assert_msg(strcmp(buf_str(&got), buf_str(&want)) == 0,
	    "\"%s\" as \"%s\" shows as %s", text, buf_str(&markdown),
	    buf_str(&got));
	md_plain(&plain, buf_span(&markdown));
	ck_assert_str_eq(buf_str(&plain), text + strspn(text, " "));
}

/* Every three characters that could mean something together, with and
 * without a word beside them. */
START_TEST(any_text_shows_as_what_it_is)
{
	const char *a = &alphabet[_i], *b, *c;

	for (b = alphabet; *b != '\0'; b++)
		for (c = alphabet; *c != '\0'; c++) {
			char text[8];

			snprintf(text, sizeof(text), "%c%c%c", *a, *b, *c);
			check_shown(text);
			snprintf(text, sizeof(text), "%c%c%c x", *a, *b, *c);
			check_shown(text);
		}
}
END_TEST

static const struct {
	const char *text, *markdown;
} texts[] = {
    {"a <b> c", "a &lt;b> c"},
    {"a < b", "a < b"},
    {"AT&T &#35; & co", "AT&amp;T &amp;#35; & co"},
    {"# no heading", "\\# no heading"},
    {"C# is", "C# is"},
    {"12. x", "12\\. x"},
    {"v1.2. x", "v1.2. x"},
    {"[E1]", "\\[E1\\]"},
    {"snake_case _x_", "snake_case \\_x\\_"},
    {"a\nb\tc\x7f", "a b c "},
    {"\n\t \u200b  x", "x"},
    {"\u200b", ""},
    {"a\u202eb\u200bc\u2066d\ufeff", "abcd"},
    {"a\u2014b", "a\u2014b"},
};

START_TEST(text_is_escaped_no_more_than_it_must_be)
{
	auto_buf b = {.max = 1000};

	md_put_text(&b, span_of(texts[_i].text), SIZE_MAX);
	ck_assert_str_eq(buf_str(&b), texts[_i].markdown);
}
END_TEST

/* ---- code ---- */

static const struct {
	const char *text;
	size_t max;
	bool in_cell;
	const char *markdown;
} codes[] = {
    {"up == 0", 100, false, "`up == 0`"},
    {"a|b", 100, false, "`a|b`"},
    {"a|b", 100, true, "a\\|b"},
    {"a`b", 100, false, "a\\`b"},
    {"a<b", 100, false, "a&lt;b"},
    {"a < b", 100, false, "`a < b`"},
    {" a", 100, false, "a"},
    {"a ", 100, false, "a "},
    {"a\nb", 100, false, "a b"},
    {"a\u202eb", 100, false, "ab"},
    {"", 100, false, ""},
    {"abcdef", 6, false, "`abcdef`"},
    {"abcdef", 5, false, "`abcde`…"},
    {"告警", 4, false, "`告`…"},
};

START_TEST(code_is_shown_as_code_where_that_is_safe)
{
	auto_buf b = {.max = 1000};

	md_put_code(
	    &b, span_of(codes[_i].text), codes[_i].max, codes[_i].in_cell);
	ck_assert_str_eq(buf_str(&b), codes[_i].markdown);
}
END_TEST

static const struct {
	const char *sentence, *markdown;
} sentences[] = {
    {"`a*b` is *not* `c`", "`a*b` is \\*not\\* `c`"},
    {"# no heading `x`", "\\# no heading `x`"},
    {"`x` # y", "`x` # y"},
    {"an ` alone", "an \\` alone"},
    {"`a` and ` alone", "`a` and \\` alone"},
    {"`<b>`", "&lt;b>"},
    {"``", ""},
    {"", ""},
};

START_TEST(a_sentence_holds_code_between_backticks)
{
	auto_buf b = {.max = 1000};

	md_put_sentence(&b, span_of(sentences[_i].sentence));
	ck_assert_str_eq(buf_str(&b), sentences[_i].markdown);
}
END_TEST

static const struct {
	const char *text;
	size_t max;
	const char *quoted;
} quotes[] = {
    {"up", 10, "`up`"},
    {"a`b\nc", 10, "`a'b c`"},
    {"abcdef", 6, "`abcdef`"},
    {"abcdef", 5, "`abcde…`"},
    {"告警", 5, "`告…`"},
    {"", 5, ""},
};

START_TEST(what_is_quoted_stays_one_piece_of_code)
{
	auto_buf b = {.max = 1000};

	md_quote(&b, span_of(quotes[_i].text), quotes[_i].max);
	ck_assert_str_eq(buf_str(&b), quotes[_i].quoted);
}
END_TEST

/* ---- what is shown ---- */

static const struct {
	const char *markdown, *plain;
} lines[] = {
    {"**87.3 %** of `a*b` \\[E1\\]", "87.3 % of a*b [E1]"},
    {"&lt;b&gt; &amp; &quot;c&quot; &#39; &copy;", "<b> & \"c\" ' &copy;"},
    {"`&lt; \\[`", "&lt; \\["},
    {"a \\b \\", "a \\b \\"},
    {"", ""},
};

START_TEST(a_line_is_compared_by_what_it_shows)
{
	auto_buf b = {.max = 1000};

	md_plain(&b, span_of(lines[_i].markdown));
	ck_assert_str_eq(buf_str(&b), lines[_i].plain);
}
END_TEST

static const struct {
	const char *in, *out;
} blocks[] = {
    {"a\n[E1] <b>", "```\na\n[E1] <b>\n```\n"},
    {"```\nx\n```", "````\n```\nx\n```\n````\n"},
    {"a ````` b", "``````\na ````` b\n``````\n"},
    {"a\033[31m\r\n\tb\xE2\x80\xAE", "```\na[31m\n\tb\n```\n"},
};

START_TEST(a_block_holds_whatever_is_in_it)
{
	auto_buf b = {.max = 1000};

	md_put_block(&b, span_of(blocks[_i].in));
	ck_assert_str_eq(buf_str(&b), blocks[_i].out);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {any_text_shows_as_what_it_is, (int)sizeof(alphabet) - 1},
	    {text_is_escaped_no_more_than_it_must_be, (int)ARRAY_LEN(texts)},
	    {code_is_shown_as_code_where_that_is_safe, (int)ARRAY_LEN(codes)},
	    {a_sentence_holds_code_between_backticks,
		(int)ARRAY_LEN(sentences)},
	    {what_is_quoted_stays_one_piece_of_code, (int)ARRAY_LEN(quotes)},
	    {a_line_is_compared_by_what_it_shows, (int)ARRAY_LEN(lines)},
	    {a_block_holds_whatever_is_in_it, ARRAY_LEN(blocks)},
	};

	return RUN_TESTS("md", tests);
}
