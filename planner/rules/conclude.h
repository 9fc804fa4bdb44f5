/*
 * conclude.h - the parts of drawing a conclusion, for the files that do.
 *
 * tell_* adds findings, conclude_* decides what an incident comes to, and
 * *_put appends to the sentence that is being made. Figures are samples and
 * times of the evidence cited, never computed here.
 */
#ifndef PLANNER_RULES_CONCLUDE_H
#define PLANNER_RULES_CONCLUDE_H

#include "planner/rules/case.h"
#include "planner/rules/say.h"
#include "planner/rules/signal.h"

/* The lists being filled, and the sentence being made. */
struct drawing {
	const struct kase *k;
	cJSON *findings, *actions, *unseen;
	cJSON *first; /* what to do first, {text, evidence, run}; or NULL */
	struct say s;
	cJSON *says; /* what the next finding states, for the check of it */
	bool zh;
};

/* What an incident comes to. */
struct outcome {
	cJSON *answer;    /* claim; taken over by the incident */
	cJSON *chain_end; /* claim, or NULL: nothing to follow a chain to */
	char *verdict; /* owned: what it comes to, in a word; NULL: nothing */
	enum report_confidence confidence;
	bool has_cause;
	bool by_causes; /* as find_causes has it */
};

/* ---- drawing.c ---- */

const char *drawing_word(
    const struct drawing *d, const char *zh, const char *en);
/* The next finding states this (common/report/statements.h); service may be
 * NULL. */
void drawing_says(struct drawing *d, const char *kind, const char *service);
/* One more member of what it states. */
void drawing_says_that(struct drawing *d, const char *member, const char *text);
/* The same of the series with these labels over the window. */
void drawing_says_of(struct drawing *d, const char *kind, const cJSON *labels);
/* The sentence made so far becomes a finding, or an action. A statement that
 * its evidence does not bear is dropped. */
void drawing_finding(
    struct drawing *d, const char *role, int incident, const char *next);
/* The first action there is becomes what to do first. */
void drawing_action(struct drawing *d);
/* Two sentences, what to do and how, and a command or query to run for the
 * latter ("": none), resting on what was cited; about names the alert where
 * it is not what to do first. */
void drawing_advise(struct drawing *d, const char *about, const char *first,
    const char *then, const char *run);
/* What is to be done of that kind of thing (signals.def). */
void drawing_advise_of(struct drawing *d, const struct study *s,
    const struct signal_row *signal, const struct signal_case *c);
const char *drawing_alerts_id(const struct drawing *d);
const char *drawing_rules_id(const struct drawing *d);

/* ---- tell.c: what the alerts themselves measure ---- */

/* Bytes when that is what the expression is, and nothing divides it. */
enum resource_unit tell_unit_of(struct span expr);
void tell_put_expr(struct say *s, struct span expr);
void tell_put_target(struct drawing *d, const cJSON *target);
/* ": " and with which error, as far as it tells. */
void tell_put_error(struct drawing *d, const cJSON *target);
/* How what was found went over the window, in brief. */
void tell_put_course(struct drawing *d, const struct looked *x);
/* That its condition is over, where it is; false: nothing was said. */
bool tell_over(struct drawing *d, const struct study *s);
/* When a series that should be there was last, and with which labels. */
void tell_put_last_seen(struct drawing *d, const struct looked *x);
void tell_failed(struct drawing *d, int n, const struct ask *a);
void tell_rule(struct drawing *d, int n, const struct study *s);
/* Whether telemetry is missing, where no target is down. */
void tell_telemetry(struct drawing *d, int n, const struct study *s);

/* ---- members.c: which alerts an incident has ---- */

/* The rule that stands for it, what that is about, of how many instances. */
void tell_put_subject(struct drawing *d, const struct study *s);
/* What the series found tells, the exporter's labels left out. */
void tell_put_series(struct drawing *d, const struct looked *x);
/* The other rules of the incident, and why they are of it. */
void tell_members(struct drawing *d, int n, const struct study *s);
/* Per rule {name, instances, because}, for machines; the caller's. */
cJSON *members_of(struct drawing *d, const struct study *s);
/* Indices into the conclusion's alerts; the caller's. */
cJSON *members_indices(const struct incident *x);
/* The incidents that no study tells of, {title, incidents, alerts}, the worst
 * first; the caller's. */
cJSON *members_unstudied(struct drawing *d);

/* ---- conclude_user.c: who uses the resource ---- */

/* Whether it used as much all through the window in which the alert began. */
bool conclude_user_was_high(const struct study *s, const struct facts *f);
void conclude_user(
    struct drawing *d, int n, const struct study *s, struct outcome *o);
/* Measured, but it does not explain the alert. */
void tell_weak_user(struct drawing *d, int n, const struct study *s);
void tell_no_user(struct drawing *d, int n, const struct study *s);

/* ---- conclude_causes.c: what find_causes says ---- */

/* Its first suspect, NULL: none, or no answer. */
const cJSON *causes_first(const struct study *s);
/* How it changed most, and of what kind that is; NULL: none, or it is not
 * told. */
const cJSON *causes_first_change(
    const struct study *s, const struct signal_row **ret_kind);
/* At most likely: statistics show what changed, not how it did so; at most
 * suspected where something is missing between it and the alert. */
enum report_confidence causes_confidence(const struct study *s);
void causes_put(struct drawing *d, const struct study *s, const cJSON *cause);
/* Whether its first stands out and may be told as more than a warning. */
bool causes_suspect(const struct drawing *d, int n, const struct study *s);
void conclude_causes(
    struct drawing *d, int n, const struct study *s, struct outcome *o);
void conclude_suspect(
    struct drawing *d, int n, const struct study *s, struct outcome *o);
/* Where something else gave the answer. */
void causes_tell_beside(
    struct drawing *d, int n, const struct study *s, bool has_cause);
void causes_tell_alternatives(struct drawing *d, int n, const struct study *s);

/* ---- conclude_targets.c: what cannot be scraped ---- */

/* Of the alert that stands for it, where that is about `up`: the first target
 * of its that is down; NULL: none. */
const cJSON *targets_first_of(const struct drawing *d, const struct study *s);
void conclude_targets(
    struct drawing *d, int n, const struct study *s, struct outcome *o);
/* What to do about one; rests on what was cited. */
void targets_advise(
    struct drawing *d, const struct study *s, const cJSON *target);
/* Where its job has no target at all. */
void targets_tell_no_job(struct drawing *d, int n, const struct study *s);
/* All of them, for the conclusion's table; and what they mean for the rest. */
cJSON *targets_down(const struct drawing *d);
void tell_targets(struct drawing *d, const cJSON *down);

/* ---- conclude_quiet.c: no incident to study ---- */

/* Each gives the conclusion its summary; the first two make it incomplete. */
void conclude_nobody(struct drawing *d, cJSON *c);
void conclude_blind(struct drawing *d, cJSON *c);
/* doubts and notes as silence_tell gave them, down the targets. */
void conclude_quiet(struct drawing *d, cJSON *c, const cJSON *doubts,
    const cJSON *notes, const cJSON *down);

/* ---- conclude_incident.c ---- */

/* Incident n of the conclusion, the caller's; its findings are added. */
cJSON *conclude_incident(struct drawing *d, int n);

#endif
