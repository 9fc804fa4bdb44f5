/*
 * test_cli_streams.c - culprit(1) watching a run: what it asks for, how it
 * goes on when the connection is lost, and how it is left; before a gateway
 * that does what each test tells it.
 */
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { ANSWERS_MAX = 8, LIMIT_MS = AWAIT_MS };

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#define EVENT(seq, type, data)                                                 \
	"id: 184zwrv627sgsvbe8." #seq "\nevent: " type "\ndata: " data "\n\n"
#define STARTED EVENT(1, "started", "{\"run\":\"184zwrv627sgsvbe8\"}")
#define FINISHED(seq)                                                          \
	EVENT(seq, "finished", "{\"status\":\"completed\",\"ms\":5}")
#define EMPTY(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"

/* The n-th request is answered with the n-th of them, the last again and
 * again; one that ends in HANG stays open. */
#define HANG "\001"

struct gate {
	struct stub_http *stub;
	char *dir;
	const char *answers[ANSWERS_MAX];
	pthread_mutex_t mutex;
	int n;
	char *heads[ANSWERS_MAX], *bodies[ANSWERS_MAX];
};

static void
answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct gate *g = arg;
	const char *text;
	size_t n;
	int i;

	pthread_mutex_lock(&g->mutex);
	i = MIN(g->n, ANSWERS_MAX - 1);
	free(g->heads[i]);
	free(g->bodies[i]);
	g->heads[i] = xstrdup(rq->head);
	g->bodies[i] = xstrdup(rq->body != NULL ? rq->body : "");
	g->n++;
	while (g->answers[i] == NULL)
		i--;
	text = g->answers[i];
	pthread_mutex_unlock(&g->mutex);
	n = strcspn(text, HANG);
	stub_raw(c, text, n);
	if (text[n] != '\0')
		stub_hang(c);
	stub_close(c);
}

/* What came; the connection's thread wrote it, and what another process says
 * orders no memory. */
static int
asked(struct gate *g)
{
	int n;

	pthread_mutex_lock(&g->mutex);
	n = g->n;
	pthread_mutex_unlock(&g->mutex);
	return n;
}

static const char *
head_of(struct gate *g, int i)
{
	return i < asked(g) ? g->heads[i] : "";
}

static const char *
body_of(struct gate *g, int i)
{
	return i < asked(g) ? g->bodies[i] : "";
}

static void
gate_open(struct gate *g, const char *const *answers)
{
	int i;

	*g = (struct gate){.dir = scratch_new()};
	pthread_mutex_init(&g->mutex, NULL);
	for (i = 0; answers[i] != NULL; i++)
		g->answers[i] = answers[i];
	g->stub = stub_http_new(answer, g);
}

static void
gate_close(struct gate *g)
{
	int i;

	stub_http_free(g->stub);
	scratch_free(g->dir);
	for (i = 0; i < ANSWERS_MAX; i++) {
		free(g->heads[i]);
		free(g->bodies[i]);
	}
	pthread_mutex_destroy(&g->mutex);
}

static struct proc *
start(struct gate *g, const char *const *args)
{
	auto_str path = program("culprit");
	auto_str listen = xasprintf(
	    "--listen=%s", stub_http_url(g->stub) + strlen("http://"));
	auto_str data = xasprintf("--data-dir=%s", g->dir);
	const char *argv[12] = {path, args[0], listen, data};
	int i;

	for (i = 1; args[i] != NULL; i++)
		argv[i + 3] = args[i];
	return proc_start(&(struct proc_spec){
	    .argv = argv, .dir = g->dir, .name = "culprit"});
}

static int
run(struct gate *g, const char *const *args, char **ret_out, char **ret_err)
{
	struct proc *p = start(g, args);
	int status = proc_wait(p, LIMIT_MS);

	*ret_out = proc_out(p);
	*ret_err = proc_err(p);
	proc_free(p);
	return status;
}

static const char *const follow[] = {"follow", "184zwrv627sgsvbe8", "--json", NULL};

/* ---- the connection ---- */

