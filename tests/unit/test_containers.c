/*
 * test_containers.c - docker-compose.yml and what belongs to it, held against
 * what the programs take and what each service may reach.
 */
#include "common/agent/conf.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"
#include "tests/harness/yml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_MS = AWAIT_MS, NAMES_MAX = 64, ENV_MAX = 64 };

typedef const struct yaml_node_s *node;

static const struct option {
	const char *flag;
	unsigned who;
} options[] = {
#define OPT(field, flag, type, def, min, max, who, help) {flag, who},
#include "common/agent/conf_options.def"
#undef OPT
};

static const struct program {
	const char *name;
	unsigned who;
} programs[] = {
    {"culprit-supervisor", CONF_SUPERVISOR},
    {"culprit-planner", CONF_PLANNER},
    {"culprit-executor", CONF_EXECUTOR},
    {"culprit-gateway", CONF_GATEWAY},
};

static char *
source(const char *name)
{
	return xasprintf("%s/%s", getenv("CULPRIT_SOURCE"), name);
}

static struct yml *
read_source(const char *name)
{
	auto_str path = source(name);

	return yml_read(path);
}

/* Read once, in the test that asks for it. */
static const struct yml *
compose(void)
{
	static struct yml *y;

	if (y == NULL)
		y = read_source("docker-compose.yml");
	return y;
}

/* Which of our programs a service runs; NULL: none. */
static const struct program *
program_of(node service)
{
	const char *command =
	    yml_text(yml_member(compose(), service, "command"));

	for (size_t i = 0; command != NULL && i < ARRAY_LEN(programs); i++) {
		size_t n = strlen(programs[i].name);

		if (strncmp(command, programs[i].name, n) == 0 &&
		    strchr(" ", command[n]) != NULL)
			return &programs[i];
	}
	return NULL;
}

static bool
is_option(const char *flag, size_t n, unsigned who)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strlen(options[i].flag) == n &&
		    strncmp(options[i].flag, flag, n) == 0)
			return (options[i].who & who) != 0;
	return false;
}

static void
each_service(void (*each)(void *ctx, const char *name, node service))
{
	node services = yml_at(compose(), "services");

	ck_assert_ptr_nonnull(services);
	yml_each(compose(), services, each, NULL);
}

/* ---- what is named there exists ---- */

static void
env_is_taken(void *ctx, const char *name, node value UNUSED)
{
	const struct program *p = ctx;
	char flag[NAMES_MAX];
	size_t i;

	if (text_contains(name, "_API_KEY")) {
		ck_assert_msg(
		    p->who == CONF_PLANNER, "%s is given %s", p->name, name);
		return;
	}
	ck_assert_msg(
	    strncmp(name, "CULPRIT_", 8) == 0, "%s: %s", p->name, name);
	snprintf(flag, sizeof(flag), "%s", name + 8);
	for (i = 0; flag[i] != '\0'; i++)
		flag[i] = flag[i] == '_'
			      ? '-'
			      : (char)tolower((unsigned char)flag[i]);
	ck_assert_msg(
	    is_option(flag, i, p->who), "%s takes no %s", p->name, name);
}

static void
flags_are_taken(const struct program *p, const char *command)
{
	const char *at = command;

	while ((at = strstr(at, " --")) != NULL) {
		size_t n = strcspn(at + 3, "= ");

		ck_assert_msg(is_option(at + 3, n, p->who), "%s takes no %.*s",
		    p->name, (int)n + 2, at + 1);
		at += 3;
	}
}

static void
service_settings(void *ctx UNUSED, const char *name UNUSED, node service)
{
	const struct program *p = program_of(service);

	if (p == NULL)
		return;
	flags_are_taken(p, yml_text(yml_member(compose(), service, "command")));
	yml_each(compose(), yml_member(compose(), service, "environment"),
	    env_is_taken, (void *)(uintptr_t)p);
}

START_TEST(every_setting_there_is_one_of_its_program)
{
	each_service(service_settings);
}
END_TEST

/* ${NAME}, ${NAME:-default}, ${NAME:?why}: what stands where nobody set it. */
static char *
untouched(const char *text)
{
	const char *end, *def;

	if (text == NULL || strncmp(text, "${", 2) != 0)
		return xstrdup(text != NULL ? text : "");
	end = strchr(text, '}');
	def = strstr(text, ":-");
	ck_assert_msg(end != NULL && end[1] == '\0', "%s", text);
	return def != NULL && def < end
		   ? xstrndup(def + 2, (size_t)(end - def) - 2)
		   : xstrdup("");
}

struct start {
	const char *env[ENV_MAX];
	int n;
};

