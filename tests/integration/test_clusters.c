/*
 * test_clusters.c - one fault after another in a made-up cluster whose series
 * a real Prometheus holds: is what is to blame named first? tests/bench/cluster
 * has this at 60,000 and 250,000 series, with what it costs.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "executor/tools/tool_causes.h"
#include "tests/harness/cluster.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUN_MS = 2 * AWAIT_MS, ROUNDS_MAX = 9, NEAR_MAX = 1000 };

/* About 4,000, 60,000 and 250,000 series, for the bench; the last for the
 * test. */
static const struct cluster_shape shapes[] = {
    {20, 8, 8}, {200, 12, 61}, {510, 20, 250}, {16, 5, 5}};

struct asked {
	int64_t ms, cpu_ms;
	long peak_kb;
	int place; /* of what is to blame; 0: not among the causes */
	cJSON *data;
};

static int
rounds(void)
{
	const char *n = getenv("CULPRIT_BENCH_ROUNDS");

	return n != NULL ? MIN(atoi(n), (int)ROUNDS_MAX) : 1;
}

static const struct cluster_shape *
shape(void)
{
	const char *n = getenv("CULPRIT_BENCH_SHAPE");
	int i = n != NULL ? atoi(n) : (int)ARRAY_LEN(shapes) - 1;

	ck_assert(i >= 0 && i < (int)ARRAY_LEN(shapes));
	return &shapes[i];
}

/* ---- asking ---- */

static int
place_of(const cJSON *data, const char *culprit)
{
	const cJSON *c;
	int place = 0;

	cJSON_ArrayForEach (c, cJSON_GetObjectItem(data, "causes")) {
		place++;
		if (strcmp(json_str(c, "service"), culprit) == 0)
			return place;
	}
	return 0;
}

static struct asked
ask(struct prometheus *p, const char *dir, const char *step,
    const char *culprit)
{
	auto_str exe = program("culprit-executor");
	auto_str in = xasprintf("%s/step.json", dir);
	const char *argv[] = {exe, "--once", "--prometheus-url",
	    prometheus_url(p), "--data-dir", dir, NULL};
	struct proc_spec spec = {
	    .argv = argv, .dir = dir, .name = "once", .stdin_path = in};
	struct asked a = {0};
	struct proc *proc;
	auto_str out = NULL;
	auto_str err = NULL;
	AUTO(json) all = NULL;

	file_write(in, step);
	a.cpu_ms = prometheus_cpu_ms(p);
	a.ms = clk_mono_ms();
	proc = proc_start(&spec);
	ck_assert_int_ge(proc_wait(proc, RUN_MS), 0);
	a.ms = clk_mono_ms() - a.ms;
	a.cpu_ms = prometheus_cpu_ms(p) - a.cpu_ms;
	a.peak_kb = proc_peak_kb(proc);
	out = proc_out(proc);
	err = proc_err(proc);
	all = cJSON_Parse(out);
	a.data = cJSON_DetachItemFromObject(all, "data");
	if (a.data == NULL)
		printf("%s%s", out, err);
	a.place = place_of(a.data, culprit);
	proc_free(proc);
	return a;
}

/* The same without a process of its own. */
static struct asked
ask_here(struct prometheus *p, const char *step, const char *culprit,
    size_t series_max)
{
	struct prom_conf conf = {.url = prometheus_url(p)};
	struct causes_source src = causes_source_prom(&conf);
	struct causes_limits limits = {.series_max = series_max};
	auto_buf json = {.max = 16 << 20};
	AUTO(json) tree = cJSON_Parse(step);
	struct asked a = {0};
	struct err err;

	ck_assert_msg(causes_run(cJSON_GetObjectItem(tree, "args"), &src,
			  &limits, NULL, NULL, NULL, &json, &err) == RC_OK,
	    "%s", err.text);
	a.data = cJSON_Parse(buf_str(&json));
	a.place = place_of(a.data, culprit);
	return a;
}

/* ---- the bench's rows ---- */

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* As text, "" where it is not there. */
static const char *
word(const cJSON *data, const char *key)
{
	const char *s = json_str(data, key);

	return s != NULL ? s : "";
}

