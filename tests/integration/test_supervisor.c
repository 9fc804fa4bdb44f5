/*
 * test_supervisor.c - the real supervisor between a gateway, a planner and
 * executors that do what each test tells them, over its own sockets.
 *
 * After every test the events that were followed are held to their promise:
 * numbered from 1 without a gap, none twice, at most one `finished`, last.
 */
#include "common/bus.h"
#include "common/json.h"
#include "common/tree.h"
#include "common/wire.h"
#include "supervisor/store_db.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

enum { LIMIT_MS = 10000, MAIL_MAX = 512, EVENTS_MAX = 400, FLAGS_MAX = 8 };

struct mail {
	struct proto msg;
	char *bytes;
	bool read;
};

/* One side of a conversation, with all it was ever sent. */
struct peer {
	struct bus *bus;
	struct mail mail[MAIL_MAX];
	int n;
	uint64_t epoch;
};

struct event {
	int64_t seq;
	char type[24];
	cJSON *data;
};

/* What one FOLLOW was sent. */
struct log {
	struct event e[EVENTS_MAX];
	int n;
	bool last;
};

struct rig {
	char *dir;
	const char *flags[FLAGS_MAX];
	struct proc *supervisor;
	zloop_t *loop;
	struct peer gateway, planner, executor, second;
	struct log log;
	uint64_t req;	/* whose events are in log */
	char run[64];
};

static struct rig *rig;

/* ---- peers ---- */

static void
on_msg(void *ctx, const struct bus_peer *from UNUSED, const struct proto *msg)
{
	struct peer *p = ctx;
	struct mail *m = &p->mail[p->n++];
	struct err err;
	struct buf b;

	ck_assert_int_lt(p->n, MAIL_MAX);
	buf_init(&b, PROTO_BYTES_MAX);
	proto_encode(&b, msg);
	ck_assert_msg(proto_decode(buf_span(&b), &m->msg, &err) == RC_OK,
	    "%s", err.text);
	m->bytes = buf_take(&b);
}

static void
on_bad(void *ctx UNUSED, const struct bus_peer *from UNUSED,
    const struct err *err)
{
	ck_abort_msg("the supervisor sent bytes that are no message: %s",
	    err->text);
}

static void
peer_open(struct peer *p, const char *socket)
{
	struct bus_handler h = {.on_msg = on_msg, .on_bad = on_bad, .ctx = p};
	auto_str endpoint = xasprintf("ipc://%s/%s.sock", rig->dir, socket);
	struct err err = {0};

	ck_assert_msg(bus_connect(rig->loop, endpoint, &h, &p->bus, &err) ==
		RC_OK, "%s", err.text);
}

static void
peer_close(struct peer *p)
{
	bus_free(p->bus);
	p->bus = NULL;
	while (p->n > 0)
		free(p->mail[--p->n].bytes);
	memset(p->mail, 0, sizeof(p->mail));
}

struct wish {
	struct peer *p;
	enum proto_type type;
	struct mail *found;
};

static bool
has_mail(void *arg)
{
	struct wish *w = arg;
	int i;

	for (i = 0; i < w->p->n && w->found == NULL; i++)
		if (!w->p->mail[i].read && w->p->mail[i].msg.type == w->type)
			w->found = &w->p->mail[i];
	return w->found != NULL;
}

/* The next message of a type that was not read yet, waiting for it. */
static const struct proto *
next(struct peer *p, enum proto_type type)
{
	struct wish w = {p, type, NULL};

	if (!loop_until_cond(rig->loop, has_mail, &w, LIMIT_MS)) {
		auto_str err = proc_err(rig->supervisor);

		ck_abort_msg("no %s came; the supervisor said:\n%s",
		    proto_name(type), err);
	}
	w.found->read = true;
	return &w.found->msg;
}

static bool
has_unread(struct peer *p, enum proto_type type)
{
	struct wish w = {p, type, NULL};

	return has_mail(&w);
}

static void
say(struct peer *p, const struct proto *m)
{
	ck_assert_int_eq(bus_send(p->bus, NULL, m), RC_OK);
}

static const struct proto *
ask_status(void)
{
	struct proto m = {.type = PROTO_ATTACH};

	while (has_unread(&rig->gateway, PROTO_STATUS))
		next(&rig->gateway, PROTO_STATUS);
	say(&rig->gateway, &m);
	return next(&rig->gateway, PROTO_STATUS);
}

/* All that was sent before has been handled and answered. Events leave after
 * the other messages of their turn: hence the second question. */
static const struct proto *
settle(void)
{
	ask_status();
	return ask_status();
}

/* The same for what p sent: its own question and answer. */
static void
settle_worker(struct peer *p)
{
	struct proto m = {.type = PROTO_RENEW};

	while (has_unread(p, PROTO_RENEWED))
		next(p, PROTO_RENEWED);
	m.renew.epoch = p->epoch;
	m.renew.tasks = span_make("\x90", 1);
	say(p, &m);
	next(p, PROTO_RENEWED);
}

static void
put_json(struct buf *b, const char *json)
{
	AUTO(json) t = NULL;
	struct err err = {0};

	ck_assert_msg(json_parse(span_of(json), NULL, &t, &err) == RC_OK,
	    "%s in %s", err.text, json);
	wire_put_tree(b, t);
}

/* ---- workers ---- */

/* Tasks of a supervisor that is no more: a worker drops them. */
static void
forget_stale(struct peer *p)
{
	int i;

	for (i = 0; i < p->n; i++)
		if (p->mail[i].msg.type == PROTO_TASK &&
		    p->mail[i].msg.task.epoch != p->epoch)
			p->mail[i].read = true;
}

static void
join_as(struct peer *p, const char *role, const char *name, uint64_t capacity,
    const char *tools)
{
	struct proto m = {.type = PROTO_HELLO};
	auto_buf b = {0};

	buf_init(&b, 1 << 16);
	put_json(&b, tools);
	if (p->bus == NULL)
		peer_open(p, "back");
	m.hello.role = span_of(role);
	m.hello.name = span_of(name);
	m.hello.capacity = capacity;
	m.hello.tools = buf_span(&b);
	say(p, &m);
	p->epoch = next(p, PROTO_WELCOME)->welcome.epoch;
	forget_stale(p);
}

#define TOOLS                                                                  \
	"[{\"name\":\"echo\",\"what\":\"says\",\"class\":\"READ\",\"args\":{"     \
	"\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}}},"   \
	"{\"name\":\"other\",\"what\":\"o\",\"class\":\"IDEMPOTENT\","            \
	"\"args\":{\"type\":\"object\"}}]"

static void
join_planner(void)
{
	join_as(&rig->planner, "planner", "P", 8, "[]");
}

static void
join_executor(void)
{
	join_as(&rig->executor, "executor", "X", 8, TOOLS);
}

static const struct proto_task *
task(struct peer *p)
{
	return &next(p, PROTO_TASK)->task;
}

static void
answer(struct peer *p, const struct proto_task *t, const char *update,
    const char *evidence)
{
	struct proto m = {.type = PROTO_RESULT};
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	put_json(&b, update);
	m.result.epoch = t->epoch;
	m.result.run = t->run;
	m.result.task = t->task;
	m.result.attempt = t->attempt;
	m.result.update = buf_span(&b);
	m.result.evidence = span_of(evidence);
	m.result.media = span_of(evidence != NULL ? "text/plain" : NULL);
	say(p, &m);
}

static const char *const plan_only =
    "{\"decision\":\"PLAN\",\"planner_plan\":{\"decision\":\"PLAN\","
    "\"step\":\"think\"}}";
