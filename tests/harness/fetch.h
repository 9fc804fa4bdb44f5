/* fetch.h - one request of the HTTP client, and what came of it. */
#ifndef TESTS_HARNESS_FETCH_H
#define TESTS_HARNESS_FETCH_H

#include "common/base/buf.h"
#include "common/net/http.h"

struct fetch {
	struct buf body;
	char type[64];
	int head_status;
	struct http_result result;
	bool done;
	enum rc stop_on_data;             /* what its reader says to bytes */
	struct http_call *cancel_in_data; /* what its reader cancels first */
};

struct fetch fetch_new(void);

/* A GET of url within 5 seconds and 100,000 bytes, which fills g; the test
 * may change it before it starts it. */
struct http_req fetch_request(const char *url, struct fetch *g);

/* Runs one request on a loop of its own to its end. */
void fetch_perform(const struct http_req *r, struct fetch *g);

#endif
