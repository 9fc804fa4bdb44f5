/*
 * page.h - the page: its files, which the build has put in here.
 */
#ifndef GATEWAY_PAGE_PAGE_H
#define GATEWAY_PAGE_PAGE_H

struct api;
struct web;

/* GET /: the document, asked for anew each time (by its ETag). */
void page_index(struct api *api, struct web *h);

/* GET /page/{item}: what it loads. A name holds a hash of the content, so
 * what was had once is never asked for again. */
void page_asset(struct api *api, struct web *h);

#endif
