/*
 * html.h - a report's Markdown as a page that cannot do anything. Pure.
 */
#ifndef GATEWAY_CASEFILE_HTML_H
#define GATEWAY_CASEFILE_HTML_H

#include "common/base/buf.h"

/*
 * Appends the report's markup. Raw HTML in markdown is shown as text; links
 * and images lead to http, https or relative addresses, or nowhere. Citations
 * are links of the class "cite" to "#E3".
 */
void html_report(struct buf *b, struct span markdown);

/*
 * Appends a whole HTML document around it.
 */
void html_page(struct buf *b, const char *language, const char *title,
    struct span markdown);

#endif
