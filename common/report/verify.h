/*
 * verify.h - a report held to its evidence, whoever wrote it.
 *
 * What is held is what it claims (claims.h): of the conclusion in the state,
 * and, where somebody wrote Markdown himself, of that. Checks, each by its
 * name: `headings` (the five, in order), `instances` (every firing one is
 * listed), `citations` (every [En] exists), `figures` (every figure of the
 * analysis occurs in what its claim rests on, rounding and units allowed for:
 * 87.3 % is 0.8731, 1.2 GiB is 1288490189, 250 ms is 0.25; so does the value
 * of the arithmetic that stands there), `confidence` (no higher than the
 * findings bear), `statements` (what a finding says of which kind holds of
 * the answers it cites: statements.h), `grounds` (what a model claims beside
 * the conclusion is borne out by that and by what it cites: grounds.h). Pure
 * but for the callback that fetches evidence; the work is linear in the bytes
 * it is given, but may be long: it belongs on no loop.
 */
#ifndef COMMON_REPORT_VERIFY_H
#define COMMON_REPORT_VERIFY_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/report/report.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	VERIFY_FIGURES_MAX = 32768,
	VERIFY_MISSING_MAX = 2000, /* instances named in the details */
};

struct verify_in {
	/* Empty (NULL): the report is rendered from the conclusion, which
	 * lists all instances under the right headings. */
	struct span markdown;
	struct span state; /* msgpack map: evidence, conclusion, alerts … */
	/* Appends the bytes of evidence id; anything but RC_OK: cannot be
	 * read, and its figures count as not found. NULL: no bytes anywhere */
	enum rc (*fetch)(void *ctx, struct span id, struct buf *ret);
	void *ctx;
};

struct verdict;

/* Never fails; what cannot be checked is said in the verdict, which borrows
 * the Markdown. */
struct verdict *verify_report(const struct verify_in *in);
void verdict_free(struct verdict *v);
DEFINE_AUTO(verdict, struct verdict, verdict_free);

bool verdict_ok(const struct verdict *v);

/* Appends what failed, "name: detail" each, with "; " between. */
void verdict_put_failed(struct buf *b, const struct verdict *v);

/* Appends the msgpack map {ok, checks: [{name, ok, detail}]}. */
void verdict_put(struct buf *b, const struct verdict *v);

/* The state's conclusion, in which what failed is marked for the renderer
 * (REPORT_UNVERIFIED); NULL: it has none. The verdict's. */
const struct cJSON *verdict_conclusion(const struct verdict *v);

/*
 * Appends the report with what failed listed under the title, missing
 * headings and instances too, and, of the Markdown that was verified, marked
 * where it stands; what was rendered is marked already. A report that passed
 * is appended as it is.
 */
void verify_mark(struct buf *b, struct span markdown, const struct verdict *v,
    enum report_lang lang);

#endif
