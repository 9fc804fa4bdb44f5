/* backend.c - the table of backends. */
#include "planner/backend.h"

/* ops NULL: the name is known, this build has no such backend. */
static const struct {
	const char *name;
	const struct backend_ops *ops;
} backends[] = {
    {"rules", &backend_rules},
    {"script", &backend_script},
    {"openai", NULL},
};

enum rc
backend_find(const char *name, const struct backend_ops **ret, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(backends); i++) {
		if (strcmp(backends[i].name, name) != 0)
			continue;
		if (backends[i].ops == NULL)
			return err_set(err, RC_INVALID,
			    "planner \"%s\" is not part of this build yet; "
			    "set --planner (CULPRIT_PLANNER) to rules",
			    name);
		*ret = backends[i].ops;
		return RC_OK;
	}
	return err_set(err, RC_INVALID,
	    "planner \"%s\" is not known; --planner (CULPRIT_PLANNER) is "
	    "rules, openai or script",
	    name);
}
