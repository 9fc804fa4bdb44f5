/* test_report.c - the report in both languages, and what must not pass. */
#include <check.h>
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/report/deliver.h"
#include "common/json/json.h"
#include "common/report/md.h"
#include "common/report/report.h"
#include "common/report/report_words.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/texts.h"

static cJSON *
tree_of(const char *json)
{
	cJSON *tree = NULL;
	struct err err = {""};

	ck_assert_msg(json_parse(span_of(json), NULL, &tree, &err) == RC_OK,
	    "%s", err.text);
	return tree;
}

static char *
render(const char *state, const char *conclusion, enum report_lang lang,
    const char *stop)
{
	AUTO(tree) s = state != NULL ? tree_of(state) : NULL;
	AUTO(tree) c = conclusion != NULL ? tree_of(conclusion) : NULL;
	struct buf b;

	buf_init(&b, REPORT_BYTES_MAX);
	report_render(&b, s, c, lang, stop);
	ck_assert(!b.full);
	return buf_take(&b);
}

#define HAS(text, part)                                                        \
	ck_assert_msg(                                                         \
	    strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text)
#define LACKS(text, part)                                                      \
	ck_assert_msg(strstr(text, part) == NULL, "\"%s\" in:\n%s", part, text)

/* The five headings, in order, and no other of their levels. */
static void
check_form(const char *text, enum report_lang lang)
{
	const char *const *want = report_headings(lang);
	const char *line = text;
	int n = 0;

	while (line != NULL && *line != '\0') {
		const char *end = strchr(line, '\n');
		size_t len = end != NULL ? (size_t)(end - line) : strlen(line);

		if (strncmp(line, "# ", 2) == 0 ||
		    strncmp(line, "## ", 3) == 0) {
			ck_assert_int_lt(n, REPORT_HEADINGS);
			ck_assert_msg(span_is(span_make(line, len), want[n]),
			    "heading %d is %.*s", n, (int)len, line);
			n++;
		}
		line = end != NULL ? end + 1 : NULL;
	}
	ck_assert_int_eq(n, REPORT_HEADINGS);
}

static const char conclusion[] =
    "{\"confidence\":\"likely\",\"summary\":\"`web` ate 1.5 cores\","
    "\"evidence\":[\"E2\"],\"incidents\":[{\"title\":\"`Hot`\",\"alerts\":"
    "[0],\"confidence\":\"likely\",\"answer\":{\"text\":\"x\"},\"chain\":"
    "[{\"text\":\"`Hot`\",\"evidence\":[\"E1\"]},{\"text\":\"`lb`\"},"
    "{\"text\":\"`web`\","
    "\"evidence\":[\"E2\"]}]}],\"findings\":[{\"role\":\"cause\","
    "\"incident\":0,\"text\":\"`web` it is\",\"evidence\":[\"E2\"],\"next\":"
    "\"stop it\"},{\"role\":\"ruled_out\",\"incident\":0,\"text\":\"disk\","
    "\"evidence\":[\"E3\"]}],\"alerts\":[{\"name\":\"Hot\",\"state\":"
    "\"firing\",\"labels\":{\"alertname\":\"Hot\",\"instance\":\"a:1\","
    "\"severity\":\"critical\"},\"annotations\":{\"summary\":\"so hot\"},"
    "\"activeAt\":\"2026-01-02T03:04:05.6Z\",\"value\":\"9.5e-01\","
    "\"evidence\":\"E1\"}],\"actions\":[{\"text\":\"stop `web`\","
    "\"evidence\":[\"E2\"]}],\"not_looked_at\":[\"logs\"]}";

static const char state[] =
    "{\"input\":\"why is it hot?\",\"at\":1767323045000,\"window\":1800,"
    "\"labels\":{\"env\":\"prod\"},\"executor_feedback\":[{\"tool\":"
    "\"query_prometheus_alerts\",\"status\":\"SUCCESS\",\"evidence\":"
    "[\"E1\"],\"query\":\"alerts\"},{\"tool\":\"t\",\"status\":\"FAILED\","
    "\"summary\":\"no route\",\"evidence\":[]}],\"notes\":[\"a note\"]}";

START_TEST(report_has_the_form_in_every_language)
{
	enum report_lang lang = (enum report_lang)_i;
	auto_str full = render(state, conclusion, lang, NULL);
	auto_str empty = render(NULL, NULL, lang, NULL);
	auto_str cut = render(state, conclusion, lang, "deadline");

	check_form(full, lang);
	check_form(empty, lang);
	check_form(cut, lang);
}
END_TEST

