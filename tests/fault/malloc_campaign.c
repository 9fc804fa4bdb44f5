/*
 * malloc_campaign.c - every allocation of a process fails in turn, from its
 * start until it has served one run; started by tests/fault/malloc, which
 * says what the arguments are.
 *
 * One that dies of it is started again; one that lives must serve another
 * run. A death is excused when it is the process's own: it says that it is
 * out of memory, and exits with the status for that.
 */
#include "common/base/clk.h"
#include "common/base/memory.h"
#include "tests/harness/crowd.h"
#include "tests/harness/killer.h"
#include "tests/harness/shim_malloc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	STEP_MS = 1,
	WAIT_MS = 60000,
	LEASE_MS = 300,
	SERVE_EVERY = 50, /* tries */
	COUNTED = 3,      /* lives that are measured */
	MANY = 1 << 30,
	WRONG_MAX = 20, /* of a process that are shown */
};

#define PLANS                                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"FINISH\",\"report\":\"# done\"}]"

static const struct {
	enum victim v;
	const char *program;
} processes[] = {
    {V_SUPERVISOR, "culprit-supervisor"},
    {V_GATEWAY, "culprit-gateway"},
    {V_PLANNER, "culprit-planner"},
    {V_EXECUTOR, "culprit-executor"},
};

struct rig {
	struct killer *k;
	struct crowd *c;
	struct shim_malloc *shared;
	char *path, *preload, *file;
	const char *env[3];
	int died, lived, wrong;
	int64_t n;            /* the one that fails now */
	pid_t last;           /* in whom the one before did */
};

static int64_t limit_ms;
static int every;
static int sum_tried, sum_wrong;

static bool
excuses(void *rig, struct proc *p, int status)
{
	struct rig *r = rig;
	auto_str log = proc_err(p);

	/* It may have served once more before it died. */
	if (r->shared->pid != proc_pid(p) && r->last != proc_pid(p))
		return false;
	r->died++;
	if (status == MEMORY_EXIT &&
	    strstr(log, "msg=\"out of memory; ending\"") != NULL)
		return true;
	if (r->wrong++ < WRONG_MAX)
		printf("allocation %lld: status %d\n%.1500s\n", (long long)r->n,
		    status, log);
	return true;
}

static void
rig_init(struct rig *r)
{
	auto_str shim = program("libshim_malloc.so");

	*r = (struct rig){0};
	r->shared = shim_malloc_new(&r->path);
	r->env[0] = r->preload = xasprintf("LD_PRELOAD=%s", shim);
	r->env[1] = r->file = xasprintf("CULPRIT_TEST_MALLOC=%s", r->path);
	r->k = killer_new(&(struct killer_spec){.script = PLANS,
	    .failpoints = "",
	    .single = true,
	    .env = r->env,
	    .excuses = excuses,
	    .ctx = r,
	    .lease_ms = LEASE_MS});
	r->c = crowd_new(&(struct crowd_spec){.url = killer_url(r->k),
	    .name = "malloc",
	    .clients = 1,
	    .only = "watcher"});
	ck_assert(killer_await_ready(r->k, WAIT_MS));
}

/* False, which is told: it took too long. */
static bool
await_served(struct rig *r, int more)
{
	auto_str wants = NULL;
	int64_t want = crowd_count(r->c).finished + more;
	int64_t until = clk_mono_ms() + WAIT_MS;

	while (crowd_count(r->c).finished < want && clk_mono_ms() < until) {
		crowd_step(r->c, STEP_MS);
		killer_step(r->k);
	}
	if (crowd_count(r->c).finished >= want)
		return true;
	wants = crowd_wants(r->c);
	printf(
	    "allocation %lld: nobody is served; %s\n", (long long)r->n, wants);
	return false;
}

/* A new life of it, whose n-th allocation fails. */
static void
start_armed(struct rig *r, size_t process, int64_t n)
{
	enum victim v = processes[process].v;
	struct proc *p = killer_proc(r->k, v);

	shim_malloc_disarm(r->shared);
	killer_kill(r->k, v);
	ck_assert_int_ge(proc_wait(p, WAIT_MS), 0);
	r->n = n;
	r->last = r->shared->pid;
	shim_malloc_arm(r->shared, processes[process].program, n);
	killer_step(r->k);
}

