/*
 * report_alerts.h - the alerts of a report: a row for each instance, or one
 * for the many of a rule, which then stand in a list of their own.
 */
#ifndef COMMON_REPORT_REPORT_ALERTS_H
#define COMMON_REPORT_REPORT_ALERTS_H

#include <cjson/cJSON.h>

#include "common/base/buf.h"
#include "common/base/zone.h"
#include "common/report/report.h"

/* " [E3]"; nothing for what is no id. */
void report_put_id(struct buf *b, const char *id);

/* The labels as code, "key=value"; those named in except, "|" around each
 * ("|severity|"), are left out. */
void report_put_labels(
    struct buf *b, const cJSON *labels, const char *except, bool in_cell);

/* Tables of what fires, is pending, has resolved, with how many there are by
 * what the run's state counts; empty where there is none. */
void report_put_alerts(struct buf *b, const cJSON *state, const cJSON *alerts,
    enum report_lang lang, const struct zone *zone);

/* Every instance of the rules that have one row for many: what tells it apart,
 * since when, its value. */
void report_put_instances(struct buf *b, const cJSON *alerts,
    enum report_lang lang, const struct zone *zone);

/* A moment of a table: RFC 3339 as date and time in the zone, anything else
 * as it is. */
void report_put_since(struct buf *b, const char *t, const struct zone *zone);

#endif
