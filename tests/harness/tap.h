/*
 * tap.h - which fields of which messages went from one real process to the
 * other: what chaos.h passes on is looked into.
 *
 * A path is "STATUS.detail.planners"; for a query's args "QUERY.list.limit".
 * Lists are looked through. Only what is not empty counts as having come.
 */
#ifndef TESTS_HARNESS_TAP_H
#define TESTS_HARNESS_TAP_H

#include "common/base/span.h"

#include <stdbool.h>

struct tap;

struct tap *tap_new(void);
void tap_free(struct tap *t);

/* The next message; may be called on another thread. */
void tap_message(void *tap, struct span bytes);

/* Has it come? */
bool tap_has(struct tap *t, const char *path);

/* The same, waiting for it. */
bool tap_await(struct tap *t, const char *path, int limit_ms);

#endif
