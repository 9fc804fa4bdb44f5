/*
 * stand_in.h - a worker process of the test's own, on the real skeleton
 * (common/agent) and the real worker's side (common/worker). A test program
 * that is started with --be-worker is that process.
 *
 * It does with a task what the task's input says under `how`: "hold" keeps
 * it, "show" tells of progress first, anything else is done at once. What is
 * revoked it says on stderr. Started with --tools=size it has the tool
 * `size`, which answers with a summary of `bytes` times `char` (a code, "x"
 * where it is absent) and with `evidence` bytes of evidence; with `unknown`
 * it does not know what came of it, with `say` it says "hi" meanwhile, as a
 * token and as progress. Of a run that is labelled `hold` it holds its steps,
 * and says so on stderr.
 */
#ifndef TESTS_HARNESS_STAND_IN_H
#define TESTS_HARNESS_STAND_IN_H

#include "common/base/span.h"
#include "tests/harness/spawn.h"

/* The tools it has once it was sent SIGHUP. */
extern const struct span stand_in_other_tools;

/* Its outcome of any task. */
extern const struct span stand_in_update;

/* What main of such a program does: be that process, or run the tests. */
int stand_in_main(int argc, char **argv, int (*tests)(void));

/* Starts it on a data directory, with further options or NULL. */
struct proc *stand_in_start(const char *data_dir, const char *const *more);

#endif
