/*
 * test_seam.c - every query and every message, each field of it, between real
 * processes: what one end says the other understands.
 *
 * A proxy that only looks stands between a real gateway, real workers and a
 * real supervisor. At the end each field of the list must have gone by with
 * something in it; so whoever adds one has to show here that it arrives.
 */
#include "common/wire/proto.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/chaos.h"
#include "tests/harness/llm_stub.h"
#include "tests/harness/seen.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stand_in.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/tap.h"
#include "tests/harness/texts.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>

enum { LIMIT_MS = 60000, ARGS_MAX = 16 };

/* A person and a key; words, a figure and doubt; too much; the end. */
static const char script[] =
    "[{\"decision\":\"EXECUTE\",\"step\":\"begin\",\"context\":\"c\","
    "\"steps\":[{\"step\":\"change\",\"tool\":\"echo\","
    "\"args\":{\"text\":\"x\"}},"
    "{\"step\":\"when\",\"tool\":\"get_current_time\",\"args\":{}}]},"
    "{\"decision\":\"EXECUTE\",\"step\":\"look\",\"context\":\"c\","
    "\"steps\":[{\"step\":\"one\",\"tool\":\"size\","
    "\"args\":{\"bytes\":10,\"evidence\":20,\"say\":1}},"
    "{\"step\":\"two\",\"tool\":\"size\",\"args\":{\"unknown\":1}}]},"
    "{\"decision\":\"EXECUTE\",\"step\":\"too much\",\"tool\":\"size\","
    "\"args\":{\"bytes\":20000000}},"
    "{\"decision\":\"FINISH\",\"report\":\"# the report\","
    "\"conclusion\":{\"confidence\":\"undetermined\",\"summary\":\"s\"}}]";

static struct scene {
	char *dir;
	struct tap *tap;
	struct chaos *chaos;
	struct stub_http *people; /* who are told of reports */
	char notify[200];
	struct proc *supervisor, *gateway, *planner, *executor, *worker;
	char data[160], url[128], listen[64];
	char *a; /* the run that goes all the way */
	int n;   /* processes so far, to name their output */
} s;

/* ---- processes ---- */

