/*
 * test_openapi_fuzz.c - the API as it answers, held against its description
 * by a fuzzer that knows nothing but that: statuses, types, bodies.
 */
#include "common/base/rc.h"
#include "tests/harness/house.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

enum { FUZZ_MS = 600000 };

/* A Prometheus at which nothing fires. */
static void
answer_nothing(
    struct stub_conn *c, const struct stub_request *rq UNUSED, void *arg UNUSED)
{
	stub_answer(c, 200, "application/json",
	    "{\"status\":\"success\",\"data\":{\"alerts\":[],\"groups\":[],"
	    "\"activeTargets\":[],\"resultType\":\"vector\",\"result\":[]}}");
}

START_TEST(what_is_described_is_what_is_answered)
{
	struct stub_http *prometheus = stub_http_new(answer_nothing, NULL);
	struct house *h = house_start(
	    &(struct house_spec){.prometheus_url = stub_http_url(prometheus)});
	auto_str script =
	    xasprintf("%s/tests/harness/api_fuzz", getenv("CULPRIT_SOURCE"));
	auto_str url = house_url(h, "/openapi.json");
	auto_str out = NULL;
	auto_str why = NULL;
	const char *argv[] = {script, url, NULL};
	struct proc *fuzz;
	int status;

	house_await_well(h);
	fuzz = proc_start(&(struct proc_spec){
	    .argv = argv, .dir = house_dir(h), .name = "fuzz"});
	status = proc_wait(fuzz, FUZZ_MS);
	out = proc_out(fuzz);
	why = proc_err(fuzz);
	if (status == 77)
		SKIP_TEST(text_tail(why));
	else
		ck_assert_msg(status == 0, "status %d: %s%s", status,
		    text_tail(out), text_tail(why));
	proc_free(fuzz);
	house_free(h);
	stub_http_free(prometheus);
}
END_TEST

int
main(void)
{
	const struct test_entry list[] = {
	    {what_is_described_is_what_is_answered, 0},
	};

	return RUN_TESTS("openapi_fuzz", list);
}
