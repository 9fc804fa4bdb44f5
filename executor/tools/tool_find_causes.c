/* tool_find_causes.c - find_causes as a tool. */
#include "common/json/json.h"
#include "executor/causes/causes_names.h"
#include "executor/tools/source_prom.h"
#include "executor/tools/threaded.h"
#include "executor/tools/tool_causes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = TOOL_EVIDENCE_MAX };

struct job {
	struct threaded base; /* first */
	cJSON *args;
	struct prom_conf prom;
	struct causes_limits limits;
	struct buf answer;
};

static void
job_free(struct threaded *t)
{
	struct job *j = (struct job *)t;

	cJSON_Delete(j->args);
	buf_done(&j->answer);
	free(j);
}

static void
on_step(void *arg, const char *what, size_t done, size_t all)
{
	struct job *j = arg;
	char text[OFFLOAD_TEXT_MAX];

	snprintf(text, sizeof(text), "%s (%zu of %zu)", what, done, all);
	offload_tell(j->base.offload, text);
}

static enum rc
work(struct threaded *t, const atomic_bool *cancelled)
{
	struct job *j = (struct job *)t;
	struct causes_source src = causes_source_prom(&j->prom);

	return causes_run(j->args, &src, &j->limits, cancelled, on_step, j,
	    &j->answer, &t->err);
}

/* ---- the answer ---- */

static void
put_summary(struct buf *b, const cJSON *data)
{
	const cJSON *causes = cJSON_GetObjectItem(data, "causes"), *c;
	int shown = 0;

	buf_adds(b, json_str(data, "verdict"));
	cJSON_ArrayForEach (c, causes) {
		const cJSON *score = cJSON_GetObjectItem(c, "score");

		if (shown++ == 5)
			break;
		buf_addf(b, "\n%d. %s (%.2f): %s", shown,
		    json_str(c, "service"), cJSON_GetNumberValue(score),
		    json_str(c, "reason"));
	}
	if (json_str(data, "warnings") != NULL)
		buf_addf(b, "\nPrometheus warns: %.1000s",
		    json_str(data, "warnings"));
}

static void
succeed(struct threaded *t)
{
	const struct job *j = (struct job *)t;
	struct tool_result *r = &t->call->result;
	struct err err;

	if (json_parse(buf_span(&j->answer), NULL, &r->data, &err) != RC_OK) {
		tool_fail(t->call, "", err.text);
		return;
	}
	put_summary(&r->summary, r->data);
	cJSON_DeleteItemFromObject(r->data, "plot");
	buf_add_span(&r->evidence, buf_span(&j->answer));
	r->media = "application/json";
	r->success = true;
}

static void
fail(struct threaded *t)
{
	tool_fail(t->call,
	    t->rc == RC_INVALID ? "Correct the arguments and ask again."
				: "Check that Prometheus can be reached, or "
				  "ask for a smaller scope.",
	    t->err.text);
}

static const struct threaded_ops ops = {work, succeed, fail, job_free};

/* ---- start ---- */

/* What the investigation is bounded by, as far as it names no service: the
 * cause may be another one. */
static void
add_scope(cJSON *args, const cJSON *labels)
{
	cJSON *scope = cJSON_CreateObject();
	const cJSON *l;

	cJSON_ArrayForEach (l, labels) {
		if (cJSON_IsString(l) && !causes_is_identity(l->string) &&
		    (strcmp(l->string, "namespace") == 0 ||
			strcmp(l->string, "cluster") == 0))
			json_add_span(
			    scope, l->string, span_of(l->valuestring));
	}
	cJSON_AddItemToObject(args, "scope", scope);
}

static cJSON *
args_of(const struct tool_call *call)
{
	cJSON *args = call->args != NULL ? cJSON_Duplicate(call->args, true)
					 : cJSON_CreateObject();

	if (!cJSON_HasObjectItem(args, "at"))
		cJSON_AddNumberToObject(args, "at", (double)call->at_ms / 1000);
	if (!cJSON_HasObjectItem(args, "scope") && call->labels != NULL)
		add_scope(args, call->labels);
	return args;
}

static enum rc
start(struct tool_call *call, struct err *err)
{
	const struct source_prom *source = call->source;
	struct job *j = xcalloc(1, sizeof(*j));

	j->base.ops = &ops;
	j->args = args_of(call);
	j->prom = source->conf;
	j->limits.parallel = source->parallel;
	j->limits.edges = source->dependencies.pairs;
	j->limits.nedges = source->dependencies.n;
	j->answer = (struct buf){.max = ANSWER_MAX};
	buf_adds(&call->result.query, "find_causes");
	return threaded_start(&j->base, call, err);
}

const struct tool tool_find_causes = {
    .name = "find_causes",
    .what = "From an alert, find which service and which metric changed "
	    "first and most, follow the dependencies, and rank the causes "
	    "with their evidence. Says so when there is no clear cause.",
    .args =
	"{\"type\":\"object\",\"additionalProperties\":false,"
	"\"properties\":{"
	"\"alert\":{\"type\":\"object\",\"description\":\"name, labels and "
	"startsAt (Unix seconds or RFC 3339) of the alert\"},"
	"\"at\":{\"type\":[\"number\",\"string\"],\"description\":\"the "
	"moment of the question\"},"
	"\"onset\":{\"type\":[\"number\",\"string\"],\"description\":\"when "
	"it began, if that is known\"},"
	"\"window\":{\"type\":[\"number\",\"string\"],\"description\":\"how "
	"much before the alert counts as usual, e.g. 1h\"},"
	"\"scope\":{\"type\":\"object\",\"description\":\"labels that bound "
	"the series looked at\"},"
	"\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50}}}",
    .role = TOOL_ROLE_CAUSES,
    .source = &source_prom,
    .class = TOOL_READ,
    .timeout_ms = 30000,
    .start = start,
    .cancel = threaded_cancel,
};