static struct proc *
start(const char *name, const char *const *args)
{
	auto_str path = program(name);
	auto_str out = xasprintf("%s-%d", name, s.n++);
	const char *argv[ARGS_MAX] = {path};
	int n = 1;

	while (*args != NULL && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	return proc_start(
	    &(struct proc_spec){.argv = argv, .dir = s.dir, .name = out});
}

/* One of them will not hear of it. */
static void
hear(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	(void)arg;
	if (strcmp(rq->target, "/deaf") == 0)
		stub_raws(c, "HTTP/1.1 500 No\r\nRetry-After: 1\r\n"
			     "Content-Length: 0\r\n\r\n");
	else
		stub_answer(c, 200, NULL, "{}");
}

static void
start_people(void)
{
	auto_str path = xasprintf("%s/notify", s.dir);
	auto_str text = NULL;

	s.people = stub_http_new(hear, NULL);
	text = xasprintf("good json %s/good\ndeaf json %s/deaf\n",
	    stub_http_url(s.people), stub_http_url(s.people));
	file_write(path, text);
	snprintf(s.notify, sizeof(s.notify), "--notify-file=%s", path);
}

static void
start_supervisor(void)
{
	auto_str front = xasprintf("--front=ipc://%s/sf", s.dir);
	auto_str back = xasprintf("--back=ipc://%s/sb", s.dir);

	s.supervisor = start("culprit-supervisor",
	    (const char *const[]){s.data, front, back, "--deadline=600",
		s.notify, "--llm-run-tokens=50000", NULL});
}

static void
start_proxy(void)
{
	auto_str pf = xasprintf("ipc://%s/pf", s.dir);
	auto_str pb = xasprintf("ipc://%s/pb", s.dir);
	auto_str sf = xasprintf("ipc://%s/sf", s.dir);
	auto_str sb = xasprintf("ipc://%s/sb", s.dir);

	s.tap = tap_new();
	s.chaos = chaos_start(&(struct chaos_spec){.front = pf,
	    .back = pb,
	    .to_front = sf,
	    .to_back = sb,
	    .on_message = tap_message,
	    .ctx = s.tap});
}

static bool
has_address(void *ctx)
{
	auto_str path = xasprintf("%s/gateway.addr", s.dir);
	auto_str text = file_read(path);

	(void)ctx;
	text[strcspn(text, "\n")] = '\0';
	snprintf(s.url, sizeof(s.url), "http://%s", text);
	snprintf(s.listen, sizeof(s.listen), "--listen=%s", text);
	return text[0] != '\0';
}

static void
start_gateway(void)
{
	auto_str front = xasprintf("--front=ipc://%s/pf", s.dir);

	s.gateway = start("culprit-gateway",
	    (const char *const[]){s.data, front, "--listen=127.0.0.1:0",
		s.notify, NULL});
	ck_assert(await(has_address, NULL, LIMIT_MS));
}

static void
start_workers(void)
{
	auto_str back = xasprintf("--back=ipc://%s/pb", s.dir);
	auto_str plans = xasprintf("%s/plans", s.dir);
	auto_str option = xasprintf("--planner-script=%s", plans);

	file_write(plans, script);
	s.planner =
	    start("culprit-planner", (const char *const[]){s.data, back,
					 "--planner=script", option, NULL});
	s.executor = start("culprit-executor",
	    (const char *const[]){s.data, back, "--tools=echo,get_current_time",
		"--tool-classes=echo=unsafe, get_current_time=idempotent",
		NULL});
	s.worker = stand_in_start(s.dir, (const char *const[]){back, "--name",
					     "W", "--tools", "size", NULL});
}

static void
end(struct proc *p)
{
	auto_str log = NULL;
	int status;

	proc_signal(p, SIGTERM);
	status = proc_wait(p, LIMIT_MS);
	log = proc_err(p);
	ck_assert_msg(status == 0, "ended with %d: %.3000s", status, log);
	proc_free(p);
}

/* ---- asking ---- */

static struct answer *
request(const char *path, const char *const *headers, const char *body)
{
	auto_str url = xasprintf("%s%s", s.url, path);

	return ask(NULL, url, headers, body);
}

/* Of a run; the answer must have that status. */
static struct answer *
about(const char *run, const char *rest, const char *const *headers,
    const char *body, long status)
{
	auto_str path = xasprintf("/api/investigations/%s%s", run, rest);
	struct answer *w = request(path, headers, body);

	ck_assert_msg(
	    w->status == status, "%s: %ld %.2000s", path, w->status, w->body);
	return w;
}

static void
refused(const char *run, const char *rest, const char *body, long status,
    const char *says)
{
	struct answer *w = about(run, rest, NULL, body, status);

	assert_contains(w->body, says);
	answer_free(w);
}

static cJSON *
json_of(struct answer *w)
{
	cJSON *tree = cJSON_Parse(w->body);

	ck_assert_msg(tree != NULL, "%s", w->body);
	answer_free(w);
	return tree;
}

static cJSON *
get(const char *run, const char *rest)
{
	static const char *const json[] = {"Accept: application/json", NULL};

	return json_of(about(run, rest, json, NULL, 200));
}

/* The caller's. */
static char *
submit(const char *key, const char *body)
{
	const char *const headers[] = {"Content-Type: application/json",
	    "Prefer: respond-async", key, NULL};
	struct answer *w = request("/api/ai_ops", headers, body);
	AUTO(tree) tree = NULL;

	ck_assert_msg(w->status == 202, "%ld %s", w->status, w->body);
	tree = json_of(w);
	return xstrdup(tree_str(tree, "id"));
}

/* Its step waits as soon as it is known that it is UNSAFE. */
static bool
is_approved(void *ctx)
{
	const char *run = ctx;
	auto_str path = xasprintf("/api/investigations/%s/steps/2", run);
	struct answer *w =
	    request(path, NULL, "{\"approve\":true,\"by\":\"ann\"}");
	bool done = w->status == 200;

	answer_free(w);
	return done;
}

static bool
is_ready(void *ctx)
{
	struct answer *w = request("/readyz", NULL, NULL);
	bool ready = w->status == 200;

	(void)ctx;
	answer_free(w);
	return ready;
}

/* No executor of these asks Prometheus, so it is refused; that it is asked
 * and answered at both ends is test_calls' and test_main_job's. */
static void
tools_are_listed_and_alerts_asked_for(void)
{
	auto_str url = xasprintf("%s/mcp", s.url);
	struct answer *list = ask(NULL, url, NULL,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	struct answer *w = request("/api/alerts", NULL, NULL);

	ck_assert_int_eq(w->status, 503);
	assert_contains(w->body, "has the tool query_prometheus_alerts");
	answer_free(w);
	w = request("/api/docs", NULL, NULL);
	ck_assert_int_eq(w->status, 503);
	assert_contains(w->body, "has the tool documents");
	answer_free(w);
	ck_assert_int_eq(list->status, 200);
	/* Theirs change something here, all of them. */
	assert_contains(list->body, "\"get_evidence\"");
	ck_assert_ptr_null(strstr(list->body, "\"echo\""));
	answer_free(list);
}

/* ---- the walk ---- */

static void
a_worker_is_refused(void)
{
	auto_str back = xasprintf("--back=ipc://%s/pb", s.dir);
	auto_str name = xasprintf("--name=%064d", 0);
	struct proc *p = start("culprit-executor",
	    (const char *const[]){s.data, back, name, NULL});

	ck_assert(proc_await_err(p, "name has 64 bytes", LIMIT_MS));
	ck_assert_int_ne(proc_wait(p, LIMIT_MS), -1);
	proc_free(p);
}

/* Its events to the end, as they stand in the stream. */
static struct seen *
events_of(const char *run, const char *rest)
{
	auto_str path = xasprintf("/events%s", rest);
	struct answer *w = about(run, path, NULL, NULL, 200);
	struct seen *seen = seen_new();

	seen_bytes(seen, w->body, strlen(w->body));
	answer_free(w);
	return seen;
}

/* The data of the n-th event of a type; the caller's. */
static cJSON *
event_of(const struct seen *seen, const char *type, int nth)
{
	size_t i;

	for (i = 0; i < seen_count(seen); i++)
		if (strcmp(seen_at(seen, i)->type, type) == 0 && nth-- == 0)
			return cJSON_Parse(seen_at(seen, i)->data);
	ck_abort_msg("no %s", type);
}

/* The number of the n-th event of a type. */
static int
number_of(const struct seen *seen, const char *type, int nth)
{
	size_t i;

	for (i = 0; i < seen_count(seen); i++)
		if (strcmp(seen_at(seen, i)->type, type) == 0 && nth-- == 0)
			return (int)i + 1;
	ck_abort_msg("no %s", type);
}

static void
a_run_goes_all_the_way(void)
{
	struct proc *viewer;
	auto_str same = NULL;

	s.a = submit("Idempotency-Key: k1",
	    "{\"input\":\"why?\",\"language\":\"en\",\"at\":\"-1h\","
	    "\"window\":\"30m\",\"timezone\":\"Asia/Shanghai\","
	    "\"labels\":{\"job\":\"api\"}}");
	same = submit("Idempotency-Key: k1",
	    "{\"input\":\"why?\",\"language\":\"en\",\"at\":\"-1h\","
	    "\"window\":\"30m\",\"timezone\":\"Asia/Shanghai\","
	    "\"labels\":{\"job\":\"api\"}}");
	ck_assert_str_eq(s.a, same);
	viewer = start("culprit",
	    (const char *const[]){"follow", s.a, "--json", s.listen, NULL});
	ck_assert(proc_await_out(viewer, "\"approval\"", LIMIT_MS));
	ck_assert(tap_await(s.tap, "STATUS.detail.running", LIMIT_MS));
	ck_assert(tap_await(s.tap, "STATUS.detail.waits", LIMIT_MS));
	ck_assert(await(is_approved, s.a, LIMIT_MS));
	refused(s.a, "/steps/2", "{\"approve\":false,\"by\":\"bob\"}", 409,
	    "approved by someone at this machine already");
	ck_assert_int_eq(proc_wait(viewer, LIMIT_MS), 0);
	proc_free(viewer);
}

static void
people_say_what_they_make_of_it(void)
{
	AUTO(tree) show = NULL;
	AUTO(tree) list = NULL;
	const cJSON *said;

	answer_free(about(s.a, "/verdict", NULL,
	    "{\"verdict\":\"wrong\",\"by\":\"ann\"}", 200));
	answer_free(about(s.a, "/verdict", NULL,
	    "{\"verdict\":\"right\",\"cause\":\"disk\",\"by\":\"ann\"}",
	    200));
	answer_free(about(s.a, "/notes", NULL,
	    "{\"text\":\"seen before\",\"by\":\"bob\"}", 200));
	refused(s.a, "/verdict", "{\"verdict\":\"no\",\"by\":\"ann\"}", 400,
	    "must be right, wrong or helpful");
	refused(s.a, "/notes", "{\"text\":\"\",\"by\":\"ann\"}", 400,
	    "say something");
	refused("nosuch", "/notes", "{\"text\":\"x\",\"by\":\"ann\"}", 404,
	    "no investigation nosuch");
	show = get(s.a, "");
	said = tree_at(tree_at(show, "run"), "remarks");
	ck_assert_int_eq(cJSON_GetArraySize(said), 2);
	ck_assert_str_eq(tree_str(said->child, "verdict"), "right");
	ck_assert_str_eq(tree_str(said->child, "text"), "disk");
	ck_assert_str_eq(tree_str(said->child->next, "text"), "seen before");
	ck_assert_str_eq(tree_str(said->child->next, "by"), "bob");
	list = json_of(request("/api/investigations?limit=1&after=1&since=-1d"
			       "&until=now%2B1h&alert=None&q=why",
	    NULL, NULL));
	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(list, "investigations")), 0);
	cJSON_Delete(list);
	list = json_of(request("/api/investigations?before=2", NULL, NULL));
	ck_assert(tree_num(list, "previous", 0) == 1);
	cJSON_Delete(list);
	list = json_of(request("/api/investigations?limit=1", NULL, NULL));
	ck_assert_str_eq(
	    tree_str(tree_at(list, "investigations")->child, "verdict"),
	    "right");
}

