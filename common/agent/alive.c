/*
 * alive.c - one line of a fixed length in one write, so that no reader sees
 * half of it.
 */
#include "common/agent/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 21 };

static int64_t
boot_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum rc
alive_tell(const char *path, struct err *err)
{
	char line[LINE_BYTES + 1];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ssize_t n = -1;

	snprintf(line, sizeof(line), "%020lld\n", (long long)boot_ms());
	if (fd >= 0) {
		n = pwrite(fd, line, LINE_BYTES, 0);
		close(fd);
	}
	if (n == LINE_BYTES)
		return RC_OK;
	return err_set(err, RC_IO, "cannot write %s: %s", path,
	    n < 0 ? strerror(errno) : "there is no room");
}

enum rc
alive_ask(const char *path, struct err *err)
{
	char line[LINE_BYTES + 1] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int64_t age;

	if (fd >= 0) {
		n = pread(fd, line, LINE_BYTES, 0);
		close(fd);
	}
	if (n < 0)
		return err_set(err, RC_IO, "no sign of life in %s: %s", path,
		    strerror(errno));
	age = boot_ms() - strtoll(line, NULL, 10);
	if (n != LINE_BYTES || age < 0)
		return err_set(err, RC_INVALID,
		    "%s is no sign of life: is it "
		    "another program's file?",
		    path);
	if (age > ALIVE_STALE_MS)
		return err_set(err, RC_TIMEOUT,
		    "the last sign of life in %s "
		    "is %lld s old; its log tells why",
		    path, (long long)age / 1000);
	return RC_OK;
}
