/*
 * test_pages.c - what the gateway writes: events as text, reports as pages.
 */
#include "common/wire/wire.h"
#include "gateway/casefile/html.h"
#include "gateway/http/sse.h"
#include "tests/harness/texts.h"

/* ---- events as text ---- */

START_TEST(an_event_is_one_block_of_lines)
{
	auto_buf data = {0};
	auto_buf b = {0};

	buf_init(&data, 1000);
	buf_init(&b, 1000);
	wire_put_map(&data, 1);
	wire_put_str(&data, "a\nb");
	wire_put_str(&data, "\r\n\n: x\xE2\x80\xA8");
	sse_event(&b, "r1", 18, span_of("tool_started"), buf_span(&data));
	ck_assert_str_eq(buf_str(&b),
	    "id: r1.18\nevent: tool_started\n"
	    "data: {\"a\\nb\":\"\\r\\n\\n: x\xE2\x80\xA8\"}\n\n");
}
END_TEST

static const char *const odd_types[] = {"", "a\nb", "a b", "A", "a\r", "a:"};

START_TEST(an_odd_type_cannot_forge_fields)
{
	auto_buf b = {0};

	buf_init(&b, 1000);
	sse_fleeting(&b, span_of(odd_types[_i]), (struct span){0});
	ck_assert_str_eq(buf_str(&b), "event: message\ndata: {}\n\n");
}
END_TEST

static const struct {
	const char *id;
	bool good;
	uint64_t seq;
} ids[] = {
    {"", true, 0},
    {"r1.0", true, 0},
    {"r1.7", true, 7},
    {"42", true, 42},
    {"r1.999999999999999999", true, 999999999999999999},
    {"r1.9999999999999999999", false, 0},
    {"r1.", false, 0},
    {"r1", false, 0},
    {"r2.7", false, 0},
    {"r1.-7", false, 0},
    {"r1.7x", false, 0},
    {"r1. 7", false, 0},
    {"r1.7\n", false, 0},
    {"r11.7", false, 0},
    {"-1", false, 0},
    {"+1", false, 0},
    {".7", false, 0},
};

START_TEST(ids_are_read_back_strictly)
{
	uint64_t seq = 99;
	struct err err = {0};
	enum rc rc = sse_id_parse(span_of(ids[_i].id), "r1", &seq, &err);

	ck_assert_msg((rc == RC_OK) == ids[_i].good, "\"%s\"", ids[_i].id);
	ck_assert_uint_eq(seq, ids[_i].good ? ids[_i].seq : 99);
}
END_TEST

/* ---- reports as pages ---- */

static const struct {
	const char *markdown, *has, *lacks;
} pages[] = {
    {"# A & B", "<h1>A &amp; B</h1>", NULL},
    {"|a|b|\n|---|---|\n|1|2|\n", "<table>", NULL},
    {"<script>x</script>", "&lt;script&gt;", "<script"},
    {"a <img src=x onerror=y> b", "&lt;img", "<img"},
    {"<div onclick=x>\n\nhi", "&lt;div", "<div"},
    {"<!-- c -->", "&lt;!--", "<!-- "},
    {"[x](http://a/b?c=1&d=2)", "<a href=\"http://a/b?c=1&amp;d=2\"", NULL},
    {"[x](HTTPS://a/)", "<a href=\"HTTPS://a/\"", NULL},
    {"[x](/api/x)", "<a href=\"/api/x\"", NULL},
    {"[x](evidence/E3)", "<a href=\"evidence/E3\"", NULL},
    {"[x](#e3)", "<a href=\"#e3\"", NULL},
    {"[x](a/b:c)", "<a href=\"a/b:c\"", NULL},
    {"[x](javascript:alert(1))", "<a href=\"#\"", "javascript:"},
    {"[x](JaVaScRiPt:alert(1))", "<a href=\"#\"", "JaVa"},
    {"[x](java&#115;cript:alert(1))", "<a href=\"#\"", "script:"},
    {"[x](javascript&colon;alert(1))", "<a href=\"#\"", "alert"},
    {"[x](javascript&#58;alert(1))", "<a href=\"#\"", "alert"},
    {"[x](java&Tab;script&colon;alert(1))", "<a href=\"#\"", "alert"},
    {"[x](data:text/html,x)", "<a href=\"#\"", "data:"},
    {"[x](vbscript:x)", "<a href=\"#\"", "vbscript"},
    {"[x](//evil.example/)", "<a href=\"#\"", "evil"},
    {"[x](\\\\evil.example/)", "<a href=\"", "\"\\\\evil"},
    {"<javascript:alert(1)>", "<a href=\"#\"", "\"javascript:"},
    {"a ![x <b> y](javascript:y) b", "<p>a x &lt;b&gt; y b</p>", "<img"},
    {"![x](a.png \"t\\\" onload=\\\"y\") [E1]", "<p>x <a class=", "onload"},
    {"![a ![b](c) d](http://x/y) [e](f)", "<p>a b d <a href=\"f\">e</a></p>",
	"http"},
    {"[![x](y)](http://a/) [E1]",
	"<a href=\"http://a/\">x</a> <a class=", "<img"},
    {"[a]: javascript:x\n\n[a]", "<a href=\"#\"", "javascript:"},
    {"```\n<b>&\n```", "&lt;b&gt;&amp;", "<b>"},
    {"[x](http://a/\"onclick=\"y)", "http://a/", "\"onclick=\""},
    {"so [E1][E22].",
	"so <a class=\"cite\" href=\"#E1\">E1</a>"
	"<a class=\"cite\" href=\"#E22\">E22</a>.",
	NULL},
    {"**b** [E3] c", "<a class=\"cite\" href=\"#E3\">", NULL},
    {"a \\[E1\\] b", "[E1]", "class=\"cite\""},
    {"a &#91;E1] b", "[E1]", "class=\"cite\""},
    {"`[E1]`", "<code>[E1]</code>", "class=\"cite\""},
    {"```\n[E1]\n```\n", "[E1]", "class=\"cite\""},
    {"```\nx\n```\n[E1]\n", "href=\"#E1\"", NULL},
    {"    [E1]\n\n[E2]", "href=\"#E2\"", "href=\"#E1\""},
    {"[a [E1] b](http://a/)", "[E1]", "class=\"cite\""},
    {"[x](http://a/[E1]) [E2]", "href=\"#E2\"", "href=\"#E1\""},
    {"[E1x] [E] [e1] [E1", "[E1x] [E] [e1] [E1", "class=\"cite\""},
    {"[E1234567890123]", "[E1234567890123]", "class=\"cite\""},
};

START_TEST(a_page_shows_text_and_runs_nothing)
{
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	html_report(&b, span_of(pages[_i].markdown));
	assert_contains(buf_str(&b), pages[_i].has);
	if (pages[_i].lacks != NULL)
		assert_lacks(buf_str(&b), pages[_i].lacks);
}
END_TEST

START_TEST(what_is_shortened_ends_between_characters)
{
	auto_buf b = {0};

	buf_init(&b, 1000);
	html_put_short(&b, span_of("告<警>x"), 2);
	html_put_short(&b, span_of("ab"), 2);
	ck_assert_str_eq(buf_str(&b), "告&lt;…ab");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_event_is_one_block_of_lines, 0},
	    {an_odd_type_cannot_forge_fields, ARRAY_LEN(odd_types)},
	    {ids_are_read_back_strictly, ARRAY_LEN(ids)},
	    {a_page_shows_text_and_runs_nothing, ARRAY_LEN(pages)},
	    {what_is_shortened_ends_between_characters, 0},
	};

	return RUN_TESTS("pages", tests);
}
