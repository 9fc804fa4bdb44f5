/*
 * report_alerts.c - the alerts of a report.
 *
 * The list is sorted by state, severity and name, so the instances of a rule
 * stand together; every instance is either a row or in the list behind.
 */
#include "common/report/report_alerts.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/tree.h"
#include "common/report/alerts.h"
#include "common/base/when.h"
#include "common/report/md.h"
#include "common/report/owner.h"
#include "common/report/report_group.h"
#include "common/report/report_words.h"

enum {
	SUMMARY_MAX = 240,
	CELL_MAX = 1024,
	ROWS_EACH = 4,    /* instances of a rule that have a row each */
	ROW_CHARS = 200,  /* of a table, where that can be */
	LINE_BYTES = 180, /* of instances on one */
};

struct list {
	enum report_lang lang;
	const struct zone *zone;
};

struct fit;
typedef void put_row_fn(struct buf *b, const struct group *g, const cJSON *a,
    int n, const struct list *l, const struct fit *f);

void
report_put_id(struct buf *b, const char *id)
{
	/* Nothing else may stand in the brackets: whoever concludes may be a
	 * model. */
	if (id[0] == 'E' && id[1] != '\0' &&
	    strspn(id + 1, "0123456789") == strlen(id + 1))
		buf_addf(b, " [%s]", id);
}

static bool
is_in(const char *list, const char *key)
{
	auto_str word = xasprintf("|%s|", key);

	return strstr(list, word) != NULL;
}

static void
put_label(
    struct buf *b, const char *key, const char *value, size_t max, bool in_cell)
{
	auto_buf pair = {.max = 64 << 10};

	buf_addf(&pair, "%s=%s", key, value);
	md_put_code(b, buf_span(&pair), max, in_cell);
}

void
report_put_labels(
    struct buf *b, const cJSON *labels, const char *except, bool in_cell)
{
	const cJSON *l;
	bool any = false;

	cJSON_ArrayForEach (l, labels) {
		if (!cJSON_IsString(l) || is_in(except, l->string))
			continue;
		buf_adds(b, any ? " " : "");
		put_label(b, l->string, l->valuestring, CELL_MAX, in_cell);
		any = true;
	}
}

/* ---- cells ---- */

/* How much of everything a row has: all of it, or as much less as keeps the
 * row within what a screen shows. The evidence has it whole. */
static const struct fit {
	size_t name, label, summary; /* bytes */
	int labels;
	bool plain; /* without labels that seldom tell anything apart */
} fits[] = {{CELL_MAX, CELL_MAX, SUMMARY_MAX, INT_MAX, false},
    {CELL_MAX, 80, 120, INT_MAX, true}, {80, 60, 60, 6, true},
    {60, 40, 40, 3, true}, {50, 30, 0, 2, true}};

static void
put_cell_labels(struct buf *b, const cJSON *labels, const struct group *g,
    const char *except, const struct fit *f)
{
	static const char seldom[] =
	    "|prometheus|endpoint|job|fstype|uid|metrics_path|";
	const cJSON *l;
	int n = 0;

	cJSON_ArrayForEach (l, labels) {
		if (!cJSON_IsString(l) || is_in(except, l->string) ||
		    (f->plain && is_in(seldom, l->string) &&
			!group_is_apart(g, l->string)))
			continue;
		if (n == f->labels) {
			buf_adds(b, " …");
			return;
		}
		buf_adds(b, n++ > 0 ? " " : "");
		put_label(b, l->string, l->valuestring, f->label, true);
	}
}

/* Go's zero time says that it is not known. */
void
report_put_since(struct buf *b, const char *t, const struct zone *zone)
{
	char text[ZONE_TEXT];
	int64_t ms;

	if (when_rfc3339(span_of(t), &ms, NULL) != RC_OK)
		md_put_text(b, span_of(t), 40);
	else if (ms > 0)
		buf_adds(b, zone_print(zone, ms / 1000, ZONE_FULL, text));
}

static bool
number_of(const cJSON *v, double *ret)
{
	char *end = NULL;

	if (cJSON_IsString(v)) {
		*ret = strtod(v->valuestring, &end);
		return end != v->valuestring && *end == '\0';
	}
	if (cJSON_IsNumber(v))
		*ret = v->valuedouble;
	return cJSON_IsNumber(v);
}

static void
put_value(struct buf *b, const cJSON *v)
{
	double d;

	if (number_of(v, &d))
		buf_addf(b, "%.6g", d);
	else if (cJSON_IsString(v))
		md_put_text(b, span_of(v->valuestring), 40);
}

static struct span
summary_of(const cJSON *alert)
{
	static const char *const keys[] = {"summary", "description", "message"};
	const cJSON *annotations = tree_at(alert, "annotations");
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (tree_has(annotations, keys[i]))
			return tree_span(annotations, keys[i]);
	return span_of("");
}

/* Which labels a row leaves out, "|" around each: what an agent put there
 * about itself where it tells of another's object, unless it is that which
 * tells the rule's instances apart. */
