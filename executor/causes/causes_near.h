/*
 * causes_near.h - fetching for a big cluster: what is near the alert.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_NEAR_H
#define EXECUTOR_CAUSES_CAUSES_NEAR_H

#include "executor/causes/causes_fetching.h"

/*
 * Fills the set with the services within reach of the alert's, summed up, and
 * with all there is of those that are suspect. *ret_done is false where
 * nothing near could be told, and nothing was asked for yet.
 */
NODISCARD enum rc causes_near(struct causes_fetching *f, bool *ret_done);

#endif
