/* test_llm.c - asking a model's server: what is tried again and what is not,
 * what is learnt, who gets the key, and what ends a request. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "planner/llm/llm.h"
#include "planner/llm/llm_body.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#define SSE                                                                    \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"               \
	"Connection: close\r\n\r\n"
#define SAYS(text)                                                             \
	"data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define ENDS                                                                   \
	"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"  \
	"data: [DONE]\n\n"
#define GOOD SSE SAYS("ready") ENDS

enum { SEEN_MAX = 64 };

/* What a server is told to do, and what it saw. */
struct server {
	struct stub_http *stub;
	/* The n-th request's answer, the last one repeats; HANG and CLOSE. */
	const char *answers[8];
	pthread_mutex_t mutex;
	char *heads[SEEN_MAX], *bodies[SEEN_MAX];
	int64_t at_ms[SEEN_MAX];
	int n;
};

#define HANG "hang"

static void
serve(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct server *s = arg;
	const char *answer = NULL;
	int i, k;

	pthread_mutex_lock(&s->mutex);
	i = s->n;
	ck_assert_int_lt(i, SEEN_MAX);
	s->heads[i] = xstrdup(rq->head);
	s->bodies[i] = xstrdup(rq->body);
	s->at_ms[i] = clk_mono_ms();
	s->n++;
	pthread_mutex_unlock(&s->mutex);
	for (k = 0; k <= i && k < 8 && s->answers[k] != NULL; k++)
		answer = s->answers[k];
	if (strcmp(answer, HANG) != 0)
		stub_raws(c, answer);
	/* An answer that does not end its body stands open. */
	if (strcmp(answer, HANG) == 0 ||
	    (strstr(answer, "event-stream") != NULL &&
		strstr(answer, "[DONE]") == NULL &&
		strstr(answer, "Connection: close") == NULL))
		stub_hang(c);
	stub_close(c);
}

static int
seen(struct server *s)
{
	int n;

	pthread_mutex_lock(&s->mutex);
	n = s->n;
	pthread_mutex_unlock(&s->mutex);
	return n;
}

struct fixture {
	struct server servers[2];
	struct llm_settings settings;
	zloop_t *loop;
	struct llm *llm;
	cJSON *messages, *schema;
	bool done;
	enum rc rc;
	struct llm_reply reply;
	char text[200], error[600], finish[32], shown_as[200];
	struct buf shown;
};

static struct fixture f;

static void
setup(void)
{
	int i;

	memset(&f, 0, sizeof(f));
	for (i = 0; i < 2; i++) {
		pthread_mutex_init(&f.servers[i].mutex, NULL);
		f.servers[i].answers[0] = GOOD;
		f.servers[i].stub = stub_http_new(serve, &f.servers[i]);
	}
	buf_init(&f.shown, 10000);
	f.messages = cJSON_CreateArray();
	f.schema = cJSON_CreateObject();
	f.loop = zloop_new();
	zloop_set_nonstop(f.loop, true);
}

static void
settings(int servers)
{
	auto_str urls = NULL;
	struct conf conf = {.llm_model = "m",
	    .llm_key = "sk-first",
	    .llm_temperature = "0",
	    .llm_headers = "X-Team: sre",
	    .llm_body = "{\"seed\":7}",
	    .llm_answer_tokens = 100,
	    .llm_first_token_s = 60,
	    .llm_idle_s = 60,
	    .llm_timeout_s = 60};
	struct err err = {""};

	setup();
	urls = xasprintf("%s%s%s", stub_http_url(f.servers[0].stub),
	    servers > 1 ? "," : "",
	    servers > 1 ? stub_http_url(f.servers[1].stub) : "");
	conf.llm_url = urls;
	ck_assert_msg(llm_settings_read(&conf, &f.settings, &err) == RC_OK,
	    "%s", err.text);
	f.llm = llm_new(f.loop, &f.settings);
}

static void
teardown(void)
{
	int i, k;

	llm_free(f.llm);
	zloop_destroy(&f.loop);
	llm_settings_done(&f.settings);
	cJSON_Delete(f.messages);
	cJSON_Delete(f.schema);
	buf_done(&f.shown);
	for (i = 0; i < 2; i++) {
		stub_http_free(f.servers[i].stub);
		for (k = 0; k < f.servers[i].n; k++) {
			free(f.servers[i].heads[k]);
			free(f.servers[i].bodies[k]);
		}
		pthread_mutex_destroy(&f.servers[i].mutex);
	}
}

static void
on_text(void *arg UNUSED, struct span text)
{
	buf_add_span(&f.shown, text);
}

