/*
 * tool_documents.c - documents: puts, removes, lists and shows those that
 * search_docs answers from. It is what /api/docs asks for; no planner does,
 * since it does not only read.
 */
#include "common/json/json.h"
#include "executor/tools/source_docs.h"
#include "executor/tools/threaded.h"

#include <stdlib.h>

struct job;

struct op {
	const char *name;
	enum rc (*run)(struct job *j, const atomic_bool *cancelled);
};

struct job {
	struct threaded base; /* first */
	struct docs *docs;
	const struct op *op;
	char *name, *text;
	cJSON *answer; /* owned */
};

static void
job_free(struct threaded *t)
{
	struct job *j = (struct job *)t;

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
	    cJSON_AddArrayToObject(j->answer, "documents"), &j->base.err);
}

static enum rc
do_show(struct job *j, const atomic_bool *cancelled UNUSED)
{
	auto_str text = NULL;
	const char *origin;
	size_t n;
	enum rc rc = docs_text(
	    j->docs, span_of(j->name), &text, &n, &origin, &j->base.err);

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
	    cancelled, &new, &found, &j->base.err);

	json_add_span(j->answer, "name", span_of(j->name));
	cJSON_AddBoolToObject(j->answer, "new", new);
	cJSON_AddBoolToObject(j->answer, "indexed", found);
	return rc;
}

static enum rc
do_remove(struct job *j, const atomic_bool *cancelled)
{
	json_add_span(j->answer, "name", span_of(j->name));
	return docs_remove(j->docs, span_of(j->name), cancelled, &j->base.err);
}

static const struct op all_ops[] = {
    {"list", do_list},
    {"show", do_show},
    {"put", do_put},
    {"remove", do_remove},
};

static enum rc
work(struct threaded *t, const atomic_bool *cancelled)
{
	struct job *j = (struct job *)t;

	j->answer = cJSON_CreateObject();
	return j->op->run(j, cancelled);
}

/* ---- its end ---- */

static void
succeed(struct threaded *t)
{
	const struct job *j = (struct job *)t;
	struct tool_result *r = &t->call->result;

	buf_addf(&r->summary, "%s: done.", j->op->name);
	json_print(&r->evidence, j->answer);
	r->success = true;
}

/* The reason as a word, for whoever asked over HTTP. */
static void
fail(struct threaded *t)
{
	struct tool_result *r = &t->call->result;

	tool_fail(t->call,
	    t->rc == RC_BUSY ? "Ask again in a moment."
			     : "Correct what is said to be wrong.",
	    t->err.text);
	r->data = cJSON_CreateObject();
	cJSON_AddStringToObject(r->data, "rc", rc_name(t->rc));
}

static const struct threaded_ops ops = {work, succeed, fail, job_free};

static enum rc
find_op(struct json_in *in, const struct op **ret)
{
	const char *name = json_in_str(in, "op", "list");
	size_t i = 0;

	while (i < ARRAY_LEN(all_ops) - 1 && strcmp(all_ops[i].name, name) != 0)
		i++;
	*ret = &all_ops[i];
	return in->rc;
}

static enum rc
start(struct tool_call *call, struct err *err)
{
	struct json_in in = json_in(call->args, "args", err);
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
	*j = (struct job){.base.ops = &ops,
	    .docs = ((struct source_docs *)call->source)->docs,
	    .op = op,
	    .name = xstrdup(name),
	    .text = xstrdup(text)};
	buf_addf(&call->result.query, "%s %s", op->name, name);
	return threaded_start(&j->base, call, err);
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
    .cancel = threaded_cancel,
};
