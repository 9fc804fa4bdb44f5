/*
 * trial.c - one round of chaos: the processes, and what is looked at when
 * all clients have left.
 */
#include "tests/harness/trial.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/ask.h"
#include "tests/harness/dice.h"
#include "tests/harness/invariant.h"
#include "tests/harness/spawn.h"
#include "tests/harness/trial_in.h"

enum { WORKERS_MAX = 16, READY_MS = 60000, END_MS = 60000, TAIL = 3000 };

struct cast {
	struct trial *t;
	char *dir;
	struct proc *supervisor, *gateway;
	struct proc *worker[WORKERS_MAX];
	int n_workers;
	int n_started;
};

void
trial_diverge(struct trial *t, const char *run, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	pthread_mutex_lock(&t->lock);
	if (t->wrong == NULL) {
		snprintf(t->wrong_run, sizeof(t->wrong_run), "%s", run);
		t->wrong = text;
		text = NULL;
		t->ends = true;
	}
	pthread_mutex_unlock(&t->lock);
	free(text);
}

void
trial_accepted(struct trial *t, const char *run, const char *key)
{
	pthread_mutex_lock(&t->lock);
	t->accepted =
	    realloc(t->accepted, (t->n_accepted + 1) * sizeof(*t->accepted));
	if (t->accepted == NULL)
		abort();
	t->accepted[t->n_accepted++] =
	    (struct invariant_run){xstrdup(run), xstrdup(key)};
	pthread_mutex_unlock(&t->lock);
}

static void
accepted_free(struct trial *t)
{
	size_t i;

	for (i = 0; i < t->n_accepted; i++) {
		free((char *)(uintptr_t)t->accepted[i].id);
		free((char *)(uintptr_t)t->accepted[i].key);
	}
	free(t->accepted);
}

/* ---- processes ---- */

static struct proc *
cast_start(struct cast *c, const char *name, const char *const *args)
{
	auto_str path = program(name);
	auto_str data = xasprintf("--data-dir=%s", c->dir);
	auto_str out = xasprintf("%s-%d", name, c->n_started++);
	const char *argv[16] = {path, data, "--log-level=warn"};
	int n = 3;

	while (*args != NULL)
		argv[n++] = *args++;
	return proc_start(
	    &(struct proc_spec){.argv = argv, .dir = c->dir, .name = out});
}

static struct proc *
start_supervisor(struct cast *c)
{
	auto_str front = xasprintf("--front=ipc://%s/sf", c->dir);
	auto_str back = xasprintf("--back=ipc://%s/sb", c->dir);
	auto_str lease = xasprintf("--lease-ms=%d", c->t->spec->lease_ms);
	const char *args[] = {front, back, lease, "--deadline=3600", NULL};

	return cast_start(c, "culprit-supervisor", args);
}

static struct proc *
start_gateway(struct cast *c)
{
	auto_str front = xasprintf("--front=ipc://%s/pf", c->dir);
	const char *args[] = {
	    front, "--listen=127.0.0.1:0", "--keep-alive=5", NULL};

	return cast_start(c, "culprit-gateway", args);
}

static struct proc *
start_worker(struct cast *c, int i)
{
	auto_str back = xasprintf("--back=ipc://%s/pb", c->dir);
	auto_str script = xasprintf("--planner-script=%s/plans", c->dir);
	auto_str name = xasprintf("--name=w%d-%d", i, c->n_started);
	const char *planner[] = {back, name, "--planner=script", script, NULL};
	const char *executor[] = {back, name, "--tools=echo", NULL};

	if (i < c->t->spec->planners)
		return cast_start(c, "culprit-planner", planner);
	return cast_start(c, "culprit-executor", executor);
}

static bool
gateway_has_address(void *arg)
{
	struct cast *c = arg;
	auto_str path = xasprintf("%s/gateway.addr", c->dir);
	auto_str text = file_read(path);

	text[strcspn(text, "\n")] = '\0';
	snprintf(c->t->url, sizeof(c->t->url), "http://%s", text);
	return text[0] != '\0';
}

