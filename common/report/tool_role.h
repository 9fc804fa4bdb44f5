/*
 * tool_role.h - what a tool is asked for, whatever it is called: planners and
 * reports look for a role, and any executor may give it to a tool of its own.
 */
#ifndef COMMON_REPORT_TOOL_ROLE_H
#define COMMON_REPORT_TOOL_ROLE_H

#include "common/base/span.h"

#include <cjson/cJSON.h>

/* Each says what the tool's `data` is, too (PROTOCOL.md). */
enum tool_role {
	TOOL_ROLE_NONE, /* none that a planner looks for by itself */
	TOOL_ROLE_ALERTS,
	TOOL_ROLE_RULES,
	TOOL_ROLE_TARGETS,
	TOOL_ROLE_METRICS,
	TOOL_ROLE_CAUSES,
	TOOL_ROLE_CLOCK,
	TOOL_ROLE_DOCS,
	TOOL_ROLE_EVIDENCE, /* looks into what is kept */
};
enum { TOOL_ROLE_COUNT = TOOL_ROLE_EVIDENCE + 1 };

/* The one of that role, which the supervisor answers itself. */
#define TOOL_READ_EVIDENCE "read_evidence"

/* "alerts", ...; "" for none. */
const char *tool_role_name(enum tool_role role);

/*
 * The role of a tool that says so, and its name: one that is not known is
 * none. Version N-1 says none (empty) and is known by the names its tools had.
 */
enum tool_role tool_role_read(struct span role, struct span name);

/* The same of one in a catalogue, and of a feedback. */
enum tool_role tool_role_of(const cJSON *tool);
enum tool_role tool_role_of_feedback(const cJSON *feedback);

/* The tool of a role where no catalogue says what there is; NULL: none. */
const char *tool_role_usual(enum tool_role role);

#endif
