/*
 * test_causes_find.c - find_causes on small systems made up here: 120 points
 * a minute apart, the fault at point 100, the alert three points later.
 */
#include "executor/causes/causes.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 120, FAULT = 100, ALERT = 103 };
#define START 1700000000.0
#define STEP 60.0

static double
at(double point)
{
	return START + point * STEP;
}

static struct causes_set *
new_set(void)
{
	struct causes_grid grid = {START, STEP, POINTS};

	return causes_set_new(&grid, 1000);
}

/* Small deterministic noise, another for each series. */
static double
noise(size_t series, size_t point)
{
	uint32_t x = (uint32_t)(series * 7919 + point * 104729 + 12345);

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return (double)(x % 2001) / 1000 - 1;
}

/* Adds a series that is `usual` before and `after` from the point on, with
 * 2 % of noise; returns its values. */
static float *
add(struct causes_set *set, const char *metric,
    const struct causes_label *labels, size_t n, double usual, double after,
    size_t from)
{
	size_t number = causes_set_count(set);
	struct err err;
	float *v;

	ck_assert(causes_set_add(set, metric, "", labels, n, NULL, &v, &err) ==
		  RC_OK);
	for (size_t i = 0; i < POINTS; i++)
		v[i] = (float)((i < from ? usual : after) *
			       (1 + 0.02 * noise(number, i)));
	return v;
}

static float *
add_of(struct causes_set *set, const char *metric, const char *service,
    double usual, double after)
{
	struct causes_label l = {"service", service};

	return add(set, metric, &l, 1, usual, after, FAULT);
}

static void
add_call(struct causes_set *set, const char *client, const char *server,
    double usual, double after)
{
	struct causes_label l[] = {{"client", client}, {"server", server}};

	add(set, "call_duration_seconds", l, 2, usual, after, FAULT);
}

static struct causes_result *
find(const struct causes_set *set, const char *service, double onset)
{
	struct causes_question q = {.service = service,
	    .symptom = CAUSES_OTHER,
	    .alert_s = at(ALERT),
	    .at_s = at(POINTS - 1),
	    .onset_s = onset};

	return causes_find(set, &q);
}

static const char *
first(const struct causes_set *set, const struct causes_result *r)
{
	return r->ncauses == 0 ? ""
			       : causes_set_name(set, r->causes[0].service);
}

/* web -> api -> db, all with latency and CPU, all well. */
static struct causes_set *
chain(double web, double api, double db)
{
	struct causes_set *set = new_set();

	add_of(set, "request_latency_seconds", "web", 0.30, web);
	add_of(set, "request_latency_seconds", "api", 0.20, api);
	add_of(set, "request_latency_seconds", "db", 0.10, db);
	add_of(set, "cpu_usage_cores", "web", 1, 1);
	add_of(set, "cpu_usage_cores", "api", 1, 1);
	add_of(set, "cpu_usage_cores", "db", 1, 1);
	causes_set_edge(set, "web", "api");
	causes_set_edge(set, "api", "db");
	return set;
}

/* ---- the walk ---- */

START_TEST(the_deepest_slow_callee_is_blamed)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = find(set, "web", NAN);

	ck_assert_str_eq(first(set, r), "db");
	ck_assert(causes_is_likely(r));
	ck_assert_uint_eq(r->causes[0].npath, 3);
	ck_assert_str_eq(causes_set_name(set, r->causes[0].path[0]), "web");
	ck_assert_str_eq(causes_set_name(set, r->causes[0].path[2]), "db");
}
END_TEST

START_TEST(the_walk_stops_where_callees_are_well)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 0.1);
	AUTO(causes_result) r = find(set, "web", NAN);

	ck_assert_str_eq(first(set, r), "api");
}
END_TEST

START_TEST(callers_are_ruled_out_by_what_they_call)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = find(set, "web", NAN);
	bool found = false;

	for (size_t i = 0; i < r->nruled_out; i++)
		if (strcmp(causes_set_name(set, r->ruled_out[i].service),
			"api") == 0 &&
		    r->ruled_out[i].by != CAUSES_NONE)
			found = strcmp(causes_set_name(set, r->ruled_out[i].by),
				    "db") == 0;
	ck_assert(found);
}
END_TEST

START_TEST(most_of_a_callers_symptoms_are_explained_away)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = find(set, "web", NAN);
	uint16_t web = causes_set_find(set, "web");
	bool found = false;

	for (size_t i = 0; i < r->ncauses; i++) {
		if (r->causes[i].service != web)
			continue;
		found = true;
		ck_assert_double_gt(r->causes[i].symptom, 3);
		ck_assert_double_lt(
		    r->causes[i].weight, 0.6 * r->causes[i].symptom);
	}
	ck_assert(found);
}
END_TEST

