/*
 * prom_request.h - a question to Prometheus as URL and form.
 */
#ifndef EXECUTOR_PROM_PROM_REQUEST_H
#define EXECUTOR_PROM_PROM_REQUEST_H

#include "common/base/buf.h"
#include "executor/prom/prom.h"

struct prom_request {
	struct buf url;  /* whole */
	struct buf body; /* empty: GET; else a form to POST */
	struct buf get;  /* the same question as a GET, where that is a POST */
	char shown[256]; /* the URL for messages */
};

/* RC_INVALID: the URL cannot be used, or the question is not complete;
 * RC_TOOBIG: the expression is too long. On failure q needs no _done. */
NODISCARD enum rc prom_request_init(struct prom_request *q,
    const struct prom_conf *conf, const struct prom_ask *ask, struct err *err);
void prom_request_done(struct prom_request *q);

#endif
