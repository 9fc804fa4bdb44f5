/*
 * json_build.h - a cJSON tree out of jsonsax events, one value at a time:
 * for documents of which only parts become trees.
 */
#ifndef COMMON_JSON_JSON_BUILD_H
#define COMMON_JSON_JSON_BUILD_H

#include "common/json/jsonsax.h"

#include <cjson/cJSON.h>

struct json_build {
	size_t values_max; /* set by the caller; else zeroed */
	size_t values;
	cJSON *root; /* owned until taken */
	cJSON *open[JSONSAX_DEPTH_MAX];
	unsigned depth;
	char *key; /* owned; waits for its value */
};

/* Takes the next event. RC_TOOBIG: more values than allowed. *ret_complete
 * tells that the value has ended; then take root. */
NODISCARD enum rc json_build_event(struct json_build *b,
    const struct jsonsax_event *ev, bool *ret_complete, struct err *err);

/* The finished tree, the caller's; b is ready for the next. */
cJSON *json_build_take(struct json_build *b);

/* Frees what is unfinished; b is ready for the next. */
void json_build_reset(struct json_build *b);

#endif
