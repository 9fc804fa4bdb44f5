/*
 * test_casefile.c - an investigation as one document: what is in it, how it
 * is drawn, and that nothing anybody put into labels, queries, evidence or a
 * report can do anything there.
 */
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "gateway/casefile/casefile.h"
#include "gateway/casefile/figures.h"
#include "gateway/casefile/svg.h"
#include "tests/harness/texts.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

static struct casefile *
casefile_of(const char *json)
{
	cJSON *tree = cJSON_Parse(json);
	struct casefile *c;
	auto_buf b = {.max = 1 << 22};

	ck_assert_msg(tree != NULL, "%s", json);
	wire_put_tree(&b, tree);
	cJSON_Delete(tree);
	c = casefile_new(buf_span(&b));
	return c;
}

/* The document whose evidence is always the same bytes. */
static void
document(struct buf *b, const char *state, const char *bytes)
{
	struct casefile *c = casefile_of(state);

	while (casefile_next(c) != NULL)
		casefile_put(c, span_of(bytes));
	casefile_end(c, b);
	casefile_free(c);
}

static const struct zone utc;
static const struct figures plain = {.lang = FIGURES_EN, .zone = &utc};

static int
count_of(const char *text, const char *needle)
{
	int n = 0;

	for (; (text = strstr(text, needle)) != NULL; text += strlen(needle))
		n++;
	return n;
}

/* ---- what is in it ---- */

#define STATE(more)                                                            \
	"{\"id\":\"r1\",\"language\":\"en\",\"status\":\"completed\","         \
	"\"final_report\":\"# Hi\\n\\nso [E2] and [E1], as [E2] says\\n\","    \
	"\"evidence\":[{\"id\":\"E1\",\"tool\":\"t1\",\"query\":\"up\","       \
	"\"media\":\"application/json\",\"bytes\":7,\"ms\":12,\"at\":1000,"    \
	"\"sha256\":\"aa\"},{\"id\":\"E2\",\"tool\":\"t2\",\"query\":\"x\"},"  \
	"{\"id\":\"E3\",\"tool\":\"uncited\"}]," more                          \
	"\"run\":{\"created_ms\":1000,\"finished_ms\":2000}}"

START_TEST(what_is_cited_is_in_it_once_in_that_order)
{
	auto_buf b = {0};
	const char *one, *two;

	document(&b, STATE(""), "the bytes");
	two = strstr(buf_str(&b), "<article id=\"E2\">");
	one = strstr(buf_str(&b), "<article id=\"E1\">");
	ck_assert(one != NULL && two != NULL && two < one);
	ck_assert_int_eq(count_of(buf_str(&b), "<article"), 2);
	ck_assert_int_eq(count_of(buf_str(&b), "<pre>the bytes</pre>"), 2);
	assert_lacks(buf_str(&b), "uncited");
	assert_contains(buf_str(&b), "<code>aa</code>");
	assert_contains(buf_str(&b), "1970-01-01 00:00:01 UTC");
	assert_contains(buf_str(&b), "12ms");
	assert_contains(buf_str(&b), "<a class=\"cite\" href=\"#E2\">");
	/* sha256sum of the report. */
	assert_contains(buf_str(&b),
	    "a1be18c44fd285ec0bbc74fd2e05afb7d5bb694b85c1796729bc9696a4a97955");
}
END_TEST

START_TEST(it_needs_nothing_else)
{
	auto_buf b = {0};

	document(&b, STATE(""), "x");
	assert_contains(buf_str(&b), "<html lang=\"en\">");
	assert_contains(buf_str(&b), "Content-Security-Policy");
	assert_lacks(buf_str(&b), "src=");
	assert_lacks(buf_str(&b), "<link");
	assert_lacks(buf_str(&b), "@import");
	assert_lacks(buf_str(&b), "url(");
}
END_TEST

