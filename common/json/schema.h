/*
 * schema.h - does a value fit a JSON schema? For the arguments of tools.
 *
 * The subset: type (one or a list), enum, properties, required,
 * additionalProperties (false or a schema), items, minimum, maximum,
 * minLength, maxLength (in bytes), minItems, maxItems. Other keywords are
 * ignored: a foreign tool's server checks them itself.
 */
#ifndef COMMON_JSON_SCHEMA_H
#define COMMON_JSON_SCHEMA_H

#include "common/base/rc.h"

#include <cjson/cJSON.h>

/*
 * RC_INVALID with the path ("args.limit"), what was expected and what was
 * found; a name that is not allowed comes with the list of those that are.
 * where names the value. Recursion is bounded by both trees' depth.
 */
NODISCARD enum rc schema_check(const cJSON *schema, const cJSON *value,
    const char *where, struct err *err);

#endif
