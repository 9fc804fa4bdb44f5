/*
 * world_oracle_alerts.c - whether what fires and what is down is on the page,
 * each once, counted right, and of an incident.
 */
#include "tests/harness/world_oracle_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/tree.h"

/* ---- the list and the incidents ---- */

static bool
is_same(const struct world_labels *l, const cJSON *labels)
{
	int n = 0;
	const cJSON *one;

	cJSON_ArrayForEach (one, labels) {
		n++;
		if (!cJSON_IsString(one) ||
		    strcmp(world_label(l, one->string), one->valuestring) != 0)
			return false;
	}
	return n == l->n;
}

/* Which alert of the world it is, in that state; -1: none. */
static int
alert_of(const struct judge *j, const cJSON *listed)
{
	const struct world *w = j->w;

	for (int i = 0; i < w->n_alerts; i++)
		if (is_same(&w->alerts[i].labels, tree_at(listed, "labels")) &&
		    strcmp(tree_str(listed, "state"),
			world_state_name(world_state(&w->alerts[i], w->at))) ==
			0)
			return i;
	return -1;
}

void
oracle_list(struct judge *j)
{
	const struct world *w = j->w;
	const cJSON *a;

	cJSON_ArrayForEach (a, j->s->alerts) {
		int i = alert_of(j, a);

		if (i < 0)
			BROKEN(j, LAW_LISTED, "%s is not %s then",
			    tree_str(a, "name"), tree_str(a, "state"));
		else if (!world_in_scope(w, &w->alerts[i]))
			BROKEN(j, LAW_LISTED, "%s is out of scope",
			    tree_str(a, "name"));
		else
			j->listed[i] = true;
	}
	for (int i = 0; i < w->n_alerts && j->alerts_readable; i++)
		if (world_state(&w->alerts[i], w->at) != STATE_NONE &&
		    world_in_scope(w, &w->alerts[i]) &&
		    (w->past || !world_is_hidden(w, &w->alerts[i])) &&
		    !j->listed[i])
			BROKEN(j, LAW_LISTED, "%s (%d) is missing",
			    oracle_rule(w, &w->alerts[i])->name, i);
}

static const char *
value_of(const struct world_labels *l, const char *name)
{
	for (int k = 0; k < l->n; k++)
		if (strcmp(l->at[k].name, name) == 0)
			return l->at[k].value;
	return "";
}

/* What an exporter put there about itself tells nothing of what the alert is
 * about, and is left out of the list. */
static bool
is_exporters(const struct world_labels *l, const char *name)
{
	static const char *const own[] = {
	    "endpoint", "instance", "job", "service"};
	bool it = false;

	for (size_t k = 0; k < ARRAY_LEN(own); k++)
		it = it || strcmp(own[k], name) == 0;
	return it && strcmp(value_of(l, "job"), "kube-state-metrics") == 0 &&
	       value_of(l, "pod")[0] != '\0';
}

void
oracle_names(struct judge *j)
{
	const struct world *w = j->w;

	for (int i = 0; i < w->n_alerts; i++) {
		const struct world_labels *l = &w->alerts[i].labels;

		if (!j->listed[i] || !oracle_fires(w, &w->alerts[i]))
			continue;
		for (int k = 0; k < l->n; k++)
			if (!is_exporters(l, l->at[k].name) &&
			    strstr(j->page, l->at[k].value) == NULL)
				BROKEN(j, LAW_NAMED, "%s of %s (%d)",
				    l->at[k].value,
				    oracle_rule(w, &w->alerts[i])->name, i);
	}
}

void
oracle_mark(const struct judge *j, const cJSON *parts, bool *marked)
{
	const cJSON *part, *index;

	cJSON_ArrayForEach (part, parts)
		cJSON_ArrayForEach (index, tree_at(part, "alerts")) {
			const cJSON *a = cJSON_GetArrayItem(j->s->alerts,
			    cJSON_IsNumber(index) ? index->valueint : -1);
			int i = a != NULL ? alert_of(j, a) : -1;

			if (i >= 0)
				marked[i] = true;
		}
}

/* Not only listed. */
static bool
is_spoken_of(const struct judge *j, const char *name)
{
	const char *first = strstr(j->page, name);

	return (first != NULL && first < j->alerts) ||
	       strstr(j->causes, name) != NULL;
}

void
oracle_incidents(struct judge *j)
{
	const struct world *w = j->w;
	bool told[WORLD_ALERTS_MAX] = {false};

	oracle_mark(j, tree_at(j->s->conclusion, "incidents"), told);
	oracle_mark(j, tree_at(j->s->conclusion, "others"), told);
	for (int i = 0; i < w->n_alerts; i++) {
		const struct world_alert *a = &w->alerts[i];

		if (!j->listed[i] || !oracle_fires(w, a))
			continue;
		if (oracle_is_known_heartbeat(w, a)) {
			if (told[i])
				BROKEN(j, LAW_HEARTBEAT, "%s",
				    oracle_rule(w, a)->name);
		} else if (!oracle_is_heartbeat(w, a) && !told[i]) {
			BROKEN(j, LAW_INCIDENT, "%s (%d) is of none",
			    oracle_rule(w, a)->name, i);
		} else if (!oracle_is_heartbeat(w, a) &&
			   !is_spoken_of(j, oracle_rule(w, a)->name)) {
			BROKEN(j, LAW_INCIDENT, "%s is not spoken of",
			    oracle_rule(w, a)->name);
		}
	}
}

