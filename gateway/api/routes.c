/*
 * routes.c - what the gateway answers to: one table.
 */
#include "gateway/api/routes.h"

#include "gateway/api/api.h"
#include "gateway/api/hook.h"
#include "gateway/api/request.h"
#include "gateway/page/page.h"

const struct route routes[] = {
    {"POST", "/api/ai_ops", ROUTE_GUARDED, REQUEST_BODY_MAX, {0}, api_submit},
    {"GET", "/api/investigations", ROUTE_GUARDED, 0,
	{"limit", "before", "after", "status", "since", "until", "alert", "q"},
	api_list},
    {"GET", "/api/investigations/{run}", ROUTE_GUARDED, 0, {0}, api_show},
    {"GET", "/api/investigations/{run}/events", ROUTE_GUARDED, 0,
	{"last_event_id"}, api_events},
    {"GET", "/api/investigations/{run}/report", ROUTE_GUARDED, 0,
	{"as", "evidence"}, api_report},
    {"GET", "/api/investigations/{run}/evidence/{item}", ROUTE_GUARDED, 0, {0},
	api_evidence},
    {"POST", "/api/investigations/{run}/cancel", ROUTE_GUARDED,
	API_WORD_BODY_MAX, {0}, api_cancel},
    {"POST", "/api/investigations/{run}/steps/{item}", ROUTE_GUARDED,
	API_WORD_BODY_MAX, {0}, api_step},
    {"GET", "/api/investigations/{run}/checkpoints", ROUTE_GUARDED, 0, {0},
	api_checkpoints},
    {"GET", "/api/investigations/{run}/checkpoints/{item}", ROUTE_GUARDED, 0,
	{0}, api_checkpoint},
    {"POST", "/api/investigations/{run}/fork", ROUTE_GUARDED, REQUEST_BODY_MAX,
	{0}, api_fork},
    {"GET", "/api/session", ROUTE_PUBLIC, 0, {0}, api_session},
    {"POST", "/api/session", ROUTE_PUBLIC, API_TOKEN_BODY_MAX, {0},
	api_sign_in},
    {"DELETE", "/api/session", ROUTE_PUBLIC, 0, {0}, api_sign_out},
    {"POST", "/api/investigations/{run}/ask", ROUTE_GUARDED, REQUEST_BODY_MAX,
	{0}, api_ask},
    {"GET", "/", ROUTE_PUBLIC, 0, {0}, page_index},
    {"GET", "/page/{item}", ROUTE_PUBLIC, 0, {0}, page_asset},
    {"POST", "/mcp", ROUTE_GUARDED, REQUEST_BODY_MAX, {0}, api_mcp},
    {"GET", "/api/alerts", ROUTE_GUARDED, 0, {0}, api_alerts},
    {"POST", "/api/investigations/{run}/verdict", ROUTE_GUARDED,
	API_REMARK_BODY_MAX, {0}, api_verdict},
    {"POST", "/api/investigations/{run}/notes", ROUTE_GUARDED,
	API_REMARK_BODY_MAX, {0}, api_note},
    {"POST", "/api/alerts", ROUTE_WEBHOOK, HOOK_BODY_MAX, {0}, api_hook},
    {"GET", "/api/docs", ROUTE_GUARDED, 0, {"q", "limit", "language"},
	api_docs},
    {"GET", "/api/docs/{name}", ROUTE_GUARDED, 0, {0}, api_doc},
    {"PUT", "/api/docs/{name}", ROUTE_GUARDED, API_DOC_BODY_MAX, {0},
	api_doc_put},
    {"DELETE", "/api/docs/{name}", ROUTE_GUARDED, 0, {0}, api_doc_remove},
    {"GET", "/metrics", ROUTE_GUARDED, 0, {0}, api_metrics},
    {"GET", "/openapi.json", ROUTE_PUBLIC, 0, {0}, api_openapi},
    {"GET", "/healthz", ROUTE_PUBLIC, 0, {0}, api_healthz},
    {"GET", "/readyz", ROUTE_PUBLIC, 0, {0}, api_readyz},
    {0},
};
