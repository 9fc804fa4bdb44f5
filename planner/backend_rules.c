/* backend_rules.c - the deterministic planner as a backend. */
#include "planner/backend.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "common/wire/proto.h"
#include "planner/rules/rules.h"

struct backend {
	enum report_lang language; /* where the state names none */
};

static enum rc
start(const struct conf *conf, zloop_t *loop, struct backend **ret,
    struct err *err)
{
	struct backend *b = xcalloc(1, sizeof(*b));

	(void)loop;
	(void)err;
	b->language = report_lang(span_of(conf->language));
	*ret = b;
	return RC_OK;
}

static void
plan(struct backend *b, struct turn *t)
{
	auto_buf update = {.max = BACKEND_UPDATE_MAX};

	rules_plan(&update, t->state, b->language,
	    t->deadline_ms > 0 ? MAX(t->deadline_ms - clk_mono_ms(), 1) : 0);
	if (update.full) {
		buf_reset(&update);
		proto_put_answer(&update,
		    &(struct proto_answer){
			.error = span_of("the plan is over its limit; narrow "
					 "the investigation with labels")});
	}
	t->answer(t, buf_span(&update));
}

static void
stop(struct backend *b)
{
	free(b);
}

const struct backend_ops backend_rules = {
    .name = "rules",
    .start = start,
    .plan = plan,
    .stop = stop,
};
