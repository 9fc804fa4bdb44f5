/*
 * rate.h - how often one client may ask: so many requests a second, and so
 * many at once after it was quiet. A client is an address; of IPv6 its
 * network of 64 bits, which is one household's or machine's.
 *
 * The table has room for RATE_CLIENTS_MAX. Where more are active than fit,
 * whoever owes least is forgotten, and may begin anew.
 */
#ifndef GATEWAY_HTTP_RATE_H
#define GATEWAY_HTTP_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { RATE_CLIENTS_MAX = 16384, RATE_PER_S_MAX = 100000 };

struct rate;

struct rate_spec {
	int64_t per_s; /* 1 to RATE_PER_S_MAX; 0: as many as it likes */
	int64_t burst; /* at once; at least 1 */
	bool spares_loopback;
};

/* NULL: there is no limit. */
struct rate *rate_new(const struct rate_spec *spec);
void rate_free(struct rate *r);

/* Counts a request: 0, it may; else in how many seconds it may, and nothing is
 * counted. r NULL: it may. */
int rate_take(struct rate *r, const struct sockaddr *who, int64_t now_us);

#endif
