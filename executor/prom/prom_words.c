/*
 * prom_words.c - what a server says that answers no JSON of Prometheus's.
 *
 * Invariant: what is told is one line of whole characters, none of them a
 * control character, whatever the server sent.
 */
#include "executor/prom/prom_words.h"

#include "common/base/utf8.h"
#include "common/json/json.h"

#include <stdlib.h>
#include <strings.h>

/* ---- finding ---- */

/* Where text is in body, whatever its case; NULL: nowhere. */
static const char *
find(struct span body, const char *text)
{
	size_t n = strlen(text), i;

	for (i = 0; i + n <= body.n; i++)
		if (strncasecmp(body.p + i, text, n) == 0)
			return body.p + i;
	return NULL;
}

bool
prom_words_is_page(struct span body)
{
	return span_trim(body).n > 0 && *span_trim(body).p == '<';
}

bool
prom_words_is_login(struct span body)
{
	static const char *const signs[] = {"type=\"password\"",
	    "type='password'", "type=password", "sign in", "signin", "sign-in",
	    "log in", "login", "log-in", "single sign-on", "oauth2/", "saml",
	    "openid"};
	size_t i;

	if (!prom_words_is_page(body))
		return false;
	for (i = 0; i < ARRAY_LEN(signs); i++)
		if (find(body, signs[i]) != NULL)
			return true;
	return false;
}

/* What stands in the first element of that name; empty: none does. */
static struct span
element(struct span page, const char *open, const char *close)
{
	const char *end = page.p + page.n, *from = find(page, open), *to;

	if (from == NULL)
		return (struct span){"", 0};
	from = memchr(from, '>', (size_t)(end - from));
	if (from == NULL)
		return (struct span){"", 0};
	from++;
	to = find(span_make(from, (size_t)(end - from)), close);
	return span_trim(
	    span_make(from, (size_t)((to != NULL ? to : end) - from)));
}

static struct span
title(struct span page)
{
	struct span t = element(page, "<title", "</title");

	return t.n > 0 ? t : element(page, "<h1", "</h1");
}

/* ---- telling ---- */

/* In quotes; every run of what is no visible character is one blank. */
static void
put_line(struct buf *b, struct span text)
{
	auto_buf line = {.max = PROM_WORDS_FROM};
	struct span cut;
	size_t n;

	text = span_trim(text);
	while (text.n > 0) {
		uint32_t cp = utf8_next(text, &n);
		bool blank = cp == UTF8_NONE || cp == ' ' || cp == '"' ||
			     utf8_is_control(cp);

		if (!blank)
			buf_add(&line, text.p, n);
		else if (line.len > 0 && line.data[line.len - 1] != ' ')
			buf_addc(&line, ' ');
		text = span_make(text.p + n, text.n - n);
	}
	cut = utf8_cut(span_trim(buf_span(&line)), PROM_WORDS_MAX);
	if (cut.n == 0)
		return;
	buf_addc(b, '"');
	buf_add_span(b, cut);
	buf_adds(b, cut.n < span_trim(buf_span(&line)).n ? "…\"" : "\"");
}

static void
put_page(struct buf *b, struct span page)
{
	buf_adds(b, prom_words_is_login(page) ? "a login page" : "a web page");
	if (title(page).n == 0)
		return;
	buf_adds(b, " titled ");
	put_line(b, title(page));
}

/* The first member, here or one level deeper, that is a message. */
static const char *
message_in(const cJSON *o, int depth)
{
	static const char *const keys[] = {
	    "error", "message", "detail", "error_description", "msg", "title"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, keys[i]);
		const char *deeper = NULL;

		if (cJSON_IsString(v) && v->valuestring[0] != '\0')
			return v->valuestring;
		if (cJSON_IsObject(v) && depth > 0)
			deeper = message_in(v, depth - 1);
		if (deeper != NULL)
			return deeper;
	}
	return NULL;
}

void
prom_words_put(struct buf *b, struct span body)
{
	AUTO(json) tree = NULL;
	const char *message = NULL;
	struct err err;

	if (prom_words_is_page(body)) {
		put_page(b, body);
		return;
	}
	if (json_parse(body, NULL, &tree, &err) == RC_OK)
		message = message_in(tree, 1);
	put_line(b, message != NULL ? span_of(message) : body);
}
