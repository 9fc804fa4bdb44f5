/* grounds.c - what a model claims, held against its evidence. */
#include "common/report/grounds.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/json/tree.h"
#include "common/report/report.h"
#include "common/report/statements.h"
#include "common/report/verify_view.h"

struct grounds {
	const cJSON *claim, *conclusion, *state;
	const char *text, *name;
};

/* ---- what is cited ---- */

static bool
is_cited(const cJSON *claim, const cJSON *feedback)
{
	const cJSON *id = cJSON_GetArrayItem(tree_at(feedback, "evidence"), 0);
	const cJSON *cited;

	cJSON_ArrayForEach (cited, tree_at(claim, "evidence"))
		if (cJSON_IsString(id) && cJSON_IsString(cited) &&
		    strcmp(id->valuestring, cited->valuestring) == 0)
			return true;
	return false;
}

/* Whether a text of the tree is s, or, part, holds it. */
static bool
tree_holds(const cJSON *tree, const char *s, bool part)
{
	const cJSON *one;

	if (cJSON_IsString(tree))
		return part ? strstr(tree->valuestring, s) != NULL
			    : strcmp(tree->valuestring, s) == 0;
	if (part && tree->string != NULL && strcmp(tree->string, s) == 0)
		return true;
	cJSON_ArrayForEach (one, tree)
		if (tree_holds(one, s, part))
			return true;
	return false;
}

/* In what the tools that are cited answered; part: or were asked. */
static bool
occurs(const struct grounds *g, const char *s, bool part)
{
	static const char *const keys[] = {"data", "summary", "query", "args"};
	const cJSON *f, *v;
	size_t i;

	cJSON_ArrayForEach (f, tree_at(g->state, "executor_feedback")) {
		if (!is_cited(g->claim, f))
			continue;
		for (i = 0; i < (part ? ARRAY_LEN(keys) : 1); i++) {
			v = tree_at(f, keys[i]);
			if (v != NULL && tree_holds(v, s, part))
				return true;
		}
	}
	return false;
}

/* ---- what is no text ---- */

/* The word around p. */
static char *
word_at(const char *text, const char *p)
{
	const char *end = p;

	while (p > text && !isspace((unsigned char)p[-1]) && p[-1] != '(' &&
	       p[-1] != '<' && p[-1] != '"' && p[-1] != '`')
		p--;
	while (*end != '\0' && !isspace((unsigned char)*end) &&
	       strchr(")>\"`,;", *end) == NULL)
		end++;
	return xstrndup(p, (size_t)(end - p));
}

static enum rc
check_links(const struct grounds *g, struct err *why)
{
	static const char *const marks[] = {"://", "www."};
	size_t i;

	for (i = 0; i < ARRAY_LEN(marks); i++) {
		const char *p = g->text;

		for (; (p = strstr(p, marks[i])) != NULL; p++) {
			auto_str word = word_at(g->text, p);

			if (!occurs(g, word, true))
				return err_set(why, RC_INVALID,
				    "the link %.80s is not in the evidence it "
				    "cites",
				    word);
		}
	}
	if (strstr(g->text, "](") != NULL)
		return err_set(why, RC_INVALID, "it holds a link or an image");
	return RC_OK;
}

static enum rc
check_markup(const struct grounds *g, struct err *why)
{
	const char *p = g->text;

	for (; (p = strchr(p, '<')) != NULL; p++)
		if (isalpha((unsigned char)p[1]) || p[1] == '/' || p[1] == '!')
			return err_set(why, RC_INVALID, "it holds markup");
	return RC_OK;
}

/* What stands in backticks is somebody's: whoever is cited has said it. */
static enum rc
check_quotes(const struct grounds *g, struct err *why)
{
	const char *p = g->text, *end;

	for (; (p = strchr(p, '`')) != NULL; p = end + 1) {
		auto_str quoted = NULL;

		end = strchr(p + 1, '`');
		if (end == NULL)
			return RC_OK;
		quoted = xstrndup(p + 1, (size_t)(end - p - 1));
		if (quoted[0] != '\0' && !occurs(g, quoted, true))
			return err_set(why, RC_INVALID,
			    "`%.80s` is not in the evidence it cites", quoted);
	}
	return RC_OK;
}

/* ---- who is at fault ---- */