static char *
left_out(const struct group *g, const cJSON *labels)
{
	static const char *const objects[] = {"pod", "node", "deployment",
	    "statefulset", "daemonset", "job_name", "persistentvolumeclaim"};
	static const char *const own[] = {
	    "job", "service", "instance", "endpoint"};
	auto_buf b = {.max = 1000};
	bool agent = false, other = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(objects); i++)
		other |= tree_has(labels, objects[i]);
	for (i = 0; i < 2; i++)
		agent |= owner_is_agent(tree_str(labels, own[i]));
	buf_adds(&b, "|alertname|severity|");
	for (i = 0; i < ARRAY_LEN(own) && agent && other; i++)
		if (!group_is_apart(g, own[i]) &&
		    (i > 1 || owner_is_agent(tree_str(labels, own[i]))))
			buf_addf(&b, "%s|", own[i]);
	return buf_take(&b);
}

static void
put_summary(struct buf *b, const cJSON *a, const struct fit *f)
{
	if (f->summary > 0)
		md_put_text(b, summary_of(a), f->summary);
	buf_adds(b, " |\n");
}

/* Up to the labels. */
static void
put_subject(
    struct buf *b, const cJSON *a, int n, int times, const struct fit *f)
{
	buf_addf(b, "| %d | ", n);
	md_put_code(b, tree_span(a, "name"), f->name, true);
	if (times > 1)
		buf_addf(b, " × %d", times);
	buf_adds(b, " | ");
	md_put_text(b, tree_span(tree_at(a, "labels"), "severity"), 40);
	buf_adds(b, " | ");
}

static void
put_row(struct buf *b, const struct group *g, const cJSON *a, int n,
    const struct list *l, const struct fit *f)
{
	auto_str except = left_out(g, tree_at(a, "labels"));

	put_subject(b, a, n, 1, f);
	put_cell_labels(b, tree_at(a, "labels"), g, except, f);
	buf_adds(b, " | ");
	report_put_since(b, tree_str(a, "activeAt"), l->zone);
	buf_adds(b, " | ");
	put_value(b, tree_at(a, "value"));
	buf_adds(b, " | ");
	put_summary(b, a, f);
}

/* "|pod|container|", with those that no row shows. */
static char *
apart_of(const struct group *g)
{
	auto_buf b = {.max = 64 << 10};
	int i;

	buf_adds(&b, "|alertname|severity|");
	for (i = 0; i < g->n_apart; i++)
		buf_addf(&b, "%s|", g->apart[i]);
	return buf_take(&b);
}

static void
put_keys(struct buf *b, const struct group *g)
{
	int i;

	for (i = 0; i < g->n_apart; i++) {
		buf_adds(b, i > 0 ? ", " : "");
		md_put_code(b, span_of(g->apart[i]), CELL_MAX, true);
	}
}

/* From the first to the last they began. */
static void
put_began(struct buf *b, const struct group *g, const struct zone *zone)
{
	const char *first = tree_str(g->first, "activeAt"), *last = first;
	const cJSON *a = g->first;
	int i;

	for (i = 0; i < g->n; i++, a = a->next) {
		const char *t = tree_str(a, "activeAt");

		first = strcmp(t, first) < 0 ? t : first;
		last = strcmp(t, last) > 0 ? t : last;
	}
	report_put_since(b, first, zone);
	if (strcmp(first, last) == 0)
		return;
	buf_adds(b, " – ");
	report_put_since(b, last, zone);
}

static void
put_range(struct buf *b, const struct group *g)
{
	double least = INFINITY, most = -INFINITY, v;
	const cJSON *a = g->first;
	int i;

	for (i = 0; i < g->n; i++, a = a->next)
		if (number_of(tree_at(a, "value"), &v)) {
			least = fmin(least, v);
			most = fmax(most, v);
		}
	if (least > most)
		return;
	buf_addf(b, "%.6g", least);
	if (least < most)
		buf_addf(b, " – %.6g", most);
}

/* One row for all of them. */
static void
put_group(struct buf *b, const struct group *g, const cJSON *a, int n,
    const struct list *l, const struct fit *f)
{
	auto_str apart = apart_of(g);

	put_subject(b, a, n, g->n, f);
	put_cell_labels(b, tree_at(a, "labels"), g, apart, f);
	if (g->n_apart > 0) {
		buf_addf(b, " %s%s", report_word(RW_APART, l->lang),
		    report_word(RW_COLON, l->lang));
		put_keys(b, g);
	}
	buf_adds(b, " | ");
	put_began(b, g, l->zone);
	buf_adds(b, " | ");
	put_range(b, g);
	buf_adds(b, " | ");
	put_summary(b, a, f);
}

