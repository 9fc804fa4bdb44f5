/* targets.c - who is told of reports: the file of --notify-file. */
#include "common/agent/targets.h"

#include <errno.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = TARGET_URL_MAX + 200 };

static const char *const forms[TARGET_FORMS] = {
    "json", "slack", "feishu", "dingtalk", "wecom"};

static const char help[] =
    "want NAME FORM URL, FORM being json, slack, feishu, dingtalk or wecom";

static bool
form_parse(struct span word, enum target_form *ret)
{
	int f;

	for (f = 0; f < TARGET_FORMS; f++) {
		if (!span_is(word, forms[f]))
			continue;
		*ret = (enum target_form)f;
		return true;
	}
	return false;
}

static bool
is_name(struct span word)
{
	size_t i;

	for (i = 0; i < word.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_",
			word.p[i]) == NULL)
			return false;
	return word.n > 0 && word.n <= TARGET_NAME_MAX;
}

static enum rc
line_read(struct span line, targets_check_fn *check, struct targets *t,
    struct err *err)
{
	struct span name = span_word(&line), form = span_word(&line);
	struct span url = span_word(&line);
	struct target *at = &t->at[t->n];
	struct err why;

	if (name.n == 0 || name.p[0] == '#')
		return RC_OK;
	if (!form_parse(form, &at->form) || url.n == 0 ||
	    span_word(&line).n != 0)
		return err_set(err, RC_INVALID, "%s", help);
	if (!is_name(name))
		return err_set(err, RC_INVALID,
		    "a name has 1 to %d of a-z, 0-9, - and _", TARGET_NAME_MAX);
	if (t->n == TARGETS_MAX)
		return err_set(
		    err, RC_INVALID, "more than %d of them", TARGETS_MAX);
	if (targets_find(t, name) != NULL)
		return err_set(
		    err, RC_INVALID, "%.*s is there already", SPAN_ARG(name));
	snprintf(at->name, sizeof(at->name), "%.*s", SPAN_ARG(name));
	snprintf(at->url, sizeof(at->url), "%.*s", SPAN_ARG(url));
	/* Why would name it. */
	if (url.n > TARGET_URL_MAX ||
	    (check != NULL && check(at->url, &why) != RC_OK))
		return err_set(err, RC_INVALID,
		    "the URL of %s must be an absolute http or https one of "
		    "at most %d bytes",
		    at->name, TARGET_URL_MAX);
	t->n++;
	return RC_OK;
}

enum rc
targets_read(const char *path, targets_check_fn *check, struct targets *ret,
    struct err *err)
{
	char line[LINE_MAX_BYTES];
	enum rc rc = RC_OK;
	int number = 0;
	FILE *f;

	ret->n = 0;
	if (path == NULL)
		return RC_OK;
	f = fopen(path, "re");
	if (f == NULL)
		return err_set(
		    err, RC_IO, "cannot read %s: %s", path, strerror(errno));
	while (rc == RC_OK && fgets(line, sizeof(line), f) != NULL) {
		number++;
		rc = line_read(span_of(line), check, ret, err);
	}
	fclose(f);
	return rc == RC_OK ? rc
			   : err_prefix(err, rc, "%s: line %d", path, number);
}

const struct target *
targets_find(const struct targets *t, struct span name)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (span_is(name, t->at[i].name))
			return &t->at[i];
	return NULL;
}
