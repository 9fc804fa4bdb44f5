/*
 * cold.c - from nothing to the first event.
 *
 *	bench_cold ADDR PATH BODY WORD COMMAND...
 *
 * Starts COMMAND, waits for a line of its output that begins with WORD, posts
 * BODY, and ends it once the first event has come. ADDR "-" takes the address
 * from that line. Prints the milliseconds from before the start to the line
 * and to the event.
 */
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/bench/stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, END_MS = 12000 };

static pid_t child;

static void
fail(const char *what)
{
	fprintf(stderr, "bench_cold: %s: %s\n", what, strerror(errno));
	if (child > 0)
		kill(child, SIGKILL);
	exit(1);
}

static FILE *
start(char **command)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe(fds) != 0)
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child > 0) {
		close(fds[1]);
		return fdopen(fds[0], "r");
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    dup2(fds[1], STDOUT_FILENO) < 0)
		_exit(126);
	close(fds[0]);
	close(fds[1]);
	execvp(command[0], command);
	_exit(127);
}

/* The address after WORD, or the one given; the caller's. */
static char *
await_word(FILE *out, const char *word, const char *addr)
{
	char line[256];
	const char *at;

	while (fgets(line, sizeof(line), out) != NULL) {
		if (strncmp(line, word, strlen(word)) != 0)
			continue;
		line[strcspn(line, "\r\n")] = '\0';
		at = strstr(line, "://");
		return xstrdup(
		    strcmp(addr, "-") == 0 && at != NULL ? at + 3 : addr);
	}
	fail("it ended before it was ready");
	return NULL;
}

static void
await_fd(int fd, short what)
{
	struct pollfd p = {.fd = fd, .events = what};

	if (poll(&p, 1, PATIENCE_MS) <= 0)
		fail("silence");
}

static void
first_event(const char *addr, const char *path, const char *body)
{
	auto_str request = stream_request(addr, path, body);
	struct sockaddr_in to;
	struct stream in;
	char piece[4096];
	ssize_t n;
	int fd;

	stream_init(&in);
	fd = stream_addr(addr, &to) ? stream_dial(&to) : -1;
	if (fd < 0)
		fail(addr);
	await_fd(fd, POLLOUT);
	if (write(fd, request, strlen(request)) < 0)
		fail("write");
	while (in.events == 0) {
		await_fd(fd, POLLIN);
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			fail("no event");
		stream_feed(&in, piece, (size_t)n);
	}
	close(fd);
}

static void
end(void)
{
	int64_t until = clk_mono_ms() + END_MS;

	kill(child, SIGTERM);
	while (waitpid(child, NULL, WNOHANG) == 0) {
		if (clk_mono_ms() > until)
			kill(child, SIGKILL);
		poll(NULL, 0, 5);
	}
}

int
main(int argc, char **argv)
{
	int64_t begun, ready, event;
	auto_str addr = NULL;
	FILE *out;

	if (argc < 6) {
		fputs("usage: bench_cold ADDR PATH BODY WORD COMMAND...\n",
		    stderr);
		return 2;
	}
	begun = clk_mono_us();
	out = start(argv + 5);
	addr = await_word(out, argv[4], argv[1]);
	ready = clk_mono_us();
	first_event(addr, argv[2], argv[3]);
	event = clk_mono_us();
	end();
	fclose(out);
	printf("{\"ready_ms\":%.1f,\"event_ms\":%.1f}\n",
	    (double)(ready - begun) / 1e3, (double)(event - begun) / 1e3);
	return 0;
}
