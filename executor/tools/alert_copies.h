/*
 * alert_copies.h - which alert instances are copies of one another: replicas
 * of a Prometheus evaluate the same rules and tell the same alerts, which
 * differ in the label that tells the replicas apart.
 */
#ifndef EXECUTOR_TOOLS_ALERT_COPIES_H
#define EXECUTOR_TOOLS_ALERT_COPIES_H

#include "common/base/buf.h"

#include <cjson/cJSON.h>

/* Does the label say which replica tells it, rather than what it is about? */
bool alert_copies_label(const char *name, const char *value);

/* Appends all other labels, as one text. */
void alert_copies_put_key(struct buf *b, const cJSON *labels);

/* Takes those labels off. */
void alert_copies_strip(cJSON *labels);

struct alert_copies; /* those that were seen */

struct alert_copies *alert_copies_new(void);
void alert_copies_free(struct alert_copies *c);

enum alert_copy {
	ALERT_COPY_NONE, /* the first of its kind */
	ALERT_COPY_SAME,
	ALERT_COPY_FIRES, /* this one fires, none before did */
};

/* Was one like it seen? Then on it is. */
enum alert_copy alert_copies_see(
    struct alert_copies *c, const cJSON *labels, bool firing);

#endif
