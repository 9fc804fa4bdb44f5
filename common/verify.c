/*
 * verify.c - a report held to its evidence, whoever wrote it.
 *
 * Each check is a function over the same view: the lines of the Markdown,
 * the conclusion, the instances that fire, the list of evidence. A check
 * says what failed in its detail and marks the lines it failed on.
 */
#include "common/verify.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alerts.h"
#include "common/figures.h"
#include "common/md.h"
#include "common/report_words.h"
#include "common/tree.h"
#include "common/verify_lines.h"
#include "common/wire.h"

enum {
	CHECK_HEADINGS,
	CHECK_INSTANCES,
	CHECK_CITATIONS,
	CHECK_FIGURES,
	CHECK_CONFIDENCE,
	CHECKS,
	DETAIL_MAX = 256 << 10,
	NAMED_MAX = 20, /* figures and citations named in a detail */
	EVIDENCE_MAX = 1000,
	FETCH_MAX = 20 << 20,
};

static const char *const names[CHECKS] = {
    "headings", "instances", "citations", "figures", "confidence"};

struct verdict {
	bool ok[CHECKS];
	struct buf detail[CHECKS];
	struct lines lines;
};

struct view {
	const struct verify_in *in;
	struct verdict *v;
	cJSON *state; /* what the checks need of it, not more */
	const cJSON *conclusion;
	cJSON *alerts;
};

static void fail(struct view *w, int check, const char *fmt, ...) PRINTF(3, 4);

static void
fail(struct view *w, int check, const char *fmt, ...)
{
	struct buf *b = &w->v->detail[check];
	va_list ap;
	char text[1024];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->v->ok[check] = false;
	if (b->len > 0)
		buf_adds(b, "; ");
	buf_adds(b, text);
}

/* ---- the view ---- */

static void
take(cJSON *to, struct span state, const char *key)
{
	struct span v = wire_find(state, key);

	if (v.n > 0)
		cJSON_AddItemToObject(to, key, wire_to_tree(v));
}

/* Calls each for every feedback of the run. */
static void
each_feedback(const struct view *w,
    void (*each)(void *ctx, struct span feedback), void *ctx)
{
	struct wire_r r =
	    wire_reader(wire_find(w->in->state, "executor_feedback"));
	uint32_t n;

	if (wire_peek(&r) != WIRE_ARRAY)
		return;
	for (n = wire_array(&r); n > 0 && !r.bad; n--) {
		struct span one = wire_raw(&r);

		if (!r.bad)
			each(ctx, one);
	}
}

static void
take_alerts(void *list, struct span feedback)
{
	if (span_is(wire_find_str(feedback, "tool"), "query_prometheus_alerts"))
		cJSON_AddItemToArray(list, wire_to_tree(feedback));
}

static void
view_init(struct view *w, const struct verify_in *in, struct verdict *v)
{
	static const char *const keys[] = {"input", "language", "at", "window",
	    "labels", "alerts", "iteration", "status"};
	size_t i;

	*w = (struct view){.in = in, .v = v, .state = cJSON_CreateObject()};
	for (i = 0; i < ARRAY_LEN(keys); i++)
		take(w->state, in->state, keys[i]);
	if (in->conclusion.n > 0)
		cJSON_AddItemToObject(
		    w->state, "conclusion", wire_to_tree(in->conclusion));
	else
		take(w->state, in->state, "conclusion");
	/* Only the answers that list alerts: feedback may be long. */
	each_feedback(w, take_alerts,
	    cJSON_AddArrayToObject(w->state, "executor_feedback"));
	w->conclusion = tree_at(w->state, "conclusion");
	w->alerts = alerts_of(w->state, w->conclusion);
}

static void
view_done(struct view *w)
{
	cJSON_Delete(w->state);
	cJSON_Delete(w->alerts);
}

/* ---- headings ---- */

static void
check_headings(struct view *w)
{
	struct lines *l = &w->v->lines;
	const char *const *expected = report_headings(l->lang);
	int i;

	for (i = l->found; i < REPORT_HEADINGS; i++)
		fail(w, CHECK_HEADINGS, "missing or out of order: %s",
		    expected[i]);
	if (l->stray)
		fail(w, CHECK_HEADINGS,
		    "a heading that is none of the five: "
		    "%.*s",
		    (int)MIN(l->stray_text.n, 200), l->stray_text.p);
	if (l->cut)
		fail(w, CHECK_HEADINGS, "more than %d lines", VERIFY_LINES_MAX);
}

/* ---- instances ---- */

/* The plain text of the section that lists alerts, a line each. */
struct listing {
	struct buf text;
	struct span *line;
	size_t n;
};

