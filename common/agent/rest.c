/*
 * rest.c - gives the system back what the heap kept of a busy time.
 */
#include "common/agent/rest.h"

#include <malloc.h>

bool
rest_tick(struct rest *r, bool busy, int64_t now_ms)
{
	if (busy) {
		r->due = true;
		r->since_ms = now_ms;
	}
	if (!r->due || now_ms - r->since_ms < REST_MS)
		return false;
	malloc_trim(0);
	r->due = false;
	return true;
}
