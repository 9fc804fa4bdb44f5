/*
 * blame.h - which run this process is at work on, told to the next one.
 *
 * What is noted here outlives the process, however it dies: it is memory that
 * a file is mapped to, so noting costs no system call and no sync. (It does
 * not outlive the machine, whose end is no run's fault.) The next process
 * counts a recovery, in the row of the run that was at work, before it does
 * any work for a run:
 *
 *	recoveries	+1 for a death at it, -1 for each of its updates
 *			that is committed after that
 *
 * A run that has RUN_RECOVERIES_MAX and died once more is given up: it ends
 * with what its row says, its record unread. So:
 *
 * - one that dies wherever it goes on from is given up at its fourth death;
 * - one that commits an update between deaths is not, as long as it does not
 *   die oftener than it gets on; and there are only so many updates in a run
 *   (route.h), and none behind its deadline;
 * - a run that is not at work then, or makes progress, is not counted for a
 *   process that is killed from outside, whatever the others do.
 *
 * Where the disk failed it was not the run: that is no death of this kind.
 */
#ifndef SUPERVISOR_RUN_BLAME_H
#define SUPERVISOR_RUN_BLAME_H

#include "common/base/rc.h"

#include <stdint.h>

enum { RUN_RECOVERIES_MAX = 3 };

struct blame;

/*
 * path: a file, made where there is none. epoch is this process's. *ret_row is
 * what the process of the epoch before was at work on when it died; 0: on
 * none. RC_IO: there is no such file to be had; then nobody is to blame.
 */
NODISCARD enum rc blame_open(const char *path, uint64_t epoch,
    struct blame **ret, int64_t *ret_row, struct err *err);
void blame_close(struct blame *b);

/* It is at work on the run of that row from now on; 0: on none. b NULL: not
 * noted. */
void blame_set(struct blame *b, int64_t row);

#endif
