/*
 * verify_instances.c - is every firing instance listed?
 *
 * A row counts when it holds every label value that tells the instance from
 * others of its name, and the name stands there or above.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/alerts.h"
#include "common/md.h"
#include "common/tree.h"
#include "common/verify_view.h"

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

bool
verify_holds_word(struct span s, const char *word)
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
		if (!verify_holds_word(line, k->value[i]))
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
		named = named || verify_holds_word(l->line[i], name);
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
	verify_fail(w, CHECK_INSTANCES, "%s", buf_str(&b));
}

void
verify_instances(struct view *w)
{
	struct listing l = listing_of(&w->v->lines);
	const cJSON *a;
	int missing = 0;

	cJSON_ArrayForEach (a, w->alerts)
		if (alerts_is_firing(a) && !is_listed(&l, w->alerts, a) &&
		    missing++ < VERIFY_MISSING_MAX)
			name_instance(w, a);
	if (missing > VERIFY_MISSING_MAX)
		verify_fail(w, CHECK_INSTANCES, "and %d more",
		    missing - VERIFY_MISSING_MAX);
	buf_done(&l.text);
	free(l.line);
}
