/* tree.h - looking into a JSON tree where what is absent reads as empty. */
#ifndef COMMON_JSON_TREE_H
#define COMMON_JSON_TREE_H

#include "common/base/attr.h"
#include "common/base/span.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

DEFINE_AUTO(tree, cJSON, cJSON_Delete);

static inline const cJSON *
tree_at(const cJSON *t, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(t, key);
}

/* Never NULL. */
static inline const char *
tree_str(const cJSON *t, const char *key)
{
	const cJSON *v = tree_at(t, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static inline struct span
tree_span(const cJSON *t, const char *key)
{
	return span_of(tree_str(t, key));
}

static inline double
tree_num(const cJSON *t, const char *key, double absent)
{
	const cJSON *v = tree_at(t, key);

	return cJSON_IsNumber(v) ? v->valuedouble : absent;
}

static inline bool
tree_is(const cJSON *t, const char *key, const char *text)
{
	return strcmp(tree_str(t, key), text) == 0;
}

static inline bool
tree_has(const cJSON *t, const char *key)
{
	return tree_str(t, key)[0] != '\0';
}

#endif
