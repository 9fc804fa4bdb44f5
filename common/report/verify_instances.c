/*
 * verify_instances.c - is every firing instance listed?
 *
 * Of Markdown that somebody wrote: what is rendered lists them all. A row
 * counts when it holds every label value that tells the instance from others
 * of its name, and the name stands there or above. An instance is looked for
 * only where its rarest word stands.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/report/alerts.h"
#include "common/report/md.h"
#include "common/json/tree.h"
#include "common/report/verify_view.h"

/* ---- the words of the section that lists alerts ---- */

/* A run of letters, digits and what joins them in names: no longer name can
 * hold another that is one. */
struct word {
	uint64_t hash;
	size_t claim;
};

struct listing {
	const struct claims *c;
	size_t from, to; /* the claims of the section, and what they stand in */
	size_t *heading; /* of each, by index - from: the last one before */
	size_t *parent;  /* what it is an item below; SIZE_MAX: nothing */
	struct word *words; /* by hash, then claim */
	size_t n, cap;
};

enum { WORDS_STEP = 1024, DEPTH_MAX = 32 };

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool
joins(struct span s, size_t i)
{
	return (s.p[i] == '.' || s.p[i] == '-') && i > 0 && i + 1 < s.n &&
	       isalnum((unsigned char)s.p[i - 1]) &&
	       isalnum((unsigned char)s.p[i + 1]);
}

/* The next word from *at on; false: there is none. */
static bool
next_word(struct span s, size_t *at, struct span *ret)
{
	size_t i = *at, from;

	while (i < s.n && !is_name(s.p[i]))
		i++;
	from = i;
	while (i < s.n && (is_name(s.p[i]) || joins(s, i)))
		i++;
	*at = i;
	*ret = span_make(s.p + from, i - from);
	return i > from;
}

/* FNV-1a: a collision costs a look, no more. */
static uint64_t
hash_of(struct span s)
{
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
	return h;
}

static int
by_hash(const void *a, const void *b)
{
	const struct word *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->claim > y->claim) - (x->claim < y->claim);
}

static struct span
shown(const struct listing *l, size_t claim)
{
	return claims_text(l->c, l->c->at[claim].shown);
}

static void
add_words(struct listing *l, size_t claim)
{
	struct span word, s = shown(l, claim);
	size_t at = 0;

	while (next_word(s, &at, &word)) {
		if (l->n == l->cap) {
			l->cap = 2 * l->cap + WORDS_STEP;
			l->words =
			    xrealloc(l->words, l->cap * sizeof(*l->words));
		}
		l->words[l->n++] = (struct word){hash_of(word), claim};
	}
}

static void
add_place(struct listing *l, size_t claim, size_t last[DEPTH_MAX])
{
	const struct claim *x = &l->c->at[claim];
	size_t i = claim - l->from, depth = MIN(x->depth, DEPTH_MAX - 1), d;

	l->heading[i] = x->is_heading ? claim
			: i > 0       ? l->heading[i - 1]
				      : claim;
	for (d = x->is_heading ? 0 : depth + 1; d < DEPTH_MAX; d++)
		last[d] = SIZE_MAX;
	l->parent[i] = SIZE_MAX;
	for (d = depth; d-- > 1;)
		if (last[d] != SIZE_MAX) {
			l->parent[i] = last[d];
			break;
		}
	last[depth] = claim;
}

static struct listing
listing_of(const struct claims *c)
{
	struct listing l = {.c = c};
	size_t last[DEPTH_MAX], i;

	for (i = 0; i < DEPTH_MAX; i++)
		last[i] = SIZE_MAX;
	while (l.from < c->n && c->at[l.from].section != 1)
		l.from++;
	l.to = l.from;
	while (l.to < c->n && c->at[l.to].section == 1)
		l.to++;
	l.heading = xcalloc(l.to - l.from + 1, sizeof(*l.heading));
	l.parent = xcalloc(l.to - l.from + 1, sizeof(*l.parent));
	for (i = l.from; i < l.to; i++) {
		add_place(&l, i, last);
		add_words(&l, i);
	}
	if (l.n > 0)
		qsort(l.words, l.n, sizeof(*l.words), by_hash);
	return l;
}

static void
listing_done(struct listing *l)
{
	free(l->heading);
	free(l->parent);
	free(l->words);
}