START_TEST(what_the_alert_does_not_depend_on_counts_less)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = NULL;

	add_of(set, "request_latency_seconds", "batch", 0.1, 1.1);
	add_of(set, "cpu_usage_cores", "batch", 1, 9);
	add_of(set, "request_latency_seconds", "cron", 0.1, 1.1);
	causes_set_edge(set, "cron", "batch");
	r = find(set, "web", NAN);
	ck_assert_str_eq(first(set, r), "db");
}
END_TEST

START_TEST(a_service_all_callers_find_slow_is_the_slow_one)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_call(set, "web", "api", 0.2, 1.2);
	add_call(set, "web", "cart", 0.2, 1.2);
	add_call(set, "api", "db", 0.1, 1.1);
	add_call(set, "cart", "db", 0.1, 1.1);
	add_call(set, "api", "mail", 0.1, 0.1);
	r = find(set, "web", NAN);
	ck_assert_str_eq(first(set, r), "db");
}
END_TEST

/* ---- evidence ---- */

START_TEST(without_a_graph_the_largest_change_leads)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_of(set, "cpu_usage_cores", "a", 1, 1.0);
	add_of(set, "cpu_usage_cores", "b", 1, 8.0);
	add_of(set, "cpu_usage_cores", "c", 1, 1.3);
	r = find(set, "a", NAN);
	ck_assert_str_eq(first(set, r), "b");
}
END_TEST

START_TEST(lost_availability_is_a_symptom_and_more_of_it_is_not)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_of(set, "success_rate_percent", "a", 99.9, 80);
	add_of(set, "success_rate_percent", "b", 60, 99.9);
	r = find(set, NULL, NAN);
	ck_assert_str_eq(first(set, r), "a");
	ck_assert_int_eq(r->findings[0].direction, -1);
	ck_assert_double_eq_tol(r->findings[0].before, 99.9, 1);
	ck_assert_double_eq_tol(r->findings[0].after, 80, 3);
}
END_TEST

/* Of a hundred or of one: what is lost is measured against what is whole. */
static const struct {
	const char *metric;
	double usual, after;
	bool likely;
} availabilities[] = {
    {"success_rate_percent", 99.9, 93, true},
    {"success_rate_percent", 99.9, 99.5, false},
    {"success_ratio", 0.999, 0.93, true},
    {"success_ratio", 0.999, 0.995, false},
};

START_TEST(availability_is_read_in_percent_as_well_as_a_ratio)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	double usual = availabilities[_i].usual;
	double after = availabilities[_i].after;
	float *v = add_of(set, availabilities[_i].metric, "a", usual, after);

	for (size_t i = 0; i < POINTS; i++)
		v[i] = (float)(i < FAULT ? usual : after);
	r = find(set, NULL, at(FAULT));
	ck_assert_msg(r->stands_out == availabilities[_i].likely,
	    "%s from %g to %g", availabilities[_i].metric, usual, after);
	if (!r->stands_out)
		return;
	ck_assert_int_eq(r->findings[0].direction, -1);
	ck_assert_double_eq_tol(r->findings[0].before, usual, usual / 1000);
	ck_assert_double_eq_tol(r->findings[0].after, after, usual / 1000);
}
END_TEST

START_TEST(growing_memory_explains_busy_cpu)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_of(set, "cpu_usage_cores", "a", 0.1, 3);
	add_of(set, "memory_working_set_bytes", "a", 1e8, 9e8);
	add_of(set, "memory_working_set_bytes", "b", 1e8, 1e8);
	r = find(set, NULL, NAN);
	ck_assert_str_eq(first(set, r), "a");
	ck_assert_str_eq(causes_set_at(set, r->findings[0].series)->metric,
	    "memory_working_set_bytes");
}
END_TEST

START_TEST(something_at_its_limit_goes_first)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_of(set, "memory_working_set_bytes", "a", 1e8, 9e8);
	add_of(set, "cpu_usage_percent", "a", 10, 97);
	r = find(set, NULL, NAN);
	ck_assert_str_eq(causes_set_at(set, r->findings[0].series)->metric,
	    "cpu_usage_percent");
}
END_TEST

START_TEST(a_small_change_of_a_small_thing_is_none)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	/* Ten times as much of next to nothing, among large ones. */
	add_of(set, "memory_working_set_bytes", "tiny", 1e5, 1e6);
	for (int i = 0; i < 5; i++)
		add_of(set, "memory_working_set_bytes", "large", 1e9, 1e9);
	r = find(set, NULL, NAN);
	ck_assert(!r->stands_out);
	ck_assert_str_ne(first(set, r), "tiny");
}
END_TEST

