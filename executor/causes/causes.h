/*
 * causes.h - from series around an alert to ranked causes: pure, no I/O.
 *
 * A set holds series on one time grid and the dependencies seen in their
 * labels; causes_find ranks services by how well a fault in each explains
 * what changed. The method, its sources and its limits: CAUSES.md.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_H
#define EXECUTOR_CAUSES_CAUSES_H

#include "common/base/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CAUSES_NONE = UINT16_MAX,   /* no service */
	CAUSES_SERVICES_MAX = 4096, /* further ones are not told apart */
	CAUSES_EDGES_MAX = 16384,
	CAUSES_LABELS_MAX = 32, /* labels kept of one series */
	CAUSES_PATH_MAX = 12,
	CAUSES_SUPPORT_MAX = 5, /* series shown under one cause */
	CAUSES_BASELINE = 180,  /* points of "before" that are wanted */
	CAUSES_LEAD_S = 600,    /* how late an alert may be */
	CAUSES_HISTORY = 60,    /* points of the days before */
	CAUSES_HISTORY_STEP_S = 7200,
};

/* What a series measures, as far as its name tells. */
enum causes_kind {
	CAUSES_OTHER,
	CAUSES_LATENCY,
	CAUSES_ERROR,
	CAUSES_AVAIL, /* share of success, up: low is bad */
	CAUSES_CPU,
	CAUSES_MEMORY,
	CAUSES_SATURATION,
	CAUSES_RESTART,
	CAUSES_DISK,
	CAUSES_NETWORK,
	CAUSES_LOAD,
	CAUSES_INFO, /* *_info: its labels are the content */
	CAUSES_KINDS
};

struct causes_label {
	const char *name, *value;
};

/* Times are Unix seconds; point i is at start_s + i * step_s. */
struct causes_grid {
	double start_s, step_s;
	size_t points;
};

/* The first point at t or later, points at the most. */
size_t causes_grid_point(const struct causes_grid *g, double t);

struct causes_series {
	const char *metric; /* shared by a family */
	const char *form;   /* "", "rate", "mean", "p95": what was made of it */
	uint16_t service, client; /* CAUSES_NONE: names none */
	uint16_t node;            /* where its pod runs, or CAUSES_NONE */
	uint16_t family;          /* same metric and form */
	uint16_t variant;         /* same labels but the service's */
	enum causes_kind kind;
	bool outgoing; /* measured by a caller: where it hurts, not why */
	bool shared;   /* a host's: many services' doing */
	size_t nlabels;
	struct causes_label *labels;
	float *v;       /* grid.points values, NaN where there is none */
	float *history; /* CAUSES_HISTORY values of days before, or NULL */
};

struct causes_edge {
	uint16_t client, server;
};

struct causes_set;

/* At most series_max series; a further one is RC_TOOBIG. */
struct causes_set *causes_set_new(
    const struct causes_grid *grid, size_t series_max);
void causes_set_free(struct causes_set *set);
DEFINE_AUTO(causes_set, struct causes_set, causes_set_free);

/*
 * Adds a series without values; *ret_v is borrowed, for the caller to fill.
 * Copies the text. fallback names the service of a series whose labels name
 * none (the alert's own), or is NULL.
 */
NODISCARD enum rc causes_set_add(struct causes_set *set, const char *metric,
    const char *form, const struct causes_label *labels, size_t n,
    const char *fallback, float **ret_v, struct err *err);

/* The values of a series that was added, to be told anew; NULL when there is
 * no such series. */
float *causes_set_again(struct causes_set *set, const char *metric,
    const char *form, const struct causes_label *labels, size_t n);

/* The history of a series that was added, for the caller to fill; NULL when
 * there is no such series. */
float *causes_set_history(struct causes_set *set, const char *metric,
    const char *form, const struct causes_label *labels, size_t n);

/* Where a pod runs, for series that are added later. */
void causes_set_place(
    struct causes_set *set, const char *pod, const char *node);

/* Another name (an address) of a node, for series that are added later; and
 * those there are of one, borrowed. */
void causes_set_alias(
    struct causes_set *set, const char *alias, const char *node);
size_t causes_set_aliases(const struct causes_set *set, const char *node,
    const char **ret, size_t max);

