/*
 * zone.h - moments in a reader's time zone, whatever the process's own is.
 *
 * A zone is a name of the system's tz database (Europe/Berlin, in TZDIR or
 * /usr/share/zoneinfo) or an offset (+08:00). No global state: threads may
 * use different ones.
 */
#ifndef COMMON_BASE_ZONE_H
#define COMMON_BASE_ZONE_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	ZONE_NAME_MAX = 64,
	ZONE_TEXT = 48,
	ZONE_CHANGES_MAX = 2000,
};

/* All zeros: UTC. */
struct zone {
	long offset_s; /* before the first change, or for ever */
	int n;
	struct zone_change {
		int64_t at_s;
		int32_t offset_s;
	} * changes; /* owned, in order */
	char
	    rule[ZONE_NAME_MAX]; /* behind the last one: "CET-1CEST,M3.5.0,…" */
};

/*
 * "" and "UTC" are UTC. RC_INVALID: it is neither a name nor an offset, or
 * not of a file that is understood; RC_NOTFOUND: no such name here. err says
 * what would do.
 */
NODISCARD enum rc zone_read(
    struct span name, struct zone *ret, struct err *err);
void zone_done(struct zone *z);

/* Seconds east of Greenwich at that moment. */
long zone_offset_s(const struct zone *z, int64_t unix_s);

/* What is written of a moment. */
enum zone_form { ZONE_FULL, ZONE_CLOCK };

/* Writes "2026-11-28 03:07:00 +01:00" (UTC: "… UTC"), or without its date. */
const char *zone_print(const struct zone *z, int64_t unix_s,
    enum zone_form form, char out[ZONE_TEXT]);

/* Whether both moments are of one day there. */
bool zone_same_day(const struct zone *z, int64_t a_s, int64_t b_s);

/* Writes the name of the system's own: TZ, or where /etc/localtime leads;
 * "UTC" where neither tells. */
const char *zone_system(char out[ZONE_NAME_MAX]);

#endif
