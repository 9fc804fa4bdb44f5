/*
 * call.c - calls of the gateway's HTTP interface.
 */
#include "gateway/cli/call.h"

#include "common/base/memory.h"
#include "gateway/cli/term.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LISTEN "127.0.0.1:9900"

enum { CONNECT_TIMEOUT_MS = 5000, CALL_TIMEOUT_MS = 60000 };

char *
call_url_of(const char *host_port)
{
	static const struct {
		const char *any, *here;
	} wild[] = {
	    {"0.0.0.0:", "127.0.0.1:"},
	    {"[::]:", "[::1]:"},
	    {"*:", "127.0.0.1:"},
	    {":", "127.0.0.1:"},
	};

	auto_str address = NULL;

	/* As `up` prints it. */
	if (strncmp(host_port, "http://", 7) == 0)
		host_port += 7;
	address = xstrndup(host_port, strcspn(host_port, "/"));
	host_port = address;
	for (size_t i = 0; i < ARRAY_LEN(wild); i++) {
		size_t n = strlen(wild[i].any);

		if (strncmp(host_port, wild[i].any, n) == 0)
			return xasprintf(
			    "http://%s%s", wild[i].here, host_port + n);
	}
	return xasprintf("http://%s", host_port);
}

/* What the gateway of this data directory wrote down; NULL: nothing. */
static char *
call_base_written(const struct conf *conf)
{
	auto_str path = xasprintf("%s/gateway.addr", conf->data_dir);
	char line[256];
	FILE *f = fopen(path, "re");
	bool got;

	if (f == NULL)
		return NULL;
	got = fgets(line, sizeof(line), f) != NULL;
	fclose(f);
	line[got ? strcspn(line, "\r\n") : 0] = '\0';
	return line[0] != '\0' ? call_url_of(line) : NULL;
}

static char *
call_base(const struct conf *conf)
{
	const char *port = strrchr(conf->listen, ':');
	bool named = strcmp(conf->listen, DEFAULT_LISTEN) != 0 &&
		     (port == NULL || strcmp(port, ":0") != 0);
	char *base = NULL;

	if (conf->gateway != NULL)
		return call_url_of(conf->gateway);
	if (!named)
		base = call_base_written(conf);
	return base != NULL ? base : call_url_of(conf->listen);
}

enum rc
call_open(const struct conf *conf, struct call_at *ret_at, struct err *err)
{
	enum rc rc =
	    conf_secret(conf->token, conf->token_file, &ret_at->token, err);

	if (rc == RC_OK)
		ret_at->base = call_base(conf);
	return rc;
}

void
call_done(struct call_at *a)
{
	free(a->base);
	free(a->token);
	*a = (struct call_at){0};
}

char *
call_escape(const char *s)
{
	struct buf b;

	buf_init(&b, 8192);
	for (; *s != '\0'; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s) != NULL)
			buf_addc(&b, *s);
		else
			buf_addf(&b, "%%%02X", (unsigned)(unsigned char)*s);
	return buf_take(&b);
}

enum rc
call_unreachable(const char *base, const char *why, struct err *err)
{
	return err_set(err, RC_CLOSED,
	    "cannot reach the gateway at %s: %s\n"
	    "Start one with `culprit up`, or say where it is with "
	    "--gateway HOST:PORT or CULPRIT_GATEWAY.",
	    base, why);
}

static enum rc
call_status_rc(long status)
{
	static const struct {
		long status;
		enum rc rc;
	} known[] = {
	    {400, RC_INVALID},
	    {401, RC_DENIED},
	    {403, RC_DENIED},
	    {404, RC_NOTFOUND},
	    {409, RC_CONFLICT},
	    {413, RC_TOOBIG},
	    {422, RC_INVALID},
	    {429, RC_BUSY},
	    {503, RC_BUSY},
	    {504, RC_TIMEOUT},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].status == status)
			return known[i].rc;
	return RC_UPSTREAM;
}

