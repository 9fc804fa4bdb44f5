/*
 * report_actions.c - what was done, by whose word, and what is advised.
 */
#include "common/report/report_in.h"

#include <string.h>

#include "common/json/tree.h"
#include "common/report/md.h"
#include "common/report/tool_class.h"

enum { STEPS_SHOWN = 200, STEP_MAX = 240 };

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
		    report_word_of(r, RW_APPROVED_BY),
		    r->lang == REPORT_ZH ? report_word_of(r, RW_COLON) : " ");
		if (tree_is(f, "approved_by", APPROVED_HERE))
			buf_adds(r->b, report_word_of(r, RW_SOMEONE_HERE));
		else
			md_put_code(
			    r->b, tree_span(f, "approved_by"), 100, false);
	}
	buf_addf(r->b, "%s", r->lang == REPORT_ZH ? "）" : ")");
}

static void
put_step(const struct report *r, const cJSON *f)
{
	bool unknown = tree_is(f, "status", "UNKNOWN");

	buf_adds(r->b, "- ");
	if (tree_has(f, "step")) {
		md_put_text(
		    r->b, report_begin(r, tree_span(f, "step")), STEP_MAX);
		buf_adds(r->b, report_word_of(r, RW_COLON));
	}
	md_put_code(r->b, tree_span(f, "tool"), CELL_MAX, false);
	/* Where nothing was given to ask, the tool's name says it. */
	if (tree_has(tree_at(f, "args"), "query") && query_of(f).n > 0) {
		buf_addc(r->b, ' ');
		md_put_code(r->b, query_of(f), QUERY_MAX, false);
	}
	put_class(r, f);
	if (!tree_is(f, "status", "SUCCESS")) {
		buf_addf(r->b, "%s%s", report_word_of(r, RW_COLON),
		    report_word_of(
			r, unknown ? RW_OUTCOME_UNKNOWN : RW_FAILED));
		buf_adds(r->b, r->lang == REPORT_ZH ? "，" : ", ");
		md_put_text(r->b, tree_span(f, "summary"), ERROR_MAX);
	}
	report_put_ids(r->b, tree_at(f, "evidence"));
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
	if (put_steps_of(r, true,
		report_word_of(r, only_read ? RW_DONE : RW_DONE_MORE)) == 0)
		buf_addf(r->b, "\n%s\n", report_word_of(r, RW_NO_STEPS));
	put_steps_of(r, false, report_word_of(r, RW_NOT_DONE));
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
			buf_addf(
			    b, "\n**%s**\n\n", report_word_of(&r, RW_CHANGED));
		if (n++ < STEPS_SHOWN)
			put_step(&r, f);
	}
	put_steps_of(&r, false, report_word_of(&r, RW_NOT_DONE));
}

static void
put_runbooks(const struct report *r)
{
	report_put_quotations(r, tree_at(r->conclusion, "runbooks"),
	    report_word_of(r, RW_RUNBOOKS));
}

void
report_put_actions(const struct report *r)
{
	const cJSON *actions = tree_at(r->conclusion, "actions"), *a;
	const cJSON *first = tree_at(r->conclusion, "first");
	/* Who names nothing to do first has the first one there. */
	bool skips = first == NULL && report_has_first(r);
	bool then = (first != NULL || skips) &&
		    cJSON_GetArraySize(actions) > (skips ? 1 : 0);
	int n = 0;

	buf_addf(r->b, "\n%s\n", report_headings(r->lang)[3]);
	put_steps(r);
	buf_addf(r->b, "\n**%s**\n\n",
	    report_word_of(r, then ? RW_ADVICE_THEN : RW_ADVICE));
	cJSON_ArrayForEach (a, actions) {
		if (a == actions->child && skips)
			continue;
		buf_addf(r->b, "%d. ", ++n);
		report_put_claim_below(r, a, "   - ");
		buf_addc(r->b, '\n');
		if (n > 1 || !report_is_run_first(r))
			report_put_run(r, a, "   - ");
	}
	if (n == 0)
		buf_addf(r->b, "%s\n",
		    report_word_of(
			r, r->stop != NULL ? RW_CUT_ADVICE
			   : first != NULL || cJSON_GetArraySize(actions) > 0
			       ? RW_ADVICE_ABOVE
			   : report_is_all_clear(r) ? RW_NO_ADVICE
						    : RW_NO_ADVICE_GIVEN));
	put_runbooks(r);
}
