/*
 * causes.c - find_causes on systems made up at run time: how often it is
 * right, how often it cries wolf, how long it takes and in how much memory.
 *
 *	bench_causes SERIES TRIALS
 *
 * A made-up Prometheus answers through the real reader of answers, byte for
 * byte; making the bytes is timed apart and taken off. Invariant: the same
 * numbers give the same systems on every machine.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "executor/tools/tool_causes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
	METRICS = 20,
	SERVICES_MAX = 1000,
	CALLEES = 3,
	STEP = 15,
	PIECE = 16 << 10,
	ANSWER_MAX = 8 << 20,
};
#define ALERT 1700000000.0
#define ONSET (ALERT - 135)
#define AT (ALERT + 300)

static const struct {
	const char *name;
	double level, noise;
} metrics[METRICS] = {
    {"app_request_duration_avg_seconds", 0.05, .05},
    {"app_request_duration_p99_seconds", 0.4, .15},
    {"app_error_ratio", 0.001, .5},
    {"app_requests_per_s", 80, .1},
    {"app_cpu_cores", 0.4, .1},
    {"app_memory_working_set_bytes", 4e8, .01},
    {"app_network_receive_bytes_per_s", 1e6, .2},
    {"app_network_transmit_bytes_per_s", 2e6, .2},
    {"app_disk_reads_per_s", 10, .5},
    {"app_disk_writes_per_s", 30, .5},
    {"app_threads", 40, .05},
    {"app_queue_length", 3, .6},
    {"app_connections", 100, .1},
    {"app_gc_pause_share", 0.01, .5},
    {"app_cache_hits_per_s", 500, .2},
    {"app_open_files", 200, .02},
    {"app_heap_used_bytes", 2e8, .1},
    {"app_timers", 20, .3},
    {"app_sessions", 900, .05},
    {"app_temperature", 50, .02},
};

enum fault { FAULT_NONE, FAULT_CPU, FAULT_MEMORY, FAULT_LATENCY, FAULT_ERRORS };
static const char *const fault_names[] = {
    "quiet", "cpu", "memory", "latency", "errors"};

struct world {
	size_t services;
	uint64_t seed;
	enum fault fault;
	size_t culprit, alerted;
	size_t callees[SERVICES_MAX][CALLEES]; /* own number: none */
	double hurt[SERVICES_MAX]; /* 1: the culprit; callers less */
	double made_s;             /* processor time spent making answers */
	char *text;                /* of one answer */
};

/* ---- numbers ---- */

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ (x >> 33);
}

static double
uniform(uint64_t x)
{
	return (double)(mix(x) >> 11) / 9007199254740992.0;
}

/* Roughly normal: the sum of four uniform ones. */
static double
normal(uint64_t x)
{
	double sum = 0;

	for (uint64_t i = 0; i < 4; i++)
		sum += uniform(x * 4 + i);
	return (sum - 2) * 1.732;
}

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the world ---- */

/* Callees have greater numbers: no cycles. Service 0 is the entrance. */
static void
wire_up(struct world *w)
{
	for (size_t i = 0; i < w->services; i++)
		for (size_t k = 0; k < CALLEES; k++) {
			size_t left = w->services - i - 1;
			size_t reach = MIN(left, (size_t)12);

			w->callees[i][k] =
			    reach == 0
				? i
				: i + 1 + mix(w->seed + i * 8 + k) % reach;
		}
}

static void
spread_pain(struct world *w)
{
	memset(w->hurt, 0, sizeof(w->hurt));
	if (w->fault == FAULT_NONE)
		return;
	w->hurt[w->culprit] = 1;
	for (size_t i = w->culprit; i-- > 0;)
		for (size_t k = 0; k < CALLEES; k++)
			w->hurt[i] =
			    fmax(w->hurt[i], 0.8 * w->hurt[w->callees[i][k]]);
	/* The alert fires at the farthest caller that suffers. */
	w->alerted = w->culprit;
	for (size_t i = w->culprit; i-- > 0;)
		if (w->hurt[i] > 0.3)
			w->alerted = i;
}

static double
fault_factor(const struct world *w, size_t service, size_t metric)
{
	double hurt = w->hurt[service];
	bool culprit = w->fault != FAULT_NONE && service == w->culprit;

	if (hurt <= 0)
		return 1;
	if (metric <= 1 && w->fault != FAULT_ERRORS)
		return 1 + 4 * hurt * hurt;
	if (metric == 2 && w->fault == FAULT_ERRORS)
		return 1 + 80 * hurt * hurt;
	if (metric == 4 && culprit &&
	    (w->fault == FAULT_CPU || w->fault == FAULT_MEMORY))
		return 4;
	if (metric == 5 && culprit && w->fault == FAULT_MEMORY)
		return 3;
	return 1;
}

