/*
 * incident.h - which firing alerts belong together.
 *
 * Alerts are one incident when they are about the same thing (service, pod,
 * host …) or began within minutes of each other: a storm has one cause far
 * more often than many. Alerts that always fire (a watchdog) stay apart.
 */
#ifndef PLANNER_RULES_INCIDENT_H
#define PLANNER_RULES_INCIDENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

enum {
	INCIDENTS_MAX = 500,
	INCIDENT_NEAR_S = 180, /* began so close: the same incident */
};

struct incident {
	const cJSON **alerts; /* owned list of borrowed; most severe first */
	int n;
	double since; /* of the first of them, 0: unknown */
	bool watchdog;
};

struct incidents {
	struct incident at[INCIDENTS_MAX];
	int n;
	int rest; /* alerts over the maximum, in none */
};

/* Groups the firing ones of alerts; the worst incident first: those that
 * came with the run, then by severity, size, age. */
void incidents_init(struct incidents *x, const cJSON *alerts);
void incidents_done(struct incidents *x);

/*
 * The label that says what an alert is about: *ret_key (service, pod,
 * instance …), the result its value without a port for hosts; "" for none.
 * buf holds the value.
 */
const char *incident_identity(
    const cJSON *labels, const char **ret_key, char *buf, int buf_bytes);

#endif
