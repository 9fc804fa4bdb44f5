/*
 * specimen.h - a sound store, made to be damaged: of a run that ended and of
 * one under way, with what a client saw of the first.
 */
#ifndef TESTS_HARNESS_SPECIMEN_H
#define TESTS_HARNESS_SPECIMEN_H

#include "common/base/buf.h"
#include "tests/harness/invariant.h"
#include "tests/harness/seen.h"

/* Data of its events and updates. */
#define SPECIMEN_STEPS                                                         \
	"\"steps\":[{\"step\":\"a\",\"tool\":\"echo\",\"args\":{}},"           \
	"{\"step\":\"b\",\"tool\":\"echo\",\"args\":{}}]"
#define SPECIMEN_PLAN                                                          \
	"{\"decision\":\"EXECUTE\"," SPECIMEN_STEPS ",\"iteration\":1}"
#define SPECIMEN_STARTED(index, attempt)                                       \
	"{\"iteration\":1,\"index\":" #index ",\"tool\":\"echo\","             \
	"\"attempt\":" #attempt "}"
#define SPECIMEN_FEEDBACK(index)                                               \
	"{\"iteration\":1,\"index\":" #index ",\"status\":\"SUCCESS\"}"
/* SHA-256 of "one". */
#define SPECIMEN_META                                                          \
	"{\"id\":\"E1\",\"bytes\":3,\"sha256\":\"7692c3ad3540bb803c020b3aee66" \
	"cd8887123234ea0c6e7143c0add73ff431ed\"}"

/* Events of the run that ended. */
enum { SPECIMEN_EVENTS = 12 };

struct specimen {
	char *dir, *path;
	struct seen *seen; /* what the client saw: nothing yet */
	struct buf text;   /* of the stream, for it */
	struct buf out;    /* of the last check */
	struct invariant_run accepted;
};

void specimen_init(struct specimen *f);
void specimen_done(struct specimen *f);

#define auto_specimen CLEANUP(specimen_done) struct specimen

/* JSON as msgpack; b is begun here. */
void specimen_pack(const char *json, struct buf *b);

/* Holds it to the invariant, and to what else more says: how many
 * violations, which f->out tells. */
int specimen_check(struct specimen *f, const struct invariant *more);

#endif
