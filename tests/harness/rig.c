/* rig.c - the real supervisor among peers that a test leads. */
#include "tests/harness/rig.h"

#include "common/wire/wire.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

enum { LIMIT_MS = AWAIT_MS };

struct rig *rig;

const char *const rig_calm[] = {"--lease-ms", "600000", NULL};

static const char tools[] =
    "[{\"name\":\"echo\",\"what\":\"says\",\"class\":\"READ\",\"args\":{"
    "\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}}},"
    "{\"name\":\"other\",\"what\":\"o\",\"class\":\"IDEMPOTENT\","
    "\"args\":{\"type\":\"object\"}}]";

/* ---- its life ---- */

static void
spawn(void)
{
	auto_str path = program("culprit-supervisor");
	const char *argv[4 + RIG_FLAGS_MAX] = {path, "--data-dir", rig->dir};
	struct proc_spec spec = {
	    .argv = argv, .dir = rig->dir, .name = "supervisor"};
	int i;

	for (i = 0; rig->flags[i] != NULL; i++)
		argv[3 + i] = rig->flags[i];
	rig->supervisor = proc_start(&spec);
}

static void
start(void)
{
	spawn();
	rig_settle();
}

void
rig_open(const char *const *flags)
{
	int i;

	rig = xcalloc(1, sizeof(*rig));
	zsys_handler_set(NULL);
	rig->dir = scratch_new();
	rig->loop = zloop_new();
	for (i = 0; flags[i] != NULL; i++) {
		ck_assert_int_lt(i, RIG_FLAGS_MAX - 1);
		rig->flags[i] = flags[i];
	}
	peer_open(&rig->gateway, rig->loop, rig->dir, "front");
	start();
}

void
rig_close(void)
{
	int status;

	rig_settle();
	rig_log_read(&rig->log, rig->req);
	assert_numbered(&rig->log, 1);
	proc_signal(rig->supervisor, SIGTERM);
	status = proc_wait(rig->supervisor, LIMIT_MS);
	if (status != 0) {
		auto_str err = proc_err(rig->supervisor);

		ck_abort_msg("the supervisor ended with %d:\n%s", status, err);
	}
	proc_free(rig->supervisor);
	rig_log_done(&rig->log);
	peer_close(&rig->gateway);
	peer_close(&rig->planner);
	peer_close(&rig->executor);
	peer_close(&rig->second);
	zloop_destroy(&rig->loop);
	scratch_free(rig->dir);
	free(rig);
}

static void
stop(int how)
{
	proc_signal(rig->supervisor, how);
	ck_assert_int_ne(proc_wait(rig->supervisor, LIMIT_MS), -1);
	proc_free(rig->supervisor);
}

void
rig_restart(int how)
{
	stop(how);
	start();
}

void
rig_restart_upon(void (*work)(const char *dir))
{
	stop(SIGTERM);
	work(rig->dir);
	start();
}

void
rig_restart_to_die(const char *failpoint)
{
	stop(SIGKILL);
	setenv("CULPRIT_FAILPOINT", failpoint, 1);
	spawn();
	unsetenv("CULPRIT_FAILPOINT");
	ck_assert_int_eq(proc_wait(rig->supervisor, LIMIT_MS), 128 + SIGKILL);
}

/* ---- the conversation ---- */

static void
nothing_came(const char *what)
{
	auto_str err = proc_err(rig->supervisor);

	ck_abort_msg("no %s came; the supervisor said:\n%s", what,
	    text_tail(err));
}

const struct proto *
rig_next(struct peer *p, enum proto_type type)
{
	const struct proto *m = peer_next(p, type, LIMIT_MS);

	if (m == NULL)
		nothing_came(proto_name(type));
	return m;
}

static const struct proto *
ask_status(void)
{
	struct proto m = {.type = PROTO_ATTACH};

	while (peer_has(&rig->gateway, PROTO_STATUS))
		rig_next(&rig->gateway, PROTO_STATUS);
	peer_say(&rig->gateway, &m);
	return rig_next(&rig->gateway, PROTO_STATUS);
}

/* Events leave after the other messages of their turn: hence the second
 * question. */
const struct proto *
rig_settle(void)
{
	ask_status();
	return ask_status();
}

void
rig_settle_worker(struct peer *p)
{
	if (!peer_renew(p, LIMIT_MS))
		nothing_came("RENEWED");
}

void
rig_join(struct peer *p, const char *role, const char *name, uint64_t capacity,
    const char *catalogue)
{
	const struct peer_worker w = {role, name, capacity, catalogue};

	if (p->bus == NULL)
		peer_open(p, rig->loop, rig->dir, "back");
	if (!peer_hello(p, &w, LIMIT_MS, LIMIT_MS))
		nothing_came("WELCOME");
}

void
rig_join_planner(void)
{
	rig_join(&rig->planner, "planner", "P", 8, "[]");
}

void
rig_join_executor(void)
{
	rig_join(&rig->executor, "executor", "X", 8, tools);
}

const struct proto_task *
rig_task(struct peer *p)
{
	return &rig_next(p, PROTO_TASK)->task;
}

void
rig_plan(const char *update)
{
	peer_answer(&rig->planner, rig_task(&rig->planner), update, NULL);
	rig_next(&rig->planner, PROTO_ACK);
}

void
rig_step(const char *update, const char *evidence)
{
	peer_answer(&rig->executor, rig_task(&rig->executor), update, evidence);
	rig_next(&rig->executor, PROTO_ACK);
}

/* ---- what the gateway asks ---- */

