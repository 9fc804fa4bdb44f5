/*
 * test_hook.c - the bodies of webhooks: Alertmanager's, Grafana's, and what is
 * neither.
 */
#include "common/json/tree.h"
#include "common/wire/proto.h"
#include "gateway/api/hook.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

#define ALERT(status, name, more)                                              \
	"{\"status\":\"" status "\",\"labels\":{\"alertname\":\"" name         \
	"\"},\"annotations\":{\"summary\":\"s\"},\"startsAt\":"                \
	"\"2026-11-23T09:57:00Z\"" more "}"
#define BODY(version, alerts)                                                  \
	"{\"version\":" version ",\"groupKey\":\"{}:{}\",\"receiver\":"       \
	"\"culprit\",\"status\":\"firing\",\"truncatedAlerts\":3,"             \
	"\"commonLabels\":{\"cluster\":\"a\"},\"externalURL\":\"http://am\","   \
	"\"unknown\":[1],\"alerts\":[" alerts "]}"

static struct err err;

/* The tree of what it becomes; NULL: refused, or nothing. */
static cJSON *
parse(const char *body, const char *heartbeats, struct hook *ret, enum rc *rc)
{
	auto_buf b = {.max = 8 << 20};

	*rc = hook_parse(span_of(body), heartbeats, ret, &b, &err);
	return *rc == RC_OK && b.len > 0 ? wire_to_tree(buf_span(&b)) : NULL;
}

static cJSON *
parse_good(const char *body, const char *heartbeats, struct hook *ret)
{
	enum rc rc;
	cJSON *tree = parse(body, heartbeats, ret, &rc);

	ck_assert_msg(rc == RC_OK, "%s", err.text);
	return tree;
}

START_TEST(alertmanagers_body_is_taken_as_it_is)
{
	struct hook hook;
	AUTO(tree) t = parse_good(
	    BODY("\"4\"", ALERT("firing", "A",
			      ",\"fingerprint\":\"f1\",\"endsAt\":"
			      "\"0001-01-01T00:00:00Z\",\"generatorURL\":"
			      "\"http://p\"") "," ALERT("resolved", "B",
			      ",\"fingerprint\":\"f2\"")),
	    NULL, &hook);
	const cJSON *group = tree_at(t, "group");
	const cJSON *a = tree_at(t, "alerts")->child;

	ck_assert_uint_eq(hook.alerts, 2);
	ck_assert_uint_eq(hook.heartbeats, 0);
	ck_assert_str_eq(tree_str(group, "source"), "alertmanager");
	ck_assert_str_eq(tree_str(group, "key"), "{}:{}");
	ck_assert_str_eq(tree_str(group, "receiver"), "culprit");
	ck_assert_str_eq(tree_str(group, "link"), "http://am");
	ck_assert_int_eq((int)tree_num(group, "truncated", 0), 3);
	ck_assert_str_eq(tree_str(tree_at(group, "labels"), "cluster"), "a");
	ck_assert_str_eq(tree_str(a, "status"), "firing");
	ck_assert_str_eq(tree_str(a, "fingerprint"), "f1");
	ck_assert_str_eq(tree_str(a, "startsAt"), "2026-11-23T09:57:00Z");
	ck_assert_str_eq(tree_str(tree_at(a, "labels"), "alertname"), "A");
	ck_assert_str_eq(tree_str(tree_at(a, "annotations"), "summary"), "s");
	ck_assert_str_eq(tree_str(a->next, "status"), "resolved");
}
END_TEST

START_TEST(grafanas_is_told_by_its_orgid)
{
	struct hook hook;
	AUTO(tree) t = parse_good("{\"orgId\":1,\"version\":\"1\",\"title\":"
				  "\"t\",\"alerts\":[" ALERT("firing", "A",
				      ",\"values\":null,\"fingerprint\":"
				      "\"f1\"") "]}",
	    NULL, &hook);

	ck_assert_str_eq(tree_str(tree_at(t, "group"), "source"), "grafana");
	ck_assert_uint_eq(hook.alerts, 1);
}
END_TEST

