/*
 * test_partition.c - a worker behind a network that loses its packets, one
 * way or both, or whose link is gone: its lease lapses, another one does the
 * step, its late outcome is not taken, and it is there again afterwards.
 *
 * The house and a second executor are in a network namespace of their own;
 * the test, the first executor and its Prometheus in another, with a pair of
 * veth devices between them. Both go when the test does. Packets are lost by
 * sending them to an Ethernet address that nobody has. Where namespaces are
 * not permitted, the test is skipped.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/held.h"
#include "tests/harness/texts.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HERE "10.77.0.1"
#define THERE "10.77.0.2"
#define NOBODY "02:00:00:00:00:66"

static const struct {
	const char *what;
	bool lose_here, lose_there, link;
} cuts[] = {
    {"what the worker says is lost", true, false, false},
    {"what it is told is lost", false, true, false},
    {"both are lost", true, true, false},
    {"the link is down", false, false, true},
};

struct net {
	char *dir;
	struct proc *holder; /* keeps the namespace over there */
	char *target;        /* its process, for nsenter */
	struct house *house;
	char *endpoint;
};

/* Runs a shell command, which must succeed. */
static void
sh(const struct net *n, const char *command)
{
	const char *argv[] = {"/bin/sh", "-ec", command, NULL};
	struct proc_spec spec = {.argv = argv, .dir = n->dir, .name = "sh"};
	auto_str err = NULL;
	int status = proc_run(&spec, HOUSE_MS, NULL, &err);

	ck_assert_msg(status == 0, "%s: %s", command, err);
}

static bool
is_elsewhere(void *net)
{
	struct net *n = net;
	auto_str path = xasprintf("/proc/%s/ns/net", n->target);
	struct stat here, there;

	return stat("/proc/self/ns/net", &here) == 0 &&
	       stat(path, &there) == 0 && here.st_ino != there.st_ino;
}

static void
net_connect(struct net *n)
{
	auto_str commands =
	    xasprintf("there() { nsenter -t %s -n \"$@\"; }\n"
		      "ip link set lo up; there ip link set lo up\n"
		      "ip link add va type veth peer name vb netns %s\n"
		      "ip addr add " HERE "/24 dev va\n"
		      "there ip addr add " THERE "/24 dev vb\n"
		      "ip link set va up; there ip link set vb up\n",
		n->target, n->target);

	sh(n, commands);
}

/* NULL, or why namespaces cannot be had here. */
static const char *
net_init(struct net *n)
{
	static const char *const sleeper[] = {
	    "/usr/bin/unshare", "-n", "/bin/sleep", "600", NULL};
	bool tools = access("/usr/bin/nsenter", X_OK) == 0 &&
		     (access("/usr/sbin/ip", X_OK) == 0 ||
			 access("/sbin/ip", X_OK) == 0);

	if (!tools)
		return "nsenter or ip is not installed";
	if (unshare(CLONE_NEWNET) != 0)
		return "network namespaces are not permitted here";
	*n = (struct net){.dir = scratch_new()};
	n->holder = proc_start(&(struct proc_spec){
	    .argv = sleeper, .dir = n->dir, .name = "holder"});
	n->target = xasprintf("%ld", (long)proc_pid(n->holder));
	ck_assert(await(is_elsewhere, n, HOUSE_MS));
	net_connect(n);
	return NULL;
}

static void
net_done(struct net *n)
{
	proc_free(n->holder);
	free(n->target);
	free(n->endpoint);
	scratch_free(n->dir);
}

/* Keys for the house and for the first executor, in n's folder. */
static void
net_keys(struct net *n)
{
	auto_str culprit = program("culprit");
	auto_str commands = xasprintf("cd %s\n"
				      "%s keygen keys supervisor\n"
				      "%s keygen keys first\n"
				      "mkdir -m 700 keys/workers\n"
				      "cp keys/first.pub keys/workers\n",
	    n->dir, culprit, culprit);

	sh(n, commands);
}

static void
net_house(struct net *n, const struct stub_http *prometheus)
{
	auto_str back = NULL;
	auto_str key = xasprintf("--curve-key=%s/keys/supervisor.key", n->dir);
	auto_str workers = xasprintf("--curve-workers=%s/keys/workers", n->dir);
	const char *more[] = {"--executors=0", NULL, key, workers, NULL};
	const char *in[] = {"/usr/bin/nsenter", "-t", n->target, "-n", NULL};

	net_keys(n);
	n->endpoint = xasprintf("tcp://" THERE ":%d", port_free());
	more[1] = back = xasprintf("--back-tcp=%s", n->endpoint);
	n->house = house_start(&(struct house_spec){.script = HELD_PLANS,
	    .prometheus_url = stub_http_url(prometheus),
	    .more = more,
	    .in = in,
	    .not_ready = true});
}