START_TEST(what_was_there_before_the_onset_counts_less)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	struct causes_label early = {"service", "early"};

	add(set, "cpu_usage_cores", &early, 1, 1, 6, FAULT - 6);
	add_of(set, "cpu_usage_cores", "cause", 1, 5);
	r = find(set, NULL, at(FAULT));
	ck_assert_str_eq(first(set, r), "cause");
}
END_TEST

START_TEST(what_the_days_before_knew_is_usual)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	struct causes_label nightly = {"service", "nightly"};
	float *h;

	add_of(set, "cpu_usage_cores", "nightly", 1, 5);
	add_of(set, "cpu_usage_cores", "cause", 1, 4);
	h = causes_set_history(set, "cpu_usage_cores", "", &nightly, 1);
	ck_assert_ptr_nonnull(h);
	for (int i = 0; i < CAUSES_HISTORY; i++)
		h[i] = i % 4 == 0 ? 5 : 1;
	r = find(set, NULL, at(FAULT));
	ck_assert_str_eq(first(set, r), "cause");
}
END_TEST

START_TEST(a_series_that_vanishes_is_evidence)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	float *v = add_of(set, "cpu_usage_cores", "dead", 1, 1);

	for (size_t i = FAULT; i < POINTS; i++)
		v[i] = NAN;
	add_of(set, "cpu_usage_cores", "well", 1, 1);
	r = find(set, NULL, at(FAULT));
	ck_assert_str_eq(first(set, r), "dead");
}
END_TEST

START_TEST(a_new_version_at_the_onset_is_told)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = NULL;
	struct causes_label l[] = {{"service", "db"}, {"version", "2"}};
	float *v = add(set, "app_build_info", l, 2, 1, 1, FAULT);

	for (size_t i = 0; i < FAULT - 1; i++)
		v[i] = NAN;
	r = find(set, "web", NAN);
	ck_assert_str_eq(first(set, r), "db");
	ck_assert_double_eq(r->causes[0].change_s, at(FAULT - 1));
}
END_TEST

START_TEST(the_busier_of_two_slow_callees_carries_the_damage)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_of(set, "request_latency_avg_seconds", "web", 0.1, 0.4);
	add_of(set, "requests_per_s", "web", 100, 100);
	add_of(set, "request_latency_avg_seconds", "busy", 0.1, 0.4);
	add_of(set, "requests_per_s", "busy", 100, 100);
	add_of(set, "request_latency_avg_seconds", "rare", 0.1, 0.9);
	add_of(set, "requests_per_s", "rare", 1, 1);
	causes_set_edge(set, "web", "busy");
	causes_set_edge(set, "web", "rare");
	r = find(set, "web", NAN);
	ck_assert_str_eq(first(set, r), "busy");
}
END_TEST

static double
share_of(const struct causes_set *set, const struct causes_result *r,
    const char *service)
{
	uint16_t s = causes_set_find(set, service);

	for (size_t i = 0; i < r->ncauses; i++)
		if (r->causes[i].service == s)
			return r->causes[i].share;
	ck_abort_msg("%s is no cause at all", service);
	return NAN;
}

/* Adds what a service is asked a second, and how long each takes. */
static void
add_damage(struct causes_set *set, const char *service, double load,
    double usual_s, double after_s)
{
	add_of(set, "request_latency_avg_seconds", service, usual_s, after_s);
	add_of(set, "requests_per_s", service, load, load);
}

/* The alert's own service has lost 30 seconds a second: that is the whole. */
START_TEST(shares_are_of_what_the_alerts_own_service_lost)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_damage(set, "web", 100, 0.1, 0.4);
	add_damage(set, "half", 50, 0.1, 0.4);
	add_damage(set, "tenth", 10, 0.1, 0.4);
	add_damage(set, "elsewhere", 400, 0.1, 0.9);
	causes_set_edge(set, "web", "half");
	causes_set_edge(set, "web", "tenth");
	r = find(set, "web", NAN);
	ck_assert_double_eq_tol(share_of(set, r, "half"), 0.5, 0.02);
	ck_assert_double_eq_tol(share_of(set, r, "tenth"), 0.1, 0.01);
	ck_assert_double_eq(share_of(set, r, "web"), 1);
	ck_assert_double_eq(share_of(set, r, "elsewhere"), 1);
}
END_TEST

