/*
 * rest.h - gives the system back what the heap kept of a busy time.
 *
 * malloc keeps what was freed, for good where something still in use lies
 * above it: one crowd would be seen in a process's size ever after.
 */
#ifndef COMMON_AGENT_REST_H
#define COMMON_AGENT_REST_H

#include <stdbool.h>
#include <stdint.h>

enum { REST_MS = 1000 };

struct rest {
	bool due; /* it was busy, and gave nothing back since */
	int64_t since_ms;
};

/*
 * Says, now and then, whether something is under way. Once nothing was for
 * REST_MS after something had been, free memory is given back, which may take
 * milliseconds: then the result is true.
 */
bool rest_tick(struct rest *r, bool busy, int64_t now_ms);

#endif
