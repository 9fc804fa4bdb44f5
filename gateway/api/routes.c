/*
 * routes.c - what the gateway answers to: one table.
 */
#include "gateway/api/routes.h"

#include "gateway/api/api.h"
#include "gateway/api/hook.h"
#include "gateway/api/request.h"
#include "gateway/page/page.h"

const struct route routes[] = {
    {"POST", "/api/ai_ops", false, REQUEST_BODY_MAX, {0}, api_submit},
    {"GET", "/api/investigations", false, 0, {"limit", "before", "after", "status", "since", "until", "alert", "q"},
	api_list},
    {"GET", "/api/investigations/{run}", false, 0, {0}, api_show},
    {"GET", "/api/investigations/{run}/events", false, 0, {"last_event_id"},
	api_events},
    {"GET", "/api/investigations/{run}/report", false, 0, {"as", "evidence"},
	api_report},
    {"GET", "/api/investigations/{run}/evidence/{item}", false, 0, {0},
	api_evidence},
    {"POST", "/api/investigations/{run}/cancel", false, API_WORD_BODY_MAX, {0},
	api_cancel},
    {"POST", "/api/investigations/{run}/steps/{item}", false, API_WORD_BODY_MAX,
	{0}, api_step},
    {"GET", "/api/investigations/{run}/checkpoints", false, 0, {0},
	api_checkpoints},
    {"GET", "/api/investigations/{run}/checkpoints/{item}", false, 0, {0},
	api_checkpoint},
    {"POST", "/api/investigations/{run}/fork", false, REQUEST_BODY_MAX, {0},
	api_fork},
    {"GET", "/api/session", true, 0, {0}, api_session},
    {"POST", "/api/session", true, API_TOKEN_BODY_MAX, {0}, api_sign_in},
    {"DELETE", "/api/session", true, 0, {0}, api_sign_out},
    {"POST", "/api/investigations/{run}/ask", false, REQUEST_BODY_MAX, {0},
	api_ask},
    {"GET", "/", true, 0, {0}, page_index},
    {"GET", "/page/{item}", true, 0, {0}, page_asset},
    {"POST", "/mcp", false, REQUEST_BODY_MAX, {0}, api_mcp},
    {"GET", "/api/alerts", false, 0, {0}, api_alerts},
    {"POST", "/api/investigations/{run}/verdict", false, API_REMARK_BODY_MAX,
	{0}, api_verdict},
    {"POST", "/api/investigations/{run}/notes", false, API_REMARK_BODY_MAX, {0},
	api_note},
    {"POST", "/api/alerts", false, HOOK_BODY_MAX, {0}, api_hook},
    {"GET", "/api/docs", false, 0, {"q", "limit", "language"}, api_docs},
    {"GET", "/api/docs/{name}", false, 0, {0}, api_doc},
    {"PUT", "/api/docs/{name}", false, API_DOC_BODY_MAX, {0}, api_doc_put},
    {"DELETE", "/api/docs/{name}", false, 0, {0}, api_doc_remove},
    {"GET", "/metrics", false, 0, {0}, api_metrics},
    {"GET", "/openapi.json", true, 0, {0}, api_openapi},
    {"GET", "/healthz", true, 0, {0}, api_healthz},
    {"GET", "/readyz", true, 0, {0}, api_readyz},
    {0},
};
