/*
 * remark.h - what people say of a run: was it right, and whatever else they
 * know. Kept beside it, so it may come when it has ended.
 */
#ifndef SUPERVISOR_RUN_REMARK_H
#define SUPERVISOR_RUN_REMARK_H

#include "common/wire/proto.h"
#include "supervisor/run/lookup.h"

enum { REMARKS_MAX = 200 }; /* of a run that are read */

/*
 * Of the run in that row. A verdict (`right`, `wrong`, `helpful`) takes the
 * place of one by the same person; a note, whose verdict is empty, of one with
 * the same id, which is the same note said again. RC_INVALID: neither;
 * RC_CONFLICT: a verdict on what has not ended.
 */
NODISCARD enum rc remark_take(struct supervisor *s, const struct lookup_row *k,
    const struct proto_remark *m, struct err *err);

/* Those of a run, a list of `remarked`, the oldest first. */
NODISCARD enum rc remark_put_list(
    struct supervisor *s, struct buf *b, struct span run, struct err *err);

/* The newest verdict on it, into ret; "": none. */
NODISCARD enum rc remark_verdict(
    struct supervisor *s, struct span run, char ret[16], struct err *err);

#endif
