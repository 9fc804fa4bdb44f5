/*
 * cluster.c - who there is in a made-up cluster, who calls whom, and what
 * goes wrong when.
 *
 * Invariant: services call such of greater numbers only, so that the first of
 * a team is where its requests come in.
 */
#include "tests/harness/cluster_in.h"
#include "tests/harness/dice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SUFFERS 0.45 /* a caller at least so hurt notices */
#define PASSED_ON 0.8
enum { REACH = 6, FIRST_CULPRIT = 9, ALERT_S = 150, ASKED_S = 150 };

static const char *const fault_names[CLUSTER_FAULTS] = {
    [CLUSTER_CPU] = "cpu",
    [CLUSTER_ERRORS] = "errors",
    [CLUSTER_RESTARTS] = "restarts",
    [CLUSTER_MEMORY] = "memory",
    [CLUSTER_NODE] = "node",
    [CLUSTER_PRESSURE] = "pressure",
    [CLUSTER_GONE] = "not ready",
};

/* What a team's services are called; a number tells the team. */
static const char *const words[CLUSTER_TEAM] = {"gateway", "web", "session",
    "cart", "checkout", "catalog", "search", "pricing", "orders", "profile",
    "payment", "shipping", "stock", "invoice", "mail", "ledger", "fraud",
    "image", "review", "coupon", "tax", "audit", "export", "cache", "store"};

const char *
cluster_fault_name(enum cluster_fault f)
{
	return fault_names[f];
}

bool
cluster_is_of_node(enum cluster_fault f)
{
	return f == CLUSTER_NODE || f == CLUSTER_PRESSURE || f == CLUSTER_GONE;
}

enum cluster_fault
cluster_at(size_t point)
{
	size_t since = point - CLUSTER_BEFORE;

	if (point < CLUSTER_BEFORE || since % CLUSTER_SLOT >= CLUSTER_LASTS)
		return CLUSTER_FAULTS;
	return (enum cluster_fault)(since / CLUSTER_SLOT);
}

/* Pods of one service are on as many nodes as there are. */
size_t
cluster_node_of(const struct cluster *c, size_t pod)
{
	size_t service = pod / c->shape.pods, i = pod % c->shape.pods;

	return (dice_mix(service + 1) + i * 7) % c->shape.nodes;
}

static size_t
team_end(const struct cluster *c, size_t service)
{
	return MIN(
	    (service / CLUSTER_TEAM + 1) * CLUSTER_TEAM, c->shape.services);
}

static void
wire_up(struct cluster *c)
{
	for (size_t i = 0; i < c->shape.services; i++)
		for (size_t k = 0; k < CLUSTER_CALLEES; k++) {
			size_t left = team_end(c, i) - i - 1;
			size_t reach = MIN(left, (size_t)REACH);

			c->callees[i][k] =
			    reach == 0 ? i
				       : i + 1 + dice_mix(i * 8 + k) % reach;
		}
}

/* Requests that wait for the culprit, or fail because of it. */
static void
spread_pain(struct cluster *c, enum cluster_fault f)
{
	float *hurt = c->hurt[f];

	hurt[c->culprit[f]] = 1;
	c->alerted[f] = c->culprit[f];
	for (size_t i = c->culprit[f]; i-- > 0;) {
		for (size_t k = 0; k < CLUSTER_CALLEES; k++)
			hurt[i] = fmaxf(
			    hurt[i], (float)PASSED_ON * hurt[c->callees[i][k]]);
		if (hurt[i] > (float)SUFFERS)
			c->alerted[f] = i;
	}
}

static void
choose_service(struct cluster *c, enum cluster_fault f)
{
	size_t teams = (c->shape.services + CLUSTER_TEAM - 1) / CLUSTER_TEAM;
	size_t first = (size_t)f % teams * CLUSTER_TEAM;
	size_t at = first + FIRST_CULPRIT + (size_t)f * 2;

	c->culprit[f] = MIN(at, team_end(c, first) - 1);
	spread_pain(c, f);
}