static struct listing
listing_of(const struct lines *l)
{
	struct listing out = {.line = xcalloc(l->n + 1, sizeof(*out.line))};
	size_t *from = xcalloc(l->n + 1, sizeof(*from));
	size_t i;

	buf_init(&out.text, 2 * (size_t)REPORT_BYTES_MAX);
	for (i = 0; i < l->n; i++) {
		if (l->at[i].section != 1)
			continue;
		from[out.n++] = out.text.len;
		md_plain(&out.text, l->at[i].text);
	}
	from[out.n] = out.text.len;
	for (i = 0; i < out.n; i++)
		out.line[i] = span_make(
		    buf_str(&out.text) + from[i], from[i + 1] - from[i]);
	free(from);
	return out;
}

/* Whether the character at p belongs to a name that goes on there: a dot or
 * dash does only when more of the name follows on its other side. */
static bool
clings(const char *p, int step, const char *start, const char *end)
{
	if (p < start || p >= end)
		return false;
	if (isalnum((unsigned char)*p) || *p == '_')
		return true;
	p += step;
	return (p[-step] == '.' || p[-step] == '-') && p >= start && p < end &&
	       isalnum((unsigned char)*p);
}

/* Whether s holds word with nothing of a name clinging to it. */
static bool
holds_word(struct span s, const char *word)
{
	size_t n = strlen(word);
	const char *p = s.p, *end = s.p + s.n;

	if (n == 0)
		return true;
	while ((size_t)(end - p) >= n &&
	       (p = memmem(p, (size_t)(end - p), word, n)) != NULL) {
		if (!clings(p - 1, -1, s.p, end) && !clings(p + n, 1, s.p, end))
			return true;
		p++;
	}
	return false;
}

/* Labels come out of md without control characters; compare them so. */
static char *
plain_of(const char *text)
{
	auto_buf escaped = {.max = DETAIL_MAX};
	auto_buf plain = {.max = DETAIL_MAX};

	md_put_text(&escaped, span_of(text), SIZE_MAX);
	md_plain(&plain, buf_span(&escaped));
	return buf_take(&plain);
}

/* Whether a label tells this instance from another of the same name. */
static bool
distinguishes(const cJSON *alerts, const cJSON *alert, const cJSON *label)
{
	const cJSON *other;

	cJSON_ArrayForEach (other, alerts)
		if (other != alert && alerts_is_firing(other) &&
		    tree_is(other, "name", tree_str(alert, "name")) &&
		    !tree_is(tree_at(other, "labels"), label->string,
			label->valuestring))
			return true;
	return false;
}

enum { KEYS_MAX = 32 };

struct keys {
	char *value[KEYS_MAX];
	int n;
};

static void
keys_done(struct keys *k)
{
	while (k->n > 0)
		free(k->value[--k->n]);
}

/* The texts a row of this instance must hold. */
static struct keys
keys_of(const cJSON *alerts, const cJSON *alert)
{
	const cJSON *label;
	struct keys k = {.n = 0};

	cJSON_ArrayForEach (label, tree_at(alert, "labels"))
		if (cJSON_IsString(label) && k.n < KEYS_MAX &&
		    strcmp(label->string, "alertname") != 0 &&
		    distinguishes(alerts, alert, label))
			k.value[k.n++] = plain_of(label->valuestring);
	return k;
}

static bool
holds_all(struct span line, const struct keys *k)
{
	int i;

	for (i = 0; i < k->n; i++)
		if (!holds_word(line, k->value[i]))
			return false;
	return true;
}

/* A line with all that tells the instance apart, and its name there or in a
 * line before: a list under a heading is as good as a table. */
static bool
is_listed(const struct listing *l, const cJSON *alerts, const cJSON *alert)
{
	struct keys k = keys_of(alerts, alert);
	char *name = plain_of(tree_str(alert, "name"));
	bool named = false, listed = false;
	size_t i;

	for (i = 0; i < l->n && !listed; i++) {
		named = named || holds_word(l->line[i], name);
		listed = named && holds_all(l->line[i], &k);
	}
	free(name);
	keys_done(&k);
	return listed;
}

static void
name_instance(struct view *w, const cJSON *alert)
{
	const cJSON *label;
	auto_buf b = {.max = 900};

	buf_adds(&b, tree_str(alert, "name"));
	cJSON_ArrayForEach (label, tree_at(alert, "labels"))
		if (cJSON_IsString(label) &&
		    strcmp(label->string, "alertname") != 0)
			buf_addf(
			    &b, " %s=%s", label->string, label->valuestring);
	fail(w, CHECK_INSTANCES, "%s", buf_str(&b));
}

