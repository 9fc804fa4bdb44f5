/*
 * test_milvus.c - vectors in a Milvus: both dialects of its RESTful API, what
 * it may answer, and that nothing is lost while it or we are away.
 *
 * The Milvus is a stub that is strict about what its documentation says: paths
 * and fields of each dialect, success in `code`, everything else HTTP 200.
 */
#include "executor/docs/docs.h"

#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AXES = 6, DIMENSIONS = 8, ROWS_MAX = 4000 };

static const char *const axes[AXES] = {
    "wombat", "toaster", "saxophone", "glacier", "volcano", "harbour"};

/* ---- both services ---- */

struct row {
	char doc[64], hash[80];
	bool chinese;
	double vector[DIMENSIONS];
};

struct stub {
	struct stub_http *http;
	pthread_mutex_t mutex;
	bool v2;
	char collection[128]; /* "": there is none */
	struct row *rows;
	int n_rows, searches, inserts;
	char wrong[256]; /* what a request had that it may not */
	/* What it does. */
	bool away; /* answers 503 */
	int code;  /* of every answer; 0: success */
	const char *token;
};

static void
vector_of(const char *text, double *v)
{
	uint32_t noise = 2166136261U;
	int i;

	for (i = 0; text[i] != '\0'; i++)
		noise = (noise ^ (uint8_t)text[i]) * 16777619U;
	for (i = 0; i < DIMENSIONS; i++)
		v[i] = i < AXES && strstr(text, axes[i]) != NULL
			   ? 1.0
			   : (double)(noise >> (3 * i) & 7) / 40;
}

static void
embeddings(struct buf *b, const cJSON *body)
{
	const cJSON *text;
	double v[DIMENSIONS];
	int i, n = 0;

	buf_adds(b, "{\"data\":[");
	cJSON_ArrayForEach (text, tree_at(body, "input")) {
		vector_of(text->valuestring, v);
		buf_addf(b, "%s{\"embedding\":[", n > 0 ? "," : "");
		for (i = 0; i < DIMENSIONS; i++)
			buf_addf(b, "%s%.3f", i > 0 ? "," : "", v[i]);
		buf_addf(b, "],\"index\":%d}", n++);
	}
	buf_adds(b, "]}");
}

/* Fields that the dialect knows, and those it demands. */
static void
demand(struct stub *s, const cJSON *body, const char *const *fields)
{
	const cJSON *f;
	int i, n = 0;

	for (i = 0; fields[i] != NULL; i++, n++)
		if (tree_at(body, fields[i]) == NULL)
			snprintf(s->wrong, sizeof(s->wrong), "%s is missing",
			    fields[i]);
	cJSON_ArrayForEach (f, body) {
		for (i = 0; i < n && strcmp(fields[i], f->string) != 0; i++)
			;
		if (i == n)
			snprintf(s->wrong, sizeof(s->wrong), "%s is not known",
			    f->string);
	}
}

static bool
is_there(const struct stub *s, const cJSON *body)
{
	return s->collection[0] != '\0' &&
	       tree_is(body, "collectionName", s->collection);
}

static void
do_list(struct stub *s, struct buf *b, const cJSON *body UNUSED)
{
	buf_addf(b, "{\"code\":%d,\"data\":[%s%s%s]}", s->v2 ? 0 : 200,
	    s->collection[0] != '\0' ? "\"" : "", s->collection,
	    s->collection[0] != '\0' ? "\"" : "");
}

static void
answer_ok(struct stub *s, struct buf *b)
{
	buf_addf(b, "{\"code\":%d,\"data\":{}}", s->v2 ? 0 : 200);
}

