/*
 * main.c - culprit-supervisor: owns every run, and the store.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "supervisor/store/audit.h"
#include "supervisor/doors/calls.h"
#include "supervisor/doors/doors.h"
#include "supervisor/run/budget.h"
#include "supervisor/run/follow.h"
#include "supervisor/run/incident.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/letters.h"
#include "supervisor/run/look.h"
#include "supervisor/run/recover.h"
#include "supervisor/run/step.h"
#include "supervisor/doors/turn.h"

/* Whoever starts it waits for its first run. */
enum { KEEP_FIRST_MS = 1000 };

static void
supervisor_stop(void *state)
{
	struct supervisor *s = state;
	struct run *r;
	int i;

	offload_pool_free(s->threads);
	/* What is durable has been said, or is known to the next one. */
	TAILQ_FOREACH(r, &s->runs, all)
	for (i = 0; i < r->n_tasks; i++)
		step_release(s, &r->tasks[i]);
	doors_close(s);
	follow_end_all(s);
	while ((r = TAILQ_FIRST(&s->runs)) != NULL) {
		TAILQ_REMOVE(&s->runs, r, all);
		run_free(r);
	}
	while ((r = TAILQ_FIRST(&s->ended)) != NULL) {
		TAILQ_REMOVE(&s->ended, r, all);
		run_free(r);
	}
	calls_free(s->calls);
	registry_free(s->workers);
	windows_free(s->windows);
	incidents_free(s->incidents);
	letters_free(s->letters);
	zhash_destroy(&s->by_id);
	ledger_silence(s);
	outbox_done(&s->outbox);
	blame_close(s->blame);
	budget_free(s->budget);
	if (s->store != NULL)
		s->ops->close(s->store);
	free(s);
}

static struct supervisor *
supervisor_new(struct agent *a)
{
	struct supervisor *s = xcalloc(1, sizeof(*s));
	int n;

	s->agent = a;
	s->ops = &store_sqlite;
	s->threads = offload_pool_new(agent_loop(a));
	s->turn_begin = turn_begin;
	s->turn_end = turn_end;
	s->workers = registry_new();
	s->calls = calls_new();
	s->windows = windows_new();
	s->incidents = incidents_new();
	s->letters = letters_new();
	s->by_id = zhash_new();
	s->lease_ms = agent_conf(a)->lease_ms;
	s->keep_ms = clk_mono_ms() + KEEP_FIRST_MS;
	STAILQ_INIT(&s->speeches);
	TAILQ_INIT(&s->runs);
	TAILQ_INIT(&s->dirty);
	TAILQ_INIT(&s->settling);
	TAILQ_INIT(&s->ended);
	TAILQ_INIT(&s->behind);
	for (n = 0; n < NODE_COUNT; n++) {
		TAILQ_INIT(&s->queue[n][0]);
		TAILQ_INIT(&s->queue[n][1]);
		TAILQ_INIT(&s->suspects[n]);
	}
	TAILQ_INIT(&s->looks);
	registry_offer(s->workers, look_tool);
	outbox_init(&s->outbox);
	return s;
}

/* The run that the one before died at, by its row; 0: at none. */
static int64_t
find_blame(struct supervisor *s)
{
	auto_str path =
	    xasprintf("%s/at_work", agent_conf(s->agent)->data_dir);
	int64_t row = 0;
	struct err err;

	if (blame_open(path, s->epoch, &s->blame, &row, &err) != RC_OK)
		log_warn("should this process die at a run, nobody will know "
			 "at which",
		    "reason", err.text, NULL);
	return row;
}

static enum rc
supervisor_start(struct agent *a, void **ret_state, struct err *err)
{
	auto_str path = xasprintf("%s/culprit.db", agent_conf(a)->data_dir);
	struct supervisor *s = supervisor_new(a);
	zmq_pollitem_t settled = {.events = ZMQ_POLLIN};
	enum rc rc = RC_OK;

	if (sodium_init() < 0)
		rc = err_set(err, RC_IO, "no random numbers to be had");
	if (rc == RC_OK)
		rc = graph_validate(&graph_main, err);
	if (rc == RC_OK)
		rc = s->ops->open(path, &s->store, &s->epoch, err);
	if (rc == RC_OK)
		rc = incidents_load(s, err);
	if (rc == RC_OK)
		rc = letters_load(s, err);
	if (rc == RC_OK)
		rc = budget_open(
		    agent_conf(a), s->ops, s->store, &s->budget, err);
	if (rc == RC_OK)
		rc = doors_open(s, err);
	FAILPOINT(supervisor_listens);
	if (rc == RC_OK)
		rc = recover_runs(s, find_blame(s), err);
	if (rc != RC_OK) {
		supervisor_stop(s);
		return rc;
	}
	s->ticked_ms = clk_mono_ms();
	settled.fd = s->ops->fd(s->store);
	zloop_poller(agent_loop(a), &settled, turn_settled, s);
	zloop_timer(agent_loop(a), TURN_TICK_MS, 0, turn_tick, s);
	turn_end(s);
	FAILPOINT(supervisor_started);
	*ret_state = s;
	return RC_OK;
}

/* Everything accepted is committed already: there is nothing to wait for but
 * the turn under way, and UNSAFE steps, whose outcome would not be known. */
static void
supervisor_drain(void *state)
{
	struct supervisor *s = state;

	FAILPOINT(supervisor_drains);
	s->draining = true;
	turn_end(s);
}

static enum rc
supervisor_check(const struct conf *conf, struct err *err)
{
	enum rc rc = graph_validate(&graph_main, err);

	if (rc == RC_OK)
		rc = audit_look(conf, err);
	if (rc == RC_OK)
		rc = letters_check(conf, err);
	if (rc == RC_OK)
		rc = budget_check(conf, err);
	return rc == RC_OK ? doors_check(conf, err) : rc;
}

static bool
supervisor_extra(const struct conf *conf, int *ret_status)
{
	if (strcmp(conf->args[0], "--verify") == 0) {
		*ret_status =
		    audit_main(conf, conf->n_args > 1 ? conf->args[1] : "");
		return true;
	}
	if (strcmp(conf->args[0], "--graph") != 0)
		return false;
	graph_mermaid(&graph_main, stdout);
	*ret_status = EXIT_SUCCESS;
	return true;
}

int
main(int argc, char **argv)
{
	static const struct agent_spec supervisor = {
	    .name = "supervisor",
	    .what = "owns every investigation: graph, limits, store; "
		    "--graph prints the state graph as Mermaid,\n"
		    "--verify [ID] holds the store against its chains",
	    .who = CONF_SUPERVISOR,
	    .start = supervisor_start,
	    .drain = supervisor_drain,
	    .stop = supervisor_stop,
	    .check = supervisor_check,
	    .extra = supervisor_extra,
	};

	return agent_main(argc, argv, &supervisor);
}
