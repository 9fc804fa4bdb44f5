/*
 * report.c - the Markdown report, rendered from the structured conclusion.
 *
 * Five sections, each a function. Nothing from outside reaches the buffer
 * but through common/md, so a label cannot add a heading, a link or a
 * citation; the tables list instances as they are, none collapsed.
 */
#include "common/report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/report/md.h"
#include "common/report/report_alerts.h"
#include "common/report/report_words.h"
#include "common/report/tool_role.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "common/base/zone.h"

enum {
	TASK_MAX = 400,
	SUMMARY_MAX = 240,
	ERROR_MAX = 300,
	QUERY_MAX = 2000,
	CELL_MAX = 1024,
	STEPS_SHOWN = 200,
	VERDICTS_SHOWN = 5,
	TARGETS_SHOWN = 500,
	WARNINGS_SHOWN = 20,
	LINE_SAID = 150, /* characters; longer texts are parted */
};

struct report {
	struct buf *b;
	enum report_lang lang;
	const cJSON *state;
	const cJSON *conclusion;
	const cJSON *alerts;
	const char *stop;
	struct zone zone;
};

/* ---- pieces ---- */

static const char *
word(const struct report *r, enum report_word w)
{
	return report_word(w, r->lang);
}

static void
put_ids(struct buf *b, const cJSON *ids)
{
	const cJSON *id;

	cJSON_ArrayForEach (id, ids)
		if (cJSON_IsString(id))
			report_put_id(b, id->valuestring);
}

static void
put_mark(const struct report *r, const cJSON *claim)
{
	if (cJSON_IsTrue(tree_at(claim, REPORT_UNVERIFIED)))
		buf_adds(r->b, report_unverified_mark(r->lang));
}

static void
put_claim(const struct report *r, const cJSON *claim)
{
	md_put_sentence(r->b, tree_span(claim, "text"));
	put_ids(r->b, tree_at(claim, "evidence"));
	put_mark(r, claim);
}

/* ---- long ones ---- */