static const char changed[] =
    "{\"executor_feedback\":[{\"tool\":\"a\",\"status\":\"SUCCESS\"},"
    "{\"tool\":\"b\",\"status\":\"SUCCESS\",\"class\":\"UNSAFE\","
    "\"approved_by\":\"ann` [E1]\"},"
    "{\"tool\":\"c\",\"status\":\"UNKNOWN\",\"class\":\"UNSAFE\","
    "\"approved_by\":\"\",\"summary\":\"who knows\"},"
    "{\"tool\":\"d\",\"status\":\"FAILED\",\"class\":\"IDEMPOTENT\","
    "\"approved_by\":\"\",\"summary\":\"did not\"}]}";

START_TEST(report_does_not_claim_that_nothing_was_changed_when_it_may_be)
{
	auto_str t = render(changed, NULL, REPORT_EN, "deadline");
	auto_str zh = render(changed, NULL, REPORT_ZH, "deadline");
	auto_str reads = render(state, NULL, REPORT_EN, "deadline");

	LACKS(t, "nothing was changed");
	HAS(t, "Done (a step marked with a class may have changed something");
	HAS(t, "- `a`\n");
	HAS(t, "- `b` (UNSAFE, approved by ");
	LACKS(t, "ann` [E1]");
	HAS(t, "- `c` (UNSAFE): outcome not known, who knows\n");
	HAS(t, "- `d` (IDEMPOTENT): failed, did not\n");
	HAS(zh, "- `b`（UNSAFE，批准人：");
	HAS(zh, "- `c`（UNSAFE）：结果未知，who knows\n");
	HAS(reads, "nothing was changed");
}
END_TEST

static const char unapproved[] =
    "{\"executor_feedback\":[{\"tool\":\"a\",\"status\":\"SUCCESS\"},"
    "{\"tool\":\"b\",\"status\":\"FAILED\",\"class\":\"UNSAFE\","
    "\"approved_by\":\"\",\"summary\":\"denied by bob\"},"
    "{\"tool\":\"c\",\"status\":\"FAILED\",\"class\":\"UNSAFE\","
    "\"approved_by\":\"ann\",\"summary\":\"it broke\"}]}";

/* What is under one title only. */
static char *
part_under(const char *text, const char *title)
{
	const char *from = strstr(text, title), *to;

	ck_assert_msg(from != NULL, "%s in %s", title, text);
	to = strstr(from + strlen(title) + 2, "\n**");
	return xstrndup(from, to != NULL ? (size_t)(to - from) : strlen(from));
}

START_TEST(report_has_what_nobody_approved_under_not_done)
{
	auto_str t = render(unapproved, NULL, REPORT_EN, "deadline");
	auto_str zh = render(unapproved, NULL, REPORT_ZH, "deadline");
	auto_str done = part_under(t, "**Done");
	auto_str not_done = part_under(t, "**Not done");

	HAS(done, "- `a`\n");
	HAS(done, "- `c` (UNSAFE, approved by `ann`): failed, it broke\n");
	LACKS(done, "`b`");
	HAS(not_done, "- `b` (UNSAFE): failed, denied by bob\n");
	LACKS(not_done, "`c`");
	HAS(zh, "没有执行（未获批准）");
}
END_TEST

START_TEST(report_of_denied_steps_alone_says_that_none_was_done)
{
	auto_str t = render(
	    "{\"executor_feedback\":[{\"tool\":\"b\",\"status\":\"FAILED\","
	    "\"class\":\"UNSAFE\",\"summary\":\"denied by bob\"}]}",
	    NULL, REPORT_EN, "deadline");

	HAS(t, "No step was executed.");
	HAS(t, "- `b` (UNSAFE): failed, denied by bob\n");
	LACKS(t, "**Done");
}
END_TEST

/* Somebody else's report says of itself what it says; this is added. */
START_TEST(what_was_changed_is_added_to_a_report_of_others)
{
	AUTO(tree) made = tree_of(changed);
	AUTO(tree) not_made = tree_of(unapproved);
	AUTO(tree) read = tree_of(state);
	auto_buf a = {.max = 10000}, b = {.max = 10000}, c = {.max = 10000};

	report_put_changes(&a, made, REPORT_EN);
	report_put_changes(&b, not_made, REPORT_EN);
	report_put_changes(&c, read, REPORT_EN);
	HAS(buf_str(&a), "**Done, and may have changed something**\n\n- `b`");
	LACKS(buf_str(&a), "`a`");
	HAS(buf_str(&b), "Not done (nobody approved it)**\n\n- `b`");
	ck_assert_uint_eq(c.len, 0);
}
END_TEST

