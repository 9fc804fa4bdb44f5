/*
 * test_vectors.c - documents found by what they mean: vectors of an embeddings
 * API, what it may do wrong, and what is answered without it.
 *
 * The API here is a stub whose vectors tell of a few words only, so that what
 * is near is known.
 */
#include "executor/docs/docs.h"
#include "executor/docs/vectors.h"

#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "tests/harness/dice.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- the API ---- */

enum { AXES = 6, NOISE = 4 };

/* Words of one axis mean the same. */
static const char *const axes[AXES][2] = {{"wombat", "袋熊"},
    {"toaster", "烤面包机"}, {"saxophone", "萨克斯"}, {"glacier", "冰川"},
    {"volcano", "火山"}, {"harbour", "港口"}};

struct api {
	struct stub_http *stub;
	pthread_mutex_t mutex;
	struct buf bodies; /* of all requests, a line each */
	int texts;         /* embedded so far */
	/* What it does. */
	int batch_max;      /* more in one request: 400 */
	const char *poison; /* a text that has it: 400 */
	int dimensions;     /* 0: those that are needed */
	const char *answer; /* instead of vectors; status 200 */
	int status;         /* 0: 200 */
	bool hangs;
};

static void
put_vector(struct buf *b, const char *text, int dimensions)
{
	int i, n = dimensions > 0 ? dimensions : AXES + NOISE;
	uint32_t noise = 2166136261U;
	const char *p;

	for (p = text; *p != '\0'; p++)
		noise = (noise ^ (uint8_t)*p) * 16777619U;
	for (i = 0; i < n; i++) {
		bool has = i < AXES && (strstr(text, axes[i][0]) != NULL ||
					   strstr(text, axes[i][1]) != NULL);

		buf_addf(b, "%s%.3f", i > 0 ? "," : "",
		    has ? 1.0 : (double)(noise >> (3 * (i % 8)) & 7) / 40);
	}
}

static void
put_vectors(struct api *a, struct buf *b, const cJSON *input)
{
	const cJSON *text;
	int i = 0;

	buf_adds(b, "{\"data\":[");
	cJSON_ArrayForEach (text, input) {
		buf_addf(b, "%s{\"object\":\"embedding\",\"embedding\":[",
		    i > 0 ? "," : "");
		put_vector(b, text->valuestring, a->dimensions);
		buf_addf(b, "],\"index\":%d}", i++);
		a->texts++;
	}
	buf_adds(b, "],\"usage\":{\"total_tokens\":7}}");
}

static bool
is_refused(const struct api *a, const cJSON *input)
{
	const cJSON *text;

	if (a->batch_max > 0 && cJSON_GetArraySize(input) > a->batch_max)
		return true;
	cJSON_ArrayForEach (text, input)
		if (a->poison != NULL &&
		    strstr(text->valuestring, a->poison) != NULL)
			return true;
	return false;
}

static void
api_answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct api *a = arg;
	AUTO(json) body = NULL;
	auto_buf b = {.max = 1 << 20};
	int status = 200;
	bool hangs;
	struct err err;

	pthread_mutex_lock(&a->mutex);
	if (json_parse(span_of(rq->body), NULL, &body, &err) != RC_OK ||
	    strcmp(rq->target, "/v1/embeddings") != 0)
		status = 404;
	buf_addf(&a->bodies, "%s\n%s\n", rq->head, rq->body);
	hangs = a->hangs;
	if (status == 200 && a->status != 0)
		status = a->status;
	if (status == 200 && is_refused(a, tree_at(body, "input")))
		status = 400;
	if (status != 200)
		buf_addf(&b, "{\"error\":{\"message\":\"no %d\"}}", status);
	else if (a->answer != NULL)
		buf_adds(&b, a->answer);
	else
		put_vectors(a, &b, tree_at(body, "input"));
	pthread_mutex_unlock(&a->mutex);
	if (hangs)
		stub_hang(c);
	else
		stub_answer(c, status, NULL, buf_str(&b));
}

/* ---- a folder, an index, an API ---- */

struct desk {
	char *root, *dir, *db, *url;
	struct api api;
	struct embed_conf embed;
	struct docs *docs;
};

