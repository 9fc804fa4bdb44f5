/*
 * test_moments.c - kill -9 and SIGTERM at the named moments that do not come
 * by themselves while clients are served, each provoked in its own way, and
 * what must hold afterwards.
 *
 * Those that do come by themselves test_sweep.c has; together they are the
 * whole list of common/base/failpoints.def.
 */
#include "common/base/clk.h"
#include "common/base/failpoint.h"
#include "common/base/sha256.h"
#include "supervisor/store/store.h"
#include "tests/fault/not_swept.h"
#include "tests/harness/campaign.h"
#include "tests/harness/house.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/invariant.h"
#include "tests/harness/reseal.h"
#include "tests/harness/siege.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef CULPRIT_FAILPOINTS

/* At the moments that are provoked: "kill", or "term". */
static const char *action = "kill";

enum { MOMENT_MS = NEVER_MS / 2 }; /* for many deaths */

static bool
asks(void)
{
	return strcmp(action, "term") == 0;
}

static void
moment_init(
    struct siege *g, const char *name, int clients, const char *const *more)
{
	siege_init_with(g, &(struct siege_spec){.name = name,
			       .clients = clients,
			       .more = more,
			       .asks = asks()});
}

struct provoked {
	const char *name;
	void (*provoke)(const struct provoked *p);
	enum victim v;     /* who comes by */
	enum victim other; /* whose deaths bring it there */
};

/* Asked to end while it is armed; then it dies instead. */
static void
provoke_drain(const struct provoked *p)
{
	auto_str list = xasprintf("%s:%s", p->name, action);
	struct siege g;

	moment_init(&g, p->name, 4, NULL);
	siege_rearm(&g, p->v, list);
	siege_await_served(&g, 6);
	ck_assert(killer_ask(g.k, p->v, SIEGE_MS));
	siege_await_fired(&g, p->name);
	siege_end(&g);
}

/* A worker's last word is not heard where sending to it has failed before:
 * so several of them leave. */
static void
provoke_bye(const struct provoked *p)
{
	auto_str list = xasprintf("%s:%s", p->name, action);
	int64_t until = clk_mono_ms() + MOMENT_MS;
	struct siege g;

	moment_init(&g, p->name, 4, NULL);
	siege_rearm(&g, p->v, list);
	while (!killer_has_fired(g.k, p->name) && clk_mono_ms() < until) {
		siege_await_served(&g, 2);
		ck_assert(killer_ask(g.k, p->other, SIEGE_MS));
	}
	siege_await_fired(&g, p->name);
	siege_end(&g);
}

static bool
is_marked(void *path)
{
	return access(path, F_OK) == 0;
}

/* While a new file is made; whatever is left, the next start makes it. */
static void
provoke_create(const struct provoked *p)
{
	const char *name = p->name;
	auto_str path = program("culprit-supervisor");
	auto_str point = xasprintf("CULPRIT_FAILPOINT=%s:%s", name, action);
	char *dir = scratch_new();
	auto_str data = xasprintf("--data-dir=%s/d", dir);
	auto_str data_dir = xasprintf("%s/d", dir);
	auto_str socket = xasprintf("%s/d/back.sock", dir);
	const char *argv[] = {path, data, NULL};
	const char *env[] = {point, "CULPRIT_LOG_LEVEL=debug", NULL};
	struct proc_spec spec = {
	    .argv = argv, .env = env, .dir = dir, .name = "s"};
	struct invariant in = {.data_dir = data_dir};
	struct proc *s;

	ck_assert_int_eq(proc_run(&spec, SIEGE_MS, NULL, NULL),
	    asks() ? EXIT_SUCCESS : 128 + SIGKILL);
	unlink(socket);
	s = proc_start(&spec);
	ck_assert(await(is_marked, socket, SIEGE_MS));
	proc_signal(s, SIGTERM);
	ck_assert_int_eq(proc_wait(s, SIEGE_MS), 0);
	proc_free(s);
	invariant_assert(&in);
	scratch_free(dir);
}

