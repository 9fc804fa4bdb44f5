/*
 * test_cli.c - culprit(1) itself, and its agents by hand: what they take, what
 * they say of themselves, how culprit(1) finds a gateway, and what it makes of
 * answers that are none.
 */
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <pthread.h>
#include <stdlib.h>

enum { LIMIT_MS = 60000 };

/* Runs it on an empty data directory: its exit status. */
static int
culprit(const char *dir, const char *const *args, const char *const *env,
    char **ret_out, char **ret_err)
{
	auto_str path = program("culprit");
	auto_str data = xasprintf("CULPRIT_DATA_DIR=%s", dir);
	const char *argv[16] = {path};
	const char *all[8] = {data};
	size_t i;

	for (i = 0; args[i] != NULL; i++)
		argv[i + 1] = args[i];
	for (i = 0; env != NULL && env[i] != NULL; i++)
		all[i + 1] = env[i];
	return proc_run(
	    &(struct proc_spec){
		.argv = argv, .env = all, .dir = dir, .name = "culprit"},
	    LIMIT_MS, ret_out, ret_err);
}

/* ---- what it takes ---- */

static const struct {
	const char *args[6];
	int status;
	const char *out, *err; /* what they say; "": nothing at all */
} usages[] = {
    {{NULL}, 2, "", "Usage: culprit COMMAND"},
    {{"help"}, 0, "\n  cancel ID  ", ""},
    {{"help"}, 0, "\n  help [COMMAND]  ", ""},
    {{"help"}, 0, "Exit status:", ""},
    {{"--help"}, 0, "Usage: culprit COMMAND", ""},
    {{"--version"}, 0, "culprit " CULPRIT_VERSION "\n", ""},
    {{"list", "--version"}, 0, "culprit " CULPRIT_VERSION "\n", ""},
    {{"gossip"}, 2, "", "no command \"gossip\"\n\nculprit - investigates"},
    {{"-h"}, 0, "Usage: culprit COMMAND", ""},
    {{"investigate", "-h"}, 0, "Usage: culprit investigate", ""},
    {{"help", "gossip"}, 2, "", "no command \"gossip\""},
    {{"help", "list"}, 0, "Usage: culprit list [OPTION…]\n", ""},
    {{"help", "show"}, 0, "Usage: culprit show [OPTION…] ID\n", ""},
    {{"list", "--help"}, 0, "\n  --limit N ", ""},
    {{"list", "--help"}, 0, "CULPRIT_LISTEN", ""},
    {{"list", "--help"}, 0, "Exit status:", ""},
    {{"list", "--limit"}, 2, "", "culprit list: --limit needs a value: N"},
    {{"list", "--json=x"}, 2, "", "--json takes no value"},
    {{"list", "--nope"}, 2, "", "there is no option --nope"},
    {{"list", "--limits=3"}, 2, "", "there is no option --limits=3"},
    {{"list", "--window=3h"}, 2, "", "there is no option --window=3h"},
    {{"list", "x"}, 2, "", "takes no arguments; \"x\" is one"},
    {{"list", "--", "x", "y"}, 2, "", "takes no arguments; \"x\" is one"},
    {{"show"}, 2, "", "culprit show: needs ID\nSee: culprit show --help"},
    {{"show", "a", "b"}, 2, "", "culprit show: needs ID"},
    {{"keygen", "a"}, 2, "", "culprit keygen: needs DIR NAME"},
    {{"list", "--once"}, 2, "", "has no --once; the agents do"},
    {{"list", "--check"}, 2, "", "has no --check; the agents do"},
    {{"list", "--alive"}, 2, "", "has no --alive; the agents do"},
    {{"up", "--alive"}, 2, "", "has no --alive; the agents do"},
    {{"list", "--listen=127.0.0.1:1"}, 3, "", "Start one with `culprit up`"},
    {{"list", "--limit=3", "--json", "--listen=127.0.0.1:1"}, 3, "",
	"cannot reach the gateway at http://127.0.0.1:1: "},
    {{"show", "--listen", "127.0.0.1:1", "--", "--json"}, 3, "",
	"cannot reach"},
};

