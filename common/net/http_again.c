/*
 * http_again.c - what is kept of an answer's head, and whether a request that
 * failed is asked again.
 *
 * Invariant: all attempts together keep to the one deadline, and there are at
 * most 1 + HTTP_AGAIN_MAX of them, besides a POST that was refused.
 */
#include "common/net/http_transfer.h"

#include "common/base/clk.h"

#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_WAIT_MS = 200, JITTER_MS = 100, LEAST_MS = 20 };

/* ---- the head ---- */

/* The value when line is the field of that name. */
static bool
is_field(struct span line, const char *name, struct span *ret)
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' ||
	    strncasecmp(line.p, name, n) != 0)
		return false;
	*ret = span_trim(span_make(line.p + n + 1, line.n - n - 1));
	return true;
}

/* Against the URL that was asked, since it may be relative. */
static void
keep_location(struct http_transfer *t, struct span value)
{
	CURLU *u = curl_url();
	auto_str place = xstrndup(value.p, value.n);
	char *asked = NULL, *whole = NULL;

	curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &asked);
	if (asked != NULL && curl_url_set(u, CURLUPART_URL, asked, 0) == 0 &&
	    curl_url_set(u, CURLUPART_URL, place, 0) == 0 &&
	    curl_url_get(u, CURLUPART_URL, &whole, 0) == 0)
		http_show_url(whole, t->location, sizeof(t->location));
	curl_free(whole);
	curl_url_cleanup(u);
}

void
http_transfer_field(struct http_transfer *t, struct span line)
{
	struct span value;

	if (line.n > 5 && memcmp(line.p, "HTTP/", 5) == 0) {
		t->date_ms = -1;
		t->location[0] = '\0';
	} else if (is_field(line, "Location", &value)) {
		keep_location(t, value);
	} else if (is_field(line, "Date", &value)) {
		auto_str text = xstrndup(value.p, value.n);
		time_t s = curl_getdate(text, NULL);

		/* Cut to seconds: half of one on average. */
		if (s > 0 && t->date_ms != 0)
			t->date_ms = (int64_t)s * 1000 + 500;
	} else if (is_field(line, "Age", &value) && value.n > 0 &&
		   *value.p != '0') {
		t->date_ms = 0; /* a cache's copy, dated when it was made */
	}
}

/* ---- again? ---- */

static bool
passes(CURLcode code, const struct http_result *result)
{
	static const int statuses[] = {429, 502, 503, 504};
	static const CURLcode codes[] = {CURLE_COULDNT_CONNECT,
	    CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_RECV_ERROR,
	    CURLE_SEND_ERROR};
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes); i++)
		if (code == codes[i])
			return true;
	for (i = 0; i < ARRAY_LEN(statuses); i++)
		if (result->rc == RC_OK && result->status == statuses[i])
			return true;
	return false;
}

/* Of a proxy that lets only reading through, or knows no POST there. */
static bool
refuses_post(int status)
{
	static const int statuses[] = {403, 404, 405, 411, 413, 415, 501};
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++)
		if (status == statuses[i])
			return true;
	return false;
}

/* From 0 to ms - 1. */
static int64_t
random_ms(int64_t ms)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)clk_mono_ms();
	return (int64_t)r % ms;
}

/* Those who were turned away together must not come back together. */
static int64_t
wait_ms(const struct http_transfer *t, int64_t retry_after_ms)
{
	int64_t ms = FIRST_WAIT_MS << t->asked;

	if (retry_after_ms >= 0)
		return retry_after_ms + random_ms(JITTER_MS);
	return ms / 2 + random_ms(ms);
}

static void
make_ready(struct http_transfer *t, int64_t left_ms)
{
	t->bytes = t->head_bytes = 0;
	t->date_ms = -1;
	t->location[0] = '\0';
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
}

static bool
may_again(const struct http_transfer *t, const struct http_result *result)
{
	return t->req.on_again != NULL &&
	       t->req.on_again(t->req.arg, result);
}

int64_t
http_transfer_again(
    struct http_transfer *t, CURLcode code, const struct http_result *result)
{
	int64_t left = t->started_ms + t->timeout_ms - clk_mono_ms(), wait;

	if (t->stopped)
		return -1;
	if (t->or_get != NULL && result->rc == RC_OK && left > LEAST_MS &&
	    refuses_post(result->status) && may_again(t, result)) {
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(t->easy, CURLOPT_URL, t->or_get);
		t->refused_post = result->status;
		free(t->or_get);
		t->or_get = NULL;
		make_ready(t, left);
		return 0;
	}
	wait = wait_ms(t, result->retry_after_ms);
	if (t->asked == HTTP_AGAIN_MAX || left - wait < LEAST_MS ||
	    !passes(code, result) || !may_again(t, result))
		return -1;
	t->asked++;
	make_ready(t, left - wait);
	return wait;
}
