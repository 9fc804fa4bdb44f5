/*
 * test_model.c - turns in which a model takes part: whatever it does, the
 * turn is answered, and the conclusion is that of the rules alone.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/base/log.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/model.h"
#include "planner/planner.h"
#include "tests/harness/spawn.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

struct asked {
	struct turn turn; /* first */
	bool answered;
	int answers;
	cJSON *update;
	struct buf tokens;
};

static void
on_answer(struct turn *t, struct span update)
{
	struct asked *a = (struct asked *)t;
	struct err err;

	ck_assert_int_eq(wire_check(update, &err), RC_OK);
	cJSON_Delete(a->update);
	a->update = wire_to_tree(update);
	a->answered = true;
	a->answers++;
}

static void
on_token(struct turn *t, struct span text)
{
	buf_add_span(&((struct asked *)t)->tokens, text);
}

struct fixture {
	struct llm_stub *stub;
	zloop_t *loop;
	struct conf conf;
	const struct backend_ops *ops;
	struct backend *backend;
	struct asked asked;
	char *url;
	struct buf state;
};

static struct fixture f;

static void
open_as(const char *planner)
{
	struct err err = {""};

	f.loop = zloop_new();
	zloop_set_nonstop(f.loop, true);
	if (f.stub == NULL)
		f.stub = llm_stub_new();
	f.url = xstrdup(llm_stub_url(f.stub));
	f.conf.planner = planner;
	f.conf.language = "en";
	f.conf.llm_url = f.url;
	f.conf.llm_model = "m";
	f.conf.llm_temperature = "0";
	f.conf.llm_answer_tokens = 500;
	if (f.conf.llm_timeout_s == 0)
		f.conf.llm_timeout_s = AWAIT_MS / 1000;
	f.conf.llm_first_token_s = f.conf.llm_timeout_s == 2 ? 1 : AWAIT_MS;
	f.conf.llm_idle_s = f.conf.llm_first_token_s;
	log_open("test", "error");
	ck_assert_int_eq(backend_find(&f.conf, &f.ops, &err), RC_OK);
	ck_assert_msg(f.ops->start(&f.conf, f.loop, &f.backend, &err) == RC_OK,
	    "%s", err.text);
	buf_init(&f.state, 1 << 20);
	buf_init(&f.asked.tokens, 1 << 20);
}

static void
close_all(void)
{
	f.ops->stop(f.backend);
	zloop_destroy(&f.loop);
	if (f.stub != NULL)
		llm_stub_free(f.stub);
	cJSON_Delete(f.asked.update);
	buf_done(&f.asked.tokens);
	buf_done(&f.state);
	free(f.url);
}

static void
set_state(char *json)
{
	AUTO(tree) tree = NULL;
	struct err err = {""};

	ck_assert_msg(json_parse(span_of(json), NULL, &tree, &err) == RC_OK,
	    "%s", err.text);
	buf_reset(&f.state);
	wire_put_tree(&f.state, tree);
	free(json);
}

static void
begin(int64_t ms)
{
	f.asked.answered = false;
	f.asked.turn = (struct turn){.state = buf_span(&f.state),
	    .deadline_ms = clk_mono_ms() + ms,
	    .answer = on_answer,
	    .token = on_token};
	buf_reset(&f.asked.tokens);
	f.ops->plan(f.backend, &f.asked.turn);
}

static const cJSON *
plan(void)
{
	begin(NEVER_MS);
	if (!f.asked.answered)
		ck_assert(loop_until(f.loop, &f.asked.answered, AWAIT_MS));
	return f.asked.update;
}

/* What the rules alone say to the same state; the caller's. */
static cJSON *
rules_say(void)
{
	struct asked a = {.turn = {.answer = on_answer}};
	struct backend *b;
	struct err err;

	ck_assert_int_eq(backend_rules.start(&f.conf, NULL, &b, &err), RC_OK);
	a.turn.state = buf_span(&f.state);
	backend_rules.plan(b, &a.turn);
	backend_rules.stop(b);
	return a.update;
}

static void
assert_notes_hold(const cJSON *update, const char *text)
{
	const cJSON *n;

	cJSON_ArrayForEach (n, tree_at(update, "notes"))
		if (text_contains(n->valuestring, text))
			return;
	{
		auto_buf shown = {.max = 1 << 20};

		json_print(&shown, update);
		ck_abort_msg(
		    "no note with \"%s\" in %s", text, buf_str(&shown));
	}
}

/* But for a view of its own the conclusion is what the rules say. */
static void
assert_same_conclusion(const cJSON *update, const char *name)
{
	AUTO(tree) rules = rules_say();
	AUTO(tree)
	conclusion = cJSON_Duplicate(tree_at(update, "conclusion"), true);

	cJSON_DeleteItemFromObject(conclusion, "opinion");
	ck_assert_msg(
	    cJSON_Compare(conclusion, tree_at(rules, "conclusion"), true) ||
		(conclusion == NULL && tree_at(rules, "conclusion") == NULL),
	    "%s: another conclusion", name);
}

