/*
 * campaign.h - a batch of kills: a house, a crowd, a killer, and at the end
 * the checker.
 */
#ifndef TESTS_HARNESS_CAMPAIGN_H
#define TESTS_HARNESS_CAMPAIGN_H

#include "tests/harness/crowd.h"
#include "tests/harness/killer.h"

struct campaign_spec {
	const char *name;       /* of its clients' keys */
	const char *failpoints; /* as in killer.h */
	const char *log_path;
	uint64_t seed;
	int kills;
	bool asks;       /* as in killer.h */
	bool model;      /* a model plans, and its account is checked */
	unsigned spared; /* victims that live on, a bit each */
	bool all_points; /* goes on until each failpoint has fired as well */
	int clients;
	int life_ms_min, life_ms_max, armed_of_ten, hit_max;
	int settle_ms; /* for all to be done, once the killing is over */
	int limit_ms;  /* of the killing */
};

struct campaign_result {
	struct killer_count killed;
	struct crowd_count served;
	int64_t ms;
	int asked; /* the model, where there is one */
	int violations;
	struct buf text; /* a line for each; the caller's (buf_done) */
};

/* Three steps at once, a thought, one large step, a report. */
extern const char campaign_script[];

/* Runs one batch in a folder of its own. */
void campaign_batch(
    const struct campaign_spec *spec, struct campaign_result *ret);

#endif
