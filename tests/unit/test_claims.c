/* test_claims.c - what a report claims, and the report that is delivered. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/claims.h"
#include "common/report/deliver.h"
#include "common/wire/wire.h"
#include "tests/harness/texts.h"

/* ---- Markdown ---- */

#define UP_TO_ANALYSIS                                                         \
	"# Alert analysis report\n\n## Active alerts\n\n"                      \
	"## Root cause analysis\n\n"
#define BEHIND "\n\n## Actions taken and advised\n\n## Conclusion\n"

/* What is written in the analysis, and what it is found to state. "|" parts
 * claims, each with its citations behind it. */
static const struct {
	const char *markdown, *claims;
} readings[] = {
    {"cpu at 97 % [E1]", "cpu at 97 % [E1] E1"},
    {"cpu **97** % [E1]\nmem _5_ GiB [E2]",
	"cpu 97 % [E1] E1|mem 5 GiB [E2] E2"},
    {"- a [E1, E2]\n- b [E1][E3]", "a [E1, E2] E1 E2|b [E1][E3] E1 E3"},
    {"| a | b |\n|---|---|\n| 1 | 2 [E1] |", "a | b | |1 | 2 [E1] |  E1"},
    {"see [E1](#e1)", "see [E1] E1"},
    {"\\[E9\\] is text", "(E9] is text"},
    {"\\\\[E1]", "\\[E1] E1"},
    {"`[E9]` and `rate(x[5m]) > 0.5`", "  and  "},
    {"it is `97.5 %` [E1]", "it is 97.5 % [E1] E1"},
    {"over `> 0.8` [E1]", "over > 0.8 [E1] E1"},
    {"fires when `x > 25 * 24 * 3600`", "fires when  "},
    {"```\n97 % [E1]\n```", ""},
    {"    97 % indented", ""},
    {"&#57;7 &percnt; &amp; <b>5</b>", "97 &percnt; & <b>5</b>"},
    {"1. first 7\n2. second", "first 7|second"},
    {"> quoted 7 [E1]", "quoted 7 [E1] E1"},
};

static void
put_claims(struct buf *b, const struct claims *c)
{
	size_t i, k;
	bool any = false;

	for (i = 0; i < c->n; i++) {
		const struct claim *x = &c->at[i];

		if (x->section != 2 || x->is_heading || x->said.n == 0)
			continue;
		buf_adds(b, any ? "|" : "");
		any = true;
		buf_add_span(b, claims_text(c, x->said));
		for (k = 0; k < x->cites.n; k++)
			buf_addf(b, " E%u", c->cites[x->cites.at + k]);
	}
}

START_TEST(markdown_is_taken_apart_as_it_is_shown)
{
	auto_str text =
	    xasprintf(UP_TO_ANALYSIS "%s" BEHIND, readings[_i].markdown);
	auto_buf b = {.max = 4096};
	struct claims c;

	claims_init(&c);
	claims_read(&c, span_of(text), REPORT_EN);
	ck_assert_int_eq(c.found, REPORT_HEADINGS);
	put_claims(&b, &c);
	ck_assert_str_eq(buf_str(&b), readings[_i].claims);
	claims_done(&c);
}
END_TEST

/* A state in which a tool lists n instances. */
static void
put_instances(struct buf *state, int n)
{
	auto_buf json = {.max = 4 << 20};
	AUTO(tree) tree = NULL;
	struct err err;
	int i;

	buf_adds(&json, "{\"executor_feedback\":[{\"role\":\"alerts\","
			"\"status\":\"SUCCESS\",\"data\":{\"alerts\":[");
	for (i = 0; i < n; i++)
		buf_addf(&json,
		    "%s{\"state\":\"firing\",\"labels\":{\"alertname\":"
		    "\"Down\",\"pod\":\"web-%d\",\"zone\":\"z%d\"}}",
		    i > 0 ? "," : "", i, i % 7);
	buf_adds(&json, "]}}]}");
	ck_assert_int_eq(json_parse(buf_span(&json), NULL, &tree, &err), RC_OK);
	wire_put_tree(state, tree);
}

