/*
 * test_main_job.c - a real alert in a real Prometheus becomes a report,
 * through real processes, watched by the real client.
 */
#include "common/base/rc.h"
#include "tests/harness/alert.h"
#include "tests/harness/house.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"
#include "tests/harness/ask.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

/* Fires at the first evaluation, for two instances, with what an annotation
 * may hold; and one that stays pending. */
static const char rules[] =
    "groups:\n"
    "  - name: shop\n"
    "    rules:\n"
    "      - alert: QueueLong\n"
    "        expr: shop_queue_length > 100\n"
    "        labels: {severity: critical}\n"
    "        annotations: {summary: \"shard {{ $labels.shard }} \\e[31m\"}\n"
    "      - alert: NotYet\n"
    "        expr: up == 1\n"
    "        for: 1h\n";

static const char metrics[] = "# TYPE shop_queue_length gauge\n"
			      "shop_queue_length{shard=\"a\"} 900\n"
			      "shop_queue_length{shard=\"b\"} 400\n"
			      "shop_queue_length{shard=\"c\"} 3\n"
			      "# TYPE shop_workers gauge\n"
			      "shop_workers{shard=\"a\"} 0\n";

static void
answer_metrics(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	stub_answer(c, 200, "text/plain; version=0.0.4", metrics);
}

static const char *const headings_zh[] = {"# 告警分析报告", "\n## 活跃告警清单",
    "\n## 告警根因分析", "\n## 处理方案执行", "\n## 结论", NULL};
static const char *const headings_en[] = {"# Alert analysis report",
    "\n## Active alerts", "\n## Root cause analysis",
    "\n## Actions taken and advised", "\n## Conclusion", NULL};

static void
check_headings(const char *report, const char *const *headings)
{
	const char *at = report;

	for (; *headings != NULL; headings++) {
		const char *found = strstr(at, *headings);

		ck_assert_msg(found != NULL,
		    "no \"%s\" where it should be in\n%s", *headings, report);
		at = found + 1;
	}
}

/* The number of rows or lines of text that hold needle. */
static int
count_of(const char *text, const char *needle)
{
	int n = 0;

	while ((text = strstr(text, needle)) != NULL) {
		text += strlen(needle);
		n++;
	}
	return n;
}

/* A shop that is watched by Prometheus, which Culprit asks. */
struct scene {
	struct stub_http *shop;
	struct prometheus *prometheus;
	struct house *house;
};

static void
scene_open(struct scene *s)
{
	auto_str scrape = NULL;

	s->shop = stub_http_new(answer_metrics, NULL);
	scrape = xasprintf("  - job_name: shop\n    static_configs:\n"
			   "      - targets: [\"%s\"]\n",
	    stub_http_url(s->shop) + strlen("http://"));
	s->prometheus = prometheus_start(
	    &(struct prometheus_spec){.scrape = scrape, .rules = rules});
	s->house = house_start(&(struct house_spec){
	    .prometheus_url = prometheus_url(s->prometheus)});
	alert_await(prometheus_url(s->prometheus), "QueueLong", 2);
}

static void
scene_close(struct scene *s)
{
	house_free(s->house);
	prometheus_free(s->prometheus);
	stub_http_free(s->shop);
}

