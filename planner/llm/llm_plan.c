/* llm_plan.c - a model's answer, read strictly. */
#include "planner/llm/llm_plan.h"

#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/schema.h"
#include "common/json/tree.h"
#include "common/report/plan.h"

enum { OBJECTS_TRIED = 8, ANSWER_BYTES = 256 << 10 };

static const struct json_limits limits = {.bytes_max = ANSWER_BYTES,
    .depth_max = PLAN_DEPTH_MAX,
    .values_max = 20000};

/* ---- the schema ---- */

static const char schema_text[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"decision\":{\"enum\":[\"EXECUTE\",\"FINISH\"]},"
    "\"step\":{\"type\":\"string\",\"maxLength\":2000},"
    "\"tool\":{\"type\":\"string\"},"
    "\"args\":{\"type\":\"object\"},"
    "\"context\":{\"type\":\"string\",\"maxLength\":4000},"
    "\"steps\":{\"type\":\"array\",\"maxItems\":4,\"items\":{"
    "\"type\":\"object\",\"properties\":{"
    "\"step\":{\"type\":\"string\",\"maxLength\":2000},"
    "\"tool\":{\"type\":\"string\"},\"args\":{\"type\":\"object\"}},"
    "\"required\":[\"tool\"]}},"
    "\"summary\":{\"type\":\"string\",\"maxLength\":2000},"
    "\"confidence\":{\"enum\":[\"confirmed\",\"likely\",\"suspected\","
    "\"undetermined\"]},"
    "\"findings\":{\"type\":\"array\",\"maxItems\":12,\"items\":{"
    "\"type\":\"object\",\"properties\":{"
    "\"role\":{\"enum\":[\"cause\",\"contributing\",\"trigger\","
    "\"symptom\",\"ruled_out\",\"open\"]},"
    "\"name\":{\"type\":\"string\",\"maxLength\":200},"
    "\"text\":{\"type\":\"string\",\"maxLength\":1000},"
    "\"evidence\":{\"type\":\"array\",\"maxItems\":12,"
    "\"items\":{\"type\":\"string\",\"maxLength\":8}}},"
    "\"required\":[\"role\",\"text\"]}},"
    "\"next\":{\"type\":\"string\",\"maxLength\":1000},"
    "\"report\":{\"type\":\"string\"}},"
    "\"required\":[\"decision\"]}";

/* What a server's grammar makes the model write. */
static const char *const demanded[] = {
    "step", "context", "steps", "summary", "confidence", "findings"};

/* What the prompt says in words, and what is checked when it is read: a
 * grammar needs neither, and many a provider counts it as prompt. */
static const char *const spared[] = {"description", "minLength", "maxLength",
    "minimum", "maximum", "minItems", "maxItems"};

static void
slim(cJSON *schema)
{
	cJSON *p;
	size_t i;

	if (!cJSON_IsObject(schema))
		return;
	for (i = 0; i < ARRAY_LEN(spared); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(schema, spared[i]);
	cJSON_ArrayForEach (p, cJSON_GetObjectItem(schema, "properties"))
		slim(p);
	slim(cJSON_GetObjectItem(schema, "items"));
}

/* A step of each tool with that tool's own arguments, so that a server's
 * grammar lets nothing else be written. */
static void
name_tools(cJSON *items, const cJSON *tools)
{
	cJSON *any = cJSON_CreateArray(), *one, *name;
	const cJSON *t;

	cJSON_ArrayForEach (t, tools) {
		one = cJSON_Duplicate(items, true);
		name = cJSON_CreateObject();
		cJSON_AddItemToArray(cJSON_AddArrayToObject(name, "enum"),
		    cJSON_CreateString(tree_str(t, "name")));
		cJSON_ReplaceItemInObjectCaseSensitive(
		    cJSON_GetObjectItem(one, "properties"), "tool", name);
		if (cJSON_IsObject(tree_at(t, "args")))
			cJSON_ReplaceItemInObjectCaseSensitive(
			    cJSON_GetObjectItem(one, "properties"), "args",
			    cJSON_Duplicate(tree_at(t, "args"), true));
		cJSON_AddItemToArray(cJSON_GetObjectItem(one, "required"),
		    cJSON_CreateString("args"));
		slim(one);
		cJSON_AddItemToArray(any, one);
	}
	while (items->child != NULL)
		cJSON_Delete(cJSON_DetachItemViaPointer(items, items->child));
	cJSON_AddItemToObject(items, "anyOf", any);
}

/* Which ids there are changes from turn to turn, and the schema may be part of
 * what a provider's prefix cache holds; how they look does not. */
static void
cite_by_pattern(cJSON *properties)
{
	cJSON *finding = cJSON_GetObjectItem(
	    cJSON_GetObjectItem(properties, "findings"), "items");
	cJSON *evidence = cJSON_GetObjectItem(
	    cJSON_GetObjectItem(finding, "properties"), "evidence");

	cJSON_AddStringToObject(cJSON_GetObjectItem(evidence, "items"),
	    "pattern", "^E[1-9][0-9]{0,2}$");
	cJSON_AddItemToArray(cJSON_GetObjectItem(finding, "required"),
	    cJSON_CreateString("evidence"));
}

cJSON *
llm_plan_schema(const cJSON *tools, bool for_server)
{
	cJSON *schema = NULL, *properties;
	struct err err;
	size_t i;

	/* Our own text: it parses. */
	if (json_parse(span_of(schema_text), NULL, &schema, &err) != RC_OK)
		return NULL;
	if (!for_server) {
		/* PLAN is a decision of the mission's, which is not offered:
		 * it does nothing. */
		cJSON_AddItemToArray(
		    cJSON_GetObjectItem(
			cJSON_GetObjectItem(
			    cJSON_GetObjectItem(schema, "properties"),
			    "decision"),
			"enum"),
		    cJSON_CreateString("PLAN"));
		return schema;
	}
	properties = cJSON_GetObjectItem(schema, "properties");
	cJSON_DeleteItemFromObject(properties, "tool");
	cJSON_DeleteItemFromObject(properties, "args");
	cJSON_DeleteItemFromObject(properties, "report");
	cite_by_pattern(properties);
	if (cJSON_GetArraySize(tools) > 0)
		name_tools(
		    cJSON_GetObjectItem(
			cJSON_GetObjectItem(properties, "steps"), "items"),
		    tools);
	for (i = 0; i < ARRAY_LEN(demanded); i++)
		cJSON_AddItemToArray(cJSON_GetObjectItem(schema, "required"),
		    cJSON_CreateString(demanded[i]));
	return schema;
}

/* ---- finding the object ---- */

/* The object that begins at s.p[0], by its braces outside strings; empty
 * where it has no end. */
static struct span
object_at(struct span s)
{
	bool in_string = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && c == '{')
			depth++;
		else if (!in_string && c == '}' && --depth == 0)
			return span_make(s.p, i + 1);
	}
	return (struct span){s.p, 0};
}

