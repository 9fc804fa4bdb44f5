/*
 * test_kills.c - kill -9 at random, a hang or a failure at a named moment, and
 * what must hold afterwards.
 *
 * test_sweep.c and test_moments.c kill at every named moment;
 * tests/fault/kills kills at random for as long as one likes.
 */
#include "common/base/clk.h"
#include "tests/harness/campaign.h"
#include "tests/harness/invariant.h"
#include "tests/harness/siege.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdio.h>

#ifdef CULPRIT_FAILPOINTS

/* ---- failures instead of deaths ---- */

static const struct {
	const char *name;
	int at;
	enum victim v;
} failing[] = {
    {"store_open_fails", 1, V_SUPERVISOR},
    {"begin_fails", 5, V_SUPERVISOR},
    {"commit_fails", 5, V_SUPERVISOR},
    {"item_fails", 7, V_SUPERVISOR},
    {"outbox_fails", 9, V_SUPERVISOR},
    {"worker_send_fails", 6, V_EXECUTOR},
    {"link_send_fails", 4, V_GATEWAY},
};

START_TEST(a_failure_at_a_moment_that_can_fail_loses_nothing)
{
	auto_str list = NULL;
	struct siege g;

	siege_init(&g, failing[_i].name, 6, NULL);
	list = xasprintf("%s:error@%d", failing[_i].name, failing[_i].at);
	siege_rearm(&g, failing[_i].v, list);
	siege_await_fired(&g, failing[_i].name);
	siege_end(&g);
}
END_TEST

/* ---- hangs ---- */

/* A loop that stands still renews nothing, so its step goes elsewhere within
 * two leases, whatever its I/O thread answers. */
START_TEST(a_worker_that_hangs_is_noticed_by_its_lease)
{
	struct siege g;
	int64_t since;

	siege_init(&g, "hang", 4, NULL);
	siege_rearm(&g, V_EXECUTOR, "tool_begins:hang");
	siege_await_fired(&g, "tool_begins");
	since = clk_mono_ms();
	crowd_close(g.c);
	ck_assert(siege_await(&g, siege_all_served, NULL, SIEGE_MS));
	/* It is alive, and as idle as the dead. */
	ck_assert_int_eq(kill(killer_pid(g.k, V_EXECUTOR), 0), 0);
	printf("a worker that hangs: all was served %lld ms later\n",
	    (long long)(clk_mono_ms() - since));
	killer_kill(g.k, V_EXECUTOR);
	siege_end(&g);
}
END_TEST

#endif

/* ---- without failpoints ---- */

START_TEST(kills_at_random_lose_nothing)
{
	struct campaign_result r;

	campaign_batch(&(struct campaign_spec){.name = "random",
			   .failpoints = "",
			   .kills = 25,
			   .seed = 1,
			   .clients = 8,
			   .life_ms_min = 20,
			   .life_ms_max = 600,
			   .settle_ms = AWAIT_MS,
			   .limit_ms = NEVER_MS / 2},
	    &r);
	ck_assert_msg(r.violations == 0, "%s", buf_str(&r.text));
	ck_assert_int_gt(r.served.accepted, 0);
	buf_done(&r.text);
}
END_TEST

/* The same where a model is paid: the account is exact. */
START_TEST(kills_at_random_pay_for_no_kept_answer_twice)
{
	struct campaign_result r;

	campaign_batch(&(struct campaign_spec){.name = "paid",
			   .failpoints = "",
			   .model = true,
			   .kills = 25,
			   .seed = 1,
			   .clients = 8,
			   .life_ms_min = 20,
			   .life_ms_max = 600,
			   .settle_ms = AWAIT_MS,
			   .limit_ms = NEVER_MS / 2},
	    &r);
	ck_assert_msg(r.violations == 0, "%s", buf_str(&r.text));
	ck_assert_int_gt(r.asked, 0);
	buf_done(&r.text);
}
END_TEST

/* And the gateway and the workers, which live on, hold no more than before. */
START_TEST(work_goes_on_soon_after_a_supervisors_death)
{
	enum { ROUNDS = 5, KIB = 48 << 10 };
	static const enum victim others[] = {
	    V_GATEWAY, V_PLANNER, V_EXECUTOR, V_EXECUTOR_2};
	struct invariant_process p[ARRAY_LEN(others)];
	struct invariant in;
	struct siege g;

	siege_init(&g, "restart", 6, NULL);
	for (int i = 0; i <= ROUNDS; i++) {
		int64_t since = clk_mono_ms();

		if (i > 0)
			killer_kill(g.k, V_SUPERVISOR);
		siege_await_served(&g, 1);
		printf("death %d: served %lld ms later\n", i,
		    (long long)(clk_mono_ms() - since));
		for (size_t k = 0; i == 1 && k < ARRAY_LEN(others); k++) {
			p[k].name = killer_name(others[k]);
			invariant_measure(
			    killer_pid(g.k, others[k]), &p[k].before);
		}
	}
	crowd_close(g.c);
	ck_assert(siege_await(&g, siege_all_served, NULL, SIEGE_MS));
	for (size_t k = 0; k < ARRAY_LEN(others); k++) {
		p[k].more = (struct invariant_size){12, KIB};
		ck_assert(
		    invariant_measure(killer_pid(g.k, others[k]), &p[k].after));
	}
	in = (struct invariant){.data_dir = killer_data(g.k),
	    .processes = p,
	    .n_processes = ARRAY_LEN(p)};
	invariant_assert(&in);
	siege_end(&g);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
#ifdef CULPRIT_FAILPOINTS
	    {a_failure_at_a_moment_that_can_fail_loses_nothing,
		(int)ARRAY_LEN(failing)},
	    {a_worker_that_hangs_is_noticed_by_its_lease, 0},
#endif
	    {kills_at_random_lose_nothing, 0},
	    {kills_at_random_pay_for_no_kept_answer_twice, 0},
	    {work_goes_on_soon_after_a_supervisors_death, 0},
	};

	return RUN_TESTS("kills", tests);
}
