/*
 * tool.h - what an executor can do: a closed table of tools, each with its
 * arguments' schema, its limits and its functions. A new one is a file, also
 * where it brings a source of its own (tool_env.h), and a row of tools.def.
 *
 * A call is asynchronous and belongs to one event loop. Arguments have
 * passed the schema before a tool sees them. A tool answers with its own
 * bytes as evidence and a bounded digest of them; it never invents.
 */
#ifndef EXECUTOR_TOOLS_TOOL_H
#define EXECUTOR_TOOLS_TOOL_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"
#include "common/report/tool_class.h"
#include "common/report/tool_role.h"
#include "executor/tools/tool_env.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	TOOL_SUMMARY_MAX = 16 << 10,
	TOOL_DATA_MAX = 256 << 10, /* aim for a digest's text */
	TOOL_EVIDENCE_MAX = 4 << 20,
	TOOL_QUERY_MAX = 66 << 10,
	TOOL_SUGGESTION_MAX = 1 << 10,
};

struct tool_call;

struct tool {
	const char *name;
	const char *what; /* for whoever chooses tools, a model too */
	const char *args; /* JSON schema of an object, as JSON text */
	enum tool_role role;   /* what planners look for it as */
	const struct source *source; /* what it answers from; NULL: nothing */
	enum tool_class class; /* where the operator does not say */
	bool on_request;    /* enabled only when named */
	int64_t timeout_ms; /* of one call */

	/*
	 * Begins the call; tool_done ends it, later or before this returns.
	 * Not RC_OK: it cannot be done, err says why, and nothing is under
	 * way (the call is then answered as failed).
	 */
	enum rc (*start)(struct tool_call *call, struct err *err);
	/* Stops what start began and frees it; tool_done is not called.
	 * NULL: nothing is ever under way. */
	void (*cancel)(struct tool_call *call);
};

struct tool_result {
	bool success;
	bool unknown; /* failed, and may have done its work all the same */
	struct buf summary;    /* a few lines, for planner and people */
	cJSON *data;           /* the digest; NULL: none */
	struct buf evidence;   /* the bytes as they came */
	const char *media;     /* their type; static */
	struct buf query;      /* what was asked, as a person writes it */
	struct buf suggestion; /* what to do, on failure; else empty */
};

struct tool_call {
	const struct tool *tool;
	const struct tool_env *env;
	void *source;        /* the tool's, opened; NULL where it has none */
	const cJSON *args;   /* checked; borrowed */
	int64_t now_ms;      /* wall clock at the start */
	int64_t at_ms;       /* the moment it is about; <= now_ms mostly */
	bool past;           /* at_ms is not now: what only tells of the
			      * present is no evidence */
	int64_t window_ms;   /* how far to look back from at_ms */
	const cJSON *labels; /* what bounds the investigation, or NULL */
	/* The same for every attempt at this step, whoever makes it: what it
	 * changes may be done once under it. Empty: no tool to repeat. */
	struct span key;
	struct tool_result result;            /* the tool's to fill */
	void *state;                          /* the tool's own */
	void (*done)(struct tool_call *call); /* set by the owner */
	/* Shows how far it is; set by the owner, may be NULL. */
	void (*progress)(struct tool_call *call, const char *text);
	void *owner;
};

void tool_result_init(struct tool_result *r);
void tool_result_done(struct tool_result *r);

/* Ends a call: calls call->done, after which the call may be gone. */
void tool_done(struct tool_call *call);

/* Fills the result of a failure; the caller still ends the call. */
void tool_fail(
    struct tool_call *call, const char *suggestion, const char *text);

/* ---- the tools there are ---- */

#define TOOL(name) extern const struct tool tool_##name;
#include "executor/tools/tools.def"

#endif