static size_t
characters(struct span s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* Up to the first semicolon outside of what is quoted; all of it where there
 * is none. *ret_skip: how long that is. */
static struct span
part_of(struct span s, size_t *ret_skip)
{
	static const char *const ends[] = {"；", "; "};
	bool code = false;
	size_t i, k;

	for (i = 0; i < s.n; i++) {
		code ^= s.p[i] == '`';
		for (k = 0; k < ARRAY_LEN(ends) && !code; k++) {
			*ret_skip = strlen(ends[k]);
			if (s.n - i > *ret_skip &&
			    memcmp(s.p + i, ends[k], *ret_skip) == 0)
				return span_make(s.p, i);
		}
	}
	*ret_skip = 0;
	return s;
}

/* A text that is too long for a line is told in its parts, those behind the
 * first below it, after indent. */
static void
put_parts(const struct report *r, struct span text, const char *indent)
{
	bool whole = characters(text) <= LINE_SAID;
	size_t skip = 0;

	while (!whole && text.n > 0) {
		struct span part = part_of(text, &skip);

		md_put_sentence(r->b, part);
		text = span_from(text, part.n + skip);
		if (text.n > 0)
			buf_addf(r->b, "\n%s", indent);
	}
	if (whole)
		md_put_sentence(r->b, text);
}

static void
put_claim_below(const struct report *r, const cJSON *claim, const char *indent)
{
	put_parts(r, tree_span(claim, "text"), indent);
	put_ids(r->b, tree_at(claim, "evidence"));
	put_mark(r, claim);
}

static void
put_run(const struct report *r, const cJSON *action, const char *indent)
{
	if (!tree_has(action, "run"))
		return;
	buf_adds(r->b, indent);
	md_put_code(r->b, tree_span(action, "run"), QUERY_MAX, false);
	buf_addc(r->b, '\n');
}

static void
put_confidence(const struct report *r, const char *name)
{
	buf_addf(r->b, "%s%s%s%s", word(r, RW_CONFIDENCE), word(r, RW_COLON),
	    report_confidence_word(report_confidence_of(name), r->lang),
	    word(r, RW_FULL_STOP));
}

static void
put_moment(const struct report *r, double ms)
{
	char text[ZONE_TEXT];

	buf_adds(
	    r->b, zone_print(&r->zone, (int64_t)(ms / 1000), ZONE_FULL, text));
}

static void
put_window(const struct report *r, double seconds)
{
	bool minutes = fmod(seconds, 60) == 0;

	buf_addf(r->b, "%.0f %s", minutes ? seconds / 60 : seconds,
	    word(r, minutes ? RW_MINUTES : RW_SECONDS));
}

/* ---- the head ---- */

/* So many are told in two lines each; more have one. */
enum { FIRST_INCIDENTS = 3, FIRST_BELOW = 2 };

/* "likely": what the answer is; else that there is none, and how it went. */
static void
put_cause_of(const struct report *r, const cJSON *incident)
{
	const char *confidence = tree_str(incident, "confidence");
	enum report_confidence c = report_confidence_of(confidence);

	if (c > REPORT_UNDETERMINED) {
		buf_addf(r->b,
		    r->lang == REPORT_ZH ? "原因（%s）：" : "Cause (%s): ",
		    report_confidence_word(c, r->lang));
		put_claim_below(r, tree_at(incident, "answer"), "    ");
		return;
	}
	if (tree_at(incident, "course") == NULL &&
	    tree_at(incident, "long_standing") == NULL) {
		put_claim_below(r, tree_at(incident, "answer"), "    ");
		return;
	}
	buf_adds(r->b, word(r, tree_at(incident, "long_standing") != NULL
				   ? RW_LONG
				   : RW_CAUSE_OPEN));
	if (tree_at(incident, "course") == NULL)
		return;
	buf_adds(r->b, word(r, RW_SEMICOLON));
	put_claim_below(r, tree_at(incident, "course"), "    ");
}

/* How many other rules fire in it. */
static void
put_more_rules(const struct report *r, const cJSON *incident)
{
	int n = cJSON_GetArraySize(tree_at(incident, "rules")) - 1;

	if (n <= 0)
		return;
	buf_addf(r->b,
	    r->lang == REPORT_ZH ? "，另有 %d 条规则的告警"
	    : n == 1             ? ", with alerts of %d more rule"
				 : ", with alerts of %d more rules",
	    n);
}

/* What, since when; below it or behind it why, and how sure. */
static void
put_first_incident(const struct report *r, const cJSON *incident, int n,
    bool alone, bool below)
{
	double since = tree_num(incident, "since", 0);

	buf_adds(r->b, "- ");
	if (!alone)
		buf_addf(r->b, "**%d.** ", n);
	md_put_sentence(r->b, tree_span(incident, "title"));
	if (since > 0) {
		buf_adds(r->b, word(r, RW_SINCE));
		put_moment(r, since * 1000);
	}
	put_more_rules(r, incident);
	buf_adds(r->b, below ? "\n  - " : word(r, RW_COLON));
	put_cause_of(r, incident);
	buf_addc(r->b, '\n');
}

static int
count_others(const struct report *r)
{
	const cJSON *o;
	int n = 0;

	cJSON_ArrayForEach (o, tree_at(r->conclusion, "others"))
		n += (int)tree_num(o, "incidents", 1);
	return n;
}

static void
put_why_cut(const struct report *r)
{
	buf_addf(r->b, "**%s%s", word(r, RW_CUT), word(r, RW_COLON));
	md_put_text(
	    r->b, span_of(report_reason_words(r->stop, r->lang)), ERROR_MAX);
	buf_addf(r->b, "%s**\n", word(r, RW_FULL_STOP));
}

/* Whether there is anything to begin with. */
static bool
has_first(const struct report *r)
{
	return r->stop == NULL &&
	       (tree_has(r->conclusion, "summary") ||
		   cJSON_GetArraySize(tree_at(r->conclusion, "incidents")) > 0);
}

/* Whether the first lines have the command of the first action: of one
 * incident they do. */
static bool
is_run_first(const struct report *r)
{
	return r->stop == NULL && tree_at(r->conclusion, "first") != NULL &&
	       cJSON_GetArraySize(tree_at(r->conclusion, "incidents")) +
		       count_others(r) <=
		   1;
}

/* What to do first, and with which command. */
static void
put_first_action(const struct report *r)
{
	const cJSON *actions = tree_at(r->conclusion, "actions");
	const cJSON *first = tree_at(r->conclusion, "first");

	if (first == NULL)
		first = cJSON_GetArrayItem(actions, 0);
	if (first == NULL)
		return;
	buf_addf(r->b, "- **%s**%s", word(r, RW_FIRST), word(r, RW_COLON));
	put_claim_below(r, first, "  - ");
	buf_addc(r->b, '\n');
	if (is_run_first(r))
		put_run(r, cJSON_GetArrayItem(actions, 0), "  - ");
}

/* The first screen, at most six lines: what is wrong, since when, the cause
 * and how sure, what to do first. The rest of the report bears it out. */
static void
put_first(const struct report *r)
{
	const cJSON *incidents = tree_at(r->conclusion, "incidents"), *i;
	const cJSON *answer =
	    cJSON_GetArrayItem(tree_at(r->conclusion, "answers"), 0);
	int listed = cJSON_GetArraySize(incidents), n = 0;
	int all = listed + count_others(r);

	if (r->stop != NULL) {
		buf_adds(r->b, "- ");
		put_why_cut(r);
		buf_addc(r->b, '\n');
		return;
	}
	if (!has_first(r))
		return;
	if (answer != NULL) {
		buf_addf(r->b, "- **%s**%s", word(r, RW_ANSWER),
		    word(r, RW_COLON));
		put_claim_below(r, answer, "  - ");
		buf_addc(r->b, '\n');
	}
	if (listed == 0) {
		buf_adds(r->b, "- ");
		put_parts(r, tree_span(r->conclusion, "summary"), "  - ");
		put_ids(r->b, tree_at(r->conclusion, "evidence"));
		put_mark(r, r->conclusion);
		buf_addc(r->b, '\n');
	}
	cJSON_ArrayForEach (i, incidents)
		if (n < FIRST_INCIDENTS) {
			n++;
			put_first_incident(
			    r, i, n, all == 1, listed <= FIRST_BELOW);
		}
	if (n > 0 && all > n)
		buf_addf(r->b, "- %s%d\n", word(r, RW_MORE), all - n);
	put_first_action(r);
	buf_addc(r->b, '\n');
}

/* Whether it can stand in a link as it is. */
static bool
is_address(const char *s)
{
	return (strncmp(s, "http://", 7) == 0 ||
		   strncmp(s, "https://", 8) == 0) &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			   "-._~:/?#@!$&'()*+,;=%[]")] == '\0';
}

