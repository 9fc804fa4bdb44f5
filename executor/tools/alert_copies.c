/*
 * alert_copies.c - which alert instances are copies of one another.
 *
 * Of each only a hash is kept, since there may be a hundred thousand, and
 * whether it fires in its last bit. Invariant: a slot is 0 or holds one; less
 * than half of them do.
 */
#include "executor/tools/alert_copies.h"

#include "common/base/attr.h"
#include "common/base/rc.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 64 << 10, SLOTS_LEAST = 256 };

/* ---- labels ---- */

static bool
has_part(const char *text, const char *const *parts)
{
	for (; *parts != NULL; parts++)
		if (strstr(text, *parts) != NULL)
			return true;
	return false;
}

/* A bare "replica" is a database's, too: there the value has to tell. */
bool
alert_copies_label(const char *name, const char *value)
{
	static const char *const whose[] = {"prometheus", "thanos", "rule",
	    "receive", "vmalert", "mimir", "cortex", "monitor", NULL};
	static const char *const servers[] = {
	    "prom", "thanos", "ruler", "vmalert", "mimir", "cortex", NULL};
	size_t n = strlen(name);

	if (strcmp(name, "__replica__") == 0)
		return true;
	if (strcmp(name, "replica") == 0)
		return has_part(value, servers) ||
		       (isalpha((unsigned char)value[0]) && value[1] == '\0');
	return n > 8 && strcmp(name + n - 8, "_replica") == 0 &&
	       has_part(name, whose);
}

void
alert_copies_put_key(struct buf *b, const cJSON *labels)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, labels)
		if (cJSON_IsString(v) &&
		    !alert_copies_label(v->string, v->valuestring))
			buf_addf(b, "%s\x01%s\x02", v->string, v->valuestring);
}

void
alert_copies_strip(cJSON *labels)
{
	cJSON *l = labels != NULL ? labels->child : NULL, *next;

	for (; l != NULL; l = next) {
		next = l->next;
		if (cJSON_IsString(l) &&
		    alert_copies_label(l->string, l->valuestring))
			cJSON_Delete(cJSON_DetachItemViaPointer(labels, l));
	}
}

/* ---- those seen ---- */

struct alert_copies {
	uint64_t *slots;
	size_t n, cap;
};

struct alert_copies *
alert_copies_new(void)
{
	struct alert_copies *c = xcalloc(1, sizeof(*c));

	c->cap = SLOTS_LEAST;
	c->slots = xcalloc(c->cap, sizeof(*c->slots));
	return c;
}

void
alert_copies_free(struct alert_copies *c)
{
	if (c == NULL)
		return;
	free(c->slots);
	free(c);
}

/* Not 0 without its last bit. */
static uint64_t
hash_of(const cJSON *labels)
{
	auto_buf key = {.max = KEY_MAX};
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	alert_copies_put_key(&key, labels);
	for (i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.data[i]) * UINT64_C(1099511628211);
	return (h ^ h >> 31) | 2;
}

static uint64_t *
slot_of(struct alert_copies *c, uint64_t h)
{
	size_t i = (size_t)(h >> 1) % c->cap;

	while (c->slots[i] != 0 && c->slots[i] >> 1 != h >> 1)
		i = (i + 1) % c->cap;
	return &c->slots[i];
}

static void
grow(struct alert_copies *c)
{
	struct alert_copies old = *c;
	size_t i;

	if (2 * (c->n + 1) < c->cap)
		return;
	c->cap *= 2;
	c->slots = xcalloc(c->cap, sizeof(*c->slots));
	for (i = 0; i < old.cap; i++)
		if (old.slots[i] != 0)
			*slot_of(c, old.slots[i]) = old.slots[i];
	free(old.slots);
}

enum alert_copy
alert_copies_see(struct alert_copies *c, const cJSON *labels, bool firing)
{
	uint64_t h = hash_of(labels), *slot;
	bool fired;

	grow(c);
	slot = slot_of(c, h);
	if (*slot == 0) {
		*slot = (h & ~UINT64_C(1)) | firing;
		c->n++;
		return ALERT_COPY_NONE;
	}
	fired = (*slot & 1) != 0;
	*slot |= firing;
	return firing && !fired ? ALERT_COPY_FIRES : ALERT_COPY_SAME;
}
