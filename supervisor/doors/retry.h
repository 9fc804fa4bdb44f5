/*
 * retry.h - tasks that come back from their worker unfinished.
 */
#ifndef SUPERVISOR_DOORS_RETRY_H
#define SUPERVISOR_DOORS_RETRY_H

#include "supervisor/run/supervisor.h"

/* Leases that ran out. */
void retry_lapsed(struct supervisor *s, int64_t now_ms);

/* What a worker held that is gone, or has begun anew and knows nothing of
 * it. */
void retry_orphans(struct supervisor *s, struct worker *w, bool died);

#endif
