/*
 * test_tools_causes.c - find_causes as a tool, against a stub that answers as
 * a Prometheus of a small shop would: all well but for the service db, which
 * is slow from FAULT on, and what calls it.
 */
#include "common/json/json.h"
#include "common/json/tree.h"
#include "tests/harness/loop.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define ALERT 1763891820.0 /* 2025-11-23T09:57:00Z */
#define FAULT (ALERT - 180)
#define HISTORY_STEP 7200

static const struct made {
	const char *metric, *service;
	double usual, after; /* usual 0: is not there before the fault */
} shop[] = {
    {"app_build_info", "db", 0, 1},
    {"cpu_usage_cores", "api", 1, 1},
    {"cpu_usage_cores", "db", 1, 1},
    {"cpu_usage_cores", "mail", 1, 1},
    {"cpu_usage_cores", "web", 1, 1},
    {"request_latency_avg_seconds", "api", 0.2, 1.2},
    {"request_latency_avg_seconds", "db", 0.1, 1.1},
    {"request_latency_avg_seconds", "mail", 0.1, 0.1},
    {"request_latency_avg_seconds", "web", 0.3, 1.3},
    {"requests_per_s", "api", 50, 50},
    {"requests_per_s", "db", 100, 100},
    {"requests_per_s", "web", 100, 100},
};

/* What the stub was asked, and how it behaves. */
struct server {
	enum { WELL, BUSY, EMPTY, HANGS } mode;
	bool warns;   /* every answer is a part of one */
	bool nightly; /* the days before knew as much, every third hour */
	pthread_mutex_t mutex;
	struct buf asked; /* decoded targets, a line each */
};

static void
decode(struct buf *b, const char *p)
{
	for (; *p != '\0'; p++) {
		char hex[3] = {p[0] == '%' ? p[1] : '\0', 0, 0};

		if (hex[0] == '\0' || p[2] == '\0') {
			buf_addc(b, *p);
			continue;
		}
		hex[1] = p[2];
		buf_addc(b, (char)strtol(hex, NULL, 16));
		p += 2;
	}
}

static double
param(const char *target, const char *key)
{
	const char *at = strstr(target, key);

	return at != NULL ? strtod(at + strlen(key), NULL) : 0;
}

static double
value_of(const struct server *s, const struct made *m, double t, bool history)
{
	int hour = (int)(t / HISTORY_STEP);

	if (history)
		return s->nightly && hour % 3 == 0 ? m->after : m->usual;
	/* A little noise, the same every time. */
	return (t < FAULT ? m->usual : m->after) *
	       (1 + 0.004 * ((int)(t / 60) % 5 - 2));
}

static void
put_series(struct buf *b, const struct server *s, const struct made *m,
    const char *target)
{
	double from = param(target, "&start="), to = param(target, "&end=");
	double step = param(target, "&step="), t;
	bool history = step >= HISTORY_STEP, first = true;

	buf_addf(b,
	    "%s{\"metric\":{\"__name__\":\"%s\",\"service\":\"%s\"},"
	    "\"values\":[",
	    b->data[b->len - 1] == '}' ? "," : "", m->metric, m->service);
	for (t = from; t <= to; t += step) {
		double v = value_of(s, m, t, history);

		if (v <= 0)
			continue;
		buf_addf(b, "%s[%.3f,\"%g\"]", first ? "" : ",", t, v);
		first = false;
	}
	buf_adds(b, "]}");
}

static void
put_names(struct buf *b)
{
	const char *last = "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(shop); i++) {
		if (strcmp(shop[i].metric, last) != 0)
			buf_addf(
			    b, "%s\"%s\"", i > 0 ? "," : "", shop[i].metric);
		last = shop[i].metric;
	}
}

static void
put_counts(struct buf *b)
{
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(shop); i += n) {
		for (n = 1; i + n < ARRAY_LEN(shop) &&
			    strcmp(shop[i + n].metric, shop[i].metric) == 0;
		     n++)
			;
		buf_addf(b,
		    "%s{\"metric\":{\"__name__\":\"%s\"},\"value\":[0,\"%zu\"]"
		    "}",
		    i > 0 ? "," : "", shop[i].metric, n);
	}
}

static void
put_answer(struct buf *b, const struct server *s, const char *target)
{
	bool range = strstr(target, "/query_range?") != NULL;
	size_t i;

	buf_adds(b, "{\"status\":\"success\",");
	if (s->warns)
		buf_adds(b, "\"warnings\":[\"store 7 is gone\"],");
	buf_adds(b, "\"data\":");
	if (strstr(target, "/values") != NULL) {
		buf_adds(b, "[");
		if (s->mode != EMPTY)
			put_names(b);
		buf_adds(b, "]}");
		return;
	}
	if (strstr(target, "/metadata") != NULL) {
		buf_adds(b, "{}}");
		return;
	}
	buf_addf(b, "{\"resultType\":\"%s\",\"result\":[",
	    range ? "matrix" : "vector");
	if (strstr(target, "count by") != NULL)
		put_counts(b);
	for (i = 0; range && i < ARRAY_LEN(shop); i++)
		if (strstr(target, shop[i].metric) != NULL)
			put_series(b, s, &shop[i], target);
	buf_adds(b, "]}}");
}

