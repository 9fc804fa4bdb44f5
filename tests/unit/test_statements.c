/*
 * test_statements.c - what a finding states, held against what it cites: of
 * every kind one answer that bears it, and answers that contradict it.
 */
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/statements.h"
#include "tests/harness/texts.h"

#include <check.h>

/* Answers of find_causes: of causes, series, and the rest of its members. */
#define CAUSES(members)                                                        \
	"{\"tool\":\"find_causes\",\"status\":\"SUCCESS\",\"evidence\":["      \
	"\"E4\"],\"data\":{" members "}}"
#define CHAIN                                                                  \
	"\"confidence\":\"likely\",\"missing\":[],\"compared\":40,"            \
	"\"causes\":[{\"service\":\"db\",\"on_path\":[\"web\",\"db\"],"        \
	"\"series\":[0]},{\"service\":\"web\",\"on_path\":[\"web\"],"          \
	"\"series\":[]}],\"series\":[{\"service\":\"db\"},{\"service\":"       \
	"\"frontend\",\"change\":{\"from\":0.08,\"to\":1.29}}],"               \
	"\"topology\":[{\"client\":\"web\",\"server\":\"db\"}],"               \
	"\"ruled_out\":[{\"service\":\"web\",\"by\":\"db\"},{\"service\":"     \
	"\"api\",\"by\":\"db\"},{\"service\":\"mail\",\"compared\":3}]"
#define SUSPECT                                                                \
	"\"confidence\":\"suspected\",\"missing\":[{\"what\":\"queries\"}],"   \
	"\"causes\":[{\"service\":\"db\",\"on_path\":[\"web\",\"db\"],"        \
	"\"series\":[0]}]"
#define NONE(missing, compared)                                                \
	"\"confidence\":\"undetermined\",\"missing\":[" missing                \
	"],\"compared\":" compared ",\"causes\":[{\"service\":\"db\","         \
	"\"series\":[0]}]"

/* A series from 1000 to 2000, and what is said of it. */
#define RANGE(rest)                                                            \
	"{\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","       \
	"\"args\":{\"window\":9},\"evidence\":[\"E4\"],\"data\":{\"series\":[" \
	"{\"labels\":{\"a\":"                                                  \
	"\"2\"},\"last\":3,\"min\":3,\"max\":3,\"from\":1000,\"to\":2000},{"   \
	"\"labels\":"                                                          \
	"{\"a\":\"1\"}," rest "}]}}"
#define TARGETS(health)                                                        \
	",{\"tool\":\"query_prometheus_targets\",\"status\":\"SUCCESS\","      \
	"\"evidence\":[\"E5\"],\"data\":{\"targets\":[{\"health\":\"" health   \
	"\"}]}}"
#define OF(kind)                                                               \
	"{\"evidence\":[\"E4\",\"E5\"],\"says\":{\"kind\":\"" kind             \
	"\",\"labels\":{\"a\":\"1\"},\"from\":1000,\"to\":2000}}"
#define SAYS_BOTH(kind)                                                        \
	"{\"evidence\":[\"E4\",\"E5\"],\"says\":{\"kind\":\"" kind "\"}}"
#define EMPTY(id, series)                                                      \
	"{\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","       \
	"\"args\":{\"window\":9},\"evidence\":[\"" id                          \
	"\"],\"data\":{\"series\":[" series "]}}"
#define BOUND(kind, op, threshold)                                             \
	"{\"evidence\":[\"E4\"],\"says\":{\"kind\":\"" kind                    \
	"\",\"labels\":{\"a\":\"1\"},\"op\":\"" op                             \
	"\",\"threshold\":" threshold "}}"
#define USER(kind, value)                                                      \
	"{\"evidence\":[\"E4\"],\"says\":{\"kind\":\"" kind                    \
	"\",\"key\":\"pod\",\"value\":\"" value "\"}}"
#define USES(pod, value)                                                       \
	"{\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","       \
	"\"evidence\":[\"E4\"],\"data\":{\"series\":[{\"labels\":{\"pod\":"    \
	"\"b\"},\"value\":2},{\"labels\":{\"pod\":\"" pod                      \
	"\"},\"value\":" value