static bool
house_is_ready(void *arg)
{
	struct cast *c = arg;
	auto_str url = xasprintf("%s/readyz", c->t->url);
	struct answer *a = ask(NULL, url, NULL, NULL);
	bool ready = a->status == 200;

	answer_free(a);
	return ready;
}

static void
cast_open(struct cast *c, struct trial *t)
{
	char *script = model_script(&t->model);
	int i;

	*c = (struct cast){.t = t, .dir = scratch_new()};
	auto_str path = xasprintf("%s/plans", c->dir);
	file_write(path, script);
	free(script);
	c->supervisor = start_supervisor(c);
	c->gateway = start_gateway(c);
	c->n_workers = t->spec->planners + t->spec->executors;
	for (i = 0; i < c->n_workers; i++)
		c->worker[i] = start_worker(c, i);
}

static void
open_proxy(struct cast *c)
{
	const struct trial_spec *s = c->t->spec;
	auto_str pf = xasprintf("ipc://%s/pf", c->dir);
	auto_str pb = xasprintf("ipc://%s/pb", c->dir);
	auto_str sf = xasprintf("ipc://%s/sf", c->dir);
	auto_str sb = xasprintf("ipc://%s/sb", c->dir);
	struct chaos_odds odds = {.drop = s->harsh,
	    .twice = 2 * s->harsh,
	    .delay = 3 * s->harsh,
	    .swap = 3 * s->harsh,
	    .cut = (s->harsh + 49) / 50,
	    .delay_ms = 4 * s->lease_ms,
	    .cut_ms = 3 * s->lease_ms};

	c->t->chaos = chaos_start(&(struct chaos_spec){.seed = s->seed,
	    .up = odds,
	    .down = odds,
	    .front = pf,
	    .back = pb,
	    .to_front = sf,
	    .to_back = sb});
}

static bool
await_ready(struct cast *c)
{
	if (await(gateway_has_address, c, READY_MS) &&
	    await(house_is_ready, c, READY_MS))
		return true;
	trial_diverge(c->t, "", "the house did not become ready");
	return false;
}

/* ---- while the clients work ---- */

static void
restart_one(struct cast *c, struct dice *d, struct trial_result *sum)
{
	int i = dice_int(d, 0, c->n_workers);
	struct proc **p = i < c->n_workers ? &c->worker[i] : &c->supervisor;
	bool softly = dice_percent(d, 50);

	proc_signal(*p, softly ? SIGTERM : SIGKILL);
	if (proc_wait(*p, END_MS) < 0)
		trial_diverge(c->t, "", "a process did not end when asked to");
	proc_free(*p);
	*p = i < c->n_workers ? start_worker(c, i) : start_supervisor(c);
	sum->restarts++;
}

static void
look_after(struct cast *c)
{
	int i;

	if (!proc_is_alive(c->supervisor))
		trial_diverge(c->t, "", "the supervisor has died");
	if (!proc_is_alive(c->gateway))
		trial_diverge(c->t, "", "the gateway has died");
	for (i = 0; i < c->n_workers; i++)
		if (!proc_is_alive(c->worker[i]))
			trial_diverge(c->t, "", "worker %d has died", i);
}

static bool
is_over(void *arg)
{
	struct cast *c = arg;

	if (chaos_messages(c->t->chaos) >= c->t->spec->messages)
		c->t->ends = true;
	look_after(c);
	return c->t->ends;
}

