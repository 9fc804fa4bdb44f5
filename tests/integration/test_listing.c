/*
 * test_listing.c - the list of investigations through the real gateway and
 * the real supervisor: page by page to its end, by status, and what is
 * refused.
 */
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

/* A step that waits for a person, so that a run lasts as long as it is to. */
#define ONE_STEP                                                               \
	"[{\"decision\":\"EXECUTE\",\"step\":\"s\",\"tool\":\"echo\","         \
	"\"args\":{\"text\":\"x\"}},"                                          \
	"{\"decision\":\"FINISH\",\"step\":\"that was it\"}]"
#define FINISH "[{\"decision\":\"FINISH\",\"report\":\"# x\"}]"

enum { RUNS = 7, APPROVED_STEP = 2 };

static const char *const async[] = {
    "Content-Type: application/json", "Prefer: respond-async", NULL};

/* The caller's. */
static char *
submit(struct house *h, const char *input)
{
	auto_str url = house_url(h, "/api/ai_ops");
	auto_str body = xasprintf("{\"input\":\"%s\"}", input);
	struct answer *w = ask(NULL, url, async, body);
	cJSON *tree = cJSON_Parse(w->body);
	char *id;

	ck_assert_msg(w->status == 202, "%s", w->body);
	id = xstrdup(tree_str(tree, "id"));
	cJSON_Delete(tree);
	answer_free(w);
	return id;
}

struct deed {
	struct house *house;
	const char *id, *rest, *body;
	long due; /* the status of an answer that it was done */
};

static bool
is_done(void *ctx)
{
	const struct deed *d = ctx;
	auto_str path = xasprintf("/api/investigations/%s%s", d->id, d->rest);
	auto_str url = house_url(d->house, path);
	struct answer *w = ask(NULL, url, NULL, d->body);
	bool done = w->status == d->due;

	answer_free(w);
	return done;
}

/* Its step may not have begun to wait yet. */
static void
approve(struct house *h, const char *id)
{
	auto_str rest = xasprintf("/steps/%d", APPROVED_STEP);
	struct deed d = {h, id, rest, "{\"approve\":true,\"by\":\"ann\"}", 200};
	struct deed ended = {h, id, "/report", NULL, 200};

	ck_assert(await(is_done, &d, HOUSE_MS));
	ck_assert(await(is_done, &ended, HOUSE_MS));
}

static void
cancel(struct house *h, const char *id)
{
	struct deed d = {h, id, "/cancel", "{}", 202};

	ck_assert(await(is_done, &d, HOUSE_MS));
}

/* ---- page by page ---- */

/* Runs 1, 3 and 5 are completed, 2 and 4 cancelled, 0 and 6 under way. */
static const struct {
	const char *filter;
	int limit;
	int runs[RUNS + 1]; /* newest first; -1 ends it */
	int pages;
} walks[] = {
    {"", 1, {6, 5, 4, 3, 2, 1, 0, -1}, 7},
    {"", 2, {6, 5, 4, 3, 2, 1, 0, -1}, 4},
    {"", 3, {6, 5, 4, 3, 2, 1, 0, -1}, 3},
    {"", 6, {6, 5, 4, 3, 2, 1, 0, -1}, 2},
    {"", 7, {6, 5, 4, 3, 2, 1, 0, -1}, 1},
    {"", 200, {6, 5, 4, 3, 2, 1, 0, -1}, 1},
    {"&status=completed", 1, {5, 3, 1, -1}, 3},
    {"&status=completed", 2, {5, 3, 1, -1}, 2},
    {"&status=cancelled", 1, {4, 2, -1}, 2},
    {"&status=cancelled", 2, {4, 2, -1}, 1},
    {"&status=running", 1, {6, 0, -1}, 2},
    {"&status=failed", 1, {-1}, 1},
    {"&status=incomplete", 50, {-1}, 1},
};

/* Leads on from a page to newer ones: whence it goes back to the newest, and
 * meets those that were met on the way down, n of them, in their order. */
