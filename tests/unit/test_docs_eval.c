/*
 * test_docs_eval.c - do questions find their runbook by their words?
 *
 * Half of the questions is there to tune words and weights on; what is
 * promised is promised of the other half. Both are printed. Vectors beside
 * the words: test_e5.c.
 */
#include "tests/harness/docs_eval.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <sys/stat.h>

START_TEST(questions_find_their_documents)
{
	char *root = scratch_new();
	auto_str dir = xasprintf("%s/docs", root);
	auto_str path = xasprintf("%s/docs.db", root);
	struct docs_conf conf = {.path = path, .dir = dir};
	struct eval_half halves[2] = {0}, others[2] = {0};
	struct eval_tally held;
	struct docs *d = NULL;
	struct err err = {0};

	mkdir(dir, 0700);
	ck_assert_int_ge(eval_corpus(dir), 30);
	ck_assert(docs_open(&conf, &d, &err) == RC_OK);
	eval_ask(d, "questions.tsv", halves);
	eval_ask(d, "paraphrases.tsv", others);
	docs_close(d);
	scratch_free(root);
	eval_print("questions", halves);
	eval_print("paraphrases", others);
	held = eval_sum(&halves[1]);
	ck_assert_int_ge(halves[0].of[EVAL_NONE].asked +
			     halves[1].of[EVAL_NONE].asked,
	    16);
	ck_assert_int_ge(held.asked + eval_sum(&halves[0]).asked, 64);
	ck_assert_double_ge(held.first, 0.85 * held.asked);
	ck_assert_double_ge(held.within, 0.97 * held.asked);
	ck_assert_double_le(halves[1].of[EVAL_NONE].quoted,
	    0.10 * halves[1].of[EVAL_NONE].asked);
	/* Words that no document has are the vectors' to find. */
	ck_assert_double_le(others[1].of[EVAL_NONE].quoted,
	    0.10 * others[1].of[EVAL_NONE].asked);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {questions_find_their_documents, 0},
	};

	return RUN_TESTS("docs_eval", tests);
}
