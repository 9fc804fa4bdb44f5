/*
 * registry.c - workers, their capacity and their tools.
 *
 * Invariant: the merged catalogue is the union of the joined executors'; it
 * is made anew when one joins or goes.
 */
#include "supervisor/run/registry.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/wire/wire.h"

#define IN(s) (1u << (s))

/* Which message is taken in which state, and how it is refused elsewhere. */
static const struct {
	enum proto_type type;
	unsigned legal_in;
	enum judgement otherwise;
} rules[] = {
    {PROTO_HELLO, IN(WORKER_UNKNOWN) | IN(WORKER_JOINED) | IN(WORKER_LEAVING),
	JUDGE_DROP},
    {PROTO_RESULT, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_WHO},
    {PROTO_RENEW, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_WHO},
    {PROTO_PROGRESS, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_DROP},
    {PROTO_BYE, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_DROP},
    {PROTO_TOOLS, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_DROP},
    {PROTO_RESERVE, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_DROP},
    {PROTO_SETTLE, IN(WORKER_JOINED) | IN(WORKER_LEAVING), JUDGE_DROP},
};

struct registry {
	LIST_HEAD(, worker) workers;
	int n;
	bool keeps;		/* some are kept */
	uint64_t edition;	/* of what is merged */
	cJSON *own;		/* the supervisor's; NULL: none */
	cJSON *tools;
	struct buf encoded;	/* the same as msgpack: every planner gets it */
};

enum judgement
registry_judge(enum worker_state s, enum proto_type type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].type == type)
			return rules[i].legal_in & IN(s) ? JUDGE_TAKE
							 : rules[i].otherwise;
	return JUDGE_DROP;
}

struct registry *
registry_new(void)
{
	struct registry *g = xcalloc(1, sizeof(*g));

	LIST_INIT(&g->workers);
	g->tools = cJSON_CreateArray();
	g->edition = 1;
	buf_init(&g->encoded, REGISTRY_TOOLS_BYTES_MAX);
	wire_put_tree(&g->encoded, g->tools);
	return g;
}

void
registry_free(struct registry *g)
{
	if (g == NULL)
		return;
	while (!LIST_EMPTY(&g->workers))
		registry_remove(g, LIST_FIRST(&g->workers));
	cJSON_Delete(g->own);
	cJSON_Delete(g->tools);
	buf_done(&g->encoded);
	free(g);
}

struct worker *
registry_find(struct registry *g, const struct bus_peer *peer)
{
	struct worker *w;

	LIST_FOREACH(w, &g->workers, all)
	if (bus_peer_equal(&w->peer, peer))
		return w;
	return NULL;
}

static const char *
text_of(const cJSON *tool, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tool, key));
}

static cJSON *
find_tool(const cJSON *tools, struct span name)
{
	cJSON *t;

	cJSON_ArrayForEach (t, tools) {
		const char *s = text_of(t, "name");

		if (s != NULL && span_is(name, s))
			return t;
	}
	return NULL;
}

/* Whoever says nothing that is understood gets the strictest. */
static enum tool_class
class_of(const cJSON *tool)
{
	const char *s = text_of(tool, "class");
	enum tool_class class = TOOL_UNSAFE;

	if (s != NULL && !tool_class_parse(span_of(s), &class))
		return TOOL_UNSAFE;
	return class;
}