/* ---- a model that misbehaves ---- */

#define REFUSES(status, text)                                                  \
	"HTTP/1.1 " status " No\r\nContent-Type: application/json\r\n"         \
	"Connection: close\r\n\r\n{\"error\":{\"message\":\"" text "\"}}"
#define SPEAKS(text) LLM_SSE LLM_CHUNK(text) LLM_ENDS("stop")
#define FINISHES                                                               \
	"{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":\\\"It is dns.\\\"}"
#define CALLS(name, args)                                                      \
	LLM_SSE "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":"  \
		"0,\"id\":\"\",\"function\":{\"name\":\"" name                 \
		"\",\"arguments\":\"" args                                     \
		"\"}}]}}]}\n\n" LLM_ENDS("tool_calls")
#define HTML                                                                   \
	"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"  \
	"\r\n<html>Sign in</html>"

/*
 * What its server answers, the first and the second time and ever after, and
 * what a reader is told of it where the rules are done; NULL: nothing, since
 * it came right.
 */
static const struct {
	const char *name, *first, *then, *note;
} misdeeds[] = {
    {"hangs", LLM_STUB_HANG, NULL, "within"},
    {"hangs behind its head", LLM_SSE_OPEN, NULL, "within"},
    {"pings for ever", LLM_SSE_OPEN ": ping\n\n: ping\n\n", NULL, "within"},
    {"hangs in mid-answer", LLM_SSE_OPEN LLM_CHUNK("{\\\"dec"), NULL, "within"},
    {"closes at once", "", NULL, "in the place of the model"},
    {"closes in mid-answer", LLM_SSE LLM_CHUNK("{\\\"dec"), NULL, "broke off"},
    {"closes in mid-chunk", LLM_SSE "data: {\"choices\":[{\"del", NULL,
	"broke off"},
    {"speaks no HTTP", "\x01\x02\x03garbage\r\n\r\n", NULL,
	"in the place of the model"},
    {"shows a sign-in page", HTML, NULL, "not JSON"},
    {"sends HTML as its stream", LLM_SSE "data: <html>\n\n", NULL, "not JSON"},
    {"sends half a JSON document", LLM_SSE "data: {\"choices\":\n\n", NULL,
	"not JSON"},
    {"redirects",
	"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n"
	"Content-Length: 0\r\nConnection: close\r\n\r\n",
	NULL, "answered 302"},
    {"is overloaded", REFUSES("429", "slowly"), NULL, "answered 429"},
    {"is overloaded, then answers", REFUSES("429", "slowly"), SPEAKS(FINISHES),
	"It is dns."},
    {"wants an hour",
	"HTTP/1.1 429 No\r\nRetry-After: 3600\r\n"
	"Content-Length: 0\r\nConnection: close\r\n\r\n",
	NULL, "3600"},
    {"has used up its quota", REFUSES("429", "insufficient_quota"), NULL,
	"unpaid or used up"},
    {"is unpaid (DashScope)", REFUSES("400", "Access denied: Arrearage"), NULL,
	"unpaid or used up"},
    {"fails", REFUSES("500", "boom"), NULL, "answered 500"},
    {"fails behind a proxy", REFUSES("502", "bad gateway"), NULL,
	"answered 502"},
    {"fails, then answers", REFUSES("500", "boom"), SPEAKS(FINISHES),
	"It is dns."},
    {"fails in mid-answer",
	LLM_SSE LLM_CHUNK("{") "data: {\"error\":{\"message\":\"boom\"}}\n\n",
	NULL, "boom"},
    {"refuses the key", REFUSES("401", "invalid_api_key"), NULL,
	"--llm-key-file"},
    {"is forbidden", REFUSES("403", "AccessDenied"), NULL, "answered 403"},
    {"has no such model", REFUSES("404", "model_not_found"), NULL,
	"--llm-model"},
    {"finds every prompt too long", REFUSES("400", "context_length_exceeded"),
	NULL, "--llm-window"},
    {"finds the first prompt too long (DashScope)",
	REFUSES("400", "Range of input length should be [1, 100]"),
	SPEAKS(FINISHES), "It is dns."},
    {"takes no schema", REFUSES("400", "response_format is not supported"),
	SPEAKS(FINISHES), "It is dns."},
    {"takes no form at all", REFUSES("400", "no"), NULL, "answered 400: no"},
    {"has no system role", REFUSES("400", "System role not supported"),
	SPEAKS(FINISHES), "It is dns."},
    {"does not know enable_thinking",
	REFUSES("400", "parameter.enable_thinking must be set to false"),
	SPEAKS(FINISHES), "It is dns."},
    {"does not stream",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	"Connection: close\r\n\r\n{\"choices\":[{\"message\":{\"content\":"
	"\"{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":\\\"It is dns."
	"\\\"}\"},\"finish_reason\":\"stop\"}]}",
	NULL, "It is dns."},
    {"says nothing", LLM_SSE LLM_ENDS("stop"), NULL, "empty"},
    {"says nothing, then something", LLM_SSE LLM_ENDS("stop"), SPEAKS(FINISHES),
	"It is dns."},
    {"chats", SPEAKS("Hello! How can I help?"), NULL, "no JSON object"},
    {"only thinks", SPEAKS("<think>hm, hm, hm"), NULL, "empty"},
    {"thinks aloud, then answers", SPEAKS("<think>{}</think>" FINISHES), NULL,
	"It is dns."},
    {"is cut off",
	LLM_SSE LLM_CHUNK("{\\\"decision\\\":\\\"FIN") LLM_ENDS("length"), NULL,
	"cut off"},
    {"is filtered",
	LLM_SSE LLM_CHUNK("{\\\"decision\\\":") LLM_ENDS("content_filter"),
	NULL, "cut off"},
    {"refuses to answer",
	LLM_SSE "data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot.\"}}]}"
		"\n\n" LLM_ENDS("stop"),
	NULL, "no JSON object"},
    {"writes bad JSON", SPEAKS("{\\\"decision\\\":\\\"FINISH\\\",}"), NULL,
	"not sound JSON"},
    {"writes a key twice",
	SPEAKS("{\\\"decision\\\":\\\"FINISH\\\",\\\"decision\\\":\\\"PLAN"
	       "\\\"}"),
	NULL, "decision"},
    {"writes bytes that are no text", SPEAKS("\xFF\xFE{}\xC0"), NULL,
	"no JSON object"},
    {"decides something else", SPEAKS("{\\\"decision\\\":\\\"REBOOT\\\"}"),
	NULL, "decision"},
    {"names a tool that is not there",
	SPEAKS("{\\\"decision\\\":\\\"EXECUTE\\\",\\\"tool\\\":\\\"shell\\\","
	       "\\\"args\\\":{\\\"cmd\\\":\\\"id\\\"}}"),
	NULL, "not a tool"},
    {"calls a tool that is not there", CALLS("shell", "{}"), NULL,
	"not a tool"},
    {"gives a tool wrong arguments",
	SPEAKS("{\\\"decision\\\":\\\"EXECUTE\\\",\\\"tool\\\":\\\"look\\\","
	       "\\\"args\\\":{\\\"url\\\":\\\"http://169.254.169.254\\\"}}"),
	NULL, "url"},
    {"calls with broken arguments", CALLS("look", "{\\\"query\\\":"), NULL,
	"JSON"},
    {"asks again what was answered",
	SPEAKS("{\\\"decision\\\":\\\"EXECUTE\\\",\\\"tool\\\":"
	       "\\\"query_prometheus_rules\\\",\\\"args\\\":{}}"),
	NULL, "same arguments"},
    {"asks for other alerts",
	SPEAKS("{\\\"decision\\\":\\\"EXECUTE\\\",\\\"tool\\\":"
	       "\\\"query_prometheus_alerts\\\",\\\"args\\\":{\\\"labels\\\":"
	       "{\\\"a\\\":\\\"b\\\"}}}"),
	NULL, "alerts"},
    {"plans and plans",
	SPEAKS("{\\\"decision\\\":\\\"PLAN\\\",\\\"step\\\":"
	       "\\\"think\\\"}"),
	NULL, "without acting"},
    {"cites what is not there",
	SPEAKS("{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":\\\"s\\\","
	       "\\\"findings\\\":[{\\\"role\\\":\\\"cause\\\",\\\"text\\\":"
	       "\\\"payment is down\\\",\\\"evidence\\\":[\\\"E77\\\"]}]}"),
	NULL, "E77"},
    {"invents a figure",
	SPEAKS("{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":\\\"cpu at "
	       "4711 cores\\\",\\\"confidence\\\":\\\"confirmed\\\","
	       "\\\"findings\\\":[{\\\"role\\\":\\\"cause\\\",\\\"text\\\":"
	       "\\\"cpu at 4711 cores\\\",\\\"evidence\\\":[\\\"E1\\\"]}]}"),
	NULL, "4711"},
    {"writes a report of its own",
	SPEAKS("# Alert analysis report\\n\\n## Root cause analysis\\n\\n"
	       "payment [E1] <script>alert(1)</script>"),
	NULL, "not verified"},
    {"writes HTML and links",
	SPEAKS("{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":\\\"<img "
	       "src=http://evil> [x](http://evil)\\\"}"),
	NULL, "not verified"},
    {"writes terminal escapes",
	SPEAKS("{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":"
	       "\\\"\\\\u001b[31mred\\\"}"),
	NULL, "not verified"},
};