/* The first of those that have at least that hash. */
static size_t
lower_bound(const struct listing *l, uint64_t hash)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (l->words[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Where something is to be looked for: in the claims of some words, or in
 * all, where it has no word. */
struct places {
	bool all;
	size_t from, to;
};

/* Narrows p to the rarest word of text. */
static void
narrow(const struct listing *l, struct places *p, struct span text)
{
	struct span word;
	size_t at = 0;

	while (next_word(text, &at, &word)) {
		uint64_t hash = hash_of(word);
		size_t from = lower_bound(l, hash);
		size_t to =
		    hash == UINT64_MAX ? l->n : lower_bound(l, hash + 1);

		if (p->all || to - from < p->to - p->from)
			*p = (struct places){false, from, to};
	}
}

static size_t
places_n(const struct listing *l, const struct places *p)
{
	return p->all ? l->to - l->from : p->to - p->from;
}

static size_t
place_at(const struct listing *l, const struct places *p, size_t i)
{
	return p->all ? l->from + i : l->words[p->from + i].claim;
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

/* What tells an instance apart, as it shows: a value for each key. */
struct values {
	char *at[KEYS_MAX];
	int n;
};

static struct values
values_of(const struct group *g, const cJSON *alert)
{
	const cJSON *labels = tree_at(alert, "labels");
	struct values v = {.n = g->n_keys};
	int i;

	for (i = 0; i < v.n; i++)
		v.at[i] = plain_of(tree_str(labels, g->keys[i]));
	return v;
}

static void
values_done(struct values *v)
{
	while (v->n > 0)
		free(v->at[--v->n]);
}

static bool
holds_all(struct span row, const struct values *v)
{
	int i;

	for (i = 0; i < v->n; i++)
		if (!verify_holds_word(row, v->at[i]))
			return false;
	return true;
}

/* The claims of the section that hold a name, in order. */
struct named {
	bool *is;    /* by index - from */
	size_t *top; /* those that are no items */
	size_t n_top, n;
};

static struct named
named_of(const struct listing *l, const char *name)
{
	struct places p = {.all = true};
	struct named x = {.is = xcalloc(l->to - l->from + 1, sizeof(*x.is))};
	size_t i;

	narrow(l, &p, span_of(name));
	x.top = xcalloc(places_n(l, &p) + 1, sizeof(*x.top));
	for (i = 0; i < places_n(l, &p); i++) {
		size_t claim = place_at(l, &p, i);

		if (x.is[claim - l->from] ||
		    !verify_holds_word(shown(l, claim), name))
			continue;
		x.is[claim - l->from] = true;
		x.n++;
		if (l->c->at[claim].depth == 0)
			x.top[x.n_top++] = claim;
	}
	return x;
}

static void
named_done(struct named *x)
{
	free(x->is);
	free(x->top);
}

/* Whether a claim is about the name: it holds it, or what it stands under
 * does, up to the nearest heading. */
static bool
is_about(const struct listing *l, const struct named *x, size_t claim)
{
	size_t lo = 0, hi = x->n_top, j;

	for (j = claim; j != SIZE_MAX; j = l->parent[j - l->from])
		if (x->is[j - l->from])
			return true;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (x->top[mid] < claim)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && x->top[lo - 1] >= l->heading[claim - l->from];
}

static bool
is_listed(
    const struct listing *l, const struct named *x, const struct values *v)
{
	struct places p = {.all = true};
	size_t i;
	int k;

	/* An only one of its name has nothing but that. */
	if (v->n == 0 || x->n == 0)
		return x->n > 0;
	for (k = 0; k < v->n; k++)
		narrow(l, &p, span_of(v->at[k]));
	for (i = 0; i < places_n(l, &p); i++) {
		size_t claim = place_at(l, &p, i);

		if (holds_all(shown(l, claim), v) && is_about(l, x, claim))
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
	struct named x = named_of(l, name);
	int i;

	find_keys(g);
	for (i = 0; i < g->n; i++) {
		struct values v = values_of(g, g->at[i]);

		if (!is_listed(l, &x, &v) && (*missing)++ < VERIFY_MISSING_MAX)
			name_instance(w, g->at[i]);
		values_done(&v);
	}
	named_done(&x);
}

void
verify_instances(struct view *w)
{
	struct listing l = listing_of(&w->v->claims);
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
	listing_done(&l);
}
