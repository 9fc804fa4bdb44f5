/*
 * verify.c - a report held to its evidence, whoever wrote it.
 *
 * Each check is a function over the same view: the lines of the Markdown,
 * the conclusion, the instances that fire, the list of evidence. A check
 * says what failed in its detail and marks the lines it failed on.
 */
#include "common/report/verify.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/grounds.h"
#include "common/report/md.h"
#include "common/report/report_words.h"
#include "common/json/tree.h"
#include "common/base/utf8.h"
#include "common/report/statements.h"
#include "common/report/tool_role.h"
#include "common/report/verify_view.h"
#include "common/wire/wire.h"

static const char *const names[CHECKS] = {"headings", "instances", "citations",
    "figures", "confidence", "statements", "grounds"};

/* ---- headings ---- */

static void
check_headings(struct view *w)
{
	const struct claims *c = &w->v->claims;
	const char *const *expected = report_headings(c->lang);
	int i;

	for (i = c->found; i < REPORT_HEADINGS; i++)
		verify_fail(w, CHECK_HEADINGS, "missing or out of order: %s",
		    expected[i]);
	if (c->stray.len > 0)
		verify_fail(w, CHECK_HEADINGS,
		    "a heading that is none of the five: %s",
		    buf_str(&c->stray));
	if (c->cut)
		verify_fail(
		    w, CHECK_HEADINGS, "more than %d lines", CLAIMS_LINES_MAX);
}

/* ---- citations ---- */

static struct evidence *
evidence_of(const struct view *w)
{
	struct wire_r r = wire_reader(wire_find(w->in->state, "evidence"));
	struct evidence *e = xcalloc(1, sizeof(*e));
	uint32_t n;

	if (wire_peek(&r) != WIRE_ARRAY)
		return e;
	for (n = wire_array(&r); n > 0 && !r.bad; n--) {
		struct span one = wire_raw(&r);
		uint32_t id = claims_number(wire_find_str(one, "id"));

		if (!r.bad && id > 0 && id < EVIDENCE_MAX)
			e->at[id] = one;
	}
	return e;
}

/* Of one claim; how many of its citations are of nothing. */
static int
check_cites(
    struct view *w, const struct evidence *e, struct claim *claim, int named)
{
	const struct claims *c = &w->v->claims;
	char place[PLACE_MAX];
	size_t k;
	int bad = 0;

	for (k = 0; k < claim->cites.n; k++) {
		uint32_t id = c->cites[claim->cites.at + k];

		if (verify_exists(e, id))
			continue;
		if (named + bad++ < NAMED_MAX)
			verify_fail(w, CHECK_CITATIONS, "E%u (%s)", id,
			    verify_place(claim, place));
	}
	return bad;
}

static void
check_citations(struct view *w, const struct evidence *e)
{
	struct claims *c = &w->v->claims;
	int named = 0;
	size_t i;

	for (i = 0; i < c->n; i++) {
		int bad = check_cites(w, e, &c->at[i], named);

		if (bad > 0)
			claims_mark(c, &c->at[i]);
		named += bad;
	}
	if (named > NAMED_MAX)
		verify_fail(
		    w, CHECK_CITATIONS, "and %d more", named - NAMED_MAX);
}

/* ---- confidence ---- */

/* The highest confidence a claim states, -1 for none. */
static int
stated_in(struct span shown)
{
	int level, lang, stated = -1;
	auto_buf plain = {.max = DETAIL_MAX};
	size_t i;

	buf_add_span(&plain, shown);
	if (strstr(buf_str(&plain), "置信度") == NULL &&
	    strcasestr(buf_str(&plain), "confidence") == NULL)
		return -1;
	for (i = 0; i < plain.len; i++)
		plain.data[i] = (char)tolower((unsigned char)plain.data[i]);
	for (level = REPORT_UNDETERMINED; level <= REPORT_CONFIRMED; level++)
		for (lang = 0; lang < REPORT_LANGS; lang++)
			if (verify_holds_word(buf_span(&plain),
				report_confidence_word(
				    (enum report_confidence)level,
				    (enum report_lang)lang)))
				stated = level;
	return stated;
}

static void
check_confidence(struct view *w)
{
	enum report_confidence cap = report_confidence_cap(w->conclusion);
	struct claims *c = &w->v->claims;
	size_t i;

	if (report_confidence_of(tree_str(w->conclusion, "confidence")) > cap)
		verify_fail(w, CHECK_CONFIDENCE,
		    "the conclusion says %s, its findings bear %s",
		    tree_str(w->conclusion, "confidence"),
		    report_confidence_name(cap));
	for (i = 0; i < c->n; i++) {
		struct claim *x = &c->at[i];
		int stated = x->place == NULL && x->section >= 2
				 ? stated_in(claims_text(c, x->shown))
				 : -1;

		if (stated <= (int)cap)
			continue;
		claims_mark(c, x);
		verify_fail(w, CHECK_CONFIDENCE,
		    "line %zu says %s, the findings bear %s", x->line + 1,
		    report_confidence_name((enum report_confidence)stated),
		    report_confidence_name(cap));
	}
}