START_TEST(one_without_a_fingerprint_gets_that_of_its_labels)
{
	static const char *const bodies[] = {
	    "{\"alertname\":\"A\",\"b\":\"1\"}",
	    "{\"b\":\"1\",\"alertname\":\"A\"}",
	    "{\"b\":\"2\",\"alertname\":\"A\"}"};
	char *prints[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		auto_str body =
		    xasprintf("{\"version\":\"4\",\"status\":\"firing\","
			      "\"alerts\":[{\"labels\":%s,\"startsAt\":"
			      "\"2026-11-23T09:57:00Z\"}]}",
			bodies[i]);
		struct hook hook;
		AUTO(tree) t = parse_good(body, NULL, &hook);

		prints[i] = xstrdup(
		    tree_str(tree_at(t, "alerts")->child, "fingerprint"));
	}
	ck_assert_str_eq(prints[0], prints[1]);
	ck_assert_str_ne(prints[0], prints[2]);
	for (i = 0; i < 3; i++)
		free(prints[i]);
}
END_TEST

START_TEST(what_always_fires_is_left_out)
{
	struct hook hook;
	AUTO(tree) t = parse_good(
	    BODY("\"4\"", ALERT("firing", "Watchdog", "") "," ALERT("firing",
			      "My-DeadMansSwitch", "") "," ALERT("firing",
			      "InfoInhibitor", "") "," ALERT("firing", "Own",
			      "") "," ALERT("firing", "A", "")),
	    "Other, Own", &hook);
	AUTO(tree) none = parse_good(
	    BODY("\"4\"", ALERT("firing", "Watchdog", "")), NULL, &hook);

	ck_assert_ptr_null(none);
	ck_assert_uint_eq(hook.heartbeats, 1);
	ck_assert_int_eq(cJSON_GetArraySize(tree_at(t, "alerts")), 1);
	ck_assert_str_eq(
	    tree_str(tree_at(tree_at(t, "alerts")->child, "labels"),
		"alertname"),
	    "A");
}
END_TEST

static const struct {
	const char *body, *says;
	enum rc rc;
} wrong[] = {
    {"", "body", RC_INVALID},
    {"[]", "body: expected an object", RC_INVALID},
    {"{}", "body.version", RC_INVALID},
    {BODY("\"3\"", ""), "must be \"4\"", RC_INVALID},
    {BODY("\"1\"", ""), "beside an orgId", RC_INVALID},
    {"{\"version\":\"4\"}", "body.alerts: is missing", RC_INVALID},
    {BODY("\"4\"", "7"), "body.alerts[0]: expected an object", RC_INVALID},
    {BODY("\"4\"", ALERT("odd", "A", "")),
	"body.alerts[0].status: must be \"firing\" or \"resolved\", not \"odd\"",
	RC_INVALID},
    {BODY("\"4\"", ALERT("firing", "A", "") ",{\"labels\":{\"a\":\"b\"}}"),
	"body.alerts[1].startsAt", RC_INVALID},
    {BODY("\"4\"", ALERT("firing", "A", ",\"endsAt\":7")),
	"body.alerts[0].endsAt", RC_INVALID},
    {BODY("\"4\"", "{\"labels\":{\"a\":1},\"startsAt\":\"x\"}"),
	"body.alerts[0].labels", RC_INVALID},
};

START_TEST(what_is_no_webhooks_body_is_refused_by_its_place)
{
	struct hook hook;
	enum rc rc;

	ck_assert_ptr_null(parse(wrong[_i].body, NULL, &hook, &rc));
	ck_assert_int_eq(rc, wrong[_i].rc);
	assert_contains(err.text, wrong[_i].says);
}
END_TEST

START_TEST(more_alerts_than_are_taken_are_refused_with_what_to_do)
{
	auto_buf b = {.max = HOOK_BODY_MAX};
	struct hook hook;
	enum rc rc;
	int i;

	buf_adds(&b, "{\"version\":\"4\",\"alerts\":[");
	for (i = 0; i <= HOOK_ALERTS_MAX; i++)
		buf_addf(&b, "%s{\"startsAt\":\"x\"}", i > 0 ? "," : "");
	buf_adds(&b, "]}");
	ck_assert_ptr_null(parse(buf_str(&b), NULL, &hook, &rc));
	ck_assert_int_eq(rc, RC_TOOBIG);
	assert_contains(err.text, "set max_alerts of the receiver");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {alertmanagers_body_is_taken_as_it_is, 0},
	    {grafanas_is_told_by_its_orgid, 0},
	    {one_without_a_fingerprint_gets_that_of_its_labels, 0},
	    {what_always_fires_is_left_out, 0},
	    {what_is_no_webhooks_body_is_refused_by_its_place,
		(int)ARRAY_LEN(wrong)},
	    {more_alerts_than_are_taken_are_refused_with_what_to_do, 0},
	};

	return RUN_TESTS("hook", tests);
}
