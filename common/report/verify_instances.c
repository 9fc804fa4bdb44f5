/*
 * verify_instances.c - is every firing instance listed?
 *
 * A row counts when it holds every label value that tells the instance from
 * others of its name, and the name stands there or above.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/report/md.h"
#include "common/json/tree.h"
#include "common/report/verify_view.h"

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

/* ---- what tells the instances of one name apart ---- */

enum { KEYS_MAX = 32 };

/* The firing instances of one name, and the labels that vary among them. */
struct group {
	const cJSON **at; /* borrowed */
	int n;
	const char *keys[KEYS_MAX];
	int n_keys;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(tree_str(*(const cJSON *const *)a, "name"),
	    tree_str(*(const cJSON *const *)b, "name"));
}

static void
add_key(struct group *g, const char *key)
{
	int i;

	for (i = 0; i < g->n_keys; i++)
		if (strcmp(g->keys[i], key) == 0)
			return;
	if (g->n_keys < KEYS_MAX && strcmp(key, "alertname") != 0)
		g->keys[g->n_keys++] = key;
}

/* The labels in which a and b differ; one may lack what the other has. */
static void
compare(struct group *g, const cJSON *a, const cJSON *b)
{
	const cJSON *l;

	cJSON_ArrayForEach (l, a)
		if (cJSON_IsString(l) && !tree_is(b, l->string, l->valuestring))
			add_key(g, l->string);
}

static void
find_keys(struct group *g)
{
	const cJSON *first = tree_at(g->at[0], "labels");
	int i;

	for (i = 1; i < g->n; i++) {
		compare(g, first, tree_at(g->at[i], "labels"));
		compare(g, tree_at(g->at[i], "labels"), first);
	}
}

/* ---- looking for them ---- */

/* Whether line holds what tells this instance apart. */
static bool
is_row_of(struct span line, const struct group *g, const cJSON *alert)
{
	const cJSON *labels = tree_at(alert, "labels");
	int i;

	/* An only one of its name has nothing but that. */
	for (i = 0; i < g->n_keys; i++) {
		auto_str value = plain_of(tree_str(labels, g->keys[i]));

		if (!verify_holds_word(line, value))
			return false;
	}
	return true;
}

static size_t
indent_of(struct span line)
{
	size_t i = 0;

	while (i < line.n && line.p[i] == ' ')
		i++;
	return i;
}

/* A row of a table or an item of a list: it names its own instance, not what
 * stands below. */
static bool
is_item(struct span line)
{
	size_t i = indent_of(line);

	return i < line.n && (strchr("|-+*", line.p[i]) != NULL ||
				 isdigit((unsigned char)line.p[i]));
}

/* Whether line i is about the name: it holds it, or what it stands under
 * does, up to the nearest heading. */
static bool
is_about(const struct listing *l, size_t i, const char *name)
{
	size_t j = i;

	if (verify_holds_word(l->line[i], name))
		return true;
	while (j-- > 0) {
		struct span line = l->line[j];

		if (is_item(line) && indent_of(line) >= indent_of(l->line[i]))
			continue;
		if (verify_holds_word(line, name))
			return true;
		if (line.n > 0 && line.p[0] == '#')
			return false;
	}
	return false;
}

/* Looks from where the one before was found and round again: rows mostly
 * stand in the order of the instances. */
static bool
is_listed(const struct listing *l, const struct group *g, const char *name,
    size_t *hint, const cJSON *alert)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		size_t at = (*hint + i) % l->n;

		if (!is_row_of(l->line[at], g, alert) || !is_about(l, at, name))
			continue;
		*hint = at + 1;
		return true;
	}
	return false;
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
	verify_fail(w, CHECK_INSTANCES, "%s", buf_str(&b));
}

static void
check_group(
    struct view *w, const struct listing *l, struct group *g, int *missing)
{
	auto_str name = plain_of(tree_str(g->at[0], "name"));
	size_t hint = 0;
	int i;

	find_keys(g);
	for (i = 0; i < g->n; i++)
		if (!is_listed(l, g, name, &hint, g->at[i]) &&
		    (*missing)++ < VERIFY_MISSING_MAX)
			name_instance(w, g->at[i]);
}

void
verify_instances(struct view *w)
{
	struct listing l = listing_of(&w->v->lines);
	const cJSON **all = xcalloc(
	    (size_t)cJSON_GetArraySize(w->alerts) + 1, sizeof(const cJSON *));
	const cJSON *a;
	int n = 0, i, k, missing = 0;

	cJSON_ArrayForEach (a, w->alerts)
		if (alerts_is_firing(a))
			all[n++] = a;
	qsort(all, (size_t)n, sizeof(const cJSON *), by_name);
	for (i = 0; i < n; i = k) {
		struct group g = {.at = &all[i]};

		for (k = i; k < n && by_name(&all[i], &all[k]) == 0; k++)
			g.n++;
		check_group(w, &l, &g, &missing);
	}
	if (missing > VERIFY_MISSING_MAX)
		verify_fail(w, CHECK_INSTANCES, "and %d more",
		    missing - VERIFY_MISSING_MAX);
	free(all);
	buf_done(&l.text);
	free(l.line);
}
