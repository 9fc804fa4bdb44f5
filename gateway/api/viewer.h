/*
 * viewer.h - a run's events to one client: the first ones, those it missed,
 * then live, and never more waiting than SERVER_PENDING_MAX.
 */
#ifndef GATEWAY_API_VIEWER_H
#define GATEWAY_API_VIEWER_H

#include "gateway/api/exchange.h"

/* What a call hears whose events are shown: a SUBMIT or a FOLLOW. */
extern const struct link_ops viewer_ops;

/* The client has been sent what was there: it may have more. */
void viewer_drained(struct exchange *x);

#endif
