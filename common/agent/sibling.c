/*
 * sibling.c - the programs in the folder of this one.
 */
#include "common/agent/sibling.h"

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

struct passing {
	struct sibling *s;
	const struct conf *conf;
};

/* What a running process reads again it must find where it was said: the
 * value of now, as a flag, would stand above the file for ever. */
static bool
is_left_to_file(const struct passing *p, const char *flag)
{
	static const char *const again[] = {"tools", "tool-classes"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(again); i++)
		if (strcmp(flag, again[i]) == 0)
			return conf_from(p->conf, flag) == CONF_FROM_FILE;
	return false;
}

static void
pass_on(void *ctx, const char *flag, const char *value)
{
	const struct passing *p = ctx;

	if (strcmp(flag, "name") != 0 && !is_left_to_file(p, flag))
		sibling_add(p->s, xasprintf("--%s=%s", flag, value));
}

static void
take_environment(struct sibling *s, unsigned who)
{
	size_t n = 0, i, k = 0;

	while (environ[n] != NULL)
		n++;
	s->env = xcalloc(n + 1, sizeof(*s->env));
	for (i = 0; i < n; i++)
		if (!conf_is_hidden(environ[i], who))
			s->env[k++] = environ[i];
}

void
sibling_init(
    struct sibling *s, const char *kind, unsigned who, const struct conf *conf)
{
	struct passing p = {s, conf};

	*s = (struct sibling){0};
	sibling_add(s, sibling_path(kind));
	if (conf->ini != NULL)
		sibling_add(s, xasprintf("--config=%s", conf->ini));
	conf_each(conf, who, pass_on, &p);
	take_environment(s, who);
}

void
sibling_done(struct sibling *s)
{
	while (s->argc > 0)
		free(s->argv[--s->argc]);
	free(s->env);
	s->env = NULL;
}

enum rc
sibling_check(const struct sibling *s, struct err *err)
{
	if (access(s->argv[0], X_OK) == 0)
		return RC_OK;
	return err_set(
	    err, RC_IO, "cannot run %s: %s", s->argv[0], strerror(errno));
}
