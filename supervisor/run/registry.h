/*
 * registry.h - the workers that are there, and which message each may send.
 */
#ifndef SUPERVISOR_RUN_REGISTRY_H
#define SUPERVISOR_RUN_REGISTRY_H

#include "common/net/bus.h"
#include "common/wire/proto.h"
#include "common/report/tool_class.h"
#include "supervisor/run/graph.h"

#include <sys/queue.h>

struct cJSON;

enum { REGISTRY_NAME_MAX = PROTO_MOST(hello, name), REGISTRY_WORKERS_MAX = 4096,
	/* Of a catalogue: tasks carry it deeper inside than a hello. */
	REGISTRY_TOOLS_DEPTH_MAX = 16,
	/* Of all together: what a full state leaves of a planner's task. */
	REGISTRY_TOOLS_BYTES_MAX = 3 << 20 };

enum worker_state { WORKER_UNKNOWN, WORKER_JOINED, WORKER_LEAVING };

struct worker {
	LIST_ENTRY(worker) all;
	struct bus_peer peer;
	enum worker_state state;
	enum node role;		/* NODE_PLANNER or NODE_EXECUTOR */
	char name[REGISTRY_NAME_MAX + 1];
	int64_t pid;
	uint64_t start;		/* of its HELLO: which of its lives */
	uint64_t edition;	/* of its tools; 0: it counts none */
	int capacity;
	int busy;		/* leased to it */
	bool alone;		/* and that one shares it with nobody */
	bool kept;		/* takes no more, for one that waits to */
	int64_t heard_ms;	/* monotonic */
	struct cJSON *tools;	/* an executor's catalogue, owned */
};

struct registry;

struct registry *registry_new(void);
void registry_free(struct registry *g);

/* A tool of the supervisor's own, JSON, which is in the catalogue as soon as
 * any other is: nobody else's may bear its name. */
void registry_offer(struct registry *g, const char *tool);

/* NULL: unknown. */
struct worker *registry_find(struct registry *g, const struct bus_peer *peer);

/*
 * Takes a HELLO: a new worker, or an old one that says it again (whose leases
 * are then void). RC_DENIED: a role there is not, a name or capacity out of
 * bounds, tools that are no catalogue. RC_BUSY: too many workers, or tools;
 * whoever was known is forgotten then.
 */
NODISCARD enum rc registry_hello(struct registry *g,
    const struct bus_peer *peer, const struct proto_hello *h,
    struct worker **ret_w, struct err *err);
void registry_remove(struct registry *g, struct worker *w);

/*
 * Takes a TOOLS: the worker's catalogue from now on, unless it has that
 * edition or a later one. Refused as those of a HELLO are, and then as before.
 */
NODISCARD enum rc registry_retool(struct registry *g, struct worker *w,
    const struct proto_tools *t, struct err *err);

/*
 * The least loaded worker of a role that has room, was heard of since
 * alive_since_ms, and (tool not empty) has that tool. NULL: none now.
 */
struct worker *registry_pick(struct registry *g, enum node role,
    struct span tool, int64_t alive_since_ms);

/*
 * The same for a task that shares its worker with none: an idle one. NULL: the
 * one with least to do is kept free of more until registry_unkeep.
 */
struct worker *registry_pick_alone(struct registry *g, enum node role,
    struct span tool, int64_t alive_since_ms);
void registry_unkeep(struct registry *g);

/* How many of a role were heard of since then. */
int registry_count(const struct registry *g, enum node role,
    int64_t alive_since_ms);

/* How many tasks those take at once. */
int registry_room(const struct registry *g, enum node role,
    int64_t alive_since_ms);

/* Calls each for every worker; each may remove the one it is given. */
void registry_each(struct registry *g,
    void (*each)(void *ctx, struct worker *w), void *ctx);

/* All executors' tools, each name once, with the strictest class any of them
 * gives it: a list, borrowed until the next hello or removal. */
const struct cJSON *registry_tools(struct registry *g);

/* That class; a tool whose executor names none, or one that is not known, is
 * UNSAFE. False: nobody has the tool. */
bool registry_class(
    const struct registry *g, struct span tool, enum tool_class *ret);

/* The same as one msgpack value. */
struct span registry_tools_encoded(const struct registry *g);

/* Another number, never 0, whenever these tools may have changed. */
uint64_t registry_edition(const struct registry *g);

/* What becomes of a message of a worker in a state. */
enum judgement { JUDGE_TAKE, JUDGE_WHO, JUDGE_DROP };
enum judgement registry_judge(enum worker_state s, enum proto_type type);

#endif
