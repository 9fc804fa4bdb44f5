/*
 * causes_set.c - the series to compare, and the names in them.
 *
 * Invariant: every index in a series (service, family, variant) is one this
 * set gave out; text lives as long as the set.
 */
#include "common/base/buf.h"
#include "executor/causes/causes.h"
#include "executor/causes/causes_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = 512,
	VARIANT_MAX = 4096,
	KEY_MAX = 16384,
	TABLE_SLOTS = 16384
};

/* Text to number; numbers count from 0 in order of arrival. */
struct names {
	char **list;
	size_t n, max;
	uint16_t slots[TABLE_SLOTS]; /* number + 1; 0: empty */
};

/* Text to text. */
struct map {
	struct names keys;
	char **values; /* by the key's number */
};

struct causes_set {
	struct causes_grid grid;
	struct causes_series *series;
	size_t n, cap, max;
	struct names services, words, families, variants;
	struct names keys;          /* number: that of the series */
	struct map places, aliases; /* of pods, to nodes; of nodes */
	struct causes_edge *edges;
	size_t nedges;
};

/* ---- names ---- */

static size_t
hash(const char *s)
{
	size_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* The slot where s is, or belongs. */
static uint16_t *
names_slot(struct names *t, const char *s)
{
	size_t i = hash(s) % TABLE_SLOTS;

	while (t->slots[i] != 0 && strcmp(t->list[t->slots[i] - 1], s) != 0)
		i = (i + 1) % TABLE_SLOTS;
	return &t->slots[i];
}

static uint16_t
names_of(struct names *t, const char *s)
{
	uint16_t *slot = names_slot(t, s);

	if (*slot == 0) {
		if (t->n == t->max)
			return CAUSES_NONE;
		t->list[t->n++] = xstrdup(s);
		*slot = (uint16_t)t->n;
	}
	return (uint16_t)(*slot - 1);
}

static void
names_init(struct names *t, size_t max)
{
	t->list = xcalloc(max, sizeof(*t->list));
	t->max = max;
}

static void
names_done(struct names *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->list[i]);
	free(t->list);
}

static void
map_init(struct map *m)
{
	names_init(&m->keys, TABLE_SLOTS / 2);
	m->values = xcalloc(m->keys.max, sizeof(*m->values));
}

static void
map_done(struct map *m)
{
	for (size_t i = 0; i < m->keys.n; i++)
		free(m->values[i]);
	free(m->values);
	names_done(&m->keys);
}

/* The first value of a key stays. */
static void
map_put(struct map *m, const char *key, const char *value)
{
	uint16_t i = names_of(&m->keys, key);

	if (i != CAUSES_NONE && m->values[i] == NULL)
		m->values[i] = xstrdup(value);
}

static const char *
map_get(struct map *m, const char *key)
{
	uint16_t slot = *names_slot(&m->keys, key);

	return slot != 0 ? m->values[slot - 1] : NULL;
}

/* ---- the set ---- */

struct causes_set *
causes_set_new(const struct causes_grid *grid, size_t series_max)
{
	struct causes_set *set = xcalloc(1, sizeof(*set));

	set->grid = *grid;
	set->max = series_max;
	names_init(&set->services, CAUSES_SERVICES_MAX);
	names_init(&set->words, TABLE_SLOTS / 2);
	names_init(&set->keys, MIN(series_max, (size_t)TABLE_SLOTS - 1));
	names_init(&set->families, TABLE_SLOTS / 2);
	names_init(&set->variants, TABLE_SLOTS / 2);
	map_init(&set->places);
	map_init(&set->aliases);
	return set;
}

void
causes_set_free(struct causes_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++) {
		free(set->series[i].labels);
		free(set->series[i].v);
		free(set->series[i].history);
	}
	free(set->series);
	free(set->edges);
	names_done(&set->services);
	names_done(&set->words);
	names_done(&set->keys);
	names_done(&set->families);
	names_done(&set->variants);
	map_done(&set->places);
	map_done(&set->aliases);
	free(set);
}

/* One block: the array, then its text. */
static struct causes_label *
copy_labels(const struct causes_label *labels, size_t n)
{
	size_t bytes = n * sizeof(*labels);
	struct causes_label *copy;
	char *text;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(labels[i].name) + strlen(labels[i].value) + 2;
	copy = xcalloc(1, MAX(bytes, (size_t)1));
	text = (char *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		copy[i].name = text;
		text = stpcpy(text, labels[i].name) + 1;
		copy[i].value = text;
		text = stpcpy(text, labels[i].value) + 1;
	}
	return copy;
}