static double
value_at(const struct world *w, size_t service, size_t metric, double t)
{
	uint64_t id = w->seed * 131071 + service * METRICS + metric;
	uint64_t tick = (uint64_t)(t / STEP);
	double level = metrics[metric].level * (0.5 + uniform(id));
	double slow = sin(t / 3600 + (double)(id % 7)) * 0.05;
	double x =
	    level *
	    (1 + slow + metrics[metric].noise * normal(id * 65537 + tick));

	/* Now and then a spike of nobody's concern. */
	if (uniform(id * 257 + tick / 8) < 0.004)
		x *= 2;
	if (t >= ONSET)
		x *= fault_factor(w, service, metric);
	return fmax(x, 0);
}

/* ---- answers ---- */

struct pen {
	char *p, *end;
};

static void PRINTF(2, 3) put(struct pen *pen, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(pen->p, (size_t)(pen->end - pen->p), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= pen->end - pen->p) {
		fprintf(stderr, "an answer is too long\n");
		exit(1);
	}
	pen->p += n;
}

static void
put_series(struct pen *pen, const struct world *w, const struct prom_ask *ask,
    size_t service, size_t metric)
{
	double end = (double)ask->end_ms / 1000;

	put(pen,
	    "{\"metric\":{\"__name__\":\"%s\",\"namespace\":\"shop\","
	    "\"service\":\"s%zu\"},\"values\":[",
	    metrics[metric].name, service);
	for (double t = (double)ask->start_ms / 1000; t <= end;
	     t += (double)ask->step_ms / 1000)
		put(pen, "[%.0f,\"%.6g\"],", t,
		    value_at(w, service, metric, t));
	pen->p[-1] = ']';
	put(pen, "},");
}

static void
put_edges(struct pen *pen, const struct world *w, const struct prom_ask *ask)
{
	for (size_t i = 0; i < w->services; i++)
		for (size_t k = 0; k < CALLEES; k++)
			put(pen,
			    "{\"metric\":{\"__name__\":\"calls_per_s\","
			    "\"client\":\"s%zu\",\"server\":\"s%zu\"},"
			    "\"values\":[[%.0f,\"1\"]]},",
			    i, w->callees[i][k], (double)ask->start_ms / 1000);
}

static void
put_matrix(struct pen *pen, const struct world *w, const struct prom_ask *ask)
{
	put(pen, "{\"status\":\"success\",\"data\":{\"resultType\":"
		 "\"matrix\",\"result\":[");
	/* The days before are as the hours before. */
	if (ask->step_ms < 3600000) {
		for (size_t m = 0; m < METRICS; m++)
			if (strstr(ask->query, metrics[m].name) != NULL)
				for (size_t s = 0; s < w->services; s++)
					put_series(pen, w, ask, s, m);
		if (strstr(ask->query, "calls_per_s") != NULL)
			put_edges(pen, w, ask);
	}
	if (pen->p[-1] == ',')
		pen->p--;
	put(pen, "]}}");
}

static void
put_names(struct pen *pen)
{
	put(pen, "{\"status\":\"success\",\"data\":[\"calls_per_s\"");
	for (size_t m = 0; m < METRICS; m++)
		put(pen, ",\"%s\"", metrics[m].name);
	put(pen, "]}");
}

static void
put_counts(struct pen *pen, const struct world *w)
{
	put(pen, "{\"status\":\"success\",\"data\":{\"resultType\":"
		 "\"vector\",\"result\":[");
	for (size_t m = 0; m < METRICS; m++)
		put(pen,
		    "{\"metric\":{\"__name__\":\"%s\"},"
		    "\"value\":[%.0f,\"%zu\"]},",
		    metrics[m].name, ALERT, w->services);
	put(pen,
	    "{\"metric\":{\"__name__\":\"calls_per_s\"},"
	    "\"value\":[%.0f,\"%zu\"]}]}}",
	    ALERT, w->services * CALLEES);
}

static void
put_raw(struct pen *pen)
{
	put(pen, "{\"status\":\"success\",\"data\":{\"resultType\":"
		 "\"matrix\",\"result\":[{\"metric\":{},\"values\":[");
	for (int i = 0; i < 40; i++)
		put(pen, "%s[%.0f,\"1\"]", i > 0 ? "," : "",
		    ALERT - (40 - i) * STEP);
	put(pen, "]}]}}");
}

static size_t
answer(const struct world *w, const struct prom_ask *ask)
{
	struct pen pen = {w->text, w->text + ANSWER_MAX};

	if (ask->what == PROM_LABEL_VALUES)
		put_names(&pen);
	else if (ask->what == PROM_LABEL_NAMES)
		put(&pen, "{\"status\":\"success\",\"data\":[]}");
	else if (ask->what == PROM_METADATA || ask->what == PROM_SIZE)
		put(&pen, "{\"status\":\"success\",\"data\":{}}");
	else if (ask->what == PROM_RANGE)
		put_matrix(&pen, w, ask);
	else if (strncmp(ask->query, "count", 5) == 0)
		put_counts(&pen, w);
	else
		put_raw(&pen);
	return (size_t)(pen.p - w->text);
}

