/*
 * price.h - what a model's tokens cost: the table of --llm-prices. Pure.
 *
 * Money is counted in 1e-12 of whatever the table is in, so that a token's
 * price, given per million, is a whole number.
 */
#ifndef SUPERVISOR_RUN_PRICE_H
#define SUPERVISOR_RUN_PRICE_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdint.h>

enum { PRICE_MODELS_MAX = 64, PRICE_MODEL_MAX = 200 };

#define PRICE_UNIT 1000000000000LL /* of one */
#define PRICE_MOST 1000000.0       /* of a price, and of a limit */

struct price {
	char model[PRICE_MODEL_MAX + 1]; /* "*": any other */
	int64_t prompt, answer, cached;  /* of a token */
};

struct prices {
	struct price at[PRICE_MODELS_MAX];
	int n;
};

/* "MODEL=PROMPT/ANSWER/CACHED, ...", each per million tokens; without CACHED,
 * cached tokens cost what others do. NULL: an empty table. RC_INVALID: what
 * is wrong and what to write. */
NODISCARD enum rc prices_read(
    const char *text, struct prices *ret, struct err *err);

/* NULL: it is not in the table. */
const struct price *prices_of(const struct prices *p, struct span model);

int64_t price_cost(
    const struct price *p, int64_t prompt, int64_t cached, int64_t answer);

/* An amount as people write it; NULL is 0. flag: whose it is. */
NODISCARD enum rc price_amount(
    const char *flag, const char *text, int64_t *ret, struct err *err);

#endif