START_TEST(what_is_lost_is_told)
{
	struct casefile *c = casefile_of(STATE(""));
	auto_buf b = {0};

	casefile_put_lost(c, span_of("damaged <b>"));
	ck_assert_str_eq(casefile_next(c), "E1");
	casefile_put(c, span_of("there"));
	ck_assert_ptr_null(casefile_next(c));
	casefile_end(c, &b);
	assert_contains(buf_str(&b), "could not be read: damaged &lt;b&gt;");
	assert_contains(buf_str(&b), "<pre>there</pre>");
	casefile_free(c);
}
END_TEST

START_TEST(what_is_long_is_cut_and_said_to_be)
{
	size_t n = 400 << 10, i;
	char *bytes = xcalloc(1, n + 1);
	auto_buf b = {0};

	/* Three bytes a character, so that a cut could fall into one. */
	for (i = 0; i + 3 <= n; i += 3)
		memcpy(bytes + i, "告", 3);
	document(&b, STATE(""), bytes);
	ck_assert_int_eq(
	    count_of(buf_str(&b), "only the beginning; the hash is of all"), 2);
	ck_assert_uint_lt(b.len, (size_t)(600 << 10));
	ck_assert(utf8_ok(buf_span(&b)));
	free(bytes);
}
END_TEST

START_TEST(what_is_no_text_is_not_shown)
{
	auto_buf b = {0};

	document(&b, STATE(""), "\xff\xfe<script>");
	assert_contains(buf_str(&b), "not text, and not shown");
	assert_lacks(buf_str(&b), "<script>");
}
END_TEST

START_TEST(a_state_of_odd_types_is_no_harm)
{
	static const char *const odd[] = {"{}", "{\"evidence\":7}",
	    "{\"final_report\":\"[E1]\",\"evidence\":[7,null,[\"x\"]]}",
	    "{\"final_report\":\"[E1]\",\"executor_feedback\":{\"a\":1}}",
	    "{\"final_report\":\"[E1]\",\"evidence\":[{\"id\":\"E1\"}],"
	    "\"executor_feedback\":[{\"evidence\":[\"E1\",7],\"args\":"
	    "{\"alert\":{\"startsAt\":[1]}}}]}",
	    "{\"labels\":[1],\"run\":3,\"id\":4,\"input\":{}}"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(odd); i++) {
		auto_buf b = {0};

		document(&b, odd[i], "x");
		assert_contains(buf_str(&b), "</html>");
	}
}
END_TEST

START_TEST(the_markdown_lists_what_is_cited)
{
	struct casefile *c = casefile_of(
	    "{\"id\":\"r1\",\"language\":\"en\",\"final_report\":\"# Hi [E1]\","
	    "\"evidence\":[{\"id\":\"E1\",\"tool\":\"t\",\"sha256\":\"aa\","
	    "\"query\":\"a `` b\\n\\n# c\"}],\"run\":{\"finished_ms\":1}}");
	auto_buf b = {.max = 1 << 16};

	casefile_markdown(c, &b);
	assert_contains(
	    buf_str(&b), "# Hi [E1]\n---\n\n## Evidence\n\n- **E1**");
	assert_contains(buf_str(&b), "`` a    b  # c ``");
	assert_contains(buf_str(&b), "SHA-256 `aa`");
	casefile_free(c);
}
END_TEST

/* ---- nothing in it does anything ---- */

#define EVIL "\\\"><script>x</script><img src=x onerror=y>'"