static enum prom_answer
kind_of(enum prom_what what)
{
	if (what == PROM_LABEL_VALUES || what == PROM_LABEL_NAMES)
		return PROM_ANSWER_STRINGS;
	if (what == PROM_SIZE)
		return PROM_ANSWER_SIZE;
	return what == PROM_METADATA ? PROM_ANSWER_METADATA : PROM_ANSWER_QUERY;
}

static void
deliver(struct world *w, const struct prom_job *job)
{
	struct prom_outcome o = {.rc = RC_OK, .warnings = ""};
	double began = cpu_s();
	size_t n = answer(w, &job->ask);
	AUTO(prom_response)
	r = prom_response_new(kind_of(job->ask.what), ANSWER_MAX,
	    job->reader.sink, job->reader.arg);

	w->made_s += cpu_s() - began;
	for (size_t i = 0; i < n && o.rc == RC_OK; i += PIECE)
		o.rc = prom_response_feed(r,
		    span_make(w->text + i, MIN((size_t)PIECE, n - i)), &o.err);
	if (o.rc == RC_OK)
		o.rc = prom_response_end(r, &o.err);
	job->reader.done(job->reader.arg, &o);
}

static enum rc
run(void *ctx, const struct prom_job *jobs, size_t n, unsigned parallel,
    const atomic_bool *cancelled)
{
	(void)parallel;
	(void)cancelled;
	for (size_t i = 0; i < n; i++)
		deliver(ctx, &jobs[i]);
	return RC_OK;
}

/* ---- trials ---- */

struct tally {
	unsigned n, first, third, named;
	double own_s, worst_s;
};

static unsigned
place_of(const cJSON *result, const char *service)
{
	const cJSON *c;
	unsigned place = 0;

	cJSON_ArrayForEach (c, cJSON_GetObjectItem(result, "causes")) {
		place++;
		if (strcmp(json_str(c, "service"), service) == 0)
			return place;
	}
	return 0;
}

static void
trial(struct world *w, uint64_t seed, enum fault fault, struct tally *tally)
{
	struct causes_source src = {run, w};
	struct causes_limits limits = {.metric_series_max = 5000,
	    .series_max = 10000 + SERVICES_MAX * CALLEES};
	auto_buf json = {.max = 64 << 20};
	auto_str text = NULL;
	AUTO(json) args = NULL;
	AUTO(json) result = NULL;
	char culprit[32];
	struct err err;
	double began, own;
	unsigned place;

	w->seed = seed;
	w->fault = fault;
	w->alerted = 0;
	w->culprit = w->services / 5 + mix(seed) % (w->services * 4 / 5);
	wire_up(w);
	spread_pain(w);
	text = xasprintf("{\"alert\":{\"name\":\"Degraded\",\"labels\":{"
			 "\"service\":\"s%zu\"},\"startsAt\":%.0f},"
			 "\"at\":%.0f}",
	    w->alerted, ALERT, AT);
	if (json_parse(span_of(text), NULL, &args, &err) != RC_OK)
		exit(1);
	w->made_s = 0;
	began = cpu_s();
	if (causes_run(args, &src, &limits, NULL, NULL, NULL, &json, &err) !=
	    RC_OK) {
		fprintf(stderr, "bench: %s\n", err.text);
		exit(1);
	}
	own = cpu_s() - began - w->made_s;
	result = cJSON_Parse(buf_str(&json));
	snprintf(culprit, sizeof(culprit), "s%zu", w->culprit);
	place = place_of(result, culprit);
	tally->n++;
	tally->first += place == 1;
	tally->third += place > 0 && place <= 3;
	tally->named +=
	    strcmp(json_str(result, "confidence"), "undetermined") != 0;
	tally->own_s += own;
	tally->worst_s = fmax(tally->worst_s, own);
}

static void
print(size_t series, const char *fault, const struct tally *t)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	printf("%6zu  %-8s %4u  %5.2f %5.2f  %5.2f   %6.3f %6.3f   %6.1f\n",
	    series, fault, t->n, (double)t->first / t->n,
	    (double)t->third / t->n, (double)t->named / t->n, t->own_s / t->n,
	    t->worst_s, (double)(use.ru_maxrss - ANSWER_MAX / 1024) / 1024);
}

int
main(int argc, char **argv)
{
	size_t series = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	unsigned trials = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	struct world *w = xcalloc(1, sizeof(*w));

	w->services =
	    MIN(MAX(series / METRICS, (size_t)5), (size_t)SERVICES_MAX);
	w->text = xcalloc(1, ANSWER_MAX);
	memset(w->text, ' ', ANSWER_MAX); /* resident from the beginning */
	for (enum fault f = FAULT_NONE; f <= FAULT_ERRORS; f++) {
		struct tally t = {0};

		for (unsigned i = 0; i < trials; i++)
			trial(w, 1000 * (uint64_t)f + i + 1, f, &t);
		print(w->services * METRICS, fault_names[f], &t);
	}
	free(w->text);
	free(w);
	return 0;
}