static void
do_create(struct stub *s, struct buf *b, const cJSON *body)
{
	static const char *const v1[] = {"collectionName", "dimension",
	    "metricType", "primaryField", "vectorField", NULL};
	static const char *const v2[] = {"collectionName", "dimension",
	    "metricType", "idType", "autoID", "primaryFieldName",
	    "vectorFieldName", NULL};

	demand(s, body, s->v2 ? v2 : v1);
	if (tree_num(body, "dimension", 0) != DIMENSIONS)
		snprintf(s->wrong, sizeof(s->wrong), "dimension");
	snprintf(s->collection, sizeof(s->collection), "%s",
	    tree_str(body, "collectionName"));
	s->n_rows = 0;
	answer_ok(s, b);
}

static void
do_insert(struct stub *s, struct buf *b, const cJSON *body)
{
	static const char *const fields[] = {"collectionName", "data", NULL};
	static const char *const of_row[] = {
	    "doc", "hash", "chinese", "vector", NULL};
	const cJSON *one, *x;

	demand(s, body, fields);
	s->inserts++;
	cJSON_ArrayForEach (one, tree_at(body, "data")) {
		struct row *r = &s->rows[s->n_rows++];
		int i = 0;

		ck_assert_int_lt(s->n_rows, ROWS_MAX);
		demand(s, one, of_row);
		snprintf(r->doc, sizeof(r->doc), "%s", tree_str(one, "doc"));
		snprintf(r->hash, sizeof(r->hash), "%s", tree_str(one, "hash"));
		r->chinese = cJSON_IsTrue(tree_at(one, "chinese"));
		cJSON_ArrayForEach (x, tree_at(one, "vector"))
			r->vector[i++] = x->valuedouble;
	}
	answer_ok(s, b);
}

static void
do_remove(struct stub *s, struct buf *b, const cJSON *body)
{
	static const char *const fields[] = {"collectionName", "filter", NULL};
	int i, kept = 0;

	demand(s, body, fields);
	for (i = 0; i < s->n_rows; i++) {
		auto_str filter = xasprintf("doc == \"%s\"", s->rows[i].doc);

		if (!tree_is(body, "filter", filter))
			s->rows[kept++] = s->rows[i];
	}
	s->n_rows = kept;
	answer_ok(s, b);
}

static double
cosine(const double *a, const double *b)
{
	double ab = 0, aa = 0, bb = 0;
	int i;

	for (i = 0; i < DIMENSIONS; i++) {
		ab += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
	}
	return ab / sqrt(aa * bb);
}

/* All that are of the filter's language, in no order: what is near is for who
 * asks to find out, too. */
static void
do_search(struct stub *s, struct buf *b, const cJSON *body)
{
	static const char *const v1[] = {"collectionName", "vector", "limit",
	    "filter", "outputFields", NULL};
	static const char *const v2[] = {"collectionName", "data", "annsField",
	    "limit", "filter", "outputFields", NULL};
	const cJSON *of = s->v2 ? cJSON_GetArrayItem(tree_at(body, "data"), 0)
				: tree_at(body, "vector");
	bool chinese = tree_is(body, "filter", "chinese == true");
	double q[DIMENSIONS] = {0};
	const cJSON *x;
	int i = 0, n = 0;

	demand(s, body, s->v2 ? v2 : v1);
	s->searches++;
	cJSON_ArrayForEach (x, of)
		q[i++] = x->valuedouble;
	buf_addf(b, "{\"code\":%d,\"data\":[", s->v2 ? 0 : 200);
	for (i = 0; i < s->n_rows; i++)
		if (s->rows[i].chinese == chinese &&
		    n < (int)tree_num(body, "limit", 0))
			buf_addf(b, "%s{\"distance\":%.4f,\"hash\":\"%s\"}",
			    n++ > 0 ? "," : "", cosine(q, s->rows[i].vector),
			    s->rows[i].hash);
	buf_adds(b, "]}");
}

