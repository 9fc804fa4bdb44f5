/*
 * deliver.h - the report that readers get: rendered from the conclusion, or
 * as its planner wrote it, held to its evidence, marked where it fails.
 *
 * Pure but for the callback. Takes time that grows with the state, and is
 * therefore fit for a thread of its own.
 */
#ifndef COMMON_REPORT_DELIVER_H
#define COMMON_REPORT_DELIVER_H

#include "common/report/verify.h"

struct deliver_in {
	struct span state; /* msgpack map, checked; empty: not to be read */
	enum report_lang lang;
	/* NULL: the run went its way; the state's `final_report` is the
	 * report where it has one, else its conclusion is rendered. Else why
	 * it did not (report.h). */
	const char *stop;
	/* As in verify_in. */
	enum rc (*fetch)(void *ctx, struct span id, struct buf *ret);
	void *ctx;
};

/* Appends both; verdict as a msgpack map. The buffers' marks tell of
 * overflow. */
void deliver_report(
    struct buf *report, struct buf *verdict, const struct deliver_in *in);

#endif
