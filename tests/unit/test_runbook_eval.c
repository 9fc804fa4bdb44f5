/*
 * test_runbook_eval.c - which runbooks reports quote: the rules planner, asked
 * of each alert and finding of tests/eval/docs/alerts.tsv in both languages,
 * over our runbooks and as many documents about other things.
 *
 * As in test_docs_eval.c one half is there to tune on, and what is promised is
 * promised of the other one. EVAL_SHOW=1 prints each row with what was quoted.
 */
#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/rules/rules.h"
#include "tests/harness/docs_eval.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { COLUMNS = 6, ROUNDS_MAX = 10, QUOTES_MAX = 8, NAME_MAX_BYTES = 64 };

enum column { HALF, ALERT, EXPR, FINDING, FOR_ALERT, FOR_FINDING };

/* Of what is wanted: quoted, or rightly nothing; not quoted. And quotations
 * that nobody wants. */
struct tally {
	int right, none, wrong;
};

struct asking {
	struct docs *docs;
	char *cell[COLUMNS];
	const char *language;
	cJSON *state;
	int n_evidence;
	char quoted[QUOTES_MAX][NAME_MAX_BYTES]; /* without .en.md */
	int n_quoted;
};

/* ---- what the tools answer ---- */

static cJSON *
parsed(const char *text)
{
	cJSON *tree = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(text), NULL, &tree, &err) == RC_OK,
	    "%s: %s", err.text, text);
	return tree;
}

static cJSON *
labels_of(const struct asking *a)
{
	cJSON *labels = cJSON_CreateObject();

	cJSON_AddStringToObject(labels, "alertname", a->cell[ALERT]);
	cJSON_AddStringToObject(labels, "instance", "10.0.0.7:9100");
	return labels;
}

static cJSON *
alerts(const struct asking *a, const cJSON *args UNUSED)
{
	cJSON *data = parsed("{\"alerts\":[{\"state\":\"firing\","
			     "\"activeAt\":1763895000000}]}");
	cJSON *alert = cJSON_GetArrayItem(tree_at(data, "alerts"), 0);

	cJSON_AddStringToObject(alert, "name", a->cell[ALERT]);
	cJSON_AddItemToObject(alert, "labels", labels_of(a));
	return data;
}

static cJSON *
rules(const struct asking *a, const cJSON *args UNUSED)
{
	cJSON *data = parsed("{\"rules\":[{\"type\":\"alerting\","
			     "\"labels\":{}}]}");
	cJSON *rule = cJSON_GetArrayItem(tree_at(data, "rules"), 0);

	cJSON_AddStringToObject(rule, "name", a->cell[ALERT]);
	cJSON_AddStringToObject(rule, "query", a->cell[EXPR]);
	return data;
}

static cJSON *
targets(const struct asking *a UNUSED, const cJSON *args UNUSED)
{
	return parsed("{\"targets\":[]}");
}

static cJSON *
metrics(const struct asking *a UNUSED, const cJSON *args UNUSED)
{
	return parsed("{\"series\":[]}");
}

/* "SERVICE KIND METRIC DIRECTION", or nobody stands out. */
static cJSON *
causes(const struct asking *a, const cJSON *args UNUSED)
{
	char service[64], kind[64], metric[128], direction[16];
	auto_str text = NULL;

	if (strcmp(a->cell[FINDING], "-") == 0)
		return parsed("{\"confidence\":\"undetermined\","
			      "\"causes\":[],\"series\":[]}");
	ck_assert_int_eq(sscanf(a->cell[FINDING], "%63s %63s %127s %15s",
			     service, kind, metric, direction),
	    4);
	text = xasprintf(
	    "{\"confidence\":\"likely\",\"causes\":[{\"service\":\"%s\","
	    "\"score\":0.9,\"reason\":\"r\",\"series\":[0],\"on_path\":"
	    "[\"%s\"]}],\"series\":[{\"service\":\"%s\",\"metric\":\"%s\","
	    "\"form\":\"rate\",\"kind\":\"%s\",\"labels\":{},\"unit\":\"\","
	    "\"direction\":\"%s\",\"change\":{\"from\":1,\"to\":9},\"began\":"
	    "1763895000}]}",
	    service, service, service, metric, kind, direction);
	return parsed(text);
}

