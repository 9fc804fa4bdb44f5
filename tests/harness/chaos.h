/*
 * chaos.h - a proxy between the processes that mistreats whole messages.
 *
 * It listens where gateways and workers connect, and stands for each of them
 * towards the supervisor, on a socket of its own under the same routing id.
 * What it does to the n-th message of a peer in a direction follows from the
 * seed alone. It runs on a thread of its own.
 */
#ifndef TESTS_HARNESS_CHAOS_H
#define TESTS_HARNESS_CHAOS_H

#include "common/base/span.h"

#include <stdint.h>
#include <stdio.h>

enum chaos_fate {
	CHAOS_PASS,
	CHAOS_DROP,
	CHAOS_TWICE, /* once at once, once more later */
	CHAOS_DELAY,
	CHAOS_SWAP, /* with the next of its kind of way */
	CHAOS_CUT,  /* dropped by a partition */
};
enum { CHAOS_FATES = CHAOS_CUT + 1, CHAOS_TYPES = 32 };

/* Of 10,000 messages, how many; what is left passes. */
struct chaos_odds {
	int drop, twice, delay, swap;
	int cut;      /* begin a partition of their peer */
	int delay_ms; /* the longest; most are much shorter */
	int cut_ms;   /* the longest */
};

struct chaos_spec {
	uint64_t seed;
	struct chaos_odds up, down; /* to and from the supervisor */
	/* Endpoints: where peers connect, where the supervisor listens. */
	const char *front, *back, *to_front, *to_back;
	/* Sees each message, on the proxy's thread; may be NULL. */
	void (*on_message)(void *ctx, struct span bytes);
	void *ctx;
};

struct chaos;

struct chaos_counts {
	uint64_t messages;
	uint64_t by[CHAOS_TYPES][CHAOS_FATES];
	uint64_t cuts;
};

/* Aborts where it cannot listen. */
struct chaos *chaos_start(const struct chaos_spec *spec);

/* Ends it; what was held back is lost. */
void chaos_free(struct chaos *c);

/* From here on every message passes. */
void chaos_calm(struct chaos *c);

/* How many whole messages came to it so far. */
uint64_t chaos_messages(struct chaos *c);
void chaos_add_counts(struct chaos *c, struct chaos_counts *sum);

/* The last decisions about a run, in their order; also those about joining
 * and leaving, which concern all. */
void chaos_print_trace(struct chaos *c, const char *run, FILE *out);

/* A table of types and fates. */
void chaos_print_counts(const struct chaos_counts *n, FILE *out);

#endif
