/*
 * finish.c - how a run ends: a report, a verdict on it, one last event.
 *
 * Every run ends here, in one transaction, whatever ended it; so there is
 * exactly one `finished` and never a run without a report. Where making the
 * report takes long, that it ends and how is written down before.
 */
#include "supervisor/run/finish.h"

#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/report/deliver.h"
#include "common/wire/wire.h"
#include "supervisor/run/find.h"
#include "supervisor/run/judge.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/letters.h"

static enum report_lang
lang_of(const struct run *r)
{
	return report_lang(state_str(r->state, "language"));
}

/* Why it ended, for a person; empty for a run that went its way. */
static void
say_why(struct run *r, enum ending e)
{
	static const char *const texts[ENDING_COUNT] = {
	    [ENDING_DIED] = "the supervisor died at it, and in each recovery",
	    [ENDING_CANCELLED] = "it was cancelled",
	    [ENDING_PLANNER] = "the planner failed",
	    [ENDING_DEADLINE] = "its time was up",
	    [ENDING_TOOL] = "the same tool failed 3 times in a row",
	    [ENDING_ROUNDS] = "10 rounds brought no conclusion",
	    [ENDING_TURNS] = "the planner came to no decision",
	    [ENDING_NO_EXECUTOR] =
		"no executor was there in its time, so nobody could look",
	    [ENDING_NO_PLANNER] =
		"no planner was there in its time, so nobody could plan",
	};
	struct span unread = utf8_cut(run_unread(r), sizeof(r->reason) - 1);

	if (e == ENDING_UNREAD)
		snprintf(r->reason, sizeof(r->reason), "%.*s",
		    SPAN_ARG(unread));
	if (r->reason[0] == '\0' && texts[e] != NULL)
		snprintf(r->reason, sizeof(r->reason), "%s", texts[e]);
}

static struct span
confidence_of(const struct run *r, enum ending e)
{
	struct span c =
	    wire_find_str(state_get(r->state, "conclusion"), "confidence");

	if (e != ENDING_FINISH || c.n == 0)
		return span_of(report_confidence_name(REPORT_UNDETERMINED));
	return c;
}

static void
last_update(struct run *r, enum ending e, struct span report,
    struct span verdict, struct buf *b)
{
	wire_put_map(b, 5);
	run_put_seq(r, b, 1);
	wire_put_str(b, "final_report");
	wire_put_span(b, report);
	wire_put_str(b, "verdict");
	wire_put_raw(b, verdict);
	wire_put_str(b, "status");
	wire_put_str(b, ending_status(e));
	wire_put_str(b, "reason");
	wire_put_str(b, r->reason);
}

static void
emit_report(struct supervisor *s, struct run *r, enum ending e,
    struct span report, struct span verdict)
{
	auto_buf b = {0};

	buf_init(&b, STATE_BYTES_MAX * 2);
	wire_put_map(&b, 4);
	wire_put_str(&b, "markdown");
	wire_put_span(&b, report);
	wire_put_str(&b, "language");
	wire_put_span(&b, state_str(r->state, "language"));
	wire_put_str(&b, "confidence");
	wire_put_span(&b, confidence_of(r, e));
	wire_put_str(&b, "verdict");
	wire_put_raw(&b, verdict);
	ledger_emit(s, r, "report", &b);
}

static void
emit_finished(struct supervisor *s, struct run *r, enum ending e)
{
	auto_buf b = {0};

	buf_init(&b, 4096);
	wire_put_map(&b, 5);
	wire_put_str(&b, "status");
	wire_put_str(&b, ending_status(e));
	wire_put_str(&b, "reason");
	wire_put_str(&b, r->reason);
	wire_put_str(&b, "ended_by");
	wire_put_str(&b, ending_name(e));
	wire_put_str(&b, "iteration");
	wire_put_int(&b, r->iteration);
	wire_put_str(&b, "ms");
	wire_put_int(&b, clk_mono_ms() - r->started_mono_ms);
	ledger_emit(s, r, "finished", &b);
}

static void
write_end(struct supervisor *s, struct run *r, enum ending e)
{
	struct store_run row = {
	    .row = r->row,
	    .id = span_of(r->id),
	    .status = span_of(ending_status(e)),
	    .reason = span_of(r->reason),
	    .confidence = confidence_of(r, e),
	    .node = span_of(node_name(NODE_END)),
	    .finished_ms = clk_wall_ms(),
	    .deadline_ms = r->deadline_ms,
	    .iteration = r->iteration,
	    .turns = r->turns,
	    .next_task = r->next_task,
	    .next_update = r->next_update,
	    .last_seq = r->last_seq,
	    .recoveries = r->recoveries,
	};
	struct err err;

	r->status = ending_status(e);
	if (ledger_good(s, s->ops->task_clear(s->store, r->row, &err), &err))
		ledger_good(s, s->ops->run_update(s->store, &row, &err), &err);
}

