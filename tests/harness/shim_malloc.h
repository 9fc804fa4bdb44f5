/* shim_malloc.h - what a test and shim/malloc.c share through a file. */
#ifndef TESTS_HARNESS_SHIM_MALLOC_H
#define TESTS_HARNESS_SHIM_MALLOC_H

#include <stdint.h>

struct shim_malloc {
	int32_t armed;    /* set last by the test, cleared when it failed */
	int32_t pid;      /* whose allocation failed; 0: none yet */
	int64_t left;     /* allocations until then */
	char program[32]; /* "culprit-gateway" */
};

/* The file is the caller's to name to the processes (CULPRIT_TEST_MALLOC),
 * and goes with shim_malloc_free. */
struct shim_malloc *shim_malloc_new(char **ret_path);
void shim_malloc_free(struct shim_malloc *s, char *path);

/* From now on the allocation after `left` others fails in that program. */
void shim_malloc_arm(struct shim_malloc *s, const char *program, int64_t left);
void shim_malloc_disarm(struct shim_malloc *s);

#endif
