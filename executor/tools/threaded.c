#include "executor/tools/threaded.h"

static void
work(void *arg, struct offload *o, const atomic_bool *cancelled)
{
	struct threaded *t = arg;

	t->offload = o;
	t->rc = t->ops->work(t, cancelled);
}

static void
on_progress(void *arg, const char *text)
{
	struct threaded *t = arg;

	if (t->call->progress != NULL)
		t->call->progress(t->call, text);
}

static void
on_done(void *arg)
{
	struct threaded *t = arg;
	struct tool_call *call = t->call;

	(t->rc == RC_OK ? t->ops->succeed : t->ops->fail)(t);
	call->state = NULL;
	tool_done(call);
}

static void
free_it(void *arg)
{
	struct threaded *t = arg;

	t->ops->free(t);
}

enum rc
threaded_start(struct threaded *t, struct tool_call *call, struct err *err)
{
	const struct offload_spec spec = {.work = work,
	    .progress = on_progress,
	    .done = on_done,
	    .free = free_it,
	    .arg = t};
	struct offload *started;
	enum rc rc;

	t->call = call;
	rc = offload_start(call->env->offload, &spec, &started, err);
	if (rc != RC_OK)
		t->ops->free(t);
	else
		call->state = started;
	return rc;
}

void
threaded_cancel(struct tool_call *call)
{
	if (call->state != NULL)
		offload_cancel(call->state);
	call->state = NULL;
}
