/*
 * incident.h - which firing alerts belong together.
 *
 * Alerts are one incident when they are about the same thing or workload
 * (identity.h), began on the same node or at both ends of a dependency
 * within minutes, and never for having begun at the same time alone. Alerts
 * that always fire (a watchdog) stay apart. Work is n log n in the alerts.
 */
#ifndef PLANNER_RULES_INCIDENT_H
#define PLANNER_RULES_INCIDENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "planner/rules/facts.h"
#include "planner/rules/identity.h"

enum {
	INCIDENT_NEAR_S = 600,      /* on one node, along a dependency */
	INCIDENT_TOGETHER_S = 3600, /* of one workload; or the window */
};

/* One firing alert. */
struct about {
	const cJSON *alert; /* borrowed */
	const cJSON *rule;  /* or NULL */
	struct identity identity;
	const char *instance, *job; /* as scraped; "" where unknown */
	unsigned own;               /* identity_own_of_expr of its rule */
	double since;               /* 0: unknown */
	int index;                  /* among facts.alerts */
	int named;                  /* how far the question names it, 0: not */
	bool watchdog;
	bool is_new; /* began inside the window; unknown counts */
};

struct incident {
	struct about **at; /* most severe first, of those the newest */
	int n;
	double since; /* of the first of them, 0: unknown */
	int named;    /* the most of them */
	bool given;
	bool watchdog;
	bool is_old;   /* all began before the window */
	bool is_alike; /* others of its rule were studied (case.h) */
};

/* A dependency, as find_causes saw it. */
struct edge {
	const char *client, *server;
};

struct incidents {
	struct incident *at;
	int n;
	struct about *about; /* all firing alerts, as listed */
	int n_about;
	struct edge *edges; /* borrowed names */
	int n_edges;
	bool places_differ;     /* some are of another cluster, tenant … */
	struct about **members; /* the incidents' lists, in one piece */
};

/*
 * Groups the firing alerts. First come those that came with the run, then
 * those the question names, then what began inside the window before what is
 * older, each by severity, size and age.
 */
void incidents_init(struct incidents *x, const struct facts *f);
void incidents_done(struct incidents *x);

#endif