static bool
is_id(const char *s)
{
	return s[0] != '\0' &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

/* Which run it is and where it stands, so that what is copied out of the
 * report can be followed back. */
static void
put_place(const struct report *r)
{
	const char *id = tree_str(r->state, "id");
	const char *at = tree_str(r->state, "address");
	size_t n = strlen(at);

	if (!is_id(id))
		return;
	while (n > 0 && at[n - 1] == '/')
		n--;
	buf_addf(r->b, "- %s%s`%s`", word(r, RW_RUN), word(r, RW_COLON), id);
	if (is_address(at))
		buf_addf(r->b, " <%.*s/#%s>", (int)n, at, id);
	if (cJSON_GetArraySize(tree_at(r->state, "evidence")) > 0)
		buf_addf(r->b, "%s`culprit evidence %s E1`",
		    word(r, RW_RESOLVE), id);
	buf_addc(r->b, '\n');
}

static void
put_head(const struct report *r)
{
	double at = tree_num(r->state, "at", 0);
	double window = tree_num(r->state, "window", 0);

	buf_addf(r->b, "%s\n\n", report_headings(r->lang)[0]);
	put_first(r);
	if (tree_has(r->state, "input")) {
		buf_addf(r->b, "- %s%s", word(r, RW_TASK), word(r, RW_COLON));
		md_put_text(r->b, tree_span(r->state, "input"), TASK_MAX);
		buf_addc(r->b, '\n');
	}
	if (at > 0) {
		buf_addf(r->b, "- %s%s", word(r, RW_AT), word(r, RW_COLON));
		put_moment(r, at);
		if (window > 0) {
			buf_addf(r->b, "%s%s ",
			    r->lang == REPORT_ZH ? "，" : ", ",
			    word(r, RW_WINDOW));
			put_window(r, window);
		}
		buf_addc(r->b, '\n');
	}
	if (cJSON_GetArraySize(tree_at(r->state, "labels")) > 0) {
		buf_addf(r->b, "- %s%s", word(r, RW_SCOPE), word(r, RW_COLON));
		report_put_labels(r->b, tree_at(r->state, "labels"), "", false);
		buf_addc(r->b, '\n');
	}
	put_place(r);
}

/* ---- active alerts ---- */

/* What is counted and not listed, by rule. */
static void
put_not_listed(const struct report *r)
{
	const cJSON *data = alerts_data(r->state), *name;
	bool cut = cJSON_IsTrue(tree_at(data, "evidence_cut"));

	if (tree_num(data, "left_out", 0) <= 0)
		return;
	buf_addf(r->b, "\n%s%.0f%s\n%s", word(r, RW_NOT_LISTED),
	    tree_num(data, "left_out", 0),
	    word(r, cut ? RW_EVIDENCE_CUT : RW_EVIDENCE_WHOLE),
	    cJSON_GetArraySize(tree_at(data, "names")) > 0 ? "\n" : "");
	cJSON_ArrayForEach (name, tree_at(data, "names")) {
		double all =
		    tree_num(name, "firing", 0) + tree_num(name, "pending", 0);

		buf_adds(r->b, "- ");
		md_put_code(r->b, tree_span(name, "name"), CELL_MAX, false);
		buf_addc(r->b, ' ');
		md_put_text(r->b, tree_span(name, "severity"), 40);
		buf_addf(r->b, "%s%.0f%s%.0f\n", word(r, RW_COLON),
		    all - tree_num(name, "listed", 0), word(r, RW_OF), all);
	}
}

static void
put_targets(const struct report *r)
{
	const cJSON *targets = tree_at(r->conclusion, "targets_down"), *t;
	int n = 0;

	if (cJSON_GetArraySize(targets) == 0)
		return;
	buf_addf(r->b, "\n%s%d\n\n%s\n|---|---|---|---|---|---|\n",
	    word(r, RW_TARGETS), cJSON_GetArraySize(targets),
	    word(r, RW_TARGETS_TABLE));
	cJSON_ArrayForEach (t, targets) {
		if (n++ == TARGETS_SHOWN)
			break;
		buf_addf(r->b, "| %d | ", n);
		md_put_code(r->b, tree_span(t, "job"), CELL_MAX, true);
		buf_adds(r->b, " | ");
		md_put_code(r->b, tree_span(t, "instance"), CELL_MAX, true);
		buf_adds(r->b, " | ");
		report_put_since(r->b, tree_str(t, "lastUp"), &r->zone);
		buf_adds(r->b, " | ");
		md_put_text(r->b, tree_span(t, "error"), ERROR_MAX);
		buf_adds(r->b, " |");
		put_ids(r->b, tree_at(t, "evidence"));
		buf_adds(r->b, " |\n");
	}
}

/* Whether a tool has told the list of alerts, empty or not. */
static bool
alerts_known(const struct report *r)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(r->state, "executor_feedback"))
		if (tool_role_of_feedback(f) == TOOL_ROLE_ALERTS &&
		    tree_is(f, "status", "SUCCESS"))
			return true;
	return cJSON_GetArraySize(r->alerts) > 0 ||
	       cJSON_IsTrue(tree_at(r->conclusion, "alerts_known"));
}