/* What a reader gets in the place of a report that nobody could read back.
 * The ending: only a planner's own report can turn it into a failure. */
static enum ending
give_up_report(struct run *r, enum ending e, const char *why,
    struct buf *report, struct buf *verdict)
{
	if (e == ENDING_FINISH || e == ENDING_UNREAD) {
		run_fail(r, "the report does not fit: ", why);
		e = ENDING_PLANNER;
	}
	buf_reset(report);
	buf_reset(verdict);
	deliver_report(report, verdict,
	    &(struct deliver_in){.lang = lang_of(r),
		.stop = e == ENDING_PLANNER ? r->reason : ending_name(e)});
	return e;
}

/* The run's last update; its ending, should the report not fit. */
static enum ending
fold_last(struct run *r, enum ending e, struct buf *report,
    struct buf *verdict, struct buf *update)
{
	struct err err;

	if (buf_check(report, "it", &err) == RC_OK &&
	    buf_check(verdict, "its verdict", &err) == RC_OK) {
		last_update(
		    r, e, buf_span(report), buf_span(verdict), update);
		if (state_fold(r->state, buf_span(update), &err) == RC_OK)
			return e;
	}
	e = give_up_report(r, e, err.text, report, verdict);
	buf_reset(update);
	last_update(r, e, buf_span(report), buf_span(verdict), update);
	return e;
}

/* All of its end, in the batch that is open. */
static void
write_all(struct supervisor *s, struct run *r, enum ending e,
    struct buf *report, struct buf *verdict)
{
	auto_buf update = {.max = (size_t)STATE_BYTES_MAX * 2};
	struct err err;

	if (r->given_up == ENDING_NONE)
		FAILPOINT(finish_begins);
	e = fold_last(r, e, report, verdict, &update);
	ledger_good(s,
	    s->ops->update_insert(s->store, r->row, r->next_update++,
		span_of(node_name(NODE_END)), buf_span(&update), &err),
	    &err);
	FAILPOINT(finish_applied);
	emit_report(s, r, e, buf_span(report), buf_span(verdict));
	emit_finished(s, r, e);
	FAILPOINT(finish_told);
	r->node = NODE_END;
	r->ended = true;
	write_end(s, r, e);
	letters_write(s, r);
	find_keep(s, r);
	FAILPOINT(finish_done);
	run_clear_tasks(r);
	TAILQ_REMOVE(&s->runs, r, all);
	TAILQ_INSERT_TAIL(&s->ended, r, all);
	s->n_runs--;
	s->n_ended[e]++;
	log_info("investigation ended", "run", r->id, "status",
	    ending_status(e), "by", ending_name(e), "reason",
	    r->reason[0] != '\0' ? r->reason : NULL, NULL);
}

static void
on_judged(struct supervisor *s, struct judged *j)
{
	if (s->broken)
		return;
	s->turn_begin(s);
	supervisor_at_work(s, j->run);
	write_all(s, j->run, j->ending, &j->report, &j->verdict);
	s->turn_end(s);
}

/* How a run ends is settled before its report is made: the next supervisor
 * makes it, should this one not get so far. */
static void
write_ending(struct supervisor *s, struct run *r, enum ending e)
{
	struct store_task row = {
	    .task = (uint64_t)r->next_task++,
	    .node = span_of(node_name(NODE_END)),
	    .worker = span_of(ending_name(e)),
	    .state = span_of(task_state_name(TASK_LEASED)),
	    .class = span_of(tool_class_name(TOOL_READ)),
	};
	struct err err;

	r->node = NODE_END;
	r->status = ending_status(e);
	ledger_good(s, s->ops->task_put(s->store, r->row, &row, &err), &err);
	ledger_dirty(s, r);
}

void
finish_now(struct supervisor *s, struct run *r, enum ending e)
{
	auto_buf report = {0}, verdict = {0};

	judge_buffers(&report, &verdict);
	say_why(r, e);
	judge_now(s, r, e, &report, &verdict);
	write_all(s, r, e, &report, &verdict);
}

void
finish_run(struct supervisor *s, struct run *r, enum ending e)
{
	struct err err;

	say_why(r, e);
	if (judge_is_long(r) &&
	    judge_begin(s, r, e, on_judged, &err) == RC_OK)
		write_ending(s, r, e);
	else
		finish_now(s, r, e);
}