START_TEST(a_lost_stream_is_taken_up_behind_the_last_event)
{
	static const char *const answers[] = {
	    STREAM STARTED EVENT(2, "plan", "{}"), EMPTY("503 Busy"),
	    EMPTY("502 Bad"), STREAM, STREAM FINISHED(3), NULL};
	struct gate g;
	auto_str out = NULL;
	auto_str err = NULL;
	int i;

	gate_open(&g, answers);
	ck_assert_int_eq(run(&g, follow, &out, &err), 0);
	ck_assert_int_eq(asked(&g), 5);
	assert_contains(head_of(&g, 0), "GET /api/investigations/184zwrv627sgsvbe8/events ");
	assert_contains(head_of(&g, 0), "Accept: text/event-stream\r\n");
	assert_lacks(head_of(&g, 0), "Last-Event-ID");
	for (i = 1; i < 5; i++)
		assert_contains(head_of(&g, i), "Last-Event-ID: 184zwrv627sgsvbe8.2\r\n");
	ck_assert_int_eq(text_count(out, "\n"), 3);
	/* Said once for one loss, however often it was tried. */
	ck_assert_int_eq(text_count(err, "connection lost (it was closed "
					 "early), going on after event 184zwrv627sgsvbe8.2"),
	    1);
	gate_close(&g);
}
END_TEST

static const struct {
	const char *answer;
	int status;
	const char *says;
} firsts[] = {
    {EMPTY("503 Busy"), 1, "answered status 503 without saying why"},
    {EMPTY("404 Not Found"), 1, "answered status 404"},
    {EMPTY("204 No Content"), 1, ""},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: "
     "2\r\n\r\nhi",
	1, "is http://127.0.0.1"},
};

/* What was never connected is not waited for. */
START_TEST(a_first_answer_that_is_no_stream_is_the_end)
{
	const char *const answers[] = {firsts[_i].answer, NULL};
	struct gate g;
	auto_str out = NULL;
	auto_str err = NULL;

	gate_open(&g, answers);
	ck_assert_int_eq(run(&g, follow, &out, &err), firsts[_i].status);
	ck_assert_int_eq(asked(&g), 1);
	ck_assert_str_eq(out, "");
	assert_contains(err, firsts[_i].says);
	gate_close(&g);
}
END_TEST

/* ---- leaving ---- */

static const int signals[] = {SIGINT, SIGTERM};

START_TEST(who_only_follows_leaves_and_is_told_how_to_come_back)
{
	static const char *const answers[] = {STREAM STARTED HANG, NULL};
	struct gate g;
	struct proc *p;
	auto_str err = NULL;

	gate_open(&g, answers);
	p = start(&g, follow);
	ck_assert(proc_await_out(p, "started", LIMIT_MS));
	proc_signal(p, signals[_i]);
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 1);
	err = proc_err(p);
	assert_contains(err, "left; see it with: culprit follow 184zwrv627sgsvbe8");
	ck_assert_int_eq(asked(&g), 1);
	proc_free(p);
	gate_close(&g);
}
END_TEST

static bool
has_cancelled(void *arg)
{
	return asked(arg) == 2;
}

START_TEST(who_investigates_cancels_first_and_leaves_when_asked_twice)
{
	static const char *const args[] = {"investigate", "--json", NULL};
	static const char *const answers[] = {
	    STREAM STARTED HANG, EMPTY("200 OK"), NULL};
	struct gate g;
	struct proc *p;
	auto_str err = NULL;

	gate_open(&g, answers);
	p = start(&g, args);
	ck_assert(proc_await_out(p, "started", LIMIT_MS));
	proc_signal(p, SIGINT);
	ck_assert(await(has_cancelled, &g, LIMIT_MS));
	assert_contains(head_of(&g, 1), "POST /api/investigations/184zwrv627sgsvbe8/cancel ");
	ck_assert(proc_await_err(p, "press Ctrl-C again", LIMIT_MS));
	proc_signal(p, SIGINT);
	ck_assert_int_eq(proc_wait(p, LIMIT_MS), 1);
	err = proc_err(p);
	assert_contains(err, "left; see it with: culprit follow 184zwrv627sgsvbe8");
	proc_free(p);
	gate_close(&g);
}
END_TEST

/* ---- what is asked for ---- */

