/*
 * manual.c - `culprit manual`: the manual pages, made of the tables that make
 * --help, in man's language.
 */
#include "gateway/cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "common/base/rc.h"

static const struct page {
	const char *name;
	int section;
	unsigned who;
	const char *what;
	const char *describes;
} pages[] = {
    {"culprit", 1, CONF_CLI, "investigates alerts",
	"A client of the gateway's HTTP interface; `up` starts what it is a "
	"client of. Where options and TEXT could be mistaken for each other, "
	"what follows -- is text."},
    {"culprit-up", 1, CONF_ALL,
	"run gateway, supervisor, planners and "
	"executors here",
	"Prints `ready http://HOST:PORT` once investigations are taken, starts "
	"again what dies, and ends all its processes on SIGINT or SIGTERM; a "
	"second signal does not wait for them. It takes every option of the "
	"processes it starts. SIGHUP is handed on to the executors."},
    {"culprit-supervisor", 8, CONF_SUPERVISOR,
	"owns every investigation: graph, limits, store",
	"The only process that touches the store. It never calls a tool or a "
	"model. --graph prints the state graph as Mermaid, --verify [ID] holds "
	"the store against its chains."},
    {"culprit-planner", 8, CONF_PLANNER,
	"plans what an investigation looks at, and writes its report",
	"Any number of them may run. They alone know a model's key, and cannot "
	"reach telemetry. --once takes one state from standard input and "
	"writes the plan; with --explain it shows how a model's answer was "
	"read."},
    {"culprit-executor", 8, CONF_EXECUTOR,
	"runs the steps of plans: Prometheus, runbooks",
	"Any number of them may run. They alone reach telemetry. --once takes "
	"one step or plan from standard input and writes what came of it; "
	"--docs list, show NAME or search TEXT looks into the documents."},
    {"culprit-gateway", 8, CONF_GATEWAY,
	"answers HTTP for Culprit and streams what it finds",
	"Any number of them may run; they keep nothing that a restart loses."},
    {"culprit.conf", 5, CONF_ALL, "settings of Culprit's processes",
	"An INI file, key = value, a # before what is a comment. Every process "
	"reads the file that --config or CULPRIT_CONFIG names, else "
	"/etc/culprit.conf where it exists, and takes of it what concerns it. "
	"The environment stands above the file, flags above both. Secrets are "
	"refused in it: they come from the environment, or from the file that "
	"a -file setting names. A key is a flag without its dashes."},
};

/* Text in which nothing is a request of man's: a dash is a dash, and a line
 * never begins with a dot. */
static void
put_text(const char *text)
{
	bool begins = true;

	for (; *text != '\0'; text++) {
		if (begins && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '`')
			fputs("\\(ga", stdout);
		else if (strncmp(text, "…", 3) == 0)
			fputs("...", stdout);
		if (strncmp(text, "…", 3) == 0)
			text += 2;
		else if (strchr("\\-`", *text) == NULL)
			putchar(*text);
		begins = *text == '\n';
	}
}

static void
put_line(const char *text)
{
	put_text(text);
	putchar('\n');
}

static void
put_option(const char *flag, const char *arg)
{
	fputs(".TP\n.B \\-\\-", stdout);
	put_text(flag);
	if (arg != NULL) {
		fputs(" \\fI", stdout);
		put_text(arg);
		fputs("\\fR", stdout);
	}
	putchar('\n');
}

static void
put_setting(void *ctx, const struct conf_about *a)
{
	const struct page *p = ctx;

	if (p->section == 5 && a->flag == NULL)
		return;
	if (p->section == 5) {
		printf(".TP\n.B ");
		put_line(a->flag);
	} else if (a->flag != NULL) {
		put_option(a->flag, a->is_number   ? "N"
				    : a->is_switch ? "yes|no"
						   : "VALUE");
	} else {
		printf(".TP\n.B ");
		put_line(a->variable);
	}
	put_line(a->help);
	if (a->is_number)
		printf(
		    "(%lld to %lld)\n", (long long)a->min, (long long)a->max);
	if (a->def != NULL) {
		fputs("[", stdout);
		put_text(a->def);
		puts("]");
	}
}

static void
put_command(const struct cmd *c)
{
	printf(".SS \"");
	put_text(c->name);
	if (c->synopsis[0] != '\0') {
		putchar(' ');
		put_text(c->synopsis);
	}
	puts("\"");
	put_line(c->what);
	if (c->run == NULL)
		printf("(see\n.BR culprit\\-%s (1))\n", c->name);
	if (c->more != NULL) {
		puts(".PP");
		put_text(c->more);
	}
	for (size_t o = 0; o < OPT_N; o++)
		if ((c->opts & 1u << o) != 0) {
			put_option(cmd_options[o].flag, cmd_options[o].arg);
			put_line(cmd_options[o].help);
		}
}

static void
put_commands(const struct cmd *all)
{
	const struct cmd *c;

	puts(".SH COMMANDS");
	for (c = all; c->name != NULL; c++)
		put_command(c);
}

static void
put_see_also(const struct page *p)
{
	const char *sep = "";

	puts(".SH SEE ALSO");
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (&pages[i] == p)
			continue;
		printf("%s.BR ", sep);
		put_text(pages[i].name);
		printf(" (%d)", pages[i].section);
		sep = ",\n";
	}
	putchar('\n');
}

static void
put_page(const struct page *p, const struct cmd *all)
{
	printf(".TH %s %d \"\" \"Culprit " CULPRIT_VERSION "\"\n.SH NAME\n",
	    p->name, p->section);
	put_text(p->name);
	fputs(" \\- ", stdout);
	put_line(p->what);
	if (p->section != 5) {
		puts(".SH SYNOPSIS");
		printf(".B ");
		put_text(p->name);
		puts(p->section == 1 && p->who == CONF_CLI
			 ? "\n.I COMMAND\n[OPTION...] [ARGUMENT...]"
			 : "\n[OPTION...]");
	}
	puts(".SH DESCRIPTION");
	put_line(p->describes);
	if (p->who == CONF_CLI)
		put_commands(all);
	puts(p->section == 5 ? ".SH KEYS" : ".SH OPTIONS");
	if (p->section != 5)
		puts("Each is also a variable, CULPRIT_ and its name in "
		     "capitals, and a key of the file that\n.B "
		     "\\-\\-config\nnames.");
	conf_describe(p->who, put_setting, (void *)(uintptr_t)p);
	if (p->who == CONF_CLI) {
		puts(".SH EXIT STATUS");
		put_text(strchr(cmd_exits, ':') + 2);
	}
	put_see_also(p);
}

int
cmd_manual(const struct cmd_args *a)
{
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		auto_str file =
		    xasprintf("%s.%d", pages[i].name, pages[i].section);

		if (a->conf.n_args == 0)
			puts(file);
		else if (strcmp(a->conf.args[0], file) == 0) {
			put_page(&pages[i], a->all);
			return CMD_DONE;
		}
	}
	if (a->conf.n_args == 0)
		return CMD_DONE;
	fprintf(stderr,
	    "culprit manual: there is no page %s; `culprit manual` names "
	    "them\n",
	    a->conf.args[0]);
	return CMD_USAGE;
}
