/*
 * map.h - words to numbers, in memory.
 */
#ifndef EXECUTOR_DOCS_MAP_H
#define EXECUTOR_DOCS_MAP_H

#include "common/base/span.h"

#include <stdint.h>

struct map_slot {
	char *key; /* owned; NULL: free */
	size_t n;
	uint32_t hash;
	int value;
};

/* Zeroed, it is empty. */
struct map {
	struct map_slot *slots;
	size_t n, cap; /* cap: a power of two */
};

void map_done(struct map *m);

/* The value of key, or absent. */
int map_get(const struct map *m, struct span key, int absent);

/* Where the value of key is kept; initial if it is new. Until the next. */
int *map_at(struct map *m, struct span key, int initial);

#endif
