/*
 * test_docs_api.c - documents over HTTP: put, found, shown, replaced, removed
 * and refused; and none is lost that was answered for.
 */
#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const text_type[] = {"Content-Type: text/markdown", NULL};

/* Its status; the body, where wanted, is the caller's. */
static long
request(struct house *h, const char *method, const char *path, const char *body,
    char **ret)
{
	auto_str url = house_url(h, path);
	struct answer *w =
	    ask(method, url, body != NULL ? text_type : NULL, body);
	long status = w->status;

	if (ret != NULL)
		*ret = xstrdup(w->body != NULL ? w->body : "");
	answer_free(w);
	return status;
}

static void
assert_answer(struct house *h, const char *method, const char *path,
    const char *body, long status, const char *says)
{
	auto_str got = NULL;
	long is = request(h, method, path, body, &got);

	ck_assert_msg(is == status, "%s %s: %ld %s", method, path, is, got);
	assert_contains(got, says);
}

START_TEST(a_document_is_put_found_replaced_and_removed)
{
	struct house *h = house_start(&(struct house_spec){0});
	auto_str gone = NULL;

	assert_answer(h, "PUT", "/api/docs/team%2Fwombat.md",
	    "# Wombats\n\nFeed the wombat at noon.\n", 201,
	    "{\"name\":\"team/wombat.md\",\"new\":true,\"indexed\":true}");
	/* As it is written, too. */
	assert_answer(h, "GET", "/api/docs/team/wombat.md", NULL, 200,
	    "\"origin\":\"api\",\"text\":\"# Wombats\\n\\nFeed the wombat");
	assert_answer(h, "GET", "/api/docs", NULL, 200,
	    "{\"name\":\"team/wombat.md\",\"origin\":\"api\",\"title\":"
	    "\"Wombats\",");
	assert_answer(h, "GET", "/api/docs?q=feed+the+wombat", NULL, 200,
	    "\"source\":\"team/wombat.md\"");
	assert_answer(h, "PUT", "/api/docs/team/wombat.md",
	    "# Wombats\n\nNever feed a quokka.\n", 200, "\"new\":false");
	assert_answer(h, "GET", "/api/docs?q=quokka&limit=1", NULL, 200,
	    "Never feed a quokka.");
	assert_answer(h, "DELETE", "/api/docs/team/wombat.md", NULL, 200,
	    "{\"name\":\"team/wombat.md\"}");
	assert_answer(h, "GET", "/api/docs/team/wombat.md", NULL, 404,
	    "there is no document \\\"team/wombat.md\\\"");
	ck_assert_int_eq(
	    request(h, "GET", "/api/docs?q=quokka", NULL, &gone), 200);
	assert_lacks(gone, "wombat.md");
	/* One that comes with Culprit is replaced, and comes back. */
	assert_answer(h, "PUT", "/api/docs/dns.en.md", "# Ours\n\nours\n", 201,
	    "\"indexed\":true");
	assert_answer(h, "GET", "/api/docs/dns.en.md", NULL, 200, "# Ours");
	assert_answer(h, "DELETE", "/api/docs/dns.en.md", NULL, 200, "dns");
	assert_answer(h, "GET", "/api/docs/dns.en.md", NULL, 200,
	    "\"origin\":\"starter\"");
	house_free(h);
}
END_TEST

static const struct {
	const char *method, *path, *body;
	long status;
	const char *says;
} bad[] = {
    {"PUT", "/api/docs/..%2F..%2Fetc%2Fx.md", "# x\n", 400,
	"no part of a document's name is empty or begins with a dot"},
    {"PUT", "/api/docs/a%2F..%2Fb.md", "# x\n", 400, "begins with a dot"},
    {"PUT", "/api/docs/%2Fetc%2Fx.md", "# x\n", 400, "is empty or begins"},
    {"PUT", "/api/docs/.hidden.md", "# x\n", 400, "begins with a dot"},
    {"PUT", "/api/docs/x.exe", "# x\n", 400, "ends in .md, .rst or .txt"},
    {"PUT", "/api/docs/x.md", " \n", 400, "is empty"},
    {"PUT", "/api/docs/x.md", "# \xC3\x28\n", 400, "text in UTF-8"},
    {"PUT", "/api/docs/folder.md", "# x\n", 409,
	"folder.md is a file of --docs-dir: change it there"},
    {"PUT", "/api/docs/there.md/x.md", "# x\n", 409, "is a document"},
    {"DELETE", "/api/docs/folder.md", NULL, 409, "delete it there"},
    {"DELETE", "/api/docs/dns.en.md", NULL, 409, "comes with Culprit"},
    {"DELETE", "/api/docs/none.md", NULL, 404, "there is no document"},
    {"GET", "/api/docs/..%2Fculprit.db", NULL, 400, "begins with a dot"},
    {"GET", "/api/docs?q=x&limit=99", NULL, 400, "from 1 to 10"},
    {"GET", "/api/docs?q=x&language=fr", NULL, 400, "language"},
    {"POST", "/api/docs/x.md", "# x\n", 405, "GET, HEAD, PUT, DELETE"},
};

