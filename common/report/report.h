/*
 * report.h - the Markdown report, rendered from the structured conclusion.
 *
 * Pure: the same conclusion and state give the same bytes. Exactly the five
 * headings of the report form, in order, in either language; every firing
 * instance has its row; text that came from labels, annotations, tools or a
 * model passes common/md. PROTOCOL.md describes the conclusion.
 */
#ifndef COMMON_REPORT_REPORT_H
#define COMMON_REPORT_REPORT_H

#include "common/wire/proto.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>

struct cJSON;

enum { REPORT_BYTES_MAX = PROTO_MOST(answer, final_report) };

/* Of a claim in a conclusion that is rendered: it did not hold. */
#define REPORT_UNVERIFIED "unverified"

enum report_lang { REPORT_ZH, REPORT_EN, REPORT_LANGS };

/* "en…" is English; everything else, nothing too, is Chinese. */
enum report_lang report_lang(struct span language);

/* What stands behind such a claim, a space first. */
const char *report_unverified_mark(enum report_lang lang);

/* The five headings with their marks, "# …" first, then "## …". */
enum { REPORT_HEADINGS = 5 };
const char *const *report_headings(enum report_lang lang);

/* SUSPECTED: it stands out, but no path leads from the alert to it, or data
 * that decide are missing. */
enum report_confidence {
	REPORT_UNDETERMINED,
	REPORT_SUSPECTED,
	REPORT_LIKELY,
	REPORT_CONFIRMED
};

const char *report_confidence_name(enum report_confidence c);
/* An absent or unknown name is REPORT_UNDETERMINED. */
enum report_confidence report_confidence_of(const char *name);
/* In words: 已确认, likely … */
const char *report_confidence_word(
    enum report_confidence c, enum report_lang lang);

/*
 * The most the findings bear: confirmed needs a cause with two pieces of
 * evidence (a measurement and what explains it), likely a cause or a
 * contribution with one, suspected something open with one.
 */
enum report_confidence report_confidence_cap(const struct cJSON *conclusion);

/*
 * Appends the report. state is the run's state as a tree (`at`, `window`,
 * `labels`, `timezone`, `id`, `address`, `executor_feedback`, `notes`,
 * `language` are read; NULL works), conclusion may be NULL. stop is why the run
 * was cut short, NULL when it was not; then the root cause reads as
 * undetermined, whatever the conclusion says. It is one of the names below or a
 * sentence. b's mark tells of overflow. rounds, tool_failed, deadline,
 * cancelled, budget, turns, planner_failed
 */
void report_render(struct buf *b, const struct cJSON *state,
    const struct cJSON *conclusion, enum report_lang lang, const char *stop);

/* Appends what may have changed something, who approved it, and what nobody
 * did, for a report that somebody else wrote; nothing when nothing did. */
void report_put_changes(
    struct buf *b, const struct cJSON *state, enum report_lang lang);

/* The report where the state is not to be read, or does not fit beside one:
 * that it stopped and why, and where the rest stands. Besides those above
 *   supervisor_died, unreadable */
void report_unread(struct buf *b, enum report_lang lang, const char *reason);

#endif
