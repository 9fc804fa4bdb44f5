/*
 * test_many_runs.c - the list where there are many investigations: one look
 * of the supervisor goes through so many of them and no more, the gateway
 * goes on looking until the page is full, and others are answered meanwhile.
 *
 * CULPRIT_RUNS says how many there are, and how long looks took is printed.
 */
#include "common/base/clk.h"
#include "common/base/when.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "supervisor/doors/list.h"
#include "supervisor/store/store.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/rig.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { RUNS = 2600, MARKS = 3, BATCH = 1000 };

static int64_t first_ms; /* the oldest began, the others a second apart */

static int
n_runs(void)
{
	const char *text = getenv("CULPRIT_RUNS");

	return text != NULL ? atoi(text) : RUNS;
}

/* The oldest, the newest, and one between them are about NeedleAlert. */
static bool
is_mark(int i)
{
	return i == 1 || i == n_runs() / 2 || i == n_runs();
}

/* ---- a store that has them ---- */

static void
words_put(struct store *s, const char *id, int64_t row, bool mark)
{
	auto_str key = xasprintf("%s/", id);
	auto_buf b = {.max = 4096};
	struct err err;

	wire_put_map(&b, 2);
	wire_put_str(&b, "alerts");
	wire_put_array(&b, 1);
	wire_put_str(&b, mark ? "NeedleAlert" : "HayAlert");
	wire_put_str(&b, "text");
	wire_put_str(&b, mark ? "the needle's eye" : "hay, and more of it");
	ck_assert_int_eq(store_sqlite.slip_put(s,
			     &(struct store_slip){STORE_SLIP_FIND, span_of(key),
				 row, buf_span(&b)},
			     &err),
	    RC_OK);
}

static void
run_put(struct store *s, int i)
{
	auto_str id = xasprintf("run%06d", i);
	const struct store_run r = {.id = span_of(id),
	    .digest = span_of("d"),
	    .input = span_of("why is it slow, and since when?"),
	    .status = span_of("completed"),
	    .confidence = span_of("likely"),
	    .node = span_of("END"),
	    .created_ms = first_ms + 1000 * (int64_t)(i - 1),
	    .finished_ms = first_ms + 1000 * (int64_t)(i - 1) + 500};
	int64_t row = 0;
	struct err err;

	ck_assert_int_eq(store_sqlite.run_insert(s, &r, &row, &err), RC_OK);
	words_put(s, id, row, is_mark(i));
}

static void
fill(const char *dir)
{
	auto_str path = xasprintf("%s/culprit.db", dir);
	struct store *s = NULL;
	uint64_t epoch;
	struct err err;
	int i;

	first_ms = clk_wall_ms() - 86400000;
	ck_assert_msg(
	    store_sqlite.open(path, &s, &epoch, &err) == RC_OK, "%s", err.text);
	for (i = 1; i <= n_runs(); i++) {
		run_put(s, i);
		if (i % BATCH == 0 || i == n_runs()) {
			store_sqlite.commit(s);
			ck_assert_int_eq(store_sqlite.wait(s, &err), RC_OK);
		}
	}
	store_sqlite.close(s);
}

/* ---- what the supervisor does at once ---- */

/* Walks with a filter to the one end; how many fit. */
static int
walk(const char *filter, const char *way, const char *on)
{
	double from = strcmp(way, "after") == 0 ? 1 : n_runs() + 1;
	int fit = 0, looks = 0;
	static uint64_t req = 100;

	while (from > 0) {
		auto_str args = xasprintf(
		    "{\"limit\":2,\"%s\":%.0f,%s}", way, from, filter);
		const struct proto_reply *r = rig_query(++req, "list", args);
		AUTO(tree) page = wire_to_tree(r->value);
		double to = tree_num(page, on, 0);

		fit += cJSON_GetArraySize(tree_at(page, "investigations"));
		/* Rows are numbered without a gap. */
		if (to > 0)
			ck_assert_msg((to > from ? to - from : from - to) <=
					  LIST_ROWS_MAX,
			    "%s: a look from %.0f to %.0f", filter, from, to);
		ck_assert_int_le(++looks, 10 + n_runs() / 32);
		from = to;
	}
	/* Those that are not full say what they went through. */
	ck_assert_int_ge(looks, n_runs() / LIST_ROWS_MAX);
	return fit;
}

START_TEST(a_look_goes_through_so_many_runs_and_no_more)
{
	rig_open(rig_calm);
	rig_restart_upon(fill);
	ck_assert_int_eq(walk("\"text\":\"nowhere\"", "before", "next"), 0);
	ck_assert_int_eq(walk("\"text\":\"needle\"", "before", "next"), MARKS);
	/* Behind row 1, which is one of them. */
	ck_assert_int_eq(
	    walk("\"alert\":\"NeedleAlert\"", "after", "previous"), MARKS - 1);
	ck_assert_int_eq(walk("\"until\":1", "before", "next"), 0);
	rig_close();
}
END_TEST

/* ---- what the gateway makes of it ---- */

/* All that fit, although no look finds more than one of them; it may be that
 * it has taken long enough before it came to the last. */
static void
assert_found(struct house *h, const char *filter, int many)
{
	double next = 0;
	int n = 0;

	do {
		auto_str from =
		    next > 0 ? xasprintf("&before=%.0f", next) : xstrdup("");
		auto_str path =
		    xasprintf("/api/investigations?%s%s", filter, from);
		int64_t begun_ms = clk_mono_ms();
		AUTO(tree) page = house_json(h, path);

		printf("%d runs, %s: %lld ms\n", n_runs(), path,
		    (long long)(clk_mono_ms() - begun_ms));
		n += cJSON_GetArraySize(tree_at(page, "investigations"));
		next = tree_num(page, "next", 0);
	} while (next > 0);
	ck_assert_int_eq(n, many);
}

START_TEST(a_page_is_filled_from_as_many_looks_as_it_takes)
{
	char *dir = scratch_new();
	char until[WHEN_TEXT];
	auto_str first = NULL;
	struct house *h;

	fill(dir);
	first = xasprintf("until=%s", when_print(first_ms + 500, until));
	h = house_start(&(struct house_spec){
	    .script = "[{\"decision\":\"FINISH\"}]", .data = dir});
	assert_found(h, "q=needle", MARKS);
	assert_found(h, "q=NEEDLE+eye&limit=2", MARKS);
	assert_found(h, "alert=NeedleAlert", MARKS);
	assert_found(h, "alert=needlealert", 0);
	assert_found(h, "q=nowhere", 0);
	assert_found(h, first, 1);
	house_free(h);
	scratch_free(dir);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_look_goes_through_so_many_runs_and_no_more, 0},
	    {a_page_is_filled_from_as_many_looks_as_it_takes, 0},
	};

	return RUN_TESTS("many runs", tests);
}