/* Runs that ended long ago are deleted when the supervisor starts. */
static void
provoke_delete(const struct provoked *p)
{
	const char *name = p->name;
	auto_str list = xasprintf("%s:%s", name, action);
	auto_str path = NULL;
	struct siege g;

	moment_init(&g, name, 4, NULL);
	siege_await_served(&g, 4);
	crowd_close(g.c);
	ck_assert(siege_await(&g, siege_all_served, NULL, SIEGE_MS));
	path = xasprintf("%s/culprit.db", killer_data(g.k));
	reseal_sql(
	    path, "UPDATE runs SET finished_ms = 1 WHERE finished_ms > 0");
	crowd_free(g.c);
	g.c = crowd_new(&(struct crowd_spec){
	    .url = killer_url(g.k), .name = "new", .clients = 4, .seed = 3});
	siege_rearm(&g, p->v, list);
	siege_await_fired(&g, name);
	siege_end(&g);
}

/* Nobody answers: a run's time is up. */
static void
provoke_deadline(const struct provoked *p)
{
	const char *name = p->name;
	static const char *const more[] = {"--deadline=2", NULL};
	auto_str list = xasprintf("%s:%s", name, action);
	struct siege g;

	moment_init(&g, name, 4, more);
	siege_rearm(&g, p->v, list);
	siege_rearm(&g, V_PLANNER, "turn_begins:hang@2");
	siege_await_fired(&g, name);
	killer_kill(g.k, V_PLANNER);
	siege_end(&g);
}

/* Steps that take a while are cancelled; with few clients they do not wait
 * for a worker, but are with one. */
static void
provoke_revoke(const struct provoked *p)
{
	const char *name = p->name;
	auto_str list =
	    xasprintf("%s:%s,tool_begins:hang=100@1+", name, action);
	struct siege g;

	moment_init(&g, name, 2, NULL);
	siege_rearm(&g, p->v, list);
	siege_rearm(&g, V_EXECUTOR_2, "tool_begins:hang=100@1+");
	siege_await_fired(&g, name);
	siege_end(&g);
}

#define TEN(x) x x x x x x x x x x
/* When somebody may die again. */
struct pause {
	int64_t at_ms, finished; /* both, so that work goes on in between */
	const char *name;	 /* or the moment has come */
};

static bool
is_over(struct siege *g, const void *pause)
{
	const struct pause *p = pause;

	return killer_has_fired(g->k, p->name) ||
	       (clk_mono_ms() >= p->at_ms &&
		   crowd_count(g->c).finished > p->finished);
}

/* What others' deaths lead to, again and again. */
static void
provoke_by_deaths(const struct provoked *p)
{
	auto_str list = xasprintf("%s:%s", p->name, action);
	int64_t until = clk_mono_ms() + MOMENT_MS;
	struct siege g;

	moment_init(&g, p->name, 8, NULL);
	siege_rearm(&g, p->v, list);
	while (!killer_has_fired(g.k, p->name) && clk_mono_ms() < until) {
		struct pause pause = {clk_mono_ms() + 400,
		    crowd_count(g.c).finished, p->name};

		killer_kill(g.k, p->other);
		siege_await(&g, is_over, &pause, SIEGE_MS);
	}
	siege_await_fired(&g, p->name);
	siege_end(&g);
}

/* A step that hangs: its lease runs out. */
static void
provoke_lapse(const struct provoked *p)
{
	auto_str list = xasprintf("%s:%s", p->name, action);
	struct siege g;

	moment_init(&g, p->name, 4, NULL);
	siege_rearm(&g, p->v, list);
	siege_rearm(&g, p->other, "tool_begins:hang");
	siege_await_fired(&g, p->name);
	killer_kill(g.k, p->other);
	siege_end(&g);
}

/* One run with evidence that is worth a place of its own; in
 * a process that is killed on the way. */
static void
keep_evidence(const char *path)
{
	static char bytes[4 * STORE_SMALL_BYTES];
	char sha[SHA256_TEXT];
	const struct store_ops *ops = &store_sqlite;
	struct store_run row = {.id = span_of("run"),
	    .status = span_of("completed"),
	    .finished_ms = 1};
	struct store_evidence e = {
	    .number = 1, .bytes = span_make(bytes, sizeof(bytes))};
	struct store *s = NULL;
	uint64_t epoch;
	struct err err;

	e.sha256 = span_of(sha256_text(e.bytes, sha));
	ck_assert_int_eq(ops->open(path, &s, &epoch, &err), RC_OK);
	ck_assert_int_eq(ops->run_insert(s, &row, &row.row, &err), RC_OK);
	ck_assert_int_eq(ops->evidence_put(s, row.row, &e, &err), RC_OK);
	ops->commit(s);
	ck_assert_int_eq(ops->wait(s, &err), RC_OK);
	ops->close(s);
}

