/*
 * once.c - the executor alone: one step or plan from a file, its feedback as
 * JSON. For whoever debugs a tool: no supervisor, no socket, the same code.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/base/sha256.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "executor/executor.h"
#include "executor/run.h"

#include <math.h>
#include <stdlib.h>

enum {
	INPUT_MAX = 1 << 20,
	STEPS_MAX = 64,
	OUTPUT_MAX = 64 << 20,
	EXIT_FAILED = 1,
	EXIT_BAD_INPUT = 2,
};

/* One step under way. */
struct one {
	struct once *once;
	cJSON *feedback; /* NULL until done */
	bool success;
};

struct once {
	struct run_env env;
	zloop_t *loop;
	struct one list[STEPS_MAX];
	int n, n_done;
};

/* ---- input ---- */

static enum rc
read_all(FILE *in, struct buf *b, struct err *err)
{
	char piece[8192];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), in)) > 0 && !b->full)
		buf_add(b, piece, n);
	if (ferror(in) != 0)
		return err_set(err, RC_IO, "standard input cannot be read");
	return buf_check(b, "the input", err);
}

static enum rc
to_tree(struct span text, cJSON **ret, struct err *err)
{
	enum rc rc;

	/* A msgpack map begins with a byte that no JSON begins with. */
	if (text.n == 0 || ((unsigned char)text.p[0] & 0x80) == 0)
		return json_parse(text, NULL, ret, err);
	rc = wire_check(text, err);
	if (rc == RC_OK)
		*ret = wire_to_tree(text);
	return rc;
}

/* People write "-1h" and "30m"; on the wire stand ms and seconds. */
static enum rc
normalise(cJSON *step, const char *where, struct err *err)
{
	struct json_in in = json_in(step, where, err);
	int64_t now = clk_wall_ms();
	int64_t at, window;

	json_in_str(&in, "tool", "query_prometheus_metrics");
	json_in_object_opt(&in, "args");
	/* The wire's own form, ms since the epoch, is no sensible number of
	 * seconds: they cannot be mistaken for each other. */
	if (cJSON_GetNumberValue(cJSON_GetObjectItem(step, "at")) > 1e11)
		at = (int64_t)cJSON_GetObjectItem(step, "at")->valuedouble;
	else
		at = json_in_moment_opt(&in, "at", now, now);
	window = json_in_duration_opt(
	    &in, "window", 1000, INT64_C(366) * 86400000, RUN_WINDOW_MS);
	if (json_in_end(&in) != RC_OK)
		return in.rc;
	cJSON_DeleteItemFromObjectCaseSensitive(step, "at");
	cJSON_DeleteItemFromObjectCaseSensitive(step, "window");
	cJSON_AddNumberToObject(step, "at", (double)at);
	cJSON_AddNumberToObject(step, "window", floor((double)window / 1000));
	return RC_OK;
}

/* What a plan says of all its steps. */
static void
inherit(cJSON *step, const cJSON *plan)
{
	static const char *const keys[] = {"at", "window", "labels", "context"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const cJSON *v =
		    cJSON_GetObjectItemCaseSensitive(plan, keys[i]);

		if (v != NULL && cJSON_IsObject(step) &&
		    cJSON_GetObjectItemCaseSensitive(step, keys[i]) == NULL)
			cJSON_AddItemToObject(
			    step, keys[i], cJSON_Duplicate(v, true));
	}
}

/* The steps of the input, as an array that is the caller's. */
static enum rc
to_steps(cJSON *input, cJSON **ret, struct err *err)
{
	AUTO(json) list = NULL;
	cJSON *steps = cJSON_DetachItemFromObjectCaseSensitive(input, "steps");
	cJSON *step;
	char where[32];
	enum rc rc;
	int i = 0;

	if (cJSON_GetArraySize(steps) > 0 && cJSON_IsArray(steps)) {
		list = steps;
	} else {
		cJSON_Delete(steps);
		list = cJSON_CreateArray();
		cJSON_AddItemToArray(list, cJSON_Duplicate(input, true));
	}
	if (cJSON_GetArraySize(list) > STEPS_MAX)
		return err_set(err, RC_TOOBIG, "more than %d steps", STEPS_MAX);
	cJSON_ArrayForEach (step, list) {
		snprintf(where, sizeof(where), "steps[%d]", i++);
		inherit(step, input);
		rc = normalise(step, steps != NULL ? where : "step", err);
		if (rc != RC_OK)
			return rc;
	}
	*ret = TAKE(list);
	return RC_OK;
}

/* ---- running ---- */

