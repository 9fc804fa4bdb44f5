/*
 * name.h - what people call an investigation, and a piece of evidence.
 */
#ifndef GATEWAY_CLI_NAME_H
#define GATEWAY_CLI_NAME_H

#include "common/agent/conf.h"
#include "common/base/rc.h"

/*
 * The id that `latest`, or the beginning of an id that no other has, stands
 * for; *ret is the caller's. A whole id stands for itself, unasked. Of
 * beginnings the newest NAME_PAGES * 200 are looked through. RC_NOTFOUND:
 * none is called so; RC_CONFLICT: several are; RC_CLOSED: no gateway.
 */
enum { NAME_PAGES = 10 };
NODISCARD enum rc name_run(const struct conf *conf, const char *text,
    char **ret, struct err *err);

/* "E3" for e3, 3 and [E3] as well; the caller's. */
char *name_evidence(const char *text);

#endif
