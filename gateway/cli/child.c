/*
 * child.c - the programs next to `culprit`.
 */
#include "gateway/cli/child.h"

#include "common/clk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void
child_arg(struct child *c, char *arg)
{
	if (c->argc == CHILD_ARGV_MAX - 1)
		abort();
	c->argv[c->argc++] = arg;
}

static void
child_pass_on(void *ctx, const char *flag, const char *value)
{
	/* Each child has a name of its own. */
	if (strcmp(flag, "name") != 0)
		child_arg(ctx, xasprintf("--%s=%s", flag, value));
}

char *
child_bin(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return xstrdup("/usr/bin");
	*slash = '\0';
	return xstrdup(path);
}

struct child *
child_new(const char *bin, const char *kind, unsigned who, int number,
    const struct conf *conf)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->name =
	    number == 0 ? xstrdup(kind) : xasprintf("%s-%d", kind, number);
	child_arg(c, xasprintf("%s/culprit-%s", bin, kind));
	conf_each(conf, who, child_pass_on, c);
	if (number != 0)
		child_arg(c, xasprintf("--name=%s", c->name));
	return c;
}

void
child_listen_at(struct child *c, const char *host_port)
{
	char *arg = xasprintf("--listen=%s", host_port);
	int i;

	for (i = 1; i < c->argc; i++) {
		if (strncmp(c->argv[i], "--listen=", 9) != 0)
			continue;
		free(c->argv[i]);
		c->argv[i] = arg;
		return;
	}
	child_arg(c, arg);
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	while (c->argc > 0)
		free(c->argv[--c->argc]);
	free(c->name);
	free(c);
}

/* In the child, between fork and exec: nothing that could need a lock. */
static void
child_exec(const struct child *c, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	/*
	 * SIGKILL, not SIGTERM: what was accepted is safe on disk, and a
	 * drain would hold the sockets that the next `up` wants.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(126);
	/* A group of its own: Ctrl-C goes to `up`, which knows the order. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* stdout belongs to the ready line. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	execv(c->argv[0], c->argv);
	_exit(127);
}

enum rc
child_start(struct child *c, int64_t now_ms, struct err *err)
{
	pid_t parent = getpid(), pid;

	if (access(c->argv[0], X_OK) != 0)
		return err_set(err, RC_IO, "cannot run %s: %s", c->argv[0],
		    strerror(errno));
	pid = fork();
	if (pid < 0)
		return err_set(err, RC_IO, "fork: %s", strerror(errno));
	if (pid == 0)
		child_exec(c, parent);
	c->pid = pid;
	c->started_ms = now_ms;
	return RC_OK;
}

bool
child_check(struct child *c)
{
	int how = 0;
	pid_t pid;

	child_arg(c, xstrdup("--check"));
	pid = fork();
	if (pid == 0) {
		execv(c->argv[0], c->argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
		continue;
	return pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/* ---- an agent alone ---- */

/* Input in a file of its own: however much it is, nobody waits for it to be
 * read. */
static int
once_input(struct span input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	size_t at = 0;

	while (fd >= 0 && at < input.n) {
		ssize_t n = write(fd, input.p + at, input.n - at);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static pid_t
once_fork(const struct child *c, int in, int out)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execv(c->argv[0], c->argv);
	_exit(127);
}

/* Reads until it closes its output, then waits for its end. */
static enum rc
once_read(pid_t pid, int out, int64_t until_ms, struct buf *b, struct err *err)
{
	int pidfd = pidfd_open(pid, 0);
	struct pollfd p = {.fd = out, .events = POLLIN};
	enum rc rc = RC_OK;
	char piece[8192];

	while (rc == RC_OK) {
		int64_t left = until_ms - clk_mono_ms();
		ssize_t n = 0;

		if (left <= 0 || poll(&p, 1, (int)left) == 0) {
			rc = err_set(err, RC_TIMEOUT, "it took too long");
			break;
		}
		if (p.fd == pidfd)
			break;
		n = read(out, piece, sizeof(piece));
		if (n > 0)
			buf_add(b, piece, (size_t)n);
		else if (n == 0 || errno != EINTR)
			p.fd = pidfd;
		rc = buf_check(b, "what it wrote", err);
	}
	if (rc != RC_OK)
		kill(pid, SIGKILL);
	if (pidfd >= 0)
		close(pidfd);
	return rc;
}

static enum rc
once_run(struct child *c, int in, int64_t limit_ms, struct buf *out,
    int *ret_status, struct err *err)
{
	int ends[2], how = 0;
	pid_t pid;
	enum rc rc;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(err, RC_IO, "pipe: %s", strerror(errno));
	pid = once_fork(c, in, ends[1]);
	close(ends[1]);
	rc = pid > 0
		 ? once_read(pid, ends[0], clk_mono_ms() + limit_ms, out, err)
		 : err_set(err, RC_IO, "fork: %s", strerror(errno));
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
		continue;
	if (rc != RC_OK)
		return rc;
	if (WIFEXITED(how)) {
		*ret_status = WEXITSTATUS(how);
		return RC_OK;
	}
	return err_set(err, RC_IO, "it was killed by signal %d", WTERMSIG(how));
}

enum rc
child_once(struct child *c, struct span input, int64_t limit_ms,
    struct buf *out, int *ret_status, struct err *err)
{
	int in;
	enum rc rc;

	if (access(c->argv[0], X_OK) != 0)
		return err_set(err, RC_IO, "cannot run %s: %s", c->argv[0],
		    strerror(errno));
	in = once_input(input);
	if (in < 0)
		return err_set(err, RC_IO, "its input cannot be kept: %s",
		    strerror(errno));
	child_arg(c, xstrdup("--once"));
	rc = once_run(c, in, limit_ms, out, ret_status, err);
	close(in);
	free(c->argv[--c->argc]);
	c->argv[c->argc] = NULL;
	return rc == RC_OK ? rc : err_prefix(err, rc, "%s", c->argv[0]);
}

void
child_died(struct child *c, int64_t now_ms)
{
	c->pid = 0;
	c->deaths++;
	if (now_ms - c->started_ms >= CHILD_WELL_MS)
		c->backoff_ms = 0;
	c->start_at_ms = now_ms + c->backoff_ms;
	c->backoff_ms =
	    c->backoff_ms == 0
		? CHILD_BACKOFF_FIRST_MS
		: MIN(c->backoff_ms * 2, (int64_t)CHILD_BACKOFF_MOST_MS);
}

char *
child_how(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return xasprintf("killed by signal %d (%s)",
		    WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	return xasprintf("exited with status %d", WEXITSTATUS(wait_status));
}
