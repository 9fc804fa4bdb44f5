/* test_verify.c - reports held to their evidence. */
#include <check.h>
#include <stdlib.h>

#include "common/report/figures.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/claims.h"
#include "common/report/verify.h"
#include "common/wire/wire.h"
#include "tests/harness/texts.h"

/* ---- figures ---- */

static const struct {
	const char *text;
	const char *evidence; /* holds every figure */
	const char * not ;    /* holds not all of them */
} figures[] = {
    {"87.3 %", "0.8731", "0.874"},
    {"87.3%", "87.31", "88"},
    {"10:56:03 UTC", "1763895363", "1763895300"},
    {"18:56:03 +08:00", "1763895363", "1763924163"},
    {"2025-11-23 05:26:03 -05:30", "\"2025-11-23T10:56:03Z\"", "5 26"},
    {"since 2025-11-24T00:56:03.5+14:00, so", "1763895363", "0"},
    {"87.3％", "\"0.8731\"", "0.8"},
    {"1.2 GiB", "1288490189", "1.4e9 1.1e9"},
    {"1.2 GiB", "1.2", "2"},
    {"117.7 MiB", "123456789", "123456"},
    {"1.5 MB/s", "1500000", "15"},
    {"250 ms", "0.25", "0.26"},
    {"250ms", "250", "25"},
    {"3 s", "3000", "4"},
    {"2 分钟", "120", "200"},
    {"12 毫秒", "0.0121", "0.013"},
    {"5m", "[5m]", "6"},
    {"250m", "0.25", "0.3"},
    {"1h30m", "5400", "90"},
    {"1.93 核", "1.9312", "1.95"},
    {"2 cores", "1.93", "2.6"},
    {"8.36e+10", "8.36396e+10", "8.4e+10"},
    {"1,234,567 requests", "1234567", "1 234 567"},
    {"从 3 升到 17", "3 17", "3"},
    {"range 10-20", "10 20", "10"},
    {"-30", "30", "31"},
    {"+5 %", "5", "6"},
    {"0.97/1", "0.97 1", "1"},
    {"at 10:56:03 UTC", "1763895363", "1763895400"},
    {"at 10:56:03", "[1763895363.5,\"1\"]", "10"},
    {"at 10:56", "\"2025-11-23T10:56:03.1Z\"", "\"2025-11-23T10:58:03Z\""},
    {"2025-11-23 10:56:03 UTC", "1763895363000", "1763895360000"},
    {"at 10:56:03", "\"2025-11-23T18:56:03.12345+08:00\"",
	"\"2025-11-23T10:56:03+08:00\""},
    {"at 22:56:03", "\"2025-11-23T17:26:03-05:30\"",
	"\"2025-11-23T22:56:03-05:30\""},
    {"2025-11-23T10:56:03Z", "1763895363", "7"},
    {"x=0.8", "> 0.8", "0.9"},
    {"1.2万", "12000", "1200"},
};

static bool
all_found(const char *text, const char *evidence)
{
	struct figure f[16], *list[16];
	size_t n = figures_read(span_of(text), f, 16), i;
	bool all = n > 0;

	for (i = 0; i < n; i++)
		list[i] = &f[i];
	figures_find(list, n, span_of(evidence));
	for (i = 0; i < n; i++)
		all = all && f[i].found;
	return all;
}

START_TEST(figures_are_found_rounded_and_in_other_units)
{
	ck_assert_msg(all_found(figures[_i].text, figures[_i].evidence),
	    "%s is not found in %s", figures[_i].text, figures[_i].evidence);
	ck_assert_msg(!all_found(figures[_i].text, figures[_i].not ),
	    "%s is found in %s", figures[_i].text, figures[_i].not );
}
END_TEST

static const char *const no_figures[] = {
    "p99 of web-1 on 10.0.0.1:9100 and v1.2.3",
    "[E3] [E1, E22] 5xx 2nd node_load15 sha256:12ab",
    "http://a/b/3.html a1 b2c3 2025-11-23",
    "pod-7d9f8b-x2x1 k8s ipv6 ::1",
    "",
    "。，（）",
};

