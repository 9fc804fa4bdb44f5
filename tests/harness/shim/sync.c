/*
 * sync.c - LD_PRELOAD: a disk that takes its time, CULPRIT_TEST_SYNC_MS
 * milliseconds for each sync of a file.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int
slow(long call, int fd)
{
	const char *text = getenv("CULPRIT_TEST_SYNC_MS");
	long ms = text != NULL ? strtol(text, NULL, 10) : 0;
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) != 0)
		continue;
	return (int)syscall(call, fd);
}

int
fsync(int fd)
{
	return slow(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return slow(SYS_fdatasync, fd);
}
