/*
 * session.c - /api/session: who asks, and signing in and out of the page.
 */
#include "common/json/json.h"
#include "gateway/api/api_in.h"
#include "gateway/http/gate.h"

#include <stdio.h>
#include <strings.h>

static const struct json_limits limits = {
    .bytes_max = API_TOKEN_BODY_MAX, .depth_max = 2, .values_max = 4};

/* A cookie that is told to keep to https is dropped on the way by http. */
static const char *
secure(const struct web *h)
{
	struct span origin = web_header(h, "Origin");

	return origin.n > 8 && strncasecmp(origin.p, "https://", 8) == 0
		   ? "; Secure"
		   : "";
}

static void
reply_cookie(struct exchange *x, const char *value, int seconds)
{
	auto_str cookie = xasprintf(SESSION_COOKIE
	    "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
	    value, seconds, secure(x->h));
	const struct web_reply r = {
	    .status = 204, .field = "Set-Cookie", .value = cookie};

	web_reply(x->h, &r, NULL);
}

static bool
is_signed_in(const struct api *api, const struct web *h)
{
	return !gate_asks(api->gate) ||
	       gate_knows(api->gate, web_header(h, "Authorization"),
		   web_header(h, "Cookie"));
}

/* Whether who asks may approve, as whom, and whether another token could. */
static void
put_approver(cJSON *tree, const struct api *api, const struct web *h)
{
	struct problem p;
	const char *who =
	    gate_approver(api->gate, web_header(h, "Authorization"),
		web_header(h, "Cookie"), &p);

	cJSON_AddBoolToObject(
	    tree, "approver_tokens", gate_has_approvers(api->gate));
	cJSON_AddStringToObject(tree, "approver", who != NULL ? who : "");
}

/* What concerns nobody but who may come in is told to them alone. */
void
api_session(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	AUTO(json) tree = cJSON_CreateObject();
	bool in = is_signed_in(api, h);
	auto_buf b = {0};

	buf_init(&b, 16384);
	cJSON_AddBoolToObject(tree, "token", gate_asks(api->gate));
	cJSON_AddBoolToObject(tree, "signed_in", in);
	if (in) {
		put_approver(tree, api, h);
		cJSON_AddStringToObject(tree, "language", api->language);
		json_add_span(tree, "prometheus", span_of(api->prometheus));
		cJSON_AddStringToObject(tree, "version", CULPRIT_VERSION);
	}
	json_print(&b, tree);
	api_reply_json(x, 200, &b);
}

void
api_sign_in(struct api *api, struct web *h)
{
	static const char *const known[] = {"token", NULL};
	struct exchange *x = exchange_new(api, h);
	char value[SESSION_VALUE_MAX];
	AUTO(json) tree = NULL;
	const char *token = "";
	struct json_in in;
	struct err err;
	enum rc rc = json_parse(web_body(h), &limits, &tree, &err);

	if (rc == RC_OK) {
		in = json_in(tree, "body", &err);
		json_in_known(&in, known);
		token = json_in_str(&in, "token", "the token");
		rc = json_in_end(&in);
	}
	if (rc != RC_OK)
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
	else if (!gate_asks(api->gate) && !gate_has_approvers(api->gate))
		exchange_problem(x, 409, "this gateway asks for no token");
	else if (!gate_sign_in(api->gate, span_of(token), value))
		exchange_problem(x, 401, "the token is not the right one");
	else
		reply_cookie(x, value, SESSION_S);
}

void
api_sign_out(struct api *api, struct web *h)
{
	reply_cookie(exchange_new(api, h), "", 0);
}
