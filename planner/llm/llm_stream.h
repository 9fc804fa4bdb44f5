/*
 * llm_stream.h - one answer of a chat completions API, as it comes: what was
 * said, what was thought, what was called, how it ended.
 *
 * Takes server-sent events byte by byte, or one whole JSON document from a
 * server that does not stream. Knows the dialects: thoughts in
 * `reasoning_content`, `reasoning` or <think>; `usage` that is null; content
 * that is null or a list of parts; calls whose later pieces have an empty id
 * and name; an error object in mid-stream. Pure.
 */
#ifndef PLANNER_LLM_LLM_STREAM_H
#define PLANNER_LLM_LLM_STREAM_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"
#include "common/net/sse_read.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	LLM_TEXT_MAX = 256 << 10,   /* bytes of an answer */
	LLM_THOUGHT_MAX = 64 << 10, /* bytes of thinking that are kept */
	LLM_CALLS_MAX = 16,         /* calls in one answer */
	LLM_CHUNK_MAX = 1 << 20,    /* bytes of one event */
};

/* The name of the one function that a plan is asked for with. */
#define LLM_ANSWER_FUNCTION "answer"

struct llm_call_piece {
	struct buf name, args;
};

struct llm_stream {
	struct sse_read sse;
	struct buf raw;     /* content as it came, thoughts in it too */
	struct buf thought; /* kept apart, its start */
	struct llm_call_piece calls[LLM_CALLS_MAX];
	int n_calls;
	size_t shown; /* bytes of raw that were given to on_text */
	size_t said;  /* where in raw what is said begins; see think */
	enum { THINK_UNKNOWN, THINK_INSIDE, THINK_NONE } think;
	char finish[32]; /* "stop", "length" …; "" while it goes on */
	bool done;       /* [DONE] came */
	bool begun;      /* something was said, thought or called */
	unsigned events; /* that had data */
	int64_t prompt_tokens, cached_tokens, answer_tokens; /* -1: unknown */
	struct buf error; /* the JSON of an error in mid-stream */
	enum rc rc;
	struct err err;
	/* What is said, as it comes; may be NULL. */
	void (*on_text)(void *ctx, struct span text);
	void *ctx;
};

void llm_stream_init(struct llm_stream *s,
    void (*on_text)(void *ctx, struct span text), void *ctx);
void llm_stream_done(struct llm_stream *s);

/* Bytes of an event stream. RC_UPSTREAM: not what a model's server sends;
 * RC_TOOBIG: over a limit above. So it stays. */
NODISCARD enum rc llm_stream_feed(
    struct llm_stream *s, struct span bytes, struct err *err);

/* The whole answer of a server that does not stream. */
NODISCARD enum rc llm_stream_whole(
    struct llm_stream *s, struct span body, struct err *err);

/* Has all of the answer come, though the input may go on? */
bool llm_stream_is_whole(const struct llm_stream *s);

/*
 * The input has ended. RC_OK: the answer is complete, which is what a model
 * meant to say; RC_UPSTREAM: it broke off, or there was an error on the way.
 */
NODISCARD enum rc llm_stream_end(struct llm_stream *s, struct err *err);

/*
 * Appends what was said: the content without thoughts; where there is none,
 * what was called: the argument of LLM_ANSWER_FUNCTION, or other functions
 * as a plan with a step for each. As JSON only where calls are JSON.
 */
void llm_stream_text(const struct llm_stream *s, struct buf *b);

/* Was it cut short by a limit of the server's? */
bool llm_stream_is_cut(const struct llm_stream *s);

/* Appends s with what is not UTF-8 as U+FFFD. */
void llm_put_utf8(struct buf *b, struct span s);

#endif
