/*
 * docs_eval.c - how well questions find their document.
 */
#include "tests/harness/docs_eval.h"

#include "common/base/buf.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { RANKS = 3, KINDS = EVAL_KINDS };

static const char *const kinds[KINDS] = {"same", "cross", "none"};

/* ---- the corpus ---- */

static void
copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	auto_str from = xasprintf("%s/%s", from_dir, name);
	auto_str to = xasprintf("%s/%s", to_dir, name);
	auto_str text = file_read(from);

	ck_assert_msg(text[0] != '\0', "%s is missing", from);
	file_write(to, text);
}

/* The next line of *at that is no comment, terminated; NULL: none is left. */
static char *
next_line(char **at)
{
	char *line;

	do
		line = strsep(at, "\n");
	while (line != NULL && (line[0] == '#' || line[0] == '\0'));
	return line;
}

int
eval_distractors(const char *dir)
{
	auto_str others = xasprintf(
	    "%s/tests/eval/docs/distractors", getenv("CULPRIT_SOURCE"));
	struct dirent *e;
	DIR *d = opendir(others);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			copy_file(others, dir, e->d_name);
			n++;
		}
	closedir(d);
	return n;
}

int
eval_corpus(const char *dir)
{
	const char *source = getenv("CULPRIT_SOURCE");
	auto_str list = xasprintf("%s/tests/eval/docs/corpus.txt", source);
	auto_str runbooks = xasprintf("%s/executor/docs/runbooks", source);
	auto_str text = file_read(list);
	char *at = text, *name;
	int n = eval_distractors(dir);

	for (; (name = next_line(&at)) != NULL; n++)
		copy_file(runbooks, dir, name);
	return n;
}

/* ---- the questions ---- */

/* At which place the document is among those found; 0: it is not. A document
 * counts once, with its best passage. */
static int
rank_of(const struct docs_found *f, const char *document)
{
	int rank = 0;
	size_t i, k;

	for (i = 0; i < f->n; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(f->list[k].source, f->list[i].source) == 0)
				break;
		if (k < i)
			continue;
		rank++;
		if (strcmp(f->list[i].source, document) == 0)
			return rank;
	}
	return 0;
}

static void
ask(struct docs *d, char *line, struct eval_half halves[2])
{
	const char *half = strsep(&line, "\t"), *kind = strsep(&line, "\t");
	const char *language = strsep(&line, "\t");
	const char *document = strsep(&line, "\t");
	struct docs_query q = {.text = span_of(line), .limit = DOCS_FOUND_MAX};
	struct docs_found f = {.n = 0};
	struct err err = {0};
	struct eval_tally *t;
	int k = 0, rank;

	ck_assert_ptr_nonnull(document);
	ck_assert_msg(
	    docs_find(d, &q, NULL, &f, &err) == RC_OK, "%s", err.text);
	while (k < KINDS - 1 && strcmp(kind, kinds[k]) != 0)
		k++;
	t = &halves[half[0] == 'H'].of[k];
	t->asked++;
	rank = rank_of(&f, document);
	t->first += rank == 1;
	t->within += rank >= 1 && rank <= RANKS;
	t->reciprocal += rank > 0 ? 1.0 / rank : 0;
	/* A wrong quotation: of an unanswerable one any, else of another. */
	t->quoted += f.fitting > 0 && rank != 1;
	if (getenv("EVAL_SHOW") != NULL)
		printf("%s %-5s %s %2d %s %.3f %.2f %-28s %s\n", half, kind,
		    language, rank, f.fitting > 0 ? "quoted" : "-     ",
		    f.n > 0 ? f.list[0].score : 0,
		    f.n > 0 ? f.list[0].nearness : 0,
		    f.n > 0 ? f.list[0].id : "", line);
	docs_found_done(&f);
}

struct eval_tally
eval_sum(const struct eval_half *h)
{
	struct eval_tally s = h->of[0];

	s.asked += h->of[1].asked;
	s.first += h->of[1].first;
	s.within += h->of[1].within;
	s.quoted += h->of[1].quoted;
	s.reciprocal += h->of[1].reciprocal;
	return s;
}

static void
print(const char *half, const char *kind, const struct eval_tally *t)
{
	double n = t->asked;

	printf("%-9s %-12s %3d  hit@1 %.2f  hit@3 %.2f  MRR %.2f  wrong quotes "
	       "%.2f\n",
	    half, kind, t->asked, t->first / n, t->within / n,
	    t->reciprocal / n, t->quoted / n);
}

static void
print_half(const char *name, const struct eval_half *h)
{
	struct eval_tally answerable = eval_sum(h);

	print(name, "answerable", &answerable);
	print(name, "one language", &h->of[0]);
	print(name, "across", &h->of[1]);
	printf("%-9s %-12s %3d  wrong quotes %.2f\n", name, "no answer",
	    h->of[2].asked, h->of[2].quoted / (double)h->of[2].asked);
}

void
eval_print(const char *what, const struct eval_half halves[2])
{
	printf("%s\n", what);
	print_half("tuned on", &halves[0]);
	print_half("held back", &halves[1]);
	fflush(stdout);
}

void
eval_ask(struct docs *d, const char *name, struct eval_half halves[2])
{
	auto_str path =
	    xasprintf("%s/tests/eval/docs/%s", getenv("CULPRIT_SOURCE"), name);
	auto_str text = file_read(path);
	char *at = text, *line;

	while ((line = next_line(&at)) != NULL)
		ask(d, line, halves);
}

/* Has every passage its vector, where it is to have one? */
static bool
is_complete(void *arg)
{
	struct docs_query q = {.text = span_of("disk"), .limit = 1};
	struct docs_found f = {.n = 0};
	struct err err = {0};
	bool complete;

	ck_assert_msg(
	    docs_find(arg, &q, NULL, &f, &err) == RC_OK, "%s", err.text);
	complete = f.note == NULL;
	docs_found_done(&f);
	return complete;
}

void
eval_await(struct docs *d)
{
	ck_assert(await(is_complete, d, NEVER_MS));
}
