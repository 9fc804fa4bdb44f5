/*
 * test_strangers.c - descriptors run out: because of those who connect and
 * say nothing, or because a process has a low limit. It serves on, or says
 * at its start that it cannot; no library's assertion ends it.
 */
#include "common/base/clk.h"
#include "common/net/curve.h"
#include "common/agent/limits.h"
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"
#include "tests/harness/zmtp.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STRANGERS = 1500, LOOK_MS = 20 };

#define ECHO_ONCE                                                              \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"1\"}},"                                          \
	"{\"decision\":\"FINISH\",\"report\":\"# x\"}]"
#define ASK_ONCE                                                               \
	"[{\"decision\":\"EXECUTE\",\"step\":\"look\",\"tool\":"               \
	"\"query_prometheus_metrics\",\"args\":{\"query\":\"up\"}},"           \
	"{\"decision\":\"FINISH\",\"report\":\"# x\"}]"

static void
investigates(struct house *h)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	struct transcript *t;
	int status = house_run(h, args, &out, &err);

	ck_assert_msg(status == 0, "status %d: %s", status, err);
	t = transcript_new(out);
	transcript_check(t);
	transcript_free(t);
}

/* ---- from outside ---- */

/* In a process of its own: that many connections, and a new one wherever one
 * is cut off. */
_Noreturn static void
besiege_for_ever(int port)
{
	static struct pollfd all[STRANGERS];
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < STRANGERS; i++)
		all[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	for (;; poll(all, STRANGERS, LOOK_MS)) {
		for (i = 0; i < STRANGERS; i++) {
			char byte;

			if (all[i].fd >= 0 &&
			    (all[i].revents == 0 ||
				recv(all[i].fd, &byte, 1, MSG_DONTWAIT) > 0))
				continue;
			close(all[i].fd);
			all[i].fd = zmtp_try(port);
		}
	}
}

static pid_t
besiege(int port)
{
	pid_t pid;

	files_raise();
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		besiege_for_ever(port);
	return pid;
}

static void
siege_over(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static bool
has_descriptor(pid_t pid, int fd)
{
	auto_str path = xasprintf("/proc/%ld/fd/%d", (long)pid, fd);
	struct stat st;

	return lstat(path, &st) == 0;
}

/* The one it would get next. */
static int
next_descriptor(pid_t pid)
{
	int fd = 0;

	while (has_descriptor(pid, fd))
		fd++;
	return fd;
}

struct full {
	pid_t pid;
	int least;
};

static bool
is_full(void *arg)
{
	const struct full *f = arg;

	return next_descriptor(f->pid) >= f->least;
}

/* What runs a house whose processes may have only so many descriptors. */
static const char *const in_1024[] = {
    "/usr/bin/prlimit", "--nofile=1024:1024", NULL};
static const char *const in_200[] = {
    "/usr/bin/prlimit", "--nofile=200:200", NULL};

static void
no_assertion(struct house *h)
{
	auto_str log = proc_err(house_up(h));

	assert_lacks(log, "ssertion");
	assert_lacks(log, "signal 6");
}

START_TEST(idle_strangers_at_the_workers_door_keep_out_no_friend_from_here)
{
	static const char *const echo[] = {"--tools=echo", NULL};
	int port = port_free();
	auto_str keys = scratch_new();
	auto_str at = xasprintf("--back-tcp=tcp://127.0.0.1:%d", port);
	auto_str own = xasprintf("--curve-key=%s/supervisor.key", keys);
	auto_str workers = xasprintf("--curve-workers=%s", keys);
	auto_str back = xasprintf("--back=tcp://127.0.0.1:%d", port);
	auto_str key = xasprintf("--curve-key=%s/friend.key", keys);
	auto_str pub = xasprintf("--curve-server-key=%s/supervisor.pub", keys);
	const char *const more[] = {at, own, workers, "--tools=echo", NULL};
	const char *const far_more[] = {back, key, pub, "--tools=echo", NULL};
	struct proc *late, *far;
	struct full full;
	struct house *h;
	struct err err;
	pid_t strangers;

	ck_assert_int_eq(curve_keygen(keys, "supervisor", &err), RC_OK);
	ck_assert_int_eq(curve_keygen(keys, "friend", &err), RC_OK);
	h = house_start(&(struct house_spec){
	    .script = ECHO_ONCE, .more = more, .in = in_1024});
	full = (struct full){house_child(h, "supervisor"), 900};
	strangers = besiege(port);
	ck_assert(await(is_full, &full, HOUSE_MS));
	investigates(h);
	/* ZeroMQ's own listener would have to accept it, and assert. */
	late = house_worker(h, "executor", "late", echo);
	ck_assert(proc_await_err(late, "joined", HOUSE_MS));
	ck_assert(proc_await_err(
	    house_up(h), "connections were turned away", HOUSE_MS));
	ck_assert(await(is_full, &full, HOUSE_MS));
	investigates(h);
	siege_over(strangers);
	far = house_worker(h, "executor", "far", far_more);
	ck_assert(proc_await_err(far, "joined", HOUSE_MS));
	ck_assert_int_eq(house_child(h, "supervisor"), full.pid);
	no_assertion(h);
	proc_free(late);
	proc_free(far);
	house_free(h);
	scratch_free(TAKE(keys));
}
END_TEST

START_TEST(idle_strangers_at_the_gateway_keep_out_nobody)
{
	struct house *h = house_start(&(struct house_spec){.script = ECHO_ONCE,
	    .more = (const char *const[]){"--tools=echo", NULL},
	    .in = in_200});
	auto_str url = house_url(h, "");
	struct full full = {house_child(h, "gateway"), 36};
	pid_t strangers = besiege(atoi(strrchr(url, ':') + 1));
	int i;

	ck_assert(await(is_full, &full, HOUSE_MS));
	for (i = 0; i < 3; i++)
		investigates(h);
	siege_over(strangers);
	investigates(h);
	ck_assert_int_eq(house_child(h, "gateway"), full.pid);
	no_assertion(h);
	house_free(h);
}
END_TEST

/* ---- from inside ---- */

static const char *const programs[] = {"culprit-supervisor", "culprit-gateway",
    "culprit-planner", "culprit-executor", "culprit-up"};

START_TEST(with_too_few_to_begin_with_it_says_so)
{
	char *dir = scratch_new();
	auto_str path = program(programs[_i]);
	auto_str data = xasprintf("--data-dir=%s/data", dir);
	auto_str log = NULL;
	int status = proc_run(
	    &(struct proc_spec){
		.argv = (const char *const[]){"/usr/bin/prlimit",
		    "--nofile=20:20", path, data, NULL},
		.dir = dir,
		.name = "it"},
	    HOUSE_MS, NULL, &log);

	ck_assert_msg(status == EXIT_FAILURE, "status %d: %s", status, log);
	assert_contains(log, "raise the limit of open files");
	scratch_free(dir);
}
END_TEST

START_TEST(the_limit_is_raised_as_far_as_it_goes)
{
	static const char *const in[] = {
	    "/usr/bin/prlimit", "--nofile=512:2000", NULL};
	static const char *const children[] = {
	    "supervisor", "gateway", "planner-1", "executor-1"};
	struct house *h =
	    house_start(&(struct house_spec){.script = ECHO_ONCE, .in = in});
	struct rlimit l;
	size_t i;

	for (i = 0; i < ARRAY_LEN(children); i++) {
		ck_assert_int_eq(prlimit(house_child(h, children[i]),
				     RLIMIT_NOFILE, NULL, &l),
		    0);
		ck_assert_uint_eq(l.rlim_cur, 2000);
	}
	house_free(h);
}
END_TEST

/* Lets it have those that it has, and no more; what it could have before. */
static struct rlimit
starve(pid_t pid)
{
	struct rlimit before, now;

	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &before), 0);
	now = (struct rlimit){(rlim_t)next_descriptor(pid), before.rlim_max};
	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, &now, NULL), 0);
	return before;
}

