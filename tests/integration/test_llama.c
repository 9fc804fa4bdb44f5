/*
 * test_llama.c - a real model behind a real server: llama.cpp's, with
 * SmolLM2-135M-Instruct, which is an honest test, since it parrots, invents
 * and concludes at once. Whatever it says, the conclusion is the rules'.
 */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/base/log.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/backend.h"
#include "tests/harness/ask.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/loop.h"
#include "tests/harness/model_server.h"
#include "tests/harness/texts.h"

/* A busy machine takes minutes for a prompt. */
enum { TURN_S = 300 };

struct asked {
	struct turn turn; /* first */
	bool answered, begun;
	cJSON *update;
};

struct fixture {
	struct proc *server;
	char *dir, *url;
	zloop_t *loop;
	struct conf conf;
	const struct backend_ops *ops;
	struct backend *backend;
	struct asked asked;
	struct buf state;
};

static struct fixture f;

/* false: it cannot be had here, which is told. */
static bool
serve(const char *setting)
{
	auto_str why = NULL;

	f.dir = scratch_new();
	f.server =
	    model_server_start("llama_serve", setting, f.dir, &f.url, &why);
	if (f.server != NULL)
		return true;
	SKIP_TEST(why);
	scratch_free(f.dir);
	return false;
}

static void
open_as(const char *planner)
{
	struct err err = {""};

	f.conf = (struct conf){.planner = planner,
	    .language = "en",
	    .llm = "llamacpp",
	    .llm_url = f.url,
	    .llm_temperature = "0",
	    .llm_answer_tokens = 64, /* it is slow */
	    .llm_first_token_s = TURN_S,
	    .llm_idle_s = TURN_S,
	    .llm_timeout_s = TURN_S};
	f.loop = zloop_new();
	zloop_set_nonstop(f.loop, true);
	log_open("test", "error");
	buf_init(&f.state, 1 << 20);
	ck_assert_int_eq(backend_find(&f.conf, &f.ops, &err), RC_OK);
	ck_assert_msg(f.ops->start(&f.conf, f.loop, &f.backend, &err) == RC_OK,
	    "%s", err.text);
}

static void
close_all(void)
{
	f.ops->stop(f.backend);
	zloop_destroy(&f.loop);
	cJSON_Delete(f.asked.update);
	buf_done(&f.state);
	free(f.url);
	proc_free(f.server);
	scratch_free(f.dir);
}

static void
on_answer(struct turn *t, struct span update)
{
	struct asked *a = (struct asked *)t;

	cJSON_Delete(a->update);
	a->update = wire_to_tree(update);
	a->answered = true;
}

static void
on_token(struct turn *t, struct span text UNUSED)
{
	((struct asked *)t)->begun = true;
}

static void
begin(bool done)
{
	auto_str json = llm_stub_state(done, "");
	AUTO(tree) tree = NULL;
	struct err err;

	ck_assert_int_eq(json_parse(span_of(json), NULL, &tree, &err), RC_OK);
	wire_put_tree(&f.state, tree);
	f.asked.turn = (struct turn){.state = buf_span(&f.state),
	    .deadline_ms = clk_mono_ms() + 2 * TURN_S * 1000,
	    .answer = on_answer,
	    .token = on_token};
	f.ops->plan(f.backend, &f.asked.turn);
}

/* What the rules alone say; the caller's. */
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

static const struct {
	const char *planner;
	bool done;
} turns[] = {{"rules+openai", true}, {"openai", false}};

START_TEST(a_real_and_very_weak_model_does_no_harm)
{
	AUTO(tree) rules = NULL;
	AUTO(tree) conclusion = NULL;

	if (!serve("n_ctx=16384"))
		return;
	open_as(turns[_i].planner);
	begin(turns[_i].done);
	ck_assert(loop_until(f.loop, &f.asked.answered, 2 * TURN_S * 1000));
	rules = rules_say();
	conclusion =
	    cJSON_Duplicate(tree_at(f.asked.update, "conclusion"), true);
	cJSON_DeleteItemFromObject(conclusion, "opinion");
	ck_assert_str_eq(tree_str(f.asked.update, "error"), "");
	ck_assert(conclusion == NULL ? tree_at(rules, "conclusion") == NULL
				     : cJSON_Compare(conclusion,
					   tree_at(rules, "conclusion"), true));
	close_all();
}
END_TEST

/* Whether no slot of the server works on anything. */
static bool
is_idle(void *arg UNUSED)
{
	auto_str url = xasprintf("%s/slots", f.url);
	struct answer *w = ask(NULL, url, NULL, NULL);
	bool idle = w->status == 200 && w->body != NULL &&
		    strstr(w->body, "\"is_processing\":true") == NULL;

	answer_free(w);
	return idle;
}

START_TEST(a_revoked_turn_frees_the_slot_of_a_real_server)
{
	if (!serve("n_ctx=16384"))
		return;
	open_as("rules+openai");
	begin(true);
	ck_assert(loop_until(f.loop, &f.asked.begun, 2 * TURN_S * 1000));
	ck_assert(!is_idle(NULL));
	f.ops->cancel(f.backend, &f.asked.turn);
	ck_assert(await(is_idle, NULL, AWAIT_MS));
	close_all();
}
END_TEST

static const struct {
	const char *setting, *note;
} refusals[] = {
    {"api_keys=[\"sk-right\"]", "check --llm-key-file"},
    {"n_ctx=512", "over the model's window"},
};

START_TEST(what_a_real_server_refuses_is_the_rules_turn)
{
	const cJSON *n;
	bool told = false;

	if (!serve(refusals[_i].setting))
		return;
	open_as("rules+openai");
	begin(true);
	ck_assert(loop_until(f.loop, &f.asked.answered, 2 * TURN_S * 1000));
	cJSON_ArrayForEach (n, tree_at(f.asked.update, "notes"))
		told = told || text_contains(n->valuestring, refusals[_i].note);
	ck_assert(told);
	ck_assert_str_eq(tree_str(f.asked.update, "decision"), "FINISH");
	close_all();
}
END_TEST

START_TEST(a_check_finds_out_what_a_real_server_can_do)
{
	char *said = NULL;
	size_t n = 0;
	struct err err = {""};
	FILE *out;

	if (!serve("n_ctx=16384"))
		return;
	open_as("rules+openai");
	out = open_memstream(&said, &n);
	ck_assert_msg(
	    f.ops->check(&f.conf, out, &err) == RC_OK, "%s", err.text);
	fclose(out);
	assert_contains(said, "streams, does not think aloud, answers by "
			      "json_schema");
	free(said);
	close_all();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_real_and_very_weak_model_does_no_harm, (int)ARRAY_LEN(turns)},
	    {a_revoked_turn_frees_the_slot_of_a_real_server, 0},
	    {what_a_real_server_refuses_is_the_rules_turn,
		(int)ARRAY_LEN(refusals)},
	    {a_check_finds_out_what_a_real_server_can_do, 0},
	};

	return RUN_TESTS("llama", tests);
}