#define DOWN(a, health)                                                        \
	"{\"tool\":\"query_prometheus_targets\",\"status\":\"SUCCESS\","       \
	"\"evidence\":[\"E5\"],\"data\":{\"targets\":[{\"health\":\"" health   \
	"\",\"labels\":{\"a\":\"" a "\"}}]}}"
#define SAYS(kind, service)                                                    \
	"{\"evidence\":[\"E4\"],\"says\":{\"kind\":\"" kind                    \
	"\",\"service\":\"" service "\"}}"
#define SAYS_OF(services)                                                      \
	"{\"evidence\":[\"E4\"],\"says\":{\"kind\":\"nothing_unusual\","       \
	"\"services\":[" services "]}}"

static const struct {
	const char *label, *finding, *feedback;
	bool holds;
} statements[] = {
    {"says nothing", "{\"evidence\":[\"E4\"]}", "", true},
    {"of a kind that is not known", SAYS("poem", "db"), "", true},

    {"the cause", SAYS("cause", "db"), CAUSES(CHAIN), true},
    {"but the second", SAYS("cause", "web"), CAUSES(CHAIN), false},
    {"but something is missing", SAYS("cause", "db"), CAUSES(SUSPECT), false},
    {"but without a path", SAYS("cause", "db"),
	CAUSES("\"confidence\":\"likely\",\"causes\":[{\"service\":\"db\","
	       "\"on_path\":[]}]"),
	false},
    {"but undetermined", SAYS("cause", "db"), CAUSES(NONE("", "9")), false},
    {"but nothing is cited",
	"{\"evidence\":[],\"says\":{\"kind\":\"cause\","
	"\"service\":\"db\"}}",
	CAUSES(CHAIN), false},
    {"but another answer is cited",
	"{\"evidence\":[\"E1\"],\"says\":{\"kind\":\"cause\",\"service\":"
	"\"db\"}}",
	CAUSES(CHAIN), false},
    {"but the search failed", SAYS("cause", "db"),
	"{\"tool\":\"find_causes\",\"status\":\"FAILED\",\"evidence\":["
	"\"E4\"],\"data\":{" CHAIN "}}",
	false},
    {"but a metric is cited", SAYS("cause", "db"),
	"{\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","
	"\"evidence\":[\"E4\"],\"data\":{" CHAIN "}}",
	false},

    {"a suspect", SAYS("suspect", "db"), CAUSES(SUSPECT), true},
    {"a likely one is one too", SAYS("suspect", "db"), CAUSES(CHAIN), true},
    {"but it does not stand out", SAYS("suspect", "db"), CAUSES(NONE("", "9")),
	false},

    {"a lead", SAYS("lead", "db"), CAUSES(NONE("", "9")), true},
    {"but no series of it changed", SAYS("lead", "web"), CAUSES(CHAIN), false},

    {"none stands out", SAYS("none_stands_out", ""), CAUSES(NONE("", "9")),
	true},
    {"but one does", SAYS("none_stands_out", ""), CAUSES(CHAIN), false},
    {"but nothing was compared", SAYS("none_stands_out", ""),
	CAUSES(NONE("", "0")), false},
    {"but there was little before", SAYS("none_stands_out", ""),
	CAUSES(NONE("{\"what\":\"history\"}", "9")), false},

    {"nothing unusual", SAYS("nothing_unusual", "mail"), CAUSES(CHAIN), true},
    {"nothing unusual of several", SAYS_OF("\"mail\",\"ads\""), CAUSES(CHAIN),
	true},
    {"but the change of one of them is told", SAYS_OF("\"mail\",\"frontend\""),
	CAUSES(CHAIN), false},
    {"nothing unusual of nobody", SAYS_OF(""), CAUSES(CHAIN), false},
    {"but its change is told", SAYS("nothing_unusual", "frontend"),
	CAUSES(CHAIN), false},
    {"but it is a cause with series", SAYS("nothing_unusual", "db"),
	CAUSES(NONE("", "9")), false},
    {"but what decides was not read", SAYS("nothing_unusual", "mail"),
	CAUSES(SUSPECT), false},

    {"but there was little before", SAYS("nothing_unusual", "mail"),
	CAUSES(NONE("{\"what\":\"path\"},{\"what\":\"history\"}", "9")), false},
    {"whatever lies between alert and suspect", SAYS("nothing_unusual", "mail"),
	CAUSES(NONE("{\"what\":\"path\"}", "9")), true},

    {"explained by what it calls", SAYS("explained", "web"), CAUSES(CHAIN),
	true},
    {"but it is not known to call it", SAYS("explained", "api"), CAUSES(CHAIN),
	false},
    {"but nothing explains it", SAYS("explained", "mail"), CAUSES(CHAIN),
	false},

    {"all through", OF("all_through"),
	RANGE("\"min\":1,\"max\":1,\"from\":1010,\"to\":1990"), true},
    {"but for 33 s only", OF("all_through"),
	RANGE("\"min\":1,\"max\":1,\"from\":1967,\"to\":2000"), false},
    {"but it ended", OF("all_through"),
	RANGE("\"min\":1,\"max\":1,\"from\":1000,\"to\":1900"), false},
    {"but for a hole", OF("all_through"),
	RANGE("\"min\":1,\"max\":1,\"from\":1000,\"to\":2000,\"hole_from\":"
	      "1300,\"hole_to\":1700"),
	false},
    {"a breath between two samples is none", OF("all_through"),
	RANGE("\"min\":1,\"max\":1,\"from\":1000,\"to\":2000,\"hole_from\":"
	      "1300,\"hole_to\":1310"),
	true},
    {"it moved less than is told", OF("all_through"),
	RANGE("\"min\":1000,\"max\":1001,\"from\":1000,\"to\":2000"), true},
    {"infinite", OF("all_through"),
	RANGE("\"min\":\"+Inf\",\"max\":\"+Inf\",\"from\":1000,\"to\":2000"),
	true},
    {"but it moved", OF("all_through"),
	RANGE("\"min\":1,\"max\":2,\"from\":1000,\"to\":2000"), false},
    {"but when it began nobody knows", OF("all_through"),
	RANGE("\"min\":1,\"max\":1"), false},
    {"but another series was", OF("all_through"),
	"{\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","
	"\"evidence\":[\"E4\"],\"data\":{\"series\":[{\"labels\":{},\"min\":1,"
	"\"max\":1,\"from\":1000,\"to\":2000}]}}",
	false},

    {"no telemetry is missing", OF("telemetry"),
	RANGE("\"min\":1,\"max\":2,\"from\":1000,\"to\":2000") TARGETS("up"),
	true},
    {"but a target is down", OF("telemetry"),
	RANGE("\"min\":1,\"max\":2,\"from\":1000,\"to\":2000") TARGETS("down"),
	false},
    {"but 24 minutes of it are", OF("telemetry"),
	RANGE("\"min\":1,\"max\":2,\"from\":1000,\"to\":2000,\"hole_from\":"
	      "1100,\"hole_to\":1900") TARGETS("up"),
	false},
    {"but the targets were not looked at", OF("telemetry"),
	RANGE("\"min\":1,\"max\":2,\"from\":1000,\"to\":2000"), false},

    {"nobody is told to use it", SAYS_BOTH("no_user"),
	EMPTY("E4", "") "," EMPTY("E5", ""), true},
    {"but elsewhere there is", SAYS_BOTH("no_user"),
	EMPTY("E4", "") "," EMPTY("E5", "{\"value\":7}"), false},
    {"but elsewhere was not asked", SAYS_BOTH("no_user"), EMPTY("E4", ""),
	false},

    {"a hole", OF("hole"),
	RANGE("\"from\":1000,\"to\":2000,\"hole_from\":1100,\"hole_to\":1900"),
	true},
    {"an end", OF("hole"), RANGE("\"from\":1000,\"to\":1900"), true},
    {"but it was there", OF("hole"), RANGE("\"from\":1000,\"to\":1990"), false},
    {"since a moment", OF("begins_late"), RANGE("\"from\":1967,\"to\":2000"),
	true},
    {"but it was there before", OF("begins_late"),
	RANGE("\"from\":1010,\"to\":2000"), false},
    {"no series at all", OF("absent"), EMPTY("E4", ""), true},
    {"but one", OF("absent"), RANGE("\"from\":1000,\"to\":2000"), false},

    {"the others are within", BOUND("others_within", ">", "5"),
	RANGE("\"last\":9"), true},
    {"but one is beyond", BOUND("others_within", ">", "2"), RANGE("\"last\":9"),
	false},
    {"but one is at it", BOUND("others_within", ">=", "3"), RANGE("\"last\":9"),
	false},
    {"but they are not all there", BOUND("others_within", ">", "5"),
	"{\"tool\":\"query_prometheus_metrics\",\"status\":\"SUCCESS\","
	"\"evidence\":[\"E4\"],\"data\":{\"series\":[],\"series_left_out\":7}}",
	false},
    {"another is beyond", BOUND("others_beyond", "<", "4"), RANGE("\"last\":9"),
	true},
    {"but none is", BOUND("others_beyond", "<", "3"), RANGE("\"last\":9"),
	false},

    {"who uses most", USER("top_user", "a"), USES("a", "3") "}]}}", true},
    {"but another uses more", USER("top_user", "b"), USES("a", "3") "}]}}",
	false},
    {"but it is not there", USER("top_user", "c"), USES("a", "3") "}]}}",
	false},

    {"a release is told", SAYS("changed", "db"),
	CAUSES("\"causes\":[{\"service\":\"db\",\"changed\":17}]"), true},
    {"but of another", SAYS("changed", "web"),
	CAUSES("\"causes\":[{\"service\":\"db\",\"changed\":17},{\"service\":"
	       "\"web\"}]"),
	false},

    {"it is down", OF("target_down"), DOWN("1", "down"), true},
    {"but another is", OF("target_down"), DOWN("2", "down"), false},
    {"but it is up", OF("target_down"), DOWN("1", "up"), false},

    {"a query failed", SAYS("failed", ""),
	"{\"tool\":\"x\",\"status\":\"FAILED\",\"evidence\":[\"E4\"]}", true},
    {"but it did not", SAYS("failed", ""), CAUSES(CHAIN), false},
};