static void
what_it_left_is_read(void)
{
	struct seen *all = events_of(s.a, "");
	int n = (int)seen_count(all);
	auto_str after = xasprintf("?last_event_id=%s.3", s.a);
	struct seen *rest = events_of(s.a, after);
	AUTO(tree) finished = event_of(all, "finished", 0);
	AUTO(tree) unknown = event_of(all, "feedback", 3);
	AUTO(tree) large = event_of(all, "feedback", 4);
	AUTO(tree) show = get(s.a, "");
	AUTO(tree) report = get(s.a, "/report");

	ck_assert_str_eq(tree_str(finished, "status"), "completed");
	ck_assert_str_eq(tree_str(unknown, "status"), "FAILED");
	assert_contains(tree_str(large, "summary"), "a message holds 16 MiB");
	ck_assert_int_eq(seen_count(rest), n - 3);
	ck_assert_int_eq((int)tree_num(tree_at(show, "run"), "last_seq", 0), n);
	ck_assert_double_gt(
	    tree_num(tree_at(show, "run"), "finished_ms", 0), 0);
	ck_assert_int_eq((int)tree_num(show, "window", 0), 1800);
	ck_assert_str_eq(tree_str(show, "timezone"), "Asia/Shanghai");
	ck_assert_str_eq(tree_str(tree_at(show, "labels"), "job"), "api");
	assert_contains(tree_str(report, "markdown"), "# the report");
	ck_assert_str_eq(tree_str(report, "language"), "en");
	ck_assert_str_eq(tree_str(report, "status"), "completed");
	seen_free(all);
	seen_free(rest);
}