static void
climb(struct house *h, char *const ids[RUNS], size_t i, double from, int n)
{
	while (from > 0) {
		auto_str path =
		    xasprintf("/api/investigations?limit=%d%s&after=%.0f",
			walks[i].limit, walks[i].filter, from);
		AUTO(tree) page = house_json(h, path);
		const cJSON *runs = tree_at(page, "investigations");
		int k, on = cJSON_GetArraySize(runs);

		/* One that is found only where a look ended is empty. */
		ck_assert_int_le(on, MIN(walks[i].limit, n));
		n -= on;
		for (k = 0; k < on; k++)
			ck_assert_msg(
			    strcmp(tree_str(cJSON_GetArrayItem(runs, k), "id"),
				ids[walks[i].runs[n + k]]) == 0,
			    "%s: run %d", path, k);
		ck_assert_msg(tree_num(page, "next", 0) == from + 1,
		    "%s leads on from where it came", path);
		from = tree_num(page, "previous", 0);
	}
	ck_assert_msg(n == 0, "%s: %d are missing", walks[i].filter, n);
}

/* Follows `next` to the last page, which has none, and `previous` back. */
static void
walk(struct house *h, char *const ids[RUNS], size_t i)
{
	double next = 0, previous = 0;
	int pages = 0, n = 0, above = 0;

	do {
		auto_str from =
		    next > 0 ? xasprintf("&before=%.0f", next) : xstrdup("");
		auto_str path = xasprintf("/api/investigations?limit=%d%s%s",
		    walks[i].limit, walks[i].filter, from);
		AUTO(tree) page = house_json(h, path);
		const cJSON *run;

		above = n;
		previous = tree_num(page, "previous", 0);
		ck_assert_msg(previous == (next > 0 ? next - 1 : 0),
		    "%s leads back", path);
		ck_assert_int_le(
		    cJSON_GetArraySize(tree_at(page, "investigations")),
		    walks[i].limit);
		cJSON_ArrayForEach (run, tree_at(page, "investigations")) {
			ck_assert_msg(
			    walks[i].runs[n] >= 0, "%s: too many", path);
			ck_assert_str_eq(
			    tree_str(run, "id"), ids[walks[i].runs[n++]]);
		}
		next = tree_num(page, "next", 0);
		ck_assert_msg((tree_at(page, "next") != NULL) == (next > 0),
		    "%s: next is there, and is none", path);
		ck_assert_msg(++pages <= walks[i].pages, "%s: page %d of %d",
		    path, pages, walks[i].pages);
	} while (next > 0);
	ck_assert_int_eq(pages, walks[i].pages);
	ck_assert_int_eq(walks[i].runs[n], -1);
	climb(h, ids, i, previous, above);
}

START_TEST(a_client_that_pages_sees_each_run_once_and_comes_to_an_end)
{
	static const char *const more[] = {
	    "--tools=echo", "--tool-classes=echo=unsafe", NULL};
	struct house *h =
	    house_start(&(struct house_spec){.script = ONE_STEP, .more = more});
	AUTO(tree) all = NULL;
	char *ids[RUNS];
	size_t i;

	for (i = 0; i < RUNS; i++)
		ids[i] = submit(h, "why?");
	for (i = 1; i < RUNS; i += 2)
		approve(h, ids[i]);
	cancel(h, ids[2]);
	cancel(h, ids[4]);
	for (i = 0; i < ARRAY_LEN(walks); i++)
		walk(h, ids, i);
	all = house_json(h, "/api/investigations");
	ck_assert_int_eq(
	    cJSON_GetArraySize(tree_at(all, "investigations")), RUNS);
	for (i = 0; i < RUNS; i++)
		free(ids[i]);
	house_free(h);
}
END_TEST

/* ---- what is refused, and what is not ---- */

