/*
 * tool_causes.h - the tool find_causes: arguments and result as JSON.
 *
 * Runs on a worker thread, since it waits for its source.
 */
#ifndef EXECUTOR_TOOLS_TOOL_CAUSES_H
#define EXECUTOR_TOOLS_TOOL_CAUSES_H

#include "common/base/buf.h"
#include "executor/causes/causes_fetch.h"

#include <cjson/cJSON.h>

/*
 * args: {"alert": {"name", "labels", "startsAt"}, "at", "onset", "window",
 * "scope", "limit"}; all but alert.startsAt (or at) optional. Appends the
 * result's JSON to ret_json. RC_INVALID: arguments; RC_CANCELLED; or what
 * the source answered when it gave nothing at all.
 */
NODISCARD enum rc causes_run(const cJSON *args, struct causes_source *src,
    const struct causes_limits *limits, const atomic_bool *cancelled,
    causes_progress_fn *progress, void *progress_arg, struct buf *ret_json,
    struct err *err);

#endif
