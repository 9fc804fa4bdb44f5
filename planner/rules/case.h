/*
 * case.h - one investigation as the rules planner sees it: the facts, the
 * incidents, a study of each of the worst, and what to conclude.
 */
#ifndef PLANNER_RULES_CASE_H
#define PLANNER_RULES_CASE_H

#include "planner/rules/facts.h"
#include "planner/rules/followup.h"
#include "planner/rules/incident.h"
#include "planner/rules/study.h"

/* More than the steps of all rounds allow: what bounds the studies is how many
 * incidents there are, the rounds and the time left (rules.c). */
enum {
	CASE_STUDIES_MAX = 128,
	CASE_RUNBOOKS_MAX = 8, /* of so many documents are searched */
	/* Of one rule, where none of them shows a cause: the others are told
	 * as being like them. */
	CASE_ALIKE_MAX = 4,
};

/* Why an incident was not studied. */
enum want { WANT_TURN, WANT_ROUNDS, WANT_TIME, WANTS };

struct kase {
	struct facts facts;
	struct ask alerts, rules, targets; /* the first round */
	struct ask named_rules; /* where the list was too long to hold all */
	struct ask causes;      /* without an alert to start from */
	struct ask flaps;       /* which alerts fired again and again */
	struct ask recorded, any_data; /* of a past without alerts */
	struct followup followup;
	struct incidents incidents;
	/* Of the first incidents: those with answers first, of them the
	 * long-standing ones last. */
	struct study *studies;
	int n_studies;
	int n_told;     /* have answers */
	enum want want; /* set by who asks */
};

struct kase *case_new(struct span state, enum report_lang fallback);
void case_free(struct kase *k);

/* Whether any question of the first round was answered. */
bool case_is_answered(const struct kase *k);

/*
 * The conclusion (PROTOCOL.md) of what is known by now; the caller's. Every
 * figure in it is a sample or a time of the evidence it cites.
 */
cJSON *case_conclude(const struct kase *k);

#endif