/* ---- statements ---- */

/* Answers that a statement may rest on; lists of alerts are none. */
static void
take_answer(void *list, struct span feedback)
{
	enum tool_role role = tool_role_read(
	    wire_find_str(feedback, "role"), wire_find_str(feedback, "tool"));

	if (role == TOOL_ROLE_METRICS || role == TOOL_ROLE_CAUSES ||
	    role == TOOL_ROLE_TARGETS)
		cJSON_AddItemToArray(list, wire_to_tree(feedback));
}

static void
check_statements(struct view *w)
{
	AUTO(tree) answers = NULL;
	struct claims *c = &w->v->claims;
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct claim *x = &c->at[i];

		/* Its next step is another claim of the same finding. */
		if (x->place == NULL || tree_at(x->node, "says") == NULL ||
		    (i > 0 && c->at[i - 1].node == x->node))
			continue;
		if (answers == NULL) {
			answers = cJSON_CreateObject();
			verify_each_feedback(w, take_answer,
			    cJSON_AddArrayToObject(
				answers, "executor_feedback"));
		}
		if (statement_holds(x->node, answers))
			continue;
		claims_mark(c, x);
		verify_fail(w, CHECK_STATEMENTS,
		    "%s: what it cites does not bear that %s", x->place,
		    tree_str(tree_at(x->node, "says"), "kind"));
	}
}

/* ---- grounds ---- */

static void
take_any(void *list, struct span feedback)
{
	cJSON_AddItemToArray(list, wire_to_tree(feedback));
}

/* Of what a model claims. */
static void
check_grounds(struct view *w)
{
	AUTO(tree) answers = NULL;
	struct claims *c = &w->v->claims;
	struct err why;
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct claim *x = &c->at[i];

		if (x->place == NULL || strcmp(x->place, CLAIMS_OPINION) != 0)
			continue;
		if (answers == NULL) {
			answers = cJSON_CreateObject();
			verify_each_feedback(w, take_any,
			    cJSON_AddArrayToObject(
				answers, "executor_feedback"));
		}
		if (grounds_hold(x->node, w->conclusion, answers, &why) ==
		    RC_OK)
			continue;
		claims_mark(c, x);
		verify_fail(w, CHECK_GROUNDS, "%s: %s", x->place, why.text);
	}
}

/* ---- the verdict ---- */

struct verdict *
verify_report(const struct verify_in *in)
{
	struct verdict *v = xcalloc(1, sizeof(*v));
	struct evidence *e;
	struct view w;
	int i;

	for (i = 0; i < CHECKS; i++) {
		v->ok[i] = true;
		buf_init(&v->detail[i], DETAIL_MAX);
	}
	view_init(&w, in, v);
	e = evidence_of(&w);
	claims_init(&v->claims);
	if (in->markdown.p != NULL) {
		claims_read(&v->claims, in->markdown,
		    report_lang(wire_find_str(in->state, "language")));
		check_headings(&w);
		verify_instances(&w);
	}
	claims_conclude(&v->claims,
	    cJSON_GetObjectItemCaseSensitive(v->state, "conclusion"));
	check_citations(&w, e);
	verify_figures(&w, e);
	check_confidence(&w);
	check_statements(&w);
	check_grounds(&w);
	free(e);
	view_done(&w);
	return v;
}

void
verdict_free(struct verdict *v)
{
	int i;

	if (v == NULL)
		return;
	for (i = 0; i < CHECKS; i++)
		buf_done(&v->detail[i]);
	claims_done(&v->claims);
	cJSON_Delete(v->state);
	free(v);
}

bool
verdict_ok(const struct verdict *v)
{
	int i;

	for (i = 0; i < CHECKS; i++)
		if (!v->ok[i])
			return false;
	return true;
}

const cJSON *
verdict_conclusion(const struct verdict *v)
{
	return tree_at(v->state, "conclusion");
}

void
verdict_put(struct buf *b, const struct verdict *v)
{
	int i;

	wire_put_map(b, 2);
	wire_put_str(b, "ok");
	wire_put_bool(b, verdict_ok(v));
	wire_put_str(b, "checks");
	wire_put_array(b, CHECKS);
	for (i = 0; i < CHECKS; i++) {
		wire_put_map(b, 3);
		wire_put_str(b, "name");
		wire_put_str(b, names[i]);
		wire_put_str(b, "ok");
		wire_put_bool(b, v->ok[i]);
		wire_put_str(b, "detail");
		wire_put_span(b, buf_span(&v->detail[i]));
	}
}