static void
tool_merge(cJSON *tools, const cJSON *t)
{
	cJSON *known = find_tool(tools, span_of(text_of(t, "name")));
	enum tool_class class = class_of(t);

	if (known == NULL) {
		known = cJSON_Duplicate(t, true);
		cJSON_AddItemToArray(tools, known);
	} else if (class <= class_of(known)) {
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(known, "class");
	cJSON_AddStringToObject(known, "class", tool_class_name(class));
}

/* Behind the others, where there are any: without executors a planner has
 * nothing to plan with. */
static void
add_own(struct registry *g)
{
	cJSON *same;

	if (g->own == NULL || g->tools->child == NULL)
		return;
	same = find_tool(g->tools, span_of(text_of(g->own, "name")));
	cJSON_Delete(cJSON_DetachItemViaPointer(g->tools, same));
	cJSON_AddItemToArray(g->tools, cJSON_Duplicate(g->own, true));
}

void
registry_offer(struct registry *g, const char *tool)
{
	cJSON_Delete(g->own);
	g->own = cJSON_Parse(tool);
}

static void
tools_merge(struct registry *g)
{
	struct worker *w;
	const cJSON *t;

	cJSON_Delete(g->tools);
	g->tools = cJSON_CreateArray();
	LIST_FOREACH(w, &g->workers, all)
	{
		cJSON_ArrayForEach (t, w->tools)
			tool_merge(g->tools, t);
	}
	add_own(g);
	buf_reset(&g->encoded);
	wire_put_tree(&g->encoded, g->tools);
	g->edition++;
}

/* A catalogue: a list of maps that each have a name. */
static enum rc
tools_read(struct span raw, cJSON **ret, struct err *err)
{
	cJSON *tools;
	const cJSON *t;
	bool good;

	if (wire_depth(raw) > REGISTRY_TOOLS_DEPTH_MAX)
		return err_set(err, RC_DENIED,
		    "tools are nested over %d levels deep",
		    REGISTRY_TOOLS_DEPTH_MAX);
	tools = raw.n != 0 ? wire_to_tree(raw) : cJSON_CreateArray();
	good = cJSON_IsArray(tools);
	cJSON_ArrayForEach (t, tools)
		good = good && text_of(t, "name") != NULL;
	if (!good) {
		cJSON_Delete(tools);
		return err_set(
		    err, RC_DENIED, "tools must be a list of maps with a name");
	}
	*ret = tools;
	return RC_OK;
}

static enum rc
tools_too_many(struct err *err)
{
	return err_set(err, RC_BUSY,
	    "with its tools those of all executors would take over %d MiB",
	    REGISTRY_TOOLS_BYTES_MAX >> 20);
}

static enum rc
hello_check(const struct proto_hello *h, enum node *ret_role, struct err *err)
{
	const struct proto m = {.type = PROTO_HELLO, .hello = *h};

	if (proto_check(&m, err) != RC_OK)
		return RC_DENIED;
	if (span_is(h->role, node_name(NODE_PLANNER)))
		*ret_role = NODE_PLANNER;
	else if (span_is(h->role, node_name(NODE_EXECUTOR)))
		*ret_role = NODE_EXECUTOR;
	else
		return err_set(err, RC_DENIED, "there is no role \"%.*s\"",
		    SPAN_ARG(h->role));
	return RC_OK;
}

enum rc
registry_hello(struct registry *g, const struct bus_peer *peer,
    const struct proto_hello *h, struct worker **ret_w, struct err *err)
{
	struct worker *w = registry_find(g, peer);
	enum node role = NODE_PLANNER;
	enum rc rc = hello_check(h, &role, err);
	cJSON *tools;

	if (rc != RC_OK)
		return rc;
	if (w == NULL && g->n == REGISTRY_WORKERS_MAX)
		return err_set(
		    err, RC_BUSY, "%d workers are here already", g->n);
	rc = tools_read(h->tools, &tools, err);
	if (rc != RC_OK)
		return rc;
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->peer = *peer;
		LIST_INSERT_HEAD(&g->workers, w, all);
		g->n++;
	}
	cJSON_Delete(w->tools);
	w->tools = tools;
	w->state = WORKER_JOINED;
	w->role = role;
	w->pid = (int64_t)h->pid;
	w->start = h->start;
	w->edition = h->edition;
	w->capacity = (int)h->capacity;
	w->heard_ms = clk_mono_ms();
	memcpy(w->name, h->name.p, h->name.n);
	w->name[h->name.n] = '\0';
	tools_merge(g);
	if (g->encoded.full) {
		registry_remove(g, w);
		return tools_too_many(err);
	}
	*ret_w = w;
	return RC_OK;
}