/* The same, but nothing of it shows where the alert is. */
START_TEST(shares_are_of_the_largest_loss_where_the_alert_shows_none)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_damage(set, "web", 100, 0.1, 0.1);
	add_damage(set, "most", 50, 0.1, 0.5);
	add_damage(set, "less", 10, 0.1, 0.6);
	r = find(set, "web", NAN);
	ck_assert_double_eq(share_of(set, r, "most"), 1);
	ck_assert_double_eq_tol(share_of(set, r, "less"), 0.25, 0.02);
}
END_TEST

START_TEST(a_measure_the_alerts_own_service_does_not_show_counts_less)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_damage(set, "web", 100, 0.1, 0.4);
	add_of(set, "error_ratio", "failing", 0.01, 0.5);
	add_of(set, "requests_per_s", "failing", 100, 100);
	r = find(set, "web", NAN);
	ck_assert_double_eq(share_of(set, r, "web"), 1);
	ck_assert_double_eq_tol(share_of(set, r, "failing"), 0.25, 1e-9);
}
END_TEST

/* ---- what a change is worth ---- */

/* The same rise of two metrics, and what the second is worth of the first,
 * when an alert of that kind asks. */
static const struct {
	const char *label, *metric, *other;
	enum causes_kind symptom;
	double worth;
} worths[] = {
    {"of the same kind", "x_cpu_cores", "y_cpu_cores", CAUSES_OTHER, 1},
    {"a machine's", "x_cpu_cores", "node_cpu_cores", CAUSES_OTHER, 0.4},
    {"errors, alerted on", "x_cpu_cores", "x_errors", CAUSES_ERROR, 1},
    {"errors, when it is slow", "x_cpu_cores", "x_errors", CAUSES_LATENCY, 0.6},
    {"slow, when it fails", "x_cpu_cores", "x_latency", CAUSES_ERROR, 0.6},
    {"slow, when it is slow", "x_cpu_cores", "x_latency", CAUSES_LATENCY, 1},
    {"of the disk", "x_cpu_cores", "x_disk_writes", CAUSES_OTHER, 0.6},
    {"of the network", "x_cpu_cores", "x_network_bytes", CAUSES_OTHER, 0.5},
    {"of the load", "x_cpu_cores", "x_requests", CAUSES_OTHER, 0.4},
    {"of who knows what", "x_cpu_cores", "x_things", CAUSES_OTHER, 0.5},
};

static double
evidence_of(const struct causes_set *set, const struct causes_result *r,
    const char *metric)
{
	for (size_t i = 0; i < r->nfindings; i++)
		if (strcmp(causes_set_at(set, r->findings[i].series)->metric,
			metric) == 0)
			return r->findings[i].evidence;
	ck_abort_msg("%s is no finding", metric);
	return NAN;
}

START_TEST(a_change_is_worth_what_it_tells_of_a_fault)
{
	struct causes_question q = {.symptom = worths[_i].symptom,
	    .alert_s = at(ALERT),
	    .at_s = at(POINTS - 1),
	    .onset_s = at(FAULT)};
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	double own, other;

	/* Without noise, so that both are the same. */
	for (size_t k = 0; k < 2; k++) {
		float *v = add_of(set,
		    k == 0 ? worths[_i].metric : worths[_i].other, "a", 1, 1);

		for (size_t i = FAULT; i < POINTS; i++)
			v[i] = 3;
		for (size_t i = 0; i < FAULT; i++)
			v[i] = 1;
	}
	r = causes_find(set, &q);
	own = evidence_of(set, r, worths[_i].metric);
	other = evidence_of(set, r, worths[_i].other);
	ck_assert_msg(fabs(other - own * worths[_i].worth) < 1e-9,
	    "%s: %g of %g", worths[_i].label, other, own);
}
END_TEST

static const struct causes_cause *
cause_of(const struct causes_set *set, const struct causes_result *r,
    const char *service)
{
	for (size_t i = 0; i < r->ncauses; i++)
		if (r->causes[i].service == causes_set_find(set, service))
			return &r->causes[i];
	ck_abort_msg("%s is no cause", service);
	return NULL;
}

/* One series alone may be a fluke; of several, the two that say most. */
START_TEST(latencies_of_a_service_are_taken_together)
{
	static const double rises[][3] = {
	    {3, 0, 0}, {3, 3, 0}, {3, 3, 3}, {3, 1, 3}, {1, 3, 1}};
	static const double of_one[] = {0.8, 1, 1, 1, 0.5};
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	double most;

	for (int k = 0; k < 3; k++) {
		auto_str metric = xasprintf("latency_%d", k);
		float *v;

		if (rises[_i][k] <= 0)
			continue;
		v = add_of(set, metric, "a", 1, 1);
		for (size_t i = 0; i < POINTS; i++)
			v[i] = (float)(i < FAULT ? 1 : rises[_i][k]);
	}
	r = find(set, NULL, at(FAULT));
	most = r->findings[0].evidence;
	ck_assert_double_eq_tol(
	    cause_of(set, r, "a")->symptom, most * of_one[_i], 1e-9);
}
END_TEST