static const struct {
	const char *query;
	long status;
	const char *says;
} queries[] = {
    {"", 200, ""},
    {"?", 200, ""},
    {"?limit=1", 200, ""},
    {"?limit=200", 200, ""},
    {"?before=1", 200, "{\"investigations\":[]}"},
    {"?before=9223372036854775807&limit=1", 200, "\"id\""},
    {"?limit=0", 400, "limit must be a whole number from 1 to 200"},
    {"?limit=201", 400, "limit must be a whole number from 1 to 200"},
    {"?limit=500", 400, "limit must be a whole number from 1 to 200"},
    {"?limit=-1", 400, "limit must"},
    {"?limit=", 400, "limit must"},
    {"?limit", 400, "limit must"},
    {"?limit=1x", 400, "limit must"},
    {"?limit=%201", 400, "limit must"},
    {"?limit=01", 400, "limit must"},
    {"?limit=18446744073709551617", 400, "limit must"},
    {"?before=0", 400, "before must be a whole number from 1"},
    {"?before=r9", 400, "before must be a whole number from 1"},
    {"?before=-1", 400, "before must"},
    {"?before=1.5", 400, "before must"},
    {"?before=9223372036854775808", 400, "before must"},
    {"?lmit=1", 400, "\\\"lmit\\\" is not known"},
    {"?limit=1&offset=2", 400, "\\\"offset\\\" is not known"},
    {"?limit=1&limit=2", 400, "limit is given twice"},
    {"?status=done", 400, "status must be running, completed"},
    {"?status=", 400, "status must be running, completed"},
    {"?after=9223372036854775807", 200, "{\"investigations\":[],\"next\":"},
    {"?after=1&limit=1", 200, "\"next\":2"},
    {"?after=0", 400, "after must be a whole number from 1"},
    {"?after=1&before=9", 400, "give one of them"},
    {"?since=-1h&until=now", 200, "\"id\""},
    {"?since=now%2B1h", 200, "{\"investigations\":[]}"},
    {"?until=-1h", 200, "{\"investigations\":[]}"},
    {"?since=yesterday", 400, "since: \\\"yesterday\\\" is not a moment"},
    {"?until=", 400, "until: "},
    {"?alert=Nothing", 200, "{\"investigations\":[]}"},
    {"?alert=", 400, "alert must have 1 to 256 bytes"},
    {"?q=%20", 400, "q must have 1 to 256 bytes"},
    {"?q=%ff", 400, "q must have 1 to 256 bytes, which are UTF-8"},
    {"?q=why%3F", 200, "\"id\""},
};

START_TEST(what_is_asked_for_in_a_wrong_way_is_refused)
{
	struct house *h = house_start(&(struct house_spec){.script = FINISH});
	size_t i;

	free(submit(h, "why?"));
	for (i = 0; i < ARRAY_LEN(queries); i++) {
		auto_str path =
		    xasprintf("/api/investigations%s", queries[i].query);
		auto_str url = house_url(h, path);
		struct answer *w = ask(NULL, url, NULL, NULL);

		ck_assert_msg(w->status == queries[i].status, "%s: %ld %s",
		    path, w->status, w->body);
		assert_contains(w->body, queries[i].says);
		answer_free(w);
	}
	house_free(h);
}
END_TEST

/* ---- by what they are about ---- */

#define CONCLUDES                                                              \
	"[{\"decision\":\"FINISH\",\"conclusion\":{\"confidence\":"             \
	"\"undetermined\",\"summary\":\"The disk of db-1 is full\","          \
	"\"incidents\":[{\"title\":\"OrderErrors\",\"rules\":[{\"name\":"     \
	"\"OrderErrors\",\"instances\":2}],\"answer\":{\"text\":"             \
	"\"Compaction stopped\",\"evidence\":[]}}],\"others\":[{\"title\":"   \
	"\"CertExpires\",\"incidents\":1,\"alerts\":[]}],\"findings\":["      \
	"{\"role\":\"cause\",\"text\":\"etcd grew\",\"evidence\":[]},"        \
	"{\"role\":\"ruled_out\",\"text\":\"Not the network\","               \
	"\"evidence\":[]}]}}]"

static const char a_webhook[] =
    "{\"version\":\"4\",\"groupKey\":\"g\",\"status\":\"firing\","
    "\"receiver\":\"r\",\"groupLabels\":{},\"commonLabels\":{},"
    "\"alerts\":[{\"status\":\"firing\",\"fingerprint\":\"f1\","
    "\"startsAt\":\"2026-11-23T09:57:00Z\",\"labels\":{\"alertname\":"
    "\"HighLatency\",\"severity\":\"critical\"},\"annotations\":{}}]}";