static void
add_env(void *ctx, const char *name, node value)
{
	struct start *s = ctx;
	auto_str text = untouched(yml_text(value));

	ck_assert_int_lt(s->n, ENV_MAX - 1);
	if (text[0] != '\0')
		s->env[s->n++] = xasprintf("%s=%s", name, text);
}

/* It reads all of its settings before it says its version. */
static void
service_accepts(void *ctx UNUSED, const char *name, node service)
{
	const struct program *p = program_of(service);
	struct start s = {0};
	char *dir;
	auto_str command = NULL;
	auto_str err = NULL;
	int status;

	if (p == NULL)
		return;
	dir = scratch_new();
	yml_each(compose(), yml_member(compose(), service, "environment"),
	    add_env, &s);
	command = xasprintf("exec \"$CULPRIT_BIN\"/%s --version",
	    yml_text(yml_member(compose(), service, "command")));
	status = proc_run(
	    &(struct proc_spec){
		.argv = (const char *const[]){"/bin/sh", "-c", command, NULL},
		.env = s.env,
		.dir = dir,
		.name = name},
	    LIMIT_MS, NULL, &err);
	ck_assert_msg(status == 0, "%s: %s", name, err);
	while (s.n > 0)
		free((char *)(uintptr_t)s.env[--s.n]);
	scratch_free(dir);
}

START_TEST(every_program_accepts_what_stands_there)
{
	each_service(service_accepts);
}
END_TEST

/* ---- pinned ---- */

static void
assert_pinned(const char *where, const char *image)
{
	const char *tag = strrchr(image, ':');

	ck_assert_msg(tag != NULL && strchr(tag, '/') == NULL &&
			  strpbrk(tag, "0123456789") != NULL &&
			  strpbrk(tag, ".-") != NULL &&
			  !text_contains(tag, "latest"),
	    "%s: %s is no one version", where, image);
}

static void
service_is_pinned(void *ctx UNUSED, const char *name, node service)
{
	const char *image = yml_text(yml_member(compose(), service, "image"));

	ck_assert_msg(image != NULL, "%s has no image", name);
	assert_pinned(name, image);
}

START_TEST(every_image_is_of_one_version)
{
	auto_str path = source("deploy/Dockerfile");
	auto_str file = file_read(path);
	const char *arg = strstr(file, "\nARG DEBIAN=");
	auto_str base = NULL;

	each_service(service_is_pinned);
	ck_assert_ptr_nonnull(arg);
	base = xstrndup(arg + 12, strcspn(arg + 12, "\n"));
	assert_pinned("Dockerfile", base);
	ck_assert_int_eq(
	    text_count(file, "\nFROM "), text_count(file, "\nFROM ${DEBIAN}"));
}
END_TEST

/* ---- which services there are ---- */

static const struct stack {
	const char *profile;
	const char *has[11];
	const char *lacks[6];
} stacks[] = {
    {"full",
	{"prometheus", "alertmanager", "node-exporter", "etcd", "minio",
	    "milvus", "supervisor", "planner", "executor", "gateway", NULL},
	{"executor-small", "embeddings", NULL}},
    {"small",
	{"prometheus", "alertmanager", "node-exporter", "supervisor", "planner",
	    "executor-small", "gateway", NULL},
	{"etcd", "minio", "milvus", "executor", "embeddings", NULL}},
};

static bool
is_on(node service, const char *profile)
{
	node profiles = yml_member(compose(), service, "profiles");

	return profiles == NULL || yml_has(compose(), profiles, profile);
}

static node
service_at(const char *name)
{
	return yml_member(compose(), yml_at(compose(), "services"), name);
}

struct dependent {
	const char *name, *profile;
};

static void
dependency_is_on(void *ctx, const char *name, node value)
{
	const struct dependent *d = ctx;
	node service = service_at(name);

	ck_assert_msg(service != NULL && is_on(service, d->profile),
	    "%s waits for %s, which %s leaves out", d->name, name, d->profile);
	ck_assert_str_eq(yml_text(yml_member(compose(), value, "condition")),
	    "service_healthy");
}

static void
service_finds_all(void *ctx, const char *name, node service)
{
	struct dependent d = {name, ctx};

	if (is_on(service, d.profile))
		yml_each(compose(),
		    yml_member(compose(), service, "depends_on"),
		    dependency_is_on, &d);
}

START_TEST(each_stack_has_what_it_needs_and_no_more)
{
	const struct stack *s = &stacks[_i];
	int i;

	for (i = 0; s->has[i] != NULL; i++)
		ck_assert_msg(service_at(s->has[i]) != NULL &&
				  is_on(service_at(s->has[i]), s->profile),
		    "%s lacks %s", s->profile, s->has[i]);
	for (i = 0; s->lacks[i] != NULL; i++)
		ck_assert_msg(service_at(s->lacks[i]) == NULL ||
				  !is_on(service_at(s->lacks[i]), s->profile),
		    "%s starts %s", s->profile, s->lacks[i]);
	yml_each(compose(), yml_at(compose(), "services"), service_finds_all,
	    (void *)(uintptr_t)s->profile);
}
END_TEST

