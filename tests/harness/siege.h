/*
 * siege.h - a house under a killer, and a crowd of clients in front of it.
 *
 * All waiting is bounded, by SIEGE_MS where nothing else is said; what does
 * not happen fails the test.
 */
#ifndef TESTS_HARNESS_SIEGE_H
#define TESTS_HARNESS_SIEGE_H

#include "tests/harness/crowd.h"
#include "tests/harness/killer.h"
#include "tests/harness/loop.h"

enum { SIEGE_MS = AWAIT_MS };

struct siege {
	struct killer *k;
	struct crowd *c;
};

struct siege_spec {
	const char *name; /* of its clients' requests */
	int clients;
	const char *const *more; /* further options of the house; or NULL */
	const char *script;      /* NULL: campaign_script */
	bool asks;               /* the killer's */
};

/* Starts both and waits until the house is ready. */
void siege_init(
    struct siege *g, const char *name, int clients, const char *const *more);
void siege_init_with(struct siege *g, const struct siege_spec *spec);

/* Lets everybody be served and both end, and holds all to the invariant. */
void siege_end(struct siege *g);

/* Lets both live until cond holds, or for ms; does it? */
bool siege_await(struct siege *g,
    bool (*cond)(struct siege *g, const void *arg), const void *arg, int ms);

/* A condition: nobody waits for anything. arg is not looked at. */
bool siege_all_served(struct siege *g, const void *arg);

/* Until that many more are served: so everybody is there and at work. */
void siege_await_served(struct siege *g, int more);

/* Starts a victim again, armed with a list of failpoints. */
void siege_rearm(struct siege *g, enum victim v, const char *list);

/* Until somebody came by that failpoint. */
void siege_await_fired(struct siege *g, const char *name);

#endif
