/*
 * inquiry.h - a whole investigation in this process: the real planner rules,
 * the real tools, a made-up world's Prometheus, and the report as readers get
 * it. At a moment that is the world's, so that all of it comes out alike.
 */
#ifndef TESTS_HARNESS_INQUIRY_H
#define TESTS_HARNESS_INQUIRY_H

#include "common/report/report.h"
#include "tests/harness/world.h"

#include <cjson/cJSON.h>

struct inquiry {
	struct buf report;
	cJSON *state;   /* with its conclusion */
	cJSON *verdict; /* {ok, checks} */
	int rounds;
};

/* What is asked of that world in each language; the tools answer once. */
void inquiry_hold(const struct world *w, const char *const zones[REPORT_LANGS],
    struct inquiry ret[REPORT_LANGS]);
void inquiry_done(struct inquiry *q);

#endif