/* That nothing fires is a claim, and whoever concludes has to make it. */
static bool
is_all_clear(const struct report *r)
{
	return cJSON_IsTrue(tree_at(r->conclusion, "all_clear"));
}

static void
put_alerts(const struct report *r)
{
	buf_addf(r->b, "\n%s\n", report_headings(r->lang)[1]);
	if (!alerts_known(r))
		buf_addf(r->b, "\n%s\n", word(r, RW_UNKNOWN_ALERTS));
	else if (alerts_count(r->alerts, "firing") == 0)
		buf_addf(r->b, "\n%s\n",
		    word(r, is_all_clear(r) ? RW_NONE_FIRING : RW_NONE_LISTED));
	report_put_alerts(r->b, r->state, r->alerts, r->lang, &r->zone);
	put_not_listed(r);
	put_targets(r);
	report_put_instances(r->b, r->alerts, r->lang, &r->zone);
}

/* ---- root cause ---- */

static bool
in_roles(const cJSON *finding, const char *const *roles)
{
	for (; *roles != NULL; roles++)
		if (tree_is(finding, "role", *roles))
			return true;
	return false;
}

enum { OF_NONE = -1, OF_ANY = -2 };

/* incident: its number, OF_NONE for findings of none in particular. */
static bool
belongs(const cJSON *finding, int incident)
{
	return incident == OF_ANY ||
	       (int)tree_num(finding, "incident", OF_NONE) == incident;
}

/* What the first lines say already, with nothing to do about it. */
static bool
is_answered(const struct report *r, const cJSON *f)
{
	const char *text = tree_str(f, "text");

	return r->stop == NULL && text[0] != '\0' && !tree_has(f, "next") &&
	       cJSON_GetArraySize(tree_at(r->conclusion, "incidents")) == 0 &&
	       strstr(tree_str(r->conclusion, "summary"), text) != NULL;
}

/* The same said of another incident. */
static bool
is_same(const cJSON *a, const cJSON *b)
{
	return a != b && tree_is(a, "role", tree_str(b, "role")) &&
	       tree_is(a, "text", tree_str(b, "text")) &&
	       tree_is(a, "next", tree_str(b, "next"));
}

static bool
is_repeated(const struct report *r, const cJSON *f)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, tree_at(r->conclusion, "findings")) {
		if (one == f)
			return false;
		if (is_same(one, f))
			return true;
	}
	return false;
}

/* Of which other incidents the same is said, and on what it rests there. */
static void
put_also(const struct report *r, const cJSON *f)
{
	const cJSON *one;
	int n = 0;

	cJSON_ArrayForEach (one, tree_at(r->conclusion, "findings")) {
		if (!is_same(one, f) || tree_num(one, "incident", -1) < 0)
			continue;
		buf_addf(r->b, "%s%.0f",
		    n++ == 0 ? word(r, RW_ALSO) : word(r, RW_COMMA),
		    tree_num(one, "incident", 0) + 1);
		put_ids(r->b, tree_at(one, "evidence"));
	}
	if (n > 0)
		buf_adds(r->b, r->lang == REPORT_ZH ? "）" : ")");
}

