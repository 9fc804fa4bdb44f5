/*
 * alerts.c - which alert instances a run is about, out of its state.
 *
 * An instance is its labels. Alertmanager may have added labels on the way
 * (external labels), so what arrived is the same instance as what a tool
 * listed when one's labels are all among the other's.
 */
#include "common/report/alerts.h"

#include <stdlib.h>

#include "common/base/attr.h"
#include "common/base/rc.h"
#include "common/report/tool_role.h"
#include "common/json/tree.h"

bool
alerts_is_firing(const cJSON *alert)
{
	return tree_is(alert, "state", "firing");
}

int
alerts_count(const cJSON *alerts, const char *state)
{
	const cJSON *a;
	int n = 0;

	cJSON_ArrayForEach (a, alerts)
		n += tree_is(a, "state", state) ? 1 : 0;
	return n;
}

int
alerts_rank(const cJSON *alert)
{
	return alerts_rank_of(tree_at(alert, "labels"));
}

int
alerts_rank_of(const cJSON *labels)
{
	static const struct {
		const char *word;
		int rank;
	} ranks[] = {{"critical", 0}, {"page", 0}, {"emergency", 0},
	    {"fatal", 0}, {"disaster", 0}, {"high", 0}, {"error", 0}, {"p0", 0},
	    {"p1", 0}, {"warning", 1}, {"warn", 1}, {"major", 1}, {"medium", 1},
	    {"p2", 1}, {"info", 2}, {"minor", 2}, {"low", 2}, {"none", 2}};
	const char *severity = tree_str(labels, "severity");
	size_t i;

	for (i = 0; i < ARRAY_LEN(ranks); i++)
		if (strcasecmp(severity, ranks[i].word) == 0)
			return ranks[i].rank;
	return 3;
}

bool
alerts_match(const cJSON *labels, const cJSON *matchers)
{
	const cJSON *m;

	cJSON_ArrayForEach (m, matchers)
		if (!cJSON_IsString(m) ||
		    !tree_is(labels, m->string, m->valuestring))
			return false;
	return true;
}

/* Labels and the like stay where they are: there may be thousands. */
static void
refer(cJSON *to, const char *to_key, const cJSON *from, const char *key)
{
	cJSON *v = cJSON_GetObjectItemCaseSensitive(from, key);

	if (v != NULL && tree_at(to, to_key) == NULL)
		cJSON_AddItemReferenceToObject(to, to_key, v);
}

/* One instance in the conclusion's form, whichever spelling a has. */
static cJSON *
instance_of(const cJSON *a, const char *evidence, bool given)
{
	cJSON *out = cJSON_CreateObject();
	const char *state =
	    tree_has(a, "state") ? tree_str(a, "state") : tree_str(a, "status");
	const char *name = tree_str(tree_at(a, "labels"), "alertname");

	cJSON_AddStringToObject(
	    out, "name", name[0] != '\0' ? name : tree_str(a, "name"));
	cJSON_AddStringToObject(
	    out, "state", state[0] != '\0' ? state : "firing");
	refer(out, "labels", a, "labels");
	refer(out, "annotations", a, "annotations");
	refer(out, "activeAt", a, "activeAt");
	refer(out, "activeAt", a, "startsAt");
	refer(out, "value", a, "value");
	cJSON_AddStringToObject(out, "evidence", evidence);
	cJSON_AddBoolToObject(out, "given", given);
	return out;
}

static bool
is_same(const cJSON *a, const cJSON *b)
{
	const cJSON *la = tree_at(a, "labels"), *lb = tree_at(b, "labels");

	return tree_is(a, "name", tree_str(b, "name")) &&
	       (alerts_match(la, lb) || alerts_match(lb, la));
}

/* What a tool says of an instance that arrived as well: its value and since
 * when are what the evidence holds. */
static void
merge(cJSON *given, const cJSON *found)
{
	static const char *const keys[] = {"activeAt", "value"};
	size_t i;

	cJSON_DeleteItemFromObjectCaseSensitive(given, "evidence");
	cJSON_AddStringToObject(
	    given, "evidence", tree_str(found, "evidence"));

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (tree_at(found, keys[i]) == NULL)
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(given, keys[i]);
		refer(given, keys[i], found, keys[i]);
	}
	refer(given, "annotations", found, "annotations");
}

