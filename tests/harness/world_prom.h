/*
 * world_prom.h - the Prometheus of a made-up world, as an HTTP server; the
 * world can be changed for another while it runs.
 */
#ifndef TESTS_HARNESS_WORLD_PROM_H
#define TESTS_HARNESS_WORLD_PROM_H

#include "tests/harness/world.h"

struct world_prom;

struct world_prom *world_prom_new(void);
void world_prom_free(struct world_prom *p);
const char *world_prom_url(const struct world_prom *p);

/* Of that world from now on, which must live until the next one is shown. */
void world_prom_show(struct world_prom *p, const struct world *w);

/* The notes of partial answers: what a reader must be told of. */
const char *world_prom_note(enum world_answer how);

/* How many answers of a part carried that note since the world was shown. */
int world_prom_noted(struct world_prom *p, enum world_api api);

#endif