static void
put_finding(const struct report *r, const cJSON *f)
{
	const char *role = report_role_word(tree_str(f, "role"), r->lang);

	buf_adds(r->b, "- ");
	if (role[0] != '\0')
		buf_addf(r->b, "%s%s", role, word(r, RW_COLON));
	put_claim_below(r, f, "  - ");
	put_also(r, f);
	if (tree_has(f, "next")) {
		buf_addf(
		    r->b, "\n  - %s%s", word(r, RW_NEXT), word(r, RW_COLON));
		put_parts(r, tree_span(f, "next"), "    - ");
		put_ids(r->b, tree_at(f, "evidence"));
		put_mark(r, f);
	}
	buf_addc(r->b, '\n');
}

/* title NULL: none. */
static void
put_findings(const struct report *r, int incident, const char *title,
    const char *const *roles)
{
	const cJSON *f;
	bool any = false;

	cJSON_ArrayForEach (f, tree_at(r->conclusion, "findings")) {
		if (!belongs(f, incident) || !in_roles(f, roles) ||
		    is_answered(r, f) || is_repeated(r, f))
			continue;
		if (!any)
			buf_addc(r->b, '\n');
		if (!any && title != NULL)
			buf_addf(r->b, "**%s**\n\n", title);
		any = true;
		put_finding(r, f);
	}
}

static void
put_all_findings(const struct report *r, int incident)
{
	static const char *const established[] = {
	    "cause", "contributing", "trigger", "symptom", NULL};
	static const char *const ruled_out[] = {"ruled_out", NULL};
	static const char *const open[] = {"open", NULL};

	put_findings(r, incident, NULL, established);
	put_findings(r, incident, word(r, RW_OTHERS), ruled_out);
	put_findings(r, incident, word(r, RW_OPEN), open);
}

/* One below the other, under what they belong to. */
static void
put_findings_of(const struct report *r, int incident)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(r->conclusion, "findings")) {
		if (!belongs(f, incident))
			continue;
		buf_adds(r->b, "  ");
		put_finding(r, f);
	}
}

static void
put_chain(const struct report *r, const cJSON *chain)
{
	const cJSON *link;

	/* From the alert to its cause is told without one. */
	if (cJSON_GetArraySize(chain) < 3)
		return;
	buf_addf(r->b, "\n%s%s", word(r, RW_CHAIN), word(r, RW_COLON));
	cJSON_ArrayForEach (link, chain) {
		if (link->prev->next != NULL)
			buf_adds(r->b, " → ");
		put_claim(r, link);
	}
	buf_addc(r->b, '\n');
}

static void
put_incident(const struct report *r, const cJSON *incident, int n, bool alone)
{
	if (!alone) {
		buf_addf(r->b, "\n### %s %d%s", word(r, RW_INCIDENT), n + 1,
		    word(r, RW_COLON));
		md_put_sentence(r->b, tree_span(incident, "title"));
		put_mark(r, incident);
		buf_addc(r->b, '\n');
	}
	put_chain(r, tree_at(incident, "chain"));
	put_all_findings(r, alone ? OF_ANY : n);
}

/* Shortly: they were there before the window, and did not change in it. */
static void
put_standing(const struct report *r, const cJSON *incidents)
{
	bool any = false;
	const cJSON *i;
	int n = 0;

	cJSON_ArrayForEach (i, incidents) {
		n++;
		if (tree_at(i, "long_standing") == NULL)
			continue;
		if (!any)
			buf_addf(r->b, "\n**%s**\n\n", word(r, RW_STANDING));
		any = true;
		buf_addf(r->b, "- %s %d%s", word(r, RW_INCIDENT), n,
		    word(r, RW_COLON));
		put_claim(r, tree_at(i, "answer"));
		buf_addc(r->b, '\n');
		put_findings_of(r, n - 1);
	}
}

/* Those that nobody studied, and why not. */
static void
put_others(const struct report *r)
{
	const cJSON *others = tree_at(r->conclusion, "others"), *o;

	if (cJSON_GetArraySize(others) == 0)
		return;
	buf_addf(r->b, "\n**%s**\n\n", word(r, RW_NOT_STUDIED));
	cJSON_ArrayForEach (o, others) {
		int n = (int)tree_num(o, "incidents", 1);
		int alerts = cJSON_GetArraySize(tree_at(o, "alerts"));

		buf_adds(r->b, "- ");
		md_put_sentence(r->b, tree_span(o, "title"));
		if (n > 1)
			buf_addf(r->b, "%s%d %s", word(r, RW_COLON), n,
			    word(r, RW_INCIDENTS));
		else if (alerts > 1)
			buf_addf(r->b, "%s%d %s", word(r, RW_COLON), alerts,
			    word(r, RW_INSTANCES));
		buf_adds(r->b, word(r, RW_SEMICOLON));
		md_put_sentence(r->b, tree_span(o, "why"));
		buf_addc(r->b, '\n');
	}
}

