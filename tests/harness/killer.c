/*
 * killer.c - the processes of a house, killed again and again.
 */
#include "tests/harness/killer.h"

#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "tests/harness/ask.h"
#include "tests/harness/dice.h"
#include "tests/harness/spawn.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ARGS_MAX = 32,
	ENV_MAX = 8,
	ALL_OF_HUNDRED = 2, /* kills take everybody */
	TROUBLE_BYTES_MAX = 256 << 10,
	NAMES_MAX = 256,
	END_MS_MAX = AWAIT_MS, /* of whoever is asked to end */
};

static const struct {
	const char *name, *program;
	const char *who[2]; /* whose failpoints it comes by */
} kinds[VICTIMS] = {
    [V_SUPERVISOR] = {"supervisor", "culprit-supervisor", {"supervisor", ""}},
    [V_GATEWAY] = {"gateway", "culprit-gateway", {"gateway", ""}},
    [V_PLANNER] = {"planner-1", "culprit-planner", {"worker", "planner"}},
    [V_EXECUTOR] = {"executor-1", "culprit-executor", {"worker", "executor"}},
    [V_EXECUTOR_2] = {"executor-2", "culprit-executor", {"worker", "executor"}},
};

struct life {
	struct proc *p;
	int64_t ends_ms; /* 0: not by us */
	char *armed;     /* NAME of the failpoint it may die at, or NULL */
	char *list;      /* its CULPRIT_FAILPOINT, or NULL */
	char *next_list; /* of the next life */
	bool asked;
	int starts;
};

struct point {
	const char *name, *who;
	bool chosen; /* is of those that lives are armed with */
	int64_t tried, fired;
};

struct killer {
	char *dir, *data, *url, *listen;
	char *log_path;
	const char *const *more;
	struct dice dice;
	int lease_ms, life_ms_min, life_ms_max, armed_of_ten, hit_max;
	bool paused, once, asks, single;
	unsigned spared;
	const char *const *env;
	bool (*excuses)(void *ctx, struct proc *p, int status);
	void *ctx;
	int seconds;
	struct life lives[VICTIMS];
	struct point points[NAMES_MAX];
	size_t n_points;
	struct killer_count count;
	struct buf trouble;
	const char *model_url; /* borrowed */
};

const char *
killer_name(enum victim v)
{
	return kinds[v].name;
}

/* ---- failpoints ---- */

static bool
is_listed(const char *list, const char *name)
{
	auto_str all = xasprintf(",%s,", list);
	auto_str one = xasprintf(",%s,", name);

	return strstr(all, one) != NULL;
}

static void
points_take(struct killer *k, const char *list)
{
#ifdef CULPRIT_FAILPOINTS
	for (enum failpoint f = 0; f < FP_COUNT; f++) {
		const struct failpoint_info *i = failpoint_info(f);

		k->points[k->n_points++] = (struct point){i->name, i->who,
		    list == NULL || is_listed(list, i->name), 0, 0};
	}
#else
	(void)k;
	(void)list;
	(void)is_listed;
#endif
}

static bool
is_of(enum victim v, const struct point *p)
{
	return strcmp(p->who, kinds[v].who[0]) == 0 ||
	       strcmp(p->who, kinds[v].who[1]) == 0;
}

/* One that was tried least, of those the victim comes by; NULL: there is none
 * (left). */
static struct point *
point_for(struct killer *k, enum victim v)
{
	struct point *best = NULL;
	size_t from = k->n_points == 0
			  ? 0
			  : (size_t)dice_int(&k->dice, 0, (int)k->n_points - 1);

	for (size_t i = 0; i < k->n_points; i++) {
		struct point *p = &k->points[(from + i) % k->n_points];

		if (p->chosen && is_of(v, p) && !(k->once && p->fired > 0) &&
		    (best == NULL || p->tried < best->tried))
			best = p;
	}
	if (best != NULL)
		best->tried++;
	return best;
}

static char *
mark_path(const struct killer *k, const char *name)
{
	return xasprintf("%s/failpoint.%s", k->data, name);
}

/* ---- lives ---- */