static void
desk_init(struct desk *k)
{
	*k = (struct desk){.root = scratch_new(),
	    .api = {.bodies = {.max = 16 << 20},
		.mutex = PTHREAD_MUTEX_INITIALIZER}};
	k->dir = xasprintf("%s/docs", k->root);
	k->db = xasprintf("%s/docs.db", k->root);
	k->api.stub = stub_http_new(api_answer, &k->api);
	k->url = xasprintf("%s/v1", stub_http_url(k->api.stub));
	k->embed = (struct embed_conf){.service = {.what = "the embeddings API",
					   .flag = "embeddings",
					   .secret = "key",
					   .url = k->url},
	    .model = "some-model",
	    .query_ms = AWAIT_MS};
	mkdir(k->dir, 0700);
}

static void
desk_done(struct desk *k)
{
	docs_close(k->docs);
	stub_http_free(k->api.stub);
	buf_done(&k->api.bodies);
	free(k->dir);
	free(k->db);
	free(k->url);
	scratch_free(k->root);
}

#define auto_desk CLEANUP(desk_done) struct desk

static void
put(const struct desk *k, const char *name, const char *text)
{
	auto_str path = xasprintf("%s/%s", k->dir, name);

	file_write(path, text);
}

/* Enough documents of each language for cosines to stand out; those with a
 * word of the axes are few. */
static void
put_all(const struct desk *k)
{
	int i;

	for (i = 0; i < 12; i++) {
		auto_str en = xasprintf("en%d.md", i);
		auto_str zh = xasprintf("zh%d.md", i);
		auto_str english = xasprintf("# Chapter %d\n\nThe %s of %d.\n",
		    i, i < AXES ? axes[i][0] : "nothing", i);
		auto_str chinese =
		    xasprintf("# 第 %d 章\n\n关于%s的故事，很长很长。\n", i,
			i < AXES ? axes[i][1] : "什么都没有");

		put(k, en, english);
		put(k, zh, chinese);
	}
}

static void
open_desk(struct desk *k)
{
	struct docs_conf conf = {
	    .path = k->db, .dir = k->dir, .embed = &k->embed};
	struct err err = {0};

	ck_assert_msg(
	    docs_open(&conf, &k->docs, &err) == RC_OK, "%s", err.text);
}

