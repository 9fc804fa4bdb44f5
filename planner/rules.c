/* rules.c - the deterministic diagnosing planner. */
#include "planner/rules.h"

#include "planner/backend.h"

void
rules_plan(struct buf *b, struct span state, enum report_lang fallback)
{
	(void)state;
	(void)fallback;
	backend_put_error(b, "the rules planner is not part of this build yet");
}
