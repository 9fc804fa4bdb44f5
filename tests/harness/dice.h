/*
 * dice.h - chance that a seed repeats.
 */
#ifndef TESTS_HARNESS_DICE_H
#define TESTS_HARNESS_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t at;
};

/* Spreads a number over all 64 bits (splitmix64's last step). */
static inline uint64_t
dice_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
	return x ^ (x >> 31);
}

/* A sequence of its own for each pair of numbers under a seed. */
static inline struct dice
dice_of(uint64_t seed, uint64_t a, uint64_t b)
{
	struct dice d = {dice_mix(dice_mix(dice_mix(seed + 1) + a) + b)};

	return d;
}

static inline uint64_t
dice_next(struct dice *d)
{
	d->at += 0x9e3779b97f4a7c15U;
	return dice_mix(d->at);
}

/* From lo to hi, both included. */
static inline int
dice_int(struct dice *d, int lo, int hi)
{
	return lo + (int)(dice_next(d) % (uint64_t)(hi - lo + 1));
}

static inline bool
dice_percent(struct dice *d, int percent)
{
	return dice_int(d, 0, 99) < percent;
}

#endif