static void
let_them_work(struct cast *c, struct trial_result *sum)
{
	const struct trial_spec *s = c->t->spec;
	struct client clients[TRIAL_CLIENTS_MAX];
	struct dice d = dice_of(s->seed, 3000, 0);
	int i;

	for (i = 0; i < s->clients; i++) {
		clients[i] = (struct client){.trial = c->t, .no = i};
		if (pthread_create(&clients[i].thread, NULL, client_main,
			&clients[i]) != 0)
			abort();
	}
	while (!await(
	    is_over, c, s->restart_ms > 0 ? s->restart_ms : TRIAL_STUCK_MS))
		if (s->restart_ms > 0)
			restart_one(c, &d, sum);
	for (i = 0; i < s->clients; i++)
		pthread_join(clients[i].thread, NULL);
	look_after(c);
}

/* ---- afterwards ---- */

static void
check_store(struct cast *c)
{
	struct invariant in = {.data_dir = c->dir, .settled = true};
	struct buf wrong;

	buf_init(&wrong, 1 << 20);
	in.accepted = c->t->accepted;
	in.n_accepted = c->t->n_accepted;
	if (invariant_check(&in, &wrong) > 0)
		trial_diverge(c->t, "", "in the store: %s", buf_str(&wrong));
	buf_done(&wrong);
}

static void
end_one(struct cast *c, struct proc *p, const char *what)
{
	auto_str log = NULL;
	int status;

	proc_signal(p, SIGTERM);
	status = proc_wait(p, END_MS);
	log = proc_err(p);
	if (status != 0 || strstr(log, "Sanitizer") != NULL ||
	    strstr(log, "runtime error") != NULL)
		trial_diverge(c->t, "",
		    "the %s ended with status %d; it says:"
		    "\n%.4000s",
		    what, status, log);
	proc_free(p);
}

static void
cast_close(struct cast *c)
{
	int i;

	end_one(c, c->gateway, "gateway");
	for (i = 0; i < c->n_workers; i++)
		end_one(c, c->worker[i], "worker");
	end_one(c, c->supervisor, "supervisor");
}

/* All that somebody needs to see why, and to see it again. */
static char *
report(struct cast *c)
{
	struct trial *t = c->t;
	char *text = NULL, *script = model_script(&t->model);
	auto_str log = proc_err(c->supervisor);
	auto_str log_gateway = proc_err(c->gateway);
	size_t n = 0, len = strlen(log);
	FILE *f = open_memstream(&text, &n);

	fprintf(f, "DIVERGENCE in the run \"%s\", seed of the trial %llu\n%s\n",
	    t->wrong_run, (unsigned long long)t->spec->seed, t->wrong);
	fprintf(f,
	    "\nthe script:\n%s\n\nits messages (-> to the "
	    "supervisor):\n",
	    script);
	chaos_print_trace(t->chaos, t->wrong_run, f);
	fprintf(f,
	    "\nthe supervisor's last words:\n%s\n\nthe gateway's:\n"
	    "%.3000s\n",
	    log + (len > TAIL ? len - TAIL : 0), log_gateway);
	fclose(f);
	free(script);
	return text;
}

bool
trial_run(const struct trial_spec *spec, struct trial_result *sum)
{
	struct trial t = {.spec = spec, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct cast c;

	curl_global_init(CURL_GLOBAL_ALL);
	model_make(&t.model, spec->seed);
	cast_open(&c, &t);
	open_proxy(&c);
	if (await_ready(&c))
		let_them_work(&c, sum);
	if (t.wrong == NULL)
		check_store(&c);
	chaos_add_counts(t.chaos, &sum->counts);
	sum->runs += t.runs;
	sum->cancelled += t.cancelled;
	sum->viewers += t.viewers;
	sum->again += t.again;
	if (t.wrong != NULL)
		sum->divergence = report(&c);
	chaos_calm(t.chaos);
	cast_close(&c);
	if (t.wrong != NULL && sum->divergence == NULL)
		sum->divergence = xstrdup(t.wrong);
	chaos_free(t.chaos);
	free(t.wrong);
	accepted_free(&t);
	scratch_free(c.dir);
	return sum->divergence == NULL;
}
