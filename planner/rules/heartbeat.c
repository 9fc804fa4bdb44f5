/* heartbeat.c - alerts that always fire. */
#include "planner/rules/heartbeat.h"

#include <ctype.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/facts.h"
#include "planner/rules/promql.h"

enum { NAME_MAX_BYTES = 300 };

/* How such names end: HeartbeatMissing or WatchdogDown are alerts like any
 * other. */
static bool
is_named_so(const char *name)
{
	static const char *const ends[] = {"watchdog", "deadmanswitch",
	    "deadmansswitch", "deadmansnitch", "deadmanssnitch",
	    "infoinhibitor"};
	auto_buf plain = {.max = NAME_MAX_BYTES};
	size_t i;

	for (; *name != '\0'; name++)
		if (isalnum((unsigned char)*name))
			buf_addc(&plain, (char)tolower((unsigned char)*name));
	for (i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);

		if (plain.len >= n &&
		    strcmp(buf_str(&plain) + plain.len - n, ends[i]) == 0)
			return true;
	}
	return false;
}

bool
heartbeat_is(const cJSON *alert, const cJSON *rule)
{
	return is_named_so(tree_str(alert, "name")) ||
	       strcasecmp(tree_str(tree_at(alert, "labels"), "severity"),
		   "none") == 0 ||
	       (rule != NULL && promql_is_constant(span_of(rule_expr(rule))));
}
