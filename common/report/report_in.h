/*
 * report_in.h - a report while it is being written, for the files that do.
 */
#ifndef COMMON_REPORT_REPORT_IN_H
#define COMMON_REPORT_REPORT_IN_H

#include <cjson/cJSON.h>

#include "common/base/buf.h"
#include "common/base/zone.h"
#include "common/report/report.h"
#include "common/report/report_words.h"

enum { ERROR_MAX = 300, QUERY_MAX = 2000, CELL_MAX = 1024 };

struct report {
	struct buf *b;
	enum report_lang lang;
	const cJSON *state;
	const cJSON *conclusion;
	const cJSON *alerts;
	const char *stop;
	struct zone zone;
};

static inline const char *
report_word_of(const struct report *r, enum report_word w)
{
	return report_word(w, r->lang);
}

/* ---- report_put.c ---- */

void report_put_ids(struct buf *b, const cJSON *ids);
/* Behind a claim that did not hold. */
void report_put_mark(const struct report *r, const cJSON *claim);
/* Sentences that may follow others are made with a small letter. Where text
 * begins a line, or stands behind its label, puts that as a capital; what is
 * left to put. */
struct span report_begin(const struct report *r, struct span text);
/* Its text, what it rests on, its mark. */
void report_put_claim(const struct report *r, const cJSON *claim);
/* The same, of a long one the parts behind the first on lines of their own,
 * each after indent. */
void report_put_claim_below(
    const struct report *r, const cJSON *claim, const char *indent);
/* The same of its first part alone, where it has several. */
void report_put_claim_first(const struct report *r, const cJSON *claim);
void report_put_parts(
    const struct report *r, struct span text, const char *indent);
/* What is to be run for an action, a line of its own; nothing where nothing
 * is. */
void report_put_run(
    const struct report *r, const cJSON *action, const char *indent);
void report_put_confidence(const struct report *r, const char *name);
void report_put_moment(const struct report *r, double ms);

/* Claims, each with what it quotes below it. */
void report_put_quotations(
    const struct report *r, const cJSON *list, const char *title);
/* That nothing fires is a claim, and whoever concludes has to make it. */
bool report_is_all_clear(const struct report *r);

/* ---- report_head.c ---- */

void report_put_head(const struct report *r);
/* Incidents that nobody studied. */
int report_count_others(const struct report *r);
/* Whether there is anything to begin with, and whether that has the command
 * of the first action: of one incident it does. */
bool report_has_first(const struct report *r);
bool report_is_run_first(const struct report *r);

/* ---- report_actions.c ---- */

void report_put_actions(const struct report *r);

#endif
