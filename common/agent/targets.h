/*
 * targets.h - who is told of reports: the file of --notify-file.
 *
 * A line each: NAME FORM URL; what begins with # is a comment. A URL may be
 * as good as a password (a chat's webhook), so it is in no message and no log.
 */
#ifndef COMMON_AGENT_TARGETS_H
#define COMMON_AGENT_TARGETS_H

#include "common/base/rc.h"
#include "common/base/span.h"

enum { TARGETS_MAX = 16, TARGET_NAME_MAX = 20, TARGET_URL_MAX = 2000 };

/* How the body is laid out: json, slack, feishu, dingtalk, wecom. */
enum target_form {
	TARGET_JSON,
	TARGET_SLACK,
	TARGET_FEISHU,
	TARGET_DINGTALK,
	TARGET_WECOM,
	TARGET_FORMS
};

struct target {
	char name[TARGET_NAME_MAX + 1];
	enum target_form form;
	char url[TARGET_URL_MAX + 1];
};

struct targets {
	struct target at[TARGETS_MAX];
	int n;
};

/* What holds a URL to be one that can be posted to: http_check_url. */
typedef enum rc targets_check_fn(const char *url, struct err *err);

/* path NULL: there are none. check NULL: the reader posts to none of them and
 * needs no HTTP for it. RC_IO: it cannot be read; RC_INVALID: a line is wrong,
 * said with its number but not its URL. */
NODISCARD enum rc targets_read(const char *path, targets_check_fn *check,
    struct targets *ret, struct err *err);

/* NULL: nobody is called so. */
const struct target *targets_find(const struct targets *t, struct span name);

#endif
