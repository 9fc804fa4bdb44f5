/*
 * store_scroll.h - inside the SQLite store: a run's record, read whole.
 *
 * A record can be held against its chain only as a whole. Who reads a long
 * one page by page does so many times: it is expanded once and kept, and of
 * one that goes on only what was added is read.
 */
#ifndef SUPERVISOR_STORE_STORE_SCROLL_H
#define SUPERVISOR_STORE_STORE_SCROLL_H

#include "supervisor/store/store_in.h"

enum {
	SCROLLS_BYTES_MAX = 32 << 20,	/* kept, besides the one that is read */
	SCROLL_KEPT_MS = 1000,		/* after it was read last */
};

/* Updates, events and evidence, in order. */
struct scroll {
	struct span records;
	/* Where the events' records are, by number. */
	const struct scroll_event {
		int64_t seq;
		size_t at;
	} *events;
	size_t n_events;
};

struct scrolls *scrolls_new(void);
void scrolls_free(struct scrolls *all);

/*
 * *ret lives until the next scroll_get or scrolls_rest. RC_NOTFOUND: there is
 * no such run. RC_IO: it does not fit its chain, cannot be read, or the disk
 * failed.
 */
NODISCARD enum rc scroll_get(struct scrolls *all, struct store_db *d,
    int64_t row, const struct scroll **ret, struct err *err);

/* Gives back what was not read lately. */
void scrolls_rest(struct scrolls *all);

#endif
