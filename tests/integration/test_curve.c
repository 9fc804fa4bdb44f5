/*
 * test_curve.c - processes that meet over tcp: who gets in by its keys, and
 * what everybody else gets.
 */
#include "common/agent/agent.h"
#include "common/net/curve.h"
#include "common/base/rc.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"
#include "tests/harness/zmtp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ECHO_ONCE                                                              \
	"[{\"decision\":\"EXECUTE\",\"step\":\"say\",\"tool\":\"echo\","       \
	"\"args\":{\"text\":\"1\"}},"                                          \
	"{\"decision\":\"FINISH\",\"report\":\"# x\"}]"

enum { RSS_MORE_KB_MAX = 16 << 10, STRANGER_BYTES_MAX = 64 << 20 };

/* A house whose only executor is to come over tcp. */
struct rig {
	char *keys, *workers, *gateways; /* folders */
	char *back, *front;              /* endpoints */
	int back_port;
	char *options[10];
	struct house *house;
};

static void
run(const char *const *argv, int status)
{
	auto_str dir = scratch_new();
	auto_str err = NULL;
	struct proc_spec spec = {.argv = argv, .dir = dir, .name = "run"};
	int is = proc_run(&spec, HOUSE_MS, NULL, &err);

	ck_assert_msg(is == status, "status %d: %s", is, err);
	scratch_free(TAKE(dir));
}

static void
keygen(const struct rig *r, const char *name)
{
	auto_str culprit = program("culprit");

	run((const char *const[]){culprit, "keygen", r->keys, name, NULL}, 0);
}

/* Lets a key in: as an operator would, by copying its file. */
static void
admit(const struct rig *r, const char *name, const char *folder)
{
	auto_str from = xasprintf("%s/%s.pub", r->keys, name);
	auto_str to = xasprintf("%s/%s.pub", folder, name);
	auto_str text = file_read(from);

	file_write(to, text);
}

static void
rig_open(struct rig *r)
{
	char *base = scratch_new();
	int n = 0;

	/* Freed memory is to count as free. */
	setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
	memset(r, 0, sizeof(*r));
	r->keys = base;
	r->workers = xasprintf("%s/workers", base);
	r->gateways = xasprintf("%s/gateways", base);
	ck_assert_int_eq(mkdir(r->workers, 0700), 0);
	ck_assert_int_eq(mkdir(r->gateways, 0700), 0);
	keygen(r, "supervisor");
	keygen(r, "friend");
	keygen(r, "stranger");
	r->back_port = port_free();
	r->back = xasprintf("tcp://127.0.0.1:%d", r->back_port);
	r->front = xasprintf("tcp://127.0.0.1:%d", port_free());
	r->options[n++] = xstrdup("--executors=0");
	r->options[n++] = xasprintf("--back-tcp=%s", r->back);
	r->options[n++] = xasprintf("--front-tcp=%s", r->front);
	r->options[n++] = xasprintf("--curve-key=%s/supervisor.key", base);
	r->options[n++] = xasprintf("--curve-workers=%s", r->workers);
	r->options[n++] = xasprintf("--curve-gateways=%s", r->gateways);
	r->house = house_start(&(struct house_spec){.script = ECHO_ONCE,
	    .more = (const char *const *)r->options,
	    .not_ready = true});
	ck_assert(proc_await_err(house_up(r->house), r->back, HOUSE_MS));
}

static void
rig_close(struct rig *r)
{
	int i;

	house_free(r->house);
	for (i = 0; r->options[i] != NULL; i++)
		free(r->options[i]);
	free(r->back);
	free(r->front);
	free(r->workers);
	free(r->gateways);
	scratch_free(r->keys);
}

/* An executor with one's keys (NULL: none), who takes server for the
 * supervisor. */
static struct proc *
executor(struct rig *r, const char *name, const char *own, const char *server)
{
	auto_str back = xasprintf("--back=%s", r->back);
	auto_str key = xasprintf(
	    "--curve-key=%s/%s.key", r->keys, own != NULL ? own : "");
	auto_str pub = xasprintf("--curve-server-key=%s/%s.pub", r->keys,
	    server != NULL ? server : "");
	const char *const more[] = {back, "--tools=echo",
	    own != NULL ? key : NULL, own != NULL ? pub : NULL, NULL};

	return house_worker(r->house, "executor", name, more);
}

static void
investigates(struct rig *r, const char *by)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str worker = xasprintf("\"worker\":\"%s\"", by);
	auto_str out = NULL;
	struct transcript *t;

	house_await_ready(r->house);
	ck_assert_int_eq(house_run(r->house, args, &out, NULL), 0);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_int_eq(transcript_count(t, "feedback"), 1);
	assert_contains(out, worker);
	transcript_free(t);
}

START_TEST(a_worker_elsewhere_joins_once_its_key_is_there_and_works)
{
	struct proc *far;
	struct rig r;

	rig_open(&r);
	far = executor(&r, "far", "friend", "supervisor");
	ck_assert(proc_await_err(
	    house_up(r.house), "refused a connection", HOUSE_MS));
	admit(&r, "friend", r.workers);
	ck_assert(proc_await_err(far, "joined", HOUSE_MS));
	investigates(&r, "far");
	proc_free(far);
	rig_close(&r);
}
END_TEST

