/*
 * prom.h - the client of Prometheus's HTTP API, and of what speaks it
 * (Thanos, Mimir, VictoriaMetrics): one question, its answer as a stream.
 *
 * Errors are in Prometheus's own words; what to do about them is separate,
 * so that it can be shown as advice. Credentials are in neither.
 */
#ifndef EXECUTOR_PROM_PROM_H
#define EXECUTOR_PROM_PROM_H

#include "common/base/buf.h"
#include "common/net/http.h"
#include "executor/prom/prom_response.h"

enum {
	PROM_TIMEOUT_MS = 10000,
	PROM_POINTS_MAX = 11000,   /* per series; Prometheus refuses more */
	PROM_GET_MAX = 1500,       /* bytes of a query sent in the URL */
	PROM_ADVICE_MAX = 400,
};

#define PROM_BYTES_MAX (UINT64_C(64) << 20)
#define PROM_QUERY_MAX ((size_t)64 << 10) /* bytes of an expression */

/* Borrowed strings, which must live as long as what uses it. */
struct prom_conf {
	const char *url; /* with any path prefix */
	const char *user, *password, *password_file;
	const char *token, *token_file; /* files are read for every question,
					 * since they rotate */
	const char *headers;      /* further ones, "Name: value" a line */
	const char *headers_file; /* the same, for secrets */
	const char *ca_file;
	const char *proxy;  /* NULL: none */
	int64_t timeout_ms; /* 0: PROM_TIMEOUT_MS */
	uint64_t bytes_max; /* of one answer; 0: PROM_BYTES_MAX */
};

enum prom_what {
	PROM_INSTANT, /* query, at_ms */
	PROM_RANGE,   /* query, start_ms, end_ms, step_ms */
	PROM_ALERTS,
	PROM_RULES,
	PROM_TARGETS,
	PROM_LABEL_VALUES, /* label, matchers, start_ms, end_ms */
	PROM_LABEL_NAMES,  /* matchers, start_ms, end_ms */
	PROM_SERIES,       /* matchers, start_ms, end_ms */
	PROM_METADATA,     /* query: one metric, or NULL */
	PROM_SIZE,         /* how much there is */
};

struct prom_ask {
	enum prom_what what;
	const char *query;
	int64_t at_ms, start_ms, end_ms, step_ms;
	const char *label;
	const char *const *matchers; /* series selectors; NULL ends it */
};

struct prom_outcome {
	enum rc rc;
	struct err err;
	char advice[PROM_ADVICE_MAX]; /* what to do; "" when rc is RC_OK */
	int status;                   /* HTTP; 0: no answer */
	bool unknown; /* asked, and nobody said what came of it */
	int64_t ms;
	int64_t ahead_ms; /* the server's clock before ours, to a second or
			   * two; 0 where it did not tell */
	uint64_t bytes;
	const char *warnings; /* one per line, or ""; for the call only */
	bool raw_cut;         /* elements of raw are missing: how many */
	uint64_t raw_left_out;
};

/* Where an answer goes. Everything borrowed until done. */
struct prom_reader {
	const struct prom_sink *sink;
	struct buf *raw; /* the bytes as they came, behind what is in it
			  * already, or as many whole elements of them as
			  * it takes (json_cut.h); or NULL */
	/* The answer broke off and is asked for again: the sink forgets what
	 * it was told of it. False, or NULL: it cannot, and the question has
	 * failed. */
	bool (*again)(void *arg);
	void (*done)(void *arg, const struct prom_outcome *outcome);
	void *arg;
};

/*
 * The step that gives some `points` points over a span, rounded up to what
 * people use (1s, 2s, 5s, 10s, 15s, 30s, 1m ...), at least 1 s, and never
 * more than PROM_POINTS_MAX points.
 */
int64_t prom_step_ms(int64_t span_ms, unsigned points);

/*
 * RC_OK when text is headers that may be sent, one a line. Not those that
 * belong to the request itself; nor secret ones where they may be seen.
 */
NODISCARD enum rc prom_headers_check(
    const char *text, bool may_be_secret, struct err *err);

/* Appends a quoted PromQL string. */
void prom_put_quoted(struct buf *b, struct span s);

/* Appends the lines of warnings that b, one per line, does not have. */
void prom_keep_warnings(struct buf *b, const char *warnings);

/* A name that may stand in a matcher as it is, [a-zA-Z_][a-zA-Z0-9_]*. */
bool prom_is_label_name(const char *name);

/* One that a label may have, in quotes where it must be: of letters of any
 * script, digits and _ . / : -, not a digit first. */
bool prom_is_utf8_name(const char *name);

/* One that a metric may have as it is, which may hold colons. */
bool prom_is_metric_name(const char *name);

/* Appends a label's name for a matcher or a list: in quotes, which servers
 * that have such labels understand, where it must be. */
void prom_put_label(struct buf *b, const char *name);

/* Appends the selector of a metric with those matchers (without braces, ""
 * for none), for any server, whatever the metric's name. */
void prom_put_selector(struct buf *b, const char *name, const char *matchers);

/* ---- on a loop ---- */

struct prom_call;

/* Starts a question; done comes later, never before this returns. On
 * failure (RC_INVALID, RC_IO) nothing was started. */
NODISCARD enum rc prom_start(struct http *http, const struct prom_conf *conf,
    const struct prom_ask *ask, const struct prom_reader *reader,
    struct prom_call **ret_call, struct err *err);

/* Calls it off; done is not called. */
void prom_cancel(struct prom_call *call);

/* ---- blocking, on a thread that may ---- */

struct prom_job {
	struct prom_ask ask;
	struct prom_reader reader;
};

/*
 * Asks n questions, at most parallel at once; each one's done is called, on
 * this thread. RC_CANCELLED once *cancel is true (may be NULL).
 */
NODISCARD enum rc prom_run(const struct prom_conf *conf,
    const struct prom_job *jobs, size_t n, unsigned parallel,
    const atomic_bool *cancel);

#endif
