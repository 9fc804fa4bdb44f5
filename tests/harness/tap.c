/*
 * tap.c - which fields of which messages went by.
 *
 * It reads the bytes by itself: what it finds does not depend on the tables
 * that both ends are made from.
 */
#include "tests/harness/tap.h"

#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "tests/harness/loop.h"

#include <czmq.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_MAX_BYTES = 160, DEPTH_MAX = 7, ELEMENTS_MAX = 16 };

struct tap {
	pthread_mutex_t lock;
	zhash_t *paths;
};

struct tap *
tap_new(void)
{
	struct tap *t = xcalloc(1, sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	t->paths = zhash_new();
	return t;
}

void
tap_free(struct tap *t)
{
	zhash_destroy(&t->paths);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static bool
is_empty(struct span value)
{
	struct wire_r r = wire_reader(value);

	switch (wire_peek(&r)) {
	case WIRE_INT:
		return wire_int(&r) == 0 && !r.bad;
	case WIRE_BOOL:
		return !wire_bool(&r);
	case WIRE_STR:
	case WIRE_BIN:
		return wire_bin(&r).n == 0;
	case WIRE_ARRAY:
		return wire_array(&r) == 0;
	case WIRE_MAP:
		return wire_map(&r) == 0;
	case WIRE_DOUBLE:
		return false;
	case WIRE_NIL:
	case WIRE_NONE:
		break;
	}
	return true;
}

static void look(struct tap *t, const char *path, struct span value, int depth);

static void
look_into_map(struct tap *t, const char *path, struct span map, int depth)
{
	struct wire_r r = wire_reader(map);
	char below[PATH_MAX_BYTES];
	uint32_t n;

	for (n = wire_map(&r); n > 0 && !r.bad; n--) {
		struct span key = wire_str(&r);

		snprintf(below, sizeof(below), "%s.%.*s", path, SPAN_ARG(key));
		look(t, below, wire_raw(&r), depth + 1);
	}
}

static void
look(struct tap *t, const char *path, struct span value, int depth)
{
	struct wire_r r = wire_reader(value);
	enum wire_type type = wire_peek(&r);
	uint32_t n;

	if (is_empty(value))
		return;
	zhash_update(t->paths, path, t);
	if (depth == DEPTH_MAX)
		return;
	if (type == WIRE_MAP)
		look_into_map(t, path, value, depth);
	if (type != WIRE_ARRAY)
		return;
	n = wire_array(&r);
	for (n = MIN(n, ELEMENTS_MAX); n > 0 && !r.bad; n--)
		look(t, path, wire_raw(&r), depth + 1);
}

/* The args of a query are told apart by what it asks for. */
static void
look_at_query(struct tap *t, struct span fields)
{
	struct span what = wire_find_str(fields, "what");
	char path[PATH_MAX_BYTES];

	snprintf(path, sizeof(path), "QUERY.%.*s", SPAN_ARG(what));
	zhash_update(t->paths, path, t);
	look(t, path, wire_find(fields, "args"), 0);
}

void
tap_message(void *tap, struct span bytes)
{
	struct wire_r r = wire_reader(bytes);
	struct tap *t = tap;
	struct span fields;
	enum proto_type type;

	wire_array(&r);
	wire_u64(&r);
	type = (enum proto_type)wire_u64(&r);
	fields = wire_raw(&r);
	if (r.bad)
		abort();
	pthread_mutex_lock(&t->lock);
	zhash_update(t->paths, proto_name(type), t);
	look_into_map(t, proto_name(type), fields, 0);
	if (type == PROTO_QUERY)
		look_at_query(t, fields);
	pthread_mutex_unlock(&t->lock);
}

bool
tap_has(struct tap *t, const char *path)
{
	bool has;

	pthread_mutex_lock(&t->lock);
	has = zhash_lookup(t->paths, path) != NULL;
	pthread_mutex_unlock(&t->lock);
	return has;
}

struct wish {
	struct tap *t;
	const char *path;
};

static bool
has_come(void *arg)
{
	const struct wish *w = arg;

	return tap_has(w->t, w->path);
}

bool
tap_await(struct tap *t, const char *path, int limit_ms)
{
	struct wish w = {t, path};

	return await(has_come, &w, limit_ms);
}
