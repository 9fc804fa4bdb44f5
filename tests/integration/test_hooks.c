/*
 * test_hooks.c - alerts that come by webhook: which begin an investigation,
 * which are of one, what is noted, and who goes when.
 */
#include "common/wire/wire.h"
#include "tests/harness/loop.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

enum { CAPACITY = 8 };

static uint64_t last_req = 1000;

/* One alert of a message: its status is firing unless name begins with '-'. */
static void
add_alert(struct buf *b, const char *name, const char *print,
    const char *namespace)
{
	bool gone = name[0] == '-';

	buf_addf(b,
	    "%s{\"status\":\"%s\",\"fingerprint\":\"%s\",\"startsAt\":"
	    "\"2026-11-23T09:57:00Z\",\"labels\":{\"alertname\":\"%s\","
	    "\"namespace\":\"%s\"}}",
	    b->len > 0 ? "," : "", gone ? "resolved" : "firing", print,
	    name + gone, namespace);
}

/* What becomes of them; the run is in ret, outcome, firing and resolved in the
 * text that is returned. */
static const char *
post(const char *group, const struct buf *alerts, char ret_run[64])
{
	static char text[128];
	auto_str input = xasprintf("{\"group\":{\"key\":\"%s\","
				   "\"receiver\":\"r\"},\"alerts\":[%s]}",
	    group, buf_str((struct buf *)alerts));
	const struct proto_reply *r =
	    rig_submit(++last_req, input, NULL, NULL, false);
	struct span outcome = wire_find_str(r->value, "outcome");

	assert_reply(r, "ok", "");
	snprintf(ret_run, 64, "%.*s", SPAN_ARG(r->run));
	snprintf(text, sizeof(text), "%.*s %d %d", SPAN_ARG(outcome),
	    (int)wire_find_int(r->value, "firing", -1),
	    (int)wire_find_int(r->value, "resolved", -1));
	return text;
}

static const char *
post_one(const char *group, const char *name, const char *print,
    const char *namespace, char ret_run[64])
{
	auto_buf b = {.max = 4096};

	add_alert(&b, name, print, namespace);
	return post(group, &b, ret_run);
}

static cJSON *
shown(const char *run)
{
	snprintf(rig->run, sizeof(rig->run), "%s", run);
	return wire_to_tree(rig_query(++last_req, "show", "{}")->value);
}

START_TEST(the_same_alerts_again_are_the_same_investigation)
{
	char first[64], run[64];

	rig_open(rig_calm);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", first), "started 1 0");
	ck_assert_str_eq(post_one("g", "A", "f1", "n", run), "known 1 0");
	ck_assert_str_eq(run, first);
	rig_restart(SIGKILL);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", run), "known 1 0");
	ck_assert_str_eq(run, first);
	/* Another receiver's, or another Alertmanager's. */
	ck_assert_str_eq(post_one("h", "A", "f1", "n", run), "known 1 0");
	ck_assert_str_eq(run, first);
	rig_close();
}
END_TEST

START_TEST(what_joins_is_told_and_what_is_resolved_is_noted)
{
	char first[64], run[64];
	AUTO(tree) show = NULL;
	const cJSON *alerts, *e;

	rig_open(rig_calm);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", first), "started 1 0");
	snprintf(rig->run, sizeof(rig->run), "%s", first);
	rig_follow(rig->req = 5, first, 0);
	/* Of its group, and one that nothing tells apart. */
	ck_assert_str_eq(post_one("g", "B", "f2", "m", run), "joined 2 0");
	ck_assert_str_eq(run, first);
	ck_assert_str_eq(post_one("h", "C", "f3", "n", run), "joined 3 0");
	ck_assert_str_eq(run, first);
	e = rig_event("alerts", 1);
	ck_assert_int_eq((int)tree_num(e, "joined", 0), 1);
	ck_assert_int_eq((int)tree_num(e, "firing", 0), 3);
	ck_assert_str_eq(tree_at(e, "names")->child->valuestring, "C");
	ck_assert_str_eq(post_one("g", "-A", "f1", "n", run), "known 2 1");
	e = rig_event("alerts", 2);
	ck_assert_int_eq((int)tree_num(e, "gone", 0), 1);
	rig_restart(SIGKILL);
	show = shown(first);
	alerts = tree_at(tree_at(show, "run"), "alerts");
	ck_assert_int_eq((int)tree_num(alerts, "firing", 0), 2);
	ck_assert_int_eq((int)tree_num(alerts, "resolved", 0), 1);
	ck_assert_int_eq(cJSON_GetArraySize(tree_at(alerts, "list")), 3);
	/* Nobody knows what that was. */
	ck_assert_str_eq(post_one("g", "-Z", "f9", "n", run), "ignored 0 0");
	ck_assert_str_eq(run, "");
	rig_close();
}
END_TEST

