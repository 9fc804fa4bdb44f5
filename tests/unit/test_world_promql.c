/*
 * test_world_promql.c - the PromQL of made-up worlds gives what a Prometheus
 * with those series would.
 */
#include "common/base/rc.h"
#include "tests/harness/texts.h"
#include "tests/harness/world_promql.h"

#include <math.h>
#include <stdlib.h>

#define NOW 1700000100.0

/* Two targets, of which one went down ten minutes ago; a counter that grows
 * three times as fast since then; alerts that came and went. */
static struct world *
world_of_series(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->now = NOW;
	w->begin = NOW - 7200;
	w->series = xcalloc(WORLD_SERIES_MAX, sizeof(*w->series));
	return w;
}

static struct world_series *
put(struct world *w, const char *name, const char *job, enum world_form form,
    double base)
{
	struct world_series *s = &w->series[w->n_series++];

	*s = (struct world_series){.form = form,
	    .base = base,
	    .factor = 1,
	    .fault_from = INFINITY,
	    .from = -INFINITY,
	    .until = INFINITY};
	world_set_label(&s->labels, "__name__", name);
	world_set_label(&s->labels, "job", job);
	return s;
}

static void
put_alert(struct world *w, const char *name, double from, double until)
{
	struct world_series *s = put(w, "ALERTS", "api", FORM_CONSTANT, 1);

	world_set_label(&s->labels, "alertname", name);
	world_set_label(&s->labels, "alertstate", "firing");
	s->from = from;
	s->until = until;
}

static void
fill(struct world *w)
{
	struct world_series *s = put(w, "up", "db", FORM_CONSTANT, 1);

	s->factor = 0;
	s->fault_from = NOW - 600;
	put(w, "up", "api", FORM_CONSTANT, 1);
	s = put(w, "requests_total", "api", FORM_COUNTER, 10);
	s->factor = 3;
	s->fault_from = NOW - 600;
	s = put(w, "requests_total", "db", FORM_COUNTER, 2);
	world_set_label(&s->labels, "code", "500");
	put_alert(w, "Once", NOW - 1200, INFINITY);
	for (int i = 0; i < 3; i++)
		put_alert(w, "Flaps", NOW - 900 - 300 * i, NOW - 750 - 300 * i);
}

/* The sum of the values, and how many there are; about, for noise. */
static const struct {
	const char *query;
	int n;
	double sum, about;
} cases[] = {
    {"up", 2, 1, 0},
    {"up == 0", 1, 0, 0},
    {"up{job=\"db\"}", 1, 0, 0},
    {"up{job!~\"d.\"} offset 700s", 1, 1, 0},
    {"sum(up offset 700s)", 1, 2, 0},
    {"sum by (job) (up)", 2, 1, 0},
    {"count without (job) (up)", 1, 2, 0},
    {"{__name__=~\"up|requests_total\",job=\"api\"} > 0", 2, 94001, 40},
    {"count by (__name__) ({__name__=~\".+\"})", 3, 5, 0},
    {"rate(requests_total[2m])", 2, 32, 1},
    {"rate(requests_total[2m]) / rate(requests_total[2m])", 2, 2, 1e-9},
    {"increase(requests_total{job=\"api\"}[60s])", 1, 1800, 100},
    {"changes(up[30m])", 2, 1, 0},
    {"sum(rate(requests_total{code=~\"5..\"}[2m])) / sum(rate("
     "requests_total[2m])) > ( 5 / 100 )",
	1, 2. / 32, 0.01},
    {"avg_over_time(up[20m])", 2, 1.5, 0.05},
    {"max_over_time(timestamp((up) != 0)[1800s:7s])", 2, 2 * NOW - 600, 20},
    {"timestamp(up)", 2, 2 * NOW, 30},
    {"absent(up{job=\"x\"})", 1, 1, 0},
    {"absent(up)", 0, 0, 0},
    {"vector(1) > 0", 1, 1, 0},
    {"1 - 2 - 3 * 2 ^ 2", 1, -13, 0},
    {"up and on (job) requests_total{code=\"500\"}", 1, 0, 0},
    {"up unless on (job) requests_total{code=\"500\"}", 1, 1, 0},
    {"requests_total or up", 3, 94000 + 16400, 40},
    {"ALERTS{alertstate=\"firing\"}", 1, 1, 0},
    {"sum_over_time((ALERTS{alertstate=\"firing\"} unless "
     "ALERTS{alertstate=\"firing\"} offset 15s)[1h:15s]) >= 3",
	1, 3, 0},
    {"count(last_over_time(ALERTS[1d]))", 1, 4, 0},
    {"nonesuch", 0, 0, 0},
};

START_TEST(a_made_up_world_answers_as_prometheus_would)
{
	struct world *w = world_of_series();
	struct world_vector v;
	struct promql *q;
	double sum = 0;

	fill(w);
	q = world_promql_new(w, cases[_i].query);
	ck_assert_msg(q != NULL, "%s is not understood", cases[_i].query);
	v = world_promql_at(q, NOW);
	for (int i = 0; i < v.n; i++)
		sum += v.at[i].v;
	ck_assert_msg(
	    v.n == cases[_i].n && fabs(sum - cases[_i].sum) <= cases[_i].about,
	    "%s: %d values, together %.9g; expected %d, %.9g", cases[_i].query,
	    v.n, sum, cases[_i].n, cases[_i].sum);
	world_vector_done(&v);
	world_promql_free(q);
	world_free(w);
}
END_TEST

START_TEST(what_is_not_understood_is_not_guessed)
{
	static const char *const texts[] = {"", "up{", "up{job}", "rate(up[x])",
	    "sum(", "1 +", "up up", "{}", "up[5m"};
	struct world *w = world_of_series();

	ck_assert_ptr_null(world_promql_new(w, texts[_i]));
	world_free(w);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_made_up_world_answers_as_prometheus_would,
		(int)ARRAY_LEN(cases)},
	    {what_is_not_understood_is_not_guessed, 9},
	};

	return RUN_TESTS("world_promql", tests);
}
