/*
 * test_conf.c - where a setting comes from, which source wins, and what is
 * said about a wrong one.
 */
#include "common/agent/conf.h"
#include "common/base/buf.h"
#include "common/wire/proto.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <unistd.h>

enum { ARGS_MAX = 8 };

static const struct listed {
	const char *flag, *type, *def;
	unsigned who;
	int64_t min, max;
} list[] = {
#define OPT(field, flag, type, def, min, max, who, help)                       \
	{flag, #type, def, who, min, max},
#include "common/agent/conf_options.def"
#undef OPT
};

/* A place of its own for each test: no variables, one INI file. */
static char *dir, *ini;

static void
setup(const char *text)
{
	extern char **environ;
	size_t i;

	for (i = 0; environ[i] != NULL;) {
		auto_str name = xstrndup(environ[i], strcspn(environ[i], "="));

		if (strncmp(name, "CULPRIT_", 8) == 0)
			unsetenv(name);
		else
			i++;
	}
	dir = scratch_new();
	ini = xasprintf("%s/culprit.conf", dir);
	file_write(ini, text);
	setenv("CULPRIT_CONFIG", ini, 1);
}

static void
teardown(void)
{
	free(ini);
	scratch_free(dir);
}

static enum rc
load(struct conf *c, unsigned who, const char *const *args, struct err *err)
{
	char *argv[ARGS_MAX + 2] = {(char *)"culprit"};
	int n = 1;

	for (; args != NULL && args[n - 1] != NULL; n++)
		argv[n] = (char *)(uintptr_t)args[n - 1];
	return conf_load(c, n, argv, who, err);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
assert_loads(struct conf *c, unsigned who, const char *const *args)
{
	struct err err = {0};

	ck_assert_msg(load(c, who, args, &err) == RC_OK, "%s", err.text);
}

START_TEST(a_flag_wins_over_environment_over_file_over_default)
{
	struct conf c;

	setup("deadline = 11\n");
	setenv("CULPRIT_DEADLINE", "22", 1);
	assert_loads(&c, CONF_SUPERVISOR, ARGS("--deadline", "33"));
	ck_assert_int_eq(c.deadline_s, 33);
	conf_done(&c);
	assert_loads(&c, CONF_SUPERVISOR, ARGS("--deadline=34"));
	ck_assert_int_eq(c.deadline_s, 34);
	conf_done(&c);
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_int_eq(c.deadline_s, 22);
	conf_done(&c);
	unsetenv("CULPRIT_DEADLINE");
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_int_eq(c.deadline_s, 11);
	conf_done(&c);
	file_write(ini, "");
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_int_eq(c.deadline_s, 120);
	conf_done(&c);
	teardown();
}
END_TEST

START_TEST(a_list_is_given_again_and_again_from_one_place)
{
	struct conf c;
	struct err err = {0};
	auto_buf file = {.max = 10000};
	int i;

	setup("prometheus-header = A: 1\nprometheus-header = B: 2\n");
	assert_loads(&c, CONF_EXECUTOR, NULL);
	ck_assert_str_eq(c.prometheus_header, "A: 1\nB: 2");
	conf_done(&c);
	setenv("CULPRIT_PROMETHEUS_HEADER", "C: 3\nD: 4", 1);
	assert_loads(&c, CONF_EXECUTOR, NULL);
	ck_assert_str_eq(c.prometheus_header, "C: 3\nD: 4");
	conf_done(&c);
	assert_loads(&c, CONF_EXECUTOR,
	    ARGS("--prometheus-header", "E: 5", "--prometheus-header=F: 6"));
	ck_assert_str_eq(c.prometheus_header, "E: 5\nF: 6");
	conf_done(&c);
	unsetenv("CULPRIT_PROMETHEUS_HEADER");
	for (i = 0; i < 33; i++)
		buf_addf(&file, "prometheus-header = A: %d\n", i);
	file_write(ini, buf_str(&file));
	ck_assert_int_eq(load(&c, CONF_EXECUTOR, NULL, &err), RC_INVALID);
	assert_contains(err.text, "more than 32 of prometheus-header");
	teardown();
}
END_TEST

START_TEST(an_empty_variable_counts_as_not_set)
{
	struct conf c;

	setup("language = en\n");
	setenv("CULPRIT_LANGUAGE", "", 1);
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_str_eq(c.language, "en");
	conf_done(&c);
	setenv("CULPRIT_CONFIG", "", 1);
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_str_eq(c.language, "zh");
	conf_done(&c);
	teardown();
}
END_TEST

START_TEST(the_config_flag_wins_over_its_variable)
{
	auto_str other = NULL;
	struct conf c;

	setup("deadline = 11\n");
	other = xasprintf("%s/other.conf", dir);
	file_write(other, "; a comment\n[section]\ndeadline = 44\n");
	assert_loads(&c, CONF_SUPERVISOR, ARGS("--config", other));
	ck_assert_int_eq(c.deadline_s, 44);
	conf_done(&c);
	teardown();
}
END_TEST

/* One wrong setting, from one source. */
static const struct {
	const char *flag, *value, *env, *file;
	const char *says;
} wrong[] = {
    {"--deadline", "0", NULL, "",
	"deadline must be a whole number from 1 "
	"to 3600, not \"0\""},
    {"--deadline", "3601", NULL, "", "from 1 to 3600"},
    {"--deadline", "-1", NULL, "", "from 1 to 3600"},
    {"--deadline", "", NULL, "", "not \"\""},
    {"--deadline", "12s", NULL, "", "not \"12s\""},
    {"--deadline", "1.5", NULL, "", "not \"1.5\""},
    {"--deadline", "99999999999999999999", NULL, "", "from 1 to 3600"},
    {"--deadline", NULL, NULL, "", "--deadline needs a value"},
    {"--config", NULL, NULL, "", "--config needs a value"},
    {"--config", "/nonexistent/c", NULL, "",
	"cannot read /nonexistent/c: "
	"No such file"},
    {"--language", "fr", NULL, "",
	"language must be zh or en, not "
	"\"fr\""},
    {"--allow-remote", "maybe", NULL, "",
	"allow-remote must be yes or no, "
	"not \"maybe\""},
    {"--token", "s3cret", NULL, "", "would show a secret"},
    {"--token=s3cret", NULL, NULL, "", "would show a secret"},
    {"--prometheus-token", "s3cret", NULL, "", "would show a secret"},
    {NULL, "0", "CULPRIT_DEADLINE", "", "CULPRIT_DEADLINE: deadline must"},
    {NULL, "nein", "CULPRIT_ALLOW_REMOTE", "", "CULPRIT_ALLOW_REMOTE: "},
    {NULL, NULL, NULL, "deadline = soon\n",
	"culprit.conf line 1: deadline "
	"must"},
    {NULL, NULL, NULL, "\ndeadlin = 5\n",
	"line 2: there is no setting "
	"\"deadlin\""},
    {NULL, NULL, NULL, "[a]\nx = 5\n", "\"x\" in section a"},
    {NULL, NULL, NULL, "token = s3cret\n", "token is a secret"},
    {NULL, NULL, NULL, "prometheus-token = s3cret\n",
	"prometheus-token is a secret"},
    {NULL, NULL, NULL, "prometheus-password = x\n", "is a secret"},
    {NULL, NULL, NULL, "no equals sign\n", "line 1: not \"key = value\""},
};

START_TEST(a_wrong_setting_is_refused_with_its_place)
{
	struct conf c;
	struct err err = {0};
	const char *args[3] = {wrong[_i].flag,
	    wrong[_i].flag != NULL ? wrong[_i].value : NULL, NULL};

	setup(wrong[_i].file);
	if (wrong[_i].env != NULL)
		setenv(wrong[_i].env, wrong[_i].value, 1);
	memset(&c, 0x5a, sizeof(c));
	ck_assert_int_eq(load(&c, CONF_ALL, args, &err), RC_INVALID);
	assert_contains(err.text, wrong[_i].says);
	assert_lacks(err.text, "s3cret");
	ck_assert_int_eq(((unsigned char *)&c)[0], 0x5a);
	teardown();
}
END_TEST

START_TEST(every_number_is_taken_at_its_limits_and_not_past_them)
{
	size_t i;

	setup("");
	for (i = 0; i < ARRAY_LEN(list); i++) {
		const int64_t v[] = {list[i].min, list[i].max,
		    list[i].min - 1, list[i].max + 1};
		size_t k;

		if (strcmp(list[i].type, "INT") != 0)
			continue;
		for (k = 0; k < 4; k++) {
			auto_str flag = xasprintf("--%s=%lld", list[i].flag,
			    (long long)v[k]);
			struct conf c;
			struct err err = {0};
			enum rc rc = load(&c, CONF_ALL, ARGS(flag), &err);

			ck_assert_msg(rc == (k < 2 ? RC_OK : RC_INVALID), "%s",
			    flag);
			if (rc == RC_OK)
				conf_done(&c);
		}
	}
	teardown();
}
END_TEST

START_TEST(words_for_yes_and_no)
{
	static const char *const words[] = {"yes", "true", "1", "on", "no",
	    "false", "0", "off"};
	struct conf c;

	setup("");
	assert_loads(&c, CONF_GATEWAY, ARGS("--allow-remote", words[_i]));
	ck_assert_int_eq(c.allow_remote, _i < 4);
	conf_done(&c);
	teardown();
}
END_TEST

START_TEST(what_is_no_option_of_the_process_is_left_to_it)
{
	struct conf c;

	setup("");
	assert_loads(&c, CONF_SUPERVISOR,
	    ARGS("--graph", "word", "--planner-script", "--", "--deadline"));
	ck_assert_int_eq(c.n_args, 4);
	ck_assert_str_eq(c.args[0], "--graph");
	ck_assert_str_eq(c.args[1], "word");
	ck_assert_str_eq(c.args[2], "--planner-script");
	ck_assert_str_eq(c.args[3], "--deadline");
	conf_done(&c);
	assert_loads(&c, CONF_CLI, ARGS("--planner-script", "http://x"));
	ck_assert_int_eq(c.n_args, 0);
	ck_assert_str_eq(c.planner_script, "http://x");
	conf_done(&c);
	assert_loads(&c, CONF_PLANNER, ARGS("--once", "--check", "--help",
	    "--version"));
	ck_assert(c.once && c.check && c.help && c.version);
	conf_done(&c);
	teardown();
}
END_TEST

START_TEST(secrets_come_from_the_environment_or_a_file)
{
	auto_str path = NULL;
	auto_str big = xcalloc(1, 20001);
	char *got = NULL;
	struct err err = {0};
	struct conf c;

	setup("");
	setenv("CULPRIT_PROMETHEUS_TOKEN", "s3cret", 1);
	assert_loads(&c, CONF_EXECUTOR, NULL);
	ck_assert_str_eq(c.prometheus_token, "s3cret");
	ck_assert_int_eq(
	    conf_secret(c.prometheus_token, NULL, &got, &err), RC_OK);
	ck_assert_str_eq(got, "s3cret");
	free(got);
	conf_done(&c);
	path = xasprintf("%s/key", dir);
	file_write(path, "from file\r\n\n");
	ck_assert_int_eq(conf_secret("value", path, &got, &err), RC_OK);
	ck_assert_str_eq(got, "from file");
	free(got);
	got = NULL;
	ck_assert_int_eq(conf_secret(NULL, NULL, &got, &err), RC_OK);
	ck_assert_ptr_null(got);
	file_write(path, "\n");
	ck_assert_int_eq(conf_secret(NULL, path, &got, &err), RC_INVALID);
	assert_contains(err.text, "is empty");
	ck_assert_int_eq(conf_secret(NULL, "/nonexistent", &got, &err), RC_IO);
	assert_contains(err.text, "No such file");
	ck_assert_int_eq(conf_secret(NULL, "/", &got, &err), RC_IO);
	assert_contains(err.text, "directory");
	memset(big, 'k', 20000);
	file_write(path, big);
	ck_assert_int_eq(conf_secret(NULL, path, &got, &err), RC_TOOBIG);
	teardown();
}
END_TEST

static void
no_secret(void *ctx, const char *flag, const char *value)
{
	ck_assert_str_ne(value, "s3cret");
	*(int *)ctx += strcmp(flag, "prometheus-user") == 0;
}

START_TEST(what_is_passed_on_holds_no_secret)
{
	struct conf c;
	int n = 0;

	setup("prometheus-user = m\n");
	setenv("CULPRIT_PROMETHEUS_TOKEN", "s3cret", 1);
	assert_loads(&c, CONF_ALL, NULL);
	conf_each(&c, CONF_ALL, no_secret, &n);
	ck_assert_int_eq(n, 1);
	n = 0;
	conf_each(&c, CONF_SUPERVISOR, no_secret, &n);
	ck_assert_int_eq(n, 0);
	conf_done(&c);
	teardown();
}
END_TEST

static const unsigned processes[] = {CONF_GATEWAY, CONF_SUPERVISOR,
    CONF_PLANNER, CONF_EXECUTOR, CONF_CLI};

START_TEST(help_lists_the_options_of_a_process_and_no_others)
{
	char *text = NULL;
	size_t n = 0, i;
	FILE *f = open_memstream(&text, &n);

	conf_help(f, processes[_i]);
	fclose(f);
	for (i = 0; i < ARRAY_LEN(list); i++) {
		auto_str flag = xasprintf("  --%s ", list[i].flag);
		auto_str name = xasprintf(" CULPRIT_%s ", list[i].flag);
		bool its = (list[i].who & processes[_i]) != 0;
		bool secret = strcmp(list[i].type, "SECRET") == 0;
		char *p;

		for (p = name; *p != '\0'; p++)
			*p = *p == '-' ? '_' :
			    *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
		ck_assert_msg(text_contains(text, flag) == (its && !secret),
		    "%s", flag);
		ck_assert_msg(text_contains(text, name) == its, "%s", name);
	}
	assert_contains(text, "--config FILE");
	free(text);
}
END_TEST

START_TEST(the_folder_of_the_data_follows_the_user)
{
	struct conf c;

	setup("");
	setenv("XDG_STATE_HOME", "/state", 1);
	setenv("HOME", "/home/ann", 1);
	if (geteuid() == 0) {
		assert_loads(&c, CONF_SUPERVISOR, NULL);
		ck_assert_str_eq(c.data_dir, "/var/lib/culprit");
		conf_done(&c);
		/* Of nobody, who may not read the test's. */
		unsetenv("CULPRIT_CONFIG");
		ck_assert_int_eq(seteuid(65534), 0);
	}
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_str_eq(c.data_dir, "/state/culprit");
	conf_done(&c);
	setenv("XDG_STATE_HOME", "state", 1);
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_str_eq(c.data_dir, "/home/ann/.local/state/culprit");
	conf_done(&c);
	unsetenv("XDG_STATE_HOME");
	assert_loads(&c, CONF_SUPERVISOR, NULL);
	ck_assert_str_eq(c.data_dir, "/home/ann/.local/state/culprit");
	conf_done(&c);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	assert_loads(&c, CONF_SUPERVISOR, ARGS("--data-dir", "/d"));
	ck_assert_str_eq(c.front, "ipc:///d/front.sock");
	ck_assert_str_eq(c.back, "ipc:///d/back.sock");
	conf_done(&c);
	assert_loads(&c, CONF_SUPERVISOR, ARGS("--data-dir", "/d", "--back",
	    "tcp://127.0.0.1:5"));
	ck_assert_str_eq(c.back, "tcp://127.0.0.1:5");
	conf_done(&c);
	teardown();
}
END_TEST

START_TEST(a_line_of_the_file_is_never_cut_in_silence)
{
	struct conf c;
	struct err err = {0};
	int n;

	for (n = 150; n < 260; n++) {
		auto_str url = xcalloc(1, (size_t)n + 1);
		auto_str text = NULL;

		memset(url, 'u', (size_t)n);
		text = xasprintf("\nplanner-script = %s\n", url);
		setup(text);
		if (load(&c, CONF_PLANNER, NULL, &err) == RC_OK) {
			ck_assert_str_eq(c.planner_script, url);
			ck_assert_int_lt(n, 190);
			conf_done(&c);
		} else {
			assert_contains(err.text, "line 2 is over 198 bytes");
			ck_assert_int_gt(n, 180);
		}
		teardown();
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_flag_wins_over_environment_over_file_over_default, 0},
	    {a_list_is_given_again_and_again_from_one_place, 0},
	    {an_empty_variable_counts_as_not_set, 0},
	    {the_config_flag_wins_over_its_variable, 0},
	    {a_wrong_setting_is_refused_with_its_place, ARRAY_LEN(wrong)},
	    {every_number_is_taken_at_its_limits_and_not_past_them, 0},
	    {words_for_yes_and_no, 8},
	    {what_is_no_option_of_the_process_is_left_to_it, 0},
	    {secrets_come_from_the_environment_or_a_file, 0},
	    {what_is_passed_on_holds_no_secret, 0},
	    {help_lists_the_options_of_a_process_and_no_others,
		ARRAY_LEN(processes)},
	    {the_folder_of_the_data_follows_the_user, 0},
	    {a_line_of_the_file_is_never_cut_in_silence, 0},
	};

	return RUN_TESTS("conf", tests);
}
