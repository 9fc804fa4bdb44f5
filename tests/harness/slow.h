/*
 * slow.h - clients that hold on to a gateway: viewers that do not read, heads
 * that come a byte at a time; and what others notice of them meanwhile.
 */
#ifndef TESTS_HARNESS_SLOW_H
#define TESTS_HARNESS_SLOW_H

#include "tests/harness/house.h"

#include <stdint.h>

enum { SLOW_MAX = 10000 };

/* What somebody else measured meanwhile: how long GET /healthz took. */
struct slow_others {
	int asked, failed;
	double p50_ms, p99_ms, max_ms;
};

struct slow_readers {
	int n, cut;
	double kib_each;  /* that the gateway grew by, at most */
	double cut_s_max; /* from connecting until the connection was cut */
	struct slow_others others;
	int whole; /* streams read to their end meanwhile */
};

/* The plans of a run whose events are far more than a connection holds. */
extern const char slow_script[];

/* n viewers of one run, none of which reads, until all are cut or ms are
 * over. */
void slow_read(struct house *h, int n, int ms, struct slow_readers *ret);

struct slow_heads {
	int n;
	int64_t bytes, cut; /* sent; connections that were ended */
	double held_s_max;  /* the longest that one was held */
	struct slow_others others;
};

/* n connections at all times whose heads come a byte at a time, for ms, and
 * until as many were cut; whatever is cut comes back. */
void slow_dribble(struct house *h, int n, int ms, struct slow_heads *ret);

#endif
