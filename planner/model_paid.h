/*
 * model_paid.h - answers of a model that were paid for, as the supervisor
 * keeps them until their turn is over: whoever takes the turn next is given
 * them, and pays for none of them again. Pure.
 */
#ifndef PLANNER_MODEL_PAID_H
#define PLANNER_MODEL_PAID_H

#include <cjson/cJSON.h>

#include "planner/llm/llm.h"

/* The n-th answer of a turn, appended as a msgpack map. */
void model_paid_put(struct buf *b, int n, const struct llm_reply *r);

/* The n-th of those that a turn's state brings, a tree; NULL: it is to be
 * asked for. */
const cJSON *model_paid_find(const cJSON *state, int n);

/* What it was, borrowed from the tree. */
struct llm_reply model_paid_reply(const cJSON *paid);

#endif
