/* held.c - a run that is held in its one step. */
#include "tests/harness/held.h"

#include "common/base/rc.h"
#include "tests/harness/invariant.h"

#include <check.h>
#include <stdatomic.h>

static atomic_bool answers;

static bool
may_answer(void *ctx UNUSED)
{
	return atomic_load(&answers);
}

static void
on_query(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	await(may_answer, NULL, HOUSE_MS);
	stub_answer(c, 200, NULL,
	    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
	    "\"result\":[]}}");
}

struct stub_http *
held_prometheus(void)
{
	return stub_http_new(on_query, NULL);
}

void
held_release(void)
{
	atomic_store(&answers, true);
}

struct proc *
held_watch(struct house *h, const char *name)
{
	static const char *const args[] = {"investigate", "--json", NULL};

	return house_client(h, name, args);
}

struct proc *
held_watch_step(struct house *h)
{
	struct proc *watching = held_watch(h, "watch");

	ck_assert(proc_await_out(watching, "\"tool_started\"", HOUSE_MS));
	return watching;
}

struct transcript *
held_finish(struct proc *watching)
{
	auto_str out = NULL;
	struct transcript *t;

	ck_assert_int_ge(proc_wait(watching, HOUSE_MS), 0);
	out = proc_out(watching);
	t = transcript_new(out);
	transcript_check(t);
	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "completed");
	return t;
}

void
held_house_done(struct house *h)
{
	house_stop(h);
	invariant_assert(&(struct invariant){.data_dir = house_data(h)});
	house_drop(h);
}
