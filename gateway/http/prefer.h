/*
 * prefer.h - what a client would rather have: Accept, Accept-Language,
 * Prefer. Pure.
 */
#ifndef GATEWAY_HTTP_PREFER_H
#define GATEWAY_HTTP_PREFER_H

#include "common/base/span.h"

/*
 * The best of offers (which NULL ends) for an Accept header field; the first
 * of equals, and the first of all where there is no field. NULL: none will
 * do.
 */
const char *prefer_media(struct span accept, const char *const *offers);

/* "zh" or "en" for an Accept-Language header field, or fallback. */
const char *prefer_language(struct span accept, const char *fallback);

/* "zh" or "en" for a language tag like "zh-CN"; NULL for others. */
const char *prefer_language_of(struct span tag);

/* Whether a Prefer header field asks for "respond-async". */
bool prefer_async(struct span prefer);

#endif