static const char *const finish =
    "{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"FINISH\"},"
    "\"final_report\":\"# the report\"}";
static const char *const execute =
    "{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":\"EXECUTE\","
    "\"step\":\"say it\",\"tool\":\"echo\",\"args\":{\"text\":\"hi\"}}}";
static const char *const execute_three =
    "{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":\"EXECUTE\","
    "\"steps\":[{\"step\":\"a\",\"tool\":\"echo\",\"args\":{\"text\":\"0\"}},"
    "{\"step\":\"b\",\"tool\":\"echo\",\"args\":{\"text\":\"1\"}},"
    "{\"step\":\"c\",\"tool\":\"echo\",\"args\":{\"text\":\"2\"}}]}}";
static const char *const good_step =
    "{\"feedback\":{\"status\":\"SUCCESS\",\"tool\":\"echo\","
    "\"summary\":\"said\"}}";
static const char *const failed_step =
    "{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"echo\","
    "\"summary\":\"did not\"}}";

static void
plan(const char *update)
{
	answer(&rig->planner, task(&rig->planner), update, NULL);
	next(&rig->planner, PROTO_ACK);
}

static void
step(const char *update, const char *evidence)
{
	answer(&rig->executor, task(&rig->executor), update, evidence);
	next(&rig->executor, PROTO_ACK);
}

/* ---- the gateway ---- */

static const struct proto_reply *
reply_to(uint64_t req)
{
	const struct proto *m = next(&rig->gateway, PROTO_REPLY);

	ck_assert_uint_eq(m->reply.req, req);
	return &m->reply;
}

static const struct proto_reply *
submit(uint64_t req, const char *input, const char *key, const char *digest,
    bool follow)
{
	struct proto m = {.type = PROTO_SUBMIT};
	auto_buf b = {0};

	buf_init(&b, 1 << 20);
	put_json(&b, input);
	m.submit.req = req;
	m.submit.input = buf_span(&b);
	m.submit.key = span_of(key);
	m.submit.digest = span_of(digest);
	m.submit.follow = follow;
	say(&rig->gateway, &m);
	return reply_to(req);
}

static void
assert_reply(const struct proto_reply *r, const char *rc, const char *says)
{
	auto_str text = xstrndup(r->text.p, r->text.n);

	ck_assert_msg(span_is(r->rc, rc), "%.*s, not %s: %s", SPAN_ARG(r->rc),
	    rc, text);
	assert_contains(text, says);
}

/* Starts the run the test is about, and follows it. */
static void
start_run(void)
{
	const struct proto_reply *r = submit(1, "{\"input\":\"why?\"}", NULL,
	    NULL, true);

	assert_reply(r, "ok", "");
	snprintf(rig->run, sizeof(rig->run), "%.*s", SPAN_ARG(r->run));
	rig->req = 1;
}

static void
follow(uint64_t req, const char *run, uint64_t after)
{
	struct proto m = {.type = PROTO_FOLLOW};

	m.follow.req = req;
	m.follow.run = span_of(run);
	m.follow.after = after;
	say(&rig->gateway, &m);
}

static void
cancel(uint64_t req)
{
	struct proto m = {.type = PROTO_CANCEL};

	m.cancel.req = req;
	m.cancel.run = span_of(rig->run);
	say(&rig->gateway, &m);
}

/* ---- events ---- */

static void
log_take(struct log *l, const struct proto_events *m)
{
	struct wire_r r = wire_reader(m->list);
	uint32_t n;

	ck_assert(span_is(m->run, rig->run));
	ck_assert_msg(!l->last, "events after the last");
	for (n = wire_array(&r); n > 0; n--) {
		struct event *e = &l->e[l->n++];
		struct span type;

		ck_assert_int_lt(l->n, EVENTS_MAX);
		ck_assert_uint_eq(wire_array(&r), 3);
		e->seq = wire_int(&r);
		type = wire_str(&r);
		snprintf(e->type, sizeof(e->type), "%.*s", SPAN_ARG(type));
		e->data = wire_to_tree(wire_raw(&r));
	}
	ck_assert(!r.bad && r.p == r.end);
	l->last = m->last != 0;
}

static void
log_read(struct log *l, uint64_t req)
{
	struct peer *p = &rig->gateway;
	int i;

	for (i = 0; i < p->n; i++) {
		struct mail *m = &p->mail[i];

		if (m->read || m->msg.type != PROTO_EVENTS ||
		    m->msg.events.req != req)
			continue;
		m->read = true;
		log_take(l, &m->msg.events);
	}
}

static void
log_done(struct log *l)
{
	while (l->n > 0)
		cJSON_Delete(l->e[--l->n].data);
	l->last = false;
}

static const struct event *
log_find(const struct log *l, const char *type, int nth)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->e[i].type, type) == 0 && nth-- == 0)
			return &l->e[i];
	return NULL;
}

struct event_wish {
	const char *type;
	int nth;
	const struct event *found;
};

static bool
has_event(void *arg)
{
	struct event_wish *w = arg;

	log_read(&rig->log, rig->req);
	w->found = log_find(&rig->log, w->type, w->nth);
	return w->found != NULL;
}

/* The data of the n-th event of a type, waiting for it. */
static const cJSON *
event(const char *type, int nth)
{
	struct event_wish w = {type, nth, NULL};

	if (!loop_until_cond(rig->loop, has_event, &w, LIMIT_MS)) {
		auto_str err = proc_err(rig->supervisor);

		ck_abort_msg("no %s event; the supervisor said:\n%s", type,
		    err);
	}
	return w.found->data;
}

static int
count(const char *type)
{
	int n = 0;

	while (log_find(&rig->log, type, n) != NULL)
		n++;
	return n;
}

/* From first on, in order, no gap, none twice; `finished` at most last. */
static void
assert_numbered(const struct log *l, int64_t first)
{
	int i;

	for (i = 0; i < l->n; i++) {
		ck_assert_int_eq(l->e[i].seq, first + i);
		if (strcmp(l->e[i].type, "finished") == 0)
			ck_assert_int_eq(i, l->n - 1);
	}
}

static void
assert_finished(const char *status, const char *by)
{
	const cJSON *e = event("finished", 0);

	ck_assert_str_eq(tree_str(e, "status"), status);
	ck_assert_str_eq(tree_str(e, "ended_by"), by);
	ck_assert_int_eq(count("finished"), 1);
	ck_assert_int_eq(count("report"), 1);
	ck_assert(tree_has(log_find(&rig->log, "report", 0)->data,
	    "markdown"));
	ck_assert(rig->log.last);
}

/* ---- the rig ---- */

static void
supervisor_start(void)
{
	auto_str path = program("culprit-supervisor");
	const char *argv[4 + 2 * FLAGS_MAX] = {path, "--data-dir", rig->dir};
	struct proc_spec spec = {.argv = argv, .dir = rig->dir,
	    .name = "supervisor"};
	int i;

	for (i = 0; rig->flags[i] != NULL; i++)
		argv[3 + i] = rig->flags[i];
	rig->supervisor = proc_start(&spec);
	settle();
}

static void
rig_open(const char *const *flags)
{
	int i;

	rig = xcalloc(1, sizeof(*rig));
	zsys_handler_set(NULL);
	rig->dir = scratch_new();
	rig->loop = zloop_new();
	for (i = 0; flags[i] != NULL; i++)
		rig->flags[i] = flags[i];
	peer_open(&rig->gateway, "front");
	supervisor_start();
}

static const char *const calm[] = {"--lease-ms", "600000", NULL};

