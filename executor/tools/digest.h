/*
 * digest.h - many series boiled down to figures, as they stream by.
 *
 * Only one series' samples are in memory at a time, and the figures of the
 * DIGEST_SERIES_MAX series that changed most.
 */
#ifndef EXECUTOR_TOOLS_DIGEST_H
#define EXECUTOR_TOOLS_DIGEST_H

#include "common/base/buf.h"
#include "executor/prom/prom_response.h"

#include <cjson/cJSON.h>

enum {
	DIGEST_SERIES_MAX = 50,
	DIGEST_SAMPLES_MAX = 200000, /* of one series */
	DIGEST_SUMMARY_SERIES = 10,  /* told in the summary */
};

struct digest;

/*
 * Of a range from start_s to end_s (Unix seconds), or of one moment when
 * they are equal. The change of a series is its largest distance, in the
 * second half of the range, from the median of the first half; without
 * samples in the first half, from zero.
 */
struct digest *digest_new(double start_s, double end_s);
void digest_free(struct digest *d);
DEFINE_AUTO(digest, struct digest, digest_free);

/* To hand to a reader, with the digest as its argument. */
extern const struct prom_sink digest_sink;

/* Had the answer no series, no string? */
bool digest_is_empty(const struct digest *d);

/*
 * {"series": [{labels, n, first, last, min, max, mean, baseline, change,
 * from, to, hole_from, hole_to (between two samples, where some are missing),
 * time_of_max, ...}], "series_total", "series_left_out", "samples"}: of a
 * range by size of change, of a moment {labels, value} in the order sent, or
 * by value when there are more than are kept. Doubles that JSON lacks are
 * strings. The caller's.
 */
cJSON *digest_tree(const struct digest *d);

/* Appends one line for each of the first series, and what was left out. */
void digest_put_summary(const struct digest *d, struct buf *b);

#endif
