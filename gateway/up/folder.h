/*
 * folder.h - the data directory: made where it is missing, and locked.
 */
#ifndef GATEWAY_UP_FOLDER_H
#define GATEWAY_UP_FOLDER_H

#include "common/base/rc.h"

/*
 * Makes dir, private, and locks it for one `culprit up`: closing *ret_lock
 * gives it back, and so does dying. Waits up to a second for somebody who is
 * about to leave. RC_CONFLICT: another one runs there; RC_IO.
 */
NODISCARD enum rc folder_open(const char *dir, int *ret_lock, struct err *err);

#endif
