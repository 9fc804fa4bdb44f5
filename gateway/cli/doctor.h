/*
 * doctor.h - what `culprit doctor` looks at, and what it says about it.
 */
#ifndef GATEWAY_CLI_DOCTOR_H
#define GATEWAY_CLI_DOCTOR_H

#include "common/agent/conf.h"
#include "common/base/buf.h"

/* How bad it is. */
enum doctor_mark { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_BAD };

/*
 * Looks at one thing of the installation that conf describes, as it is here
 * and now; what is the case, and what to do about it, is appended to said: a
 * line or several. May block for seconds.
 */
typedef enum doctor_mark doctor_fn(const struct conf *conf, struct buf *said);

/* doctor_machine.c: what the machine itself tells. */
doctor_fn doctor_disk, doctor_clock, doctor_rights;

#endif