/* ---- each is confined ---- */

static void
port_is_here(void *ctx, const char *name UNUSED, node value)
{
	ck_assert_msg(strncmp(yml_text(value), "127.0.0.1:", 10) == 0,
	    "%s publishes %s", (const char *)ctx, yml_text(value));
}

/* One without a value has a line all the same. */
static void
assert_declared(const char *what, const char *name)
{
	auto_str path = source("docker-compose.yml");
	auto_str file = file_read(path);
	auto_str section = xasprintf("\n%s:\n", what);
	auto_str line = xasprintf("\n  %s:\n", name);

	ck_assert_msg(text_contains(strstr(file, section), line),
	    "there are no %s called %s", what, name);
}

static void
network_is_declared(void *ctx UNUSED, const char *name UNUSED, node value)
{
	assert_declared("networks", yml_text(value));
}

/* Unless it is a folder of the host's, or a variable that names one. */
static void
volume_is_declared(void *ctx UNUSED, const char *name UNUSED, node value)
{
	const char *text = yml_text(value);
	auto_str first = xstrndup(text, strcspn(text, ":"));

	if (strpbrk(first, "./$") == NULL)
		assert_declared("volumes", first);
}

static void
service_is_confined(void *ctx UNUSED, const char *name, node service)
{
	ck_assert_msg(yml_has(compose(),
			  yml_member(compose(), service, "cap_drop"), "ALL"),
	    "%s keeps capabilities", name);
	ck_assert_msg(
	    yml_has(compose(), yml_member(compose(), service, "security_opt"),
		"no-new-privileges:true"),
	    "%s may gain privileges", name);
	ck_assert_msg(
	    yml_member(compose(), yml_member(compose(), service, "healthcheck"),
		"test") != NULL,
	    "nobody knows whether %s is well", name);
	if (program_of(service) != NULL)
		ck_assert_str_eq(
		    yml_text(yml_member(compose(), service, "read_only")),
		    "true");
	yml_each(compose(), yml_member(compose(), service, "ports"),
	    port_is_here, (void *)(uintptr_t)name);
	yml_each(compose(), yml_member(compose(), service, "networks"),
	    network_is_declared, NULL);
	yml_each(compose(), yml_member(compose(), service, "volumes"),
	    volume_is_declared, NULL);
}

START_TEST(every_service_is_confined_and_asked_after)
{
	each_service(service_is_confined);
}
END_TEST

static void
planner_cannot_reach(void *ctx UNUSED, const char *name UNUSED, node value)
{
	static const char *const telemetry[] = {"prometheus", "alertmanager",
	    "node-exporter", "milvus", "executor"};

	for (size_t i = 0; i < ARRAY_LEN(telemetry); i++)
		ck_assert_msg(!yml_has(compose(),
				  yml_member(compose(),
				      service_at(telemetry[i]), "networks"),
				  yml_text(value)),
		    "planners reach %s over %s", telemetry[i], yml_text(value));
}

START_TEST(a_planner_reaches_no_telemetry_and_the_supervisor_nobody)
{
	node networks = yml_at(compose(), "services.planner.networks");

	ck_assert_ptr_nonnull(networks);
	yml_each(compose(), networks, planner_cannot_reach, NULL);
	ck_assert_str_eq(
	    yml_text(yml_at(compose(), "services.supervisor.network_mode")),
	    "none");
}
END_TEST

/* ---- .env.example ---- */

static void
assert_example_has(const char *example, const char *name, const char *def)
{
	auto_str set = xasprintf("\n%s=", name);
	auto_str shown = xasprintf("\n#%s=%s", name, def != NULL ? def : "");

	ck_assert_msg(
	    text_contains(example, set) || text_contains(example, shown),
	    ".env.example lacks %s", shown + 1);
}

static void
env_is_in_example(void *example, const char *name, node value)
{
	/* Handed on as it stands in .env. */
	if (yml_text(value) == NULL)
		assert_example_has(example, name, NULL);
}

static void
service_in_example(void *ctx UNUSED, const char *name UNUSED, node service)
{
	auto_str path = source(".env.example");
	auto_str example = file_read(path);

	yml_each(compose(), yml_member(compose(), service, "environment"),
	    env_is_in_example, example);
}

/* Each ${NAME:-default} of the file, and each of a container's that is handed
 * on, with the same default. */
