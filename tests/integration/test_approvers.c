/*
 * test_approvers.c - who may approve an UNSAFE step, and as whom: whoever has
 * a token of --approver-token-file, under the name beside it; where there is
 * no such file, whoever is at this machine, and from elsewhere nobody.
 */
#include "common/base/rc.h"
#include "common/report/tool_class.h"
#include "tests/harness/client.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/transcript.h"

#include <stdlib.h>
#include <string.h>

#define ALL "token-of-all"
#define ANN "token-of-ann"
#define BOB "token-of-bob"
#define APPROVERS                                                              \
	"# who may\n\nann " ANN "\n  bob\t" BOB "  \n\xe5\xae\x89 tok-of-an\n"

#define STEP "POST /api/investigations/r1/steps/2"
#define BEARER(token) "Authorization: Bearer " token "\r\n"
#define FROM_PAGE "Origin: http://localhost\r\n"
#define YES "{\"approve\":true}"

/* ---- the gateway alone, before a supervisor that listens ---- */

struct guarded {
	char *dir;
	struct front *f;
	char *ann, *all; /* the cookies of their sessions */
};

/* "Cookie: culprit=…", a whole field, of a session made with the token. */
static char *
cookie_for(struct front *f, const char *token)
{
	auto_str body = xasprintf("{\"token\":\"%s\"}", token);
	auto_str answer = client_ask(f, "POST /api/session", CLIENT_JSON, body);
	const char *from = strstr(answer, "\r\nSet-Cookie: ");

	ck_assert_msg(from != NULL, "%s", answer);
	from += strlen("\r\nSet-Cookie: ");
	return xasprintf("Cookie: %.*s\r\n", (int)strcspn(from, ";"), from);
}

static void
guarded_open(struct guarded *g, bool token, bool approvers,
    const char *const *more)
{
	const char *args[8] = {NULL};
	auto_str tokens = NULL;
	auto_str all = NULL;
	int n = 0;

	*g = (struct guarded){.dir = scratch_new()};
	tokens = xasprintf("%s/approvers", g->dir);
	all = xasprintf("%s/token", g->dir);
	file_write(tokens, APPROVERS);
	file_write(all, ALL "\n");
	if (token) {
		args[n++] = "--token-file";
		args[n++] = all;
	}
	if (approvers) {
		args[n++] = "--approver-token-file";
		args[n++] = tokens;
	}
	for (; more != NULL && *more != NULL; more++)
		args[n++] = *more;
	g->f = front_new_with(args);
	g->ann = approvers ? cookie_for(g->f, ANN) : xstrdup("");
	g->all = token ? cookie_for(g->f, ALL) : xstrdup("");
}

static void
guarded_close(struct guarded *g)
{
	front_free(g->f);
	scratch_free(g->dir);
	free(g->ann);
	free(g->all);
}

/* Asks to approve, and expects the supervisor to be told of a word by by; or,
 * where that is NULL, an answer with that status, and says in it. */
static void
expect_word(struct front *f, const char *fields, const char *body,
    const char *by, int status, const char *says)
{
	auto_str all = xasprintf(CLIENT_JSON "%s", fields);
	struct client *c = client_request(f, STEP, all, body);
	struct front_heard *m;
	auto_str name = NULL;

	if (by == NULL) {
		const char *answer = client_await(c, NULL);

		assert_status(answer, status);
		assert_contains(answer, says);
		ck_assert(!front_has(f, PROTO_DECIDE));
		client_free(c);
		return;
	}
	m = front_expect(f, PROTO_DECIDE);
	name = xstrndup(m->m.decide.by.p, m->m.decide.by.n);
	ck_assert_str_eq(name, by);
	front_reply(f, m, m->m.decide.req, "ok", "", "r1");
	free(name);
	name = xasprintf("\"by\":\"%s\"", by);
	assert_contains(client_await(c, NULL), name);
	client_free(c);
}

/* COOKIE stands for a session's. */
static const struct {
	const char *fields, *body, *by, *says;
	int status;
	char cookie; /* 'a': ann's, 't': of the token for all; 0: none */
} guarded[] = {
    {BEARER(ANN), YES, "ann", "", 200, 0},
    {BEARER(BOB), "{\"approve\":false,\"by\":\"ann\"}", "bob", "", 200, 0},
    {BEARER("tok-of-an"), YES, "\xe5\xae\x89", "", 200, 0},
    {"", YES, NULL, "asks for a token", 401, 0},
    {BEARER(ALL), YES, NULL, "--approver-token-file", 403, 0},
    {BEARER(ALL), "{\"approve\":true,\"by\":\"ann\"}", NULL,
	"--approver-token-file", 403, 0},
    {BEARER("token-of-an"), YES, NULL, "not the right one", 401, 0},
    {BEARER("ann"), YES, NULL, "not the right one", 401, 0},
    {FROM_PAGE, YES, "ann", "", 200, 'a'},
    {"Sec-Fetch-Site: same-origin\r\n", YES, "ann", "", 200, 'a'},
    {FROM_PAGE, YES, NULL, "--approver-token-file", 403, 't'},
    {"", YES, NULL, "by Origin", 403, 'a'},
    {"Sec-Fetch-Site: same-site\r\n", YES, NULL, "own page alone", 403, 'a'},
    {"Origin: http://evil.example\r\n", YES, NULL, "may not call", 403, 'a'},
    /* A session beside another's token is not asked. */
    {FROM_PAGE BEARER(ALL), YES, NULL, "--approver-token-file", 403, 'a'},
};

