/*
 * hook.h - the body of a webhook that tells of alerts, checked and turned into
 * what the supervisor takes. Pure.
 *
 * Alertmanager's (version 4), and Grafana's, which has an orgId.
 */
#ifndef GATEWAY_API_HOOK_H
#define GATEWAY_API_HOOK_H

#include "common/base/buf.h"
#include "common/base/rc.h"

enum {
	HOOK_BODY_MAX = 4 << 20,
	HOOK_ALERTS_MAX = 5000,
};

struct hook {
	unsigned alerts; /* that are passed on */
	unsigned heartbeats; /* that always fire, and are not */
};

/*
 * heartbeats: comma list of names of alerts that always fire, besides those
 * that are known to; or NULL. Appends SUBMIT.input to ret_input where there is
 * an alert to pass on. RC_INVALID, RC_TOOBIG: what, where, what to do.
 */
NODISCARD enum rc hook_parse(struct span body, const char *heartbeats,
    struct hook *ret, struct buf *ret_input, struct err *err);

#endif
