/*
 * llm_stream.c - the pieces of an answer put together.
 */
#include "planner/llm/llm_stream.h"

#include <stdio.h>

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"

#define THINK_BEGINS "<think>"
#define THINK_ENDS "</think>"

static const struct json_limits limits = {
    .bytes_max = LLM_CHUNK_MAX, .depth_max = 24, .values_max = 50000};

static void on_event(void *ctx, const struct sse_event *ev);

void
llm_stream_init(struct llm_stream *s,
    void (*on_text)(void *ctx, struct span text), void *ctx)
{
	*s = (struct llm_stream){.on_text = on_text,
	    .ctx = ctx,
	    .prompt_tokens = -1,
	    .cached_tokens = -1,
	    .answer_tokens = -1};
	sse_read_init(&s->sse, LLM_CHUNK_MAX, on_event, s);
	buf_init(&s->raw, LLM_TEXT_MAX);
	buf_init(&s->thought, LLM_THOUGHT_MAX);
	buf_init(&s->error, 8192);
}

void
llm_stream_done(struct llm_stream *s)
{
	int i;

	sse_read_done(&s->sse);
	buf_done(&s->raw);
	buf_done(&s->thought);
	buf_done(&s->error);
	for (i = 0; i < s->n_calls; i++) {
		buf_done(&s->calls[i].name);
		buf_done(&s->calls[i].args);
	}
}

void
llm_put_utf8(struct buf *b, struct span s)
{
	size_t n;

	if (utf8_ok(s)) {
		buf_add_span(b, s);
		return;
	}
	for (; s.n > 0; s = span_from(s, n))
		if (utf8_next(s, &n) == UTF8_NONE)
			buf_adds(b, "\xEF\xBF\xBD");
		else
			buf_add(b, s.p, n);
}

static void
fail(struct llm_stream *s, enum rc rc, const char *text)
{
	if (s->rc == RC_OK)
		s->rc = err_set(&s->err, rc, "%s", text);
}

/* ---- what is said, and what is thought before it ---- */

/* Whether what was said so far may still become <think>. */
static bool
may_think(struct span s)
{
	return s.n < strlen(THINK_BEGINS) &&
	       memcmp(THINK_BEGINS, s.p, s.n) == 0;
}

static void
find_think(struct llm_stream *s)
{
	struct span all = buf_span(&s->raw), at = span_trim(all);
	const char *end;

	if (s->think == THINK_UNKNOWN && at.n > 0 && !may_think(at))
		s->think = at.n >= strlen(THINK_BEGINS) &&
				   memcmp(at.p, THINK_BEGINS,
				       strlen(THINK_BEGINS)) == 0
			       ? THINK_INSIDE
			       : THINK_NONE;
	if (s->think != THINK_INSIDE)
		return;
	end = memmem(all.p, all.n, THINK_ENDS, strlen(THINK_ENDS));
	if (end == NULL)
		return;
	at = span_make(strstr(all.p, THINK_BEGINS) + strlen(THINK_BEGINS), 0);
	at.n = end > at.p ? (size_t)(end - at.p) : 0;
	buf_add_span(&s->thought, utf8_cut(at, LLM_THOUGHT_MAX / 2));
	s->said = (size_t)(end - all.p) + strlen(THINK_ENDS);
	s->shown = s->said;
	s->think = THINK_NONE;
}

static void
add_content(struct llm_stream *s, const char *text)
{
	if (text[0] == '\0')
		return;
	s->begun = true;
	buf_adds(&s->raw, text);
	if (s->raw.full) {
		fail(s, RC_TOOBIG, "the answer is over its limit of 256 KiB");
		return;
	}
	find_think(s);
	if (s->think != THINK_NONE || s->shown >= s->raw.len)
		return;
	if (s->on_text != NULL)
		s->on_text(s->ctx, span_from(buf_span(&s->raw), s->shown));
	s->shown = s->raw.len;
}

