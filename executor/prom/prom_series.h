/*
 * prom_series.h - the series, scalars and strings of Prometheus's answers,
 * put together for the sink. What is not as Prometheus writes it is refused
 * with RC_UPSTREAM; what the sink returns is passed on.
 */
#ifndef EXECUTOR_PROM_PROM_SERIES_H
#define EXECUTOR_PROM_PROM_SERIES_H

#include "common/base/buf.h"
#include "common/json/jsonsax.h"
#include "executor/prom/prom_response.h"

/* The one being read. */
struct prom_series {
	const struct prom_sink *sink;
	void *arg;
	struct prom_labels labels;
	struct buf label_text;
	bool told;        /* sink->series was called */
	bool is_string;   /* resultType */
	unsigned element; /* which of [time, value] comes */
	double t_s, count, sum;
};

void prom_series_init(
    struct prom_series *s, const struct prom_sink *sink, void *arg);
void prom_series_done(struct prom_series *s);

/* A new one begins; the last one ends, which the sink is told. */
void prom_series_reset(struct prom_series *s);
enum rc prom_series_end(struct prom_series *s, struct err *err);

/* Its labels come one by one, and then prom_series_labelled. */
enum rc prom_series_label(struct prom_series *s, const char *name,
    struct span value, struct err *err);
void prom_series_labelled(struct prom_series *s);

/* An element of [time, "value"]; the whole of one but for its time, which is
 * in t_s; and one that stands where the series would. element counts. */
enum rc prom_series_sample(
    struct prom_series *s, const struct jsonsax_event *ev, struct err *err);
enum rc prom_series_pair(
    struct prom_series *s, struct span text, struct err *err);
enum rc prom_series_result(
    struct prom_series *s, const struct jsonsax_event *ev, struct err *err);

/* The time of [time, {...}]; a member of the object; its end. */
enum rc prom_series_histogram(
    struct prom_series *s, const struct jsonsax_event *ev, struct err *err);
enum rc prom_series_body(struct prom_series *s, const char *key,
    const struct jsonsax_event *ev, struct err *err);
enum rc prom_series_body_end(struct prom_series *s, struct err *err);

/* RC_UPSTREAM: what is not as it should be. */
enum rc prom_odd(const char *what, struct err *err);

#endif
