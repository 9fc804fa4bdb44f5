/*
 * rules_silences.h - nothing fires, as far as the tools say: what may be said
 * of that. For test_rules_golden.c, in both languages.
 */
#ifndef TESTS_UNIT_RULES_SILENCES_H
#define TESTS_UNIT_RULES_SILENCES_H

#include "tests/unit/rules_scenarios.h"

struct silence {
	const char *name;
	const char *state;		      /* more members, or "" */
	const char *alerts, *rules, *targets; /* data; NULL: fails */
	struct answer metrics[3];
	bool clear; /* the all-clear is given */
	const char *en, *zh;
};

#define NONE "{\"firing\":0,\"pending\":0,\"alerts\":[]}"
#define RULE(name, more)                                                       \
	"{\"type\":\"alerting\",\"name\":\"" name                              \
	"\",\"query\":\"load > 5\"" more "}"
#define ONE_RULE "{\"rules\":[" RULE("Load", "") "],\"total\":1,\"alerting\":1}"
#define BROKEN(list, total)                                                    \
	"{\"rules\":[" RULE("Load", "") "],\"alerting\":3,\"broken_total\":"   \
	total ",\"broken\":[" list "]}"
#define PAST ",\"past\":1"
#define PAST_NONE                                                              \
	"{\"firing\":0,\"pending\":0,\"past\":true,\"alerts\":[]}"
#define FLAPPED(labels, times)                                                 \
	{                                                                      \
		"sum_over_time((ALERTS", SERIES(ONE(labels, times))            \
	}