/* Takes item. Only given instances are compared: a tool's own list holds
 * each once, and there may be thousands. */
static void
add(cJSON *list, cJSON *item, int n_given, int *n)
{
	cJSON *other;
	int i = 0;

	cJSON_ArrayForEach (other, list) {
		if (i++ == n_given)
			break;
		if (!is_same(other, item))
			continue;
		merge(other, item);
		cJSON_Delete(item);
		return;
	}
	if (*n == ALERTS_MAX) {
		cJSON_Delete(item);
		return;
	}
	cJSON_AddItemToArray(list, item);
	(*n)++;
}

/* The newest successful answer that lists alerts. */
static const cJSON *
answer_of(const cJSON *state)
{
	const cJSON *f, *found = NULL;

	cJSON_ArrayForEach (f, tree_at(state, "executor_feedback"))
		if (tool_role_of_feedback(f) == TOOL_ROLE_ALERTS &&
		    tree_is(f, "status", "SUCCESS"))
			found = f;
	return found;
}

const cJSON *
alerts_data(const cJSON *state)
{
	return tree_at(answer_of(state), "data");
}

int
alerts_total(const cJSON *run_state, const cJSON *alerts, const char *state)
{
	const cJSON *data = alerts_data(run_state);
	int listed = alerts_count(alerts, state);

	if (tree_num(data, "left_out", 0) <= 0)
		return listed;
	return listed +
	       MAX((int)tree_num(data, state, 0) -
		       alerts_count(tree_at(data, "alerts"), state),
		   0);
}

static const char *
first_evidence(const cJSON *feedback)
{
	const cJSON *id = cJSON_GetArrayItem(tree_at(feedback, "evidence"), 0);

	return cJSON_IsString(id) ? id->valuestring : "";
}

/* What an instance is sorted by, looked up once. */
struct place {
	cJSON *item;
	int firing, rank;
	const char *name;
	const cJSON *labels;
};

static int
compare(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	int d = b->firing - a->firing;
	const cJSON *l;

	if (d == 0)
		d = a->rank - b->rank;
	if (d == 0)
		d = strcmp(a->name, b->name);
	for (l = cJSON_GetArrayItem(a->labels, 0); d == 0 && l != NULL;
	     l = l->next)
		if (cJSON_IsString(l))
			d = strcmp(
			    l->valuestring, tree_str(b->labels, l->string));
	return d;
}

static void
sort(cJSON *list)
{
	int n = cJSON_GetArraySize(list), i;
	struct place *at = xcalloc((size_t)n + 1, sizeof(*at));

	for (i = 0; i < n; i++) {
		cJSON *a = cJSON_DetachItemFromArray(list, 0);

		at[i] = (struct place){.item = a,
		    .firing = alerts_is_firing(a),
		    .rank = alerts_rank(a),
		    .name = tree_str(a, "name"),
		    .labels = tree_at(a, "labels")};
	}
	qsort(at, (size_t)n, sizeof(*at), compare);
	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(list, at[i].item);
	free(at);
}

cJSON *
alerts_of_state(const cJSON *state)
{
	const cJSON *bounds = tree_at(state, "labels");
	const cJSON *answer = answer_of(state);
	cJSON *list = cJSON_CreateArray();
	int n = 0, n_given;
	const cJSON *a;

	cJSON_ArrayForEach (a, tree_at(state, "alerts"))
		if (n < ALERTS_MAX)
			add(list, instance_of(a, "", true), n, &n);
	n_given = n;
	cJSON_ArrayForEach (a, tree_at(tree_at(answer, "data"), "alerts"))
		if (alerts_match(tree_at(a, "labels"), bounds))
			add(list, instance_of(a, first_evidence(answer), false),
			    n_given, &n);
	sort(list);
	return list;
}

cJSON *
alerts_of(const cJSON *state, const cJSON *conclusion)
{
	cJSON *list = alerts_of_state(state);

	if (cJSON_GetArraySize(list) > 0 || !tree_at(conclusion, "alerts"))
		return list;
	cJSON_Delete(list);
	return cJSON_Duplicate(tree_at(conclusion, "alerts"), true);
}
