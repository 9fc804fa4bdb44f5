/* cells.h - what the tables for people are made of. */
#ifndef GATEWAY_CLI_CELLS_H
#define GATEWAY_CLI_CELLS_H

#include "common/base/buf.h"

#include "gateway/cli/term.h"

#include <cjson/cJSON.h>

/* "" and 0 where it has none. */
const char *cell_text(const cJSON *o, const char *key);
double cell_number(const cJSON *o, const char *key);

/* Appends text, safe for a terminal, on so many columns and two blanks. */
void cell_put(struct buf *b, const char *text, int columns);

/* The same of a moment, in this machine's time zone, as --at takes it. */
void cell_time(struct buf *b, double ms);

/* Writes text so that a terminal is safe from it, ending in a line end. */
void cell_print(struct span s, enum term_style style);

#endif
