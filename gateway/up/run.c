/*
 * run.c - the processes, kept running until it is asked to end.
 *
 * One loop waits for signals, the gateway's address file, the answer of
 * /readyz and restarts that are due. Invariant: at most one `up` per data
 * directory (a lock that dies with it).
 */
#include "common/agent/agent.h"
#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "gateway/up/child.h"
#include "gateway/up/folder.h"
#include "gateway/up/probe.h"
#include "gateway/up/up.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHILDREN_MAX = 2 + 64 + 64,
	PROBE_FAST_MS = 2, /* between probes, in the first second */
	PROBE_SLOW_MS = 100,
	STOP_WORKERS_MS = 8300, /* an agent's own drain, and a little */
	STOP_ALL_MS = 9500,
	EARLY_DEATHS_MAX = 5, /* before ready: then it will never be */
	IDLE_MS = 60000,
};

struct up {
	const struct conf *conf;
	struct child *children[CHILDREN_MAX];
	size_t n;
	char *addr_path;
	char addr[256]; /* the gateway's; empty until it wrote it there */
	int lock_fd, signal_fd, watch_fd;
	struct probe probe;
	bool probing;
	int64_t start_ms;
	int64_t probe_at_ms;
	int64_t stop_ms; /* when it was asked to end; 0: was not */
	bool ready;
	bool now; /* a second signal: end without waiting */
	int status;
};

/* ---- children ---- */

static void
up_plan(struct up *u)
{
	const struct conf *c = u->conf;

	u->children[u->n] = child_new("supervisor", CONF_SUPERVISOR, 0, c);
	u->children[u->n++]->last = true;
	u->children[u->n++] = child_new("gateway", CONF_GATEWAY, 0, c);
	for (int i = 1; i <= c->planners; i++)
		u->children[u->n++] = child_new("planner", CONF_PLANNER, i, c);
	for (int i = 1; i <= c->executors; i++)
		u->children[u->n++] =
		    child_new("executor", CONF_EXECUTOR, i, c);
}

static void
up_stop(struct up *u, int status)
{
	if (u->stop_ms != 0)
		return;
	u->stop_ms = clk_mono_ms();
	u->status = status;
	log_info("ending", NULL);
	FAILPOINT(up_ending);
}

static void
up_start_child(struct up *u, struct child *c)
{
	struct err err;
	char pid[24];

	if (child_start(c, clk_mono_ms(), &err) != RC_OK) {
		log_error(
		    "cannot start", "child", c->name, "reason", err.text, NULL);
		up_stop(u, UP_FAILED);
		return;
	}
	snprintf(pid, sizeof(pid), "%ld", (long)c->pid);
	log_info("started", "child", c->name, "pid", pid, NULL);
	FAILPOINT(up_started_one);
}

static void
up_start_due(struct up *u)
{
	for (size_t i = 0; i < u->n && u->stop_ms == 0; i++)
		if (u->children[i]->pid == 0 &&
		    u->children[i]->start_at_ms <= clk_mono_ms())
			up_start_child(u, u->children[i]);
}

/* Whether starting it again would not help: it was used or configured wrongly,
 * or has died too often before all was there. What worked once may again. */
static bool
is_hopeless(const struct up *u, const struct child *c, int how)
{
	int status = WIFEXITED(how) ? WEXITSTATUS(how) : 0;

	return status == UP_USAGE ||
	       (!u->ready && (status == AGENT_EXIT_REFUSED ||
				 c->deaths >= EARLY_DEATHS_MAX));
}