/* A service with a pod on it raises the alert; the neighbour is of another
 * one. */
static void
choose_node(struct cluster *c, enum cluster_fault f)
{
	size_t pods = c->shape.services * c->shape.pods;
	size_t pod = ((size_t)f * 5 + 2) * c->shape.pods % pods;

	c->culprit[f] = cluster_node_of(c, pod);
	c->alerted[f] = pod / c->shape.pods;
	/* Whose node is gone says nothing any more; its callers do. */
	for (size_t i = c->alerted[f]; f == CLUSTER_GONE && i-- > 0;)
		if (c->callees[i][0] == c->alerted[f] ||
		    c->callees[i][1] == c->alerted[f]) {
			c->alerted[f] = i;
			break;
		}
	if (f != CLUSTER_NODE)
		return;
	c->noisy = pods - 1;
	while (cluster_node_of(c, c->noisy) != c->culprit[f])
		c->noisy--;
}

struct cluster *
cluster_new(const struct cluster_shape *shape, int64_t end_s)
{
	struct cluster *c = xcalloc(1, sizeof(*c));
	size_t n = shape->services;

	c->shape = *shape;
	end_s -= end_s % CLUSTER_STEP_S;
	c->start_s = end_s - (CLUSTER_POINTS - 1) * CLUSTER_STEP_S;
	c->services = xcalloc(n, sizeof(*c->services));
	c->nodes = xcalloc(shape->nodes, sizeof(*c->nodes));
	c->callees = xcalloc(n, sizeof(*c->callees));
	for (size_t i = 0; i < n; i++)
		c->services[i] = xasprintf(
		    "%s-%02zu", words[i % CLUSTER_TEAM], i / CLUSTER_TEAM);
	for (size_t i = 0; i < shape->nodes; i++)
		c->nodes[i] = xasprintf("worker-%03zu", i);
	wire_up(c);
	for (enum cluster_fault f = 0; f < CLUSTER_FAULTS; f++) {
		c->hurt[f] = xcalloc(n, sizeof(*c->hurt[f]));
		if (cluster_is_of_node(f))
			choose_node(c, f);
		else
			choose_service(c, f);
	}
	return c;
}

void
cluster_free(struct cluster *c)
{
	for (size_t i = 0; i < c->shape.services; i++)
		free(c->services[i]);
	for (size_t i = 0; i < c->shape.nodes; i++)
		free(c->nodes[i]);
	for (size_t i = 0; i < CLUSTER_FAULTS; i++)
		free(c->hurt[i]);
	free(c->services);
	free(c->nodes);
	free(c->callees);
	free(c);
}

const char *
cluster_culprit(const struct cluster *c, enum cluster_fault f)
{
	return cluster_is_of_node(f) ? c->nodes[c->culprit[f]]
				     : c->services[c->culprit[f]];
}

void
cluster_put_step(const struct cluster *c, enum cluster_fault f, struct buf *b)
{
	bool errors =
	    f == CLUSTER_ERRORS || f == CLUSTER_RESTARTS || f == CLUSTER_GONE;
	int64_t onset = CLUSTER_BEFORE + (int64_t)f * CLUSTER_SLOT;
	int64_t alert = c->start_s + onset * CLUSTER_STEP_S + ALERT_S;

	buf_addf(b,
	    "{\"tool\":\"find_causes\",\"args\":{\"alert\":{\"name\":\"%s\","
	    "\"labels\":{\"namespace\":\"team-%02zu\",\"service\":\"%s\","
	    "\"severity\":\"critical\"},\"startsAt\":%lld},\"at\":%lld}}",
	    errors ? "HighErrorRate" : "HighLatency",
	    c->alerted[f] / CLUSTER_TEAM, c->services[c->alerted[f]],
	    (long long)alert, (long long)(alert + ASKED_S));
}
