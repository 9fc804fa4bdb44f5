/*
 * rig.h - the real supervisor between a gateway, a planner and executors
 * that do what the test tells them, over its own sockets.
 *
 * rig_close holds the events that were followed to their promise: numbered
 * from 1 without a gap, none twice, at most one `finished`, last. All waiting
 * is bounded; what does not come fails the test, which shows what the
 * supervisor said.
 */
#ifndef TESTS_HARNESS_RIG_H
#define TESTS_HARNESS_RIG_H

#include "common/json/tree.h"
#include "tests/harness/peer.h"
#include "tests/harness/spawn.h"

enum { RIG_FLAGS_MAX = 8, RIG_EVENTS_MAX = 400 };

struct rig_event {
	int64_t seq;
	char type[24];
	cJSON *data;
};

/* What one FOLLOW was sent. */
struct rig_log {
	struct rig_event e[RIG_EVENTS_MAX];
	int n;
	bool last;
};

struct rig {
	char *dir; /* the data directory */
	const char *flags[RIG_FLAGS_MAX];
	struct proc *supervisor;
	zloop_t *loop;
	struct peer gateway, planner, executor, second;
	struct rig_log log;
	uint64_t req; /* whose events are in log */
	char run[64];
};

/* The one a test has, from rig_open to rig_close. */
extern struct rig *rig;

/* flags: of the supervisor, borrowed, ended by NULL. */
void rig_open(const char *const *flags);

/* Ends the supervisor, which must succeed. */
void rig_close(void);

/* The flags of a test that is not about leases: they do not lapse. */
extern const char *const rig_calm[];

/* Ends the supervisor with a signal and starts it again; the gateway is
 * attached then, workers must join anew. */
void rig_restart(int how);

/* The same, calmly; work is done in its data directory while it is down. */
void rig_restart_upon(void (*work)(const char *dir));

/* The same with one that kills itself as it starts, at a failpoint. */
void rig_restart_to_die(const char *failpoint);

/* ---- the conversation ---- */

/* The next message to p of a type, waiting for it. */
const struct proto *rig_next(struct peer *p, enum proto_type type);

/* All that the gateway sent before has been handled and answered; the
 * supervisor's status. */
const struct proto *rig_settle(void);

/* The same for what a worker sent. */
void rig_settle_worker(struct peer *p);

/* Joins as a worker, connecting first if need be. The planner has no tools,
 * the executor `echo` and `other`; both take 8 tasks. */
void rig_join(struct peer *p, const char *role, const char *name,
    uint64_t capacity, const char *tools);
void rig_join_planner(void);
void rig_join_executor(void);

/* The next task for p. */
const struct proto_task *rig_task(struct peer *p);

/* The planner, or the executor, takes its next task and answers it. */
void rig_plan(const char *update);
void rig_step(const char *update, const char *evidence);

/* ---- what the gateway asks ---- */

const struct proto_reply *rig_reply(uint64_t req);
const struct proto_reply *rig_submit(uint64_t req, const char *input,
    const char *key, const char *digest, bool follow);

/* About the run the test is about, which rig_start_run starts and follows;
 * args as JSON. */
void rig_start_run(void);
void rig_cancel(uint64_t req);
const struct proto_reply *rig_query(
    uint64_t req, const char *what, const char *args);

/* No reply comes unless it is refused. */
void rig_follow(uint64_t req, const char *run, uint64_t after);

void assert_reply(
    const struct proto_reply *r, const char *rc, const char *says);

/* ---- events ---- */

/* The data of the n-th event of a type, waiting for it. */
const cJSON *rig_event(const char *type, int nth);

/* Does it come in that time? */
bool rig_await_event(const char *type, int nth, int limit_ms);

/* How many of a type have come. */
int rig_count(const char *type);

/* Appends the events that have come for a request of the gateway. */
void rig_log_read(struct rig_log *l, uint64_t req);
void rig_log_done(struct rig_log *l);

/* From first on, in order, no gap, none twice; `finished` at most last. */
void assert_numbered(const struct rig_log *l, int64_t first);

/* Waits for the end; there is one report, and nothing follows. */
void assert_finished(const char *status, const char *by);

/* ---- updates ---- */

#define RIG_PLAN_ONLY                                                          \
	"{\"decision\":\"PLAN\",\"planner_plan\":{\"decision\":\"PLAN\","      \
	"\"step\":\"think\"}}"
#define RIG_FINISH                                                             \
	"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"}," \
	"\"final_report\":\"# the report\"}"
#define RIG_EXECUTE                                                            \
	"{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":"            \
	"\"EXECUTE\","                                                         \
	"\"step\":\"say it\",\"tool\":\"echo\",\"args\":{\"text\":\"hi\"}}}"
#define RIG_EXECUTE_THREE                                                      \
	"{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":"            \
	"\"EXECUTE\","                                                         \
	"\"steps\":["                                                          \
	"{\"step\":\"a\",\"tool\":\"echo\",\"args\":{\"text\":\"0\"}},"        \
	"{\"step\":\"b\",\"tool\":\"echo\",\"args\":{\"text\":\"1\"}},"        \
	"{\"step\":\"c\",\"tool\":\"echo\",\"args\":{\"text\":\"2\"}}]}}"
#define RIG_GOOD_STEP                                                          \
	"{\"feedback\":{\"status\":\"SUCCESS\",\"tool\":\"echo\","             \
	"\"summary\":\"said\"}}"
#define RIG_FAILED_STEP                                                        \
	"{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"echo\","              \
	"\"summary\":\"did not\"}}"

#endif