/* out: of its output files. */
static struct proc *
life_exec(struct killer *k, enum victim v, const char *out)
{
	struct life *l = &k->lives[v];
	auto_str path = program(kinds[v].program);
	auto_str data = xasprintf("--data-dir=%s", k->data);
	auto_str name = xasprintf("--name=%s", kinds[v].name);
	auto_str own = v == V_SUPERVISOR
			   ? xasprintf("--lease-ms=%d", k->lease_ms)
		       : v == V_GATEWAY ? xasprintf("--listen=%s", k->listen)
		       : v == V_PLANNER && k->model_url != NULL
			   ? xasprintf("--llm-url=%s", k->model_url)
		       : v == V_PLANNER
			   ? xasprintf("--planner-script=%s/plans.json", k->dir)
			   : xstrdup("--tools=echo");
	auto_str point =
	    xasprintf("CULPRIT_FAILPOINT=%s", l->list != NULL ? l->list : "");
	auto_str log = xasprintf("CULPRIT_FAILPOINT_LOG=%s",
	    k->log_path != NULL ? k->log_path : "/dev/null");
	const char *env[ENV_MAX] = {point, log};
	const char *argv[ARGS_MAX] = {path, data, own, "--log-level=warn"};
	size_t n = 4;

	for (size_t i = 0; k->env != NULL && k->env[i] != NULL; i++) {
		ck_assert_uint_lt(2 + i, ENV_MAX - 1);
		env[2 + i] = k->env[i];
	}
	if (v != V_SUPERVISOR)
		argv[n++] = name;
	if (v == V_PLANNER && k->model_url != NULL)
		argv[n++] = "--llm-model=stub-1";
	else if (v == V_PLANNER)
		argv[n++] = "--planner=script";
	/* So a plan's steps are done one after another, and a death comes
	 * between them. */
	if (v >= V_EXECUTOR)
		argv[n++] = "--capacity=2";
	for (size_t i = 0; v == V_SUPERVISOR && k->more != NULL &&
			   k->more[i] != NULL && n < ARGS_MAX - 1;
	     i++)
		argv[n++] = k->more[i];
	return proc_start(&(struct proc_spec){
	    .argv = argv, .env = env, .dir = k->dir, .name = out});
}

static void
life_start(struct killer *k, enum victim v)
{
	struct life *l = &k->lives[v];

	l->asked = false;
	l->starts++;
	l->p = life_exec(k, v, kinds[v].name);
}

/* The supervisor has most to lose, so it lives half as long as the others. */
static int
life_ms(struct killer *k, enum victim v)
{
	int ms = dice_int(&k->dice, k->life_ms_min, k->life_ms_max);

	return v == V_SUPERVISOR ? ms : 2 * ms;
}

/* Chooses how the next life ends. */
static void
life_plan(struct killer *k, enum victim v)
{
	struct life *l = &k->lives[v];
	struct dice *d = &k->dice;
	struct point *p = NULL;
	int n;

	free(l->list);
	free(l->armed);
	l->list = l->next_list;
	l->next_list = NULL;
	l->armed =
	    l->list != NULL ? xstrndup(l->list, strcspn(l->list, ":")) : NULL;
	l->ends_ms = 0;
	if (k->paused || l->list != NULL || (k->spared >> v & 1) != 0)
		return;
	if (dice_int(d, 1, 10) <= k->armed_of_ten)
		p = point_for(k, v);
	if (k->once && p == NULL)
		return;
	l->ends_ms = clk_mono_ms() + life_ms(k, v);
	if (p == NULL)
		return;
	l->armed = xstrdup(p->name);
	/* The first time as often as all others together. */
	n = dice_int(d, 2 - k->hit_max, k->hit_max);
	l->list = xasprintf(
	    "%s:%s@%d", p->name, k->asks ? "term" : "kill", MAX(n, 1));
}

/* How long ago its failpoint fired; -1: it did not. */
static int64_t
fired_ms(const struct killer *k, const struct life *l)
{
	auto_str path = NULL;
	struct stat st;

	if (l->armed == NULL)
		return -1;
	path = mark_path(k, l->armed);
	if (stat(path, &st) != 0)
		return -1;
	return MAX(clk_wall_ms() - (int64_t)st.st_mtim.tv_sec * 1000 -
		       st.st_mtim.tv_nsec / 1000000,
	    0);
}

/* Notes a failpoint that fired, and makes it ready to fire again. */
static bool
life_fired(struct killer *k, struct life *l)
{
	auto_str path = NULL;

	if (l->armed == NULL)
		return false;
	path = mark_path(k, l->armed);
	if (unlink(path) != 0)
		return false;
	for (size_t i = 0; i < k->n_points; i++) {
		if (strcmp(k->points[i].name, l->armed) != 0)
			continue;
		k->count.names += k->points[i].fired == 0;
		k->points[i].fired++;
	}
	return true;
}

