/*
 * toolset.c - the tools there are, and the set of those that are enabled.
 */
#include "executor/tools/toolset.h"

#include "common/json/json.h"
#include "common/json/schema.h"

#include <assert.h>
#include <stdlib.h>

static const struct tool *const registry[] = {
#define TOOL(name) &tool_##name,
#include "executor/tools/tools.def"
};

struct toolset {
	const struct tool *tools[ARRAY_LEN(registry)];
	cJSON *schemas[ARRAY_LEN(registry)];
	size_t n;
	enum tool_class classes[ARRAY_LEN(registry)]; /* as the registry is */
};

static void
list_names(struct buf *b, const struct tool *const *tools, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf_addf(b, "%s%s", i > 0 ? ", " : "", tools[i]->name);
}

/* Where in the registry; RC_INVALID lists what there is. */
static enum rc
registry_find(struct span name, size_t *ret, struct err *err)
{
	auto_buf known = {.max = 2000};
	size_t i;

	for (i = 0; i < ARRAY_LEN(registry); i++) {
		if (!span_is(name, registry[i]->name))
			continue;
		*ret = i;
		return RC_OK;
	}
	list_names(&known, registry, ARRAY_LEN(registry));
	return err_set(err, RC_INVALID,
	    "there is no tool \"%.*s\"; there are: %s",
	    (int)MIN(name.n, (size_t)80), name.p, buf_str(&known));
}

static void
enable(struct toolset *ts, const struct tool *tool)
{
	size_t i;
	enum rc rc;

	for (i = 0; i < ts->n; i++)
		if (ts->tools[i] == tool)
			return;
	/* The schemas are our own text; a test parses every one. */
	rc = json_parse(span_of(tool->args), NULL, &ts->schemas[ts->n], NULL);
	assert(rc == RC_OK);
	ts->tools[ts->n++] = tool;
}

static enum rc
enable_named(struct toolset *ts, const char *names, struct err *err)
{
	while (*names != '\0') {
		size_t n = strcspn(names, ",");
		struct span name = span_trim(span_make(names, n));
		enum rc rc;
		size_t at;

		names += n + (names[n] == ',');
		if (name.n == 0)
			continue;
		rc = registry_find(name, &at, err);
		if (rc != RC_OK)
			return rc;
		enable(ts, registry[at]);
	}
	if (ts->n == 0)
		return err_set(err, RC_INVALID, "no tool is enabled");
	return RC_OK;
}

/* One "tool=class". */
static enum rc
classify(struct toolset *ts, struct span pair, struct err *err)
{
	const char *sign = pair.n > 0 ? memchr(pair.p, '=', pair.n) : NULL;
	size_t n = sign != NULL ? (size_t)(sign - pair.p) : pair.n, at;
	enum rc rc = registry_find(span_trim(span_make(pair.p, n)), &at, err);

	if (rc != RC_OK)
		return rc;
	if (sign != NULL &&
	    tool_class_parse(span_trim(span_make(sign + 1, pair.n - n - 1)),
		&ts->classes[at]))
		return RC_OK;
	return err_set(err, RC_INVALID,
	    "\"%.*s\" gives no class; write %s=read, %s=idempotent or "
	    "%s=unsafe",
	    (int)MIN(pair.n, (size_t)80), pair.p, registry[at]->name,
	    registry[at]->name, registry[at]->name);
}

static enum rc
classify_all(struct toolset *ts, const char *classes, struct err *err)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < ARRAY_LEN(registry); i++)
		ts->classes[i] = registry[i]->class;
	while (rc == RC_OK && classes != NULL && *classes != '\0') {
		size_t n = strcspn(classes, ",");
		struct span pair = span_trim(span_make(classes, n));

		classes += n + (classes[n] == ',');
		if (pair.n > 0)
			rc = classify(ts, pair, err);
	}
	return rc == RC_OK ? rc : err_prefix(err, rc, "tool-classes");
}

enum rc
toolset_new(const char *names, const char *classes, struct toolset **ret,
    struct err *err)
{
	struct toolset *ts = xcalloc(1, sizeof(*ts));
	enum rc rc = RC_OK;
	size_t i;

	if (names != NULL) {
		rc = enable_named(ts, names, err);
		if (rc != RC_OK)
			err_prefix(err, rc, "tools");
	}
	for (i = 0; i < ARRAY_LEN(registry) && names == NULL; i++)
		if (registry[i]->class != TOOL_UNSAFE && !registry[i]->on_request)
			enable(ts, registry[i]);
	if (rc == RC_OK)
		rc = classify_all(ts, classes, err);
	if (rc != RC_OK) {
		toolset_free(ts);
		return rc;
	}
	*ret = ts;
	return RC_OK;
}

void
toolset_free(struct toolset *ts)
{
	size_t i;

	if (ts == NULL)
		return;
	for (i = 0; i < ts->n; i++)
		cJSON_Delete(ts->schemas[i]);
	free(ts);
}

enum rc
toolset_open(const struct toolset *ts, struct tool_env *env, struct err *err)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < ts->n && rc == RC_OK; i++)
		rc = tool_env_open(env, ts->tools[i]->source, err);
	return rc;
}

enum rc
toolset_find(const struct toolset *ts, struct span name,
    const struct tool **ret, struct err *err)
{
	auto_buf enabled = {.max = 2000};
	size_t i;

	for (i = 0; i < ts->n; i++) {
		if (!span_is(name, ts->tools[i]->name))
			continue;
		*ret = ts->tools[i];
		return RC_OK;
	}
	list_names(&enabled, ts->tools, ts->n);
	return err_set(err, RC_NOTFOUND,
	    "no tool \"%.*s\" is enabled here; there are: %s",
	    (int)MIN(name.n, (size_t)80), name.p != NULL ? name.p : "",
	    buf_str(&enabled));
}

enum rc
toolset_check(const struct toolset *ts, const struct tool *tool,
    const cJSON *args, struct err *err)
{
	AUTO(json) none = cJSON_CreateObject();
	size_t i = 0;

	while (ts->tools[i] != tool)
		i++;
	return schema_check(
	    ts->schemas[i], args != NULL ? args : none, "args", err);
}

enum tool_class
toolset_class(const struct toolset *ts, const struct tool *tool)
{
	size_t i = 0;

	while (registry[i] != tool)
		i++;
	return ts->classes[i];
}

cJSON *
toolset_describe(const struct toolset *ts)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i < ts->n; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", ts->tools[i]->name);
		cJSON_AddStringToObject(one, "what", ts->tools[i]->what);
		cJSON_AddItemToObject(
		    one, "args", cJSON_Duplicate(ts->schemas[i], true));
		cJSON_AddStringToObject(
		    one, "class", tool_class_name(toolset_class(ts, ts->tools[i])));
		if (ts->tools[i]->role != TOOL_ROLE_NONE)
			cJSON_AddStringToObject(
			    one, "role", tool_role_name(ts->tools[i]->role));
		cJSON_AddItemToArray(list, one);
	}
	return list;
}
