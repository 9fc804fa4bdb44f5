/*
 * report_group.h - the instances of one rule, which a report's lists tell
 * together.
 */
#ifndef COMMON_REPORT_REPORT_GROUP_H
#define COMMON_REPORT_REPORT_GROUP_H

#include <cjson/cJSON.h>
#include <stdbool.h>

enum { GROUP_APART_MAX = 12 };

/* In one state and severity; they stand one behind the other. */
struct group {
	const cJSON *first;
	int n;
	const char *apart[GROUP_APART_MAX]; /* labels in which they differ */
	int n_apart;
	bool same_since;
};

/* From the first of them on in a list of alerts, which has to outlive it. */
struct group group_from(const cJSON *first);

/* Whether they differ in this label. */
bool group_is_apart(const struct group *g, const char *key);

#endif
