/*
 * view.h - a run's progress for a person: one line per step.
 *
 * On a terminal a step's line stands at the bottom with its time running,
 * and is replaced by its outcome; in a pipe each line is written once. What
 * events carry is neutralised (term.h) before it is shown.
 */
#ifndef GATEWAY_CLI_VIEW_H
#define GATEWAY_CLI_VIEW_H

#include "common/net/sse_read.h"

#include <stdio.h>

struct view;

struct view_spec {
	FILE *out; /* progress; borrowed */
	bool live; /* out is a terminal: lines may be rewritten */
	bool colour;
	const char *where; /* what `culprit` needs to be told to find the
			      gateway, " --data-dir=X"; NULL: nothing */
};

/* live where out is a terminal, colours there unless NO_COLOR is set. */
struct view_spec view_spec_for(FILE *out);

struct view *view_new(const struct view_spec *spec);
void view_free(struct view *v);

void view_event(struct view *v, const struct sse_event *ev);
void view_note(struct view *v, const char *text);
void view_tick(struct view *v);

/* Takes the live lines off the terminal: something else is to be written. */
void view_quiet(struct view *v);

/* What the run came to, borrowed: the status of its `finished` event and the
 * Markdown of its report; NULL while there is none. */
const char *view_status(const struct view *v);
const char *view_report(const struct view *v);

#endif
