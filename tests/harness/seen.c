/*
 * seen.c - what one client saw of one run.
 */
#include "tests/harness/seen.h"

#include "common/base/buf.h"

#include <stdlib.h>

enum { LINE_BYTES_MAX = 64 << 20, EVENTS_MAX = 1 << 20 };

struct seen {
	struct buf line; /* the line that has not ended yet */
	struct seen_event now;
	struct seen_event *events;
	size_t n, room;
	char *run;
};

struct seen *
seen_new(void)
{
	struct seen *s = xcalloc(1, sizeof(*s));

	buf_init(&s->line, LINE_BYTES_MAX);
	return s;
}

static void
event_forget(struct seen_event *e)
{
	free(e->id);
	free(e->type);
	free(e->data);
	*e = (struct seen_event){0};
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	while (s->n > 0)
		event_forget(&s->events[--s->n]);
	free(s->events);
	event_forget(&s->now);
	buf_done(&s->line);
	free(s->run);
	free(s);
}

/* An event without a number of its own is kept nowhere, here neither. */
static void
event_end(struct seen *s)
{
	const char *dot;

	if (s->now.id == NULL || s->n == EVENTS_MAX) {
		event_forget(&s->now);
		return;
	}
	if (s->n == s->room) {
		s->room = s->room == 0 ? 16 : s->room * 2;
		s->events = xrealloc(s->events, s->room * sizeof(s->events[0]));
	}
	dot = strrchr(s->now.id, '.');
	if (s->run == NULL && dot != NULL)
		s->run = xstrndup(s->now.id, (size_t)(dot - s->now.id));
	s->events[s->n++] = s->now;
	s->now = (struct seen_event){0};
}

static void
field(char **into, const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) != 0)
		return;
	free(*into);
	*into = xstrdup(line + n);
}

static void
line_end(struct seen *s)
{
	const char *line = buf_str(&s->line);

	if (line[0] == '\0')
		event_end(s);
	field(&s->now.id, line, "id: ");
	field(&s->now.type, line, "event: ");
	field(&s->now.data, line, "data: ");
	buf_reset(&s->line);
}

void
seen_bytes(struct seen *s, const void *p, size_t n)
{
	const char *at = p, *end = at + n, *stop;

	for (; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		buf_add(
		    &s->line, at, (size_t)((stop != NULL ? stop : end) - at));
		if (stop == NULL)
			return;
		line_end(s);
	}
}

void
seen_cut(struct seen *s)
{
	buf_reset(&s->line);
	event_forget(&s->now);
}

const char *
seen_last_id(const struct seen *s)
{
	return s->n > 0 ? s->events[s->n - 1].id : "";
}

const char *
seen_run(const struct seen *s)
{
	return s->run != NULL ? s->run : "";
}

bool
seen_is_finished(const struct seen *s)
{
	return s->n > 0 && s->events[s->n - 1].type != NULL &&
	       strcmp(s->events[s->n - 1].type, "finished") == 0;
}

size_t
seen_count(const struct seen *s)
{
	return s->n;
}

const struct seen_event *
seen_at(const struct seen *s, size_t i)
{
	return &s->events[i];
}