/* Where it hurts is not why. */
START_TEST(what_a_service_measures_of_others_is_no_symptom_of_its_own)
{
	static const char *const metrics[] = {
	    "client_latency_seconds", "upstream_errors", "latency_seconds"};
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;

	add_of(set, metrics[_i], "a", 1, 5);
	r = find(set, NULL, at(FAULT));
	ck_assert((cause_of(set, r, "a")->symptom > 0) == (_i == 2));
}
END_TEST

/* Of a hundred callers that find it slow, the worse half counts. */
START_TEST(the_worse_half_of_the_callers_counts)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	double slow;

	add_call(set, "one", "db", 1, 9);
	add_call(set, "two", "db", 1, 1);
	add_call(set, "alone", "mail", 1, 9);
	add_call(set, "alone", "news", 1, 9);
	add_call(set, "three", "news", 1, 9);
	add_call(set, "four", "news", 1, 1);
	r = find(set, NULL, at(FAULT));
	slow = cause_of(set, r, "mail")->symptom;
	ck_assert_double_gt(slow, 3);
	ck_assert_double_eq_tol(cause_of(set, r, "db")->symptom, slow, 0.1);
	ck_assert_double_eq_tol(cause_of(set, r, "news")->symptom, slow, 0.1);
}
END_TEST

/* ---- a cause needs a link ---- */

/* web is slow from the fault on, db busy and slow; what lies between them. */
static struct causes_set *
linked(bool path, size_t db_from)
{
	struct causes_label db = {"service", "db"};
	struct causes_set *set = new_set();

	add_of(set, "request_latency_seconds", "web", 0.3, 1.3);
	add(set, "request_latency_seconds", &db, 1, 0.1, 2.1, db_from);
	add(set, "cpu_usage_cores", &db, 1, 0.2, 3, db_from);
	if (path)
		causes_set_edge(set, "web", "db");
	return set;
}

static const struct {
	const char *label;
	const char *service;
	bool path, refused;
	size_t from, before; /* db's change; samples before the fault */
	unsigned missing;
} links[] = {
    {"all is there", "web", true, false, FAULT, FAULT, 0},
    {"one scrape apart tells no order", "db", true, false, FAULT, FAULT, 0},
    {"the alert is about nobody", NULL, true, false, FAULT, FAULT,
	CAUSES_NO_ENTITY},
    {"the alert is about one without series", "mail", true, false, FAULT, FAULT,
	CAUSES_NO_ENTITY},
    {"no dependency is known", "web", false, false, FAULT, FAULT,
	CAUSES_NO_PATH},
    {"a question that decides was refused", "web", true, true, FAULT, FAULT,
	CAUSES_REFUSED},
    {"web was slow before db was", "web", true, false, FAULT + 2, FAULT,
	CAUSES_SYMPTOM_FIRST},
    {"it fired before db changed", "db", true, false, ALERT + 2, FAULT,
	CAUSES_SYMPTOM_FIRST},
    {"nine points are no history", "web", true, false, FAULT, 9,
	CAUSES_FEW_BEFORE},
    {"ten are a short one", "web", true, false, FAULT, 10, 0},
    {"neither path nor order", "web", false, false, FAULT + 2, FAULT,
	CAUSES_NO_PATH | CAUSES_SYMPTOM_FIRST},
};

START_TEST(what_stands_out_is_likely_only_with_a_link)
{
	AUTO(causes_set) set = linked(links[_i].path, links[_i].from);
	AUTO(causes_result) r = NULL;
	struct causes_question q = {.service = links[_i].service,
	    .alert_s = at(ALERT),
	    .at_s = at(POINTS - 1),
	    .onset_s = at(FAULT),
	    .refused = links[_i].refused};

	for (size_t i = 0; i < causes_set_count(set); i++)
		for (size_t t = 0; t + links[_i].before < FAULT; t++)
			causes_set_at(set, i)->v[t] = NAN;
	r = causes_find(set, &q);
	ck_assert_msg(r->stands_out, "%s", links[_i].label);
	ck_assert_str_eq(first(set, r), "db");
	ck_assert_msg(r->missing == links[_i].missing, "%s: %u",
	    links[_i].label, r->missing);
	ck_assert(causes_is_likely(r) == (links[_i].missing == 0));
}
END_TEST

