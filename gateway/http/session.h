/*
 * session.h - a cookie that stands for the token, since a browser's stream of
 * events can send no header. Pure.
 *
 * Nothing is kept: a value says until when it is good, under a code that only
 * who has the token can make. Another token ends every session.
 */
#ifndef GATEWAY_HTTP_SESSION_H
#define GATEWAY_HTTP_SESSION_H

#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_COOKIE "culprit"

enum {
	SESSION_S = 30 * 86400, /* how long one is good */
	SESSION_VALUE_MAX = 96,
};

struct session_key {
	unsigned char bytes[32];
};

void session_key_of(const char *token, struct session_key *ret_key);

/* A value that is good for SESSION_S from now on; returns ret. */
const char *session_make(
    const struct session_key *key, int64_t now_s, char ret[SESSION_VALUE_MAX]);

bool session_is_good(
    const struct session_key *key, struct span value, int64_t now_s);

/* The value of our cookie in a header field Cookie; .p is NULL when absent. */
struct span session_find(struct span cookies);

#endif