static int
number(const cJSON *data, const char *key)
{
	const cJSON *n = cJSON_GetObjectItem(data, key);

	return cJSON_IsNumber(n) ? n->valueint : 0;
}

/* The medians of some rounds, and the most memory. */
static void
note(const char *path, const char *fault, size_t series,
    const struct asked *list, int n)
{
	FILE *f = fopen(path, "ae");
	int64_t ms[ROUNDS_MAX], cpu[ROUNDS_MAX];
	const cJSON *data = list[0].data;
	long peak = 0;

	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < n; i++) {
		ms[i] = list[i].ms;
		cpu[i] = list[i].cpu_ms;
		peak = MAX(peak, list[i].peak_kb);
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	qsort(cpu, (size_t)n, sizeof(*cpu), by_value);
	fprintf(f, "%zu,%s,%lld,%lld,%.1f,%d,%s,%s,%d,%d,%d\n", series, fault,
	    (long long)ms[n / 2], (long long)cpu[n / 2], (double)peak / 1024,
	    list[0].place,
	    word(cJSON_GetArrayItem(cJSON_GetObjectItem(data, "causes"), 0),
		"service"),
	    word(data, "confidence"), number(data, "series_read"),
	    number(data, "questions"),
	    cJSON_GetArraySize(cJSON_GetObjectItem(data, "not_looked_at")));
	fclose(f);
}

/* ---- the cluster ---- */

struct town {
	struct prometheus *prom;
	struct cluster *cluster;
	char *dir;
	size_t series;
};

static void
town_open(struct town *t)
{
	int64_t from = clk_mono_ms();
	size_t samples;

	t->prom = prometheus_start(&(struct prometheus_spec){
	    .flag = "--storage.tsdb.min-block-duration=1d"});
	t->cluster = cluster_new(shape(), (int64_t)time(NULL));
	t->dir = scratch_new();
	ck_assert(cluster_send(
	    t->cluster, prometheus_url(t->prom), &t->series, &samples));
	printf("%zu series, %zu samples in %lld ms\n", t->series, samples,
	    (long long)(clk_mono_ms() - from));
}

static void
town_close(struct town *t)
{
	scratch_free(t->dir);
	cluster_free(t->cluster);
	prometheus_free(t->prom);
}

static void
is_first(const struct town *t, enum cluster_fault f, struct asked a)
{
	ck_assert_msg(a.place == 1, "%s: %s: %s", cluster_fault_name(f),
	    cluster_culprit(t->cluster, f), word(a.data, "verdict"));
	cJSON_Delete(a.data);
}

START_TEST(what_is_to_blame_in_a_cluster_is_named_first)
{
	struct town t;

	town_open(&t);
	for (enum cluster_fault f = 0; f < CLUSTER_FAULTS; f++) {
		const char *culprit = cluster_culprit(t.cluster, f);
		auto_buf step = {.max = 4096};

		cluster_put_step(t.cluster, f, &step);
		is_first(&t, f, ask_here(t.prom, buf_str(&step), culprit, 0));
		/* As where there are many more: only what is near. */
		is_first(
		    &t, f, ask_here(t.prom, buf_str(&step), culprit, NEAR_MAX));
	}
	town_close(&t);
}
END_TEST

/* Writes what it costs and who is named instead of judging it. */
START_TEST(clusters_are_measured)
{
	struct town t;

	town_open(&t);
	for (enum cluster_fault f = 0; f < CLUSTER_FAULTS; f++) {
		struct asked list[ROUNDS_MAX];
		auto_buf step = {.max = 4096};

		cluster_put_step(t.cluster, f, &step);
		for (int i = 0; i < rounds(); i++)
			list[i] = ask(t.prom, t.dir, buf_str(&step),
			    cluster_culprit(t.cluster, f));
		note(getenv("CULPRIT_BENCH_SAMPLES"), cluster_fault_name(f),
		    t.series, list, rounds());
		for (int i = 0; i < rounds(); i++)
			cJSON_Delete(list[i].data);
	}
	town_close(&t);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_is_to_blame_in_a_cluster_is_named_first, 0},
	};
	const struct test_entry measured[] = {{clusters_are_measured, 0}};
	bool bench = getenv("CULPRIT_BENCH_SAMPLES") != NULL;

	return run_tests("clusters", bench ? measured : tests, 1);
}
