/* world_truth.c - what holds in a world at a moment, and the world in words. */
#include "tests/harness/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sample that Prometheus takes for that moment. */
static double
scraped(double t)
{
	return floor(t / WORLD_SCRAPE_S) * WORLD_SCRAPE_S;
}

enum world_state
world_state(const struct world_alert *a, double t)
{
	t = scraped(t);
	if (t < a->pending_from || t >= a->until)
		return STATE_NONE;
	return t < a->firing_from ? STATE_PENDING : STATE_FIRING;
}

const char *
world_state_name(enum world_state s)
{
	static const char *const words[] = {"none", "pending", "firing"};

	return words[s];
}

bool
world_is_down(const struct world_target *t, double at)
{
	at = scraped(at);
	return at >= t->down_from && at < t->down_until;
}

bool
world_in_scope(const struct world *w, const struct world_alert *a)
{
	return w->scope_key == NULL ||
	       strcmp(world_label(&a->labels, w->scope_key), w->scope_value) ==
		   0;
}

/* Every third. */
bool
world_is_hidden(const struct world *w, const struct world_alert *a)
{
	return w->api[API_ALERTS] == ANSWERS_WARNING &&
	       ((size_t)(a - w->alerts) + w->seed) % 3 == 0;
}

bool
world_answers(const struct world *w, enum world_api api)
{
	return w->api[api] <= ANSWERS_INFO;
}

static bool
leads(const struct world *w, int from, int to, int depth)
{
	if (from == to)
		return true;
	for (int i = 0; i < w->n_edges && depth < w->n_services; i++)
		if (w->edges[i].client == from &&
		    leads(w, w->edges[i].server, to, depth + 1))
			return true;
	return false;
}

bool
world_path(const struct world *w, int from, int to)
{
	if (from < 0 || to < 0)
		return false;
	return from == to || (w->edges_measured && leads(w, from, to, 0));
}

int
world_service(const struct world *w, const char *name)
{
	for (int i = 0; i < w->n_services; i++)
		if (strcmp(w->services[i].name, name) == 0)
			return i;
	return -1;
}

/* ---- in words ---- */

static void
put_ago(const struct world *w, struct buf *b, double t)
{
	if (isinf(t))
		buf_adds(b, "never");
	else
		buf_addf(b, "-%.0fs", w->now - t);
}

static void
put_labels(struct buf *b, const struct world_labels *l)
{
	buf_addc(b, '{');
	for (int i = 0; i < l->n; i++)
		buf_addf(b, "%s%s=%s", i > 0 ? "," : "", l->at[i].name,
		    l->at[i].value);
	buf_addc(b, '}');
}

static void
tell_request(const struct world *w, struct buf *b)
{
	static const char *const apis[] = {
	    "alerts", "rules", "targets", "query", "range", "names"};
	static const char *const how[] = {
	    "well", "warning", "info", "null", "error", "missing", "hangup"};
	static const char *const upsets[] = {
	    "", " executor killed", " supervisor killed", " no executor"};

	buf_addf(b, "seed %llu%s: %s, at ", (unsigned long long)w->seed,
	    upsets[w->upset], w->zh ? "zh" : "en");
	put_ago(w, b, w->at);
	buf_adds(b, ", samples from ");
	put_ago(w, b, w->begin);
	if (w->scope_key != NULL)
		buf_addf(b, ", %s=%s", w->scope_key, w->scope_value);
	if (w->input[0] != '\0')
		buf_addf(b, ", \"%s\"", w->input);
	for (int i = 0; i < WORLD_APIS; i++)
		if (w->api[i] != ANSWERS_WELL)
			buf_addf(b, ", %s: %s", apis[i], how[w->api[i]]);
	if (w->refused != NULL)
		buf_addf(b, ", %s refused", w->refused);
	if (w->rules_elsewhere)
		buf_adds(b, ", rules elsewhere");
	buf_addc(b, '\n');
}

static void
tell_services(const struct world *w, struct buf *b)
{
	buf_adds(b, "services:");
	for (int i = 0; i < w->n_services; i++) {
		const struct world_service *s = &w->services[i];

		buf_addf(b, " %s/%s%s", s->namespace, s->name,
		    s->measured ? "" : "(unmeasured)");
		if (isinf(s->fault_from))
			continue;
		buf_adds(b, "(fault ");
		put_ago(w, b, s->fault_from);
		buf_addc(b, ')');
	}
	buf_addf(b, "\nedges%s:", w->edges_measured ? "" : " (unmeasured)");
	for (int i = 0; i < w->n_edges; i++)
		buf_addf(b, " %s>%s", w->services[w->edges[i].client].name,
		    w->services[w->edges[i].server].name);
	buf_addc(b, '\n');
}

static void
tell_targets(const struct world *w, struct buf *b)
{
	buf_adds(b, "targets:");
	for (int i = 0; i < w->n_targets; i++) {
		const struct world_target *t = &w->targets[i];

		buf_addf(b, " %s/%s", t->job, t->instance);
		if (isinf(t->down_from))
			continue;
		buf_adds(b, "(down ");
		put_ago(w, b, t->down_from);
		buf_adds(b, " until ");
		put_ago(w, b, t->down_until);
		buf_addc(b, ')');
	}
	buf_adds(b, "\nrules:");
	for (int i = 0; i < w->n_rules; i++)
		buf_addf(b, " %s(%s)%s", w->rules[i].name, w->rules[i].severity,
		    w->rules[i].health == RULE_OK       ? ""
		    : w->rules[i].health == RULE_BROKEN ? "BROKEN"
							: "NEVER");
	buf_addc(b, '\n');
}

void
world_tell(const struct world *w, struct buf *b)
{
	tell_request(w, b);
	tell_services(w, b);
	tell_targets(w, b);
	for (int i = 0; i < w->n_alerts; i++) {
		const struct world_alert *a = &w->alerts[i];

		if (i == 30) {
			buf_addf(b, "… and %d more\n", w->n_alerts - i);
			break;
		}
		put_labels(b, &a->labels);
		buf_adds(b, " pending ");
		put_ago(w, b, a->pending_from);
		buf_adds(b, " firing ");
		put_ago(w, b, a->firing_from);
		buf_adds(b, " until ");
		put_ago(w, b, a->until);
		buf_addf(b, ": %s%s\n", world_state_name(world_state(a, w->at)),
		    world_in_scope(w, a) ? "" : ", out of scope");
	}
}
