/*
 * child.c - one process of `culprit up`: started, watched, started again.
 */
#include "gateway/cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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