START_TEST(figures_inside_names_are_none)
{
	struct figure f[16];

	ck_assert_msg(figures_read(span_of(no_figures[_i]), f, 16) == 0,
	    "%s: %s", no_figures[_i], f[0].text);
}
END_TEST

/* ---- reports ---- */

static const char state[] =
    "{\"language\":\"en\",\"input\":\"why?\",\"at\":1763895363000,\"window\":"
    "1800,\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":"
    "\"Hot\",\"instance\":\"host1\"}},{\"status\":\"firing\",\"labels\":"
    "{\"alertname\":\"Hot\",\"instance\":\"host10\"}},{\"status\":\"firing\","
    "\"labels\":{\"alertname\":\"Cold\"}}],\"evidence\":[{\"id\":\"E1\","
    "\"query\":\"cpu > 0.8\",\"ms\":12},{\"id\":\"E2\",\"query\":\"mem\"}],"
    "\"conclusion\":{\"confidence\":\"likely\",\"findings\":[{\"role\":"
    "\"cause\",\"text\":\"x\",\"evidence\":[\"E1\"]}],\"incidents\":[{},"
    "{}]}}";

static const char good[] =
    "# Alert analysis report\n\n- looking back 30 min\n\n## Active alerts\n\n"
    "| 1 | `Hot` | `instance=host1` | 55 |\n"
    "| 2 | `Hot` | `instance=host10` |\n| 3 | `Cold` |\n\n"
    "## Root cause analysis\n\n**cpu went to 87.3 %** [E1]\n\n"
    "Confidence: likely.\n\n- memory 1.2 GiB [E2], at 10:56:03 UTC [E1]\n"
    "- threshold 0.8\n\n### Incident 2: x\n\n"
    "## Actions taken and advised\n\n1. stop it\n\n"
    "## Conclusion\n\ncpu [E1]\n";

static enum rc
fetch(void *ctx, struct span id, struct buf *ret)
{
	(void)ctx;
	if (span_is(id, "E1"))
		buf_adds(ret, "{\"v\":[[1763895363,\"0.8731\"]]}");
	else if (span_is(id, "E2"))
		buf_adds(ret, "{\"v\":[[1763895363,\"1288490189\"]]}");
	else
		return RC_NOTFOUND;
	return RC_OK;
}

struct checked {
	struct buf wire;
	struct verdict *v;
	struct buf text; /* as JSON */
};

static void
check_with(struct checked *c, const char *markdown, const char *state_json)
{
	AUTO(tree) tree = NULL;
	auto_buf put = {.max = 1 << 20};
	struct err err;

	ck_assert_int_eq(
	    json_parse(span_of(state_json), NULL, &tree, &err), RC_OK);
	buf_init(&c->wire, 1 << 20);
	buf_init(&c->text, 1 << 20);
	wire_put_tree(&c->wire, tree);
	c->v = verify_report(&(struct verify_in){
	    .markdown = span_of(markdown),
	    .state = buf_span(&c->wire),
	    .fetch = fetch,
	});
	verdict_put(&put, c->v);
	ck_assert_int_eq(wire_check(buf_span(&put), &err), RC_OK);
	wire_to_json(&c->text, buf_span(&put));
}

static void
checked_done(struct checked *c)
{
	verdict_free(c->v);
	buf_done(&c->wire);
	buf_done(&c->text);
}

START_TEST(verify_passes_a_report_that_keeps_to_its_evidence)
{
	auto_buf marked = {.max = 1 << 20};
	struct checked c;

	check_with(&c, good, state);
	ck_assert_msg(verdict_ok(c.v), "%s", buf_str(&c.text));
	verify_mark(&marked, span_of(good), c.v, REPORT_EN);
	ck_assert_str_eq(buf_str(&marked), good);
	checked_done(&c);
}
END_TEST

