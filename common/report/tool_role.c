/* tool_role.c - the names of the roles, and of tools that say none. */
#include "common/report/tool_role.h"

#include "common/json/tree.h"

static const char *const names[TOOL_ROLE_COUNT] = {
    [TOOL_ROLE_NONE] = "",
    [TOOL_ROLE_ALERTS] = "alerts",
    [TOOL_ROLE_RULES] = "rules",
    [TOOL_ROLE_TARGETS] = "targets",
    [TOOL_ROLE_METRICS] = "metrics",
    [TOOL_ROLE_CAUSES] = "causes",
    [TOOL_ROLE_CLOCK] = "clock",
    [TOOL_ROLE_DOCS] = "docs",
    [TOOL_ROLE_EVIDENCE] = "evidence",
};

/* The tools there were before they said their roles: of executors, and in
 * states, of that version. */
static const struct {
	const char *name;
	enum tool_role role;
	bool usual;
} before[] = {
    {"query_prometheus_alerts", TOOL_ROLE_ALERTS, true},
    {"query_prometheus_rules", TOOL_ROLE_RULES, true},
    {"query_prometheus_targets", TOOL_ROLE_TARGETS, true},
    {"query_prometheus_metrics", TOOL_ROLE_METRICS, true},
    {"find_causes", TOOL_ROLE_CAUSES, false},
    {"get_current_time", TOOL_ROLE_CLOCK, false},
};

const char *
tool_role_name(enum tool_role role)
{
	return names[role];
}

enum tool_role
tool_role_read(struct span role, struct span name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(before) && role.n == 0; i++)
		if (span_is(name, before[i].name))
			return before[i].role;
	for (i = 0; i < TOOL_ROLE_COUNT; i++)
		if (span_is(role, names[i]))
			return (enum tool_role)i;
	return TOOL_ROLE_NONE;
}

enum tool_role
tool_role_of(const cJSON *tool)
{
	return tool_role_read(tree_span(tool, "role"), tree_span(tool, "name"));
}

enum tool_role
tool_role_of_feedback(const cJSON *feedback)
{
	return tool_role_read(
	    tree_span(feedback, "role"), tree_span(feedback, "tool"));
}

const char *
tool_role_usual(enum tool_role role)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(before); i++)
		if (before[i].role == role && before[i].usual)
			return before[i].name;
	return NULL;
}
