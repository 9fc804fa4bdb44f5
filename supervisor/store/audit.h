/* audit.h - culprit-supervisor --verify: says what does not fit. */
#ifndef SUPERVISOR_STORE_AUDIT_H
#define SUPERVISOR_STORE_AUDIT_H

#include "common/agent/conf.h"

/* id: "" for all. One line for each run on stdout, a summary last; the exit
 * status: 0 where all fits, 1 where not or where it cannot be told. */
int audit_main(const struct conf *conf, const char *id);

/* --check: would a start take the file that is there, if one is? */
NODISCARD enum rc audit_look(const struct conf *conf, struct err *err);

#endif