/* What remains of the labels when nobody is named: series of different
 * services with the same one can be compared. */
static uint16_t
variant_of(struct causes_set *set, const struct causes_series *s)
{
	auto_buf b = {.max = VARIANT_MAX};

	buf_addf(&b, "%u", s->family);
	for (size_t i = 0; i < s->nlabels; i++)
		if (!causes_is_identity(s->labels[i].name))
			buf_addf(&b, ",%s=%s", s->labels[i].name,
			    s->labels[i].value);
	return names_of(&set->variants, buf_str(&b));
}

static uint16_t
service_of(struct causes_set *set, const char *name)
{
	char service[NAME_MAX_BYTES];

	snprintf(service, sizeof(service), "%s", name);
	causes_strip_domain(service);
	return names_of(&set->services, service);
}

static void
name_owner(
    struct causes_set *set, struct causes_series *s, const char *fallback)
{
	char service[NAME_MAX_BYTES];
	const char *client, *server, *node;

	s->client = s->service = CAUSES_NONE;
	if (causes_pair_of(s->labels, s->nlabels, &client, &server)) {
		s->client = service_of(set, client);
		s->service = service_of(set, server);
		causes_set_edge(set, client, server);
		return;
	}
	causes_service_of(
	    s->metric, s->labels, s->nlabels, service, sizeof(service));
	if (service[0] == '\0' && fallback != NULL)
		snprintf(service, sizeof(service), "%s", fallback);
	if (service[0] == '\0')
		return;
	node = map_get(&set->aliases, service);
	s->service = names_of(&set->services, node != NULL ? node : service);
}

/* The node of a pod's series, by its own label or as it was told. */
static void
name_node(struct causes_set *set, struct causes_series *s)
{
	const char *pod = NULL, *node = NULL;

	s->node = CAUSES_NONE;
	for (size_t i = 0; i < s->nlabels; i++) {
		const struct causes_label *l = &s->labels[i];

		if (strcmp(l->name, "pod") == 0)
			pod = l->value;
		else if (strcmp(l->name, "node") == 0)
			node = l->value;
	}
	if (pod == NULL || pod[0] == '\0')
		return;
	if (node == NULL || node[0] == '\0')
		node = map_get(&set->places, pod);
	if (node != NULL)
		s->node = names_of(&set->services, node);
}

/* RC_TOOBIG when a table of names is full. */
static enum rc
name_family(struct causes_set *set, struct causes_series *s, const char *metric,
    const char *form, struct err *err)
{
	char family[NAME_MAX_BYTES];
	uint16_t m = names_of(&set->words, metric);
	uint16_t f = names_of(&set->words, form);

	snprintf(family, sizeof(family), "%s\n%s", form, metric);
	s->family = names_of(&set->families, family);
	if (m == CAUSES_NONE || f == CAUSES_NONE || s->family == CAUSES_NONE)
		return err_set(err, RC_TOOBIG, "too many metrics");
	s->metric = set->words.list[m];
	s->form = set->words.list[f];
	return RC_OK;
}

static struct causes_series *
next_series(struct causes_set *set)
{
	if (set->n == set->cap) {
		set->cap = MAX((size_t)256, set->cap * 2);
		set->series =
		    xrealloc(set->series, set->cap * sizeof(*set->series));
	}
	memset(&set->series[set->n], 0, sizeof(*set->series));
	return &set->series[set->n];
}

static void
put_key(struct buf *b, const char *metric, const char *form,
    const struct causes_label *labels, size_t n)
{
	buf_addf(b, "%s\n%s", metric, form);
	for (size_t i = 0; i < MIN(n, (size_t)CAUSES_LABELS_MAX); i++)
		buf_addf(b, "\n%s\n%s", labels[i].name, labels[i].value);
}

/* Series and keys are added together, so their numbers agree, as long as no
 * two series have the same labels. */
static void
add_key(struct causes_set *set, const char *metric, const char *form,
    const struct causes_label *labels, size_t n)
{
	auto_buf key = {.max = KEY_MAX};

	put_key(&key, metric, form, labels, n);
	if (set->keys.n + 1 == set->n &&
	    names_of(&set->keys, buf_str(&key)) + 1u != set->n)
		set->keys.max = 0; /* out of step: no history from here */
}

float *
causes_set_again(struct causes_set *set, const char *metric, const char *form,
    const struct causes_label *labels, size_t n)
{
	auto_buf key = {.max = KEY_MAX};
	uint16_t *slot;

	put_key(&key, metric, form, labels, n);
	slot = names_slot(&set->keys, buf_str(&key));
	return *slot != 0 ? set->series[*slot - 1].v : NULL;
}

