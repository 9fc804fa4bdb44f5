/*
 * name.c - what people call an investigation, and a piece of evidence.
 */
#include "gateway/cli/name.h"

#include "common/json/json.h"
#include "common/json/tree.h"
#include "gateway/cli/call.h"

#include <stdlib.h>
#include <string.h>

enum { ID_CHARS = 17 }; /* of a whole id */

struct search {
	const char *text;
	bool latest;
	char *found; /* owned; NULL: none yet */
	double next; /* of the page that was read; 0: it is the last */
};

/* RC_CONFLICT: it is the second one. */
static enum rc
search_take(struct search *s, const char *id, struct err *err)
{
	if (!s->latest && strncmp(id, s->text, strlen(s->text)) != 0)
		return RC_OK;
	if (s->found != NULL)
		return s->latest ? RC_OK
				 : err_set(err, RC_CONFLICT,
				       "%s and %s both begin with %s", id,
				       s->found, s->text);
	s->found = xstrdup(id);
	return RC_OK;
}

static enum rc
search_page(struct search *s, const struct call_at *at, struct err *err)
{
	auto_str before = xasprintf(s->next > 0 ? "&before=%.0f" : "", s->next);
	auto_str path = xasprintf(
	    "/api/investigations?limit=%d%s", s->latest ? 1 : 200, before);
	auto_call_reply reply = {0};
	struct call_request rq = {.at = at, .path = path};
	AUTO(json) page = NULL;
	const cJSON *run;
	enum rc rc = call_make(&rq, &reply, err);

	if (rc == RC_OK)
		rc = json_parse(buf_span(&reply.body), NULL, &page, err);
	if (rc != RC_OK)
		return rc;
	s->next = tree_num(page, "next", 0);
	cJSON_ArrayForEach (run, tree_at(page, "investigations"))
		if (rc == RC_OK)
			rc = search_take(s, tree_str(run, "id"), err);
	return rc;
}

enum rc
name_run(const struct conf *conf, const char *text, char **ret, struct err *err)
{
	struct search s = {.text = text, .latest = strcmp(text, "latest") == 0};
	auto_call_at at = {0};
	int pages = 0;
	enum rc rc;

	if (strlen(text) >= ID_CHARS) {
		*ret = xstrdup(text);
		return RC_OK;
	}
	rc = call_open(conf, &at, err);
	do
		if (rc == RC_OK)
			rc = search_page(&s, &at, err);
	while (rc == RC_OK && s.next > 0 && !s.latest && ++pages < NAME_PAGES);
	if (rc == RC_OK && s.found == NULL)
		rc = s.latest ? err_set(err, RC_NOTFOUND,
				    "there is no investigation yet")
			      : err_set(err, RC_NOTFOUND,
				    "there is no investigation %s%s", text,
				    s.next > 0 ? " among the newest" : "");
	if (rc == RC_OK)
		*ret = s.found;
	else
		free(s.found);
	return rc;
}

char *
name_evidence(const char *text)
{
	size_t n = strlen(text);

	if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n > 0 && (text[0] == 'e' || text[0] == 'E')) {
		text++;
		n--;
	}
	return xasprintf("E%.*s", (int)n, text);
}