enum rc
registry_retool(struct registry *g, struct worker *w,
    const struct proto_tools *t, struct err *err)
{
	const struct proto m = {.type = PROTO_TOOLS, .tools = *t};
	cJSON *before = w->tools;
	enum rc rc;

	if (t->edition <= w->edition)
		return RC_OK;
	rc = proto_check(&m, err);
	if (rc == RC_OK)
		rc = tools_read(t->tools, &w->tools, err);
	if (rc != RC_OK)
		return rc;
	tools_merge(g);
	if (g->encoded.full) {
		cJSON_Delete(w->tools);
		w->tools = before;
		tools_merge(g);
		return tools_too_many(err);
	}
	cJSON_Delete(before);
	w->edition = t->edition;
	return RC_OK;
}

void
registry_remove(struct registry *g, struct worker *w)
{
	LIST_REMOVE(w, all);
	g->n--;
	cJSON_Delete(w->tools);
	free(w);
	tools_merge(g);
}

static bool
worker_fits(const struct worker *w, enum node role, struct span tool,
    int64_t alive_since_ms)
{
	if (w->role != role || w->state != WORKER_JOINED || w->alone ||
	    w->kept || w->heard_ms < alive_since_ms)
		return false;
	return tool.n == 0 || find_tool(w->tools, tool) != NULL;
}

struct worker *
registry_pick(struct registry *g, enum node role, struct span tool,
    int64_t alive_since_ms)
{
	struct worker *w, *best = NULL;

	LIST_FOREACH(w, &g->workers, all)
	{
		if (w->busy >= w->capacity ||
		    !worker_fits(w, role, tool, alive_since_ms))
			continue;
		if (best == NULL || (int64_t)w->busy * best->capacity <
					(int64_t)best->busy * w->capacity)
			best = w;
	}
	return best;
}

struct worker *
registry_pick_alone(struct registry *g, enum node role, struct span tool,
    int64_t alive_since_ms)
{
	struct worker *w, *best = NULL;

	LIST_FOREACH(w, &g->workers, all)
	if (worker_fits(w, role, tool, alive_since_ms) &&
	    (best == NULL || w->busy < best->busy))
		best = w;
	if (best == NULL || best->busy == 0)
		return best;
	best->kept = g->keeps = true;
	return NULL;
}

void
registry_unkeep(struct registry *g)
{
	struct worker *w;

	if (!g->keeps)
		return;
	LIST_FOREACH(w, &g->workers, all)
	w->kept = false;
	g->keeps = false;
}

int
registry_count(const struct registry *g, enum node role, int64_t alive_since_ms)
{
	const struct worker *w;
	int n = 0;

	LIST_FOREACH(w, &g->workers, all)
	n += w->role == role && w->state == WORKER_JOINED &&
	     w->heard_ms >= alive_since_ms;
	return n;
}

int
registry_room(const struct registry *g, enum node role, int64_t alive_since_ms)
{
	const struct worker *w;
	int n = 0;

	LIST_FOREACH(w, &g->workers, all)
	if (w->role == role && w->state == WORKER_JOINED &&
	    w->heard_ms >= alive_since_ms)
		n += w->capacity;
	return n;
}

void
registry_each(
    struct registry *g, void (*each)(void *ctx, struct worker *w), void *ctx)
{
	struct worker *w, *next;

	for (w = LIST_FIRST(&g->workers); w != NULL; w = next) {
		next = LIST_NEXT(w, all);
		each(ctx, w);
	}
}

const cJSON *
registry_tools(struct registry *g)
{
	return g->tools;
}

uint64_t
registry_edition(const struct registry *g)
{
	return g->edition;
}

struct span
registry_tools_encoded(const struct registry *g)
{
	return buf_span(&g->encoded);
}

bool
registry_class(
    const struct registry *g, struct span tool, enum tool_class *ret)
{
	const cJSON *t = find_tool(g->tools, tool);

	if (t == NULL)
		return false;
	*ret = class_of(t);
	return true;
}