static enum rc
fetch_counted(void *n, struct span id, struct buf *ret)
{
	++*(int *)n;
	return fetch(NULL, id, ret);
}

/* How often evidence was read for a report of that one line. */
static int
fetches_for(const char *line)
{
	static const char text[] =
	    "{\"language\":\"en\",\"evidence\":[{\"id\":\"E1\",\"query\":"
	    "\"cpu > 0.8\"}],\"executor_feedback\":[{\"status\":\"SUCCESS\","
	    "\"evidence\":[\"E2\"],\"summary\":\"44\"},{\"status\":"
	    "\"SUCCESS\",\"evidence\":[\"E1\"],\"summary\":\"55\"}]}";
	auto_str markdown =
	    xasprintf("# Alert analysis report\n\n## Active alerts\n\n"
		      "## Root cause analysis\n\n- %s [E1]\n",
		line);
	AUTO(tree) tree = NULL;
	auto_buf wire = {.max = 1 << 20};
	struct err err;
	int n = 0;

	ck_assert_int_eq(json_parse(span_of(text), NULL, &tree, &err), RC_OK);
	wire_put_tree(&wire, tree);
	verdict_free(verify_report(&(struct verify_in){
	    .markdown = span_of(markdown),
	    .state = buf_span(&wire),
	    .fetch = fetch_counted,
	    .ctx = &n,
	}));
	return n;
}

START_TEST(verify_reads_evidence_only_for_figures_found_nowhere_else)
{
	ck_assert_int_eq(fetches_for("over 0.8"), 0);
	ck_assert_int_eq(fetches_for("over 0.8, at 55"), 0);
	ck_assert_int_eq(fetches_for("over 0.8, at 87.3 %"), 1);
	/* What another piece of evidence says is nothing. */
	ck_assert_int_eq(fetches_for("over 0.8, at 44"), 1);
}
END_TEST

/* Each: what is put in place of what in the good report, the check that must
 * fail, what its detail tells, and what the marked report shows. */
static const struct {
	const char *from, *to, *check, *detail, *shown;
} broken[] = {
    {"## Conclusion", "## The end", "headings", "## Conclusion", "The end"},
    {"## Conclusion", "### Conclusion", "headings", "## Conclusion",
	"incomplete"},
    {"## Active alerts\n", "## Extra\n\n## Active alerts\n", "headings",
	"## Extra", "Extra"},
    {"# Alert analysis report", "Alerts", "headings", "# Alert", "⚠"},
    {"| 1 | `Hot` | `instance=host1` | 55 |\n", "", "instances",
	"Hot instance=host1", "instance=host1"},
    {"| 3 | `Cold` |\n", "", "instances", "Cold", "Cold"},
    {"`instance=host10`", "`instance=host100`", "instances", "instance=host10",
	"instance=host10"},
    {"cpu [E1]", "cpu [E7]", "citations", "E7", "cpu [E7] ⚠ unverified"},
    {"cpu [E1]", "cpu [E1, E7]", "citations", "E7", "⚠ unverified"},
    {"87.3 %", "88.3 %", "figures", "88.3 %", "88.3 %** [E1] ⚠ unverified"},
    {"[E2], at 10:56:03", "[E2], at 10:57:03", "figures", "10:57:03",
	"⚠ unverified"},
    {"cpu [E1]", "cpu is 44", "figures", "44", "cpu is 44 ⚠ unverified"},
    {"cpu [E1]", "mem is 0.8731 [E2]", "figures", "0.8731", "⚠"},
    {"Confidence: likely", "Confidence: confirmed", "confidence", "confirmed",
	"Confidence: confirmed. ⚠ unverified"},
    {"Confidence: likely", "置信度：已确认", "confidence", "confirmed", "⚠"},
};