START_TEST(nothing_that_anybody_wrote_does_anything)
{
	static const char state[] =
	    "{\"id\":\"" EVIL "\",\"input\":\"" EVIL "\",\"status\":\"" EVIL
	    "\",\"labels\":{\"" EVIL "\":\"" EVIL "\"},\"final_report\":\"" EVIL
	    "\\n\\n[a](javascript:x) [E1]\",\"evidence\":[{\"id\":\"E1\","
	    "\"tool\":\"" EVIL "\",\"query\":\"" EVIL "\",\"media\":\"" EVIL
	    "\",\"sha256\":\"" EVIL "\"}],\"run\":{\"finished_ms\":1}}";
	static const char causes[] =
	    "{\"causes\":[{\"score\":1,\"on_path\":[\"" EVIL "\",\"b\"]}],"
	    "\"plot\":[{\"service\":\"" EVIL "\",\"metric\":\"" EVIL
	    "\",\"form\":\"" EVIL "\",\"unit\":\"" EVIL
	    "\",\"change\":{\"from\":1,\"to\":2},\"points\":[[1,1],[2,2]]}]}";
	auto_buf b = {0};

	document(&b, state, causes);
	assert_contains(buf_str(&b), "<svg class=\"plot\"");
	assert_contains(buf_str(&b), "<svg class=\"way\"");
	ck_assert_int_eq(count_of(buf_str(&b), "<script"), 0);
	ck_assert_int_eq(count_of(buf_str(&b), "<img"), 0);
	ck_assert_int_eq(count_of(buf_str(&b), "\"javascript:"), 0);
	/* No attribute was ended by what is in it. */
	ck_assert_int_eq(count_of(buf_str(&b), "\">&lt;script"), 0);
}
END_TEST

/* ---- how it is drawn ---- */

static void
drawn(struct buf *b, struct svg_point *points, size_t n)
{
	struct svg_plot p = {.n = 1, .series = {{points, n}}, .zone = &utc};

	svg_put_plot(b, &p);
}

START_TEST(no_peak_is_lost_and_no_drawing_is_large)
{
	size_t n = 200000, i;
	struct svg_point *points = xcalloc(n, sizeof(points[0]));
	auto_buf b = {.max = 1 << 20};

	for (i = 0; i < n; i++)
		points[i] = (struct svg_point){(double)i, i == 77777 ? 50 : 1};
	drawn(&b, points, n);
	ck_assert_uint_lt(b.len, (size_t)(40 << 10));
	/* The highest point there can be, room for it left above. */
	assert_contains(buf_str(&b), " 16.6");
	free(points);
}
END_TEST

START_TEST(where_no_number_is_there_is_no_line)
{
	struct svg_point points[] = {
	    {0, 1}, {100, 2}, {200, NAN}, {300, 1}, {400, INFINITY}, {500, 3}};
	auto_buf b = {.max = 1 << 16};
	const char *line;

	drawn(&b, points, ARRAY_LEN(points));
	line = strstr(buf_str(&b), "class=\"line hue0\"");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(count_of(line, "M"), 3);
}
END_TEST

START_TEST(what_is_flat_large_or_one_point_is_drawn_or_not_at_all)
{
	struct svg_point flat[] = {{0, 5}, {60, 5}}, one[] = {{0, 5}};
	struct svg_point huge[] = {{0, -1.7e308}, {60, 1.7e308}};
	struct svg_point long_ago[] = {{-62135596800, 1}, {4102444800, 2}};
	auto_buf b = {.max = 1 << 16};
	auto_buf none = {.max = 1 << 16};

	drawn(&b, flat, 2);
	drawn(&b, long_ago, 2);
	ck_assert_int_eq(count_of(buf_str(&b), "<svg"), 2);
	assert_lacks(buf_str(&b), "nan");
	assert_lacks(buf_str(&b), "inf");
	drawn(&none, one, 1);
	drawn(&none, huge, 2);
	drawn(&none, NULL, 0);
	ck_assert_uint_eq(none.len, 0);
}
END_TEST

static const struct {
	const char *json;
	int plots;
} evidence[] = {
    {"{\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},"
     "\"values\":[[1,\"1\"],[2,\"3\"],[3,\"NaN\"]]}]}}",
	1},
    {"{\"data\":{\"resultType\":\"vector\",\"result\":[]}}", 0},
    {"{\"data\":{\"resultType\":\"matrix\",\"result\":[]}}", 0},
    {"{\"data\":{\"resultType\":\"matrix\",\"result\":7}}", 0},
    {"{\"data\":{\"resultType\":\"matrix\",\"result\":[1,{\"values\":\"x\"},"
     "{\"values\":[1,[],[1],[\"a\",\"b\"],[1,2],[9,3]]}]}}",
	1},
    {"{\"plot\":[{\"points\":[[1,1],[2,2]]},{\"points\":[]},7,{}]}", 1},
    {"{\"plot\":{\"a\":{\"points\":[[1,1],[2,2]],\"band\":{\"low\":\"x\"}}}}",
	1},
    {"[1", 0},
    {"", 0},
    {"no json", 0},
};