/* The number behind the first of the words that is there; -1: none is. */
static int
number_behind(const char *page, const char *const *words)
{
	for (; *words != NULL; words++) {
		const char *at = strstr(page, *words);

		if (at != NULL)
			return (int)strtol(at + strlen(*words), NULL, 10);
	}
	return -1;
}

static int
number_before(const char *page, const char *const *words)
{
	for (; *words != NULL; words++) {
		const char *at = strstr(page, *words);

		if (at == NULL)
			continue;
		while (at > page && at[-1] >= '0' && at[-1] <= '9')
			at--;
		return (int)strtol(at, NULL, 10);
	}
	return -1;
}

/* ---- counts ---- */

static void
judge_count(struct judge *j, enum world_state state, const char *const *words)
{
	const struct world *w = j->w;
	int n = 0, told = number_behind(j->page, words);

	for (int i = 0; i < w->n_alerts; i++)
		n += j->listed[i] && world_state(&w->alerts[i], w->at) == state;
	if (told != (n > 0 ? n : -1) && !(n == 0 && told == 0))
		BROKEN(j, LAW_COUNT, "%d %s, the page says %d", n,
		    world_state_name(state), told);
}

static int
worlds_down(const struct world *w)
{
	int n = 0;

	for (int i = 0; i < w->n_targets; i++)
		n += world_is_down(&w->targets[i], w->at);
	return n;
}

static void
judge_broken_rules(struct judge *j)
{
	static const char *const words[] = {" rules are not evaluated",
	    " rule is not evaluated", " 条规则没有", NULL};
	const struct world *w = j->w;
	int n = oracle_broken_rules(w), told = number_before(j->page, words);

	if (w->past || w->rules_elsewhere || !world_answers(w, API_RULES))
		return;
	if (told >= 0 ? told != n
		      : n > 0 && j->alerts_readable &&
			    strcmp(oracle_doubt(j),
				"a rule cannot be evaluated") == 0)
		BROKEN(
		    j, LAW_COUNT, "%d rules broken, the page says %d", n, told);
}

void
oracle_counts(struct judge *j)
{
	static const char *const firing[] = {
	    "Alert instances firing: ", "正在触发的告警实例：", NULL};
	static const char *const pending[] = {
	    "Pending (the condition holds, not yet firing): ",
	    "待定（条件已满足，尚未触发）：", NULL};

	judge_count(j, STATE_FIRING, firing);
	judge_count(j, STATE_PENDING, pending);
	judge_broken_rules(j);
}

/* ---- targets ---- */

static int
target_of(const struct world *w, const cJSON *listed)
{
	for (int i = 0; i < w->n_targets; i++)
		if (tree_is(listed, "job", w->targets[i].job) &&
		    tree_is(listed, "instance", w->targets[i].instance))
			return i;
	return -1;
}

void
oracle_targets(struct judge *j)
{
	static const char *const words[] = {
	    "Targets that cannot be scraped: ", "采集失败的目标：", NULL};
	const struct world *w = j->w;
	bool listed[WORLD_TARGETS_MAX] = {false};
	bool readable = w->past ? world_answers(w, API_QUERY)
				: world_answers(w, API_TARGETS);
	int n = 0, told = number_behind(j->page, words);
	const cJSON *t;

	cJSON_ArrayForEach (t, tree_at(j->s->conclusion, "targets_down")) {
		int i = target_of(w, t);

		n++;
		if (i < 0 || !world_is_down(&w->targets[i], w->at) ||
		    oracle_is_before_data(w))
			BROKEN(j, LAW_TARGETS, "%s was not down",
			    tree_str(t, "instance"));
		else
			listed[i] = true;
	}
	for (int i = 0;
	     i < w->n_targets && readable && !oracle_is_before_data(w); i++)
		if (world_is_down(&w->targets[i], w->at) && !listed[i])
			BROKEN(j, LAW_TARGETS, "%s was down",
			    w->targets[i].instance);
	if (told != (n > 0 ? n : -1))
		BROKEN(j, LAW_COUNT, "%d targets listed, the page says %d", n,
		    told);
	if (worlds_down(w) > 0 &&
	    (strstr(j->page, "no target fails to be scraped") != NULL ||
		strstr(j->page, "没有目标采集失败") != NULL))
		BROKEN(j, LAW_TARGETS, "none is down, it says");
}
