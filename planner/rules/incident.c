/*
 * incident.c - which firing alerts belong together.
 *
 * Union-find over the alerts: by identity, and by time within one sweep over
 * the alerts in the order they began.
 */
#include "planner/rules/incident.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/facts.h"

/* What tells things apart, the closest to "the thing" first. */
static const struct {
	const char *key;
	bool is_host; /* its value may end in a port */
} identities[] = {
    {"service", false},
    {"service_name", false},
    {"app", false},
    {"deployment", false},
    {"statefulset", false},
    {"daemonset", false},
    {"pod", false},
    {"pod_name", false},
    {"container", false},
    {"container_name", false},
    {"instance", true},
    {"node", true},
    {"host", true},
    {"hostname", true},
    {"nodename", true},
};

const char *
incident_identity(
    const cJSON *labels, const char **ret_key, char *buf, int buf_bytes)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(identities); i++) {
		const char *value = tree_str(labels, identities[i].key);
		char *colon;

		if (value[0] == '\0')
			continue;
		snprintf(buf, (size_t)buf_bytes, "%s", value);
		colon = identities[i].is_host ? strrchr(buf, ':') : NULL;
		if (colon != NULL && colon != buf &&
		    strspn(colon + 1, "0123456789") == strlen(colon + 1))
			*colon = '\0';
		if (ret_key != NULL)
			*ret_key = identities[i].key;
		return buf;
	}
	if (ret_key != NULL)
		*ret_key = "";
	return "";
}

/* ---- grouping ---- */

struct member {
	const cJSON *alert;
	double since;
	char identity[160];
	int parent;
	int order; /* as listed: most severe first */
	bool watchdog;
};

static int
root_of(struct member *m, int i)
{
	while (m[i].parent != i) {
		m[i].parent = m[m[i].parent].parent;
		i = m[i].parent;
	}
	return i;
}

/* The earlier in the list stays the root. */
static void
join(struct member *m, int a, int b)
{
	a = root_of(m, a);
	b = root_of(m, b);
	if (a != b)
		m[MAX(a, b)].parent = MIN(a, b);
}

static bool
is_watchdog(const cJSON *alert)
{
	const char *name = tree_str(alert, "name");
	const char *severity = tree_str(tree_at(alert, "labels"), "severity");

	return strcasecmp(name, "Watchdog") == 0 ||
	       strcasecmp(name, "DeadMansSwitch") == 0 ||
	       strcasecmp(name, "InfoInhibitor") == 0 ||
	       strcasecmp(severity, "none") == 0;
}

static int
by_since(const void *a, const void *b)
{
	const struct member *const *x = a;
	const struct member *const *y = b;

	return ((*x)->since > (*y)->since) - ((*x)->since < (*y)->since);
}

static int
by_identity(const void *a, const void *b)
{
	const struct member *const *x = a;
	const struct member *const *y = b;

	return strcmp((*x)->identity, (*y)->identity);
}

static void
join_same(struct member *m, struct member **sorted, int n)
{
	int i;

	qsort(sorted, (size_t)n, sizeof(struct member *), by_identity);
	for (i = 1; i < n; i++)
		if (sorted[i]->identity[0] != '\0' && !sorted[i]->watchdog &&
		    !sorted[i - 1]->watchdog &&
		    strcmp(sorted[i]->identity, sorted[i - 1]->identity) == 0)
			join(m, sorted[i]->order, sorted[i - 1]->order);
}

/* Measured from the first of a group, so that a long day of alerts does not
 * become one incident link by link. */
static void
join_near(struct member *m, struct member **sorted, int n)
{
	const struct member *first = NULL;
	int i;

	qsort(sorted, (size_t)n, sizeof(struct member *), by_since);
	for (i = 0; i < n; i++) {
		if (sorted[i]->watchdog || sorted[i]->since <= 0)
			continue;
		if (first != NULL &&
		    sorted[i]->since - first->since <= INCIDENT_NEAR_S)
			join(m, first->order, sorted[i]->order);
		else
			first = sorted[i];
	}
}

static struct member *
members_of(const cJSON *alerts, int *ret_n)
{
	struct member *m =
	    xcalloc((size_t)cJSON_GetArraySize(alerts) + 1, sizeof(*m));
	const cJSON *a;
	int n = 0;

	cJSON_ArrayForEach (a, alerts) {
		if (!alerts_is_firing(a))
			continue;
		m[n] = (struct member){.alert = a,
		    .since = facts_since(a),
		    .parent = n,
		    .order = n,
		    .watchdog = is_watchdog(a)};
		incident_identity(tree_at(a, "labels"), NULL, m[n].identity,
		    sizeof(m[n].identity));
		n++;
	}
	*ret_n = n;
	return m;
}

static void
add(struct incident *x, const struct member *m)
{
	/* Doubles at powers of two. */
	if ((x->n & (x->n - 1)) == 0)
		x->alerts = xrealloc(x->alerts,
		    (size_t)MAX(2 * x->n, 1) * sizeof(const cJSON *));
	x->alerts[x->n++] = m->alert;
	x->watchdog = m->watchdog;
	if (m->since > 0 && (x->since <= 0 || m->since < x->since))
		x->since = m->since;
}

static void
collect(struct incidents *x, struct member *m, int n)
{
	int *number = xcalloc((size_t)n + 1, sizeof(*number));
	int i;

	for (i = 0; i < n; i++) {
		int root = root_of(m, i);

		if (root == i && x->n == INCIDENTS_MAX)
			number[i] = -1;
		else if (root == i)
			number[i] = x->n++;
		if (number[root] < 0)
			x->rest++;
		else
			add(&x->at[number[root]], &m[i]);
	}
	free(number);
}

static bool
is_given(const struct incident *x)
{
	int i;

	for (i = 0; i < x->n; i++)
		if (cJSON_IsTrue(tree_at(x->alerts[i], "given")))
			return true;
	return false;
}

static int
worst_first(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;
	int d = x->watchdog - y->watchdog;

	if (d == 0)
		d = is_given(y) - is_given(x);
	if (d == 0)
		d = alerts_rank(x->alerts[0]) - alerts_rank(y->alerts[0]);
	if (d == 0)
		d = y->n - x->n;
	if (d == 0)
		d = (x->since > y->since) - (x->since < y->since);
	return d;
}

void
incidents_init(struct incidents *x, const cJSON *alerts)
{
	struct member **sorted, *m;
	int n, i;

	*x = (struct incidents){.n = 0};
	m = members_of(alerts, &n);
	sorted = xcalloc((size_t)n + 1, sizeof(struct member *));
	for (i = 0; i < n; i++)
		sorted[i] = &m[i];
	join_same(m, sorted, n);
	join_near(m, sorted, n);
	collect(x, m, n);
	qsort(x->at, (size_t)x->n, sizeof(x->at[0]), worst_first);
	free(sorted);
	free(m);
}

void
incidents_done(struct incidents *x)
{
	while (x->n > 0)
		free(x->at[--x->n].alerts);
}
