/* proxy.h - an HTTP proxy for tests, on a stub_http. */
#ifndef TESTS_HARNESS_PROXY_H
#define TESTS_HARNESS_PROXY_H

#include "tests/harness/stub_http.h"

/*
 * A stub_fn: asks for the URL of the request line and hands on the answer.
 * What is no proxy's request is 400, the way to a tunnel 403, and where nobody
 * answers it is 502.
 */
void proxy_forward(
    struct stub_conn *c, const struct stub_request *rq, void *arg);

#endif