static size_t
characters(struct span s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void
put_fitting(struct buf *b, put_row_fn *put, const struct group *g,
    const cJSON *a, int n, const struct list *l)
{
	size_t i, before = b->len;

	for (i = 0; i < ARRAY_LEN(fits); i++) {
		buf_cut(b, before);
		put(b, g, a, n, l, &fits[i]);
		if (characters(span_make(b->data + before, b->len - before)) <=
		    ROW_CHARS)
			return;
	}
}

/* ---- the tables ---- */

/* The list's own evidence, once: all rows come from the same answer. */
static void
put_source(struct buf *b, const cJSON *alerts, const char *state)
{
	const char *last = "";
	const cJSON *a;

	cJSON_ArrayForEach (a, alerts) {
		const char *id = tree_str(a, "evidence");

		if (!tree_is(a, "state", state) || strcmp(id, last) == 0)
			continue;
		report_put_id(b, id);
		last = id;
	}
}

static void
put_table(struct buf *b, const cJSON *alerts, const char *state, int total,
    enum report_word title, enum report_lang lang, const struct zone *zone)
{
	const struct list l = {lang, zone};
	int listed = alerts_count(alerts, state), n = 0, i;
	const cJSON *a = cJSON_GetArrayItem(alerts, 0);

	if (total == 0)
		return;
	buf_addf(b, "\n%s%d", report_word(title, lang), total);
	put_source(b, alerts, state);
	if (listed < total)
		buf_addf(b, "%s%d", report_word(RW_LISTED, lang), listed);
	buf_addf(b, "\n\n%s\n|---|---|---|---|---|---|---|\n",
	    report_word(RW_TABLE, lang));
	while (a != NULL) {
		struct group g = group_from(a);
		bool shown = tree_is(a, "state", state);

		if (shown && g.n > ROWS_EACH)
			put_fitting(b, put_group, &g, a, ++n, &l);
		for (i = 0; i < g.n; i++, a = a->next)
			if (shown && g.n <= ROWS_EACH)
				put_fitting(b, put_row, &g, a, ++n, &l);
	}
}

void
report_put_alerts(struct buf *b, const cJSON *state, const cJSON *alerts,
    enum report_lang lang, const struct zone *zone)
{
	static const struct {
		const char *state;
		enum report_word title;
	} tables[] = {{"firing", RW_FIRING}, {"pending", RW_PENDING},
	    {"resolved", RW_RESOLVED}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(tables); i++)
		put_table(b, alerts, tables[i].state,
		    alerts_total(state, alerts, tables[i].state),
		    tables[i].title, lang, zone);
}

/* ---- every instance ---- */

/* Whether all have the same value, which is then told once. */
static bool
is_same_value(const struct group *g)
{
	const cJSON *a = g->first, *value = tree_at(a, "value");
	int i;

	for (i = 0; i < g->n; i++, a = a->next)
		if (!cJSON_Compare(tree_at(a, "value"), value, true))
			return false;
	return value != NULL;
}

static void
put_instance(struct buf *b, const struct group *g, const cJSON *a,
    bool with_value, const struct zone *zone)
{
	const cJSON *labels = tree_at(a, "labels");
	bool any = false;
	int i;

	for (i = 0; i < g->n_apart; i++) {
		if (!tree_has(labels, g->apart[i]))
			continue;
		buf_adds(b, any ? " " : "");
		put_label(b, g->apart[i], tree_str(labels, g->apart[i]),
		    CELL_MAX, false);
		any = true;
	}
	if (!g->same_since) {
		buf_addc(b, ' ');
		report_put_since(b, tree_str(a, "activeAt"), zone);
	}
	if (with_value && tree_at(a, "value") != NULL) {
		buf_adds(b, " = ");
		put_value(b, tree_at(a, "value"));
	}
}

/* As many on a line as fit; one at least. */
static const cJSON *
put_all(struct buf *b, const struct group *g, enum report_lang lang,
    const struct zone *zone)
{
	const cJSON *a = g->first;
	bool same = is_same_value(g);
	size_t line = 0;
	int i;

	buf_addc(b, '\n');
	md_put_code(b, tree_span(g->first, "name"), CELL_MAX, true);
	buf_addf(b, " × %d", g->n);
	if (same) {
		buf_adds(b, report_word(RW_EACH, lang));
		put_value(b, tree_at(g->first, "value"));
	}
	buf_adds(b, lang == REPORT_ZH ? "：\n\n" : ":\n\n");
	for (i = 0; i < g->n; i++, a = a->next) {
		auto_buf one = {.max = 64 << 10};

		put_instance(&one, g, a, !same, zone);
		if (line > 0 && line + one.len > LINE_BYTES) {
			buf_addc(b, '\n');
			line = 0;
		}
		buf_adds(b, line == 0 ? "- " : "; ");
		buf_add_buf(b, &one);
		line += one.len + 2;
	}
	buf_addc(b, '\n');
	return a;
}

void
report_put_instances(struct buf *b, const cJSON *alerts, enum report_lang lang,
    const struct zone *zone)
{
	const cJSON *a = cJSON_GetArrayItem(alerts, 0);
	bool any = false;

	while (a != NULL) {
		struct group g = group_from(a);

		if (g.n <= ROWS_EACH) {
			for (; g.n > 0; g.n--)
				a = a->next;
			continue;
		}
		if (!any)
			buf_addf(b, "\n**%s**\n",
			    report_word(RW_ALL_INSTANCES, lang));
		any = true;
		a = put_all(b, &g, lang, zone);
	}
}
