/*
 * world_oracle.h - a report held against the truth of the world it is about.
 *
 * Each law is one thing a report must never do. What a law needs is taken
 * from the structured conclusion where it is there, and from the words on the
 * page where a reader would be misled by them.
 */
#ifndef TESTS_HARNESS_WORLD_ORACLE_H
#define TESTS_HARNESS_WORLD_ORACLE_H

#include <cjson/cJSON.h>

#include "tests/harness/world.h"

enum world_law {
	LAW_ALL_CLEAR, /* no all-clear where something fires, or may unseen */
	LAW_EARNED,    /* but one where all was read and nothing fires */
	LAW_LISTED,    /* every alert that fires is listed, and no other one */
	LAW_NAMED,     /* each by its name and all that tells it apart */
	LAW_INCIDENT,  /* each that fires is of an incident that is told */
	LAW_HEARTBEAT, /* and no heartbeat is */
	LAW_LIKELY,    /* a likely cause exists, and a path leads to it */
	LAW_COUNT,     /* figures of what fires, is pending, down, broken */
	LAW_TARGETS,   /* those down at that moment, and no other ones */
	LAW_BANNER,    /* the rules planner's own report is verified */
	LAW_STATUS,    /* incomplete exactly when nothing could be read */
	LAW_NOTE,      /* what a server says of its answer is passed on */
	WORLD_LAWS
};

const char *world_law_name(enum world_law law);

/* What came of an investigation of the world. */
struct world_seen {
	const char *status, *markdown;
	const cJSON *conclusion, *verdict;
	const cJSON *alerts;       /* its list of instances, alerts_of_state */
	bool noted[WORLD_ANSWERS]; /* such a note was in an answer */
};

/* How often each law was broken, and a line for each of those. */
struct world_judgement {
	int broken[WORLD_LAWS];
	struct buf text;
};

void world_judgement_init(struct world_judgement *j);
void world_judgement_done(struct world_judgement *j);

void world_judge(const struct world *w, const struct world_seen *s,
    struct world_judgement *ret);

/* ---- for what is counted over many ---- */

/* Whether the page says that all is well. */
bool world_says_all_clear(const char *markdown);

#endif
