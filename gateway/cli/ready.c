/* ready.c - `culprit ready`: can the gateway take an investigation? */
#include "gateway/cli/call.h"
#include "gateway/cli/cmd.h"

#include <stdio.h>

int
cmd_ready(const struct cmd_args *a)
{
	auto_call_at at = {0};
	auto_call_reply reply = {0};
	struct call_request rq = {.at = &at, .path = "/readyz"};
	struct err err;
	enum rc rc = call_open(&a->conf, &at, &err);

	if (rc == RC_OK)
		rc = call_make(&rq, &reply, &err);
	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	printf("ready %s\n", at.base);
	return CMD_DONE;
}