START_TEST(an_approver_is_who_has_an_approvers_token)
{
	struct guarded g;
	size_t i;

	guarded_open(&g, true, true, NULL);
	for (i = 0; i < ARRAY_LEN(guarded); i++) {
		auto_str fields = xasprintf("%s%s",
		    guarded[i].cookie == 'a'   ? g.ann
		    : guarded[i].cookie == 't' ? g.all
					       : "",
		    guarded[i].fields);

		expect_word(g.f, fields, guarded[i].body, guarded[i].by,
		    guarded[i].status, guarded[i].says);
	}
	guarded_close(&g);
}
END_TEST

/* All else is open then, but not for a session's cookie of elsewhere. */
START_TEST(approvers_need_no_token_for_all)
{
	struct guarded g;
	auto_str same_site = NULL;
	auto_str page = NULL;

	guarded_open(&g, false, true, NULL);
	same_site = xasprintf("%sSec-Fetch-Site: same-site\r\n", g.ann);
	page = xasprintf("%s" FROM_PAGE, g.ann);
	expect_word(g.f, "", YES, NULL, 403, "--approver-token-file");
	expect_word(g.f, BEARER("nobodys-own"), YES, NULL, 403,
	    "--approver-token-file");
	expect_word(g.f, BEARER(ANN), YES, "ann", 200, "");
	expect_word(g.f, page, YES, "ann", 200, "");
	expect_word(g.f, same_site, YES, NULL, 403, "own page alone");
	guarded_close(&g);
}
END_TEST

START_TEST(without_a_file_it_is_someone_at_this_machine)
{
	struct guarded g;

	guarded_open(&g, true, false, NULL);
	expect_word(g.f, BEARER(ALL), "{\"approve\":true,\"by\":\"ann\"}",
	    APPROVED_HERE, 200, "");
	guarded_close(&g);
	guarded_open(&g, false, false, NULL);
	expect_word(g.f, "", YES, APPROVED_HERE, 200, "");
	guarded_close(&g);
}
END_TEST

static const char *const off_loopback[] = {"--listen", "0.0.0.0:0", NULL};

START_TEST(off_loopback_nobody_approves_without_a_file)
{
	struct guarded g;

	guarded_open(&g, true, false, off_loopback);
	expect_word(g.f, BEARER(ALL), YES, NULL, 403, "nobody approves");
	guarded_close(&g);
	guarded_open(&g, true, true, off_loopback);
	expect_word(g.f, BEARER(ALL), YES, NULL, 403, "--approver-token-file");
	expect_word(g.f, BEARER(ANN), YES, "ann", 200, "");
	guarded_close(&g);
}
END_TEST

/* What the page asks before it asks for a token. */
START_TEST(the_page_is_told_as_whom_it_may_approve)
{
	struct guarded g;
	auto_str nobody = NULL;
	auto_str ann = NULL;
	auto_str all = NULL;

	guarded_open(&g, true, true, NULL);
	nobody = client_ask(g.f, "GET /api/session", "", "");
	assert_lacks(nobody, "approver");
	ann = client_ask(g.f, "GET /api/session", g.ann, "");
	assert_contains(ann, "\"approver_tokens\":true,\"approver\":\"ann\"");
	all = client_ask(g.f, "GET /api/session", g.all, "");
	assert_contains(all, "\"approver_tokens\":true,\"approver\":\"\"");
	guarded_close(&g);
}
END_TEST

/* ---- files that say it wrongly ---- */

static const struct {
	const char *file, *says;
} files[] = {
    {"", "names nobody"},
    {"# ann " ANN "\n", "names nobody"},
    {"ann\n", "line 1: want NAME TOKEN"},
    {"\nann x " ANN "\n", "line 2: want NAME TOKEN"},
    {"ann short\n", "line 1: the token must have 8 to 4096 bytes, not 5"},
    {"ann t\xc3\xb6ken-of-ann\n", "line 1: the token must be visible ASCII"},
    {"ann " ANN "\nbob " ANN "\n", "line 2: its token is ann's already"},
    {"\xff " ANN "\n", "line 1: a name has 1 to 63 bytes of UTF-8"},
    {"ann " ALL "\n", "needs a token of their own"},
};

