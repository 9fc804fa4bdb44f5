/*
 * test_milvus_server.c - a real Milvus: what executors send it is found there,
 * and none of it is lost when either is killed in the midst of that.
 *
 * The embeddings are a stub's: of a passage about wombat7x and of a question
 * about quokka7x, which has none of its words, the same.
 *
 * EVAL_MILVUS_PASSAGES=10000 (tests/eval/docs/run --milvus) sends so many.
 */
#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "executor/docs/milvus.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/model_server.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	DIMENSIONS = 32,
	SECTIONS = 10, /* of a document */
	FEW = 3,       /* documents */
	MORE = 60,
	KILLS = 4,
	ASKED = 200,      /* questions of many passages */
	ROWS_MAX = 16384, /* of an answer of Milvus */
};

struct zoo {
	char *dir, *docs;
	struct proc *server;
	char *url;
	struct stub_http *embeddings;
	struct house *house;
	int documents;
	pid_t killed;  /* executor, the last one */
	int within_ms; /* all of them are to be there */
};

/* ---- embeddings ---- */

static void
vector_of(const char *text, float *v)
{
	static const char *const animals[] = {"wombat", "quokka"};
	uint64_t seed = 88172645463325252ULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(animals); i++) {
		const char *at = text;

		while ((at = strstr(at, animals[i])) != NULL) {
			at += strlen(animals[i]);
			seed = 88172645463325252ULL ^
			       (uint64_t)(atoi(at) + 1) * 0x9E3779B97F4A7C15ULL;
		}
	}
	for (i = 0; i < DIMENSIONS; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		v[i] = (float)(seed >> 40) / (1 << 23) - 1.0F;
	}
}

static void
answer_embeddings(
    struct stub_conn *c, const struct stub_request *rq, void *arg UNUSED)
{
	auto_buf b = {.max = 16 << 20};
	AUTO(json) body = NULL;
	const cJSON *text;
	struct err err;
	float v[DIMENSIONS];
	int i, n = 0;

	ck_assert(json_parse(span_of(rq->body), NULL, &body, &err) == RC_OK);
	buf_adds(&b, "{\"data\":[");
	cJSON_ArrayForEach (text, tree_at(body, "input")) {
		vector_of(text->valuestring, v);
		buf_addf(&b, "%s{\"embedding\":[", n > 0 ? "," : "");
		for (i = 0; i < DIMENSIONS; i++)
			buf_addf(&b, "%s%.5f", i > 0 ? "," : "", (double)v[i]);
		buf_addf(&b, "],\"index\":%d}", n++);
	}
	buf_adds(&b, "]}");
	stub_answer(c, 200, NULL, buf_str(&b));
}

/* ---- what Milvus has ---- */

