/*
 * docs.c - culprit docs: the executor's program looks into the index.
 */
#include "common/agent/sibling.h"
#include "gateway/cli/cmd.h"

#include <stdio.h>
#include <unistd.h>

int
cmd_docs(const struct cmd_args *a)
{
	struct sibling s = {0};
	struct err err;
	int i;

	sibling_init(&s, "executor", CONF_EXECUTOR, &a->conf);
	sibling_add(&s, xstrdup("--docs"));
	for (i = 0; i < a->conf.n_args; i++)
		sibling_add(&s, xstrdup(a->conf.args[i]));
	if (sibling_check(&s, &err) == RC_OK)
		execv(s.argv[0], s.argv);
	else
		fprintf(stderr, "culprit: %s\n", err.text);
	sibling_done(&s);
	return CMD_FAILED;
}
