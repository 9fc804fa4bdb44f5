/*
 * tool_documents.c - documents: puts, removes, lists and shows those that
 * search_docs answers from. It is what /api/docs asks for; no planner does,
 * since it does not only read. A thread does it, the loop only hears the end.
 */
#include "common/json/json.h"
#include "executor/tools/source_docs.h"
#include "executor/tools/tool.h"

#include <stdlib.h>

struct job;

struct op {
	const char *name;
	enum rc (*run)(struct job *j, const atomic_bool *cancelled);
};

/* The loop's while it is started and when it is done, else the thread's. */
struct job {
	struct tool_call *call; /* not for the thread */
	struct offload *offload;
	struct docs *docs;
	const struct op *op;
	char *name, *text;
	cJSON *answer; /* owned */
	enum rc rc;
	struct err err;
};

static void
job_free(void *arg)
{
	struct job *j = arg;

	cJSON_Delete(j->answer);
	free(j->name);
	free(j->text);
	free(j);
}

/* ---- what it does, on the thread ---- */

static void
add_entry(void *arg, const struct docs_entry *e)
{
	cJSON *o = cJSON_CreateObject();

	json_add_span(o, "name", span_of(e->name));
	json_add_span(o, "origin", span_of(e->origin));
	json_add_span(o, "title", span_of(e->title));
	cJSON_AddNumberToObject(o, "bytes", (double)e->bytes);
	cJSON_AddNumberToObject(o, "passages", (double)e->passages);
	if (e->problem[0] != '\0')
		json_add_span(o, "problem", span_of(e->problem));
	cJSON_AddItemToArray(arg, o);
}

static enum rc
do_list(struct job *j, const atomic_bool *cancelled UNUSED)
{
	return docs_list(j->docs, add_entry,
	    cJSON_AddArrayToObject(j->answer, "documents"), &j->err);
}

static enum rc
do_show(struct job *j, const atomic_bool *cancelled UNUSED)
{
	auto_str text = NULL;
	const char *origin;
	size_t n;
	enum rc rc =
	    docs_text(j->docs, span_of(j->name), &text, &n, &origin, &j->err);

	if (rc != RC_OK)
		return rc;
	json_add_span(j->answer, "name", span_of(j->name));
	json_add_span(j->answer, "origin", span_of(origin));
	json_add_span(j->answer, "text", span_make(text, n));
	return RC_OK;
}

static enum rc
do_put(struct job *j, const atomic_bool *cancelled)
{
	bool new = false, found = false;
	enum rc rc = docs_put(j->docs, span_of(j->name), span_of(j->text),
	    cancelled, &new, &found, &j->err);

	json_add_span(j->answer, "name", span_of(j->name));
	cJSON_AddBoolToObject(j->answer, "new", new);
	cJSON_AddBoolToObject(j->answer, "indexed", found);
	return rc;
}

static enum rc
do_remove(struct job *j, const atomic_bool *cancelled)
{
	json_add_span(j->answer, "name", span_of(j->name));
	return docs_remove(j->docs, span_of(j->name), cancelled, &j->err);
}

static const struct op ops[] = {
    {"list", do_list},
    {"show", do_show},
    {"put", do_put},
    {"remove", do_remove},
};

static void
work(void *arg, struct offload *o UNUSED, const atomic_bool *cancelled)
{
	struct job *j = arg;

	j->answer = cJSON_CreateObject();
	j->rc = j->op->run(j, cancelled);
}

/* ---- its end ---- */

/* The reason as a word, for whoever asked over HTTP. */
static void
fail(struct job *j)
{
	tool_fail(j->call,
	    j->rc == RC_BUSY ? "Ask again in a moment."
			     : "Correct what is said to be wrong.",
	    j->err.text);
	j->call->result.data = cJSON_CreateObject();
	cJSON_AddStringToObject(j->call->result.data, "rc", rc_name(j->rc));
}

static void
on_done(void *arg)
{
	struct job *j = arg;
	struct tool_call *call = j->call;
	struct tool_result *r = &call->result;

	if (j->rc == RC_OK) {
		buf_addf(&r->summary, "%s: done.", j->op->name);
		json_print(&r->evidence, j->answer);
		r->success = true;
	} else {
		fail(j);
	}
	call->state = NULL;
	tool_done(call);
}

static enum rc
find_op(struct json_in *in, const struct op **ret)
{
	const char *name = json_in_str(in, "op", "list");
	size_t i = 0;

	while (i < ARRAY_LEN(ops) - 1 && strcmp(ops[i].name, name) != 0)
		i++;
	*ret = &ops[i];
	return in->rc;
}

static enum rc
start(struct tool_call *call, struct err *err)
{
	struct json_in in = json_in(call->args, "args", err);
	struct offload_spec spec = {
	    .work = work, .done = on_done, .free = job_free};
	const char *name = json_in_str_opt(&in, "name", NULL, "");
	const char *text = json_in_str_opt(&in, "text", NULL, "");
	const struct op *op;
	enum rc rc = find_op(&in, &op);
	struct job *j;

	if (rc == RC_OK)
		rc = json_in_end(&in);
	if (rc != RC_OK)
		return rc;
	j = xcalloc(1, sizeof(*j));
	*j = (struct job){.call = call,
	    .docs = ((struct source_docs *)call->source)->docs,
	    .op = op,
	    .name = xstrdup(name),
	    .text = xstrdup(text)};
	spec.arg = j;
	buf_addf(&call->result.query, "%s %s", op->name, name);
	rc = offload_start(call->env->offload, &spec, &j->offload, err);
	if (rc != RC_OK)
		job_free(j);
	else
		call->state = j;
	return rc;
}

static void
cancel(struct tool_call *call)
{
	struct job *j = call->state;

	if (j == NULL)
		return;
	call->state = NULL;
	offload_cancel(j->offload);
}

const struct tool tool_documents = {
    .name = "documents",
    .what = "Puts, removes, lists and shows the documents that search_docs "
	    "answers from, for the API: no plan asks for it.",
    .args = "{\"type\":\"object\",\"additionalProperties\":false,"
	    "\"required\":[\"op\"],\"properties\":{"
	    "\"op\":{\"type\":\"string\",\"enum\":[\"list\",\"show\",\"put\","
	    "\"remove\"]},"
	    "\"name\":{\"type\":\"string\",\"maxLength\":255},"
	    "\"text\":{\"type\":\"string\"}}}",
    .source = &source_docs,
    .class = TOOL_IDEMPOTENT,
    .timeout_ms = 30000,
    .start = start,
    .cancel = cancel,
};