START_TEST(labels_the_window_and_the_cooldown_tell_incidents_apart)
{
	static const char *const flags[] = {"--lease-ms", "600000",
	    "--alert-cooldown", "0", "--alert-window", "0", NULL};
	char first[64], run[64];

	rig_open(rig_calm);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", first), "started 1 0");
	ck_assert_str_eq(post_one("h", "A", "f2", "m", run), "started 1 0");
	ck_assert_str_ne(run, first);
	rig_close();
	rig_open(flags);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", first), "started 1 0");
	ck_assert_str_eq(post_one("h", "A", "f2", "n", run), "started 1 0");
	/* Its group's is still under way. */
	ck_assert_str_eq(post_one("g", "A", "f3", "n", run), "joined 2 0");
	ck_assert_str_eq(run, first);
	snprintf(rig->run, sizeof(rig->run), "%s", first);
	rig_cancel(5);
	assert_reply(rig_reply(5), "ok", "");
	ck_assert_str_eq(post_one("g", "A", "f4", "n", run), "started 1 0");
	/* What is known stays where it was. */
	ck_assert_str_eq(post_one("g", "A", "f1", "n", run), "known 2 0");
	ck_assert_str_eq(run, first);
	rig_close();
}
END_TEST

START_TEST(five_hundred_at_once_are_one_and_a_person_does_not_wait)
{
	auto_buf b = {.max = 1 << 20};
	char run[64], print[16];
	const struct proto_task *t;
	const cJSON *alerts;
	AUTO(tree) state = NULL;
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(print, sizeof(print), "f%d", i);
		add_alert(&b, i % 2 ? "A" : "B", print, "n");
	}
	/* Twice in a message is once. */
	add_alert(&b, "A", "f1", "n");
	rig_open(rig_calm);
	ck_assert_str_eq(post("g", &b, run), "started 500 0");
	ck_assert_str_eq(post("g", &b, run), "known 500 0");
	assert_reply(rig_submit(1, "{\"input\":\"person\"}", NULL, NULL, false),
	    "ok", "");
	rig_join(&rig->planner, "planner", "P", 1, "[]");
	t = rig_task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "person"));
	peer_answer(&rig->planner, t, RIG_FINISH, NULL);
	t = rig_task(&rig->planner);
	state = wire_to_tree(t->input);
	ck_assert_str_eq(
	    tree_str(state, "input"), "B (250), A (251); namespace=n");
	alerts = tree_at(state, "alerts");
	ck_assert_int_eq(cJSON_GetArraySize(alerts), 256);
	assert_contains(
	    tree_at(state, "notes")->child->valuestring, "245 more alerts");
	rig_close();
}
END_TEST

static const char *const apart[] = {"--lease-ms", "600000", "--alert-window",
    "0", "--alert-cooldown", "0", NULL};

static void
begin_many(int n)
{
	char group[16], run[64];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(group, sizeof(group), "g%d", i);
		ck_assert_str_eq(
		    post_one(group, "A", group, "n", run), "started 1 0");
	}
}

/* Half of the room is the storm's, the other half free for whoever asks. */
START_TEST(a_storm_leaves_room_for_people)
{
	const struct proto_task *t;
	int i;

	rig_open(apart);
	begin_many(3 * CAPACITY);
	rig_join(&rig->planner, "planner", "P", CAPACITY, "[]");
	for (i = 0; i < CAPACITY / 2; i++)
		rig_task(&rig->planner);
	rig_settle();
	ck_assert(!peer_has(&rig->planner, PROTO_TASK));
	assert_reply(rig_submit(1, "{\"input\":\"person\"}", NULL, NULL, false),
	    "ok", "");
	t = rig_task(&rig->planner);
	ck_assert(span_is(wire_find_str(t->input, "input"), "person"));
	rig_close();
}
END_TEST

START_TEST(while_people_keep_asking_every_fourth_is_a_webhooks)
{
	const struct proto_task *t;
	int i, hooks = 0;

	rig_open(apart);
	begin_many(2);
	for (i = 0; i < 8; i++)
		assert_reply(rig_submit((uint64_t)i + 1,
				 "{\"input\":\"person\"}", NULL, NULL, false),
		    "ok", "");
	rig_join(&rig->planner, "planner", "P", 1, "[]");
	for (i = 0; i < 8; i++) {
		t = rig_task(&rig->planner);
		if (!span_is(wire_find_str(t->input, "input"), "person"))
			hooks += i % 4 == 3 ? 1 : 100;
		peer_answer(&rig->planner, t, RIG_FINISH, NULL);
	}
	ck_assert_int_eq(hooks, 2);
	rig_close();
}
END_TEST

