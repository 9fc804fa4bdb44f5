/*
 * api_in.h - what the files that handle routes share.
 */
#ifndef GATEWAY_API_API_IN_H
#define GATEWAY_API_API_IN_H

#include "gateway/api/api.h"
#include "gateway/api/exchange.h"

enum { API_JSON_MAX = 128 << 20, API_KEY_TEXT = 33 };

extern const char api_sse[], api_json[];

/* Chooses which of offers, ended by NULL, the client would have; false:
 * answered 406. */
bool api_choose(struct exchange *x, const char *const *offers);

/* The report a REPLY tells; false: answered 502. */
bool api_told(
    struct exchange *x, const struct proto_reply *r, struct proto_told *ret);

/* Ends the call and answers with one msgpack value as JSON, named by its
 * bytes. */
void api_reply_value(struct exchange *x, struct span value);

/* A key for a request that has none, so that it can be said again. */
void api_key_make(char out[API_KEY_TEXT]);

/* Ends the call and answers with the JSON in body. */
void api_reply_json(struct exchange *x, int status, struct buf *body);

#endif
