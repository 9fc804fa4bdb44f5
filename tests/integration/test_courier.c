/*
 * test_courier.c - reports go out: to receivers that are slow, down, hang,
 * answer 500 or hang up, all of it while the supervisor and the gateway are
 * killed.
 */
#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUNS = 3, BAD = 3, SLOW = 4, DOWN = 5, TARGETS = 6, TEXT_MAX = 1 << 20 };

enum { SLOW_MS = 30 };

/* What the receivers were sent that they took. */
static struct {
	pthread_mutex_t lock;
	struct buf taken; /* "TARGET KEY\n" for each */
	struct buf bodies;
	int asked[TARGETS];
	bool back; /* all is well from now on */
} got = {.lock = PTHREAD_MUTEX_INITIALIZER,
    .taken = {.max = TEXT_MAX},
    .bodies = {.max = TEXT_MAX}};

static void
note(int target, const struct stub_request *rq)
{
	const char *key = strstr(rq->head, "Idempotency-Key: ");
	size_t n;

	if (key == NULL)
		return;
	key += strlen("Idempotency-Key: ");
	n = strcspn(key, "\r\n");
	pthread_mutex_lock(&got.lock);
	buf_addf(&got.taken, "%d %.*s\n", target, (int)n, key);
	buf_addf(&got.bodies, "%s\n", rq->body);
	pthread_mutex_unlock(&got.lock);
}

/* Is it to be treated badly? */
static bool
is_bad(int target)
{
	bool bad;

	pthread_mutex_lock(&got.lock);
	got.asked[target]++;
	bad = !got.back &&
	      (target < BAD || target == SLOW || got.asked[target] <= 1);
	pthread_mutex_unlock(&got.lock);
	return bad;
}

/* A byte at a time. */
static void
answer_slowly(struct stub_conn *c, int target, const struct stub_request *rq)
{
	const char *p = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

	while (*p != '\0' && stub_raw(c, p, 1)) {
		poll(NULL, 0, SLOW_MS);
		p++;
	}
	if (*p == '\0')
		note(target, rq);
	stub_close(c);
}

/* /0 answers 500, /1 hangs, /2 hangs up, /3 breaks off in the middle of its
 * first answer, /4 answers slowly. Nobody is at /5. */
static void
answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	int target = rq->target[1] - '0';

	(void)arg;
	if (!is_bad(target)) {
		note(target, rq);
		stub_answer(c, 200, NULL, "{\"errcode\":0}");
	} else if (target == 0) {
		stub_answer(c, 500, NULL, "no");
	} else if (target == 1) {
		stub_hang(c);
	} else if (target == 2) {
		stub_close(c);
	} else if (target == SLOW) {
		answer_slowly(c, target, rq);
	} else {
		stub_raws(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{");
		stub_close(c);
	}
}

static void
post_alert(struct house *h, int n)
{
	auto_str url = house_url(h, "/api/alerts");
	auto_str body = xasprintf(
	    "{\"version\":\"4\",\"groupKey\":\"g%d\",\"alerts\":[{\"status\":"
	    "\"firing\",\"startsAt\":\"2026-11-23T09:57:00Z\",\"labels\":{"
	    "\"alertname\":\"A%d\"}}]}",
	    n, n);
	struct answer *w = ask(NULL, url, NULL, body);

	ck_assert_msg(w->status == 202, "%ld %s", w->status, w->body);
	answer_free(w);
}

/* How often something was taken; what was names the page. */
static int
takings(void)
{
	int n = 0;
	size_t i;

	pthread_mutex_lock(&got.lock);
	for (i = 0; i < got.taken.len; i++)
		n += got.taken.data[i] == '\n';
	assert_contains(buf_str(&got.bodies), "https://culprit.example/#");
	pthread_mutex_unlock(&got.lock);
	return n;
}

/* Each receiver has each report at least once. */
static bool
all_arrived(void *arg)
{
	auto_str url = house_url(arg, "/api/investigations");
	struct answer *w = ask(NULL, url, NULL, NULL);
	AUTO(tree) list = cJSON_Parse(w->body);
	const cJSON *run;
	bool all = w->status == 200;
	int t;

	answer_free(w);
	pthread_mutex_lock(&got.lock);
	cJSON_ArrayForEach (run, tree_at(list, "investigations"))
		for (t = 0; t < TARGETS; t++) {
			auto_str line = xasprintf("%d %s.t%d\n", t,
			    tree_str(run, "id"), t);

			all = all && strstr(buf_str(&got.taken), line) != NULL;
		}
	pthread_mutex_unlock(&got.lock);
	return all;
}

static bool
each_was_asked(void *arg)
{
	bool all = true;
	int t;

	(void)arg;
	pthread_mutex_lock(&got.lock);
	for (t = 0; t < TARGETS; t++)
		all = all && (got.asked[t] > 0 || t == DOWN);
	pthread_mutex_unlock(&got.lock);
	return all;
}

static void
kill_child(struct house *h, const char *child)
{
	ck_assert_int_eq(kill(house_child(h, child), SIGKILL), 0);
	house_await_well(h);
}

START_TEST(each_report_reaches_each_receiver_whatever_befalls)
{
	struct stub_http *stub = stub_http_new(answer, NULL);
	struct stub_http *down = stub_http_down(answer, NULL);
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/notify", dir);
	auto_str targets = xasprintf("t0 json %s/0\nt1 slack %s/1\n"
				     "t2 feishu %s/2\nt3 dingtalk %s/3\n"
				     "t4 json %s/4\nt5 wecom %s/5\n",
	    stub_http_url(stub), stub_http_url(stub), stub_http_url(stub),
	    stub_http_url(stub), stub_http_url(stub), stub_http_url(down));
	const char *const more[] = {"--notify-file", path, "--alert-window",
	    "0", "--public-url", "https://culprit.example", NULL};
	struct house *h;
	int i;

	curl_global_init(CURL_GLOBAL_ALL);
	file_write(path, targets);
	h = house_start(&(struct house_spec){
	    .script = "[{\"decision\":\"FINISH\",\"report\":\"# r\"}]",
	    .more = more});
	house_await_well(h);
	for (i = 0; i < RUNS; i++)
		post_alert(h, i);
	ck_assert(await(each_was_asked, NULL, HOUSE_MS));
	kill_child(h, "supervisor");
	pthread_mutex_lock(&got.lock);
	got.back = true;
	pthread_mutex_unlock(&got.lock);
	stub_http_up(down);
	/* With what it has at the one that hangs. */
	kill_child(h, "gateway");
	ck_assert(await(all_arrived, h, 2 * HOUSE_MS));
	/* More than once only what nobody could be sure of. */
	ck_assert_int_le(takings(), RUNS * TARGETS * 2);
	house_free(h);
	stub_http_free(stub);
	stub_http_free(down);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {each_report_reaches_each_receiver_whatever_befalls, 0},
	};

	return RUN_TESTS("courier", tests);
}
