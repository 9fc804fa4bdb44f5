/*
 * seen.h - what one client saw of one run: its stream of events, cut and
 * resumed as often as it happened.
 *
 * It forgets what a browser would: half an event at a cut. It forgives
 * nothing else: an event that came twice is here twice.
 */
#ifndef TESTS_HARNESS_SEEN_H
#define TESTS_HARNESS_SEEN_H

#include <stdbool.h>
#include <stddef.h>

struct seen;

struct seen_event {
	char *id; /* "RUN.SEQ", as it came */
	char *type;
	char *data; /* one line of JSON */
};

struct seen *seen_new(void);
void seen_free(struct seen *s);

/* The next bytes of the stream. */
void seen_bytes(struct seen *s, const void *p, size_t n);

/* The connection is over; seen_bytes then goes on with the next one's. */
void seen_cut(struct seen *s);

/* What to resume behind: Last-Event-ID; "" before the first event. */
const char *seen_last_id(const struct seen *s);

/* The run of the first event; "" before it. */
const char *seen_run(const struct seen *s);

/* Whether `finished` came. */
bool seen_is_finished(const struct seen *s);

size_t seen_count(const struct seen *s);
const struct seen_event *seen_at(const struct seen *s, size_t i);

#endif
