/*
 * loop.c - running a czmq loop until something has happened.
 */
#include "tests/harness/loop.h"
#include "common/base/attr.h"
#include "common/base/clk.h"

#include <poll.h>

enum { LOOK_MS = 2 };

struct wait {
	bool (*cond)(void *arg);
	void *arg;
	int64_t until;
};

static int
look(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct wait *w = arg;

	return w->cond(w->arg) || zclock_mono() >= w->until ? -1 : 0;
}

bool
loop_until_cond(zloop_t *loop, bool (*cond)(void *arg), void *arg, int limit_ms)
{
	struct wait w = {cond, arg, zclock_mono() + limit_ms};
	int timer = zloop_timer(loop, LOOK_MS, 0, look, &w);

	zloop_start(loop);
	zloop_timer_end(loop, timer);
	return cond(arg);
}

static bool
flag_is_set(void *arg)
{
	return *(const bool *)arg;
}

bool
loop_until(zloop_t *loop, const bool *flag, int limit_ms)
{
	union {
		const bool *in;
		void *out;
	} arg = {.in = flag};

	return loop_until_cond(loop, flag_is_set, arg.out, limit_ms);
}

bool
await(bool (*cond)(void *arg), void *arg, int limit_ms)
{
	int64_t until = zclock_mono() + limit_ms;

	while (!cond(arg) && zclock_mono() < until)
		poll(NULL, 0, LOOK_MS);
	return cond(arg);
}

static int
on_wait(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	const struct late *l = arg;
	int64_t until = clk_mono_ms() + l->wait_ms;

	while (clk_mono_ms() < until)
		;
	return 0;
}

static int
on_late(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct late *l = arg;

	l->off(l->arg);
	l->done = true;
	return 0;
}

/* What is due is found at the begin of a pass, so the one that waits has a
 * pass of its own. */
void
loop_late(zloop_t *loop, struct late *late)
{
	if (late->wait_ms > 0)
		zloop_timer(loop, 1, 1, on_wait, late);
	zloop_timer(loop, late->wait_ms > 0 ? 2 : 1, 1, on_late, late);
}