/* ---- strangers ---- */

static long
rss_kb(pid_t pid)
{
	auto_str path = xasprintf("/proc/%ld/status", (long)pid);
	auto_str status = file_read(path);
	const char *at = strstr(status, "VmRSS:");

	ck_assert_ptr_nonnull(at);
	return strtol(at + 6, NULL, 10);
}

/* Waits until the other side has closed. */
static void
is_cut(int fd)
{
	char bytes[4096];
	ssize_t n;

	do {
		n = recv(fd, bytes, sizeof(bytes), 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
	ck_assert_msg(n == 0 || errno == ECONNRESET, "not cut off");
	close(fd);
}

/* A peer without keys as ZeroMQ has them, then messages without end: whole
 * ones, and one of endless frames. */
static void
stranger_without_mechanism(const struct rig *r)
{
	static const char ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
				    "DEALER";
	static const char bye[] = "\x00\x04\x93\x01\x0a\x80"
				  "\x01\x04\x93\x01\x0a\x80";
	int fd = zmtp_connect(r->back_port);

	zmtp_greet(fd, "NULL");
	if (send(fd, ready, sizeof(ready) - 1, MSG_NOSIGNAL) > 0)
		ck_assert_uint_lt(
		    zmtp_pour(fd, bye, sizeof(bye) - 1, STRANGER_BYTES_MAX),
		    STRANGER_BYTES_MAX);
	is_cut(fd);
}

/* Names the right mechanism and then says something else. */
static void
stranger_with(const struct rig *r, const char *frame, size_t n)
{
	int fd = zmtp_connect(r->back_port);

	zmtp_greet(fd, "CURVE");
	ck_assert_uint_lt(
	    zmtp_pour(fd, frame, n, STRANGER_BYTES_MAX), STRANGER_BYTES_MAX);
	is_cut(fd);
}

/* Begins what it never ends. */
static void
stranger_who_waits(const struct rig *r)
{
	static const char begun[] = "\x06\0\0\0\0\0\x40\0\0\x05HELLO";
	int fd = zmtp_connect(r->back_port);
	int mute = zmtp_connect(r->back_port);

	zmtp_greet(fd, "CURVE");
	ck_assert_int_gt(send(fd, begun, sizeof(begun) - 1, MSG_NOSIGNAL), 0);
	is_cut(fd);
	is_cut(mute);
}

START_TEST(no_stranger_is_heard_nor_does_it_cost_memory)
{
	static const char huge[] = "\x06\0\0\x01\0\0\0\0\0rest";
	static const char noise[] = "GET / HTTP/1.1\r\n\r\n";
	struct proc *friend, *strangers[3];
	auto_str log = NULL;
	struct rig r;
	long before;
	pid_t pid;
	int i;

	rig_open(&r);
	admit(&r, "friend", r.workers);
	friend = executor(&r, "far", "friend", "supervisor");
	investigates(&r, "far");
	pid = house_child(r.house, "supervisor");
	before = rss_kb(pid);
	strangers[0] = executor(&r, "stranger-0", "stranger", "supervisor");
	strangers[1] = executor(&r, "stranger-1", NULL, NULL);
	strangers[2] = executor(&r, "stranger-2", "friend", "stranger");
	for (i = 0; i < 20; i++)
		stranger_without_mechanism(&r);
	stranger_with(&r, huge, sizeof(huge) - 1);
	stranger_with(&r, noise, sizeof(noise) - 1);
	stranger_who_waits(&r);
	for (i = 0; i < 3; i++)
		ck_assert(
		    proc_await_err(strangers[i], "does not answer", HOUSE_MS));
	ck_assert_int_le(rss_kb(pid) - before, RSS_MORE_KB_MAX);
	investigates(&r, "far");
	ck_assert_int_eq(house_child(r.house, "supervisor"), pid);
	for (i = 0; i < 3; i++) {
		log = proc_err(strangers[i]);
		assert_lacks(log, "joined");
		free(TAKE(log));
		proc_free(strangers[i]);
	}
	log = proc_err(house_up(r.house));
	assert_lacks(log, "worker=stranger");
	assert_lacks(log, "no message");
	assert_contains(log, "refused a connection");
	proc_free(friend);
	rig_close(&r);
}
END_TEST

/* ---- gateways ---- */

static bool
is_ready(void *arg)
{
	auto_str path = xasprintf("%s/gateway.addr", (const char *)arg);
	auto_str addr = file_read(path);
	auto_str url = NULL;
	struct answer *w;
	bool ready;

	addr[strcspn(addr, "\n")] = '\0';
	if (addr[0] == '\0')
		return false;
	url = xasprintf("http://%s/readyz", addr);
	w = ask(NULL, url, NULL, NULL);
	ready = w->status == 200;
	answer_free(w);
	return ready;
}

START_TEST(a_gateway_elsewhere_gets_in_by_its_key)
{
	auto_str gateway = program("culprit-gateway");
	auto_str data = scratch_new();
	auto_str data_dir = xasprintf("--data-dir=%s", data);
	auto_str front = NULL;
	auto_str key = NULL;
	auto_str pub = NULL;
	struct proc *far, *door;
	struct rig r;

	rig_open(&r);
	admit(&r, "friend", r.workers);
	admit(&r, "stranger", r.gateways);
	far = executor(&r, "far", "friend", "supervisor");
	front = xasprintf("--front=%s", r.front);
	key = xasprintf("--curve-key=%s/stranger.key", r.keys);
	pub = xasprintf("--curve-server-key=%s/supervisor.pub", r.keys);
	door = proc_start(&(struct proc_spec){
	    .argv = (const char *const[]){gateway, "--listen=127.0.0.1:0",
		data_dir, front, key, pub, NULL},
	    .dir = data,
	    .name = "gateway"});
	ck_assert(await(is_ready, data, HOUSE_MS));
	proc_free(door);
	proc_free(far);
	rig_close(&r);
	scratch_free(TAKE(data));
}
END_TEST

/* ---- refusals ---- */

static const struct {
	const char *process;
	const char *options[4];
	const char *says;
} refusals[] = {
    {"supervisor", {"--back=tcp://0.0.0.0:1"}, "needs CURVE keys"},
    {"supervisor", {"--front=tcp://*:1"}, "needs CURVE keys"},
    {"supervisor", {"--back-tcp=tcp://[::]:1"}, "needs CURVE keys"},
    {"supervisor", {"--front-tcp=tcp://example.com:1"}, "needs CURVE keys"},
    {"supervisor", {"--back-tcp=ipc:///x"}, "--back-tcp must be tcp://"},
    {"supervisor", {"--back=tcp://*:1", "--curve-key=KEYS/a.key"},
	"--curve-workers is missing"},
    {"supervisor",
	{"--front-tcp=tcp://*:1", "--curve-key=KEYS/a.key",
	    "--curve-workers=KEYS"},
	"--curve-gateways is missing"},
    {"supervisor",
	{"--back-tcp=tcp://*:1", "--curve-key=KEYS/a.key",
	    "--curve-workers=KEYS/none"},
	"cannot read the folder"},
    {"supervisor", {"--curve-key=KEYS/a.pub"}, "only a public key"},
    {"supervisor", {"--back=ipc:///tmp/culprit-back.sock"}, "chmod 700"},
    {"supervisor", {"--front=ipc://@culprit"}, "every user"},
    {"executor", {"--back=tcp://192.0.2.1:1"}, "needs CURVE keys"},
    {"planner", {"--back=tcp://example.com:1"}, "needs CURVE keys"},
    {"gateway", {"--front=tcp://0.0.0.0:1", "--listen=127.0.0.1:0"},
	"needs CURVE keys"},
    {"executor", {"--back=tcp://192.0.2.1:1", "--curve-key=KEYS/a.key"},
	"takes both"},
    {"executor",
	{"--back=tcp://192.0.2.1:1", "--curve-key=KEYS/a.key",
	    "--curve-server-key=KEYS/a.key"},
	"holds a secret key"},
};

/* As an argument: KEYS is the folder. */
static char *
option(const char *text, const char *keys)
{
	const char *at = strstr(text, "KEYS");

	return at == NULL ? xstrdup(text)
			  : xasprintf("%.*s%s%s", (int)(at - text), text, keys,
				at + 4);
}

START_TEST(what_would_be_open_to_others_is_refused_and_said_why)
{
	auto_str name = xasprintf("culprit-%s", refusals[_i].process);
	auto_str path = program(name);
	auto_str dir = scratch_new();
	auto_str data = xasprintf("--data-dir=%s/data", dir);
	char *options[4] = {0};
	struct err err;
	int i, check;

	ck_assert_int_eq(curve_keygen(dir, "a", &err), RC_OK);
	for (i = 0; i < 4 && refusals[_i].options[i] != NULL; i++)
		options[i] = option(refusals[_i].options[i], dir);
	for (check = 0; check < 2; check++) {
		const char *const argv[] = {path, data,
		    check ? "--check" : "--log-level=info", options[0],
		    options[1], options[2], options[3], NULL};
		auto_str said = NULL;
		int status = proc_run(
		    &(struct proc_spec){.argv = argv, .dir = dir, .name = "p"},
		    HOUSE_MS, NULL, &said);

		ck_assert_msg(status == 1 ||
				  (!check && status == AGENT_EXIT_REFUSED),
		    "status %d: %s", status, said);
		assert_contains(said, refusals[_i].says);
	}
	for (i = 0; i < 4; i++)
		free(options[i]);
	scratch_free(TAKE(dir));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_worker_elsewhere_joins_once_its_key_is_there_and_works, 0},
	    {no_stranger_is_heard_nor_does_it_cost_memory, 0},
	    {a_gateway_elsewhere_gets_in_by_its_key, 0},
	    {what_would_be_open_to_others_is_refused_and_said_why,
		(int)ARRAY_LEN(refusals)},
	};

	return RUN_TESTS("curve", tests);
}
