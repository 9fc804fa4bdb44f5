/*
 * test_looks.c - `read_evidence`: a step that the supervisor answers itself,
 * from what it keeps.
 */
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "tests/harness/peer.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>

#define LOOK(args)                                                             \
	"{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":"            \
	"\"EXECUTE\",\"step\":\"closer\",\"tool\":\"read_evidence\","          \
	"\"args\":" args "}}"
#define LOOKS_AND_SAYS                                                         \
	"{\"decision\":\"EXECUTE\",\"planner_plan\":{\"decision\":"            \
	"\"EXECUTE\",\"steps\":[{\"step\":\"closer\",\"tool\":"                \
	"\"read_evidence\",\"args\":{\"evidence\":\"E1\",\"lines\":\"2\"}},"   \
	"{\"step\":\"say\",\"tool\":\"echo\",\"args\":{\"text\":\"x\"}}]}}"

/* A run that has E1. */
static void
begin(const char *evidence)
{
	rig_open(rig_calm);
	rig_join_planner();
	rig_join_executor();
	rig_start_run();
	rig_plan(RIG_EXECUTE);
	rig_step(RIG_GOOD_STEP, evidence);
}

START_TEST(a_planner_is_told_of_it_and_reads_what_is_kept)
{
	const struct proto_task *t;
	const cJSON *f;

	begin("one\ntwo\nthree");
	t = rig_task(&rig->planner);
	ck_assert(memmem(t->input.p, t->input.n, "read_evidence", 13) != NULL);
	peer_answer(&rig->planner, t,
	    LOOK("{\"evidence\":\"E1\",\"lines\":\"2-3\"}"), NULL);
	t = rig_task(&rig->planner);
	ck_assert(memmem(t->input.p, t->input.n, "two\nthree", 9) != NULL);
	peer_answer(&rig->planner, t, RIG_FINISH, NULL);
	assert_finished("completed", "finish");
	f = rig_event("feedback", 1);
	ck_assert_str_eq(tree_str(f, "status"), "SUCCESS");
	ck_assert_str_eq(tree_str(f, "worker"), "supervisor");
	ck_assert_str_eq(tree_str(f, "summary"), "E1, lines 2 to 3 of 3.");
	/* It rests on what it looked into, and is none of its own. */
	ck_assert_str_eq(
	    cJSON_GetArrayItem(tree_at(f, "evidence"), 0)->valuestring, "E1");
	ck_assert_int_eq(rig_count("evidence"), 1);
	ck_assert_str_eq(
	    tree_str(rig_event("tool_started", 1), "worker"), "supervisor");
	rig_close();
}
END_TEST

static const struct {
	const char *update, *says;
} refused[] = {
    {LOOK("{\"evidence\":\"E9\"}"), "no evidence \"E9\""},
    {LOOK("{\"evidence\":\"../E1\"}"), "no evidence \"../E1\""},
    {LOOK("{\"evidence\":\"E1\",\"lines\":\"7\"}"), "no line 7: it has 3"},
    {LOOK("{}"), "evidence"},
    {LOOK("{\"evidence\":\"E1\",\"url\":\"http://x\"}"), "url"},
};

START_TEST(what_cannot_be_read_is_a_step_that_failed)
{
	const cJSON *f;

	begin("one\ntwo\nthree");
	rig_plan(refused[_i].update);
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	f = rig_event("feedback", 1);
	ck_assert_str_eq(tree_str(f, "status"), "FAILED");
	assert_contains(tree_str(f, "summary"), refused[_i].says);
	rig_close();
}
END_TEST

/* Over what a turn of the loop should look into. */
START_TEST(large_evidence_is_looked_into_beside_the_loop)
{
	enum { LINES = 200000 };
	auto_buf whole = {.max = 8 << 20};
	const cJSON *f;
	int i;

	for (i = 0; i < LINES; i++)
		buf_addf(&whole, "line of %d\n", i + 1);
	begin(buf_str(&whole));
	rig_plan(LOOK("{\"evidence\":\"E1\",\"text\":\"of 199999\"}"));
	rig_plan(RIG_FINISH);
	assert_finished("completed", "finish");
	f = rig_event("feedback", 1);
	ck_assert_str_eq(tree_str(f, "status"), "SUCCESS");
	assert_contains(tree_str(f, "summary"), "is in it 1 times");
	rig_close();
}
END_TEST

START_TEST(a_run_that_is_cancelled_meanwhile_ends_all_the_same)
{
	auto_buf whole = {.max = 8 << 20};
	int i;

	for (i = 0; i < 400000; i++)
		buf_adds(&whole, "0123456789\n");
	begin(buf_str(&whole));
	rig_plan(LOOK("{\"evidence\":\"E1\",\"text\":\"nowhere\"}"));
	rig_cancel(90);
	assert_finished("cancelled", "cancelled");
	rig_settle();
	rig_close();
}
END_TEST

/* It waits for its neighbour: then the supervisor dies, and the part is not
 * read and told a second time. */
START_TEST(a_part_that_was_read_survives_the_supervisor)
{
	const struct proto_task *t;

	begin("one\ntwo\nthree");
	rig_plan(LOOKS_AND_SAYS);
	rig_event("feedback", 1);
	rig_settle();
	rig_restart(SIGKILL);
	rig_join_planner();
	rig_join_executor();
	rig_follow(rig->req, rig->run, (uint64_t)rig->log.n);
	rig_step(RIG_GOOD_STEP, "x");
	t = rig_task(&rig->planner);
	ck_assert(memmem(t->input.p, t->input.n, "lines 2 to 2", 12) != NULL);
	peer_answer(&rig->planner, t, RIG_FINISH, NULL);
	assert_finished("completed", "finish");
	ck_assert_int_eq(rig_count("feedback"), 3);
	rig_close();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_planner_is_told_of_it_and_reads_what_is_kept, 0},
	    {what_cannot_be_read_is_a_step_that_failed,
		(int)ARRAY_LEN(refused)},
	    {large_evidence_is_looked_into_beside_the_loop, 0},
	    {a_run_that_is_cancelled_meanwhile_ends_all_the_same, 0},
	    {a_part_that_was_read_survives_the_supervisor, 0},
	};

	return RUN_TESTS("looks", tests);
}
