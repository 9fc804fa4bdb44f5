/*
 * http_transfer.c - one request: its options, its limits, and what its
 * failure means to a person.
 *
 * Invariant: no option is left to libcurl's default where that default
 * trusts the server or the environment.
 */
#include "common/net/http_transfer.h"
#include "common/base/buf.h"
#include "common/base/clk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Small enough that one answer does not hold up the loop for long. */
enum { READ_BYTES = 64 << 10 };

static void
global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void
http_global(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_init);
}

/* ---- callbacks ---- */

void
http_transfer_stop(struct http_transfer *t, enum rc rc)
{
	if (!t->stopped)
		t->stop_rc = rc;
	t->stopped = true;
}

/* The empty line that ends a head; false: stop. */
static bool
head_ended(struct http_transfer *t)
{
	long status = 0;
	char *type = NULL;
	enum rc rc = RC_OK;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	if (status < 200)
		return true;
	if (status >= 300 && status < 400)
		rc = err_set(&t->stop_err, RC_UPSTREAM,
		    "%s answered %ld, a redirect%s%s, which is not followed",
		    t->shown, status, t->location[0] != '\0' ? " to " : "",
		    t->location);
	else if (t->req.on_head != NULL)
		rc = t->req.on_head(t->req.arg, (int)status,
		    type != NULL ? type : "", &t->stop_err);
	if (rc != RC_OK)
		http_transfer_stop(t, rc);
	return !t->stopped;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;

	n *= size;
	t->head_bytes += n;
	if (t->stopped)
		return 0;
	if (t->head_bytes > HTTP_HEAD_MAX) {
		http_transfer_stop(
		    t, err_set(&t->stop_err, RC_TOOBIG,
			   "%s sent more than %d bytes of headers", t->shown,
			   (int)HTTP_HEAD_MAX));
		return 0;
	}
	http_transfer_field(t, span_make(p, n));
	if (n <= 2 && (*p == '\r' || *p == '\n') && !head_ended(t))
		return 0;
	return n;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	enum rc rc = RC_OK;

	n *= size;
	if (t->stopped)
		return 0;
	t->bytes += n;
	if (t->bytes > t->max_bytes)
		rc = err_set(&t->stop_err, RC_TOOBIG,
		    "%s sent more than %llu bytes; ask for less", t->shown,
		    (unsigned long long)t->max_bytes);
	else if (t->req.on_data != NULL)
		rc = t->req.on_data(t->req.arg, span_make(p, n), &t->stop_err);
	if (rc != RC_OK)
		http_transfer_stop(t, rc);
	return t->stopped ? 0 : n;
}

/* Sockets that no child process inherits. */
static curl_socket_t
on_open(
    void *arg UNUSED, curlsocktype purpose UNUSED, struct curl_sockaddr *addr)
{
	if (addr->family != AF_INET && addr->family != AF_INET6)
		return CURL_SOCKET_BAD;
	return socket(
	    addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

/* ---- options ---- */

static bool
has_control(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			return true;
	return false;
}

static enum rc
check_req(const struct http_req *r, struct err *err)
{
	const char *const *h;
	enum rc rc = http_check_url(r->url, err);

	if (rc != RC_OK)
		return rc;
	if (r->proxy != NULL)
		rc = http_check_proxy(r->proxy, err);
	if (rc != RC_OK)
		return rc;
	if (has_control(r->user) || has_control(r->password) ||
	    has_control(r->bearer))
		return err_set(err, RC_INVALID,
		    "user, password or token holds a control character, "
		    "perhaps a line end");
	for (h = r->headers; h != NULL && *h != NULL; h++)
		if (has_control(*h))
			return err_set(err, RC_INVALID,
			    "a request header holds a control character");
	return RC_OK;
}

static void
set_method(struct http_transfer *t, const struct http_req *r)
{
	const char *method = r->method != NULL ? r->method : "GET";
	bool post = strcmp(method, "POST") == 0;

	if (post || r->body.n > 0) {
		curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body.n);
		curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS,
		    r->body.n > 0 ? r->body.p : "");
	}
	if (!post && strcmp(method, "GET") != 0)
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void
set_headers(struct http_transfer *t, const struct http_req *r)
{
	const char *const *h;

	/* libcurl unpacks as it comes and on_body counts, so that a bomb is
	 * noticed within one of its pieces. */
	if (r->gzip) {
		curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING,
		    http_is_here(r->url) ? "identity, gzip;q=0.5" : "gzip");
		curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 1L);
	}

	/* Without it libcurl waits a second before it sends a large body. */
	t->headers = curl_slist_append(NULL, "Expect:");
	for (h = r->headers; h != NULL && *h != NULL; h++)
		t->headers = curl_slist_append(t->headers, *h);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(
	    t->easy, CURLOPT_USERAGENT, "culprit/" CULPRIT_VERSION);
}

