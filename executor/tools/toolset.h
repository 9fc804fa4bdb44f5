/*
 * toolset.h - the set of tools that are enabled.
 */
#ifndef EXECUTOR_TOOLS_TOOLSET_H
#define EXECUTOR_TOOLS_TOOLSET_H

#include "executor/tools/tool.h"

struct toolset;

/*
 * names: comma list, or NULL for every reading tool that is not on_request.
 * classes: "tool=class, tool=class", which override the tools' own (also of
 * tools that are not enabled), or NULL. RC_INVALID: a name that is no tool or
 * no class, listing those that are.
 */
NODISCARD enum rc toolset_new(const char *names, const char *classes,
    struct toolset **ret, struct err *err);
void toolset_free(struct toolset *ts);
DEFINE_AUTO(toolset, struct toolset, toolset_free);

/* RC_NOTFOUND: not enabled, listing those that are. */
NODISCARD enum rc toolset_find(const struct toolset *ts, struct span name,
    const struct tool **ret, struct err *err);

/* Do args (NULL: none) fit the schema of tool, which is of the set? */
NODISCARD enum rc toolset_check(const struct toolset *ts,
    const struct tool *tool, const cJSON *args, struct err *err);

/* What a call of tool, which is of the set, does to the world. */
enum tool_class toolset_class(
    const struct toolset *ts, const struct tool *tool);

/* Opens in env what the tools of the set answer from. */
NODISCARD enum rc toolset_open(
    const struct toolset *ts, struct tool_env *env, struct err *err);

/* [{name, what, args, class, role}], the caller's; role where it has one. */
cJSON *toolset_describe(const struct toolset *ts);

#endif
