/*
 * golden_worlds.h - twelve situations that people are called for at night,
 * each as a world of its own, always the same.
 */
#ifndef TESTS_HARNESS_GOLDEN_WORLDS_H
#define TESTS_HARNESS_GOLDEN_WORLDS_H

#include "tests/harness/world.h"

/* 2026-11-28T02:07:00Z */
#define GOLDEN_NOW 1795831620.0

struct golden {
	const char *name;
	void (*make)(struct world *w, struct dice *d);
	/* Of which the first eight lines must have one: the cause, or that
	 * there is none. */
	const char *answer[2]; /* zh, en */
};

extern const struct golden golden_worlds[];
extern const int golden_n;

/* The caller's (world_free). */
struct world *golden_world(const struct golden *g);

#endif