START_TEST(a_statement_holds_as_far_as_what_it_cites_bears_it)
{
	auto_str state =
	    xasprintf("{\"executor_feedback\":[%s]}", statements[_i].feedback);
	AUTO(json) tree = NULL;
	AUTO(json) finding = NULL;
	struct err err;

	ck_assert_msg(json_parse(span_of(state), NULL, &tree, &err) == RC_OK,
	    "%s: %s", statements[_i].label, err.text);
	ck_assert(json_parse(span_of(statements[_i].finding), NULL, &finding,
		      &err) == RC_OK);
	ck_assert_msg(statement_holds(finding, tree) == statements[_i].holds,
	    "%s: %s", tree_str(tree_at(finding, "says"), "kind"),
	    statements[_i].label);
}
END_TEST

/* A kind without an example on either side is not tested. */
START_TEST(every_kind_has_an_example_and_a_counter_example)
{
	const char *kind = statement_kind(_i);
	auto_str said = NULL;
	int n[2] = {0, 0};

	if (kind == NULL)
		return;
	said = xasprintf("\"kind\":\"%s\"", kind);
	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		if (strstr(statements[i].finding, said) != NULL)
			n[statements[i].holds]++;
	ck_assert_msg(n[0] > 0 && n[1] > 0, "%s", kind);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_statement_holds_as_far_as_what_it_cites_bears_it,
		ARRAY_LEN(statements)},
	    {every_kind_has_an_example_and_a_counter_example, 40},
	};

	return RUN_TESTS("statements", tests);
}