static void
evidence_and_checkpoints_are_read(void)
{
	static const char *const packed[] = {
	    "Accept: application/msgpack", NULL};
	struct answer *w = about(s.a, "/evidence/E3", NULL, NULL, 200);
	AUTO(tree) list = get(s.a, "/checkpoints");
	AUTO(tree) one = get(s.a, "/checkpoints/1");
	const cJSON *marks = tree_at(list, "checkpoints");
	const cJSON *mark = cJSON_GetArrayItem(marks, 1);

	ck_assert_str_eq(w->body, "eeeeeeeeeeeeeeeeeeee");
	answer_free(w);
	refused(s.a, "/evidence/E99", NULL, 404, "no evidence E99");
	refused(s.a, "/evidence/E3junk", NULL, 404, "E3junk");
	refused(s.a, "/evidence/E03", NULL, 404, "E03");
	refused(s.a, "/evidence/e3", NULL, 404, "e3");
	refused(s.a, "/evidence/3", NULL, 404, "\\\"3\\\" is none");
	refused(s.a, "/evidence/E0", NULL, 404, "E0");
	/* start, and two for each of three rounds, and the end's two. */
	ck_assert_int_eq(cJSON_GetArraySize(marks), 9);
	ck_assert_str_eq(tree_str(list, "status"), "completed");
	ck_assert_int_eq((int)tree_num(mark, "n", 0), 1);
	ck_assert_str_eq(tree_str(mark, "node"), "planner");
	ck_assert_int_eq((int)tree_num(one, "n", 0), 1);
	ck_assert_int_eq(
	    (int)tree_num(one, "seq", 0), (int)tree_num(mark, "seq", -1));
	ck_assert_int_eq((int)tree_num(tree_at(one, "state"), "turns", 0), 1);
	w = about(s.a, "/checkpoints/0", packed, NULL, 200);
	ck_assert_str_eq(w->type, "application/msgpack");
	answer_free(w);
	refused(s.a, "/checkpoints/9", NULL, 404, "no checkpoint 9");
	refused(s.a, "/checkpoints/1048577", NULL, 404, "is none");
	refused(s.a, "/checkpoints/1x", NULL, 404, "is none");
}

