/*
 * test_malloc.c - the Nth allocation of a process fails: it ends in its own
 * way, whatever library asked for the memory, and nothing accepted is lost.
 *
 * Some N for each process, at its start and at work; tests/fault/malloc
 * takes all of them. The programs are those without a sanitizer, since that
 * would bring its own malloc.
 */
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/invariant.h"
#include "tests/harness/shim_malloc.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROUNDS = 16 };

#define PLANS                                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"FINISH\",\"report\":\"# done\"}]"

static const struct {
	const char *program, *child;
	int64_t at_start, at_work;	/* how many there are at least */
} processes[] = {
    {"culprit-supervisor", "supervisor", 3000, 200},
    {"culprit-gateway", "gateway", 1400, 50},
    {"culprit-planner", "planner-1", 200, 14},
    {"culprit-executor", "executor-1", 1400, 20},
};

struct rig {
	struct house *house;
	char *path;
	struct shim_malloc *shared;
	struct invariant_run *accepted;
	size_t n;
	int failed, gave_up;
};

static void
rig_init(struct rig *r)
{
	static const char *const more[] = {"--tools=echo", NULL};
	auto_str shim = program("libshim_malloc.so");
	auto_str preload = xasprintf("LD_PRELOAD=%s", shim);
	auto_str file = NULL;
	const char *env[] = {preload, NULL, NULL};

	programs_bare();
	*r = (struct rig){0};
	r->accepted = xcalloc(ROUNDS + 1, sizeof(*r->accepted));
	r->shared = shim_malloc_new(&r->path);
	env[1] = file = xasprintf("CULPRIT_TEST_MALLOC=%s", r->path);
	r->house = house_start(
	    &(struct house_spec){.script = PLANS, .more = more, .env = env});
}

/* What was accepted ends, although the client may have had to come back. */
static void
investigate(struct rig *r)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str out = NULL;
	struct transcript *t;

	house_run(r->house, args, &out, NULL);
	if (strstr(out, "\"started\"") == NULL)
		return;
	t = transcript_new(out);
	r->accepted[r->n++].id = xstrdup(transcript_run(t));
	if (transcript_count(t, "finished") == 1)
		transcript_check(t);
	else
		r->gave_up++;
	transcript_free(t);
}

static void
round_of(struct rig *r, int i, uint64_t *seed)
{
	size_t process = (size_t)i % ARRAY_LEN(processes);
	bool at_start = i / (int)ARRAY_LEN(processes) % 2 == 1;
	int64_t most = at_start ? processes[process].at_start
				: processes[process].at_work;

	house_await_well(r->house);
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	/* Those at the beginning are met more often: all N are there. */
	most = MAX(most >> 2 * ((*seed >> 61)), 8);
	shim_malloc_arm(r->shared, processes[process].program, 1 + (int64_t)(*seed >> 33 & 0xffffff) % most);
	if (at_start)
		kill(house_child(r->house, processes[process].child), SIGKILL);
	investigate(r);
	r->failed += r->shared->pid != 0;
	shim_malloc_disarm(r->shared);
}

static void
rig_done(struct rig *r)
{
	auto_str log = NULL;

	/* Also what a client gave up on has ended when this has. */
	investigate(r);
	house_stop(r->house);
	log = proc_err(house_up(r->house));
	assert_lacks(log, "signal 6 ");
	assert_lacks(log, "signal 11 ");
	ck_assert_int_ge(
	    text_count(log, "msg=\"out of memory; ending\""), r->failed);
	ck_assert_int_ge(text_count(log, "how=\"out of memory\""), r->failed);
	invariant_assert(&(struct invariant){.data_dir = house_data(r->house),
	    .accepted = r->accepted,
	    .n_accepted = r->n,
	    .settled = r->gave_up == 0});
	house_drop(r->house);
	while (r->n > 0)
		free((char *)(uintptr_t)r->accepted[--r->n].id);
	free(r->accepted);
	shim_malloc_free(r->shared, r->path);
}

START_TEST(no_failed_allocation_loses_what_was_accepted)
{
	uint64_t seed = 1;
	struct rig r;

	rig_init(&r);
	for (int i = 0; i < ROUNDS; i++)
		round_of(&r, i, &seed);
	printf("allocations failed: %d of %d tried, %zu runs accepted, "
	       "%d clients gave up, 0 lost\n", r.failed, ROUNDS, r.n,
	    r.gave_up);
	ck_assert_int_gt(r.failed, ROUNDS * 3 / 4);
	rig_done(&r);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {no_failed_allocation_loses_what_was_accepted, 0},
	};

	return RUN_TESTS("malloc", tests);
}
