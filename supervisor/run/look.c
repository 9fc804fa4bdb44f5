/*
 * look.c - `read_evidence`, answered by the supervisor itself.
 *
 * Invariant: a step that is on a thread is LEASED to nobody, for good; when
 * the thread has ended it is looked for anew, since its run may have ended
 * meanwhile.
 */
#include "supervisor/run/look.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/json/tree.h"
#include "common/report/evidence_id.h"
#include "common/report/tool_role.h"
#include "common/wire/wire.h"
#include "supervisor/run/excerpt.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/lookup.h"
#include "supervisor/run/step.h"

const char look_tool[] =
    "{\"name\":\"" TOOL_READ_EVIDENCE "\",\"role\":\"evidence\",\"class\":"
    "\"READ\",\"what\":\"A part of evidence already here, where its summary "
    "left something out: one of lines, bytes, text, path; else its "
    "beginning.\",\"args\":{\"type\":\"object\",\"required\":[\"evidence\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"evidence\":{\"type\":\"string\",\"description\":\"e.g. E3\","
    "\"maxLength\":20},"
    "\"lines\":{\"type\":\"string\",\"description\":\"FROM-TO\","
    "\"maxLength\":40},"
    "\"bytes\":{\"type\":\"string\",\"description\":\"FROM-TO\","
    "\"maxLength\":40},"
    "\"text\":{\"type\":\"string\",\"description\":\"where it holds this\","
    "\"maxLength\":200},"
    "\"path\":{\"type\":\"string\",\"description\":"
    "\"data.result[0].metric\",\"maxLength\":200}}}}";

/* One look, on the loop or beside it. */
struct look {
	struct supervisor *s;
	char run[STORE_ID_MAX + 1];
	uint64_t task, attempt;
	int64_t number; /* of the evidence */
	int64_t began_ms;
	cJSON *args;
	struct buf whole;
	struct excerpt excerpt;
	enum rc rc;
	struct err err;
};

static void
look_free(void *arg)
{
	struct look *l = arg;

	cJSON_Delete(l->args);
	buf_done(&l->whole);
	excerpt_done(&l->excerpt);
	free(l);
}

static void
take_bytes(void *look, const struct store_evidence *e)
{
	struct look *l = look;

	buf_add_span(&l->whole, e->bytes);
}

/* The bytes of what is to be looked into. */
static enum rc
fetch(struct look *l, const struct task *t)
{
	struct supervisor *s = l->s;
	const char *id = tree_str(l->args, "evidence");
	enum rc rc = RC_NOTFOUND;

	buf_init(&l->whole, STORE_BYTES_MAX);
	if (evidence_id_parse(span_of(id), &l->number) &&
	    l->number < t->run->next_evidence)
		rc = s->ops->evidence_written(
		    s->store, t->run->row, l->number, take_bytes, l, &l->err);
	if (rc == RC_NOTFOUND)
		return err_set(&l->err, rc,
		    "this investigation has no evidence \"%.20s\"; they are "
		    "called E1, E2 and so on, as they stand beside the "
		    "results",
		    id);
	return rc;
}

/* ---- what is told ---- */

static void
put_data(struct buf *b, const struct look *l)
{
	char id[EVIDENCE_ID_TEXT];
	bool hits = l->excerpt.hits >= 0;

	wire_put_map(b, 4 + hits);
	wire_put_str(b, "evidence");
	wire_put_str(b, evidence_id_print(l->number, id));
	wire_put_str(b, "bytes");
	wire_put_u64(b, l->whole.len);
	wire_put_str(b, "more");
	wire_put_bool(b, l->excerpt.more);
	wire_put_str(b, "part");
	wire_put_span(b, buf_span(&l->excerpt.part));
	if (!hits)
		return;
	wire_put_str(b, "hits");
	wire_put_int(b, l->excerpt.hits);
}

