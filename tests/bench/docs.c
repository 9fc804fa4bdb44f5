/*
 * docs.c - how long reading documents takes, and finding a passage, by its
 * words and by its words and vectors of 384 numbers (made of chance: those of
 * a model take as long).
 *
 *   bench_docs [DOCUMENTS [QUESTIONS]]
 *
 * Makes documents of ten sections of made-up words, by Zipf's law, in a
 * folder of /tmp; reads them into an index; then asks. Each figure that is
 * promised (of a thousand documents, on a machine that does nothing else) says
 * whether it holds; one that does not makes the exit status 1.
 */
#include "common/base/buf.h"
#include "common/base/clk.h"
#include "executor/docs/find.h"
#include "executor/docs/starter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	SECTIONS = 10,
	WORDS = 120,
	VOCABULARY = 20000,
	HAN = 3000,
	DIMENSIONS = 384,
	PIECE = 1000,
};

/* What is promised: reading all of them, and the slowest of 100 questions. */
static const double read_s = 5, p99_ms = 5;
static int broken; /* promises */

static uint64_t seed = 88172645463325252ULL;

static double
chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (double)(seed >> 11) / 9007199254740992.0;
}

/* Low ranks often. */
static int
rank_below(int n)
{
	return (int)pow((double)n, chance()) - 1;
}

static void
put_word(struct buf *b)
{
	static const char *const parts[] = {"ba", "co", "di", "fu", "ge", "ha",
	    "lo", "mi", "ne", "po", "ra", "si", "tu", "ve", "wa", "zo"};
	int r;

	if (chance() < 0.3) {
		r = 0x4E00 + rank_below(HAN);
		buf_addf(b, "%c%c%c", 0xE0 | r >> 12, 0x80 | (r >> 6 & 63),
		    0x80 | (r & 63));
		return;
	}
	r = rank_below(VOCABULARY) + 16;
	for (; r > 0; r /= 16)
		buf_adds(b, parts[r % 16]);
	buf_addc(b, ' ');
}

static void
put_document(const char *dir, int number)
{
	auto_str path = xasprintf("%s/doc%d.md", dir, number);
	auto_buf b = {.max = 1 << 20};
	FILE *f = fopen(path, "w");
	int i, k;

	for (i = 0; i < SECTIONS; i++) {
		buf_adds(&b, i == 0 ? "# " : "\n## ");
		put_word(&b);
		put_word(&b);
		buf_adds(&b, "\n\n");
		for (k = 0; k < WORDS; k++)
			put_word(&b);
		buf_addc(&b, '\n');
	}
	fputs(buf_str(&b), f);
	fclose(f);
}

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of this thread, which does the work: other programs take none of it. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
must(enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s\n", err->text);
	exit(1);
}

static void
put_question(struct buf *b)
{
	int i;

	for (i = 0; i < 12; i++)
		put_word(b);
}

static int64_t
ask(struct docs *d, int64_t *ret_cpu)
{
	auto_buf text = {.max = 4000};
	struct docs_found f = {.n = 0};
	struct err err = {0};
	int64_t begin, cpu = cpu_us();

	put_question(&text);
	begin = clk_mono_us();
	must(docs_find(d,
		 &(struct docs_query){.text = buf_span(&text), .limit = 3},
		 NULL, &f, &err),
	    &err);
	begin = clk_mono_us() - begin;
	*ret_cpu = cpu_us() - cpu;
	docs_found_done(&f);
	return begin;
}

static const char *
holds(double got, double most)
{
	broken += got > most;
	return got > most ? "more than is promised" : "as promised";
}

/* By the clock, which is what is promised, and of the processor. */
static void
print(const char *what, int64_t *took, int64_t *cpu, int n)
{
	double p99;

	qsort(took, (size_t)n, sizeof(*took), by_value);
	qsort(cpu, (size_t)n, sizeof(*cpu), by_value);
	p99 = (double)took[n * 99 / 100] / 1000;
	printf("%d questions, %s: median %.2f ms, p99 %.2f ms (%s), most "
	       "%.2f ms; of the processor %.2f, %.2f, %.2f ms\n",
	    n, what, (double)took[n / 2] / 1000, p99, holds(p99, p99_ms),
	    (double)took[n - 1] / 1000, (double)cpu[n / 2] / 1000,
	    (double)cpu[n * 99 / 100] / 1000, (double)cpu[n - 1] / 1000);
}

/* ---- vectors ---- */

static void
make_vector(float *v)
{
	int i;

	for (i = 0; i < DIMENSIONS; i++)
		v[i] = (float)(chance() - 0.5);
}