/* Begins with that state, done or not, and lets the i-th be done. */
static const cJSON *
misbehave(int i, bool done, const char *planner)
{
	/* Only what hangs runs into its time. */
	f.conf.llm_timeout_s = strcmp(misdeeds[i].first, LLM_STUB_HANG) == 0 ||
				       strncmp(misdeeds[i].first, LLM_SSE_OPEN,
					   strlen(LLM_SSE_OPEN)) == 0
				   ? 2
				   : AWAIT_MS / 1000;
	open_as(planner);
	llm_stub_say(f.stub, 0, misdeeds[i].first);
	if (misdeeds[i].then != NULL)
		llm_stub_say(f.stub, 1, misdeeds[i].then);
	set_state(llm_stub_state(done, ""));
	return plan();
}

START_TEST(the_worst_model_leaves_the_rules_conclusion_as_it_is)
{
	const cJSON *update = misbehave(_i, true, "rules+openai");

	ck_assert_int_eq(f.asked.answers, 1);
	ck_assert_str_eq(tree_str(update, "decision"), "FINISH");
	ck_assert_str_eq(tree_str(update, "error"), "");
	assert_same_conclusion(update, misdeeds[_i].name);
	assert_notes_hold(update, misdeeds[_i].note);
	close_all();
}
END_TEST