static char *
replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	ck_assert_msg(at != NULL, "%s", from);
	return xasprintf(
	    "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

START_TEST(verify_finds_and_marks_what_does_not_hold)
{
	auto_str text = replaced(good, broken[_i].from, broken[_i].to);
	auto_str ok =
	    xasprintf("{\"name\":\"%s\",\"ok\":true", broken[_i].check);
	auto_buf marked = {.max = 1 << 20};
	struct checked c;

	check_with(&c, text, state);
	ck_assert_msg(!verdict_ok(c.v), "%s", text);
	ck_assert_msg(strstr(buf_str(&c.text), ok) == NULL, "%s passes: %s",
	    broken[_i].check, buf_str(&c.text));
	ck_assert_msg(strstr(buf_str(&c.text), broken[_i].detail) != NULL,
	    "no %s in %s", broken[_i].detail, buf_str(&c.text));
	verify_mark(&marked, span_of(text), c.v, REPORT_EN);
	ck_assert_msg(strstr(buf_str(&marked), broken[_i].shown) != NULL,
	    "no %s in %s", broken[_i].shown, buf_str(&marked));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&marked), "did not pass verification"));
	checked_done(&c);
}
END_TEST

#define NOTICE                                                                 \
	"> ⚠ **This report did not pass verification**: what is marked "     \
	"“⚠ unverified” is not borne by evidence.\n"
#define SECTIONS "## Actions taken and advised\n\n## Conclusion\n"

/* A reader sees the warning before all that it is about, and the rest as it
 * was written. */
static const struct {
	const char *report, *marked;
} warnings[] = {
    {"# Alert analysis report\n\nx\n\n## Active alerts\n\n| `Hot` | host1 |\n"
     "| `Hot` | host10 |\n| `Cold` |\n\n## Root cause analysis\n\n"
     "| it | 44 [E1] | \n\n```\n45\n```\n\n" SECTIONS,
	"# Alert analysis report\n\n" NOTICE
	"> - Figures that are not in the evidence cited: \"44\" (line 13)\n"
	"\n\nx\n\n## Active alerts\n\n| `Hot` | host1 |\n"
	"| `Hot` | host10 |\n| `Cold` |\n\n## Root cause analysis\n\n"
	"| it | 44 [E1]  ⚠ unverified |\n\n```\n45\n```\n\n" SECTIONS},
    {"x [E7]\n## Active alerts\n\nHot host1\n\nHot host10\n\nCold\n\n"
     "## Root cause analysis\n\n" SECTIONS,
	NOTICE "> - The form is incomplete: missing or out of order: # Alert "
	       "analysis report; missing or out of order: ## Active alerts; "
	       "missing or out of order: ## Root cause analysis; missing or "
	       "out of order: ## Actions taken and advised; missing or out of "
	       "order: ## Conclusion; a heading that is none of the five: ## "
	       "Active alerts\n> - Firing instances the report leaves out: "
	       "Cold; Hot instance=host1; Hot instance=host10\n> - Evidence "
	       "that does not exist: E7 (line 1)\n\nx [E7] ⚠ unverified\n"
	       "## Active alerts\n\nHot host1\n\nHot host10\n\nCold\n\n"
	       "## Root cause analysis\n\n" SECTIONS},
};

START_TEST(verify_warns_under_the_title_or_before_all_else)
{
	auto_buf marked = {.max = 1 << 20};
	struct checked c;

	check_with(&c, warnings[_i].report, state);
	verify_mark(&marked, span_of(warnings[_i].report), c.v, REPORT_EN);
	ck_assert_str_eq(buf_str(&marked), warnings[_i].marked);
	checked_done(&c);
}
END_TEST

START_TEST(verify_takes_escaped_and_quoted_citations_for_text)
{
	auto_str text =
	    replaced(good, "cpu [E1]\n", "cpu [E1] \\[E9\\] `[E9]`\n");
	struct checked c;

	check_with(&c, text, state);
	ck_assert_msg(verdict_ok(c.v), "%s", buf_str(&c.text));
	checked_done(&c);
}
END_TEST

