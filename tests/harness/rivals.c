/*
 * rivals.c - two supervisors of one folder.
 *
 * Whether one that was superseded commits is seen on a connection beside
 * theirs: its data_version changes with every commit of another one, and
 * meanwhile the second, which may commit, stands still.
 */
#include "tests/harness/rivals.h"

#include "common/base/clk.h"
#include "supervisor/store/store_db.h"
#include "tests/harness/campaign.h"
#include "tests/harness/dice.h"
#include "tests/harness/spawn.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STEP_MS = 2,
	WAIT_MS = 60000,
	LEASE_MS = 500,
	WORK_MS_MAX = 60, /* until the next one stands still */
	TEXT_MAX = 1 << 20,
};

struct rivals {
	struct killer *k;
	struct crowd *c;
	struct dice dice;
	sqlite3 *db;
	struct rivals_result *ret;
};

static void
bad(struct rivals *r, const char *what, const char *text)
{
	r->ret->violations++;
	buf_addf(&r->ret->text, "%s: %s\n", what, text);
}

/* Clients go on; nobody who has died is started again. */
static bool
rivals_await(struct rivals *r, bool (*cond)(void *ctx), void *ctx)
{
	int64_t until = clk_mono_ms() + WAIT_MS;

	while (!cond(ctx) && clk_mono_ms() < until)
		crowd_step(r->c, STEP_MS);
	return cond(ctx);
}

static void
let_work(struct rivals *r)
{
	int64_t until =
	    clk_mono_ms() + dice_int(&r->dice, 1, WORK_MS_MAX);

	while (clk_mono_ms() < until)
		crowd_step(r->c, STEP_MS);
}

/* ---- the store, from beside ---- */

