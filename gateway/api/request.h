/*
 * request.h - the bodies of the requests that start a run, checked and turned
 * into what the supervisor takes. Pure.
 */
#ifndef GATEWAY_API_REQUEST_H
#define GATEWAY_API_REQUEST_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/sha256.h"

#include <stdint.h>

enum {
	/* Six times the question, as JSON may escape it, and labels. */
	REQUEST_BODY_MAX = 64 << 10,
	REQUEST_INPUT_MAX = 8192,
	REQUEST_LABELS_MAX = 64,
	REQUEST_LABEL_VALUE_MAX = 1024,
};

/*
 * body: JSON object {input, language, at, window, labels, timezone}, all
 * optional, or nothing at all. language: of a body that names none. Appends
 * SUBMIT.input to ret_input; ret_digest is equal for equal requests, also where
 * "at" is relative to now. RC_INVALID, RC_TOOBIG: what, where, what to do.
 */
NODISCARD enum rc request_parse(struct span body, const char *language,
    int64_t now_ms, struct buf *ret_input, char ret_digest[SHA256_TEXT],
    struct err *err);

/*
 * The same for a fork of run: JSON object {from, input}, both optional.
 * *ret_from is an event's number, 1 where none was given.
 */
NODISCARD enum rc request_parse_fork(struct span body, const char *run,
    struct buf *ret_input, uint64_t *ret_from, char ret_digest[SHA256_TEXT],
    struct err *err);

/* The same for a question to run, which has ended: JSON object {question}. */
NODISCARD enum rc request_parse_ask(struct span body, const char *run,
    struct buf *ret_input, char ret_digest[SHA256_TEXT], struct err *err);

#endif