static void
on_done(void *arg UNUSED, const struct llm_reply *r)
{
	f.reply = *r;
	f.rc = r->rc;
	snprintf(f.text, sizeof(f.text), "%.*s", SPAN_ARG(r->text));
	snprintf(f.error, sizeof(f.error), "%s", r->err.text);
	snprintf(f.finish, sizeof(f.finish), "%s", r->finish);
	snprintf(f.shown_as, sizeof(f.shown_as), "%s", r->shown);
	f.done = true;
}

static struct llm_ask *
start(int64_t ms)
{
	struct llm_question q = {.messages = f.messages,
	    .schema = f.schema,
	    .deadline_ms = clk_mono_ms() + ms,
	    .on_text = on_text,
	    .on_done = on_done};

	f.done = false;
	return llm_start(f.llm, &q);
}

static enum rc
ask(int64_t ms)
{
	start(ms);
	ck_assert(!f.done);
	ck_assert(loop_until(f.loop, &f.done, AWAIT_MS));
	return f.rc;
}

#define REFUSES(status, text)                                                  \
	"HTTP/1.1 " status " No\r\nContent-Type: application/json\r\n"         \
	"Connection: close\r\n\r\n{\"error\":{\"message\":\"" text "\"}}"

START_TEST(an_answer_comes_with_what_was_asked_for_and_word_by_word)
{
	settings(1);
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_str_eq(f.text, "ready");
	ck_assert_str_eq(buf_str(&f.shown), "ready");
	ck_assert_str_eq(f.finish, "stop");
	assert_contains(f.servers[0].heads[0], "POST /v1/chat/completions ");
	assert_contains(
	    f.servers[0].heads[0], "Authorization: Bearer sk-first");
	assert_contains(f.servers[0].heads[0], "X-Team: sre");
	assert_contains(f.servers[0].bodies[0], "\"model\":\"m\"");
	assert_contains(f.servers[0].bodies[0], "\"stream\":true");
	assert_contains(f.servers[0].bodies[0], "\"max_tokens\":100");
	assert_contains(f.servers[0].bodies[0], "\"json_schema\"");
	assert_contains(f.servers[0].bodies[0], "\"seed\":7");
	assert_lacks(f.servers[0].bodies[0], "sk-first");
	teardown();
}
END_TEST

/* ---- what is learnt ---- */

static const struct {
	const char *refusal;
	const char *had, *has; /* of the request before and after */
} lessons[] = {
    {REFUSES("400", "response_format is not supported"), "\"json_schema\"",
	"{\"type\":\"json_object\"}"},
    {REFUSES("400", "unknown parameter stream_options"), "stream_options",
	"\"temperature\":0"},
    {REFUSES("400", "temperature is not supported here"), "\"temperature\":0",
	"stream_options"},
    {REFUSES("400", "use max_completion_tokens"), "\"max_tokens\":100",
	"\"max_completion_tokens\":100"},
    {REFUSES("400", "I cannot say why"), "\"json_schema\"",
	"{\"type\":\"json_object\"}"},
};

START_TEST(what_a_server_refuses_is_left_out_once_for_all)
{
	settings(1);
	f.servers[0].answers[0] = lessons[_i].refusal;
	f.servers[0].answers[1] = GOOD;
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_int_eq(seen(&f.servers[0]), 2);
	assert_contains(f.servers[0].bodies[0], lessons[_i].had);
	assert_lacks(f.servers[0].bodies[1], lessons[_i].had);
	assert_contains(f.servers[0].bodies[1], lessons[_i].has);
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_int_eq(seen(&f.servers[0]), 3);
	ck_assert_str_eq(f.servers[0].bodies[2], f.servers[0].bodies[1]);
	teardown();
}
END_TEST

START_TEST(every_form_of_answer_is_tried_before_a_server_is_given_up)
{
	settings(1);
	f.servers[0].answers[0] = REFUSES("400", "no");
	ck_assert_int_eq(ask(AWAIT_MS), RC_UPSTREAM);
	ck_assert_int_eq(seen(&f.servers[0]), 4);
	assert_contains(f.servers[0].bodies[2], "\"tool_choice\"");
	assert_lacks(f.servers[0].bodies[3], "response_format");
	assert_lacks(f.servers[0].bodies[3], "tool_choice");
	assert_contains(f.error, "answered 400: no");
	/* It was not the form: the next one begins anew. */
	ck_assert_int_eq(llm_shape_of(f.llm, 0), LLM_SHAPE_SCHEMA);
	teardown();
}
END_TEST

