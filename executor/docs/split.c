/*
 * split.c - what is a document, and its passages.
 */
#include "executor/docs/split_in.h"

#include "common/base/utf8.h"

#include <stdlib.h>
#include <strings.h>

enum split_kind
split_kind_of(struct span name)
{
	static const struct {
		const char *end;
		enum split_kind kind;
	} ends[] = {{".md", SPLIT_MARKDOWN}, {".markdown", SPLIT_MARKDOWN},
	    {".rst", SPLIT_RST}, {".txt", SPLIT_TEXT}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i].end);

		if (name.n > n &&
		    strncasecmp(name.p + name.n - n, ends[i].end, n) == 0)
			return ends[i].kind;
	}
	return SPLIT_NONE;
}

static enum rc
check(struct span text, struct err *err)
{
	struct utf8 u = {0};
	size_t i = 0;

	if (text.n > SPLIT_BYTES_MAX)
		return err_set(err, RC_TOOBIG,
		    "has more than %d KiB; split it into several documents",
		    SPLIT_BYTES_MAX >> 10);
	while (i < text.n && text.p[i] != '\0' &&
	       utf8_step(&u, (uint8_t)text.p[i]))
		i++;
	if (i < text.n || u.need != 0)
		return err_set(err, RC_INVALID,
		    "is no UTF-8 text (byte %zu); convert it, or leave it out",
		    i);
	if (span_trim(text).n == 0)
		return err_set(err, RC_INVALID, "is empty");
	return RC_OK;
}

enum rc
split(enum split_kind kind, struct span text, struct passages *ret,
    struct err *err)
{
	static const char bom[] = "\xEF\xBB\xBF";
	struct passages out = {0};
	struct splitting s = {.text = text, .out = &out};
	enum rc rc = check(text, err);
	int i;

	if (rc != RC_OK)
		return rc;
	if (text.n >= 3 && memcmp(text.p, bom, 3) == 0)
		s.text = span_from(text, 3);
	s.at = s.text.p;
	if (kind == SPLIT_MARKDOWN)
		rc = split_markdown(&s, err);
	else if (kind == SPLIT_RST)
		split_rst(&s);
	else
		split_text(&s);
	split_flush(&s, s.text.p + s.text.n);
	for (i = 0; i < SPLIT_LEVELS; i++)
		free(s.path[i]);
	if (rc == RC_OK && s.full)
		rc = err_set(err, RC_TOOBIG,
		    "has more than %d passages; split it into several "
		    "documents",
		    SPLIT_PASSAGES_MAX);
	if (rc == RC_OK && out.n == 0)
		rc = err_set(err, RC_INVALID, "is empty");
	if (rc != RC_OK) {
		passages_done(&out);
		return rc;
	}
	if (out.title == NULL)
		out.title = xstrdup("");
	*ret = out;
	return RC_OK;
}

void
passages_done(struct passages *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		free(p->list[i].path);
	free(p->list);
	free(p->title);
	*p = (struct passages){0};
}