static bool
is_about(const cJSON *finding, const char *name)
{
	const cJSON *says = tree_at(finding, "says");

	return tree_has(says, "service")
		   ? tree_is(says, "service", name)
		   : verify_holds_word(tree_span(finding, "text"), name);
}

/* What the code's conclusion says of it: a cause, or, where the model claims no
 * more than that, a suspect. */
static bool
is_borne(const struct grounds *g, const char *name)
{
	const cJSON *opinion = tree_at(g->conclusion, "opinion"), *f;
	bool modest = report_confidence_of(tree_str(opinion, "confidence")) <=
		      REPORT_SUSPECTED;

	cJSON_ArrayForEach (f, tree_at(g->conclusion, "findings"))
		if ((tree_is(f, "role", "cause") ||
			(modest &&
			    tree_is(tree_at(f, "says"), "kind", "suspect"))) &&
		    is_about(f, name))
			return true;
	return false;
}

static enum rc
check_name(const struct grounds *g, struct err *why)
{
	if (g->name[0] == '\0')
		return err_set(why, RC_INVALID,
		    "it has no \"name\": of the service, process or change, "
		    "as the evidence it cites has it");
	if (!verify_holds_word(span_of(g->text), g->name))
		return err_set(why, RC_INVALID,
		    "its text does not say its name, %.80s", g->name);
	if (!occurs(g, g->name, false))
		return err_set(why, RC_INVALID,
		    "nothing is called %.80s in the evidence it cites",
		    g->name);
	return RC_OK;
}

static enum rc
check_cause(const struct grounds *g, struct err *why)
{
	enum rc rc = check_name(g, why);

	if (rc == RC_OK && !is_borne(g, g->name))
		return err_set(why, RC_INVALID,
		    "that %.80s is the cause is not shown by what the tools "
		    "answered",
		    g->name);
	return rc;
}

/* Evidence against it is an answer that says so of it. */
static bool
speaks_against(const struct grounds *g)
{
	static const char *const kinds[] = {"nothing_unusual", "explained"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO(tree) finding = cJSON_Duplicate(g->claim, true);
		cJSON *says;

		cJSON_DeleteItemFromObjectCaseSensitive(finding, "says");
		says = cJSON_AddObjectToObject(finding, "says");
		cJSON_AddStringToObject(says, "kind", kinds[i]);
		cJSON_AddStringToObject(says, "service", g->name);
		if (statement_holds(finding, g->state))
			return true;
	}
	return false;
}

/* Whom the code's conclusion holds to be the cause and the text names; NULL:
 * nobody. */
static const char *
cause_named(const struct grounds *g)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(g->conclusion, "findings")) {
		const char *service = tree_str(tree_at(f, "says"), "service");

		if (tree_is(f, "role", "cause") && service[0] != '\0' &&
		    verify_holds_word(span_of(g->text), service))
			return service;
	}
	return NULL;
}

static enum rc
check_ruled_out(const struct grounds *g, struct err *why)
{
	if (g->name[0] == '\0' && cause_named(g) == NULL)
		return RC_OK;
	if (g->name[0] != '\0' && speaks_against(g))
		return RC_OK;
	return err_set(why, RC_INVALID,
	    "what it cites does not rule out %.80s: that is an answer of "
	    "find_causes that found nothing unusual of it, or explains it by "
	    "what it depends on",
	    g->name[0] != '\0' ? g->name : cause_named(g));
}

static const struct {
	const char *role;
	enum rc (*check)(const struct grounds *g, struct err *why);
} roles[] = {
    {"cause", check_cause},
    {"contributing", check_name},
    {"trigger", check_name},
    {"ruled_out", check_ruled_out},
};

enum rc
grounds_hold(const cJSON *claim, const cJSON *conclusion, const cJSON *state,
    struct err *why)
{
	struct grounds g = {claim, conclusion, state, tree_str(claim, "text"),
	    tree_str(claim, "name")};
	enum rc rc = check_links(&g, why);
	size_t i;

	if (rc == RC_OK)
		rc = check_markup(&g, why);
	if (rc == RC_OK)
		rc = check_quotes(&g, why);
	for (i = 0; i < ARRAY_LEN(roles) && rc == RC_OK; i++)
		if (tree_is(claim, "role", roles[i].role))
			rc = roles[i].check(&g, why);
	return rc;
}
