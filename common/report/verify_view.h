/*
 * verify_view.h - what the checks of a report share: its claims, the parts
 * of the state they need, and where a failure is noted.
 */
#ifndef COMMON_REPORT_VERIFY_VIEW_H
#define COMMON_REPORT_VERIFY_VIEW_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "common/report/verify.h"
#include "common/report/claims.h"

enum {
	CHECK_HEADINGS,
	CHECK_INSTANCES,
	CHECK_CITATIONS,
	CHECK_FIGURES,
	CHECK_CONFIDENCE,
	CHECK_STATEMENTS,
	CHECK_GROUNDS,
	CHECKS,
	DETAIL_MAX = 256 << 10,
	NAMED_MAX = 20, /* figures and citations named in a detail */
	PLACE_MAX = 40,
	EVIDENCE_MAX = 1000,
	FETCH_MAX = 20 << 20,
};

struct verdict {
	bool ok[CHECKS];
	struct buf detail[CHECKS];
	cJSON *state; /* what the checks need of it, not more */
	struct claims claims;
};

/* What the checks look at. */
struct view {
	struct span feedback; /* what the steps brought, as in the state */
	const struct verify_in *in;
	struct verdict *v;
	const cJSON *state, *conclusion;
	cJSON *alerts;
};

/* By number: its entry in the state's list, empty where there is none. */
struct evidence {
	struct span at[EVIDENCE_MAX];
};

void view_init(struct view *w, const struct verify_in *in, struct verdict *v);
void view_done(struct view *w);

/* Notes that a check failed, and on what. */
void verify_fail(struct view *w, int check, const char *fmt, ...) PRINTF(3, 4);

/* Calls each for every feedback of the run, a msgpack map. */
void verify_each_feedback(const struct view *w,
    void (*each)(void *ctx, struct span feedback), void *ctx);

/* Where a claim stands, as details tell it: "line 7", "a finding". */
const char *verify_place(const struct claim *claim, char text[PLACE_MAX]);

bool verify_exists(const struct evidence *e, uint32_t id);

/* Whether s holds word with nothing of a longer name clinging to it. */
bool verify_holds_word(struct span s, const char *word);

/* The checks that have a file of their own. */
void verify_instances(struct view *w);
void verify_figures(struct view *w, const struct evidence *e);

#endif