/* Text as it is; other bytes are not for JSON. */
static cJSON *
evidence_tree(const struct run_outcome *outcome)
{
	cJSON *o = cJSON_CreateObject();
	char sha[SHA256_TEXT];

	cJSON_AddStringToObject(o, "media", outcome->media);
	cJSON_AddStringToObject(
	    o, "sha256", sha256_text(outcome->evidence, sha));
	cJSON_AddNumberToObject(o, "bytes", (double)outcome->evidence.n);
	if (utf8_ok(outcome->evidence))
		json_add_span(o, "body", outcome->evidence);
	return o;
}

static int
stop_loop(zloop_t *loop UNUSED, int timer UNUSED, void *arg UNUSED)
{
	return -1;
}

static void
on_outcome(void *arg, const struct run_outcome *outcome)
{
	struct one *one = arg;
	struct once *o = one->once;

	one->feedback = wire_to_tree(outcome->feedback);
	one->success = outcome->success;
	if (outcome->evidence.n > 0)
		cJSON_AddItemToObject(
		    one->feedback, "evidence", evidence_tree(outcome));
	if (++o->n_done == o->n)
		zloop_timer(o->loop, 0, 1, stop_loop, NULL);
}

static void
run_steps(struct once *o, const cJSON *steps)
{
	const cJSON *step;
	int i = 0;

	o->n = cJSON_GetArraySize(steps);
	cJSON_ArrayForEach (step, steps) {
		auto_buf wire = {.max = 2 * (size_t)INPUT_MAX};
		struct one *one = &o->list[i++];

		one->once = o;
		wire_put_tree(&wire, step);
		run_start(&o->env, buf_span(&wire), 0, on_outcome, one);
	}
	zloop_start(o->loop);
}

/* Nobody is asked here: whoever types it says so. */
static enum rc
is_allowed(const struct toolset *tools, const cJSON *steps, struct err *err)
{
	const struct tool *tool;
	const cJSON *step;
	struct err none;

	cJSON_ArrayForEach (step, steps) {
		struct span name = span_of(tree_str(step, "tool"));

		if (toolset_find(tools, name, &tool, &none) == RC_OK &&
		    toolset_class(tools, tool) == TOOL_UNSAFE)
			return err_set(err, RC_DENIED,
			    "%.*s is UNSAFE and --once asks nobody: say "
			    "--unsafe to run it all the same",
			    SPAN_ARG(name));
	}
	return RC_OK;
}

static bool
print(struct once *o, FILE *out)
{
	AUTO(json) all = NULL;
	auto_buf text = {.max = OUTPUT_MAX};
	bool good = true;
	int i;

	if (o->n == 1) {
		all = o->list[0].feedback;
		good = o->list[0].success;
	} else {
		cJSON *list;

		all = cJSON_CreateObject();
		list = cJSON_AddArrayToObject(all, "feedback");
		for (i = 0; i < o->n; i++) {
			cJSON_AddItemToArray(list, o->list[i].feedback);
			good = good && o->list[i].success;
		}
	}
	json_print_pretty(&text, all);
	fprintf(out, "%s\n", buf_str(&text));
	return good;
}

static enum rc
once(const struct conf *conf, FILE *in, FILE *out, bool *ret_good,
    struct err *err)
{
	AUTO(toolset) tools = NULL;
	AUTO(json) input = NULL;
	AUTO(json) steps = NULL;
	auto_buf text = {.max = INPUT_MAX};
	struct tool_env env;
	struct once o = {.loop = NULL};
	enum rc rc = read_all(in, &text, err);

	if (rc == RC_OK)
		rc = to_tree(buf_span(&text), &input, err);
	if (rc == RC_OK)
		rc = to_steps(input, &steps, err);
	if (rc == RC_OK)
		rc = toolset_new(conf->tools, conf->tool_classes, &tools, err);
	if (rc == RC_OK && !conf->unsafe)
		rc = is_allowed(tools, steps, err);
	if (rc != RC_OK)
		return rc;
	/* czmq would take the signals; alone, Ctrl-C just ends us. */
	zsys_handler_set(NULL);
	o.loop = zloop_new();
	zloop_set_nonstop(o.loop, true);
	tool_env_init(&env, conf, o.loop);
	o.env = (struct run_env){.tools = tools, .tool_env = &env};
	rc = toolset_open(tools, &env, err);
	if (rc == RC_OK) {
		run_steps(&o, steps);
		*ret_good = print(&o, out);
	}
	tool_env_done(&env);
	zloop_destroy(&o.loop);
	return rc;
}

int
executor_once(const struct conf *conf, FILE *in, FILE *out)
{
	struct err err = {0};
	bool good = false;

	if (once(conf, in, out, &good, &err) != RC_OK) {
		fprintf(stderr, "culprit-executor: %s\n", err.text);
		return EXIT_BAD_INPUT;
	}
	return good ? EXIT_SUCCESS : EXIT_FAILED;
}
