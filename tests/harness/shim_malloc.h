/* shim_malloc.h - what a test and shim/malloc.c share through a file. */
#ifndef TESTS_HARNESS_SHIM_MALLOC_H
#define TESTS_HARNESS_SHIM_MALLOC_H

#include <stdint.h>

struct shim_malloc {
	int32_t armed;	  /* set last by the test, cleared when it failed */
	int32_t pid;	  /* whose allocation failed; 0: none yet */
	int64_t left;	  /* allocations until then */
	char program[32]; /* "culprit-gateway" */
	/* Of a fault afterwards: the address that was touched, and the file
	 * of the program or library that did; "": there was none. */
	uint64_t touched;
	char in[64];
};

#endif