/* The tools at hand bring no evidence that large. */
static void
provoke_store(const struct provoked *p)
{
	auto_str list = xasprintf("%s:%s", p->name, action);
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/culprit.db", dir);
	struct invariant in = {.data_dir = dir};
	int how = 0;
	struct err err;
	pid_t pid = fork();

	if (pid == 0) {
		ck_assert_int_eq(failpoint_set(list, dir, &err), RC_OK);
		keep_evidence(path);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &how, 0), pid);
	ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	invariant_assert(&in);
	scratch_free(dir);
}

static const struct provoked provoked[] = {
    {"store_created", provoke_create, V_SUPERVISOR, 0},
    {"store_renamed", provoke_create, V_SUPERVISOR, 0},
    {"delete_done", provoke_delete, V_SUPERVISOR, 0},
    {"deadline", provoke_deadline, V_SUPERVISOR, 0},
    {"bye_taken", provoke_bye, V_SUPERVISOR, V_PLANNER},
    {"supervisor_drains", provoke_drain, V_SUPERVISOR, 0},
    {"worker_drains", provoke_drain, V_EXECUTOR, 0},
    {"gateway_drains", provoke_drain, V_GATEWAY, 0},
    {"worker_revoked", provoke_revoke, V_EXECUTOR, 0},
    {"blob_inserted", provoke_store, 0, 0},
    {"lapsed", provoke_lapse, V_SUPERVISOR, V_EXECUTOR},
    {"orphaned", provoke_by_deaths, V_SUPERVISOR, V_EXECUTOR},
    {"submit_known", provoke_by_deaths, V_SUPERVISOR, V_GATEWAY},
    {"supervisor_anew", provoke_by_deaths, V_GATEWAY, V_SUPERVISOR},
};

START_TEST(a_kill_at_a_moment_that_is_provoked_loses_nothing)
{
	provoked[_i].provoke(&provoked[_i]);
}
END_TEST

/* The store's own come by in this process, which is not asked. */
START_TEST(who_is_asked_to_end_at_such_a_moment_does_in_time)
{
	action = "term";
	if (provoked[_i].provoke != provoke_store)
		provoked[_i].provoke(&provoked[_i]);
}
END_TEST

/* ---- the moments of `culprit up` ---- */

static const char *const of_up[] = {
    "up_locked", "up_started_one", "up_reaped", "up_ready", "up_ending"};

static void
end_up(const char *name)
{
	static const char *const more[] = {"--tools=echo", NULL};
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str list = xasprintf("%s:%s", name, action);
	auto_str mark = NULL;
	struct house_spec spec = {
	    .script = campaign_script, .more = more, .not_ready = true};
	struct house *h;
	struct invariant in;
	int64_t since;
	int status;

	setenv("CULPRIT_FAILPOINT", list, 1);
	h = house_start(&spec);
	mark = xasprintf("%s/failpoint.%s", house_data(h), name);
	if (strcmp(name, "up_reaped") == 0) {
		house_await_ready(h);
		kill(house_child(h, "planner-1"), SIGKILL);
	}
	if (strcmp(name, "up_ending") == 0) {
		house_await_ready(h);
		proc_signal(house_up(h), SIGTERM);
	}
	ck_assert(await(is_marked, mark, HOUSE_MS));
	since = clk_mono_ms();
	status = proc_wait(house_up(h), HOUSE_MS);
	if (!asks())
		ck_assert_int_eq(status, 128 + SIGKILL);
	else if (strcmp(name, "up_locked") != 0) /* it has started nobody */
		ck_assert_int_eq(status, EXIT_SUCCESS);
	printf("%s: up has ended %lld ms later\n", name,
	    (long long)(clk_mono_ms() - since));
	house_again(h, &spec);
	house_await_ready(h);
	ck_assert_int_eq(house_run(h, args, NULL, NULL), 0);
	in = (struct invariant){.data_dir = house_data(h), .settled = true};
	invariant_assert(&in);
	house_free(h);
}