/* A latency that falls is no symptom that was there first. */
START_TEST(a_symptom_that_shrinks_is_no_earlier_one)
{
	AUTO(causes_set) set = linked(true, FAULT + 2);
	AUTO(causes_result) r = NULL;
	float *v = causes_set_at(set, 0)->v;

	for (size_t t = FAULT; t < POINTS; t++)
		v[t] = 0.1f;
	r = find(set, "web", at(FAULT));
	ck_assert_uint_eq(r->missing & CAUSES_SYMPTOM_FIRST, 0);
}
END_TEST

/* ---- nothing unusual ---- */

static bool
says_nothing_of(const struct causes_set *set, const struct causes_result *r,
    const char *service)
{
	for (size_t i = 0; i < r->nruled_out; i++)
		if (strcmp(causes_set_name(set, r->ruled_out[i].service),
			service) == 0)
			return r->ruled_out[i].by == CAUSES_NONE;
	return false;
}

/* What mail's latency does, and how many of its series there are no points
 * of; quiet: nothing unusual is said of it. */
static const struct {
	const char *label;
	double after;
	size_t from, empty;
	bool refused, unread, quiet;
	size_t before; /* samples before the fault; 0: all */
} quiets[] = {
    {"it did nothing", 0.08, FAULT, 0, false, false, true, 0},
    {"half of it was compared", 0.08, FAULT, 1, false, false, true, 0},
    {"most of it was not", 0.08, FAULT, 2, false, false, false, 0},
    {"it rose before the onset, and that is told", 1.29, FAULT - 4, 0, false,
	false, false, 0},
    {"it rose a little, and that is told", 0.13, FAULT, 0, false, false, false, 0},
    {"a question that decides was refused", 0.08, FAULT, 0, true, false, false, 0},
    {"most series were not read", 0.08, FAULT, 0, false, true, false, 0},
    {"nine points tell nothing of it", 0.08, FAULT, 0, false, false, false, 9},
};

START_TEST(nothing_unusual_is_said_only_of_what_was_read)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = NULL;
	struct causes_label mail = {"service", "mail"};
	struct causes_question q = {.service = "web",
	    .alert_s = at(ALERT),
	    .at_s = at(POINTS - 1),
	    .onset_s = at(FAULT),
	    .refused = quiets[_i].refused,
	    .unread = quiets[_i].unread};
	const char *metrics[] = {"cpu_usage_cores", "disk_io_bytes"};

	add(set, "request_latency_seconds", &mail, 1, 0.08, quiets[_i].after,
	    quiets[_i].from);
	for (size_t i = 0; i < quiets[_i].empty; i++)
		add(set, metrics[i], &mail, 1, NAN, NAN, 0);
	for (size_t i = 0; i < causes_set_count(set); i++)
		for (size_t t = 0;
		     quiets[_i].before > 0 && t + quiets[_i].before < FAULT; t++)
			causes_set_at(set, i)->v[t] = NAN;
	r = causes_find(set, &q);
	ck_assert_msg(says_nothing_of(set, r, "mail") == quiets[_i].quiet, "%s",
	    quiets[_i].label);
	for (size_t i = 0; i < r->nfindings; i++)
		ck_assert_msg(!says_nothing_of(set, r,
				  causes_set_name(set,
				      causes_set_at(set, r->findings[i].series)
					  ->service)),
		    "%s: its own change contradicts it", quiets[_i].label);
}
END_TEST

/* ---- no cause ---- */

START_TEST(quiet_systems_have_no_clear_cause)
{
	AUTO(causes_set) set = chain(0.30, 0.20, 0.10);
	AUTO(causes_result) r = find(set, "web", NAN);

	ck_assert(!r->stands_out);
	ck_assert_uint_eq(r->compared, 6);
}
END_TEST

START_TEST(an_empty_set_is_a_result_too)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = find(set, "web", NAN);

	ck_assert(!r->stands_out);
	ck_assert_uint_eq(r->compared, 0);
	ck_assert_uint_eq(r->ncauses, 0);
}
END_TEST

START_TEST(too_few_points_are_not_compared)
{
	AUTO(causes_set) set = new_set();
	AUTO(causes_result) r = NULL;
	float *v = add_of(set, "cpu_usage_cores", "a", 1, 9);

	for (size_t i = 0; i + 2 < FAULT; i++)
		v[i] = NAN;
	r = find(set, NULL, at(FAULT));
	ck_assert_uint_eq(r->compared, 0);
}
END_TEST

/* ---- onset ---- */

/* The alert comes so late that it does not tell when it began. */
enum { LATE = 9, BEGAN = ALERT - LATE };

