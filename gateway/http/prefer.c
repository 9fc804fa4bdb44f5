/*
 * prefer.c - what a client would rather have.
 */
#include "gateway/http/prefer.h"

#include <stddef.h>
#include <strings.h>

#include "common/base/attr.h"

/* One element of a comma list: its text before the first ";", its weight. */
struct wish {
	struct span what;
	int q; /* thousandths */
};

/* What stands before the next sep, which is cut off *rest with it. */
static struct span
cut(struct span *rest, char sep)
{
	const char *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;
	struct span part = *rest;

	if (at == NULL) {
		*rest = (struct span){0};
		return span_trim_set(part, SPAN_HTTP_BLANKS);
	}
	part.n = (size_t)(at - rest->p);
	*rest = span_make(at + 1, rest->n - part.n - 1);
	return span_trim_set(part, SPAN_HTTP_BLANKS);
}

static bool
is(struct span s, const char *text)
{
	return s.n == strlen(text) && strncasecmp(s.p, text, s.n) == 0;
}

/* "0.5" in thousandths; what is no weight counts as 1. */
static int
weight(struct span v)
{
	static const int place[] = {0, 0, 100, 10, 1};
	int q = 0;
	size_t i;

	if (v.n == 0 || v.n > 5 || v.p[0] != '0')
		return 1000;
	for (i = 2; i < v.n; i++)
		if (v.p[i] >= '0' && v.p[i] <= '9')
			q += (v.p[i] - '0') * place[i];
	return q;
}

static struct wish
wish_take(struct span *rest)
{
	struct span element = cut(rest, ',');
	struct wish w = {.what = cut(&element, ';'), .q = 1000};

	while (element.n > 0) {
		struct span param = cut(&element, ';');

		if (param.n > 2 && (param.p[0] == 'q' || param.p[0] == 'Q') &&
		    param.p[1] == '=')
			w.q = weight(span_make(param.p + 2, param.n - 2));
	}
	return w;
}

/* How exactly a range of types names this one: 0 not at all, 3 by name. */
static int
exactness(struct span range, const char *media)
{
	if (is(range, media))
		return 3;
	if (range.n > 2 && range.p[range.n - 1] == '*' &&
	    range.p[range.n - 2] == '/' && range.p[0] != '*' &&
	    strncasecmp(range.p, media, range.n - 1) == 0)
		return 2;
	return is(range, "*/*") ? 1 : 0;
}

static int
media_weight(struct span accept, const char *media)
{
	int best = 0, q = 0, exact;

	while (accept.n > 0) {
		struct wish w = wish_take(&accept);

		exact = exactness(w.what, media);
		if (exact > best) {
			best = exact;
			q = w.q;
		}
	}
	return q;
}

const char *
prefer_media(struct span accept, const char *const *offers)
{
	const char *best = NULL;
	int best_q = 0, q;

	if (span_trim_set(accept, SPAN_HTTP_BLANKS).n == 0)
		return offers[0];
	for (; *offers != NULL; offers++) {
		q = media_weight(accept, *offers);
		if (q > best_q) {
			best_q = q;
			best = *offers;
		}
	}
	return best;
}

const char *
prefer_language_of(struct span tag)
{
	static const char *const known[] = {"zh", "en"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (tag.n >= 2 && strncasecmp(tag.p, known[i], 2) == 0 &&
		    (tag.n == 2 || tag.p[2] == '-' || tag.p[2] == '_'))
			return known[i];
	return NULL;
}

const char *
prefer_language(struct span accept, const char *fallback)
{
	const char *best = fallback;
	int best_q = 0;

	while (accept.n > 0) {
		struct wish w = wish_take(&accept);
		const char *language = prefer_language_of(w.what);

		if (language != NULL && w.q > best_q) {
			best_q = w.q;
			best = language;
		}
	}
	return best;
}

bool
prefer_async(struct span prefer)
{
	while (prefer.n > 0)
		if (is(wish_take(&prefer).what, "respond-async"))
			return true;
	return false;
}
