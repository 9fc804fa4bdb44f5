/* test_docs_split.c - documents into passages. */
#include "common/base/buf.h"
#include "executor/docs/split.h"
#include "tests/harness/texts.h"

/* "FROM-TO PATH: TEXT|" of every passage, line ends as "/". */
static void
put_split(struct buf *b, enum split_kind kind, const char *text)
{
	struct passages p = {0};
	struct err err = {0};
	size_t i, k;

	if (split(kind, span_of(text), &p, &err) != RC_OK) {
		buf_adds(b, err.text);
		return;
	}
	buf_addf(b, "%s: ", p.title);
	for (i = 0; i < p.n; i++) {
		buf_addf(b, "%d-%d %s: ", p.list[i].line_from,
		    p.list[i].line_to, p.list[i].path);
		for (k = 0; k < p.list[i].text.n; k++)
			buf_addc(b, p.list[i].text.p[k] == '\n'
					? '/'
					: p.list[i].text.p[k]);
		buf_addc(b, '|');
	}
	passages_done(&p);
}

static const struct {
	enum split_kind kind;
	const char *text, *says;
} cases[] = {
    {SPLIT_MARKDOWN, "# T\n\na\n\n## B\n\nb\n### C\nc\n## D\nd\n",
	"T: 1-3 T: # T//a|5-7 T > B: ## B//b|8-9 T > B > C: ### C/c|"
	"10-11 T > D: ## D/d|"},
    {SPLIT_MARKDOWN, "intro\n\nOver\n====\nx\n\nUnder\n-----\ny",
	"Over: 1-1 : intro|3-5 Over: Over/====/x|"
	"7-9 Over > Under: Under/-----/y|"},
    /* A heading alone is in the path of those under it. */
    {SPLIT_MARKDOWN, "# T\n## B\nb", "T: 2-3 T > B: ## B/b|"},
    /* What looks like one in code, a quote or a list is none. */
    {SPLIT_MARKDOWN, "# T\n```sh\n# no\n\n## no\n```\n> # no\n\n- # no\n",
	"T: 1-9 T: # T/```sh/# no//## no/```/> # no//- # no|"},
    {SPLIT_MARKDOWN, "# A `b` *c* &amp; d\nx\r\n",
	"A b c &amp; d: 1-2 A b c &amp; d: # A `b` *c* &amp; d/x|"},
    {SPLIT_MARKDOWN, "\xEF\xBB\xBF# T\nx", "T: 1-2 T: # T/x|"},
    {SPLIT_MARKDOWN, "####### seven\n", ": 1-1 : ####### seven|"},
    {SPLIT_RST,
	"=====\nTitle\n=====\n\na\n\nB\n-\n\nFirst\n-----\n\nb::\n\n  "
	"code\n\nSecond\n------\nc\n",
	"Title: 1-8 Title: =====/Title/=====//a//B/-|"
	"10-15 Title > First: First/-----//b:://  code|"
	"17-19 Title > Second: Second/------/c|"},
    {SPLIT_RST, "标题\n====\n\n正文\n", "标题: 1-4 标题: 标题/====//正文|"},
    {SPLIT_TEXT, "a\nb\n\n# c\n", ": 1-4 : a/b//# c|"},
    {SPLIT_TEXT, "", "is empty"},
    {SPLIT_TEXT, " \n\t\n", "is empty"},
    {SPLIT_TEXT, "a\xFFz", "is no UTF-8 text (byte 1)"},
    {SPLIT_TEXT, "a\xE5\x8D", "is no UTF-8 text (byte 3)"},
    {SPLIT_MARKDOWN, "<!-- -->", ": 1-1 : <!-- -->|"},
};

START_TEST(a_document_becomes_these_passages)
{
	auto_buf b = {.max = 1 << 20};

	put_split(&b, cases[_i].kind, cases[_i].text);
	if (cases[_i].says[0] == 'i')
		assert_contains(buf_str(&b), cases[_i].says);
	else
		ck_assert_str_eq(buf_str(&b), cases[_i].says);
}
END_TEST

static void
add_times(struct buf *b, const char *s, int n)
{
	while (n-- > 0)
		buf_adds(b, s);
}

