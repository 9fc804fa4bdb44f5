/*
 * test_incidents.c - what one exporter tells of many things, in a real
 * Prometheus: the report keeps apart what is apart, joins what is one, and
 * begins with what was asked about.
 */
#include "common/base/buf.h"
#include "common/base/rc.h"
#include "tests/harness/alert.h"
#include "tests/harness/house.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <stdlib.h>

enum { PODS = 12 };
static const char letters[] = "bcdfghjklmnp"; /* as in generated names */

#define HAS(text, part)                                                        \
	ck_assert_msg(                                                         \
	    strstr(text, part) != NULL, "no \"%s\" in\n%.3000s", part, text)

static const char rules[] =
    "groups:\n"
    "  - name: kubernetes\n"
    "    rules:\n"
    "      - alert: KubePodCrashLooping\n"
    "        expr: kube_pod_container_status_waiting_reason >= 1\n"
    "        labels: {severity: critical}\n"
    "      - alert: KubeReplicasMismatch\n"
    "        expr: kube_deployment_status_replicas_available < 3\n"
    "        labels: {severity: warning}\n"
    "      - alert: KubeJobFailed\n"
    "        expr: kube_job_failed > 0\n"
    "        labels: {severity: warning}\n"
    "      - alert: KubePodNotReady\n"
    "        expr: kube_pod_status_ready == 0\n"
    "        labels: {severity: warning}\n";

static void
answer_metrics(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	auto_buf b = {.max = 1 << 20};
	int i;

	buf_adds(&b,
	    "kube_pod_container_status_waiting_reason{namespace=\"shop\","
	    "pod=\"search-6d5f9c7b8-x6k2p\",reason=\"CrashLoopBackOff\"} 1\n"
	    "kube_deployment_status_replicas_available{namespace=\"shop\","
	    "deployment=\"search\"} 1\n"
	    "kube_job_failed{namespace=\"batch\",job_name=\"export-29311123\"}"
	    " 1\n");
	for (i = 0; i < PODS; i++)
		buf_addf(&b,
		    "kube_pod_status_ready{namespace=\"web\",pod=\"front-"
		    "6d5f9c7b8-x%c2kp\"} 0\n",
		    letters[i]);
	stub_answer(c, 200, "text/plain; version=0.0.4", buf_str(&b));
}

struct scene {
	struct stub_http *exporter;
	struct prometheus *prometheus;
	struct house *house;
};

static void
scene_open(struct scene *s)
{
	auto_str scrape = NULL;

	s->exporter = stub_http_new(answer_metrics, NULL);
	scrape = xasprintf(
	    "  - job_name: kube-state-metrics\n    static_configs:\n"
	    "      - targets: [\"%s\"]\n"
	    "        labels: {service: kps-kube-state-metrics, endpoint: "
	    "http}\n",
	    stub_http_url(s->exporter) + strlen("http://"));
	s->prometheus = prometheus_start(
	    &(struct prometheus_spec){.scrape = scrape, .rules = rules});
	s->house = house_start(&(struct house_spec){
	    .prometheus_url = prometheus_url(s->prometheus)});
	alert_await(prometheus_url(s->prometheus), "KubePodNotReady", PODS);
	alert_await(prometheus_url(s->prometheus), "KubeJobFailed", 1);
}

static void
scene_close(struct scene *s)
{
	house_free(s->house);
	prometheus_free(s->prometheus);
	stub_http_free(s->exporter);
}

static char *
report_about(struct house *h, const char *question)
{
	const char *args[] = {
	    "investigate", "--language", "en", question, NULL};
	auto_str err = NULL;
	char *out = NULL;

	ck_assert_int_eq(house_run(h, args, &out, &err), 0);
	return out;
}

START_TEST(what_an_exporter_tells_of_is_kept_apart_and_none_is_lost)
{
	struct scene s;
	auto_str report = NULL;
	int i;

	scene_open(&s);
	report = report_about(s.house, NULL);
	HAS(report, "- **1.** `KubePodCrashLooping` `namespace=shop` "
		    "`pod=search-6d5f9c7b8-x6k2p`, since ");
	HAS(report,
	    "Of the same incident there also fire `KubeReplicasMismatch` "
	    "(same workload `search`)");
	HAS(report,
	    "`KubePodNotReady` `namespace=web` `pod=front…` (12 instances)");
	HAS(report, "`KubeJobFailed` `namespace=batch` "
		    "`job_name=export-29311123`");
	HAS(report, "### Incident 3: ");
	assert_lacks(report, "### Incident 4: ");
	assert_lacks(report, "`service=kps-kube-state-metrics`: ");
	HAS(report, "| `KubePodNotReady` × 12 | warning |");
	HAS(report, "`KubePodNotReady` × 12, each 0:\n");
	for (i = 0; i < PODS; i++) {
		auto_str pod =
		    xasprintf("`pod=front-6d5f9c7b8-x%c2kp`", letters[i]);

		HAS(report, pod);
	}
	assert_lacks(report, "did not pass verification");
	scene_close(&s);
}
END_TEST

START_TEST(what_is_asked_about_comes_first)
{
	struct scene s;
	auto_str report = NULL;

	scene_open(&s);
	report = report_about(s.house, "why did export fail?");
	HAS(report, "- **1.** `KubeJobFailed` `namespace=batch` "
		    "`job_name=export-29311123`");
	HAS(report, "### Incident 1: `KubeJobFailed`");
	scene_close(&s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_an_exporter_tells_of_is_kept_apart_and_none_is_lost, 0},
	    {what_is_asked_about_comes_first, 0},
	};

	return RUN_TESTS("incidents", tests);
}