/* As search_docs has it. */
static cJSON *
documents(const struct asking *a, const cJSON *args)
{
	struct docs_query q = {.text = span_of(tree_str(args, "query")),
	    .document = span_of(tree_str(args, "document")),
	    .section = span_of(tree_str(args, "section")),
	    .language = span_of(tree_str(args, "language")),
	    .limit = (size_t)tree_num(args, "limit", 3)};
	cJSON *data = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(data, "passages");
	struct docs_found f = {.n = 0};
	struct err err = {0};
	size_t i;

	ck_assert_msg(
	    docs_find(a->docs, &q, NULL, &f, &err) == RC_OK, "%s", err.text);
	if (getenv("EVAL_SHOW") != NULL)
		printf("    %s: %s %.3f\n", tree_str(args, "query"),
		    f.n > 0 ? f.list[0].id : "-",
		    f.n > 0 ? f.list[0].score : 0);
	for (i = 0; i < f.fitting; i++) {
		cJSON *p = cJSON_CreateObject();

		cJSON_AddStringToObject(p, "source", f.list[i].source);
		cJSON_AddNumberToObject(p, "score", f.list[i].score);
		if (f.list[i].named)
			cJSON_AddTrueToObject(p, "named");
		cJSON_AddStringToObject(p, "path", f.list[i].path);
		cJSON_AddStringToObject(p, "text", f.list[i].text);
		cJSON_AddItemToArray(list, p);
	}
	docs_found_done(&f);
	return data;
}

static const struct {
	const char *name, *role;
	cJSON *(*answer)(const struct asking *a, const cJSON *args);
} tools[] = {{"query_prometheus_alerts", "alerts", alerts},
    {"query_prometheus_rules", "rules", rules},
    {"query_prometheus_targets", "targets", targets},
    {"query_prometheus_metrics", "metrics", metrics},
    {"find_causes", "causes", causes}, {"search_docs", "docs", documents}};

/* ---- an investigation ---- */

static cJSON *
state_of(const char *language)
{
	auto_str text =
	    xasprintf("{\"at\":1763895600000,\"window\":1800,\"iteration\":0,"
		      "\"language\":\"%s\",\"renders\":true,\"tools\":[],"
		      "\"executor_feedback\":[],\"evidence\":[]}",
		language);
	cJSON *state = parsed(text);
	size_t i;

	for (i = 0; i < ARRAY_LEN(tools); i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", tools[i].name);
		cJSON_AddStringToObject(one, "role", tools[i].role);
		cJSON_AddItemToArray(cJSON_GetObjectItem(state, "tools"), one);
	}
	return state;
}

static void
perform(struct asking *a, const cJSON *step)
{
	const char *tool = tree_str(step, "tool");
	const cJSON *args = tree_at(step, "args");
	auto_str id = xasprintf("E%d", ++a->n_evidence);
	cJSON *f = cJSON_CreateObject(), *e = cJSON_CreateObject();
	size_t i = 0;

	while (i < ARRAY_LEN(tools) && strcmp(tools[i].name, tool) != 0)
		i++;
	ck_assert_msg(i < ARRAY_LEN(tools), "there is no %s", tool);
	cJSON_AddStringToObject(f, "tool", tool);
	cJSON_AddStringToObject(f, "role", tools[i].role);
	cJSON_AddStringToObject(f, "status", "SUCCESS");
	cJSON_AddItemToObject(f, "args", cJSON_Duplicate(args, true));
	cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(f, "evidence"), cJSON_CreateString(id));
	cJSON_AddItemToObject(f, "data", tools[i].answer(a, args));
	cJSON_AddItemToArray(
	    cJSON_GetObjectItem(a->state, "executor_feedback"), f);
	cJSON_AddStringToObject(e, "id", id);
	cJSON_AddItemToArray(cJSON_GetObjectItem(a->state, "evidence"), e);
}

static cJSON *
plan(const struct asking *a)
{
	auto_buf wire = {.max = 1 << 20}, update = {.max = 16 << 20};

	wire_put_tree(&wire, a->state);
	rules_plan(&update, buf_span(&wire), REPORT_ZH, 0);
	return wire_to_tree(buf_span(&update));
}

/* The conclusion that it comes to, the caller's. */
static cJSON *
investigate(struct asking *a)
{
	int i;

	for (i = 0; i < ROUNDS_MAX; i++) {
		AUTO(tree) update = plan(a);
		const cJSON *planned = tree_at(update, "planner_plan"), *step;

		if (tree_is(update, "decision", "FINISH"))
			return cJSON_Duplicate(
			    tree_at(update, "conclusion"), true);
		cJSON_ArrayForEach (step, tree_at(planned, "steps"))
			perform(a, step);
		if (cJSON_GetArraySize(tree_at(planned, "steps")) == 0)
			perform(a, planned);
		cJSON_SetNumberHelper(
		    cJSON_GetObjectItem(a->state, "iteration"), i + 1);
	}
	ck_abort_msg("no end after %d rounds", ROUNDS_MAX);
	return NULL;
}

/* ---- what was quoted ---- */

/* The source of the passage that the evidence of that id has. */
static const char *
source_of(const struct asking *a, const char *id)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(a->state, "executor_feedback"))
		if (strcmp(cJSON_GetArrayItem(tree_at(f, "evidence"), 0)
			       ->valuestring,
			id) == 0)
			return tree_str(
			    cJSON_GetArrayItem(
				tree_at(tree_at(f, "data"), "passages"), 0),
			    "source");
	return "";
}