START_TEST(what_it_does_not_take_it_says_so)
{
	auto_str dir = scratch_new();
	auto_str out = NULL;
	auto_str err = NULL;
	int status = culprit(dir, usages[_i].args, NULL, &out, &err);

	ck_assert_msg(
	    status == usages[_i].status, "status %d:\n%s%s", status, out, err);
	if (usages[_i].out[0] != '\0')
		assert_contains(out, usages[_i].out);
	else
		ck_assert_str_eq(out, "");
	if (usages[_i].err[0] != '\0')
		assert_contains(err, usages[_i].err);
	else
		ck_assert_str_eq(err, "");
	scratch_free(TAKE(dir));
}
END_TEST

START_TEST(help_tells_of_a_commands_own_options_only)
{
	static const char *const args[] = {"list", "--help", NULL};
	auto_str dir = scratch_new();
	auto_str out = NULL;

	ck_assert_int_eq(culprit(dir, args, NULL, &out, NULL), 0);
	assert_contains(out, "--status");
	assert_lacks(out, "--window");
	assert_lacks(out, "--capacity");
	scratch_free(TAKE(dir));
}
END_TEST

/* ---- the agents ---- */

static const struct {
	const char *program, *arg;
	int status;
	const char *out, *err;
} agents[] = {
    {"culprit-supervisor", "--graph", 0,
	"    planner -->|\"EXECUTE\"| executor\n", ""},
    {"culprit-supervisor", "--grph", 2, "",
	"\"--grph\" is not an option here; see --help"},
    {"culprit-supervisor", "--once", 2, "", "has no --once; it is the planner"},
    {"culprit-supervisor", "--help", 0, "--graph prints the state graph", ""},
    {"culprit-planner", "-h", 0, "--planner-script", ""},
    {"culprit-supervisor", "--version", 0, CULPRIT_VERSION, ""},
    {"culprit-gateway", "--graph", 2, "", "\"--graph\" is not an option"},
    {"culprit-planner", "x", 2, "", "\"x\" is not an option here"},
    {"culprit-executor", "--check", 1, "", "culprit-executor: "},
    {"culprit-executor", "--unsafe", 2, "", "goes with the executor's --once"},
};

