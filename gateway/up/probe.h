/*
 * probe.h - one question to the gateway: does /readyz answer 200?
 *
 * No HTTP library for a status line: this is the process that stays. Nothing
 * is remembered from one probe to the next, so it does not matter who was
 * killed or started again in between.
 */
#ifndef GATEWAY_UP_PROBE_H
#define GATEWAY_UP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROBE_TIMEOUT_MS = 1000, PROBE_HEAD_BYTES = 12 /* "HTTP/1.1 200" */ };

struct probe {
	int fd;       /* -1: none is under way */
	short events; /* what to poll it for */
	int64_t until_ms;
	char request[192];
	char head[PROBE_HEAD_BYTES]; /* what came of the answer */
	size_t got;
};

enum probe_says {
	PROBE_WAITS, /* call again once fd has its events, or at until_ms */
	PROBE_READY,
	PROBE_NOT_READY, /* somebody answered, but not with 200 */
	PROBE_SILENT,    /* nobody did, or not in time */
};

/* Begins one; host_port is numeric. One under way is ended. */
void probe_start(struct probe *p, const char *host_port, int64_t now_ms);

/* Goes on with it, never blocking. All but PROBE_WAITS ends it. */
enum probe_says probe_go_on(struct probe *p, int64_t now_ms);

void probe_end(struct probe *p);

#endif
