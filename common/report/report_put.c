/* report_put.c - claims, citations and moments of a report, as its sections
 * write them. */
#include "common/report/report_in.h"

#include <string.h>

#include "common/json/tree.h"
#include "common/report/md.h"
#include "common/report/report_alerts.h"

enum { LINE_SAID = 150 /* characters; longer texts are parted */ };

void
report_put_ids(struct buf *b, const cJSON *ids)
{
	const cJSON *id;

	cJSON_ArrayForEach (id, ids)
		if (cJSON_IsString(id))
			report_put_id(b, id->valuestring);
}

void
report_put_mark(const struct report *r, const cJSON *claim)
{
	if (cJSON_IsTrue(tree_at(claim, REPORT_UNVERIFIED)))
		buf_adds(r->b, report_unverified_mark(r->lang));
}

/* Whether a sentence begins here: a line, an item, or behind its label. */
static bool
is_begin(const struct buf *b)
{
	size_t n = b->len;

	while (n > 0 && strchr(" *", b->data[n - 1]) != NULL)
		n--;
	return n == 0 || strchr("\n-.:", b->data[n - 1]) != NULL;
}

/* What is longer than letters may be a name, and stays as it is. */
static bool
is_small_word(struct span text)
{
	size_t i = 0;

	while (i < text.n && text.p[i] >= 'a' && text.p[i] <= 'z')
		i++;
	return (i == text.n && i > 1) ||
	       (i > 0 && i < text.n && strchr(" ,;", text.p[i]) != NULL);
}

struct span
report_begin(const struct report *r, struct span text)
{
	if (!is_small_word(text) || !is_begin(r->b))
		return text;
	buf_addc(r->b, (char)(text.p[0] - 'a' + 'A'));
	/* With the blank behind a word of one letter, which would be lost. */
	if (text.n > 1 && text.p[1] == ' ')
		buf_addc(r->b, ' ');
	return span_from(text, 1);
}

static void
put_sentence(const struct report *r, struct span text)
{
	md_put_sentence(r->b, report_begin(r, text));
}

void
report_put_claim(const struct report *r, const cJSON *claim)
{
	put_sentence(r, tree_span(claim, "text"));
	report_put_ids(r->b, tree_at(claim, "evidence"));
	report_put_mark(r, claim);
}

/* ---- long ones ---- */

static size_t
characters(struct span s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* Up to the first semicolon outside of what is quoted; all of it where there
 * is none. *ret_skip: how long that is. */
static struct span
part_of(struct span s, size_t *ret_skip)
{
	static const char *const ends[] = {"；", "; "};
	bool code = false;
	size_t i, k;

	for (i = 0; i < s.n; i++) {
		code ^= s.p[i] == '`';
		for (k = 0; k < ARRAY_LEN(ends) && !code; k++) {
			*ret_skip = strlen(ends[k]);
			if (s.n - i > *ret_skip &&
			    memcmp(s.p + i, ends[k], *ret_skip) == 0)
				return span_make(s.p, i);
		}
	}
	*ret_skip = 0;
	return s;
}

/* A text that is too long for a line is told in its parts, those behind the
 * first below it, after indent. */
void
report_put_parts(const struct report *r, struct span text, const char *indent)
{
	bool whole = characters(text) <= LINE_SAID;
	size_t skip = 0;

	while (!whole && text.n > 0) {
		struct span part = part_of(text, &skip);

		put_sentence(r, part);
		text = span_from(text, part.n + skip);
		if (text.n > 0)
			buf_addf(r->b, "\n%s", indent);
	}
	if (whole)
		put_sentence(r, text);
}

void
report_put_claim_below(
    const struct report *r, const cJSON *claim, const char *indent)
{
	report_put_parts(r, tree_span(claim, "text"), indent);
	report_put_ids(r->b, tree_at(claim, "evidence"));
	report_put_mark(r, claim);
}

void
report_put_claim_first(const struct report *r, const cJSON *claim)
{
	size_t skip;

	put_sentence(r, part_of(tree_span(claim, "text"), &skip));
	report_put_ids(r->b, tree_at(claim, "evidence"));
	report_put_mark(r, claim);
}

void
report_put_run(const struct report *r, const cJSON *action, const char *indent)
{
	if (!tree_has(action, "run"))
		return;
	buf_adds(r->b, indent);
	md_put_code(r->b, tree_span(action, "run"), QUERY_MAX, false);
	buf_addc(r->b, '\n');
}

void
report_put_confidence(const struct report *r, const char *name)
{
	bool several = r->stop == NULL && cJSON_GetArraySize(tree_at(
					      r->conclusion, "incidents")) > 1;

	buf_addf(r->b, "%s%s%s%s%s", report_word_of(r, RW_CONFIDENCE),
	    report_word_of(r, RW_COLON),
	    report_confidence_word(report_confidence_of(name), r->lang),
	    several ? report_word_of(r, RW_LEAST) : "",
	    report_word_of(r, RW_FULL_STOP));
}

void
report_put_moment(const struct report *r, double ms)
{
	char text[ZONE_TEXT];

	buf_adds(
	    r->b, zone_print(&r->zone, (int64_t)(ms / 1000), ZONE_FULL, text));
}

/* Claims, each with what it quotes below it. */
void
report_put_quotations(
    const struct report *r, const cJSON *list, const char *title)
{
	const cJSON *one;

	if (cJSON_GetArraySize(list) > 0)
		buf_addf(r->b, "\n**%s**\n", title);
	cJSON_ArrayForEach (one, list) {
		buf_addc(r->b, '\n');
		report_put_claim(r, one);
		buf_addc(r->b, '\n');
		if (tree_has(one, "quote")) {
			buf_addc(r->b, '\n');
			md_put_block(r->b, tree_span(one, "quote"));
		}
	}
}

bool
report_is_all_clear(const struct report *r)
{
	return cJSON_IsTrue(tree_at(r->conclusion, "all_clear"));
}
