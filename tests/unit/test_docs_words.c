/* test_docs_words.c - the words a text is found by. */
#include "executor/docs/starter.h"
#include "executor/docs/words.h"
#include "tests/harness/texts.h"

static struct words *
words_of(const char *vocabulary, const char *more)
{
	struct words *w = NULL;
	struct err err = {0};

	ck_assert_msg(
	    words_new(span_of(vocabulary), span_of(more), &w, &err) == RC_OK,
	    "%s", err.text);
	return w;
}

#define MEM WORDS_SENSE "memori"

static const struct {
	const char *text, *words;
} cases[] = {
    {"", ""},
    {" \n-- !", ""},
    {"Disks are running", "disk are run "},
    /* Identifiers are found whole and by their parts. */
    {"KubePodCrashLooping", "kubepodcrashloop kube pod crash loop "},
    {"node_load1", "nodeload1 node load1 "},
    {"CPUThrottlingHigh", "cputhrottlhigh cpu throttl high "},
    {"CPUs p99 5xx", "cpus p99 5xx "},
    /* Full width, ligatures, capitals beyond ASCII. */
    {"\xEF\xBC\xA3\xEF\xBC\xB0\xEF\xBC\xB5", "cpu "},
    {"\xC3\x89T\xC3\x89", "\xC3\xA9t\xC3\xA9 "},
    /* No spaces: pairs, and alone what has no neighbour. */
    {"磁盘空间", "磁盘 盘空 空间 "},
    {"卡 slow 卡", "卡 slow 卡 "},
    {"ディスク", "ディ ィス スク "},
    {"ดิสก์", "ดิ ิส สก ก์ "},
    /* What means the same, the longest first; stops part their sides. */
    {"内存", MEM " 内存 "},
    {"Memory OOMs", MEM " " MEM " memori oom "},
    {"out of memory", MEM " out of memori "},
    {"the 空间的大小", "空间 大小 "},
};

START_TEST(a_text_becomes_these_words)
{
	AUTO(words)
	w = words_of("# comment\nmemory, 内存, out of memory # and"
		     "\n\nstop: the, 的\n",
	    "内存, OOM");
	auto_buf b = {.max = 4096};

	words_put(w, span_of(cases[_i].text), &b);
	ck_assert_str_eq(buf_str(&b), cases[_i].words);
}
END_TEST

static void
note(void *ctx, enum words_kind kind, struct span word)
{
	static const char *const names[] = {"", "=", "in:", "across:", "all:"};

	buf_addf(ctx, "%s%.*s ", names[kind], SPAN_ARG(word));
}

START_TEST(words_tell_what_they_are)
{
	AUTO(words) w = words_of("disk, 磁盘", "");
	auto_buf b = {.max = 4096};

	words_each(w, span_of("磁盘满了 DiskUsage"), note, &b);
	ck_assert_str_eq(buf_str(&b),
	    "=" WORDS_SENSE "disk =" WORDS_SENSE "disk in:磁盘 across:盘满 "
	    "满了 all:diskusag in:disk usag ");
}
END_TEST

static const struct {
	const char *more, *says;
} wrong[] = {
    {"a, b\nc, ,d", "line 2: \"\" has 0 words"},
    {"one two three four five six seven eight nine", "1 to 8 are possible"},
    {"\xFF", "is not UTF-8"},
};

START_TEST(a_wrong_vocabulary_is_refused_by_its_line)
{
	struct words *w = NULL;
	struct err err = {0};

	ck_assert(
	    words_new(span_of(""), span_of(wrong[_i].more), &w, &err) != RC_OK);
	assert_contains(err.text, wrong[_i].says);
}
END_TEST

START_TEST(the_version_tells_vocabularies_apart)
{
	AUTO(words) a = words_of("x, y", "");
	AUTO(words) b = words_of("x, y", "");
	AUTO(words) c = words_of("x, y", "x, z");

	ck_assert_str_eq(words_version(a), words_version(b));
	ck_assert_str_ne(words_version(a), words_version(c));
}
END_TEST

/* The vocabulary that comes with the program can be read, and joins both
 * languages. */
START_TEST(our_own_vocabulary_joins_languages)
{
	struct words *w = NULL;
	struct err err = {0};
	auto_buf zh = {.max = 4096}, en = {.max = 4096};

	ck_assert_msg(
	    words_new(starter_vocabulary, span_of(""), &w, &err) == RC_OK, "%s",
	    err.text);
	words_put(w, span_of("内存溢出"), &zh);
	words_put(w, span_of("OOMKilled"), &en);
	ck_assert(zh.len > 0 && strncmp(zh.data, WORDS_SENSE, 3) == 0);
	zh.data[strcspn(zh.data, " ")] = '\0';
	assert_contains(buf_str(&en), buf_str(&zh));
	words_free(w);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_text_becomes_these_words, ARRAY_LEN(cases)},
	    {words_tell_what_they_are, 0},
	    {a_wrong_vocabulary_is_refused_by_its_line, ARRAY_LEN(wrong)},
	    {the_version_tells_vocabularies_apart, 0},
	    {our_own_vocabulary_joins_languages, 0},
	};

	return RUN_TESTS("docs_words", tests);
}