static void
rig_close(void)
{
	int status;

	settle();
	log_read(&rig->log, rig->req);
	assert_numbered(&rig->log, 1);
	proc_signal(rig->supervisor, SIGTERM);
	status = proc_wait(rig->supervisor, LIMIT_MS);
	if (status != 0) {
		auto_str err = proc_err(rig->supervisor);

		ck_abort_msg("the supervisor ended with %d:\n%s", status, err);
	}
	proc_free(rig->supervisor);
	log_done(&rig->log);
	peer_close(&rig->gateway);
	peer_close(&rig->planner);
	peer_close(&rig->executor);
	peer_close(&rig->second);
	zloop_destroy(&rig->loop);
	scratch_free(rig->dir);
	free(rig);
}

static void
supervisor_restart(int how)
{
	proc_signal(rig->supervisor, how);
	ck_assert_int_ne(proc_wait(rig->supervisor, LIMIT_MS), -1);
	proc_free(rig->supervisor);
	supervisor_start();
}

/* ---- tests ---- */

START_TEST(a_run_goes_from_request_to_report)
{
	static const char *const order[] = {"started", "supervisor", "plan",
	    "tool_started", "evidence", "feedback", "supervisor", "plan",
	    "supervisor", "report", "finished"};
	const struct proto_task *t;
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	t = task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "why?"));
	ck_assert(span_is(wire_find_str(t->input, "language"), "zh"));
	ck_assert_uint_gt(wire_find(t->input, "tools").n, 1);
	answer(&rig->planner, t, execute, NULL);
	next(&rig->planner, PROTO_ACK);
	t = task(&rig->executor);
	ck_assert(span_is(wire_find_str(t->input, "tool"), "echo"));
	ck_assert(span_is(wire_find_str(wire_find(t->input, "args"), "text"),
	    "hi"));
	answer(&rig->executor, t, good_step, "the tool's bytes");
	plan(finish);
	assert_finished("completed", "finish");
	for (i = 0; i < (int)ARRAY_LEN(order); i++)
		ck_assert_str_eq(rig->log.e[i].type, order[i]);
	ck_assert_int_eq(rig->log.n, ARRAY_LEN(order));
	ck_assert_str_eq(tree_str(event("evidence", 0), "id"), "E1");
	assert_contains(tree_str(event("report", 0), "markdown"),
	    "the report");
	rig_close();
}
END_TEST

START_TEST(what_was_kept_can_be_read_afterwards)
{
	static const struct {
		const char *what, *args, *rc;
	} queries[] = {
		{"list", "{}", "ok"}, {"show", "{}", "ok"},
		{"report", "{}", "ok"}, {"evidence", "{\"id\":\"E1\"}", "ok"},
		{"evidence", "{\"id\":\"E9\"}", "notfound"},
		{"list", "{\"limit\":0}", "invalid"},
		{"list", "{\"limit\":201}", "invalid"},
		{"gossip", "{}", "invalid"},
	};
	size_t i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(good_step, "the tool's bytes");
	plan(finish);
	assert_finished("completed", "finish");
	for (i = 0; i < ARRAY_LEN(queries); i++) {
		struct proto m = {.type = PROTO_QUERY};
		const struct proto_reply *r;
		auto_buf b = {0};

		buf_init(&b, 4096);
		put_json(&b, queries[i].args);
		m.query.req = 50 + i;
		m.query.what = span_of(queries[i].what);
		m.query.run = span_of(rig->run);
		m.query.args = buf_span(&b);
		say(&rig->gateway, &m);
		r = reply_to(50 + i);
		assert_reply(r, queries[i].rc, "");
		if (i == 2)
			ck_assert(span_is(wire_find_str(r->value, "status"),
			    "completed"));
		if (i == 3)
			ck_assert(span_is(r->bytes, "the tool's bytes") &&
			    span_is(r->media, "text/plain"));
	}
	rig_close();
}
END_TEST

START_TEST(parallel_steps_are_joined_in_their_order)
{
	const struct proto_task *t[3];
	struct span fb;
	uint32_t n;
	struct wire_r r;
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute_three);
	for (i = 0; i < 3; i++)
		t[i] = task(&rig->executor);
	for (i = 2; i >= 0; i--) {
		auto_str u = xasprintf("{\"feedback\":{\"status\":\"SUCCESS\","
		    "\"tool\":\"echo\",\"summary\":\"s%lld\"}}",
		    (long long)wire_find_int(t[i]->input, "index", -1));

		answer(&rig->executor, t[i], u, i == 1 ? NULL : u);
	}
	fb = wire_find(task(&rig->planner)->input, "executor_feedback");
	r = wire_reader(fb);
	n = wire_array(&r);
	ck_assert_uint_eq(n, 3);
	for (i = 0; i < 3; i++) {
		char want[16];

		snprintf(want, sizeof(want), "s%d", i);
		ck_assert(span_is(wire_find_str(wire_raw(&r), "summary"),
		    want));
	}
	rig_close();
}
END_TEST

START_TEST(a_step_that_is_refused_becomes_feedback)
{
	const char *bad = "{\"decision\":\"EXECUTE\",\"planner_plan\":"
	    "{\"decision\":\"EXECUTE\",\"tool\":\"rm\",\"args\":{}}}";
	const cJSON *e;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(bad);
	e = event("feedback", 0);
	ck_assert_str_eq(tree_str(e, "status"), "FAILED");
	ck_assert_str_eq(tree_str(e, "tool"), "rm");
	assert_contains(tree_str(e, "summary"), "echo");
	ck_assert(!has_unread(&rig->executor, PROTO_TASK));
	plan(finish);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_tool_that_fails_three_times_in_a_row_ends_the_run)
{
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	for (i = 0; i < 2; i++) {
		plan(execute);
		step(failed_step, NULL);
	}
	/* A success between sets the count back. */
	plan(execute);
	step(good_step, NULL);
	for (i = 0; i < 3; i++) {
		plan(execute);
		step(failed_step, NULL);
	}
	assert_finished("incomplete", "tool_failed");
	ck_assert(!has_unread(&rig->planner, PROTO_TASK));
	rig_close();
}
END_TEST

START_TEST(the_eleventh_round_is_never_started)
{
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	for (i = 0; i < 10; i++) {
		plan(execute);
		step(good_step, NULL);
	}
	assert_finished("incomplete", "rounds");
	ck_assert_int_eq(count("tool_started"), 10);
	settle_worker(&rig->planner);
	ck_assert(!has_unread(&rig->planner, PROTO_TASK));
	rig_close();
}
END_TEST

START_TEST(a_planner_that_only_plans_comes_to_an_end)
{
	int i;

	rig_open(calm);
	join_planner();
	start_run();
	for (i = 0; i < 24; i++)
		plan(plan_only);
	assert_finished("incomplete", "turns");
	rig_close();
}
END_TEST

static const char *const bad_plans[] = {
	"{\"error\":\"no model answers\"}",
	"{}",
	"[]",
	"{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":\"PLAN\"}}",
	"{\"decision\":\"EXECUTE\",\"planner_plan\":"
	"{\"decision\":\"EXECUTE\"}}",
	"{\"decision\":\"DANCE\",\"planner_plan\":{\"decision\":\"DANCE\"}}",
	"{\"decision\":\"PLAN\",\"planner_plan\":\"PLAN\"}",
	"{\"decision\":\"PLAN\",\"planner_plan\":{\"decision\":\"PLAN\"},"
	"\"notes\":\"no list\"}",
};