static void
answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct server *s = arg;
	auto_buf target = {.max = 1 << 16}, b = {.max = 4 << 20};

	decode(&target, rq->target);
	pthread_mutex_lock(&s->mutex);
	buf_addf(&s->asked, "%s\n", buf_str(&target));
	pthread_mutex_unlock(&s->mutex);
	if (s->mode == HANGS) {
		stub_hang(c);
		return;
	}
	put_answer(&b, s, buf_str(&target));
	if (s->mode == BUSY)
		stub_answer(c, 503, "text/plain", "later");
	else
		stub_answer(c, 200, NULL, buf_str(&b));
}

static void
server_init(struct server *s)
{
	*s = (struct server){.asked = {.max = 1 << 20}};
	pthread_mutex_init(&s->mutex, NULL);
}

static void
server_done(struct server *s)
{
	buf_done(&s->asked);
	pthread_mutex_destroy(&s->mutex);
}

#define STEP(args)                                                             \
	"{\"tool\":\"find_causes\",\"at\":1763892120000,\"args\":{\"alert\":{" \
	"\"name\":\"SlowWeb\",\"labels\":{\"service\":\"web\"},\"startsAt\":"  \
	"1763891820}" args "}}"

/* web -> api -> db, web -> mail. */
static void
open_shop(struct workbench *b, struct server *s)
{
	struct err err;

	workbench_open(b, answer, s);
	dependencies_done(&b->prom->dependencies);
	ck_assert(dependencies_read("web>api, api>db, web>mail",
		      &b->prom->dependencies, &err) == RC_OK);
}

static const cJSON *
of_service(const cJSON *list, const char *service)
{
	const cJSON *o;

	cJSON_ArrayForEach (o, list)
		if (tree_is(o, "service", service))
			return o;
	ck_abort_msg("no %s", service);
	return NULL;
}

static char *
text_of(const cJSON *o)
{
	struct buf b = {.max = 1 << 16};

	json_print(&b, o);
	return buf_take(&b);
}

START_TEST(what_its_answers_are_warned_of_is_told)
{
	struct workbench b;
	struct server s;

	server_init(&s);
	s.warns = true;
	open_shop(&b, &s);
	assert_contains(workbench_perform(&b, STEP("")),
	    "\nPrometheus warns: store 7 is gone");
	ck_assert_str_eq(cJSON_GetStringValue(workbench_data(&b, "warnings")),
	    "store 7 is gone");
	assert_contains(buf_str(&b.evidence), "store 7 is gone");
	workbench_close(&b);
	server_done(&s);
}
END_TEST

START_TEST(the_service_that_is_to_blame_is_named_with_all_that_says_so)
{
	struct workbench b;
	struct server s;
	const char *summary;
	const cJSON *cause, *change;
	auto_str path = NULL;

	server_init(&s);
	open_shop(&b, &s);
	summary = workbench_perform(&b, STEP(""));
	ck_assert_msg(b.success, "%s", summary);
	assert_contains(summary,
	    "Likely cause: db: latency request_latency_avg_seconds rose from "
	    "0.1 to 1.1 seconds at 2025-11-23T09:54:00Z");
	assert_contains(summary, "; services that call it suffer too");
	assert_contains(summary,
	    "; a new version or label set appeared at 2025-11-23T09:54:00Z");
	assert_contains(summary, "\n1. db (");
	cause = cJSON_GetArrayItem(workbench_data(&b, "causes"), 0);
	ck_assert_str_eq(tree_str(cause, "service"), "db");
	ck_assert_double_eq(tree_num(cause, "changed", 0), FAULT);
	ck_assert_double_eq_tol(tree_num(cause, "share", 0), 1, 0.01);
	path = text_of(tree_at(cause, "on_path"));
	ck_assert_str_eq(path, "[\"web\",\"api\",\"db\"]");
	change =
	    tree_at(of_service(workbench_data(&b, "series"), "db"), "change");
	ck_assert_double_eq_tol(tree_num(change, "from", 0), 0.1, 0.005);
	ck_assert_double_eq_tol(tree_num(change, "to", 0), 1.1, 0.01);
	workbench_close(&b);
	server_done(&s);
}
END_TEST

START_TEST(what_is_ruled_out_is_told_and_why)
{
	struct workbench b;
	struct server s;
	auto_str topology = NULL;

	server_init(&s);
	open_shop(&b, &s);
	workbench_perform(&b, STEP(""));
	assert_contains(
	    tree_str(of_service(workbench_data(&b, "ruled_out"), "api"), "why"),
	    "db");
	assert_contains(
	    tree_str(
		of_service(workbench_data(&b, "ruled_out"), "mail"), "why"),
	    "nothing unusual in its series");
	topology = text_of(workbench_data(&b, "topology"));
	ck_assert_str_eq(topology,
	    "[{\"client\":\"web\",\"server\":\"api\"},{\"client\":\"api\","
	    "\"server\":\"db\"},{\"client\":\"web\",\"server\":\"mail\"}]");
	workbench_close(&b);
	server_done(&s);
}
END_TEST

