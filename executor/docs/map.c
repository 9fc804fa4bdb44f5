/*
 * map.c - words to numbers: open addressing, at most half full.
 */
#include "executor/docs/map.h"

#include "common/base/rc.h"

#include <stdlib.h>

enum { MAP_FIRST = 64 };

void
map_done(struct map *m)
{
	size_t i;

	for (i = 0; i < m->cap; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct map){0};
}

/* FNV-1a. */
static uint32_t
map_hash(struct span key)
{
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 16777619U;
	return h;
}

/* The slot that holds key, or the free one it would go into. */
static struct map_slot *
map_slot(const struct map *m, struct span key, uint32_t hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key != NULL &&
	       (m->slots[i].hash != hash ||
		   !span_equal(span_make(m->slots[i].key, m->slots[i].n), key)))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static void
map_grow(struct map *m)
{
	struct map old = *m;
	size_t i;

	m->cap = old.cap > 0 ? 2 * old.cap : MAP_FIRST;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	for (i = 0; i < old.cap; i++) {
		const struct map_slot *s = &old.slots[i];

		if (s->key != NULL)
			*map_slot(m, span_make(s->key, s->n), s->hash) = *s;
	}
	free(old.slots);
}

int
map_get(const struct map *m, struct span key, int absent)
{
	const struct map_slot *s;

	if (m->cap == 0)
		return absent;
	s = map_slot(m, key, map_hash(key));
	return s->key != NULL ? s->value : absent;
}

int *
map_at(struct map *m, struct span key, int initial)
{
	uint32_t hash = map_hash(key);
	struct map_slot *s;

	if (2 * (m->n + 1) > m->cap)
		map_grow(m);
	s = map_slot(m, key, hash);
	if (s->key == NULL) {
		*s = (struct map_slot){.key = xstrndup(key.p, key.n),
		    .n = key.n,
		    .hash = hash,
		    .value = initial};
		m->n++;
	}
	return &s->value;
}
