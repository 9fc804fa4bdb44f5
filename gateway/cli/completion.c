/*
 * completion.c - `culprit completion`: what completes commands and options in
 * bash, zsh and fish, made of the tables that make --help.
 */
#include "gateway/cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "common/base/rc.h"

/* One option, as all three tell of it. */
struct item {
	const char *command; /* it belongs to; NULL: to any */
	const char *flag;
	bool takes; /* a value */
	const char *help;
};

typedef void item_fn(const struct item *i);

struct walk {
	item_fn *each;
	const struct cmd *command;
};

static bool
is_own(const struct cmd *c, const char *flag)
{
	for (size_t o = 0; o < OPT_N; o++)
		if ((c->opts & 1u << o) != 0 &&
		    strcmp(cmd_options[o].flag, flag) == 0)
			return true;
	return false;
}

static void
tell_setting(void *ctx, const struct conf_about *a)
{
	const struct walk *w = ctx;

	if (a->flag != NULL && !is_own(w->command, a->flag))
		w->each(
		    &(struct item){w->command->name, a->flag, true, a->help});
}

/* Every option of a command, its own first. */
static void
tell_options(const struct cmd *c, item_fn *each)
{
	struct walk w = {each, c};

	for (size_t o = 0; o < OPT_N; o++)
		if ((c->opts & 1u << o) != 0)
			each(&(struct item){c->name, cmd_options[o].flag,
			    cmd_options[o].arg != NULL, cmd_options[o].help});
	conf_describe(cmd_who(c), tell_setting, &w);
	each(&(struct item){c->name, "config", true, "INI file of settings"});
	each(&(struct item){c->name, "help", false, "tell of its options"});
}

/* Within single quotes of a shell. */
static void
put_quoted(const char *text, const char *also)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr(also, *text) != NULL)
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

/* ---- bash ---- */

static void
bash_option(const struct item *i)
{
	printf(" --%s", i->flag);
}

static void
bash(const struct cmd *all)
{
	const struct cmd *c;

	fputs("# culprit(1) in bash.\n"
	      "_culprit() {\n"
	      "\tlocal cur=$2 prev=$3 options= ids=\n"
	      "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
	    stdout);
	for (c = all; c->name != NULL; c++)
		printf("%s ", c->name);
	fputs("help' -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	    stdout);
	for (c = all; c->name != NULL; c++) {
		printf("\t%s) options='", c->name);
		tell_options(c, bash_option);
		printf("'%s ;;\n", c->names_run ? " ids=1" : "");
	}
	fputs("\tesac\n"
	      "\tcase $prev in\n"
	      "\t--language) COMPREPLY=($(compgen -W 'zh en' -- \"$cur\")) ;;\n"
	      "\t*)\n"
	      "\t\tif [[ $cur == -* ]]; then\n"
	      "\t\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	      "\t\telif [ -n \"$ids\" ] && [ \"$COMP_CWORD\" = 2 ]; then\n"
	      "\t\t\tids=$(culprit list 2>/dev/null | awk 'NR > 1 { print $1 "
	      "}')\n"
	      "\t\t\tCOMPREPLY=($(compgen -W \"latest $ids\" -- \"$cur\"))\n"
	      "\t\tfi ;;\n"
	      "\tesac\n"
	      "}\n"
	      "complete -o default -F _culprit culprit\n",
	    stdout);
}

/* ---- zsh ---- */

static void
zsh_option(const struct item *i)
{
	printf(" \\\n\t\t\t'--%s%s[", i->flag, i->takes ? "=" : "");
	put_quoted(i->help, "[]\\:");
	printf("]%s'", i->takes ? ":value:_files" : "");
}

static void
zsh(const struct cmd *all)
{
	const struct cmd *c;

	fputs("#compdef culprit\n"
	      "# culprit(1) in zsh.\n"
	      "_culprit() {\n"
	      "\tlocal -a commands\n"
	      "\tcommands=(\n",
	    stdout);
	for (c = all; c->name != NULL; c++) {
		printf("\t\t'%s:", c->name);
		put_quoted(c->what, ":\\");
		fputs("'\n", stdout);
	}
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase $words[2] in\n",
	    stdout);
	for (c = all; c->name != NULL; c++) {
		printf("\t%s)\n\t\t_arguments", c->name);
		tell_options(c, zsh_option);
		fputs(" \\\n\t\t\t'*: :_files'\n\t\t;;\n", stdout);
	}
	fputs("\tesac\n"
	      "}\n"
	      "_culprit \"$@\"\n",
	    stdout);
}

/* ---- fish ---- */

static void
fish_option(const struct item *i)
{
	printf(
	    "complete -c culprit -n '__fish_seen_subcommand_from %s' -l %s%s "
	    "-d '",
	    i->command, i->flag, i->takes ? " -r" : "");
	put_quoted(i->help, "\\");
	fputs("'\n", stdout);
}

static void
fish(const struct cmd *all)
{
	const struct cmd *c;

	puts("# culprit(1) in fish.");
	for (c = all; c->name != NULL; c++) {
		printf("complete -c culprit -f -n __fish_use_subcommand -a %s "
		       "-d '",
		    c->name);
		put_quoted(c->what, "\\");
		fputs("'\n", stdout);
		tell_options(c, fish_option);
	}
}

static const struct {
	const char *name;
	void (*print)(const struct cmd *all);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

int
cmd_completion(const struct cmd_args *a)
{
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i].name, a->conf.args[0]) == 0) {
			shells[i].print(a->all);
			return CMD_DONE;
		}
	fprintf(stderr,
	    "culprit completion: for bash, zsh or fish, not for \"%s\"\n",
	    a->conf.args[0]);
	return CMD_USAGE;
}
