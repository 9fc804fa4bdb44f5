/*
 * blame.c - which run this process is at work on, told to the next one.
 */
#include "supervisor/run/blame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is in the file: the row is of that epoch's process. */
struct page {
	_Atomic uint64_t epoch;
	_Atomic int64_t row;
};

struct blame {
	struct page *page;
};

/* Room on the disk comes first: to write to a hole of a full one is death. */
static enum rc
page_map(const char *path, struct page **ret, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int code = fd < 0 ? errno : posix_fallocate(fd, 0, sizeof(**ret));
	void *p = MAP_FAILED;

	if (code == 0)
		p = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (code == 0 && p == MAP_FAILED)
		code = errno;
	if (fd >= 0)
		close(fd);
	if (code != 0)
		return err_set(err, RC_IO, "%s: %s", path, strerror(code));
	*ret = p;
	return RC_OK;
}

enum rc
blame_open(const char *path, uint64_t epoch, struct blame **ret,
    int64_t *ret_row, struct err *err)
{
	struct page *page;
	enum rc rc = page_map(path, &page, err);

	if (rc != RC_OK)
		return rc;
	*ret_row = 0;
	if (atomic_load(&page->epoch) == epoch - 1)
		*ret_row = atomic_load(&page->row);
	atomic_store(&page->row, 0);
	atomic_store(&page->epoch, epoch);
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->page = page;
	return RC_OK;
}

void
blame_close(struct blame *b)
{
	if (b == NULL)
		return;
	munmap(b->page, sizeof(*b->page));
	free(b);
}

void
blame_set(struct blame *b, int64_t row)
{
	if (b != NULL)
		atomic_store_explicit(
		    &b->page->row, row, memory_order_relaxed);
}
