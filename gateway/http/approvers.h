/*
 * approvers.h - who may approve an UNSAFE step: the file of
 * --approver-token-file.
 *
 * A line each: NAME TOKEN; what begins with # is a comment. A name may stand
 * there with several tokens, a token once.
 */
#ifndef GATEWAY_HTTP_APPROVERS_H
#define GATEWAY_HTTP_APPROVERS_H

#include "common/wire/proto.h"
#include "gateway/http/session.h"

enum {
	APPROVERS_MAX = 64,
	APPROVER_NAME_MAX = PROTO_MOST(decide, by),
	TOKEN_LEAST = 8,
	TOKEN_MOST = 4096,
};

struct approver {
	char name[APPROVER_NAME_MAX + 1];
	char *token;            /* owned */
	struct session_key key; /* of its sessions */
};

struct approvers {
	struct approver at[APPROVERS_MAX];
	int n; /* 0: there is no file */
};

/* path NULL: there are none. RC_IO: it cannot be read; RC_INVALID: it names
 * nobody, or a line is wrong, said with its number but not its token. What
 * was read is freed by approvers_done, in either case. */
NODISCARD enum rc approvers_read(
    const char *path, struct approvers *ret, struct err *err);
void approvers_done(struct approvers *a);

/* Whose token that is, in a time that does not depend on which; NULL:
 * nobody's. */
const struct approver *approvers_by_token(
    const struct approvers *a, struct span token);

/* Whose session that is, good now; NULL: nobody's. */
const struct approver *approvers_by_session(
    const struct approvers *a, struct span value, int64_t now_s);

/* Whether a client can send it, and it is long enough. */
NODISCARD enum rc token_usable(const char *token, struct err *err);

bool token_equal(struct span got, const char *want);

#endif