/* What it is wrong with tells the model more than that there is no other. */
struct search {
	cJSON *found;
	bool any;    /* something that looks like a plan was there */
	bool no_end; /* one that has no end */
	struct err why;
};

static void
try_object(struct search *f, struct span object)
{
	AUTO(tree) tree = NULL;
	struct err why;
	bool like_plan = memmem(object.p, object.n, "\"decision\"", 10) != NULL;

	if (json_parse(object, &limits, &tree, &why) != RC_OK) {
		if (!f->any || like_plan)
			f->why = why;
		f->any = f->any || like_plan;
		return;
	}
	if (cJSON_IsObject(tree) && tree_at(tree, "decision") != NULL)
		f->found = TAKE(tree);
}

static void
find_object(struct search *f, struct span text)
{
	int tried = 0;

	while (text.n > 0 && f->found == NULL && tried++ < OBJECTS_TRIED) {
		const char *open = memchr(text.p, '{', text.n);
		struct span object;

		if (open == NULL)
			return;
		text = span_from(text, (size_t)(open - text.p));
		object = object_at(text);
		if (object.n == 0) {
			f->no_end = true;
			return;
		}
		try_object(f, object);
		text = span_from(text, object.n);
	}
}

/* A report of its own: it begins with a heading, or has some. */
static bool
is_markdown(struct span text)
{
	return text.n > 0 && (text.p[0] == '#' ||
				 memmem(text.p, text.n, "\n## ", 4) != NULL ||
				 memmem(text.p, text.n, "\n# ", 3) != NULL);
}

static cJSON *
report_of(struct span text)
{
	cJSON *tree = cJSON_CreateObject();

	cJSON_AddStringToObject(tree, "decision", "FINISH");
	json_add_span(tree, "report", text);
	return tree;
}

