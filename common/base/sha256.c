/*
 * sha256.c - libsodium's SHA-256, as text.
 */
#include "common/base/sha256.h"

#include <sodium.h>

const char *
sha256_text(struct span bytes, char ret[SHA256_TEXT])
{
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, (const unsigned char *)bytes.p, bytes.n);
	return sodium_bin2hex(ret, SHA256_TEXT, sum, sizeof(sum));
}
