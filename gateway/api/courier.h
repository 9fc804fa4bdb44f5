/*
 * courier.h - carries reports out: takes a letter from the supervisor, fetches
 * the report, posts it in its reader's form, and says what came of it.
 *
 * It keeps nothing: what it is at when it ends is handed to another, or again.
 * A letter is posted under the same Idempotency-Key each time.
 */
#ifndef GATEWAY_API_COURIER_H
#define GATEWAY_API_COURIER_H

#include "gateway/api/link.h"

struct courier;

/* Carries what link brings from now on. page: where people find the gateway,
 * copied. RC_INVALID, RC_IO: --notify-file. With none it carries nothing. */
NODISCARD enum rc courier_new(struct agent *a, struct link *link,
    const char *page, struct courier **ret, struct err *err);
/* Before its link. */
void courier_free(struct courier *c);

#endif
