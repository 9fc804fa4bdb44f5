/*
 * child.c - the processes of `culprit up`.
 */
#include "gateway/up/child.h"

#include "common/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child *
child_new(const char *kind, unsigned who, int number, const struct conf *conf)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->name =
	    number == 0 ? xstrdup(kind) : xasprintf("%s-%d", kind, number);
	sibling_init(&c->program, kind, who, conf);
	if (number != 0)
		sibling_add(&c->program, xasprintf("--name=%s", c->name));
	return c;
}

void
child_listen_at(struct child *c, const char *host_port)
{
	char *arg = xasprintf("--listen=%s", host_port);
	int i;

	for (i = 1; i < c->program.argc; i++) {
		if (strncmp(c->program.argv[i], "--listen=", 9) != 0)
			continue;
		free(c->program.argv[i]);
		c->program.argv[i] = arg;
		return;
	}
	sibling_add(&c->program, arg);
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	sibling_done(&c->program);
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
	execve(c->program.argv[0], c->program.argv, c->program.env);
	_exit(127);
}

enum rc
child_start(struct child *c, int64_t now_ms, struct err *err)
{
	pid_t parent = getpid(), pid;
	enum rc rc = sibling_check(&c->program, err);

	if (rc != RC_OK)
		return rc;
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

	sibling_add(&c->program, xstrdup("--check"));
	pid = fork();
	if (pid == 0) {
		execve(c->program.argv[0], c->program.argv, c->program.env);
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
	if (WEXITSTATUS(wait_status) == MEMORY_EXIT)
		return xstrdup("out of memory");
	return xasprintf("exited with status %d", WEXITSTATUS(wait_status));
}
