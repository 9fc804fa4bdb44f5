/*
 * test_manual.c - manual pages and completions: they know every option that
 * there is, and those who read them take them.
 */
#include "common/agent/conf.h"
#include "common/base/buf.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT_MS = AWAIT_MS };

static bool
is_there(const char *tool)
{
	auto_str command = xasprintf("command -v %s >/dev/null", tool);

	return system(command) == 0;
}

/* What a shell says to a script, in which $B is where our programs are and $1
 * another word; both ends of it, as one. */
static char *
shell(const char *dir, const char *name, const char *script, const char *word)
{
	auto_str text =
	    xasprintf("exec 2>&1; B=$CULPRIT_BIN; PATH=$B:$PATH; %s", script);
	char *out = NULL;
	int status = proc_run(
	    &(struct proc_spec){.argv = (const char *const[]){"/bin/bash", "-c",
				    text, "bash", word, NULL},
		.dir = dir,
		.name = name},
	    LIMIT_MS, &out, NULL);

	ck_assert_msg(status == 0, "%s: status %d: %s", script, status, out);
	return out;
}

/* ---- manuals ---- */

static const struct {
	const char *file;
	unsigned who;
	const char *says;
} pages[] = {
    {"culprit.1", CONF_CLI, ".SH EXIT STATUS\n0 a completed report"},
    {"culprit-up.1", CONF_ALL, "culprit\\-up"},
    {"culprit-supervisor.8", CONF_SUPERVISOR, "(1 to 3600)"},
    {"culprit-planner.8", CONF_PLANNER, "CULPRIT_LLM_KEY\n"},
    {"culprit-executor.8", CONF_EXECUTOR, "[http://127.0.0.1:9090]"},
    {"culprit-gateway.8", CONF_GATEWAY, "[127.0.0.1:9900]"},
    {"culprit.conf.5", CONF_ALL, ".SH KEYS"},
};

static void
assert_told(void *ctx, const struct conf_about *a)
{
	const char *page = ctx;
	auto_buf flag = {.max = 256};

	if (a->flag == NULL)
		return;
	buf_adds(
	    &flag, text_contains(page, ".SH KEYS") ? "\n.B " : "\n.B \\-\\-");
	for (const char *p = a->flag; *p != '\0'; p++)
		buf_addf(&flag, *p == '-' ? "\\-" : "%c", *p);
	assert_contains(page, buf_str(&flag));
}

START_TEST(a_manual_page_knows_every_option)
{
	char *dir = scratch_new();
	auto_str text =
	    shell(dir, "page", "culprit manual \"$1\"", pages[_i].file);

	assert_contains(text, pages[_i].says);
	conf_describe(pages[_i].who, assert_told, text);
	if (is_there("groff")) {
		auto_str said = shell(dir, "groff",
		    "culprit manual \"$1\" | groff -man -ww -Tutf8 -z",
		    pages[_i].file);

		ck_assert_str_eq(said, "");
	}
	scratch_free(dir);
}
END_TEST

START_TEST(the_manual_names_its_pages)
{
	char *dir = scratch_new();
	auto_str names = shell(dir, "names", "culprit manual", "");
	size_t i, n = 0;

	for (i = 0; i < ARRAY_LEN(pages); i++) {
		assert_contains(names, pages[i].file);
		n += strlen(pages[i].file) + 1;
	}
	ck_assert_uint_eq(strlen(names), n);
	scratch_free(dir);
}
END_TEST

/* ---- completions ---- */

#define COMPLETE                                                               \
	". <(culprit completion bash) && complete() { "                        \
	"COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); COMPREPLY=(); "           \
	"_culprit culprit \"${@: -1}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; "    \
	"echo \"${COMPREPLY[*]}\"; }; "

static const struct {
	const char *script, *out;
} words[] = {
    {"complete culprit inv", "investigate\n"},
    {"complete culprit investigate --la", "--labels --language\n"},
    {"complete culprit show --langu", "--language\n"},
    {"complete culprit investigate --language ''", "zh en\n"},
    {"complete culprit up --exec", "--executors\n"},
    {"complete culprit show lat", "latest\n"},
    {"complete culprit keygen lat", "\n"},
    /* Every command of the usage, and every option of each. */
    {"culprit help | sed -n 's/^  \\([a-z]*\\) .*/\\1/p' | grep -v '^help$' | "
     "while read -r c; do [[ \" $(complete culprit '') \" == *\" $c \"* ]] || "
     "echo \"lacks $c\"; all=\" $(complete culprit $c --) \"; "
     "culprit $c --help | sed -n 's/^  \\(--[a-z-]*\\) .*/\\1/p' | "
     "while read -r o; do [[ $all == *\" $o \"* ]] || "
     "echo \"$c lacks $o\"; done; done",
	""},
};

START_TEST(bash_completes_commands_and_their_options)
{
	char *dir = scratch_new();
	auto_str script = xasprintf(COMPLETE "%s", words[_i].script);
	auto_str out = shell(dir, "bash", script, "");

	ck_assert_str_eq(out, words[_i].out);
	scratch_free(dir);
}
END_TEST

static const struct {
	const char *tool, *script;
} shells[] = {
    {"bash", "culprit completion bash | bash -n"},
    {"zsh", "culprit completion zsh >_c && zsh -n _c"},
    {"fish", "culprit completion fish >_c && fish -n _c"},
};

START_TEST(each_shell_takes_its_completion)
{
	char *dir = scratch_new();
	auto_str script =
	    xasprintf("cd \"$1\" && export HOME=$1 && %s", shells[_i].script);
	auto_str out = NULL;

	if (!is_there(shells[_i].tool)) {
		SKIP_TEST("that shell is not installed");
	} else {
		out = shell(dir, "shell", script, dir);
		ck_assert_str_eq(out, "");
	}
	scratch_free(dir);
}
END_TEST

/* ---- all of it in its place ---- */

static const char *const places[] = {"bin/culprit", "bin/culprit-up",
    "bin/culprit-supervisor", "bin/culprit-planner", "bin/culprit-executor",
    "bin/culprit-gateway", "share/man/man1/culprit.1",
    "share/man/man8/culprit-executor.8", "share/man/man5/culprit.conf.5",
    "share/bash-completion/completions/culprit",
    "share/zsh/site-functions/_culprit",
    "share/fish/vendor_completions.d/culprit.fish"};

START_TEST(all_of_it_is_installed)
{
	char *dir = scratch_new();
	auto_str out = shell(dir, "install",
	    "cmake --install \"$B/..\" --prefix \"$1/usr\" >/dev/null", dir);

	ck_assert_str_eq(out, "");
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		auto_str path = xasprintf("%s/usr/%s", dir, places[i]);

		ck_assert_msg(
		    access(path, R_OK) == 0, "there is no %s", places[i]);
	}
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_manual_page_knows_every_option, (int)ARRAY_LEN(pages)},
	    {the_manual_names_its_pages, 0},
	    {bash_completes_commands_and_their_options, (int)ARRAY_LEN(words)},
	    {each_shell_takes_its_completion, (int)ARRAY_LEN(shells)},
	    {all_of_it_is_installed, 0},
	};

	return RUN_TESTS("manual", tests);
}
