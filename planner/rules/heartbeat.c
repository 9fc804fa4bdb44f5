/* heartbeat.c - alerts that always fire. */
#include "planner/rules/heartbeat.h"

#include <string.h>

#include "common/json/tree.h"
#include "common/report/heartbeats.h"
#include "planner/rules/facts.h"
#include "planner/rules/promql.h"

bool
heartbeat_is(const cJSON *alert, const cJSON *rule)
{
	return heartbeats_has_name(span_of(tree_str(alert, "name"))) ||
	       strcasecmp(tree_str(tree_at(alert, "labels"), "severity"),
		   "none") == 0 ||
	       (rule != NULL && promql_is_constant(span_of(rule_expr(rule))));
}