/* Of this thread: others work here as well. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* How much work it is to take apart and hold n lines, in µs. */
static int64_t
time_of(int n, const char *const line[3])
{
	auto_buf text = {.max = 4 << 20}, state = {.max = 4 << 20};
	AUTO(verdict) v = NULL;
	int64_t from, took;
	int i;

	put_instances(&state, n);
	buf_adds(&text, "# Alert analysis report\n\n## Active alerts\n\n");
	for (i = 0; i < n; i++)
		buf_addf(&text, "- Down `pod=web-%d` `zone=z%d`\n", i, i % 7);
	buf_adds(&text, "\n## Root cause analysis\n\n");
	for (i = 0; i < n; i++)
		buf_addf(&text, "%s%d%s%d%s", line[0], i, line[1], i, line[2]);
	buf_adds(&text, BEHIND);
	from = cpu_us();
	v = verify_report(&(struct verify_in){
	    .markdown = buf_span(&text), .state = buf_span(&state)});
	took = cpu_us() - from;
	ck_assert(!verdict_ok(v));
	return took;
}

static const char *const long_lines[][3] = {
    {"- ", " of them at ", "\n"},
    {"- ", " of them [E", "]\n"},
    {"", " and ", "\n\n"},
    {"# ", " ", "\n"},
    {"> > - ", " `", "`\n"},
    {"[[[", " [", "\n"},
};

/* Ten times as much takes about ten times as long, not a hundred times; the
 * best of three. */
START_TEST(verification_is_linear)
{
	int64_t one = INT64_MAX, ten = INT64_MAX;
	int i;

	for (i = 0; i < 3; i++) {
		one = MIN(one, time_of(400, long_lines[_i]));
		ten = MIN(ten, time_of(4000, long_lines[_i]));
	}
	ck_assert_msg(ten < 40 * one, "%s: %lld µs, then %lld µs",
	    long_lines[_i][0], (long long)one, (long long)ten);
}
END_TEST

/* ---- a conclusion ---- */

#define RULES                                                                  \
	"{\"status\":\"success\",\"data\":{\"groups\":[{\"rules\":[{"          \
	"\"query\":"                                                           \
	"\"%s\"}]}]}}"

/* A sentence that cites rules which say that; does it hold? */
static const struct {
	const char *query, *text;
	bool holds;
} thresholds[] = {
    {"x - time() < 7 * 24 * 3600", "fires when < 604800", true},
    {"x - time() < 7 * 24 * 3600", "fires when < 7 d", true},
    {"x - time() < 7 * 24 * 3600", "fires when < 8 d", false},
    {"x < 25 * 24 * 3600", "fires when < 2160000", true},
    {"x<25*24*3600", "fires when < 2160000", true},
    {"x\\u003c5", "fires when < 5", true},
    {"x\\u003c5", "fires when < 3", false},
    {"x > ( 25 / 100 )", "fires when > 0.25", true},
    {"x > ( 25 / 100 )", "fires when > 25 %", true},
    {"x > ( 25 / 100 )", "fires when > 0.35", false},
    {"1 - x > 14.4 * (1 - 0.999)", "fires when > 0.0144", true},
    {"1 - x > 14.4 * (1 - 0.999)", "fires when > 0.0154", false},
    {"x > 1.6 * (y)", "fires when > 1.6", true},
    {"x > 1.6 * (y)", "fires when > 3.2", false},
    {"x > 2 ^ 10", "fires when > 1024", true},
    {"x > (1 + 2) * (3 + 4)", "fires when > 21", true},
    {"x > 1 - 0.25", "fires when > 0.75", true},
    {"x2 * 3 > 1", "fires when > 6", false},
    {"node_load15 * 2 > 1", "fires when > 30", false},
    {"x > 1 or y > 2 * z", "fires when > 2", true},
    {"x > ((((1 + 1))))", "fires when > 2", true},
    {"x offset 5m * 60", "fires when > 300", false},
    /* What is quoted is no claim. */
    {"", "the query `x > 77 * 2` failed: `HTTP 577 after 30 s`", true},
    {"", "of `pod-77` in `zone=7`, `p99` of `app 2.0`", true},
    {"", "it is at `77 %`", false},
    {"", "`77 ms`", false},
    {"", "it is at 77 % of `pod-1`", false},
};

