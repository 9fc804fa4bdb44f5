/*
 * html.c - a report's Markdown as HTML that cannot do anything.
 *
 * Invariant: with raw HTML off, every "<" in what md4c writes is its own, so
 * tags, and the attributes that hold addresses, can be found in its output.
 */
#include "gateway/casefile/html.h"

#include <limits.h>
#include <md4c-html.h>
#include <strings.h>

enum { HTML_MAX = 64 << 20, CITATION_MAX = 12 };

void
html_put_text(struct buf *b, struct span s)
{
	static const char *const as[UCHAR_MAX + 1] = {
	    ['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
	size_t i, from = 0;

	for (i = 0; i < s.n; i++) {
		const char *other = as[(unsigned char)s.p[i]];

		if (other == NULL)
			continue;
		buf_add(b, s.p + from, i - from);
		buf_adds(b, other);
		from = i + 1;
	}
	buf_add(b, s.p + from, s.n - from);
}

void
html_put_short(struct buf *b, struct span s, size_t characters)
{
	size_t i = 0, n = 0;

	/* Up to the byte that begins one too many. */
	for (; i < s.n; i++) {
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
		if (n > characters)
			break;
	}
	html_put_text(b, span_make(s.p, i));
	if (i < s.n)
		buf_adds(b, "…");
}

/* A first segment that could be, or decode to, a scheme is none of ours. */
static bool
url_allowed(struct span url)
{
	size_t i;

	if (url.n >= 7 && strncasecmp(url.p, "http://", 7) == 0)
		return true;
	if (url.n >= 8 && strncasecmp(url.p, "https://", 8) == 0)
		return true;
	if (url.n >= 2 && url.p[0] == '/' && url.p[1] == '/')
		return false;
	for (i = 0; i < url.n; i++) {
		if (strchr("/?#", url.p[i]) != NULL)
			return true;
		if (url.p[i] == ':' || url.p[i] == '&' || url.p[i] == '\\')
			return false;
	}
	return true;
}

/* Copies html, with addresses that are not allowed replaced by "#". */
static void
copy_filtered(struct buf *b, struct span html)
{
	static const char link[] = "<a href=\"";
	const char *at = html.p, *end = html.p + html.n;

	while (at < end) {
		const char *lt = memchr(at, '<', (size_t)(end - at));
		const char *quote = NULL;
		const size_t n = sizeof(link) - 1;

		if (lt == NULL)
			lt = end;
		buf_add(b, at, (size_t)(lt - at));
		at = lt;
		if ((size_t)(end - lt) > n && memcmp(lt, link, n) == 0)
			quote = memchr(lt + n, '"', (size_t)(end - lt) - n);
		if (quote != NULL) {
			struct span url =
			    span_make(lt + n, (size_t)(quote - lt) - n);

			buf_add(b, lt, n);
			buf_add_span(b, url_allowed(url) ? url : span_of("#"));
			at = quote;
		} else if (at < end) {
			buf_addc(b, *at++);
		}
	}
}

/* ---- citations ---- */

/* What md4c has written so far, a piece at a time. */
struct writer {
	struct buf *b;
	bool in_tag;
	int quoted; /* within links and code, where nothing is cited */
	enum { NO_IMAGE, IMAGE_DROPPED, IMAGE_TEXT } image;
};

size_t
html_citation(struct span s)
{
	size_t i = 2;

	if (s.n < 4 || s.p[0] != '[' || s.p[1] != 'E')
		return 0;
	while (i < s.n && i < CITATION_MAX && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i > 2 && i < s.n && s.p[i] == ']' ? i + 1 : 0;
}

/* An escaped bracket comes as a piece of its own, so a label cannot cite. */
static void
put_text(struct buf *b, struct span s)
{
	size_t i = 0, n;

	while (i < s.n) {
		n = html_citation(span_make(s.p + i, s.n - i));
		if (n == 0) {
			buf_addc(b, s.p[i++]);
			continue;
		}
		buf_addf(b, "<a class=\"cite\" href=\"#%.*s\">%.*s</a>",
		    (int)n - 2, s.p + i + 1, (int)n - 2, s.p + i + 1);
		i += n;
	}
}

static bool
begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

static void
tag_track(struct writer *w, struct span s)
{
	static const char *const quoting[] = {"<a", "<code", "<pre"};
	static const char *const ends[] = {"</a>", "</code>", "</pre>"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(quoting); i++) {
		w->quoted += begins(s, quoting[i]);
		w->quoted -= memmem(s.p, s.n, ends[i], strlen(ends[i])) != NULL;
	}
	/* A block of code begins with both tags in one piece. */
	w->quoted += begins(s, "<pre><code");
	w->in_tag = memrchr(s.p, '<', s.n) > memrchr(s.p, '>', s.n);
}

/* A picture is somewhere else, and asking for it tells who reads: only the
 * text that stands for it is kept. True: s was a part of one. */
static bool
image_take(struct writer *w, struct span s)
{
	if (span_is(s, "<img src=\""))
		w->image = IMAGE_DROPPED;
	else if (w->image == NO_IMAGE)
		return false;
	else if (span_is(s, "\" title=\""))
		w->image = IMAGE_DROPPED;
	else if (span_is(s, "\" alt=\""))
		w->image = IMAGE_TEXT;
	else if (s.p[s.n - 1] == '>')
		w->image = NO_IMAGE;
	else if (w->image == IMAGE_TEXT)
		buf_add_span(w->b, s);
	return true;
}

static void
on_html(const MD_CHAR *text, MD_SIZE n, void *userdata)
{
	struct writer *w = userdata;
	struct span s = span_make(text, n);

	if (n == 0 || image_take(w, s))
		return;
	if (memchr(text, '<', n) != NULL || memchr(text, '>', n) != NULL)
		tag_track(w, s);
	else if (!w->in_tag && w->quoted == 0) {
		put_text(w->b, s);
		return;
	}
	buf_add_span(w->b, s);
}

void
html_report(struct buf *b, struct span markdown)
{
	auto_buf raw = {0};
	struct writer w = {.b = &raw};

	buf_init(&raw, HTML_MAX);
	if (md_html(markdown.p != NULL ? markdown.p : "", (MD_SIZE)markdown.n,
		on_html, &w,
		MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
		    MD_FLAG_NOHTML,
		MD_HTML_FLAG_SKIP_UTF8_BOM) == 0)
		copy_filtered(b, buf_span(&raw));
}