static void
set_credentials(struct http_transfer *t, const struct http_req *r)
{
	if (r->ca_file != NULL) {
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, r->ca_file);
		curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	}
	if (r->bearer != NULL) {
		curl_easy_setopt(
		    t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(t->easy, CURLOPT_XOAUTH2_BEARER, r->bearer);
	} else if (r->user != NULL) {
		curl_easy_setopt(
		    t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(t->easy, CURLOPT_USERNAME, r->user);
		curl_easy_setopt(t->easy, CURLOPT_PASSWORD,
		    r->password != NULL ? r->password : "");
	}
}

static int64_t
or_default(int64_t v, int64_t fallback)
{
	return v > 0 ? v : fallback;
}

static void
set_limits(struct http_transfer *t, const struct http_req *r)
{
	t->timeout_ms = or_default(r->timeout_ms, HTTP_TIMEOUT_MS);
	t->connect_timeout_ms = MIN(
	    t->timeout_ms, or_default(r->connect_timeout_ms, HTTP_CONNECT_MS));
	t->idle_timeout_ms = r->idle_timeout_ms;
	t->max_bytes = r->max_bytes > 0 ? r->max_bytes : HTTP_BYTES_MAX;
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	curl_easy_setopt(
	    t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
	if (t->idle_timeout_ms <= 0)
		return;
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
	    (long)((t->idle_timeout_ms + 999) / 1000));
}

static void
set_distrust(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(
	    easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
}

/* Both are set whatever they are: unset, the environment would be asked. */
static void
set_proxy(CURL *easy, const struct http_req *r)
{
	curl_easy_setopt(easy, CURLOPT_PROXY, r->proxy != NULL ? r->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	/* What the proxy says of a tunnel is no head of the answer. */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

enum rc
http_transfer_init(
    struct http_transfer *t, const struct http_req *r, struct err *err)
{
	enum rc rc = check_req(r, err);

	if (rc != RC_OK)
		return rc;
	*t = (struct http_transfer){
	    .req = *r, .started_ms = clk_mono_ms(), .date_ms = -1};
	t->easy = curl_easy_init();
	if (t->easy == NULL)
		return err_set(err, RC_IO, "libcurl cannot make a handle");
	if (r->or_get != NULL)
		t->or_get = xstrdup(r->or_get);
	http_show_url(r->url, t->shown, sizeof(t->shown));
	if (r->proxy != NULL)
		snprintf(t->shown + strlen(t->shown),
		    sizeof(t->shown) - strlen(t->shown), " through %s",
		    r->proxy);
	curl_easy_setopt(t->easy, CURLOPT_URL, r->url);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	set_distrust(t->easy);
	set_proxy(t->easy, r);
	set_method(t, r);
	set_headers(t, r);
	set_credentials(t, r);
	set_limits(t, r);
	return RC_OK;
}

void
http_transfer_done(struct http_transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	free(t->or_get);
}

/* ---- results ---- */

static const struct meaning {
	CURLcode code;
	enum rc rc;
	const char *text;
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, RC_UPSTREAM,
	"the host's name cannot be resolved; check the URL"},
    {CURLE_COULDNT_RESOLVE_PROXY, RC_UPSTREAM,
	"the proxy's name cannot be resolved; check the setting http-proxy"},
    {CURLE_COULDNT_CONNECT, RC_UPSTREAM,
	"nobody accepts connections there; is it running, and is the URL "
	"right?"},
    {CURLE_GOT_NOTHING, RC_UPSTREAM,
	"it closed the connection without an answer"},
    {CURLE_PARTIAL_FILE, RC_UPSTREAM, "it broke off in mid-answer"},
    {CURLE_RECV_ERROR, RC_UPSTREAM, "the connection broke off"},
    {CURLE_SEND_ERROR, RC_UPSTREAM, "the connection broke off"},
    {CURLE_WEIRD_SERVER_REPLY, RC_UPSTREAM, "it does not speak HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, RC_UPSTREAM, "it does not speak HTTP"},
    {CURLE_BAD_CONTENT_ENCODING, RC_UPSTREAM,
	"what it sent cannot be unpacked"},
    {CURLE_PEER_FAILED_VERIFICATION, RC_UPSTREAM,
	"its certificate is not trusted; name the CA file that it is signed "
	"with, or use the host name it was made for"},
    {CURLE_SSL_CONNECT_ERROR, RC_UPSTREAM,
	"no TLS could be agreed on; does it speak https there?"},
    {CURLE_SSL_CACERT_BADFILE, RC_INVALID, "the CA file cannot be read"},
    {CURLE_SSL_CERTPROBLEM, RC_INVALID, "the certificate cannot be used"},
};

static const struct meaning *
meaning_find(CURLcode code)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(meanings); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

static enum rc
timed_out(struct http_transfer *t, int64_t ms, struct err *err)
{
	double connected = 0;
	long asked = 0;

	/* A connection that was kept is not made anew, and takes no time. */
	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME, &connected);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &asked);
	if (connected == 0 && asked == 0)
		return err_set(err, RC_TIMEOUT,
		    "%s: no connection within %lld ms; is the host up, and "
		    "the way to it open?",
		    t->shown, (long long)MIN(ms, t->connect_timeout_ms));
	if (ms + 50 < t->timeout_ms)
		return err_set(err, RC_TIMEOUT,
		    "%s: silent for more than %lld ms in the middle of its "
		    "answer",
		    t->shown, (long long)t->idle_timeout_ms);
	return err_set(err, RC_TIMEOUT, "%s: no %sanswer within %lld ms",
	    t->shown, t->bytes > 0 ? "whole " : "", (long long)t->timeout_ms);
}

/* Of a tunnel that a proxy did not make; 0: there was none to make. */
static long
tunnel_refusal(const struct http_transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status / 100 != 2 ? status : 0;
}

static enum rc
failure(struct http_transfer *t, CURLcode code, int64_t ms, struct err *err)
{
	const struct meaning *m = meaning_find(code);

	if (t->stopped) {
		*err = t->stop_err;
		return t->stop_rc;
	}
	if (code == CURLE_OPERATION_TIMEDOUT)
		return timed_out(t, ms, err);
	if (tunnel_refusal(t) != 0)
		return err_set(err, RC_UPSTREAM,
		    "%s: the proxy answered %ld and makes no way to it",
		    t->shown, tunnel_refusal(t));
	if (m != NULL)
		return err_set(err, m->rc, "%s: %s", t->shown, m->text);
	return err_set(
	    err, RC_UPSTREAM, "%s: %s", t->shown, curl_easy_strerror(code));
}

void
http_transfer_result(
    struct http_transfer *t, CURLcode code, struct http_result *ret)
{
	long status = 0, sent = 0;
	curl_off_t retry = 0;

	*ret = (struct http_result){.ms = clk_mono_ms() - t->started_ms,
	    .bytes = t->bytes,
	    .retry_after_ms = -1,
	    .date_ms = t->date_ms > 0 ? t->date_ms : -1,
	    .asked = t->asked + 1,
	    .refused_post = t->refused_post};
	snprintf(ret->location, sizeof(ret->location), "%s", t->location);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	t->sent |= sent > 0;
	ret->sent = t->sent;
	ret->status = (int)status;
	if (retry > 0)
		ret->retry_after_ms = (int64_t)MIN(retry, 86400) * 1000;
	if (code != CURLE_OK || t->stopped)
		ret->rc = failure(t, code, ret->ms, &ret->err);
}
