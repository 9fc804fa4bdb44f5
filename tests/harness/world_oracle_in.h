/*
 * world_oracle_in.h - what the laws' files have in common: a report that is
 * being judged, and what could be known of its world.
 */
#ifndef TESTS_HARNESS_WORLD_ORACLE_IN_H
#define TESTS_HARNESS_WORLD_ORACLE_IN_H

#include "tests/harness/world_oracle.h"

enum { ORACLE_TOLD_OF_LAW = 5 };

struct judge {
	const struct world *w;
	const struct world_seen *s;
	char *page;                  /* without the escapes of Markdown */
	const char *alerts, *causes; /* where these sections begin */
	bool completed;
	/* What can be known of the list of alerts. */
	bool alerts_readable, alerts_maybe;
	bool *listed; /* by alert of the world */
	struct world_judgement *to;
};

/* A line for the first few of each law. */
#define BROKEN(j, law, ...)                                                    \
	do {                                                                   \
		if ((j)->to->broken[law]++ < ORACLE_TOLD_OF_LAW) {             \
			buf_addf(&(j)->to->text, "%s: ", world_law_name(law)); \
			buf_addf(&(j)->to->text, __VA_ARGS__);                 \
			buf_addc(&(j)->to->text, '\n');                        \
		}                                                              \
	} while (0)

/* ---- world_oracle_known.c: what could be known ---- */

const struct world_rule *oracle_rule(
    const struct world *w, const struct world_alert *a);
bool oracle_is_heartbeat(const struct world *w, const struct world_alert *a);
/* Without the rules, a name is all that gives a heartbeat away. */
bool oracle_is_known_heartbeat(
    const struct world *w, const struct world_alert *a);
bool oracle_fires(const struct world *w, const struct world_alert *a);
int oracle_broken_rules(const struct world *w);
bool oracle_all_answer_well(const struct world *w);
/* Nothing about the moment may be said from before there were samples. */
bool oracle_is_before_data(const struct world *w);
void oracle_see(struct judge *j);
/* Why silence would be no all-clear; NULL: it would be. */
const char *oracle_doubt(const struct judge *j);

/* ---- world_oracle_alerts.c ---- */

void oracle_list(struct judge *j);
void oracle_names(struct judge *j);
void oracle_incidents(struct judge *j);
void oracle_counts(struct judge *j);
void oracle_targets(struct judge *j);
/* Marks the alerts of the world whose indices the parts of a list have. */
void oracle_mark(const struct judge *j, const cJSON *parts, bool *marked);

/* ---- world_oracle_causes.c ---- */

void oracle_causes(struct judge *j);

#endif
