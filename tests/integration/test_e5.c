/*
 * test_e5.c - real vectors: multilingual-e5-small behind a real server. Beside
 * the words they are to do no harm, and good across languages.
 *
 * Embedding all of tests/eval/docs takes a minute: tests/eval/docs/run asks for
 * that with EVAL_EMBEDDINGS_URL, else it is a few short documents.
 */
#include "tests/harness/docs_eval.h"
#include "tests/harness/model_server.h"
#include "tests/harness/texts.h"

#include <stdlib.h>
#include <sys/stat.h>

static const char *const files[] = {"questions.tsv", "paraphrases.tsv"};

struct fixture {
	struct proc *server;
	char *dir, *docs, *db, *url;
	struct embed_conf embed;
};

static void
open_folder(struct fixture *f)
{
	const char *model = getenv("EVAL_EMBEDDINGS_MODEL");

	f->docs = xasprintf("%s/docs", f->dir);
	f->db = xasprintf("%s/docs.db", f->dir);
	mkdir(f->docs, 0700);
	f->embed = (struct embed_conf){
	    .service = {.what = "the embeddings API",
		.flag = "embeddings",
		.secret = "key",
		.url = f->url,
		.key_file = getenv("EVAL_EMBEDDINGS_KEY_FILE")},
	    .model = model != NULL ? model : "e5-passage",
	    .query_model = model != NULL ? getenv("EVAL_EMBEDDINGS_QUERY_MODEL")
					 : "e5-query",
	    .query_ms = NEVER_MS};
}

/* false: it cannot be had here, which is told. */
static bool
serve(struct fixture *f)
{
	auto_str why = NULL;

	*f = (struct fixture){.dir = scratch_new()};
	f->server = model_server_start("e5_serve", NULL, f->dir, &f->url, &why);
	if (f->server == NULL) {
		SKIP_TEST(why);
		scratch_free(f->dir);
		return false;
	}
	open_folder(f);
	return true;
}

static void
end(struct fixture *f)
{
	if (f->server != NULL)
		proc_free(f->server);
	free(f->docs);
	free(f->db);
	free(f->url);
	scratch_free(f->dir);
}

/* ---- a few ---- */

static const char *const few[] = {"The disk is full: delete old logs.",
    "Memory runs out and the kernel kills processes.",
    "A certificate expires: renew it.", "The clock of a machine is wrong.",
    "A queue grows faster than it is read.", "A name does not resolve.",
    "The processor is busy all the time.", "A machine does not answer.",
    "磁盘写满了：删除旧日志。", "内存耗尽，内核杀掉进程。", "证书到期：续签。",
    "机器的时钟不准。", "队列增长得比消费快。", "域名解析失败。",
    "处理器一直很忙。", "机器没有响应。"};

START_TEST(a_real_model_gives_every_passage_its_vector)
{
	struct fixture f;
	struct docs_conf conf;
	struct docs_query q = {
	    .text = span_of("the drive has no room left"), .limit = 16};
	struct docs_found found = {.n = 0};
	struct docs *d = NULL;
	struct err err = {""};
	size_t i, near = 0;

	if (!serve(&f))
		return;
	for (i = 0; i < ARRAY_LEN(few); i++) {
		auto_str path = xasprintf("%s/%zu.md", f.docs, i);

		file_write(path, few[i]);
	}
	conf =
	    (struct docs_conf){.path = f.db, .dir = f.docs, .embed = &f.embed};
	ck_assert_msg(docs_open(&conf, &d, &err) == RC_OK, "%s", err.text);
	eval_await(d);
	ck_assert(docs_find(d, &q, NULL, &found, &err) == RC_OK);
	/* The words find one of them at most, the vectors have all in order. */
	ck_assert_uint_eq(found.n, ARRAY_LEN(few));
	for (i = 0; i < found.n; i++)
		near += found.list[i].nearness > 0;
	ck_assert_uint_ge(near, 4);
	docs_found_done(&found);
	docs_close(d);
	end(&f);
}
END_TEST

/* ---- all ---- */

static void
measure(struct fixture *f, bool vectors,
    struct eval_half halves[ARRAY_LEN(files)][2])
{
	struct docs_conf conf = {
	    .path = f->db, .dir = f->docs, .embed = vectors ? &f->embed : NULL};
	struct docs *d = NULL;
	struct err err = {""};
	size_t i;

	ck_assert_msg(docs_open(&conf, &d, &err) == RC_OK, "%s", err.text);
	eval_await(d);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		auto_str what = xasprintf("%s, %s", files[i],
		    vectors ? "words and vectors" : "words alone");

		eval_ask(d, files[i], halves[i]);
		eval_print(what, halves[i]);
	}
	docs_close(d);
}

static void
no_worse(const struct eval_tally *fused, const struct eval_tally *words)
{
	ck_assert_int_ge(fused->first, words->first);
	ck_assert_int_ge(fused->within, words->within);
	ck_assert_double_ge(fused->reciprocal, words->reciprocal - 1e-9);
	ck_assert_int_le(fused->quoted, words->quoted);
}

START_TEST(vectors_do_no_harm_and_are_good_across_languages)
{
	struct fixture f;
	struct eval_half words[ARRAY_LEN(files)][2] = {0};
	struct eval_half fused[ARRAY_LEN(files)][2] = {0};
	size_t i;
	int half;

	if (getenv("EVAL_EMBEDDINGS_URL") == NULL)
		return;
	f = (struct fixture){.dir = scratch_new(),
	    .url = xstrdup(getenv("EVAL_EMBEDDINGS_URL"))};
	open_folder(&f);
	eval_corpus(f.docs);
	measure(&f, false, words);
	measure(&f, true, fused);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		for (half = 0; half < 2; half++) {
			struct eval_tally a = eval_sum(&fused[i][half]);
			struct eval_tally b = eval_sum(&words[i][half]);

			no_worse(&a, &b);
			ck_assert_int_le(fused[i][half].of[EVAL_NONE].quoted,
			    words[i][half].of[EVAL_NONE].quoted);
		}
		ck_assert_double_gt(fused[i][1].of[EVAL_CROSS].reciprocal,
		    words[i][1].of[EVAL_CROSS].reciprocal);
	}
	end(&f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_real_model_gives_every_passage_its_vector, 0},
	    {vectors_do_no_harm_and_are_good_across_languages, 0},
	};

	return RUN_TESTS("e5", tests);
}