START_TEST(either_has_its_own_limit_and_a_refused_message_leaves_nothing)
{
	static const char *const flags[] = {"--queue-max", "2",
	    "--alert-window", "0", "--alert-cooldown", "0", NULL};
	auto_str input = xasprintf(
	    "{\"group\":{\"key\":\"x\"},\"alerts\":[{\"status\":"
	    "\"resolved\",\"fingerprint\":\"g0\",\"startsAt\":"
	    "\"2026-11-23T09:57:00Z\"},{\"status\":\"firing\","
	    "\"fingerprint\":\"g1\",\"startsAt\":\"s\"}]}");
	char run[64];

	rig_open(flags);
	begin_many(1);
	assert_reply(rig_submit(1, input, NULL, NULL, false), "busy",
	    "1 investigations that alerts began are under way");
	ck_assert_str_eq(post_one("g0", "A", "g0", "n", run), "known 1 0");
	assert_reply(rig_submit(2, "{}", NULL, NULL, false), "ok", "");
	assert_reply(rig_submit(3, "{}", NULL, NULL, false), "ok", "");
	assert_reply(rig_submit(4, "{}", NULL, NULL, false), "busy", "2");
	rig_close();
}
END_TEST

/* A person's that waits so long has ended. */
START_TEST(its_time_counts_from_when_it_begins)
{
	static const char *const flags[] = {
	    "--lease-ms", "600000", "--deadline", "1", NULL};
	const struct proto_reply *r;
	const struct proto_task *t;
	char run[64];

	rig_open(flags);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", run), "started 1 0");
	r = rig_submit(1, "{\"input\":\"person\"}", NULL, NULL, true);
	assert_reply(r, "ok", "");
	snprintf(rig->run, sizeof(rig->run), "%.*s", SPAN_ARG(r->run));
	rig->req = 1;
	rig_event("finished", 0);
	rig_restart(SIGKILL);
	rig_join(&rig->planner, "planner", "P", 1, "[]");
	t = rig_task(&rig->planner);
	ck_assert(span_is(t->run, run));
	ck_assert_uint_gt(t->deadline_ms, 500);
	ck_assert_uint_le(t->deadline_ms, 1000);
	rig_close();
}
END_TEST

START_TEST(one_whose_alerts_are_all_gone_says_so)
{
	const struct proto_reply *r;
	char run[64];

	rig_open(rig_calm);
	ck_assert_str_eq(post_one("g", "A", "f1", "n", run), "started 1 0");
	ck_assert_str_eq(post_one("g", "-A", "f1", "n", run), "known 0 1");
	snprintf(rig->run, sizeof(rig->run), "%s", run);
	rig_follow(rig->req = 5, run, 0);
	rig_join_planner();
	rig_plan("{\"decision\":\"FINISH\",\"planner_plan\":{\"decision\":"
		 "\"FINISH\"},\"conclusion\":{\"confidence\":"
		 "\"undetermined\",\"summary\":\"s\"}}");
	rig_event("finished", 0);
	r = rig_query(6, "report", "{}");
	assert_contains(tree_str(rig_event("report", 0), "markdown"),
	    "引发本次调查的 1 条告警均已恢复");
	assert_reply(r, "ok", "");
	/* It fires after all: noted, and its investigation is the same. */
	ck_assert_str_eq(post_one("g", "A", "f1", "n", run), "known 1 0");
	ck_assert_str_eq(run, rig->run);
	rig_close();
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	static const struct {
		const char *input, *says;
	} wrong[] = {
	    {"{\"group\":7,\"alerts\":[]}", "SUBMIT.input.group"},
	    {"{\"group\":{},\"alerts\":7}", "alerts is no list"},
	    {"{\"group\":{},\"alerts\":[7]}", "SUBMIT.input.alerts"},
	    {"{\"group\":{},\"alerts\":[{}]}", "fingerprint has 0 bytes"},
	};
	size_t i;

	rig_open(rig_calm);
	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_reply(
		    rig_submit(i + 1, wrong[i].input, NULL, NULL, false),
		    "invalid", wrong[i].says);
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_same_alerts_again_are_the_same_investigation, 0},
	    {what_joins_is_told_and_what_is_resolved_is_noted, 0},
	    {labels_the_window_and_the_cooldown_tell_incidents_apart, 0},
	    {five_hundred_at_once_are_one_and_a_person_does_not_wait, 0},
	    {a_storm_leaves_room_for_people, 0},
	    {while_people_keep_asking_every_fourth_is_a_webhooks, 0},
	    {either_has_its_own_limit_and_a_refused_message_leaves_nothing, 0},
	    {its_time_counts_from_when_it_begins, 0},
	    {one_whose_alerts_are_all_gone_says_so, 0},
	    {what_makes_no_sense_is_refused, 0},
	};

	return RUN_TESTS("hooks", tests);
}