static void
reopen(struct desk *k)
{
	docs_close(k->docs);
	k->docs = NULL;
	open_desk(k);
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

struct hope {
	struct docs *docs;
	const char *text, *note; /* "": there is none */
	char *got;
};

static bool
hope_holds(void *arg)
{
	struct hope *h = arg;
	struct docs_found f = ask(h->docs, h->text);

	free(h->got);
	h->got = xstrdup(f.note != NULL ? f.note : "");
	docs_found_done(&f);
	return strcmp(h->got, h->note) == 0;
}

/* Until that is what is said of an answer. */
static void
await_note(struct docs *d, const char *note)
{
	struct hope h = {.docs = d, .text = "wombat", .note = note};

	ck_assert_msg(
	    await(hope_holds, &h, AWAIT_MS), "\"%s\", not \"%s\"", h.got, note);
	free(h.got);
}

static void
api_set(struct desk *k, const struct api *to)
{
	pthread_mutex_lock(&k->api.mutex);
	k->api.batch_max = to->batch_max;
	k->api.poison = to->poison;
	k->api.dimensions = to->dimensions;
	k->api.answer = to->answer;
	k->api.status = to->status;
	k->api.hangs = to->hangs;
	pthread_mutex_unlock(&k->api.mutex);
}

static int
texts(struct desk *k)
{
	int n;

	pthread_mutex_lock(&k->api.mutex);
	n = k->api.texts;
	pthread_mutex_unlock(&k->api.mutex);
	return n;
}

/* How often it was asked with that. */
static int
bodies_with(struct desk *k, const char *needle)
{
	int n;

	pthread_mutex_lock(&k->api.mutex);
	n = text_count(buf_str(&k->api.bodies), needle);
	pthread_mutex_unlock(&k->api.mutex);
	return n;
}

/* ---- what is found ---- */

START_TEST(a_question_finds_what_means_the_same)
{
	auto_desk k;
	struct docs_found f;

	desk_init(&k);
	put_all(&k);
	open_desk(&k);
	await_note(k.docs, "");
	/* No word of it is in the document. */
	f = ask(k.docs, "火山 glücklich");
	ck_assert_str_eq(f.list[0].source, "zh4.md");
	docs_found_done(&f);
	f = ask(k.docs, "volcano");
	ck_assert_str_eq(f.list[0].source, "en4.md");
	ck_assert_str_eq(f.list[1].source, "zh4.md");
	ck_assert_double_gt(f.list[1].nearness, 2);
	/* What fits is for the words to say. */
	ck_assert_uint_eq(f.fitting, 1);
	docs_found_done(&f);
}
END_TEST

static const struct {
	const char *model, *query_model, *query_prefix;
	const char *query, *passage;
} sides[] = {
    {"intfloat/multilingual-e5-small", NULL, NULL,
	"{\"model\":\"intfloat/multilingual-e5-small\",\"input\":[\"query: "
	"wombat\"]}",
	"\"passage: Chapter 0\\n"},
    {"BAAI/bge-large-zh-v1.5", NULL, NULL,
	"\"为这个句子生成表示以用于检索相关文章：wombat\"", "\"Chapter 0\\n"},
    {"text-embedding-v4", NULL, NULL,
	"{\"model\":\"text-embedding-v4\",\"input\":[\"wombat\"]}",
	"\"Chapter 0\\n"},
    {"e5-passage", "e5-query", NULL,
	"{\"model\":\"e5-query\",\"input\":[\"wombat\"]}",
	"{\"model\":\"e5-passage\",\"input\":[\"Chapter 0\\n"},
    {"e5-small", NULL, "none", "\"input\":[\"wombat\"]",
	"\"passage: Chapter 0\\n"},
    {"mine", NULL, "find: ", "\"input\":[\"find: wombat\"]",
	"\"input\":[\"Chapter 0\\n"},
};

START_TEST(a_model_is_told_which_side_a_text_is)
{
	auto_desk k;

	desk_init(&k);
	put_all(&k);
	k.embed.model = sides[_i].model;
	k.embed.query_model = sides[_i].query_model;
	k.embed.query_prefix = sides[_i].query_prefix;
	open_desk(&k);
	await_note(k.docs, "");
	docs_close(TAKE(k.docs));
	ck_assert_int_gt(bodies_with(&k, sides[_i].query), 0);
	ck_assert_int_gt(bodies_with(&k, sides[_i].passage), 0);
}
END_TEST

START_TEST(the_nearest_are_exactly_those)
{
	enum { N = 600, DIMENSIONS = 384, WANTED = 64 };
	struct vectors v = {.n = N,
	    .dimensions = DIMENSIONS,
	    .read = true,
	    .ids = xcalloc(N, sizeof(int64_t)),
	    .scale = xcalloc(N, sizeof(float)),
	    .language = xcalloc(N, 1),
	    .list = xcalloc(N, DIMENSIONS),
	    .apart = xcalloc(N, sizeof(float)),
	    .mean = {xcalloc(DIMENSIONS, sizeof(float)),
		xcalloc(DIMENSIONS, sizeof(float))}};
	struct vectors_hit hits[WANTED];
	float q[DIMENSIONS];
	double exact[N];
	struct dice dice = dice_of(4, 0, 0);
	size_t n, i, k, better;

	for (k = 0; k < DIMENSIONS; k++)
		q[k] = (float)dice_int(&dice, -1000, 1000) / 1000;
	for (i = 0; i < N; i++) {
		double sum = 0;

		v.ids[i] = (int64_t)i;
		v.scale[i] = 0.01F;
		v.apart[i] = 1;
		for (k = 0; k < DIMENSIONS; k++) {
			int8_t x = (int8_t)dice_int(&dice, -127, 127);

			v.list[i * DIMENSIONS + k] = x;
			sum += (double)q[k] * x;
		}
		exact[i] = sum;
	}
	n = vectors_find(&v, q, false, hits, WANTED);
	ck_assert_uint_eq(n, WANTED);
	for (i = 0; i < WANTED; i++) {
		for (better = 0, k = 0; k < N; k++)
			better += exact[k] > exact[hits[i].id] + 12;
		/* But for what rounding the question makes alike. */
		ck_assert_uint_le(better, i);
	}
	vectors_done(&v);
}
END_TEST

/* ---- what is sent ---- */

START_TEST(so_many_texts_at_once_as_the_api_takes)
{
	auto_desk k;

	desk_init(&k);
	put_all(&k);
	k.embed.batch = 20;
	api_set(&k, &(struct api){.batch_max = 3});
	open_desk(&k);
	await_note(k.docs, "");
	/* Each passage once, and the questions. */
	ck_assert_int_ge(texts(&k), 24);
}
END_TEST

START_TEST(a_text_that_is_refused_holds_nobody_up)
{
	auto_desk k;

	desk_init(&k);
	put_all(&k);
	put(&k, "bad.md", "# POISON\n\nThis one is not taken.\n");
	api_set(&k, &(struct api){.poison = "POISON"});
	open_desk(&k);
	await_note(k.docs, "1 of 25 passages have no vector yet");
}
END_TEST

static bool
has_new_text(void *arg)
{
	struct docs_found f = ask(arg, "new text");
	bool has = f.n > 0 && strstr(f.list[0].text, "new text") != NULL;

	docs_found_done(&f);
	return has;
}

START_TEST(a_passage_that_stays_keeps_its_vector)
{
	auto_desk k;
	int before;

	desk_init(&k);
	put_all(&k);
	put(&k, "two.md", "# Two\n\n## One\n\nsaxophone\n\n## Other\n\nold\n");
	open_desk(&k);
	await_note(k.docs, "");
	docs_close(TAKE(k.docs));
	before = texts(&k);
	put(&k, "two.md",
	    "# Two\n\n## One\n\nsaxophone\n\n## Other\n\nnew text\n");
	open_desk(&k);
	ck_assert(await(has_new_text, k.docs, AWAIT_MS));
	await_note(k.docs, "");
	docs_close(TAKE(k.docs));
	pthread_mutex_lock(&k.api.mutex);
	ck_assert_int_eq(
	    text_count(buf_str(&k.api.bodies), "Two > Other\\n"), 2);
	ck_assert_int_eq(text_count(buf_str(&k.api.bodies), "Two > One\\n"), 1);
	pthread_mutex_unlock(&k.api.mutex);
	ck_assert_int_gt(texts(&k), before);
}
END_TEST

START_TEST(the_key_is_sent_and_never_told)
{
	auto_desk k;
	struct docs_found f;

	desk_init(&k);
	put_all(&k);
	k.embed.service.key = "sk-canary";
	api_set(&k, &(struct api){.status = 401});
	open_desk(&k);
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "found by their words alone: ");
	assert_contains(f.note, "HTTP 401: no 401; check "
				"--embeddings-key-file");
	assert_lacks(f.note, "canary");
	ck_assert_str_eq(f.list[0].source, "en4.md");
	docs_found_done(&f);
	docs_close(TAKE(k.docs));
	assert_contains(
	    buf_str(&k.api.bodies), "Authorization: Bearer sk-canary");
}
END_TEST

