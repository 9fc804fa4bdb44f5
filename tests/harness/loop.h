/* loop.h - running a czmq loop until something has happened. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <czmq.h>
#include <stdbool.h>

/* How long what must come is waited for: for hanging, not for speed. With
 * sanitizers, valgrind or beside other work anything may take many times as
 * long as alone, and no test may tell how busy the machine is. So a test that
 * something happens soon sets whatever would make it happen late to more. */
enum { AWAIT_MS = 60000, NEVER_MS = 10 * AWAIT_MS };

/* Runs the loop until *flag, or until limit_ms have passed; is *flag? */
bool loop_until(zloop_t *loop, const bool *flag, int limit_ms);

/* The same for any condition. */
bool loop_until_cond(
    zloop_t *loop, bool (*cond)(void *arg), void *arg, int limit_ms);

/*
 * Has off() called by a timer that rings in the same pass as those that are
 * set after this and are due within wait_ms (0: at once), and before them: a
 * loop then rings these, too, though off() has ended them.
 */
struct late {
	void (*off)(void *arg);
	void *arg;
	int wait_ms;
	bool done;
};
void loop_late(zloop_t *loop, struct late *late);

/* Waits, off any loop, until cond holds; does it? */
bool await(bool (*cond)(void *arg), void *arg, int limit_ms);

#endif
