/*
 * causes_fetching.h - the state of one fetch, and how any part of it asks.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_FETCHING_H
#define EXECUTOR_CAUSES_CAUSES_FETCHING_H

#include "executor/causes/causes_fetch.h"
#include "executor/causes/causes_plan.h"

#include <math.h>

enum {
	CAUSES_STEP_MIN_S = 5,
	CAUSES_METRICS_MAX = 20000, /* names looked at, and types */
};

struct causes_fetching {
	const struct causes_request *rq;
	struct causes_source *src;
	struct causes_limits limits;
	const atomic_bool *cancelled;
	causes_progress_fn *progress;
	void *progress_arg;
	struct causes_fetched *out;
	struct causes_metric *metrics;
	size_t nmetrics, nmetrics_over; /* the latter are not kept */
	struct buf selector;            /* everything in scope */
	struct buf odd;  /* labels to ask for in quotes; see causes_plan */
	uint64_t labels; /* of causes_service_labels, those there are */
	uint64_t clients, servers; /* likewise of causes_pairs */
	size_t size; /* series the server has now; 0: it does not say */
	size_t answered;
	enum rc failed; /* of the first that failed */
	struct err err;
	double *gaps; /* between raw samples */
	size_t ngaps, gaps_max;
	double last_s; /* the latest raw sample */
	struct causes_grid grid;
};

/* Remembers what is left out, and why; copies both. */
void causes_fetching_skip(
    struct causes_fetching *f, const char *what, const char *why);
void causes_fetching_report(
    struct causes_fetching *f, const char *what, size_t done, size_t all);
/* Keeps the first failure. */
void causes_fetching_failed(
    struct causes_fetching *f, const struct prom_outcome *o);
/* Keeps what an answer is warned of. */
void causes_fetching_heard(
    struct causes_fetching *f, const struct prom_outcome *o);
/* Warned that it is not whole; what PromQL remarks about an expression takes
 * no data away. */
bool causes_fetching_partial(const struct prom_outcome *o);
/* The same warning, however many answers carry it, is one thing left out. */
void causes_fetching_skip_part(struct causes_fetching *f, const char *warning);
/* RC_CANCELLED or RC_OK. */
NODISCARD enum rc causes_fetching_ask(
    struct causes_fetching *f, const struct prom_job *jobs, size_t n);

static inline int64_t
causes_fetching_ms(double s)
{
	return (int64_t)llround(s * 1000);
}

#endif
