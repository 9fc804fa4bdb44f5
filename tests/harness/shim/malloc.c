/*
 * malloc.c - LD_PRELOAD: the Nth allocation of a process fails.
 *
 * The file that CULPRIT_TEST_MALLOC names is shared with the test; see struct
 * shim_malloc. Which process it is about is said by its program's name, so
 * that one file serves a whole house.
 */
#include "tests/harness/shim_malloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EARLY_BYTES = 65536 };

static struct shim_malloc *shared;
static bool shared_tried;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);

/* What is asked for while the real ones are looked up. */
static _Alignas(16) char early[EARLY_BYTES];
static size_t early_used;
static bool looking_up;

static void *
early_take(size_t n)
{
	void *p = early + early_used;

	early_used += (n + 15) / 16 * 16;
	if (early_used > EARLY_BYTES)
		abort();
	return p;
}

static bool
is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + EARLY_BYTES;
}

static void
look_up(void)
{
	looking_up = true;
	next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	looking_up = false;
}

/* The environment is there a little later than the first allocations. */
static void
share(void)
{
	const char *path;
	long fd, p;

	if (shared_tried || environ == NULL)
		return;
	shared_tried = true;
	path = getenv("CULPRIT_TEST_MALLOC");
	fd = path != NULL ? syscall(SYS_openat, AT_FDCWD, path,
				O_RDWR | O_CLOEXEC)
			  : -1;
	if (fd < 0)
		return;
	p = syscall(SYS_mmap, NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (p != -1)
		shared = (struct shim_malloc *)p;
}

/* Whether this one is the Nth. */
static bool
fails(void)
{
	share();
	if (shared == NULL || !__atomic_load_n(&shared->armed, __ATOMIC_ACQUIRE))
		return false;
	if (strcmp(program_invocation_short_name, shared->program) != 0)
		return false;
	if (__atomic_sub_fetch(&shared->left, 1, __ATOMIC_RELAXED) != 0)
		return false;
	__atomic_store_n(&shared->armed, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->pid, getpid(), __ATOMIC_RELEASE);
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t n)
{
	if (looking_up)
		return early_take(n);
	if (next_malloc == NULL)
		look_up();
	return fails() ? NULL : next_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	if (looking_up)
		return early_take(n * size);
	if (next_malloc == NULL)
		look_up();
	return fails() ? NULL : next_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	void *q;

	if (next_malloc == NULL)
		look_up();
	if (fails())
		return NULL;
	if (!is_early(p))
		return next_realloc(p, n);
	q = next_malloc(n);
	if (q != NULL)
		memcpy(q, p, n < (size_t)(early + EARLY_BYTES - (char *)p)
				 ? n
				 : (size_t)(early + EARLY_BYTES - (char *)p));
	return q;
}

void
free(void *p)
{
	if (p == NULL || is_early(p))
		return;
	if (next_malloc == NULL)
		look_up();
	next_free(p);
}