static void
put_feedback(struct buf *b, const struct look *l, const struct plan_step *step)
{
	char id[EVIDENCE_ID_TEXT];
	auto_str query = xasprintf(
	    "%s, %s", evidence_id_print(l->number, id), l->excerpt.what);
	auto_str summary = xasprintf(
	    "%s%s.", query, l->excerpt.more ? "; there is more of it" : "");
	auto_buf data = {.max = 4 * EXCERPT_BYTES_MAX};

	put_data(&data, l);
	proto_put_feedback(
	    b, &(struct proto_feedback){.status = span_of("SUCCESS"),
		   .tool = step->tool,
		   .step = step->step,
		   .args = step->args,
		   .query = span_of(query),
		   .summary = span_of(summary),
		   .ms = (uint64_t)(clk_mono_ms() - l->began_ms),
		   .data = buf_span(&data),
		   .role = span_of(tool_role_name(TOOL_ROLE_EVIDENCE))});
}

static void
tell(const struct look *l, struct task *t)
{
	static const struct buf no_evidence = {0};
	auto_buf fb = {.max = STATE_PLAN_BYTES};

	t->cites = l->number;
	put_feedback(&fb, l, &t->run->plan.steps[t->index]);
	step_done(l->s, t, TASK_DONE, buf_span(&fb), &no_evidence);
}

static void
finish(struct look *l, struct task *t)
{
	if (l->rc == RC_OK)
		tell(l, t);
	else
		step_refuse(l->s, t, &l->err);
}

/* ---- on a thread ---- */

static void
work(void *arg, struct offload *o UNUSED, const atomic_bool *cancelled UNUSED)
{
	struct look *l = arg;

	l->rc =
	    excerpt_make(buf_span(&l->whole), l->args, &l->excerpt, &l->err);
}

static void
on_done(void *arg)
{
	struct look *l = arg;
	struct supervisor *s = l->s;
	struct run *r;
	struct task *t;

	if (s->broken)
		return;
	s->turn_begin(s);
	r = lookup_run(s, span_of(l->run));
	t = r != NULL && !r->ended ? run_find_task(r, l->task) : NULL;
	if (t != NULL && t->state == TASK_LEASED && t->attempt == l->attempt) {
		supervisor_at_work(s, r);
		finish(l, t);
	}
	s->turn_end(s);
}

static enum rc
look_beside(struct look *l)
{
	struct offload_spec spec = {
	    .work = work, .done = on_done, .free = look_free, .arg = l};
	struct offload *started;

	return offload_start(l->s->threads, &spec, &started, &l->err);
}

/* ---- all of it ---- */

static struct look *
look_new(struct supervisor *s, const struct task *t)
{
	struct look *l = xcalloc(1, sizeof(*l));

	l->s = s;
	snprintf(l->run, sizeof(l->run), "%s", t->run->id);
	l->task = t->number;
	l->attempt = t->attempt;
	l->began_ms = clk_mono_ms();
	l->args = wire_to_tree(t->run->plan.steps[t->index].args);
	return l;
}

static void
look_into(struct supervisor *s, struct task *t)
{
	struct look *l;

	supervisor_at_work(s, t->run);
	step_release(s, t);
	t->state = TASK_LEASED;
	t->attempt++;
	snprintf(t->worker_name, sizeof(t->worker_name), "supervisor");
	t->lease_until_ms = INT64_MAX;
	t->dirty = true;
	ledger_dirty(s, t->run);
	step_started(s, t);
	l = look_new(s, t);
	l->rc = fetch(l, t);
	if (l->rc == RC_OK && l->whole.len > LOOK_BYTES_INLINE &&
	    look_beside(l) == RC_OK)
		return;
	if (l->rc == RC_OK)
		work(l, NULL, NULL);
	finish(l, t);
	look_free(l);
}

void
look_all(struct supervisor *s)
{
	struct task *t;

	while ((t = TAILQ_FIRST(&s->looks)) != NULL)
		look_into(s, t);
}
