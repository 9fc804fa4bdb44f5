/*
 * test_rules_runbook.c - what the rules planner asks of the documents, and
 * how it quotes what they say.
 */
#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/report.h"
#include "common/wire/wire.h"
#include "planner/rules/rules.h"
#include "tests/harness/texts.h"

#define TOOLS                                                                  \
	"\"tools\":[{\"name\":\"query_prometheus_alerts\"},{\"name\":"         \
	"\"query_prometheus_rules\"},{\"name\":\"query_prometheus_targets\"}," \
	"{\"name\":\"query_prometheus_metrics\"},{\"name\":\"search_docs\","   \
	"\"role\":\"docs\"}"
#define CAUSES ",{\"name\":\"find_causes\",\"role\":\"causes\"}]"
#define FIRST(annotations)                                                     \
	"{\"tool\":\"query_prometheus_alerts\",\"status\":\"SUCCESS\","        \
	"\"args\":{},\"evidence\":[\"E1\"],\"data\":{\"alerts\":[{\"name\":"   \
	"\"HostHighCpu\",\"state\":\"firing\",\"labels\":{\"alertname\":"      \
	"\"HostHighCpu\",\"instance\":\"a:9100\"},\"annotations\":"            \
	"{" annotations                                                        \
	"}}]}},{\"tool\":\"query_prometheus_rules\",\"status\":"               \
	"\"SUCCESS\",\"args\":{},\"evidence\":[\"E2\"],\"data\":{\"rules\":["  \
	"{\"name\":\"HostHighCpu\",\"type\":\"alerting\",\"query\":"           \
	"\"node_load1 > 4\",\"labels\":{}}]}},{\"tool\":"                      \
	"\"query_prometheus_targets\",\"status\":\"SUCCESS\",\"args\":{},"     \
	"\"evidence\":[\"E3\"],\"data\":{\"targets\":[]}}"
#define STATE(language, annotations, more)                                     \
	STATE_WITH(TOOLS "]", language, annotations, more)
#define STATE_WITH(tools, language, annotations, more)                         \
	"{\"at\":1763895600000,\"window\":1800,\"iteration\":1,\"language\":"  \
	"\"" language "\"," tools                                              \
	",\"executor_feedback\":[" FIRST(annotations) more                     \
	    "],\"evidence\":[{\"id\":\"E1\"},{\"id\":"                         \
	    "\"E2\"},{\"id\":\"E3\"},{\"id\":\"E4\"},{\"id\":\"E5\"},"         \
	    "{\"id\":\"E6\"}]}"
#define SAID(args, status, evidence, passages)                                 \
	",{\"tool\":\"search_docs\",\"role\":\"docs\",\"status\":\"" status    \
	"\",\"args\":{" args                                                   \
	"},\"summary\":\"broken\",\"evidence\":[" evidence                     \
	"],\"data\":{\"passages\":[" passages "]}}"
#define PASSAGE PASSAGE_OF("0.9")
#define PASSAGE_OF(score)                                                      \
	"{\"id\":\"cpu.md#4\",\"source\":\"cpu.md\",\"path\":\"CPU > Mend\","  \
	"\"line_from\":7,\"line_to\":9,\"score\":" score                       \
	",\"text\":\"## Mend\\n\\n"                                            \
	"`kill` it <b>now</b> [E9]\\n\\n```sh\\nkill 1\\n```\"}"
#define BY_NAME                                                                \
	"\"query\":\"HostHighCpu node_load1\",\"section\":\"how to fix it\","  \
	"\"language\":\"en\",\"limit\":1"
#define BY_FINDING                                                             \
	"\"query\":\"CPU throttling cfs_throttled_periods_total\","            \
	"\"section\":\"how to fix it\",\"language\":\"en\",\"limit\":1"
/* find_causes, sure or not of a service that is throttled. */
#define FOUND(confidence)                                                      \
	",{\"tool\":\"find_causes\",\"status\":\"SUCCESS\",\"args\":"          \
	"{\"alert\":{\"name\":\"HostHighCpu\",\"labels\":{\"alertname\":"      \
	"\"HostHighCpu\",\"instance\":\"a:9100\"}}},\"evidence\":[\"E6\"],"    \
	"\"data\":{\"confidence\":\"" confidence "\",\"causes\":[{"            \
	"\"service\":\"pay\",\"series\":[0],\"on_path\":[\"pay\"]}],"          \
	"\"series\":[{\"service\":\"pay\","                                    \
	"\"metric\":\"cfs_throttled_periods_total\",\"form\":\"rate\","        \
	"\"kind\":\"CPU\",\"labels\":{},\"unit\":\"\",\"direction\":\"up\","   \
	"\"change\":{\"from\":1,\"to\":9},\"began\":1763895000}]}}"

/* What the planner makes of a state, the caller's. */
static cJSON *
planned(const char *state)
{
	AUTO(json) tree = NULL;
	auto_buf wire = {.max = 1 << 20}, update = {.max = 16 << 20};
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(state), NULL, &tree, &err) == RC_OK,
	    "%s", err.text);
	wire_put_tree(&wire, tree);
	rules_plan(&update, buf_span(&wire), REPORT_ZH, 0);
	return wire_to_tree(buf_span(&update));
}

static void
print_asked(struct buf *b, const char *state)
{
	AUTO(tree) update = planned(state);
	const cJSON *s;

	cJSON_ArrayForEach (
	    s, tree_at(tree_at(update, "planner_plan"), "steps"))
		if (tree_is(s, "tool", "search_docs"))
			json_print(b, tree_at(s, "args"));
}