/* Of run 0, a person's, and run 1, a webhook's. */
static const struct {
	const char *filter;
	const char *found;
} finds[] = {
    {"q=DB-1", "10"},
    {"q=full+DISK", "10"},
    {"q=ETCD", "10"},
    {"q=compaction", "10"},
    {"q=network", ""}, /* was ruled out */
    {"q=disk+network", ""},
    {"q=ordererr", "10"},
    {"q=checkout", "0"},
    {"q=%E7%BB%93%E8%B4%A6", "0"}, /* behind what is listed of it */
    {"q=checkout+db-1", "0"},
    {"q=highlat", "1"},
    {"alert=HighLatency", "1"},
    {"alert=OrderErrors", "10"},
    {"alert=CertExpires", "10"},
    {"alert=Order", ""},
    {"alert=HighLatency&q=checkout", ""},
    {"alert=OrderErrors&status=completed&q=checkout", "0"},
    {"alert=OrderErrors&status=failed", ""},
};

static struct house *
house_of_two(char *ids[2])
{
	struct house *h =
	    house_start(&(struct house_spec){.script = CONCLUDES});
	auto_str url = house_url(h, "/api/alerts");
	auto_str why = xasprintf("why is Checkout slow? %0*d 结账", 300, 0);
	size_t i;

	ids[0] = submit(h, why);
	ids[1] = NULL;
	for (i = 0; i < 2; i++) {
		struct deed ended = {h, ids[i], "/report", NULL, 200};
		struct answer *w;
		cJSON *tree;

		ck_assert(await(is_done, &ended, HOUSE_MS));
		if (ids[1] != NULL)
			continue;
		w = ask(NULL, url, async, a_webhook);
		ck_assert_msg(w->status == 202, "%ld %s", w->status, w->body);
		tree = cJSON_Parse(w->body);
		ids[1] = xstrdup(tree_str(tree, "id"));
		cJSON_Delete(tree);
		answer_free(w);
	}
	return h;
}

static void
assert_finds(struct house *h, char *const ids[2], size_t i)
{
	auto_str path =
	    xasprintf("/api/investigations?%s", finds[i].filter);
	AUTO(tree) page = house_json(h, path);
	const char *found = finds[i].found;
	const cJSON *run;

	cJSON_ArrayForEach (run, tree_at(page, "investigations")) {
		ck_assert_msg(*found != '\0', "%s: too many", path);
		ck_assert_str_eq(tree_str(run, "id"), ids[*found++ - '0']);
	}
	ck_assert_msg(*found == '\0', "%s: misses %s", path, found);
}

START_TEST(they_are_found_by_words_of_question_and_answer_and_by_alerts)
{
	char *ids[2];
	struct house *h = house_of_two(ids);
	size_t i;

	for (i = 0; i < ARRAY_LEN(finds); i++)
		assert_finds(h, ids, i);
	free(ids[0]);
	free(ids[1]);
	house_free(h);
}
END_TEST

/* ---- what is shown of a long input ---- */

START_TEST(an_input_is_listed_whole_up_to_200_bytes)
{
	/* How many letters, whether "é" of two bytes comes behind them, and
	 * how many bytes of that are listed. */
	static const struct {
		int letters;
		bool accent;
		size_t listed;
	} cases[] = {{0, true, 2}, {199, false, 199}, {200, false, 200},
	    {201, false, 200}, {198, true, 200}, {199, true, 199},
	    {200, true, 200}, {4000, false, 200}};
	struct house *h = house_start(&(struct house_spec){.script = FINISH});
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		auto_str input = xasprintf(
		    "%0*d%s", cases[i].letters, 0, cases[i].accent ? "é" : "");
		const char *whole = input + (cases[i].letters == 0);
		auto_str id = submit(h, whole);
		AUTO(tree) page = house_json(h, "/api/investigations?limit=1");
		const cJSON *run = tree_at(page, "investigations")->child;
		const char *listed = tree_str(run, "input");

		ck_assert_str_eq(tree_str(run, "id"), id);
		ck_assert_msg(strlen(listed) == cases[i].listed &&
				  strncmp(listed, whole, cases[i].listed) == 0,
		    "%zu bytes are listed as \"%s\"", strlen(whole), listed);
	}
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_client_that_pages_sees_each_run_once_and_comes_to_an_end, 0},
	    {what_is_asked_for_in_a_wrong_way_is_refused, 0},
	    {they_are_found_by_words_of_question_and_answer_and_by_alerts, 0},
	    {an_input_is_listed_whole_up_to_200_bytes, 0},
	};

	return RUN_TESTS("listing", tests);
}
