/*
 * graph.h - the state graph: nodes and edges as one immutable table.
 *
 *	START -> supervisor -> planner -> executor -> supervisor ... -> END
 */
#ifndef SUPERVISOR_RUN_GRAPH_H
#define SUPERVISOR_RUN_GRAPH_H

#include "common/base/rc.h"

#include <stddef.h>
#include <stdio.h>

enum node { NODE_START, NODE_SUPERVISOR, NODE_PLANNER, NODE_EXECUTOR,
	NODE_END };
enum { NODE_COUNT = NODE_END + 1 };

/* When an edge is taken. A node has either one edge that is always taken or
 * edges whose conditions exclude each other and leave nothing open. */
enum when { WHEN_ALWAYS, WHEN_ENDS, WHEN_GOES_ON, WHEN_STEPS, WHEN_NO_STEPS };
enum { WHEN_COUNT = WHEN_NO_STEPS + 1 };

struct edge {
	enum node from;
	enum when when;
	enum node to;
};

struct graph {
	const struct edge *edges;
	size_t n;
};

/* The graph every run follows. */
extern const struct graph graph_main;

/* "supervisor"; also what the store and the events call the node. */
const char *node_name(enum node n);
NODISCARD enum rc node_parse(const char *name, enum node *ret, struct err *err);

/*
 * RC_INVALID with what is wrong: an edge into START or out of END, a node
 * that cannot be reached or from which END cannot be, two edges for one
 * condition, a condition without its opposite.
 */
NODISCARD enum rc graph_validate(const struct graph *g, struct err *err);

/* Writes it as a Mermaid flowchart. */
void graph_mermaid(const struct graph *g, FILE *out);

#endif
