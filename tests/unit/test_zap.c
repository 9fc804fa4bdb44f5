/*
 * test_zap.c - who gets in at a guarded socket, also when nobody answers for
 * keys, and that a library which would then let everybody in is found out.
 */
#include "common/net/bus.h"
#include "common/base/clk.h"
#include "common/net/zap.h"
#include "tests/harness/listener.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_MS = AWAIT_MS, QUIET_MS = 700 };

/* One listener per domain, as the supervisor has them. */
static struct rig {
	char *dir, *front_dir, *back_dir, *front_at, *back_at;
	zloop_t *loop;
	struct curve_pair server, worker, stranger;
	struct zap *zap;
	struct bus *front, *back;
	int front_msgs, back_msgs, bads;
	struct bus *client;
} rig;

static void
on_front(void *ctx UNUSED, const struct bus_peer *peer UNUSED,
    const struct proto *m UNUSED)
{
	rig.front_msgs++;
}

static void
on_back(void *ctx UNUSED, const struct bus_peer *peer UNUSED,
    const struct proto *m UNUSED)
{
	rig.back_msgs++;
}

static void
on_bad(void *ctx UNUSED, const struct bus_peer *peer UNUSED,
    const struct err *e UNUSED)
{
	rig.bads++;
}

static void
must(enum rc rc, const struct err *err)
{
	ck_assert_msg(rc == RC_OK, "%s", rc == RC_OK ? "" : err->text);
}

static void
pub_write(const char *dir, const char *name, const struct curve_pair *p)
{
	auto_str path = xasprintf("%s/%s.pub", dir, name);
	auto_str text = xasprintf("public %s\n", p->public_key);

	file_write(path, text);
}

static struct bus *
listen_at(const char *domain, const char *at, const char *dir,
    void (*on_msg)(void *, const struct bus_peer *, const struct proto *))
{
	struct bus_handler h = {.on_msg = on_msg, .on_bad = on_bad};
	struct bus_guard g = {.pair = &rig.server, .domain = domain};
	struct bus *b = bus_new_listener(rig.loop, &h);
	struct err err;

	must(zap_let_in(rig.zap, domain, dir, &err), &err);
	must(bus_listen(b, at, &g, &err), &err);
	return b;
}