START_TEST(report_says_what_the_conclusion_says)
{
	auto_str t = render(state, conclusion, REPORT_EN, NULL);

	HAS(t, "why is it hot?");
	HAS(t, "2026-01-02 03:04:05 UTC, looking back 30 min");
	HAS(t, "`env=prod`");
	HAS(t, "| 1 | `Hot` | critical | `instance=a:1` | "
	       "2026-01-02 03:04:05 UTC | 0.95 | so hot |");
	HAS(t, "# Alert analysis report\n\n- `Hot`\n  - Cause (likely): x\n"
	       "- **First**: Stop `web` [E2]\n");
	HAS(t, "## Conclusion\n\n`web` ate 1.5 cores [E2]\n\nConfidence: "
	       "likely.");
	HAS(t, "Chain: `Hot` [E1] → `lb` → `web` [E2]");
	HAS(t, "- Cause: `web` it is [E2]\n  - Next: Stop it");
	HAS(t, "**Alternatives considered**\n\n- Ruled out: Disk [E3]");
	HAS(t, "- Logs");
	HAS(t, "- `t`: failed, no route");
	HAS(t, "**Advised**\n\nSee “First” at the top.\n");
	HAS(t, "- A note");
}
END_TEST

/* Alerts that would take a line of thousands of characters. */
static char *
wide_alerts(int n)
{
	static const char *const keys[] = {
	    "instance", "job", "path", "pod", "prometheus", "url"};
	auto_buf b = {.max = 1 << 20};

	buf_adds(&b, "{\"alerts\":[");
	for (int i = 0; i < n; i++) {
		buf_addf(&b,
		    "%s{\"name\":\"TheNameOfAnAlertThatIsLongEnough\","
		    "\"state\":\"firing\",\"activeAt\":"
		    "\"2026-01-02T03:04:05Z\",\"value\":1.25,"
		    "\"annotations\":{\"summary\":\"%0240d\"},"
		    "\"labels\":{\"severity\":\"critical\"",
		    i > 0 ? "," : "", 0);
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			buf_addf(&b, ",\"%s\":\"%0*d\"", keys[k],
			    k == 2 ? 200 : 40, i);
		buf_adds(&b, "}}");
	}
	buf_adds(&b, "]}");
	return buf_take(&b);
}

START_TEST(rows_of_alerts_fit_a_screen_whatever_their_labels)
{
	auto_str alerts = wide_alerts(_i);
	auto_str t = render(state, alerts, REPORT_EN, NULL);
	int rows = 0;

	for (const char *line = t; *line != '\0';
	     line += strcspn(line, "\n") + 1) {
		int n = 0;

		if (strncmp(line, "| ", 2) != 0)
			continue;
		for (const char *p = line; *p != '\n'; p++)
			n += ((unsigned char)*p & 0xC0) != 0x80;
		ck_assert_msg(n <= 200, "%d: %s", n, line);
		rows++;
	}
	ck_assert_int_eq(rows, _i > 4 ? 2 : _i > 0 ? 1 + _i : 0);
	if (_i == 0)
		return;
	HAS(t, "`TheNameOfAnAlertThatIsLongEnough`");
	HAS(t, _i > 4 ? "`instance`" : "`instance=");
}
END_TEST

static const char warned[] =
    "{\"executor_feedback\":[{\"tool\":\"query_prometheus_alerts\",\"status\":"
    "\"SUCCESS\",\"evidence\":[\"E1\"],\"data\":{\"warnings\":\"eu-2 is "
    "away\"}},"
    "{\"tool\":\"t\",\"status\":\"SUCCESS\",\"evidence\":[\"E2\"],\"data\":{"
    "\"warnings\":\"eu-3 is away\"}}]}";

START_TEST(report_repeats_no_warning_that_a_finding_quotes)
{
	auto_str t = render(warned,
	    "{\"findings\":[{\"role\":\"open\",\"text\":\"only a part: "
	    "`eu-2 is away`\",\"evidence\":[\"E1\"]}]}",
	    REPORT_EN, NULL);

	ck_assert_int_eq(text_count(t, "eu-2 is away"), 1);
	HAS(t, "**What the answers warn of**\n\n- eu-3 is away [E2]\n");
}
END_TEST

START_TEST(report_says_its_answer_once_and_how_sure_it_is)
{
	auto_str t = render(state, conclusion, REPORT_ZH, NULL);

	HAS(t, "- `Hot`\n  - 原因（很可能）：x\n- **首先**：stop `web` [E2]\n");
	HAS(t, "## 结论\n\n`web` ate 1.5 cores [E2]\n\n置信度：很可能。");
	ck_assert_int_eq(text_count(t, "ate 1.5 cores"), 1);
	ck_assert_int_eq(text_count(t, "stop `web`"), 1);
}
END_TEST

START_TEST(report_cut_short_never_reads_like_a_cause)
{
	static const char *const reasons[] = {"rounds", "tool_failed",
	    "deadline", "cancelled", "budget", "turns", "planner_failed",
	    "the planner said | no <b>"};
	auto_str t = render(state, conclusion, REPORT_EN, reasons[_i]);

	HAS(t, "# Alert analysis report\n\n- **The investigation is incomplete "
	       "and the root cause undetermined: ");
	HAS(t, "Confidence: undetermined.");
	LACKS(t, "Confidence: likely");
	LACKS(t, "Confidence: confirmed");
	LACKS(t, "<b>");
	HAS(t, "(clues, not a conclusion)");
	HAS(t, "- Cause: `web` it is [E2]");
}
END_TEST

