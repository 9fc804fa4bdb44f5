/* llm_prompt.c - a run's state as a conversation. */
#include "planner/llm/llm_prompt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/tool_role.h"
#include "planner/llm/llm_digest.h"
#include "planner/llm/llm_redact.h"

enum {
	TOOLS_MAX = 64 << 10,
	INPUT_MAX = 4000,
	GIVEN_MAX = 2400,
	HINT_MAX = 48,
	CONTENT_MAX = 1 << 20,
	FINDINGS_SHOWN = 12
};

/* ---- the tools ---- */

static void
put_type(struct buf *b, const cJSON *schema)
{
	const cJSON *type = tree_at(schema, "type"), *one;
	bool any = false;

	cJSON_ArrayForEach (one, tree_at(schema, "enum")) {
		buf_addf(b, "%s%s", any ? "|" : "",
		    cJSON_IsString(one) ? one->valuestring : "…");
		any = true;
	}
	if (any)
		return;
	if (cJSON_IsString(type))
		buf_adds(b, type->valuestring);
	cJSON_ArrayForEach (one, type) {
		buf_addf(b, "%s%s", any ? "|" : "",
		    cJSON_IsString(one) ? one->valuestring : "");
		any = true;
	}
}

static bool
is_required(const cJSON *schema, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, tree_at(schema, "required"))
		if (cJSON_IsString(one) && strcmp(one->valuestring, name) == 0)
			return true;
	return false;
}

static void
put_args(struct buf *b, const cJSON *schema)
{
	const cJSON *p, *all = tree_at(schema, "properties");

	buf_addc(b, '(');
	cJSON_ArrayForEach (p, all) {
		struct span hint = tree_span(p, "description");

		buf_addf(b, "%s%s%s: ", p == all->child ? "" : ", ", p->string,
		    is_required(schema, p->string) ? "" : "?");
		put_type(b, p);
		if (hint.n > 0 && hint.n <= HINT_MAX)
			buf_addf(b, " (%.*s)", SPAN_ARG(hint));
	}
	buf_addc(b, ')');
}

void
llm_prompt_put_tools(struct buf *b, const cJSON *tools)
{
	const cJSON *t;

	cJSON_ArrayForEach (t, tools) {
		buf_addf(b, "- %s", tree_str(t, "name"));
		put_args(b, tree_at(t, "args"));
		buf_addf(b, ": %s", tree_str(t, "what"));
		buf_addc(b, '\n');
	}
	if (cJSON_GetArraySize(tools) == 0)
		buf_adds(b, "none\n");
}

/* ---- messages ---- */

void
llm_prompt_add(cJSON *messages, const char *role, const char *content)
{
	int n = cJSON_GetArraySize(messages);
	cJSON *m = cJSON_GetArrayItem(messages, n - 1);
	auto_buf clean = {.max = 2 * CONTENT_MAX};

	/* Many a model's template wants the two to take turns. */
	if (n > 0 && tree_is(m, "role", role)) {
		buf_addf(&clean, "%s\n", tree_str(m, "content"));
		cJSON_DeleteItemFromArray(messages, n - 1);
	}
	llm_redact(&clean, span_of(content));
	m = cJSON_CreateObject();
	cJSON_AddStringToObject(m, "role", role);
	cJSON_AddStringToObject(m, "content", buf_str(&clean));
	cJSON_AddItemToArray(messages, m);
}

static void
add_system(cJSON *messages, const struct llm_prompt *p)
{
	auto_buf tools = {.max = TOOLS_MAX}, text = {.max = CONTENT_MAX};

	llm_prompt_put_tools(&tools, p->tools);
	llm_words_put(&text, p->words->at[LLM_WORDS_SYSTEM],
	    (struct llm_put[]){{"tools", buf_str(&tools)},
		{"language", p->lang == REPORT_ZH ? "Chinese" : "English"},
		{NULL, NULL}});
	llm_prompt_add(messages, "system", buf_str(&text));
}

