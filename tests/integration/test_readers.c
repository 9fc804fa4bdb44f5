/*
 * test_readers.c - what a report is written for: the zone its reader lives
 * in, and a way back from what was copied out of it.
 */
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/golden_worlds.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"
#include "tests/harness/world_prom.h"

#include <stdlib.h>

#define QUIET 9 /* the golden world in which nothing fires */

static cJSON *
investigate(struct house *h, const char *body, long status)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", "Accept: application/json", NULL};
	auto_str url = house_url(h, "/api/ai_ops");
	struct answer *a = ask("POST", url, headers, body);
	cJSON *tree = cJSON_Parse(a->body);

	ck_assert_msg(a->status == status, "%ld %s", a->status, a->body);
	answer_free(a);
	return tree;
}

/* The request's, or else the supervisor's own; one that is none is refused. */
static void
check_zones(struct house *h)
{
	AUTO(tree) own = investigate(h, "{\"language\":\"en\"}", 200);
	AUTO(tree)
	asked = investigate(
	    h, "{\"language\":\"zh\",\"timezone\":\"-02:30\"}", 200);
	AUTO(tree) none = investigate(h, "{\"timezone\":\"Mars/Base\"}", 400);

	assert_contains(
	    tree_str(own, "report"), " +08:00, looking back 30 min\n- Run: `");
	assert_contains(
	    tree_str(asked, "report"), " -02:30，回看 30 分钟\n- 调查编号：`");
	assert_contains(tree_str(none, "detail"),
	    "body.timezone: there is no time zone \"Mars/Base\" here");
}

static void
check_way_back(struct house *h)
{
	static const char *const args[] = {
	    "investigate", "--timezone=+05:45", "--language=en", NULL};
	static const char *const bad[] = {
	    "investigate", "--timezone=Mars/Base", NULL};
	auto_str out = NULL;
	auto_str err = NULL;
	auto_str shown = NULL;
	auto_str run = NULL;
	const char *at;

	ck_assert_int_eq(house_run(h, args, &out, &err), 0);
	assert_contains(out, " +05:45, looking back 30 min\n- Run: `");
	at = strstr(out, "<https://culprit.example/#");
	ck_assert_ptr_nonnull(at);
	at = strstr(out, "culprit evidence ");
	ck_assert_ptr_nonnull(at);
	at += strlen("culprit evidence ");
	run = xstrndup(at, strcspn(at, " "));
	{
		const char *const evidence[] = {"evidence", run, "E1", NULL};

		ck_assert_int_eq(house_run(h, evidence, &shown, NULL), 0);
		assert_contains(shown, "alerts");
	}
	free(TAKE(err));
	ck_assert_int_eq(house_run(h, bad, NULL, &err), 1);
	assert_contains(err, "--timezone");
}

START_TEST(a_report_is_in_its_readers_zone_and_can_be_followed_back)
{
	static const char *const more[] = {
	    "--timezone=+08:00", "--public-url=https://culprit.example/", NULL};
	struct world *w = golden_world(&golden_worlds[QUIET]);
	struct world_prom *prom = world_prom_new();
	struct house *h;

	world_prom_show(prom, w);
	h = house_start(&(struct house_spec){
	    .prometheus_url = world_prom_url(prom), .more = more});
	check_zones(h);
	check_way_back(h);
	house_free(h);
	world_prom_free(prom);
	world_free(w);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_report_is_in_its_readers_zone_and_can_be_followed_back, 0},
	};

	return RUN_TESTS("readers", tests);
}