static void
up_on_death(struct up *u, struct child *c, int how)
{
	auto_str text = child_how(how);
	char pid[24], wait[24];

	snprintf(pid, sizeof(pid), "%ld", (long)c->pid);
	child_died(c, clk_mono_ms());
	FAILPOINT(up_reaped);
	if (u->stop_ms != 0) {
		log_info(
		    "ended", "child", c->name, "pid", pid, "how", text, NULL);
		return;
	}
	if (is_hopeless(u, c, how)) {
		log_error("cannot run", "child", c->name, "how", text, NULL);
		up_stop(u, UP_FAILED);
		return;
	}
	snprintf(wait, sizeof(wait), "%lld",
	    (long long)MAX(c->start_at_ms - clk_mono_ms(), 0));
	log_warn("died; starting it again", "child", c->name, "pid", pid, "how",
	    text, "wait_ms", wait, NULL);
}

static void
up_reap(struct up *u)
{
	pid_t pid;
	int how;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (size_t i = 0; i < u->n; i++)
			if (u->children[i]->pid == pid)
				up_on_death(u, u->children[i], how);
}

/* ---- readiness ---- */

static void
up_read_addr(struct up *u)
{
	FILE *f = fopen(u->addr_path, "re");

	if (f == NULL)
		return;
	if (fgets(u->addr, sizeof(u->addr), f) == NULL ||
	    strchr(u->addr, '\n') == NULL)
		u->addr[0] = '\0';
	u->addr[strcspn(u->addr, "\n")] = '\0';
	fclose(f);
}

static void
up_start_probe(struct up *u)
{
	if (u->ready || u->stop_ms != 0 || u->probing)
		return;
	if (u->addr[0] == '\0')
		up_read_addr(u);
	if (u->addr[0] == '\0' || clk_mono_ms() < u->probe_at_ms)
		return;
	probe_start(&u->probe, u->addr, clk_mono_ms());
	u->probing = true;
}

/* Whoever was told the address finds the next gateway there, port 0 or not. */
static void
up_keep_address(struct up *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (strcmp(u->children[i]->name, "gateway") == 0)
			child_listen_at(u->children[i], u->addr);
}

static void
up_on_ready(struct up *u)
{
	auto_str url = xasprintf("http://%s", u->addr);
	char ms[24];

	u->ready = true;
	FAILPOINT(up_ready);
	up_keep_address(u);
	snprintf(
	    ms, sizeof(ms), "%lld", (long long)(clk_mono_ms() - u->start_ms));
	log_info("ready", "url", url, "ms", ms, NULL);
	printf("ready %s\n", url);
	fflush(stdout);
}

static void
up_on_probe(struct up *u)
{
	int64_t now = clk_mono_ms();
	enum probe_says says;

	if (!u->probing)
		return;
	says = probe_go_on(&u->probe, now);
	if (says == PROBE_WAITS)
		return;
	u->probing = false;
	u->probe_at_ms =
	    now + (now - u->start_ms < 1000 ? PROBE_FAST_MS : PROBE_SLOW_MS);
	if (says == PROBE_READY)
		up_on_ready(u);
	/* It died; the next one may come back elsewhere. */
	if (says == PROBE_SILENT)
		u->addr[0] = '\0';
}

/* ---- ending ---- */

static size_t
up_alive(const struct up *u, bool last_too)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++)
		if (u->children[i]->pid != 0 &&
		    (last_too || !u->children[i]->last))
			n++;
	return n;
}

static void
up_kill(const struct up *u, bool last, int signal_no)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->children[i]->pid != 0 && u->children[i]->last == last)
			kill(u->children[i]->pid, signal_no);
}

/*
 * The supervisor is asked last: the others hand back or finish what they
 * hold, which takes its acknowledgement.
 */
static void
up_end(struct up *u, int *stage)
{
	int64_t since = clk_mono_ms() - u->stop_ms;

	if (*stage == 0) {
		up_kill(u, false, SIGTERM);
		*stage = 1;
	}
	if (*stage == 1 &&
	    (up_alive(u, false) == 0 || since > STOP_WORKERS_MS)) {
		up_kill(u, true, SIGTERM);
		*stage = 2;
	}
	if (*stage <= 2 && (u->now || since > STOP_ALL_MS)) {
		up_kill(u, false, SIGKILL);
		up_kill(u, true, SIGKILL);
		*stage = 3;
	}
}