/* Whether every step that the rules ask for is among the update's. */
static void
assert_rules_steps_run(const cJSON *update)
{
	AUTO(tree) rules = rules_say();
	const cJSON *want, *s;

	cJSON_ArrayForEach (
	    want, tree_at(tree_at(rules, "planner_plan"), "steps")) {
		bool found = false;

		cJSON_ArrayForEach (
		    s, tree_at(tree_at(update, "planner_plan"), "steps"))
			found = found || cJSON_Compare(want, s, true);
		ck_assert_msg(found, "the rules' step %s is gone",
		    tree_str(want, "tool"));
	}
}

START_TEST(the_worst_model_does_not_keep_the_rules_from_looking)
{
	const cJSON *update = misbehave(_i, false, "openai");

	ck_assert_int_eq(f.asked.answers, 1);
	ck_assert_str_eq(tree_str(update, "decision"), "EXECUTE");
	assert_rules_steps_run(update);
	assert_same_conclusion(update, misdeeds[_i].name);
	close_all();
}
END_TEST

/* ---- a model that behaves ---- */

#define LOOKS                                                                  \
	"{\"decision\":\"EXECUTE\",\"step\":\"see it\",\"context\":\"c\","     \
	"\"tool\":\"look\",\"args\":{\"query\":\"q1\"}}"
#define SEES                                                                   \
	"{\"decision\":\"FINISH\",\"summary\":\"checkout is slow: 0.9731\","   \
	"\"confidence\":\"likely\",\"findings\":[{\"role\":\"symptom\","       \
	"\"text\":\"`checkout` is at 0.9731\",\"evidence\":[\"E1\"]}"
#define VIEW SEES "]}"
#define MIXED                                                                  \
	SEES ",{\"role\":\"symptom\",\"text\":\"it is at 815\",\"evidence\":"  \
	     "[\"E1\"]}]}"

START_TEST(rules_that_are_not_done_are_not_held_up_by_asking)
{
	open_as("rules+openai");
	set_state(llm_stub_state(false, ""));
	ck_assert_str_eq(tree_str(plan(), "decision"), "EXECUTE");
	ck_assert_int_eq(llm_stub_asked(f.stub), 0);
	assert_rules_steps_run(f.asked.update);
	close_all();
}
END_TEST

