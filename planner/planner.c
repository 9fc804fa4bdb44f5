/*
 * planner.c - the planner process: a state in, a plan or a report out.
 *
 * Invariant: every turn on the list belongs to one leased task; answering or
 * revoking the task ends the turn and takes it off.
 */
#include "planner/planner.h"
#include "planner/purse.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "common/agent/dial.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/wire/wire.h"
#include "common/agent/worker.h"

/* Answers of a turn that were not taken; with so many the rules plan it. */
enum { REFUSED_MAX = 2 };

struct way {
	const struct backend_ops *ops;
	struct backend *backend;
};

/* The turn that belongs to a task. */
struct leased {
	struct turn turn; /* first: a turn is its leased */
	LIST_ENTRY(leased) link;
	struct planner *planner;
	const struct way *way; /* in which it is planned */
	struct worker_task *task;
};

struct planner {
	struct way own, rules;
	struct worker *worker;
	struct purse *purse;
	LIST_HEAD(, leased) turns;
};

static void
leased_end(struct leased *l)
{
	purse_forget(l->planner->purse, l->task);
	LIST_REMOVE(l, link);
	free(l);
}

static void
on_answer(struct turn *t, struct span update)
{
	struct leased *l = (struct leased *)t;

	struct worker_task *task = l->task;
	struct planner *p = l->planner;

	FAILPOINT(turn_ends);
	leased_end(l);
	worker_done(p->worker, task, update, (struct span){"", 0}, "");
}

static void
on_token(struct turn *t, struct span text)
{
	struct leased *l = (struct leased *)t;
	auto_buf data = {0};

	buf_init(&data, text.n + 64);
	proto_put_said(&data, &(struct proto_said){.text = text});
	worker_progress(l->planner->worker, l->task, "token", buf_span(&data));
}

static void
on_reserve(struct turn *t, const struct turn_request *r)
{
	struct leased *l = (struct leased *)t;

	purse_reserve(l->planner->purse, l->task, r);
}

static void
on_settle(struct turn *t, const struct turn_usage *u)
{
	struct leased *l = (struct leased *)t;

	purse_settle(l->planner->purse, l->task, u);
}

static void
on_account(void *ctx, struct worker_task *task, const struct proto *m)
{
	struct planner *p = ctx;
	struct leased *l = task->user;
	const struct way *way = l->way;

	if (!purse_heard(p->purse, task, m) || way->ops->granted == NULL)
		return;
	if (m->type == PROTO_SETTLED) {
		way->ops->settled(
		    way->backend, &l->turn, m->settled.request);
	} else {
		auto_str why =
		    m->reserved.granted != 0
			? NULL
			: xstrndup(m->reserved.why.p, m->reserved.why.n);

		way->ops->granted(
		    way->backend, &l->turn, m->reserved.request, why);
	}
}

/* Told once what was wrong, it did wrong again. */
static const struct way *
way_for(const struct planner *p, struct span state)
{
	int64_t times = wire_find_int(wire_find(state, "refused"), "times", 0);

	if (times < REFUSED_MAX || p->own.ops == &backend_rules)
		return &p->own;
	log_often(LOG_LEVEL_WARN, "the rules take a turn that was refused",
	    "planner", p->own.ops->name, NULL);
	return &p->rules;
}

static void
on_task(void *ctx, struct worker_task *task)
{
	struct planner *p = ctx;
	struct leased *l = xcalloc(1, sizeof(*l));

	l->planner = p;
	l->way = way_for(p, task->input);
	l->task = task;
	l->turn = (struct turn){.state = task->input,
	    .deadline_ms = task->deadline_ms,
	    .answer = on_answer,
	    .token = on_token};
	if (worker_has_accounts(p->worker)) {
		l->turn.reserve = on_reserve;
		l->turn.settle = on_settle;
	}
	task->user = l;
	LIST_INSERT_HEAD(&p->turns, l, link);
	FAILPOINT(turn_begins);
	l->way->ops->plan(l->way->backend, &l->turn);
}

static void
cancel(struct leased *l)
{
	if (l->way->ops->cancel != NULL)
		l->way->ops->cancel(l->way->backend, &l->turn);
	leased_end(l);
}

static void
on_revoke(void *ctx UNUSED, struct worker_task *task)
{
	cancel(task->user);
}

static void
way_stop(struct way *w)
{
	if (w->backend != NULL)
		w->ops->stop(w->backend);
}

static void
planner_stop(void *state)
{
	struct planner *p = state;

	if (p == NULL)
		return;
	while (!LIST_EMPTY(&p->turns))
		cancel(LIST_FIRST(&p->turns));
	purse_free(p->purse);
	worker_free(p->worker);
	way_stop(&p->own);
	way_stop(&p->rules);
	free(p);
}

static enum rc
way_start(struct way *w, struct agent *a, struct err *err)
{
	return w->ops->start(agent_conf(a), agent_loop(a), &w->backend, err);
}

static enum rc
planner_start(struct agent *a, void **ret_state, struct err *err)
{
	const struct conf *conf = agent_conf(a);
	struct planner *p = xcalloc(1, sizeof(*p));
	struct worker_spec spec = {.role = "planner",
	    .on_task = on_task,
	    .on_revoke = on_revoke,
	    .on_account = on_account,
	    .ctx = p};
	enum rc rc = backend_find(conf, &p->own.ops, err);

	LIST_INIT(&p->turns);
	p->rules.ops = &backend_rules;
	if (rc == RC_OK)
		rc = way_start(&p->own, a, err);
	if (rc == RC_OK)
		rc = way_start(&p->rules, a, err);
	if (rc == RC_OK)
		rc = worker_new(a, &spec, &p->worker, err);
	if (rc != RC_OK) {
		planner_stop(p);
		return rc;
	}
	p->purse = purse_new(agent_loop(a), p->worker);
	log_info("ready to plan", "planner", p->own.ops->name, NULL);
	*ret_state = p;
	return RC_OK;
}

static void
planner_drain(void *state)
{
	struct planner *p = state;

	worker_drain(p->worker);
}

static bool
planner_is_well(const void *state)
{
	const struct planner *p = state;

	return worker_is_well(p->worker);
}

static enum rc
planner_check(const struct conf *conf, struct err *err)
{
	const struct backend_ops *ops;
	struct backend *backend;
	enum rc rc = backend_find(conf, &ops, err);

	if (rc == RC_OK)
		rc = ops->start(conf, NULL, &backend, err);
	if (rc == RC_OK)
		ops->stop(backend);
	if (rc == RC_OK)
		rc = dial_check(conf, conf->back, err);
	if (rc == RC_OK && ops->check != NULL)
		rc = ops->check(conf, stdout, err);
	return rc;
}

const struct agent_spec planner_spec = {
    .name = "planner",
    .what = "plans what an investigation looks at, and writes its report",
    .who = CONF_PLANNER,
    .start = planner_start,
    .drain = planner_drain,
    .is_well = planner_is_well,
    .stop = planner_stop,
    .check = planner_check,
    .once = planner_once,
};
