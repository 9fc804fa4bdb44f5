/*
 * test_model_runs.c - runs in which a model takes part, from the request to
 * the report: real processes, a model's server that does what the test says.
 */
#include "common/base/rc.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REQUEST "{\"input\":\"why?\",\"language\":\"en\"}"
#define LOOKS                                                                  \
	"{\"decision\":\"EXECUTE\",\"step\":\"see the clock\",\"tool\":"       \
	"\"get_current_time\",\"args\":{}}"
#define VIEW                                                                   \
	"{\"decision\":\"FINISH\",\"summary\":\"The clock answers.\","         \
	"\"findings\":[{\"role\":\"symptom\",\"text\":\"Only the clock "       \
	"answers\",\"evidence\":[\"E1\"]},{\"role\":\"cause\",\"text\":"       \
	"\"payment took 4711 s\",\"evidence\":[\"E1\"]}]}"

/* Check says no more than the end of so long a text. */
#define assert_tells(events, needle)                                           \
	ck_assert_msg(text_contains(events, needle), "no \"%s\" in …%s",       \
	    needle, text_tail(events))

struct fixture {
	struct llm_stub *stub;
	struct house *house;
};

static struct fixture f;

static void
open_as(const char *planner)
{
	f.stub = llm_stub_new();
	f.house = house_start(&(struct house_spec){
	    .more = (const char *const[]){"--planner", planner, "--llm-url",
		llm_stub_url(f.stub), "--llm-model", "stub-1", NULL}});
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
	/* Prometheus is not there, which is what the rules say. */
	assert_tells(events, "\"ended_by\":\"nothing_read\"");
	assert_tells(events, "- Prometheus could not be asked");
	return events;
}

START_TEST(a_model_plans_rounds_and_its_view_stands_beside_the_conclusion)
{
	auto_str events = NULL;

	open_as("openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	llm_stub_speak(f.stub, 1, VIEW);
	events = investigate();
	assert_tells(events, "event: token\ndata: {\"text\":\"{\\\"dec");
	assert_tells(events, "\"step\":\"model: see the clock\"");
	assert_tells(events, "What the model makes of it");
	assert_tells(events, "`stub-1`");
	assert_tells(events, "Only the clock answers [E1]");
	/* What nothing bears out is told apart, and is no finding. */
	assert_tells(events, "not verified and is no conclusion: The "
			     "clock answers. payment took 4711 s");
	assert_contains(
	    llm_stub_body(f.stub, 1), "[E1] get_current_time SUCCESS");
	/* It was told so, and said the same again. */
	ck_assert_int_eq(llm_stub_asked(f.stub), 3);
	close_all();
}
END_TEST

START_TEST(a_model_is_asked_once_where_the_rules_look)
{
	auto_str events = NULL;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0,
	    "{\"decision\":\"FINISH\",\"summary\":\"Nothing to see.\"}");
	events = investigate();
	ck_assert_int_eq(llm_stub_asked(f.stub), 1);
	assert_tells(events, "Nothing to see.");
	close_all();
}
END_TEST

START_TEST(a_run_with_a_model_that_is_not_there_is_that_of_the_rules)
{
	auto_str events = NULL;

	open_as("openai");
	llm_stub_say(f.stub, 0,
	    "HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: "
	    "close\r\n\r\n");
	events = investigate();
	assert_tells(events, "The rules planner planned in the place of");
	assert_tells(events, "check --llm-key-file");
	close_all();
}
END_TEST

/* ---- in mid-answer ---- */

static bool
has_begun(void *arg UNUSED)
{
	return llm_stub_asked(f.stub) > 0;
}

static bool
is_closed(void *arg UNUSED)
{
	return llm_stub_open(f.stub) == 0;
}

/* A run whose model has begun to speak and stands still. */
static char *
begin(void)
{
	static const char *const async[] = {
	    "Prefer: respond-async", "Content-Type: application/json", NULL};
	auto_str url = house_url(f.house, "/api/ai_ops");
	struct answer *w;
	char *location;

	llm_stub_say(f.stub, 0, LLM_SSE_OPEN LLM_CHUNK("{"));
	w = ask("POST", url, async, REQUEST);
	ck_assert_int_eq(w->status, 202);
	location = TAKE(w->location);
	answer_free(w);
	ck_assert(await(has_begun, NULL, HOUSE_MS));
	return location;
}

