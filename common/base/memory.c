/*
 * memory.c - malloc and its kin, which end the process where they fail.
 */
#include "common/base/memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/attr.h"

static memory_tell told_by;

void
memory_told_by(memory_tell tell)
{
	told_by = tell;
}

/* The limit's side of it, in MiB; "": there is none. */
static void
limit_text(char *text, size_t n)
{
	struct rlimit l;

	text[0] = '\0';
	if (getrlimit(RLIMIT_DATA, &l) == 0 && l.rlim_cur != RLIM_INFINITY)
		snprintf(
		    text, n, "%llu", (unsigned long long)(l.rlim_cur >> 20));
}

void
memory_out(size_t bytes)
{
	static const char plain[] =
	    "level=error msg=\"out of memory; ending\"\n";
	char asked[24], limit[24];

	snprintf(asked, sizeof(asked), "%zu", bytes);
	limit_text(limit, sizeof(limit));
	if (told_by != NULL)
		told_by(asked, limit[0] != '\0' ? limit : NULL);
	else if (write(STDERR_FILENO, plain, strlen(plain)) < 0)
		_exit(MEMORY_EXIT);
	_exit(MEMORY_EXIT);
}

#ifndef SANITIZED

/* The next one of that name: the system's, or one that was preloaded. It is
 * looked up when the first library starts, before there are threads. */
#define NEXT(name)                                                             \
	static __typeof__(name) *next;                                         \
	if (next == NULL) {                                                    \
		next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);            \
	}

void *
malloc(size_t n)
{
	NEXT(malloc)
	void *p = next(n);

	if (p == NULL)
		memory_out(n);
	return p;
}

void *
calloc(size_t n, size_t size)
{
	NEXT(calloc)
	void *p = next(n, size);

	if (p == NULL)
		memory_out(size > SIZE_MAX / MAX(n, 1) ? SIZE_MAX : n * size);
	return p;
}

/* realloc to nothing is free, and gives NULL. */
void *
realloc(void *old, size_t n)
{
	NEXT(realloc)
	void *p = next(old, n);

	if (p == NULL && n != 0)
		memory_out(n);
	return p;
}

int
posix_memalign(void **ret, size_t align, size_t n)
{
	NEXT(posix_memalign)
	int failed = next(ret, align, n);

	if (failed == ENOMEM)
		memory_out(n);
	return failed;
}

void *
aligned_alloc(size_t align, size_t n)
{
	NEXT(aligned_alloc)
	void *p = next(align, n);

	if (p == NULL && errno == ENOMEM)
		memory_out(n);
	return p;
}

void *
memalign(size_t align, size_t n)
{
	NEXT(memalign)
	void *p = next(align, n);

	if (p == NULL && errno == ENOMEM)
		memory_out(n);
	return p;
}

#endif
