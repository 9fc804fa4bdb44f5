/*
 * llm.h - asking a model: any OpenAI-compatible chat completions API, hundreds
 * of answers in flight on one loop.
 *
 * An ask goes to the first server in order of preference that is well, is
 * repeated with backoff where that may help, and learns what a server cannot
 * do (enum llm_feature) once for all. Deadlines: for connecting, for the
 * first word, for standing still, and for the whole ask with its repeats.
 */
#ifndef PLANNER_LLM_LLM_H
#define PLANNER_LLM_LLM_H

#include <czmq.h>

#include "common/base/rc.h"
#include "common/base/span.h"
#include "planner/llm/llm_fault.h"
#include "planner/llm/llm_settings.h"

enum {
	LLM_TRIES_MAX = 3,   /* requests of one ask that may fail */
	LLM_LEARNS_MAX = 10, /* requests of one ask that are refused in part */
	LLM_BREAKS_AT = 5,   /* failures in a row that open a breaker */
	LLM_BREAK_MS = 5000, /* for so long, doubled up to: */
	LLM_BREAK_MAX_MS = 60000,
	LLM_BACKOFF_MS = 500, /* doubled with each try, and half of it luck */
	LLM_BACKOFF_MAX_MS = 8000,
	LLM_LEAST_MS = 200, /* with less left a request makes no sense */
};

struct llm;
struct llm_ask; /* gone after on_done */

/* Borrowed for the call. */
struct llm_reply {
	enum rc rc; /* RC_OK; RC_TOOBIG: the prompt, or the answer, is too
		     * long (is_long tells); RC_TIMEOUT, RC_UPSTREAM,
		     * RC_DENIED (the key), RC_BUSY */
	struct err err;
	bool is_long; /* shorten the prompt, and ask again */
	struct span text, thinking;
	struct span sent;   /* the last request's body; no key is in it */
	bool cut;           /* by the limit on its length */
	bool streamed;      /* it came word by word */
	const char *finish; /* as the server said */
	int64_t prompt_tokens, cached_tokens, answer_tokens; /* -1: unknown */
	const char *shown, *model; /* who answered; "" for nobody */
	enum llm_shape shape;
	int requests;
	int64_t ms, first_ms; /* until its first word; -1: none */
};

/* A request that is about to be made; it takes no more than that. */
struct llm_offer {
	const char *model;
	int64_t prompt_tokens, answer_tokens;
};

/* Copied by llm_start, but arg, and the trees only until it returns. */
struct llm_question {
	const cJSON *messages;
	const cJSON *schema; /* NULL: words will do */
	int answer_tokens;   /* 0: as configured */
	int64_t deadline_ms; /* monotonic */
	/* Pieces of the answer as they come; a repeat begins anew. NULL: not
	 * wanted */
	void (*on_text)(void *arg, struct span text);
	/* Before each request: may it be made? llm_granted answers, later.
	 * NULL: each may. */
	void (*on_offer)(void *arg, const struct llm_offer *offer);
	/* After each that failed, what it took; -1: unknown. NULL: not wanted. */
	void (*on_spent)(
	    void *arg, int64_t prompt_tokens, int64_t answer_tokens);
	/* Once; never before llm_start returns, never after llm_cancel. */
	void (*on_done)(void *arg, const struct llm_reply *reply);
	void *arg;
};

/* Settings are borrowed. */
struct llm *llm_new(zloop_t *loop, const struct llm_settings *settings);
void llm_free(struct llm *l);
DEFINE_AUTO(llm, struct llm, llm_free);

/* Never fails: what goes wrong is in the reply. */
struct llm_ask *llm_start(struct llm *l, const struct llm_question *q);

/* The request that was offered may be made (why NULL), or why not: then that
 * is the end of the ask, RC_DENIED. */
void llm_granted(struct llm_ask *a, const char *why);

/* Closes its transfer at once. Not from a callback of the same ask. */
void llm_cancel(struct llm_ask *a);

/* How many asks are under way. */
int llm_under_way(const struct llm *l);

/* What was learnt about a server: how it is asked for an answer's form, and
 * the features it has not. */
enum llm_shape llm_shape_of(const struct llm *l, int endpoint);
unsigned llm_without(const struct llm *l, int endpoint);

#endif