START_TEST(a_model_without_a_system_role_hears_its_words_first)
{
	auto_buf with = {.max = 1000}, without = {.max = 1000};
	cJSON *m = cJSON_CreateObject();
	struct llm_body of;

	settings(1);
	of = (struct llm_body){.messages = f.messages};
	cJSON_AddStringToObject(m, "role", "system");
	cJSON_AddStringToObject(m, "content", "be good");
	cJSON_AddItemToArray(f.messages, m);
	m = cJSON_CreateObject();
	cJSON_AddStringToObject(m, "role", "user");
	cJSON_AddStringToObject(m, "content", "why?");
	cJSON_AddItemToArray(f.messages, m);
	llm_body_put_messages(&with, &of);
	of.without = LLM_FEATURE_SYSTEM;
	llm_body_put_messages(&without, &of);
	ck_assert_str_eq(buf_str(&with),
	    "[{\"role\":\"system\",\"content\":\"be good\"},"
	    "{\"role\":\"user\",\"content\":\"why?\"}]");
	ck_assert_str_eq(buf_str(&without),
	    "[{\"role\":\"user\",\"content\":\"be good\\n\\nwhy?\"}]");
	teardown();
}
END_TEST

/* ---- what is tried again ---- */

static const struct {
	const char *answer;
	enum rc rc; /* with one that is good behind it */
	int requests;
} tries[] = {
    {REFUSES("500", "boom"), RC_OK, 2},
    {REFUSES("503", "busy"), RC_OK, 2},
    {REFUSES("429", "slowly"), RC_OK, 2},
    {SSE SAYS("half"), RC_OK, 2},
    {SSE SAYS("half") "data: {\"error\":{\"message\":\"boom\"}}\n\n", RC_OK, 2},
    {SSE "data: <html>\n\n", RC_OK, 2},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
     "<html>Sign in</html>",
	RC_OK, 2},
    {"garbage", RC_OK, 2},
    {REFUSES("401", "who are you"), RC_DENIED, 1},
    {REFUSES("403", "not you"), RC_DENIED, 1},
    {REFUSES("404", "no such model"), RC_UPSTREAM, 1},
    {REFUSES("429", "insufficient_quota"), RC_UPSTREAM, 1},
    {REFUSES("413", "too much"), RC_TOOBIG, 1},
};

START_TEST(what_may_help_is_tried_again_and_nothing_else)
{
	settings(1);
	f.servers[0].answers[0] = tries[_i].answer;
	f.servers[0].answers[1] = GOOD;
	ck_assert_int_eq(ask(AWAIT_MS), tries[_i].rc);
	ck_assert_int_eq(seen(&f.servers[0]), tries[_i].requests);
	if (tries[_i].rc == RC_OK)
		ck_assert_str_eq(f.text, "ready");
	ck_assert_int_eq(f.reply.is_long, tries[_i].rc == RC_TOOBIG);
	teardown();
}
END_TEST

#define LATER(seconds)                                                         \
	"HTTP/1.1 429 No\r\nRetry-After: " seconds                             \
	"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

START_TEST(a_server_is_asked_again_when_it_said_so)
{
	settings(1);
	f.servers[0].answers[0] = LATER("1");
	f.servers[0].answers[1] = GOOD;
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_int_ge(f.servers[0].at_ms[1] - f.servers[0].at_ms[0], 990);
	teardown();
}
END_TEST

START_TEST(nobody_waits_for_a_server_beyond_the_time_there_is)
{
	settings(1);
	f.servers[0].answers[0] = LATER("3600");
	ck_assert_int_eq(ask(AWAIT_MS), RC_BUSY);
	ck_assert_int_eq(seen(&f.servers[0]), 1);
	assert_contains(f.error, "asked again in 3600 s");
	teardown();
}
END_TEST

START_TEST(a_server_that_fails_and_fails_is_left_alone)
{
	int before;

	settings(1);
	f.servers[0].answers[0] = LATER("0");
	while (f.rc != RC_BUSY) {
		ask(AWAIT_MS);
		ck_assert_int_lt(seen(&f.servers[0]), 12);
		f.servers[0].answers[0] = "garbage";
		before = seen(&f.servers[0]);
		if (before >= LLM_BREAKS_AT)
			break;
	}
	before = seen(&f.servers[0]);
	ck_assert_int_eq(ask(AWAIT_MS), RC_BUSY);
	ck_assert_int_eq(seen(&f.servers[0]), before);
	teardown();
}
END_TEST

START_TEST(a_key_that_is_refused_is_not_tried_again_soon)
{
	settings(1);
	f.servers[0].answers[0] = REFUSES("401", "who are you");
	ck_assert_int_eq(ask(AWAIT_MS), RC_DENIED);
	assert_contains(f.error, "--llm-key-file");
	ck_assert_int_eq(ask(AWAIT_MS), RC_BUSY);
	assert_contains(f.error, "who are you");
	ck_assert_int_eq(seen(&f.servers[0]), 1);
	teardown();
}
END_TEST

/* ---- several servers ---- */

START_TEST(the_next_server_is_asked_where_the_first_fails_without_its_key)
{
	settings(2);
	f.servers[0].answers[0] = REFUSES("500", "boom");
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_int_eq(seen(&f.servers[0]), 1);
	ck_assert_int_eq(seen(&f.servers[1]), 1);
	assert_contains(f.shown_as, stub_http_url(f.servers[1].stub));
	assert_lacks(f.servers[1].heads[0], "sk-first");
	assert_lacks(f.servers[1].heads[0], "Authorization");
	teardown();
}
END_TEST

