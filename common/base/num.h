/*
 * num.h - decimal text to double, exactly rounded, by JSON's grammar; and to
 * whole numbers.
 *
 * Most numbers a monitoring system sends have few digits and are converted
 * without strtod, several times faster; the rest go through it.
 */
#ifndef COMMON_BASE_NUM_H
#define COMMON_BASE_NUM_H

#include "common/base/buf.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest a double's exact plain decimal form gets is 1,077. */
enum { NUM_TEXT_MAX = 1100 };

enum num_result {
	NUM_OK,
	NUM_BAD, /* not a JSON number; *ret_at is where it stops being one */
	NUM_TOO_LARGE, /* overflows a double */
	NUM_TOO_LONG,  /* more than NUM_TEXT_MAX characters */
};

enum num_result num_parse(struct span text, double *ret, size_t *ret_at);

/* As num_parse, and also "NaN", "Inf", "+Inf", "-Inf" as Prometheus writes
 * sample values. */
bool num_parse_sample(struct span text, double *ret);

/* A whole number up to most: digits and nothing else, and no leading zero. */
bool num_parse_whole(struct span text, uint64_t most, uint64_t *ret);

/* Appends the shortest form that reads back as d; a JSON string for
 * not-a-number and the infinities ("NaN", "+Inf", "-Inf"). */
void num_put_json(struct buf *b, double d);

/* Appends d for a reader, with digits significant ones: 0.0123, 1.5e+10. */
void num_put_text(struct buf *b, double d, int digits);

#endif
