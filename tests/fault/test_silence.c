/*
 * test_silence.c - kill -9 of supervisor and executor, then a run at once,
 * while a critical alert fires: whatever it ends as, it is no all-clear.
 * tests/fault/silence does it as often as you like (CULPRIT_ROUNDS).
 */
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

enum { BATCH = 4 };

#define DATA(json) "{\"status\":\"success\",\"data\":" json "}"

static struct stub_route prometheus[] = {
    {"/api/v1/alerts", 200, NULL,
	DATA("{\"alerts\":[{\"labels\":{\"alertname\":\"Hot\",\"severity\":"
	     "\"critical\",\"service\":\"db\"},\"state\":\"firing\","
	     "\"activeAt\":\"2026-01-01T00:00:00Z\",\"value\":\"9\"}]}")},
    {"/api/v1/rules", 200, NULL,
	DATA("{\"groups\":[{\"name\":\"g\",\"file\":\"f\",\"rules\":[{"
	     "\"type\":\"alerting\",\"name\":\"Hot\",\"query\":\"heat > 5\","
	     "\"health\":\"ok\"}]}]}")},
    {"/api/v1/targets", 200, NULL, DATA("{\"activeTargets\":[]}")},
    {"/api/v1/query", 200, NULL,
	DATA("{\"resultType\":\"vector\",\"result\":[]}")},
    {"/api/v1/label", 200, NULL, DATA("[]")},
    {0},
};

/* Who is killed, in turns. */
static const char *const killed[][4] = {
    {"supervisor", "executor-1"},
    {"executor-1", "supervisor"},
    {"supervisor", "executor-1", "planner-1"},
    {"executor-1"},
};

static int
rounds(void)
{
	const char *n = getenv("CULPRIT_ROUNDS");

	return n != NULL ? atoi(n) : 4;
}

static void
kill_them(struct house *h, int round)
{
	const char *const *who = killed[round % (int)ARRAY_LEN(killed)];

	for (; *who != NULL; who++)
		ck_assert_int_eq(kill(house_child(h, *who), SIGKILL), 0);
}

/* Also one that was refused, since nobody was there to take it. */
static bool
looked(struct house *h, int round)
{
	static const char *const args[] = {
	    "investigate", "--language=en", NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = house_run(h, args, &out, &err);

	ck_assert_msg(!text_contains(out, "No alert is firing") &&
			  !text_contains(out, "Nothing needs to be done"),
	    "round %d, status %d:\n%s\n%s", round, status, out, err);
	ck_assert_msg(status != 0 || text_contains(out, "`Hot`"),
	    "round %d is complete without the alert:\n%s\n%s", round, out, err);
	return status == 0;
}

/* A house of its own, since one that dies again and again is started ever
 * later; how many of the runs looked. */
static int
batch(int first, int n)
{
	struct stub_http *stub = stub_http_new(stub_routes, prometheus);
	struct house *h = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(stub)});
	int i, complete = 0;

	for (i = first; i < first + n; i++) {
		kill_them(h, i);
		complete += looked(h, i);
		house_await_well(h);
	}
	house_free(h);
	stub_http_free(stub);
	return complete;
}

START_TEST(no_kill_leads_to_an_all_clear_while_an_alert_fires)
{
	int i, n = rounds(), complete = 0;

	for (i = 0; i < n; i += BATCH)
		complete += batch(i, MIN(BATCH, n - i));
	/* They were not all turned away. */
	ck_assert_int_gt(complete, n / 2);
	if (getenv("CULPRIT_ROUNDS") != NULL)
		printf("%d of %d runs looked, 0 all-clears\n", complete, n);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {no_kill_leads_to_an_all_clear_while_an_alert_fires, 0},
	};

	return RUN_TESTS("silence", tests);
}
