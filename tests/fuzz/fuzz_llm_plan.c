/*
 * fuzz_llm_plan.c - what a model says: refused in words that can be sent
 * back, or a plan that names only tools there are, with arguments they take,
 * and evidence there is.
 *
 * The first byte says whether it was cut short.
 */
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/plan.h"
#include "planner/llm/llm_plan.h"

#include <assert.h>
#include <stdlib.h>

static const char catalogue[] =
    "[{\"name\":\"look\",\"args\":{\"type\":\"object\",\"properties\":{"
    "\"q\":{\"type\":\"string\"}},\"required\":[\"q\"],"
    "\"additionalProperties\":false}},{\"name\":\"now\"}]";

static cJSON *
parsed(const char *text)
{
	cJSON *tree = NULL;

	if (json_parse(span_of(text), NULL, &tree, NULL) != RC_OK)
		abort();
	return tree;
}

static void
is_good(const cJSON *plan, const struct llm_plan_rules *rules)
{
	auto_buf map = {.max = PLAN_BYTES_MAX};
	const cJSON *f, *id;
	struct plan p;

	assert(plan_from_tree(plan, &map, NULL) == RC_OK);
	assert(plan_parse(buf_span(&map), &p, NULL) == RC_OK);
	assert(plan_check(&p, rules->tools, NULL) == RC_OK);
	assert(p.n_steps <= LLM_STEPS_MAX);
	assert(p.decision != PLAN_DECISION_FINISH ||
	       tree_has(plan, "summary") || tree_has(plan, "report"));
	cJSON_ArrayForEach (f, tree_at(plan, "findings"))
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			assert(strcmp(id->valuestring, "E1") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct llm_plan_rules rules;
	AUTO(tree) plan = NULL;
	struct err err = {""};
	enum rc rc;

	if (size == 0)
		return 0;
	if (rules.tools == NULL) {
		rules.tools = parsed(catalogue);
		rules.evidence = parsed("[{\"id\":\"E1\"}]");
	}
	rc = llm_plan_read(span_make(data + 1, size - 1), data[0] % 2 == 1,
	    &rules, &plan, &err);
	if (rc == RC_OK)
		is_good(plan, &rules);
	else
		assert(plan == NULL && err.text[0] != '\0' &&
		       utf8_ok(span_of(err.text)));
	return 0;
}