/* A dependency known from elsewhere. */
void causes_set_edge(
    struct causes_set *set, const char *client, const char *server);

const struct causes_grid *causes_set_grid(const struct causes_set *set);
size_t causes_set_count(const struct causes_set *set);
const struct causes_series *causes_set_at(
    const struct causes_set *set, size_t i);
size_t causes_set_services(const struct causes_set *set);
const char *causes_set_name(const struct causes_set *set, uint16_t service);
/* CAUSES_NONE when the set has no such service. */
uint16_t causes_set_find(const struct causes_set *set, const char *service);
size_t causes_set_edges(
    const struct causes_set *set, const struct causes_edge **ret);

struct causes_question {
	const char *service;      /* where the alert fires, or NULL */
	enum causes_kind symptom; /* LATENCY, ERROR, or OTHER: unknown */
	double alert_s, at_s;     /* it fired; the question is asked */
	double onset_s;           /* when known; NaN: to be estimated */
	bool refused;             /* something that decides could not be read */
	bool unread;              /* nor most of what there is */
};

/* What keeps a suspect that stands out from being a likely cause. */
enum causes_missing {
	CAUSES_NO_ENTITY = 1,     /* the alert is about nothing with series */
	CAUSES_NO_PATH = 2,       /* from there to the suspect */
	CAUSES_REFUSED = 4,       /* question.refused */
	CAUSES_SYMPTOM_FIRST = 8, /* it was there before the suspect's change */
	CAUSES_FEW_BEFORE = 16,   /* points to tell the usual by */
	CAUSES_MISSING_ALL = 31,
};

/* One series' change, what it is worth, and what was usual. */
struct causes_finding {
	size_t series;
	double before, after; /* median; mean of the more extreme half */
	double low, high;     /* the usual band */
	double z;             /* change in units of the usual spread */
	double evidence;      /* 0: as usual; up to 8 */
	double began_s;
	double score;  /* 0 to 1 */
	int direction; /* +1 rose, -1 fell */
	int rank_class;
	uint16_t service;
};

struct causes_cause {
	uint16_t service;
	double weight; /* unbounded; orders the causes */
	double score;  /* 0 to 1 */
	double symptom, resource, share, covered;
	size_t hosted;   /* services whose pods on this node suffer, while
			  * those elsewhere do not; 0: it is no such node */
	double change_s; /* a deployment or restart, or NaN */
	uint16_t path[CAUSES_PATH_MAX]; /* from the alert's service */
	size_t npath;
	size_t support[CAUSES_SUPPORT_MAX]; /* indices of findings */
	size_t nsupport;
};

/* A service that changed but is explained by another. */
struct causes_ruled_out {
	uint16_t service, by; /* by CAUSES_NONE: nothing unusual */
	double symptom;
	size_t compared; /* its series that were */
};

struct causes_result {
	double onset_s;
	bool onset_given;
	bool stands_out;      /* the first cause does */
	unsigned missing;     /* of enum causes_missing; of the first cause */
	size_t compared;      /* series with enough points on both sides */
	size_t points_before; /* the onset, of the series that has most */
	struct causes_cause *causes; /* most suspect first */
	size_t ncauses;
	struct causes_finding *findings; /* most suspect first */
	size_t nfindings;
	bool findings_cut; /* there were more */
	struct causes_ruled_out *ruled_out;
	size_t nruled_out;
};

/* Nodes on which pods of a service suffer that do not elsewhere, most first;
 * at most max. */
size_t causes_suspect_nodes(const struct causes_set *set,
    const struct causes_question *q, uint16_t *ret, size_t max);

/* The first cause stands out, and nothing is missing. */
bool causes_is_likely(const struct causes_result *r);

/* The result is the caller's. Never fails: no data is a result too. */
struct causes_result *causes_find(
    const struct causes_set *set, const struct causes_question *q);
void causes_result_free(struct causes_result *r);
DEFINE_AUTO(causes_result, struct causes_result, causes_result_free);

/* The moment at which most services leave their usual range together, looked
 * for up to CAUSES_LEAD_S (or two steps) before the alert; alert is its
 * service, or CAUSES_NONE. */
double causes_onset(
    const struct causes_set *set, double alert_s, uint16_t alert);

#endif
