/*
 * report.c - the Markdown report, rendered from the structured conclusion.
 *
 * Five sections, each a function. Nothing from outside reaches the buffer
 * but through common/md, so a label cannot add a heading, a link or a
 * citation; the tables list instances as they are, none collapsed.
 */
#include "common/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/report/md.h"
#include "common/report/report_alerts.h"
#include "common/report/report_in.h"
#include "common/report/tool_role.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "common/base/zone.h"

enum {
	STEPS_SHOWN = 200, /* of what there was when it was cut short */
	VERDICTS_SHOWN = 5,
	TARGETS_SHOWN = 500,
	WARNINGS_SHOWN = 20,
};

/* ---- active alerts ---- */

/* What is counted and not listed, by rule. */
static void
put_not_listed(const struct report *r)
{
	const cJSON *data = alerts_data(r->state), *name;
	bool cut = cJSON_IsTrue(tree_at(data, "evidence_cut"));

	if (tree_num(data, "left_out", 0) <= 0)
		return;
	buf_addf(r->b, "\n%s%.0f%s\n%s", report_word_of(r, RW_NOT_LISTED),
	    tree_num(data, "left_out", 0),
	    report_word_of(r, cut ? RW_EVIDENCE_CUT : RW_EVIDENCE_WHOLE),
	    cJSON_GetArraySize(tree_at(data, "names")) > 0 ? "\n" : "");
	cJSON_ArrayForEach (name, tree_at(data, "names")) {
		double all =
		    tree_num(name, "firing", 0) + tree_num(name, "pending", 0);

		buf_adds(r->b, "- ");
		md_put_code(r->b, tree_span(name, "name"), CELL_MAX, false);
		buf_addc(r->b, ' ');
		md_put_text(r->b, tree_span(name, "severity"), 40);
		buf_addf(r->b, "%s%.0f%s%.0f\n", report_word_of(r, RW_COLON),
		    all - tree_num(name, "listed", 0), report_word_of(r, RW_OF),
		    all);
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
	    report_word_of(r, RW_TARGETS), cJSON_GetArraySize(targets),
	    report_word_of(r, RW_TARGETS_TABLE));
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
		report_put_ids(r->b, tree_at(t, "evidence"));
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

static void
put_alerts(const struct report *r)
{
	buf_addf(r->b, "\n%s\n", report_headings(r->lang)[1]);
	if (!alerts_known(r))
		buf_addf(r->b, "\n%s\n", report_word_of(r, RW_UNKNOWN_ALERTS));
	else if (alerts_count(r->alerts, "firing") == 0)
		buf_addf(r->b, "\n%s\n",
		    report_word_of(r, report_is_all_clear(r) ? RW_NONE_FIRING
							     : RW_NONE_LISTED));
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
		    n++ == 0 ? report_word_of(r, RW_ALSO)
			     : report_word_of(r, RW_COMMA),
		    tree_num(one, "incident", 0) + 1);
		report_put_ids(r->b, tree_at(one, "evidence"));
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
		buf_addf(r->b, "%s%s", role, report_word_of(r, RW_COLON));
	report_put_claim_below(r, f, "  - ");
	put_also(r, f);
	if (tree_has(f, "next")) {
		buf_addf(r->b, "\n  - %s%s", report_word_of(r, RW_NEXT),
		    report_word_of(r, RW_COLON));
		report_put_parts(r, tree_span(f, "next"), "    - ");
		report_put_ids(r->b, tree_at(f, "evidence"));
		report_put_mark(r, f);
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
	put_findings(r, incident, report_word_of(r, RW_OTHERS), ruled_out);
	put_findings(r, incident, report_word_of(r, RW_OPEN), open);
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
	buf_addf(r->b, "\n%s%s", report_word_of(r, RW_CHAIN),
	    report_word_of(r, RW_COLON));
	cJSON_ArrayForEach (link, chain) {
		if (link->prev->next != NULL)
			buf_adds(r->b, " → ");
		report_put_claim(r, link);
	}
	buf_addc(r->b, '\n');
}

static void
put_incident(const struct report *r, const cJSON *incident, int n, bool alone)
{
	if (!alone) {
		buf_addf(r->b, "\n### %s %d%s", report_word_of(r, RW_INCIDENT),
		    n + 1, report_word_of(r, RW_COLON));
		md_put_sentence(r->b, tree_span(incident, "title"));
		report_put_mark(r, incident);
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
			buf_addf(r->b, "\n**%s**\n\n",
			    report_word_of(r, RW_STANDING));
		any = true;
		buf_addf(r->b, "- %s %d%s", report_word_of(r, RW_INCIDENT), n,
		    report_word_of(r, RW_COLON));
		report_put_claim(r, tree_at(i, "answer"));
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
	buf_addf(r->b, "\n**%s**\n\n", report_word_of(r, RW_NOT_STUDIED));
	cJSON_ArrayForEach (o, others) {
		int n = (int)tree_num(o, "incidents", 1);
		int alerts = cJSON_GetArraySize(tree_at(o, "alerts"));

		buf_adds(r->b, "- ");
		md_put_sentence(r->b, tree_span(o, "title"));
		if (n > 1)
			buf_addf(r->b, "%s%d %s", report_word_of(r, RW_COLON),
			    n, report_word_of(r, RW_INCIDENTS));
		else if (alerts > 1)
			buf_addf(r->b, "%s%d %s", report_word_of(r, RW_COLON),
			    alerts, report_word_of(r, RW_INSTANCES));
		buf_adds(r->b, report_word_of(r, RW_SEMICOLON));
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
			md_put_sentence(
			    r->b, report_begin(r, span_of(item->valuestring)));
		else
			report_put_claim(r, item);
		buf_addc(r->b, '\n');
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
	buf_addf(r->b, "\n**%s** ", report_word_of(r, RW_OPINION));
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
		report_put_ids(r->b, tree_at(f, "evidence"));
		buf_addc(r->b, '\n');
	}
	if (n == 0)
		buf_addf(r->b, "%s\n",
		    report_word_of(
			r, r->state != NULL ? RW_NOTHING : RW_UNREAD));
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

/* Whether the report has those words already: what was found may quote
 * them. */
static bool
is_told(const struct report *r, struct span text)
{
	return memmem(r->b->data, r->b->len, text.p, text.n) != NULL;
}

/* A warning mostly says that an answer is a part of one. */
static void
put_warnings(const struct report *r)
{
	const cJSON *f;
	int n = 0;

	cJSON_ArrayForEach (f, tree_at(r->state, "executor_feedback")) {
		struct span text = tree_span(tree_at(f, "data"), "warnings");

		if (text.n == 0 || is_warned(f, text.p) || is_told(r, text) ||
		    n++ == WARNINGS_SHOWN)
			continue;
		if (n == 1)
			buf_addf(
			    r->b, "\n**%s**\n\n", report_word_of(r, RW_WARNED));
		buf_adds(r->b, "- ");
		md_put_text(r->b, text, QUERY_MAX);
		report_put_ids(r->b, tree_at(f, "evidence"));
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
	report_put_quotations(r, tree_at(r->conclusion, "answers"),
	    report_word_of(r, RW_ANSWERS));
	if (r->stop == NULL &&
	    cJSON_GetArraySize(tree_at(r->conclusion, "findings")) == 0)
		buf_addf(r->b, "\n%s\n",
		    report_word_of(r, report_is_all_clear(r) ? RW_NOTHING_WRONG
							     : RW_NO_CAUSE));
	if (r->stop != NULL)
		buf_addf(r->b, "\n**%s**\n\n", report_word_of(r, RW_CUT_CLUES));
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
	put_list(r, tree_at(r->conclusion, "not_looked_at"),
	    report_word_of(r, RW_UNSEEN));
	put_warnings(r);
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
		report_put_claim_below(r, tree_at(i, "verdict"), "  - ");
		buf_addc(r->b, '\n');
	}
	if (told == 0 && cJSON_GetArraySize(incidents) > 0) {
		buf_addc(r->b, '\n');
		report_put_parts(r, tree_span(r->conclusion, "summary"), "");
		report_put_ids(r->b, tree_at(r->conclusion, "evidence"));
		report_put_mark(r, r->conclusion);
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
		buf_addf(r->b, "\n%s\n", report_word_of(r, RW_CUT_END));
	else if (tree_has(r->conclusion, "incomplete"))
		buf_addf(r->b, "\n%s\n", report_word_of(r, RW_UNREADABLE));
	else
		put_verdicts(r);
	buf_addc(r->b, '\n');
	if (r->stop == NULL && report_is_all_clear(r))
		buf_adds(r->b,
		    report_word_of(r, advised ? RW_CLEAR_ADVISED : RW_CLEAR));
	else
		report_put_confidence(
		    r, r->stop != NULL ? NULL
				       : tree_str(r->conclusion, "confidence"));
	buf_addc(r->b, '\n');
	put_list(r, tree_at(r->state, "notes"), report_word_of(r, RW_NOTES));
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
	report_put_head(&r);
	put_alerts(&r);
	put_cause(&r);
	report_put_actions(&r);
	put_end(&r);
	zone_done(&r.zone);
}

void
report_unread(struct buf *b, enum report_lang lang, const char *reason)
{
	report_render(b, NULL, NULL, lang, reason);
}
