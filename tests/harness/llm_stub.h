/*
 * llm_stub.h - a chat completions API that misbehaves as it is told, and the
 * states of a run that it is asked about.
 */
#ifndef TESTS_HARNESS_LLM_STUB_H
#define TESTS_HARNESS_LLM_STUB_H

#include "common/base/buf.h"
#include "tests/harness/stub_http.h"

enum { LLM_STUB_ANSWERS = 6, LLM_STUB_SEEN = 64 };

/* An answer that never comes. */
#define LLM_STUB_HANG "hang"

/* Bytes of an answer; what does not say `Connection: close` stands open. */
#define LLM_SSE                                                                \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"               \
	"Connection: close\r\n\r\n"
#define LLM_SSE_OPEN                                                           \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#define LLM_ENDS(why)                                                          \
	"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" why           \
	"\"}]}\n\ndata: [DONE]\n\n"
#define LLM_CHUNK(text)                                                        \
	"data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"

struct llm_stub;

struct llm_stub *llm_stub_new(void);
void llm_stub_free(struct llm_stub *s);
const char *llm_stub_url(const struct llm_stub *s);

/* The n-th answer, from 0: bytes as they are, borrowed; the last repeats. */
void llm_stub_say(struct llm_stub *s, int n, const char *bytes);

/* The same: a stream that says text, which is what a model would. */
void llm_stub_speak(struct llm_stub *s, int n, const char *text);

/* The same, saying so many tokens of a prompt, some of them cached, and of the
 * answer. */
void llm_stub_speak_for(struct llm_stub *s, int n, const char *text,
    int prompt, int cached, int answer);

/* Forgets its answers and what it saw. */
void llm_stub_forget(struct llm_stub *s);

int llm_stub_asked(struct llm_stub *s);
/* Connections that are open. */
int llm_stub_open(struct llm_stub *s);
/* The body of the n-th request; as long as s lives and does not forget. */
const char *llm_stub_body(struct llm_stub *s, int n);

/*
 * The state of a run as JSON, the caller's (free). done: the rules have
 * nothing left to ask; extra: further members, e.g. ",\"iteration\":9".
 * There are the tools of the first round, and `look`, which only a model
 * asks.
 */
char *llm_stub_state(bool done, const char *extra);

#endif