static const struct {
	const char *label;
	double scale;         /* of the rise; negative: a fall */
	size_t before, after; /* it, every so many-th point only */
} onsets[] = {
    {"a rise", 1, 1, 1},
    {"a fall", -0.8, 1, 1},
    {"a rise in a sparse series", 1, 3, 3},
    {"a small rise in a sparse series", 0.25, 3, 3},
    {"a rise in a series that goes sparse", 0.25, 1, 3},
    {"a rise in a series that was sparse", 0.25, 3, 1},
};

static size_t
gap_at(size_t point, int n)
{
	return point < BEGAN ? onsets[n].before : onsets[n].after;
}

START_TEST(onset_is_found_before_a_late_alert)
{
	AUTO(causes_set) set = new_set();
	struct causes_label a = {"service", "a"};
	double onset, most = STEP * (double)onsets[_i].before;

	for (int k = 0; k < 4; k++) {
		float *v = add(set, "request_latency_seconds", &a, 1, 1,
		    1 + onsets[_i].scale, BEGAN);

		for (size_t i = 0; i < POINTS; i++)
			if ((POINTS + i - BEGAN) % gap_at(i, _i) != 0)
				v[i] = NAN;
	}
	onset = causes_onset(set, at(ALERT), CAUSES_NONE);
	ck_assert_msg(fabs(onset - at(BEGAN)) < most + 1, "%s: %.0f s off",
	    onsets[_i].label, onset - at(BEGAN));
}
END_TEST

/* A Prometheus that was set up shortly before, sampling every 15 s: ten
 * minutes before the alert there was nothing yet, so what is usual is in what
 * came since. */
enum { YOUNG_STEP = 15, YOUNG_FAULT = ALERT - 5, YOUNG_GUESS = ALERT - 8 };

static const struct {
	const char *label;
	size_t samples, onset; /* before the fault; a point */
} youngs[] = {
    {"a third of eighteen tells the usual", 18, YOUNG_FAULT},
    {"a third of twelve as well", 12, YOUNG_FAULT},
    {"of four, the alert's own time says more", 4, YOUNG_GUESS},
};

START_TEST(a_short_history_is_compared_as_far_as_it_goes)
{
	struct causes_grid grid = {START, YOUNG_STEP, POINTS};
	AUTO(causes_set) set = causes_set_new(&grid, 10);
	struct causes_label a = {"service", "a"};
	float *v = add(set, "request_latency_seconds", &a, 1, 0.08, 1.29,
	    YOUNG_FAULT);
	double onset;

	for (size_t i = 0; i + youngs[_i].samples < YOUNG_FAULT; i++)
		v[i] = NAN;
	onset = causes_onset(set, START + ALERT * YOUNG_STEP, CAUSES_NONE);
	ck_assert_msg(
	    onset == START + (double)youngs[_i].onset * YOUNG_STEP,
	    "%s: at point %g", youngs[_i].label, (onset - START) / YOUNG_STEP);
}
END_TEST

START_TEST(a_hole_in_a_series_is_no_onset)
{
	AUTO(causes_set) set = new_set();

	for (int k = 0; k < 4; k++) {
		float *v = add_of(set, "request_latency_seconds", "a", 1, 1);

		v[BEGAN] = v[BEGAN + 1] = NAN;
	}
	/* Nothing stepped: two minutes, as alerts mostly take. */
	ck_assert_double_eq(
	    causes_onset(set, at(ALERT), CAUSES_NONE), at(ALERT - 2));
}
END_TEST

static const struct {
	double step_s;
	size_t late; /* points from the onset to the alert */
} steps[] = {{10, 36}, {15, 24}, {120, 4}, {300, 2}};

START_TEST(onset_is_found_however_often_there_are_samples)
{
	double step = steps[_i].step_s;
	struct causes_grid grid = {START, step, POINTS};
	AUTO(causes_set) set = causes_set_new(&grid, 10);
	struct causes_label a = {"service", "a"};
	size_t began = ALERT - steps[_i].late;
	double onset;

	add(set, "request_latency_seconds", &a, 1, 1, 2, began);
	onset = causes_onset(set, START + ALERT * step, CAUSES_NONE);
	ck_assert_msg(onset == START + (double)began * step,
	    "%g s apart: %g points off", step,
	    (onset - START) / step - (double)began);
}
END_TEST

START_TEST(onset_is_before_the_alert_whatever_comes_with_it)
{
	AUTO(causes_set) set = new_set();
	struct causes_label a = {"service", "a"};
	size_t from = ALERT + (size_t)_i;

	add(set, "request_latency_seconds", &a, 1, 1, 3, from);
	ck_assert_double_lt(
	    causes_onset(set, at(ALERT), CAUSES_NONE), at(ALERT));
}
END_TEST