/* The report of a run that ended before it concluded. */
static void
cut_short(struct buf *b, struct span run_state, const char *why)
{
	auto_buf verdict = {.max = 1 << 20};

	deliver_report(b, &verdict,
	    &(struct deliver_in){.state = run_state,
		.lang = report_lang(wire_find_str(run_state, "language")),
		.stop = why});
}

START_TEST(report_of_any_state_that_was_cut_short_has_the_form)
{
	static const char *const states[] = {
	    "{}",
	    "{\"language\":\"en\"}",
	    "{\"language\":7,\"at\":\"x\",\"alerts\":5,\"conclusion\":3,"
	    "\"executor_feedback\":{\"a\":1},\"labels\":[1],\"notes\":{}}",
	    "{\"conclusion\":{\"findings\":[3,{}],\"incidents\":[[],1],"
	    "\"alerts\":[1,{}],\"actions\":[null],\"targets_down\":[{}]}}",
	    "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":"
	    "\"A\"}},{}],\"executor_feedback\":[{},3,{\"tool\":"
	    "\"query_prometheus_alerts\",\"status\":\"SUCCESS\",\"data\":{"
	    "\"alerts\":[{},5,{\"labels\":4}]}}]}",
	};
	AUTO(tree) tree = tree_of(states[_i]);
	auto_buf wire = {.max = 1 << 20};
	auto_buf b = {.max = REPORT_BYTES_MAX};

	wire_put_tree(&wire, tree);
	cut_short(&b, buf_span(&wire), "rounds");
	check_form(buf_str(&b), report_lang(tree_span(tree, "language")));
}
END_TEST

START_TEST(report_of_an_empty_state_that_was_cut_short_has_the_form)
{
	auto_buf b = {.max = REPORT_BYTES_MAX};

	cut_short(&b, (struct span){NULL, 0}, "planner_failed");
	check_form(buf_str(&b), REPORT_ZH);
}
END_TEST

/* It claims nothing of what it was not made from. */
START_TEST(report_of_a_run_that_was_not_read_has_the_form_and_no_claims)
{
	auto_buf b = {.max = REPORT_BYTES_MAX};
	enum report_lang lang = _i == 0 ? REPORT_ZH : REPORT_EN;

	report_unread(&b, lang, "supervisor_died");
	check_form(buf_str(&b), lang);
	HAS(buf_str(&b), report_word(RW_UNREAD, lang));
	HAS(buf_str(&b), report_word(RW_UNKNOWN_ALERTS, lang));
	HAS(buf_str(&b), report_reason_words("supervisor_died", lang));
	LACKS(buf_str(&b), report_word(RW_NO_STEPS, lang));
	LACKS(buf_str(&b), report_word(RW_NOTHING, lang));
	LACKS(buf_str(&b), report_word(RW_NONE_FIRING, lang));
	ck_assert_uint_lt(b.len, 4096);
}
END_TEST

START_TEST(report_cut_short_tells_what_the_tools_said)
{
	AUTO(tree)
	tree = tree_of("{\"language\":\"en\",\"executor_feedback\":"
		       "[{\"tool\":\"t\",\"status\":\"SUCCESS\","
		       "\"summary\":\"3 are up\",\"evidence\":"
		       "[\"E1\"]}]}");
	auto_buf wire = {.max = 1 << 20};
	auto_buf b = {.max = REPORT_BYTES_MAX};

	wire_put_tree(&wire, tree);
	cut_short(&b, buf_span(&wire), "deadline");
	HAS(buf_str(&b), "- 3 are up [E1]");
	HAS(buf_str(&b), "its time was up");
}
END_TEST

/* ---- what must not pass ---- */

static const char *const attacks[] = {
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td><h2>结论</h2>",
    "[click](javascript:alert(1))",
    "![x](http://evil/x.png)",
    "# 结论",
    "\n\n## 结论\n\n已确认",
    "\r## 结论",
    "| a | b |\n|---|---|",
    "`code` ``x",
    "trailing `",
    "**bold** _em_ ~~del~~",
    "[E99]",
    "[E1, E99]",
    "<!-- hidden",
    "&lt;b&gt; &#60;b&#62;",
    "a\\",
    "\\[E99]",
    "1. list",
    "- list",
    "> quote",
    "==="
    "\xE2\x80\xAE"
    "rtl",
    "zero\xE2\x80\x8Bwidth",
    "\x01\x1b[31mred",
};

