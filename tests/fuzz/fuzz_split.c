/*
 * fuzz_split.c - a document is refused in words, or becomes passages of its
 * own lines, in their order and none twice, each of which becomes words.
 *
 * The first byte chooses the kind of document.
 */
#include "common/base/utf8.h"
#include "executor/docs/split.h"
#include "executor/docs/words.h"

#include <assert.h>
#include <stdlib.h>

static struct words *
vocabulary(void)
{
	static struct words *w;

	if (w == NULL && words_new(span_of("disk, 磁盘, no space left\n"
					   "stop: the, 的\n"),
			     span_of(""), &w, NULL) != RC_OK)
		abort();
	return w;
}

static void
word_is_good(void *ctx, enum words_kind kind, struct span word)
{
	size_t *n = ctx;

	assert(kind <= WORDS_WHOLE && word.n > 0 && utf8_ok(word));
	/* FTS5 is given them between quotes, and blanks between them. */
	assert(memchr(word.p, '"', word.n) == NULL);
	assert(memchr(word.p, ' ', word.n) == NULL);
	(*n)++;
}

static void
passages_are_good(const struct passages *p, struct span text)
{
	const char *behind = text.p;
	size_t i, words = 0;
	int line = 1;

	assert(p->n > 0 && p->n <= SPLIT_PASSAGES_MAX);
	assert(utf8_ok(span_of(p->title)));
	for (i = 0; i < p->n; i++) {
		const struct passage *one = &p->list[i];

		assert(one->text.n > 0 && one->text.p >= behind);
		behind = one->text.p + one->text.n;
		assert(behind <= text.p + text.n);
		assert(one->line_from >= line);
		line = one->line_to;
		assert(line >= one->line_from && utf8_ok(span_of(one->path)));
		words_each(vocabulary(), one->text, word_is_good, &words);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum split_kind kinds[] = {
	    SPLIT_MARKDOWN, SPLIT_RST, SPLIT_TEXT};
	struct passages p = {.n = 0};
	struct err err = {0};
	struct span text;

	if (size == 0)
		return 0;
	text = span_make(data + 1, size - 1);
	if (split(kinds[data[0] % 3], text, &p, &err) != RC_OK) {
		assert(err.text[0] != '\0' && utf8_ok(span_of(err.text)));
		assert(p.n == 0);
		return 0;
	}
	passages_are_good(&p, text);
	passages_done(&p);
	return 0;
}