static void
it_is_forked(void)
{
	static const char *const stream[] = {"Content-Type: application/json",
	    "Accept: text/event-stream", "Idempotency-Key: f1", NULL};
	struct seen *all = events_of(s.a, ""), *fork = seen_new();
	int from = number_of(all, "plan", 3);
	auto_str body = xasprintf("{\"from\":%d,\"input\":\"anew\"}", from);
	struct answer *w = about(s.a, "/fork", stream, body, 200);
	AUTO(tree) started = NULL;

	seen_bytes(fork, w->body, strlen(w->body));
	started = event_of(fork, "started", 0);
	ck_assert_str_eq(tree_str(started, "input"), "anew");
	ck_assert_str_eq(tree_str(tree_at(started, "forked_from"), "run"), s.a);
	ck_assert(seen_is_finished(fork));
	refused(s.a, "/fork", "{\"from\":1000}", 400, "last event");
	answer_free(w);
	seen_free(fork);
	seen_free(all);
}

/* The newest run, which is under way; the caller's. */
static char *
running(void)
{
	AUTO(tree) list =
	    json_of(request("/api/investigations?status=running", NULL, NULL));

	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(list, "investigations")), 1);
	return xstrdup(tree_str(tree_at(list, "investigations")->child, "id"));
}

static void
it_is_asked_something_else(void)
{
	struct proc *p =
	    start("culprit", (const char *const[]){"ask", s.a, "and", "then?",
				 "--json", s.listen, NULL});
	AUTO(tree) started = NULL;
	struct seen *all;
	auto_str run = NULL;

	refused(s.a, "/ask", "{}", 400, "question");
	refused(s.a, "/ask", "{\"question\":\" \"}", 400, "is empty");
	refused(s.a, "/ask", "{\"question\":\"x\",\"from\":1}", 400, "from");
	refused("nobody", "/ask", "{\"question\":\"x\"}", 404, "nobody");
	ck_assert(proc_await_out(p, "\"approval\"", LIMIT_MS));
	run = running();
	refused(run, "/ask", "{\"question\":\"x\"}", 409, "still under way");
	ck_assert(await(is_approved, run, LIMIT_MS));
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 0);
	proc_free(p);
	all = events_of(run, "");
	started = event_of(all, "started", 0);
	ck_assert_str_eq(tree_str(started, "input"), "and then?");
	ck_assert_str_eq(tree_str(tree_at(started, "forked_from"), "run"), s.a);
	seen_free(all);
}

