/*
 * intake_in.h - what the files of the intake share: a message of alerts while
 * it is read.
 */
#ifndef SUPERVISOR_RUN_INTAKE_IN_H
#define SUPERVISOR_RUN_INTAKE_IN_H

#include "supervisor/run/incident.h"
#include "supervisor/run/intake.h"
#include "supervisor/run/submission.h"

enum { INTAKE_NAME_BYTES = 100 };

/* One alert of the message. */
struct given {
	struct proto_alert a;
	struct span raw;
	struct incident_key key;
	struct arrival *known;
	bool fresh; /* it fires, and was not known */
};

struct post {
	struct supervisor *s;
	struct proto_group group;
	struct incident_key group_key;
	struct given *at;
	size_t n, n_fresh;
	int64_t now_ms;	   /* wall */
	struct buf labels; /* a map: of --alert-labels those that the fresh
			    * ones share */
};

/* intake_read.c: the alerts of the message, and which of them are known. */
NODISCARD enum rc intake_read(
    struct post *p, struct span alerts, struct err *err);
bool intake_is_resolved(const struct given *g);
/* Puts what the fresh ones share into p->labels. */
void intake_share(struct post *p);
/* Whether nothing in two such maps tells apart whose they are. */
bool intake_agree(struct span a, struct span b);

/* intake_task.c: what the run begins with that the fresh ones begin. */
NODISCARD enum rc intake_submission(const struct post *p,
    const struct proto_request *rq, struct submission *sub, struct err *err);

#endif
