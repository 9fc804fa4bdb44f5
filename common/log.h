/*
 * log.h - one event per line on stderr, as logfmt.
 *
 *   time=2026-01-01T00:00:00.000Z level=info proc=executor pid=1 msg="…" k=v
 *
 * Values are quoted and escaped where needed. Libraries do not log: whoever
 * handles an error does, once.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/attr.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR };

/* At start, once: the process's name, and the least level written.
 * log_open returns false when level is not the name of one. */
bool log_open(const char *proc, const char *level);

/*
 * Writes one line. After msg come pairs of strings, key and value, ended by
 * NULL: log_info("task done", "run", run, "ms", text, NULL). A NULL value
 * leaves its pair out.
 */
void log_write(enum log_level level, const char *msg, ...)
    __attribute__((sentinel));

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
