/*
 * test_budget.c - what models may cost: real processes, a model's server that
 * tells what it took, and the store's own account of it.
 */
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>

#define REQUEST "{\"input\":\"why?\",\"language\":\"en\"}"
#define VIEW "{\"decision\":\"FINISH\",\"summary\":\"Nothing to see.\"}"

#define assert_tells(events, needle)                                           \
	ck_assert_msg(text_contains(events, needle), "no \"%s\" in …%s",       \
	    needle, text_tail(events))

struct fixture {
	struct llm_stub *stub;
	struct house *house;
	struct house_spec spec;
	const char *more[12];
};

static struct fixture f;

/* option NULL: no limit. */
static void
open_with(const char *option, const char *value, const char *prices)
{
	const char *more[] = {"--planner", "rules+openai", "--llm-url", NULL,
	    "--llm-model", "stub-1", option, value,
	    prices != NULL ? "--llm-prices" : NULL, prices, NULL};

	f = (struct fixture){.stub = llm_stub_new()};
	more[3] = llm_stub_url(f.stub);
	memcpy(f.more, more, sizeof(more));
	f.spec.more = f.more;
	f.house = house_start(&f.spec);
}

static void
close_all(void)
{
	house_free(f.house);
	llm_stub_free(f.stub);
}

/* All events of a run, to its end; the caller's. */
static char *
investigate(void)
{
	auto_str url = house_url(f.house, "/api/ai_ops");
	struct answer *w = ask("POST", url, NULL, REQUEST);
	char *events;

	ck_assert_int_eq(w->status, 200);
	events = TAKE(w->body);
	answer_free(w);
	assert_tells(events, "\"ended_by\":\"nothing_read\"");
	return events;
}