/* Counts a mark that no backslash or code span takes away. */
static int
live(const char *text, const char *mark)
{
	bool code = false;
	int n = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			code = false;
		if (*text == '\\' && !code && text[1] != '\0')
			text++;
		else if (*text == '`')
			code = !code;
		else if (!code && strncmp(text, mark, strlen(mark)) == 0)
			n++;
	}
	return n;
}

static void
check_harmless(const char *got, const char *plain)
{
	static const char *const marks[] = {"<s", "<i", "</", "<h", "<!", "<b",
	    "](", "![", "[E", "**", "~~", "|"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(marks); i++)
		ck_assert_msg(live(got, marks[i]) == live(plain, marks[i]),
		    "%s passes in:\n%s", marks[i], got);
	ck_assert(strstr(got, "\xE2\x80\xAE") == NULL);
	ck_assert(strchr(got, '\x1b') == NULL);
	ck_assert(strchr(got, '\r') == NULL);
}

static cJSON *
attacked(const char *text)
{
	AUTO(tree) alert = cJSON_CreateObject();
	cJSON *c = cJSON_CreateObject();
	cJSON *labels, *list, *f;

	cJSON_AddStringToObject(alert, "name", text);
	cJSON_AddStringToObject(alert, "state", "firing");
	cJSON_AddStringToObject(alert, "activeAt", text);
	cJSON_AddStringToObject(alert, "value", text);
	labels = cJSON_AddObjectToObject(alert, "labels");
	cJSON_AddStringToObject(labels, "alertname", text);
	cJSON_AddStringToObject(labels, "severity", text);
	cJSON_AddStringToObject(labels, "instance", text);
	labels = cJSON_AddObjectToObject(alert, "annotations");
	cJSON_AddStringToObject(labels, "summary", text);
	list = cJSON_AddArrayToObject(c, "alerts");
	cJSON_AddItemToArray(list, TAKE(alert));
	list = cJSON_AddArrayToObject(c, "targets_down");
	f = cJSON_CreateObject();
	cJSON_AddStringToObject(f, "job", text);
	cJSON_AddStringToObject(f, "error", text);
	cJSON_AddItemToArray(list, f);
	list = cJSON_AddArrayToObject(c, "findings");
	f = cJSON_CreateObject();
	cJSON_AddStringToObject(f, "role", "symptom");
	cJSON_AddStringToObject(f, "text", text);
	cJSON_AddStringToObject(f, "next", text);
	cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(f, "evidence"), cJSON_CreateString(text));
	cJSON_AddItemToArray(list, f);
	return c;
}

static char *
render_attack(const char *text)
{
	AUTO(tree) c = attacked(text);
	AUTO(tree) s = cJSON_CreateObject();
	struct buf b;

	cJSON_AddStringToObject(s, "input", text);
	buf_init(&b, REPORT_BYTES_MAX);
	report_render(&b, s, c, REPORT_ZH, NULL);
	return buf_take(&b);
}

START_TEST(report_lets_no_markup_pass_from_labels)
{
	auto_str got = render_attack(attacks[_i]);
	auto_str plain = render_attack("harmless");

	check_form(got, REPORT_ZH);
	check_harmless(got, plain);
}
END_TEST

START_TEST(report_shows_attacks_as_what_they_are)
{
	auto_buf escaped = {.max = 4096};
	auto_buf back = {.max = 4096};

	if (strpbrk(attacks[_i], "\n\r\x01\x1b\xE2`") != NULL)
		return; /* shown without what cannot be seen */
	md_put_text(&escaped, span_of(attacks[_i]), SIZE_MAX);
	md_plain(&back, buf_span(&escaped));
	ck_assert_str_eq(buf_str(&back), attacks[_i]);
}
END_TEST

static const struct {
	const char *text, *shown;
	size_t max;
} cuts[] = {
    {"below 87573 config", "below …", 9},
    {"below 87573 config", "below 87573…", 11},
    {"87.3 MiB of 99", "87.3 …", 6},
    {"took 1,234,567 ms", "took …", 8},
    {"took 1,234,567 ms", "took …", 6},
    {"is 9.5 now", "is …", 4},
    {"is 9.5 now", "is …", 5},
    {"is 1e-05 now", "is …", 5},
    {"is 1e-05 now", "is …", 6},
    {"is 87% now", "is …", 5},
    {"is 87. Now", "is 87…", 5},
    {"告警12345", "告警…", 8},
    {"告警告警", "告警…", 8},
    {"1234567890", "12345…", 5},
    {"a b", "a b", 3},
};

START_TEST(texts_are_cut_at_whole_words)
{
	auto_buf b = {.max = 1000};

	md_put_text(&b, span_of(cuts[_i].text), cuts[_i].max);
	ck_assert_str_eq(buf_str(&b), cuts[_i].shown);
}
END_TEST

