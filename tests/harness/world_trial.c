/*
 * world_trial.c - worlds shown one after the other to a house, in several
 * lanes at once, since a house mostly waits for its disk. Worlds in which no
 * executor is to be there go to another house, which has none.
 */
#include "tests/harness/world_trial.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/report/alerts.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/world_prom.h"

enum {
	LANES = 6,
	TEXT_MAX = 8 << 20,
	PAUSE_MS = 20,
	OUTCOME_MS = 4 * HOUSE_MS, /* longer than an investigation may take */
};

struct lane {
	const struct world_trial *trial;
	struct world_result *result;
	struct world_prom *prom;
	struct house *house;
	void *guest;
	struct house *empty; /* without executors; NULL: not needed yet */
	struct world *world; /* that is shown; NULL: none */
	char *url;           /* of the house that is asked */
};

/* ---- asking ---- */

static char *
body_of(const struct world *w)
{
	auto_buf b = {.max = 4096};

	buf_addf(&b, "{\"language\":\"%s\"", w->zh ? "zh" : "en");
	if (w->input[0] != '\0')
		buf_addf(&b, ",\"input\":\"%s\"", w->input);
	if (w->past)
		buf_addf(&b, ",\"at\":%.0f", w->at);
	if (w->scope_key != NULL)
		buf_addf(&b, ",\"labels\":{\"%s\":\"%s\"}", w->scope_key,
		    w->scope_value);
	buf_addc(&b, '}');
	return buf_take(&b);
}

/* Under a key of its own, so that it may be asked as often as need be. how: of
 * the answer that is wanted. */
static struct answer *
submit(const struct lane *l, const char *how)
{
	auto_str url = xasprintf("%s/api/ai_ops", l->url);
	auto_str key = xasprintf(
	    "Idempotency-Key: w%llu", (unsigned long long)l->world->seed);
	auto_str body = body_of(l->world);
	const char *const headers[] = {
	    "Content-Type: application/json", how, key, NULL};

	return ask("POST", url, headers, body);
}

/* What came of it; who accepted it may have been killed meanwhile. NULL:
 * nothing in time. */
static cJSON *
outcome_of(const struct lane *l)
{
	int64_t until = clk_mono_ms() + OUTCOME_MS;

	while (clk_mono_ms() < until) {
		struct answer *a = submit(l, "Accept: application/json");
		cJSON *tree = a->status == 200 ? cJSON_Parse(a->body) : NULL;
		bool done = tree_has(tree, "status") &&
			    !tree_is(tree, "status", "running");

		answer_free(a);
		if (done)
			return tree;
		cJSON_Delete(tree);
		usleep(PAUSE_MS * 1000);
	}
	return NULL;
}

/* ---- upsets ---- */

/* It never says that it is ready, and need not. */
static char *
url_without_executors(struct lane *l)
{
	static const char *const more[] = {
	    "--executors=0", "--deadline=1", NULL};
	static const char says[] = "msg=listening address=";
	auto_str log = NULL;
	const char *at;

	if (l->empty == NULL)
		l->empty = house_start(&(struct house_spec){
		    .prometheus_url = world_prom_url(l->prom),
		    .more = more,
		    .not_ready = true});
	ck_assert(proc_await_err(house_up(l->empty), says, HOUSE_MS));
	log = proc_err(house_up(l->empty));
	at = strstr(log, says) + strlen(says);
	return xasprintf("http://%.*s", (int)strcspn(at, " \n"), at);
}

static void
kill_child(struct house *h, const char *child)
{
	pid_t pid = house_child(h, child);

	if (pid > 0)
		kill(pid, SIGKILL);
}

/* Does what is to be done to the processes; where to ask then. */
static char *
upset(struct lane *l, const struct world *w)
{
	l->result->upset += w->upset != UPSET_NONE;
	if (w->upset == UPSET_NO_EXECUTOR)
		return url_without_executors(l);
	if (w->upset == UPSET_EXECUTOR_KILLED)
		kill_child(l->house, "executor-1");
	if (w->upset == UPSET_SUPERVISOR_KILLED)
		kill_child(l->house, "supervisor");
	return house_url(l->house, "");
}

/* ---- judging ---- */

static void
count(struct lane *l, const cJSON *got, const struct world_judgement *j)
{
	struct world_result *r = l->result;
	bool broken = false;

	r->worlds++;
	r->completed += tree_is(got, "status", "completed");
	r->all_clears += world_says_all_clear(tree_str(got, "report"));
	r->likely +=
	    tree_is(tree_at(got, "conclusion"), "confidence", "likely");
	r->suspected +=
	    tree_is(tree_at(got, "conclusion"), "confidence", "suspected");
	for (int i = 0; i < WORLD_LAWS; i++) {
		r->broken[i] += j->broken[i] > 0;
		broken |=
		    j->broken[i] > 0 && (l->trial->excluded & (1u << i)) == 0;
	}
	r->violations += broken;
}

/* The state it ended with; NULL: it cannot be had. */
static cJSON *
state_of(const cJSON *got, const char *base)
{
	auto_str url =
	    xasprintf("%s/api/investigations/%s", base, tree_str(got, "id"));
	struct answer *a = ask(NULL, url, NULL, NULL);
	cJSON *state = a->status == 200 ? cJSON_Parse(a->body) : NULL;

	answer_free(a);
	return state;
}