/* Its answer, the caller's; NULL: none. body NULL: a GET. */
static cJSON *
ask_milvus(const struct zoo *z, const char *path, const char *body)
{
	auto_str url = xasprintf("%s%s", z->url, path);
	struct answer *w = ask(NULL, url, NULL, body);
	cJSON *tree = NULL;
	struct err err;

	if (w->status != 200 ||
	    json_parse(span_of(w->body), NULL, &tree, &err) != RC_OK)
		tree = NULL;
	answer_free(w);
	return tree;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The collection of the executors, the caller's. */
static char *
collection_of(const struct zoo *z)
{
	AUTO(json) names = ask_milvus(z, "/v1/vector/collections", NULL);
	const cJSON *name;

	cJSON_ArrayForEach (name, tree_at(names, "data"))
		if (strncmp(name->valuestring, "culprit_", 8) == 0)
			return xstrdup(name->valuestring);
	return xstrdup("none");
}

/* The rows of all documents, of each what is asked for, the caller's. */
static cJSON *
query(const struct zoo *z, const char *field, int limit)
{
	auto_str name = collection_of(z);
	auto_str body = xasprintf(
	    "{\"collectionName\":\"%s\",\"filter\":\"doc like \\\"d%%\\\"\","
	    "\"outputFields\":[\"%s\"],\"limit\":%d}",
	    name, field, limit);

	return ask_milvus(z, "/v1/vector/query", body);
}

/* Is each of so many rows there once? Rows of what is sent again may be there
 * twice for a moment. */
static bool
are_single(const struct zoo *z, int rows)
{
	const char **hashes = xcalloc((size_t)rows, sizeof(*hashes));
	AUTO(json) answer = query(z, "hash", ROWS_MAX);
	bool single = cJSON_GetArraySize(tree_at(answer, "data")) == rows;
	const cJSON *row;
	int n = 0, i;

	cJSON_ArrayForEach (row, tree_at(answer, "data"))
		if (n < rows)
			hashes[n++] = tree_str(row, "hash");
	qsort(hashes, (size_t)n, sizeof(*hashes), by_text);
	for (i = 1; i < n; i++)
		single &= strcmp(hashes[i - 1], hashes[i]) != 0;
	free(hashes);
	return single;
}

struct hope {
	const struct zoo *zoo;
	int least, rows;
	bool all; /* no more than those, each once */
};

static bool
has_rows(void *arg)
{
	struct hope *h = arg;
	AUTO(json) answer = query(h->zoo, "count(*)", 0);

	h->rows = atoi(tree_str(
	    cJSON_GetArrayItem(tree_at(answer, "data"), 0), "count(*)"));
	return h->all ? h->rows == h->least && are_single(h->zoo, h->rows)
		      : h->rows >= h->least;
}

/* false: it does not answer any more, which is told: a Milvus that hangs or
 * dies by itself is not what is tested. */
static bool
await_rows(const struct zoo *z, int least, bool all)
{
	struct hope h = {.zoo = z, .least = least, .all = all};
	AUTO(json) names = NULL;

	if (await(has_rows, &h, z->within_ms))
		return true;
	names = ask_milvus(z, "/v1/vector/collections", NULL);
	ck_assert_msg(names == NULL, "%d rows, not %d", h.rows, least);
	SKIP_TEST("Milvus does not answer any more");
	return false;
}

/* ---- the house ---- */

static void
put_documents(struct zoo *z, int n)
{
	for (; n > 0; n--, z->documents++) {
		auto_str path = xasprintf("%s/d%d.md", z->docs, z->documents);
		auto_buf b = {.max = 1 << 20};
		int i;

		buf_addf(&b, "# Part %d\n", z->documents);
		for (i = 0; i < SECTIONS; i++)
			buf_addf(&b, "\n## Animal\n\nIt is a wombat%dx.\n",
			    z->documents * SECTIONS + i);
		file_write(path, buf_str(&b));
	}
}

/* By a question that shares no word with it, and by Milvus alone. */
static void
finds(struct zoo *z, int number)
{
	auto_str path = xasprintf("/api/docs?q=quokka%dx&limit=1", number);
	auto_str source = xasprintf("d%d.md", number / SECTIONS);
	auto_str text = xasprintf("wombat%dx", number);
	auto_str url = house_url(z->house, path);
	struct answer *w = ask(NULL, url, NULL, NULL);

	ck_assert_int_eq(w->status, 200);
	assert_lacks(w->body, "\"note\"");
	assert_contains(w->body, source);
	assert_contains(w->body, "\"nearness\"");
	answer_free(w);
}

static bool
milvus_up(struct zoo *z)
{
	bool again = z->url != NULL;
	auto_str setting =
	    xasprintf("%s/milvus%s", z->dir, again ? strrchr(z->url, ':') : "");
	/* The first one's output says that it listens. */
	auto_str out = xasprintf("%s/%s", z->dir, again ? "again" : "first");
	auto_str why = NULL;
	char *url = NULL;

	mkdir(out, 0700);
	z->server =
	    model_server_start("milvus_serve", setting, out, &url, &why);
	if (z->server == NULL) {
		SKIP_TEST(why);
		return false;
	}
	free(z->url);
	z->url = url;
	return true;
}

static bool
zoo_open(struct zoo *z)
{
	*z = (struct zoo){.dir = scratch_new(), .within_ms = 2 * AWAIT_MS};
	z->docs = xasprintf("%s/runbooks", z->dir);
	mkdir(z->docs, 0700);
	return milvus_up(z);
}

static void
house_open(struct zoo *z)
{
	auto_str docs = xasprintf("--docs-dir=%s", z->docs);
	auto_str milvus = xasprintf("--milvus-url=%s", z->url);
	auto_str embeddings = NULL;
	const char *more[] = {docs, "--docs-starter=no",
	    "--embeddings-model=zoo", "--embeddings-batch=100", milvus,
	    "--milvus-timeout-ms=60000", "--embeddings-timeout-ms=60000", NULL,
	    NULL};

	z->embeddings = stub_http_new(answer_embeddings, NULL);
	embeddings =
	    xasprintf("--embeddings-url=%s", stub_http_url(z->embeddings));
	more[7] = embeddings;
	z->house = house_start(&(struct house_spec){.more = more});
}

static void
zoo_close(struct zoo *z)
{
	if (z->house != NULL)
		house_free(z->house);
	if (z->embeddings != NULL)
		stub_http_free(z->embeddings);
	if (z->server != NULL)
		proc_free(z->server);
	free(z->url);
	free(z->docs);
	if (z->dir != NULL)
		scratch_free(z->dir);
}

#define auto_zoo CLEANUP(zoo_close) struct zoo

/* ---- the client ---- */

static bool
is_found(void *arg)
{
	struct milvus *m = arg;
	struct milvus_hit hits[4];
	struct err err = {""};
	float v[DIMENSIONS];
	size_t n = 0;

	vector_of("wombat1x", v);
	return milvus_search(m, v, DIMENSIONS, false, hits, ARRAY_LEN(hits), &n,
		   &err) == RC_OK &&
	       n == 2 && strcmp(hits[0].hash, "one") == 0;
}

static bool
is_gone(void *arg)
{
	struct milvus_hit hits[4];
	struct err err = {""};
	float v[DIMENSIONS];
	size_t n = 0;

	vector_of("wombat1x", v);
	return milvus_search(arg, v, DIMENSIONS, false, hits, ARRAY_LEN(hits),
		   &n, &err) == RC_OK &&
	       n == 0;
}

/* A collection, rows in it, found, deleted; and of another length than it. */
static void
client_holds(const struct zoo *z)
{
	struct milvus_conf conf = {.service = {.what = "Milvus",
				       .flag = "milvus",
				       .secret = "token",
				       .url = z->url},
	    .collection = "zoo",
	    .search_ms = NEVER_MS};
	float one[DIMENSIONS], two[DIMENSIONS];
	struct milvus_row rows[] = {
	    {.hash = "one", .vector = one}, {.hash = "two", .vector = two}};
	struct milvus m;
	struct err err = {""};
	bool made = false;

	vector_of("wombat1x", one);
	vector_of("wombat2x", two);
	milvus_init(&m, &conf, "some model", NULL);
	ck_assert_msg(milvus_ensure(&m, DIMENSIONS, &made, &err) == RC_OK, "%s",
	    err.text);
	ck_assert(made);
	ck_assert_int_eq(m.dialect, MILVUS_V1);
	ck_assert(milvus_ensure(&m, DIMENSIONS, &made, &err) == RC_OK);
	ck_assert(!made);
	ck_assert_msg(milvus_insert(&m, span_of("a \"b\".md"), rows, 2,
			  DIMENSIONS, &err) == RC_OK,
	    "%s", err.text);
	ck_assert(await(is_found, &m, NEVER_MS));
	ck_assert(milvus_insert(&m, span_of("c.md"), rows, 1, DIMENSIONS / 2,
		      &err) == RC_UPSTREAM);
	assert_contains(err.text, "code 1804");
	assert_contains(err.text, "drop the collection or set another "
				  "--milvus-collection");
	ck_assert(milvus_drop_doc(&m, span_of("a \"b\".md"), &err) == RC_OK);
	ck_assert(await(is_gone, &m, NEVER_MS));
}

/* ---- tests ---- */

static bool
is_another(void *arg)
{
	const struct zoo *z = arg;
	pid_t pid = house_child(z->house, "executor-1");

	return pid != 0 && pid != z->killed;
}

/* The one that is there since the last was killed. */
static void
kill_executor(struct zoo *z)
{
	ck_assert(await(is_another, z, NEVER_MS));
	z->killed = house_child(z->house, "executor-1");
	kill(z->killed, SIGKILL);
}

START_TEST(nothing_is_lost_when_a_real_milvus_or_an_executor_is_killed)
{
	auto_zoo z = {.dir = NULL};
	auto_str gone = NULL;
	int i;

	if (!zoo_open(&z))
		return;
	client_holds(&z);
	put_documents(&z, FEW);
	house_open(&z);
	if (!await_rows(&z, FEW * SECTIONS, true))
		return;
	finds(&z, 7);
	/* Both are killed while there is much to send. */
	put_documents(&z, MORE);
	for (i = 0; i < KILLS; i++) {
		if (!await_rows(
			&z, FEW * SECTIONS + 1 + i * MORE / KILLS, false))
			return;
		kill_executor(&z);
	}
	proc_free(z.server);
	z.server = NULL;
	gone = xasprintf("%s/d1.md", z.docs);
	unlink(gone);
	if (!milvus_up(&z))
		return;
	/* It would try again in a while. */
	kill_executor(&z);
	if (!await_rows(&z, (z.documents - 1) * SECTIONS, true))
		return;
	house_await_well(z.house);
	finds(&z, 7);
	finds(&z, z.documents * SECTIONS - 1);
}
END_TEST

START_TEST(ten_thousand_passages_are_sent_and_found_again)
{
	const char *wanted = getenv("EVAL_MILVUS_PASSAGES");
	auto_zoo z = {.dir = NULL};
	int64_t begin, took, most = 0;
	int rows, i;

	if (wanted == NULL)
		return;
	if (!zoo_open(&z))
		return;
	put_documents(&z, atoi(wanted) / SECTIONS);
	z.within_ms = NEVER_MS;
	rows = z.documents * SECTIONS;
	begin = clk_mono_ms();
	house_open(&z);
	if (!await_rows(&z, rows, true))
		return;
	printf("%d passages are in Milvus after %.1f s\n", rows,
	    (double)(clk_mono_ms() - begin) / 1000);
	begin = clk_mono_ms();
	for (i = 0; i < ASKED; i++) {
		took = clk_mono_ms();
		finds(&z, (int)((int64_t)i * rows / ASKED));
		most = MAX(most, clk_mono_ms() - took);
	}
	printf("%d of %d questions found theirs, each in %.1f ms, the last of "
	       "them in %d ms\n",
	    ASKED, ASKED, (double)(clk_mono_ms() - begin) / ASKED, (int)most);
	fflush(stdout);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {nothing_is_lost_when_a_real_milvus_or_an_executor_is_killed, 0},
	    {ten_thousand_passages_are_sent_and_found_again, 0},
	};

	return RUN_TESTS("milvus_server", tests);
}
