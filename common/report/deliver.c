/*
 * deliver.c - the report that readers get.
 */
#include "common/report/deliver.h"

#include "common/json/tree.h"
#include "common/wire/wire.h"

/* From the conclusion as the verdict marked it. */
static void
render(struct buf *b, const struct deliver_in *in, const struct verdict *v)
{
	AUTO(tree) tree = NULL;
	const cJSON *conclusion = verdict_conclusion(v);
	const char *stop = in->stop;

	if (in->state.n == 0) {
		report_unread(b, in->lang, stop);
		return;
	}
	tree = wire_to_tree(in->state);
	/* Whoever ends a run by its own will has concluded something. */
	if (stop == NULL && !cJSON_IsObject(conclusion))
		stop = "planner_failed";
	report_render(b, tree, cJSON_IsObject(conclusion) ? conclusion : NULL,
	    in->lang, stop);
}

void
deliver_report(
    struct buf *report, struct buf *verdict, const struct deliver_in *in)
{
	struct span own = in->stop == NULL
			      ? wire_find_str(in->state, "final_report")
			      : span_make(NULL, 0);
	auto_buf rendered = {.max = report->max};
	AUTO(verdict) v = NULL;

	if (own.n == 0)
		own.p = NULL;
	v = verify_report(&(struct verify_in){.markdown = own,
	    .state = in->state,
	    .fetch = in->fetch,
	    .ctx = in->ctx});
	verdict_put(verdict, v);
	if (own.p == NULL) {
		render(&rendered, in, v);
		own = buf_span(&rendered);
	}
	verify_mark(report, own, v, in->lang);
	if (rendered.len == 0) {
		AUTO(tree) state = wire_to_tree(in->state);

		report_put_changes(report, state, in->lang);
	}
	buf_mark(report, &rendered);
}
