/*
 * test_mcp.c - other agents as users: handshakes of each version of the Model
 * Context Protocol, what goes wrong, and the official client against a real
 * Prometheus.
 */
#include "common/base/rc.h"
#include "tests/harness/alert.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

static struct house *house;

static struct answer *
post(const char *const *headers, const char *body)
{
	auto_str url = house_url(house, "/mcp");

	return ask(NULL, url, headers, body);
}

static void
says(const char *body, long status, const char *text)
{
	struct answer *w = post(NULL, body);

	ck_assert_msg(
	    w->status == status, "%s: %ld %s", body, w->status, w->body);
	assert_contains(w->body, text);
	answer_free(w);
}

static const char *const versions[][2] = {
    {"2024-11-05", "2024-11-05"},
    {"2025-03-26", "2025-03-26"},
    {"2025-06-18", "2025-06-18"},
    {"2025-11-25", "2025-11-25"},
    {"2031-01-01", "2025-11-25"},
};

START_TEST(each_version_shakes_hands_and_an_unknown_one_gets_the_newest)
{
	size_t i;

	house = house_start(&(struct house_spec){0});
	for (i = 0; i < ARRAY_LEN(versions); i++) {
		auto_str body = xasprintf(
		    "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"initialize\","
		    "\"params\":{\"protocolVersion\":\"%s\","
		    "\"capabilities\":{},\"clientInfo\":{\"name\":\"c\","
		    "\"version\":\"1\"}}}",
		    i, versions[i][0]);
		auto_str want =
		    xasprintf("{\"jsonrpc\":\"2.0\",\"id\":%zu,\"result\":"
			      "{\"protocolVersion\":\"%s\",\"capabilities\":"
			      "{\"tools\":{}}",
			i, versions[i][1]);

		says(body, 200, want);
	}
	says("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	    202, "");
	house_free(house);
}
END_TEST

static const struct {
	const char *body;
	long status;
	const char *says;
} wrong[] = {
    {"{", 400, "\"id\":null,\"error\":{\"code\":-32700"},
    {"[]", 200, "\"error\":{\"code\":-32600,\"message\":\"an empty batch"},
    {"5", 200, "\"error\":{\"code\":-32600"},
    {"{\"id\":1,\"method\":\"ping\"}", 200, "\"code\":-32600"},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"nothing\"}", 200,
	"\"id\":\"a\",\"error\":{\"code\":-32601"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", 200,
	"\"code\":-32602"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
     "{\"name\":\"get_report\",\"arguments\":[]}}",
	200, "\"code\":-32602"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
     "{\"name\":\"get_report\",\"arguments\":{\"id\":\"nosuchrun\"}}}",
	200, "no investigation nosuchrun\"}],\"isError\":true"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
     "{\"name\":\"nosuchtool\"}}",
	200, "has the tool nosuchtool\"}],\"isError\":true"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
     "{\"name\":\"investigate_alert\",\"arguments\":{\"window\":\"1s\"}}}",
	200, "\"isError\":true"},
    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},"
     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"},"
     "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}},"
     "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]",
	200,
	"[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},"
	"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}]"},
};

START_TEST(what_is_wrong_is_told_and_the_rest_is_answered)
{
	static const char *const old[] = {"Content-Type: application/json",
	    "MCP-Protocol-Version: 1999-01-01", NULL};
	struct answer *w;
	auto_str url = NULL;
	size_t i;

	house = house_start(&(struct house_spec){0});
	house_await_well(house);
	for (i = 0; i < ARRAY_LEN(wrong); i++)
		says(wrong[i].body, wrong[i].status, wrong[i].says);
	w = post(old, "{}");
	ck_assert_int_eq(w->status, 400);
	assert_contains(w->body, "1999-01-01 is not spoken here");
	answer_free(w);
	/* No stream of the server's own is offered. */
	url = house_url(house, "/mcp");
	w = ask(NULL, url, NULL, NULL);
	ck_assert_int_eq(w->status, 405);
	answer_free(w);
	house_free(house);
}
END_TEST

/* ---- the official client ---- */

static const char rules[] = "groups:\n"
			    "  - name: shop\n"
			    "    rules:\n"
			    "      - alert: QueueLong\n"
			    "        expr: shop_queue_length > 100\n";

static void
answer_metrics(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	stub_answer(c, 200, "text/plain; version=0.0.4",
	    "# TYPE shop_queue_length gauge\nshop_queue_length 900\n");
}

static const char *const seen[] = {"server culprit\n",
    "tools investigate_alert get_report get_evidence list_alerts ",
    "find_causes", "search_docs", "alerts true\n", "progress true\n",
    "status completed\n", "report true\n", "evidence true\n", "value true\n",
    "wrong true\n"};

START_TEST(the_official_client_finds_its_way)
{
	auto_str script =
	    xasprintf("%s/tests/harness/mcp_client", getenv("CULPRIT_SOURCE"));
	struct stub_http *shop = stub_http_new(answer_metrics, NULL);
	auto_str scrape = xasprintf("  - job_name: shop\n    static_configs:\n"
				    "      - targets: [\"%s\"]\n",
	    stub_http_url(shop) + strlen("http://"));
	struct prometheus *p = prometheus_start(
	    &(struct prometheus_spec){.scrape = scrape, .rules = rules});
	auto_str url = NULL;
	auto_str out = NULL;
	auto_str why = NULL;
	const char *argv[] = {script, NULL, "QueueLong", NULL};
	struct proc *client;
	int status;
	size_t i;

	house = house_start(
	    &(struct house_spec){.prometheus_url = prometheus_url(p)});
	house_await_well(house);
	alert_await(prometheus_url(p), "QueueLong", 1);
	argv[1] = url = house_url(house, "/mcp");
	client = proc_start(&(struct proc_spec){
	    .argv = argv, .dir = house_dir(house), .name = "mcp"});
	while (proc_is_alive(client))
		(void)proc_await_out(client, "wrong ", 500);
	status = proc_wait(client, AWAIT_MS);
	out = proc_out(client);
	why = proc_err(client);
	if (status == 77)
		SKIP_TEST(text_tail(why));
	else
		ck_assert_msg(status == 0, "status %d: %s%s", status, out, why);
	for (i = 0; i < ARRAY_LEN(seen) && status == 0; i++)
		assert_contains(out, seen[i]);
	proc_free(client);
	house_free(house);
	prometheus_free(p);
	stub_http_free(shop);
}
END_TEST

int
main(void)
{
	const struct test_entry list[] = {
	    {each_version_shakes_hands_and_an_unknown_one_gets_the_newest, 0},
	    {what_is_wrong_is_told_and_the_rest_is_answered, 0},
	    {the_official_client_finds_its_way, 0},
	};

	return RUN_TESTS("mcp", list);
}
