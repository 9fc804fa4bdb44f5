/*
 * campaign.c - a batch of kills.
 */
#include "tests/harness/campaign.h"

#include "common/base/clk.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/paid.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEP_MS = 2, READY_MS = 60000, LEASE_MS = 500, TEXT_MAX = 1 << 20 };

#define ECHO(text)                                                             \
	"{\"step\":\"" text "\",\"tool\":\"echo\",\"args\":{\"text\":\"" text  \
	"\"}}"
#define TEN(x) x x x x x x x x x x
#define LONG TEN(TEN(TEN("0123456")))

const char campaign_script[] =
    "[{\"decision\":\"EXECUTE\",\"step\":\"look\",\"steps\":[" ECHO(
	"a") "," ECHO("b") "," ECHO("c") "]},"
					 "{\"decision\":\"PLAN\",\"step\":"
					 "\"think\"},"
					 "{\"decision\":\"EXECUTE\",\"step\":"
					 "\"look again\",\"steps\":[" ECHO(
					     LONG) "]},"
						   "{\"decision\":\"FINISH\","
						   "\"report\":\"# "
						   "Done\\n\\nIt is done.\"}]";

static int64_t
kills_of(const struct killer *k)
{
	struct killer_count n = killer_count(k);
	int64_t all = 0;

	for (int v = 0; v < VICTIMS; v++)
		all += n.kills[v];
	return all;
}

static bool
is_enough(const struct campaign_spec *spec, const struct killer *k)
{
	auto_str unfired = spec->all_points ? killer_unfired(k) : NULL;

	return kills_of(k) >= spec->kills && unfired == NULL;
}

static void
bad(struct campaign_result *r, const char *what, const char *text)
{
	r->violations++;
	buf_addf(&r->text, "%s: %s\n", what, text);
}

/* Was there too little time, or nothing to do? */
static void
bad_unreached(struct campaign_result *r, const struct killer *k,
    const struct crowd *c, const char *unfired)
{
	struct crowd_count n = crowd_count(c);
	auto_str text =
	    xasprintf("%s; %lld runs accepted, %lld retries, %d lives of the "
		      "supervisor",
		unfired, (long long)n.accepted, (long long)n.retries,
		killer_starts(k, V_SUPERVISOR));

	bad(r, "failpoints that were not reached", text);
}

static void
kill_many(const struct campaign_spec *spec, struct killer *k, struct crowd *c,
    struct campaign_result *r)
{
	int64_t until = clk_mono_ms() + spec->limit_ms;
	auto_str unfired = NULL;

	killer_resume(k);
	while (!is_enough(spec, k) && clk_mono_ms() < until) {
		crowd_step(c, STEP_MS);
		killer_step(k);
	}
	killer_pause(k);
	if (spec->all_points)
		unfired = killer_unfired(k);
	if (unfired != NULL)
		bad_unreached(r, k, c, unfired);
	if (kills_of(k) < spec->kills)
		bad(r, "the time was up", "too few kills");
}

/* Everybody gets what was asked for, and the house ends when asked to. */
static void
settle(const struct campaign_spec *spec, struct killer *k, struct crowd *c,
    struct campaign_result *r)
{
	int64_t until = clk_mono_ms() + spec->settle_ms;
	auto_str wants = NULL;

	crowd_close(c);
	while (crowd_left(c) > 0 && clk_mono_ms() < until) {
		crowd_step(c, STEP_MS);
		killer_step(k);
	}
	wants = crowd_wants(c);
	if (crowd_left(c) > 0)
		bad(r, "clients still wait", wants);
}

/* A leaver's run may go on a little after the last client has gone. */
static bool
check(const struct campaign_spec *spec, struct killer *k, struct crowd *c,
    struct campaign_result *r)
{
	int64_t until = clk_mono_ms() + spec->settle_ms;
	struct invariant in = {.data_dir = killer_data(k), .settled = true};
	struct buf text;
	int n;

	crowd_tell(c, &in);
	buf_init(&text, TEXT_MAX);
	while ((n = invariant_check(&in, &text)) > 0 && clk_mono_ms() < until &&
	       strstr(buf_str(&text), "never finished") != NULL) {
		buf_reset(&text);
		crowd_step(c, 50);
		killer_step(k);
	}
	if (n > 0)
		bad(r, "the store", buf_str(&text));
	r->violations += MAX(n - 1, 0);
	buf_done(&text);
	return n == 0;
}

/* ---- a model ---- */

static const struct paid each = {1000, 600, 50, 0};

static struct llm_stub *
model_new(void)
{
	struct llm_stub *stub = llm_stub_new();

	llm_stub_speak_for(stub, 0,
	    "{\"decision\":\"FINISH\",\"summary\":\"It is so.\"}",
	    each.prompt, each.cached, each.answer);
	return stub;
}

static void
check_paid(
    const struct killer *k, struct llm_stub *stub, struct campaign_result *r)
{
	struct paid p = each;
	auto_buf text = {.max = TEXT_MAX};

	p.asked = llm_stub_asked(stub);
	r->asked = p.asked;
	if (paid_check(killer_data(k), &p, &text) > 0)
		bad(r, "the account", buf_str(&text));
}

void
campaign_batch(const struct campaign_spec *spec, struct campaign_result *ret)
{
	int64_t start = clk_mono_ms();
	struct llm_stub *stub = spec->model ? model_new() : NULL;
	struct killer *k =
	    killer_new(&(struct killer_spec){.script = campaign_script,
		.model_url = stub != NULL ? llm_stub_url(stub) : NULL,
		.failpoints = spec->failpoints,
		.log_path = spec->log_path,
		.seed = spec->seed,
		.lease_ms = LEASE_MS,
		.life_ms_min = spec->life_ms_min,
		.life_ms_max = spec->life_ms_max,
		.armed_of_ten = spec->armed_of_ten,
		.hit_max = spec->hit_max,
		.asks = spec->asks,
		.spared = spec->spared,
		.once = spec->all_points});
	struct crowd *c = crowd_new(&(struct crowd_spec){.url = killer_url(k),
	    .name = spec->name,
	    .clients = spec->clients,
	    .seed = spec->seed});

	*ret = (struct campaign_result){0};
	buf_init(&ret->text, TEXT_MAX);
	if (!killer_await_ready(k, READY_MS))
		bad(ret, "not ready", killer_trouble(k));
	kill_many(spec, k, c, ret);
	settle(spec, k, c, ret);
	check(spec, k, c, ret);
	if (!killer_end(k, 10000))
		bad(ret, "ending", "took over 10 s");
	if (*killer_trouble(k) != '\0')
		bad(ret, "processes", killer_trouble(k));
	if (*crowd_trouble(c) != '\0')
		bad(ret, "clients", crowd_trouble(c));
	if (stub != NULL)
		check_paid(k, stub, ret);
	ret->killed = killer_count(k);
	ret->served = crowd_count(c);
	ret->ms = clk_mono_ms() - start;
	crowd_free(c);
	killer_free(k);
	if (stub != NULL)
		llm_stub_free(stub);
}