/* What the embedder does once it has them. */
static void
put_vectors(struct base *b)
{
	static struct vectors_lack list[PIECE];
	float v[DIMENSIONS];
	struct err err;
	int64_t behind = 0;
	size_t n, i;

	must(base_exec(b, "BEGIN IMMEDIATE", &err), &err);
	must(vectors_begin(b, "chance", DIMENSIONS, &err), &err);
	do {
		must(vectors_lacking(b, behind, list, PIECE, &n, &err), &err);
		for (i = 0; i < n; i++) {
			make_vector(v);
			must(vectors_put(
				 b, span_of(list[i].hash), v, DIMENSIONS, &err),
			    &err);
			behind = list[i].id;
		}
		vectors_lack_done(list, n);
	} while (n > 0);
	must(base_exec(b, "COMMIT", &err), &err);
}

struct bench {
	struct base base;
	struct words *words;
	struct vectors vectors;
};

static int64_t
ask_both(struct bench *x, bool alone, int64_t *ret_cpu)
{
	auto_buf text = {.max = 4000};
	float v[DIMENSIONS];
	struct embed_vectors question = {v, 1, DIMENSIONS};
	struct find_by by = {
	    .question = &question, .version = "chance", .vectors = &x->vectors};
	struct docs_found f = {.n = 0};
	struct vectors_hit hits[64];
	struct err err = {0};
	int64_t begin, cpu = cpu_us();

	put_question(&text);
	make_vector(v);
	begin = clk_mono_us();
	if (alone)
		vectors_find(&x->vectors, v, false, hits, ARRAY_LEN(hits));
	else
		must(find(&x->base, x->words,
			 &(struct docs_query){
			     .text = buf_span(&text), .limit = 3},
			 &by, &f, &err),
		    &err);
	begin = clk_mono_us() - begin;
	*ret_cpu = cpu_us() - cpu;
	docs_found_done(&f);
	return begin;
}

static void
bench_vectors(const char *path, int64_t *took, int64_t *cpu, int questions)
{
	struct bench x = {.words = NULL};
	struct err err;
	int i, alone;

	must(base_open(&x.base, path, false, &err), &err);
	put_vectors(&x.base);
	must(words_new(starter_vocabulary, span_of(""), &x.words, &err), &err);
	ask_both(&x, false, &cpu[0]);
	printf("%zu vectors of %d numbers\n", x.vectors.n, DIMENSIONS);
	for (alone = 1; alone >= 0; alone--) {
		for (i = 0; i < questions; i++)
			took[i] = ask_both(&x, alone, &cpu[i]);
		print(alone ? "the vectors alone" : "words and vectors", took,
		    cpu, questions);
	}
	base_close(&x.base);
	words_free(x.words);
	vectors_done(&x.vectors);
}

static void
remove_all(const char *root)
{
	auto_str command = xasprintf("rm -rf '%s'", root);

	if (system(command) != 0)
		fprintf(stderr, "%s stays\n", root);
}

int
main(int argc, char **argv)
{
	int documents = argc > 1 ? atoi(argv[1]) : 1000;
	int questions = argc > 2 ? atoi(argv[2]) : 2000;
	char root[] = "/tmp/culprit-bench-docs-XXXXXX";
	auto_str dir = NULL;
	auto_str path = NULL;
	struct docs_conf conf = {.starter = false};
	int64_t *took = xcalloc((size_t)questions, sizeof(*took)), begin;
	int64_t *cpu = xcalloc((size_t)questions, sizeof(*cpu));
	struct docs *d;
	struct err err;
	double took_s;
	int i;

	if (mkdtemp(root) == NULL)
		return 1;
	dir = xasprintf("%s/docs", root);
	path = xasprintf("%s/docs.db", root);
	mkdir(dir, 0700);
	for (i = 0; i < documents; i++)
		put_document(dir, i);
	conf.dir = dir;
	conf.path = path;
	begin = clk_mono_ms();
	if (docs_open(&conf, &d, &err) != RC_OK)
		return 1;
	ask(d, &cpu[0]);
	took_s = (double)(clk_mono_ms() - begin) / 1000;
	printf("%d documents of %d passages read in %.2f s (%s)\n", documents,
	    SECTIONS, took_s, holds(took_s, read_s));
	for (i = 0; i < questions; i++)
		took[i] = ask(d, &cpu[i]);
	print("words", took, cpu, questions);
	docs_close(d);
	bench_vectors(path, took, cpu, questions);
	remove_all(root);
	free(took);
	free(cpu);
	return broken > 0;
}
