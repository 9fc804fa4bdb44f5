/*
 * sibling.c - the programs in the folder of this one.
 */
#include "common/sibling.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
sibling_path(const char *kind)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return xasprintf("/usr/bin/culprit-%s", kind);
	*slash = '\0';
	return xasprintf("%s/culprit-%s", path, kind);
}

void
sibling_add(struct sibling *s, char *arg)
{
	if (s->argc == SIBLING_ARGV_MAX - 1)
		abort();
	s->argv[s->argc++] = arg;
}

static void
sibling_pass_on(void *ctx, const char *flag, const char *value)
{
	if (strcmp(flag, "name") != 0)
		sibling_add(ctx, xasprintf("--%s=%s", flag, value));
}

void
sibling_init(
    struct sibling *s, const char *kind, unsigned who, const struct conf *conf)
{
	*s = (struct sibling){0};
	sibling_add(s, sibling_path(kind));
	conf_each(conf, who, sibling_pass_on, s);
}

void
sibling_done(struct sibling *s)
{
	while (s->argc > 0)
		free(s->argv[--s->argc]);
}

enum rc
sibling_check(const struct sibling *s, struct err *err)
{
	if (access(s->argv[0], X_OK) == 0)
		return RC_OK;
	return err_set(
	    err, RC_IO, "cannot run %s: %s", s->argv[0], strerror(errno));
}
