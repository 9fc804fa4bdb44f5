/*
 * once.c - an agent alone: run with --once on one input, or with --check.
 */
#include "gateway/cli/once.h"

#include "common/base/clk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* err: whether what it says on stderr goes to out as well. */
static pid_t
once_fork(const struct sibling *s, int in, int out, bool err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    (err && dup2(out, STDERR_FILENO) < 0))
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execve(s->argv[0], s->argv, s->env != NULL ? s->env : environ);
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
once_start(struct sibling *s, int in, int64_t limit_ms, struct buf *out,
    int *ret_status, struct err *err)
{
	bool checks = strcmp(s->argv[s->argc - 1], "--check") == 0;
	int ends[2], how = 0;
	pid_t pid;
	enum rc rc;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(err, RC_IO, "pipe: %s", strerror(errno));
	pid = once_fork(s, in, ends[1], checks);
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

static enum rc
once_in_mode(struct sibling *agent, const char *mode, struct span input,
    int64_t limit_ms, struct buf *out, int *ret_status, struct err *err)
{
	int in;
	enum rc rc = sibling_check(agent, err);

	if (rc != RC_OK)
		return rc;
	in = once_input(input);
	if (in < 0)
		return err_set(err, RC_IO, "its input cannot be kept: %s",
		    strerror(errno));
	sibling_add(agent, xstrdup(mode));
	rc = once_start(agent, in, limit_ms, out, ret_status, err);
	close(in);
	free(agent->argv[--agent->argc]);
	agent->argv[agent->argc] = NULL;
	return rc == RC_OK ? rc : err_prefix(err, rc, "%s", agent->argv[0]);
}

enum rc
once_run(struct sibling *agent, struct span input, int64_t limit_ms,
    struct buf *out, int *ret_status, struct err *err)
{
	return once_in_mode(
	    agent, "--once", input, limit_ms, out, ret_status, err);
}

enum rc
once_check(struct sibling *agent, int64_t limit_ms, struct buf *out,
    int *ret_status, struct err *err)
{
	return once_in_mode(
	    agent, "--check", (struct span){0}, limit_ms, out, ret_status, err);
}