START_TEST(verify_accepts_instances_listed_under_a_heading)
{
	auto_str text = replaced(good,
	    "| 1 | `Hot` | `instance=host1` | 55 |\n"
	    "| 2 | `Hot` | `instance=host10` |\n",
	    "### Hot\n\n- host1\n- host10\n\n");
	struct checked c;

	check_with(&c, text, state);
	ck_assert_msg(verdict_ok(c.v), "%s", buf_str(&c.text));
	checked_done(&c);
}
END_TEST

START_TEST(verify_takes_no_row_of_another_alert_for_an_instance)
{
	auto_str text = replaced(good,
	    "| 2 | `Hot` | `instance=host10` |\n| 3 | `Cold` |\n",
	    "| 3 | `Cold` | `instance=host10` |\n");
	struct checked c;

	check_with(&c, text, state);
	ck_assert_ptr_nonnull(strstr(buf_str(&c.text), "Hot instance=host10"));
	checked_done(&c);
}
END_TEST

START_TEST(verify_holds_the_conclusion_to_its_findings)
{
	auto_str s = replaced(
	    state, "\"confidence\":\"likely\"", "\"confidence\":\"confirmed\"");
	struct checked c;

	check_with(&c, good, s);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&c.text), "{\"name\":\"confidence\",\"ok\":false"));
	checked_done(&c);
}
END_TEST

START_TEST(verify_holds_what_a_finding_says_to_what_it_cites)
{
	auto_str s = replaced(state, "\"findings\":[",
	    "\"findings\":[{\"role\":\"ruled_out\",\"text\":\"calm\","
	    "\"evidence\":[\"E1\"],\"says\":{\"kind\":\"nothing_unusual\","
	    "\"service\":\"frontend\"}},");
	struct checked c;

	check_with(&c, good, s);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&c.text), "{\"name\":\"statements\",\"ok\":false"));
	checked_done(&c);
	check_with(&c, good, state);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&c.text), "{\"name\":\"statements\",\"ok\":true"));
	checked_done(&c);
}
END_TEST

START_TEST(verify_refuses_findings_on_evidence_that_is_not_there)
{
	auto_str s =
	    replaced(state, "\"evidence\":[\"E1\"]", "\"evidence\":[\"E5\"]");
	struct checked c;

	check_with(&c, good, s);
	ck_assert_ptr_nonnull(strstr(buf_str(&c.text), "E5 (a finding)"));
	checked_done(&c);
}
END_TEST

/* What may be said without evidence, since the run itself bears it: of the
 * state's members, what is put in place of what; the line; whether it holds.
 */
static const struct {
	const char *from, *to, *line;
	bool holds;
} own[] = {
    {"\"input\"", "\"notes\":[\"fell back after 77 s\"],\"input\"",
	"it waited 77 s", true},
    {"\"input\"", "\"notes\":[\"a\",\"refused 77 steps\"],\"input\"",
	"77 were refused", true},
    {"\"input\"", "\"notes\":[\"refused 77 steps\"],\"input\"",
	"78 were refused", false},
    {"\"input\"", "\"reason\":\"stopped after 77 s\",\"input\"", "after 77 s",
	true},
    {"\"input\"", "\"others\":\"77\",\"input\"", "after 77 s", false},
    {"why?", "why 77?", "77 as was asked", true},
    {"\"at\"", "\"at\"", "at 10:56:03 UTC", true},
    {"\"at\"", "\"at\"", "from 10:26:03 UTC on", true},
    {"\"at\"", "\"at\"", "at 10:41:03 UTC", false},
    {"\"at\"", "\"at\"", "30 min back", true},
    {"\"at\"", "\"at\"", "1800 s back", true},
    {"\"at\"", "\"at\"", "3 fire", true},
    {"\"at\"", "\"at\"", "5 fire", false},
    {"\"at\"", "\"at\"", "incident 2", true},
    {"[{},{}]", "[{},{},{\"alerts\":[0,1,2,0,1]}]", "of which 5 belong here",
	true},
    {"\"confidence\"", "\"targets_down\":[1,1,1,1,1],\"confidence\"",
	"5 targets are down", true},
    {"\"status\":\"firing\"", "\"state\":\"pending\",\"status\":\"firing\"",
	"2 fire", true},
    {"\"input\"",
	"\"executor_feedback\":[{\"status\":\"FAILED\",\"tool\":\"t\","
	"\"summary\":\"HTTP 577\",\"suggestion\":\"wait 77 s\"}],"
	"\"input\"",
	"577, wait 77 s", true},
    {"\"input\"",
	"\"executor_feedback\":[{\"status\":\"SUCCESS\",\"tool\":\"t\","
	"\"summary\":\"HTTP 577\"}],\"input\"",
	"it was 577", false},
};

