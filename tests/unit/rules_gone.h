/*
 * rules_gone.h - what is not there: targets that are down, series that are
 * absent, alerts that are over, and those that always fire. For
 * test_rules_golden.c.
 */
#ifndef TESTS_UNIT_RULES_GONE_H
#define TESTS_UNIT_RULES_GONE_H

#include "tests/unit/rules_scenarios.h"

#define FIRES(name, labels)                                                    \
	"{\"alerts\":[{\"name\":\"" name "\",\"state\":\"firing\",\"labels\":"  \
	"{\"alertname\":\"" name "\"," labels "},\"activeAt\":\"" FRI(           \
	    "10:50:00") "\"}]}"
#define ITS_RULE(name, expr)                                                   \
	"{\"rules\":[{\"type\":\"alerting\",\"name\":\"" name "\",\"query\":\""  \
	expr "\"}],\"total\":1,\"alerting\":1}"
#define DOWN(instance, up, error)                                              \
	"{\"labels\":{\"job\":\"node\",\"namespace\":\"mon\",\"instance\":\""    \
	instance "\"},\"health\":\"down\"" up ",\"lastError\":\"" error "\"}"
#define LAST_UP(time) ",\"lastUp\":\"" FRI(time) "\""
#define TWO_DOWN                                                               \
	"{\"up\":4,\"down\":2,\"unknown\":0,\"jobs\":{\"node\":{\"up\":4,"        \
	"\"down\":2}},\"targets\":[" DOWN("a:1", LAST_UP("10:49:10"),          \
	    "HTTP status 503") "," DOWN("b:1", "", "no route") "]}"
#define UP_RULE                                                                \
	ITS_RULE("TargetDown",                                                 \
	    "100 * (count(up == 0) BY (job, namespace) / count(up) BY (job, "  \
	    "namespace)) > 10")
#define LAST_SEEN(labels, t)                                                   \
	{                                                                      \
		"topk(3, max_over_time(timestamp(", SERIES(ONE(labels, t))     \
	}
#define HELD(expr, list)                                                       \
	{                                                                      \
		expr, SERIES(list)                                             \
	}
#define QUEUE_RULE ITS_RULE("Queue", "queue_depth > 50")
#define QUEUE_BACK                                                             \
	RANGE("\"service\":\"mailer\"", "10", "10", "10", "99")

