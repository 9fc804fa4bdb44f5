/*
 * jsonsax.h - strict JSON (RFC 8259) in pieces of any size, as events.
 *
 * Memory is bounded by the longest string allowed, whatever the document's
 * size. Refused: bad UTF-8, lone surrogates, raw control characters, \u0000
 * (it would end a C string early), leading zeros, numbers over a double's
 * range, anything after the value. Every error names the byte it stands at,
 * counted from 0, and what was expected there.
 */
#ifndef COMMON_JSON_JSONSAX_H
#define COMMON_JSON_JSONSAX_H

#include "common/base/rc.h"
#include "common/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSONSAX_DEPTH_MAX = 128 };

enum jsonsax_type {
	JSONSAX_OBJECT,
	JSONSAX_OBJECT_END,
	JSONSAX_ARRAY,
	JSONSAX_ARRAY_END,
	JSONSAX_KEY,
	JSONSAX_STRING,
	JSONSAX_NUMBER,
	JSONSAX_BOOL,
	JSONSAX_NULL,
	/* [NUMBER, "STRING"] as one event, where a reader asked for it. */
	JSONSAX_PAIR,
};

struct jsonsax_event {
	enum jsonsax_type type;
	unsigned depth;   /* containers around it; 0 for the outermost */
	bool boolean;     /* JSONSAX_BOOL */
	double number;    /* JSONSAX_NUMBER, JSONSAX_PAIR */
	struct span text; /* key or string decoded, or number as written;
			   * valid during the call only */
};

/* Takes an event; anything but RC_OK stops the reader with that result. */
typedef enum rc jsonsax_fn(
    void *arg, const struct jsonsax_event *ev, struct err *err);

struct jsonsax_limits {
	unsigned depth_max; /* containers in each other; <= JSONSAX_DEPTH_MAX */
	size_t string_max;  /* bytes of one key or string, decoded */
	uint64_t total_max; /* bytes of the document */
};

struct jsonsax;

/* The result is the caller's; arg is borrowed and handed to fn. */
struct jsonsax *jsonsax_new(
    const struct jsonsax_limits *limits, jsonsax_fn *fn, void *arg);
void jsonsax_free(struct jsonsax *sax);
DEFINE_AUTO(jsonsax, struct jsonsax, jsonsax_free);

/*
 * From now on, until off again, an array of a number and a plain string may
 * come as one JSONSAX_PAIR: several times faster, for time series. Not every
 * pair does: one that is cut or has spaces in it comes in parts.
 */
void jsonsax_pairs(struct jsonsax *sax, bool on);

/*
 * Takes the next bytes. RC_INVALID: not JSON; RC_TOOBIG: over a limit; or
 * what fn answered. A reader that has failed answers the same ever after.
 */
NODISCARD enum rc jsonsax_feed(
    struct jsonsax *sax, struct span bytes, struct err *err);

/* There is no more: RC_INVALID unless exactly one value was read. */
NODISCARD enum rc jsonsax_end(struct jsonsax *sax, struct err *err);

/* A whole document at once. */
NODISCARD enum rc jsonsax_read(struct span document,
    const struct jsonsax_limits *limits, jsonsax_fn *fn, void *arg,
    struct err *err);

#endif