/* A section of this many bytes is cut between its blocks, and no block is. */
START_TEST(a_long_section_is_cut_but_no_table_and_no_code)
{
	auto_buf b = {.max = 1 << 20};
	struct passages p = {0};
	struct err err;
	size_t i;
	int tables = 0, codes = 0;

	buf_adds(&b, "# T\n\n");
	for (i = 0; i < 6; i++) {
		buf_adds(&b, "| a | b |\n|---|---|\n");
		add_times(&b, "| cell | another cell |\n", 100);
		buf_adds(&b, "\n```\n\n");
		add_times(&b, "code of some length\n\n", 150);
		buf_adds(&b, "```\nBehind it.\n\n");
	}
	ck_assert(split(SPLIT_MARKDOWN, buf_span(&b), &p, &err) == RC_OK);
	ck_assert_uint_gt(p.n, 6);
	for (i = 0; i < p.n; i++) {
		auto_str text = xstrndup(p.list[i].text.p, p.list[i].text.n);
		int rows = text_count(text, "| cell |");
		int lines = text_count(text, "code of some length");

		ck_assert_str_eq(p.list[i].path, "T");
		ck_assert_msg(rows % 100 == 0, "%d rows", rows);
		ck_assert_msg(lines % 150 == 0, "%d lines of code", lines);
		ck_assert_int_eq(text_count(text, "```") % 2, 0);
		tables += rows / 100;
		codes += lines / 150;
	}
	ck_assert_int_eq(tables, 6);
	ck_assert_int_eq(codes, 6);
	passages_done(&p);
}
END_TEST

/* Ten thousand of something inside each other, in each way there is. */
static const char *const deep[] = {"#", "> ", "- ", "# a\n", "[", "*", "`",
    "1. ", "<b>", "| a\n|-\n", "    ", "![[", "a\n===\n", "```\n"};

START_TEST(what_is_nested_deeply_is_read)
{
	enum split_kind kinds[] = {SPLIT_MARKDOWN, SPLIT_RST, SPLIT_TEXT};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		auto_buf b = {.max = 1 << 20};
		struct passages p = {0};
		struct err err;
		enum rc rc;

		add_times(&b, deep[_i], 10000);
		buf_adds(&b, "x\n\nend\n");
		rc = split(kinds[i], buf_span(&b), &p, &err);
		ck_assert(rc == RC_OK || rc == RC_TOOBIG);
		passages_done(&p);
	}
}
END_TEST

START_TEST(too_large_and_too_many_are_refused)
{
	auto_buf b = {.max = 64 << 20};
	struct passages p = {0};
	struct err err;

	add_times(&b, "# a\nb\n", SPLIT_PASSAGES_MAX + 1);
	ck_assert(split(SPLIT_MARKDOWN, buf_span(&b), &p, &err) == RC_TOOBIG);
	assert_contains(err.text, "more than 4000 passages");
	add_times(&b, "0123456789abcdef", SPLIT_BYTES_MAX / 16 + 1);
	ck_assert(split(SPLIT_TEXT, buf_span(&b), &p, &err) == RC_TOOBIG);
	assert_contains(err.text, "more than 2048 KiB");
}
END_TEST

START_TEST(names_tell_what_is_a_document)
{
	ck_assert(split_kind_of(span_of("a/b.MD")) == SPLIT_MARKDOWN);
	ck_assert(split_kind_of(span_of("a.markdown")) == SPLIT_MARKDOWN);
	ck_assert(split_kind_of(span_of("a.rst")) == SPLIT_RST);
	ck_assert(split_kind_of(span_of("a.txt")) == SPLIT_TEXT);
	ck_assert(split_kind_of(span_of("a.png")) == SPLIT_NONE);
	ck_assert(split_kind_of(span_of(".md")) == SPLIT_NONE);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_document_becomes_these_passages, ARRAY_LEN(cases)},
	    {a_long_section_is_cut_but_no_table_and_no_code, 0},
	    {what_is_nested_deeply_is_read, ARRAY_LEN(deep)},
	    {too_large_and_too_many_are_refused, 0},
	    {names_tell_what_is_a_document, 0},
	};

	return RUN_TESTS("docs_split", tests);
}
