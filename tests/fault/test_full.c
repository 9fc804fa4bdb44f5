/*
 * test_full.c - the whole house on a disk that fills up: nothing is accepted
 * that cannot be kept, what runs pauses, and goes on when there is room.
 *
 * The data directory is a small file system of its own, mounted where only
 * this test sees it. Where that is not permitted, the test is skipped.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "gateway/api/link_in.h"
#include "tests/harness/ask.h"
#include "tests/harness/held.h"
#include "tests/harness/invariant.h"
#include "tests/harness/texts.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

enum { POSTS = 3, LINES_MAX = 60 };
#define REQUEST "{\"input\":\"why?\"}"

/* A folder of 8 MiB; NULL: it cannot be had here. */
static char *
small_disk(void)
{
	char *dir = scratch_new();

	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", dir, "tmpfs", 0, "size=8m") == 0)
		return dir;
	scratch_free(dir);
	return NULL;
}

/* Takes all the room there is, and what the store gives back, until told. */
struct filler {
	char *path;
	int fd;
	atomic_bool stop;
	atomic_int times; /* that it was full */
	pthread_t thread;
};

static void *
filler_run(void *ctx)
{
	static const char zeros[4096];
	struct filler *f = ctx;

	while (!atomic_load(&f->stop)) {
		while (write(f->fd, zeros, sizeof(zeros)) > 0)
			continue;
		atomic_fetch_add(&f->times, 1);
		poll(NULL, 0, 1);
	}
	return NULL;
}

static bool
is_full(void *ctx)
{
	struct filler *f = ctx;

	return atomic_load(&f->times) > 0;
}

static void
filler_start(struct filler *f, const char *dir)
{
	f->path = xasprintf("%s/filler", dir);
	f->fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(f->fd, 0);
	ck_assert_int_eq(pthread_create(&f->thread, NULL, filler_run, f), 0);
	ck_assert(await(is_full, f, HOUSE_MS));
}

static void
filler_end(struct filler *f)
{
	atomic_store(&f->stop, true);
	pthread_join(f->thread, NULL);
	close(f->fd);
	ck_assert_int_eq(unlink(f->path), 0);
	free(f->path);
}

static int
lines(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Nothing is accepted, and that is said; how long that took. */
static int64_t
refused_ms(const char *url)
{
	int64_t start = clk_mono_ms(), ms;
	struct answer *w = ask(NULL, url, NULL, REQUEST);

	ms = clk_mono_ms() - start;
	printf("disk full: POST answered %ld in %lld ms\n", w->status,
	    (long long)ms);
	ck_assert_msg(w->status == 503, "%ld: %s", w->status, w->body);
	assert_contains(w->type, "application/problem+json");
	assert_lacks(w->body, "\"started\"");
	answer_free(w);
	return ms;
}

/* That the supervisor is away is known after a while: then nobody waits for
 * it, as a request does before. */
static bool
is_refused_at_once(void *url)
{
	return refused_ms(url) < LINK_ANSWER_MS;
}

struct accepting {
	const char *url;
	struct answer *w;
};

static bool
is_accepted(void *ctx)
{
	struct accepting *a = ctx;

	answer_free(a->w);
	a->w = ask(NULL, a->url, NULL, REQUEST);
	return a->w->status == 200 || a->w->status == 202;
}

START_TEST(a_full_disk_pauses_what_runs_and_accepts_nothing)
{
	char *disk = small_disk();
	struct stub_http *prometheus;
	auto_str url = NULL;
	auto_str log = NULL;
	struct filler filler = {0};
	struct accepting a;
	struct house *h;
	struct proc *watching;
	int64_t since;

	if (disk == NULL) {
		SKIP_TEST("mounting is not permitted here");
		return;
	}
	prometheus = held_prometheus();
	h = house_start(&(struct house_spec){.script = HELD_PLANS,
	    .data = disk,
	    .prometheus_url = stub_http_url(prometheus)});
	url = house_url(h, "/api/ai_ops");
	watching = held_watch_step(h);
	filler_start(&filler, disk);
	since = clk_mono_ms();
	for (int i = 0; i < POSTS; i++)
		refused_ms(url);
	/* Prometheus's answer comes now, and cannot be kept. */
	held_release();
	ck_assert(await(is_refused_at_once, url, HOUSE_MS));
	ck_assert(proc_is_alive(house_up(h)));
	ck_assert(proc_is_alive(watching));
	log = proc_err(house_up(h));
	since = clk_mono_ms() - since;
	printf("disk full for %lld ms: %d lines of log\n", (long long)since,
	    lines(log));
	ck_assert_msg(lines(log) < LINES_MAX + since / 1000,
	    "it floods the log:\n%s", log);
	assert_contains(log, "the disk is full");

	filler_end(&filler);
	transcript_free(held_finish(watching));
	a = (struct accepting){.url = url};
	ck_assert(await(is_accepted, &a, HOUSE_MS));
	answer_free(a.w);
	proc_free(watching);
	house_stop(h);
	invariant_assert(&(struct invariant){.data_dir = disk});
	house_drop(h);
	stub_http_free(prometheus);
	umount2(disk, MNT_DETACH);
	scratch_free(disk);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_full_disk_pauses_what_runs_and_accepts_nothing, 0},
	};

	return RUN_TESTS("full", tests);
}
