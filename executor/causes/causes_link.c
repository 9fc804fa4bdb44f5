/*
 * causes_link.c - what is missing between an alert and its first suspect.
 *
 * A service that changed at the time is a suspect; it is a cause only where
 * the alert's own service depends on it, and where it changed first.
 */
#include "executor/causes/causes_link.h"
#include "executor/causes/causes_finding.h"

#include <math.h>

#define TELLING 1.0 /* evidence below this does not tell when it began */
#define EARLY 0.5   /* a change this far along at the onset began before it */
#define NEAR_S 30.0 /* scrapes and rates tell no order closer than this */

/* A symptom that grew; one that shrank is none. */
static bool
shows(const struct causes_series *s, const struct causes_change *c)
{
	return !s->outgoing && c->up_z >= c->down_z &&
	       (s->kind == CAUSES_LATENCY || s->kind == CAUSES_ERROR ||
		   s->kind == CAUSES_AVAIL) &&
	       causes_evidence(c->up_z) >= TELLING;
}

/* When series i left its usual range: -INFINITY before the onset. */
static double
began(const struct causes_link *l, size_t i)
{
	const struct causes_change *c = &l->changes[i];
	bool rose = c->up_z >= c->down_z;

	if ((rose ? c->up_early : c->down_early) >= EARLY)
		return -INFINITY;
	return causes_finding_of(l->set, i, c, l->worth[i], &l->after).began_s;
}

/* The earliest telling change of a service, of its symptoms or of all that
 * counts against it; INFINITY without one. */
static double
first_change(const struct causes_link *l, uint16_t service, bool symptoms)
{
	double first = INFINITY;

	for (size_t i = 0; i < causes_set_count(l->set); i++) {
		const struct causes_series *s = causes_set_at(l->set, i);
		const struct causes_change *c = &l->changes[i];

		if (s->service == service && c->known &&
		    (symptoms ? shows(s, c) : l->worth[i] >= TELLING))
			first = fmin(first, began(l, i));
	}
	return first;
}

static bool
symptom_came_first(const struct causes_link *l, uint16_t suspect)
{
	double step = causes_set_grid(l->set)->step_s;
	double near = fmax(NEAR_S, step / 2);
	double changed = first_change(l, suspect, false);

	/* Nothing of it tells when: then nothing speaks against it. */
	if (isinf(changed))
		return false;
	if (changed > l->alert_s + near)
		return true;
	return suspect != l->alert &&
	       first_change(l, l->alert, true) < changed - near;
}

unsigned
causes_link_missing(
    const struct causes_link *l, const struct causes_cause *first)
{
	unsigned missing = 0;

	if (l->alert == CAUSES_NONE)
		return CAUSES_NO_ENTITY;
	if (first->npath == 0)
		missing |= CAUSES_NO_PATH;
	if (symptom_came_first(l, first->service))
		missing |= CAUSES_SYMPTOM_FIRST;
	return missing;
}
