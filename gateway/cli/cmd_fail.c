/* cmd_fail.c - how a subcommand of culprit(1) fails. */
#include "gateway/cli/cmd.h"

#include <stdio.h>

int
cmd_fail(const struct cmd_args *a, enum rc rc, const struct err *err)
{
	fprintf(stderr, "culprit %s: %s\n", a->cmd->name, err->text);
	return rc == RC_CLOSED ? CMD_UNREACHABLE : CMD_FAILED;
}