/* Plots are for a reader who asks for them, not for a planner. */
START_TEST(plots_are_in_the_evidence_only)
{
	struct workbench b;
	struct server s;

	server_init(&s);
	open_shop(&b, &s);
	workbench_perform(&b, STEP(""));
	ck_assert_ptr_null(workbench_data(&b, "plot"));
	assert_contains(buf_str(&b.evidence), "\"plot\":[{");
	ck_assert_str_eq(b.media, "application/json");
	workbench_close(&b);
	server_done(&s);
}
END_TEST

START_TEST(what_the_days_before_knew_is_no_cause)
{
	struct workbench b;
	struct server s;

	server_init(&s);
	s.nightly = true;
	open_shop(&b, &s);
	assert_contains(workbench_perform(&b, STEP("")), "No clear cause: of ");
	workbench_close(&b);
	server_done(&s);
}
END_TEST

START_TEST(no_series_are_no_cause)
{
	struct workbench b;
	struct server s;

	server_init(&s);
	s.mode = EMPTY;
	open_shop(&b, &s);
	assert_contains(workbench_perform(&b, STEP("")),
	    "No clear cause: no series has enough points");
	ck_assert(b.success);
	workbench_close(&b);
	server_done(&s);
}
END_TEST

/* What bounds the investigation bounds the search, but for the service: the
 * cause may be another one. */
START_TEST(the_scope_is_the_investigations_unless_the_call_has_one)
{
	static const char labels[] =
	    ",\"labels\":{\"namespace\":\"shop\",\"cluster\":\"c1\","
	    "\"service\":\"web\",\"severity\":\"page\"}}";
	struct workbench b;
	struct server s;
	auto_str own =
	    xasprintf("%.*s%s", (int)strlen(STEP("")) - 1, STEP(""), labels);
	auto_str given = xasprintf("%.*s%s",
	    (int)strlen(STEP(",\"scope\":{\"a\":\"b\"}")) - 1,
	    STEP(",\"scope\":{\"a\":\"b\"}"), labels);

	server_init(&s);
	open_shop(&b, &s);
	workbench_perform(&b, own);
	assert_contains(buf_str(&s.asked),
	    "{__name__=~\".+\",namespace=\"shop\",cluster=\"c1\"}");
	assert_lacks(buf_str(&s.asked), "service=\"web\"");
	assert_lacks(buf_str(&s.asked), "severity");
	buf_reset(&s.asked);
	workbench_perform(&b, given);
	assert_contains(buf_str(&s.asked), "{__name__=~\".+\",a=\"b\"}");
	assert_lacks(buf_str(&s.asked), "namespace");
	workbench_close(&b);
	server_done(&s);
}
END_TEST

static const struct {
	int mode;
	const char *step, *says, *suggestion;
} failures[] = {
    {WELL, STEP(",\"onset\":\"soon\""), "\"soon\" is not a moment",
	"Correct the arguments"},
    {WELL, STEP(",\"window\":\"1s\""), "window", "Correct the arguments"},
    {WELL, STEP(",\"scope\":{\"a}\":\"b\"}"), "no label name",
	"Correct the arguments"},
    {BUSY, STEP(""), "503", "Check that Prometheus can be reached"},
};

START_TEST(a_failure_says_what_to_do)
{
	struct workbench b;
	struct server s;

	server_init(&s);
	s.mode = failures[_i].mode;
	open_shop(&b, &s);
	assert_contains(
	    workbench_perform(&b, failures[_i].step), failures[_i].says);
	ck_assert(!b.success);
	assert_contains(
	    json_str(b.feedback, "suggestion"), failures[_i].suggestion);
	workbench_close(&b);
	server_done(&s);
}
END_TEST

static bool
was_asked(void *arg)
{
	struct server *s = arg;
	bool asked;

	pthread_mutex_lock(&s->mutex);
	asked = s->asked.len > 0;
	pthread_mutex_unlock(&s->mutex);
	return asked;
}

START_TEST(calling_it_off_waits_for_nobody_and_says_nothing)
{
	struct workbench b;
	struct server s;
	struct run *run;

	server_init(&s);
	s.mode = HANGS;
	open_shop(&b, &s);
	run = workbench_start(&b, STEP(""), 0);
	ck_assert(loop_until_cond(b.loop, was_asked, &s, 5000));
	run_cancel(run);
	ck_assert(!b.done);
	workbench_close(&b);
	ck_assert(!b.done);
	server_done(&s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_its_answers_are_warned_of_is_told, 0},
	    {the_service_that_is_to_blame_is_named_with_all_that_says_so, 0},
	    {what_is_ruled_out_is_told_and_why, 0},
	    {plots_are_in_the_evidence_only, 0},
	    {what_the_days_before_knew_is_no_cause, 0},
	    {no_series_are_no_cause, 0},
	    {the_scope_is_the_investigations_unless_the_call_has_one, 0},
	    {a_failure_says_what_to_do, (int)ARRAY_LEN(failures)},
	    {calling_it_off_waits_for_nobody_and_says_nothing, 0},
	};

	return RUN_TESTS("tools_causes", tests);
}