/* Text, or a list of parts that are. */
static void
take_content(struct llm_stream *s, const cJSON *content)
{
	const cJSON *part;

	if (cJSON_IsString(content))
		add_content(s, content->valuestring);
	if (cJSON_IsArray(content))
		cJSON_ArrayForEach (part, content)
			add_content(s, tree_str(part, "text"));
}

static void
take_thought(struct llm_stream *s, const cJSON *delta)
{
	static const char *const keys[] = {"reasoning_content", "reasoning"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		struct span text = tree_span(delta, keys[i]);

		if (text.n == 0)
			continue;
		s->begun = true;
		/* Only its start is kept; that it is too long is no fault. */
		if (s->thought.len + text.n <= s->thought.max)
			buf_add_span(&s->thought, text);
		return;
	}
}

/* ---- calls ---- */

static struct llm_call_piece *
call_at(struct llm_stream *s, int index)
{
	if (index < 0 || index >= LLM_CALLS_MAX)
		return NULL;
	for (; s->n_calls <= index; s->n_calls++) {
		buf_init(&s->calls[s->n_calls].name, 128);
		buf_init(&s->calls[s->n_calls].args, LLM_TEXT_MAX);
	}
	return &s->calls[index];
}

/* A later piece repeats an empty id and name, or none at all. */
static void
take_call(struct llm_stream *s, const cJSON *call, int at)
{
	const cJSON *function = tree_at(call, "function");
	const cJSON *args = tree_at(function, "arguments");
	struct llm_call_piece *c =
	    call_at(s, (int)tree_num(call, "index", (double)at));

	if (c == NULL) {
		fail(s, RC_TOOBIG, "the answer has more than 16 calls");
		return;
	}
	s->begun = true;
	if (c->name.len == 0)
		buf_add_span(&c->name, tree_span(function, "name"));
	if (cJSON_IsString(args))
		buf_adds(&c->args, args->valuestring);
	else if (cJSON_IsObject(args))
		json_print(&c->args, args);
	if (c->args.full)
		fail(s, RC_TOOBIG, "a call is over its limit of 256 KiB");
}

static void
take_calls(struct llm_stream *s, const cJSON *calls)
{
	const cJSON *call;
	int i = 0;

	cJSON_ArrayForEach (call, calls)
		take_call(s, call, i++);
}

/* ---- a chunk ---- */

static void
take_usage(struct llm_stream *s, const cJSON *usage)
{
	const cJSON *details = tree_at(usage, "prompt_tokens_details");

	if (!cJSON_IsObject(usage))
		return;
	s->prompt_tokens = (int64_t)tree_num(usage, "prompt_tokens", -1);
	s->answer_tokens = (int64_t)tree_num(usage, "completion_tokens", -1);
	s->cached_tokens = (int64_t)tree_num(details, "cached_tokens",
	    tree_num(usage, "prompt_cache_hit_tokens", -1));
}

static void
take_choice(struct llm_stream *s, const cJSON *choice)
{
	const cJSON *delta = tree_at(choice, "delta");

	if (!cJSON_IsObject(delta))
		delta = tree_at(choice, "message");
	take_thought(s, delta);
	take_content(s, tree_at(delta, "content"));
	take_calls(s, tree_at(delta, "tool_calls"));
	if (tree_has(delta, "refusal"))
		add_content(s, tree_str(delta, "refusal"));
	if (tree_has(choice, "finish_reason"))
		snprintf(s->finish, sizeof(s->finish), "%s",
		    tree_str(choice, "finish_reason"));
}

