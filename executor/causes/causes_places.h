/*
 * causes_places.h - where pods run, and what else their nodes are called.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_PLACES_H
#define EXECUTOR_CAUSES_CAUSES_PLACES_H

#include "executor/causes/causes_fetching.h"

/* Tells the set of the pods that matcher, or "", allows, and of all nodes. */
NODISCARD enum rc causes_places(struct causes_fetching *f, const char *matcher);

enum { CAUSES_GUESTS_MAX = 6 };

/* Services with pods on the nodes, other than those in known: at most
 * CAUSES_GUESTS_MAX, the caller's. */
NODISCARD enum rc causes_guests(struct causes_fetching *f,
    const char *node_matcher, const char *const *known, size_t nknown,
    char **ret, size_t *ret_n);

#endif
