/*
 * docs.c - the documents that search_docs answers from: listed, searched,
 * shown, put, removed. An executor does it; what it answers is its JSON.
 */
#include "common/base/num.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "gateway/api/api_in.h"
#include "gateway/http/problem.h"

enum { DOCS_WITHIN_MS = 20000, SEARCH_LIMIT = 3, SEARCH_LIMIT_MAX = 10 };

static const char markdown[] = "text/markdown";

/* What was wrong, in the tool's words; its reason is the status. */
static void
refused_by_tool(struct exchange *x, const struct proto_feedback *f)
{
	AUTO(tree) data = f->data.n > 0 ? wire_to_tree(f->data) : NULL;
	const char *rc = tree_str(data, "rc");

	exchange_problem(x,
	    rc[0] != '\0' ? problem_status_of(exchange_rc_of(span_of(rc)))
			  : 400,
	    "%.*s", SPAN_ARG(f->summary));
}

/* The answer's JSON, the caller's; NULL: the client was told. */
static cJSON *
answer_of(struct exchange *x, const struct proto_reply *r)
{
	static const struct json_limits limits = {.bytes_max = PROTO_BYTES_MAX,
	    .depth_max = 32,
	    .values_max = 200000};
	struct proto_feedback f;
	cJSON *tree = NULL;
	struct err err;
	enum rc rc;

	if (exchange_refused(x, r))
		return NULL;
	rc = proto_get_feedback(r->value, &f, &err);
	if (rc == RC_OK && !span_is(f.status, "SUCCESS")) {
		refused_by_tool(x, &f);
		return NULL;
	}
	if (rc == RC_OK)
		rc = json_parse(r->bytes, &limits, &tree, &err);
	if (rc != RC_OK)
		exchange_problem(x, 502, "%s", err.text);
	return tree;
}

static void
reply_tree(struct exchange *x, int status, const cJSON *tree)
{
	auto_buf b = {.max = API_JSON_MAX};

	json_print(&b, tree);
	api_reply_json(x, status, &b);
}

static void
on_answer(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	AUTO(tree) tree = answer_of(x, r);

	if (tree != NULL)
		reply_tree(
		    x, cJSON_IsTrue(tree_at(tree, "new")) ? 201 : 200, tree);
}

static const struct link_ops answer_ops = {
    .on_reply = on_answer, .on_fail = exchange_fail};

static void
on_document(void *ctx, const struct proto_reply *r)
{
	const struct web_reply reply = {.status = 200,
	    .media = "text/markdown; charset=utf-8",
	    .policy = web_policy_inert};
	struct exchange *x = ctx;
	AUTO(tree) tree = answer_of(x, r);
	auto_buf b = {.max = PROTO_BYTES_MAX};

	if (tree == NULL)
		return;
	if (x->media == api_json) {
		reply_tree(x, 200, tree);
		return;
	}
	buf_adds(&b, tree_str(tree, "text"));
	exchange_call_end(x);
	web_reply(x->h, &reply, &b);
}

static const struct link_ops document_ops = {
    .on_reply = on_document, .on_fail = exchange_fail};

/* ---- the requests ---- */

static void
ask(struct exchange *x, const char *tool, struct span args, bool changes,
    const struct link_ops *ops)
{
	const struct proto_step step = {.step = span_of("asked over HTTP"),
	    .tool = span_of(tool),
	    .args = args,
	    .language = span_of(x->api->language)};

	x->call = (changes ? link_change : link_step)(
	    x->api->link, &step, DOCS_WITHIN_MS, ops, x);
}

static void
put_pair(struct buf *b, const char *key, struct span value)
{
	wire_put_str(b, key);
	wire_put_span(b, value);
}

/* text.p NULL: none. */
static void
ask_documents(struct exchange *x, const char *op, const char *name,
    struct span text, const struct link_ops *ops)
{
	auto_buf b = {.max = PROTO_MOST(call, step)};

	wire_put_map(&b, 1 + (name != NULL) + (text.p != NULL));
	put_pair(&b, "op", span_of(op));
	if (name != NULL)
		put_pair(&b, "name", span_of(name));
	if (text.p != NULL)
		put_pair(&b, "text", text);
	ask(x, "documents", buf_span(&b), true, ops);
}

static void
search(struct exchange *x, struct span q)
{
	struct span language = web_arg(x->h, "language");
	struct span limit = web_arg(x->h, "limit");
	auto_buf b = {.max = 64 << 10};
	uint64_t n = SEARCH_LIMIT;

	if (limit.p != NULL &&
	    (!num_parse_whole(limit, SEARCH_LIMIT_MAX, &n) || n == 0)) {
		exchange_problem(
		    x, 400, "limit is a number from 1 to %d", SEARCH_LIMIT_MAX);
		return;
	}
	wire_put_map(&b, 2 + (language.p != NULL));
	put_pair(&b, "query", q);
	wire_put_str(&b, "limit");
	wire_put_int(&b, (int64_t)n);
	if (language.p != NULL)
		put_pair(&b, "language", language);
	ask(x, "search_docs", buf_span(&b), false, &answer_ops);
}

void
api_docs(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);
	struct span q = web_arg(h, "q");

	if (!api_choose(x, offers))
		return;
	if (q.p != NULL)
		search(x, q);
	else
		ask_documents(x, "list", NULL, span_make(NULL, 0), &answer_ops);
}

void
api_doc(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, markdown, NULL};
	struct exchange *x = exchange_new(api, h);

	if (api_choose(x, offers))
		ask_documents(x, "show", web_match(h)->name, span_make(NULL, 0),
		    &document_ops);
}

void
api_doc_put(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);
	struct span body = web_body(h);

	if (!api_choose(x, offers))
		return;
	if (utf8_ok(body))
		ask_documents(x, "put", web_match(h)->name,
		    body.p != NULL ? body : span_of(""), &answer_ops);
	else
		exchange_problem(
		    x, 400, "a document is text in UTF-8, and this one is not");
}

void
api_doc_remove(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);

	if (api_choose(x, offers))
		ask_documents(x, "remove", web_match(h)->name,
		    span_make(NULL, 0), &answer_ops);
}
