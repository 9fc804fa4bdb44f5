/*
 * prom_response.h - Prometheus's answers, read as they come in.
 *
 * Knows exactly the answers of /api/v1/query, query_range, alerts, rules,
 * targets, labels, series, metadata and status/tsdb, from Prometheus and from what speaks
 * its API. Memory is bounded by one series' labels or one item, whatever the
 * answer's size. Unknown members are passed over.
 */
#ifndef EXECUTOR_PROM_PROM_RESPONSE_H
#define EXECUTOR_PROM_PROM_RESPONSE_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	PROM_LABELS_MAX = 128,           /* labels of one series */
	PROM_LABEL_BYTES_MAX = 64 << 10, /* their text */
	PROM_STRING_MAX = 256 << 10,     /* one string, an expression say */
	PROM_ITEM_VALUES_MAX = 20000,    /* values in one alert, rule, target */
	PROM_WARNINGS_MAX = 4 << 10,     /* bytes kept of all warnings */
};

/* What was asked decides what `data` looks like. */
enum prom_answer {
	PROM_ANSWER_QUERY,    /* query and query_range */
	PROM_ANSWER_ALERTS,   /* an item is one alert */
	PROM_ANSWER_RULES,    /* one rule, with "group" and "file" added */
	PROM_ANSWER_TARGETS,  /* one active target */
	PROM_ANSWER_STRINGS,  /* labels, label values: one string */
	PROM_ANSWER_SERIES,   /* one label set */
	PROM_ANSWER_METADATA, /* one entry, with "metric" added */
	PROM_ANSWER_SIZE,     /* one of the statistics: headStats is an object */
};

struct prom_label {
	struct span name, value;
};

/* In the order sent, which is by name. Valid during the call only. */
struct prom_labels {
	size_t n;
	struct prom_label list[PROM_LABELS_MAX];
};

/* The value of a label, or an empty span. */
struct span prom_label_get(const struct prom_labels *labels, const char *name);

/*
 * Where the content goes. A function that is NULL is not called; anything
 * but RC_OK stops the reader with that. A scalar is a series without labels.
 */
struct prom_sink {
	enum rc (*series)(
	    void *arg, const struct prom_labels *labels, struct err *err);
	/* t_s: Unix seconds. Any double, not-a-number and infinities too. */
	enum rc (*sample)(void *arg, double t_s, double v, struct err *err);
	/* A native histogram instead of a sample. */
	enum rc (*histogram)(
	    void *arg, double t_s, double count, double sum, struct err *err);
	enum rc (*series_end)(void *arg, struct err *err);
	/* A query that is a string, e.g. "hello". */
	enum rc (*string)(
	    void *arg, double t_s, struct span text, struct err *err);
	/* An alert, rule, target, string, label set or entry; takes item. */
	enum rc (*item)(void *arg, cJSON *item, struct err *err);
};

struct prom_response;

struct prom_response *prom_response_new(enum prom_answer answer,
    uint64_t bytes_max, const struct prom_sink *sink, void *arg);
void prom_response_free(struct prom_response *r);
DEFINE_AUTO(prom_response, struct prom_response, prom_response_free);

/*
 * Takes the next bytes. RC_UPSTREAM: not JSON (a web page, say) or not an
 * answer of this kind; RC_TOOBIG: over a limit; or what the sink answered.
 * A reader that has failed answers the same ever after.
 */
NODISCARD enum rc prom_response_feed(
    struct prom_response *r, struct span bytes, struct err *err);

/*
 * The answer has ended. RC_OK: it was whole and a success. RC_INVALID: a
 * whole answer in which Prometheus itself reports an error, in its words in
 * err ("bad_data: ..."). RC_UPSTREAM: cut short or of another kind.
 */
NODISCARD enum rc prom_response_end(struct prom_response *r, struct err *err);

/* Did the bytes turn out not to be JSON at all? */
bool prom_response_is_foreign(const struct prom_response *r);

/* Prometheus's errorType ("bad_data", "timeout", ...), or "". */
const char *prom_response_error_type(const struct prom_response *r);

/* Its warnings and infos, one per line, cut at PROM_WARNINGS_MAX; or "". */
const char *prom_response_warnings(const struct prom_response *r);

#endif
