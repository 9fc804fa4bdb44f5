/*
 * follow.h - committed events to those who watch.
 */
#ifndef SUPERVISOR_RUN_FOLLOW_H
#define SUPERVISOR_RUN_FOLLOW_H

#include "supervisor/run/supervisor.h"

/* Somebody who follows already goes on, after that number: where nothing is
 * new, that is told from memory. */
void follow_add(struct supervisor *s, struct run *r, const char *id,
    int64_t row, const struct bus_peer *peer, uint64_t req, int64_t after,
    bool live);
void follow_end(struct supervisor *s, const struct bus_peer *peer,
    uint64_t req);
void follow_end_peer(struct supervisor *s, const struct bus_peer *peer);
void follow_end_all(struct supervisor *s);
/* Puts what this turn's events are aside, to be told later. */
void follow_gather(struct supervisor *s, struct telling_list *tellings);
/* Those events, durable now, to live followers; runs that ended are freed. */
void follow_tell(struct supervisor *s, struct telling_list *tellings);
/* The store's to those who are behind, as many as fit a turn; the rest soon. */
void follow_replay(struct supervisor *s);
/* To those who watch now: kept nowhere. */
void follow_fleeting(struct supervisor *s, struct run *r, const char *type,
    struct span data);

#endif