START_TEST(what_a_model_asks_runs_beside_what_the_rules_ask)
{
	const cJSON *steps;

	open_as("openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	set_state(llm_stub_state(false, ""));
	plan();
	steps = tree_at(tree_at(f.asked.update, "planner_plan"), "steps");
	ck_assert_int_eq(cJSON_GetArraySize(steps), 4);
	ck_assert_str_eq(tree_str(steps->child, "tool"), "look");
	ck_assert_str_eq(tree_str(steps->child, "step"), "model: see it");
	assert_rules_steps_run(f.asked.update);
	ck_assert_str_eq(buf_str(&f.asked.tokens), LOOKS);
	close_all();
}
END_TEST

START_TEST(a_model_that_concludes_too_early_is_not_asked_until_the_rules_are)
{
	const cJSON *p;

	open_as("openai");
	llm_stub_speak(f.stub, 0, VIEW);
	llm_stub_speak(
	    f.stub, 0, "{\"decision\":\"FINISH\",\"summary\":\"dns\"}");
	set_state(llm_stub_state(false, ""));
	p = tree_at(plan(), "planner_plan");
	ck_assert_str_eq(tree_str(p, "decision"), "EXECUTE");
	ck_assert(cJSON_IsTrue(tree_at(p, "held")));
	set_state(llm_stub_state(false, ",\"planner_plan\":{\"held\":true}"));
	ck_assert_str_eq(tree_str(plan(), "decision"), "EXECUTE");
	ck_assert_int_eq(llm_stub_asked(f.stub), 1);
	set_state(llm_stub_state(true, ",\"planner_plan\":{\"held\":true}"));
	ck_assert_str_eq(tree_str(plan(), "decision"), "FINISH");
	ck_assert_int_eq(llm_stub_asked(f.stub), 2);
	close_all();
}
END_TEST

START_TEST(what_holds_of_a_models_view_stands_beside_the_conclusion)
{
	const cJSON *update, *opinion;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, MIXED);
	set_state(llm_stub_state(true, ""));
	update = plan();
	opinion = tree_at(tree_at(update, "conclusion"), "opinion");
	ck_assert_str_eq(tree_str(opinion, "by"), "m");
	ck_assert_int_eq(cJSON_GetArraySize(tree_at(opinion, "claims")), 1);
	/* No surer than that. */
	ck_assert_str_eq(tree_str(opinion, "confidence"), "undetermined");
	assert_same_conclusion(update, "a view");
	/* It was told of the figure that nothing bears out, once; then that
	 * is told apart, and the verdict says so. */
	ck_assert_int_eq(llm_stub_asked(f.stub), 2);
	assert_contains(llm_stub_body(f.stub, 1),
	    "cannot be used: figures: \\\"815\\\" (a model's view)");
	assert_notes_hold(update, "it is at 815");
	ck_assert(cJSON_IsFalse(tree_at(tree_at(opinion, "verdict"), "ok")));
	ck_assert(cJSON_Compare(tree_at(opinion, "verdict"),
	    tree_at(tree_at(update, "planner_plan"), "verdict"), true));
	close_all();
}
END_TEST

START_TEST(what_a_model_mends_needs_no_mark)
{
	const cJSON *opinion;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, MIXED);
	llm_stub_speak(f.stub, 1, VIEW);
	set_state(llm_stub_state(true, ""));
	opinion = tree_at(tree_at(plan(), "conclusion"), "opinion");
	ck_assert(cJSON_IsTrue(tree_at(tree_at(opinion, "verdict"), "ok")));
	close_all();
}
END_TEST

/* What it said before is not lost. */
START_TEST(a_model_that_fails_at_mending_said_what_it_said)
{
	const cJSON *update;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, MIXED);
	llm_stub_say(f.stub, 1, REFUSES("401", "no more"));
	set_state(llm_stub_state(true, ""));
	update = plan();
	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(
		tree_at(tree_at(update, "conclusion"), "opinion"), "claims")),
	    1);
	assert_notes_hold(update, "it is at 815");
	close_all();
}
END_TEST

START_TEST(a_model_may_look_further_when_the_rules_are_done)
{
	const cJSON *p;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	set_state(llm_stub_state(true, ""));
	p = tree_at(plan(), "planner_plan");
	ck_assert_str_eq(tree_str(p, "decision"), "EXECUTE");
	ck_assert_str_eq(tree_str(p, "tool"), "look");
	assert_same_conclusion(f.asked.update, "a look");
	close_all();
}
END_TEST

START_TEST(a_model_may_not_look_on_for_ever)
{
	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	set_state(llm_stub_state(true, ",\"iteration\":8"));
	ck_assert_str_eq(tree_str(plan(), "decision"), "FINISH");
	ck_assert_int_eq(llm_stub_asked(f.stub), 3);
	assert_contains(llm_stub_body(f.stub, 0), "No further look");
	close_all();
}
END_TEST

START_TEST(a_tool_that_just_failed_is_not_the_models_to_fail_at)
{
	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	set_state(llm_stub_state(
	    true, ",\"failures\":{\"tool\":\"look\",\"count\":1}"));
	ck_assert_str_eq(tree_str(plan(), "decision"), "FINISH");
	assert_contains(llm_stub_body(f.stub, 1), "failed just before");
	close_all();
}
END_TEST

START_TEST(a_model_is_told_exactly_what_was_wrong)
{
	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, "{\"decision\":\"EXECUTE\",\"tool\":\"x\"}");
	llm_stub_speak(f.stub, 1, VIEW);
	set_state(llm_stub_state(true, ""));
	ck_assert_str_eq(tree_str(plan(), "decision"), "FINISH");
	ck_assert_int_eq(llm_stub_asked(f.stub), 2);
	assert_contains(llm_stub_body(f.stub, 1),
	    "\\\"x\\\" is not a tool that is enabled here; there are: ");
	close_all();
}
END_TEST