/* ---- what it may do wrong ---- */

static const char *const answers[] = {
    "",
    "<html>no</html>",
    "{}",
    "{\"data\":[]}",
    "{\"data\":[{\"embedding\":[],\"index\":0}]}",
    "{\"data\":[{\"embedding\":[0,0,0],\"index\":0}]}",
    "{\"data\":[{\"embedding\":[1e999],\"index\":0}]}",
    "{\"data\":[{\"embedding\":[1,2],\"index\":7}]}",
    "{\"data\":[{\"embedding\":[1,2],\"index\":0},{\"embedding\":[1,2],"
    "\"index\":0}]}",
    "{\"data\":[{\"embedding\":[1,2],\"index\":0},{\"embedding\":[1],"
    "\"index\":1}]}",
    "{\"data\":[{\"embedding\":\"base64\",\"index\":0}]}",
    "{\"data\":[{\"embedding\":[1,",
};

START_TEST(an_answer_that_cannot_be_used_is_one_without_vectors)
{
	auto_desk k;
	struct docs_found f;

	desk_init(&k);
	put_all(&k);
	api_set(&k, &(struct api){.answer = answers[_i]});
	open_desk(&k);
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "found by their words alone: what the "
				"embeddings API answered cannot be used");
	ck_assert_str_eq(f.list[0].source, "en4.md");
	docs_found_done(&f);
	/* And when it is well again all get theirs. */
	api_set(&k, &(struct api){0});
	reopen(&k);
	await_note(k.docs, "");
}
END_TEST

START_TEST(who_is_not_there_holds_nobody_up)
{
	int port = port_free();
	/* The desk's threads use it to the end. */
	auto_str url = xasprintf("http://127.0.0.1:%d/v1", port);
	auto_desk k;
	struct docs_found f;

	desk_init(&k);
	put_all(&k);
	k.embed.service.url = url;
	open_desk(&k);
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "found by their words alone");
	ck_assert_str_eq(f.list[0].source, "en4.md");
	ck_assert_double_eq(f.list[0].nearness, 0);
	docs_found_done(&f);
}
END_TEST