START_TEST(a_planner_that_fails_ends_the_run_with_a_report)
{
	rig_open(calm);
	join_planner();
	start_run();
	plan(bad_plans[_i]);
	assert_finished("failed", "planner_failed");
	if (_i == 0)
		assert_contains(tree_str(event("finished", 0), "reason"),
		    "no model answers");
	rig_close();
}
END_TEST

START_TEST(what_is_no_feedback_counts_as_a_failure)
{
	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(_i == 0 ? "{}" : _i == 1 ? "{\"feedback\":[1]}" : "7", "bytes");
	ck_assert_str_eq(tree_str(event("feedback", 0), "status"), "FAILED");
	plan(finish);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

/* before, lists in each other, after. */
static char *
nested(const char *before, int lists, const char *after)
{
	auto_buf b = {.max = 1000};
	int i;

	buf_adds(&b, before);
	for (i = 0; i < lists; i++)
		buf_addc(&b, '[');
	buf_addc(&b, '1');
	for (i = 0; i < lists; i++)
		buf_addc(&b, ']');
	buf_adds(&b, after);
	return buf_take(&b);
}

/* These arrive, just, but what they become part of would not. */
START_TEST(a_plan_too_deep_to_be_passed_on_fails_the_run)
{
	auto_str deep = nested("{\"decision\":\"EXECUTE\",\"planner_plan\":{"
			       "\"decision\":\"EXECUTE\",\"tool\":\"echo\","
			       "\"args\":{\"x\":", 19, "}}}");

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(deep);
	assert_finished("failed", "planner_failed");
	assert_contains(
	    tree_str(event("finished", 0), "reason"), "nested over");
	rig_close();
}
END_TEST

START_TEST(feedback_too_deep_to_be_passed_on_counts_as_a_failure)
{
	auto_str deep = nested("{\"feedback\":{\"status\":\"SUCCESS\","
			       "\"tool\":\"echo\",\"summary\":", 20, "}}");

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(deep, NULL);
	ck_assert_str_eq(tree_str(event("feedback", 0), "status"), "FAILED");
	plan(finish);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

/* The name of a tool that failed is kept up to a limit. */
START_TEST(a_tool_name_cut_within_a_character_can_be_passed_on)
{
	auto_buf long_name = {.max = 1000};
	int i;

	buf_adds(&long_name,
	    "{\"feedback\":{\"status\":\"FAILED\",\"tool\":\"x");
	for (i = 0; i < 100; i++)
		buf_adds(&long_name, "ü");
	buf_adds(&long_name, "\"}}");
	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(buf_str(&long_name), NULL);
	plan(finish);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_run_ends_at_its_deadline)
{
	static const char *const flags[] = {"--deadline", "1", NULL};

	rig_open(flags);
	start_run();
	assert_finished("incomplete", "deadline");
	rig_close();
}
END_TEST

START_TEST(cancel_revokes_what_is_leased_and_ends_the_run)
{
	const struct proto_task *t;
	const struct proto *m;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	t = task(&rig->executor);
	cancel(2);
	assert_reply(reply_to(2), "ok", "");
	m = next(&rig->executor, PROTO_REVOKE);
	ck_assert_uint_eq(m->revoke.task, t->task);
	ck_assert_uint_eq(m->revoke.attempt, t->attempt);
	assert_finished("cancelled", "cancelled");
	/* The outcome that comes all the same is acknowledged and dropped. */
	answer(&rig->executor, t, good_step, "late");
	ck_assert_uint_eq(next(&rig->executor, PROTO_ACK)->ack.task, t->task);
	/* Asked for again, e.g. because the answer was lost: so it is. */
	cancel(3);
	assert_reply(reply_to(3), "ok", "");
	assert_finished("cancelled", "cancelled");
	rig_close();
}
END_TEST

START_TEST(a_late_outcome_is_acknowledged_and_dropped)
{
	struct proto_task stale;
	const struct proto_task *t;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	t = task(&rig->executor);
	stale = *t;
	stale.attempt = t->attempt + (_i == 0);
	stale.epoch = t->epoch - (_i == 1);
	stale.task = t->task + (_i == 2 ? 40 : 0);
	answer(_i == 3 ? &rig->planner : &rig->executor, &stale, failed_step,
	    NULL);
	next(_i == 3 ? &rig->planner : &rig->executor, PROTO_ACK);
	answer(&rig->executor, t, good_step, NULL);
	next(&rig->executor, PROTO_ACK);
	answer(&rig->executor, t, failed_step, NULL);
	next(&rig->executor, PROTO_ACK);
	plan(finish);
	assert_finished("completed", "finish");
	ck_assert_int_eq(count("feedback"), 1);
	ck_assert_str_eq(tree_str(event("feedback", 0), "status"), "SUCCESS");
	rig_close();
}
END_TEST

START_TEST(a_lease_that_lapses_is_given_to_another_attempt)
{
	static const char *const flags[] = {"--lease-ms", "500", NULL};
	const struct proto_task *first, *again;

	rig_open(flags);
	join_planner();
	start_run();
	first = task(&rig->planner);
	event("retry", 0);
	join_as(&rig->second, "planner", "P2", 1, "[]");
	again = task(&rig->second);
	ck_assert_uint_eq(again->task, first->task);
	ck_assert_uint_gt(again->attempt, first->attempt);
	answer(&rig->planner, first, plan_only, NULL);
	answer(&rig->second, again, finish, NULL);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_worker_that_closes_loses_its_tasks_at_the_next_word_to_it)
{
	struct event_wish retry = {"retry", 0, NULL};
	uint64_t attempt;
	uint64_t req = 9;

	rig_open(calm);
	join_planner();
	start_run();
	attempt = task(&rig->planner)->attempt;
	peer_close(&rig->planner);
	/* Another run's task is sent to it, and cannot be delivered. A word
	 * that leaves before the connection's end has arrived is lost in
	 * silence, so there are more, as many as it had room for. */
	do {
		assert_reply(submit(req, "{\"input\":\"too\"}", NULL, NULL,
				 false), "ok", "");
	} while (!loop_until_cond(rig->loop, has_event, &retry, 200) &&
		 ++req < 16);
	event("retry", 0);
	join_planner();
	ck_assert_uint_gt(task(&rig->planner)->attempt, attempt);
	rig_close();
}
END_TEST

START_TEST(a_worker_that_says_hello_again_gets_its_tasks_anew)
{
	uint64_t attempt;

	rig_open(calm);
	join_planner();
	start_run();
	attempt = task(&rig->planner)->attempt;
	join_planner();
	ck_assert_uint_eq(task(&rig->planner)->attempt, attempt + 1);
	rig_close();
}
END_TEST

static void
say_hello(struct peer *p, uint64_t start)
{
	struct proto m = {.type = PROTO_HELLO};

	m.hello.role = span_of("planner");
	m.hello.name = span_of("P");
	m.hello.capacity = 8;
	m.hello.start = start;
	say(p, &m);
}

START_TEST(a_hello_said_twice_or_late_voids_nothing)
{
	struct proto bye = {.type = PROTO_BYE};
	struct proto_task t;

	rig_open(calm);
	peer_open(&rig->planner, "back");
	say_hello(&rig->planner, 3);
	ck_assert_uint_eq(next(&rig->planner, PROTO_WELCOME)->welcome.start, 3);
	start_run();
	t = *task(&rig->planner);
	say_hello(&rig->planner, 3);
	ck_assert_uint_eq(next(&rig->planner, PROTO_WELCOME)->welcome.start, 3);
	say_hello(&rig->planner, 2);
	rig->planner.epoch = t.epoch;
	settle_worker(&rig->planner);
	ck_assert(!has_unread(&rig->planner, PROTO_WELCOME));
	ck_assert(!has_unread(&rig->planner, PROTO_TASK));
	/* It does not unsay a farewell either. */
	say(&rig->planner, &bye);
	say_hello(&rig->planner, 3);
	answer(&rig->planner, &t, plan_only, NULL);
	event("plan", 0);
	settle();
	ck_assert(!has_unread(&rig->planner, PROTO_TASK));
	say_hello(&rig->planner, 4);
	ck_assert_uint_eq(task(&rig->planner)->attempt, 1);
	ck_assert_int_eq(count("retry"), 0);
	rig_close();
}
END_TEST

START_TEST(who_renews_what_is_not_leased_to_it_is_told_to_stop)
{
	struct proto m = {.type = PROTO_RENEW};
	const struct proto_task *t;
	auto_buf b = {.max = 1000};
	int i;

	rig_open(calm);
	join_planner();
	start_run();
	t = task(&rig->planner);
	wire_put_array(&b, 2);
	for (i = 0; i < 2; i++) {
		wire_put_array(&b, 3);
		wire_put_span(&b, t->run);
		wire_put_u64(&b, t->task);
		wire_put_u64(&b, t->attempt + (uint64_t)i);
	}
	m.renew.epoch = t->epoch;
	m.renew.tasks = buf_span(&b);
	say(&rig->planner, &m);
	ck_assert_uint_eq(next(&rig->planner, PROTO_REVOKE)->revoke.attempt,
	    t->attempt + 1);
	/* Of another epoch it drops everything by itself. */
	m.renew.epoch = t->epoch + 1;
	say(&rig->planner, &m);
	settle_worker(&rig->planner);
	ck_assert(!has_unread(&rig->planner, PROTO_REVOKE));
	rig_close();
}
END_TEST

/* How many lists, and how many events in them, were sent for a request. */
static int
lists(uint64_t req, struct log *l)
{
	int n = 0, i;

	settle();
	for (i = 0; i < rig->gateway.n; i++)
		n += !rig->gateway.mail[i].read &&
		    rig->gateway.mail[i].msg.type == PROTO_EVENTS &&
		    rig->gateway.mail[i].msg.events.req == req;
	log_read(l, req);
	return n;
}

START_TEST(who_follows_and_asks_again_is_told_what_is_new_or_that_nothing_is)
{
	struct log l = {0};

	rig_open(calm);
	join_planner();
	start_run();
	follow(7, rig->run, 0);
	ck_assert_int_eq(lists(7, &l), 1);
	ck_assert_int_eq(l.n, 2);
	follow(7, rig->run, 2);
	ck_assert_int_eq(lists(7, &l), 1);
	ck_assert_int_eq(l.n, 2);
	/* It did not get the second. */
	log_done(&l);
	follow(7, rig->run, 1);
	ck_assert_int_eq(lists(7, &l), 1);
	ck_assert_int_eq(l.n, 1);
	/* And is followed on, once. */
	log_done(&l);
	plan(plan_only);
	ck_assert_int_eq(lists(7, &l), 1);
	assert_numbered(&l, 3);
	log_done(&l);
	rig_close();
}
END_TEST

START_TEST(a_leaving_worker_may_finish_and_gets_no_more)
{
	struct proto bye = {.type = PROTO_BYE};
	const struct proto_task *t;

	rig_open(calm);
	join_planner();
	start_run();
	t = task(&rig->planner);
	say(&rig->planner, &bye);
	answer(&rig->planner, t, plan_only, NULL);
	next(&rig->planner, PROTO_ACK);
	event("plan", 0);
	settle();
	ck_assert(!has_unread(&rig->planner, PROTO_TASK));
	join_as(&rig->second, "planner", "P2", 1, "[]");
	answer(&rig->second, task(&rig->second), finish, NULL);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_worker_that_ends_gives_back_what_it_holds)
{
	struct proto bye = {.type = PROTO_BYE};
	const struct proto_task *t;
	uint64_t attempt;

	rig_open(calm);
	join_planner();
	start_run();
	attempt = task(&rig->planner)->attempt;
	say(&rig->planner, &bye);
	bye.bye.ends = 1;
	say(&rig->planner, &bye);
	event("retry", 0);
	settle();
	ck_assert(!has_unread(&rig->planner, PROTO_TASK));
	join_as(&rig->second, "planner", "P2", 1, "[]");
	t = task(&rig->second);
	ck_assert_uint_eq(t->attempt, attempt + 1);
	answer(&rig->second, t, finish, NULL);
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(strangers_are_asked_who_they_are_and_false_hellos_refused)
{
	struct proto m = {.type = PROTO_RENEW};

	rig_open(calm);
	peer_open(&rig->second, "back");
	say(&rig->second, &m);
	next(&rig->second, PROTO_WHO);
	m.type = PROTO_RESULT;
	memset(&m.result, 0, sizeof(m.result));
	m.result.epoch = 77;
	say(&rig->second, &m);
	ck_assert_uint_eq(next(&rig->second, PROTO_WHO)->who.epoch, 77);
	m.type = PROTO_HELLO;
	memset(&m.hello, 0, sizeof(m.hello));
	say(&rig->second, &m);
	ck_assert_uint_gt(next(&rig->second, PROTO_REFUSE)->refuse.reason.n,
	    0);
	rig_close();
}
END_TEST

START_TEST(the_same_key_gives_the_same_run_and_another_body_a_conflict)
{
	char first[64];
	const struct proto_reply *r;

	rig_open(calm);
	r = submit(1, "{\"input\":\"a\"}", "key", "digest", false);
	assert_reply(r, "ok", "");
	snprintf(first, sizeof(first), "%.*s", SPAN_ARG(r->run));
	r = submit(2, "{\"input\":\"a\"}", "key", "digest", false);
	assert_reply(r, "ok", "");
	ck_assert(span_is(r->run, first));
	r = submit(3, "{\"input\":\"b\"}", "key", "another", false);
	assert_reply(r, "conflict", "Idempotency-Key");
	r = submit(4, "{\"input\":\"a\"}", "other key", "digest", false);
	assert_reply(r, "ok", "");
	ck_assert(!span_is(r->run, first));
	supervisor_restart(SIGKILL);
	r = submit(5, "{\"input\":\"a\"}", "key", "digest", false);
	assert_reply(r, "ok", "");
	ck_assert(span_is(r->run, first));
	rig_close();
}
END_TEST

START_TEST(a_full_queue_says_busy_but_known_keys_are_still_answered)
{
	static const char *const flags[] = {"--queue-max", "2", NULL};

	rig_open(flags);
	assert_reply(submit(1, "{\"input\":\"a\"}", "k", "d", false), "ok", "");
	assert_reply(submit(2, "{}", NULL, NULL, false), "ok", "");
	assert_reply(submit(3, "{}", NULL, NULL, false), "busy", "2");
	assert_reply(submit(4, "{\"input\":\"a\"}", "k", "d", false), "ok", "");
	rig_close();
}
END_TEST

START_TEST(requests_that_make_no_sense_are_refused)
{
	rig_open(calm);
	assert_reply(submit(1, "[]", NULL, NULL, false), "invalid", "map");
	snprintf(rig->run, sizeof(rig->run), "nosuchrun");
	cancel(2);
	assert_reply(reply_to(2), "notfound", "nosuchrun");
	follow(3, "", 0);
	assert_reply(reply_to(3), "notfound", "no investigation");
	rig_close();
}
END_TEST

START_TEST(a_follower_is_read_the_past_and_then_the_present)
{
	struct log later = {0};
	uint64_t after;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(good_step, "bytes");
	plan(plan_only);
	event("plan", 1);
	after = (uint64_t)(_i == 0 ? 0 : rig->log.n - _i + 1);
	follow(7, rig->run, after);
	plan(execute);
	step(good_step, NULL);
	plan(finish);
	assert_finished("completed", "finish");
	settle();
	log_read(&later, 7);
	assert_numbered(&later, (int64_t)after + 1);
	ck_assert_int_eq(later.n, rig->log.n - (int)after);
	ck_assert(later.last);
	log_done(&later);
	/* And once more, when all is over. */
	follow(8, rig->run, after);
	settle();
	log_read(&later, 8);
	assert_numbered(&later, (int64_t)after + 1);
	ck_assert(later.last);
	log_done(&later);
	/* Caught up: an empty answer that is the last. */
	follow(9, rig->run, (uint64_t)rig->log.n);
	settle();
	log_read(&later, 9);
	ck_assert_int_eq(later.n, 0);
	ck_assert(later.last);
	rig_close();
}
END_TEST

/* More than the queues between them take. */
enum { CROWD = 1000, DEAF_MS = 20000 };

struct deaf {
	void *context, *socket;
	int64_t seen[CROWD]; /* by req */
	int ended;
};

static void
deaf_open(struct deaf *d)
{
	auto_str endpoint = xasprintf("ipc://%s/front.sock", rig->dir);
	int one = 1, wait = DEAF_MS, none = 0;

	d->context = zmq_ctx_new();
	d->socket = zmq_socket(d->context, ZMQ_DEALER);
	zmq_setsockopt(d->socket, ZMQ_RCVHWM, &one, sizeof(one));
	zmq_setsockopt(d->socket, ZMQ_RCVTIMEO, &wait, sizeof(wait));
	zmq_setsockopt(d->socket, ZMQ_LINGER, &none, sizeof(none));
	ck_assert_int_eq(zmq_connect(d->socket, endpoint), 0);
}

static void
deaf_follow(struct deaf *d, uint64_t req)
{
	struct proto m = {.type = PROTO_FOLLOW};
	auto_buf b = {.max = PROTO_BYTES_MAX};

	m.follow.req = req;
	m.follow.run = span_of(rig->run);
	proto_encode(&b, &m);
	ck_assert_int_eq(zmq_send(d->socket, b.data, b.len, 0), (int)b.len);
}

/* Takes one message: the next events of one of its viewers. */
static void
deaf_take(struct deaf *d)
{
	struct proto m;
	struct wire_r r;
	struct err err;
	zmq_msg_t frame;
	uint32_t n;

	zmq_msg_init(&frame);
	ck_assert_msg(zmq_msg_recv(&frame, d->socket, 0) >= 0,
	    "nothing more came; %d of %d have the end", d->ended, CROWD);
	ck_assert_int_eq(proto_decode(span_make(zmq_msg_data(&frame),
			     zmq_msg_size(&frame)), &m, &err), RC_OK);
	ck_assert_int_eq(m.type, PROTO_EVENTS);
	ck_assert_uint_lt(m.events.req, CROWD);
	r = wire_reader(m.events.list);
	for (n = wire_array(&r); n > 0; n--) {
		ck_assert_uint_eq(wire_array(&r), 3);
		ck_assert_int_eq(
		    wire_int(&r), ++d->seen[m.events.req]);
		wire_raw(&r);
		wire_raw(&r);
	}
	d->ended += m.events.last != 0;
	zmq_msg_close(&frame);
}

START_TEST(a_gateway_that_reads_late_still_gets_every_event)
{
	static struct deaf d;
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	deaf_open(&d);
	for (i = 0; i < CROWD; i++)
		deaf_follow(&d, (uint64_t)i);
	for (i = 0; i < 10; i++) {
		plan(execute);
		step(good_step, NULL);
	}
	assert_finished("incomplete", "rounds");
	while (d.ended < CROWD)
		deaf_take(&d);
	for (i = 0; i < CROWD; i++)
		ck_assert_int_eq(d.seen[i], rig->log.n);
	zmq_close(d.socket);
	zmq_ctx_term(d.context);
	rig_close();
}
END_TEST

/* Its journal is no more what it was: through the store's VFS. */
static void
damage_runs(void)
{
	auto_str path = xasprintf("%s/culprit.db", rig->dir);
	sqlite3 *db = NULL;
	struct err err = {0};

	ck_assert_int_eq(store_db_connect(path, &db, &err), RC_OK);
	ck_assert_int_eq(sqlite3_exec(db,
			     "UPDATE journal SET data = x'00', raw_bytes = 9; "
			     "UPDATE packs SET data = x'00'",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(a_run_that_cannot_be_read_ends_no_other)
{
	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(finish);
	assert_finished("completed", "finish");
	supervisor_restart(SIGTERM);
	damage_runs();
	follow(7, rig->run, 0);
	assert_reply(reply_to(7), "io", "run 1");
	join_planner();
	ck_assert(proc_is_alive(rig->supervisor));
	rig_close();
}
END_TEST

START_TEST(nothing_finished_is_done_again_after_a_kill)
{
	const struct proto_task *t;
	uint64_t epoch;
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute_three);
	for (i = 0; i < 3; i++) {
		t = task(&rig->executor);
		if (wire_find_int(t->input, "index", -1) == 1)
			continue;
		answer(&rig->executor, t, good_step, "bytes");
		next(&rig->executor, PROTO_ACK);
	}
	event("feedback", 1);
	epoch = rig->executor.epoch;
	supervisor_restart(_i == 0 ? SIGKILL : SIGTERM);
	follow(1, rig->run, (uint64_t)rig->log.n);
	join_executor();
	join_planner();
	ck_assert_uint_gt(rig->executor.epoch, epoch);
	t = task(&rig->executor);
	ck_assert_int_eq(wire_find_int(t->input, "index", -1), 1);
	ck_assert_uint_gt(t->attempt, 1);
	answer(&rig->executor, t, good_step, "bytes");
	next(&rig->executor, PROTO_ACK);
	plan(finish);
	assert_finished("completed", "finish");
	ck_assert_int_eq(count("feedback"), 3);
	ck_assert_int_eq(count("plan"), 2);
	ck_assert(!has_unread(&rig->executor, PROTO_TASK));
	ck_assert_str_eq(tree_str(event("evidence", 2), "id"), "E2");
	rig_close();
}
END_TEST

/* What a planner answered, and saw acknowledged, is not asked for again. */
START_TEST(an_answer_that_was_received_is_not_asked_for_again)
{
	const struct proto_task *t;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(_i == 0 ? execute : plan_only);
	event("plan", 0);
	supervisor_restart(SIGKILL);
	follow(1, rig->run, (uint64_t)rig->log.n);
	join_planner();
	join_executor();
	if (_i == 0) {
		settle_worker(&rig->planner);
		ck_assert(!has_unread(&rig->planner, PROTO_TASK));
		step(good_step, NULL);
	}
	t = task(&rig->planner);
	ck_assert_int_eq(wire_find_int(t->input, "turns", -1), 1);
	answer(&rig->planner, t, finish, NULL);
	next(&rig->planner, PROTO_ACK);
	assert_finished("completed", "finish");
	ck_assert_int_eq(count("plan"), 2);
	rig_close();
}
END_TEST

/* ---- checkpoints and forks ---- */

static const struct proto_reply *
query(uint64_t req, const char *what, const char *args)
{
	struct proto m = {.type = PROTO_QUERY};
	auto_buf b = {0};

	buf_init(&b, 4096);
	put_json(&b, args);
	m.query.req = req;
	m.query.what = span_of(what);
	m.query.run = span_of(rig->run);
	m.query.args = buf_span(&b);
	say(&rig->gateway, &m);
	return reply_to(req);
}

/* A run of two turns and a step: started 1, supervisor, plan 3,
 * tool_started, evidence, feedback 6, supervisor, plan 8, supervisor,
 * report 10, finished 11. */
static void
short_run(void)
{
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(good_step, "the tool's bytes");
	plan(finish);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig->log.n, 11);
}

START_TEST(checkpoints_are_tied_to_the_events_that_tell_of_them)
{
	static const struct {
		const char *node;
		int seq, feedback, turns;
	} due[] = {{"start", 1, 0, 0}, {"planner", 3, 0, 1},
	    {"executor", 6, 1, 1}, {"planner", 8, 1, 2}, {"end", 10, 1, 2}};
	const struct proto_reply *r;
	AUTO(tree) list = NULL;
	const cJSON *c;
	int i = 0;

	rig_open(calm);
	short_run();
	r = query(50, "checkpoints", "{}");
	assert_reply(r, "ok", "");
	list = wire_to_tree(r->value);
	ck_assert_int_eq((int)tree_num(list, "last_seq", 0), 11);
	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(list, "checkpoints")), ARRAY_LEN(due));
	cJSON_ArrayForEach (c, tree_at(list, "checkpoints")) {
		auto_str args = xasprintf("{\"n\":%d}", i);
		AUTO(tree) at = NULL;
		const cJSON *state;

		ck_assert_int_eq((int)tree_num(c, "n", -1), i);
		ck_assert_str_eq(tree_str(c, "node"), due[i].node);
		ck_assert_int_eq((int)tree_num(c, "seq", -1), due[i].seq);
		r = query(60, "checkpoint", args);
		assert_reply(r, "ok", "");
		at = wire_to_tree(r->value);
		state = tree_at(at, "state");
		ck_assert_int_eq((int)tree_num(at, "seq", -1), due[i].seq);
		ck_assert_int_eq((int)tree_num(state, "seq", -1), due[i].seq);
		ck_assert_int_eq(
		    cJSON_GetArraySize(tree_at(state, "executor_feedback")),
		    due[i].feedback);
		ck_assert_int_eq(
		    (int)tree_num(state, "turns", 0), due[i].turns);
		ck_assert_int_eq(cJSON_GetArraySize(tree_at(at, "tools")), 2);
		i++;
	}
	assert_reply(query(61, "checkpoint", "{\"n\":5}"), "notfound",
	    "has no checkpoint 5");
	assert_reply(query(62, "checkpoint", "{}"), "notfound", "");
	rig_close();
}
END_TEST

static const struct proto_reply *
fork_of(uint64_t req, const char *run, uint64_t from, const char *key,
    const char *digest)
{
	struct proto m = {.type = PROTO_FORK};
	auto_buf b = {0};

	buf_init(&b, 64);
	put_json(&b, "{}");
	m.fork.req = req;
	m.fork.run = span_of(run);
	m.fork.from = from;
	m.fork.key = span_of(key);
	m.fork.digest = span_of(digest);
	m.fork.follow = 1;
	m.fork.input = buf_span(&b);
	say(&rig->gateway, &m);
	return reply_to(req);
}

/* From here on the rig's run is the fork that r tells of. */
static void
look_at_fork(const struct proto_reply *r, uint64_t req)
{
	assert_reply(r, "ok", "");
	ck_assert(!span_is(r->run, rig->run));
	snprintf(rig->run, sizeof(rig->run), "%.*s", SPAN_ARG(r->run));
	log_done(&rig->log);
	rig->req = req;
}

START_TEST(a_fork_does_anew_what_was_told_from_an_event_on)
{
	/* Which event; what happens next; the state's last event. */
	static const struct {
		uint64_t from;
		bool step;
		int turns, seq;
	} cases[] = {{1, false, 0, 1}, {3, false, 0, 1}, {4, true, 1, 3},
	    {6, true, 1, 3}, {7, false, 1, 6}, {8, false, 1, 6}};
	const struct proto_task *t;
	char first[64];

	rig_open(calm);
	short_run();
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(fork_of(7, first, cases[_i].from, NULL, NULL), 7);
	if (cases[_i].step)
		step(good_step, "other bytes");
	t = task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "why?"));
	ck_assert(span_is(wire_find_str(t->input, "id"), rig->run));
	ck_assert_int_eq(wire_find_int(t->input, "turns", 0), cases[_i].turns);
	answer(&rig->planner, t, finish, NULL);
	assert_finished("completed", "finish");
	ck_assert_str_eq(
	    tree_str(tree_at(event("started", 0), "forked_from"), "run"),
	    first);
	ck_assert_int_eq(
	    (int)tree_num(
		tree_at(event("started", 0), "forked_from"), "seq", 0),
	    cases[_i].seq);
	if (cases[_i].turns == 1)
		ck_assert(
		    span_is(query(70, "evidence", "{\"id\":\"E1\"}")->bytes,
			cases[_i].step ? "other bytes" : "the tool's bytes"));
	rig_close();
}
END_TEST

