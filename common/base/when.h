/*
 * when.h - moments and durations as people and monitoring systems write them.
 *
 * Moments are milliseconds since the Unix epoch, durations milliseconds.
 */
#ifndef COMMON_BASE_WHEN_H
#define COMMON_BASE_WHEN_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdint.h>

enum { WHEN_TEXT = 40 };

/* The last moment accepted: the end of the year 9999. */
#define WHEN_MAX_MS INT64_C(253402300799999)

/*
 * "30m", "1h30m", "1.5h", "500ms", "2d", "1w", "1y", or seconds without a
 * unit ("90", "0.5"). Not negative; up to a hundred years.
 */
NODISCARD enum rc when_duration(
    struct span text, int64_t *ret_ms, struct err *err);

/* A number of seconds as a duration. */
NODISCARD enum rc when_duration_of(
    double seconds, int64_t *ret_ms, struct err *err);

/* RFC 3339, e.g. 2026-11-23T09:57:00.25+01:00; any year from 0001 on. */
NODISCARD enum rc when_rfc3339(
    struct span text, int64_t *ret_ms, struct err *err);

/*
 * A moment from 1970 on: "now", "-1h", "now-1h", "now+5m", RFC 3339, or Unix
 * seconds (with a fraction if need be).
 */
NODISCARD enum rc when_moment(
    struct span text, int64_t now_ms, int64_t *ret_ms, struct err *err);

/* Unix seconds as a moment. */
NODISCARD enum rc when_moment_of(
    double unix_s, int64_t *ret_ms, struct err *err);

/* Writes 2026-11-23T09:57:00Z, with milliseconds where they are not 0. */
const char *when_print(int64_t ms, char out[WHEN_TEXT]);

/* Writes 1h30m, 90s as 1m30s, 0s, 250ms; exact to the millisecond. */
const char *when_print_duration(int64_t ms, char out[WHEN_TEXT]);

#endif