static void
put_state(struct buf *b, const char *conclusion)
{
	auto_str text =
	    xasprintf("{\"language\":\"en\",\"evidence\":[{\"id\":\"E1\"}],"
		      "\"conclusion\":%s}",
		conclusion);
	AUTO(tree) tree = NULL;
	struct err err;

	ck_assert_msg(json_parse(span_of(text), NULL, &tree, &err) == RC_OK,
	    "%s: %s", err.text, text);
	wire_put_tree(b, tree);
}

static enum rc
fetch(void *bytes, struct span id UNUSED, struct buf *ret)
{
	buf_adds(ret, bytes);
	return RC_OK;
}

static bool
is_ok(const struct buf *verdict)
{
	struct err err;
	AUTO(tree) tree = NULL;

	ck_assert_int_eq(wire_check(buf_span(verdict), &err), RC_OK);
	tree = wire_to_tree(buf_span(verdict));
	return cJSON_IsTrue(tree_at(tree, "ok"));
}

/* The report made of a conclusion, evidence E1 being those bytes. */
static bool
deliver(struct buf *report, const char *conclusion, const char *bytes)
{
	auto_buf state = {.max = 1 << 20}, verdict = {.max = 1 << 20};
	auto_str copy = xstrdup(bytes);

	put_state(&state, conclusion);
	deliver_report(report, &verdict,
	    &(struct deliver_in){.state = buf_span(&state),
		.lang = REPORT_EN,
		.fetch = fetch,
		.ctx = copy});
	return is_ok(&verdict);
}

START_TEST(a_threshold_may_be_what_the_rule_computes)
{
	auto_str rules = xasprintf(RULES, thresholds[_i].query);
	auto_str conclusion =
	    xasprintf("{\"findings\":[{\"role\":\"symptom\",\"text\":\"%s\","
		      "\"evidence\":[\"E1\"]}]}",
		thresholds[_i].text);
	auto_buf report = {.max = REPORT_BYTES_MAX};

	ck_assert_msg(
	    deliver(&report, conclusion, rules) == thresholds[_i].holds,
	    "%s of %s\n%s", thresholds[_i].text, thresholds[_i].query,
	    buf_str(&report));
	if (thresholds[_i].holds)
		assert_lacks(buf_str(&report), "verif");
	else
		assert_contains(buf_str(&report), "[E1] ⚠ unverified\n");
}
END_TEST

/* A claim in each place of a conclusion, with a figure that is in no
 * evidence; what the notice says, and what is marked. */
static const struct {
	const char *conclusion, *says, *marked;
} places[] = {
    {"{\"summary\":\"at 77 %\",\"evidence\":[\"E1\"]}", "(the summary)",
	"- At 77 % [E1] ⚠ unverified\n"},
    {"{\"incidents\":[{\"title\":\"at 77 %\"},{}]}", "(an incident's title)",
	"Incident 1: at 77 % ⚠ unverified\n"},
    {"{\"incidents\":[{\"answer\":{\"text\":\"at 77 %\",\"evidence\":[\"E1\"]}}"
     ",{}]}",
	"(an answer)", "At 77 % [E1] ⚠ unverified"},
    {"{\"incidents\":[{\"chain\":[{\"text\":\"a\"},{\"text\":\"b\"},{\"text\":"
     "\"at 77 %\"}]}]}",
	"(a chain)", "b → at 77 % ⚠ unverified"},
    {"{\"findings\":[{\"role\":\"open\",\"text\":\"at 77 %\"}]}", "(a finding)",
	"At 77 % ⚠ unverified\n"},
    {"{\"findings\":[{\"role\":\"open\",\"text\":\"x\",\"next\":\"at 77 %\"}]}",
	"(a next step)", "At 77 % ⚠ unverified\n"},
    {"{\"findings\":[{\"role\":\"open\",\"text\":\"x\",\"evidence\":[\"E7\"]}]"
     "}",
	"E7 (a finding)", "x [E7] ⚠ unverified\n"},
    {"{\"actions\":[{\"text\":\"at 77 %\"}]}", "(an action)",
	"1. At 77 % ⚠ unverified\n"},
    {"{\"not_looked_at\":[\"77 others\"]}", "(what was not looked at)",
	"77 others ⚠ unverified\n"},
    {"{\"confidence\":\"confirmed\"}", "More certain than the findings bear",
	"Confidence: confirmed"},
};