START_TEST(an_earlier_episode_is_not_the_onset)
{
	AUTO(causes_set) set = new_set();
	float *v = add_of(set, "request_latency_seconds", "a", 1, 3);

	for (size_t i = 60; i < 70; i++)
		v[i] = 5;
	ck_assert_double_eq(
	    causes_onset(set, at(ALERT), CAUSES_NONE), at(FAULT));
}
END_TEST

START_TEST(a_given_onset_is_taken)
{
	AUTO(causes_set) set = chain(1.3, 1.2, 1.1);
	AUTO(causes_result) r = find(set, "web", at(FAULT + 1));

	ck_assert(r->onset_given);
	ck_assert_double_eq(r->onset_s, at(FAULT + 1));
}
END_TEST

/* ---- the set ---- */

START_TEST(a_full_set_takes_no_more)
{
	struct causes_grid grid = {START, STEP, 4};
	AUTO(causes_set) set = causes_set_new(&grid, 1);
	struct err err;
	float *v;

	ck_assert(
	    causes_set_add(set, "a", "", NULL, 0, NULL, &v, &err) == RC_OK);
	ck_assert(
	    causes_set_add(set, "b", "", NULL, 0, NULL, &v, &err) == RC_TOOBIG);
	ck_assert_uint_eq(causes_set_count(set), 1);
}
END_TEST

START_TEST(a_series_of_nobody_is_the_alerts_own)
{
	AUTO(causes_set) set = new_set();
	struct err err;
	float *v;

	ck_assert(
	    causes_set_add(set, "a", "", NULL, 0, "web", &v, &err) == RC_OK);
	ck_assert_str_eq(
	    causes_set_name(set, causes_set_at(set, 0)->service), "web");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_deepest_slow_callee_is_blamed, 0},
	    {the_walk_stops_where_callees_are_well, 0},
	    {what_stands_out_is_likely_only_with_a_link, ARRAY_LEN(links)},
	    {a_symptom_that_shrinks_is_no_earlier_one, 0},
	    {nothing_unusual_is_said_only_of_what_was_read, ARRAY_LEN(quiets)},
	    {a_short_history_is_compared_as_far_as_it_goes, ARRAY_LEN(youngs)},
	    {callers_are_ruled_out_by_what_they_call, 0},
	    {most_of_a_callers_symptoms_are_explained_away, 0},
	    {what_the_alert_does_not_depend_on_counts_less, 0},
	    {a_service_all_callers_find_slow_is_the_slow_one, 0},
	    {without_a_graph_the_largest_change_leads, 0},
	    {lost_availability_is_a_symptom_and_more_of_it_is_not, 0},
	    {availability_is_read_in_percent_as_well_as_a_ratio,
		ARRAY_LEN(availabilities)},
	    {growing_memory_explains_busy_cpu, 0},
	    {something_at_its_limit_goes_first, 0},
	    {a_small_change_of_a_small_thing_is_none, 0},
	    {what_was_there_before_the_onset_counts_less, 0},
	    {what_the_days_before_knew_is_usual, 0},
	    {a_series_that_vanishes_is_evidence, 0},
	    {a_new_version_at_the_onset_is_told, 0},
	    {the_busier_of_two_slow_callees_carries_the_damage, 0},
	    {shares_are_of_what_the_alerts_own_service_lost, 0},
	    {shares_are_of_the_largest_loss_where_the_alert_shows_none, 0},
	    {a_measure_the_alerts_own_service_does_not_show_counts_less, 0},
	    {a_change_is_worth_what_it_tells_of_a_fault, ARRAY_LEN(worths)},
	    {latencies_of_a_service_are_taken_together, 5},
	    {what_a_service_measures_of_others_is_no_symptom_of_its_own, 3},
	    {the_worse_half_of_the_callers_counts, 0},
	    {quiet_systems_have_no_clear_cause, 0},
	    {an_empty_set_is_a_result_too, 0},
	    {too_few_points_are_not_compared, 0},
	    {onset_is_found_before_a_late_alert, ARRAY_LEN(onsets)},
	    {a_hole_in_a_series_is_no_onset, 0},
	    {onset_is_found_however_often_there_are_samples, ARRAY_LEN(steps)},
	    {onset_is_before_the_alert_whatever_comes_with_it, 3},
	    {an_earlier_episode_is_not_the_onset, 0},
	    {a_given_onset_is_taken, 0},
	    {a_full_set_takes_no_more, 0},
	    {a_series_of_nobody_is_the_alerts_own, 0},
	};

	return RUN_TESTS("causes_find", tests);
}
