/*
 * chaos_trace.h - what the proxy did to the last messages, and how often.
 */
#ifndef TESTS_HARNESS_CHAOS_TRACE_H
#define TESTS_HARNESS_CHAOS_TRACE_H

#include "common/base/span.h"
#include "tests/harness/chaos.h"

#include <stdbool.h>

enum { TRACE_NOTES = 1 << 16, TRACE_TEXT = 72 };

struct note {
	int64_t ms;
	unsigned peer;
	bool down;
	enum chaos_fate fate;
	int held_ms;
	int type; /* of the message; 0: bytes that are none */
	uint64_t req;
	char run[32];
	char text[TRACE_TEXT];
};

struct trace {
	struct note *ring;
	uint64_t n;
	struct chaos_counts counts;
};

void trace_init(struct trace *t);
void trace_done(struct trace *t);

/* Reads the message and keeps what became of it; note has the rest. */
void trace_add(struct trace *t, struct note *note, struct span bytes);
void trace_print(const struct trace *t, const char *run, FILE *out);

#endif
