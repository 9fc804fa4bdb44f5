/*
 * cmd.c - the subcommands of culprit(1): table, arguments, help.
 */
#include "gateway/cli/cmd.h"

#include "common/agent/sibling.h"
#include "gateway/cli/name.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIT(o) (1u << (o))

static const struct cmd cmds[] = {
    {"up", "", "run gateway, supervisor, planners and executors here", NULL, 0,
	0, 0, 0, false, NULL},
    {"investigate", "[TEXT]", "investigate what is firing, or a question",
	"Progress goes to stderr, the report to stdout. Ctrl-C asks for "
	"the run to be\ncancelled and waits for what it found; again "
	"leaves at once.\n",
	BIT(OPT_AT) | BIT(OPT_WINDOW) | BIT(OPT_LABELS) | BIT(OPT_LANGUAGE) |
	    BIT(OPT_TIMEZONE) | BIT(OPT_JSON) | BIT(OPT_ASYNC),
	0, CONF_ARGS_MAX, 0, false, cmd_investigate},
    {"list", "", "investigations, newest first", NULL,
	BIT(OPT_JSON) | BIT(OPT_LIMIT) | BIT(OPT_STATUS) | BIT(OPT_SINCE) |
	    BIT(OPT_UNTIL) | BIT(OPT_ALERT) | BIT(OPT_TEXT) | BIT(OPT_BEFORE),
	0, 0, 0, false, cmd_list},
    {"show", "ID", "one investigation: its steps, what it waits for, its answer",
	"With --json its whole state. ID, here and below, is as much of it as no other has, or `latest`.\n",
	BIT(OPT_JSON), 1, 1, 0, true, cmd_show},
    {"follow", "ID", "watch one, from its start to its report",
	"Ctrl-C stops watching; the investigation goes on.\n", BIT(OPT_JSON), 1,
	1, 0, true, cmd_follow},
    {"cancel", "ID", "end one; it still reports what it found", NULL, 0, 1, 1,
	0, true, cmd_cancel},
    {"approve", "ID [STEP]", "let an UNSAFE step run that waits for a person",
	"`culprit follow ID` shows which step waits; where it is the only one "
	"its number\nneed not be given. It runs once; what becomes of it when "
	"its executor dies is not\nknown, and it is not repeated.\n",
	0, 1, 2, 0, true, cmd_approve},
    {"deny", "ID [STEP]", "refuse it; the investigation goes on without", NULL,
	0, 1, 2, 0, true, cmd_deny},
    {"report", "ID", "its report, as Markdown, or as a case file", NULL,
	BIT(OPT_JSON) | BIT(OPT_HTML), 1, 1, 0, true, cmd_report},
    {"open", "ID", "where to read it in a browser: the page's address", NULL,
	0, 1, 1, 0, true, cmd_open},
    {"evidence", "ID EVIDENCE", "the bytes behind [E3], as the tool got them",
	NULL, 0, 2, 2, 0, true, cmd_evidence},
    {"ask", "ID QUESTION", "ask something about one that has ended",
	"A new investigation goes on from its last state, with its evidence "
	"at hand, and is\nwatched like `investigate`: what the question names "
	"(an alert, a service, E3, a\nmetric, a `query`) is looked at.\n",
	BIT(OPT_JSON), 2, CONF_ARGS_MAX, 0, true, cmd_ask},
    {"verdict", "ID right|wrong|helpful [CAUSE]",
	"say whether one was right, and what the cause was",
	"Shown in `list` and `show`; a second one by the same person takes the "
	"place of the\nfirst.\n",
	0, 2, CONF_ARGS_MAX, 0, true, cmd_verdict},
    {"note", "ID TEXT", "note something on one", NULL, 0, 2, CONF_ARGS_MAX, 0,
	true, cmd_note},
    {"replay", "ID", "give one agent again what it was given, and compare",
	"Runs the agent that stands next to this program on each of its "
	"turns in the run,\nas it is configured here and now, and shows where "
	"its answers differ. It changes\nnothing anywhere: of an executor's "
	"steps only those of tools that only read are\nreplayed, and they "
	"look at what is measured now. A planner is told of the tools\nthat "
	"there are now. With --fork, the supervisor and its workers go on "
	"from there.\n",
	BIT(OPT_AGENT) | BIT(OPT_FROM) | BIT(OPT_JSON) | BIT(OPT_FORK) |
	    BIT(OPT_INPUT),
	1, 1, CONF_CLI | CONF_PLANNER | CONF_EXECUTOR, true, cmd_replay},
    {"doctor", "", "what is wrong with this installation, and what to do",
	"Looks at the configuration of each process, at Prometheus and the "
	"model, the store,\nclocks, disk and rights, as the processes started "
	"here and now would find them.\nWhat is bad must be mended; a note is "
	"worth knowing. Exit status 1: something is bad.\n",
	BIT(OPT_JSON), 0, 0, CONF_ALL, false, cmd_doctor},
    {"completion", "bash|zsh|fish", "what completes these commands in a shell",
	"Installed where the shell looks for it; by hand: `. <(culprit "
	"completion bash)`,\n`culprit completion fish | source`, or in a "
	"folder of zsh's $fpath as _culprit.\n",
	0, 1, 1, 0, false, cmd_completion},
    {"manual", "[PAGE]", "the manual pages, in the language of man",
	"Without PAGE, their names. They are installed; by hand: `culprit "
	"manual culprit.1 |\nman -l -`.\n",
	0, 0, 1, 0, false, cmd_manual},
    {"ready", "", "can the gateway take an investigation now", NULL, 0, 0, 0, 0,
	false, cmd_ready},
    {"verify", "[ID]", "is what is kept what was written",
	"Holds the investigations in the data directory against the chains of "
	"hashes that\nwere written with them, and names the first thing of "
	"each that does not fit. It\nreads the file itself, also while a "
	"supervisor works on it, and changes nothing.\nWho can write the whole "
	"file can write the chains anew: keep the newest link that\nit prints "
	"elsewhere to know of that, too.\n",
	0, 0, 1, CONF_CLI, false, cmd_verify},
    {"docs", "list|show NAME|search TEXT|add FILE [NAME]|rm NAME",
	"the runbooks that search_docs answers from",
	"Reads the index in the data directory, also while executors keep it; "
	"where there\nis none yet it is made, of --docs-dir and of the "
	"runbooks that come with Culprit.\nadd and rm ask the gateway: what is "
	"added is kept in the data directory.\n",
	0, 1, CONF_ARGS_MAX, CONF_CLI | CONF_EXECUTOR, false, cmd_docs},
    {"keygen", "DIR NAME", "make the CURVE keys of a process off this machine",
	"Makes DIR/NAME.key and DIR/NAME.pub, and says what is for whom. "
	"Nothing is\noverwritten.\n",
	0, 2, 2, 0, false, cmd_keygen},
    {0},
};

