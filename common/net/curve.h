/*
 * curve.h - the files that hold CURVE keys.
 *
 * `culprit keygen DIR NAME` makes a pair: NAME.key, both halves, stays with
 * the process it is for; NAME.pub, the public half, goes to whoever has to
 * know that process. Both are lines of "public KEY" and "secret KEY", a key
 * being 40 characters of Z85, and comments that begin with #.
 */
#ifndef COMMON_NET_CURVE_H
#define COMMON_NET_CURVE_H

#include "common/base/rc.h"

#include <stdbool.h>

enum {
	CURVE_TEXT = 41, /* a key with its NUL */
	CURVE_NAME_MAX = 64,
	CURVE_KEYS_MAX = 1024, /* of one folder */
};

struct curve_pair {
	char public_key[CURVE_TEXT];
	char secret_key[CURVE_TEXT]; /* "": only the public half is known */
};

/* A fresh pair. RC_IO: this ZeroMQ was built without CURVE. */
NODISCARD enum rc curve_pair_make(struct curve_pair *ret, struct err *err);

/* Overwrites the secret half. */
void curve_pair_done(struct curve_pair *p);

/*
 * Makes DIR/NAME.key (0600) and DIR/NAME.pub, and dir (0700) where there is
 * none. RC_INVALID: no name for a file; RC_CONFLICT: one of the two exists
 * already, nothing was changed.
 */
NODISCARD enum rc curve_keygen(
    const char *dir, const char *name, struct err *err);

/* Reads a NAME.key. RC_DENIED: other users can read it. */
NODISCARD enum rc curve_read_key(
    const char *path, struct curve_pair *ret, struct err *err);

/* Reads the public key of a NAME.pub. */
NODISCARD enum rc curve_read_pub(
    const char *path, char ret[static CURVE_TEXT], struct err *err);

/* The public keys of a folder's *.pub. */
struct curve_keys {
	size_t n;
	char key[CURVE_KEYS_MAX][CURVE_TEXT];
};

/*
 * Reads the folder anew. RC_IO: it cannot be read; RC_DENIED: others may put
 * keys into it. Files that hold no key are left out: ret_bad then says of
 * one of them what is wrong, else its text is "".
 */
NODISCARD enum rc curve_read_folder(const char *dir, struct curve_keys *ret,
    struct err *ret_bad, struct err *err);

bool curve_keys_have(const struct curve_keys *k, const char *public_key);

#endif
