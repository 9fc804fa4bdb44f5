/*
 * evidence_id.h - what evidence is called: E1, E2 and so on, in each run.
 */
#ifndef COMMON_REPORT_EVIDENCE_ID_H
#define COMMON_REPORT_EVIDENCE_ID_H

#include "common/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { EVIDENCE_ID_TEXT = 24 };

/* The number of an id as it is written by evidence_id_print, and in no other
 * way; false: it is none. */
bool evidence_id_parse(struct span id, int64_t *ret_number);

/* text, which it writes. */
const char *evidence_id_print(int64_t number, char text[EVIDENCE_ID_TEXT]);

#endif