static const char *
call_text(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

enum rc
call_problem(const struct call_request *rq, long status, struct span body,
    struct err *err)
{
	cJSON *o = cJSON_ParseWithLength(body.p, body.n);
	const char *detail = call_text(o, "detail");
	const char *title = call_text(o, "title");
	auto_buf text = {0};

	buf_init(&text, 4096);
	if (detail == NULL)
		detail = title;
	if (detail != NULL)
		term_put(&text, span_of(detail), TERM_LINE);
	else
		buf_addf(&text,
		    "%s %s answered status %ld without saying why; "
		    "is %s a Culprit gateway?",
		    rq->method != NULL ? rq->method : "GET", rq->path, status,
		    rq->at->base);
	cJSON_Delete(o);
	return err_set(err, call_status_rc(status), "%s", buf_str(&text));
}

void
call_reply_done(struct call_reply *r)
{
	buf_done(&r->body);
	free(r->location);
	free(r->type);
	r->location = r->type = NULL;
}

static struct curl_slist *
call_add_token(struct curl_slist *h, const char *token)
{
	auto_str line = xasprintf("Authorization: Bearer %s", token);

	return curl_slist_append(h, line);
}

CURL *
call_handle(const struct call_request *rq, struct curl_slist **ret_headers)
{
	auto_str url = xasprintf("%s%s", rq->at->base, rq->path);
	auto_str accept = xasprintf(
	    "Accept: %s", rq->accept != NULL ? rq->accept : "application/json");
	struct curl_slist *h = curl_slist_append(NULL, accept);
	CURL *c = curl_easy_init();

	if (c == NULL)
		memory_out(0);
	h = curl_slist_append(h, "Expect:");
	if (rq->body != NULL) {
		auto_str type = xasprintf("Content-Type: %s",
		    rq->media != NULL ? rq->media : "application/json");

		h = curl_slist_append(h, type);
	}
	if (rq->at->token != NULL)
		h = call_add_token(h, rq->at->token);
	if (rq->header != NULL)
		h = curl_slist_append(h, rq->header);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	if (rq->body != NULL)
		curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, rq->body);
	if (rq->method != NULL)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, rq->method);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "culprit/" CULPRIT_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(
	    c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	*ret_headers = h;
	return c;
}

static size_t
call_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct call_reply *r = ctx;

	buf_add(&r->body, p, size * n);
	return r->body.full ? 0 : size * n;
}

static char *
call_copy(CURL *c, CURLINFO what)
{
	const char *s = NULL;

	curl_easy_getinfo(c, what, &s);
	return s != NULL ? xstrdup(s) : NULL;
}

static char *
call_location(CURL *c)
{
	struct curl_header *h = NULL;

	if (curl_easy_header(c, "Location", 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return NULL;
	return xstrdup(h->value);
}

/* Whoever serves something else on that port is no gateway that has nothing. */
static enum rc
call_check_type(
    const struct call_request *rq, const struct call_reply *r, struct err *err)
{
	static const char json[] = "application/json";

	if (rq->accept != NULL ||
	    (r->type != NULL && strncmp(r->type, json, strlen(json)) == 0))
		return RC_OK;
	return err_set(err, RC_UPSTREAM,
	    "%s %s was answered with %.60s, not with JSON; is %s a Culprit "
	    "gateway?",
	    rq->method != NULL ? rq->method : "GET", rq->path,
	    r->type != NULL ? r->type : "something", rq->at->base);
}

enum rc
call_make(const struct call_request *rq, struct call_reply *ret_reply,
    struct err *err)
{
	struct curl_slist *headers = NULL;
	CURL *c = call_handle(rq, &headers);
	CURLcode code;

	buf_init(&ret_reply->body, CALL_BODY_MAX);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, call_on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, ret_reply);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS);
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret_reply->status);
	ret_reply->type = call_copy(c, CURLINFO_CONTENT_TYPE);
	ret_reply->location = call_location(c);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	if (ret_reply->body.full)
		return buf_check(&ret_reply->body, "the answer", err);
	if (code != CURLE_OK)
		return call_unreachable(
		    rq->at->base, curl_easy_strerror(code), err);
	if (ret_reply->status >= 400)
		return call_problem(
		    rq, ret_reply->status, buf_span(&ret_reply->body), err);
	return call_check_type(rq, ret_reply, err);
}
