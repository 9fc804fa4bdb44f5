/*
 * step.c - POST /api/investigations/{run}/steps/{task}: a person's word on a
 * step that waits for it.
 */
#include "common/json/json.h"
#include "common/base/num.h"
#include "gateway/api/api_in.h"
#include "gateway/http/gate.h"

#include <stdlib.h>

static const struct json_limits limits = {
    .bytes_max = API_WORD_BODY_MAX, .depth_max = 2, .values_max = 8};

static void
on_decided(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	AUTO(json) tree = cJSON_CreateObject();
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	buf_init(&b, 1024);
	cJSON_AddStringToObject(tree, "id", link_run(x->call));
	cJSON_AddRawToObject(tree, "task", web_match(x->h)->item);
	cJSON_AddTrueToObject(tree, "decided");
	cJSON_AddStringToObject(tree, "by", x->more);
	json_print(&b, tree);
	api_reply_json(x, 200, &b);
}

static const struct link_ops decided_ops = {
    .on_reply = on_decided, .on_fail = exchange_fail};

/* Who it is, by the token and not by what is said; false: answered 403. */
static bool
who_read(struct exchange *x, struct link_decision *d)
{
	struct problem p = {0};

	d->by = gate_approver(x->api->gate, web_header(x->h, "Authorization"),
	    web_header(x->h, "Cookie"), &p);
	if (d->by == NULL) {
		web_problem(x->h, &p);
		return false;
	}
	x->more = xstrdup(d->by);
	x->more_free = free;
	return true;
}

/* False: answered 404. */
static bool
task_read(struct exchange *x, uint64_t *ret)
{
	const char *text = web_match(x->h)->item;

	if (num_parse_whole(span_of(text), UINT32_MAX, ret) && *ret > 0)
		return true;
	exchange_problem(x, 404,
	    "a step is a number, the `task` of an event `approval`; "
	    "\"%.60s\" is none",
	    text);
	return false;
}

static enum rc
body_read(const cJSON *tree, struct link_decision *d, struct err *err)
{
	/* Clients of before there were approvers' tokens say who they are. */
	static const char *const known[] = {"approve", "by", NULL};
	struct json_in in = json_in(tree, "body", err);

	json_in_known(&in, known);
	d->approve = json_in_bool_opt(&in, "approve", false);
	if (!cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(tree, "approve")))
		json_in_fail(&in, "approve",
		    "must be true or false: nothing is decided by silence");
	json_in_str_opt(&in, "by", "ann", NULL);
	return json_in_end(&in);
}

void
api_step(struct api *api, struct web *h)
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);
	struct link_decision d = {.run = web_match(h)->run};
	AUTO(json) tree = NULL;
	struct err err;
	enum rc rc;

	if (!api_choose(x, offers) || !task_read(x, &d.task) ||
	    !who_read(x, &d))
		return;
	rc = json_parse(web_body(h), &limits, &tree, &err);
	if (rc != RC_OK)
		err_prefix(&err, rc, "body");
	else
		rc = body_read(tree, &d, &err);
	if (rc != RC_OK)
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
	else
		x->call = link_decide(api->link, &d, &decided_ops, x);
}
