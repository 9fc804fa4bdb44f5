/*
 * memory.h - how a process ends that runs out of memory: in its own way.
 *
 * Hardly a library survives an allocation that fails; czmq, libzmq and our
 * own code abort by design, and some touch NULL. Agents are disposable and
 * what was accepted is safe, so ending is right, but nobody else is to do it.
 * Therefore malloc and its kin are this program's, one thin layer over those
 * of the system (or of whatever is preloaded): they never give NULL. Where
 * memory cannot be had, whoever asks for it, in whatever thread, a log line
 * says so and the process exits with MEMORY_EXIT.
 *
 * What remains: a library that maps memory by itself, which those in use do
 * for threads' stacks alone (limits.h sees that they fit at the start; a
 * thread that is refused later is an error like any other), and a kernel
 * that has none left for its own tables, or kills. Sanitizers bring their own
 * malloc: with them only our own allocations end like this.
 */
#ifndef COMMON_BASE_MEMORY_H
#define COMMON_BASE_MEMORY_H

#include <stddef.h>

enum { MEMORY_EXIT = 4 };

/* Who says so, before the end; taking no memory, and no lock: log.c. Until
 * somebody is named a plain line on stderr does. mib is the limit's size, or
 * NULL. */
typedef void (*memory_tell)(const char *bytes, const char *mib);
void memory_told_by(memory_tell tell);

/* Ends the process: so many bytes were not to be had. Takes no memory, and
 * no lock, since whoever asks for memory may hold any. */
_Noreturn void memory_out(size_t bytes);

#endif