static void
cmd_usage(FILE *out)
{
	fputs("culprit - investigates alerts\n\nUsage: culprit COMMAND "
	      "[OPTION…] [ARGUMENT…]\n\n",
	    out);
	for (size_t i = 0; cmds[i].name != NULL; i++) {
		auto_str head =
		    xasprintf("%s %s", cmds[i].name, cmds[i].synopsis);

		fprintf(out, "  %-22s %s\n", head, cmds[i].what);
	}
	fprintf(out, "  %-22s %s\n\n", "help [COMMAND]", "this, or about one");
	fputs(cmd_exits, out);
}

static void
cmd_help(FILE *out, const struct cmd *c)
{
	fprintf(out, "Usage: culprit %s [OPTION…]%s%s\n\n  %s\n\n", c->name,
	    c->synopsis[0] != '\0' ? " " : "", c->synopsis, c->what);
	if (c->more != NULL)
		fprintf(out, "%s\n", c->more);
	for (size_t o = 0; o < OPT_N; o++) {
		auto_str flag = xasprintf("--%s %s", cmd_options[o].flag,
		    cmd_options[o].arg != NULL ? cmd_options[o].arg : "");

		if ((c->opts & BIT(o)) != 0)
			fprintf(out, "  %-22s %s\n", flag, cmd_options[o].help);
	}
	if (c->opts != 0)
		fputc('\n', out);
	conf_help(out, cmd_who(c));
	fprintf(out, "\n%s", cmd_exits);
}

static const struct cmd *
cmd_find(const char *name)
{
	for (size_t i = 0; cmds[i].name != NULL; i++)
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	return NULL;
}

/* Which of the command's own options arg is; *ret_value what follows '='. */
static enum cmd_opt
cmd_match(const struct cmd *c, const char *arg, const char **ret_value)
{
	for (size_t o = 0; o < OPT_N && strncmp(arg, "--", 2) == 0; o++) {
		size_t n = strlen(cmd_options[o].flag);

		if ((c->opts & BIT(o)) == 0 ||
		    strncmp(arg + 2, cmd_options[o].flag, n) != 0)
			continue;
		if (arg[2 + n] == '\0' || arg[2 + n] == '=') {
			*ret_value = arg[2 + n] == '=' ? arg + 3 + n : NULL;
			return (enum cmd_opt)o;
		}
	}
	return OPT_N;
}

