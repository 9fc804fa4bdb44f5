/*
 * tool_prom.h - what the tools that ask Prometheus have in common: one or
 * two questions, the answer kept as evidence, failures told alike.
 */
#ifndef EXECUTOR_TOOLS_TOOL_PROM_H
#define EXECUTOR_TOOLS_TOOL_PROM_H

#include "common/json/json.h"
#include "executor/tools/source_prom.h"
#include "executor/tools/tool.h"

/*
 * The state of such a tool's call; each tool's own state begins with it.
 * answered is what becomes of the answer.
 */
struct tool_prom {
	struct tool_call *call;
	struct prom_call *asked; /* NULL: nothing under way */
	/* After a whole answer; outcome tells warnings. Fills the result and
	 * ends with tool_prom_end, or asks again. */
	void (*answered)(
	    struct tool_prom *p, const struct prom_outcome *outcome);
	/* NULL, or what becomes of a failure; false: the call ends with it.
	 * True: it asked something else. */
	bool (*failed)(
	    struct tool_prom *p, const struct prom_outcome *outcome);
	/* Forgets what the sink was told since it was asked: the answer broke
	 * off and is asked for anew. False: it cannot. */
	bool (*again)(struct tool_prom *p);
	void (*free)(struct tool_prom *p);
	struct buf warnings; /* of all answers, one per line, each once */
	bool cut; /* not all of the answers is evidence */
	uint64_t left_out; /* how many of their elements are not */
};

/*
 * Asks. The answer goes through sink (with p as its argument); its bytes are
 * the call's evidence.
 */
NODISCARD enum rc tool_prom_ask(struct tool_prom *p, const struct prom_ask *ask,
    const struct prom_sink *sink, struct err *err);

/* Whether a failure is an answer: it was reached, and has none to give. */
bool tool_prom_refused(const struct prom_outcome *outcome);

/* The next answer is another document of the evidence, behind those there. */
void tool_prom_next_document(struct tool_prom *p);

/* A series' labels as an object but for its name; the caller's. */
cJSON *tool_prom_labels(const struct prom_labels *labels);

/* Ends the call: adds warnings and what was cut to the result, frees p. */
void tool_prom_end(struct tool_prom *p);

/* Ends the call as failed with err, frees p. */
void tool_prom_fail(
    struct tool_prom *p, const char *suggestion, const struct err *err);

/* A tool's cancel. */
void tool_prom_cancel(struct tool_call *call);

/* Text of at most max bytes, cut between characters, with an ellipsis: for
 * people, since half a text may mean something else. */
void tool_prom_put_text(struct buf *b, const char *text, size_t max);
void tool_prom_add_text(
    cJSON *object, const char *key, const char *text, size_t max);

/* Appends {a="b", c="d"} of a label object; skips __name__, which stands
 * before the brace; values are cut at 100 bytes. */
void tool_prom_put_labels(struct buf *b, const cJSON *labels);

/* Do the labels have every wanted member, equal? wanted may be NULL. */
bool tool_prom_labels_match(const cJSON *labels, const cJSON *wanted);

/* Is every member's name one a label may have? Sets the failure. */
void tool_prom_check_labels(
    struct json_in *in, const char *key, const cJSON *labels);

#endif
