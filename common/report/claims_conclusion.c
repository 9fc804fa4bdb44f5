/*
 * claims_conclusion.c - the claims of a structured conclusion.
 *
 * Each rests on the ids beside it and on nothing else. What backticks
 * enclose is quoted.
 */
#include "common/report/claims.h"

#include <string.h>

#include "common/json/tree.h"

static void
say_sentence(struct claims *c, struct claim *claim, struct span s)
{
	const char *p = s.p, *end = s.p + s.n;

	while (p < end) {
		const char *open = memchr(p, '`', (size_t)(end - p));
		const char *close =
		    open == NULL
			? NULL
			: memchr(open + 1, '`', (size_t)(end - open - 1));
		struct span quotation;

		if (close == NULL) {
			claims_say(
			    c, &claim->said, span_make(p, (size_t)(end - p)));
			return;
		}
		claims_say(c, &claim->said, span_make(p, (size_t)(open - p)));
		quotation = span_make(open + 1, (size_t)(close - open - 1));
		claims_say(c, &claim->said,
		    claims_is_figure(quotation) ? quotation : span_of(" "));
		p = close + 1;
	}
}

static void
cite_all(struct claims *c, const cJSON *ids)
{
	const cJSON *id;

	cJSON_ArrayForEach (id, ids)
		if (cJSON_IsString(id))
			claims_cite(c, claims_number(span_of(id->valuestring)));
}

/* node's member key, if it has one, on the evidence of from. */
static void
add(struct claims *c, cJSON *node, const char *key, const cJSON *from,
    const char *place)
{
	struct claim *claim;

	if (!cJSON_IsObject(node))
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(node, REPORT_UNVERIFIED);
	if (!tree_has(node, key) &&
	    cJSON_GetArraySize(tree_at(from, "evidence")) == 0)
		return;
	claim = claims_add(c);
	claim->place = place;
	claim->node = node;
	claim->section = 2;
	say_sentence(c, claim, tree_span(node, key));
	cite_all(c, tree_at(from, "evidence"));
	claim->rests = claim->cites;
}

static void
add_list(struct claims *c, cJSON *list, const char *place)
{
	cJSON *item, *next;

	for (item = list != NULL ? list->child : NULL; item != NULL;
	     item = next) {
		next = item->next;
		if (cJSON_IsString(item)) {
			cJSON *claim = cJSON_CreateObject();

			cJSON_AddStringToObject(
			    claim, "text", item->valuestring);
			cJSON_ReplaceItemViaPointer(list, item, claim);
			item = claim;
		}
		add(c, item, "text", item, place);
	}
}

static cJSON *
member(cJSON *of, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(of, key);
}

static void
add_incident(struct claims *c, cJSON *incident)
{
	add(c, incident, "title", member(incident, "answer"),
	    "an incident's title");
	add(c, member(incident, "answer"), "text", member(incident, "answer"),
	    "an answer");
	add(c, member(incident, "course"), "text", member(incident, "course"),
	    "a course");
	add(c, member(incident, "verdict"), "text", member(incident, "verdict"),
	    "a verdict");
	add_list(c, member(incident, "chain"), "a chain");
}

void
claims_conclude(struct claims *c, cJSON *conclusion)
{
	cJSON *i;

	if (!cJSON_IsObject(conclusion))
		return;
	add(c, conclusion, "summary", conclusion, "the summary");
	cJSON_ArrayForEach (i, member(conclusion, "incidents"))
		add_incident(c, i);
	add_list(c, member(conclusion, "findings"), "a finding");
	cJSON_ArrayForEach (i, member(conclusion, "findings"))
		if (tree_has(i, "next"))
			add(c, i, "next", i, "a next step");
	add(c, member(conclusion, "first"), "text", member(conclusion, "first"),
	    "what to do first");
	add_list(c, member(conclusion, "actions"), "an action");
	add_list(c, member(conclusion, "runbooks"), "a runbook");
	add_list(c, member(conclusion, "answers"), "an answer to the question");
	add_list(
	    c, member(member(conclusion, "opinion"), "claims"), CLAIMS_OPINION);
	add_list(
	    c, member(conclusion, "not_looked_at"), "what was not looked at");
}