START_TEST(forks_are_refused_where_there_is_nothing_to_do_anew)
{
	rig_open(calm);
	short_run();
	assert_reply(
	    fork_of(2, rig->run, 0, NULL, NULL), "invalid", "numbered from 1");
	assert_reply(fork_of(3, rig->run, 11, NULL, NULL), "invalid",
	    "its last event is 11");
	assert_reply(fork_of(4, rig->run, 12, NULL, NULL), "invalid",
	    "its last event is 11");
	assert_reply(fork_of(5, "nobody", 1, NULL, NULL), "notfound",
	    "no investigation nobody");
	assert_reply(fork_of(6, "", 1, NULL, NULL), "invalid", "names the run");
	rig_close();
}
END_TEST

/* The plan being carried out is carried out in both, each for itself. */
START_TEST(a_run_under_way_can_be_forked)
{
	const struct proto_task *mine, *its;
	char first[64];

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	mine = task(&rig->executor);
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(fork_of(7, first, 4, NULL, NULL), 7);
	its = task(&rig->executor);
	ck_assert(span_is(its->run, rig->run));
	answer(&rig->executor, mine, good_step, "of the first");
	answer(&rig->executor, its, good_step, "of the fork");
	plan(finish);
	plan(finish);
	assert_finished("completed", "finish");
	ck_assert(span_is(
	    query(50, "evidence", "{\"id\":\"E1\"}")->bytes, "of the fork"));
	memcpy(rig->run, first, sizeof(first));
	ck_assert(span_is(
	    query(51, "evidence", "{\"id\":\"E1\"}")->bytes, "of the first"));
	log_done(&rig->log);
	follow(8, first, 0);
	rig->req = 8;
	assert_finished("completed", "finish");
	rig_close();
}
END_TEST