static void
tell(struct lane *l, const struct world *w, const struct world_seen *s,
    const struct world_judgement *j)
{
	struct buf *text = &l->result->text;
	bool whole = l->result->violations <= l->trial->tell_most;

	if (!whole) {
		buf_addf(text, "---- seed %llu\n%s",
		    (unsigned long long)w->seed, buf_str(&j->text));
		return;
	}
	buf_adds(text, "---- ");
	world_tell(w, text);
	buf_addf(text, "%s%s\n%s\n", buf_str(&j->text), s->status, s->markdown);
}

static void
judge_guest(struct lane *l, const struct world *w, const cJSON *got,
    const cJSON *state, struct world_judgement *j)
{
	auto_buf broken = {.max = TEXT_MAX};

	if (l->trial->guest == NULL)
		return;
	l->trial->guest->judges(l->guest, w, got, state, &broken);
	l->result->violations += broken.len > 0;
	buf_add_buf(&j->text, &broken);
}

static void
judge(struct lane *l, const struct world *w, const cJSON *got, const char *base)
{
	AUTO(tree) state = state_of(got, base);
	AUTO(tree) alerts = alerts_of(state, tree_at(got, "conclusion"));
	struct world_seen s = {.alerts = alerts,
	    .status = tree_str(got, "status"),
	    .markdown = tree_str(got, "report"),
	    .conclusion = tree_at(got, "conclusion"),
	    .verdict = tree_at(got, "verdict")};
	struct world_judgement j;
	int before = l->result->violations;

	for (int i = 0; i < WORLD_APIS; i++)
		if (world_prom_noted(l->prom, (enum world_api)i) > 0)
			s.noted[w->api[i]] = true;
	world_judgement_init(&j);
	world_judge(w, &s, &j);
	count(l, got, &j);
	judge_guest(l, w, got, state, &j);
	if (l->result->violations > before)
		tell(l, w, &s, &j);
	world_judgement_done(&j);
}

/* ---- lanes ---- */

static void
lane_begin(struct lane *l, uint64_t seed)
{
	l->world = world_new(seed, (double)clk_wall_ms() / 1000);
	if (l->trial->guest != NULL)
		l->trial->guest->enters(l->guest, l->world);
	world_prom_show(l->prom, l->world);
	l->url = upset(l, l->world);
	answer_free(submit(l, "Prefer: respond-async"));
}

static void
no_answer(struct lane *l)
{
	struct answer *a = submit(l, "Accept: application/json");
	auto_str log = proc_err(house_up(l->house));

	l->result->violations++;
	buf_addf(&l->result->text, "---- no answer but %ld %.200s\n", a->status,
	    a->body);
	world_tell(l->world, &l->result->text);
	buf_addf(&l->result->text, "%s\n", text_tail(log));
	answer_free(a);
}

static void
lane_end(struct lane *l)
{
	AUTO(tree) got = NULL;

	if (l->world == NULL)
		return;
	got = outcome_of(l);
	if (got != NULL) {
		judge(l, l->world, got, l->url);
	} else {
		no_answer(l);
	}
	if (l->world->upset != UPSET_NONE)
		house_await_well(l->house);
	world_prom_show(l->prom, NULL);
	world_free(l->world);
	free(l->url);
	l->world = NULL;
}

static void
lane_done(struct lane *l)
{
	house_free(l->house);
	if (l->empty != NULL)
		house_free(l->empty);
	world_prom_free(l->prom);
	if (l->guest != NULL)
		l->trial->guest->close(l->guest);
}

void
world_trial(const struct world_trial *t, struct world_result *ret)
{
	struct lane lanes[LANES];
	int n = MIN(LANES, t->worlds);
	int64_t start = clk_mono_ms();

	ret->text.max = TEXT_MAX;
	for (int i = 0; i < n; i++) {
		lanes[i] = (struct lane){
		    .trial = t, .result = ret, .prom = world_prom_new()};
		if (t->guest != NULL)
			lanes[i].guest = t->guest->open();
		lanes[i].house = house_start(&(struct house_spec){
		    .prometheus_url = world_prom_url(lanes[i].prom),
		    .more = t->guest != NULL ? t->guest->options(lanes[i].guest)
					     : NULL,
		    .not_ready = true});
	}
	for (int i = 0; i < n; i++)
		house_await_ready(lanes[i].house);
	for (int i = 0; i < t->worlds + n; i++) {
		lane_end(&lanes[i % n]);
		if (i < t->worlds)
			lane_begin(&lanes[i % n], t->seed + (uint64_t)i);
	}
	for (int i = 0; i < n; i++)
		lane_done(&lanes[i]);
	ret->ms += clk_mono_ms() - start;
}

void
world_result_print(const struct world_result *r)
{
	printf("%d worlds, %d of them upset: %d completed, %d all-clears, "
	       "%d likely, %d suspected; %.1f s\n",
	    r->worlds, r->upset, r->completed, r->all_clears, r->likely,
	    r->suspected, (double)r->ms / 1000);
	for (int i = 0; i < WORLD_LAWS; i++)
		if (r->broken[i] > 0)
			printf("  %-22s in %d\n",
			    world_law_name((enum world_law)i), r->broken[i]);
	printf("%d worlds with a violation\n", r->violations);
}
