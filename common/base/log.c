/*
 * log.c - logfmt lines on stderr; one write per line, so that processes
 * sharing a terminal do not mix theirs. A line takes neither memory from the
 * heap nor a lock: that there is no memory left is said here too, by whoever
 * asked for some.
 */
#include "common/base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/base/memory.h"
#include "common/base/utf8.h"
#include "common/base/when.h"

enum { LOG_LINE_MAX = 8192, LOG_KINDS_MAX = 32 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Set once before the process starts anything; read-only afterwards. */
static struct {
	const char *proc;
	enum log_level least;
} settings = {"culprit", LOG_LEVEL_INFO};

static void
tell_memory_out(const char *bytes, const char *mib)
{
	log_error("out of memory; ending", "bytes", bytes, "memory_max_mib",
	    mib, NULL);
}

bool
log_open(const char *proc, const char *level)
{
	size_t i;

	settings.proc = proc;
	memory_told_by(tell_memory_out);
	for (i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(level, level_names[i]) == 0) {
			settings.least = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Does a value with this in it need neither quotes nor escapes for it? */
static bool
is_bare(uint32_t cp)
{
	return cp > ' ' && cp != '=' && cp != '"' && cp != '\\' &&
	       cp != UTF8_NONE && !utf8_is_control(cp);
}

/* cp, or one byte that is of no character, as the n bytes at p have it. */
static void
put_escaped(struct buf *b, uint32_t cp, const char *p, size_t n)
{
	if (cp == '"' || cp == '\\')
		buf_addf(b, "\\%c", (char)cp);
	else if (cp == UTF8_NONE)
		buf_addf(b, "\\x%02x", (unsigned)(uint8_t)*p);
	else if (utf8_is_control(cp))
		buf_addf(b, cp < 0x100 ? "\\x%02x" : "\\u%04x", cp);
	else
		buf_add(b, p, n);
}

static void
put_value(struct buf *b, const char *v)
{
	struct span all = span_of(v), s = all;
	size_t n;

	while (s.n > 0 && is_bare(utf8_next(s, &n)))
		s = span_make(s.p + n, s.n - n);
	if (all.n > 0 && s.n == 0) {
		buf_add_span(b, all);
		return;
	}
	buf_addc(b, '"');
	for (s = all; s.n > 0 && !b->full; s = span_make(s.p + n, s.n - n)) {
		uint32_t cp = utf8_next(s, &n);

		put_escaped(b, cp, s.p, n);
	}
	buf_addc(b, '"');
}

/* By when.h, since the C library's calendar has a lock and a heap. */
static void
put_head(struct buf *b, enum log_level level)
{
	int64_t now = clk_wall_ms();
	char when[WHEN_TEXT];

	when_print(now - now % 1000, when);
	buf_addf(b, "time=%.19s.%03dZ level=%s proc=%s pid=%ld msg=", when,
	    (int)(now % 1000), level_names[level], settings.proc,
	    (long)getpid());
}

void
log_write(enum log_level level, const char *msg, ...)
{
	char line[LOG_LINE_MAX + 2] = "";
	struct buf b = {
	    .data = line, .cap = sizeof(line), .max = LOG_LINE_MAX};
	const char *key;
	va_list ap;

	if (level < settings.least)
		return;
	put_head(&b, level);
	put_value(&b, msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		if (value == NULL)
			continue;
		buf_addf(&b, " %s=", key);
		put_value(&b, value);
	}
	va_end(ap);
	b.full = false;
	b.max++;
	buf_addc(&b, '\n');
	/* Nobody can be told that stderr is gone. */
	if (write(STDERR_FILENO, b.data, b.len) < 0)
		return;
}

/* ---- what others can cause as often as they like ---- */

/* A kind of line: its msg, and what became of those of late. */
struct kind {
	enum log_level level;
	const char *msg;
	int64_t since_ms;
	unsigned written, kept;
};

/* A log setting, as those above: of the loop's thread alone. */
static struct kind kinds[LOG_KINDS_MAX];
static size_t n_kinds;

static struct kind *
kind_of(enum log_level level, const char *msg)
{
	size_t i;

	for (i = 0; i < n_kinds; i++)
		if (strcmp(kinds[i].msg, msg) == 0)
			return &kinds[i];
	assert(n_kinds < LOG_KINDS_MAX); /* they stand in the code */
	kinds[n_kinds] = (struct kind){
	    .level = level, .msg = msg, .since_ms = clk_mono_ms()};
	return &kinds[n_kinds++];
}

/* Begins its next LOG_OFTEN_MS. */
static void
kind_turn(struct kind *k, int64_t now)
{
	char n[16];

	snprintf(n, sizeof(n), "%u", k->kept);
	if (k->kept > 0)
		log_write(k->level, "more of the same were not written", "of",
		    k->msg, "suppressed", n, NULL);
	k->since_ms = now;
	k->written = k->kept = 0;
}

bool
log_may(enum log_level level, const char *msg)
{
	int64_t now = clk_mono_ms();
	struct kind *k;

	if (level < settings.least)
		return false;
	k = kind_of(level, msg);
	if (now - k->since_ms >= LOG_OFTEN_MS)
		kind_turn(k, now);
	if (k->written < LOG_OFTEN_MAX) {
		k->written++;
		return true;
	}
	k->kept++;
	return false;
}

void
log_tell_kept(bool all)
{
	int64_t now = clk_mono_ms();
	size_t i;

	for (i = 0; i < n_kinds; i++)
		if (all || now - kinds[i].since_ms >= LOG_OFTEN_MS)
			kind_turn(&kinds[i], now);
}
