/*
 * log.h - one event per line on stderr, as logfmt.
 *
 *   time=2026-01-01T00:00:00.000Z level=info proc=executor pid=1 msg="…" k=v
 *
 * Values are quoted and escaped where needed. Libraries do not log: whoever
 * handles an error does, once.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include "common/base/attr.h"

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

/*
 * The same for what others can cause as often as they like, such as a peer's
 * bad messages: of lines with one msg, a literal, at most LOG_OFTEN_MAX are
 * written every LOG_OFTEN_MS, and then how many more there were. On the
 * loop's thread only.
 */
#define log_often(level, msg, ...)                                             \
	do {                                                                   \
		if (log_may(level, msg))                                       \
			log_write(level, msg, __VA_ARGS__);                    \
	} while (0)
enum { LOG_OFTEN_MAX = 5, LOG_OFTEN_MS = 10000 };

/* May one more line with that msg be written? Counts it. */
bool log_may(enum log_level level, const char *msg);

/* Tells how many lines were kept back in the LOG_OFTEN_MS that are over, or
 * (all) until now. Common/agent does that every LOG_OFTEN_MS and at the end. */
void log_tell_kept(bool all);

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