/* ---- runs that are held ---- */

static void
let_it_be_held(char *run)
{
	auto_str holds = xasprintf("holds %s", run);

	ck_assert(await(is_approved, run, LIMIT_MS));
	ck_assert(proc_await_err(s.worker, holds, LIMIT_MS));
}

/* Started by the real client, which leaves without a word. */
static void
a_viewer_leaves_and_a_run_is_cancelled(void)
{
	struct proc *p =
	    start("culprit", (const char *const[]){"investigate",
				 "--labels=hold=1", "--json", s.listen, NULL});
	AUTO(tree) list = NULL;
	AUTO(tree) show = NULL;
	auto_str run = NULL;
	struct answer *w;

	ck_assert(proc_await_out(p, "\"approval\"", LIMIT_MS));
	proc_signal(p, SIGKILL);
	proc_free(p);
	ck_assert(tap_await(s.tap, "UNFOLLOW.req", LIMIT_MS));
	list =
	    json_of(request("/api/investigations?status=running", NULL, NULL));
	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(list, "investigations")), 1);
	run = xstrdup(tree_str(tree_at(list, "investigations")->child, "id"));
	ck_assert_int_eq(
	    (int)tree_num(tree_at(list, "investigations")->child, "waits", 0),
	    1);
	show = get(run, "");
	ck_assert_int_eq(
	    (int)tree_num(
		tree_at(tree_at(show, "run"), "waits")->child, "task", 0),
	    2);
	let_it_be_held(run);
	refused(run, "/report", NULL, 409, "still under way");
	refused(run, "/verdict", "{\"verdict\":\"right\",\"by\":\"ann\"}",
	    409, "nothing to judge yet");
	ck_assert(tap_await(s.tap, "RENEW.tasks", LIMIT_MS));
	answer_free(about(run, "/cancel", NULL, "{}", 202));
	ck_assert(tap_await(s.tap, "REVOKE.attempt", LIMIT_MS));
	w = about(run, "/report", NULL, NULL, 200);
	answer_free(w);
	refused(s.a, "/cancel", "{}", 409, "has ended already");
}

static void
a_worker_ends_with_a_step_in_its_hands(void)
{
	auto_str run = submit("X: y", "{\"labels\":{\"hold\":\"1\"}}");

	let_it_be_held(run);
	proc_signal(s.worker, SIGHUP);
	ck_assert(tap_await(s.tap, "TOOLS.tools", LIMIT_MS));
	/* Asked twice it does not wait for its steps. */
	proc_signal(s.worker, SIGTERM);
	ck_assert(tap_await(s.tap, "BYE", LIMIT_MS));
	proc_signal(s.worker, SIGTERM);
	ck_assert(tap_await(s.tap, "BYE.ends", LIMIT_MS));
	ck_assert_int_ne(proc_wait(s.worker, LIMIT_MS), -1);
	proc_free(s.worker);
	answer_free(about(run, "/cancel", NULL, "{}", 202));
}

static void
the_list_is_walked(void)
{
	double before = 0;
	int n = 0;

	do {
		auto_str path =
		    before > 0
			? xasprintf(
			      "/api/investigations?limit=1&before=%.0f", before)
			: xstrdup("/api/investigations?limit=1");
		AUTO(tree) page = json_of(request(path, NULL, NULL));

		ck_assert_int_eq(
		    cJSON_GetArraySize(tree_at(page, "investigations")), 1);
		before = tree_num(page, "next", 0);
		ck_assert_int_lt(n++, 5);
	} while (before > 0);
	/* The first, its fork, a question to it, and two that were
	 * cancelled. */
	ck_assert_int_eq(n, 5);
}