/* A list of {text, evidence}, or of strings. */
static void
put_list(const struct report *r, const cJSON *list, const char *title)
{
	const cJSON *item;

	if (cJSON_GetArraySize(list) == 0)
		return;
	buf_addf(r->b, "\n**%s**\n\n", title);
	cJSON_ArrayForEach (item, list) {
		buf_adds(r->b, "- ");
		if (cJSON_IsString(item))
			md_put_sentence(r->b, span_of(item->valuestring));
		else
			put_claim(r, item);
		buf_addc(r->b, '\n');
	}
}

/* Claims, each with what it quotes below it. */
static void
put_quotations(const struct report *r, const cJSON *list, const char *title)
{
	const cJSON *one;

	if (cJSON_GetArraySize(list) > 0)
		buf_addf(r->b, "\n**%s**\n", title);
	cJSON_ArrayForEach (one, list) {
		buf_addc(r->b, '\n');
		put_claim(r, one);
		buf_addc(r->b, '\n');
		if (tree_has(one, "quote")) {
			buf_addc(r->b, '\n');
			md_put_block(r->b, tree_span(one, "quote"));
		}
	}
}

/* What a model makes of it, whose figures and citations were held against the
 * evidence; the answer above is not its. */
static void
put_opinion(const struct report *r)
{
	const cJSON *opinion = tree_at(r->conclusion, "opinion"), *claim;

	if (r->stop != NULL ||
	    cJSON_GetArraySize(tree_at(opinion, "claims")) == 0)
		return;
	buf_addf(r->b, "\n**%s** ", word(r, RW_OPINION));
	md_put_code(r->b, tree_span(opinion, "by"), CELL_MAX, false);
	buf_adds(r->b, "\n\n");
	cJSON_ArrayForEach (claim, tree_at(opinion, "claims"))
		put_finding(r, claim);
}

/* What the tools said, for a run that had no conclusion yet. */
static void
put_clues(const struct report *r)
{
	const cJSON *f;
	int n = 0;

	cJSON_ArrayForEach (f, tree_at(r->state, "executor_feedback")) {
		if (!tree_is(f, "status", "SUCCESS") || n++ == STEPS_SHOWN)
			continue;
		buf_adds(r->b, "- ");
		md_put_text(r->b, tree_span(f, "summary"), ERROR_MAX);
		put_ids(r->b, tree_at(f, "evidence"));
		buf_addc(r->b, '\n');
	}
	if (n == 0)
		buf_addf(r->b, "%s\n",
		    word(r, r->state != NULL ? RW_NOTHING : RW_UNREAD));
}

/* Whether an answer before this one was warned of alike. */
static bool
is_warned(const cJSON *feedback, const char *text)
{
	const cJSON *f = feedback;

	while ((f = f->prev)->next != NULL)
		if (tree_is(tree_at(f, "data"), "warnings", text))
			return true;
	return false;
}

/* A warning mostly says that an answer is a part of one. */
static void
put_warnings(const struct report *r)
{
	const cJSON *f;
	int n = 0;

	cJSON_ArrayForEach (f, tree_at(r->state, "executor_feedback")) {
		struct span text = tree_span(tree_at(f, "data"), "warnings");

		if (text.n == 0 || is_warned(f, text.p) ||
		    n++ == WARNINGS_SHOWN)
			continue;
		if (n == 1)
			buf_addf(r->b, "\n**%s**\n\n", word(r, RW_WARNED));
		buf_adds(r->b, "- ");
		md_put_text(r->b, text, QUERY_MAX);
		put_ids(r->b, tree_at(f, "evidence"));
		buf_addc(r->b, '\n');
	}
}

