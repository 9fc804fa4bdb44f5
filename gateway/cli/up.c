/*
 * up.c - `culprit up`: all processes on one machine.
 *
 * One loop waits for signals, the gateway's address file, the answer of
 * /readyz and restarts that are due. Invariant: at most one `up` per data
 * directory (a lock that dies with it).
 */
#include "common/clk.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "gateway/cli/call.h"
#include "gateway/cli/child.h"
#include "gateway/cli/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
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
	LOCK_WAIT_MS = 1000,
	LOCK_LOOK_MS = 10,
};

struct up {
	const struct conf *conf;
	struct child *children[CHILDREN_MAX];
	size_t n;
	char *addr_path;
	struct call_at at; /* its base is NULL until the gateway wrote it */
	int lock_fd, signal_fd, watch_fd;
	CURLM *multi;
	CURL *probe; /* of /readyz; NULL: none under way */
	struct curl_slist *probe_headers;
	int64_t start_ms;
	int64_t probe_at_ms;
	int64_t stop_ms; /* when it was asked to end; 0: was not */
	bool ready;
	bool now; /* a second signal: end without waiting */
	int status;
};

/* ---- the data directory ---- */

static enum rc
up_make_dir(const char *path, struct err *err)
{
	auto_str p = xstrdup(path);

	for (char *at = strchr(p + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(p, 0755) != 0 && errno != EEXIST)
			break;
		*at = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_set(err, RC_IO,
		    "cannot make the data folder %s: "
		    "%s; choose another with --data-dir",
		    path, strerror(errno));
	return RC_OK;
}

/* A child that a killed `up` had just forked holds its lock too, until it
 * notices; so whoever comes at once waits a moment. */
static bool
up_lock_take(int fd)
{
	int64_t until = clk_mono_ms() + LOCK_WAIT_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || clk_mono_ms() >= until)
			return false;
		poll(NULL, 0, LOCK_LOOK_MS);
	}
	return true;
}

static enum rc
up_lock(struct up *u, struct err *err)
{
	auto_str path = xasprintf("%s/up.lock", u->conf->data_dir);
	char pid[24] = "?";
	ssize_t n;

	u->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (u->lock_fd < 0)
		return err_set(
		    err, RC_IO, "cannot open %s: %s", path, strerror(errno));
	if (!up_lock_take(u->lock_fd)) {
		n = read(u->lock_fd, pid, sizeof(pid) - 1);
		pid[n > 0 ? n : 1] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		return err_set(err, RC_CONFLICT,
		    "another `culprit up` (pid %s) runs on %s; stop it, or "
		    "choose another folder with --data-dir",
		    pid, u->conf->data_dir);
	}
	FAILPOINT(up_locked);
	if (ftruncate(u->lock_fd, 0) != 0 ||
	    dprintf(u->lock_fd, "%ld\n", (long)getpid()) < 0)
		return err_set(
		    err, RC_IO, "cannot write %s: %s", path, strerror(errno));
	return RC_OK;
}

/* ---- children ---- */

static const struct {
	const char *name;
	unsigned who;
} kinds[] = {
    {"supervisor", CONF_SUPERVISOR},
    {"gateway", CONF_GATEWAY},
    {"planner", CONF_PLANNER},
    {"executor", CONF_EXECUTOR},
};