/* Two of them, of which the first is as said. */
static cJSON *
post_alerts(const char *status, long expected)
{
	auto_str body = xasprintf(
	    "{\"version\":\"4\",\"groupKey\":\"g\",\"receiver\":\"r\","
	    "\"truncatedAlerts\":1,\"externalURL\":\"http://am\","
	    "\"commonLabels\":{\"alertname\":\"A\"},\"alerts\":["
	    "{\"status\":\"%s\",\"labels\":{\"alertname\":\"A\",\"i\":\"1\"},"
	    "\"annotations\":{\"summary\":\"s\"},\"startsAt\":"
	    "\"2026-11-23T09:57:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\","
	    "\"generatorURL\":\"http://p\",\"fingerprint\":\"f1\"},"
	    "{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\"},"
	    "\"startsAt\":\"2026-11-23T09:57:00Z\"}]}",
	    status);
	struct answer *w = request("/api/alerts", NULL, body);

	ck_assert_msg(w->status == expected, "%ld %s", w->status, w->body);
	return json_of(w);
}

static void
alerts_come_and_one_goes(void)
{
	AUTO(tree) first = post_alerts("firing", 202);
	AUTO(tree) second = post_alerts("resolved", 200);
	const char *run = tree_str(first, "id");
	AUTO(tree) list =
	    json_of(request("/api/investigations?limit=1", NULL, NULL));
	AUTO(tree) show = get(run, "");

	ck_assert_str_eq(tree_str(first, "outcome"), "started");
	ck_assert_str_eq(tree_str(second, "outcome"), "known");
	ck_assert_str_eq(tree_str(second, "id"), run);
	ck_assert_int_eq((int)tree_num(second, "firing", 0), 1);
	ck_assert_int_eq((int)tree_num(second, "resolved", 0), 1);
	ck_assert_int_eq(
	    (int)tree_num(tree_at(tree_at(list, "investigations")->child,
			      "alerts"),
		"resolved", 0),
	    1);
	ck_assert_int_eq(cJSON_GetArraySize(tree_at(
			     tree_at(tree_at(show, "run"), "alerts"), "list")),
	    2);
	answer_free(about(run, "/cancel", NULL, "{}", 202));
	/* People are told of it, and one of them is not. */
	ck_assert(tap_await(s.tap, "CARRIED.ok", LIMIT_MS));
	ck_assert(tap_await(s.tap, "CARRIED.retry_ms", LIMIT_MS));
}

static void
the_supervisor_is_started_anew(void)
{
	proc_signal(s.supervisor, SIGKILL);
	ck_assert_int_ne(proc_wait(s.supervisor, LIMIT_MS), -1);
	proc_free(s.supervisor);
	start_supervisor();
	ck_assert(tap_await(s.tap, "WHO.epoch", LIMIT_MS));
	ck_assert(await(is_ready, NULL, LIMIT_MS));
}

static bool
lacks_an_executor(void *ctx)
{
	struct answer *w = request("/readyz", NULL, NULL);
	bool lacks = w->status == 503 && strstr(w->body, "executor") != NULL;

	(void)ctx;
	answer_free(w);
	return lacks;
}

/* The first request is granted and takes nearly all there is; its answer
 * cannot be used, and the second is not granted. */
static void
a_model_is_paid(void)
{
	auto_str back = xasprintf("--back=ipc://%s/pb", s.dir);
	struct llm_stub *stub = llm_stub_new();
	auto_str url = xasprintf("--llm-url=%s", llm_stub_url(stub));
	auto_str run = NULL;
	struct seen *all;
	AUTO(tree) report = NULL;

	llm_stub_speak_for(stub, 0, "nothing of use", 49000, 700, 900);
	end(s.planner);
	s.planner = start("culprit-planner",
	    (const char *const[]){s.data, back, "--planner=rules+openai", url,
		"--llm-model=stub-1", NULL});
	run = submit("pays: x", "{\"language\":\"en\"}");
	all = events_of(run, "");
	report = event_of(all, "report", 0);
	assert_contains(tree_str(report, "markdown"),
	    "the budget of tokens for this investigation, 50000, has 49900 "
	    "spent");
	ck_assert_int_eq(llm_stub_asked(stub), 1);
	seen_free(all);
	llm_stub_free(stub);
}

