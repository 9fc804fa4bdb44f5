/*
 * fix.h - a store in a scratch folder, for tests of the store; the SQLite one.
 *
 * What does not succeed fails the test. The fix_see_ functions are for the
 * store's readers: each writes what it is shown as text, for fix_seen.
 */
#ifndef TESTS_HARNESS_FIX_H
#define TESTS_HARNESS_FIX_H

#include "common/base/buf.h"
#include "supervisor/store/store.h"

#include <check.h>

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s: %s", #call, rc_name(rc_), \
		    fix_err.text);                                             \
	} while (0)

/* What MUST prints: of every call in it. */
extern struct err fix_err;

/* A scratch folder, a store in it, and what the last read collected. */
struct fix {
	char *dir, *path;
	struct store *s;
	uint64_t epoch;
	struct buf seen;
};

void fix_init(struct fix *f);
void fix_done(struct fix *f);

#define auto_fix CLEANUP(fix_done) struct fix

/* Opens it, which fix_init did; fix_reopen closes it first. */
void fix_open(struct fix *f);
void fix_reopen(struct fix *f);

/* All that was seen since the test reset f->seen. */
const char *fix_seen(struct fix *f);

void fix_see_id(void *fix, const struct store_run *r);
void fix_see_update(void *fix, int64_t n, struct span node, struct span update);
void fix_see_event(void *fix, int64_t seq, struct span type, struct span data);
void fix_see_evidence(void *fix, const struct store_evidence *e);

/* Hands over what the test wrote, and waits until nothing is left to do. */
void fix_settle(struct fix *f);

/* A run in a batch of its own; finished_ms 0: it is running. Its row. */
int64_t fix_add_run(
    struct fix *f, const char *id, const char *key, int64_t finished_ms);

/* A finished run of n updates and events with something to compress, and of
 * evidence 1 and 2; fix_see_all sees all of it. */
int64_t fix_add_full_run(struct fix *f, const char *id, int n);
void fix_see_all(struct fix *f, int64_t row);

/* In the test's batch. */
void fix_put_evidence(
    struct fix *f, int64_t row, int64_t number, struct span bytes);

/* n bytes no compressor makes smaller, the same every time, without NUL; the
 * caller's. */
char *fix_noise(size_t n);

#endif
