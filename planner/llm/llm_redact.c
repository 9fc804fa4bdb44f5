/*
 * llm_redact.c - patterns of secrets, from left to right over a text.
 *
 * Invariant: no pattern matches nothing, so that the text comes to its end.
 */
#include "planner/llm/llm_redact.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDACTED "[redacted]"

/* secret: the group that goes; 0: all that matches. */
static const struct {
	const char *pattern;
	int secret;
} patterns[] = {
    {"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*-----)?", 0},
    {"://[^/ :@\"]+:([^/ @\"]+)@", 1},
    {"sk-[a-z0-9_-]{16,}", 0},
    {"(AKIA|ASIA)[0-9A-Z]{16}", 0},
    {"gh[pousr]_[A-Za-z0-9]{20,}", 0},
    {"xox[abprs]-[A-Za-z0-9-]{10,}", 0},
    {"eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]*", 0},
    {"(bearer|basic) +([A-Za-z0-9._~+/=-]{12,})", 2},
    {"(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?"
     ")"
     "[\\\\\"']* *[:=]~? *[\\\\\"']*([^] ,;\"'&<>})\\[]{3,})",
	2},
};

/* By name, on request. */
static const struct {
	const char *name, *pattern;
	int secret;
} kinds[] = {
    {"email", "[a-z0-9._%+-]+@[a-z0-9-]+([.][a-z0-9-]+)+", 0},
    {"ip", "(^|[^0-9.])([0-9]{1,3}([.][0-9]{1,3}){3})", 2},
    {"ip",
	"(^|[^0-9a-z:])([0-9a-f]{1,4}(:[0-9a-f]{1,4}){3,7}|"
	"([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?::[0-9a-f]{1,4}(:[0-9a-f]{1,4})*)",
	2},
};

static regex_t compiled[ARRAY_LEN(patterns)];

/* What was asked for besides. */
static struct more {
	regex_t at[LLM_REDACT_PATTERNS_MAX];
	int secret[LLM_REDACT_PATTERNS_MAX];
	size_t n;
} more;

enum { LINE_MAX_BYTES = 4096, WHY_MAX = 200 };

static void
compile(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(patterns); i++)
		if (regcomp(&compiled[i], patterns[i].pattern,
			REG_EXTENDED | REG_ICASE) != 0)
			abort(); /* our own text */
}

/* Whether it matches before what was found already. */
static bool
find_one(const regex_t *pattern, int group, const char *text, bool found,
    regoff_t *ret_from, regoff_t *ret_to)
{
	regmatch_t m[4];

	if (regexec(pattern, text, ARRAY_LEN(m), m, 0) != 0 ||
	    m[group].rm_so == m[group].rm_eo ||
	    (found && m[group].rm_so >= *ret_from))
		return false;
	*ret_from = m[group].rm_so;
	*ret_to = m[group].rm_eo;
	return true;
}

/* The leftmost secret at or behind text; false: none. */
static bool
find_secret(const char *text, regoff_t *ret_from, regoff_t *ret_to)
{
	bool any = false;
	size_t i;

	*ret_from = 0;
	for (i = 0; i < ARRAY_LEN(patterns); i++)
		any |= find_one(&compiled[i], patterns[i].secret, text, any,
		    ret_from, ret_to);
	for (i = 0; i < more.n; i++)
		any |= find_one(
		    &more.at[i], more.secret[i], text, any, ret_from, ret_to);
	return any;
}

int
llm_redact(struct buf *b, struct span text)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	auto_str copy = xstrndup(text.p, text.n);
	const char *at = copy;
	regoff_t from = 0, to = 0;
	int n = 0;

	pthread_once(&once, compile);
	for (; find_secret(at, &from, &to); at += to) {
		buf_add(b, at, (size_t)from);
		buf_adds(b, REDACTED);
		n++;
	}
	buf_adds(b, at);
	return n;
}

/* ---- what the operator adds ---- */

static void
more_done(struct more *m)
{
	while (m->n > 0)
		regfree(&m->at[--m->n]);
}

static enum rc
add(struct more *m, const char *pattern, int secret, struct err *err)
{
	char why[WHY_MAX];
	int code;

	if (m->n == LLM_REDACT_PATTERNS_MAX)
		return err_set(err, RC_TOOBIG, "more than %d patterns",
		    LLM_REDACT_PATTERNS_MAX);
	code = regcomp(&m->at[m->n], pattern, REG_EXTENDED | REG_ICASE);
	if (code != 0) {
		regerror(code, &m->at[m->n], why, sizeof(why));
		return err_set(err, RC_INVALID, "\"%.200s\": %s", pattern, why);
	}
	m->secret[m->n++] = secret;
	if (regexec(&m->at[m->n - 1], "", 0, NULL, 0) == 0)
		return err_set(err, RC_INVALID,
		    "\"%.200s\" matches where there is nothing", pattern);
	return RC_OK;
}

static enum rc
add_kind(struct more *m, struct span name, struct err *err)
{
	enum rc rc = RC_OK;
	bool known = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds) && rc == RC_OK; i++) {
		if (!span_is(name, kinds[i].name))
			continue;
		known = true;
		rc = add(m, kinds[i].pattern, kinds[i].secret, err);
	}
	if (known || name.n == 0)
		return rc;
	return err_set(err, RC_INVALID,
	    "--llm-redact (CULPRIT_LLM_REDACT): \"%.*s\" is neither email nor "
	    "ip; patterns of your own go into --llm-redact-file",
	    (int)MIN(name.n, 40), name.p);
}

static enum rc
add_kinds(struct more *m, const char *list, struct err *err)
{
	enum rc rc = RC_OK;

	while (list != NULL && rc == RC_OK) {
		size_t n = strcspn(list, ",");

		rc = add_kind(m, span_trim(span_make(list, n)), err);
		list = list[n] == ',' ? list + n + 1 : NULL;
	}
	return rc;
}

static enum rc
add_line(struct more *m, char *line, struct err *err)
{
	size_t n = strlen(line);

	while (n > 0 && isspace((unsigned char)line[n - 1]))
		line[--n] = '\0';
	return n == 0 || line[0] == '#' ? RC_OK : add(m, line, 0, err);
}

static enum rc
add_file(struct more *m, const char *path, struct err *err)
{
	FILE *in = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	enum rc rc = RC_OK;
	int n = 0;

	if (in == NULL)
		return err_set(err, RC_IO,
		    "--llm-redact-file (CULPRIT_LLM_REDACT_FILE): %s cannot be "
		    "read: %s",
		    path, strerror(errno));
	while (rc == RC_OK && fgets(line, sizeof(line), in) != NULL) {
		n++;
		rc = add_line(m, line, err);
	}
	fclose(in);
	if (rc != RC_OK)
		err_prefix(err, rc, "--llm-redact-file, %s line %d", path, n);
	return rc;
}

enum rc
llm_redact_open(const struct conf *conf, struct err *err)
{
	struct more m = {.n = 0};
	enum rc rc = add_kinds(&m, conf->llm_redact, err);

	if (rc == RC_OK && conf->llm_redact_file != NULL)
		rc = add_file(&m, conf->llm_redact_file, err);
	if (rc != RC_OK) {
		more_done(&m);
		return rc;
	}
	more_done(&more);
	more = m;
	return RC_OK;
}
