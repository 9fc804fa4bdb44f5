/*
 * test_alertmanager.c - a real Prometheus and a real Alertmanager: an alert
 * fires, is told again and again, and is resolved; one investigation.
 */
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static const char alertmanager[] = "/usr/bin/prometheus-alertmanager";

static const char rules[] = "groups:\n"
			    "  - name: shop\n"
			    "    rules:\n"
			    "      - alert: QueueLong\n"
			    "        expr: shop_queue_length > 100\n"
			    "        labels: {namespace: shop}\n"
			    "      - alert: Watchdog\n"
			    "        expr: vector(1)\n";

static atomic_int queue_length = 900;

static struct scene {
	char *dir;
	struct stub_http *shop;
	struct proc *am;
	struct prometheus *prometheus;
	struct house *house;
	char *am_url;
} s;

static void
answer_metrics(
    struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	auto_str text = xasprintf("# TYPE shop_queue_length gauge\n"
				  "shop_queue_length %d\n",
	    atomic_load(&queue_length));

	(void)rq;
	(void)arg;
	stub_answer(c, 200, "text/plain; version=0.0.4", text);
}

/* ---- processes ---- */

static void
start_alertmanager(int gateway_port)
{
	int port = port_free();
	auto_str config = xasprintf("%s/am.yml", s.dir);
	auto_str text = xasprintf("route:\n"
				  "  receiver: culprit\n"
				  "  group_by: [alertname]\n"
				  "  group_wait: 100ms\n"
				  "  group_interval: 1s\n"
				  "  repeat_interval: 1s\n"
				  "receivers:\n"
				  "  - name: culprit\n"
				  "    webhook_configs:\n"
				  "      - url: http://127.0.0.1:%d/api/alerts\n"
				  "        send_resolved: true\n"
				  "        max_alerts: 2000\n",
	    gateway_port);
	auto_str file = xasprintf("--config.file=%s", config);
	auto_str listen = xasprintf("--web.listen-address=127.0.0.1:%d", port);
	auto_str data = xasprintf("--storage.path=%s/am", s.dir);
	const char *argv[] = {alertmanager, file, listen, data,
	    "--cluster.listen-address=", NULL};

	file_write(config, text);
	s.am_url = xasprintf("http://127.0.0.1:%d", port);
	s.am = proc_start(&(struct proc_spec){
	    .argv = argv, .dir = s.dir, .name = "alertmanager"});
}

static void
start_all(void)
{
	int port = port_free();
	auto_str listen = xasprintf("--listen=127.0.0.1:%d", port);
	const char *const more[] = {listen, NULL};
	auto_str scrape = NULL;

	curl_global_init(CURL_GLOBAL_ALL);
	s.dir = scratch_new();
	s.shop = stub_http_new(answer_metrics, NULL);
	start_alertmanager(port);
	scrape = xasprintf("  - job_name: shop\n    static_configs:\n"
			   "      - targets: [\"%s\"]\n",
	    stub_http_url(s.shop) + strlen("http://"));
	s.prometheus = prometheus_start(
	    &(struct prometheus_spec){.scrape = scrape,
		.rules = rules,
		.alertmanager = s.am_url + strlen("http://")});
	s.house = house_start(&(struct house_spec){
	    .prometheus_url = prometheus_url(s.prometheus), .more = more});
}

static void
end_all(void)
{
	house_free(s.house);
	prometheus_free(s.prometheus);
	proc_free(s.am);
	stub_http_free(s.shop);
	free(s.am_url);
	scratch_free(s.dir);
}

/* ---- what is there ---- */

static cJSON *
get(const char *path)
{
	auto_str url = house_url(s.house, path);
	struct answer *w = ask(NULL, url, NULL, NULL);
	cJSON *tree = w->status == 200 ? cJSON_Parse(w->body) : NULL;

	answer_free(w);
	return tree;
}

/* The run there is; NULL: none. More than one fails the test. */
static char *
the_run(void)
{
	AUTO(tree) list = get("/api/investigations");
	const cJSON *runs = tree_at(list, "investigations");

	ck_assert_int_le(cJSON_GetArraySize(runs), 1);
	return runs != NULL && runs->child != NULL
		   ? xstrdup(tree_str(runs->child, "id"))
		   : NULL;
}

static bool
has_ended(void *ctx)
{
	auto_str run = the_run();
	auto_str path = run != NULL
			    ? xasprintf("/api/investigations/%s", run)
			    : NULL;
	AUTO(tree) show = path != NULL ? get(path) : NULL;

	(void)ctx;
	return tree_is(show, "status", "completed");
}

/* How many messages were taken by the webhook so far. */
static int
messages(void)
{
	static const char name[] =
	    "\nalertmanager_notifications_total{integration=\"webhook\"} ";
	static const char lost[] =
	    "\nalertmanager_notifications_failed_total{integration="
	    "\"webhook\"} ";
	auto_str url = xasprintf("%s/metrics", s.am_url);
	struct answer *w = ask(NULL, url, NULL, NULL);
	const char *all = strstr(w->body, name), *bad = strstr(w->body, lost);
	int n = all != NULL ? atoi(all + strlen(name)) : 0;

	n -= bad != NULL ? atoi(bad + strlen(lost)) : 0;
	answer_free(w);
	return n;
}

static bool
are_as_many(void *n)
{
	return messages() >= *(int *)n;
}

/* So many more are told, of the same. */
static void
await_more(int more)
{
	int n = messages() + more;

	ck_assert(await(are_as_many, &n, AWAIT_MS));
}

static bool
is_resolved(void *run)
{
	auto_str path = xasprintf("/api/investigations/%s", (char *)run);
	AUTO(tree) show = get(path);
	const cJSON *alerts = tree_at(tree_at(show, "run"), "alerts");

	return tree_num(alerts, "firing", 1) == 0 &&
	       tree_num(alerts, "resolved", 0) == 1;
}

START_TEST(an_alert_that_is_told_again_and_again_is_one_investigation)
{
	auto_str run = NULL;
	auto_str after = NULL;

	if (access(alertmanager, X_OK) != 0) {
		SKIP_TEST("needs the Debian package prometheus-alertmanager");
		return;
	}
	start_all();
	ck_assert(await(has_ended, NULL, AWAIT_MS));
	run = the_run();
	await_more(2);
	ck_assert_int_eq(
	    kill(house_child(s.house, "supervisor"), SIGKILL), 0);
	house_await_well(s.house);
	ck_assert_int_eq(kill(house_child(s.house, "gateway"), SIGKILL), 0);
	house_await_well(s.house);
	await_more(2);
	atomic_store(&queue_length, 1);
	ck_assert(await(is_resolved, run, AWAIT_MS));
	after = the_run();
	ck_assert_str_eq(after, run);
	end_all();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_alert_that_is_told_again_and_again_is_one_investigation, 0},
	};

	return RUN_TESTS("alertmanager", tests);
}