/* n instances of one rule, "host-0:9100" and so on; value is their number. */
static cJSON *
many_of(const char *name, int n)
{
	cJSON *list = cJSON_CreateArray();
	int i;

	for (i = 0; i < n; i++) {
		cJSON *a = cJSON_CreateObject(), *labels;
		auto_str host = xasprintf("host-%d:9100", i);
		auto_str at = xasprintf("2026-01-01T10:00:%02dZ", i % 60);

		cJSON_AddStringToObject(a, "name", name);
		cJSON_AddStringToObject(a, "state", "firing");
		labels = cJSON_AddObjectToObject(a, "labels");
		cJSON_AddStringToObject(labels, "instance", host);
		cJSON_AddStringToObject(labels, "job", "node");
		cJSON_AddStringToObject(a, "activeAt", at);
		cJSON_AddNumberToObject(a, "value", i);
		cJSON_AddItemToArray(list, a);
	}
	return list;
}

START_TEST(report_has_one_row_for_five_hundred_and_lists_each)
{
	AUTO(tree) c = cJSON_CreateObject();
	auto_buf b = {.max = REPORT_BYTES_MAX};
	const char *text, *list;
	int i;

	cJSON_AddItemToObject(c, "alerts", many_of("Down", 500));
	report_render(&b, NULL, c, REPORT_EN, NULL);
	text = buf_str(&b);
	HAS(text, "firing: 500");
	HAS(text, "| 1 | `Down` × 500 |  | `job=node` told apart by: "
		  "`instance` | 2026-01-01 10:00:00 UTC – 2026-01-01 "
		  "10:00:59 UTC | 0 – 499 |");
	ck_assert_int_eq(text_count(text, "| `Down`"), 1);
	list = strstr(text, "**Every instance of the rows above");
	ck_assert_ptr_nonnull(list);
	ck_assert(list < strstr(text, report_headings(REPORT_EN)[2]));
	for (i = 0; i < 500; i++) {
		auto_str one = xasprintf(
		    "`instance=host-%d:9100` 2026-01-01 10:00:%02d UTC = %d", i,
		    i % 60, i);

		HAS(list, one);
	}
}
END_TEST

START_TEST(report_has_a_row_for_each_of_a_few)
{
	AUTO(tree) c = cJSON_CreateObject();
	auto_buf b = {.max = REPORT_BYTES_MAX};

	cJSON_AddItemToObject(c, "alerts", many_of("Down", 4));
	report_render(&b, NULL, c, REPORT_ZH, NULL);
	ck_assert_int_eq(text_count(buf_str(&b), "| `Down` |"), 4);
	LACKS(buf_str(&b), "×");
	LACKS(buf_str(&b), report_word(RW_ALL_INSTANCES, REPORT_ZH));
}
END_TEST

/* Two exporters tell of the same pod: their names are all that differs. */
START_TEST(report_leaves_out_of_a_row_what_an_exporter_says_of_itself)
{
#define KSM_ALERT(pod, instance)                                               \
	"{\"name\":\"Loop\",\"state\":\"firing\",\"labels\":{\"alertname\":"   \
	"\"Loop\",\"job\":\"kube-state-metrics\",\"instance\":\"" instance     \
	"\",\"pod\":\"" pod "\"}}"
	auto_str one = render(NULL,
	    "{\"alerts\":[" KSM_ALERT("p-1", "a:1") "," KSM_ALERT(
		"p-2", "a:1") "]}",
	    REPORT_EN, NULL);
	auto_str two = render(NULL,
	    "{\"alerts\":[" KSM_ALERT("p-1", "a:1") "," KSM_ALERT(
		"p-1", "b:1") "]}",
	    REPORT_EN, NULL);

	HAS(one, "| `Loop` |  | `pod=p-1` |");
	LACKS(one, "kube-state-metrics");
	HAS(two, "| `Loop` |  | `instance=a:1` `pod=p-1` |");
	HAS(two, "| `Loop` |  | `instance=b:1` `pod=p-1` |");
}
END_TEST

START_TEST(report_shows_a_scope_by_its_alert_name)
{
	auto_str text = render("{\"labels\":{\"alertname\":\"Down\","
			       "\"severity\":\"page\"}}",
	    "{}", REPORT_EN, NULL);

	HAS(text, "- Scope: `alertname=Down` `severity=page`\n");
}
END_TEST

/* Lines between the title and the line that is empty behind the first. */
static int
first_lines(const char *text)
{
	const char *p = strstr(text, "\n\n") + 2;
	const char *end = strstr(p, "\n\n");
	int n = 1;

	for (; p < end; p++)
		n += *p == '\n';
	return n;
}

