/*
 * runbook.h - what the documents say of an alert: asked by its runbook_url,
 * its name and what it measures, and quoted.
 *
 * The passage is somebody's text: it is quoted, with its source, and nothing
 * is concluded from it.
 */
#ifndef PLANNER_RULES_RUNBOOK_H
#define PLANNER_RULES_RUNBOOK_H

#include "planner/rules/conclude.h"

enum { RUNBOOK_QUOTE_MAX = 3000 }; /* bytes of a passage */

/* Asks for it. What was found is known once its causes are. */
void runbook_ask(struct study *s, const struct facts *f);

/* Whether the one is quoted that the alert's runbook_url names. */
bool runbook_is_named(const struct study *s);

/* Says where the passage is that is quoted of the alert's own runbook, and
 * cites it. False: none is. */
bool runbook_put_own(struct drawing *d, const struct study *s);

/* The conclusion's `runbooks`, the caller's; NULL where nobody was asked. */
cJSON *runbooks_of(struct drawing *d);

#endif
