/* world_oracle_causes.c - whether likely causes are any. */
#include "tests/harness/world_oracle_in.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"

enum { TROUBLE_EARLIER_S = 900 };

/* The service an incident's answer blames, "" for none. */
static void
blamed(
    const struct judge *j, int n, const cJSON *incident, char *out, size_t size)
{
	const char *answer = tree_str(tree_at(incident, "answer"), "text");
	const cJSON *f;

	out[0] = '\0';
	cJSON_ArrayForEach (f, tree_at(j->s->conclusion, "findings"))
		if (tree_is(f, "role", "cause") &&
		    (int)tree_num(f, "incident", -1) == n &&
		    tree_has(tree_at(f, "says"), "service"))
			snprintf(out, size, "%s",
			    tree_str(tree_at(f, "says"), "service"));
	/* "`cart`: it is slow" */
	if (out[0] == '\0' && answer[0] == '`')
		snprintf(out, size, "%.*s", (int)strcspn(answer + 1, "`"),
		    answer + 1);
}

/* Whether the alert's own labels name it, and not its exporter's: a target by
 * its job, a node by its host. */
static bool
is_itself(const struct world *w, const struct world_alert *a, const char *name)
{
	enum world_about about = oracle_rule(w, a)->about;
	const char *instance = world_label(&a->labels, "instance");

	if ((about == ABOUT_TARGET || about == ABOUT_JOB) &&
	    strcmp(world_label(&a->labels, "job"), name) == 0)
		return true;
	return (about == ABOUT_TARGET || about == ABOUT_NODE) &&
	       strlen(name) == strcspn(instance, ":") &&
	       strncmp(instance, name, strlen(name)) == 0 && name[0] != '\0';
}

/* What an incident's alerts say of one that is blamed. */
struct link {
	bool path, is_itself, target_down, measure_read;
	bool all_earlier; /* all of them were there long before its fault */
};

static struct link
link_of(const struct judge *j, const cJSON *incident, const char *name)
{
	const struct world *w = j->w;
	bool of[WORLD_ALERTS_MAX] = {false};
	int service = world_service(w, name);
	struct link l = {.all_earlier = service >= 0};
	AUTO(tree) list = cJSON_CreateArray();

	cJSON_AddItemReferenceToArray(list, (cJSON *)incident);
	oracle_mark(j, list, of);
	for (int i = 0; i < w->n_alerts; i++) {
		const struct world_alert *a = &w->alerts[i];
		const char *metric = oracle_rule(w, a)->metric;

		if (!of[i])
			continue;
		l.path |= world_path(w, a->service, service);
		l.is_itself |= is_itself(w, a, name);
		l.measure_read |= w->refused == NULL || metric == NULL ||
				  strstr(metric, w->refused) == NULL;
		if (service >= 0)
			l.all_earlier &=
			    a->pending_from <
			    world_slow_from(w, service) - TROUBLE_EARLIER_S;
		for (int t = 0; t < w->n_targets; t++)
			l.target_down |=
			    world_is_down(&w->targets[t], w->at) &&
			    strcmp(w->targets[t].instance,
				world_label(&a->labels, "instance")) == 0;
	}
	return l;
}

static bool
is_likely(const cJSON *part)
{
	return tree_is(part, "confidence", "likely") ||
	       tree_is(part, "confidence", "confirmed");
}

/* A target of the service is down: it may have been before its fault. */
static bool
is_unscraped(const struct world *w, const char *service)
{
	for (int t = 0; t < w->n_targets; t++)
		if (strcmp(w->targets[t].job, service) == 0 &&
		    world_is_down(&w->targets[t], w->at))
			return true;
	return false;
}

static void
judge_likely(struct judge *j, int n, const cJSON *incident)
{
	const struct world *w = j->w;
	char name[200];
	int service;
	struct link l;

	blamed(j, n, incident, name, sizeof(name));
	service = world_service(w, name);
	l = link_of(j, incident, name);
	if (name[0] == '\0') {
		if (!l.target_down)
			BROKEN(j, LAW_LIKELY, "nobody is named");
		return;
	}
	if (l.is_itself)
		return;
	if (service < 0)
		BROKEN(j, LAW_LIKELY, "there is no service %s", name);
	else if (!l.path)
		BROKEN(j, LAW_LIKELY, "no path leads to %s", name);
	else if (!l.measure_read || !world_answers(w, API_RANGE))
		BROKEN(j, LAW_LIKELY,
		    "%s, though what the alert measures was not read", name);
	else if (l.all_earlier && !isinf(w->services[service].fault_from) &&
		 !is_unscraped(w, name))
		BROKEN(j, LAW_LIKELY, "%s, whose fault came later", name);
}

void
oracle_causes(struct judge *j)
{
	static const char *const words[] = {"Confidence: likely",
	    "Confidence: confirmed", "置信度：很可能", "置信度：已确认",
	    "Cause (likely)", "Cause (confirmed)", "原因（很可能）",
	    "原因（已确认）"};
	const cJSON *incident;
	bool any = false;
	int n = 0;

	cJSON_ArrayForEach (incident, tree_at(j->s->conclusion, "incidents")) {
		if (is_likely(incident)) {
			any = true;
			judge_likely(j, n, incident);
		}
		n++;
	}
	for (size_t i = 0; i < ARRAY_LEN(words) && !any; i++)
		if (strstr(j->page, words[i]) != NULL)
			BROKEN(j, LAW_LIKELY, "the page says so, of nothing");
}