START_TEST(what_is_no_document_is_refused_with_the_reason)
{
	char *docs = scratch_new();
	auto_str option = xasprintf("--docs-dir=%s", docs);
	auto_str file = xasprintf("%s/folder.md", docs);
	const char *more[] = {option, NULL};
	struct house *h;
	auto_str list = NULL;
	auto_buf large = {.max = 4 << 20};
	size_t i;

	file_write(file, "# Of the folder\n\ntext\n");
	h = house_start(&(struct house_spec){.more = more});
	assert_answer(h, "PUT", "/api/docs/there.md", "# x\n", 201, "true");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_answer(h, bad[i].method, bad[i].path, bad[i].body,
		    bad[i].status, bad[i].says);
	while (large.len < 1024001)
		buf_adds(&large, "0123456789abcde\n");
	assert_answer(h, "PUT", "/api/docs/large.md", buf_str(&large), 413,
	    "the limit here is 1024000");
	buf_cut(&large, 1023999);
	assert_answer(h, "PUT", "/api/docs/large.txt", buf_str(&large), 201,
	    "\"new\":true");
	/* 10,000 deep. */
	buf_reset(&large);
	for (i = 0; i < 10000; i++)
		buf_addf(&large, "%s deep\n\n", "######");
	assert_answer(h, "PUT", "/api/docs/deep.md", buf_str(&large), 201,
	    "\"indexed\":true");
	ck_assert_int_eq(request(h, "GET", "/api/docs", NULL, &list), 200);
	assert_lacks(list, "\"x.md\"");
	house_free(h);
	scratch_free(docs);
}
END_TEST

/* Of an executor that is killed again and again while documents are put, of
 * which each answers for the one before it. */
START_TEST(nothing_is_lost_that_was_answered_for)
{
	enum { PUTS = 16, KILL_EVERY = 8 };
	struct house *h = house_start(&(struct house_spec){0});
	bool kept[PUTS] = {0};
	int i;

	for (i = 0; i < PUTS; i++) {
		auto_str path = xasprintf("/api/docs/d%d.md", i % 7);
		auto_str text = xasprintf("# Doc %d\n\nversion v%d\n", i, i);
		long status;

		if (i % KILL_EVERY == KILL_EVERY - 1)
			kill(house_child(h, "executor-1"), SIGKILL);
		status = request(h, "PUT", path, text, NULL);
		kept[i] = status == 200 || status == 201;
	}
	kill(house_child(h, "executor-1"), SIGKILL);
	house_stop(h);
	house_again(h, &(struct house_spec){0});
	house_await_ready(h);
	for (i = PUTS - 1; i >= PUTS - 7; i--) {
		auto_str path = xasprintf("/api/docs/d%d.md", i % 7);
		auto_str want = xasprintf("version v%d\\n", i);
		auto_str got = NULL;

		if (!kept[i])
			continue;
		ck_assert_int_eq(request(h, "GET", path, NULL, &got), 200);
		assert_contains(got, want);
	}
	house_free(h);
}
END_TEST

/* The index is made of the documents, whichever way they came. */
START_TEST(a_damaged_index_takes_no_document_with_it)
{
	struct house *h = house_start(&(struct house_spec){0});
	auto_str db = xasprintf("%s/docs.db", house_data(h));
	auto_str wal = xasprintf("%s-wal", db);

	assert_answer(h, "PUT", "/api/docs/kept.md",
	    "# Kept\n\nnumbat termite\n", 201, "\"indexed\":true");
	house_stop(h);
	unlink(wal);
	file_write(db, "this is no database");
	house_again(h, &(struct house_spec){0});
	house_await_ready(h);
	assert_answer(h, "GET", "/api/docs?q=numbat+termite", NULL, 200,
	    "\"source\":\"kept.md\"");
	house_free(h);
}
END_TEST

START_TEST(a_person_adds_and_removes_one)
{
	struct house *h = house_start(&(struct house_spec){0});
	auto_str file = xasprintf("%s/bilby.md", house_dir(h));
	const char *add[] = {"docs", "add", file, NULL};
	const char *as[] = {"docs", "add", file, "team/other.md", NULL};
	const char *rm[] = {"docs", "rm", "bilby.md", NULL};
	const char *search[] = {"docs", "search", "bilby", NULL};
	char *out = NULL, *err = NULL;

	file_write(file, "# Bilby\n\nA bilby digs.\n");
	ck_assert_int_eq(house_run(h, add, &out, &err), 0);
	ck_assert_str_eq(out, "bilby.md is kept\n");
	free(out);
	free(err);
	ck_assert_int_eq(house_run(h, search, &out, &err), 0);
	assert_contains(out, "bilby.md#1");
	free(out);
	free(err);
	ck_assert_int_eq(house_run(h, as, NULL, NULL), 0);
	ck_assert_int_eq(house_run(h, rm, &out, &err), 0);
	ck_assert_str_eq(out, "bilby.md is gone\n");
	free(out);
	free(err);
	ck_assert_int_eq(house_run(h, rm, &out, &err), 1);
	assert_contains(err, "there is no document \"bilby.md\"");
	free(out);
	free(err);
	assert_answer(h, "GET", "/api/docs/team/other.md", NULL, 200, "digs");
	house_free(h);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_document_is_put_found_replaced_and_removed, 0},
	    {what_is_no_document_is_refused_with_the_reason, 0},
	    {nothing_is_lost_that_was_answered_for, 0},
	    {a_damaged_index_takes_no_document_with_it, 0},
	    {a_person_adds_and_removes_one, 0},
	};

	return RUN_TESTS("docs_api", tests);
}
