/*
 * test_hang.c - a worker whose loop stands still while its I/O thread answers
 * the supervisor's pings: its lease lapses all the same.
 */
#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/invariant.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef CULPRIT_FAILPOINTS

#define PLANS                                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"FINISH\",\"report\":\"# done\"}]"

static bool
is_there(void *path)
{
	return access(path, F_OK) == 0;
}

/* The planner's connection to a port of this machine, and both executors'. */
static bool
are_connected(void *port)
{
	auto_str all = file_read("/proc/net/tcp");
	auto_str to = xasprintf(" 0100007F:%04X 01 ", *(int *)port);

	return text_count(all, to) == 3;
}

static void
await_lapse(struct proc *watching)
{
	int64_t since = clk_mono_ms();

	ck_assert(proc_await_out(watching, "\"retry\"", HOUSE_MS));
	printf("a loop that hangs: noticed after %lld ms\n",
	    (long long)(clk_mono_ms() - since));
}

static void
check_run(struct proc *watching)
{
	auto_str out = NULL;
	struct transcript *t;

	ck_assert_int_eq(proc_wait(watching, HOUSE_MS), 0);
	out = proc_out(watching);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_int_ge(transcript_count(t, "retry"), 1);
	ck_assert_str_eq(transcript_text(t, "retry", 0, "worker"), "first");
	/* Not for want of a connection. */
	ck_assert_str_eq(
	    transcript_text(t, "retry", 0, "reason"), "its worker fell silent");
	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	ck_assert_str_eq(
	    transcript_text(t, "feedback", 0, "worker"), "second");
	transcript_free(t);
}

START_TEST(a_loop_that_hangs_loses_its_lease_although_pings_are_answered)
{
	static const char *const watch[] = {"investigate", "--json", NULL};
	int port = port_free();
	auto_str back = xasprintf("--back=tcp://127.0.0.1:%d", port);
	const char *more[] = {"--executors=0", back, NULL};
	const char *worker[] = {back, "--tools=echo", NULL};
	struct house *h = house_start(&(struct house_spec){
	    .script = PLANS, .more = more, .not_ready = true});
	auto_str mark = xasprintf("%s/failpoint.tool_begins", house_data(h));
	struct proc *first, *second, *watching;

	setenv("CULPRIT_FAILPOINT", "tool_begins:hang", 1);
	first = house_worker(h, "executor", "first", worker);
	unsetenv("CULPRIT_FAILPOINT");
	house_await_ready(h);
	watching = house_client(h, "watch", watch);
	ck_assert(await(is_there, mark, HOUSE_MS));
	second = house_worker(h, "executor", "second", worker);
	await_lapse(watching);
	check_run(watching);
	proc_free(watching);
	ck_assert(proc_is_alive(first));
	ck_assert(await(are_connected, &port, HOUSE_MS));
	proc_free(first);
	proc_signal(second, SIGTERM);
	ck_assert_int_eq(proc_wait(second, HOUSE_MS), 0);
	proc_free(second);
	house_stop(h);
	invariant_assert(&(struct invariant){
	    .data_dir = house_data(h), .settled = true});
	house_drop(h);
}
END_TEST

#endif

int
main(void)
{
#ifdef CULPRIT_FAILPOINTS
	const struct test_entry tests[] = {
	    {a_loop_that_hangs_loses_its_lease_although_pings_are_answered, 0},
	};

	return RUN_TESTS("hang", tests);
#else
	return skip_all("built without failpoints");
#endif
}