static const struct {
	const char *path;
	bool v2, needs_collection;
	void (*answer)(struct stub *s, struct buf *b, const cJSON *body);
} paths[] = {
    {"/v1/vector/collections", false, false, do_list},
    {"/v1/vector/collections/create", false, false, do_create},
    {"/v1/vector/insert", false, true, do_insert},
    {"/v1/vector/delete", false, true, do_remove},
    {"/v1/vector/search", false, true, do_search},
    {"/v2/vectordb/collections/list", true, false, do_list},
    {"/v2/vectordb/collections/create", true, false, do_create},
    {"/v2/vectordb/entities/insert", true, true, do_insert},
    {"/v2/vectordb/entities/delete", true, true, do_remove},
    {"/v2/vectordb/entities/search", true, true, do_search},
};

/* The status; 404 where the server does not know the path. */
static int
milvus(struct stub *s, const struct stub_request *rq, const cJSON *body,
    struct buf *b)
{
	size_t i = 0;

	while (i < ARRAY_LEN(paths) &&
	       (paths[i].v2 != s->v2 || strcmp(paths[i].path, rq->target) != 0))
		i++;
	if (s->away)
		return 503;
	if (i == ARRAY_LEN(paths))
		return 404;
	if (s->token != NULL && strstr(rq->head, s->token) == NULL) {
		buf_adds(b, "{\"code\":1800,\"message\":\"user hasn't "
			    "authenticated\"}");
		return 401;
	}
	if (s->code != 0)
		buf_addf(
		    b, "{\"code\":%d,\"message\":\"no %d\"}", s->code, s->code);
	else if (paths[i].needs_collection && !is_there(s, body))
		buf_adds(b, "{\"code\":100,\"message\":\"collection not "
			    "found\"}");
	else
		paths[i].answer(s, b, body);
	return 200;
}

static void
on_request(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct stub *s = arg;
	AUTO(json) body = cJSON_Parse(rq->body);
	auto_buf b = {.max = 4 << 20};
	int status = 200;

	pthread_mutex_lock(&s->mutex);
	if (strcmp(rq->target, "/embeddings") == 0)
		embeddings(&b, body);
	else
		status = milvus(s, rq, body, &b);
	pthread_mutex_unlock(&s->mutex);
	stub_answer(c, status, status == 404 ? "text/plain" : NULL,
	    status == 404 ? "404 page not found" : buf_str(&b));
}

/* ---- a folder, an index, the services ---- */

struct desk {
	char *root, *dir, *db;
	struct stub stub;
	struct embed_conf embed;
	struct milvus_conf milvus;
	struct docs *docs;
};

static void
put(const struct desk *k, const char *name, const char *text)
{
	auto_str path = xasprintf("%s/%s", k->dir, name);

	file_write(path, text);
}

static void
desk_init(struct desk *k, bool v2)
{
	int i;

	*k = (struct desk){.root = scratch_new(),
	    .stub = {.mutex = PTHREAD_MUTEX_INITIALIZER,
		.v2 = v2,
		.rows = xcalloc(ROWS_MAX, sizeof(struct row))}};
	k->dir = xasprintf("%s/docs", k->root);
	k->db = xasprintf("%s/docs.db", k->root);
	k->stub.http = stub_http_new(on_request, &k->stub);
	k->embed = (struct embed_conf){.service = {.what = "the embeddings API",
					   .flag = "embeddings",
					   .secret = "key",
					   .url = stub_http_url(k->stub.http)},
	    .model = "some-model",
	    .query_ms = AWAIT_MS};
	k->milvus =
	    (struct milvus_conf){.service = {.what = "Milvus",
				     .flag = "milvus",
				     .secret = "token",
				     .url = stub_http_url(k->stub.http)},
		.collection = "culprit",
		.search_ms = AWAIT_MS};
	mkdir(k->dir, 0700);
	for (i = 0; i < 24; i++) {
		auto_str name = xasprintf("%d.md", i);
		auto_str text = xasprintf("# Chapter %d\n\nThe %s of %d.\n", i,
		    i < AXES ? axes[i] : "nothing", i);

		put(k, name, text);
	}
}

static void
desk_done(struct desk *k)
{
	docs_close(k->docs);
	stub_http_free(k->stub.http);
	ck_assert_str_eq(k->stub.wrong, "");
	free(k->stub.rows);
	free(k->dir);
	free(k->db);
	scratch_free(k->root);
}

