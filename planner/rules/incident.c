/*
 * incident.c - the incidents: what each alert is about, which came together
 * (incident_join.c), and in which order they are looked at.
 */
#include "planner/rules/incident.h"

#include <stdlib.h>
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/heartbeat.h"
#include "planner/rules/incident_join.h"
#include "planner/rules/question.h"

enum { EDGES_MAX = 4000 };

/* ---- what is an exporter's by being the same for many things ---- */

static int
by_scrape(const void *pa, const void *pb)
{
	const struct about *a = *(struct about *const *)pa;
	const struct about *b = *(struct about *const *)pb;
	int d = strcmp(a->instance, b->instance);

	return d != 0 ? d : strcmp(a->job, b->job);
}

static bool
varies(struct about *const *s, int n, const char *key)
{
	const char *first = tree_str(tree_at(s[0]->alert, "labels"), key);
	int i;

	for (i = 1; i < n; i++)
		if (!tree_is(tree_at(s[i]->alert, "labels"), key, first))
			return true;
	return false;
}

/* One scraped instance that tells of several workloads or nodes: what is the
 * same in all it says is its own. */
static void
settle_scrape(struct about *const *s, int n)
{
	static const struct {
		const char *key;
		unsigned own;
	} keys[] = {{"service", OWN_SERVICE}, {"pod", OWN_POD},
	    {"container", OWN_CONTAINER}, {"namespace", 0}, {"deployment", 0},
	    {"statefulset", 0}, {"daemonset", 0}, {"job_name", 0}, {"app", 0},
	    {"node", 0}};
	unsigned constant = OWN_INSTANCE | OWN_JOB;
	bool several = false;
	size_t k;
	int i;

	for (k = 0; k < ARRAY_LEN(keys); k++) {
		if (varies(s, n, keys[k].key))
			several = true;
		else
			constant |= keys[k].own;
	}
	for (i = 0; several && i < n; i++)
		if (!(s[i]->own & OWN_TARGET)) {
			s[i]->own |= constant;
			identity_of(&s[i]->identity,
			    tree_at(s[i]->alert, "labels"), s[i]->own);
		}
}

static void
settle_scrapes(struct incidents *x)
{
	struct about **s =
	    xcalloc((size_t)x->n_about + 1, sizeof(struct about *));
	int i, k;

	for (i = 0; i < x->n_about; i++)
		s[i] = &x->about[i];
	qsort(s, (size_t)x->n_about, sizeof(struct about *), by_scrape);
	for (i = 0; i < x->n_about; i = k) {
		for (k = i + 1; k < x->n_about && by_scrape(&s[i], &s[k]) == 0;
		     k++)
			;
		if (k - i > 1 && s[i]->instance[0] != '\0')
			settle_scrape(s + i, k - i);
	}
	free(s);
}

/* ---- the alerts ---- */

static void
read_alert(struct about *a, const struct facts *f, const cJSON *alert,
    const struct about *before)
{
	a->alert = alert;
	a->instance = tree_str(tree_at(alert, "labels"), "instance");
	a->job = tree_str(tree_at(alert, "labels"), "job");
	a->since = facts_since(alert);
	a->is_new = a->since <= 0 || a->since >= f->at_s - f->window_s;
	/* The list is sorted by name, so the rule mostly is the same. */
	if (before != NULL &&
	    tree_is(alert, "name", tree_str(before->alert, "name")))
		a->rule = before->rule;
	else
		a->rule = facts_rule(f, alert);
	a->watchdog = heartbeat_is(alert, a->rule);
	a->own = identity_own_of_expr(span_of(rule_expr(a->rule)));
	identity_of(&a->identity, tree_at(alert, "labels"), a->own);
}

static void
read_alerts(struct incidents *x, const struct facts *f)
{
	const cJSON *a;
	int index = 0;

	x->about = xcalloc(
	    (size_t)cJSON_GetArraySize(f->alerts) + 1, sizeof(*x->about));
	cJSON_ArrayForEach (a, f->alerts) {
		struct about *to = &x->about[x->n_about];

		if (facts_is_active(f, a)) {
			read_alert(to, f, a, x->n_about > 0 ? to - 1 : NULL);
			to->index = index;
			x->n_about++;
			x->places_differ |=
			    identity_compare_places(
				&to->identity, &x->about[0].identity) != 0;
		}
		index++;
	}
}

static void
read_question(struct incidents *x, const struct facts *f)
{
	struct question *q = question_new(tree_str(f->state, "input"));
	int i;

	for (i = 0; i < x->n_about; i++)
		x->about[i].named = question_names(q,
		    tree_str(x->about[i].alert, "name"), &x->about[i].identity);
	question_free(q);
}

