/*
 * verify_lines.h - a report taken apart for checking: lines, sections,
 * citations. Spans point into the Markdown.
 */
#ifndef COMMON_REPORT_VERIFY_LINES_H
#define COMMON_REPORT_VERIFY_LINES_H

#include "common/report/report.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { LINE_CITES_MAX = 12 };

struct line {
	struct span text;
	int8_t section;  /* 0 title, 1 alerts … 4 conclusion; -1 before */
	bool is_heading; /* of any level */
	bool is_fence;   /* a fence or inside one */
	bool marked;     /* something on it did not hold */
	unsigned block;  /* lines between blank ones share it */
	unsigned part;   /* lines under one heading share it */
	uint32_t cites[LINE_CITES_MAX]; /* numbers of evidence */
	unsigned n_cites;
};

struct lines {
	struct line *at;
	size_t n;
	bool cut;   /* over VERIFY_LINES_MAX */
	int found;  /* headings of the form, in order */
	bool stray; /* a title or section that is none of them */
	struct span stray_text;
	enum report_lang lang; /* whose headings they are */
};

/* lang is tried first, then the others. */
struct lines lines_read(struct span markdown, enum report_lang lang);
void lines_done(struct lines *l);

#endif