static void
up_plan(struct up *u)
{
	auto_str bin = child_bin();
	const struct conf *c = u->conf;

	u->children[u->n] = child_new(bin, "supervisor", CONF_SUPERVISOR, 0, c);
	u->children[u->n++]->last = true;
	u->children[u->n++] = child_new(bin, "gateway", CONF_GATEWAY, 0, c);
	for (int i = 1; i <= c->planners; i++)
		u->children[u->n++] =
		    child_new(bin, "planner", CONF_PLANNER, i, c);
	for (int i = 1; i <= c->executors; i++)
		u->children[u->n++] =
		    child_new(bin, "executor", CONF_EXECUTOR, i, c);
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
		up_stop(u, CMD_FAILED);
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

/* Status 2 is wrong usage: starting it again would not help. */
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
	snprintf(wait, sizeof(wait), "%lld",
	    (long long)MAX(c->start_at_ms - clk_mono_ms(), 0));
	log_warn("died; starting it again", "child", c->name, "pid", pid, "how",
	    text, "wait_ms", wait, NULL);
	if ((WIFEXITED(how) && WEXITSTATUS(how) == CMD_USAGE) ||
	    (!u->ready && c->deaths >= EARLY_DEATHS_MAX)) {
		log_error("cannot run", "child", c->name, "how", text, NULL);
		up_stop(u, CMD_FAILED);
	}
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
up_end_probe(struct up *u)
{
	if (u->probe == NULL)
		return;
	curl_multi_remove_handle(u->multi, u->probe);
	curl_easy_cleanup(u->probe);
	curl_slist_free_all(u->probe_headers);
	u->probe = NULL;
}

static size_t
up_ignore(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static void
up_read_addr(struct up *u)
{
	char line[256];
	FILE *f = fopen(u->addr_path, "re");

	if (f == NULL)
		return;
	if (fgets(line, sizeof(line), f) != NULL &&
	    strchr(line, '\n') != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		u->at.base = call_url_of(line);
	}
	fclose(f);
}

static void
up_probe(struct up *u)
{
	if (u->ready || u->stop_ms != 0 || u->probe != NULL)
		return;
	if (u->at.base == NULL)
		up_read_addr(u);
	if (u->at.base == NULL || clk_mono_ms() < u->probe_at_ms)
		return;
	u->probe =
	    call_handle(&(struct call_request){.at = &u->at, .path = "/readyz"},
		&u->probe_headers);
	curl_easy_setopt(u->probe, CURLOPT_WRITEFUNCTION, up_ignore);
	curl_easy_setopt(u->probe, CURLOPT_TIMEOUT_MS, 1000L);
	curl_multi_add_handle(u->multi, u->probe);
}

/* Whoever was told the address finds the next gateway there, port 0 or not. */
static void
up_keep_address(struct up *u)
{
	const char *host_port = strstr(u->at.base, "://");

	if (host_port == NULL)
		return;
	for (size_t i = 0; i < u->n; i++)
		if (strcmp(u->children[i]->name, "gateway") == 0)
			child_listen_at(u->children[i], host_port + 3);
}

static void
up_on_ready(struct up *u)
{
	char ms[24];

	u->ready = true;
	FAILPOINT(up_ready);
	up_keep_address(u);
	snprintf(
	    ms, sizeof(ms), "%lld", (long long)(clk_mono_ms() - u->start_ms));
	log_info("ready", "url", u->at.base, "ms", ms, NULL);
	printf("ready %s\n", u->at.base);
	fflush(stdout);
}

static void
up_on_probe(struct up *u)
{
	int64_t now = clk_mono_ms();
	long status = 0;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(u->multi, &left)) != NULL) {
		curl_easy_getinfo(
		    m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		up_end_probe(u);
		u->probe_at_ms =
		    now +
		    (now - u->start_ms < 1000 ? PROBE_FAST_MS : PROBE_SLOW_MS);
		if (status == 200)
			up_on_ready(u);
		if (status != 0)
			continue;
		/* It died; the next one may come back elsewhere. */
		call_done(&u->at);
	}
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

/* ---- the loop ---- */

static void
up_on_signal(struct up *u)
{
	struct signalfd_siginfo si;

	while (read(u->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		u->now = u->stop_ms != 0;
		up_stop(u, CMD_DONE);
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
	if (!u->ready && u->probe == NULL)
		until = MIN(until,
		    u->at.base != NULL ? u->probe_at_ms : now + PROBE_SLOW_MS);
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
up_loop(struct up *u)
{
	int stage = 0, running;

	while (u->stop_ms == 0 || up_alive(u, true) > 0) {
		struct curl_waitfd fds[] = {
		    {.fd = u->signal_fd, .events = CURL_WAIT_POLLIN},
		    {.fd = u->watch_fd, .events = CURL_WAIT_POLLIN},
		};

		up_start_due(u);
		up_probe(u);
		curl_multi_perform(u->multi, &running);
		up_on_probe(u);
		curl_multi_poll(u->multi, fds, 2, up_wait_ms(u), NULL);
		if (fds[1].revents != 0)
			up_drain_watch(u);
		up_on_signal(u);
		if (u->stop_ms != 0)
			up_end(u, &stage);
	}
}

static enum rc
up_open(struct up *u, struct err *err)
{
	sigset_t set;
	enum rc rc = up_make_dir(u->conf->data_dir, err);

	if (rc == RC_OK)
		rc = up_lock(u, err);
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
	if (u->multi != NULL) {
		up_end_probe(u);
		curl_multi_cleanup(u->multi);
		/* Only now that it was ours to write. */
		unlink(u->addr_path);
	}
	while (u->n > 0)
		child_free(u->children[--u->n]);
	free(u->addr_path);
	call_done(&u->at);
	close(u->watch_fd);
	close(u->signal_fd);
	close(u->lock_fd);
}

/* Asks one of each kind. */
static int
up_check(const struct conf *conf)
{
	auto_str bin = child_bin();
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct child *c =
		    child_new(bin, kinds[i].name, kinds[i].who, 0, conf);

		good = child_check(c) && good;
		child_free(c);
	}
	return good ? CMD_DONE : CMD_FAILED;
}

int
cmd_up(const struct cmd_args *a)
{
	struct up u = {.conf = &a->conf,
	    .lock_fd = -1,
	    .signal_fd = -1,
	    .watch_fd = -1,
	    .start_ms = clk_mono_ms()};
	struct err err;
	enum rc rc;

	if (!log_open("up", a->conf.log_level)) {
		fprintf(stderr,
		    "culprit up: log-level must be debug, info, "
		    "warn or error, not \"%s\"\n",
		    a->conf.log_level);
		return CMD_USAGE;
	}
	if (a->conf.check)
		return up_check(&a->conf);
	rc = failpoint_open(a->conf.data_dir, &err);
	if (rc == RC_OK)
		rc = up_open(&u, &err);
	if (rc == RC_OK) {
		up_plan(&u);
		up_start_due(&u);
		/* After the children are on their way: it takes a while. */
		u.multi = curl_multi_init();
		up_loop(&u);
	}
	up_close(&u);
	return rc == RC_OK ? u.status : cmd_fail(a, rc, &err);
}