/* Asked to end at a failpoint, it must end well and in time. */
static void
life_asked(struct killer *k, enum victim v, int status, int64_t took_ms)
{
	auto_str log = proc_err(k->lives[v].p);

	k->count.asked++;
	k->count.slowest_ms = MAX(k->count.slowest_ms, took_ms);
	if (status != 0 || took_ms > END_MS_MAX)
		buf_addf(&k->trouble,
		    "%s, asked to end at %s, did after %lld ms, status %d:\n"
		    "%s\n",
		    kinds[v].name, k->lives[v].armed, (long long)took_ms,
		    status, log);
}

static void
life_over(struct killer *k, enum victim v)
{
	struct life *l = &k->lives[v];
	int status = proc_wait(l->p, AWAIT_MS);
	int64_t took_ms = fired_ms(k, l);
	bool fired = life_fired(k, l);
	auto_str log = NULL;

	if (fired && k->asks && strstr(l->list, ":term") != NULL)
		life_asked(k, v, status, took_ms);
	if (status == 128 + SIGKILL) {
		k->count.kills[v]++;
		k->count.at_failpoints += fired;
	} else if (!(l->asked && status == 0) && !fired &&
		   !(k->excuses != NULL && k->excuses(k->ctx, l->p, status))) {
		log = proc_err(l->p);
		buf_addf(&k->trouble, "%s ended by itself, status %d:\n%s\n",
		    kinds[v].name, status, log);
	}
	proc_free(l->p);
	l->p = NULL;
}

/* ---- all of them ---- */

static bool
is_there(const struct killer *k, enum victim v)
{
	return !k->single || v != V_EXECUTOR_2;
}

struct killer *
killer_new(const struct killer_spec *spec)
{
	struct killer *k = xcalloc(1, sizeof(*k));
	auto_str plans = NULL;

	k->dir = scratch_new();
	k->data = xasprintf("%s/data", k->dir);
	k->listen = xasprintf("127.0.0.1:%d", port_free());
	k->url = xasprintf("http://%s", k->listen);
	k->more = spec->more;
	k->log_path = spec->log_path != NULL ? xstrdup(spec->log_path) : NULL;
	k->dice = dice_of(spec->seed, 0, 0);
	k->lease_ms = spec->lease_ms;
	k->life_ms_min = spec->life_ms_min;
	k->life_ms_max = spec->life_ms_max;
	k->armed_of_ten = spec->armed_of_ten;
	k->spared = spec->spared;
	k->hit_max = spec->hit_max;
	k->once = spec->once;
	k->asks = spec->asks;
	k->single = spec->single;
	k->env = spec->env;
	k->model_url = spec->model_url;
	k->excuses = spec->excuses;
	k->ctx = spec->ctx;
	k->paused = true;
	buf_init(&k->trouble, TROUBLE_BYTES_MAX);
	points_take(k, spec->failpoints);
	plans = xasprintf("%s/plans.json", k->dir);
	file_write(plans, spec->script);
	for (int v = 0; v < VICTIMS; v++)
		if (is_there(k, v))
			life_start(k, v);
	return k;
}

void
killer_free(struct killer *k)
{
	if (k == NULL)
		return;
	for (int v = 0; v < VICTIMS; v++) {
		proc_free(k->lives[v].p);
		free(k->lives[v].armed);
		free(k->lives[v].list);
		free(k->lives[v].next_list);
	}
	scratch_free(k->dir);
	buf_done(&k->trouble);
	free(k->data);
	free(k->listen);
	free(k->url);
	free(k->log_path);
	free(k);
}

const char *
killer_dir(const struct killer *k)
{
	return k->dir;
}

const char *
killer_data(const struct killer *k)
{
	return k->data;
}

const char *
killer_url(const struct killer *k)
{
	return k->url;
}

bool
killer_await_ready(struct killer *k, int ms)
{
	auto_str url = xasprintf("%s/readyz", k->url);
	int64_t until = clk_mono_ms() + ms;
	long status = 0;

	while (status != 200 && clk_mono_ms() < until) {
		struct answer *a = ask(NULL, url, NULL, NULL);

		status = a->status;
		answer_free(a);
		killer_step(k);
		if (status != 200)
			usleep(5000);
	}
	return status == 200;
}

void
killer_kill(struct killer *k, enum victim v)
{
	if (k->lives[v].p != NULL)
		proc_signal(k->lives[v].p, SIGKILL);
}

void
killer_kill_all(struct killer *k)
{
	for (int v = 0; v < VICTIMS; v++)
		killer_kill(k, v);
}

