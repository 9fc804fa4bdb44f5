/*
 * cmd.h - the subcommands of culprit(1), one table row each.
 *
 * A command's own options are taken from its arguments first; what is left
 * goes to the common configuration (conf.h).
 */
#ifndef GATEWAY_CLI_CMD_H
#define GATEWAY_CLI_CMD_H

#include "common/agent/conf.h"

#include <stdbool.h>

/* Scripts rely on these. */
enum cmd_exit {
	CMD_DONE = 0,   /* for investigate, follow: a completed report */
	CMD_FAILED = 1, /* incomplete, failed, cancelled, refused */
	CMD_USAGE = 2,
	CMD_UNREACHABLE = 3, /* no gateway answers */
};

/* Options that belong to commands rather than to processes. */
enum cmd_opt {
	OPT_AT,
	OPT_WINDOW,
	OPT_LABELS,
	OPT_LANGUAGE,
	OPT_TIMEZONE,
	OPT_JSON,
	OPT_HTML,
	OPT_ASYNC,
	OPT_LIMIT,
	OPT_STATUS,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_ALERT,
	OPT_TEXT,
	OPT_BEFORE,
	OPT_AGENT,
	OPT_FROM,
	OPT_FORK,
	OPT_INPUT,
	OPT_N,
};

extern const struct cmd_option {
	const char *flag; /* without its dashes */
	const char *arg;  /* NULL: a switch */
	const char *help;
} cmd_options[OPT_N];

struct cmd_args {
	const struct cmd *cmd;
	const struct cmd *all; /* of them; the last one has no name */
	struct conf conf;         /* its args are the positional arguments */
	const char *value[OPT_N]; /* NULL: not given; "" for switches */
	char *run;                /* the id its ID stands for; owned */
};

struct cmd {
	const char *name;
	const char *synopsis; /* positional arguments, e.g. "ID EVIDENCE" */
	const char *what;     /* one line */
	const char *more;     /* what --help adds; NULL: nothing */
	unsigned opts;        /* set of 1u << enum cmd_opt */
	int least, most;      /* positional arguments */
	unsigned who;         /* which configuration --help lists */
	bool names_run;       /* its first argument is an investigation */
	/* NULL: the program culprit-NAME does it, --help and all */
	int (*run)(const struct cmd_args *a);
};

/* Which configuration a command takes. */
unsigned cmd_who(const struct cmd *c);

/* What the exit status of every command means. */
extern const char cmd_exits[];

int cmd_investigate(const struct cmd_args *a);
int cmd_follow(const struct cmd_args *a);
int cmd_list(const struct cmd_args *a);
int cmd_completion(const struct cmd_args *a);
int cmd_manual(const struct cmd_args *a);
int cmd_doctor(const struct cmd_args *a);
int cmd_ready(const struct cmd_args *a);
int cmd_verify(const struct cmd_args *a);
int cmd_docs(const struct cmd_args *a);
int cmd_show(const struct cmd_args *a);
int cmd_cancel(const struct cmd_args *a);
int cmd_approve(const struct cmd_args *a);
int cmd_deny(const struct cmd_args *a);
int cmd_verdict(const struct cmd_args *a);
int cmd_note(const struct cmd_args *a);
int cmd_report(const struct cmd_args *a);
int cmd_open(const struct cmd_args *a);
int cmd_evidence(const struct cmd_args *a);
int cmd_replay(const struct cmd_args *a);
int cmd_ask(const struct cmd_args *a);
int cmd_keygen(const struct cmd_args *a);

/* Runs argv[1] with the rest; the exit status. */
int cmd_main(int argc, char **argv);

/* Says err on stderr after the command's name; the exit status of rc.
 * What the gateway calls a member of the body is called its option. */
int cmd_fail(const struct cmd_args *a, enum rc rc, const struct err *err);

#endif
