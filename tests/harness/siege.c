/* siege.c - a house under a killer, and a crowd in front of it. */
#include "tests/harness/siege.h"

#include "common/base/clk.h"
#include "tests/harness/campaign.h"
#include "tests/harness/invariant.h"

#include <check.h>

enum { STEP_MS = 2 };

void
siege_init_with(struct siege *g, const struct siege_spec *spec)
{
	g->k = killer_new(&(struct killer_spec){
	    .script = spec->script != NULL ? spec->script : campaign_script,
	    .more = spec->more,
	    .failpoints = "",
	    .asks = spec->asks,
	    .seed = 1,
	    .lease_ms = 500});
	g->c = crowd_new(&(struct crowd_spec){.url = killer_url(g->k),
	    .name = spec->name,
	    .clients = spec->clients,
	    .seed = 1});
	ck_assert(killer_await_ready(g->k, SIEGE_MS));
}

void
siege_init(
    struct siege *g, const char *name, int clients, const char *const *more)
{
	siege_init_with(g, &(struct siege_spec){
			       .name = name, .clients = clients, .more = more});
}

static void
siege_step(struct siege *g)
{
	crowd_step(g->c, STEP_MS);
	killer_step(g->k);
}

bool
siege_await(struct siege *g, bool (*cond)(struct siege *g, const void *arg),
    const void *arg, int ms)
{
	int64_t until = clk_mono_ms() + ms;

	while (!cond(g, arg) && clk_mono_ms() < until)
		siege_step(g);
	return cond(g, arg);
}

bool
siege_all_served(struct siege *g, const void *arg UNUSED)
{
	return crowd_left(g->c) == 0;
}

void
siege_end(struct siege *g)
{
	struct invariant in = {.data_dir = killer_data(g->k)};
	bool served, ended;
	auto_str wants = NULL;

	crowd_close(g->c);
	served = siege_await(g, siege_all_served, NULL, SIEGE_MS);
	wants = crowd_wants(g->c);
	ck_assert_msg(served, "clients still wait:\n%s", wants);
	ended = killer_end(g->k, SIEGE_MS);
	ck_assert_msg(ended, "ending took too long");
	ck_assert_str_eq(killer_trouble(g->k), "");
	ck_assert_str_eq(crowd_trouble(g->c), "");
	crowd_tell(g->c, &in);
	invariant_assert(&in);
	crowd_free(g->c);
	killer_free(g->k);
}

static bool
has_served(struct siege *g, const void *finished)
{
	return crowd_count(g->c).finished >= *(const int64_t *)finished;
}

void
siege_await_served(struct siege *g, int more)
{
	int64_t want = crowd_count(g->c).finished + more;

	ck_assert(siege_await(g, has_served, &want, SIEGE_MS));
}

static bool
has_fired(struct siege *g, const void *name)
{
	return killer_has_fired(g->k, name);
}

static bool
has_started(struct siege *g, const void *starts)
{
	const int *s = starts;

	return killer_starts(g->k, (enum victim)s[0]) > s[1];
}

void
siege_rearm(struct siege *g, enum victim v, const char *list)
{
	int starts[] = {(int)v, killer_starts(g->k, v)};

	killer_arm(g->k, v, list);
	killer_kill(g->k, v);
	ck_assert(siege_await(g, has_started, starts, SIEGE_MS));
}

void
siege_await_fired(struct siege *g, const char *name)
{
	bool fired = siege_await(g, has_fired, name, SIEGE_MS);

	ck_assert_msg(
	    fired, "%s was never reached\n%s", name, killer_trouble(g->k));
}