START_TEST(report_begins_with_what_is_wrong_since_when_why_and_what_to_do)
{
	static const char one[] =
	    "{\"title\":\"`A` `service=s`\",\"confidence\":\"likely\","
	    "\"since\":1767261600,\"answer\":{\"text\":\"It is `b`\","
	    "\"evidence\":[\"E2\"]}}";
	static const char unknown[] =
	    "{\"title\":\"`B`\",\"confidence\":\"undetermined\","
	    "\"answer\":{\"text\":\"unknown\",\"evidence\":[]},\"course\":"
	    "{\"text\":\"1 → 2\",\"evidence\":[\"E3\"]}}";
	auto_str c = xasprintf(
	    "{\"summary\":\"s\",\"incidents\":[%s,%s,%s,%s],\"others\":"
	    "[{\"title\":\"`C`\",\"incidents\":7,\"alerts\":[],\"why\":"
	    "\"no time\"}],\"actions\":[{\"text\":"
	    "\"Restart `b`\",\"evidence\":[\"E2\"]}]}",
	    one, unknown, one, one);
	auto_str text = render("{}", c, REPORT_EN, NULL);

	HAS(text,
	    "# Alert analysis report\n\n"
	    "- **1.** `A` `service=s`, since 2026-01-01 10:00:00 UTC: Cause "
	    "(likely): It is `b` [E2]\n"
	    "- **2.** `B`: Cause undetermined; 1 → 2 [E3]\n");
	HAS(text, "- More incidents below: 8\n- **First**: Restart `b` [E2]\n");
	ck_assert_int_le(first_lines(text), 6);
	HAS(text, "**Incidents not studied**\n\n- `C`: 7 incidents; no "
		  "time\n");
}
END_TEST

/* ---- confidence ---- */

static const struct {
	const char *findings;
	enum report_confidence cap;
} caps[] = {
    {"{}", REPORT_UNDETERMINED},
    {"{\"findings\":[]}", REPORT_UNDETERMINED},
    {"{\"findings\":[{\"role\":\"cause\",\"evidence\":[]}]}",
	REPORT_UNDETERMINED},
    {"{\"findings\":[{\"role\":\"cause\",\"evidence\":[\"E1\"]}]}",
	REPORT_LIKELY},
    {"{\"findings\":[{\"role\":\"cause\",\"evidence\":[\"E1\",\"E1\"]}]}",
	REPORT_LIKELY},
    {"{\"findings\":[{\"role\":\"cause\",\"evidence\":[\"E1\",\"E2\"]}]}",
	REPORT_CONFIRMED},
    {"{\"findings\":[{\"role\":\"symptom\",\"evidence\":[\"E1\",\"E2\"]}]}",
	REPORT_UNDETERMINED},
    {"{\"findings\":[{\"role\":\"contributing\",\"evidence\":[\"E1\","
     "\"E2\"]}]}",
	REPORT_LIKELY},
    {"{\"findings\":[{\"role\":\"ruled_out\",\"evidence\":[\"E1\"]},"
     "{\"role\":\"trigger\",\"evidence\":[\"E1\"]}]}",
	REPORT_LIKELY},
    {"{\"findings\":[{\"role\":\"open\",\"evidence\":[\"E1\"]}]}",
	REPORT_SUSPECTED},
    {"{\"findings\":[{\"role\":\"open\",\"evidence\":[]}]}",
	REPORT_UNDETERMINED},
    {"{\"findings\":[{\"role\":\"cause\",\"evidence\":[\"E1\"]},"
     "{\"role\":\"open\",\"evidence\":[\"E1\"]}]}",
	REPORT_LIKELY},
};

START_TEST(report_confidence_is_capped_by_the_findings)
{
	AUTO(tree) c = tree_of(caps[_i].findings);

	ck_assert_int_eq(report_confidence_cap(c), caps[_i].cap);
}
END_TEST

/* ---- which alerts ---- */

START_TEST(alerts_that_came_and_were_found_are_one)
{
	AUTO(tree)
	s = tree_of(
	    "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":"
	    "\"A\",\"i\":\"1\",\"cluster\":\"c\"},\"startsAt\":"
	    "\"2026-01-01T00:00:00Z\"},{\"status\":\"resolved\",\"labels\":"
	    "{\"alertname\":\"R\"}}],\"executor_feedback\":[{\"tool\":"
	    "\"query_prometheus_alerts\",\"status\":\"SUCCESS\",\"evidence\":"
	    "[\"E1\"],\"data\":{\"alerts\":[{\"state\":\"firing\",\"labels\":"
	    "{\"alertname\":\"A\",\"i\":\"1\"},\"value\":2},{\"state\":"
	    "\"firing\",\"labels\":{\"alertname\":\"A\",\"i\":\"2\"}},"
	    "{\"state\":\"pending\",\"labels\":{\"alertname\":\"P\"}}]}}]}");
	AUTO(tree) list = alerts_of_state(s);
	const cJSON *first = cJSON_GetArrayItem(list, 0);

	ck_assert_int_eq(cJSON_GetArraySize(list), 4);
	ck_assert_int_eq(alerts_count(list, "firing"), 2);
	ck_assert_int_eq(alerts_count(list, "pending"), 1);
	ck_assert_int_eq(alerts_count(list, "resolved"), 1);
	ck_assert_str_eq(tree_str(first, "evidence"), "E1");
	ck_assert_str_eq(tree_str(tree_at(first, "labels"), "cluster"), "c");
	ck_assert(tree_num(first, "value", 0) == 2);
}
END_TEST

