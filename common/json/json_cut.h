/*
 * json_cut.h - a JSON document that is too long, cut between two elements of
 * an array, so that what is kept of it is JSON.
 *
 * The beginning that may be kept is fed first, then json_cut_here, then the
 * rest, of which nothing is kept but how many elements it has. Whether it is
 * good JSON is somebody else's to see: of what is not, something is kept.
 */
#ifndef COMMON_JSON_JSON_CUT_H
#define COMMON_JSON_JSON_CUT_H

#include "common/base/buf.h"
#include "common/base/span.h"

#include <stdint.h>

/* What json_cut_finish may append. */
enum { JSON_CUT_ROOM = 256 };

/* The member that is added to a document which is an object. */
#define JSON_CUT_KEY "culprit_left_out"

struct json_cut;

struct json_cut *json_cut_new(void);
void json_cut_free(struct json_cut *c);

void json_cut_feed(struct json_cut *c, struct span bytes);
void json_cut_here(struct json_cut *c);

/*
 * Cuts the document, which begins at from in b and goes to its end, where an
 * element ends, closes what is open there and says as JSON_CUT_KEY how many
 * elements of that array are missing; the same number is the result.
 */
uint64_t json_cut_finish(const struct json_cut *c, struct buf *b, size_t from);

#endif
