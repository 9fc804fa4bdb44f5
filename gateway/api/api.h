/*
 * api.h - what each route does: a request becomes a message to the
 * supervisor, its answer becomes HTTP.
 *
 * Invariant: nothing is kept here that a restart would lose; a run belongs
 * to the supervisor, a viewer can always come back with its last event's id.
 */
#ifndef GATEWAY_API_API_H
#define GATEWAY_API_API_H

#include "gateway/api/link.h"
#include "gateway/http/server.h"

struct api;

/* Bytes of a body that holds a word or two. */
enum { API_WORD_BODY_MAX = 4 << 10, API_DOC_BODY_MAX = 1000 << 10 };

/* A remark, as JSON may escape it. */
enum { API_REMARK_BODY_MAX = 64 << 10 };

/* A token, as JSON may escape it. */
enum { API_TOKEN_BODY_MAX = 32 << 10 };

struct gate;

/* language: of reports whose request names none. gate, prometheus: for the
 * page, whom it lets in and where a browser finds Prometheus, or NULL.
 * heartbeats: as of hook.h. */
struct api *api_new(struct link *link, const char *language,
    const struct gate *gate, const char *prometheus, const char *heartbeats);
void api_free(struct api *api);

/* For server_spec. */
void api_on_gone(void *api, struct web *h);
void api_on_drained(void *api, struct web *h);

/* The handlers of routes.c; those that start a run are in start.c,
 * those that ask a tool in tools.c, those of documents in docs.c, MCP in
 * mcp.c. */
void api_submit(struct api *api, struct web *h);
void api_list(struct api *api, struct web *h);
void api_show(struct api *api, struct web *h);
void api_events(struct api *api, struct web *h);
void api_report(struct api *api, struct web *h);
void api_evidence(struct api *api, struct web *h);
void api_cancel(struct api *api, struct web *h);
void api_step(struct api *api, struct web *h);
void api_checkpoints(struct api *api, struct web *h);
void api_checkpoint(struct api *api, struct web *h);
void api_fork(struct api *api, struct web *h);
void api_session(struct api *api, struct web *h);
void api_sign_in(struct api *api, struct web *h);
void api_sign_out(struct api *api, struct web *h);
void api_metrics(struct api *api, struct web *h);
void api_openapi(struct api *api, struct web *h);
void api_mcp(struct api *api, struct web *h);
void api_alerts(struct api *api, struct web *h);
void api_ask(struct api *api, struct web *h);
void api_docs(struct api *api, struct web *h);
void api_doc(struct api *api, struct web *h);
void api_doc_put(struct api *api, struct web *h);
void api_doc_remove(struct api *api, struct web *h);
void api_verdict(struct api *api, struct web *h);
void api_note(struct api *api, struct web *h);
void api_hook(struct api *api, struct web *h);
void api_healthz(struct api *api, struct web *h);
void api_readyz(struct api *api, struct web *h);

#endif