/* ---- limits ---- */

#define TOP                                                                    \
	"# Alert analysis report\n\n## Active alerts\n\n| `Hot` | host1 |\n"   \
	"| `Hot` | host10 |\n| `Cold` |\n\n## Root cause analysis\n\n"

/* A report of n such lines; "%d" is the line's number from `from` on. */
static char *
report_of(size_t n, int from, const char *before, const char *behind)
{
	struct buf b = {.max = 1 << 20};
	size_t i;

	buf_adds(&b, TOP);
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s%d%s", before, from + (int)i, behind);
	buf_adds(&b, "\n\n" SECTIONS);
	return buf_take(&b);
}

static const struct {
	const char *label, *before, *behind;
	size_t n;
	const char *says, *says_not; /* NULL: it passes */
} many[] = {
    {"twenty citations", "- [E", "]\n", 20, "E320 (line 30)", "more"},
    {"more citations", "- [E", "]\n", 25, "E320 (line 30); and 5 more", "E321"},
    {"twenty figures", "- ", " of them [E1]\n", 20, "320\\\" (line 30)",
	"more"},
    {"more figures", "- ", " of them [E1]\n", 25,
	"320\\\" (line 30); and 5 more", "321\\\""},
};

START_TEST(verify_names_twenty_of_what_fails_and_counts_the_rest)
{
	auto_str text =
	    report_of(many[_i].n, 301, many[_i].before, many[_i].behind);
	struct checked c;

	check_with(&c, text, state);
	ck_assert(!verdict_ok(c.v));
	assert_contains(buf_str(&c.text), many[_i].says);
	assert_lacks(buf_str(&c.text), many[_i].says_not);
	checked_done(&c);
}
END_TEST

/* All that n figures are looked for in. */
static enum rc
fetch_numbers(void *ctx UNUSED, struct span id UNUSED, struct buf *ret)
{
	int i;

	for (i = 1; i <= VERIFY_FIGURES_MAX + 1; i++)
		buf_addf(ret, "%d ", 10000 + i);
	return RC_OK;
}

static const struct {
	size_t n;
	const char *between;
	bool ok;
} figure_counts[] = {
    {63, " ", true},
    {64, " ", true},
    {65, " ", true},
    {200, " ", true},
    {200, " [E1]\n", true},
    {VERIFY_FIGURES_MAX - 1, " ", true},
    {VERIFY_FIGURES_MAX + 1, " ", false},
    {VERIFY_FIGURES_MAX + 1, " [E1]\n", false},
};

START_TEST(verify_looks_for_as_many_figures_as_there_may_be)
{
	auto_str text = report_of(
	    figure_counts[_i].n, 10001, "", figure_counts[_i].between);
	auto_str cited =
	    replaced(text, "\n\n## Actions", " [E1]\n\n## Actions");
	AUTO(tree) tree = NULL;
	auto_buf wire = {.max = 1 << 20}, put = {.max = 1 << 20};
	auto_buf json = {.max = 1 << 20};
	struct verdict *v;
	struct err err;

	ck_assert_int_eq(json_parse(span_of(state), NULL, &tree, &err), RC_OK);
	wire_put_tree(&wire, tree);
	v = verify_report(&(struct verify_in){.markdown = span_of(cited),
	    .state = buf_span(&wire),
	    .fetch = fetch_numbers});
	verdict_put(&put, v);
	wire_to_json(&json, buf_span(&put));
	ck_assert_msg(
	    verdict_ok(v) == figure_counts[_i].ok, "%s", buf_str(&json));
	if (!figure_counts[_i].ok)
		assert_contains(buf_str(&json), "more than 32768 figures");
	verdict_free(v);
}
END_TEST

