/*
 * fuzz_sse_id.c - a Last-Event-ID is read back as it was given out, or not
 * at all.
 */
#include "gateway/sse.h"

#include <assert.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span id = span_make(data, size);
	uint64_t seq = 99, again = 0;
	char text[40];
	struct err err;

	if (sse_id_parse(id, "r1", &seq, &err) != RC_OK) {
		assert(seq == 99);
		return 0;
	}
	snprintf(text, sizeof(text), "r1.%llu", (unsigned long long)seq);
	assert(sse_id_parse(span_of(text), "r1", &again, &err) == RC_OK);
	assert(again == seq);
	return 0;
}