static void
put_cause(const struct report *r)
{
	const cJSON *incidents = tree_at(r->conclusion, "incidents"), *i;
	bool alone = cJSON_GetArraySize(incidents) <= 1 &&
		     cJSON_GetArraySize(tree_at(r->conclusion, "others")) == 0;
	int n = 0;

	buf_addf(r->b, "\n%s\n", report_headings(r->lang)[2]);
	put_quotations(
	    r, tree_at(r->conclusion, "answers"), word(r, RW_ANSWERS));
	if (r->stop == NULL &&
	    cJSON_GetArraySize(tree_at(r->conclusion, "findings")) == 0)
		buf_addf(r->b, "\n%s\n",
		    word(r, is_all_clear(r) ? RW_NOTHING_WRONG : RW_NO_CAUSE));
	if (r->stop != NULL)
		buf_addf(r->b, "\n**%s**\n\n", word(r, RW_CUT_CLUES));
	if (r->stop != NULL &&
	    cJSON_GetArraySize(tree_at(r->conclusion, "findings")) == 0)
		put_clues(r);
	cJSON_ArrayForEach (i, incidents) {
		if (alone || tree_at(i, "long_standing") == NULL)
			put_incident(r, i, n, alone);
		n++;
	}
	if (!alone)
		put_standing(r, incidents);
	put_others(r);
	if (!alone || n == 0)
		put_all_findings(r, OF_NONE);
	put_opinion(r);
	put_list(
	    r, tree_at(r->conclusion, "not_looked_at"), word(r, RW_UNSEEN));
	put_warnings(r);
}

/* ---- actions ---- */

static struct span
query_of(const cJSON *f)
{
	return tree_has(f, "query") ? tree_span(f, "query")
				    : tree_span(tree_at(f, "args"), "query");
}

/* " (UNSAFE, approved by ann)" for a step that did not only read. */
static void
put_class(const struct report *r, const cJSON *f)
{
	bool approved = tree_has(f, "approved_by");

	if (!tree_has(f, "class"))
		return;
	buf_addf(r->b, "%s", r->lang == REPORT_ZH ? "（" : " (");
	md_put_text(r->b, tree_span(f, "class"), 40);
	if (approved) {
		buf_addf(r->b, "%s%s%s", r->lang == REPORT_ZH ? "，" : ", ",
		    word(r, RW_APPROVED_BY),
		    r->lang == REPORT_ZH ? word(r, RW_COLON) : " ");
		md_put_code(r->b, tree_span(f, "approved_by"), 100, false);
	}
	buf_addf(r->b, "%s", r->lang == REPORT_ZH ? "）" : ")");
}

static void
put_step(const struct report *r, const cJSON *f)
{
	bool unknown = tree_is(f, "status", "UNKNOWN");

	buf_adds(r->b, "- ");
	if (tree_has(f, "step")) {
		md_put_text(r->b, tree_span(f, "step"), SUMMARY_MAX);
		buf_adds(r->b, word(r, RW_COLON));
	}
	md_put_code(r->b, tree_span(f, "tool"), CELL_MAX, false);
	/* Where nothing was given to ask, the tool's name says it. */
	if (tree_has(tree_at(f, "args"), "query") && query_of(f).n > 0) {
		buf_addc(r->b, ' ');
		md_put_code(r->b, query_of(f), QUERY_MAX, false);
	}
	put_class(r, f);
	if (!tree_is(f, "status", "SUCCESS")) {
		buf_addf(r->b, "%s%s", word(r, RW_COLON),
		    word(r, unknown ? RW_OUTCOME_UNKNOWN : RW_FAILED));
		buf_adds(r->b, r->lang == REPORT_ZH ? "，" : ", ");
		md_put_text(r->b, tree_span(f, "summary"), ERROR_MAX);
	}
	put_ids(r->b, tree_at(f, "evidence"));
	buf_addc(r->b, '\n');
}

/* Nobody approved it: it was denied, or waited till the end. */
static bool
was_not_run(const cJSON *f)
{
	return tree_is(f, "class", "UNSAFE") && !tree_has(f, "approved_by") &&
	       tree_is(f, "status", "FAILED");
}

/* Those that were run, or those that were not, under a title. */
static int
put_steps_of(const struct report *r, bool run, const char *title)
{
	const cJSON *f;
	int n = 0;

	cJSON_ArrayForEach (f, tree_at(r->state, "executor_feedback")) {
		if (was_not_run(f) == run)
			continue;
		if (n == 0)
			buf_addf(r->b, "\n**%s**\n\n", title);
		if (n++ < STEPS_SHOWN)
			put_step(r, f);
	}
	return n;
}

static void
put_steps(const struct report *r)
{
	bool only_read = true;
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(r->state, "executor_feedback"))
		only_read =
		    only_read && (was_not_run(f) || !tree_has(f, "class"));
	if (r->state == NULL)
		return; /* it was said what is not known */
	if (put_steps_of(
		r, true, word(r, only_read ? RW_DONE : RW_DONE_MORE)) == 0)
		buf_addf(r->b, "\n%s\n", word(r, RW_NO_STEPS));
	put_steps_of(r, false, word(r, RW_NOT_DONE));
}

