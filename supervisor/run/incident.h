/*
 * incident.h - alerts that came by webhook, and which investigation each is
 * of.
 *
 * An incident is a run that alerts began or joined. An alert is the same when
 * its fingerprint and the moment it began are: so what is sent again, by
 * whomever, is known, and what fires anew is another. All that is kept is in
 * memory, and the same beside the runs in the store (store_slip).
 */
#ifndef SUPERVISOR_RUN_INCIDENT_H
#define SUPERVISOR_RUN_INCIDENT_H

#include "common/report/report.h"
#include "common/wire/proto.h"
#include "supervisor/run/supervisor.h"

enum {
	INCIDENT_ALERTS_MAX = 100000, /* kept; the oldest incident's go first */
	INCIDENT_KEY_BYTES = 16,
	INCIDENT_LABELS_MAX = 8 << 10, /* bytes of what its alerts share */
};

struct incident_key {
	unsigned char bytes[INCIDENT_KEY_BYTES];
};

struct arrival;

struct incident {
	TAILQ_ENTRY(incident) list; /* the newest first */
	TAILQ_HEAD(, arrival) alerts;
	char id[STORE_ID_MAX + 1];
	int64_t row;
	int64_t at_ms;		  /* wall: its run was asked for */
	struct incident_key group; /* of whence it came */
	struct buf labels;	  /* a map: by which others may join */
	uint64_t firing, resolved;
	int64_t resolved_ms;	  /* the last one that was; wall */
	/* For intake.c: what the message it reads did to it; when its run was
	 * looked for last. */
	uint64_t joined, gone;
	int64_t looked_ms;
};

/* An alert of one. */
struct arrival {
	TAILQ_ENTRY(arrival) list;
	struct incident *of;
	struct incident_key key;
	int64_t seen_ms;     /* wall: first */
	int64_t resolved_ms; /* wall; 0: it fires */
};

struct incidents;

struct incidents *incidents_new(void);
void incidents_free(struct incidents *x);

/* Reads what the store has. RC_IO, RC_DAMAGED: it cannot be read. */
NODISCARD enum rc incidents_load(struct supervisor *s, struct err *err);

/* Which alert it is; which group, of a receiver. */
struct incident_key incident_key_of(const struct proto_alert *a);
struct incident_key incident_group_of(const struct proto_group *g);

/* NULL: it never came, or is long forgotten. */
struct arrival *incident_find(
    const struct incidents *x, const struct incident_key *key);
/* That of a run; NULL: no webhook's. */
struct incident *incident_of_run(const struct incidents *x, const char *id);
/* The newest, and the one before another. */
struct incident *incident_newest(const struct incidents *x);
struct incident *incident_before(const struct incident *i);

/* ---- what is written here is durable with the turn ---- */

/* labels: a msgpack map, copied. */
struct incident *incident_add(struct supervisor *s, const struct run *r,
    const struct incident_key *group, struct span labels);
/* The alert fires, and is of that incident from now on. */
void incident_join(struct supervisor *s, struct incident *i,
    const struct incident_key *key, const struct proto_alert *a);
/* It is resolved, or, at_ms 0, fires after all. */
void incident_mark(struct supervisor *s, struct arrival *a,
    const struct proto_alert *said, int64_t at_ms);
/* Its run is gone. */
void incident_forget(struct supervisor *s, struct incident *i);

/* ---- for readers ---- */

/* That all alerts of a run are resolved, in a sentence; false: they are not,
 * or it has none. */
bool incident_put_gone(const struct incidents *x, const char *id,
    enum report_lang lang, struct buf *b);

/* A `gathered` of it; list empty: without one. */
void incident_put(struct buf *b, const struct incident *i, struct span list);
/* The alerts of its run, at most INCIDENT_LIST_MAX, as a list of `came`. */
enum { INCIDENT_LIST_MAX = 500 };
NODISCARD enum rc incident_put_list(
    struct supervisor *s, struct buf *b, int64_t row, struct err *err);

#endif
