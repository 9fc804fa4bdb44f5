/*
 * head.h - is this the head of exactly one HTTP request? Pure.
 *
 * Where two readers could disagree about a byte, the answer is 400: bare LF,
 * folded lines, space before a colon, NUL, two lengths, two hosts. What
 * passes has one meaning for every HTTP implementation.
 */
#ifndef GATEWAY_HTTP_HEAD_H
#define GATEWAY_HTTP_HEAD_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	HEAD_BYTES_MAX = 16384,
	HEAD_TARGET_MAX = 8192,
	HEAD_FIELDS_MAX = 100,
};

/* What head_check says beside HTTP statuses. */
enum { HEAD_OK = 0, HEAD_MORE = -1 };

struct head_field {
	struct span name, value; /* the value without space around it */
};

/* Spans point into the bytes that were checked. */
struct head {
	struct span method;
	struct span path;  /* of the target, still percent-encoded */
	struct span query; /* without the question mark */
	uint64_t body_bytes;
	size_t bytes;   /* of the head, with its empty line */
	unsigned minor; /* HTTP/1.minor: 0 or 1 */
	unsigned n;
	struct head_field fields[HEAD_FIELDS_MAX];
};

/*
 * Checks what has arrived so far. HEAD_OK: whole and good, *ret is set.
 * HEAD_MORE: good so far. Otherwise the HTTP status to refuse it with (400,
 * 411, 414, 417, 431, 505), and err says what is wrong.
 */
int head_check(struct span bytes, struct head *ret, struct err *err);

/* The value of a field by its name in any case; .p is NULL when absent. */
struct span head_find(const struct head *h, const char *name);

#endif