START_TEST(verify_reads_as_many_lines_as_there_may_be)
{
	size_t rest = text_count(TOP, "\n") + text_count("\n\n" SECTIONS, "\n");
	auto_str text =
	    report_of(CLAIMS_LINES_MAX - rest + (size_t)_i, 0, "x", "\n");
	struct checked c;

	check_with(&c, text, state);
	ck_assert_msg(verdict_ok(c.v) == (_i == 0), "%s", buf_str(&c.text));
	if (_i > 0)
		assert_contains(buf_str(&c.text), "more than 50000 lines");
	checked_done(&c);
}
END_TEST

START_TEST(verify_names_as_many_missing_instances_as_there_may_be)
{
	auto_buf alerts = {.max = 1 << 20};
	auto_str s = NULL;
	struct checked c;
	int i;

	buf_adds(&alerts, "\"alerts\":[");
	for (i = 0; i < VERIFY_MISSING_MAX + 3 * _i; i++)
		buf_addf(&alerts,
		    "{\"status\":\"firing\",\"labels\":{\"alertname\":\"Lost\","
		    "\"i\":\"n%d\"}},",
		    i);
	s = replaced(state, "\"alerts\":[", buf_str(&alerts));
	check_with(&c, good, s);
	assert_contains(buf_str(&c.text), "Lost i=n1999");
	if (_i == 0)
		assert_lacks(buf_str(&c.text), "more");
	else
		assert_contains(buf_str(&c.text), "and 3 more");
	checked_done(&c);
}
END_TEST

START_TEST(verify_lets_figures_of_the_run_itself_stand_without_evidence)
{
	auto_str s = replaced(state, own[_i].from, own[_i].to);
	auto_str line = xasprintf("## Conclusion\n\n%s\n", own[_i].line);
	auto_str text = replaced(good, "## Conclusion\n\ncpu [E1]\n", line);
	auto_str ok = xasprintf("{\"name\":\"figures\",\"ok\":%s",
	    own[_i].holds ? "true" : "false");
	struct checked c;

	check_with(&c, text, s);
	ck_assert_msg(strstr(buf_str(&c.text), ok) != NULL, "%s with %s: %s",
	    own[_i].line, own[_i].to, buf_str(&c.text));
	checked_done(&c);
}
END_TEST

/* What is in the list of evidence under no number is not there. */
static const char *const no_ids[] = {
    "", "E", "E0", "e2", "E1x", "EE1", "E1000", "E1234567890"};

START_TEST(verify_knows_evidence_by_its_number_only)
{
	auto_str entry = xasprintf(
	    "\"evidence\":[{\"id\":\"%s\",\"query\":\"77\"},", no_ids[_i]);
	auto_str s = replaced(state, "\"evidence\":[", entry);
	auto_str line = xasprintf("cpu [%s] [E0]", no_ids[_i]);
	auto_str text = replaced(good, "cpu [E1]", line);
	struct checked c;

	check_with(&c, text, s);
	assert_contains(buf_str(&c.text), "E0 (line 28)");
	assert_contains(
	    buf_str(&c.text), "{\"name\":\"citations\",\"ok\":false");
	checked_done(&c);
}
END_TEST