START_TEST(a_fork_finds_the_queue_as_full_as_a_request_does)
{
	static const char *const flags[] = {"--queue-max", "1", NULL};

	rig_open(flags);
	start_run();
	assert_reply(fork_of(2, rig->run, 1, NULL, NULL), "busy", "1");
	rig_close();
}
END_TEST

START_TEST(a_fork_is_a_run_with_a_key_and_survives_a_kill)
{
	char first[64], fork[64];
	const struct proto_reply *r;

	rig_open(calm);
	short_run();
	memcpy(first, rig->run, sizeof(first));
	look_at_fork(fork_of(7, first, 8, "key", "digest"), 7);
	memcpy(fork, rig->run, sizeof(fork));
	supervisor_restart(SIGKILL);
	r = fork_of(8, first, 8, "key", "digest");
	assert_reply(r, "ok", "");
	ck_assert(span_is(r->run, fork));
	rig->req = 8;
	assert_reply(fork_of(9, first, 3, "key", "another"), "conflict",
	    "Idempotency-Key");
	join_planner();
	join_executor();
	plan(finish);
	assert_finished("completed", "finish");
	ck_assert_int_eq(count("plan"), 1);
	/* A fork can be forked; its beginning is where it went on from. */
	look_at_fork(fork_of(10, fork, 1, NULL, NULL), 10);
	ck_assert_int_eq(
	    wire_find_int(task(&rig->planner)->input, "turns", 0), 1);
	cancel(11);
	assert_finished("cancelled", "cancelled");
	rig_close();
}
END_TEST

