/*
 * report_head.c - what a report begins with: the first screen, the task, the
 * moment, which run it is.
 */
#include "common/report/report_in.h"

#include <math.h>
#include <string.h>

#include "common/json/tree.h"
#include "common/report/md.h"
#include "common/report/report_alerts.h"

enum { TASK_MAX = 400 };

/* So many are told in two lines each; more have one. */
enum { FIRST_INCIDENTS = 3, FIRST_BELOW = 2 };

/* "likely": what the answer is; else that there is none, and how it went, of
 * which a line that has the incident as well has room for the first part. */
static void
put_cause_of(const struct report *r, const cJSON *incident, bool below)
{
	const char *confidence = tree_str(incident, "confidence");
	enum report_confidence c = report_confidence_of(confidence);

	if (c > REPORT_UNDETERMINED) {
		buf_addf(r->b,
		    r->lang == REPORT_ZH ? "原因（%s）：" : "Cause (%s): ",
		    report_confidence_word(c, r->lang));
		report_put_claim_below(r, tree_at(incident, "answer"), "    ");
		return;
	}
	if (tree_at(incident, "course") == NULL &&
	    tree_at(incident, "long_standing") == NULL) {
		report_put_claim_below(r, tree_at(incident, "answer"), "    ");
		return;
	}
	buf_add_span(
	    r->b, report_begin(r, span_of(report_word_of(r,
				      tree_at(incident, "long_standing") != NULL
					  ? RW_LONG
					  : RW_CAUSE_OPEN))));
	if (tree_at(incident, "course") == NULL)
		return;
	buf_adds(r->b, report_word_of(r, RW_SEMICOLON));
	if (below)
		report_put_claim_below(r, tree_at(incident, "course"), "    ");
	else
		report_put_claim_first(r, tree_at(incident, "course"));
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

/* Whether put_cause_of has anything to say. */
static bool
has_cause_of(const cJSON *incident)
{
	return tree_at(incident, "answer") != NULL ||
	       tree_at(incident, "course") != NULL ||
	       tree_at(incident, "long_standing") != NULL;
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
		buf_adds(r->b, report_word_of(r, RW_SINCE));
		report_put_moment(r, since * 1000);
	}
	if (below)
		put_more_rules(r, incident);
	if (has_cause_of(incident)) {
		buf_adds(r->b, below ? "\n  - " : report_word_of(r, RW_COLON));
		put_cause_of(r, incident, below);
	}
	buf_addc(r->b, '\n');
}

int
report_count_others(const struct report *r)
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
	buf_addf(r->b, "**%s%s", report_word_of(r, RW_CUT),
	    report_word_of(r, RW_COLON));
	md_put_text(
	    r->b, span_of(report_reason_words(r->stop, r->lang)), ERROR_MAX);
	buf_addf(r->b, "%s**\n", report_word_of(r, RW_FULL_STOP));
}

/* Whether there is anything to begin with. */
bool
report_has_first(const struct report *r)
{
	return r->stop == NULL &&
	       (tree_has(r->conclusion, "summary") ||
		   cJSON_GetArraySize(tree_at(r->conclusion, "incidents")) > 0);
}

/* Whether the first lines have the command of the first action: of one
 * incident they do. */
bool
report_is_run_first(const struct report *r)
{
	return r->stop == NULL && tree_at(r->conclusion, "first") != NULL &&
	       cJSON_GetArraySize(tree_at(r->conclusion, "incidents")) +
		       report_count_others(r) <=
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
	buf_addf(r->b, "- **%s**%s", report_word_of(r, RW_FIRST),
	    report_word_of(r, RW_COLON));
	report_put_claim_below(r, first, "  - ");
	buf_addc(r->b, '\n');
	if (report_is_run_first(r))
		report_put_run(r, cJSON_GetArrayItem(actions, 0), "  - ");
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
	int all = listed + report_count_others(r);

	if (r->stop != NULL) {
		buf_adds(r->b, "- ");
		put_why_cut(r);
		buf_addc(r->b, '\n');
		return;
	}
	if (!report_has_first(r))
		return;
	if (answer != NULL) {
		buf_addf(r->b, "- **%s**%s", report_word_of(r, RW_ANSWER),
		    report_word_of(r, RW_COLON));
		report_put_claim_below(r, answer, "  - ");
		buf_addc(r->b, '\n');
	}
	if (listed == 0) {
		buf_adds(r->b, "- ");
		report_put_parts(
		    r, tree_span(r->conclusion, "summary"), "  - ");
		report_put_ids(r->b, tree_at(r->conclusion, "evidence"));
		report_put_mark(r, r->conclusion);
		buf_addc(r->b, '\n');
	}
	cJSON_ArrayForEach (i, incidents)
		if (n < FIRST_INCIDENTS) {
			n++;
			put_first_incident(
			    r, i, n, all == 1, listed <= FIRST_BELOW);
		}
	if (n > 0 && all > n)
		buf_addf(r->b, "- %s%d\n", report_word_of(r, RW_MORE), all - n);
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
	buf_addf(r->b, "- %s%s`%s`", report_word_of(r, RW_RUN),
	    report_word_of(r, RW_COLON), id);
	if (is_address(at))
		buf_addf(r->b, " <%.*s/#%s>", (int)n, at, id);
	if (cJSON_GetArraySize(tree_at(r->state, "evidence")) > 0)
		buf_addf(r->b, "%s`culprit evidence %s E1`",
		    report_word_of(r, RW_RESOLVE), id);
	buf_addc(r->b, '\n');
}

static void
put_window(const struct report *r, double seconds)
{
	bool minutes = fmod(seconds, 60) == 0;

	buf_addf(r->b, "%.0f %s", minutes ? seconds / 60 : seconds,
	    report_word_of(r, minutes ? RW_MINUTES : RW_SECONDS));
}

void
report_put_head(const struct report *r)
{
	/* Whoever looked knows better: by the clock of what was looked at, and
	 * how far back where nobody asked for it. */
	double at =
	    tree_num(r->conclusion, "moment", tree_num(r->state, "at", 0));
	double window =
	    tree_num(r->conclusion, "window", tree_num(r->state, "window", 0));

	buf_addf(r->b, "%s\n\n", report_headings(r->lang)[0]);
	put_first(r);
	if (tree_has(r->state, "input")) {
		buf_addf(r->b, "- %s%s", report_word_of(r, RW_TASK),
		    report_word_of(r, RW_COLON));
		md_put_text(r->b, tree_span(r->state, "input"), TASK_MAX);
		buf_addc(r->b, '\n');
	}
	if (at > 0) {
		buf_addf(r->b, "- %s%s", report_word_of(r, RW_AT),
		    report_word_of(r, RW_COLON));
		report_put_moment(r, at);
		if (window > 0) {
			buf_addf(r->b, "%s%s ",
			    r->lang == REPORT_ZH ? "，" : ", ",
			    report_word_of(r, RW_WINDOW));
			put_window(r, window);
		}
		buf_addc(r->b, '\n');
	}
	if (cJSON_GetArraySize(tree_at(r->state, "labels")) > 0) {
		buf_addf(r->b, "- %s%s", report_word_of(r, RW_SCOPE),
		    report_word_of(r, RW_COLON));
		report_put_labels(r->b, tree_at(r->state, "labels"), "", false);
		buf_addc(r->b, '\n');
	}
	put_place(r);
}