#define auto_desk CLEANUP(desk_done) struct desk

static void
open_desk(struct desk *k)
{
	struct docs_conf conf = {.path = k->db,
	    .dir = k->dir,
	    .embed = &k->embed,
	    .milvus = &k->milvus};
	struct err err = {0};

	ck_assert_msg(
	    docs_open(&conf, &k->docs, &err) == RC_OK, "%s", err.text);
}

static void
set(struct desk *k, bool away, int code)
{
	pthread_mutex_lock(&k->stub.mutex);
	k->stub.away = away;
	k->stub.code = code;
	pthread_mutex_unlock(&k->stub.mutex);
}

/* Does it have so many rows, each once? */
struct hope {
	struct desk *k;
	int rows;
};

static bool
has_rows(void *arg)
{
	struct hope *h = arg;
	struct stub *s = &h->k->stub;
	int i, j, n;
	bool has;

	pthread_mutex_lock(&s->mutex);
	n = s->n_rows;
	for (i = 0; i < s->n_rows; i++)
		for (j = 0; j < i; j++)
			n -= strcmp(s->rows[i].hash, s->rows[j].hash) == 0;
	has = n == h->rows && s->n_rows == n;
	pthread_mutex_unlock(&s->mutex);
	return has;
}

/* One of the stub's counts. */
static int
count_of(struct desk *k, const int *count)
{
	int n;

	pthread_mutex_lock(&k->stub.mutex);
	n = *count;
	pthread_mutex_unlock(&k->stub.mutex);
	return n;
}

/* So much was sent, or there is nothing more to send. */
struct sent {
	struct hope *all;
	int inserts;
};

static bool UNUSED
has_sent(void *arg)
{
	struct sent *s = arg;
	struct desk *k = s->all->k;

	return count_of(k, &k->stub.inserts) >= s->inserts || has_rows(s->all);
}

static void
await_rows(struct desk *k, int rows)
{
	struct hope h = {k, rows};

	ck_assert_msg(await(has_rows, &h, AWAIT_MS), "%d rows, not %d",
	    k->stub.n_rows, rows);
}

static struct docs_found
ask(struct docs *d, const char *text)
{
	struct docs_query q = {.text = span_of(text), .limit = 5};
	struct docs_found f = {.n = 0};
	struct err err = {0};

	ck_assert_msg(
	    docs_find(d, &q, NULL, &f, &err) == RC_OK, "%s", err.text);
	return f;
}

/* ---- tests ---- */

START_TEST(documents_are_sent_and_found_there)
{
	auto_desk k;
	struct docs_found f;
	int searches;

	desk_init(&k, _i == 1);
	open_desk(&k);
	await_rows(&k, 24);
	searches = count_of(&k, &k.stub.searches);
	f = ask(k.docs, "volcano");
	ck_assert_ptr_null(f.note);
	ck_assert_str_eq(f.list[0].source, "4.md");
	ck_assert_double_gt(f.list[0].nearness, 2);
	ck_assert_int_eq(count_of(&k, &k.stub.searches), searches + 2);
	docs_found_done(&f);
	/* What is changed or deleted is so there as well. */
	put(&k, "4.md", "# New\n\nOne harbour.\n\n## And\n\nanother\n");
	await_rows(&k, 25);
	f = ask(k.docs, "harbour");
	ck_assert(strcmp(f.list[0].source, "4.md") == 0 ||
		  strcmp(f.list[0].source, "5.md") == 0);
	docs_found_done(&f);
	{
		auto_str path = xasprintf("%s/4.md", k.dir);

		unlink(path);
	}
	await_rows(&k, 23);
}
END_TEST

static const struct {
	bool away;
	int code;
	const char *says;
} bad[] = {
    {true, 0, "HTTP 503"},
    {false, 101, "Milvus answered code 101: no 101"},
    {false, 65535, "Milvus answered code 65535: no 65535"},
    {false, 800, "check --milvus-url"},
};

