/*
 * executor.h - the executor process: steps in, evidence out.
 *
 * Stateless: what it holds is leased to it, and done again by another when
 * it dies. It alone reaches telemetry and tools; it holds no LLM key.
 */
#ifndef EXECUTOR_EXECUTOR_H
#define EXECUTOR_EXECUTOR_H

#include "common/agent/agent.h"

/* The functions of an agent_spec. */
enum rc executor_start(struct agent *a, void **ret_state, struct err *err);
void executor_drain(void *state);
/* Takes which tools are enabled, and their classes, from conf. */
void executor_reload(void *state, const struct conf *conf);
bool executor_is_well(const void *state);
void executor_stop(void *state);

/* Tools and what they answer from are well configured, and that answers. */
enum rc executor_check(const struct conf *conf, struct err *err);

/*
 * One step ({"tool", "args", ...}) or a plan ({"steps": [...]}) from in, as
 * JSON or msgpack; feedback to out as JSON. 0: all succeeded; 1: one failed;
 * 2: the input is not a step.
 */
int executor_once(const struct conf *conf, FILE *in, FILE *out);

#endif
