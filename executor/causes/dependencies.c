/*
 * dependencies.c - reading the pairs of callers and callees.
 */
#include "executor/causes/dependencies.h"

#include <stdlib.h>
#include <string.h>

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		s[--n] = '\0';
	return s;
}

static enum rc
add_pair(struct dependencies *d, char *part, struct err *err)
{
	char *arrow = strchr(part, '>');
	struct causes_name_pair *p = &d->pairs[d->n];

	if (d->n == DEPENDENCIES_MAX)
		return err_set(err, RC_TOOBIG,
		    "dependencies: more than %d pairs", DEPENDENCIES_MAX);
	if (arrow == NULL)
		return err_set(err, RC_INVALID, "dependencies: \"%s\" is not "
		    "of the form caller>callee", part);
	*arrow = '\0';
	p->client = trim(part);
	p->server = trim(arrow + 1);
	if (*p->client == '\0' || *p->server == '\0' ||
	    strchr(p->server, '>') != NULL)
		return err_set(err, RC_INVALID, "dependencies: a pair is "
		    "caller>callee, with a name on either side");
	d->n++;
	return RC_OK;
}

enum rc
dependencies_read(const char *text, struct dependencies *ret, struct err *err)
{
	struct dependencies d = {.text = xstrdup(text != NULL ? text : "")};
	char *rest = d.text, *part;
	enum rc rc = RC_OK;

	while (rc == RC_OK && (part = strsep(&rest, ",")) != NULL)
		if (*trim(part) != '\0')
			rc = add_pair(&d, part, err);
	if (rc != RC_OK) {
		dependencies_done(&d);
		return rc;
	}
	*ret = d;
	return RC_OK;
}

void
dependencies_done(struct dependencies *d)
{
	free(d->text);
	*d = (struct dependencies){0};
}