START_TEST(a_kill_of_up_at_any_moment_takes_all_with_it_and_is_survived)
{
	end_up(of_up[_i]);
}
END_TEST

START_TEST(up_asked_to_end_at_any_moment_ends_all_in_time)
{
	action = "term";
	end_up(of_up[_i]);
}
END_TEST

/* ---- the moments of a model that is paid ---- */

static const struct {
	const char *name;
	int asked; /* so often, whoever dies then */
} of_models[] = {{"reserve_taken", 1}, {"settle_taken", 2}, {"answer_paid", 2},
    {"answer_kept", 1}};

static void
end_paid(const char *name, int asked)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	auto_str list = xasprintf("%s:%s", name, action);
	auto_str mark = NULL;
	struct llm_stub *stub = llm_stub_new();
	const char *more[] = {"--planner", "rules+openai", "--llm-url",
	    llm_stub_url(stub), "--llm-model", "stub-1", NULL};
	struct house_spec spec = {.more = more};
	struct invariant in;
	struct house *h;

	llm_stub_speak_for(stub, 0,
	    "{\"decision\":\"FINISH\",\"summary\":\"It is so.\"}", 1000, 600,
	    40);
	setenv("CULPRIT_FAILPOINT", list, 1);
	h = house_start(&spec);
	mark = xasprintf("%s/failpoint.%s", house_data(h), name);
	/* Prometheus is not there: the run ends incomplete. */
	ck_assert_int_eq(house_run(h, args, NULL, NULL), 1);
	ck_assert(is_marked(mark));
	if (!asks())
		ck_assert_int_eq(llm_stub_asked(stub), asked);
	in = (struct invariant){.data_dir = house_data(h), .settled = true};
	invariant_assert(&in);
	house_free(h);
	llm_stub_free(stub);
}

START_TEST(a_kill_when_a_model_is_paid_pays_for_no_kept_answer_again)
{
	end_paid(of_models[_i].name, of_models[_i].asked);
}
END_TEST

START_TEST(being_asked_to_end_then_loses_nothing_either)
{
	action = "term";
	end_paid(of_models[_i].name, of_models[_i].asked);
}
END_TEST

/* test_sweep.c leaves exactly these to this test. */
START_TEST(what_is_not_swept_is_provoked)
{
	for (size_t i = 0; i < ARRAY_LEN(not_swept); i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(provoked); k++)
			found |= strcmp(provoked[k].name, not_swept[i]) == 0;
		for (size_t k = 0; k < ARRAY_LEN(of_up); k++)
			found |= strcmp(of_up[k], not_swept[i]) == 0;
		for (size_t k = 0; k < ARRAY_LEN(of_models); k++)
			found |= strcmp(of_models[k].name, not_swept[i]) == 0;
		ck_assert_msg(found, "%s is not provoked", not_swept[i]);
	}
}
END_TEST

#endif

int
main(void)
{
#ifdef CULPRIT_FAILPOINTS
	const struct test_entry tests[] = {
	    {a_kill_when_a_model_is_paid_pays_for_no_kept_answer_again,
		(int)ARRAY_LEN(of_models)},
	    {being_asked_to_end_then_loses_nothing_either,
		(int)ARRAY_LEN(of_models)},
	    {what_is_not_swept_is_provoked, 0},
	    {a_kill_at_a_moment_that_is_provoked_loses_nothing,
		(int)ARRAY_LEN(provoked)},
	    {who_is_asked_to_end_at_such_a_moment_does_in_time,
		(int)ARRAY_LEN(provoked)},
	    {a_kill_of_up_at_any_moment_takes_all_with_it_and_is_survived,
		(int)ARRAY_LEN(of_up)},
	    {up_asked_to_end_at_any_moment_ends_all_in_time,
		(int)ARRAY_LEN(of_up)},
	};

	return RUN_TESTS("moments", tests);
#else
	(void)not_swept;
	return skip_all("built without failpoints");
#endif
}
