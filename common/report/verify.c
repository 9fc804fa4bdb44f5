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

#include "common/report/md.h"
#include "common/report/report_words.h"
#include "common/json/tree.h"
#include "common/base/utf8.h"
#include "common/report/verify_view.h"
#include "common/wire/wire.h"

static const char *const names[CHECKS] = {
    "headings", "instances", "citations", "figures", "confidence"};

/* ---- headings ---- */

static void
check_headings(struct view *w)
{
	struct lines *l = &w->v->lines;
	const char *const *expected = report_headings(l->lang);
	int i;

	for (i = l->found; i < REPORT_HEADINGS; i++)
		verify_fail(w, CHECK_HEADINGS, "missing or out of order: %s",
		    expected[i]);
	if (l->stray)
		verify_fail(w, CHECK_HEADINGS,
		    "a heading that is none of the five: "
		    "%.*s",
		    (int)MIN(l->stray_text.n, 200), l->stray_text.p);
	if (l->cut)
		verify_fail(
		    w, CHECK_HEADINGS, "more than %d lines", VERIFY_LINES_MAX);
}

/* ---- citations ---- */

static uint32_t
number_of(struct span id)
{
	uint32_t n = 0;
	size_t i;

	if (id.n < 2 || id.n > 9 || id.p[0] != 'E')
		return 0;
	for (i = 1; i < id.n; i++) {
		if (!isdigit((unsigned char)id.p[i]))
			return 0;
		n = 10 * n + (uint32_t)(id.p[i] - '0');
	}
	return n;
}

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
		uint32_t id = number_of(wire_find_str(one, "id"));

		if (!r.bad && id > 0 && id < EVIDENCE_MAX)
			e->at[id] = one;
	}
	return e;
}

static void
check_citations(struct view *w, const struct evidence *e)
{
	struct lines *l = &w->v->lines;
	const cJSON *f, *id;
	int named = 0;
	size_t i;
	unsigned k;

	for (i = 0; i < l->n; i++) {
		for (k = 0; k < l->at[i].n_cites; k++) {
			if (verify_exists(e, l->at[i].cites[k]))
				continue;
			l->at[i].marked = true;
			if (named++ < NAMED_MAX)
				verify_fail(w, CHECK_CITATIONS,
				    "E%u (line %zu)", l->at[i].cites[k], i + 1);
		}
	}
	cJSON_ArrayForEach (f, tree_at(w->conclusion, "findings"))
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			if (cJSON_IsString(id) &&
			    !verify_exists(
				e, number_of(span_of(id->valuestring))) &&
			    named++ < NAMED_MAX)
				verify_fail(w, CHECK_CITATIONS,
				    "%s (a finding)", id->valuestring);
	if (named > NAMED_MAX)
		verify_fail(
		    w, CHECK_CITATIONS, "and %d more", named - NAMED_MAX);
}

/* ---- confidence ---- */

/* The highest confidence a line states, -1 for none. */
static int
stated_in(struct span line)
{
	int level, lang, stated = -1;
	auto_buf plain = {.max = DETAIL_MAX};
	size_t i;

	md_plain(&plain, line);
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
	struct lines *l = &w->v->lines;
	size_t i;

	if (report_confidence_of(tree_str(w->conclusion, "confidence")) > cap)
		verify_fail(w, CHECK_CONFIDENCE,
		    "the conclusion says %s, its findings bear %s",
		    tree_str(w->conclusion, "confidence"),
		    report_confidence_name(cap));
	for (i = 0; i < l->n; i++) {
		int stated =
		    l->at[i].section >= 2 ? stated_in(l->at[i].text) : -1;

		if (stated <= (int)cap)
			continue;
		l->at[i].marked = true;
		verify_fail(w, CHECK_CONFIDENCE,
		    "line %zu says %s, the findings bear %s", i + 1,
		    report_confidence_name((enum report_confidence)stated),
		    report_confidence_name(cap));
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
	v->lines = lines_read(
	    in->markdown, report_lang(wire_find_str(in->state, "language")));
	view_init(&w, in, v);
	e = evidence_of(&w);
	check_headings(&w);
	verify_instances(&w);
	check_citations(&w, e);
	verify_figures(&w, e);
	check_confidence(&w);
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
	lines_done(&v->lines);
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
	const char *mark = lang == REPORT_ZH ? " ⚠未核实" : " ⚠ unverified";
	size_t n = line.n;
	bool row;

	while (n > 0 && isspace((unsigned char)line.p[n - 1]))
		n--;
	row = n > 1 && line.p[n - 1] == '|' && line.p[0] == '|';
	buf_add(b, line.p, row ? n - 1 : n);
	buf_adds(b, mark);
	if (row)
		buf_adds(b, " |");
	buf_addc(b, '\n');
}

void
verify_mark(struct buf *b, struct span markdown, const struct verdict *v,
    enum report_lang lang)
{
	const struct lines *l = &v->lines;
	size_t i = 0;

	if (verdict_ok(v)) {
		buf_add_span(b, markdown);
		return;
	}
	/* Under the title where there is one, so that it stays the first. */
	if (l->n > 0 && l->at[0].section == 0) {
		buf_add_span(b, l->at[0].text);
		buf_adds(b, "\n\n");
		i = 1;
	}
	put_notice(b, v, lang);
	for (; i < l->n; i++) {
		if (l->at[i].marked && !l->at[i].is_fence) {
			put_marked(b, l->at[i].text, lang);
		} else {
			buf_add_span(b, l->at[i].text);
			buf_addc(b, '\n');
		}
	}
}
