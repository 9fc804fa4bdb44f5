/*
 * verify.c - culprit verify: the supervisor's program looks at the store.
 *
 * It reads the file itself: so it works on a copy, and where nothing runs.
 */
#include "common/agent/sibling.h"
#include "gateway/cli/cmd.h"

#include <stdio.h>
#include <unistd.h>

int
cmd_verify(const struct cmd_args *a)
{
	struct sibling s = {0};
	struct err err;

	sibling_add(&s, sibling_path("supervisor"));
	sibling_add(&s, xstrdup("--verify"));
	if (a->conf.n_args > 0)
		sibling_add(&s, xstrdup(a->conf.args[0]));
	sibling_add(&s, xasprintf("--data-dir=%s", a->conf.data_dir));
	if (sibling_check(&s, &err) == RC_OK)
		execv(s.argv[0], s.argv);
	else
		fprintf(stderr, "culprit: %s\n", err.text);
	sibling_done(&s);
	return CMD_FAILED;
}
