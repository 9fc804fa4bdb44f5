/*
 * causes_fetch.h - which series find_causes looks at, and how it asks.
 *
 * A few cheap questions first (names, how many series each, how often they
 * are sampled), then ranges for what fits the budget. Counters come as
 * rates, histograms as a quantile, sum and count as a mean.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_FETCH_H
#define EXECUTOR_CAUSES_CAUSES_FETCH_H

#include "executor/causes/causes.h"
#include "executor/prom/prom.h"

#include <stdatomic.h>

struct causes_limits {
	unsigned parallel;        /* questions at once; 0: 4 */
	size_t series_max;        /* 0: 10,000 */
	size_t metric_series_max; /* of one metric unaggregated; 0: 1,000 */
	size_t points_max;        /* of a series; 0: 400 */
	const struct causes_name_pair *edges; /* known dependencies, or NULL */
	size_t nedges;
};

struct causes_name_pair {
	const char *client, *server;
};

/* Asks jobs[0..n), in parallel, and delivers every answer before it returns;
 * an answer that fails only has its done called. RC_CANCELLED, or RC_OK. */
struct causes_source {
	enum rc (*run)(void *ctx, const struct prom_job *jobs, size_t n,
	    unsigned parallel, const atomic_bool *cancelled);
	void *ctx;
};

/* A source that asks Prometheus; conf is borrowed. */
struct causes_source causes_source_prom(const struct prom_conf *conf);

/* done of all steps, what happens now. */
typedef void causes_progress_fn(
    void *arg, const char *what, size_t done, size_t all);

/* Something that was left out, and why. */
struct causes_skipped {
	char *what, *why; /* owned */
};

struct causes_request {
	const char *scope;   /* matchers without braces, "" for all */
	const char *service; /* the alert's, or NULL */
	const char *space;   /* its namespace, or NULL */
	enum causes_kind symptom;
	double alert_s, at_s, onset_s;
	double window_s; /* of "before"; 0: CAUSES_BASELINE points */
};

struct causes_fetched {
	struct causes_set *set; /* owned */
	struct causes_skipped *skipped;
	size_t nskipped;
	size_t questions;    /* asked */
	size_t known, read;  /* series there are, and those that were */
	struct buf warnings; /* of all answers, one per line */
	bool refused; /* a question that decides failed, or answered in part */
};

void causes_fetched_done(struct causes_fetched *f);

/* Fills *ret (then the caller's, _done). RC_CANCELLED, or the first failure
 * when no question was answered at all. */
NODISCARD enum rc causes_fetch(const struct causes_request *rq,
    struct causes_source *src, const struct causes_limits *limits,
    const atomic_bool *cancelled, causes_progress_fn *progress, void *arg,
    struct causes_fetched *ret, struct err *err);

#endif
