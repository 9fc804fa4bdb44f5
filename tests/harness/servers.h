/*
 * servers.h - the real servers that speak Prometheus's API and can be had
 * here, with the same samples in each.
 */
#ifndef TESTS_HARNESS_SERVERS_H
#define TESTS_HARNESS_SERVERS_H

#include <stdint.h>

enum server_kind {
	SERVER_PROMETHEUS,   /* Debian's: 2.42 in 12, 2.53 in 13 */
	SERVER_PROMETHEUS_3, /* the program that PROMETHEUS_3 names */
	SERVER_VICTORIA,     /* Debian's VictoriaMetrics */
	SERVER_KINDS,
};

enum {
	SERVER_SAMPLES = 41, /* of each series */
	SERVER_STEP_S = 15,
};

struct server;

/* Why that one cannot be had here, with what to do; NULL: it can. */
const char *server_lacks(enum server_kind kind);

/*
 * Starts it with shop_load{service="cart"} = 1, 2, 3 ... and
 * shop_load{service="web"} = 2, 4, 6 ..., the last SERVER_SAMPLES samples up
 * to last_s, which the caller chooses; waits until it answers them.
 */
struct server *server_start(enum server_kind kind, int64_t last_s);
const char *server_url(const struct server *s);
void server_free(struct server *s);

#endif