START_TEST(the_example_shows_every_variable_and_its_default)
{
	auto_str path = source("docker-compose.yml");
	auto_str file = file_read(path);
	auto_str example_path = source(".env.example");
	auto_str example = file_read(example_path);
	const char *at = file;

	while ((at = strstr(at, "${")) != NULL) {
		size_t n = strspn(at + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		auto_str name = xstrndup(at + 2, n);
		auto_str all = xstrndup(at, strcspn(at, "}") + 1);
		auto_str def = untouched(all);

		/* This one's default is another place. */
		assert_example_has(example, name,
		    strcmp(name, "CULPRIT_PROMETHEUS_URL") == 0 ||
			    strcmp(name, "CULPRIT_HOSTS") == 0
			? NULL
			: def);
		at += n;
	}
	each_service(service_in_example);
	assert_contains(example, "\nCOMPOSE_PROFILES=full\n");
}
END_TEST

START_TEST(the_example_shows_nothing_that_is_not_used)
{
	auto_str path = source("docker-compose.yml");
	auto_str file = file_read(path);
	auto_str example_path = source(".env.example");
	auto_str example = file_read(example_path);
	char *rest = example, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *name = line[0] == '#' ? line + 1 : line;
		size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		auto_str used = xstrndup(name, n);

		if (n > 0 && name[n] == '=')
			assert_contains(file, used);
	}
}
END_TEST

/* ---- Prometheus and Alertmanager ---- */

static bool
is_there(const char *tool)
{
	auto_str command = xasprintf("command -v %s >/dev/null", tool);

	return system(command) == 0;
}

static void
assert_command(const char *format)
{
	auto_str command =
	    xasprintf("cd \"$CULPRIT_SOURCE\" && %s >&2", format);

	ck_assert_msg(system(command) == 0, "failed: %s", format);
}

START_TEST(prometheus_takes_its_configuration)
{
	if (!is_there("promtool")) {
		SKIP_TEST("there is no promtool");
		return;
	}
	/* The token's file is only there in the container. */
	assert_command("promtool check config --syntax-only "
		       "deploy/prometheus/prometheus.yml");
	assert_command("promtool check rules deploy/prometheus/rules.yml");
	assert_command("promtool test rules tests/unit/containers_rules.yml");
}
END_TEST

static void
runbook_exists(void *ctx UNUSED, const char *name UNUSED, node rule)
{
	const struct yml *rules = ctx;
	const char *alert = yml_text(yml_member(rules, rule, "alert"));
	const char *url = yml_text(yml_member(
	    rules, yml_member(rules, rule, "annotations"), "runbook_url"));
	auto_str file = NULL;
	auto_str text = NULL;

	ck_assert_msg(url != NULL, "%s names no runbook", alert);
	file = xasprintf("%s/executor/docs/runbooks/%s.en.md",
	    getenv("CULPRIT_SOURCE"), url);
	text = file_read(file);
	ck_assert_msg(
	    text[0] != '\0', "%s: there is no runbook %s", alert, url);
}

static void
group_has_runbooks(void *ctx, const char *name UNUSED, node group)
{
	yml_each(ctx, yml_member(ctx, group, "rules"), runbook_exists, ctx);
}

START_TEST(every_example_alert_names_a_runbook_of_ours)
{
	struct yml *rules = read_source("deploy/prometheus/rules.yml");

	yml_each(rules, yml_at(rules, "groups"), group_has_runbooks, rules);
	yml_free(rules);
}
END_TEST

START_TEST(alertmanager_takes_its_configuration_and_sends_to_the_gateway)
{
	struct yml *y = read_source("deploy/alertmanager.yml");
	auto_str path = source("deploy/alertmanager.yml");
	auto_str file = file_read(path);

	ck_assert_str_eq(yml_text(yml_at(y, "route.receiver")), "culprit");
	assert_contains(file, "http://gateway:9900/api/alerts");
	yml_free(y);
	if (is_there("amtool"))
		assert_command("amtool check-config deploy/alertmanager.yml");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {every_setting_there_is_one_of_its_program, 0},
	    {every_program_accepts_what_stands_there, 0},
	    {every_image_is_of_one_version, 0},
	    {each_stack_has_what_it_needs_and_no_more, (int)ARRAY_LEN(stacks)},
	    {every_service_is_confined_and_asked_after, 0},
	    {a_planner_reaches_no_telemetry_and_the_supervisor_nobody, 0},
	    {the_example_shows_every_variable_and_its_default, 0},
	    {the_example_shows_nothing_that_is_not_used, 0},
	    {prometheus_takes_its_configuration, 0},
	    {every_example_alert_names_a_runbook_of_ours, 0},
	    {alertmanager_takes_its_configuration_and_sends_to_the_gateway, 0},
	};

	return RUN_TESTS("containers", tests);
}