/* The executor on this side. */
static struct proc *
net_first(struct net *n)
{
	auto_str back = xasprintf("--back=%s", n->endpoint);
	auto_str key = xasprintf("--curve-key=%s/keys/first.key", n->dir);
	auto_str server =
	    xasprintf("--curve-server-key=%s/keys/supervisor.pub", n->dir);
	const char *more[] = {
	    back, key, server, "--prometheus-timeout-ms=60000", NULL};

	return house_worker_here(n->house, "executor", "first", more);
}

static void
net_cut(struct net *n, int how)
{
	auto_str there = xasprintf("nsenter -t %s -n ip neigh replace " HERE
				   " lladdr " NOBODY " dev vb nud permanent",
	    n->target);

	if (cuts[how].lose_here)
		sh(n, "ip neigh replace " THERE " lladdr " NOBODY
		      " dev va nud permanent");
	if (cuts[how].lose_there)
		sh(n, there);
	if (cuts[how].link)
		sh(n, "ip link set va down");
}

static void
net_heal(struct net *n, int how)
{
	auto_str there = xasprintf(
	    "nsenter -t %s -n ip neigh del " HERE " dev vb", n->target);

	if (cuts[how].lose_here)
		sh(n, "ip neigh del " THERE " dev va");
	if (cuts[how].lose_there)
		sh(n, there);
	if (cuts[how].link)
		sh(n, "ip link set va up");
}

/* How long it takes until the step is done anew elsewhere. */
static void
await_lapse(struct proc *watching, int how)
{
	int64_t start = clk_mono_ms(), noticed;

	ck_assert(proc_await_out(watching, "\"retry\"", HOUSE_MS));
	noticed = clk_mono_ms();
	ck_assert(proc_await_out(watching, "\"attempt\":2", HOUSE_MS));
	printf("%s: noticed after %lld ms, given to another after %lld ms\n",
	    cuts[how].what, (long long)(noticed - start),
	    (long long)(clk_mono_ms() - start));
}

/* No connection of the supervisor's to the first executor is left. */
static bool
is_dropped(void *net)
{
	struct net *n = net;
	auto_str path = xasprintf("/proc/%s/net/tcp", n->target);
	auto_str all = file_read(path);

	/* sl local remote state: 10.77.0.1, ESTABLISHED */
	for (const char *at = strstr(all, " 01004D0A:"); at != NULL;
	     at = strstr(at + 1, " 01004D0A:"))
		if (strncmp(at + 14, " 01 ", 4) == 0)
			return false;
	return all[0] != '\0';
}

/* Half open for no longer than the heartbeat says. */
static void
await_drop(struct net *n, int how)
{
	int64_t start = clk_mono_ms();

	ck_assert(await(is_dropped, n, HOUSE_MS));
	printf("%s: its connection was dropped %lld ms later\n", cuts[how].what,
	    (long long)(clk_mono_ms() - start));
}

static void
check_run(struct proc *watching, const char *worker, int retries)
{
	struct transcript *t = held_finish(watching);

	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	ck_assert_int_ge(transcript_count(t, "retry"), retries);
	ck_assert_str_eq(transcript_text(t, "feedback", 0, "worker"), worker);
	transcript_free(t);
}

/* The first executor is alone now, and does what there is. */
static void
check_back(struct net *n, int how)
{
	int64_t start = clk_mono_ms();
	struct proc *again = held_watch(n->house, "again");

	ck_assert(proc_await_out(again, "\"worker\":\"first\"", HOUSE_MS));
	printf("%s: at work again %lld ms after it was mended\n",
	    cuts[how].what, (long long)(clk_mono_ms() - start));
	check_run(again, "first", 0);
	proc_free(again);
}

START_TEST(a_worker_that_is_cut_off_loses_its_step_and_comes_back)
{
	struct stub_http *prometheus;
	struct proc *first, *second, *watching;
	struct net n;
	const char *missing = net_init(&n);

	if (missing != NULL) {
		SKIP_TEST(missing);
		return;
	}
	prometheus = held_prometheus();
	net_house(&n, prometheus);
	first = net_first(&n);
	house_await_ready(n.house);
	watching = held_watch_step(n.house);
	second = house_worker(n.house, "executor", "second", NULL);
	ck_assert(proc_await_err(house_up(n.house), "worker=second", HOUSE_MS));
	net_cut(&n, _i);
	ck_assert(!is_dropped(&n));
	await_lapse(watching, _i);
	await_drop(&n, _i);
	/* The other one cannot reach Prometheus, which is an outcome. */
	check_run(watching, "second", 1);
	proc_free(watching);

	held_release();
	net_heal(&n, _i);
	proc_signal(second, SIGTERM);
	ck_assert_int_eq(proc_wait(second, HOUSE_MS), 0);
	proc_free(second);
	check_back(&n, _i);
	proc_signal(first, SIGTERM);
	ck_assert_int_eq(proc_wait(first, HOUSE_MS), 0);
	proc_free(first);
	held_house_done(n.house);
	stub_http_free(prometheus);
	net_done(&n);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_worker_that_is_cut_off_loses_its_step_and_comes_back,
		ARRAY_LEN(cuts)},
	};

	return RUN_TESTS("partition", tests);
}
