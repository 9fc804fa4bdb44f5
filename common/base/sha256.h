/* sha256.h - SHA-256 as text, for names of content. Not for secrets. */
#ifndef COMMON_BASE_SHA256_H
#define COMMON_BASE_SHA256_H

#include "common/base/span.h"

enum { SHA256_TEXT = 65 };

/* The digest of bytes in lower-case hexadecimal, terminated; returns ret. */
const char *sha256_text(struct span bytes, char ret[SHA256_TEXT]);

#endif