static void
check_instances(struct view *w)
{
	struct listing l = listing_of(&w->v->lines);
	const cJSON *a;
	int missing = 0;

	cJSON_ArrayForEach (a, w->alerts)
		if (alerts_is_firing(a) && !is_listed(&l, w->alerts, a) &&
		    missing++ < VERIFY_MISSING_MAX)
			name_instance(w, a);
	if (missing > VERIFY_MISSING_MAX)
		fail(w, CHECK_INSTANCES, "and %d more",
		    missing - VERIFY_MISSING_MAX);
	buf_done(&l.text);
	free(l.line);
}

/* ---- citations ---- */

struct evidence {
	struct span at[EVIDENCE_MAX]; /* by number: its entry in the list */
};

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

static bool
exists(const struct evidence *e, uint32_t id)
{
	return id < EVIDENCE_MAX && e->at[id].n > 0;
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
			if (exists(e, l->at[i].cites[k]))
				continue;
			l->at[i].marked = true;
			if (named++ < NAMED_MAX)
				fail(w, CHECK_CITATIONS, "E%u (line %zu)",
				    l->at[i].cites[k], i + 1);
		}
	}
	cJSON_ArrayForEach (f, tree_at(w->conclusion, "findings"))
		cJSON_ArrayForEach (id, tree_at(f, "evidence"))
			if (cJSON_IsString(id) &&
			    !exists(e, number_of(span_of(id->valuestring))) &&
			    named++ < NAMED_MAX)
				fail(w, CHECK_CITATIONS, "%s (a finding)",
				    id->valuestring);
	if (named > NAMED_MAX)
		fail(w, CHECK_CITATIONS, "and %d more", named - NAMED_MAX);
}

/* ---- figures ---- */

struct figures {
	struct figure *at;
	size_t n;
};

/* "1. " in front of a line counts, it does not measure. */
static struct span
without_ordinal(struct span s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] == ' ')
		i++;
	while (i < s.n && isdigit((unsigned char)s.p[i]))
		i++;
	if (i > 0 && i + 1 < s.n && (s.p[i] == '.' || s.p[i] == ')') &&
	    s.p[i + 1] == ' ')
		return span_make(s.p + i + 1, s.n - i - 1);
	return s;
}

static struct figures
collect(const struct lines *l)
{
	struct figures f = {xcalloc(VERIFY_FIGURES_MAX, sizeof(*f.at)), 0};
	size_t i, k, n;

	for (i = 0; i < l->n; i++) {
		auto_buf plain = {.max = DETAIL_MAX};

		if (l->at[i].section < 2)
			continue;
		md_plain(&plain, without_ordinal(l->at[i].text));
		n = figures_read(
		    buf_span(&plain), f.at + f.n, VERIFY_FIGURES_MAX - f.n);
		for (k = 0; k < n; k++)
			f.at[f.n + k].line = (unsigned)i;
		f.n += n;
	}
	return f;
}

static bool
cites(const struct line *l, uint32_t id)
{
	unsigned i;

	for (i = 0; i < l->n_cites; i++)
		if (l->cites[i] == id)
			return true;
	return false;
}

/*
 * Whether line i rests on evidence id: by its own citations; without any, by
 * those of its paragraph or list; a heading by those of what it heads.
 */
static bool
rests_on(const struct lines *l, size_t i, uint32_t id)
{
	const struct line *at = &l->at[i];
	size_t k;

	if (at->n_cites > 0)
		return cites(at, id);
	for (k = i; k > 0 &&
		    (at->is_heading ? false : l->at[k - 1].block == at->block);
	     k--)
		;
	for (; k < l->n; k++) {
		if (at->is_heading ? l->at[k].part != at->part
				   : l->at[k].block != at->block)
			break;
		if (cites(&l->at[k], id))
			return true;
	}
	return false;
}

/* The figures that rest on id and are still to be found. */
static size_t
wanted(
    struct figures *f, const struct lines *l, uint32_t id, struct figure **ret)
{
	size_t i, n = 0;

	for (i = 0; i < f->n; i++)
		if (!f->at[i].found && rests_on(l, f->at[i].line, id))
			ret[n++] = &f->at[i];
	return n;
}

static bool
is_of(struct span feedback, struct span id)
{
	struct wire_r r = wire_reader(wire_find(feedback, "evidence"));

	return wire_peek(&r) == WIRE_ARRAY && wire_array(&r) > 0 &&
	    wire_peek(&r) == WIRE_STR && span_equal(wire_str(&r), id);
}

struct wanted {
	struct figure **list;
	size_t n;
	struct span id;
};

/* A tool's digest of its evidence (a median, a count) counts as evidence:
 * code made it of those bytes. */
static void
find_in_digest(void *ctx, struct span feedback)
{
	struct wanted *want = ctx;
	auto_buf json = {.max = FETCH_MAX};

	if (!is_of(feedback, want->id))
		return;
	wire_to_json(&json, wire_find(feedback, "summary"));
	wire_to_json(&json, wire_find(feedback, "data"));
	figures_find(want->list, want->n, buf_span(&json));
}

