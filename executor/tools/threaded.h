/*
 * threaded.h - a call that waits or computes for long: a thread does it, the
 * loop only hears that it is done.
 *
 * Invariant: only the loop touches the call; what the thread needs of it is
 * copied into the tool's own struct, of which struct threaded is the first
 * member. That struct is the loop's while it is started and when it is done,
 * else the thread's.
 */
#ifndef EXECUTOR_TOOLS_THREADED_H
#define EXECUTOR_TOOLS_THREADED_H

#include "common/agent/offload.h"
#include "executor/tools/tool.h"

struct threaded;

struct threaded_ops {
	/* On the thread. Looks at *cancelled now and then; offload_tell says
	 * how far it is. */
	enum rc (*work)(struct threaded *t, const atomic_bool *cancelled);
	/* On the loop: fills the call's result, by what work returned. */
	void (*succeed)(struct threaded *t);
	void (*fail)(struct threaded *t);
	void (*free)(struct threaded *t);
};

struct threaded {
	const struct threaded_ops *ops; /* set by the tool */
	struct tool_call *call;         /* not for the thread */
	struct offload *offload;
	enum rc rc; /* what work returned */
	struct err err;
};

/* As tool.start; t is taken, also where it fails. */
NODISCARD enum rc threaded_start(
    struct threaded *t, struct tool_call *call, struct err *err);

/* As tool.cancel. */
void threaded_cancel(struct tool_call *call);

#endif
