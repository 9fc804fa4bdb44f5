/*
 * purse.h - the planner's side of the accounts that the supervisor keeps: each
 * request to a model is asked for, and told what it took.
 *
 * Words are said again until they are answered; forgotten with their task.
 */
#ifndef PLANNER_PURSE_H
#define PLANNER_PURSE_H

#include "common/agent/worker.h"
#include "common/wire/proto.h"
#include "planner/backend.h"

struct purse;

struct purse *purse_new(zloop_t *loop, struct worker *w);
void purse_free(struct purse *p);

void purse_reserve(
    struct purse *p, struct worker_task *task, const struct turn_request *r);
void purse_settle(
    struct purse *p, struct worker_task *task, const struct turn_usage *u);

/* An answer; false: nobody waits for it. */
bool purse_heard(
    struct purse *p, const struct worker_task *task, const struct proto *m);

/* Nothing of this task is said again. */
void purse_forget(struct purse *p, const struct worker_task *task);

#endif
