/*
 * http_url.c - what URLs may be asked, and how they are shown and written.
 */
#include "common/net/http.h"
#include "common/base/buf.h"

#include <curl/curl.h>
#include <stdio.h>

static void
url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void
part_cleanup(char **part)
{
	curl_free(*part);
}

#define auto_url CLEANUP(url_cleanup) CURLU
#define auto_part CLEANUP(part_cleanup) char

enum rc
http_check_url(const char *url, struct err *err)
{
	auto_url *u = curl_url();
	auto_part *scheme = NULL;
	CURLUcode code = curl_url_set(
	    u, CURLUPART_URL, url != NULL ? url : "", CURLU_NON_SUPPORT_SCHEME);

	if (code != CURLUE_OK)
		return err_set(err, RC_INVALID,
		    "not a URL such as http://host:9090 (%s)",
		    curl_url_strerror(code));
	curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (scheme == NULL ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return err_set(err, RC_INVALID,
		    "a URL must begin with http:// or https://, not %.20s://",
		    scheme != NULL ? scheme : "");
	return RC_OK;
}

bool
http_is_here(const char *url)
{
	auto_url *u = curl_url();
	auto_part *host = NULL;

	return curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	       curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	       (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		   strncmp(host, "127.", 4) == 0);
}

static bool
has_part(CURLU *u, CURLUPart what)
{
	auto_part *part = NULL;

	return curl_url_get(u, what, &part, 0) == CURLUE_OK;
}

enum rc
http_check_proxy(const char *url, struct err *err)
{
	auto_url *u = curl_url();
	auto_part *path = NULL;
	enum rc rc = http_check_url(url, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "the proxy");
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    strncasecmp(url, "http://", 7) != 0 ||
	    !has_part(u, CURLUPART_PORT) || has_part(u, CURLUPART_USER) ||
	    has_part(u, CURLUPART_PASSWORD) || has_part(u, CURLUPART_QUERY) ||
	    has_part(u, CURLUPART_FRAGMENT) ||
	    curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
	    strcmp(path, "/") != 0)
		return err_set(err, RC_INVALID,
		    "the proxy must be http://HOST:PORT, without user, "
		    "password or path");
	return RC_OK;
}

const char *
http_show_url(const char *url, char *out, size_t size)
{
	auto_url *u = curl_url();
	auto_part *text = NULL;

	if (curl_url_set(u, CURLUPART_URL, url != NULL ? url : "", 0) !=
	    CURLUE_OK) {
		snprintf(out, size, "(not a URL)");
		return out;
	}
	curl_url_set(u, CURLUPART_USER, NULL, 0);
	curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(u, CURLUPART_QUERY, NULL, 0);
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	curl_url_get(u, CURLUPART_URL, &text, 0);
	snprintf(out, size, "%s", text != NULL ? text : "(not a URL)");
	return out;
}

void
http_put_escaped(struct buf *b, struct span s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL) {
			buf_addc(b, (char)c);
			continue;
		}
		buf_addc(b, '%');
		buf_addc(b, hex[c >> 4]);
		buf_addc(b, hex[c & 15]);
	}
}
