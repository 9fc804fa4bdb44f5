/*
 * world.h - a small made-up world out of a seed: services that depend on each
 * other, what is measured of them, rules, alerts, targets, and a Prometheus
 * that tells of it well, badly or not at all.
 *
 * It is its own truth: what fires or is down at any moment is asked here.
 * Nothing changes within ten seconds of `now` or of `at`, and nothing ever
 * after `now`, so that the truth does not depend on how busy the machine is.
 */
#ifndef TESTS_HARNESS_WORLD_H
#define TESTS_HARNESS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "tests/harness/dice.h"

enum {
	WORLD_LABELS_MAX = 14,
	WORLD_SERVICES_MAX = 8,
	WORLD_EDGES_MAX = 24,
	WORLD_RULES_MAX = 20,
	WORLD_ALERTS_MAX = 600,
	WORLD_TARGETS_MAX = 12,
	WORLD_SERIES_MAX = 3600,
	WORLD_SCRAPE_S = 15, /* samples lie on multiples of it */
};

/* Strings are the world's, or constants. */
struct world_labels {
	int n;
	struct {
		const char *name, *value;
	} at[WORLD_LABELS_MAX];
};

const char *world_label(const struct world_labels *l, const char *name);
void world_set_label(
    struct world_labels *l, const char *name, const char *value);

/* How a part of the API answers. */
enum world_answer {
	ANSWERS_WELL,
	ANSWERS_WARNING, /* partially: with a warning */
	ANSWERS_INFO,    /* whole, with an info */
	ANSWERS_NULL,    /* "data": null */
	ANSWERS_ERROR,   /* 500, 422 or 403 */
	ANSWERS_MISSING, /* 404 */
	ANSWERS_HANGUP,  /* the connection is closed */
	WORLD_ANSWERS
};

enum world_api {
	API_ALERTS,
	API_RULES,
	API_TARGETS,
	API_QUERY,
	API_RANGE,
	API_NAMES, /* label values, series, metadata */
	WORLD_APIS
};

enum world_upset {
	UPSET_NONE,
	UPSET_EXECUTOR_KILLED,
	UPSET_SUPERVISOR_KILLED,
	UPSET_NO_EXECUTOR,
};

/* What an alert is about. */
enum world_about {
	ABOUT_SERVICE,
	ABOUT_POD,     /* of a service, told by the service itself */
	ABOUT_KSM_POD, /* the same, told by an exporter, whose labels it has */
	ABOUT_NODE,
	ABOUT_TARGET,
	ABOUT_JOB,     /* absent */
	ABOUT_NOTHING, /* a heartbeat */
};

enum world_health { RULE_OK, RULE_BROKEN, RULE_NEVER };

struct world_rule {
	const char *name, *severity, *expr;
	const char *metric; /* what it measures, "": nothing */
	enum world_about about;
	enum world_health health;
	int for_s;
	bool recording;
	bool is_heartbeat; /* always fires */
	bool is_named_so;  /* and is known by its name */
};

/* Unix seconds; INFINITY: never. */
struct world_alert {
	int rule;
	struct world_labels labels;
	int service; /* it is about; -1: none */
	double pending_from, firing_from, until;
	const char *value, *summary; /* NULL: 1, and the rule's name */
};

struct world_target {
	const char *job, *instance;
	double down_from, down_until;
	const char *error; /* NULL: the usual one */
};

struct world_service {
	const char *name, *namespace;
	double fault_from; /* INFINITY: it is well */
	bool measured;
};

/* FORM_STAIRS: base, and one more every `factor` seconds of the fault. */
enum world_form { FORM_GAUGE, FORM_COUNTER, FORM_CONSTANT, FORM_STAIRS };

struct world_series {
	struct world_labels labels; /* __name__ too */
	enum world_form form;
	double base;   /* a gauge's level, a counter's rate, a constant */
	double factor; /* times base from then on: */
	double fault_from;
	double slope;       /* a gauge's, a second from then on */
	double from, until; /* it has samples */
	uint64_t noise;
};

struct world {
	uint64_t seed;
	double now, begin; /* there are samples from begin on */
	double at;
	bool past;            /* at is before now, and asked for */
	bool rules_elsewhere; /* nothing is evaluated here */
	bool edges_measured;
	bool zh;
	const char *scope_key, *scope_value; /* NULL: none */
	const char *input;                   /* "": none */
	enum world_answer api[WORLD_APIS];
	const char *refused; /* queries with this metric are; NULL: none */
	enum world_upset upset;
	struct world_service services[WORLD_SERVICES_MAX];
	int n_services;
	struct {
		int client, server;
	} edges[WORLD_EDGES_MAX];
	int n_edges;
	struct world_rule rules[WORLD_RULES_MAX];
	int n_rules;
	struct world_alert alerts[WORLD_ALERTS_MAX];
	int n_alerts;
	struct world_target targets[WORLD_TARGETS_MAX];
	int n_targets;
	struct world_series *series;
	int n_series;
	char **strings;
	int n_strings;
};

/* now: unix seconds; upset: whether processes may be killed or missing. */
struct world *world_new(uint64_t seed, double now);
void world_free(struct world *w);

/* A string that lives as long as the world. */
const char *world_text(struct world *w, const char *fmt, ...) PRINTF(2, 3);

/* One in which nothing is yet, for a test that makes its own. */
struct world *world_empty(double now, double begin);
/* One more series, without labels but its name. */
struct world_series *world_add_series(struct world *w, struct dice *d,
    const char *metric, enum world_form form, double base);
/* What Prometheus writes of that alert. */
void world_measure_alert(
    struct world *w, struct dice *d, const struct world_alert *a);

/* ---- the truth ---- */

enum world_state { STATE_NONE, STATE_PENDING, STATE_FIRING };
enum world_state world_state(const struct world_alert *a, double t);
const char *world_state_name(enum world_state s);

bool world_is_down(const struct world_target *t, double at);

/* Within the request's scope, if it has one. */
bool world_in_scope(const struct world *w, const struct world_alert *a);

/* Left out of a partial list of alerts. */
bool world_is_hidden(const struct world *w, const struct world_alert *a);

/* Whether the answer of that part is one, be it partial. */
bool world_answers(const struct world *w, enum world_api api);

/* Whether dependencies lead from one service to another, or they are one. */
bool world_path(const struct world *w, int from, int to);

/* Since when it is slow: by its own fault, or for what it depends on. */
double world_slow_from(const struct world *w, int service);

/* The service of that name, -1: there is none. */
int world_service(const struct world *w, const char *name);

/* The value at t, a multiple of WORLD_SCRAPE_S; NAN: no sample. */
double world_sample(
    const struct world *w, const struct world_series *s, double t);

/* What it is, for a person, in some lines. */
void world_tell(const struct world *w, struct buf *b);

/* ---- its making, in two files ---- */

/* What is measured of all that world.c has made (world_series.c). */
void world_measure(struct world *w, struct dice *d);

#endif
