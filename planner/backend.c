/* backend.c - the table of backends. */
#include "planner/backend.h"

#include "planner/llm/llm_settings.h"

static const struct backend_ops *const backends[] = {&backend_rules,
    &backend_rules_openai, &backend_openai, &backend_script, &backend_replay};

enum rc
backend_find(
    const struct conf *conf, const struct backend_ops **ret, struct err *err)
{
	const char *name = conf->planner;
	auto_buf names = {.max = 200};
	size_t i;

	if (name == NULL)
		name = llm_is_configured(conf) ? "rules+openai" : "rules";
	for (i = 0; i < ARRAY_LEN(backends); i++) {
		if (strcmp(backends[i]->name, name) == 0) {
			*ret = backends[i];
			return RC_OK;
		}
		buf_addf(&names, "%s%s", i > 0 ? ", " : "", backends[i]->name);
	}
	return err_set(err, RC_INVALID,
	    "planner \"%s\" is not known; --planner (CULPRIT_PLANNER) is one "
	    "of %s",
	    name, buf_str(&names));
}
