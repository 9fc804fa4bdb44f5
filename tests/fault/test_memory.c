/*
 * test_memory.c - a process that runs out of memory ends in its own way: a
 * line in its log and a status of its own, whoever asked for the memory.
 *
 * ZeroMQ gathers a message of many frames whole, so one without end is what
 * a peer can always fill memory with. The programs are those without a
 * sanitizer, since that would bring its own malloc.
 */
#include "common/base/memory.h"
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"
#include "tests/harness/zmtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FINISH "[{\"decision\":\"FINISH\",\"report\":\"# x\"}]"
#define MAX_MIB "48"
#define MORE                                                                   \
	"\x01\x04"                                                             \
	"more"

enum {
	FRAME = 64 << 10,
	FRAME_HEAD = 9,
	ENOUGH_BYTES = 1 << 30, /* more than any of them may take */
	REQUESTS = 3000,
	BODY_PART = 60000,
};

/* Frames of a message that goes on: the peer's memory grows by them. Small
 * ones are many small allocations, which ZeroMQ would abort for. */
static char large[FRAME_HEAD + FRAME] = "\x03\0\0\0\0\0\1\0\0";
static const char small[] = MORE MORE MORE MORE MORE MORE MORE MORE;

/* Sends the one or the other until it is cut off. */
static void
flood(int fd, bool is_large)
{
	const char *frames = is_large ? large : small;
	size_t n = is_large ? sizeof(large) : sizeof(small) - 1;

	ck_assert_uint_lt(zmtp_pour(fd, frames, n, ENOUGH_BYTES), ENOUGH_BYTES);
}

static struct proc *
start(const char *name, const char *dir, const char *option, const char *max)
{
	auto_str path = program(name);
	auto_str memory = xasprintf("--memory-max=%s", max);
	auto_str data = xasprintf("--data-dir=%s/data", dir);
	bool listens = strcmp(name, "culprit-gateway") == 0 ||
		       strcmp(name, "culprit-up") == 0;

	return proc_start(&(struct proc_spec){
	    .argv = (const char *const[]){path, data, memory, option,
		listens ? "--listen=127.0.0.1:0" : NULL, NULL},
	    .dir = dir,
	    .name = "it"});
}

/* It has ended as it should, and said why. */
static void
assert_out_of_memory(struct proc *p)
{
	int status = proc_wait(p, HOUSE_MS);
	auto_str log = proc_err(p);

	ck_assert_msg(status == MEMORY_EXIT, "status %d: %s", status, log);
	assert_contains(log, "msg=\"out of memory; ending\"");
	assert_contains(log, "memory_max_mib=" MAX_MIB "\n");
	assert_lacks(log, "ssert");
}

/* What connects to the test, of which it takes that for its supervisor. */
static const struct {
	const char *program, *to;
} ends[] = {
    {"culprit-planner", "back"},
    {"culprit-executor", "back"},
    {"culprit-gateway", "front"},
};

START_TEST(a_supervisor_that_floods_ends_what_connects_to_it)
{
	int port = port_free(), listener = zmtp_listen(port), fd;
	int end = _i / 2;
	auto_str at = xasprintf("--%s=tcp://127.0.0.1:%d", ends[end].to, port);
	char *dir = scratch_new();
	struct proc *p;

	programs_bare();
	p = start(ends[end].program, dir, at, MAX_MIB);
	fd = zmtp_accept(listener);
	zmtp_shake(fd, "ROUTER");
	flood(fd, _i % 2);
	assert_out_of_memory(p);
	close(fd);
	close(listener);
	proc_free(p);
	scratch_free(dir);
}
END_TEST

static void
investigates(struct house *h)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str out = NULL;
	struct transcript *t;

	ck_assert_int_eq(house_run(h, args, &out, NULL), 0);
	t = transcript_new(out);
	transcript_check(t);
	transcript_free(t);
}

START_TEST(a_flood_at_the_supervisor_costs_it_its_life_and_nobody_anything)
{
	int port = port_free(), fd;
	auto_str at = xasprintf("--back-tcp=tcp://127.0.0.1:%d", port);
	const char *const more[] = {at, "--memory-max=" MAX_MIB, NULL};
	auto_str log = NULL;
	struct house *h;
	pid_t pid;

	programs_bare();
	h = house_start(&(struct house_spec){.script = FINISH, .more = more});
	investigates(h);
	pid = house_child(h, "supervisor");
	fd = zmtp_connect(port);
	zmtp_shake(fd, "DEALER");
	flood(fd, _i);
	close(fd);
	ck_assert(
	    proc_await_err(house_up(h), "how=\"out of memory\"", HOUSE_MS));
	house_await_ready(h);
	investigates(h);
	ck_assert_int_ne(house_child(h, "supervisor"), pid);
	house_stop(h);
	log = proc_err(house_up(h));
	assert_contains(log, "proc=supervisor");
	assert_contains(log, "msg=\"out of memory; ending\"");
	assert_lacks(log, "killed by signal");
	house_drop(h);
}
END_TEST

/* As many requests as it takes, each with all of its body but the end. */
START_TEST(requests_that_fill_a_gateway_end_it_alone)
{
	static const char head[] = "POST /api/ai_ops HTTP/1.1\r\n"
				   "Host: localhost\r\n"
				   "Content-Type: application/json\r\n"
				   "Content-Length: 65536\r\n\r\n";
	char *dir = scratch_new(), *text = xcalloc(1, BODY_PART);
	auto_str at = NULL;
	struct proc *p;
	int fds[REQUESTS], i, port = 0;

	files_raise();
	programs_bare();
	p = start("culprit-gateway", dir, "--request-timeout=600", MAX_MIB);
	ck_assert(proc_await_err(p, "msg=listening", HOUSE_MS));
	at = proc_err(p);
	ck_assert_int_eq(
	    sscanf(strstr(at, "address="), "address=127.0.0.1:%d", &port), 1);
	memset(text, 'x', BODY_PART);
	for (i = 0; i < REQUESTS; i++) {
		fds[i] = zmtp_try(port);
		if (fds[i] >= 0 &&
		    send(fds[i], head, sizeof(head) - 1, MSG_NOSIGNAL) > 0)
			zmtp_pour(fds[i], text, BODY_PART, 1);
	}
	assert_out_of_memory(p);
	while (i > 0)
		close(fds[--i]);
	proc_free(p);
	free(text);
	scratch_free(dir);
}
END_TEST

static const char *const programs[] = {"culprit-supervisor", "culprit-gateway",
    "culprit-planner", "culprit-executor", "culprit-up"};

START_TEST(what_has_too_little_to_start_with_says_so)
{
	char *dir = scratch_new();
	auto_str log = NULL;
	struct proc *p;

	programs_bare();
	p = start(programs[_i], dir, "--log-level=info", "8");
	ck_assert_int_eq(proc_wait(p, HOUSE_MS), EXIT_FAILURE);
	log = proc_err(p);
	assert_contains(log, "MiB of memory are needed to start");
	assert_contains(log, "--memory-max");
	proc_free(p);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_supervisor_that_floods_ends_what_connects_to_it,
		2 * (int)ARRAY_LEN(ends)},
	    {a_flood_at_the_supervisor_costs_it_its_life_and_nobody_anything,
		2},
	    {requests_that_fill_a_gateway_end_it_alone, 0},
	    {what_has_too_little_to_start_with_says_so,
		(int)ARRAY_LEN(programs)},
	};

	return RUN_TESTS("memory", tests);
}
