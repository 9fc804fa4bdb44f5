/*
 * causes_finding.h - one series' change as a finding: from what to what, out
 * of which band, since when, and what it explains within its service.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_FINDING_H
#define EXECUTOR_CAUSES_CAUSES_FINDING_H

#include "executor/causes/causes_change.h"

/* Of series i; after begins at the onset. */
struct causes_finding causes_finding_of(const struct causes_set *set, size_t i,
    const struct causes_change *c, double worth,
    const struct causes_range *after);

#endif
