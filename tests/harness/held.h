/*
 * held.h - a run that is held in its one step: a query of a Prometheus that
 * answers when the test lets it.
 */
#ifndef TESTS_HARNESS_HELD_H
#define TESTS_HARNESS_HELD_H

#include "tests/harness/house.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/transcript.h"

/* For house_spec.script: the step, then the end. */
#define HELD_PLANS                                                             \
	"[{\"decision\":\"EXECUTE\",\"step\":\"ask\","                         \
	"\"tool\":\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}},"  \
	"{\"decision\":\"FINISH\",\"report\":\"# done\"}]"

/* The Prometheus, the caller's. It answers nothing, for HOUSE_MS at the most,
 * before held_release. */
struct stub_http *held_prometheus(void);
void held_release(void);

/* A client that has started a run and sees all of it; name is of its output
 * files. */
struct proc *held_watch(struct house *h, const char *name);

/* The same, when the run is in its step. */
struct proc *held_watch_step(struct house *h);

/* Waits for the client's end: the run's events, sound and completed; the
 * caller's. */
struct transcript *held_finish(struct proc *watching);

/* Ends the house and holds its store to the invariant. */
void held_house_done(struct house *h);

#endif