static void
feed(pid_t pid, const struct rlimit *before)
{
	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, before, NULL), 0);
}

/* Whether it works without another one, or only once it has some. */
static const struct {
	const char *child;
	bool works;
} starving[] = {
    {"supervisor", true},
    {"planner-1", true},
    {"executor-1", true},
    {"gateway", false},
};

/* Waits in the line before it, and is let in when there is a descriptor. */
static void
is_served_once_fed(struct house *h, pid_t pid, const struct rlimit *before)
{
	static const char ask[] =
	    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	auto_str url = house_url(h, "");
	char answer[13] = "";
	int fd = zmtp_connect(atoi(strrchr(url, ':') + 1));

	ck_assert_int_gt(send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL), 0);
	feed(pid, before);
	ck_assert_int_eq(recv(fd, answer, 12, MSG_WAITALL), 12);
	ck_assert_str_eq(answer, "HTTP/1.1 200");
	close(fd);
}

START_TEST(without_another_descriptor_it_lives)
{
	const char *child = starving[_i].child;
	struct house *h = house_start(&(struct house_spec){.script = ASK_ONCE});
	pid_t pid = house_child(h, child);
	struct rlimit before = starve(pid);

	if (starving[_i].works)
		investigates(h);
	else
		is_served_once_fed(h, pid, &before);
	feed(pid, &before);
	investigates(h);
	ck_assert_int_eq(house_child(h, child), pid);
	no_assertion(h);
	house_free(h);
}
END_TEST

/* Its children may not even open /dev/null then, and the supervisor takes
 * nobody. */
START_TEST(what_dies_meanwhile_is_there_again_afterwards)
{
	struct house *h = house_start(&(struct house_spec){.script = ASK_ONCE});
	pid_t up = proc_pid(house_up(h));
	pid_t supervisor = house_child(h, "supervisor");
	pid_t executor = house_child(h, "executor-1");
	struct rlimit ups = starve(up), supervisors = starve(supervisor);

	kill(executor, SIGKILL);
	ck_assert(proc_await_err(
	    house_up(h), "how=\"exited with status 126\"", HOUSE_MS));
	feed(up, &ups);
	house_await_not_ready(h);
	feed(supervisor, &supervisors);
	investigates(h);
	ck_assert_int_eq(house_child(h, "supervisor"), supervisor);
	no_assertion(h);
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {idle_strangers_at_the_workers_door_keep_out_no_friend_from_here,
		0},
	    {idle_strangers_at_the_gateway_keep_out_nobody, 0},
	    {with_too_few_to_begin_with_it_says_so, (int)ARRAY_LEN(programs)},
	    {the_limit_is_raised_as_far_as_it_goes, 0},
	    {without_another_descriptor_it_lives, (int)ARRAY_LEN(starving)},
	    {what_dies_meanwhile_is_there_again_afterwards, 0},
	};

	return RUN_TESTS("strangers", tests);
}
