/*
 * service.h - a service of JSON over HTTP that documents are found with: the
 * embeddings API. Blocks; never on the loop.
 */
#ifndef EXECUTOR_DOCS_SERVICE_H
#define EXECUTOR_DOCS_SERVICE_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdatomic.h>
#include <stdint.h>

enum { SERVICE_ANSWER_MAX = 48 << 20 };

/* All borrowed. */
struct service {
	const char *what; /* for messages: "the embeddings API" */
	const char *flag; /* its options' start, for messages: "embeddings" */
	const char *url;  /* its base */
	const char *key, *key_file; /* NULL: none */
	const char *secret; /* what its options call that: "key" */
	const char *ca_file, *proxy;
};

/* RC_INVALID: what is wrong with it, and what to do. Asks nothing. */
NODISCARD enum rc service_check(const struct service *s, struct err *err);

/*
 * Asks path below its base, by POST where body is not empty; the answer's
 * body is appended. What passes is asked again within timeout_ms. RC_OK: 2xx.
 * RC_DENIED: the key; RC_NOTFOUND: no such path, RC_INVALID: any other 4xx;
 * RC_UPSTREAM, RC_TIMEOUT, RC_TOOBIG, RC_CANCELLED.
 */
NODISCARD enum rc service_ask(const struct service *s, const char *path,
    struct span body, int64_t timeout_ms, const atomic_bool *cancelled,
    struct buf *ret, struct err *err);

#endif
