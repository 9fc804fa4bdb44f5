/*
 * causes_plan.h - which question to ask for each metric. Pure.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_PLAN_H
#define EXECUTOR_CAUSES_CAUSES_PLAN_H

#include "common/base/buf.h"
#include "executor/causes/causes.h"

#include <stdbool.h>
#include <stddef.h>

enum causes_type {
	CAUSES_TYPE_UNKNOWN,
	CAUSES_TYPE_GAUGE,
	CAUSES_TYPE_COUNTER,
	CAUSES_TYPE_HISTOGRAM, /* of a series' own name: a native one */
	CAUSES_TYPE_SUMMARY,
};

struct causes_metric {
	char *name;            /* owned */
	enum causes_type type; /* by metadata */
	size_t count;          /* of series; 0: not known */
	/* Further matchers, and the labels it is summed by; NULL: none, and
	 * whichever tell whose it is. Borrowed. */
	const char *matcher, *by;
	bool chosen;
	bool native; /* samples turned out to be native histograms */
};

/* What answers a question: one metric made into something, or several
 * gauges as they are (metric and form then come from the answer). */
struct causes_ask {
	char *expr;       /* owned */
	char *metric;     /* owned; NULL: the answer's __name__ */
	const char *form; /* "", "rate", "mean", "p95", "changes" */
	size_t series;    /* expected */
	bool decisive;    /* a symptom or a resource is among them */
	bool aggregated;
};

struct causes_asks {
	struct causes_ask *list;
	size_t n;
};

void causes_asks_done(struct causes_asks *a);

/* Sorts metrics by name and marks those that fit series_max: symptoms and
 * resources first, then by how few series they take. */
void causes_choose(struct causes_metric *metrics, size_t n, size_t series_max);

/* Series of the metrics that measure something, chosen or not. */
size_t causes_useful(const struct causes_metric *metrics, size_t n);

/* About the monitoring itself, or no measurement. */
bool causes_is_useless(const char *metric);

/* What goes first where not all fits: 0 for symptoms and resources, 2 last. */
unsigned causes_priority(enum causes_kind kind);

/* Nothing in it means anything to a regular expression. */
void causes_put_literal(struct buf *b, const char *name);

/* Is it a label that tells whose or which, under a name of UTF-8 that has to
 * be asked for in quotes (service.name)? */
bool causes_is_odd_label(const char *name);

/*
 * The questions for the chosen metrics (sorted by name). scope: matchers or
 * "". odd: labels such as those above, as the server has them, quoted, with
 * commas between, or "". Rates look back rate_s. Of a metric with more than
 * metric_max series sums per service are asked for.
 */
struct causes_asks causes_plan(const struct causes_metric *metrics, size_t n,
    const char *scope, const char *odd, unsigned rate_s, size_t metric_max);

#endif
