/*
 * shim_malloc.c - the test's side of the file that shim/malloc.c maps.
 */
#include "tests/harness/shim_malloc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/rc.h"

struct shim_malloc *
shim_malloc_new(char **ret_path)
{
	char path[] = "/tmp/culprit-malloc-XXXXXX";
	int fd = mkstemp(path);
	void *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, sizeof(struct shim_malloc)), 0);
	p = mmap(NULL, sizeof(struct shim_malloc), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	ck_assert(p != MAP_FAILED);
	close(fd);
	*ret_path = xstrdup(path);
	return p;
}

void
shim_malloc_free(struct shim_malloc *s, char *path)
{
	munmap(s, sizeof(*s));
	unlink(path);
	free(path);
}

void
shim_malloc_arm(struct shim_malloc *s, const char *program, int64_t left)
{
	s->pid = 0;
	s->left = left;
	snprintf(s->program, sizeof(s->program), "%s", program);
	__atomic_store_n(&s->armed, 1, __ATOMIC_RELEASE);
}

void
shim_malloc_disarm(struct shim_malloc *s)
{
	__atomic_store_n(&s->armed, 0, __ATOMIC_RELEASE);
}