START_TEST(a_question_waits_so_long_and_the_next_does_not)
{
	auto_desk k;
	struct docs_found f;
	int before;

	desk_init(&k);
	put_all(&k);
	k.embed.query_ms = 100;
	api_set(&k, &(struct api){.hangs = true});
	open_desk(&k);
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "found by their words alone");
	docs_found_done(&f);
	before = bodies_with(&k, "[\"toaster\"]");
	f = ask(k.docs, "toaster");
	assert_contains(f.note, "failed a moment ago");
	ck_assert_str_eq(f.list[0].source, "en1.md");
	docs_found_done(&f);
	ck_assert_int_eq(bodies_with(&k, "[\"toaster\"]"), before);
}
END_TEST

/* ---- another model ---- */

START_TEST(another_model_gets_new_vectors_of_all)
{
	auto_desk k;
	struct docs_found f;
	int before;

	desk_init(&k);
	put_all(&k);
	open_desk(&k);
	await_note(k.docs, "");
	before = texts(&k);
	k.embed.model = "another";
	k.embed.dimensions = 8;
	api_set(&k, &(struct api){.dimensions = 8});
	reopen(&k);
	await_note(k.docs, "");
	ck_assert_int_ge(texts(&k), before + 24);
	f = ask(k.docs, "volcano");
	ck_assert_double_gt(f.list[1].nearness, 2);
	docs_found_done(&f);
	docs_close(TAKE(k.docs));
	ck_assert_int_gt(bodies_with(&k, "\"dimensions\":8,"), 0);
}
END_TEST

/* The same name, and one day its vectors are longer. */
START_TEST(vectors_of_another_length_are_made_anew)
{
	auto_desk k;
	struct docs_found f;

	desk_init(&k);
	put_all(&k);
	open_desk(&k);
	await_note(k.docs, "");
	api_set(&k, &(struct api){.dimensions = 16});
	f = ask(k.docs, "volcano");
	assert_contains(f.note, "another length than before");
	ck_assert_str_eq(f.list[0].source, "en4.md");
	docs_found_done(&f);
	await_note(k.docs, "");
	f = ask(k.docs, "volcano");
	ck_assert_double_gt(f.list[1].nearness, 2);
	docs_found_done(&f);
}
END_TEST

static const struct {
	struct embed_conf embed;
	const char *says;
} wrong[] = {
    {{.service = {.what = "the embeddings API",
	  .flag = "embeddings",
	  .secret = "key",
	  .url = "http://127.0.0.1:1/v1"}},
	"embeddings-url needs embeddings-model"},
    {{.service = {.what = "the embeddings API",
	  .flag = "embeddings",
	  .secret = "key",
	  .url = "gopher://x"},
	 .model = "m"},
	"embeddings-url: "},
    {{.service = {.what = "the embeddings API",
	  .flag = "embeddings",
	  .secret = "key",
	  .url = "http://127.0.0.1:1",
	  .key = "a",
	  .key_file = "b"},
	 .model = "m"},
	"embeddings-key-file, not both"},
};

START_TEST(wrong_settings_are_refused_at_the_start)
{
	auto_desk k;
	struct err err = {0};
	struct docs_conf conf;

	desk_init(&k);
	conf = (struct docs_conf){
	    .path = k.db, .dir = k.dir, .embed = &wrong[_i].embed};
	ck_assert(docs_check(&conf, &err) == RC_INVALID);
	assert_contains(err.text, wrong[_i].says);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_question_finds_what_means_the_same, 0},
	    {a_model_is_told_which_side_a_text_is, ARRAY_LEN(sides)},
	    {the_nearest_are_exactly_those, 0},
	    {so_many_texts_at_once_as_the_api_takes, 0},
	    {a_text_that_is_refused_holds_nobody_up, 0},
	    {a_passage_that_stays_keeps_its_vector, 0},
	    {the_key_is_sent_and_never_told, 0},
	    {an_answer_that_cannot_be_used_is_one_without_vectors,
		ARRAY_LEN(answers)},
	    {who_is_not_there_holds_nobody_up, 0},
	    {a_question_waits_so_long_and_the_next_does_not, 0},
	    {another_model_gets_new_vectors_of_all, 0},
	    {vectors_of_another_length_are_made_anew, 0},
	    {wrong_settings_are_refused_at_the_start, ARRAY_LEN(wrong)},
	};

	return RUN_TESTS("vectors", tests);
}