START_TEST(verify_takes_any_bytes_for_a_report)
{
	static const char *const texts[] = {"", "\n", "#", "```", "```\n# a\n",
	    "[E", "[E1", "|", "`", "# Alert analysis report",
	    "# 告警分析报告\n## 活跃告警清单", "\\", "\xff\xfe"};
	auto_buf marked = {.max = 1 << 20};
	struct checked c;

	check_with(&c, texts[_i], state);
	ck_assert(!verdict_ok(c.v));
	verify_mark(&marked, span_of(texts[_i]), c.v, REPORT_ZH);
	ck_assert_ptr_nonnull(strstr(buf_str(&marked), "未通过核验"));
	checked_done(&c);
}
END_TEST

/* check_with looks whether the verdict could be sent. */
START_TEST(verify_quotes_whole_characters_of_long_headings)
{
	auto_buf text = {.max = 4096};
	struct checked c;
	int i;

	buf_adds(&text, _i == 0 ? "## " : "## a");
	for (i = 0; i < 400; i++)
		buf_adds(&text, "长");
	buf_adds(&text, "\n");
	check_with(&c, buf_str(&text), state);
	ck_assert_ptr_nonnull(strstr(buf_str(&c.text), "none of the five"));
	checked_done(&c);
}
END_TEST

START_TEST(verify_works_with_an_empty_state)
{
	struct verdict *v = verify_report(&(struct verify_in){
	    .markdown = span_of("# x"),
	    .state = {NULL, 0},
	});

	ck_assert(!verdict_ok(v));
	verdict_free(v);
}
END_TEST

START_TEST(verify_passes_what_the_renderer_makes)
{
	AUTO(tree) s = NULL;
	auto_buf b = {.max = REPORT_BYTES_MAX};
	struct checked c;
	struct err err;

	ck_assert_int_eq(json_parse(span_of(state), NULL, &s, &err), RC_OK);
	report_render(&b, s, tree_at(s, "conclusion"), REPORT_EN,
	    _i == 0 ? NULL : "deadline");
	check_with(&c, buf_str(&b), state);
	ck_assert_msg(verdict_ok(c.v), "%s\n%s", buf_str(&c.text), buf_str(&b));
	checked_done(&c);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {figures_are_found_rounded_and_in_other_units,
		(int)ARRAY_LEN(figures)},
	    {figures_inside_names_are_none, (int)ARRAY_LEN(no_figures)},
	    {verify_passes_a_report_that_keeps_to_its_evidence, 0},
	    {verify_reads_evidence_only_for_figures_found_nowhere_else, 0},
	    {verify_finds_and_marks_what_does_not_hold, (int)ARRAY_LEN(broken)},
	    {verify_warns_under_the_title_or_before_all_else,
		(int)ARRAY_LEN(warnings)},
	    {verify_takes_escaped_and_quoted_citations_for_text, 0},
	    {verify_accepts_instances_listed_under_a_heading, 0},
	    {verify_takes_no_row_of_another_alert_for_an_instance, 0},
	    {verify_holds_the_conclusion_to_its_findings, 0},
	    {verify_holds_what_a_finding_says_to_what_it_cites, 0},
	    {verify_refuses_findings_on_evidence_that_is_not_there, 0},
	    {verify_names_twenty_of_what_fails_and_counts_the_rest,
		(int)ARRAY_LEN(many)},
	    {verify_looks_for_as_many_figures_as_there_may_be,
		(int)ARRAY_LEN(figure_counts)},
	    {verify_reads_as_many_lines_as_there_may_be, 2},
	    {verify_names_as_many_missing_instances_as_there_may_be, 2},
	    {verify_lets_figures_of_the_run_itself_stand_without_evidence,
		(int)ARRAY_LEN(own)},
	    {verify_knows_evidence_by_its_number_only, (int)ARRAY_LEN(no_ids)},
	    {verify_takes_any_bytes_for_a_report, 13},
	    {verify_quotes_whole_characters_of_long_headings, 2},
	    {verify_works_with_an_empty_state, 0},
	    {verify_passes_what_the_renderer_makes, 2},
	};

	return RUN_TESTS("verify", tests);
}
