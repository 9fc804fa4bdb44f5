/*
 * question.c - which alerts a question names.
 *
 * The question is cut into words once and sorted, so that each alert costs
 * some searches in them, however many there are.
 */
#include "planner/rules/question.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"

enum { WORD_MIN = 2, WORDS_MAX = 2000, VALUE_MAX = 256 };
enum { POINTS_ALERT = 8, POINTS_THING = 4, POINTS_NAMESPACE = 1 };

struct question {
	char *text; /* lower case */
	struct span *words;
	size_t n;
};

static int
by_text(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* Of letters, digits and these; the rest, all that is not ASCII too, ends a
 * word. */
static void
cut(struct question *q, const char *beside)
{
	const char *p = q->text;

	while (*p != '\0' && q->n < WORDS_MAX) {
		const char *start = p;
		struct span word;

		while (isalnum((unsigned char)*p) ||
		       (*p != '\0' && strchr(beside, *p) != NULL))
			p++;
		word = span_trim_set(
		    span_make(start, (size_t)(p - start)), ".:/-_");
		if (word.n >= WORD_MIN)
			q->words[q->n++] = word;
		if (*p != '\0')
			p++;
	}
}

struct question *
question_new(const char *text)
{
	struct question *q = xcalloc(1, sizeof(*q));
	char *p;

	q->text = xstrdup(text);
	for (p = q->text; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	q->words = xcalloc(WORDS_MAX, sizeof(*q->words));
	cut(q, "-_");
	cut(q, "-_.:/"); /* db-1:9100, /var/lib */
	qsort(q->words, q->n, sizeof(*q->words), by_text);
	return q;
}

void
question_free(struct question *q)
{
	if (q == NULL)
		return;
	free(q->text);
	free(q->words);
	free(q);
}

bool
question_has(const struct question *q, struct span value)
{
	char lower[VALUE_MAX];
	struct span word;
	size_t i;

	value = span_trim_set(value, ".:/-_");
	if (value.n < WORD_MIN || value.n >= sizeof(lower))
		return false;
	for (i = 0; i < value.n; i++)
		lower[i] = (char)tolower((unsigned char)value.p[i]);
	word = span_make(lower, value.n);
	return bsearch(&word, q->words, q->n, sizeof(word), by_text) != NULL;
}

int
question_names(const struct question *q, const char *alert,
    const struct identity *identity)
{
	int points = q->n > 0 && question_has(q, span_of(alert)) ? POINTS_ALERT : 0, i;

	for (i = 0; q->n > 0 && i < identity->n_labels; i++) {
		const struct identity_label *l = &identity->label[i];

		if (!question_has(q, l->name) && !question_has(q, span_of(l->value)))
			continue;
		points += strstr(l->key, "namespace") != NULL ? POINTS_NAMESPACE
							      : POINTS_THING;
	}
	return points;
}

const struct span *
question_word(const struct question *q, size_t i)
{
	return i < q->n ? &q->words[i] : NULL;
}