void
report_put_changes(struct buf *b, const cJSON *state, enum report_lang lang)
{
	struct report r = {.b = b, .lang = lang, .state = state};
	const cJSON *f;
	int n = 0;

	cJSON_ArrayForEach (f, tree_at(state, "executor_feedback")) {
		if (!tree_has(f, "class") || was_not_run(f))
			continue;
		if (n == 0)
			buf_addf(b, "\n**%s**\n\n", word(&r, RW_CHANGED));
		if (n++ < STEPS_SHOWN)
			put_step(&r, f);
	}
	put_steps_of(&r, false, word(&r, RW_NOT_DONE));
}

static void
put_runbooks(const struct report *r)
{
	put_quotations(
	    r, tree_at(r->conclusion, "runbooks"), word(r, RW_RUNBOOKS));
}

static void
put_actions(const struct report *r)
{
	const cJSON *actions = tree_at(r->conclusion, "actions"), *a;
	const cJSON *first = tree_at(r->conclusion, "first");
	int n = 0;

	buf_addf(r->b, "\n%s\n", report_headings(r->lang)[3]);
	put_steps(r);
	buf_addf(r->b, "\n**%s**\n\n", word(r, RW_ADVICE));
	cJSON_ArrayForEach (a, actions) {
		/* Who names nothing to do first has the first one there. */
		if (a == actions->child && first == NULL && has_first(r))
			continue;
		buf_addf(r->b, "%d. ", ++n);
		put_claim_below(r, a, "   - ");
		buf_addc(r->b, '\n');
		if (n > 1 || !is_run_first(r))
			put_run(r, a, "   - ");
	}
	if (n == 0)
		buf_addf(r->b, "%s\n",
		    word(r, r->stop != NULL ? RW_CUT_ADVICE
			    : first != NULL || cJSON_GetArraySize(actions) > 0
				? RW_ADVICE_ABOVE
			    : is_all_clear(r) ? RW_NO_ADVICE
					      : RW_NO_ADVICE_GIVEN));
	put_runbooks(r);
}

/* ---- conclusion ---- */

/* What each incident comes to; of what has none, whether all is well. */
static void
put_verdicts(const struct report *r)
{
	const cJSON *incidents = tree_at(r->conclusion, "incidents"), *i;
	int told = 0;

	cJSON_ArrayForEach (i, incidents) {
		if (tree_at(i, "verdict") == NULL ||
		    tree_at(i, "long_standing") != NULL ||
		    told == VERDICTS_SHOWN)
			continue;
		if (told++ == 0)
			buf_addc(r->b, '\n');
		buf_adds(r->b, "- ");
		put_claim_below(r, tree_at(i, "verdict"), "  - ");
		buf_addc(r->b, '\n');
	}
	if (told == 0 && cJSON_GetArraySize(incidents) > 0) {
		buf_addc(r->b, '\n');
		put_parts(r, tree_span(r->conclusion, "summary"), "");
		put_ids(r->b, tree_at(r->conclusion, "evidence"));
		put_mark(r, r->conclusion);
		buf_addc(r->b, '\n');
	}
}

static void
put_end(const struct report *r)
{
	bool advised =
	    tree_at(r->conclusion, "first") != NULL ||
	    cJSON_GetArraySize(tree_at(r->conclusion, "actions")) > 0;

	buf_addf(r->b, "\n%s\n", report_headings(r->lang)[4]);
	if (r->stop != NULL)
		buf_addf(r->b, "\n%s\n", word(r, RW_CUT_END));
	else if (tree_has(r->conclusion, "incomplete"))
		buf_addf(r->b, "\n%s\n", word(r, RW_UNREADABLE));
	else
		put_verdicts(r);
	buf_addc(r->b, '\n');
	if (r->stop == NULL && is_all_clear(r))
		buf_adds(r->b, word(r, advised ? RW_CLEAR_ADVISED : RW_CLEAR));
	else
		put_confidence(r, r->stop != NULL
				      ? NULL
				      : tree_str(r->conclusion, "confidence"));
	buf_addc(r->b, '\n');
	put_list(r, tree_at(r->state, "notes"), word(r, RW_NOTES));
}

void
report_render(struct buf *b, const cJSON *state, const cJSON *conclusion,
    enum report_lang lang, const char *stop)
{
	AUTO(tree) alerts = alerts_of(state, conclusion);
	struct report r = {b, lang, state, conclusion, alerts, stop, {0}};

	/* A name that is not known here: in UTC, which each moment says. */
	if (zone_read(tree_span(state, "timezone"), &r.zone, NULL) != RC_OK)
		r.zone = (struct zone){0};
	put_head(&r);
	put_alerts(&r);
	put_cause(&r);
	put_actions(&r);
	put_end(&r);
	zone_done(&r.zone);
}

void
report_unread(struct buf *b, enum report_lang lang, const char *reason)
{
	report_render(b, NULL, NULL, lang, reason);
}
