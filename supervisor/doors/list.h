/*
 * list.h - a page of the list of runs.
 *
 * One look takes a few milliseconds at most, however many runs there are and
 * however few of them are what is looked for: then the page has fewer than
 * were asked for, and says where the next look begins.
 */
#ifndef SUPERVISOR_DOORS_LIST_H
#define SUPERVISOR_DOORS_LIST_H

#include "common/wire/proto.h"
#include "supervisor/run/supervisor.h"

enum {
	LIST_ROWS_MAX = 1024, /* that one look goes through */
	LIST_LOOK_MS = 4,     /* or so long */
};

/* Appends a `listing` of at most max bytes. RC_IO: the store failed. */
NODISCARD enum rc list_look(struct supervisor *s, const struct proto_list *a,
    size_t max, struct buf *b, struct err *err);

#endif