/* The same is found by --check, before anything is started. */
START_TEST(a_file_that_is_wrong_is_said_to_be_so)
{
	auto_str gateway = program("culprit-gateway");
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/approvers", dir);
	auto_str data = xasprintf("--data-dir=%s", dir);
	const char *env[] = {"CULPRIT_TOKEN=" ALL, NULL};
	const char *argv[] = {gateway, "--listen=127.0.0.1:0", data,
	    "--approver-token-file", path, "--check", NULL};
	auto_str err = NULL;
	auto_str none = NULL;
	struct proc_spec spec = {
	    .argv = argv, .env = env, .dir = dir, .name = "check"};

	ck_assert_int_ne(proc_run(&spec, HOUSE_MS, NULL, &none), 0);
	assert_contains(none, "cannot read");
	file_write(path, files[_i].file);
	ck_assert_int_ne(proc_run(&spec, HOUSE_MS, NULL, &err), 0);
	assert_contains(err, path);
	assert_contains(err, files[_i].says);
	assert_lacks(err, ANN);
	scratch_free(dir);
}
END_TEST

/* ---- all of it ---- */

#define ONE_STEP                                                               \
	"[{\"decision\":\"EXECUTE\",\"step\":\"restart "                       \
	"it\",\"tool\":\"echo\",\"args\":{\"text\":\"x\"}},"                   \
	"{\"decision\":\"FINISH\",\"step\":\"that was it\"}]"

/* `culprit WORD latest` with a token; its status, what it says in *ret_err. */
static int
say(struct house *h, const char *word, const char *token, char **ret_err)
{
	const char *args[] = {word, "latest", NULL};

	setenv("CULPRIT_TOKEN", token, 1);
	return house_run(h, args, NULL, ret_err);
}

static const struct {
	const char *word, *token, *said, *language, *report;
} words[] = {
    {"approve", ANN, " is approved, said by ann\n", "en",
	"(UNSAFE, approved by `ann`)"},
    {"deny", BOB, " is denied, said by bob\n", "en", "denied by bob"},
    {"approve", "tok-of-an", "said by \xe5\xae\x89\n", "zh",
	"（UNSAFE，批准人：`\xe5\xae\x89`）"},
    {"approve", NULL, "said by someone at this machine\n", "en",
	"(UNSAFE, approved by someone at this machine)"},
    {"approve", NULL, "said by someone at this machine\n", "zh",
	"（UNSAFE，批准人：本机上的某人）"},
};

START_TEST(an_approvers_name_is_in_events_and_report)
{
	bool named = words[_i].token != NULL;
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/approvers", dir);
	auto_str option = xasprintf("--approver-token-file=%s", path);
	auto_str language = xasprintf("--language=%s", words[_i].language);
	const char *more[] = {"--tools=echo", "--tool-classes=echo=unsafe",
	    named ? option : NULL, NULL};
	const char *args[] = {"investigate", "--json", language, NULL};
	struct transcript *t;
	struct proc *watch;
	struct house *h;
	auto_str all = NULL;
	auto_str err = NULL;
	auto_str out = NULL;

	file_write(path, APPROVERS);
	setenv("CULPRIT_TOKEN", ALL, 1);
	h = house_start(&(struct house_spec){.script = ONE_STEP, .more = more});
	watch = house_client(h, "watch", args);
	ck_assert(proc_await_out(watch, "\"type\":\"approval\"", HOUSE_MS));
	if (named) {
		ck_assert_int_eq(say(h, words[_i].word, ALL, &all), 1);
		assert_contains(all, "--approver-token-file");
	}
	ck_assert_int_eq(
	    say(h, words[_i].word, named ? words[_i].token : ALL, &err), 0);
	assert_contains(err, words[_i].said);
	ck_assert_int_eq(proc_wait(watch, HOUSE_MS), 0);
	out = proc_out(watch);
	t = transcript_new(out);
	assert_contains(
	    words[_i].said, transcript_text(t, "decided", 0, "by"));
	assert_contains(
	    transcript_text(t, "report", 0, "markdown"), words[_i].report);
	transcript_free(t);
	proc_free(watch);
	house_free(h);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_approver_is_who_has_an_approvers_token, 0},
	    {approvers_need_no_token_for_all, 0},
	    {without_a_file_it_is_someone_at_this_machine, 0},
	    {off_loopback_nobody_approves_without_a_file, 0},
	    {the_page_is_told_as_whom_it_may_approve, 0},
	    {a_file_that_is_wrong_is_said_to_be_so, (int)ARRAY_LEN(files)},
	    {an_approvers_name_is_in_events_and_report, (int)ARRAY_LEN(words)},
	};

	return RUN_TESTS("approvers", tests);
}