/* One number out of the store. */
static int64_t
stored(const char *sql)
{
	auto_str path = xasprintf("%s/culprit.db", house_data(f.house));
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

START_TEST(what_a_run_took_is_written_down_and_stands_in_its_state)
{
	auto_str events = NULL;
	auto_str url = NULL;
	AUTO(tree) shown = NULL;
	const cJSON *spent;
	struct answer *w;

	open_with("--llm-run-cost", "1", "stub-1=2/10/0.5");
	llm_stub_speak_for(f.stub, 0, VIEW, 1000, 600, 50);
	events = investigate();
	assert_tells(events, "Nothing to see.");
	ck_assert_int_eq(stored("SELECT count(*) FROM calls"), 1);
	ck_assert_int_eq(stored("SELECT settled FROM calls"), 1);
	ck_assert_int_eq(stored("SELECT tokens FROM calls"), 1050);
	ck_assert_int_eq(stored("SELECT cached FROM calls"), 600);
	/* 400 at 2, 600 at 0.5 and 50 at 10 a million, in 1e-12. */
	ck_assert_int_eq(stored("SELECT cost FROM calls"), 1600000000);
	url = house_url(f.house, "/api/investigations?limit=1");
	w = ask(NULL, url, NULL, NULL);
	shown = cJSON_Parse(w->body);
	answer_free(w);
	free(url);
	url = xasprintf("/api/investigations/%s",
	    tree_str(tree_at(shown, "investigations")->child, "id"));
	{
		auto_str whole = house_url(f.house, url);

		w = ask(NULL, whole, NULL, NULL);
	}
	cJSON_Delete(shown);
	shown = cJSON_Parse(w->body);
	answer_free(w);
	spent = tree_at(shown, "spent");
	ck_assert_int_eq((int)tree_num(spent, "tokens", 0), 1050);
	ck_assert_int_eq((int)tree_num(spent, "requests", 0), 1);
	ck_assert_double_eq_tol(tree_num(spent, "cost", 0), 0.0016, 1e-12);
	close_all();
}
END_TEST

static const struct {
	const char *option, *value, *prices;
	const char *says;
} limits[] = {
    {"--llm-run-tokens", "100", NULL,
	"the budget of tokens for this investigation, 100, has 0 spent"},
    {"--llm-day-tokens", "100", NULL,
	"the budget of tokens for today, 100, has 0 spent"},
    {"--llm-run-cost", "0.000001", "stub-1=2/10",
	"the budget of costs for this investigation, 1e-06, has 0 spent"},
    {"--llm-day-cost", "0.000001", "*=2/10",
	"the budget of costs for today, 1e-06, has 0 spent"},
    {"--llm-day-cost", "5", "another=2/10",
	"the model stub-1 has no price in --llm-prices"},
};

START_TEST(where_the_budget_is_spent_the_rules_finish_and_the_report_says_so)
{
	auto_str events = NULL;

	open_with(limits[_i].option, limits[_i].value, limits[_i].prices);
	llm_stub_speak(f.stub, 0, VIEW);
	events = investigate();
	assert_tells(events, "The rules planner planned in the place of");
	assert_tells(events, limits[_i].says);
	ck_assert_int_eq(llm_stub_asked(f.stub), 0);
	ck_assert_int_eq(stored("SELECT count(*) FROM calls"), 0);
	close_all();
}
END_TEST

static bool
is_another(void *pid)
{
	return house_child(f.house, "supervisor") != *(pid_t *)pid;
}

/* What a day has cost is known to the next supervisor as well. */
START_TEST(a_days_budget_outlives_the_supervisor)
{
	auto_str first = NULL;
	auto_str second = NULL;
	pid_t before;

	open_with("--llm-day-tokens", "30000", NULL);
	llm_stub_speak_for(f.stub, 0, VIEW, 29900, 0, 50);
	first = investigate();
	assert_tells(first, "Nothing to see.");
	before = house_child(f.house, "supervisor");
	kill(before, SIGKILL);
	ck_assert(await(is_another, &before, HOUSE_MS));
	house_await_well(f.house);
	second = investigate();
	assert_tells(second, "tokens for today, 30000, has 29950 spent");
	ck_assert_int_eq(llm_stub_asked(f.stub), 1);
	close_all();
}
END_TEST

static const struct {
	const char *answer;
	int64_t settled, least; /* of the first request */
} failures[] = {
    /* Refused, it took nothing; broken off, nobody knows. */
    {"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 1, 0},
    {LLM_SSE LLM_CHUNK("{"), 0, 2000},
};

START_TEST(a_request_that_failed_counts_for_what_is_known_of_it)
{
	auto_str events = NULL;
	int64_t tokens;

	open_with(NULL, NULL, NULL);
	llm_stub_say(f.stub, 0, failures[_i].answer);
	events = investigate();
	assert_tells(events, "The rules planner planned in the place of");
	ck_assert_int_eq(
	    stored("SELECT count(*) FROM calls"), llm_stub_asked(f.stub));
	ck_assert_int_eq(stored("SELECT settled FROM calls ORDER BY id"),
	    failures[_i].settled);
	tokens = stored("SELECT tokens FROM calls ORDER BY id");
	ck_assert_int_ge(tokens, failures[_i].least);
	ck_assert(failures[_i].least > 0 || tokens == 0);
	close_all();
}
END_TEST

static const struct {
	const char *args[4], *says;
} wrong[] = {
    {{"--llm-prices", "stub-1=-2/10"}, "-2\\\" is no number from 0"},
    {{"--llm-run-cost", "-1", "--llm-prices", "a=1/2"},
	"--llm-run-cost (CULPRIT_LLM_RUN_COST): \\\"-1\\\" is no number"},
    {{"--llm-day-cost", "5"}, "need prices: set --llm-prices"},
    {{"--llm-run-tokens", "-5"}, "llm-run-tokens"},
};

START_TEST(a_budget_that_makes_no_sense_is_refused_at_the_start)
{
	auto_str path = program("culprit-supervisor");
	char *dir = scratch_new();
	auto_str data = xasprintf("--data-dir=%s", dir);
	const char *argv[8] = {path, data};
	struct proc *p;
	auto_str said = NULL;
	int i;

	for (i = 0; i < 4; i++)
		argv[2 + i] = wrong[_i].args[i];
	p = proc_start(&(struct proc_spec){
	    .argv = argv, .dir = dir, .name = "supervisor"});
	ck_assert_int_ne(proc_wait(p, HOUSE_MS), 0);
	said = proc_err(p);
	assert_contains(said, wrong[_i].says);
	proc_free(p);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_a_run_took_is_written_down_and_stands_in_its_state, 0},
	    {where_the_budget_is_spent_the_rules_finish_and_the_report_says_so,
		(int)ARRAY_LEN(limits)},
	    {a_days_budget_outlives_the_supervisor, 0},
	    {a_request_that_failed_counts_for_what_is_known_of_it,
		(int)ARRAY_LEN(failures)},
	    {a_budget_that_makes_no_sense_is_refused_at_the_start,
		(int)ARRAY_LEN(wrong)},
	};

	return RUN_TESTS("budget", tests);
}