/* Runs `culprit investigate --json` with two more arguments. */
static struct transcript *
investigate(struct house *h, const char *a, const char *b, int want_status)
{
	const char *args[] = {"investigate", "--json", a, b, NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = house_run(h, args, &out, &err);
	struct transcript *t;

	ck_assert_msg(
	    status == want_status, "status %d:\n%s\n%s", status, err, out);
	t = transcript_new(out);
	transcript_check(t);
	return t;
}

START_TEST(a_firing_alert_becomes_a_report_with_five_headings)
{
	struct scene s;
	struct transcript *t;
	const char *report;

	scene_open(&s);
	t = investigate(s.house, "--language", "zh", 0);
	report = transcript_text(t, "report", 0, "markdown");
	check_headings(report, headings_zh);
	assert_contains(report, "QueueLong");
	/* Every instance, not every name. */
	ck_assert_int_ge(count_of(report, "QueueLong"), 2);
	assert_contains(report, "[E1]");
	/* A runbook of ours, the section that says what to do. */
	assert_contains(
	    report, "\n**处理手册**\n\n`QueueLong`：`queue-lag.zh.md`，第 ");
	assert_contains(report, "\n```\n## 处理\n");
	/* No cause is known: what is to be done is said first all the same. */
	assert_contains(report, "首先**：看 `QueueLong` 的消费者");
	ck_assert_str_eq(
	    transcript_text(t, "finished", 0, "status"), "completed");
	ck_assert_int_ge(transcript_count(t, "evidence"), 1);
	ck_assert_int_eq(
	    transcript_count(t, "evidence"), transcript_count(t, "feedback"));
	transcript_free(t);
	scene_close(&s);
}
END_TEST

/* Of what fires, without an investigation. */
START_TEST(the_list_of_alerts_is_prometheus_s)
{
	struct scene s;
	auto_str url = NULL;
	struct answer *w;

	scene_open(&s);
	house_await_well(s.house);
	url = house_url(s.house, "/api/alerts");
	w = ask(NULL, url, NULL, NULL);
	ck_assert_msg(w->status == 200, "%ld %s", w->status, w->body);
	ck_assert_int_ge(count_of(w->body, "\"QueueLong\""), 2);
	assert_contains(w->body, "NotYet");
	answer_free(w);
	scene_close(&s);
}
END_TEST

START_TEST(progress_goes_to_stderr_and_the_report_to_stdout)
{
	static const char *const args[] = {
	    "investigate", "--language", "en", "why?", NULL};
	struct scene s;
	auto_str out = NULL;
	auto_str err = NULL;

	scene_open(&s);
	ck_assert_int_eq(house_run(s.house, args, &out, &err), 0);
	check_headings(out, headings_en);
	ck_assert_int_eq(strncmp(out, "# Alert", 7), 0);
	assert_contains(err, "started");
	assert_contains(err, ": why?");
	assert_contains(err, "query_prometheus_alerts");
	assert_contains(err, "finished  completed");
	/* What an annotation holds never becomes a control of the terminal. */
	ck_assert_ptr_null(strchr(out, '\x1b'));
	ck_assert_ptr_null(strchr(err, '\x1b'));
	scene_close(&s);
}
END_TEST

static void
check_evidence(struct house *h, const char *run)
{
	const char *args[] = {"evidence", run, "E1", NULL};
	auto_str out = NULL;
	cJSON *o;

	ck_assert_int_eq(house_run(h, args, &out, NULL), 0);
	o = cJSON_Parse(out);
	ck_assert_msg(o != NULL, "not JSON: %s", out);
	cJSON_Delete(o);
}

START_TEST(what_was_found_can_be_read_again)
{
	struct scene s;
	struct transcript *t, *again;
	const char *run;
	auto_str report = NULL;
	auto_str list = NULL;
	auto_str state = NULL;
	auto_str shown = NULL;
	auto_str events = NULL;

	scene_open(&s);
	t = investigate(s.house, "--language", "zh", 0);
	run = transcript_run(t);
	ck_assert_int_eq(
	    house_run(
		s.house, (const char *[]){"report", run, NULL}, &report, NULL),
	    0);
	ck_assert_int_eq(
	    strncmp(report, transcript_text(t, "report", 0, "markdown"),
		strlen(transcript_text(t, "report", 0, "markdown"))),
	    0);
	check_evidence(s.house, run);
	ck_assert_int_eq(
	    house_run(s.house, (const char *[]){"list", NULL}, &list, NULL), 0);
	assert_contains(list, run);
	assert_contains(list, "completed");
	ck_assert_int_eq(
	    house_run(s.house, (const char *[]){"show", run, "--json", NULL},
		&state, NULL),
	    0);
	assert_contains(state, "\"final_report\"");
	/* For a person: how far it is, its steps, its answer. */
	ck_assert_int_eq(house_run(s.house, (const char *[]){"show", run, NULL},
			     &shown, NULL),
	    0);
	assert_contains(shown, "completed, ");
	assert_contains(shown, "SUCCESS    find_causes");
	assert_contains(shown, "culprit report ");
	assert_lacks(shown, "\n## ");
	ck_assert_int_eq(
	    house_run(s.house, (const char *[]){"follow", run, "--json", NULL},
		&events, NULL),
	    0);
	again = transcript_new(events);
	transcript_check(again);
	ck_assert_int_eq(transcript_count(again, "evidence"),
	    transcript_count(t, "evidence"));
	transcript_free(again);
	transcript_free(t);
	scene_close(&s);
}
END_TEST

START_TEST(started_without_waiting_it_is_followed_later)
{
	static const char *const args[] = {"investigate", "--async", NULL};
	struct scene s;
	auto_str run = NULL;
	auto_str events = NULL;
	struct transcript *t;

	scene_open(&s);
	ck_assert_int_eq(house_run(s.house, args, &run, NULL), 0);
	run[strcspn(run, "\n")] = '\0';
	ck_assert_int_eq(
	    house_run(s.house, (const char *[]){"follow", run, "--json", NULL},
		&events, NULL),
	    0);
	t = transcript_new(events);
	transcript_check(t);
	ck_assert_str_eq(transcript_run(t), run);
	transcript_free(t);
	scene_close(&s);
}
END_TEST

/* The gateway hears of it within a second or two. */
static bool
one_is_counted(void *house)
{
	auto_str url = house_url(house, "/metrics");
	struct answer *w = ask(NULL, url, NULL, NULL);
	bool counted = strstr(w->body, "\nculprit_investigations_total{"
				       "status=\"completed\"} 1\n") != NULL &&
		       strstr(w->body, "\nculprit_ready 1\n") != NULL;

	answer_free(w);
	return counted;
}

START_TEST(a_client_that_waits_for_json_gets_the_outcome)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", "Accept: application/json", NULL};
	struct scene s;
	auto_str url = NULL;
	struct answer *w;

	scene_open(&s);
	url = house_url(s.house, "/api/ai_ops");
	w = ask(NULL, url, headers, "{\"language\":\"en\"}");
	ck_assert_int_eq(w->status, 200);
	assert_contains(w->body, "\"status\":\"completed\"");
	assert_contains(w->body, "# Alert analysis report");
	answer_free(w);
	ck_assert(await(one_is_counted, s.house, HOUSE_MS));
	scene_close(&s);
}
END_TEST

