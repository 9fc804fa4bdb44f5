/* world_lists.h - the lists that a Prometheus has of now, as JSON. */
#ifndef TESTS_HARNESS_WORLD_LISTS_H
#define TESTS_HARNESS_WORLD_LISTS_H

#include "tests/harness/world.h"

void world_put_labels(struct buf *b, const struct world_labels *l);

/* What stands in `data`. */
void world_put_alerts(struct buf *b, const struct world *w);
void world_put_rules(struct buf *b, const struct world *w);
void world_put_targets(struct buf *b, const struct world *w);
void world_put_names(struct buf *b, const struct world *w);

#endif
