/* llm_words.c - the words of the prompts. */
#include "planner/llm/llm_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"
#include "planner/llm/prompts.h"

static const struct {
	const char *file, *built_in;
	const char *needs[3]; /* that must be put in */
} files[LLM_WORDS_COUNT] = {
    [LLM_WORDS_SYSTEM] = {"system.txt", PROMPT_SYSTEM, {"{{tools}}"}},
    [LLM_WORDS_TASK] = {"task.txt", PROMPT_TASK, {"{{input}}", "{{at}}"}},
    [LLM_WORDS_FOLLOWS] = {"follows.txt", PROMPT_FOLLOWS, {"{{before}}"}},
    [LLM_WORDS_RULES] = {"rules.txt", PROMPT_RULES, {"{{conclusion}}"}},
    [LLM_WORDS_REPAIR] = {"repair.txt", PROMPT_REPAIR, {"{{error}}"}},
    [LLM_WORDS_ACT] = {"act.txt", PROMPT_ACT, {NULL}},
    [LLM_WORDS_LAST] = {"last.txt", PROMPT_LAST, {NULL}},
};

static enum rc
read_words(FILE *f, char **ret, struct err *err)
{
	auto_buf text = {.max = LLM_WORDS_MAX};
	char piece[4096];
	enum rc rc;
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && !text.full)
		buf_add(&text, piece, n);
	rc = ferror(f) != 0
		 ? err_set(err, RC_IO, "cannot be read: %s", strerror(errno))
		 : buf_check(&text, "it", err);
	if (rc == RC_OK && !utf8_ok(buf_span(&text)))
		rc = err_set(err, RC_INVALID, "is not UTF-8");
	if (rc == RC_OK && text.len == 0)
		rc = err_set(err, RC_INVALID, "is empty");
	if (rc == RC_OK)
		*ret = buf_take(&text);
	return rc;
}

static enum rc
load_one(const char *dir, int i, char **ret, struct err *err)
{
	auto_str path = xasprintf("%s/%s", dir, files[i].file);
	FILE *f = fopen(path, "re");
	enum rc rc = RC_OK;
	size_t k;

	if (f == NULL)
		rc = err_set(err, RC_IO,
		    "cannot be read: %s; the folder needs all of the planner's "
		    "prompts",
		    strerror(errno));
	else
		rc = read_words(f, ret, err);
	if (f != NULL)
		fclose(f);
	for (k = 0; rc == RC_OK && k < ARRAY_LEN(files[i].needs); k++)
		if (files[i].needs[k] != NULL &&
		    strstr(*ret, files[i].needs[k]) == NULL)
			rc = err_set(err, RC_INVALID,
			    "nowhere says %s, which is put in there",
			    files[i].needs[k]);
	return rc == RC_OK ? rc : err_prefix(err, rc, "--prompts: %s", path);
}

enum rc
llm_words_load(const char *dir, struct llm_words *ret, struct err *err)
{
	struct llm_words w = {{NULL}};
	enum rc rc = RC_OK;
	int i;

	for (i = 0; i < LLM_WORDS_COUNT && rc == RC_OK; i++) {
		if (dir == NULL)
			w.at[i] = xstrdup(files[i].built_in);
		else
			rc = load_one(dir, i, &w.at[i], err);
	}
	if (rc == RC_OK)
		*ret = w;
	else
		llm_words_done(&w);
	return rc;
}

void
llm_words_done(struct llm_words *w)
{
	int i;

	for (i = 0; i < LLM_WORDS_COUNT; i++) {
		free(w->at[i]);
		w->at[i] = NULL;
	}
}

static const char *
text_of(const struct llm_put *in, struct span name)
{
	for (; in != NULL && in->name != NULL; in++)
		if (span_is(name, in->name))
			return in->text;
	return "";
}

void
llm_words_put(struct buf *b, const char *words, const struct llm_put *in)
{
	const char *open, *close;

	while ((open = strstr(words, "{{")) != NULL &&
	       (close = strstr(open, "}}")) != NULL) {
		buf_add(b, words, (size_t)(open - words));
		buf_adds(b, text_of(in, span_make(open + 2,
					    (size_t)(close - open - 2))));
		words = close + 2;
	}
	buf_adds(b, words);
}
