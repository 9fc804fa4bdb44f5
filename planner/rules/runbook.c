/*
 * runbook.c - what the documents say of the alerts.
 *
 * Asked twice of an incident at most: by its alert's runbook_url, its name and
 * the metrics it is about, since a name alone (HostBusy) may say nothing; and,
 * where find_causes names something, by what that is. A passage that does not
 * fit is not quoted, and the report says that none does.
 */
#include "planner/rules/runbook.h"

#include <string.h>

#include "common/base/rc.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"

enum {
	ASKED_MAX = 1000, /* bytes; search_docs takes no more */
	ASKED_METRICS_MAX = 3,
};
/* Of mere names a coincidence has more than of whole sentences, for which the
 * index has its threshold. Chosen on one half of tests/eval/docs/alerts.tsv. */
#define FITS_FROM 0.38

/* ---- asking ---- */

static void
ask_documents(struct ask *a, const struct study *s, const struct facts *f,
    const struct buf *query, const char *document)
{
	bool zh = f->lang == REPORT_ZH;
	cJSON *args = cJSON_CreateObject();

	json_add_span(args, "query", utf8_cut(buf_span(query), ASKED_MAX));
	if (document[0] != '\0')
		json_add_span(
		    args, "document", utf8_cut(span_of(document), ASKED_MAX));
	cJSON_AddStringToObject(args, "section", zh ? "处理" : "how to fix it");
	cJSON_AddStringToObject(args, "language", zh ? "zh" : "en");
	cJSON_AddNumberToObject(args, "limit", 1);
	ask_init(a, f, TOOL_ROLE_DOCS, args, "查找处理手册",
	    "look for a runbook", tree_str(s->alert, "name"));
}

/* Of a histogram's series the one name: _sum is no word for what it is of. */
static struct span
base_of(struct span metric)
{
	static const char *const forms[] = {"_sum", "_count", "_bucket"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(forms); i++) {
		size_t n = strlen(forms[i]);

		if (metric.n > n &&
		    memcmp(metric.p + metric.n - n, forms[i], n) == 0)
			metric.n -= n;
	}
	return metric;
}

static void
ask_of_alert(struct study *s, const struct facts *f)
{
	struct span names[ASKED_METRICS_MAX];
	int n = promql_metrics(
	    span_of(rule_expr(s->rule)), names, ASKED_METRICS_MAX);
	auto_buf query = {.max = 64 << 10};
	int i;

	buf_adds(&query, tree_str(s->alert, "name"));
	for (i = 0; i < n; i++) {
		names[i] = base_of(names[i]);
		if (i == 0 || !span_equal(names[i], names[i - 1]))
			buf_addf(&query, " %.*s", SPAN_ARG(names[i]));
	}
	ask_documents(&s->runbook, s, f, &query,
	    tree_str(tree_at(s->alert, "annotations"), "runbook_url"));
}

static void
ask_of_finding(struct study *s, const struct facts *f)
{
	const struct signal_row *kind;
	const cJSON *change = causes_first_change(s, &kind);
	auto_buf query = {.max = 64 << 10};

	if (change == NULL || causes_confidence(s) < REPORT_SUSPECTED)
		return;
	buf_addf(&query, "%s%s%s", kind->what[f->lang],
	    kind->what[f->lang][0] != '\0' ? " " : "",
	    tree_str(change, "metric"));
	ask_documents(&s->runbook_found, s, f, &query, "");
}

void
runbook_ask(struct study *s, const struct facts *f)
{
	if (!tree_has(s->alert, "name"))
		return;
	ask_of_alert(s, f);
	ask_of_finding(s, f);
}

/* ---- telling ---- */

/* The passage that answers it; NULL: none fits. */
static const cJSON *
passage_of(const struct ask *a)
{
	const cJSON *p =
	    answer_ok(a->answer)
		? cJSON_GetArrayItem(
		      tree_at(tree_at(a->answer, "data"), "passages"), 0)
		: NULL;

	return cJSON_IsTrue(tree_at(p, "named")) ||
		       tree_num(p, "score", 1) >= FITS_FROM
		   ? p
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
runbook_is_named(const struct study *s)
{
	return cJSON_IsTrue(tree_at(passage_of(&s->runbook), "named"));
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

static char *
quote_of(const cJSON *passage)
{
	struct span text = tree_span(passage, "text");
	struct span cut = utf8_cut(text, RUNBOOK_QUOTE_MAX);

	return xasprintf("%.*s%s", SPAN_ARG(cut), cut.n < text.n ? "\n…" : "");
}

static bool
is_quoted(const cJSON *list, const cJSON *passage)
{
	auto_str quote = quote_of(passage);
	const cJSON *claim;

	cJSON_ArrayForEach (claim, list)
		if (tree_is(claim, "quote", quote))
			return true;
	return false;
}

/* ": where the passage is" behind what it is of, with its text where that is
 * not there yet. */
static void
tell(struct drawing *d, cJSON *list, const struct ask *a)
{
	const cJSON *p = passage_of(a);
	auto_str quote = p != NULL ? quote_of(p) : NULL;
	bool again = p != NULL && is_quoted(list, p);
	cJSON *claim;

	say(&d->s, "：", ": ");
	if (p != NULL)
		put_source(d, p);
	else if (answer_ok(a->answer))
		say(&d->s, "没有合适的处理手册", "no runbook fits");
	else
		say(&d->s, "未能查找处理手册",
		    "the runbooks could not be searched");
	if (again)
		say(&d->s, "，上面已引用", ", quoted above");
	say_cite(&d->s, answer_evidence(a->answer));
	claim = say_claim(&d->s);
	if (p != NULL && !again)
		cJSON_AddStringToObject(claim, "quote", quote);
	cJSON_AddItemToArray(list, claim);
}

static void
tell_one(struct drawing *d, cJSON *list, const struct study *s)
{
	const cJSON *found = passage_of(&s->runbook_found);

	say_code(&d->s, tree_str(s->alert, "name"));
	tell(d, list, &s->runbook);
	if (found == NULL || is_quoted(list, found))
		return;
	say(&d->s, "查到的 ", "of what was found, ");
	say_code(&d->s, tree_str(causes_first(s), "service"));
	tell(d, list, &s->runbook_found);
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
