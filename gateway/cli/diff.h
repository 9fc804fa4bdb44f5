/*
 * diff.h - where two JSON trees differ, and that told to a person. Pure.
 */
#ifndef GATEWAY_CLI_DIFF_H
#define GATEWAY_CLI_DIFF_H

#include "common/buf.h"

#include <cjson/cJSON.h>

/* Of one comparison; what differs beyond that is counted only. */
enum { DIFF_CHANGES_MAX = 500 };

/*
 * Appends to changes, an array, an object {path, then, now} for each smallest
 * part that differs: `steps[1].args.text`. What one side lacks has no `then`
 * or no `now`. Elements of lists are matched from both ends, so that one put
 * in between is one change. How many there are.
 */
int diff_trees(const cJSON *then, const cJSON *now, cJSON *changes);

/* Appends changes for a person, each line behind indent: texts line by line,
 * only those that differ; other values as JSON. */
void diff_put(struct buf *b, const cJSON *changes, const char *indent);

#endif
