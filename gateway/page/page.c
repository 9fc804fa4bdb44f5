/*
 * page.c - the page: its files, which the build has put in here.
 *
 * Invariant: nothing here depends on who asks; what is somebody's comes from
 * the API, to the page's script.
 */
#include "gateway/page/page.h"

#include "common/base/attr.h"
#include "gateway/http/prefer.h"
#include "gateway/http/server.h"
#include "gateway/page/page_assets.h"

struct asset {
	const char *name; /* behind /page/; "" is the document */
	const char *media;
	const char *etag;
	struct span plain, gzip;
};

#define ASSET(name, media, hash, plain, gzip)                                  \
	{name, media "; charset=utf-8", "\"" hash "\"",                        \
	    {(const char *)plain, sizeof(plain)},                              \
	    {(const char *)gzip, sizeof(gzip)}},
static const struct asset assets[] = {PAGE_ASSETS};

/* Nothing from elsewhere, and nothing that is written into a document: text
 * of others could only be shown, were it ever to get in there. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'";

static const struct asset *
asset_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(assets); i++)
		if (strcmp(assets[i].name, name) == 0)
			return &assets[i];
	return NULL;
}

static bool
takes_gzip(const struct web *h)
{
	static const char *const offers[] = {"gzip", NULL};
	struct span accept = web_header(h, "Accept-Encoding");

	return accept.n > 0 && prefer_media(accept, offers) != NULL;
}

static void
asset_reply(struct web *h, const struct asset *a, const char *cache)
{
	bool gzip = takes_gzip(h), known = web_has(h, a->etag);
	const struct web_reply r = {.status = known ? 304 : 200,
	    .media = a->media,
	    .encoding = gzip && !known ? "gzip" : NULL,
	    .cache = cache,
	    .etag = a->etag,
	    .policy = policy,
	    .vary = "Accept-Encoding"};

	web_reply_constant(h, &r,
	    known  ? (struct span){0}
	    : gzip ? a->gzip
		   : a->plain);
}

void
page_index(struct api *api UNUSED, struct web *h)
{
	asset_reply(h, asset_find(""), "no-cache");
}

void
page_asset(struct api *api UNUSED, struct web *h)
{
	const char *name = web_match(h)->item;
	const struct asset *a = asset_find(name);
	struct problem p = {0};

	if (a != NULL) {
		asset_reply(h, a, "public, max-age=31536000, immutable");
		return;
	}
	problem_set(
	    &p, 404, "this build's page has no \"%.60s\"; load / anew", name);
	web_problem(h, &p);
}
