/*
 * look.h - `read_evidence`: the one tool that the supervisor answers itself,
 * since what it looks into is kept here.
 */
#ifndef SUPERVISOR_RUN_LOOK_H
#define SUPERVISOR_RUN_LOOK_H

#include "supervisor/run/supervisor.h"

/* Evidence of so many bytes is looked into at once, more of it on a thread. */
enum { LOOK_BYTES_INLINE = 256 << 10 };

/* Its entry in the catalogue of tools, as JSON. */
extern const char look_tool[];

/* Answers all that wait on their queue. */
void look_all(struct supervisor *s);

#endif
