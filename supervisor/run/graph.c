/*
 * graph.c - the table, its validation, its picture.
 */
#include "supervisor/run/graph.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/attr.h"

static const struct edge edges[] = {
    {NODE_START, WHEN_ALWAYS, NODE_SUPERVISOR},
    {NODE_SUPERVISOR, WHEN_GOES_ON, NODE_PLANNER},
    {NODE_SUPERVISOR, WHEN_ENDS, NODE_END},
    {NODE_PLANNER, WHEN_STEPS, NODE_EXECUTOR},
    {NODE_PLANNER, WHEN_NO_STEPS, NODE_SUPERVISOR},
    {NODE_EXECUTOR, WHEN_ALWAYS, NODE_SUPERVISOR},
};

const struct graph graph_main = {edges, ARRAY_LEN(edges)};

static const char *const node_names[NODE_COUNT] = {
    "start", "supervisor", "planner", "executor", "end"};

/* What an edge says in the picture, and the condition it excludes. */
static const struct {
	const char *label;
	enum when opposite;
} whens[WHEN_COUNT] = {
    [WHEN_ALWAYS] = {NULL, WHEN_ALWAYS},
    [WHEN_ENDS] = {"FINISH, or a limit is reached", WHEN_GOES_ON},
    [WHEN_GOES_ON] = {"else", WHEN_ENDS},
    [WHEN_STEPS] = {"EXECUTE", WHEN_NO_STEPS},
    [WHEN_NO_STEPS] = {"PLAN, FINISH", WHEN_STEPS},
};

const char *
node_name(enum node n)
{
	return node_names[n];
}

enum rc
node_parse(const char *name, enum node *ret, struct err *err)
{
	int i;

	for (i = 0; i < NODE_COUNT; i++) {
		if (strcmp(node_names[i], name) == 0) {
			*ret = (enum node)i;
			return RC_OK;
		}
	}
	return err_set(err, RC_INVALID, "there is no node \"%s\"", name);
}

static size_t
count_edges(const struct graph *g, enum node from, enum when when)
{
	size_t i, n = 0;

	for (i = 0; i < g->n; i++)
		n += g->edges[i].from == from && g->edges[i].when == when;
	return n;
}

/* The edges that leave one node. */
static enum rc
node_check(const struct graph *g, enum node from, struct err *err)
{
	size_t total = 0;
	int w;

	for (w = 0; w < WHEN_COUNT; w++) {
		size_t n = count_edges(g, from, (enum when)w);

		total += n;
		if (n > 1)
			return err_set(err, RC_INVALID,
			    "node %s has %zu edges for one condition",
			    node_name(from), n);
		if (n != count_edges(g, from, whens[w].opposite))
			return err_set(err, RC_INVALID,
			    "node %s leaves open what happens otherwise",
			    node_name(from));
	}
	if (from == NODE_END ? total != 0 : total != 1 && total != 2)
		return err_set(err, RC_INVALID, "node %s has %zu edges",
		    node_name(from), total);
	return RC_OK;
}

/* Marks what is reached from a node, along the edges or against them. */
static void
reach(const struct graph *g, enum node from, bool forward, bool *seen)
{
	bool more = true;
	size_t i;

	seen[from] = true;
	while (more) {
		more = false;
		for (i = 0; i < g->n; i++) {
			const struct edge *e = &g->edges[i];
			enum node a = forward ? e->from : e->to;
			enum node b = forward ? e->to : e->from;

			if (!seen[a] || seen[b])
				continue;
			seen[b] = true;
			more = true;
		}
	}
}

enum rc
graph_validate(const struct graph *g, struct err *err)
{
	bool from_start[NODE_COUNT] = {false}, to_end[NODE_COUNT] = {false};
	size_t i;
	int n;

	for (i = 0; i < g->n; i++)
		if (g->edges[i].to == NODE_START)
			return err_set(
			    err, RC_INVALID, "an edge leads back to start");
	for (n = 0; n < NODE_COUNT; n++) {
		enum rc rc = node_check(g, (enum node)n, err);

		if (rc != RC_OK)
			return rc;
	}
	reach(g, NODE_START, true, from_start);
	reach(g, NODE_END, false, to_end);
	for (n = 0; n < NODE_COUNT; n++)
		if (!from_start[n] || !to_end[n])
			return err_set(err, RC_INVALID,
			    "node %s is not between start and end",
			    node_name((enum node)n));
	return RC_OK;
}

void
graph_mermaid(const struct graph *g, FILE *out)
{
	size_t i;

	fputs("flowchart LR\n", out);
	fputs("    start([START])\n    end_([END])\n", out);
	for (i = 0; i < g->n; i++) {
		const struct edge *e = &g->edges[i];
		const char *label = whens[e->when].label;

		/* "end" is a word of Mermaid's own. */
		fprintf(out, "    %s -->%s%s%s %s%s\n", node_name(e->from),
		    label != NULL ? "|\"" : "", label != NULL ? label : "",
		    label != NULL ? "\"|" : "", node_name(e->to),
		    e->to == NODE_END ? "_" : "");
	}
}
