/*
 * runbook.c - what the documents say of the alerts.
 *
 * Asked twice of an alert at most: by its own name and runbook_url, and by
 * the resource it measures, which is heard where the first finds nothing. A
 * passage that does not fit is not quoted, and the report says that none does.
 */
#include "planner/rules/runbook.h"

#include <string.h>

#include "common/base/rc.h"
#include "common/base/utf8.h"
#include "common/json/tree.h"

static const cJSON *
passage_of(const struct ask *a)
{
	return answer_ok(a->answer)
		   ? cJSON_GetArrayItem(
			 tree_at(tree_at(a->answer, "data"), "passages"), 0)
		   : NULL;
}

static void
put_source(struct drawing *d, const cJSON *p)
{
	auto_str lines = xasprintf(
	    d->zh ? "，第 %.0f 至 %.0f 行，" : ", lines %.0f to %.0f, ",
	    tree_num(p, "line_from", 0), tree_num(p, "line_to", 0));

	say_code(&d->s, tree_str(p, "source"));
	say(&d->s, lines, lines);
	say_code(&d->s, tree_str(p, "path"));
}

bool
runbook_put_own(struct drawing *d, const struct study *s)
{
	const cJSON *p = passage_of(&s->runbook);

	if (p == NULL)
		return false;
	say_code(&d->s, tree_str(p, "source"));
	say_cite(&d->s, answer_evidence(s->runbook.answer));
	return true;
}

/* The claim made so far, with the passage's text beside it. */
static void
add(struct drawing *d, cJSON *list, const cJSON *p)
{
	cJSON *claim = say_claim(&d->s);
	struct span text = tree_span(p, "text");
	struct span cut = utf8_cut(text, RUNBOOK_QUOTE_MAX);
	auto_str quote =
	    xasprintf("%.*s%s", SPAN_ARG(cut), cut.n < text.n ? "\n…" : "");

	if (p != NULL)
		cJSON_AddStringToObject(claim, "quote", quote);
	cJSON_AddItemToArray(list, claim);
}

static void
tell_one(struct drawing *d, cJSON *list, const struct study *s)
{
	const cJSON *p = passage_of(&s->runbook);
	const struct ask *by = &s->runbook;

	if (p == NULL && passage_of(&s->runbook_found) != NULL) {
		by = &s->runbook_found;
		p = passage_of(by);
	}
	say_code(&d->s, tree_str(s->alert, "name"));
	say(&d->s, "：", ": ");
	if (p != NULL && by == &s->runbook_found) {
		say(&d->s, "没有它的手册；关于它测量的",
		    "no runbook of its own; of what it measures, ");
		say_code(&d->s, tree_str(by->args, "query"));
		say(&d->s, "：", ": ");
	}
	if (p != NULL)
		put_source(d, p);
	else if (answer_ok(by->answer))
		say(&d->s, "没有合适的处理手册", "no runbook fits");
	else
		say(&d->s, "未能查找处理手册",
		    "the runbooks could not be searched");
	say_cite(&d->s, answer_evidence(by->answer));
	add(d, list, p);
}

/* Whether an earlier study was of a rule of that name, or quotes the same. */
static bool
is_told(const struct drawing *d, int n)
{
	const struct study *s = &d->k->studies[n];
	const char *name = tree_str(s->alert, "name");
	int i;

	for (i = 0; i < n; i++)
		if (d->k->studies[i].runbook.answer != NULL &&
		    strcmp(tree_str(d->k->studies[i].alert, "name"), name) == 0)
			return true;
	return false;
}

cJSON *
runbooks_of(struct drawing *d)
{
	cJSON *list = NULL;
	int i;

	for (i = 0; i < d->k->n_studies; i++) {
		if (d->k->studies[i].runbook.answer == NULL || is_told(d, i))
			continue;
		if (list == NULL)
			list = cJSON_CreateArray();
		tell_one(d, list, &d->k->studies[i]);
	}
	return list;
}