START_TEST(a_prompt_that_is_too_long_is_shortened_and_stays_short)
{
	size_t first, second;

	open_as("rules+openai");
	llm_stub_say(f.stub, 0, REFUSES("400", "context_length_exceeded"));
	llm_stub_speak(f.stub, 1, VIEW);
	set_state(llm_stub_state(true, ""));
	ck_assert_str_eq(tree_str(plan(), "decision"), "FINISH");
	ck_assert_int_eq(llm_stub_asked(f.stub), 2);
	first = strlen(llm_stub_body(f.stub, 0));
	second = strlen(llm_stub_body(f.stub, 1));
	ck_assert_uint_lt(second, first);
	assert_lacks(llm_stub_body(f.stub, 1), "latency > 0.5");
	plan();
	ck_assert_int_eq(llm_stub_asked(f.stub), 3);
	ck_assert_uint_le(strlen(llm_stub_body(f.stub, 2)), second);
	close_all();
}
END_TEST

/* ---- time ---- */

START_TEST(a_model_is_not_asked_when_little_time_is_left)
{
	open_as("rules+openai");
	set_state(llm_stub_state(true, ""));
	begin(2000);
	ck_assert(f.asked.answered);
	ck_assert_int_eq(llm_stub_asked(f.stub), 0);
	assert_notes_hold(f.asked.update, "too little time");
	close_all();
}
END_TEST

START_TEST(a_model_looks_no_further_when_a_step_might_not_end_in_time)
{
	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	set_state(llm_stub_state(true, ""));
	begin(MODEL_LOOK_MS - 1000);
	ck_assert(loop_until(f.loop, &f.asked.answered, AWAIT_MS));
	ck_assert_str_eq(tree_str(f.asked.update, "decision"), "FINISH");
	assert_contains(llm_stub_body(f.stub, 0), "No further look");
	close_all();
}
END_TEST

START_TEST(a_model_is_not_let_near_what_changes_something)
{
	static const char reads[] = "\"class\":\"READ\",\"args\":{\"type\":"
				    "\"object\",\"required\"";
	char *state, *at;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, LOOKS);
	state = llm_stub_state(true, "");
	at = strstr(state, reads);
	ck_assert_ptr_nonnull(at);
	/* No class, of which the strictest is taken. */
	memcpy(at, "\"clasx\"", 7);
	set_state(state);
	ck_assert_str_eq(tree_str(plan(), "decision"), "FINISH");
	assert_lacks(llm_stub_body(f.stub, 0), "Looks at one thing");
	assert_contains(llm_stub_body(f.stub, 1), "not a tool that is enabled");
	close_all();
}
END_TEST

static bool
is_closed(void *arg UNUSED)
{
	return llm_stub_open(f.stub) == 0;
}

static bool
has_begun(void *arg UNUSED)
{
	return f.asked.tokens.len > 0;
}

START_TEST(a_revoked_turn_closes_its_transfer_at_once)
{
	f.conf.llm_timeout_s = NEVER_MS / 1000;
	open_as("rules+openai");
	llm_stub_say(f.stub, 0, LLM_SSE_OPEN LLM_CHUNK("a"));
	set_state(llm_stub_state(true, ""));
	begin(2 * NEVER_MS);
	ck_assert(loop_until_cond(f.loop, has_begun, NULL, AWAIT_MS));
	f.ops->cancel(f.backend, &f.asked.turn);
	ck_assert(await(is_closed, NULL, AWAIT_MS));
	ck_assert_int_eq(f.asked.answers, 0);
	close_all();
}
END_TEST

/* ---- record and replay ---- */

START_TEST(what_was_recorded_is_played_back_exactly)
{
	char *dir = scratch_new();
	AUTO(tree) first = NULL;
	auto_str path = xasprintf("%s/kept", dir);

	f.conf.record = path;
	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, "no plan");
	llm_stub_speak(f.stub, 1, VIEW);
	set_state(llm_stub_state(true, ""));
	first = cJSON_Duplicate(plan(), true);
	close_all();
	memset(&f.asked, 0, sizeof(f.asked));
	f.stub = NULL;
	open_as("replay");
	set_state(llm_stub_state(true, ""));
	ck_assert(cJSON_Compare(plan(), first, true));
	ck_assert_int_eq(llm_stub_asked(f.stub), 0);
	/* What nobody asked is the rules'. */
	set_state(llm_stub_state(true, ",\"iteration\":8"));
	assert_notes_hold(plan(), "nothing was recorded");
	close_all();
	scratch_free(dir);
}
END_TEST

/* ---- many, and by hand ---- */

enum { MANY = 200 };

static int n_many;

static void
on_one_of_many(struct turn *t UNUSED, struct span update)
{
	ck_assert(span_is(wire_find_str(update, "decision"), "FINISH"));
	n_many++;
}

static bool
all_answered(void *arg UNUSED)
{
	return n_many == MANY;
}