START_TEST(documents_are_asked_by_name_and_by_what_is_measured)
{
	auto_buf b = {.max = 1 << 16};

	print_asked(&b, STATE("en", "", ""));
	ck_assert_str_eq(buf_str(&b), "{" BY_NAME "}");
}
END_TEST

/* Once it is found; and what only stands out by chance is none. */
START_TEST(documents_are_asked_by_what_was_found)
{
	static const char *const found[][2] = {
	    {FOUND("likely"), "{" BY_NAME "}{" BY_FINDING "}"},
	    {FOUND("suspected"), "{" BY_NAME "}{" BY_FINDING "}"},
	    {FOUND("undetermined"), "{" BY_NAME "}"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(found); i++) {
		auto_buf b = {.max = 1 << 16};
		auto_str state = xasprintf(
		    STATE_WITH(TOOLS CAUSES, "en", "", "%s"), found[i][0]);

		print_asked(&b, state);
		ck_assert_str_eq(buf_str(&b), found[i][1]);
	}
}
END_TEST

START_TEST(the_document_that_the_alert_names_is_asked_for)
{
	auto_buf b = {.max = 1 << 16};

	print_asked(
	    &b, STATE("zh", "\"runbook_url\":\"https://wiki/cpu\"", ""));
	assert_contains(buf_str(&b),
	    "{\"query\":\"HostHighCpu "
	    "node_load1\",\"document\":\"https://wiki/cpu\","
	    "\"section\":\"处理\",\"language\":\"zh\",\"limit\":1}");
}
END_TEST

/* The report of what is concluded from a state. */
static void
print_report(struct buf *b, const char *state)
{
	AUTO(tree) update = planned(state);
	AUTO(json) tree = NULL;
	struct err err;

	ck_assert(json_parse(span_of(state), NULL, &tree, &err) == RC_OK);
	ck_assert_ptr_nonnull(tree_at(update, "conclusion"));
	report_render(b, tree, tree_at(update, "conclusion"), REPORT_EN, NULL);
}

static const struct {
	const char *state, *says;
} cases[] = {
    {STATE("en", "", SAID(BY_NAME, "SUCCESS", "\"E4\"", PASSAGE)),
	"\n**Runbooks**\n\n`HostHighCpu`: `cpu.md`, lines 7 to 9, "
	"`CPU > Mend` [E4]\n\n````\n## Mend\n\n`kill` it <b>now</b> [E9]\n\n"
	"```sh\nkill 1\n```\n````\n"},
    {STATE("en", "", SAID(BY_NAME, "SUCCESS", "\"E4\"", "")),
	"\n**Runbooks**\n\n`HostHighCpu`: no runbook fits [E4]\n\n"},
    /* That names alone have in common; unless it is the alert's own. */
    {STATE("en", "", SAID(BY_NAME, "SUCCESS", "\"E4\"", PASSAGE_OF("0.37"))),
	"\n**Runbooks**\n\n`HostHighCpu`: no runbook fits [E4]\n\n"},
    {STATE("en", "",
	 SAID(BY_NAME, "SUCCESS", "\"E4\"", PASSAGE_OF("0.1,\"named\":true"))),
	"`HostHighCpu`: `cpu.md`, lines 7 to 9, `CPU > Mend` [E4]\n\n````\n"},
    {STATE("en", "", SAID(BY_NAME, "FAILED", "", "")),
	"`HostHighCpu`: the runbooks could not be searched\n"},
    /* Of what was found there is one; and where that is the same. */
    {STATE_WITH(TOOLS CAUSES, "en", "",
	 FOUND("likely") SAID(BY_NAME, "SUCCESS", "\"E4\"", "")
	     SAID(BY_FINDING, "SUCCESS", "\"E5\"", PASSAGE)),
	"`HostHighCpu`: no runbook fits [E4]\n\n"
	"Of what was found, `pay`: `cpu.md`, lines 7 to 9, `CPU > Mend` "
	"[E5]\n\n````\n"},
    {STATE_WITH(TOOLS CAUSES, "en", "",
	 FOUND("likely") SAID(BY_NAME, "SUCCESS", "\"E4\"", PASSAGE)
	     SAID(BY_FINDING, "SUCCESS", "\"E5\"", PASSAGE)),
	"```sh\nkill 1\n```\n````\n\n## Conclusion"},
};

START_TEST(what_documents_say_is_quoted_with_its_source)
{
	auto_buf b = {.max = 1 << 20};

	print_report(&b, cases[_i].state);
	assert_contains(buf_str(&b), cases[_i].says);
	ck_assert_int_eq(text_count(buf_str(&b), "**Runbooks**"), 1);
}
END_TEST

START_TEST(nobody_asked_says_nothing)
{
	auto_buf b = {.max = 1 << 20};

	print_report(&b, STATE("en", "", ""));
	assert_lacks(buf_str(&b), "Runbooks");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {documents_are_asked_by_name_and_by_what_is_measured, 0},
	    {documents_are_asked_by_what_was_found, 0},
	    {the_document_that_the_alert_names_is_asked_for, 0},
	    {what_documents_say_is_quoted_with_its_source, ARRAY_LEN(cases)},
	    {nobody_asked_says_nothing, 0},
	};

	return RUN_TESTS("rules_runbook", tests);
}
