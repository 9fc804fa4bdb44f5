/*
 * openapi.c - the API's own description: openapi.json, as it was at the build.
 */
#include "gateway/api/api_in.h"
#include "gateway/api/openapi.h"

void
api_openapi(struct api *api, struct web *h)
{
	static const char text[] = OPENAPI;
	const struct web_reply r = {.status = 200, .media = api_json};

	exchange_new(api, h);
	web_reply_constant(h, &r, span_make(text, sizeof(text) - 1));
}
