/*
 * causes_json.h - find_causes' result as JSON, with sentences for people.
 */
#ifndef EXECUTOR_CAUSES_CAUSES_JSON_H
#define EXECUTOR_CAUSES_CAUSES_JSON_H

#include "executor/causes/causes_fetch.h"

#include <cjson/cJSON.h>

enum {
	CAUSES_JSON_PLOTS = 6, /* series kept with all their points */
};

/* The tree is the caller's. limit: causes and four times as many series. */
cJSON *causes_json(const struct causes_fetched *fetched,
    const struct causes_request *rq, const struct causes_result *result,
    size_t limit);

/* Appends one sentence: what was found, how sure. */
void causes_put_verdict(struct buf *b, const struct causes_set *set,
    const struct causes_result *result);

/* Appends one sentence: why cause i. */
void causes_put_reason(struct buf *b, const struct causes_set *set,
    const struct causes_result *result, size_t i);

#endif
