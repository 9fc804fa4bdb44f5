/*
 * prom_headers.c - what stands in the head of a question.
 *
 * Invariant: no secret is left in memory that is freed, nor in a text that
 * went through prom_headers_hide.
 */
#include "executor/prom/prom_headers.h"

#include "common/agent/conf.h"

#include <stdlib.h>
#include <strings.h>

enum { SECRET_LEAST = 4 /* a shorter one would blot out words */ };

/* ---- lines ---- */

/* The next line at *at that says something; false: there is none. */
static bool
next_line(const char **at, struct span *ret)
{
	while (**at != '\0') {
		size_t n = strcspn(*at, "\r\n");
		struct span line = span_trim(span_make(*at, n));

		*at += n + ((*at)[n] != '\0');
		if (line.n == 0 || *line.p == '#')
			continue;
		*ret = line;
		return true;
	}
	return false;
}

static bool
is_one_of(struct span name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == name.n &&
		    strncasecmp(*names, name.p, name.n) == 0)
			return true;
	return false;
}

/* By its name, which is all there is to tell by. */
static bool
is_secret(struct span name)
{
	static const char *const parts[] = {
	    "auth", "cookie", "token", "secret", "key", "passw"};
	auto_str text = xstrndup(name.p, name.n);
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++)
		if (strcasestr(text, parts[i]) != NULL)
			return true;
	return false;
}

static enum rc
check_line(struct span line, bool may_be_secret, struct err *err)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$%&'*+-.^_`|~";
	static const char *const ours[] = {"Content-Length", "Content-Type",
	    "Transfer-Encoding", "Accept-Encoding", "Connection", "Expect",
	    "Upgrade", "TE", "Trailer", NULL};
	struct span name = {line.p, 0};
	size_t i;

	while (name.n < line.n && strchr(token, line.p[name.n]) != NULL)
		name.n++;
	if (name.n == 0 || name.n == line.n || line.p[name.n] != ':' ||
	    span_trim(span_make(line.p + name.n + 1, line.n - name.n - 1)).n ==
		0)
		return err_set(err, RC_INVALID,
		    "a header must be written as \"Name: value\", e.g. "
		    "\"X-Scope-OrgID: team\"");
	for (i = name.n; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F)
			return err_set(err, RC_INVALID,
			    "the header %.*s holds a control character",
			    SPAN_ARG(name));
	if (is_one_of(name, ours))
		return err_set(err, RC_INVALID,
		    "the header %.*s belongs to the request itself and cannot "
		    "be set",
		    SPAN_ARG(name));
	if (!may_be_secret && is_secret(name))
		return err_set(err, RC_INVALID,
		    "the header %.*s is a secret by its name and would be "
		    "seen: put it into the file that prometheus-header-file "
		    "names",
		    SPAN_ARG(name));
	return RC_OK;
}

enum rc
prom_headers_check(const char *text, bool may_be_secret, struct err *err)
{
	enum rc rc = RC_OK;
	struct span line;
	int n = 0;

	while (rc == RC_OK && next_line(&text, &line)) {
		rc = check_line(line, may_be_secret, err);
		if (rc == RC_OK && ++n > PROM_HEADERS_MAX / 2)
			rc = err_set(err, RC_TOOBIG, "more than %d headers",
			    PROM_HEADERS_MAX / 2);
	}
	return rc;
}

/* ---- reading ---- */

static size_t
take_lines(struct prom_headers *h, size_t n, char *text)
{
	const char *at = text;
	struct span line;

	while (n < PROM_HEADERS_MAX + 1 && next_line(&at, &line)) {
		text[line.p + line.n - text] = '\0';
		h->list[n++] = line.p;
	}
	return n;
}

enum rc
prom_headers_read(
    struct prom_headers *h, const struct prom_conf *conf, struct err *err)
{
	enum rc rc;
	size_t n = 0;

	*h = (struct prom_headers){0};
	h->list[n++] = "Accept: application/json";
	rc = conf_secret(conf->token, conf->token_file, &h->token, err);
	if (rc == RC_OK && conf->user != NULL)
		rc = conf_secret(
		    conf->password, conf->password_file, &h->password, err);
	if (rc == RC_OK && conf->headers_file != NULL)
		rc = conf_secret(NULL, conf->headers_file, &h->secret, err);
	if (rc == RC_OK && h->secret != NULL &&
	    prom_headers_check(h->secret, true, err) != RC_OK)
		rc = err_prefix(err, RC_INVALID, "%s", conf->headers_file);
	if (rc != RC_OK)
		return rc;
	if (conf->headers != NULL) {
		h->given = xstrdup(conf->headers);
		n = take_lines(h, n, h->given);
	}
	h->first_secret = n;
	if (h->secret != NULL) {
		h->secret_n = strlen(h->secret);
		take_lines(h, n, h->secret);
	}
	return RC_OK;
}

static void
secret_free(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
prom_headers_done(struct prom_headers *h)
{
	if (h->secret != NULL)
		explicit_bzero(h->secret, h->secret_n);
	free(h->secret);
	secret_free(h->password);
	secret_free(h->token);
	free(h->given);
}

/* ---- hiding ---- */

static void
hide(char *text, const char *secret)
{
	char *at = text;

	if (secret == NULL || strlen(secret) < SECRET_LEAST)
		return;
	while ((at = strstr(at, secret)) != NULL)
		memset(at, '*', strlen(secret));
}

void
prom_headers_hide(const struct prom_headers *h, char *text)
{
	size_t i;

	hide(text, h->password);
	hide(text, h->token);
	for (i = h->first_secret; h->list[i] != NULL; i++) {
		const char *value = strchr(h->list[i], ':');
		const char *space = strrchr(h->list[i], ' ');

		hide(text, value + 1 + strspn(value + 1, " \t"));
		/* "Bearer s3cret": what follows its kind, too. */
		if (space != NULL && space > value)
			hide(text, space + 1);
	}
}
