/*
 * planner.h - the planner process: a state in, a plan or a report out.
 *
 * Stateless: what it knows of a run came with the turn. It holds the key of
 * the language model where there is one, and cannot reach telemetry.
 */
#ifndef PLANNER_PLANNER_H
#define PLANNER_PLANNER_H

#include "planner/backend.h"

enum { PLANNER_ONCE_MS = 120000 };

extern const struct agent_spec planner_spec;

/* --once: one state (JSON or msgpack) from in, its update as JSON to out;
 * the exit status: 1 where there is none, or it has an error. */
int planner_once(const struct conf *conf, FILE *in, FILE *out);

/* The same with that backend, which has so many ms to answer. */
int planner_once_by(const struct backend_ops *ops, const struct conf *conf,
    int64_t ms, FILE *in, FILE *out);

#endif