START_TEST(hundreds_of_turns_are_in_flight_at_once)
{
	struct turn turns[MANY];
	int i;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, VIEW);
	set_state(llm_stub_state(true, ""));
	for (i = 0; i < MANY; i++) {
		turns[i] = (struct turn){.state = buf_span(&f.state),
		    .deadline_ms = clk_mono_ms() + NEVER_MS,
		    .answer = on_one_of_many};
		f.ops->plan(f.backend, &turns[i]);
	}
	ck_assert(loop_until_cond(f.loop, all_answered, NULL, NEVER_MS));
	ck_assert_int_eq(llm_stub_asked(f.stub), MANY);
	close_all();
}
END_TEST

/* What --once says on stderr; the update goes to ret_out. */
static char *
once(char **ret_out)
{
	auto_str state = llm_stub_state(true, "");
	FILE *in = fmemopen(state, strlen(state), "r");
	char *dir = scratch_new(), *said;
	auto_str path = xasprintf("%s/said", dir);
	size_t n = 0;
	FILE *out = open_memstream(ret_out, &n);

	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	ck_assert_int_eq(planner_once(&f.conf, in, out), 0);
	fflush(stderr);
	fclose(in);
	fclose(out);
	said = file_read(path);
	scratch_free(dir);
	return said;
}

START_TEST(one_turn_is_explained_where_that_is_asked_for)
{
	static const char *const parts[] = {"==== prompt, system\n",
	    "==== prompt, user\n", "==== answer\n", "==== parse\n",
	    "==== figures\n", "==== verdict\n"};
	auto_str out = NULL;
	auto_str said = NULL;
	size_t i;

	open_as("rules+openai");
	f.conf.explain = true;
	llm_stub_speak(f.stub, 0, VIEW);
	said = once(&out);
	for (i = 0; i < ARRAY_LEN(parts); i++)
		assert_contains(said, parts[i]);
	assert_contains(out, "\"decision\":\"FINISH\"");
	free(TAKE(said));
	free(TAKE(out));
	f.conf.explain = false;
	said = once(&out);
	ck_assert_str_eq(said, "");
	close_all();
}
END_TEST

/* What --check says; ret_rc: how it ends, and error then. */
static char *
check(enum rc *ret_rc, struct err *err)
{
	char *said = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&said, &n);

	*ret_rc = f.ops->check(&f.conf, out, err);
	fclose(out);
	return said;
}

START_TEST(a_check_asks_for_a_word_and_says_what_it_found_out)
{
	auto_str said = NULL;
	struct err err;
	enum rc rc;

	open_as("rules+openai");
	llm_stub_speak(f.stub, 0, "ready");
	llm_stub_say(f.stub, 1, REFUSES("400", "no json_schema here"));
	llm_stub_speak(f.stub, 2, "{\"word\":\"ready\"}");
	said = check(&rc, &err);
	ck_assert_int_eq(rc, RC_OK);
	assert_contains(said, "answered \"ready\"");
	assert_contains(said, "streams");
	assert_contains(said, "answers by json_object");
	assert_contains(said, "does not say how many tokens");
	close_all();
}
END_TEST

#define WHOLE(text)                                                            \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"                \
	"Connection: "                                                         \
	"close\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"" text         \
	"\"},\"finish_reason\":\"stop\"}]}"

/* A server that has next to nothing is found out, and asked as it can. */
START_TEST(a_check_finds_out_what_a_server_cannot_do)
{
	auto_str said = NULL;
	struct err err;
	enum rc rc;

	open_as("rules+openai");
	llm_stub_say(f.stub, 0, REFUSES("400", "system role not supported"));
	llm_stub_say(f.stub, 1, WHOLE("ready"));
	llm_stub_say(f.stub, 2, REFUSES("400", "text only"));
	llm_stub_say(f.stub, 5, WHOLE("{\\\"word\\\":\\\"ready\\\"}"));
	said = check(&rc, &err);
	ck_assert_msg(rc == RC_OK, "%s", err.text);
	assert_contains(said, "does not stream");
	assert_contains(said, "answers by plain text");
	assert_contains(said, "no system role");
	assert_contains(llm_stub_body(f.stub, 1),
	    "[{\"role\":\"user\",\"content\":\"You answer in json.\\n\\nAnswer "
	    "with the one word: ready\"}]");
	/* Remembered. */
	assert_lacks(llm_stub_body(f.stub, 2), "\"system\"");
	assert_lacks(llm_stub_body(f.stub, 5), "response_format");
	assert_lacks(llm_stub_body(f.stub, 5), "tool_choice");
	close_all();
}
END_TEST