static const struct silence silences[] = {
    {
	.name = "rules are there and evaluated, and none fires",
	.state = "",
	.alerts = NONE,
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.clear = true,
	.en = "- No alert is firing [E1]",
	.zh = "- 没有告警在触发 [E1]",
    },
    {
	.name = "the answer is partial",
	.state = "",
	.alerts = "{\"alerts\":[],\"warnings\":\"store 10.0.0.9 is gone\"}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.en = "The answer is only partial; the server says: `store 10.0.0.9 "
	      "is gone`",
	.zh = "回答不完整，服务器说：`store 10.0.0.9 is gone`",
    },
    {
	.name = "so is that about the rules",
	.state = "",
	.alerts = NONE,
	.rules = "{\"rules\":[" RULE("Load", "") "],\"alerting\":1,"
		 "\"warnings\":\"one ruler is gone\"}",
	.targets = ALL_UP,
	.en = "the server says: `one ruler is gone` [E2]",
	.zh = "服务器说：`one ruler is gone` [E2]",
    },
    {
	.name = "there is no rule",
	.state = "",
	.alerts = NONE,
	.rules = "{\"rules\":[],\"total\":0,\"alerting\":0}",
	.targets = ALL_UP,
	.en = "This server lists no alert rule that it evaluates",
	.zh = "这个服务器没有列出任何它在评估的告警规则",
    },
    {
	.name = "all rules record",
	.state = "",
	.alerts = NONE,
	.rules = "{\"rules\":[{\"type\":\"recording\",\"name\":\"a:b\"}],"
		 "\"total\":1,\"alerting\":0}",
	.targets = ALL_UP,
	.en = "This server lists no alert rule that it evaluates",
	.zh = "这个服务器没有列出任何它在评估的告警规则",
    },
    {
	.name = "the rules cannot be read",
	.state = "",
	.alerts = NONE,
	.targets = ALL_UP,
	.en = "The rules could not be read, so it is not known whether any is "
	      "evaluated: server says",
	.zh = "未能读取告警规则，不知道有没有规则在评估：server says",
    },
    {
	.name = "rules fail: the worst is named first",
	.state = "",
	.alerts = NONE,
	.rules = BROKEN(
	    RULE("Soft", ",\"labels\":{\"severity\":\"info\"},\"health\":"
			 "\"err\",\"lastError\":\"b\"") ","
	    RULE("PodMemoryHigh",
		",\"labels\":{\"severity\":\"critical\"},\"health\":\"err\","
		"\"lastError\":\"many-to-many matching not allowed\""),
	    "2"),
	.targets = ALL_UP,
	.en = "2 rules are not evaluated: `PodMemoryHigh` (critical): `many-to-many matching not allowed`",
	.zh = "2 条规则没有（能）评估：`PodMemoryHigh`（critical）："
	      "`many-to-many matching not allowed`；`Soft`（info）：`b`",
    },
    {
	.name = "a rule was not evaluated yet",
	.state = "",
	.alerts = NONE,
	.rules = BROKEN(RULE("New", ",\"health\":\"unknown\""), "1"),
	.targets = ALL_UP,
	.en = "1 rule is not evaluated: `New` has not been evaluated yet",
	.zh = "1 条规则没有（能）评估：`New` 还没有评估过",
    },
    {
	.name = "a rule was not evaluated for long",
	.state = "",
	.alerts = NONE,
	.rules = BROKEN(RULE("Old", ",\"health\":\"ok\",\"lastEvaluation\":"
				    "\"2025-11-23T08:00:00Z\""), "1"),
	.targets = ALL_UP,
	.en = "`Old` was last evaluated at `2025-11-23T08:00:00Z`",
	.zh = "`Old` 最后一次评估在 `2025-11-23T08:00:00Z`",
    },
    {
	.name = "there is no list, and the store has none either",
	.state = "",
	.alerts = "{\"alerts\":[],\"unlisted\":\"h answered 404\"}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.clear = true,
	.en = "The alerts are read from the series `ALERTS`, without "
	      "annotations and values: the server gives no list, `h answered "
	      "404`",
	.zh = "告警读自序列 `ALERTS`，没有注解和值：服务器给不出列表，"
	      "`h answered 404`",
    },
    {
	.name = "the scope fits none of those that fire",
	.state = ",\"labels\":{\"namespace\":\"shoop\"}",
	.alerts = "{\"alerts\":[],\"not_matching\":3,\"others\":{\"firing\":3,"
		  "\"labels\":{\"namespace\":[\"shop\",\"batch\"]}}}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.en = "- 3 alerts fire, none with `namespace=shoop`; their `namespace` is `shop`, `batch` [E1]",
	.zh = "- 3 个告警在触发，没有一个带有 `namespace=shoop`；它们的 `namespace` 是 `shop`、`batch` [E1]",
    },
    {
	.name = "nor does any have such a label",
	.state = ",\"labels\":{\"alertname\":\"Gone\"}",
	.alerts = "{\"alerts\":[],\"others\":{\"firing\":1,\"labels\":{}}}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.en = "1 alert fires, none with `alertname=Gone`; none of them has such a label",
	.zh = "1 个告警在触发，没有一个带有 `alertname=Gone`；它们没有这样的标签",
    },
    {
	.name = "the scope hides heartbeats alone",
	.state = ",\"labels\":{\"namespace\":\"shop\"}",
	.alerts = "{\"alerts\":[],\"others\":{\"firing\":2,\"names\":{"
		  "\"Watchdog\":2},\"labels\":{}}}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.clear = true,
	.en = "- No alert is firing [E1]",
	.zh = "- 没有告警在触发 [E1]",
    },
    {
	.name = "the scope hides more than heartbeats",
	.state = ",\"labels\":{\"namespace\":\"shop\"}",
	.alerts = "{\"alerts\":[],\"others\":{\"firing\":3,\"names\":{"
		  "\"Watchdog\":2,\"Slow\":1},\"labels\":{}}}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.en = "3 alerts fire, none with `namespace=shop`",
	.zh = "3 个告警在触发，没有一个带有 `namespace=shop`",
    },
    {
	.name = "the scope fits a heartbeat alone, and others fire",
	.state = ",\"labels\":{\"namespace\":\"ops\"}",
	.alerts =
	    "{\"alerts\":[{\"name\":\"Watchdog\",\"state\":\"firing\","
	    "\"labels\":{\"alertname\":\"Watchdog\",\"namespace\":\"ops\"},"
	    "\"activeAt\":\"" FRI("09:30:00") "\"}],\"others\":{"
	    "\"firing\":1,\"names\":{\"Slow\":1},\"labels\":{}}}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.en = "1 alert fires, none with `namespace=ops`",
	.zh = "1 个告警在触发，没有一个带有 `namespace=ops`",
    },
    {
	.name = "a moment before any data",
	.state = PAST,
	.alerts = PAST_NONE,
	.targets = "{\"up\":0,\"down\":0,\"unknown\":0,\"past\":true,"
		   "\"targets\":[]}",
	.en = "- There is no data at 11:00:00 UTC",
	.zh = "- 没有数据：11:00:00 UTC 那一刻没有任何序列有样本",
    },
    {
	.name = "a past of which no alert was recorded",
	.state = PAST,
	.alerts = PAST_NONE,
	.targets = ALL_UP,
	.en = "In the day before, no alert was recorded: whether any rule was "
	      "evaluated then is not known",
	.zh = "在那之前的一天里没有记录过任何告警",
    },
    {
	.name = "a past with alerts before it",
	.state = PAST,
	.alerts = PAST_NONE,
	/* Today's rules are nothing to go by. */
	.rules = "{\"rules\":[],\"total\":0,\"alerting\":0}",
	.targets = ALL_UP,
	.metrics = {{"count(last_over_time(ALERTS[1d]))",
	    SERIES(ONE("", "4"))}},
	.clear = true,
	.en = "- No alert was firing at 11:00:00 UTC [E1]",
	.zh = "- 没有告警在触发：11:00:00 UTC [E1]",
    },
    {
	.name = "a critical one is pending for long",
	.state = "",
	.alerts =
	    "{\"alerts\":[{\"name\":\"Queue\",\"state\":\"pending\","
	    "\"labels\":{\"alertname\":\"Queue\",\"severity\":\"critical\","
	    "\"service\":\"mailer\"},\"activeAt\":\"" FRI("09:30:00") "\"}]}",
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.en = "`Queue` `service=mailer` is critical and pending since "
	      "09:30:00 UTC: its condition holds",
	.zh = "`Queue` `service=mailer` 级别为严重，从 09:30:00 UTC 起一直待定",
    },
    {
	.name = "one flaps",
	.state = "",
	.alerts = NONE,
	.rules = ONE_RULE,
	.targets = ALL_UP,
	.metrics = {FLAPPED("\"alertname\":\"Queue\",\"alertstate\":\"firing\","
		    "\"service\":\"mailer\"",
	    "4")},
	.clear = true,
	.en = "`Queue` `service=mailer` fired 4 times in the last hour: it "
	      "flaps",
	.zh = "`Queue` `service=mailer` 在最近一小时里触发了 4 次",
    },
};

#endif