static void
kill_due(struct killer *k, enum victim v)
{
	struct life *l = &k->lives[v];

	if (k->paused || l->ends_ms == 0 || clk_mono_ms() < l->ends_ms)
		return;
	l->ends_ms = 0;
	if (k->asks && fired_ms(k, l) < 0) {
		l->asked = true;
		proc_signal(l->p, SIGTERM);
	}
	if (k->asks)
		return;
	if (k->spared == 0 && dice_int(&k->dice, 1, 100) <= ALL_OF_HUNDRED)
		killer_kill_all(k);
	else
		killer_kill(k, v);
}

void
killer_step(struct killer *k)
{
	for (int v = 0; v < VICTIMS; v++) {
		if (!is_there(k, v))
			continue;
		kill_due(k, v);
		if (k->lives[v].p != NULL && proc_is_alive(k->lives[v].p))
			continue;
		if (k->lives[v].p != NULL)
			life_over(k, v);
		life_plan(k, v);
		life_start(k, v);
	}
}

void
killer_pause(struct killer *k)
{
	k->paused = true;
	for (int v = 0; v < VICTIMS; v++)
		k->lives[v].ends_ms = 0;
}

/* Who was started in peace gets an end as well. */
void
killer_resume(struct killer *k)
{
	k->paused = false;
	for (int v = 0; v < VICTIMS; v++)
		k->lives[v].ends_ms =
		    clk_mono_ms() + life_ms(k, (enum victim)v);
}

void
killer_arm(struct killer *k, enum victim v, const char *list)
{
	free(k->lives[v].next_list);
	k->lives[v].next_list = xstrdup(list);
}

struct proc *
killer_proc(struct killer *k, enum victim v)
{
	return k->lives[v].p;
}

struct proc *
killer_second(struct killer *k)
{
	auto_str out = xasprintf("supervisor-%d", k->seconds++);

	return life_exec(k, V_SUPERVISOR, out);
}

struct proc *
killer_succeed(struct killer *k, struct proc *second)
{
	struct proc *first = k->lives[V_SUPERVISOR].p;

	k->lives[V_SUPERVISOR].p = second;
	return first;
}

static bool
is_over(void *life)
{
	return !proc_is_alive(((struct life *)life)->p);
}

/* Before that SIGTERM would end it as it ends anything. */
static bool
takes_signals(void *life)
{
	const struct life *l = life;
	auto_str path = xasprintf("/proc/%ld/status", (long)proc_pid(l->p));
	auto_str status = file_read(path);
	const char *blocked = strstr(status, "SigBlk:");

	return blocked != NULL &&
	       (strtoull(blocked + 7, NULL, 16) >> (SIGTERM - 1) & 1) != 0;
}

static bool
life_end(struct killer *k, enum victim v, int ms)
{
	struct life *l = &k->lives[v];
	bool ended;

	if (l->p == NULL)
		return true;
	await(takes_signals, l, ms);
	l->asked = true;
	proc_signal(l->p, SIGTERM);
	ended = await(is_over, l, ms);
	if (ended)
		life_over(k, v);
	return ended;
}

bool
killer_ask(struct killer *k, enum victim v, int ms)
{
	bool ended = life_end(k, v, ms);

	killer_step(k);
	return ended;
}

bool
killer_end(struct killer *k, int ms)
{
	static const enum victim order[] = {
	    V_GATEWAY, V_PLANNER, V_EXECUTOR, V_EXECUTOR_2, V_SUPERVISOR};
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		good = life_end(k, order[i], ms) && good;
	return good;
}

pid_t
killer_pid(const struct killer *k, enum victim v)
{
	return k->lives[v].p != NULL ? proc_pid(k->lives[v].p) : 0;
}

int
killer_starts(const struct killer *k, enum victim v)
{
	return k->lives[v].starts;
}

bool
killer_has_fired(const struct killer *k, const char *name)
{
	auto_str path = mark_path(k, name);

	for (size_t i = 0; i < k->n_points; i++)
		if (strcmp(k->points[i].name, name) == 0 &&
		    k->points[i].fired > 0)
			return true;
	return access(path, F_OK) == 0;
}

char *
killer_unfired(const struct killer *k)
{
	struct buf b;

	buf_init(&b, TROUBLE_BYTES_MAX);
	for (size_t i = 0; i < k->n_points; i++)
		if (k->points[i].chosen && k->points[i].fired == 0)
			buf_addf(&b, "%s%s (of %lld lives)",
			    b.len > 0 ? ", " : "", k->points[i].name,
			    (long long)k->points[i].tried);
	return b.len > 0 ? buf_take(&b) : NULL;
}

const char *
killer_trouble(const struct killer *k)
{
	return buf_str(&k->trouble);
}

struct killer_count
killer_count(const struct killer *k)
{
	return k->count;
}
