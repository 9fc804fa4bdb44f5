/* world_oracle_known.c - what could be known of a world by who asks it. */
#include "tests/harness/world_oracle_in.h"

#include <string.h>

const struct world_rule *
oracle_rule(const struct world *w, const struct world_alert *a)
{
	return &w->rules[a->rule];
}

bool
oracle_is_heartbeat(const struct world *w, const struct world_alert *a)
{
	return oracle_rule(w, a)->is_heartbeat;
}

bool
oracle_is_known_heartbeat(const struct world *w, const struct world_alert *a)
{
	return oracle_is_heartbeat(w, a) &&
	       (oracle_rule(w, a)->is_named_so ||
		   (world_answers(w, API_RULES) && !w->rules_elsewhere));
}

bool
oracle_fires(const struct world *w, const struct world_alert *a)
{
	return world_state(a, w->at) == STATE_FIRING;
}

int
oracle_broken_rules(const struct world *w)
{
	int n = 0;

	for (int i = 0; i < w->n_rules; i++)
		n += w->rules[i].health != RULE_OK;
	return n;
}

static bool
has_alerting_rule(const struct world *w)
{
	for (int i = 0; i < w->n_rules && !w->rules_elsewhere; i++)
		if (!w->rules[i].recording)
			return true;
	return false;
}

bool
oracle_all_answer_well(const struct world *w)
{
	for (int i = 0; i < WORLD_APIS; i++)
		if (w->api[i] != ANSWERS_WELL)
			return false;
	return w->refused == NULL;
}

bool
oracle_is_before_data(const struct world *w)
{
	return w->past && w->at < w->begin + WORLD_SCRAPE_S;
}

void
oracle_see(struct judge *j)
{
	const struct world *w = j->w;
	bool store = world_answers(w, API_QUERY);

	if (w->past)
		j->alerts_readable = store && !oracle_is_before_data(w);
	else if (w->rules_elsewhere)
		j->alerts_maybe = store;
	else
		j->alerts_readable = world_answers(w, API_ALERTS);
	j->alerts_maybe |=
	    !j->alerts_readable && store && !oracle_is_before_data(w);
}

const char *
oracle_doubt(const struct judge *j)
{
	const struct world *w = j->w;

	for (int i = 0; i < w->n_alerts; i++)
		if (oracle_fires(w, &w->alerts[i]) &&
		    !oracle_is_heartbeat(w, &w->alerts[i]))
			return world_in_scope(w, &w->alerts[i])
				   ? "an alert fires"
				   : "an alert fires outside the scope";
	if (!j->completed)
		return "the investigation is incomplete";
	if (!j->alerts_readable && !j->alerts_maybe)
		return "alerts could not be read";
	if (oracle_is_before_data(w))
		return "there is no data of that moment";
	if (w->past)
		return w->api[API_QUERY] == ANSWERS_WARNING
			   ? "the answer is partial"
			   : NULL;
	if (w->api[API_ALERTS] == ANSWERS_WARNING ||
	    w->api[API_RULES] == ANSWERS_WARNING)
		return "the answer is partial";
	if (!world_answers(w, API_RULES))
		return "rules could not be read";
	if (!has_alerting_rule(w))
		return "no rule is evaluated here";
	return oracle_broken_rules(w) > 0 ? "a rule cannot be evaluated" : NULL;
}