static const struct scenario gone[] = {
    {
	.name = "targets down are what TargetDown is about",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("TargetDown", "\"job\":\"node\",\"namespace\":"
				      "\"mon\",\"severity\":\"warning\""),
	.rules = UP_RULE,
	.targets = TWO_DOWN,
	.lang = REPORT_EN,
	.confidence = "likely",
	.want = {"2 targets of job `node` cannot be scraped, 4 can: `a:1`, "
		 "last up at 10:49:10 UTC: `HTTP status 503`; `b:1`, not once "
		 "up in the window: `no route`",
	    "| 1 | `node` | `a:1` | 2025-11-23 10:49:10 UTC | HTTP status 503 |"},
	.want_not = {"undetermined"},
    },
    {
	.name = "the same in Chinese",
	.state = AT,
	.alerts = FIRES("TargetDown", "\"job\":\"node\",\"namespace\":"
				      "\"mon\",\"severity\":\"warning\""),
	.rules = UP_RULE,
	.targets = TWO_DOWN,
	.confidence = "likely",
	.want = {"2 个目标（`node`）无法采集，另有 4 个正常：`a:1`，最后一次"
		 "正常是 10:49:10 UTC：`HTTP status 503`；`b:1`，整个时间窗内"
		 "都不正常：`no route`"},
    },
    {
	.name = "targets of another place are not",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("TargetDown", "\"job\":\"node\",\"namespace\":"
				      "\"other\""),
	.rules = UP_RULE,
	.targets = TWO_DOWN,
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"Targets fail to be scraped, so their metrics may be missing"},
	.want_not = {"targets of job"},
    },
    {
	.name = "nor are they what another rule of that job is about",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("Load", "\"job\":\"node\",\"namespace\":\"mon\""),
	.rules = ITS_RULE("Load", "node_load1 > 5"),
	.targets = TWO_DOWN,
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want_not = {"targets of job"},
    },
    {
	.name = "a job without any target",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("SchedulerDown", "\"job\":\"kube-scheduler\","
					 "\"severity\":\"critical\""),
	.rules = ITS_RULE("SchedulerDown",
	    "absent(up{job=\\\"kube-scheduler\\\"} == 1)"),
	.targets = "{\"up\":4,\"down\":0,\"jobs\":{\"node\":{\"up\":4,"
		   "\"down\":0}},\"targets\":[]}",
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"No target has the job `kube-scheduler`; the jobs there are "
		 "`node`",
	    "it was not seen once in seven days"},
    },
    {
	.name = "a series that is absent, and was there yesterday",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("QueueGone", "\"service\":\"mailer\""),
	.rules = ITS_RULE(
	    "QueueGone", "absent(queue_depth{service=\\\"mailer\\\"})"),
	.targets = ALL_UP,
	.metrics = {LAST_SEEN("\"service\":\"mailer\",\"pod\":\"m-1\"",
	    "1763805600")},
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"It was last seen at 2025-11-22 10:00:00 UTC, with `service=mailer` `pod=m-1` [",
	    "has none in the whole window\n  - It was last seen at"},
	.want_not = {"Missing telemetry"},
    },
    {
	.name = "the same in Chinese",
	.state = AT,
	.alerts = FIRES("QueueGone", "\"service\":\"mailer\""),
	.rules = ITS_RULE(
	    "QueueGone", "absent(queue_depth{service=\\\"mailer\\\"})"),
	.targets = ALL_UP,
	.metrics = {LAST_SEEN("\"service\":\"mailer\"", "1763805600")},
	.confidence = "undetermined",
	.want = {"整个时间窗内都没有，最后一次有数据是 2025-11-22 10:00:00 UTC，标签是 `service=mailer` ["},
    },
    {
	.name = "one that has been absent for long",
	.state = AT ",\"language\":\"en\"",
	.alerts =
	    "{\"alerts\":[{\"name\":\"SchedulerDown\",\"state\":\"firing\","
	    "\"labels\":{\"alertname\":\"SchedulerDown\",\"severity\":\"info\","
	    "\"job\":\"kube-scheduler\"},\"activeAt\":\"2025-11-22T11:00:00Z\"},"
	    "{\"name\":\"Queue\",\"state\":\"firing\",\"labels\":{"
	    "\"alertname\":\"Queue\",\"service\":\"mailer\"},\"activeAt\":"
	    "\"" FRI("10:58:00") "\"}]}",
	.rules = ITS_RULE("SchedulerDown",
	    "absent(up{job=\\\"kube-scheduler\\\"} == 1)"),
	.targets = ALL_UP,
	.metrics = {LAST_SEEN("\"job\":\"kube-scheduler\",\"instance\":\"c:1\"",
	    "1763805600")},
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"`SchedulerDown` `job=kube-scheduler` since 2025-11-22 11:00:00 "
		 "UTC; it was last seen at 2025-11-22 10:00:00 UTC, with "
		 "`job=kube-scheduler` `instance=c:1`"},
    },
    {
	.name = "an alert that is over while it is looked at",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("Queue", "\"service\":\"mailer\""),
	.rules = QUEUE_RULE,
	.targets = ALL_UP,
	.metrics = {HELD("queue_depth > 50", ""),
	    HELD("max_over_time", ""), HELD("queue_depth", QUEUE_BACK)},
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"- Symptom: `Queue`'s condition did not hold any more at 11:00:00 UTC: `queue_depth` is 10 (fires above 50) [",
	    ", which holds no more"},
    },
    {
	.name = "the same in Chinese",
	.state = AT,
	.alerts = FIRES("Queue", "\"service\":\"mailer\""),
	.rules = QUEUE_RULE,
	.targets = ALL_UP,
	.metrics = {HELD("queue_depth > 50", ""),
	    HELD("max_over_time", ""), HELD("queue_depth", QUEUE_BACK)},
	.confidence = "undetermined",
	.want = {"- 现象：`Queue` 的条件在 11:00:00 UTC 已经不再成立：`queue_depth` 是 10（高于 50 时触发） ["},
    },
    {
	.name = "one whose condition holds by another part",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("Queue", "\"service\":\"mailer\""),
	.rules = ITS_RULE("Queue", "queue_depth > 50 or queue_age > 9"),
	.targets = ALL_UP,
	.metrics = {HELD("queue_depth > 50 or",
			ONE("\"service\":\"mailer\"", "12")),
	    HELD("max_over_time", ""), HELD("queue_depth", QUEUE_BACK)},
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want_not = {"did not hold any more"},
    },
    {
	.name = "where no rule watches, what changed is looked for",
	.state = AT ",\"language\":\"en\"",
	.alerts = "{\"alerts\":[]}",
	.rules = "{\"rules\":[],\"alerting\":0}",
	.targets = ALL_UP,
	.causes = "{\"confidence\":\"likely\",\"causes\":[{\"service\":"
		  "\"db\",\"series\":[0]}],\"series\":[" CHANGE("io_wait",
		      "seconds", "up", "0.012", "2.5") "]}",
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"This server lists no alert rule that it evaluates",
	    "What changed most is `db`: "},
	.want_not = {"No alert is firing"},
    },
    {
	.name = "a heartbeat, whatever its name and severity",
	.state = AT ",\"language\":\"en\"",
	.alerts = FIRES("E2eProbe", "\"severity\":\"critical\""),
	.rules = ITS_RULE("E2eProbe", "vector(1) == 1"),
	.targets = ALL_UP,
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"- Only alerts that always fire (a heartbeat) are active"},
	.want_not = {"Incident", "`E2eProbe` is undetermined"},
    },
    {
	.name = "a critical one that is pending for long is looked into",
	.state = AT ",\"language\":\"en\"",
	.alerts =
	    "{\"alerts\":[{\"name\":\"Queue\",\"state\":\"pending\","
	    "\"labels\":{\"alertname\":\"Queue\",\"severity\":\"critical\","
	    "\"service\":\"mailer\"},\"activeAt\":\"" FRI("09:30:00") "\"}]}",
	.rules = QUEUE_RULE,
	.targets = ALL_UP,
	.metrics = {HELD("max_over_time", ""),
	    HELD("queue_depth", RANGE("\"service\":\"mailer\"", "10", "99",
				    "10", "99"))},
	.lang = REPORT_EN,
	.confidence = "undetermined",
	.want = {"is critical and pending since 09:30:00 UTC",
	    "(fires above 50), pending",
	    "10 → 99 over the window"},
	.want_not = {"No alert is firing"},
    },
};

#endif