static const struct {
	const char *args[8];
	const char *body;
} requests[] = {
    {{"investigate"}, "{}"},
    {{"investigate", "why", "so slow?"}, "{\"input\":\"why so slow?\"}"},
    {{"investigate", "--", "--at=5"}, "{\"input\":\"--at=5\"}"},
    {{"investigate", "--at=-1h", "--window", "30m"},
	"{\"at\":\"-1h\",\"window\":\"30m\"}"},
    {{"investigate", "--at=1763895363.5", "--window=1800"},
	"{\"at\":1763895363.5,\"window\":1800}"},
    {{"investigate", "--labels", "a=b,c=d=e"},
	"{\"labels\":{\"a\":\"b\",\"c\":\"d=e\"}}"},
    {{"investigate", "--language=en"}, "{\"language\":\"en\"}"},
};

START_TEST(a_request_says_what_was_asked_and_no_more)
{
	static const char *const answers[] = {STREAM STARTED FINISHED(2), NULL};
	struct gate g;
	auto_str out = NULL;
	auto_str err = NULL;
	cJSON *sent, *want;

	gate_open(&g, answers);
	ck_assert_int_eq(run(&g, requests[_i].args, &out, &err), 0);
	assert_contains(head_of(&g, 0), "POST /api/ai_ops ");
	assert_contains(head_of(&g, 0), "Content-Type: application/json\r\n");
	assert_contains(head_of(&g, 0), "\r\nIdempotency-Key: ");
	sent = cJSON_Parse(body_of(&g, 0));
	want = cJSON_Parse(requests[_i].body);
	ck_assert_msg(cJSON_Compare(sent, want, true), "%s", body_of(&g, 0));
	cJSON_Delete(sent);
	cJSON_Delete(want);
	gate_close(&g);
}
END_TEST

static const struct {
	const char *args[5];
	const char *says;
} refused[] = {
    {{"investigate", "--labels", "a"}, "--labels"},
    {{"investigate", "--labels", "=a"}, "--labels"},
};

START_TEST(labels_that_are_none_are_refused_before_anything_is_sent)
{
	static const char *const answers[] = {EMPTY("500 No"), NULL};
	struct gate g;
	auto_str out = NULL;
	auto_str err = NULL;

	gate_open(&g, answers);
	ck_assert_int_eq(run(&g, refused[_i].args, &out, &err), 2);
	assert_contains(err, refused[_i].says);
	ck_assert_int_eq(asked(&g), 0);
	gate_close(&g);
}
END_TEST

#define ACCEPTED(location)                                                     \
	"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n" location \
	"Content-Length: 26\r\n\r\n{\"id\":\"184zwrv627sgsvbe8\"}"

static const struct {
	const char *answer, *flag, *out;
} started[] = {
    {ACCEPTED("Location: /api/investigations/184zwrv627sgsvbe8\r\n"), NULL, "184zwrv627sgsvbe8\n"},
    {ACCEPTED(""), NULL, "{\"id\":\"184zwrv627sgsvbe8\"}\n"},
    {ACCEPTED("Location: /api/investigations/184zwrv627sgsvbe8\r\n"), "--json",
	"{\"id\":\"184zwrv627sgsvbe8\"}\n"},
};

START_TEST(what_is_only_started_is_said_by_its_id)
{
	const char *const answers[] = {started[_i].answer, NULL};
	const char *const args[] = {
	    "investigate", "--async", started[_i].flag, NULL};
	struct gate g;
	auto_str out = NULL;
	auto_str err = NULL;

	gate_open(&g, answers);
	ck_assert_int_eq(run(&g, args, &out, &err), 0);
	ck_assert_str_eq(out, started[_i].out);
	assert_contains(head_of(&g, 0), "Prefer: respond-async\r\n");
	gate_close(&g);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_lost_stream_is_taken_up_behind_the_last_event, 0},
	    {a_first_answer_that_is_no_stream_is_the_end,
		(int)ARRAY_LEN(firsts)},
	    {who_only_follows_leaves_and_is_told_how_to_come_back,
		(int)ARRAY_LEN(signals)},
	    {who_investigates_cancels_first_and_leaves_when_asked_twice, 0},
	    {a_request_says_what_was_asked_and_no_more,
		(int)ARRAY_LEN(requests)},
	    {labels_that_are_none_are_refused_before_anything_is_sent,
		(int)ARRAY_LEN(refused)},
	    {what_is_only_started_is_said_by_its_id, (int)ARRAY_LEN(started)},
	};

	return RUN_TESTS("cli_streams", tests);
}