START_TEST(an_agent_answers_what_it_is_asked)
{
	static const char *const env[] = {
	    "CULPRIT_PROMETHEUS_URL=http://127.0.0.1:1", NULL};
	auto_str dir = scratch_new();
	auto_str path = program(agents[_i].program);
	auto_str data = xasprintf("--data-dir=%s", dir);
	const char *const argv[] = {path, data, agents[_i].arg, NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status = proc_run(
	    &(struct proc_spec){
		.argv = argv, .env = env, .dir = dir, .name = "agent"},
	    LIMIT_MS, &out, &err);

	ck_assert_msg(
	    status == agents[_i].status, "status %d:\n%s%s", status, out, err);
	assert_contains(out, agents[_i].out);
	assert_contains(err, agents[_i].err);
	scratch_free(TAKE(dir));
}
END_TEST

#define UNSAFE_ECHO "--tools=echo", "--tool-classes=echo=unsafe"

static const struct {
	const char *program, *args[6], *plans, *in;
	int status;
	const char *out, *err;
} onces[] = {
    {"culprit-executor", {"--once", UNSAFE_ECHO}, NULL,
	"{\"tool\":\"echo\",\"step\":\"s\",\"args\":{\"text\":\"x\"}}", 2, "",
	"echo is UNSAFE and --once asks nobody: say --unsafe"},
    {"culprit-executor", {"--once", "--unsafe", UNSAFE_ECHO}, NULL,
	"{\"tool\":\"echo\",\"step\":\"s\",\"args\":{\"text\":\"x\"}}", 0,
	"\"SUCCESS\"", ""},
    {"culprit-executor", {"--once", "--tools=echo"}, NULL,
	"{\"tool\":\"echo\",\"step\":\"s\",\"args\":{\"text\":\"x\"}}", 0,
	"\"SUCCESS\"", ""},
    {"culprit-planner", {"--once", "--planner=script"},
	"[{\"decision\":\"EXECUTE\",\"step\":\"x\",\"tol\":\"echo\"}]", "{}", 1, "",
	"entry 1: plan: unknown field \"tol\""},
    {"culprit-planner", {"--once", "--planner=script"},
	"[{\"decision\":\"EXECUTE\",\"steps\":[{\"tool\":\"echo\",\"arg\":{}}]}]",
	"{}", 1, "", "entry 1: steps: unknown field \"arg\""},
    {"culprit-planner", {"--once", "--planner=script"},
	"[{\"decision\":\"EXECUTE\",\"steps\":[{\"tool\":\"echo\",\"args\":{}}]}]",
	"{}", 0, "EXECUTE", ""},
};

START_TEST(an_agent_alone_does_nothing_that_it_was_not_told)
{
	auto_str dir = scratch_new();
	auto_str path = program(onces[_i].program);
	auto_str data = xasprintf("--data-dir=%s", dir);
	auto_str in = xasprintf("%s/in", dir);
	auto_str plans = xasprintf("%s/plans.json", dir);
	auto_str script = xasprintf("CULPRIT_PLANNER_SCRIPT=%s", plans);
	const char *const *args = onces[_i].args;
	const char *const argv[] = {path, data, args[0], args[1], args[2],
	    args[3], args[4], NULL};
	const char *const env[] = {script, NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	int status;

	file_write(in, onces[_i].in);
	if (onces[_i].plans != NULL)
		file_write(plans, onces[_i].plans);
	status = proc_run(&(struct proc_spec){.argv = argv,
			      .env = env,
			      .dir = dir,
			      .name = "once",
			      .stdin_path = in},
	    LIMIT_MS, &out, &err);
	ck_assert_msg(
	    status == onces[_i].status, "status %d:\n%s%s", status, out, err);
	assert_contains(out, onces[_i].out);
	assert_contains(err, onces[_i].err);
	scratch_free(TAKE(dir));
}
END_TEST

/* ---- a gateway, or something else ---- */

struct desk {
	struct stub_http *stub;
	char *dir;
	int status;
	const char *type, *body;
	pthread_mutex_t mutex;
	char *head; /* of the last request, and its body */
};

static void
answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct desk *d = arg;

	pthread_mutex_lock(&d->mutex);
	free(d->head);
	d->head = xasprintf("%s%s", rq->head, rq->body);
	pthread_mutex_unlock(&d->mutex);
	stub_answer(c, d->status, d->type, d->body);
}

static void
desk_open(struct desk *d, int status, const char *type, const char *body)
{
	*d = (struct desk){.status = status, .type = type, .body = body};
	pthread_mutex_init(&d->mutex, NULL);
	d->dir = scratch_new();
	d->stub = stub_http_new(answer, d);
}

static void
desk_close(struct desk *d)
{
	stub_http_free(d->stub);
	scratch_free(d->dir);
	free(d->head);
	pthread_mutex_destroy(&d->mutex);
}

/* The head of the last request; NULL: none came. The connection's thread
 * wrote it, and what another process says orders no memory. */
static const char *
asked(struct desk *d)
{
	const char *head;

	pthread_mutex_lock(&d->mutex);
	head = d->head;
	pthread_mutex_unlock(&d->mutex);
	return head;
}

static const char *
port_of(const struct desk *d)
{
	return strrchr(stub_http_url(d->stub), ':') + 1;
}

/* Lists what there is at that address; "": none is given. */
static int
list_at(struct desk *d, const char *listen, const char *const *env, char **out,
    char **err)
{
	auto_str flag = xasprintf("--listen=%s", listen);
	const char *const args[] = {
	    "list", listen[0] != '\0' ? flag : NULL, NULL};

	return culprit(d->dir, args, env, out, err);
}

static const char *const hosts[] = {
    "127.0.0.1", "0.0.0.0", "*", "", "localhost"};

START_TEST(it_finds_a_gateway_that_listens_everywhere_here)
{
	struct desk d;
	auto_str listen = NULL;
	auto_str out = NULL;

	desk_open(&d, 200, NULL, "{\"investigations\":[],\"next\":null}");
	listen = xasprintf("%s:%s", hosts[_i], port_of(&d));
	ck_assert_int_eq(list_at(&d, listen, NULL, &out, NULL), 0);
	ck_assert_str_eq(out, "");
	assert_contains(asked(&d), "GET /api/investigations");
	assert_contains(asked(&d), "Accept: application/json\r\n");
	assert_contains(
	    asked(&d), "User-Agent: culprit/" CULPRIT_VERSION "\r\n");
	assert_lacks(asked(&d), "Authorization");
	desk_close(&d);
}
END_TEST

START_TEST(it_finds_the_gateway_of_its_data_directory)
{
	struct desk d;
	auto_str path = NULL;
	auto_str line = NULL;

	desk_open(&d, 200, NULL, "{\"investigations\":[],\"next\":null}");
	path = xasprintf("%s/gateway.addr", d.dir);
	line = xasprintf("127.0.0.1:%s\r\nx", port_of(&d));
	file_write(path, line);
	ck_assert_int_eq(list_at(&d, "", NULL, NULL, NULL), 0);
	ck_assert_ptr_nonnull(asked(&d));
	/* An address that is given goes before it. */
	ck_assert_int_eq(list_at(&d, "127.0.0.1:1", NULL, NULL, NULL), 3);
	desk_close(&d);
}
END_TEST

START_TEST(it_shows_its_token_where_it_has_one)
{
	static const char *const env[] = {
	    "CULPRIT_TOKEN=0123456789abcdef0123", NULL};
	struct desk d;
	auto_str listen = NULL;

	desk_open(&d, 200, NULL, "{\"investigations\":[],\"next\":null}");
	listen = xasprintf("127.0.0.1:%s", port_of(&d));
	ck_assert_int_eq(list_at(&d, listen, env, NULL, NULL), 0);
	assert_contains(
	    asked(&d), "Authorization: Bearer 0123456789abcdef0123\r\n");
	desk_close(&d);
}
END_TEST

static const struct {
	int status, exits;
	const char *body, *out, *err;
} readiness[] = {
    {200, 0, "{\"status\":\"ready\"}", "ready http://127.0.0.1:", ""},
    {503, 1, "{\"title\":\"Unavailable\",\"detail\":\"no executor\"}", "",
	"culprit ready: no executor"},
};

START_TEST(whether_the_gateway_is_ready_the_exit_status_tells)
{
	struct desk d;
	auto_str listen = NULL;
	auto_str out = NULL;
	auto_str err = NULL;

	desk_open(&d, readiness[_i].status,
	    readiness[_i].status == 200 ? NULL : "application/problem+json",
	    readiness[_i].body);
	listen = xasprintf("--listen=127.0.0.1:%s", port_of(&d));
	ck_assert_int_eq(
	    culprit(d.dir, (const char *const[]){"ready", listen, NULL}, NULL,
		&out, &err),
	    readiness[_i].exits);
	assert_contains(out, readiness[_i].out);
	assert_contains(err, readiness[_i].err);
	assert_contains(asked(&d), "GET /readyz");
	desk_close(&d);
}
END_TEST

static const struct {
	int status;
	const char *type, *body, *says;
} refusals[] = {
    {404, "application/problem+json",
	"{\"title\":\"Not Found\",\"detail\":\"no \\u001b[31m such\"}",
	"culprit list: no \\x1b[31m such\n"},
    {404, "application/problem+json", "{\"title\":\"Not Found\"}",
	"culprit list: Not Found\n"},
    {500, "text/html", "<h1>oops</h1>",
	"answered status 500 without saying why; is http://127.0.0.1:"},
    {200, "text/html", "<h1>welcome</h1>",
	"was answered with text/html, not with JSON; is http://127.0.0.1:"},
};

START_TEST(an_answer_that_is_no_gateways_is_no_result)
{
	struct desk d;
	auto_str listen = NULL;
	auto_str out = NULL;
	auto_str err = NULL;

	desk_open(
	    &d, refusals[_i].status, refusals[_i].type, refusals[_i].body);
	listen = xasprintf("127.0.0.1:%s", port_of(&d));
	ck_assert_int_eq(list_at(&d, listen, NULL, &out, &err), 1);
	ck_assert_str_eq(out, "");
	assert_contains(err, refusals[_i].says);
	desk_close(&d);
}
END_TEST

/* ---- what people call an investigation ---- */

#define RUN_A "184zwrv627sgsvbe8"
#define RUN_B "184zwrv9aaaaaaaaa"
#define LISTED                                                                 \
	"{\"investigations\":[{\"id\":\"" RUN_A "\"},{\"id\":\"" RUN_B         \
	"\"}],\"next\":null,\"run\":{\"waits\":[]}}"

static const struct {
	const char *args[4];
	const char *asks, *err;
	int status;
} names[] = {
    {{"show", "latest"}, "GET /api/investigations/" RUN_A " ", "", 0},
    {{"show", "184zwrv62"}, "GET /api/investigations/" RUN_A " ", "", 0},
    {{"show", "184zwrv9"}, "GET /api/investigations/" RUN_B " ", "", 0},
    {{"show", RUN_B}, "GET /api/investigations/" RUN_B " ", "", 0},
    {{"show", "184z"}, "GET /api/investigations?limit=200 ",
	"both begin with 184z", 1},
    {{"show", "no"}, "GET /api/investigations?limit=200 ",
	"there is no investigation no", 1},
    {{"evidence", "latest", "3"},
	"GET /api/investigations/" RUN_A "/evidence/E3 ", "", 0},
    {{"evidence", "latest", "e3"},
	"GET /api/investigations/" RUN_A "/evidence/E3 ", "", 0},
    {{"evidence", "latest", "[E3]"},
	"GET /api/investigations/" RUN_A "/evidence/E3 ", "", 0},
    {{"cancel", "latest"}, "POST /api/investigations/" RUN_A "/cancel ",
	RUN_A " is asked to end", 0},
    {{"deny", "latest", "2"}, "POST /api/investigations/" RUN_A "/steps/2 ",
	"step 2 of " RUN_A " is denied, said by ", 0},
    {{"deny", "latest"}, "GET /api/investigations/" RUN_A " ",
	"no step of " RUN_A " waits", 1},
};

START_TEST(people_name_an_investigation_shortly)
{
	struct desk d;
	auto_str flag = NULL;
	auto_str err = NULL;

	desk_open(&d, 200, NULL, LISTED);
	flag = xasprintf("--listen=%s/", stub_http_url(d.stub));
	ck_assert_int_eq(
	    culprit(d.dir,
		(const char *const[]){names[_i].args[0], names[_i].args[1],
		    names[_i].args[2] != NULL ? names[_i].args[2] : flag,
		    names[_i].args[2] != NULL ? flag : NULL, NULL},
		NULL, NULL, &err),
	    names[_i].status);
	assert_contains(asked(&d), names[_i].asks);
	assert_contains(err, names[_i].err);
	desk_close(&d);
}
END_TEST

START_TEST(a_case_file_comes_as_it_is)
{
	static const char file[] = "<!DOCTYPE html>\n<p>\x1b[31m</p>";
	struct desk d;
	auto_str flag = NULL;
	auto_str out = NULL;

	desk_open(&d, 200, "text/html; charset=utf-8", file);
	flag = xasprintf("--listen=%s", stub_http_url(d.stub));
	ck_assert_int_eq(
	    culprit(d.dir,
		(const char *const[]){"report", RUN_A, "--html", flag, NULL},
		NULL, &out, NULL),
	    0);
	assert_contains(asked(&d), "GET /api/investigations/" RUN_A "/report ");
	assert_contains(asked(&d), "Accept: text/html\r\n");
	ck_assert_str_eq(out, file);
	desk_close(&d);
}
END_TEST

START_TEST(a_list_of_some_is_asked_for_and_leads_on)
{
	struct desk d;
	auto_str flag = NULL;
	auto_str err = NULL;

	desk_open(&d, 200, NULL, "{\"investigations\":[],\"next\":41}");
	flag = xasprintf("--listen=%s", stub_http_url(d.stub));
	ck_assert_int_eq(
	    culprit(d.dir,
		(const char *const[]){"list", "--since=-24h", "--until", "now",
		    "--alert=High Latency", "--text", "checkout & co",
		    "--before=99", "--status=failed", flag, NULL},
		NULL, NULL, &err),
	    0);
	assert_contains(asked(&d),
	    "GET /api/investigations?limit=20&status=failed&since=-24h&"
	    "until=now&alert=High%20Latency&q=checkout%20%26%20co&before=99 ");
	assert_contains(err, "None that fits.");
	assert_contains(err, "older ones: the same with --before 41\n");
	desk_close(&d);
}
END_TEST

START_TEST(the_pages_address_is_told)
{
	struct desk d;
	auto_str flag = NULL;
	auto_str out = NULL;
	auto_str want = NULL;

	desk_open(&d, 200, NULL, LISTED);
	flag = xasprintf("--listen=%s", stub_http_url(d.stub));
	want = xasprintf("%s/#" RUN_A "\n", stub_http_url(d.stub));
	ck_assert_int_eq(
	    culprit(d.dir, (const char *const[]){"open", "latest", flag, NULL},
		NULL, &out, NULL),
	    0);
	ck_assert_str_eq(out, want);
	desk_close(&d);
}
END_TEST

static const struct {
	const char *command, *option, *detail, *says;
} misnomers[] = {
    {"investigate", "--at=yesterday", "body.at: must be a moment",
	"culprit investigate: --at: must be a moment"},
    {"list", "--limit=x", "limit must be a whole number",
	"culprit list: --limit must be a whole number"},
    {"list", "--status=x", "status must be running",
	"culprit list: --status must be running"},
    {"list", "--limit=x", "limitless", "culprit list: limitless"},
};

START_TEST(what_is_wrong_is_called_as_it_was_typed)
{
	struct desk d;
	auto_str body = xasprintf("{\"detail\":\"%s\"}", misnomers[_i].detail);
	auto_str flag = NULL;
	auto_str err = NULL;

	desk_open(&d, 400, "application/problem+json", body);
	flag = xasprintf("--gateway=%s", stub_http_url(d.stub));
	ck_assert_int_eq(
	    culprit(d.dir,
		(const char *const[]){misnomers[_i].command,
		    misnomers[_i].option, flag, NULL},
		NULL, NULL, &err),
	    1);
	assert_contains(err, misnomers[_i].says);
	desk_close(&d);
}
END_TEST

/* ---- whose language ---- */

static const struct {
	const char *env[4], *says;
} locales[] = {
    {{"LC_ALL=", "LC_MESSAGES=", "LANG=en_US.UTF-8"}, "\"language\":\"en\""},
    {{"LC_ALL=", "LC_MESSAGES=zh_CN", "LANG=en_US"}, "\"language\":\"zh\""},
    {{"LC_ALL=en_GB.utf8", "LC_MESSAGES=zh_CN", "LANG=zh"},
	"\"language\":\"en\""},
    {{"LC_ALL=C.UTF-8", "LC_MESSAGES=zh_CN", "LANG=zh"}, "{}"},
    {{"LC_ALL=", "LC_MESSAGES=", "LANG=engadget"}, "{}"},
    {{"LC_ALL=zh_CN.UTF-8", "CULPRIT_LANGUAGE=en", "LANG="},
	"\"language\":\"en\""},
};

START_TEST(a_report_is_in_the_language_of_who_asks)
{
	struct desk d;
	auto_str flag = NULL;

	desk_open(&d, 400, "application/problem+json", "{\"detail\":\"x\"}");
	flag = xasprintf("--gateway=%s", stub_http_url(d.stub));
	ck_assert_int_eq(
	    culprit(d.dir,
		(const char *const[]){"investigate", "--async", flag, NULL},
		locales[_i].env, NULL, NULL),
	    1);
	assert_contains(asked(&d), locales[_i].says);
	desk_close(&d);
}
END_TEST

/* ---- what people say of it ---- */

static const struct {
	const char *args[6], *path, *body;
} remarks[] = {
    {{"verdict", "latest", "wrong", "the", "disk"}, "/verdict ",
	"{\"verdict\":\"wrong\",\"cause\":\"the disk\",\"by\":\""},
    {{"verdict", "latest", "right"}, "/verdict ",
	"{\"verdict\":\"right\",\"cause\":\"\",\"by\":\""},
    {{"note", "latest", "seen", "before"}, "/notes ",
	"{\"text\":\"seen before\",\"by\":\""},
};

START_TEST(a_verdict_and_a_note_are_told_the_gateway)
{
	struct desk d;
	auto_str url = NULL;
	auto_str want = NULL;
	auto_str err = NULL;

	desk_open(&d, 200, NULL, LISTED);
	url = xasprintf("CULPRIT_GATEWAY=%s", stub_http_url(d.stub));
	ck_assert_int_eq(culprit(d.dir, remarks[_i].args,
			     (const char *const[]){url, NULL}, NULL, &err),
	    0);
	want = xasprintf(
	    "POST /api/investigations/" RUN_A "%s", remarks[_i].path);
	assert_contains(asked(&d), want);
	assert_contains(asked(&d), remarks[_i].body);
	assert_contains(err, "noted on " RUN_A " by ");
	desk_close(&d);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_it_does_not_take_it_says_so, (int)ARRAY_LEN(usages)},
	    {help_tells_of_a_commands_own_options_only, 0},
	    {an_agent_answers_what_it_is_asked, (int)ARRAY_LEN(agents)},
	    {an_agent_alone_does_nothing_that_it_was_not_told,
		(int)ARRAY_LEN(onces)},
	    {it_finds_a_gateway_that_listens_everywhere_here,
		(int)ARRAY_LEN(hosts)},
	    {it_finds_the_gateway_of_its_data_directory, 0},
	    {it_shows_its_token_where_it_has_one, 0},
	    {whether_the_gateway_is_ready_the_exit_status_tells,
		(int)ARRAY_LEN(readiness)},
	    {an_answer_that_is_no_gateways_is_no_result,
		(int)ARRAY_LEN(refusals)},
	    {people_name_an_investigation_shortly, (int)ARRAY_LEN(names)},
	    {a_case_file_comes_as_it_is, 0},
	    {a_list_of_some_is_asked_for_and_leads_on, 0},
	    {the_pages_address_is_told, 0},
	    {what_is_wrong_is_called_as_it_was_typed,
		(int)ARRAY_LEN(misnomers)},
	    {a_report_is_in_the_language_of_who_asks, (int)ARRAY_LEN(locales)},
	    {a_verdict_and_a_note_are_told_the_gateway,
		(int)ARRAY_LEN(remarks)},
	};

	return RUN_TESTS("cli", tests);
}
