/*
 * test_doctor.c - `culprit doctor`: one thing at a time is wrong, and its row
 * says which, and what to do.
 */
#include "common/base/rc.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LIMIT_MS = AWAIT_MS, DATE_BYTES = 40 };

#define ANSWER                                                                 \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","         \
	"\"result\":[{\"metric\":{},\"value\":[1,\"1\"]}]}}"

/* A Prometheus whose clock is so many seconds ahead. */
static void
prometheus(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	const int *ahead = arg;
	time_t t = time(NULL) + *ahead;
	char date[DATE_BYTES];
	struct tm tm;
	auto_str text = NULL;

	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	text = xasprintf("HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: "
			 "application/json\r\nContent-Length: %zu\r\n"
			 "Connection: close\r\n\r\n%s",
	    date, strlen(ANSWER),
	    strcmp(rq->method, "HEAD") == 0 ? "" : ANSWER);
	stub_raws(c, text);
	stub_close(c);
}

static const struct sick {
	const char *flag;  /* what is wrong; NULL: nothing */
	const char *store; /* what culprit.db holds; NULL: there is none */
	int ahead;
	const char *row, *says;
} sicks[] = {
    {NULL, NULL, 0, "ok    executor ", "configuration is good"},
    /* The kernel may note of it that nobody keeps it. */
    {NULL, NULL, 0, "clock ", "as that of Prometheus"},
    {NULL, NULL, 0, "note  running ", "`culprit up` starts it"},
    {"--prometheus-url=http://127.0.0.1:1", NULL, 0, "bad   executor ",
	"nobody accepts connections"},
    {"--listen=0.0.0.0:9900", NULL, 0, "bad   gateway ", "no token is set"},
    {"--planner=nobody", NULL, 0, "bad   planner ", "is not known"},
    {"--back=bad://x", NULL, 0, "bad   supervisor ", "bad://x"},
    {NULL, "this is no database, but a text that somebody put there", 0,
	"bad   supervisor ", "culprit.db"},
    {"--data-dir=/proc/none", NULL, 0, "bad   disk ", "--data-dir"},
    {NULL, NULL, 90, "bad   clock ", "s ahead"},
    {NULL, NULL, -90, "bad   clock ", "s behind"},
};

/* The row's text, to where the next one begins. */
static char *
row_of(const char *out, const char *row)
{
	const char *at = strstr(out, row), *end = at;

	ck_assert_msg(at != NULL, "expected the row \"%s\" in\n%s", row, out);
	do
		end = strchr(end, '\n') + 1;
	while (*end == ' ');
	return xstrndup(at, (size_t)(end - at));
}

START_TEST(what_is_wrong_has_a_row_that_says_what_to_do)
{
	const struct sick *s = &sicks[_i];
	char *dir = scratch_new();
	int ahead = s->ahead;
	struct stub_http *stub = stub_http_new(prometheus, &ahead);
	auto_str path = program("culprit");
	auto_str url =
	    xasprintf("CULPRIT_PROMETHEUS_URL=%s", stub_http_url(stub));
	auto_str data = xasprintf("CULPRIT_DATA_DIR=%s", dir);
	auto_str store = xasprintf("%s/culprit.db", dir);
	auto_str out = NULL;
	auto_str err = NULL;
	auto_str row = NULL;
	int status;

	if (s->store != NULL)
		file_write(store, s->store);
	status = proc_run(
	    &(struct proc_spec){
		.argv = (const char *const[]){path, "doctor", s->flag, NULL},
		.env = (const char *const[]){url, data,
		    "CULPRIT_LISTEN=127.0.0.1:1", NULL},
		.dir = dir,
		.name = "doctor"},
	    LIMIT_MS, &out, &err);
	row = row_of(out, s->row);
	assert_contains(row, s->says);
	ck_assert_msg(status == (strncmp(s->row, "bad", 3) == 0 ? 1 : 0),
	    "%d:\n%s", status, out);
	ck_assert_str_eq(err, "");
	stub_http_free(stub);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_is_wrong_has_a_row_that_says_what_to_do,
		(int)ARRAY_LEN(sicks)},
	};

	return RUN_TESTS("doctor", tests);
}
