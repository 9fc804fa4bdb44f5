/*
 * study.h - what one incident is asked, and what came of it.
 *
 * A study is built anew each round from the facts: what can be asked given
 * the answers so far, and the answers. It ends when nothing is left to ask.
 */
#ifndef PLANNER_RULES_STUDY_H
#define PLANNER_RULES_STUDY_H

#include "planner/rules/facts.h"
#include "planner/rules/incident.h"
#include "planner/rules/promql.h"
#include "planner/rules/resource.h"

enum {
	STUDY_MEASURES_MAX = 6, /* of the alert that stands for it, and … */
	STUDY_OWN_MAX = 4,      /* … at most so many of them its own */
	STUDY_DOWN_MAX = 3,
	STUDY_USERS_TOP = 20,
	ASK_FAILURES_MAX = 2, /* of a tool in a row; the third ends the run */
	STUDY_AGREE_S = 180,  /* so close, things happened together */
};

/* One step, and its answer once there is one. */
struct ask {
	const char *tool;    /* NULL: not asked */
	cJSON *args;         /* owned */
	char *why;           /* owned */
	const cJSON *answer; /* NULL: not yet */
};

/* An expression's part over the window, and since when it is beyond. */
struct looked {
	const cJSON *alert; /* whose it is */
	struct promql_measure measure;
	struct ask range;
	struct ask since; /* the last moment it was within bounds */
	bool found;       /* a series of the alert's is there */
	bool left_out;    /* not found, but not every series was listed */
	struct series series;
	bool beyond;       /* its last value is, of a threshold */
	int others;        /* series of the expression besides it */
	int others_beyond; /* of those that are beyond as well */
	double since_t;    /* 0: unknown */
};

/* Whether a value is where the rule fires; false without a threshold. */
bool study_is_beyond(const struct promql_measure *m, double v);

/* Somebody who uses the resource. */
struct user {
	const char *key, *value; /* groupname, "stress"; NULL: none */
	struct series series;
};

struct study {
	const struct incident *incident;
	const struct about *about; /* the one that stands for it */
	const cJSON *alert;        /* the same */
	cJSON *labels;             /* its own, the exporter's left out */
	const cJSON *rule;         /* or NULL */
	bool brief;                /* no more than what it measures */
	struct looked looked[STUDY_MEASURES_MAX];
	int n_looked;
	const cJSON *target;               /* down, and that alert's; or NULL */
	const cJSON *down[STUDY_DOWN_MAX]; /* of its other alerts */
	int n_down;

	const struct resource *resource; /* or NULL */
	struct ask users;
	struct ask users_anywhere; /* when there are none here */
	struct user top, second;
	struct user trifle; /* most of those who use next to nothing */
	double total;       /* of all users told apart */
	/* What the alert itself is about uses, where nobody else does. */
	struct series itself;
	bool has_itself;
	struct ask user_range, user_since;
	bool user_found;
	struct series user_series;
	double user_since_t; /* 0: unknown */

	struct ask causes;
	/* What documents say: of the alert, and of what was found. */
	struct ask runbook, runbook_found;
	/* The whole expression now, asked where what it measures came back
	 * within its threshold. */
	struct ask holds;
	bool is_over; /* it did not give the alert's series */
};

/*
 * with_causes: the tool is there and may be used for this incident. brief:
 * it is long-standing; only what it measures is asked, and the rest when that
 * moved within the window.
 */
void study_init(struct study *s, const struct facts *f,
    const struct incident *incident, bool with_causes, bool brief);
void study_done(struct study *s);

/* Whether what it begins with was answered, so that it can be told. */
bool study_is_looked(const struct study *s);

/* Whether it was looked at and there is neither a cause nor a lead, nor more
 * than one rule to tell of. */
bool study_is_plain(const struct study *s);

/* Calls each for every step of the study, asked and answered alike. */
void study_each(const struct study *s,
    void (*each)(void *ctx, const struct ask *a), void *ctx);

/* What the alert that stands for the incident measures, the first that is
 * beyond its threshold if there is one (of "a or b" the half that holds);
 * NULL: unknown. */
const struct looked *study_own(const struct study *s);

/* When the alert's own measure left its bounds, as far as the window shows;
 * 0: unknown. A measure that was beyond all through it did so before. */
double study_symptom_since(const struct study *s);

/* Whether the top user stands out, rose, and did so when the alert's own
 * measure did. */
bool study_user_dominates(const struct study *s);
bool study_user_rose(const struct study *s);
bool study_user_agrees(const struct study *s);

/* A down target's labels have the instance or the job of these. */
bool study_is_down(const cJSON *target);

void ask_done(struct ask *a);
/* Takes args. Nothing is asked where there is no tool of that role, nor of one
 * that has failed so often that once more would end the run. */
void ask_init(struct ask *a, const struct facts *f, enum tool_role role,
    cJSON *args, const char *why_zh, const char *why_en, const char *about);

#endif