static void
put_moment(struct buf *b, double ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[40] = "now";
	struct tm tm;

	if (ms > 0 && gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_adds(b, text);
}

/* An object or a list as a digest would show it, behind a title. */
static void
put_given(struct buf *b, const char *title, const char *key, const cJSON *v)
{
	AUTO(tree) f = cJSON_CreateObject();
	auto_buf text = {.max = 4 * GIVEN_MAX};
	const char *at;

	if (cJSON_GetArraySize(v) == 0)
		return;
	cJSON_AddItemToObject(
	    cJSON_AddObjectToObject(f, "data"), key, cJSON_Duplicate(v, true));
	llm_digest_put(&text, f, GIVEN_MAX);
	at = strstr(buf_str(&text), "<data>");
	buf_addf(b, "\n%s: %s", title, at != NULL ? at : "");
}

/* What the investigation was about whose results these are. */
static void
put_follows(struct buf *b, const struct llm_prompt *p)
{
	const cJSON *before = tree_at(p->state, "follows");
	auto_buf cut = {.max = INPUT_MAX}, input = {.max = 4 * INPUT_MAX};

	if (before == NULL)
		return;
	buf_add_span(&cut, utf8_cut(tree_span(before, "input"), GIVEN_MAX));
	llm_fence_put(&input, buf_str(&cut));
	buf_addc(b, '\n');
	llm_words_put(b, p->words->at[LLM_WORDS_FOLLOWS],
	    (struct llm_put[]){{"before", buf_str(&input)}, {NULL, NULL}});
}

static void
add_task(cJSON *messages, const struct llm_prompt *p)
{
	auto_buf input = {.max = 4 * INPUT_MAX}, at = {.max = 64};
	auto_buf scope = {.max = CONTENT_MAX}, given = {.max = CONTENT_MAX};
	auto_buf cut = {.max = INPUT_MAX}, text = {.max = CONTENT_MAX};
	char window[32];

	buf_add_span(&cut, utf8_cut(tree_span(p->state, "input"), INPUT_MAX));
	llm_fence_put(&input, buf_str(&cut));
	put_moment(&at, tree_num(p->state, "at", 0));
	snprintf(window, sizeof(window), "%.0f",
	    tree_num(p->state, "window", 1800) / 60);
	put_given(&scope, "Only what has these labels", "labels",
	    tree_at(p->state, "labels"));
	put_given(&given, "The alerts that it is about", "alerts",
	    tree_at(p->state, "alerts"));
	llm_words_put(&text, p->words->at[LLM_WORDS_TASK],
	    (struct llm_put[]){{"input", buf_str(&input)}, {"at", buf_str(&at)},
		{"window", window}, {"scope", buf_str(&scope)},
		{"given", buf_str(&given)}, {NULL, NULL}});
	put_follows(&text, p);
	llm_prompt_add(messages, "user", buf_str(&text));
}

/* A step as the model would have asked for it. */
static void
add_question(cJSON *messages, const struct llm_prompt *p, const cJSON *f)
{
	AUTO(tree) plan = cJSON_CreateObject();
	auto_buf text = {.max = CONTENT_MAX};
	const char *step = tree_str(f, "step");
	size_t n = strlen(p->mark);

	if (strncmp(step, p->mark, n) == 0)
		step += n;
	cJSON_AddStringToObject(plan, "decision", "EXECUTE");
	cJSON_AddStringToObject(plan, "step", step);
	cJSON_AddStringToObject(plan, "tool", tree_str(f, "tool"));
	cJSON_AddItemToObject(plan, "args",
	    cJSON_IsObject(tree_at(f, "args"))
		? cJSON_Duplicate(tree_at(f, "args"), true)
		: cJSON_CreateObject());
	json_print(&text, plan);
	llm_prompt_add(messages, "assistant", buf_str(&text));
}

/* What a result may take: what ranks causes says most. */
static size_t
room_for(const cJSON *f)
{
	static const size_t rooms[TOOL_ROLE_COUNT] = {
	    [TOOL_ROLE_NONE] = 1000,
	    [TOOL_ROLE_ALERTS] = 1400,
	    [TOOL_ROLE_RULES] = 700,
	    [TOOL_ROLE_TARGETS] = 400,
	    [TOOL_ROLE_METRICS] = 650,
	    [TOOL_ROLE_CAUSES] = 2000,
	    [TOOL_ROLE_CLOCK] = 200,
	    [TOOL_ROLE_DOCS] = 1600,
	    [TOOL_ROLE_EVIDENCE] = 3600,
	};

	return rooms[tool_role_of_feedback(f)];
}

static void
put_claims(struct buf *b, const cJSON *list, const char *key)
{
	const cJSON *f, *id;
	int n = 0;

	cJSON_ArrayForEach (f, list) {
		if (n++ == FINDINGS_SHOWN)
			break;
		buf_addf(b, "\n- %s%s", tree_str(f, key),
		    tree_has(f, key) ? ": " : "");
		llm_fence_put(b, tree_str(f, "text"));
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			if (cJSON_IsString(id))
				buf_addf(b, " [%s]", id->valuestring);
	}
}

static void
put_conclusion(struct buf *b, const struct llm_prompt *p)
{
	const cJSON *c = p->conclusion;
	const char *confidence = tree_str(c, "confidence");
	auto_buf text = {.max = CONTENT_MAX};

	llm_fence_put(&text, tree_str(c, "summary"));
	put_claims(&text, tree_at(c, "findings"), "role");
	llm_words_put(b, p->words->at[LLM_WORDS_RULES],
	    (struct llm_put[]){
		{"confidence",
		    confidence[0] != '\0' ? confidence : "undetermined"},
		{"conclusion", buf_str(&text)}, {NULL, NULL}});
}

/* One for each step, and what the rules make of them behind the last that
 * they asked for. */
static void
add_steps(cJSON *messages, const struct llm_prompt *p, int without_data)
{
	const cJSON *list = tree_at(p->state, "executor_feedback"), *f;
	int n = 0;

	cJSON_ArrayForEach (f, list) {
		auto_buf text = {.max = CONTENT_MAX};

		add_question(messages, p, f);
		llm_digest_put(&text, f, n < without_data ? 0 : room_for(f));
		n++;
		if (p->conclusion != NULL && n == p->concluded_after) {
			buf_addc(&text, '\n');
			put_conclusion(&text, p);
		}
		llm_prompt_add(messages, "user", buf_str(&text));
	}
}

size_t
llm_prompt_bytes(const cJSON *messages)
{
	const cJSON *m;
	size_t n = 0;

	cJSON_ArrayForEach (m, messages)
		n += strlen(tree_str(m, "content"));
	return n;
}

static cJSON *
make(const struct llm_prompt *p, int without_data)
{
	cJSON *messages = cJSON_CreateArray();

	add_system(messages, p);
	add_task(messages, p);
	add_steps(messages, p, without_data);
	return messages;
}

cJSON *
llm_prompt_make(const struct llm_prompt *p)
{
	int n = cJSON_GetArraySize(tree_at(p->state, "executor_feedback"));
	int without = 0;
	cJSON *messages = make(p, 0);

	/* By halves, so that not every turn cuts anew where the one before
	 * had it. */
	while (llm_prompt_bytes(messages) > p->bytes && without < n) {
		without = MIN(n, without + MAX((n - without) / 2, 1));
		cJSON_Delete(messages);
		messages = make(p, without);
	}
	if (p->last)
		llm_prompt_add(messages, "user", p->words->at[LLM_WORDS_LAST]);
	return messages;
}
