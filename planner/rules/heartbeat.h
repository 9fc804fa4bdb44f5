/*
 * heartbeat.h - alerts that always fire, so that their absence is noticed.
 *
 * They open no incident: a rule that reads no metric measures nothing, and
 * some are known by their name.
 */
#ifndef PLANNER_RULES_HEARTBEAT_H
#define PLANNER_RULES_HEARTBEAT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Of an alert and the rule behind it, which may be NULL. */
bool heartbeat_is(const cJSON *alert, const cJSON *rule);

#endif