static enum rc
find_plan(struct span text, bool cut, cJSON **ret, struct err *err)
{
	struct search f = {.found = NULL};

	text = span_trim(text);
	find_object(&f, text);
	if (f.found != NULL) {
		*ret = f.found;
		return RC_OK;
	}
	if (cut)
		return err_set(err, RC_INVALID,
		    "it was cut off at the limit on its length; answer "
		    "shorter");
	if (f.any) {
		*err = f.why;
		return err_prefix(err, RC_INVALID, "it is not sound JSON");
	}
	if (f.no_end)
		return err_set(err, RC_INVALID, "its JSON object has no end");
	if (is_markdown(text) && text.n <= PLAN_REPORT_MAX) {
		*ret = report_of(text);
		return RC_OK;
	}
	return err_set(err, RC_INVALID,
	    text.n == 0 ? "it is empty"
			: "there is no JSON object with a \"decision\" in it");
}

/* ---- judging it ---- */

static bool
is_evidence(const cJSON *evidence, const char *id)
{
	const cJSON *e;

	cJSON_ArrayForEach (e, evidence)
		if (tree_is(e, "id", id))
			return true;
	return false;
}

static enum rc
check_findings(const cJSON *tree, const cJSON *evidence, struct err *err)
{
	const cJSON *f, *id;
	int i = 0;

	cJSON_ArrayForEach (f, tree_at(tree, "findings")) {
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			if (!is_evidence(evidence, id->valuestring))
				return err_set(err, RC_INVALID,
				    "findings[%d] cites \"%.20s\", which is no "
				    "evidence; cite ids as they stand in "
				    "brackets before a result",
				    i, id->valuestring);
		if (tree_is(f, "role", "cause") &&
		    cJSON_GetArraySize(tree_at(f, "evidence")) == 0)
			return err_set(err, RC_INVALID,
			    "findings[%d] is a cause and cites no evidence; "
			    "cite it, or give it the role open",
			    i);
		i++;
	}
	return RC_OK;
}

static enum rc
check_plan(const cJSON *tree, const struct llm_plan_rules *r, struct err *err)
{
	auto_buf map = {.max = PLAN_BYTES_MAX};
	struct plan p;
	enum rc rc = plan_from_tree(tree, &map, err);

	if (rc == RC_OK)
		rc = plan_parse(buf_span(&map), &p, err);
	if (rc != RC_OK)
		return rc;
	if (p.decision == PLAN_DECISION_EXECUTE && p.n_steps > LLM_STEPS_MAX)
		return err_set(err, RC_INVALID,
		    "it has %u steps; at most %d at once", p.n_steps,
		    LLM_STEPS_MAX);
	if (p.decision == PLAN_DECISION_FINISH && !tree_has(tree, "summary") &&
	    !tree_has(tree, "report"))
		return err_set(err, RC_INVALID, "FINISH needs a \"summary\"");
	return plan_check(&p, r->tools, err);
}

/* Fields that the decision does not need may be there and say anything: a
 * server's grammar makes models fill them in. */
static void
drop_unneeded(cJSON *tree)
{
	static const char *const of_finish[] = {"tool", "args", "steps"};
	static const char *const of_look[] = {
	    "summary", "confidence", "findings", "next", "report"};
	bool finish = tree_is(tree, "decision", "FINISH");
	size_t i;

	for (i = 0; finish && i < ARRAY_LEN(of_finish); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(tree, of_finish[i]);
	for (i = 0; !finish && i < ARRAY_LEN(of_look); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(tree, of_look[i]);
}

enum rc
llm_plan_read(struct span text, bool cut, const struct llm_plan_rules *rules,
    cJSON **ret, struct err *err)
{
	AUTO(tree) schema = llm_plan_schema(rules->tools, false);
	AUTO(tree) tree = NULL;
	enum rc rc = find_plan(text, cut, &tree, err);

	if (rc == RC_OK)
		drop_unneeded(tree);
	if (rc == RC_OK)
		rc = schema_check(schema, tree, "it", err);
	if (rc == RC_OK)
		rc = check_plan(tree, rules, err);
	if (rc == RC_OK)
		rc = check_findings(tree, rules->evidence, err);
	if (rc == RC_OK)
		*ret = TAKE(tree);
	return rc;
}