/* Takes the command's own options out of argv, which keeps the rest. */
static enum rc
cmd_take(struct cmd_args *a, int *argc, char **argv, struct err *err)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const char *value = NULL;
		enum cmd_opt o = cmd_match(a->cmd, argv[i], &value);

		if (strcmp(argv[i], "--") == 0)
			while (i < *argc)
				argv[kept++] = argv[i++];
		if (i >= *argc)
			break;
		if (o == OPT_N) {
			argv[kept++] = argv[i];
			continue;
		}
		if (cmd_options[o].arg != NULL && value == NULL &&
		    i + 1 < *argc)
			value = argv[++i];
		if (cmd_options[o].arg != NULL && value == NULL)
			return err_set(err, RC_INVALID,
			    "--%s needs a value: "
			    "%s",
			    cmd_options[o].flag, cmd_options[o].arg);
		if (cmd_options[o].arg == NULL && value != NULL)
			return err_set(err, RC_INVALID, "--%s takes no value",
			    cmd_options[o].flag);
		a->value[o] = value != NULL ? value : "";
	}
	argv[kept] = NULL;
	*argc = kept;
	return RC_OK;
}

static enum rc
cmd_count(const struct cmd_args *a, struct err *err)
{
	const struct cmd *c = a->cmd;

	for (int i = 0; i < a->conf.n_args - a->conf.n_words; i++)
		if (strncmp(a->conf.args[i], "--", 2) == 0)
			return err_set(err, RC_INVALID,
			    "there is no option "
			    "%s",
			    a->conf.args[i]);
	if (a->conf.once || a->conf.check || a->conf.alive)
		return err_set(err, RC_INVALID, "has no --%s; the agents do",
		    a->conf.once    ? "once"
		    : a->conf.check ? "check"
				    : "alive");
	if (a->conf.n_args >= c->least && a->conf.n_args <= c->most)
		return RC_OK;
	if (c->most == 0)
		return err_set(err, RC_INVALID,
		    "takes no arguments; \"%s\" "
		    "is one",
		    a->conf.args[0]);
	return err_set(err, RC_INVALID, "needs %s", c->synopsis);
}

static int
cmd_do(struct cmd_args *a)
{
	struct err err;
	enum rc rc = RC_OK;
	int status;

	if (a->cmd->names_run) {
		rc = name_run(&a->conf, a->conf.args[0], &a->run, &err);
		a->conf.args[0] = a->run;
	}
	status = rc == RC_OK ? a->cmd->run(a) : cmd_fail(a, rc, &err);
	free(a->run);
	return status;
}

static int
cmd_run(const struct cmd *c, int argc, char **argv)
{
	struct cmd_args a = {.cmd = c, .all = cmds};
	struct err err;
	enum rc rc = cmd_take(&a, &argc, argv, &err);
	int status = CMD_USAGE;

	if (rc == RC_OK)
		rc = conf_load(&a.conf, argc, argv, CONF_CLI, &err);
	if (rc == RC_OK) {
		if (a.conf.help) {
			cmd_help(stdout, c);
			status = CMD_DONE;
		} else if (a.conf.version) {
			puts("culprit " CULPRIT_VERSION);
			status = CMD_DONE;
		} else if ((rc = cmd_count(&a, &err)) == RC_OK) {
			status = cmd_do(&a);
		}
		conf_done(&a.conf);
	}
	if (rc != RC_OK)
		fprintf(stderr, "culprit %s: %s\nSee: culprit %s --help\n",
		    c->name, err.text, c->name);
	return status;
}

/*
 * The program culprit-NAME takes this one's place: the same process, so that
 * whoever started it and signals it sees no difference.
 */
static int
cmd_exec(const struct cmd *c, char **argv)
{
	auto_str path = sibling_path(c->name);

	argv[0] = path;
	execv(path, argv);
	fprintf(stderr, "culprit %s: cannot run %s: %s\n", c->name, path,
	    strerror(errno));
	return CMD_FAILED;
}

static int
cmd_help_about(const struct cmd *c)
{
	if (c->run == NULL)
		return cmd_exec(c, (char *[]){NULL, "--help", NULL});
	cmd_help(stdout, c);
	return CMD_DONE;
}

static int
cmd_unknown(const char *name)
{
	fprintf(stderr, "culprit: no command \"%s\"\n\n", name);
	cmd_usage(stderr);
	return CMD_USAGE;
}

int
cmd_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct cmd *c = name != NULL ? cmd_find(name) : NULL;

	if (c != NULL && c->run == NULL)
		return cmd_exec(c, argv + 1);
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	if (c != NULL)
		return cmd_run(c, argc - 1, argv + 1);
	if (name == NULL) {
		cmd_usage(stderr);
		return CMD_USAGE;
	}
	if (strcmp(name, "--version") == 0) {
		puts("culprit " CULPRIT_VERSION);
		return CMD_DONE;
	}
	if (strcmp(name, "help") != 0 && strcmp(name, "--help") != 0 &&
	    strcmp(name, "-h") != 0)
		return cmd_unknown(name);
	c = argc > 2 ? cmd_find(argv[2]) : NULL;
	if (argc > 2 && c == NULL)
		return cmd_unknown(argv[2]);
	if (c != NULL)
		return cmd_help_about(c);
	cmd_usage(stdout);
	return CMD_DONE;
}
