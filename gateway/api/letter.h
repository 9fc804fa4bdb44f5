/*
 * letter.h - what is told of a report, in the form its reader takes. Pure.
 */
#ifndef GATEWAY_API_LETTER_H
#define GATEWAY_API_LETTER_H

#include "common/agent/targets.h"
#include "common/base/buf.h"
#include "common/wire/proto.h"

struct letter_in {
	const char *run;
	const char *url; /* of its page */
	struct span input;
	const struct proto_told *told;
};

/* Appends the body, JSON. */
void letter_put(
    struct buf *b, enum target_form form, const struct letter_in *in);

/* Whether the answer, of a status that is good, says that it was taken: some
 * say in it that it was not. RC_UPSTREAM: it was not, and why. */
NODISCARD enum rc letter_taken(
    enum target_form form, struct span answer, struct err *err);

#endif