void
verdict_put_failed(struct buf *b, const struct verdict *v)
{
	size_t before = b->len;
	int i;

	for (i = 0; i < CHECKS; i++)
		if (!v->ok[i])
			buf_addf(b, "%s%s: %s", b->len > before ? "; " : "",
			    names[i], buf_str(&v->detail[i]));
}

/* ---- marking ---- */

static const char *const mark_words[][REPORT_LANGS] = {
    [CHECK_HEADINGS] = {"报告结构不完整", "The form is incomplete"},
    [CHECK_INSTANCES] = {"报告漏列了正在触发的实例",
	"Firing instances the report leaves out"},
    [CHECK_CITATIONS] = {"引用的证据不存在", "Evidence that does not exist"},
    [CHECK_FIGURES] = {"在所引证据中找不到的数字",
	"Figures that are not in the evidence cited"},
    [CHECK_CONFIDENCE] = {"置信度高于发现所能支持的程度",
	"More certain than the findings bear"},
    [CHECK_STATEMENTS] = {"所引的回答不支持的结论",
	"What the answers cited do not bear"},
    [CHECK_GROUNDS] = {"模型的说法没有证据支持",
	"What a model claims without grounds"},
};

static void
put_notice(struct buf *b, const struct verdict *v, enum report_lang lang)
{
	int i;

	buf_adds(
	    b, lang == REPORT_ZH
		   ? "> ⚠ "
		     "**本报告未通过核验**：标有“⚠未核实”的内容没有证据支持。\n"
		   : "> ⚠ **This report did not pass verification**: what is "
		     "marked “⚠ unverified” is not borne by evidence.\n");
	for (i = 0; i < CHECKS; i++) {
		if (v->ok[i])
			continue;
		buf_addf(b, "> - %s%s", mark_words[i][lang],
		    report_word(RW_COLON, lang));
		md_put_text(b, buf_span(&v->detail[i]), SIZE_MAX);
		buf_addc(b, '\n');
	}
	buf_addc(b, '\n');
}

static void
put_marked(struct buf *b, struct span line, enum report_lang lang)
{
	size_t n = line.n;
	bool row;

	while (n > 0 && isspace((unsigned char)line.p[n - 1]))
		n--;
	row = n > 1 && line.p[n - 1] == '|' && line.p[0] == '|';
	buf_add(b, line.p, row ? n - 1 : n);
	buf_adds(b, report_unverified_mark(lang));
	if (row)
		buf_adds(b, " |");
	buf_addc(b, '\n');
}

/* The first line, where it is the title's: it stays the first. */
static struct span
title_of(struct span markdown)
{
	const char *eol = memchr(markdown.p, '\n', markdown.n);
	struct span line = span_make(
	    markdown.p, eol != NULL ? (size_t)(eol - markdown.p) : markdown.n);
	int lang;

	for (lang = 0; lang < REPORT_LANGS; lang++)
		if (span_is(span_trim(line),
			report_headings((enum report_lang)lang)[0]))
			return line;
	return span_make(markdown.p, 0);
}

/* Also what was too long to be looked at: it is nobody's to drop. */
static void
put_lines(struct buf *b, struct span rest, const struct claims *c,
    enum report_lang lang)
{
	const struct claim_line *l = c->lines;
	const char *end = rest.p + rest.n;
	size_t i;

	for (i = 0; i < c->n_lines; i++) {
		l = &c->lines[i];

		if (l->text.p < rest.p)
			continue;
		if (l->marked && !l->is_code) {
			put_marked(b, l->text, lang);
		} else {
			buf_add_span(b, l->text);
			buf_addc(b, '\n');
		}
	}
	if (c->cut && l->text.p + l->text.n + 1 < end)
		buf_add(b, l->text.p + l->text.n + 1,
		    (size_t)(end - l->text.p) - l->text.n - 1);
}

void
verify_mark(struct buf *b, struct span markdown, const struct verdict *v,
    enum report_lang lang)
{
	struct span title, rest;

	if (verdict_ok(v)) {
		buf_add_span(b, markdown);
		return;
	}
	title = markdown.n > 0 ? title_of(markdown) : markdown;
	rest = span_from(markdown, title.n);
	if (title.n > 0) {
		buf_add_span(b, title);
		buf_adds(b, "\n\n");
		rest = rest.n > 0 ? span_from(rest, 1) : rest;
	}
	put_notice(b, v, lang);
	if (v->claims.n_lines > 0)
		put_lines(b, rest, &v->claims, lang);
	else
		buf_add_span(b, rest);
}