static const struct {
	const char *answer, *advice;
} hopeless[] = {
    {REFUSES("404", "model_not_found"), "check --llm-model"},
    {REFUSES("400", "Invalid model name passed in model=m"),
	"check --llm-model"},
    {REFUSES("404", "Not Found"),
	"check the path of --llm-url, which mostly ends in /v1"},
    {REFUSES("401", "no"), "check --llm-key-file"},
    {REFUSES("402", "Insufficient Balance"), "unpaid"},
};

START_TEST(a_check_that_fails_says_what_to_do)
{
	auto_str said = NULL;
	struct err err;
	enum rc rc;

	open_as("rules+openai");
	llm_stub_say(f.stub, 0, hopeless[_i].answer);
	said = check(&rc, &err);
	ck_assert_int_ne(rc, RC_OK);
	assert_contains(err.text, hopeless[_i].advice);
	ck_assert_int_eq(llm_stub_asked(f.stub), 1);
	close_all();
}
END_TEST

START_TEST(of_an_answer_that_was_cut_off_the_model_is_shown_the_begin)
{
	auto_buf answer = {.max = 8000};
	auto_str cut = NULL;

	buf_adds(&answer, "{\\\"decision\\\":\\\"FINISH\\\",\\\"summary\\\":"
			  "\\\"it begins");
	for (int i = 0; i < 500; i++)
		buf_adds(&answer, " and goes on");
	cut = xasprintf(LLM_SSE "data: {\"choices\":[{\"delta\":{\"content\":"
				"\"%s at the end\"}}]}\n\n" LLM_ENDS("length"),
	    buf_str(&answer));
	open_as("rules+openai");
	llm_stub_say(f.stub, 0, cut);
	llm_stub_speak(f.stub, 1, VIEW);
	set_state(llm_stub_state(true, ""));
	plan();
	ck_assert_int_eq(llm_stub_asked(f.stub), 2);
	assert_contains(llm_stub_body(f.stub, 1), "it begins and goes on");
	assert_contains(llm_stub_body(f.stub, 1), "it was cut off");
	assert_lacks(llm_stub_body(f.stub, 1), "at the end");
	ck_assert_uint_lt(strlen(llm_stub_body(f.stub, 1)),
	    strlen(llm_stub_body(f.stub, 0)) + 1000);
	close_all();
}
END_TEST

/* It may mend what the supervisor did not take. */
START_TEST(a_model_is_told_why_its_answer_was_not_taken)
{
	open_as("rules+openai");
	llm_stub_speak(
	    f.stub, 0, "{\"decision\":\"FINISH\",\"summary\":\"It is dns.\"}");
	set_state(llm_stub_state(true,
	    ",\"refused\":{\"times\":1,\"by\":\"p\",\"why\":\"it is over 12 "
	    "bytes\"}"));
	plan();
	assert_contains(llm_stub_body(f.stub, 0),
	    "This answer cannot be used: it is over 12 bytes.");
	close_all();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_model_is_told_why_its_answer_was_not_taken, 0},
	    {of_an_answer_that_was_cut_off_the_model_is_shown_the_begin, 0},
	    {what_a_model_mends_needs_no_mark, 0},
	    {a_model_that_fails_at_mending_said_what_it_said, 0},
	    {the_worst_model_leaves_the_rules_conclusion_as_it_is,
		(int)ARRAY_LEN(misdeeds)},
	    {the_worst_model_does_not_keep_the_rules_from_looking,
		(int)ARRAY_LEN(misdeeds)},
	    {rules_that_are_not_done_are_not_held_up_by_asking, 0},
	    {what_a_model_asks_runs_beside_what_the_rules_ask, 0},
	    {a_model_that_concludes_too_early_is_not_asked_until_the_rules_are,
		0},
	    {what_holds_of_a_models_view_stands_beside_the_conclusion, 0},
	    {a_model_may_look_further_when_the_rules_are_done, 0},
	    {a_model_may_not_look_on_for_ever, 0},
	    {a_tool_that_just_failed_is_not_the_models_to_fail_at, 0},
	    {a_model_is_told_exactly_what_was_wrong, 0},
	    {a_prompt_that_is_too_long_is_shortened_and_stays_short, 0},
	    {a_model_is_not_asked_when_little_time_is_left, 0},
	    {a_model_looks_no_further_when_a_step_might_not_end_in_time, 0},
	    {a_model_is_not_let_near_what_changes_something, 0},
	    {a_revoked_turn_closes_its_transfer_at_once, 0},
	    {what_was_recorded_is_played_back_exactly, 0},
	    {hundreds_of_turns_are_in_flight_at_once, 0},
	    {one_turn_is_explained_where_that_is_asked_for, 0},
	    {a_check_asks_for_a_word_and_says_what_it_found_out, 0},
	    {a_check_finds_out_what_a_server_cannot_do, 0},
	    {a_check_that_fails_says_what_to_do, (int)ARRAY_LEN(hopeless)},
	};

	return RUN_TESTS("model", tests);
}