START_TEST(what_fails_there_is_searched_here)
{
	auto_desk k;
	struct docs_found f;

	desk_init(&k, true);
	open_desk(&k);
	await_rows(&k, 24);
	set(&k, bad[_i].away, bad[_i].code);
	k.milvus.search_ms = 1000;
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "the index was searched instead of Milvus: ");
	assert_contains(f.note, bad[_i].says);
	ck_assert_str_eq(f.list[0].source, "4.md");
	ck_assert_double_gt(f.list[0].nearness, 2);
	docs_found_done(&f);
}
END_TEST

START_TEST(what_it_lacks_is_sent_when_it_is_back)
{
	auto_desk k;

	desk_init(&k, false);
	set(&k, true, 0);
	open_desk(&k);
	{
		struct docs_found f = ask(k.docs, "volcano");

		ck_assert_str_eq(f.list[0].source, "4.md");
		docs_found_done(&f);
	}
	/* Also over an end of ours. */
	docs_close(TAKE(k.docs));
	set(&k, false, 0);
	open_desk(&k);
	await_rows(&k, 24);
	/* It comes back without its collection. */
	docs_close(TAKE(k.docs));
	pthread_mutex_lock(&k.stub.mutex);
	k.stub.collection[0] = '\0';
	k.stub.n_rows = 0;
	pthread_mutex_unlock(&k.stub.mutex);
	open_desk(&k);
	await_rows(&k, 24);
}
END_TEST

/* Killed again and again while it sends. */
START_TEST(kill_9_in_the_midst_of_sending_loses_nothing)
{
#ifdef __SANITIZE_THREAD__
	SKIP_TEST("ThreadSanitizer follows no fork of a process with threads");
#else
	auto_desk k;
	int i, status;

	desk_init(&k, false);
	for (i = 0; i < 3; i++) {
		pid_t pid = fork();
		struct hope some = {&k, 24};
		struct sent sent = {&some, count_of(&k, &k.stub.inserts) + 3};

		if (pid == 0) {
			open_desk(&k);
			for (;;)
				pause();
		}
		ck_assert(await(has_sent, &sent, AWAIT_MS));
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	}
	open_desk(&k);
	await_rows(&k, 24);
#endif
}
END_TEST

START_TEST(the_token_is_sent_and_a_wrong_one_is_told)
{
	auto_desk k;
	struct docs_found f;

	desk_init(&k, true);
	k.milvus.service.key = "root:wrong";
	k.stub.token = "Bearer root:Milvus";
	open_desk(&k);
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "check --milvus-token-file");
	assert_lacks(f.note, "root:");
	docs_found_done(&f);
	docs_close(TAKE(k.docs));
	k.milvus.service.key = "root:Milvus";
	open_desk(&k);
	await_rows(&k, 24);
}
END_TEST

START_TEST(a_milvus_without_embeddings_is_refused)
{
	auto_desk k;
	struct err err = {0};
	struct docs_conf conf;

	desk_init(&k, true);
	conf =
	    (struct docs_conf){.path = k.db, .dir = k.dir, .milvus = &k.milvus};
	ck_assert(docs_check(&conf, &err) == RC_INVALID);
	assert_contains(err.text, "milvus-url needs embeddings-url");
	k.milvus.collection = "no-such";
	conf.embed = &k.embed;
	ck_assert(docs_check(&conf, &err) == RC_INVALID);
	assert_contains(err.text, "milvus-collection has letters");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {documents_are_sent_and_found_there, 2},
	    {what_fails_there_is_searched_here, ARRAY_LEN(bad)},
	    {what_it_lacks_is_sent_when_it_is_back, 0},
	    {kill_9_in_the_midst_of_sending_loses_nothing, 0},
	    {the_token_is_sent_and_a_wrong_one_is_told, 0},
	    {a_milvus_without_embeddings_is_refused, 0},
	};

	return RUN_TESTS("milvus", tests);
}