static void
search(struct view *w, struct figure **list, size_t n, struct span entry)
{
	struct wanted want = {list, n, wire_find_str(entry, "id")};
	auto_buf bytes = {.max = FETCH_MAX};

	/* The entry tells what was asked, of how much, in which time. */
	figures_find(list, n, entry);
	each_feedback(w, find_in_digest, &want);
	if (w->in->fetch != NULL &&
	    w->in->fetch(w->in->ctx, want.id, &bytes) == RC_OK)
		figures_find(list, n, buf_span(&bytes));
}

/* What failed has no evidence but its own words. */
static void
find_in_failure(void *ctx, struct span feedback)
{
	struct wanted *want = ctx;

	if (span_is(wire_find_str(feedback, "status"), "SUCCESS"))
		return;
	figures_find(want->list, want->n, wire_find_str(feedback, "summary"));
	figures_find(want->list, want->n,
	    wire_find_str(feedback, "suggestion"));
}

/* What is true of the run itself may be said without evidence: the task, the
 * moment, how many instances, incidents and rounds there are. */
static void
find_own(struct view *w, struct figure **list, size_t n)
{
	double at = tree_num(w->state, "at", 0) / 1000;
	double window = tree_num(w->state, "window", 0);
	const cJSON *incidents = tree_at(w->conclusion, "incidents");
	int n_incidents = cJSON_GetArraySize(incidents), i;
	auto_buf own = {.max = DETAIL_MAX};

	buf_addf(&own, "%s %.0f %.0f %.0f %.0f %d %d %d ",
	    tree_str(w->state, "input"), at, at - window, window, window / 60,
	    alerts_count(w->alerts, "firing"),
	    alerts_count(w->alerts, "pending"),
	    cJSON_GetArraySize(tree_at(w->conclusion, "targets_down")));
	for (i = 1; i <= n_incidents; i++)
		buf_addf(&own, "%d ", i);
	cJSON_ArrayForEach (incidents, incidents)
		buf_addf(&own, "%d ",
		    cJSON_GetArraySize(tree_at(incidents, "alerts")));
	figures_find(list, n, buf_span(&own));
	figures_find(list, n, wire_find(w->in->state, "notes"));
	figures_find(list, n, wire_find(w->in->state, "reason"));
	each_feedback(w, find_in_failure, &(struct wanted){list, n, {"", 0}});
}

static void
report_figures(struct view *w, const struct figures *f)
{
	int bad = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (f->at[i].found)
			continue;
		w->v->lines.at[f->at[i].line].marked = true;
		if (bad++ < NAMED_MAX)
			fail(w, CHECK_FIGURES, "\"%s\" (line %u)",
			    f->at[i].text, f->at[i].line + 1);
	}
	if (bad > NAMED_MAX)
		fail(w, CHECK_FIGURES, "and %d more", bad - NAMED_MAX);
	if (f->n == VERIFY_FIGURES_MAX)
		fail(w, CHECK_FIGURES, "more than %d figures",
		    VERIFY_FIGURES_MAX);
}

static void
check_figures(struct view *w, const struct evidence *e)
{
	struct figures f = collect(&w->v->lines);
	struct figure **list = xcalloc(f.n + 1, sizeof(struct figure *));
	uint32_t id;
	size_t i;

	for (i = 0; i < f.n; i++)
		list[i] = &f.at[i];
	find_own(w, list, f.n);
	for (id = 1; id < EVIDENCE_MAX; id++) {
		size_t n =
		    exists(e, id) ? wanted(&f, &w->v->lines, id, list) : 0;

		if (n > 0)
			search(w, list, n, e->at[id]);
	}
	report_figures(w, &f);
	free(list);
	free(f.at);
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
	for (i = 0; i < plain.len; i++)
		plain.data[i] = (char)tolower((unsigned char)plain.data[i]);
	if (strstr(buf_str(&plain), "置信度") == NULL &&
	    strstr(buf_str(&plain), "confidence") == NULL)
		return -1;
	for (level = REPORT_UNDETERMINED; level <= REPORT_CONFIRMED; level++)
		for (lang = 0; lang < REPORT_LANGS; lang++)
			if (holds_word(buf_span(&plain),
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
		fail(w, CHECK_CONFIDENCE,
		    "the conclusion says %s, its findings bear %s",
		    tree_str(w->conclusion, "confidence"),
		    report_confidence_name(cap));
	for (i = 0; i < l->n; i++) {
		int stated =
		    l->at[i].section >= 2 ? stated_in(l->at[i].text) : -1;

		if (stated <= (int)cap)
			continue;
		l->at[i].marked = true;
		fail(w, CHECK_CONFIDENCE,
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
	check_instances(&w);
	check_citations(&w, e);
	check_figures(&w, e);
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