/* ---- dependencies ---- */

static void
find_edges(struct incidents *x, const cJSON *state)
{
	const cJSON *f, *e;

	x->edges = xcalloc(EDGES_MAX, sizeof(*x->edges));
	cJSON_ArrayForEach (f, tree_at(state, "executor_feedback")) {
		if (tool_role_of_feedback(f) != TOOL_ROLE_CAUSES ||
		    !answer_ok(f))
			continue;
		cJSON_ArrayForEach (e, tree_at(tree_at(f, "data"), "topology"))
			if (x->n_edges < EDGES_MAX)
				x->edges[x->n_edges++] =
				    (struct edge){tree_str(e, "client"),
					tree_str(e, "server")};
	}
}

/* ---- the incidents ---- */

static void
add(struct incident *to, struct about *a)
{
	to->is_old = (to->n == 0 || to->is_old) && !a->is_new;
	to->at[to->n++] = a;
	to->watchdog = a->watchdog;
	to->given |= cJSON_IsTrue(tree_at(a->alert, "given"));
	to->named = MAX(to->named, a->named);
	if (a->since > 0 && (to->since <= 0 || a->since < to->since))
		to->since = a->since;
}

/* Of what is as bad and in the window, the first to begin says most. */
static int
newest_of_the_worst(const void *pa, const void *pb)
{
	const struct about *a = *(struct about *const *)pa;
	const struct about *b = *(struct about *const *)pb;
	int d = b->named - a->named;

	if (d == 0)
		d = alerts_rank(a->alert) - alerts_rank(b->alert);
	if (d == 0)
		d = b->is_new - a->is_new;
	if (d == 0)
		d = (a->since <= 0) - (b->since <= 0); /* unknown: last */
	if (d == 0)
		d = (a->since > b->since) - (a->since < b->since);
	return d != 0 ? d : (a > b) - (a < b);
}

/* A list for each root, one behind the other. */
static void
collect(struct incidents *x, const int *parent)
{
	int *size = xcalloc((size_t)x->n_about + 1, sizeof(*size));
	int i, used = 0;

	for (i = 0; i < x->n_about; i++)
		x->n += size[parent[i]]++ == 0;
	x->at = xcalloc((size_t)x->n + 1, sizeof(*x->at));
	x->members = xcalloc((size_t)x->n_about + 1, sizeof(struct about *));
	x->n = 0;
	for (i = 0; i < x->n_about; i++) {
		if (parent[i] == i) {
			x->at[x->n].at = x->members + used;
			used += size[i];
			size[i] = x->n++;
		}
		add(&x->at[size[parent[i]]], &x->about[i]);
	}
	for (i = 0; i < x->n; i++)
		qsort(x->at[i].at, (size_t)x->at[i].n, sizeof(struct about *),
		    newest_of_the_worst);
	free(size);
}

/* What is no more than worth knowing does not push a critical one away, new
 * as it may be. */
static int
age_of(const struct incident *x)
{
	enum { CRITICAL, WARNING, INFO };
	int rank = alerts_rank(x->at[0]->alert);

	if (!x->is_old)
		return rank == INFO ? 2 : 0;
	return rank == CRITICAL ? 1 : 3;
}

static int
worst_first(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;
	int d = x->watchdog - y->watchdog;

	if (d == 0)
		d = y->given - x->given;
	if (d == 0)
		d = y->named - x->named;
	if (d == 0)
		d = age_of(x) - age_of(y);
	if (d == 0)
		d = alerts_rank(x->at[0]->alert) - alerts_rank(y->at[0]->alert);
	if (d == 0)
		d = y->n - x->n;
	if (d == 0)
		d = (x->since > y->since) - (x->since < y->since);
	return d != 0 ? d : x->at[0]->index - y->at[0]->index;
}

void
incidents_init(struct incidents *x, const struct facts *f)
{
	int *parent;

	*x = (struct incidents){.n = 0};
	read_alerts(x, f);
	read_question(x, f);
	find_edges(x, f->state);
	settle_scrapes(x);
	parent = xcalloc((size_t)x->n_about + 1, sizeof(*parent));
	incident_join(x, parent, MAX(f->window_s, INCIDENT_TOGETHER_S));
	collect(x, parent);
	qsort(x->at, (size_t)x->n, sizeof(x->at[0]), worst_first);
	free(parent);
}

void
incidents_done(struct incidents *x)
{
	free(x->at);
	free(x->members);
	free(x->about);
	free(x->edges);
	*x = (struct incidents){.n = 0};
}
