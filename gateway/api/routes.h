/*
 * routes.h - what the gateway answers to: one table.
 */
#ifndef GATEWAY_API_ROUTES_H
#define GATEWAY_API_ROUTES_H

#include "gateway/http/route.h"

/* An entry without a method ends it. */
extern const struct route routes[];

#endif
