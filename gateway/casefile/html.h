/*
 * html.h - a report's Markdown as HTML that cannot do anything. Pure.
 */
#ifndef GATEWAY_CASEFILE_HTML_H
#define GATEWAY_CASEFILE_HTML_H

#include "common/base/buf.h"

/* Appends s as text; the second, at most so many characters of it. */
void html_put_text(struct buf *b, struct span s);
void html_put_short(struct buf *b, struct span s, size_t characters);

/* The bytes of the citation, like "[E12]", with which s begins; 0: none. */
size_t html_citation(struct span s);

/*
 * Appends the report's markup. Raw HTML in markdown is shown as text; links
 * lead to http, https or relative addresses, or nowhere, and of images there
 * is the text. Citations are links of the class "cite" to "#E3".
 */
void html_report(struct buf *b, struct span markdown);

#endif
