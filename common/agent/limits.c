/*
 * limits.c - descriptors and memory: as many as there are, some kept back.
 */
#include "common/agent/limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/log.h"

enum {
	START_FILES = 32,      /* what a start opens, and a little */
	START_BYTES = 8 << 20, /* what it allocates, besides */
	START_THREADS = 2,     /* libzmq's */
};

/* ---- descriptors ---- */

/* A log setting too: of those turned away nobody else is told. */
static atomic_uint turned_away;

/* glibc's own type for addr: any pointer to a socket's address. */
int
accept4(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len, int flags)
{
	int got = (int)syscall(SYS_accept4, fd, addr.__sockaddr__, len, flags);
	int domain = AF_INET;
	socklen_t n = sizeof(domain);
	struct rlimit l;
	rlim_t spare;

	if (got < 0) {
		/* Libraries know of one sort of "too many". */
		if (errno == EMFILE)
			errno = ENFILE;
		return -1;
	}
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	spare = domain == AF_UNIX ? LIMITS_SPARE / 2 : LIMITS_SPARE;
	if (getrlimit(RLIMIT_NOFILE, &l) != 0 ||
	    (rlim_t)got + spare < l.rlim_cur)
		return got;
	close(got);
	atomic_fetch_add(&turned_away, 1);
	errno = ECONNABORTED;
	return -1;
}

void
limits_tell(void)
{
	unsigned n = atomic_exchange(&turned_away, 0);
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	if (n > 0)
		log_warn("connections were turned away: no descriptors are "
			 "left for them; raise the limit of open files (ulimit "
			 "-n, LimitNOFILE)",
		    "connections", text, NULL);
}

static rlim_t
files_raise(void)
{
	struct rlimit l = {0};

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return 0;
	if (l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &l) != 0)
			getrlimit(RLIMIT_NOFILE, &l);
	}
	return l.rlim_cur;
}

/* Tries it: others of this machine may have taken what the limit allows. */
static enum rc
files_check(rlim_t limit, struct err *err)
{
	int fds[START_FILES + LIMITS_SPARE], n = 0, code;

	while (
	    n < (int)ARRAY_LEN(fds) && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	code = errno;
	for (int i = 0; i < n; i++)
		close(fds[i]);
	if (n == (int)ARRAY_LEN(fds))
		return RC_OK;
	return err_set(err, RC_IO,
	    "only %d files can be opened, and %d are needed (%s, the limit is "
	    "%llu); raise the limit of open files (ulimit -n, LimitNOFILE)",
	    n, (int)ARRAY_LEN(fds), strerror(code), (unsigned long long)limit);
}

/* ---- memory ---- */

/* A sanitizer's shadow is no memory, but would count. */
static void
memory_limit(const struct conf *c)
{
#ifndef SANITIZED
	rlim_t half =
	    (rlim_t)sysconf(_SC_PHYS_PAGES) / 2 * (rlim_t)sysconf(_SC_PAGESIZE);
	rlim_t most =
	    c->memory_max_mb != 0 ? (rlim_t)c->memory_max_mb << 20 : half;
	struct rlimit r = {most, most};

	/* Where the limit is lower already, that one holds. */
	if (setrlimit(RLIMIT_DATA, &r) != 0)
		log_debug(
		    "no limit on memory", "reason", strerror(errno), NULL);
#else
	(void)c;
#endif
}

static enum rc
memory_check(struct err *err)
{
	pthread_attr_t attr;
	size_t stack = 0, n;
	void *p;

	if (pthread_getattr_default_np(&attr) == 0) {
		pthread_attr_getstacksize(&attr, &stack);
		pthread_attr_destroy(&attr);
	}
	n = START_BYTES + START_THREADS * stack;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (p == MAP_FAILED)
		return err_set(err, RC_IO,
		    "%zu MiB of memory are needed to start, and cannot be had; "
		    "raise --memory-max, or what limits it (ulimit -d, -v; "
		    "ulimit -s is a thread's)",
		    n >> 20);
	munmap(p, n);
	return RC_OK;
}

enum rc
limits_set(const struct conf *conf, struct err *err)
{
	enum rc rc = files_check(files_raise(), err);

	memory_limit(conf);
	return rc == RC_OK ? memory_check(err) : rc;
}
