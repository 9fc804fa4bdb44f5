/* sha256.h - SHA-256 (FIPS 180-4), for names of content. Not for secrets. */
#ifndef COMMON_SHA256_H
#define COMMON_SHA256_H

#include "common/span.h"

#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_TEXT = 2 * SHA256_BYTES + 1 };

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct span bytes);

/* Ends s, which must be made anew before it is used again. */
void sha256_end(struct sha256 *s, uint8_t ret[SHA256_BYTES]);

/* The digest of bytes in lower-case hexadecimal, terminated; returns ret. */
const char *sha256_text(struct span bytes, char ret[SHA256_TEXT]);

#endif
