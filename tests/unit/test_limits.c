/*
 * test_limits.c - descriptors: whom the last ones are for, and that too few
 * of them to start with are found out.
 */
#include "common/agent/limits.h"
#include "common/base/log.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"
#include "tests/harness/zmtp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A door, and somebody who waits before it. */
struct door {
	int listener, client;
};

static struct door
tcp_door(void)
{
	int port = port_free();
	struct door d = {.listener = zmtp_listen(port)};

	d.client = zmtp_connect(port);
	return d;
}

static struct door
unix_door(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct door d = {socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	socklen_t n = sizeof(sa_family_t) + 1 + 5;

	/* An abstract name, which needs no file. */
	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%05d",
	    (int)getpid() % 100000);
	ck_assert_int_eq(bind(d.listener, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(d.listener, 4), 0);
	ck_assert_int_eq(connect(d.client, (struct sockaddr *)&a, n), 0);
	return d;
}

static int
next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

static void
limit_files(int n)
{
	struct rlimit l;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = (rlim_t)n;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &l), 0);
}

static const struct {
	bool here; /* a socket of this machine */
	int left;  /* descriptors */
	int error; /* 0: it is let in */
} cases[] = {
    {false, LIMITS_SPARE + 1, 0},
    {false, LIMITS_SPARE, ECONNABORTED},
    {false, 1, ECONNABORTED},
    {false, 0, ENFILE},
    {true, LIMITS_SPARE, 0},
    {true, LIMITS_SPARE / 2 + 1, 0},
    {true, LIMITS_SPARE / 2, ECONNABORTED},
    {true, 0, ENFILE},
};

START_TEST(the_last_descriptors_are_not_for_those_who_connect)
{
	struct door d = cases[_i].here ? unix_door() : tcp_door();
	int next = next_fd(), fd;
	char byte;

	limit_files(next + cases[_i].left);
	errno = 0;
	fd = accept4(d.listener, NULL, NULL, SOCK_CLOEXEC);
	if (cases[_i].error == 0) {
		ck_assert_int_eq(fd, next);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	} else {
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(errno, cases[_i].error);
		if (cases[_i].error == ECONNABORTED)
			ck_assert_int_eq(recv(d.client, &byte, 1, 0), 0);
		limit_files(next + 1);
		ck_assert_int_eq(next_fd(), next);
	}
	close(d.listener);
	close(d.client);
}
END_TEST

START_TEST(who_was_turned_away_is_counted_in_the_log)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/log", dir);
	int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	int saved = dup(STDERR_FILENO), i;
	auto_str log = NULL;

	for (i = 0; i < 3; i++) {
		struct door d = tcp_door();

		limit_files(next_fd() + LIMITS_SPARE);
		ck_assert_int_eq(accept4(d.listener, NULL, NULL, 0), -1);
		close(d.listener);
		close(d.client);
	}
	dup2(file, STDERR_FILENO);
	limits_tell();
	limits_tell();
	dup2(saved, STDERR_FILENO);
	log = file_read(path);
	assert_contains(log, "connections=3\n");
	ck_assert_int_eq(text_count(log, "\n"), 1);
	close(file);
	close(saved);
	scratch_free(dir);
}
END_TEST

static void
hard_limit_files(int n)
{
	struct rlimit l = {(rlim_t)n / 2, (rlim_t)n};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &l), 0);
}

START_TEST(the_limit_is_raised_and_must_leave_enough)
{
	struct conf conf = {0};
	struct rlimit l;
	struct err err = {0};

	hard_limit_files(next_fd() + 3 * LIMITS_SPARE);
	ck_assert_int_eq(limits_set(&conf, &err), RC_OK);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &l), 0);
	ck_assert_uint_eq(l.rlim_cur, l.rlim_max);
	hard_limit_files(next_fd() + LIMITS_SPARE);
	ck_assert_int_eq(limits_set(&conf, &err), RC_IO);
	assert_contains(err.text, "files can be opened, and 96 are needed");
	assert_contains(err.text, "raise the limit of open files");
	ck_assert_int_lt(next_fd(), LIMITS_SPARE);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_last_descriptors_are_not_for_those_who_connect,
		(int)ARRAY_LEN(cases)},
	    {who_was_turned_away_is_counted_in_the_log, 0},
	    {the_limit_is_raised_and_must_leave_enough, 0},
	};

	return RUN_TESTS("limits", tests);
}