static void
take_document(struct llm_stream *s, struct span text)
{
	AUTO(tree) tree = NULL;
	auto_buf clean = {.max = 3 * LLM_CHUNK_MAX};
	const cJSON *error, *choice;
	struct err why;

	llm_put_utf8(&clean, text);
	if (json_parse(buf_span(&clean), &limits, &tree, &why) != RC_OK) {
		err_prefix(&why, RC_UPSTREAM, "what it sent is not JSON");
		fail(s, RC_UPSTREAM, why.text);
		return;
	}
	error = tree_at(tree, "error");
	if (error != NULL && !cJSON_IsNull(error)) {
		if (s->error.len == 0)
			json_print(&s->error, tree);
		fail(s, RC_UPSTREAM, "an error in the middle of the answer");
		return;
	}
	/* Where several were not asked for, the first is the answer. */
	choice = cJSON_GetArrayItem(tree_at(tree, "choices"), 0);
	if (choice != NULL && tree_num(choice, "index", 0) == 0)
		take_choice(s, choice);
	take_usage(s, tree_at(tree, "usage"));
}

static void
on_event(void *ctx, const struct sse_event *ev)
{
	struct llm_stream *s = ctx;
	struct span data = span_trim(ev->data);

	if (s->rc != RC_OK || s->done || data.n == 0)
		return;
	s->events++;
	if (span_is(data, "[DONE]"))
		s->done = true;
	else
		take_document(s, data);
}

enum rc
llm_stream_feed(struct llm_stream *s, struct span bytes, struct err *err)
{
	struct err why;

	if (s->rc == RC_OK && sse_read_feed(&s->sse, bytes, &why) != RC_OK)
		fail(s, RC_TOOBIG, why.text);
	if (s->rc != RC_OK)
		*err = s->err;
	return s->rc;
}

enum rc
llm_stream_whole(struct llm_stream *s, struct span body, struct err *err)
{
	take_document(s, body);
	if (s->rc == RC_OK && s->finish[0] == '\0' && !s->begun)
		fail(s, RC_UPSTREAM,
		    "its answer has no `choices`; is the base "
		    "URL that of a chat completions API?");
	s->done = true;
	if (s->rc != RC_OK)
		*err = s->err;
	return s->rc;
}

bool
llm_stream_is_whole(const struct llm_stream *s)
{
	return s->rc == RC_OK && (s->done || s->finish[0] != '\0');
}

enum rc
llm_stream_end(struct llm_stream *s, struct err *err)
{
	if (s->rc == RC_OK && !llm_stream_is_whole(s))
		fail(s, RC_UPSTREAM, "the answer broke off before its end");
	if (s->rc != RC_OK)
		*err = s->err;
	return s->rc;
}

/* ---- what came of it ---- */

static void
put_step_of(struct buf *b, const struct llm_call_piece *c)
{
	struct span args = span_trim(buf_span(&c->args));

	buf_adds(b, "{\"tool\":");
	json_put_string(b, buf_span(&c->name));
	buf_adds(b, ",\"args\":");
	if (args.n > 0)
		buf_add_span(b, args);
	else
		buf_adds(b, "{}");
	buf_addc(b, '}');
}

void
llm_stream_text(const struct llm_stream *s, struct buf *b)
{
	struct span said = {"", 0};
	int i;

	if (s->think != THINK_INSIDE && s->raw.len > s->said)
		said = span_trim(span_from(buf_span(&s->raw), s->said));
	if (said.n > 0) {
		buf_add_span(b, said);
		return;
	}
	for (i = 0; i < s->n_calls; i++) {
		if (!span_is(buf_span(&s->calls[i].name), LLM_ANSWER_FUNCTION))
			continue;
		buf_add_buf(b, &s->calls[i].args);
		return;
	}
	if (s->n_calls == 0)
		return;
	buf_adds(b, "{\"decision\":\"EXECUTE\",\"steps\":[");
	for (i = 0; i < s->n_calls; i++) {
		if (i > 0)
			buf_addc(b, ',');
		put_step_of(b, &s->calls[i]);
	}
	buf_adds(b, "]}");
}

bool
llm_stream_is_cut(const struct llm_stream *s)
{
	return strcmp(s->finish, "length") == 0 ||
	       strcmp(s->finish, "content_filter") == 0;
}
