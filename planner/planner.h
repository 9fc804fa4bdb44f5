/*
 * planner.h - the planner process: a state in, a plan or a report out.
 *
 * Stateless: what it knows of a run came with the turn. It holds the key of
 * the language model where there is one, and cannot reach telemetry.
 */
#ifndef PLANNER_PLANNER_H
#define PLANNER_PLANNER_H

#include "common/agent.h"

extern const struct agent_spec planner_spec;

/* --once: one state (JSON or msgpack) from in, its update as JSON to out;
 * the exit status. */
int planner_once(const struct conf *conf, FILE *in, FILE *out);

#endif