START_TEST(what_a_conclusion_claims_is_marked_where_it_stands)
{
	auto_buf report = {.max = REPORT_BYTES_MAX};

	ck_assert(!deliver(&report, places[_i].conclusion, "{\"v\":78}"));
	assert_contains(buf_str(&report), "did not pass verification");
	assert_contains(buf_str(&report), places[_i].says);
	assert_contains(buf_str(&report), places[_i].marked);
	ck_assert_int_eq(text_count(buf_str(&report), " ⚠ unverified\n") +
			     text_count(buf_str(&report), " ⚠ unverified "),
	    text_count(buf_str(&report), "⚠ unverified") - 1);
	ck_assert_ptr_eq(strstr(buf_str(&report), "# Alert analysis report"),
	    buf_str(&report));
}
END_TEST

/* The same claims where the evidence bears them. */
START_TEST(what_the_evidence_bears_is_not_marked)
{
	auto_buf report = {.max = REPORT_BYTES_MAX};

	ck_assert_msg(
	    deliver(&report,
		"{\"summary\":\"at 77 %\",\"evidence\":[\"E1\"],\"findings\":"
		"[{\"role\":\"cause\",\"text\":\"at 77 %\",\"evidence\":"
		"[\"E1\"],\"unverified\":true}],\"confidence\":\"likely\"}",
		"{\"v\":0.77}"),
	    "%s", buf_str(&report));
	assert_lacks(buf_str(&report), "⚠");
}
END_TEST

/* Counts of what the run itself has are true without evidence. */
START_TEST(what_was_counted_may_be_said)
{
	auto_buf state = {.max = 1 << 20}, report = {.max = REPORT_BYTES_MAX};
	auto_buf verdict = {.max = 1 << 20};
	AUTO(tree) tree = NULL;
	auto_buf json = {.max = 1 << 20};
	struct err err;
	int i;

	buf_adds(&json, "{\"language\":\"en\",\"alerts\":[");
	for (i = 0; i < 40; i++)
		buf_addf(&json,
		    "%s{\"labels\":{\"alertname\":\"A%d\",\"pod\":\"p%d\"}}",
		    i > 0 ? "," : "", i % 3, i);
	buf_addf(&json,
	    "],\"conclusion\":{\"findings\":[{\"role\":\"symptom\",\"text\":"
	    "\"%d of rule A1\"}]}}",
	    _i == 0 ? 13 : 12);
	ck_assert_int_eq(json_parse(buf_span(&json), NULL, &tree, &err), RC_OK);
	wire_put_tree(&state, tree);
	deliver_report(&report, &verdict,
	    &(struct deliver_in){.state = buf_span(&state), .lang = REPORT_EN});
	ck_assert_msg(is_ok(&verdict) == (_i == 0), "%s", buf_str(&report));
}
END_TEST

START_TEST(a_report_of_others_gets_what_was_done_and_who_approved_it)
{
	auto_buf state = {.max = 1 << 20}, verdict = {.max = 1 << 20};
	auto_buf report = {.max = 1 << 20};
	AUTO(tree) tree = NULL;
	struct err err;

	ck_assert_int_eq(
	    json_parse(span_of("{\"language\":\"en\",\"final_report\":\"# x\","
			       "\"executor_feedback\":[{\"tool\":\"restart\","
			       "\"status\":\"SUCCESS\",\"class\":\"UNSAFE\","
			       "\"approved_by\":\"ann\"}]}"),
		NULL, &tree, &err),
	    RC_OK);
	wire_put_tree(&state, tree);
	deliver_report(&report, &verdict,
	    &(struct deliver_in){.state = buf_span(&state), .lang = REPORT_EN});
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&report), "- `restart` (UNSAFE, approved by "
				     "`ann`)"));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {markdown_is_taken_apart_as_it_is_shown, (int)ARRAY_LEN(readings)},
	    {verification_is_linear, (int)ARRAY_LEN(long_lines)},
	    {a_threshold_may_be_what_the_rule_computes,
		(int)ARRAY_LEN(thresholds)},
	    {what_a_conclusion_claims_is_marked_where_it_stands,
		(int)ARRAY_LEN(places)},
	    {what_the_evidence_bears_is_not_marked, 0},
	    {what_was_counted_may_be_said, 2},
	    {a_report_of_others_gets_what_was_done_and_who_approved_it, 0},
	};

	return run_tests("claims", tests, ARRAY_LEN(tests));
}