START_TEST(the_first_server_is_preferred_as_long_as_it_is_well)
{
	settings(2);
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_int_eq(ask(AWAIT_MS), RC_OK);
	ck_assert_int_eq(seen(&f.servers[0]), 2);
	ck_assert_int_eq(seen(&f.servers[1]), 0);
	teardown();
}
END_TEST

/* ---- deadlines ---- */

#define OPEN_SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static const struct {
	const char *answer;
	int64_t first_ms, idle_ms, total_ms;
	const char *error;
} waits[] = {
    {HANG, NEVER_MS, NEVER_MS, 400, "no whole answer"},
    {OPEN_SSE, NEVER_MS, NEVER_MS, 400, "no whole answer"},
    {OPEN_SSE SAYS("a"), NEVER_MS, NEVER_MS, 400, "no whole answer"},
    {HANG, 100, NEVER_MS, AWAIT_MS, "no word came"},
    {OPEN_SSE ": ping\n\n", 100, NEVER_MS, AWAIT_MS, "no word came"},
    {OPEN_SSE SAYS("a"), NEVER_MS, 100, AWAIT_MS, "did not go on"},
};

START_TEST(silence_ends_in_time)
{
	settings(1);
	f.settings.first_token_ms = waits[_i].first_ms;
	f.settings.idle_ms = waits[_i].idle_ms;
	f.servers[0].answers[0] = waits[_i].answer;
	ck_assert_int_eq(ask(waits[_i].total_ms), RC_TIMEOUT);
	assert_contains(f.error, waits[_i].error);
	teardown();
}
END_TEST

START_TEST(an_answer_that_ended_is_not_waited_for)
{
	settings(1);
	f.servers[0].answers[0] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Content-Length: 10000\r\n\r\n" SAYS(
		"a") "data: {\"choices\":[{"
		     "\"finish_reason\":\"stop\"}]}\n\n";
	ck_assert_int_eq(ask(NEVER_MS), RC_OK);
	ck_assert_str_eq(f.text, "a");
	teardown();
}
END_TEST

static bool
is_closed(void *arg UNUSED)
{
	return stub_http_open(f.servers[0].stub) == 0;
}

static bool
has_begun(void *arg UNUSED)
{
	return f.shown.len > 0;
}

START_TEST(what_is_called_off_closes_its_connection_at_once)
{
	struct llm_ask *a;

	settings(1);
	f.servers[0].answers[0] = OPEN_SSE SAYS("a");
	a = start(NEVER_MS);
	ck_assert(loop_until_cond(f.loop, has_begun, NULL, AWAIT_MS));
	llm_cancel(a);
	ck_assert_int_eq(llm_under_way(f.llm), 0);
	ck_assert(await(is_closed, NULL, AWAIT_MS));
	ck_assert(!f.done);
	teardown();
}
END_TEST

static void
call_off(void *ask)
{
	llm_cancel(*(struct llm_ask **)ask);
}

START_TEST(what_is_called_off_is_not_rung_for)
{
	struct llm_ask *a;
	struct late late = {.off = call_off, .arg = &a};

	settings(1);
	loop_late(f.loop, &late);
	a = start(NEVER_MS);
	ck_assert(loop_until(f.loop, &late.done, AWAIT_MS));
	ck_assert_int_eq(llm_under_way(f.llm), 0);
	teardown();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_answer_comes_with_what_was_asked_for_and_word_by_word, 0},
	    {what_a_server_refuses_is_left_out_once_for_all,
		(int)ARRAY_LEN(lessons)},
	    {every_form_of_answer_is_tried_before_a_server_is_given_up, 0},
	    {a_model_without_a_system_role_hears_its_words_first, 0},
	    {what_may_help_is_tried_again_and_nothing_else,
		(int)ARRAY_LEN(tries)},
	    {a_server_is_asked_again_when_it_said_so, 0},
	    {nobody_waits_for_a_server_beyond_the_time_there_is, 0},
	    {a_server_that_fails_and_fails_is_left_alone, 0},
	    {a_key_that_is_refused_is_not_tried_again_soon, 0},
	    {the_next_server_is_asked_where_the_first_fails_without_its_key, 0},
	    {the_first_server_is_preferred_as_long_as_it_is_well, 0},
	    {silence_ends_in_time, (int)ARRAY_LEN(waits)},
	    {an_answer_that_ended_is_not_waited_for, 0},
	    {what_is_called_off_closes_its_connection_at_once, 0},
	    {what_is_called_off_is_not_rung_for, 0},
	};

	return RUN_TESTS("llm", tests);
}
