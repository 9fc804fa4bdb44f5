/* approvers.c - who may approve: the file of --approver-token-file. */
#include "gateway/http/approvers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"

enum { LINE_BYTES_MAX = APPROVER_NAME_MAX + TOKEN_MOST + 200 };

bool
token_equal(struct span got, const char *want)
{
	size_t n = strlen(want), i;
	unsigned char differ = got.n != n;

	/* Always as many steps as the secret is long. */
	for (i = 0; i < n; i++)
		differ |= (unsigned char)(want[i] ^
					  (got.n > 0 ? got.p[i % got.n] : 0));
	return differ == 0;
}

/* What no client could send would shut everybody out. */
enum rc
token_usable(const char *token, struct err *err)
{
	size_t n = strlen(token);
	const char *p;

	if (n < TOKEN_LEAST || n > TOKEN_MOST)
		return err_set(err, RC_INVALID,
		    "the token must have %d to %d bytes, not %zu", TOKEN_LEAST,
		    TOKEN_MOST, n);
	for (p = token; *p > ' ' && *p < 0x7f; p++)
		continue;
	if (*p == '\0')
		return RC_OK;
	return err_set(err, RC_INVALID,
	    "the token must be visible ASCII characters without spaces, in one "
	    "line; its byte %zu is 0x%02x",
	    (size_t)(p - token) + 1, (unsigned char)*p);
}

static bool
is_name(struct span word)
{
	size_t i;

	for (i = 0; i < word.n; i++)
		if ((unsigned char)word.p[i] < ' ' || word.p[i] == 0x7f)
			return false;
	return word.n > 0 && word.n <= APPROVER_NAME_MAX && utf8_ok(word);
}

static enum rc
line_read(struct span line, struct approvers *a, struct err *err)
{
	struct span name = span_word(&line), token = span_word(&line);
	struct approver *at = &a->at[a->n];
	enum rc rc;

	if (name.n == 0 || name.p[0] == '#')
		return RC_OK;
	if (token.n == 0 || span_word(&line).n != 0)
		return err_set(err, RC_INVALID, "want NAME TOKEN");
	if (!is_name(name))
		return err_set(err, RC_INVALID,
		    "a name has 1 to %d bytes of UTF-8", APPROVER_NAME_MAX);
	if (a->n == APPROVERS_MAX)
		return err_set(
		    err, RC_INVALID, "more than %d tokens", APPROVERS_MAX);
	if (approvers_by_token(a, token) != NULL)
		return err_set(err, RC_INVALID, "its token is %s's already",
		    approvers_by_token(a, token)->name);
	snprintf(at->name, sizeof(at->name), "%.*s", SPAN_ARG(name));
	at->token = xstrndup(token.p, token.n);
	a->n++;
	if ((rc = token_usable(at->token, err)) == RC_OK)
		session_key_of(at->token, &at->key);
	return rc;
}

static enum rc
lines_read(FILE *f, struct approvers *a, struct err *err)
{
	char line[LINE_BYTES_MAX];
	enum rc rc = RC_OK;
	int number = 0;

	while (rc == RC_OK && fgets(line, sizeof(line), f) != NULL) {
		rc = line_read(span_of(line), a, err);
		number++;
	}
	explicit_bzero(line, sizeof(line));
	if (rc != RC_OK)
		return err_prefix(err, rc, "line %d", number);
	if (ferror(f))
		return err_set(err, RC_IO, "cannot be read");
	if (a->n == 0)
		return err_set(
		    err, RC_INVALID, "names nobody; want lines NAME TOKEN");
	return RC_OK;
}

enum rc
approvers_read(const char *path, struct approvers *ret, struct err *err)
{
	enum rc rc;
	FILE *f;

	ret->n = 0;
	if (path == NULL)
		return RC_OK;
	f = fopen(path, "re");
	if (f == NULL)
		return err_set(
		    err, RC_IO, "cannot read %s: %s", path, strerror(errno));
	rc = lines_read(f, ret, err);
	fclose(f);
	return rc == RC_OK ? rc : err_prefix(err, rc, "%s", path);
}

void
approvers_done(struct approvers *a)
{
	while (a->n > 0) {
		struct approver *at = &a->at[--a->n];

		explicit_bzero(at->token, strlen(at->token));
		free(at->token);
		explicit_bzero(&at->key, sizeof(at->key));
	}
}

const struct approver *
approvers_by_token(const struct approvers *a, struct span token)
{
	const struct approver *found = NULL;
	int i;

	for (i = 0; i < a->n; i++)
		if (token_equal(token, a->at[i].token))
			found = &a->at[i];
	return found;
}

const struct approver *
approvers_by_session(
    const struct approvers *a, struct span value, int64_t now_s)
{
	const struct approver *found = NULL;
	int i;

	for (i = 0; i < a->n; i++)
		if (session_is_good(&a->at[i].key, value, now_s))
			found = &a->at[i];
	return found;
}
