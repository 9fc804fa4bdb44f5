/*
 * test_hang.c - a worker whose loop stands still while its I/O thread answers
 * the supervisor's pings: its lease lapses all the same.
 */
#include "common/clk.h"
#include "common/failpoint.h"
#include "common/rc.h"
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

/* The default of --lease-ms. */
enum { LEASE_MS = 2000 };

#define PLANS                                                                  \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"FINISH\",\"report\":\"# done\"}]"

static bool
is_there(void *path)
{
	return access(path, F_OK) == 0;
}

/* How many connections there are to a port of this machine. */
static int
count_connections(int port)
{
	auto_str all = file_read("/proc/net/tcp");
	auto_str to = xasprintf(" 0100007F:%04X 01 ", port);
	int n = 0;

	for (const char *at = strstr(all, to); at != NULL;
	     at = strstr(at + 1, to))
		n++;
	return n;
}

static int64_t
await_lapse(struct proc *watching, int64_t since)
{
	int64_t late = 0;
	int64_t noticed =
	    proc_seen_ms(watching, "\"retry\"", HOUSE_MS, &late) - since;

	printf("a loop that hangs: noticed after %lld ms (the machine was up "
	       "to %lld ms late)\n",
	    (long long)noticed, (long long)late);
	ck_assert_int_le(noticed, LEASE_MS + proc_seen_more_ms(late));
	return noticed;
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
	ck_assert_int_eq(transcript_count(t, "retry"), 1);
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
	int64_t since;

	setenv("CULPRIT_FAILPOINT", "tool_begins:hang", 1);
	first = house_worker(h, "executor", "first", worker);
	unsetenv("CULPRIT_FAILPOINT");
	house_await_ready(h);
	watching = house_client(h, "watch", watch);
	ck_assert(await(is_there, mark, HOUSE_MS));
	since = clk_mono_ms();
	second = house_worker(h, "executor", "second", worker);
	await_lapse(watching, since);
	check_run(watching);
	proc_free(watching);
	ck_assert(proc_is_alive(first));
	/* The planner's, and both executors'. */
	ck_assert_int_eq(count_connections(port), 3);
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
	return EXIT_SUCCESS;
#endif
}
