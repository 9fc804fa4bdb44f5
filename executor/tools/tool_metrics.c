/*
 * tool_metrics.c - query_prometheus_metrics: any PromQL, at a moment or over
 * a range.
 */
#include "common/base/when.h"
#include "executor/tools/digest.h"
#include "executor/tools/tool_prom.h"

#include <stdlib.h>

enum { POINTS_WANTED = 240 };

struct metrics {
	struct tool_prom prom; /* first */
	struct digest *digest;
	struct prom_ask ask;
	char *query;
	bool step_raised;
};

static enum rc
sink_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	return digest_sink.series(((struct metrics *)arg)->digest, labels, err);
}

static enum rc
sink_sample(void *arg, double t_s, double v, struct err *err)
{
	return digest_sink.sample(((struct metrics *)arg)->digest, t_s, v, err);
}

static enum rc
sink_histogram(void *arg, double t_s, double count, double sum, struct err *err)
{
	return digest_sink.histogram(
	    ((struct metrics *)arg)->digest, t_s, count, sum, err);
}

static enum rc
sink_series_end(void *arg, struct err *err)
{
	return digest_sink.series_end(((struct metrics *)arg)->digest, err);
}

static enum rc
sink_string(void *arg, double t_s, struct span text, struct err *err)
{
	return digest_sink.string(
	    ((struct metrics *)arg)->digest, t_s, text, err);
}

static const struct prom_sink sink = {sink_series, sink_sample, sink_histogram,
    sink_series_end, sink_string, NULL};

static struct digest *
digest_of(const struct prom_ask *ask)
{
	return ask->what == PROM_RANGE
		   ? digest_new((double)ask->start_ms / 1000,
			 (double)ask->end_ms / 1000)
		   : digest_new(0, 0);
}

static bool
metrics_again(struct tool_prom *p)
{
	struct metrics *m = (struct metrics *)p;

	digest_free(m->digest);
	m->digest = digest_of(&m->ask);
	return true;
}

static void
metrics_free(struct tool_prom *p)
{
	struct metrics *m = (struct metrics *)p;

	digest_free(m->digest);
	free(m->query);
	free(m);
}

/* What was asked, for people: up[5m] at ..., or from ... to ... */
static void
put_query(struct buf *b, const struct prom_ask *ask)
{
	char from[WHEN_TEXT], to[WHEN_TEXT], step[WHEN_TEXT];

	buf_adds(b, ask->query);
	if (ask->what == PROM_RANGE)
		buf_addf(b, " from %s to %s, step %s",
		    when_print(ask->start_ms, from),
		    when_print(ask->end_ms, to),
		    when_print_duration(ask->step_ms, step));
	else
		buf_addf(b, " at %s", when_print(ask->at_ms, from));
}

static void
put_empty(struct buf *b)
{
	buf_adds(b,
	    "Empty: no series. Prometheus evaluated the query and nothing "
	    "matched: the metric or a label value may not exist (or be "
	    "spelled otherwise), nothing may have been scraped at that time, "
	    "or a comparison in the query filters everything out.");
}

static void
answered(struct tool_prom *p, const struct prom_outcome *outcome UNUSED)
{
	struct metrics *m = (struct metrics *)p;
	struct tool_result *r = &p->call->result;
	cJSON *total;

	r->data = digest_tree(m->digest);
	total = cJSON_GetObjectItem(r->data, "series_total");
	if (digest_is_empty(m->digest))
		put_empty(&r->summary);
	else
		buf_addf(&r->summary, "%.0f series%s.", total->valuedouble,
		    m->ask.what == PROM_RANGE ? ", those that changed most "
						"first"
					      : "");
	digest_put_summary(m->digest, &r->summary);
	if (m->step_raised)
		buf_addf(&r->summary,
		    "\nThe step was raised to keep within %d points.",
		    PROM_POINTS_MAX);
	if (m->ask.what == PROM_RANGE) {
		json_add_moment(r->data, "start", m->ask.start_ms);
		json_add_moment(r->data, "end", m->ask.end_ms);
		json_add_double(
		    r->data, "step_s", (double)m->ask.step_ms / 1000);
	} else {
		json_add_moment(r->data, "time", m->ask.at_ms);
	}
	tool_prom_end(p);
}