START_TEST(nothing_firing_is_reported_as_such)
{
	struct prometheus *p = prometheus_start(&(struct prometheus_spec){0});
	struct house *h = house_start(
	    &(struct house_spec){.prometheus_url = prometheus_url(p)});
	struct transcript *t = investigate(h, "--language", "en", 0);

	check_headings(
	    transcript_text(t, "report", 0, "markdown"), headings_en);
	transcript_free(t);
	house_free(h);
	prometheus_free(p);
}
END_TEST

/* ---- a Prometheus that is ill ---- */

static void
answer_html(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	stub_answer(c, 200, "text/html", "<html>Please log in</html>");
}

static void
answer_error(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	stub_answer(c, 500, "text/plain", "internal trouble");
}

static const struct {
	const char *label;
	stub_fn *answer;  /* NULL: nobody listens */
	const char *want; /* somewhere in the report or its events */
} ill[] = {
    {"nobody listens", NULL, "nobody accepts connections"},
    {"HTML instead of JSON", answer_html, "a login page"},
    {"an error", answer_error, "500"},
};

START_TEST(an_ill_prometheus_is_said_to_be_ill)
{
	struct stub_http *stub =
	    ill[_i].answer != NULL ? stub_http_new(ill[_i].answer, NULL) : NULL;
	struct house *h = house_start(&(struct house_spec){
	    .prometheus_url = stub != NULL ? stub_http_url(stub) : NULL});
	static const char *const args[] = {
	    "investigate", "--json", "--language", "en", NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = house_run(h, args, &out, &err);
	struct transcript *t = transcript_new(out);

	transcript_check(t);
	ck_assert_msg(
	    status == 0 || status == 1, "%s: status %d", ill[_i].label, status);
	check_headings(
	    transcript_text(t, "report", 0, "markdown"), headings_en);
	ck_assert_msg(strstr(out, ill[_i].want) != NULL,
	    "%s: no \"%s\" in\n%.4000s", ill[_i].label, ill[_i].want, out);
	/* It is not a cause that was found. */
	ck_assert_str_eq(
	    transcript_text(t, "report", 0, "confidence"), "undetermined");
	transcript_free(t);
	house_free(h);
	if (stub != NULL)
		stub_http_free(stub);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_firing_alert_becomes_a_report_with_five_headings, 0},
	    {the_list_of_alerts_is_prometheus_s, 0},
	    {progress_goes_to_stderr_and_the_report_to_stdout, 0},
	    {what_was_found_can_be_read_again, 0},
	    {started_without_waiting_it_is_followed_later, 0},
	    {a_client_that_waits_for_json_gets_the_outcome, 0},
	    {nothing_firing_is_reported_as_such, 0},
	    {an_ill_prometheus_is_said_to_be_ill, (int)ARRAY_LEN(ill)},
	};

	return RUN_TESTS("main_job", tests);
}
