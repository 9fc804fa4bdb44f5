/*
 * service.c - a service of JSON over HTTP.
 */
#include "executor/docs/service.h"

#include "common/agent/conf.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/net/http.h"

#include <stdlib.h>

enum { SAID_MAX = 200 };

struct asked {
	struct buf *body;
	size_t from; /* where the answer begins in it */
	struct http_result result;
};

static enum rc
on_data(void *arg, struct span bytes, struct err *err)
{
	struct asked *a = arg;

	buf_add_span(a->body, bytes);
	return buf_check(a->body, "the answer", err);
}

/* Vectors and searches only read; what is written can be written twice. */
static bool
on_again(void *arg, const struct http_result *result UNUSED)
{
	struct asked *a = arg;

	buf_cut(a->body, a->from);
	return true;
}

static void
on_done(void *arg, const struct http_result *result)
{
	((struct asked *)arg)->result = *result;
}

enum rc
service_check(const struct service *s, struct err *err)
{
	enum rc rc = http_check_url(s->url, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "%s-url", s->flag);
	if (s->key != NULL && s->key_file != NULL)
		return err_set(err, RC_INVALID,
		    "set either the %s of %s or %s-%s-file, not both",
		    s->secret, s->what, s->flag, s->secret);
	if (s->proxy != NULL)
		rc = http_check_proxy(s->proxy, err);
	return rc == RC_OK ? rc : err_prefix(err, rc, "http-proxy");
}

/* The sentence in an error's JSON, or the start of whatever it is. */
static void
put_said(struct buf *b, struct span body)
{
	AUTO(tree) tree = NULL;
	const cJSON *error;
	const char *said;
	struct err ignored;

	if (json_parse(body, NULL, &tree, &ignored) != RC_OK) {
		buf_add_span(b, utf8_cut(span_trim(body), SAID_MAX));
		return;
	}
	error = tree_at(tree, "error");
	said = cJSON_IsString(error) ? error->valuestring
				     : tree_str(error, "message");
	if (said[0] == '\0')
		said = tree_str(tree, "message");
	if (said[0] == '\0')
		said = tree_str(tree, "detail");
	buf_add_span(b, utf8_cut(span_of(said), SAID_MAX));
}

static const struct {
	int from, to;
	enum rc rc;
} meanings[] = {
    {401, 401, RC_DENIED},
    {403, 403, RC_DENIED},
    {404, 405, RC_NOTFOUND},
    {429, 429, RC_UPSTREAM},
    {400, 499, RC_INVALID},
    {0, 999, RC_UPSTREAM},
};

static enum rc
refused(const struct service *s, int status, struct span body, struct err *err)
{
	auto_buf said = {.max = 8 << 10}, advice = {.max = 256};
	char shown[256];
	size_t i = 0;

	put_said(&said, body);
	while (status < meanings[i].from || status > meanings[i].to)
		i++;
	if (meanings[i].rc == RC_DENIED)
		buf_addf(&advice, "; check --%s-%s-file", s->flag, s->secret);
	else if (meanings[i].rc == RC_NOTFOUND)
		buf_addf(&advice, "; check --%s-url", s->flag);
	return err_set(err, meanings[i].rc, "%s %s answered HTTP %d%s%s%s",
	    s->what, http_show_url(s->url, shown, sizeof(shown)), status,
	    said.len > 0 ? ": " : "", buf_str(&said), buf_str(&advice));
}

static char *
join(const char *base, const char *path)
{
	size_t n = strlen(base), k = strlen(path);

	while (n > 0 && base[n - 1] == '/')
		n--;
	/* Some write the whole of it. */
	if (n > k && strncmp(base + n - k, path, k) == 0)
		return xstrndup(base, n);
	return xasprintf("%.*s%s", (int)n, base, path);
}

enum rc
service_ask(const struct service *s, const char *path, struct span body,
    int64_t timeout_ms, const atomic_bool *cancelled, struct buf *ret,
    struct err *err)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", "Accept: application/json", NULL};
	auto_str url = join(s->url, path);
	auto_str key = NULL;
	struct asked asked = {.body = ret, .from = ret->len};
	struct http_req req = {.method = body.n > 0 ? "POST" : "GET",
	    .url = url,
	    .headers = headers,
	    .body = body,
	    .timeout_ms = timeout_ms,
	    .max_bytes = SERVICE_ANSWER_MAX,
	    .proxy = s->proxy,
	    .ca_file = s->ca_file,
	    .on_data = on_data,
	    .on_again = on_again,
	    .on_done = on_done,
	    .arg = &asked};
	enum rc rc = conf_secret(s->key, s->key_file, &key, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "%s-%s-file", s->flag, s->secret);
	req.bearer = key;
	rc = http_run(&req, 1, 1, cancelled);
	if (key != NULL)
		explicit_bzero(key, strlen(key));
	if (rc != RC_OK || asked.result.rc != RC_OK)
		return err_set(err, asked.result.rc, "%s: %s", s->what,
		    asked.result.err.text);
	if (asked.result.status >= 200 && asked.result.status < 300)
		return RC_OK;
	rc = refused(
	    s, asked.result.status, span_from(buf_span(ret), asked.from), err);
	buf_cut(ret, asked.from);
	return rc;
}
