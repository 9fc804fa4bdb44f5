/* test_llm_stream.c - answers of chat completions APIs in their dialects, cut
 * anywhere. */
#include <check.h>
#include <stdlib.h>

#include "planner/llm/llm_stream.h"
#include "tests/harness/texts.h"

#define DATA(json) "data: " json "\n\n"
#define SAYS(text)                                                             \
	DATA("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text       \
	     "\"}}]}")
#define ENDS(why)                                                              \
	DATA(                                                                  \
	    "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" why \
	    "\"}]}")
#define DONE DATA("[DONE]")
#define CALLS(call)                                                            \
	DATA("{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[" call     \
	     "]}}]}")

static const struct {
	const char *name, *stream;
	const char *text; /* NULL: it fails */
	const char *thought, *finish;
	const char *shown; /* what was given as it came; NULL: as text */
} cases[] = {
    {"llama.cpp",
	DATA("{\"choices\":[{\"delta\":{\"role\":\"assistant\","
	     "\"content\":null}}]}") SAYS("a") SAYS("b") ENDS("stop")
	    DATA("{\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
		 "\"completion_tokens\":2,\"prompt_tokens_details\":"
		 "{\"cached_tokens\":5}}}") DONE,
	"ab", "", "stop", NULL},
    {"DashScope: usage null in every chunk, role with content",
	DATA("{\"choices\":[{\"delta\":{\"content\":\"\",\"role\":"
	     "\"assistant\"},\"index\":0,\"logprobs\":null,"
	     "\"finish_reason\":null}],\"usage\":null}")
	    DATA("{\"choices\":[{\"finish_reason\":null,\"delta\":{\"content\":"
		 "\"several characters\"}}],\"usage\":null}")
		DATA("{\"choices\":[{\"finish_reason\":\"stop\",\"delta\":"
		     "{\"content\":\"\"}}],\"usage\":null}") DONE,
	"several characters", "", "stop", NULL},
    {"DashScope: later pieces of a call with empty id and null name",
	CALLS("{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":"
	      "{\"name\":\"answer\",\"arguments\":\"{\\\"decision\\\":\"}}")
	    CALLS("{\"index\":0,\"id\":\"\",\"type\":\"function\","
		  "\"function\":{\"name\":null,\"arguments\":\"\\\"PLAN\\\"}"
		  "\"}}") ENDS("tool_calls") DONE,
	"{\"decision\":\"PLAN\"}", "", "tool_calls", ""},
    {"thoughts in reasoning_content",
	DATA("{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\","
	     "\"content\":null}}]}") SAYS("x") ENDS("stop") DONE,
	"x", "hm", "stop", NULL},
    {"thoughts in reasoning",
	DATA("{\"choices\":[{\"delta\":{\"reasoning\":\"hm\",\"content\":"
	     "\"\"}}]}") SAYS("x") ENDS("stop") DONE,
	"x", "hm", "stop", NULL},
    {"thoughts in the content, in pieces",
	SAYS("\\n<th") SAYS("ink>one ") SAYS("two</thi") SAYS("nk>\\n{}")
	    ENDS("stop") DONE,
	"{}", "one two", "stop", "\n{}"},
    {"thoughts that never end", SAYS("<think>one") ENDS("length") DONE, "", "",
	"length", ""},
    {"what only looks like a thought",
	SAYS("<thin") SAYS("g>") ENDS("stop") DONE, "<thing>", "", "stop",
	NULL},
    {"another function is a step",
	CALLS("{\"index\":0,\"function\":{\"name\":\"look\",\"arguments\":"
	      "\"{\\\"q\\\":1}\"}},{\"index\":1,\"function\":{\"name\":"
	      "\"echo\",\"arguments\":\"\"}}") ENDS("tool_calls") DONE,
	"{\"decision\":\"EXECUTE\",\"steps\":[{\"tool\":\"look\",\"args\":"
	"{\"q\":1}},{\"tool\":\"echo\",\"args\":{}}]}",
	"", "tool_calls", ""},
    {"arguments as an object",
	CALLS("{\"function\":{\"name\":\"answer\",\"arguments\":{\"a\":1}}}")
	    ENDS("stop") DONE,
	"{\"a\":1}", "", "stop", ""},
    {"no [DONE], but an end", SAYS("a") ENDS("stop"), "a", "", "stop", NULL},
    {"no end", SAYS("a"), NULL, "", "", "a"},
    {"nothing", "", NULL, "", "", ""},
    {"[DONE] at once", DONE, "", "", "", ""},
    {"an error in mid-stream",
	SAYS("a") DATA("{\"error\":{\"message\":\"out of memory\"}}"), NULL, "",
	"", "a"},
    {"an error that is null",
	DATA("{\"error\":null,\"choices\":[{\"delta\":"
	     "{\"content\":\"a\"}}]}") ENDS("stop") DONE,
	"a", "", "stop", NULL},
    {"no JSON", SAYS("a") DATA("<html>"), NULL, "", "", "a"},
    {"a chunk with a key twice", DATA("{\"choices\":[],\"choices\":[]}"), NULL,
	"", "", ""},
    {"bytes that are no UTF-8", SAYS("a\xFF") SAYS("\xC3(") ENDS("stop") DONE,
	"a\xEF\xBF\xBD\xEF\xBF\xBD(", "", "stop", NULL},
    {"content in parts",
	DATA("{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\","
	     "\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}}]}")
	    ENDS("stop") DONE,
	"ab", "", "stop", NULL},
    {"a second choice",
	DATA("{\"choices\":[{\"index\":1,\"delta\":{"
	     "\"content\":\"other\"}}]}") SAYS("a") ENDS("stop") DONE,
	"a", "", "stop", NULL},
    {"comments and blank lines",
	": ping\n\n\n" SAYS("a") ": ping\n\n" ENDS("stop") DONE, "a", "",
	"stop", NULL},
    {"what follows [DONE]", SAYS("a") ENDS("stop") DONE SAYS("b"), "a", "",
	"stop", NULL},
    {"line ends of Windows",
	"data: {\"choices\":[{\"delta\":{\"content\":"
	"\"a\"},\"finish_reason\":\"stop\"}]}\r\n\r\n",
	"a", "", "stop", NULL},
};