/* No executor is there, and a planner that needs one. */
static void
a_planner_waits(void)
{
	auto_str back = xasprintf("--back=ipc://%s/pb", s.dir);
	auto_str run = NULL;

	/* What it says last may come to the new supervisor before it is known
	 * there: until its silence is noticed it counts as there. */
	end(s.executor);
	ck_assert(await(lacks_an_executor, NULL, LIMIT_MS));
	end(s.planner);
	s.planner = start("culprit-planner",
	    (const char *const[]){s.data, back, "--planner=rules", NULL});
	run = submit("waits: z", "{\"labels\":{\"hold\":\"1\"}}");
	ck_assert(tap_await(s.tap, "RESULT.update.waits", LIMIT_MS));
	answer_free(about(run, "/cancel", NULL, "{}", 202));
}

/* ---- what went by ---- */

static void
assert_came(const char *where, const char *field)
{
	auto_str path = field[0] != '\0' ? xasprintf("%s.%s", where, field)
					 : xstrdup(where);

	ck_assert_msg(tap_has(s.tap, path),
	    "%s did not go from one end to the other", path);
}

static void
everything_went_by(void)
{
#define MSG(msg, NAME, number, sender, what) assert_came(#NAME, "");
#define QUERY(query, NAME, what) assert_came("QUERY." #query, "");
#include "common/wire/proto_messages.def"
	static const struct {
		const char *record, *where;
	} places[] = {
#define MSG(msg, NAME, number, sender, what) {#msg, #NAME},
#define QUERY(query, NAME, what) {#query, "QUERY." #query},
#define MAP(map, where, what) {#map, where},
#include "common/wire/proto_messages.def"
	};
	static const struct {
		const char *record, *field;
	} fields[] = {
#define FIELD(rec, type, name) {#rec, #name},
#include "common/wire/proto_messages.def"
	};
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(fields); i++)
		for (k = 0; k < ARRAY_LEN(places); k++)
			if (strcmp(fields[i].record, places[k].record) == 0)
				assert_came(places[k].where, fields[i].field);
}

START_TEST(every_query_and_message_is_understood_at_the_other_end)
{
	s = (struct scene){.dir = scratch_new()};
	snprintf(s.data, sizeof(s.data), "--data-dir=%s", s.dir);
	curl_global_init(CURL_GLOBAL_ALL);
	start_people();
	start_supervisor();
	start_proxy();
	start_gateway();
	ck_assert(tap_await(s.tap, "STATUS.reason", LIMIT_MS));
	start_workers();
	ck_assert(await(is_ready, NULL, LIMIT_MS));
	tools_are_listed_and_alerts_asked_for();
	a_worker_is_refused();
	a_run_goes_all_the_way();
	people_say_what_they_make_of_it();
	what_it_left_is_read();
	evidence_and_checkpoints_are_read();
	it_is_forked();
	it_is_asked_something_else();
	a_viewer_leaves_and_a_run_is_cancelled();
	a_worker_ends_with_a_step_in_its_hands();
	the_list_is_walked();
	alerts_come_and_one_goes();
	the_supervisor_is_started_anew();
	a_model_is_paid();
	a_planner_waits();
	everything_went_by();
	end(s.gateway);
	end(s.planner);
	end(s.supervisor);
	chaos_free(s.chaos);
	tap_free(s.tap);
	stub_http_free(s.people);
	free(s.a);
	scratch_free(s.dir);
}
END_TEST

static int
tests(void)
{
	const struct test_entry list[] = {
	    {every_query_and_message_is_understood_at_the_other_end, 0},
	};

	return RUN_TESTS("seam", list);
}

int
main(int argc, char **argv)
{
	return stand_in_main(argc, argv, tests);
}
