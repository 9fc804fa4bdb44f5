/*
 * diff.h - where two JSON trees differ, told line by line.
 */
#ifndef GATEWAY_CLI_DIFF_H
#define GATEWAY_CLI_DIFF_H

#include "common/base/buf.h"
#include "common/base/rc.h"

#include <cjson/cJSON.h>

/*
 * Appends to ret how now differs from then, as diff(1) tells it of their
 * pretty JSON, each line behind indent; nothing: they are equal. The order of
 * keys is no difference; they are put in order, also in the trees themselves.
 * A line end within a string is one there, so that of a report those lines
 * differ that do. Blocks. RC_IO: diff cannot be run. RC_TOOBIG: over ret's
 * maximum, as is the text of a tree.
 */
NODISCARD enum rc diff_trees(cJSON *then, cJSON *now, const char *indent,
    struct buf *ret, struct err *err);

#endif