START_TEST(what_can_be_drawn_is)
{
	auto_buf b = {.max = 1 << 20};

	figures_put(&b, span_of(evidence[_i].json), &plain);
	ck_assert_int_eq(
	    count_of(buf_str(&b), "<svg class=\"plot\""), evidence[_i].plots);
}
END_TEST

START_TEST(the_series_that_move_most_are_drawn)
{
	auto_buf json = {.max = 1 << 20};
	auto_buf b = {.max = 1 << 20};
	int i;

	buf_adds(&json, "{\"data\":{\"resultType\":\"matrix\",\"result\":[");
	for (i = 0; i < 20; i++)
		buf_addf(&json, "%s{\"values\":[[1,\"0\"],[2,\"%d\"]]}",
		    i > 0 ? "," : "", i);
	buf_adds(&json, "]}}");
	figures_put(&b, buf_span(&json), &plain);
	ck_assert_int_eq(count_of(buf_str(&b), "class=\"line "), 8);
	assert_contains(buf_str(&b), "12 more series, not drawn");
}
END_TEST

START_TEST(an_alert_is_marked_where_its_call_says_it_began)
{
	auto_buf b = {0};

	document(&b,
	    "{\"final_report\":\"[E1]\",\"language\":\"en\",\"evidence\":[{"
	    "\"id\":\"E1\"}],\"executor_feedback\":[{\"evidence\":[\"E1\"],"
	    "\"args\":{\"alert\":{\"startsAt\":\"1970-01-01T00:16:40Z\"}}}]}",
	    "{\"plot\":[{\"points\":[[900,1],[1100,2]],\"onset\":950,"
	    "\"band\":{\"low\":1,\"high\":1.5}}]}");
	assert_contains(buf_str(&b), "alert 00:16:40 UTC");
	assert_contains(buf_str(&b), "onset 00:15:50 UTC");
	assert_contains(buf_str(&b), "<path class=\"alert\"");
	assert_contains(buf_str(&b), "<path class=\"onset\"");
	assert_contains(buf_str(&b), "<rect class=\"band\"");
}
END_TEST

START_TEST(moments_are_in_the_readers_zone)
{
	auto_buf b = {0};

	document(&b,
	    "{\"final_report\":\"[E1]\",\"language\":\"en\",\"timezone\":"
	    "\"+08:00\",\"at\":1000,\"evidence\":[{\"id\":\"E1\",\"at\":2000}]"
	    "}",
	    "{\"plot\":[{\"points\":[[0,1],[3600,2]],\"onset\":60}]}");
	assert_contains(buf_str(&b), "1970-01-01 08:00:01 +08:00");
	assert_contains(buf_str(&b), "1970-01-01 08:00:02 +08:00");
	assert_contains(buf_str(&b), "onset 08:01:00 +08:00");
	assert_contains(buf_str(&b), ">08:10</text>");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_is_cited_is_in_it_once_in_that_order, 0},
	    {it_needs_nothing_else, 0},
	    {what_is_lost_is_told, 0},
	    {what_is_long_is_cut_and_said_to_be, 0},
	    {what_is_no_text_is_not_shown, 0},
	    {a_state_of_odd_types_is_no_harm, 0},
	    {the_markdown_lists_what_is_cited, 0},
	    {nothing_that_anybody_wrote_does_anything, 0},
	    {no_peak_is_lost_and_no_drawing_is_large, 0},
	    {where_no_number_is_there_is_no_line, 0},
	    {what_is_flat_large_or_one_point_is_drawn_or_not_at_all, 0},
	    {what_can_be_drawn_is, ARRAY_LEN(evidence)},
	    {the_series_that_move_most_are_drawn, 0},
	    {moments_are_in_the_readers_zone, 0},
	    {an_alert_is_marked_where_its_call_says_it_began, 0},
	};

	return RUN_TESTS("casefile", tests);
}