static void
take(void *ctx, struct span text)
{
	buf_add_span(ctx, text);
}

static void
run(int i, size_t step)
{
	auto_buf shown = {.max = 1000}, text = {.max = 1000};
	struct span in = span_of(cases[i].stream);
	struct llm_stream s;
	struct err err;
	enum rc rc = RC_OK;
	size_t at;

	llm_stream_init(&s, take, &shown);
	for (at = 0; at < in.n && rc == RC_OK; at += step)
		rc = llm_stream_feed(
		    &s, span_make(in.p + at, MIN(step, in.n - at)), &err);
	if (rc == RC_OK)
		rc = llm_stream_end(&s, &err);
	ck_assert_msg((rc == RC_OK) == (cases[i].text != NULL), "%s: %s",
	    cases[i].name, rc == RC_OK ? "taken" : err.text);
	llm_stream_text(&s, &text);
	if (cases[i].text != NULL)
		ck_assert_str_eq(buf_str(&text), cases[i].text);
	ck_assert_str_eq(buf_str(&s.thought), cases[i].thought);
	ck_assert_str_eq(s.finish, cases[i].finish);
	ck_assert_str_eq(buf_str(&shown),
	    cases[i].shown != NULL ? cases[i].shown : cases[i].text);
	llm_stream_done(&s);
}

START_TEST(an_answer_is_the_same_wherever_its_bytes_are_cut)
{
	size_t step;

	for (step = 1; step < 80; step += 7)
		run(_i, step);
	run(_i, 100000);
}
END_TEST

START_TEST(usage_is_read_where_there_is_some)
{
	struct span in = span_of(cases[0].stream);
	struct llm_stream s;
	struct err err;

	llm_stream_init(&s, NULL, NULL);
	ck_assert_int_eq(s.prompt_tokens, -1);
	ck_assert_int_eq(llm_stream_feed(&s, in, &err), RC_OK);
	ck_assert_int_eq(s.prompt_tokens, 7);
	ck_assert_int_eq(s.cached_tokens, 5);
	ck_assert_int_eq(s.answer_tokens, 2);
	llm_stream_done(&s);
}
END_TEST

static const struct {
	const char *body, *text; /* NULL: refused */
} wholes[] = {
    {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"a\"},"
     "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}",
	"a"},
    {"{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{"
     "\"function\":{\"name\":\"answer\",\"arguments\":\"{}\"}}]},"
     "\"finish_reason\":\"tool_calls\"}]}",
	"{}"},
    {"{\"error\":{\"message\":\"no\"}}", NULL},
    {"{\"models\":[]}", NULL},
    {"<html>", NULL},
    {"", NULL},
};

START_TEST(a_server_that_does_not_stream_is_understood)
{
	auto_buf text = {.max = 1000};
	struct llm_stream s;
	struct err err;

	llm_stream_init(&s, NULL, NULL);
	ck_assert_int_eq(
	    llm_stream_whole(&s, span_of(wholes[_i].body), &err) == RC_OK,
	    wholes[_i].text != NULL);
	llm_stream_text(&s, &text);
	if (wholes[_i].text != NULL)
		ck_assert_str_eq(buf_str(&text), wholes[_i].text);
	llm_stream_done(&s);
}
END_TEST

START_TEST(an_endless_answer_ends_at_its_limit)
{
	struct llm_stream s;
	struct err err = {""};
	enum rc rc = RC_OK;
	int i;

	llm_stream_init(&s, NULL, NULL);
	for (i = 0; i < 100000 && rc == RC_OK; i++)
		rc = llm_stream_feed(
		    &s, span_of(SAYS("0123456789012345678901234567890")), &err);
	ck_assert_int_eq(rc, RC_TOOBIG);
	ck_assert_int_lt(i, 10000);
	llm_stream_done(&s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_answer_is_the_same_wherever_its_bytes_are_cut,
		(int)ARRAY_LEN(cases)},
	    {usage_is_read_where_there_is_some, 0},
	    {a_server_that_does_not_stream_is_understood,
		(int)ARRAY_LEN(wholes)},
	    {an_endless_answer_ends_at_its_limit, 0},
	};

	return RUN_TESTS("llm_stream", tests);
}