/* Those that can read their configuration again do; the others leave it. */
static void
up_reload(const struct up *u)
{
	log_info("the processes read again what can change while they run",
	    NULL);
	up_kill(u, false, SIGHUP);
	up_kill(u, true, SIGHUP);
}

/* ---- the loop ---- */

static void
up_on_signal(struct up *u)
{
	struct signalfd_siginfo si;

	while (read(u->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		/* Of a terminal that was closed, or to read the file anew. */
		if (si.ssi_signo == SIGHUP) {
			up_reload(u);
			continue;
		}
		u->now = u->stop_ms != 0;
		up_stop(u, UP_DONE);
	}
	up_reap(u);
}

static int
up_wait_ms(const struct up *u)
{
	int64_t now = clk_mono_ms(), until = now + IDLE_MS;

	if (u->stop_ms != 0)
		return 50;
	for (size_t i = 0; i < u->n; i++)
		if (u->children[i]->pid == 0)
			until = MIN(until, u->children[i]->start_at_ms);
	if (u->probing)
		until = MIN(until, u->probe.until_ms);
	else if (!u->ready)
		until = MIN(until,
		    u->addr[0] != '\0' ? u->probe_at_ms : now + PROBE_SLOW_MS);
	return (int)MAX(until - now, 0);
}

static void
up_drain_watch(struct up *u)
{
	char events[4096];

	while (read(u->watch_fd, events, sizeof(events)) > 0)
		continue;
}

static void
up_wait(struct up *u)
{
	struct pollfd fds[] = {
	    {.fd = u->signal_fd, .events = POLLIN},
	    {.fd = u->watch_fd, .events = POLLIN},
	    {.fd = u->probe.fd, .events = u->probe.events},
	};

	poll(fds, ARRAY_LEN(fds), up_wait_ms(u));
	if (fds[1].revents != 0)
		up_drain_watch(u);
}

static void
up_loop(struct up *u)
{
	int stage = 0;

	while (u->stop_ms == 0 || up_alive(u, true) > 0) {
		up_start_due(u);
		up_start_probe(u);
		up_on_probe(u);
		up_wait(u);
		up_on_signal(u);
		if (u->stop_ms != 0)
			up_end(u, &stage);
	}
}

static enum rc
up_open(struct up *u, struct err *err)
{
	sigset_t set;
	enum rc rc = folder_open(u->conf->data_dir, &u->lock_fd, err);

	if (rc != RC_OK)
		return rc;
	u->addr_path = xasprintf("%s/gateway.addr", u->conf->data_dir);
	if (unlink(u->addr_path) != 0 && errno != ENOENT)
		return err_set(err, RC_IO, "cannot remove %s: %s", u->addr_path,
		    strerror(errno));
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	u->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	u->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (u->signal_fd < 0 || u->watch_fd < 0 ||
	    inotify_add_watch(u->watch_fd, u->conf->data_dir,
		IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
		return err_set(err, RC_IO, "cannot watch %s: %s",
		    u->conf->data_dir, strerror(errno));
	return RC_OK;
}

static void
up_close(struct up *u)
{
	/* Only once it was ours to write. */
	if (u->n > 0)
		unlink(u->addr_path);
	probe_end(&u->probe);
	while (u->n > 0)
		child_free(u->children[--u->n]);
	free(u->addr_path);
	close(u->watch_fd);
	close(u->signal_fd);
	close(u->lock_fd);
}

enum rc
up_run(const struct conf *conf, int *ret_status, struct err *err)
{
	struct up u = {.conf = conf,
	    .lock_fd = -1,
	    .signal_fd = -1,
	    .watch_fd = -1,
	    .probe.fd = -1,
	    .start_ms = clk_mono_ms()};
	enum rc rc = up_open(&u, err);

	if (rc == RC_OK) {
		up_plan(&u);
		up_loop(&u);
		*ret_status = u.status;
	}
	up_close(&u);
	return rc;
}