/* A range when anything says so, else one moment. */
static enum rc
read_args(struct metrics *m, struct err *err)
{
	const struct tool_call *call = m->prom.call;
	struct json_in in = json_in(call->args, "args", err);
	int64_t least, now = call->now_ms;
	int64_t start = json_in_moment_opt(&in, "start", now, -1);
	int64_t end = json_in_moment_opt(&in, "end", now, -1);
	int64_t time = json_in_moment_opt(&in, "time", now, -1);
	int64_t window = json_in_duration_opt(
	    &in, "window", 1000, INT64_C(366) * 86400000, -1);
	int64_t step =
	    json_in_duration_opt(&in, "step", 1, INT64_C(366) * 86400000, -1);

	m->query = xstrdup(json_in_str(&in, "query", "up == 0"));
	m->ask.query = m->query;
	m->ask.at_ms = time >= 0 ? time : call->at_ms;
	if (start < 0 && end < 0 && window < 0 && step < 0)
		return json_in_end(&in);
	if (time >= 0 && (start >= 0 || end >= 0))
		json_in_fail(&in, "time",
		    "give either time, for one moment, or start and end");
	m->ask.what = PROM_RANGE;
	m->ask.end_ms = end >= 0 ? end : m->ask.at_ms;
	m->ask.start_ms =
	    start >= 0
		? start
		: m->ask.end_ms - (window >= 0 ? window : call->window_ms);
	if (m->ask.start_ms >= m->ask.end_ms)
		json_in_fail(&in, "start", "must be before the end");
	if (json_in_end(&in) != RC_OK)
		return in.rc;
	least =
	    prom_step_ms(m->ask.end_ms - m->ask.start_ms, PROM_POINTS_MAX - 1);
	m->step_raised =
	    step >= 0 &&
	    (m->ask.end_ms - m->ask.start_ms) / step >= PROM_POINTS_MAX;
	m->ask.step_ms =
	    step < 0
		? prom_step_ms(m->ask.end_ms - m->ask.start_ms, POINTS_WANTED)
	    : m->step_raised ? least
			     : step;
	return RC_OK;
}

static enum rc
metrics_start(struct tool_call *call, struct err *err)
{
	struct metrics *m = xcalloc(1, sizeof(*m));
	enum rc rc;

	m->prom = (struct tool_prom){.call = call,
	    .answered = answered,
	    .again = metrics_again,
	    .free = metrics_free};
	m->ask.what = PROM_INSTANT;
	rc = read_args(m, err);
	if (rc == RC_OK) {
		put_query(&call->result.query, &m->ask);
		m->digest = digest_of(&m->ask);
		rc = tool_prom_ask(&m->prom, &m->ask, &sink, err);
	}
	if (rc != RC_OK)
		metrics_free(&m->prom);
	else
		call->state = m;
	return rc;
}

#define MOMENT(about)                                                          \
	"{\"type\":[\"string\",\"number\"],\"description\":\"" about           \
	": RFC 3339, Unix seconds, now, or -1h\"}"
#define DURATION(about)                                                        \
	"{\"type\":[\"string\",\"number\"],\"description\":\"" about           \
	": 30s, 5m, 2h, or seconds\"}"

const struct tool tool_prometheus_metrics = {
    .name = "query_prometheus_metrics",
    .what = "Evaluates a PromQL expression in Prometheus. With only query: "
	    "at the moment of the investigation (or at time). With window, "
	    "start, end or step: over a range, and each series is given with "
	    "first, last, min, max, mean, the median of the first half "
	    "(baseline) and the largest change from it, those that changed "
	    "most first.",
    .args =
	"{\"type\":\"object\",\"required\":[\"query\"],"
	"\"properties\":{"
	"\"query\":{\"type\":\"string\",\"minLength\":1,"
	"\"maxLength\":65536,\"description\":\"PromQL\"},"
	"\"time\":" MOMENT(
	    "the moment to evaluate at") ","
					 "\"start\":" MOMENT(
					     "begin of a range") ","
								 "\"end\""
								 ":" MOMENT(
								     "end of a "
								     "range") ","
									      "\"window\":" DURATION(
										  "length of a range that ends at the "
										  "moment of the investigation") ","
														 "\"step\":" DURATION(
														     "distance of the points; chosen well when "
														     "left out") "},"
																 "\"additionalProperties\":false}",
    .role = TOOL_ROLE_METRICS,
    .source = &source_prom,
    .class = TOOL_READ,
    .timeout_ms = 30000,
    .start = metrics_start,
    .cancel = tool_prom_cancel,
};
