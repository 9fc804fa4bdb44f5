/*
 * test_clock.c - time that jumps, and processes that stand still: leases,
 * deadlines and order do not hang on the wall clock, and whoever comes back
 * late is not listened to.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/held.h"
#include "tests/harness/texts.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	LONG_MS = 600000, /* no lease lapses for want of a processor */
	LEASE_MS = 5000,
	NOTICE_MS = 1000, /* many looks at the leases */
	STARTS = 10,
	DAY_MS = 86400000
};

/* A house whose one step waits for Prometheus, and a clock to turn. */
struct scene {
	struct stub_http *prometheus;
	struct house *house;
	struct proc *watching;
	char *clock_path;
	volatile int64_t *clock_ms;
};

static void
clock_make(struct scene *s)
{
	char path[] = "/tmp/culprit-clock-XXXXXX";
	int fd = mkstemp(path);
	void *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, sizeof(*s->clock_ms)), 0);
	p = mmap(NULL, sizeof(*s->clock_ms), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	ck_assert(p != MAP_FAILED);
	close(fd);
	s->clock_ms = p;
	s->clock_path = xstrdup(path);
}

static void
scene_init(struct scene *s, int lease_ms)
{
	auto_str lease = xasprintf("--lease-ms=%d", lease_ms);
	auto_str shim = program("libshim_clock.so");
	auto_str preload = xasprintf("LD_PRELOAD=%s", shim);
	auto_str clock = NULL;
	const char *more[] = {lease, "--prometheus-timeout-ms=60000", NULL};
	const char *env[] = {
	    preload, "ASAN_OPTIONS=verify_asan_link_order=0", NULL, NULL};

	*s = (struct scene){0};
	clock_make(s);
	env[2] = clock = xasprintf("CULPRIT_TEST_CLOCK=%s", s->clock_path);
	s->prometheus = held_prometheus();
	s->house = house_start(&(struct house_spec){.script = HELD_PLANS,
	    .prometheus_url = stub_http_url(s->prometheus),
	    .more = more,
	    .env = env});
	s->watching = held_watch_step(s->house);
}

/* The run's events when it has completed. */
static struct transcript *
scene_finish(struct scene *s)
{
	struct transcript *t;

	held_release();
	t = held_finish(s->watching);
	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	return t;
}

static void
scene_done(struct scene *s)
{
	held_house_done(s->house);
	proc_free(s->watching);
	stub_http_free(s->prometheus);
	unlink(s->clock_path);
	free(s->clock_path);
}

static bool
is_past(void *until)
{
	return clk_mono_ms() >= *(int64_t *)until;
}

static void
let_pass(int ms)
{
	int64_t until = clk_mono_ms() + ms;

	await(is_past, &until, HOUSE_MS);
}

START_TEST(a_clock_that_jumps_a_day_ends_no_lease_and_no_run)
{
	static const int jumps[] = {1, -1, 0};
	struct scene s;
	struct transcript *t;

	scene_init(&s, LONG_MS);
	for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
		*s.clock_ms = (int64_t)jumps[i] * DAY_MS;
		let_pass(NOTICE_MS);
	}
	*s.clock_ms = -DAY_MS;
	t = scene_finish(&s);
	ck_assert_int_eq(transcript_count(t, "retry"), 0);
	ck_assert_int_eq(transcript_count(t, "tool_started"), 1);
	transcript_free(t);
	printf("clock jumps: %zu, lapsed leases: 0\n", ARRAY_LEN(jumps) + 1);
	scene_done(&s);
}
END_TEST

/* The one that was stopped holds the lock; each other one says so. */
START_TEST(a_second_supervisor_is_refused_while_the_first_stands_still)
{
	struct scene s;
	struct transcript *t;
	auto_str path = program("culprit-supervisor");
	auto_str data = NULL;
	pid_t first;

	scene_init(&s, LONG_MS);
	data = xasprintf("--data-dir=%s", house_data(s.house));
	first = house_child(s.house, "supervisor");
	ck_assert_int_eq(kill(first, SIGSTOP), 0);
	for (int i = 0; i < STARTS; i++) {
		const char *argv[] = {path, data, NULL};
		struct proc_spec spec = {
		    .argv = argv, .dir = house_dir(s.house), .name = "second"};
		auto_str err = NULL;

		ck_assert_int_eq(proc_run(&spec, HOUSE_MS, NULL, &err), 1);
		assert_contains(err, "is in use by process");
	}
	ck_assert_int_eq(kill(first, SIGCONT), 0);
	t = scene_finish(&s);
	transcript_free(t);
	ck_assert_int_eq(house_child(s.house, "supervisor"), first);
	scene_done(&s);
}
END_TEST

/* It has not read what the worker said meanwhile. */
START_TEST(a_supervisor_that_stood_still_takes_no_lease_away)
{
	struct scene s;
	struct transcript *t;
	pid_t supervisor;

	scene_init(&s, LEASE_MS);
	supervisor = house_child(s.house, "supervisor");
	ck_assert_int_eq(kill(supervisor, SIGSTOP), 0);
	let_pass(LEASE_MS + NOTICE_MS);
	ck_assert_int_eq(kill(supervisor, SIGCONT), 0);
	let_pass(NOTICE_MS);
	t = scene_finish(&s);
	ck_assert_int_eq(transcript_count(t, "retry"), 0);
	transcript_free(t);
	scene_done(&s);
}
END_TEST

START_TEST(a_worker_that_stood_still_comes_back_too_late)
{
	static const char *const more[] = {
	    "--prometheus-timeout-ms=60000", NULL};
	struct scene s;
	struct proc *second;
	struct transcript *t;
	pid_t first;

	scene_init(&s, LEASE_MS);
	first = house_child(s.house, "executor-1");
	ck_assert_int_eq(kill(first, SIGSTOP), 0);
	second = house_worker(s.house, "executor", "second", more);
	ck_assert(proc_await_out(s.watching, "\"retry\"", HOUSE_MS));
	ck_assert(proc_await_out(s.watching, "\"attempt\":2", HOUSE_MS));
	/* The first one's answer waits for it when it wakes up. */
	t = scene_finish(&s);
	ck_assert_int_eq(kill(first, SIGCONT), 0);
	ck_assert_str_eq(transcript_text(t, "feedback", 0, "worker"), "second");
	ck_assert_int_ge(transcript_count(t, "retry"), 1);
	transcript_free(t);
	proc_signal(second, SIGTERM);
	ck_assert_int_eq(proc_wait(second, HOUSE_MS), 0);
	proc_free(second);
	scene_done(&s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_clock_that_jumps_a_day_ends_no_lease_and_no_run, 0},
	    {a_second_supervisor_is_refused_while_the_first_stands_still, 0},
	    {a_supervisor_that_stood_still_takes_no_lease_away, 0},
	    {a_worker_that_stood_still_comes_back_too_late, 0},
	};

	return RUN_TESTS("clock", tests);
}