/* The events of the run at that path, to its end; the caller's. */
static char *
events_of(const char *location)
{
	auto_str path =
	    xasprintf("%s/events", strstr(location, "/api/investigations/"));
	auto_str url = house_url(f.house, path);
	struct answer *w = ask(NULL, url, NULL, NULL);
	char *events = TAKE(w->body);

	answer_free(w);
	return events;
}

START_TEST(a_run_that_is_cancelled_closes_the_models_answer)
{
	auto_str location = NULL;
	auto_str url = NULL;
	auto_str path = NULL;
	auto_str events = NULL;
	struct answer *w;

	open_as("openai");
	location = begin();
	path = xasprintf("%s/cancel", strstr(location, "/api/investigations/"));
	url = house_url(f.house, path);
	w = ask("POST", url, NULL, "{}");
	ck_assert_int_eq(w->status / 100, 2);
	answer_free(w);
	ck_assert(await(is_closed, NULL, HOUSE_MS));
	events = events_of(location);
	assert_tells(events, "\"status\":\"cancelled\"");
	close_all();
}
END_TEST

START_TEST(a_planner_that_is_killed_in_mid_answer_is_another_ones_turn)
{
	auto_str location = NULL;
	auto_str events = NULL;

	open_as("rules+openai");
	location = begin();
	llm_stub_speak(
	    f.stub, 1, "{\"decision\":\"FINISH\",\"summary\":\"After all.\"}");
	ck_assert_int_eq(kill(house_child(f.house, "planner-1"), SIGKILL), 0);
	events = events_of(location);
	assert_tells(events, "After all.");
	ck_assert_int_eq(llm_stub_asked(f.stub), 2);
	close_all();
}
END_TEST

/* ---- secrets ---- */

static const struct {
	const char *process, *has, *lacks[3];
} keepers[] = {
    {"planner-1", "sk-of-model", {"of-prometheus", "of-gateway", NULL}},
    {"executor-1", "of-prometheus",
	{"sk-of-model", "sk-of-preset", "of-gateway"}},
    {"gateway", "of-gateway", {"sk-of-model", "sk-of-preset", "of-prometheus"}},
    {"supervisor", "PATH=", {"sk-of-model", "sk-of-preset", "of-gateway"}},
};

/* With its line ends where strings end. */
static char *
environment_of(const char *process)
{
	auto_str path =
	    xasprintf("/proc/%d/environ", (int)house_child(f.house, process));
	FILE *in = fopen(path, "r");
	auto_buf text = {.max = 1 << 20};
	int c;

	ck_assert_ptr_nonnull(in);
	while ((c = fgetc(in)) != EOF)
		buf_addc(&text, c != '\0' ? (char)c : '\n');
	fclose(in);
	return buf_take(&text);
}

START_TEST(each_process_is_given_its_own_secrets_and_no_others)
{
	auto_str environment = NULL;
	size_t i;

	f.stub = llm_stub_new();
	f.house = house_start(&(struct house_spec){
	    .more = (const char *const[]){"--llm-url", llm_stub_url(f.stub),
		"--llm-model", "stub-1", NULL},
	    .env = (const char *const[]){"CULPRIT_LLM_KEY=sk-of-model",
		"DASHSCOPE_API_KEY=sk-of-preset",
		"CULPRIT_PROMETHEUS_TOKEN=of-prometheus",
		"CULPRIT_TOKEN=of-gateway", NULL}});
	environment = environment_of(keepers[_i].process);
	assert_tells(environment, keepers[_i].has);
	for (i = 0; i < 3 && keepers[_i].lacks[i] != NULL; i++)
		assert_lacks(environment, keepers[_i].lacks[i]);
	close_all();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_model_plans_rounds_and_its_view_stands_beside_the_conclusion, 0},
	    {a_model_is_asked_once_where_the_rules_look, 0},
	    {a_run_with_a_model_that_is_not_there_is_that_of_the_rules, 0},
	    {a_run_that_is_cancelled_closes_the_models_answer, 0},
	    {a_planner_that_is_killed_in_mid_answer_is_another_ones_turn, 0},
	    {each_process_is_given_its_own_secrets_and_no_others,
		(int)ARRAY_LEN(keepers)},
	};

	return RUN_TESTS("model_runs", tests);
}
