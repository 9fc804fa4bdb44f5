/*
 * excerpt.h - a part of kept evidence: by lines, by bytes, around a text, or
 * what stands at a path of its JSON. Pure.
 *
 * A part ends between characters, and never in the middle of a number.
 */
#ifndef SUPERVISOR_RUN_EXCERPT_H
#define SUPERVISOR_RUN_EXCERPT_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	EXCERPT_BYTES_MAX = 3000, /* of a part */
	EXCERPT_TEXT_MAX = 200,   /* of what is looked for, and of a path */
	EXCERPT_AROUND = 120,     /* bytes of a long line on each side of it */
};

struct excerpt {
	struct buf part; /* UTF-8 */
	char what[320];  /* of it, for people: "lines 3 to 20 of 400" */
	bool more;       /* that was asked for, and did not fit */
	int64_t hits;    /* places that hold the text; -1: none was asked for */
};

void excerpt_done(struct excerpt *e);

/*
 * args are those of `read_evidence`, which fit its schema: at most one of
 * `lines` ("3-20"), `bytes` ("0-4000"), `text`, `path`
 * ("data.result[0].metric"); none: the beginning. RC_INVALID: they are no such
 * thing, or there is no such part, and what there is.
 */
NODISCARD enum rc excerpt_make(
    struct span whole, const cJSON *args, struct excerpt *ret, struct err *err);

/* The same of JSON at a path; in excerpt_path.c. */
NODISCARD enum rc excerpt_path(
    struct span whole, const char *path, struct excerpt *ret, struct err *err);

#endif