/* How many there are until it has served a run. */
static int64_t
count(struct rig *r, size_t process)
{
	int64_t most = 0;

	for (int i = 0; i < COUNTED; i++) {
		start_armed(r, process, MANY);
		ck_assert(await_served(r, 1));
		most = MAX(most, MANY - r->shared->left);
	}
	return most;
}

/* Until it has died of it, or has served another run all the same. */
static void
try_one(struct rig *r, size_t process, int64_t n)
{
	enum victim v = processes[process].v;
	int64_t until = clk_mono_ms() + WAIT_MS;
	int64_t served = -1;
	int starts, died = r->died;

	start_armed(r, process, n);
	starts = killer_starts(r->k, v);
	while (killer_starts(r->k, v) == starts && clk_mono_ms() < until) {
		int64_t now = crowd_count(r->c).finished;

		crowd_step(r->c, STEP_MS);
		killer_step(r->k);
		if (r->shared->pid != 0 && served < 0)
			served = now;
		if (served >= 0 && now > served)
			break;
	}
	r->lived += r->died == died && served >= 0;
	if (clk_mono_ms() >= until) {
		r->wrong++;
		printf("allocation %lld: it neither died nor served\n",
		    (long long)n);
	}
}

static void
try_all(struct rig *r, size_t process)
{
	int64_t until = clk_mono_ms() + limit_ms;
	int64_t all = count(r, process), n, start = clk_mono_ms();
	int tried = 0;

	r->died = r->lived = r->wrong = 0;
	for (n = 1; n <= all && clk_mono_ms() < until; n += every, tried++) {
		try_one(r, process, n);
		if (tried % SERVE_EVERY == 0 && !await_served(r, 1))
			r->wrong++;
	}
	if (!await_served(r, 1))
		r->wrong++;
	printf("%s: %d of %lld allocations of a start and a run failed%s: %d "
	       "deaths of its own, %d times it served all the same, %d wrong; "
	       "%.1f s\n",
	    killer_name(processes[process].v), tried, (long long)all,
	    n <= all ? " (the time was up)" : "", r->died, r->lived, r->wrong,
	    (double)(clk_mono_ms() - start) / 1000);
	fflush(stdout);
	sum_tried += tried;
	sum_wrong += r->wrong;
}

/* What was accepted is there and has ended. */
static void
rig_done(struct rig *r)
{
	struct invariant in = {.data_dir = killer_data(r->k)};
	int64_t until = clk_mono_ms() + WAIT_MS;

	shim_malloc_disarm(r->shared);
	crowd_close(r->c);
	while (crowd_left(r->c) > 0 && clk_mono_ms() < until) {
		crowd_step(r->c, STEP_MS);
		killer_step(r->k);
	}
	ck_assert_int_eq(crowd_left(r->c), 0);
	ck_assert(killer_end(r->k, 10000));
	ck_assert_str_eq(killer_trouble(r->k), "");
	ck_assert_str_eq(crowd_trouble(r->c), "");
	crowd_tell(r->c, &in);
	invariant_assert(&in);
	printf("%d allocations failed, %lld runs accepted, 0 lost, %d wrong\n",
	    sum_tried, (long long)crowd_count(r->c).accepted, sum_wrong);
	crowd_free(r->c);
	killer_free(r->k);
	shim_malloc_free(r->shared, r->path);
	free(r->preload);
	free(r->file);
}

/* As a test, since what the harness asserts wants one around it. */
START_TEST(campaign)
{
	struct rig r;

	rig_init(&r);
	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		try_all(&r, i);
	rig_done(&r);
	ck_assert_int_eq(sum_wrong, 0);
}
END_TEST

int
main(int argc, char **argv)
{
	limit_ms = argument(argc, argv, 1, 3600) * 1000;
	every = (int)MAX(argument(argc, argv, 2, 1), 1);
	return run_campaign("malloc", campaign);
}