START_TEST(limits_are_remembered_over_restarts)
{
	int i;

	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	for (i = 0; i < 3; i++) {
		plan(execute);
		step(failed_step, NULL);
		if (i == 2)
			break;
		event("supervisor", i + 1);
		supervisor_restart(SIGKILL);
		follow(1, rig->run, (uint64_t)rig->log.n);
		join_planner();
		join_executor();
	}
	assert_finished("incomplete", "tool_failed");
	rig_close();
}
END_TEST

START_TEST(evidence_numbers_are_never_given_twice)
{
	rig_open(calm);
	join_planner();
	join_executor();
	start_run();
	plan(execute);
	step(good_step, "one");
	plan(execute);
	step(good_step, NULL);
	event("feedback", 1);
	event("supervisor", 2);
	supervisor_restart(SIGKILL);
	follow(1, rig->run, (uint64_t)rig->log.n);
	join_planner();
	join_executor();
	plan(execute);
	step(good_step, "three");
	ck_assert_str_eq(tree_str(event("evidence", 0), "id"), "E1");
	ck_assert_str_eq(tree_str(event("evidence", 1), "id"), "E3");
	rig_close();
}
END_TEST

START_TEST(readiness_says_who_is_missing)
{
	const struct proto *m;

	rig_open(calm);
	m = settle();
	ck_assert_uint_eq(m->status.ready, 0);
	ck_assert(span_is(m->status.reason, "no planner has joined"));
	join_planner();
	ck_assert(span_is(settle()->status.reason, "no executor has joined"));
	join_executor();
	m = settle();
	ck_assert_uint_eq(m->status.ready, 1);
	ck_assert_int_eq(wire_find_int(m->status.detail, "planners", 0), 1);
	rig_close();
}
END_TEST

