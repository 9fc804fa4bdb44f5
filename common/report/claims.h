/*
 * claims.h - what a report claims, one claim at a time, each with the
 * evidence it rests on.
 *
 * A report is verified claim by claim. Claims come from the structured
 * conclusion, or out of Markdown that somebody wrote himself, which a parser
 * takes apart: a claim is then what one line of it shows. What is quoted, in
 * backticks or as a block of code, is no claim: queries, names, messages of
 * others; a figure alone in backticks is one.
 */
#ifndef COMMON_REPORT_CLAIMS_H
#define COMMON_REPORT_CLAIMS_H

#include "common/base/buf.h"
#include "common/base/span.h"
#include "common/report/report.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* A part of one of the lists in struct claims. */
struct extent {
	size_t at, n;
};

struct claim {
	struct extent said;  /* of text: what it states, without quotations */
	struct extent shown; /* of text: all that is to be read there */
	struct extent cites; /* of cites: its own */
	/* Of cites: its own, or else those of its paragraph or list; of a
	 * heading those of what it heads. */
	struct extent rests;
	bool marked;       /* something about it did not hold */
	const char *place; /* in the conclusion; NULL: Markdown */
	cJSON *node;       /* there: what is to be marked */
	/* Of Markdown. */
	size_t line;    /* index in lines */
	int section;    /* 0 title, 1 alerts … 4 conclusion; -1 before */
	unsigned block; /* lines between blank ones share it */
	unsigned part;  /* lines under one heading share it */
	unsigned depth; /* of lists and rows around it */
	bool is_heading;
};

struct claim_line {
	struct span text;
	unsigned block;
	bool is_code;
	bool marked;
};

struct claims {
	struct claim *at;
	size_t n, cap;
	struct buf text;
	uint32_t *cites; /* numbers of evidence; 0: too long to be one */
	size_t n_cites, cap_cites;
	/* Of Markdown: its lines, which point into it, and its form. */
	struct claim_line *lines;
	size_t n_lines;
	bool cut;              /* there are more than CLAIMS_LINES_MAX lines */
	int found;             /* headings of the form, in order */
	enum report_lang lang; /* whose headings they are */
	struct buf stray;      /* a title or section that is none of them */
};

/* The place of what a model claims beside the conclusion. */
#define CLAIMS_OPINION "a model's view"

enum { CLAIMS_LINES_MAX = 50000, CLAIMS_STRAY_MAX = 220 };

void claims_init(struct claims *c);
void claims_done(struct claims *c);

/* Adds those of Markdown, which must outlive c. lang: whose headings are
 * looked for first. */
void claims_read(struct claims *c, struct span markdown, enum report_lang lang);

/* Adds those of a conclusion, which must outlive c. Lists of plain strings
 * become lists of claims in it, so that each can be marked. */
void claims_conclude(struct claims *c, cJSON *conclusion);

void claims_mark(struct claims *c, struct claim *claim);

struct span claims_text(const struct claims *c, struct extent e);

/* ---- for those that add claims ---- */

/* The new one, valid until the next. */
struct claim *claims_add(struct claims *c);
/* What belongs to the last one, at the end of its text. */
void claims_say(struct claims *c, struct extent *of, struct span text);
void claims_cite(struct claims *c, uint32_t id);
/* Whether a quotation is but a figure: that is claimed. */
bool claims_is_figure(struct span quotation);
/* "E3" as its number; 0: it is none. */
uint32_t claims_number(struct span id);

#endif
