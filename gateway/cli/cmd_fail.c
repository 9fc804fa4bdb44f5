/* cmd_fail.c - how a subcommand of culprit(1) fails. */
#include "gateway/cli/cmd.h"

#include <stdio.h>
#include <string.h>

/* "body.at: …" of the gateway's, or "limit …" of its query, is "--at: …" of a
 * person's. */
static const char *
in_options(const struct cmd *c, const char *text, const char **ret_flag)
{
	const char *name = strncmp(text, "body.", 5) == 0 ? text + 5 : text;

	*ret_flag = "";
	for (int o = 0; o < OPT_N; o++) {
		const char *flag = cmd_options[o].flag;
		size_t n = strlen(flag);

		if ((c->opts & 1u << o) == 0 || strncmp(name, flag, n) != 0 ||
		    strchr(":. ", name[n]) == NULL)
			continue;
		*ret_flag = flag;
		return name + n;
	}
	return text;
}

int
cmd_fail(const struct cmd_args *a, enum rc rc, const struct err *err)
{
	const char *flag;
	const char *text = in_options(a->cmd, err->text, &flag);

	fprintf(stderr, "culprit %s: %s%s%s\n", a->cmd->name,
	    flag[0] != '\0' ? "--" : "", flag, text);
	return rc == RC_CLOSED ? CMD_UNREACHABLE : CMD_FAILED;
}