static int64_t
ask_number(struct rivals *r, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static int64_t
epoch_now(struct rivals *r)
{
	return ask_number(r, "SELECT value FROM meta WHERE name = 'epoch'");
}

/* Is nobody within a transaction that writes? */
static bool
is_at_rest(struct rivals *r)
{
	if (sqlite3_exec(r->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return false;
	sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
	return true;
}

static void
open_beside(struct rivals *r)
{
	auto_str path = xasprintf("%s/culprit.db", killer_data(r->k));

	ck_assert_int_eq(sqlite3_open(path, &r->db), SQLITE_OK);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_busy_timeout(r->db, 0);
}

/* ---- standing still ---- */

static bool
is_stopped(void *proc)
{
	auto_str path = xasprintf("/proc/%ld/stat", (long)proc_pid(proc));
	auto_str stat = file_read(path);
	const char *state = strrchr(stat, ')');

	return state == NULL || state[1] == '\0' || state[2] == 'T' ||
	       state[2] == 'Z';
}

static void
stop(struct rivals *r, struct proc *p)
{
	proc_signal(p, SIGSTOP);
	rivals_await(r, is_stopped, p);
}

/* Stops it outside of any transaction. */
static void
stop_at_rest(struct rivals *r, struct proc *p)
{
	int64_t until = clk_mono_ms() + WAIT_MS;

	stop(r, p);
	while (!is_at_rest(r) && clk_mono_ms() < until) {
		proc_signal(p, SIGCONT);
		crowd_step(r->c, 1);
		stop(r, p);
	}
}

static bool
is_dead(void *proc)
{
	return !proc_is_alive(proc);
}

/* p ends by itself, saying why. */
static void
must_end(struct rivals *r, struct proc *p, const char *saying)
{
	auto_str log = NULL;
	bool dead = rivals_await(r, is_dead, p);

	log = proc_err(p);
	if (!dead)
		bad(r, "it goes on", saying);
	else if (proc_wait(p, 0) != 1 || strstr(log, saying) == NULL)
		bad(r, "it ended otherwise", log);
}

/* ---- a round ---- */

static void
round_refused(struct rivals *r)
{
	struct proc *first = killer_proc(r->k, V_SUPERVISOR), *second;

	stop(r, first);
	second = killer_second(r->k);
	must_end(r, second, "is in use by process");
	proc_free(second);
	proc_signal(first, SIGCONT);
}

struct taking {
	struct rivals *r;
	struct proc *second;
	int64_t epoch; /* before */
	int64_t front, back; /* when the sockets were bound */
};

/* Not its inode, whose number may be used again at once. */
static int64_t
bound_ns(struct rivals *r, const char *name)
{
	auto_str path = xasprintf("%s/%s", killer_data(r->k), name);
	struct stat st = {0};

	if (stat(path, &st) != 0)
		return 0;
	return (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

/* It has an epoch, and the sockets' paths lead to it. */
static bool
has_taken_over(void *taking)
{
	struct taking *t = taking;
	int64_t front = bound_ns(t->r, "front.sock");
	int64_t back = bound_ns(t->r, "back.sock");

	return !proc_is_alive(t->second) ||
	       (epoch_now(t->r) > t->epoch && front != 0 && back != 0 &&
		   front != t->front && back != t->back);
}

static struct proc *
second_over_lost_lock(struct rivals *r, bool both)
{
	struct proc *first = killer_proc(r->k, V_SUPERVISOR);
	auto_str lock = xasprintf("%s/culprit.db.lock", killer_data(r->k));
	auto_str log = NULL;
	struct taking t = {.r = r,
	    .epoch = epoch_now(r),
	    .front = bound_ns(r, "front.sock"),
	    .back = bound_ns(r, "back.sock")};

	if (unlink(lock) != 0)
		bad(r, "there is no lock", lock);
	t.second = killer_second(r->k);
	if (both)
		proc_signal(first, SIGCONT);
	if (rivals_await(r, has_taken_over, &t) && proc_is_alive(t.second))
		return t.second;
	log = proc_err(t.second);
	bad(r, "the second did not take over", log);
	return t.second;
}

/* The first, in whatever it stood still, may not commit any more. */
static void
round_served(struct rivals *r)
{
	struct proc *first = killer_proc(r->k, V_SUPERVISOR), *second;
	int64_t before;

	stop_at_rest(r, first);
	second = second_over_lost_lock(r, false);
	stop_at_rest(r, second);
	before = ask_number(r, "PRAGMA data_version");
	proc_signal(first, SIGCONT);
	must_end(r, first, "another supervisor has taken over");
	if (ask_number(r, "PRAGMA data_version") != before) {
		r->ret->stale++;
		bad(r, "a stale commit", "of one that was superseded");
	}
	proc_signal(second, SIGCONT);
	proc_free(killer_succeed(r->k, second));
}

static void
round_both(struct rivals *r)
{
	struct proc *first = killer_proc(r->k, V_SUPERVISOR), *second;

	stop(r, first);
	second = second_over_lost_lock(r, true);
	must_end(r, first, "another supervisor has taken over");
	proc_free(killer_succeed(r->k, second));
}

/* Most are those in which a stale commit could be made. */
static enum rivals_way
way_of(int round)
{
	if (round % 8 == 3)
		return RIVALS_REFUSED;
	return round % 8 == 6 ? RIVALS_BOTH : RIVALS_SERVED;
}

static void
round_of(struct rivals *r, int round)
{
	static void (*const ways[])(struct rivals *) = {
	    [RIVALS_REFUSED] = round_refused,
	    [RIVALS_SERVED] = round_served,
	    [RIVALS_BOTH] = round_both};
	enum rivals_way way = way_of(round);

	let_work(r);
	ways[way](r);
	r->ret->rounds[way]++;
	killer_step(r->k);
}

/* ---- all ---- */

static bool
all_served(void *crowd)
{
	return crowd_left(crowd) == 0;
}

static void
finish(struct rivals *r)
{
	struct invariant in = {.data_dir = killer_data(r->k)};
	auto_str wants = NULL;
	auto_buf text = {0};
	int n;

	crowd_close(r->c);
	if (!rivals_await(r, all_served, r->c)) {
		wants = crowd_wants(r->c);
		bad(r, "clients still wait", wants);
	}
	if (!killer_end(r->k, 10000))
		bad(r, "ending", "took over 10 s");
	if (*killer_trouble(r->k) != '\0')
		bad(r, "processes", killer_trouble(r->k));
	if (*crowd_trouble(r->c) != '\0')
		bad(r, "clients", crowd_trouble(r->c));
	crowd_tell(r->c, &in);
	buf_init(&text, TEXT_MAX);
	n = invariant_check(&in, &text);
	if (n > 0)
		bad(r, "the store", buf_str(&text));
}

void
rivals_batch(const struct rivals_spec *spec, struct rivals_result *ret)
{
	struct rivals r = {.ret = ret, .dice = dice_of(spec->seed, 7, 0)};
	int64_t start = clk_mono_ms();

	*ret = (struct rivals_result){0};
	buf_init(&ret->text, TEXT_MAX);
	r.k = killer_new(&(struct killer_spec){.script = campaign_script,
	    .failpoints = "",
	    .seed = spec->seed,
	    .lease_ms = LEASE_MS});
	r.c = crowd_new(&(struct crowd_spec){.url = killer_url(r.k),
	    .name = spec->name,
	    .clients = spec->clients,
	    .seed = spec->seed});
	if (!killer_await_ready(r.k, WAIT_MS))
		bad(&r, "not ready", killer_trouble(r.k));
	open_beside(&r);
	for (int i = 0; i < spec->rounds && ret->violations == 0; i++)
		round_of(&r, i);
	sqlite3_close(r.db);
	finish(&r);
	ret->served = crowd_count(r.c);
	ret->ms = clk_mono_ms() - start;
	crowd_free(r.c);
	killer_free(r.k);
}
