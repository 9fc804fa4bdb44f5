/*
 * session.c - a cookie that stands for the token.
 *
 *   EXPIRES.CODE	seconds since the epoch; HMAC of them, in hexadecimal
 */
#include "gateway/http/session.h"

#include "common/base/num.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { CODE_HEX = 2 * crypto_auth_BYTES };

_Static_assert(sizeof(struct session_key) == crypto_auth_KEYBYTES,
    "a key of another size");
_Static_assert(CODE_HEX + 24 < SESSION_VALUE_MAX, "a longer code");

void
session_key_of(const char *token, struct session_key *ret_key)
{
	crypto_generichash(ret_key->bytes, sizeof(ret_key->bytes),
	    (const unsigned char *)token, strlen(token),
	    (const unsigned char *)"culprit session", 15);
}

static void
code_of(const struct session_key *key, int64_t expires, char ret[CODE_HEX + 1])
{
	unsigned char mac[crypto_auth_BYTES];
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)expires);

	crypto_auth(mac, (const unsigned char *)text, (unsigned long long)n,
	    key->bytes);
	sodium_bin2hex(ret, CODE_HEX + 1, mac, sizeof(mac));
}

const char *
session_make(
    const struct session_key *key, int64_t now_s, char ret[SESSION_VALUE_MAX])
{
	char code[CODE_HEX + 1];

	code_of(key, now_s + SESSION_S, code);
	snprintf(ret, SESSION_VALUE_MAX, "%lld.%s",
	    (long long)(now_s + SESSION_S), code);
	return ret;
}

bool
session_is_good(const struct session_key *key, struct span value, int64_t now_s)
{
	const char *dot = value.n > 0 ? memchr(value.p, '.', value.n) : NULL;
	size_t n = dot != NULL ? (size_t)(dot - value.p) : 0;
	char code[CODE_HEX + 1];
	uint64_t expires;

	if (n == 0 || value.n - n - 1 != CODE_HEX ||
	    !num_parse_whole(span_make(value.p, n), INT64_MAX, &expires))
		return false;
	code_of(key, (int64_t)expires, code);
	return sodium_memcmp(dot + 1, code, CODE_HEX) == 0 &&
	       (int64_t)expires > now_s;
}

struct span
session_find(struct span cookies)
{
	static const char name[] = SESSION_COOKIE "=";
	const size_t n = sizeof(name) - 1;

	while (cookies.n > 0) {
		const char *end = memchr(cookies.p, ';', cookies.n);
		size_t len =
		    end != NULL ? (size_t)(end - cookies.p) : cookies.n;
		struct span one =
		    span_trim_set(span_make(cookies.p, len), SPAN_HTTP_BLANKS);

		if (one.n >= n && memcmp(one.p, name, n) == 0)
			return span_make(one.p + n, one.n - n);
		len += end != NULL;
		cookies = span_make(cookies.p + len, cookies.n - len);
	}
	return (struct span){0};
}