static char *
folder(const char *name)
{
	char *path = xasprintf("%s/%s", rig.dir, name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	return path;
}

static void
setup(void)
{
	struct err err;

	memset(&rig, 0, sizeof(rig));
	zsys_handler_set(NULL);
	rig.dir = scratch_new();
	rig.front_dir = folder("front");
	rig.back_dir = folder("back");
	rig.front_at = xasprintf("tcp://127.0.0.1:%d", port_free());
	rig.back_at = xasprintf("tcp://127.0.0.1:%d", port_free());
	rig.loop = zloop_new();
	must(curve_pair_make(&rig.server, &err), &err);
	must(curve_pair_make(&rig.worker, &err), &err);
	must(curve_pair_make(&rig.stranger, &err), &err);
	pub_write(rig.back_dir, "worker", &rig.worker);
	must(zap_new(rig.loop, &rig.zap, &err), &err);
	rig.front = listen_at("front", rig.front_at, rig.front_dir, on_front);
	rig.back = listen_at("back", rig.back_at, rig.back_dir, on_back);
}

static void
teardown(void)
{
	clk_fix_ms(-1);
	bus_free(rig.client);
	bus_free(rig.front);
	bus_free(rig.back);
	zap_free(rig.zap);
	zloop_destroy(&rig.loop);
	scratch_free(rig.dir);
	free(rig.front_dir);
	free(rig.back_dir);
	free(rig.front_at);
	free(rig.back_at);
}

/* Connects with these keys (NULL: none) and says a word. */
static void
knock(const char *at, const struct curve_pair *own, const char *server_key)
{
	struct bus_handler h = {.on_msg = on_back, .on_bad = on_bad};
	struct bus_guard g = {.pair = own, .server_key = server_key};
	struct proto m = {.type = PROTO_BYE};
	struct err err;

	bus_free(rig.client);
	rig.client = NULL;
	must(bus_connect(
		 rig.loop, at, own != NULL ? &g : NULL, &h, &rig.client, &err),
	    &err);
	ck_assert_int_eq(bus_send(rig.client, NULL, &m), RC_OK);
}

static bool
back_heard(void *arg UNUSED)
{
	return rig.back_msgs > 0;
}

static bool
anything_heard(void *arg UNUSED)
{
	return rig.back_msgs + rig.front_msgs + rig.bads > 0;
}

static void
nobody_is_heard(void)
{
	ck_assert(!loop_until_cond(rig.loop, anything_heard, NULL, QUIET_MS));
}

START_TEST(a_key_in_the_folder_gets_in)
{
	setup();
	knock(rig.back_at, &rig.worker, rig.server.public_key);
	ck_assert(loop_until_cond(rig.loop, back_heard, NULL, LIMIT_MS));
	ck_assert_int_eq(rig.bads + rig.front_msgs, 0);
	teardown();
}
END_TEST

START_TEST(no_stranger_is_heard_and_friends_still_are)
{
	setup();
	switch (_i) {
	case 0: /* a key of its own */
		knock(rig.back_at, &rig.stranger, rig.server.public_key);
		break;
	case 1: /* no keys at all */
		knock(rig.back_at, NULL, NULL);
		break;
	case 2: /* takes another for the server */
		knock(rig.back_at, &rig.worker, rig.stranger.public_key);
		break;
	case 3: /* a worker at the gateways' door */
		knock(rig.front_at, &rig.worker, rig.server.public_key);
		break;
	}
	nobody_is_heard();
	knock(rig.back_at, &rig.worker, rig.server.public_key);
	ck_assert(loop_until_cond(rig.loop, back_heard, NULL, LIMIT_MS));
	ck_assert_int_eq(rig.bads + rig.front_msgs, 0);
	teardown();
}
END_TEST

START_TEST(a_key_that_is_added_gets_in_without_a_new_start)
{
	setup();
	knock(rig.back_at, &rig.stranger, rig.server.public_key);
	nobody_is_heard();
	pub_write(rig.back_dir, "another", &rig.stranger);
	/* The same client, which goes on trying. */
	ck_assert(loop_until_cond(rig.loop, back_heard, NULL, LIMIT_MS));
	teardown();
}
END_TEST

START_TEST(a_key_that_is_taken_away_gets_in_no_more)
{
	auto_str path = NULL;

	setup();
	path = xasprintf("%s/worker.pub", rig.back_dir);
	ck_assert_int_eq(unlink(path), 0);
	clk_fix_ms(clk_mono_ms() + 2 * ZAP_REREAD_MS);
	knock(rig.back_at, &rig.worker, rig.server.public_key);
	nobody_is_heard();
	teardown();
}
END_TEST

START_TEST(a_folder_that_cannot_be_read_lets_nobody_in)
{
	setup();
	ck_assert_int_eq(chmod(rig.back_dir, 0777), 0);
	clk_fix_ms(clk_mono_ms() + 2 * ZAP_REREAD_MS);
	knock(rig.back_at, &rig.worker, rig.server.public_key);
	nobody_is_heard();
	teardown();
}
END_TEST

/* ---- nobody answers for keys ---- */

START_TEST(without_a_handler_nobody_gets_in)
{
	setup();
	zap_free(rig.zap);
	rig.zap = NULL;
	knock(rig.back_at, &rig.worker, rig.server.public_key);
	nobody_is_heard();
	teardown();
}
END_TEST

/* What another build of the library could do about ZMQ_ZAP_ENFORCE_DOMAIN. */
static enum { KNOWN, UNKNOWN, IGNORED } enforcing;
enum { ENFORCE_DOMAIN = 93 };

int __real_zmq_setsockopt(void *s, int option, const void *value, size_t n);
int __wrap_zmq_setsockopt(void *s, int option, const void *value, size_t n);
int
__wrap_zmq_setsockopt(void *s, int option, const void *value, size_t n)
{
	if (option == ENFORCE_DOMAIN && enforcing != KNOWN) {
		errno = EINVAL;
		return enforcing == UNKNOWN ? -1 : 0;
	}
	return __real_zmq_setsockopt(s, option, value, n);
}

START_TEST(where_the_library_would_not_keep_strangers_out_nobody_listens)
{
	auto_str at = xasprintf("tcp://127.0.0.1:%d", port_free());
	struct bus_handler h = {.on_msg = on_back, .on_bad = on_bad};
	struct bus_guard g = {.pair = &rig.server, .domain = "back"};
	struct err err = {0};
	struct bus *b;
	void *s;

	setup();
	b = bus_new_listener(rig.loop, &h);
	enforcing = _i == 0 ? UNKNOWN : IGNORED;
	ck_assert_int_eq(bus_listen(b, at, &g, &err), RC_DENIED);
	assert_contains(err.text, "ZMQ_ZAP_ENFORCE_DOMAIN");
	assert_contains(err.text, "libzmq5");
	/* The port is still free. */
	enforcing = KNOWN;
	s = zmq_socket(zsys_init(), ZMQ_ROUTER);
	ck_assert_int_eq(zmq_bind(s, at), 0);
	zmq_close(s);
	bus_free(b);
	teardown();
}
END_TEST

START_TEST(there_is_one_handler_in_a_process)
{
	struct zap *second = NULL;
	struct err err;

	setup();
	ck_assert_int_eq(zap_new(rig.loop, &second, &err), RC_CONFLICT);
	ck_assert_ptr_null(second);
	teardown();
}
END_TEST

/* ---- without keys ---- */

START_TEST(without_keys_tcp_is_for_loopback)
{
	static const char *const open[] = {"tcp://0.0.0.0:%d", "tcp://*:%d",
	    "tcp://[::]:%d", "tcp://192.0.2.1:%d", "tcp://example.com:%d"};
	struct bus_handler h = {.on_msg = on_back, .on_bad = on_bad};
	auto_str port = xasprintf("%d", port_free());
	auto_str at =
	    xasprintf("%.*s%s", (int)strlen(open[_i]) - 2, open[_i], port);
	zloop_t *loop = zloop_new();
	struct bus *b = NULL;
	struct err err;

	ck_assert_int_eq(listener_open(loop, at, &h, &b, &err), RC_DENIED);
	assert_contains(err.text, at);
	assert_contains(err.text, "culprit keygen");
	ck_assert_int_eq(bus_connect(loop, at, NULL, &h, &b, &err), RC_DENIED);
	ck_assert_ptr_null(b);
	zloop_destroy(&loop);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_key_in_the_folder_gets_in, 0},
	    {no_stranger_is_heard_and_friends_still_are, 4},
	    {a_key_that_is_added_gets_in_without_a_new_start, 0},
	    {a_key_that_is_taken_away_gets_in_no_more, 0},
	    {a_folder_that_cannot_be_read_lets_nobody_in, 0},
	    {without_a_handler_nobody_gets_in, 0},
	    {where_the_library_would_not_keep_strangers_out_nobody_listens, 2},
	    {there_is_one_handler_in_a_process, 0},
	    {without_keys_tcp_is_for_loopback, 5},
	};

	return RUN_TESTS("zap", tests);
}
