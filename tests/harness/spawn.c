/*
 * spawn.c - real processes, scratch folders and free ports for tests.
 *
 */
#include "tests/harness/spawn.h"

#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/base/rc.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FILE_BYTES_MAX = 256 << 20,
	FILES_LEAST = 4000,
};

char *
scratch_new(void)
{
	char path[] = "/tmp/culprit-test-XXXXXX";

	ck_assert_msg(mkdtemp(path) != NULL, "mkdtemp: %s", strerror(errno));
	return xstrdup(path);
}

static int
scratch_remove(const char *path, const struct stat *st UNUSED, int type UNUSED,
    struct FTW *at UNUSED)
{
	/* A process that is just ending may have removed it. */
	return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

void
scratch_free(char *path)
{
	if (path != NULL)
		nftw(path, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

int
port_free(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

void
files_raise(void)
{
	struct rlimit l;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = l.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &l), 0);
	ck_assert_msg(l.rlim_cur >= FILES_LEAST,
	    "this test needs a limit of open files of %d at least (ulimit -Hn)",
	    FILES_LEAST);
}

char *
file_read(const char *path)
{
	struct buf b;
	char part[65536];
	size_t n;
	FILE *f = fopen(path, "re");

	buf_init(&b, FILE_BYTES_MAX);
	while (f != NULL && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	if (f != NULL)
		fclose(f);
	return buf_take(&b);
}

void
file_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

char *
program(const char *name)
{
	const char *bin = getenv("CULPRIT_BIN");

	ck_assert_msg(bin != NULL, "CULPRIT_BIN is not set: run by ctest");
	return xasprintf("%s/%s", bin, name);
}

void
programs_bare(void)
{
#ifdef SANITIZED
	auto_str bare = program("bare");

	setenv("CULPRIT_BIN", bare, 1);
#endif
}

/* ---- processes ---- */

struct proc {
	pid_t pid;
	bool reaped;
	int status;
	struct rusage use; /* once it is reaped */
	char *out_path, *err_path;
};

static int
proc_open(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
}

/* In the child. It dies with the test: a leftover would hold ports. */
static void
proc_exec(const struct proc *p, const struct proc_spec *spec, pid_t parent)
{
	int in = open(spec->stdin_path != NULL ? spec->stdin_path : "/dev/null",
	    O_RDONLY);
	int out = proc_open(p->out_path), err = proc_open(p->err_path);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    in < 0 || out < 0 || err < 0)
		_exit(126);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	for (size_t i = 0; spec->env != NULL && spec->env[i] != NULL; i++)
		putenv((char *)(uintptr_t)spec->env[i]);
	execvp(spec->argv[0], (char *const *)(uintptr_t)spec->argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", spec->argv[0],
	    strerror(errno));
	_exit(127);
}

struct proc *
proc_start(const struct proc_spec *spec)
{
	struct proc *p = xcalloc(1, sizeof(*p));
	pid_t parent = getpid();

	p->out_path = xasprintf("%s/%s.out", spec->dir, spec->name);
	p->err_path = xasprintf("%s/%s.err", spec->dir, spec->name);
	fflush(NULL);
	p->pid = fork();
	ck_assert_int_ge(p->pid, 0);
	if (p->pid == 0)
		proc_exec(p, spec, parent);
	return p;
}

static bool
proc_is_dead(void *ctx)
{
	struct proc *p = ctx;

	if (!p->reaped && 
	    wait4(p->pid, &p->status, WNOHANG, &p->use) == p->pid)
		p->reaped = true;
	return p->reaped;
}

void
proc_free(struct proc *p)
{
	if (p == NULL)
		return;
	if (!proc_is_dead(p)) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, &p->status, 0);
	}
	free(p->out_path);
	free(p->err_path);
	free(p);
}

pid_t
proc_pid(const struct proc *p)
{
	return p->pid;
}

long
proc_peak_kb(const struct proc *p)
{
	return p->use.ru_maxrss;
}

void
proc_signal(struct proc *p, int signal_no)
{
	if (!proc_is_dead(p))
		kill(p->pid, signal_no);
}

bool
proc_is_alive(struct proc *p)
{
	return !proc_is_dead(p);
}

int
proc_wait(struct proc *p, int deadline_ms)
{
	if (!await(proc_is_dead, p, deadline_ms))
		return -1;
	return WIFSIGNALED(p->status) ? 128 + WTERMSIG(p->status)
				      : WEXITSTATUS(p->status);
}

char *
proc_out(const struct proc *p)
{
	return file_read(p->out_path);
}

char *
proc_err(const struct proc *p)
{
	return file_read(p->err_path);
}

struct proc_seen {
	struct proc *p;
	const char *path;
	const char *text;
	bool found;
};

/* Also true when it is dead: it will not write any more. */
static bool
proc_has_written(void *ctx)
{
	struct proc_seen *s = ctx;
	bool dead = proc_is_dead(s->p);
	auto_str all = file_read(s->path);

	s->found = strstr(all, s->text) != NULL;
	return s->found || dead;
}

static bool
proc_await_text(
    struct proc *p, const char *path, const char *text, int deadline_ms)
{
	struct proc_seen s = {.p = p, .path = path, .text = text};

	await(proc_has_written, &s, deadline_ms);
	return s.found;
}

bool
proc_await_out(struct proc *p, const char *text, int deadline_ms)
{
	return proc_await_text(p, p->out_path, text, deadline_ms);
}

bool
proc_await_err(struct proc *p, const char *text, int deadline_ms)
{
	return proc_await_text(p, p->err_path, text, deadline_ms);
}

int
proc_run(const struct proc_spec *spec, int deadline_ms, char **ret_out,
    char **ret_err)
{
	struct proc *p = proc_start(spec);
	int status = proc_wait(p, deadline_ms);

	if (ret_out != NULL)
		*ret_out = proc_out(p);
	if (ret_err != NULL)
		*ret_err = proc_err(p);
	proc_free(p);
	return status;
}
