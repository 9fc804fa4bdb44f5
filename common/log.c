/*
 * log.c - logfmt lines on stderr; one write per line, so that processes
 * sharing a terminal do not mix theirs.
 */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clk.h"

enum { LOG_LINE_MAX = 8192 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Set once before the process starts anything; read-only afterwards. */
static struct {
	const char *proc;
	enum log_level least;
} settings = {"culprit", LOG_LEVEL_INFO};

bool
log_open(const char *proc, const char *level)
{
	size_t i;

	settings.proc = proc;
	for (i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(level, level_names[i]) == 0) {
			settings.least = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void
put_value(struct buf *b, const char *v)
{
	const unsigned char *p = (const unsigned char *)v;

	while (*p > ' ' && *p != '=' && *p != '"' && *p != '\\' && *p != 0x7f)
		p++;
	if (v[0] != '\0' && *p == '\0') {
		buf_adds(b, v);
		return;
	}
	buf_addc(b, '"');
	for (p = (const unsigned char *)v; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addf(b, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			buf_addf(b, "\\x%02x", *p);
		else
			buf_addc(b, (char)*p);
	}
	buf_addc(b, '"');
}

static void
put_head(struct buf *b, enum log_level level)
{
	int64_t now = clk_wall_ms();
	time_t s = (time_t)(now / 1000);
	struct tm tm;
	char when[32];

	gmtime_r(&s, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(b, "time=%s.%03dZ level=%s proc=%s pid=%ld msg=", when,
	    (int)(now % 1000), level_names[level], settings.proc,
	    (long)getpid());
}

void
log_write(enum log_level level, const char *msg, ...)
{
	auto_buf b = {0};
	const char *key;
	va_list ap;

	buf_init(&b, LOG_LINE_MAX);
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
