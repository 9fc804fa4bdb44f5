/*
 * keygen.c - `culprit keygen`: keys for processes on other machines.
 */
#include "common/net/curve.h"
#include "gateway/cli/cmd.h"

#include <stdio.h>

int
cmd_keygen(const struct cmd_args *a)
{
	const char *dir = a->conf.args[0], *name = a->conf.args[1];
	struct err err;
	enum rc rc = curve_keygen(dir, name, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	printf("%s/%s.key  secret: stays with %s, as its --curve-key\n"
	       "%s/%s.pub  public: of a worker or gateway, put it into the "
	       "folder that the\n"
	       "  supervisor's --curve-workers or --curve-gateways names; of "
	       "the supervisor, copy it\n"
	       "  to its workers and gateways, for their "
	       "--curve-server-key\n",
	    dir, name, name, dir, name);
	return CMD_DONE;
}
