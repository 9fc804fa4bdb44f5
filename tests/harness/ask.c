/* ask.c - one HTTP request to a process under test. */
#include "tests/harness/ask.h"

#include "common/base/buf.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

enum { ASK_BODY_MAX = 64 << 20, ASK_TIMEOUT_MS = 60000 };

static size_t
ask_on_body(char *p, size_t size, size_t n, void *ctx)
{
	buf_add(ctx, p, size * n);
	return size * n;
}

static char *
ask_header(CURL *c, const char *name)
{
	struct curl_header *h = NULL;

	if (curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return NULL;
	return xstrdup(h->value);
}

/* All of them, as they came. */
static char *
ask_head(CURL *c)
{
	struct curl_header *h = NULL;
	struct buf b;

	buf_init(&b, ASK_BODY_MAX);
	while ((h = curl_easy_nextheader(c, CURLH_HEADER, -1, h)) != NULL)
		buf_addf(&b, "%s: %s\n", h->name, h->value);
	buf_addc(&b, '\0');
	return buf_take(&b);
}

char *
answer_field(const struct answer *w, const char *name)
{
	const char *line = w->head;
	size_t n = strlen(name);

	for (; *line != '\0'; line += strcspn(line, "\n") + 1)
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return xstrndup(line + n + 2,
			    strcspn(line, "\n") - n - 2);
	return NULL;
}

struct answer *
ask(const char *method, const char *url, const char *const *headers,
    const char *body)
{
	struct answer *w = xcalloc(1, sizeof(*w));
	struct curl_slist *h = curl_slist_append(NULL, "Expect:");
	CURL *c = curl_easy_init();
	struct buf b;

	buf_init(&b, ASK_BODY_MAX);
	if (body != NULL && headers == NULL)
		h = curl_slist_append(h, "Content-Type: application/json");
	for (; headers != NULL && *headers != NULL; headers++)
		h = curl_slist_append(h, *headers);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)ASK_TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ask_on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
	if (body != NULL)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	if (method != NULL)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	if (curl_easy_perform(c) == CURLE_OK || b.len > 0)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &w->status);
	w->type = ask_header(c, "Content-Type");
	w->location = ask_header(c, "Location");
	w->head = ask_head(c);
	w->body = buf_take(&b);
	curl_easy_cleanup(c);
	curl_slist_free_all(h);
	return w;
}

void
answer_free(struct answer *w)
{
	if (w == NULL)
		return;
	free(w->body);
	free(w->type);
	free(w->location);
	free(w->head);
	free(w);
}