START_TEST(interactive_runs_go_before_those_of_a_webhook)
{
	const struct proto_task *t;

	rig_open(calm);
	assert_reply(submit(1, "{\"input\":\"hook\",\"alerts\":[]}", NULL, NULL,
	    false), "ok", "");
	assert_reply(submit(2, "{\"input\":\"person\"}", NULL, NULL, false),
	    "ok", "");
	join_as(&rig->planner, "planner", "P", 1, "[]");
	t = task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "person"));
	rig_close();
}
END_TEST

START_TEST(tokens_reach_those_who_watch_and_are_kept_nowhere)
{
	struct proto m = {.type = PROTO_PROGRESS};
	const struct proto_task *t;
	const struct proto *got;
	auto_buf b = {0};

	rig_open(calm);
	join_planner();
	start_run();
	t = task(&rig->planner);
	event("supervisor", 0);
	buf_init(&b, 1024);
	put_json(&b, "{\"text\":\"tok\"}");
	m.progress.epoch = t->epoch;
	m.progress.run = t->run;
	m.progress.task = t->task;
	m.progress.attempt = t->attempt;
	m.progress.type = span_of("token");
	m.progress.data = buf_span(&b);
	say(&rig->planner, &m);
	got = next(&rig->gateway, PROTO_FLEETING);
	ck_assert(span_is(wire_find_str(got->fleeting.data, "text"), "tok"));
	m.progress.type = span_of("progress");
	say(&rig->planner, &m);
	ck_assert_str_eq(tree_str(event("progress", 0), "text"), "tok");
	ck_assert_int_eq(count("token"), 0);
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_run_goes_from_request_to_report, 0},
	    {what_was_kept_can_be_read_afterwards, 0},
	    {parallel_steps_are_joined_in_their_order, 0},
	    {a_step_that_is_refused_becomes_feedback, 0},
	    {a_tool_that_fails_three_times_in_a_row_ends_the_run, 0},
	    {the_eleventh_round_is_never_started, 0},
	    {a_planner_that_only_plans_comes_to_an_end, 0},
	    {a_planner_that_fails_ends_the_run_with_a_report,
		ARRAY_LEN(bad_plans)},
	    {what_is_no_feedback_counts_as_a_failure, 3},
	    {a_plan_too_deep_to_be_passed_on_fails_the_run, 0},
	    {feedback_too_deep_to_be_passed_on_counts_as_a_failure, 0},
	    {a_tool_name_cut_within_a_character_can_be_passed_on, 0},
	    {a_run_ends_at_its_deadline, 0},
	    {cancel_revokes_what_is_leased_and_ends_the_run, 0},
	    {a_late_outcome_is_acknowledged_and_dropped, 4},
	    {a_lease_that_lapses_is_given_to_another_attempt, 0},
	    {a_worker_that_closes_loses_its_tasks_at_the_next_word_to_it, 0},
	    {a_worker_that_says_hello_again_gets_its_tasks_anew, 0},
	    {a_hello_said_twice_or_late_voids_nothing, 0},
	    {who_renews_what_is_not_leased_to_it_is_told_to_stop, 0},
	    {who_follows_and_asks_again_is_told_what_is_new_or_that_nothing_is,
		0},
	    {a_leaving_worker_may_finish_and_gets_no_more, 0},
	    {a_worker_that_ends_gives_back_what_it_holds, 0},
	    {strangers_are_asked_who_they_are_and_false_hellos_refused, 0},
	    {the_same_key_gives_the_same_run_and_another_body_a_conflict, 0},
	    {a_full_queue_says_busy_but_known_keys_are_still_answered, 0},
	    {requests_that_make_no_sense_are_refused, 0},
	    {a_follower_is_read_the_past_and_then_the_present, 3},
	    {a_gateway_that_reads_late_still_gets_every_event, 0},
	    {a_run_that_cannot_be_read_ends_no_other, 0},
	    {nothing_finished_is_done_again_after_a_kill, 2},
	    {an_answer_that_was_received_is_not_asked_for_again, 2},
	    {checkpoints_are_tied_to_the_events_that_tell_of_them, 0},
	    {a_fork_does_anew_what_was_told_from_an_event_on, 6},
	    {forks_are_refused_where_there_is_nothing_to_do_anew, 0},
	    {a_run_under_way_can_be_forked, 0},
	    {a_fork_finds_the_queue_as_full_as_a_request_does, 0},
	    {a_fork_is_a_run_with_a_key_and_survives_a_kill, 0},
	    {limits_are_remembered_over_restarts, 0},
	    {evidence_numbers_are_never_given_twice, 0},
	    {readiness_says_who_is_missing, 0},
	    {interactive_runs_go_before_those_of_a_webhook, 0},
	    {tokens_reach_those_who_watch_and_are_kept_nowhere, 0},
	};

	return RUN_TESTS("supervisor", tests);
}