float *
causes_set_history(struct causes_set *set, const char *metric, const char *form,
    const struct causes_label *labels, size_t n)
{
	auto_buf key = {.max = KEY_MAX};
	struct causes_series *s;
	uint16_t *slot;

	put_key(&key, metric, form, labels, n);
	slot = names_slot(&set->keys, buf_str(&key));
	if (*slot == 0)
		return NULL;
	s = &set->series[*slot - 1];
	if (s->history == NULL) {
		s->history = xcalloc(CAUSES_HISTORY, sizeof(*s->history));
		for (size_t i = 0; i < CAUSES_HISTORY; i++)
			s->history[i] = NAN;
	}
	return s->history;
}

enum rc
causes_set_add(struct causes_set *set, const char *metric, const char *form,
    const struct causes_label *labels, size_t n, const char *fallback,
    float **ret_v, struct err *err)
{
	struct causes_series *s;
	enum rc rc;

	if (set->n == set->max)
		return err_set(
		    err, RC_TOOBIG, "more than %zu series", set->max);
	s = next_series(set);
	rc = name_family(set, s, metric, form, err);
	if (rc != RC_OK)
		return rc;
	set->n++;
	add_key(set, metric, form, labels, n);
	s->nlabels = MIN(n, (size_t)CAUSES_LABELS_MAX);
	s->labels = copy_labels(labels, s->nlabels);
	s->kind = causes_kind_of(metric);
	for (size_t i = 0; i < s->nlabels; i++)
		s->kind = causes_kind_with(
		    s->kind, s->labels[i].name, s->labels[i].value);
	s->outgoing = causes_is_outgoing(metric);
	s->shared = causes_is_shared(metric);
	name_owner(set, s, fallback);
	name_node(set, s);
	s->variant = variant_of(set, s);
	s->v = xcalloc(MAX(set->grid.points, (size_t)1), sizeof(*s->v));
	for (size_t i = 0; i < set->grid.points; i++)
		s->v[i] = NAN;
	*ret_v = s->v;
	return RC_OK;
}

void
causes_set_edge(struct causes_set *set, const char *client, const char *server)
{
	struct causes_edge e = {
	    names_of(&set->services, client), names_of(&set->services, server)};

	if (e.client == CAUSES_NONE || e.server == CAUSES_NONE ||
	    e.client == e.server || set->nedges == CAUSES_EDGES_MAX)
		return;
	for (size_t i = 0; i < set->nedges; i++)
		if (set->edges[i].client == e.client &&
		    set->edges[i].server == e.server)
			return;
	if ((set->nedges & (set->nedges - 1)) == 0)
		set->edges = xrealloc(
		    set->edges, MAX((size_t)1, set->nedges * 2) * sizeof(e));
	set->edges[set->nedges++] = e;
}

void
causes_set_place(struct causes_set *set, const char *pod, const char *node)
{
	map_put(&set->places, pod, node);
}

void
causes_set_alias(struct causes_set *set, const char *alias, const char *node)
{
	if (strcmp(alias, node) != 0)
		map_put(&set->aliases, alias, node);
}

/* ---- reading ---- */

size_t
causes_set_aliases(const struct causes_set *set, const char *node,
    const char **ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < set->aliases.keys.n && n < max; i++)
		if (strcmp(set->aliases.values[i], node) == 0)
			ret[n++] = set->aliases.keys.list[i];
	return n;
}

size_t
causes_grid_point(const struct causes_grid *g, double t)
{
	double i = ceil((t - g->start_s) / g->step_s - 1e-6);

	if (!(i > 0))
		return 0;
	return MIN((size_t)i, g->points);
}

const struct causes_grid *
causes_set_grid(const struct causes_set *set)
{
	return &set->grid;
}

size_t
causes_set_count(const struct causes_set *set)
{
	return set->n;
}

const struct causes_series *
causes_set_at(const struct causes_set *set, size_t i)
{
	return &set->series[i];
}

size_t
causes_set_services(const struct causes_set *set)
{
	return set->services.n;
}

const char *
causes_set_name(const struct causes_set *set, uint16_t service)
{
	return service < set->services.n ? set->services.list[service] : "";
}

uint16_t
causes_set_find(const struct causes_set *set, const char *service)
{
	for (size_t i = 0; i < set->services.n; i++)
		if (strcmp(set->services.list[i], service) == 0)
			return (uint16_t)i;
	return CAUSES_NONE;
}

size_t
causes_set_edges(const struct causes_set *set, const struct causes_edge **ret)
{
	*ret = set->edges;
	return set->nedges;
}
