/*
 * workbench.h - the real tools on a loop of the test's own, against a stub
 * that answers as Prometheus would, or worse.
 */
#ifndef TESTS_HARNESS_WORKBENCH_H
#define TESTS_HARNESS_WORKBENCH_H

#include "executor/run.h"
#include "executor/tools/source_prom.h"
#include "tests/harness/stub_http.h"

#include <cjson/cJSON.h>

struct workbench {
	struct stub_http *stub;
	zloop_t *loop;
	struct toolset *tools;
	struct conf conf;
	struct tool_env tool_env;
	struct source_prom *prom; /* the stub, as the tools know it */
	struct run_env env;
	/* The last outcome. */
	bool done, success;
	cJSON *feedback;
	struct buf evidence;
	char media[64];
};

/* What the stub says, well put. */
#define WORKBENCH_DATA(x) "{\"status\":\"success\",\"data\":" x "}"

/* answer and arg are of the stub. */
void workbench_open(struct workbench *b, stub_fn *answer, void *arg);
/* The same against a server of somebody else's; with the runbooks that come
 * with the program, indexed in dir, where that is not NULL. */
void workbench_open_at(struct workbench *b, const char *url, const char *dir);
void workbench_close(struct workbench *b);

/* Begins a step; b->done tells when it has ended. */
struct run *workbench_start(
    struct workbench *b, const char *step_json, int64_t deadline_ms);

/* Runs a step to its end; its summary. */
const char *workbench_perform(struct workbench *b, const char *step_json);

/* A member of the last outcome's data; NULL: none. */
const cJSON *workbench_data(const struct workbench *b, const char *key);
double workbench_number(const struct workbench *b, const char *key);

#endif
