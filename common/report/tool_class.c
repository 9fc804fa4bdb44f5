/* tool_class.c - the names of the side-effect classes. */
#include "common/report/tool_class.h"

#include <strings.h>

static const char *const names[TOOL_CLASS_COUNT] = {
    [TOOL_READ] = "READ",
    [TOOL_IDEMPOTENT] = "IDEMPOTENT",
    [TOOL_UNSAFE] = "UNSAFE",
};

const char *tool_class_name(enum tool_class class)
{
	return names[class];
}

bool
tool_class_parse(struct span name, enum tool_class *ret)
{
	int i;

	for (i = 0; i < TOOL_CLASS_COUNT; i++) {
		if (name.n != strlen(names[i]) ||
		    strncasecmp(name.p, names[i], name.n) != 0)
			continue;
		*ret = (enum tool_class)i;
		return true;
	}
	return false;
}
