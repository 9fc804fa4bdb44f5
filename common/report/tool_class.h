/*
 * tool_class.h - what a call of a tool does to the world, and so what may be
 * done when nobody knows whether it happened.
 */
#ifndef COMMON_REPORT_TOOL_CLASS_H
#define COMMON_REPORT_TOOL_CLASS_H

#include "common/base/span.h"

#include <stdbool.h>

/* Who approved where no file names those who may: whoever is at this machine.
 * No name in such a file has blanks. */
#define APPROVED_HERE "someone at this machine"

/* From harmless to strict: the larger one counts where two differ. */
enum tool_class {
	TOOL_READ,       /* changes nothing: repeated freely */
	TOOL_IDEMPOTENT, /* repeated under the same key */
	TOOL_UNSAFE,     /* asks a person first, and is never repeated */
};
enum { TOOL_CLASS_COUNT = TOOL_UNSAFE + 1 };

/* "READ", ... */
const char *tool_class_name(enum tool_class class);

/* Takes a name in either case; false: it is none, *ret is as before. */
bool tool_class_parse(struct span name, enum tool_class *ret);

#endif
