/*
 * rc.c - results, their explanations, and allocation that cannot fail.
 */
#include "common/base/rc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/base/utf8.h"

const char *
rc_name(enum rc rc)
{
	switch (rc) {
	case RC_OK:		return "ok";
	case RC_INVALID:	return "invalid";
	case RC_TOOBIG:		return "toobig";
	case RC_NOTFOUND:	return "notfound";
	case RC_CONFLICT:	return "conflict";
	case RC_DENIED:		return "denied";
	case RC_TIMEOUT:	return "timeout";
	case RC_CLOSED:		return "closed";
	case RC_IO:		return "io";
	case RC_UPSTREAM:	return "upstream";
	case RC_BUSY:		return "busy";
	case RC_DAMAGED:	return "damaged";
	case RC_CANCELLED:	return "cancelled";
	}
	return "unknown";
}

/* A "%.60s", or the end of the room, may cut a character in two, and such a
 * text could not be sent. */
static void
err_tidy(struct err *err)
{
	size_t n = strnlen(err->text, sizeof(err->text) - 1);

	err->text[utf8_tidy(err->text, n)] = '\0';
}

enum rc
err_set(struct err *err, enum rc rc, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return rc;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err_tidy(err);
	return rc;
}

enum rc
err_prefix(struct err *err, enum rc rc, const char *fmt, ...)
{
	struct err old;
	size_t n;
	va_list ap;

	if (err == NULL)
		return rc;
	old = *err;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s", old.text);
	err_tidy(err);
	return rc;
}

static void *
must(void *p, size_t bytes)
{
	if (p == NULL)
		memory_out(bytes);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	return must(calloc(n, size), n * size);
}

void *
xrealloc(void *p, size_t bytes)
{
	return must(realloc(p, bytes), bytes);
}

char *
xstrdup(const char *s)
{
	return must(strdup(s), strlen(s) + 1);
}

char *
xstrndup(const char *s, size_t n)
{
	/* An empty span may point nowhere. */
	return must(n != 0 ? strndup(s, n) : strdup(""), n + 1);
}

char *
xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return must(s, 0);
}
