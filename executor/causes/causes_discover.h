/*
 * causes_discover.h - finding out what there is to ask for.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_DISCOVER_H
#define EXECUTOR_CAUSES_CAUSES_DISCOVER_H

#include "executor/causes/causes_fetching.h"

/* Metrics in scope with their types, sorted by name; those that are too many
 * are noted as skipped. */
NODISCARD enum rc causes_discover_names(struct causes_fetching *f);
/* How many series the server has; sets size. */
NODISCARD enum rc causes_discover_size(struct causes_fetching *f);
/* How many series each has. */
NODISCARD enum rc causes_discover_counts(struct causes_fetching *f);
/* How often most are sampled; sets last_s too. */
NODISCARD enum rc causes_discover_interval(
    struct causes_fetching *f, double *ret_s);

/* People sample at round intervals: the next of them, within 20 %. */
double causes_round_interval(double s);

#endif