START_TEST(alerts_outside_the_scope_are_left_out)
{
	AUTO(tree)
	s = tree_of(
	    "{\"labels\":{\"env\":\"prod\"},\"executor_feedback\":[{\"tool\":"
	    "\"query_prometheus_alerts\",\"status\":\"SUCCESS\",\"data\":"
	    "{\"alerts\":[{\"state\":\"firing\",\"labels\":{\"alertname\":"
	    "\"A\",\"env\":\"prod\"}},{\"state\":\"firing\",\"labels\":"
	    "{\"alertname\":\"A\",\"env\":\"test\"}},{\"state\":\"firing\","
	    "\"labels\":{\"alertname\":\"A\"}}]}}]}");
	AUTO(tree) list = alerts_of_state(s);

	ck_assert_int_eq(cJSON_GetArraySize(list), 1);
}
END_TEST

START_TEST(alerts_are_those_of_whichever_tool_lists_them)
{
	AUTO(tree)
	s = tree_of("{\"executor_feedback\":[{\"tool\":\"mine\",\"role\":"
		    "\"alerts\",\"status\":\"SUCCESS\",\"data\":{\"alerts\":"
		    "[]}},{\"tool\":\"other\",\"status\":\"SUCCESS\",\"data\":"
		    "{\"alerts\":[{\"labels\":{\"alertname\":\"A\"}}]}}]}");
	AUTO(tree) list = alerts_of_state(s);
	AUTO(tree) clear = tree_of("{\"all_clear\":true}");
	auto_buf b = {.max = 1 << 20};

	ck_assert_int_eq(cJSON_GetArraySize(list), 0);
	/* Known to be none, not unknown; an all-clear is whoever concludes'
	 * to give. */
	report_render(&b, s, NULL, REPORT_EN, NULL);
	HAS(buf_str(&b), "No firing alert is listed; that is no all-clear");
	buf_reset(&b);
	report_render(&b, s, clear, REPORT_EN, NULL);
	HAS(buf_str(&b), "## Active alerts\n\nNone.\n");
	HAS(buf_str(&b), "Nothing needs to be done at once");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {report_has_the_form_in_every_language, REPORT_LANGS},
	    {report_does_not_claim_that_nothing_was_changed_when_it_may_be, 0},
	    {report_has_what_nobody_approved_under_not_done, 0},
	    {report_of_denied_steps_alone_says_that_none_was_done, 0},
	    {what_was_changed_is_added_to_a_report_of_others, 0},
	    {report_says_what_the_conclusion_says, 0},
	    {report_says_its_answer_once_and_how_sure_it_is, 0},
	    {rows_of_alerts_fit_a_screen_whatever_their_labels, 8},
	    {report_repeats_no_warning_that_a_finding_quotes, 0},
	    {report_cut_short_never_reads_like_a_cause, 8},
	    {report_of_any_state_that_was_cut_short_has_the_form, 5},
	    {report_of_an_empty_state_that_was_cut_short_has_the_form, 0},
	    {report_cut_short_tells_what_the_tools_said, 0},
	    {report_of_a_run_that_was_not_read_has_the_form_and_no_claims,
		REPORT_LANGS},
	    {report_lets_no_markup_pass_from_labels, (int)ARRAY_LEN(attacks)},
	    {report_shows_attacks_as_what_they_are, (int)ARRAY_LEN(attacks)},
	    {texts_are_cut_at_whole_words, ARRAY_LEN(cuts)},
	    {report_has_one_row_for_five_hundred_and_lists_each, 0},
	    {report_has_a_row_for_each_of_a_few, 0},
	    {report_leaves_out_of_a_row_what_an_exporter_says_of_itself, 0},
	    {report_shows_a_scope_by_its_alert_name, 0},
	    {report_begins_with_what_is_wrong_since_when_why_and_what_to_do, 0},
	    {report_confidence_is_capped_by_the_findings, (int)ARRAY_LEN(caps)},
	    {alerts_that_came_and_were_found_are_one, 0},
	    {alerts_outside_the_scope_are_left_out, 0},
	    {alerts_are_those_of_whichever_tool_lists_them, 0},
	};

	return RUN_TESTS("report", tests);
}
