/*
 * causes_range.h - the grid of points, and asking for series on it.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_RANGE_H
#define EXECUTOR_CAUSES_CAUSES_RANGE_H

#include "executor/causes/causes_fetching.h"

/* Sets f->grid for series that are sampled every interval_s. */
void causes_range_grid(struct causes_fetching *f, double interval_s);

/* The days before the grid, thinly. */
struct causes_grid causes_range_history(const struct causes_fetching *f);

/* Asks all questions over one grid and fills the set; history: that of series
 * which are there, and what cannot be had is no loss. */
NODISCARD enum rc causes_range_ask(struct causes_fetching *f,
    const struct causes_asks *asks, const struct causes_grid *grid,
    bool history);

#endif