const struct proto_reply *
rig_reply(uint64_t req)
{
	const struct proto *m = rig_next(&rig->gateway, PROTO_REPLY);

	ck_assert_uint_eq(m->reply.req, req);
	return &m->reply;
}

const struct proto_reply *
rig_submit(uint64_t req, const char *input, const char *key, const char *digest,
    bool follow)
{
	struct proto m = {.type = PROTO_SUBMIT};
	auto_buf b = {.max = 1 << 20};

	peer_put_json(&b, input);
	m.submit.req = req;
	m.submit.input = buf_span(&b);
	m.submit.key = span_of(key);
	m.submit.digest = span_of(digest);
	m.submit.follow = follow;
	peer_say(&rig->gateway, &m);
	return rig_reply(req);
}

void
rig_start_run(void)
{
	const struct proto_reply *r =
	    rig_submit(1, "{\"input\":\"why?\"}", NULL, NULL, true);

	assert_reply(r, "ok", "");
	snprintf(rig->run, sizeof(rig->run), "%.*s", SPAN_ARG(r->run));
	rig->req = 1;
}

void
rig_cancel(uint64_t req)
{
	struct proto m = {.type = PROTO_CANCEL};

	m.cancel.req = req;
	m.cancel.run = span_of(rig->run);
	peer_say(&rig->gateway, &m);
}

const struct proto_reply *
rig_query(uint64_t req, const char *what, const char *args)
{
	struct proto m = {.type = PROTO_QUERY};
	auto_buf b = {.max = 4096};

	peer_put_json(&b, args);
	m.query.req = req;
	m.query.what = span_of(what);
	m.query.run = span_of(rig->run);
	m.query.args = buf_span(&b);
	peer_say(&rig->gateway, &m);
	return rig_reply(req);
}

void
rig_follow(uint64_t req, const char *run, uint64_t after)
{
	struct proto m = {.type = PROTO_FOLLOW};

	m.follow.req = req;
	m.follow.run = span_of(run);
	m.follow.after = after;
	peer_say(&rig->gateway, &m);
}

void
assert_reply(const struct proto_reply *r, const char *rc, const char *says)
{
	auto_str text = xstrndup(r->text.p, r->text.n);

	ck_assert_msg(
	    span_is(r->rc, rc), "%.*s, not %s: %s", SPAN_ARG(r->rc), rc, text);
	assert_contains(text, says);
}

/* ---- events ---- */

static void
log_take(struct rig_log *l, const struct proto_events *m)
{
	struct wire_r r = wire_reader(m->list);
	uint32_t n;

	ck_assert(span_is(m->run, rig->run));
	ck_assert_msg(!l->last, "events after the last");
	for (n = wire_array(&r); n > 0; n--) {
		struct rig_event *e = &l->e[l->n++];
		struct span type;

		ck_assert_int_lt(l->n, RIG_EVENTS_MAX);
		ck_assert_uint_eq(wire_array(&r), 3);
		e->seq = wire_int(&r);
		type = wire_str(&r);
		snprintf(e->type, sizeof(e->type), "%.*s", SPAN_ARG(type));
		e->data = wire_to_tree(wire_raw(&r));
	}
	ck_assert(!r.bad && r.p == r.end);
	l->last = m->last != 0;
}

void
rig_log_read(struct rig_log *l, uint64_t req)
{
	struct peer *p = &rig->gateway;
	int i;

	for (i = 0; i < p->n; i++) {
		struct peer_mail *m = &p->mail[i];

		if (m->read || m->msg.type != PROTO_EVENTS ||
		    m->msg.events.req != req)
			continue;
		m->read = true;
		log_take(l, &m->msg.events);
	}
}

void
rig_log_done(struct rig_log *l)
{
	while (l->n > 0)
		cJSON_Delete(l->e[--l->n].data);
	l->last = false;
}

static const struct rig_event *
log_find(const struct rig_log *l, const char *type, int nth)
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
};

static bool
has_event(void *arg)
{
	const struct event_wish *w = arg;

	rig_log_read(&rig->log, rig->req);
	return log_find(&rig->log, w->type, w->nth) != NULL;
}

bool
rig_await_event(const char *type, int nth, int limit_ms)
{
	struct event_wish w = {type, nth};

	return loop_until_cond(rig->loop, has_event, &w, limit_ms);
}

const cJSON *
rig_event(const char *type, int nth)
{
	if (!rig_await_event(type, nth, LIMIT_MS))
		nothing_came(type);
	return log_find(&rig->log, type, nth)->data;
}

int
rig_count(const char *type)
{
	int n = 0;

	while (log_find(&rig->log, type, n) != NULL)
		n++;
	return n;
}

void
assert_numbered(const struct rig_log *l, int64_t first)
{
	int i;

	for (i = 0; i < l->n; i++) {
		ck_assert_int_eq(l->e[i].seq, first + i);
		if (strcmp(l->e[i].type, "finished") == 0)
			ck_assert_int_eq(i, l->n - 1);
	}
}

void
assert_finished(const char *status, const char *by)
{
	const cJSON *e = rig_event("finished", 0);

	ck_assert_str_eq(tree_str(e, "status"), status);
	ck_assert_str_eq(tree_str(e, "ended_by"), by);
	ck_assert_int_eq(rig_count("finished"), 1);
	ck_assert_int_eq(rig_count("report"), 1);
	ck_assert(tree_has(log_find(&rig->log, "report", 0)->data, "markdown"));
	ck_assert(rig->log.last);
}
