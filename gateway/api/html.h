/*
 * html.h - a report's Markdown as a page that cannot do anything. Pure.
 */
#ifndef GATEWAY_API_HTML_H
#define GATEWAY_API_HTML_H

#include "common/base/buf.h"

/*
 * Appends a whole HTML document. Raw HTML in markdown is shown as text;
 * links and images lead to http, https or relative addresses, or nowhere.
 */
void html_page(struct buf *b, const char *language, const char *title,
    struct span markdown);

#endif