static void
read_quotes(struct asking *a, const cJSON *conclusion)
{
	const cJSON *claim, *id;

	cJSON_ArrayForEach (claim, tree_at(conclusion, "runbooks")) {
		id = cJSON_GetArrayItem(tree_at(claim, "evidence"), 0);
		if (!tree_has(claim, "quote") || a->n_quoted == QUOTES_MAX)
			continue;
		snprintf(a->quoted[a->n_quoted++], NAME_MAX_BYTES, "%.*s",
		    (int)strcspn(source_of(a, id->valuestring), "."),
		    source_of(a, id->valuestring));
	}
}

/* "a,b,-": is name one of them? */
static bool
is_wanted(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list[0] != '\0';
	     list += strcspn(list, ",") + (strchr(list, ',') != NULL))
		if (strcspn(list, ",") == n && strncmp(list, name, n) == 0)
			return true;
	return false;
}

static void
count_column(const struct asking *a, const char *wanted, struct tally *t)
{
	int i;

	for (i = 0; i < a->n_quoted; i++)
		if (is_wanted(wanted, a->quoted[i])) {
			t->right++;
			return;
		}
	if (is_wanted(wanted, "-"))
		t->right++;
	else
		t->none++;
}

static void
count(const struct asking *a, struct tally *t)
{
	struct tally before = *t;
	int i;

	count_column(a, a->cell[FOR_ALERT], t);
	if (strcmp(a->cell[FINDING], "-") != 0)
		count_column(a, a->cell[FOR_FINDING], t);
	for (i = 0; i < a->n_quoted; i++)
		t->wrong += !is_wanted(a->cell[FOR_ALERT], a->quoted[i]) &&
			    !is_wanted(a->cell[FOR_FINDING], a->quoted[i]);
	if (getenv("EVAL_SHOW") == NULL)
		return;
	printf("%s %s %-28s %-40s wanted %s; %s: quoted", a->cell[HALF],
	    a->language, a->cell[ALERT], a->cell[FINDING], a->cell[FOR_ALERT],
	    a->cell[FOR_FINDING]);
	for (i = 0; i < a->n_quoted; i++)
		printf(" %s", a->quoted[i]);
	printf("%s%s\n", t->wrong > before.wrong ? " WRONG" : "",
	    t->none > before.none ? " NONE" : "");
}

/* A line, which it changes. */
static void
ask(struct docs *docs, char *line, const char *language, struct tally halves[2])
{
	struct asking a = {
	    .docs = docs, .language = language, .state = state_of(language)};
	AUTO(tree) conclusion = NULL;
	int i;

	for (i = 0; i < COLUMNS; i++)
		a.cell[i] = strsep(&line, "\t");
	ck_assert_ptr_nonnull(a.cell[COLUMNS - 1]);
	conclusion = investigate(&a);
	read_quotes(&a, conclusion);
	count(&a, &halves[a.cell[HALF][0] == 'H']);
	cJSON_Delete(a.state);
}

static int
ask_all(struct docs *docs, const char *language, struct tally halves[2])
{
	auto_str path = xasprintf(
	    "%s/tests/eval/docs/alerts.tsv", getenv("CULPRIT_SOURCE"));
	auto_str text = file_read(path);
	char *at = text, *line;
	int n = 0;

	for (; (line = strsep(&at, "\n")) != NULL; n++)
		if (line[0] == '\0' || line[0] == '#')
			n--;
		else
			ask(docs, line, language, halves);
	return n;
}

START_TEST(reports_quote_the_runbook_that_is_wanted)
{
	static const char *const languages[] = {"en", "zh"};
	static const char *const names[] = {"tuned on", "held back"};
	char *root = scratch_new();
	auto_str dir = xasprintf("%s/docs", root);
	auto_str path = xasprintf("%s/docs.db", root);
	struct docs_conf conf = {.path = path, .dir = dir, .starter = true};
	struct tally halves[2] = {0};
	struct docs *d = NULL;
	struct err err = {0};
	int i, wanted;

	mkdir(dir, 0700);
	eval_distractors(dir);
	ck_assert(docs_open(&conf, &d, &err) == RC_OK);
	for (i = 0; i < (int)ARRAY_LEN(languages); i++)
		ck_assert_int_ge(ask_all(d, languages[i], halves), 80);
	docs_close(d);
	scratch_free(root);
	for (i = 0; i < 2; i++)
		printf("%-9s  right %3d  none %3d  wrong quotes %3d\n",
		    names[i], halves[i].right, halves[i].none, halves[i].wrong);
	fflush(stdout);
	wanted = halves[1].right + halves[1].none;
	ck_assert_double_ge(halves[1].right, 0.90 * wanted);
	ck_assert_double_le(halves[1].wrong, 0.05 * wanted);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {reports_quote_the_runbook_that_is_wanted, 0},
	};

	return RUN_TESTS("runbook_eval", tests);
}
