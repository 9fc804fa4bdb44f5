/*
 * html.c - a report's Markdown as a page that cannot do anything.
 *
 * Invariant: with raw HTML off, every "<" in what md4c writes is its own, so
 * the attributes that hold addresses can be found in its output.
 */
#include "gateway/api/html.h"

#include <md4c-html.h>
#include <strings.h>

enum { HTML_MAX = 64 << 20 };

static void
escape(struct buf *b, struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '<')
			buf_adds(b, "&lt;");
		else if (s.p[i] == '>')
			buf_adds(b, "&gt;");
		else if (s.p[i] == '&')
			buf_adds(b, "&amp;");
		else if (s.p[i] == '"')
			buf_adds(b, "&quot;");
		else
			buf_addc(b, s.p[i]);
	}
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
	static const char *const attributes[] = {"<a href=\"", "<img src=\""};
	const char *at = html.p, *end = html.p + html.n;

	while (at < end) {
		const char *lt = memchr(at, '<', (size_t)(end - at));
		const char *quote = NULL;
		size_t i, n = 0;

		if (lt == NULL)
			lt = end;
		buf_add(b, at, (size_t)(lt - at));
		at = lt;
		for (i = 0; i < ARRAY_LEN(attributes); i++) {
			n = strlen(attributes[i]);
			if ((size_t)(end - lt) > n &&
			    memcmp(lt, attributes[i], n) == 0)
				quote =
				    memchr(lt + n, '"', (size_t)(end - lt) - n);
			if (quote != NULL)
				break;
		}
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

static void
on_html(const MD_CHAR *text, MD_SIZE n, void *userdata)
{
	buf_add(userdata, text, n);
}

static void
page_head(struct buf *b, const char *language, const char *title)
{
	buf_addf(b,
	    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<title>",
	    strcmp(language, "en") == 0 ? "en" : "zh");
	escape(b, span_of(title));
	buf_adds(b, "</title>\n<style>body{max-width:60em;margin:2em auto;"
		    "padding:0 1em;font:16px/1.5 system-ui,sans-serif}"
		    "table{border-collapse:collapse}td,th{border:1px solid "
		    "#bbb;padding:.2em .6em;text-align:left}code,pre{"
		    "background:#f4f4f4}pre{padding:.6em;overflow:auto}"
		    "</style>\n</head>\n<body>\n");
}

void
html_page(struct buf *b, const char *language, const char *title,
    struct span markdown)
{
	auto_buf raw = {0};

	buf_init(&raw, HTML_MAX);
	page_head(b, language, title);
	if (md_html(markdown.p != NULL ? markdown.p : "", (MD_SIZE)markdown.n,
		on_html, &raw,
		MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
		    MD_FLAG_NOHTML,
		MD_HTML_FLAG_SKIP_UTF8_BOM) == 0)
		copy_filtered(b, buf_span(&raw));
	buf_adds(b, "</body>\n</html>\n");
}
