/*
 * state.c - a run's state and its reducers.
 *
 * Invariant: an appending key holds its elements without an array head, so
 * that appending copies only what is new.
 */
#include "supervisor/run/state.h"

#include <stdlib.h>

#include "common/wire/wire.h"

static const struct {
	const char *key;
	enum reducer reducer;
} reducers[] = {
    {"executor_feedback", REDUCE_APPEND},
    {"evidence", REDUCE_APPEND},
    {"notes", REDUCE_APPEND},
};

struct entry {
	char key[STATE_KEY_BYTES_MAX + 1];
	enum reducer reducer;
	struct buf value;
	uint32_t n; /* elements, where the reducer appends */
};

struct state {
	struct entry entries[STATE_KEYS_MAX];
	unsigned n;
	size_t bytes;
};

enum reducer
state_reducer(struct span key)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reducers); i++)
		if (span_is(key, reducers[i].key))
			return reducers[i].reducer;
	return REDUCE_REPLACE;
}

struct state *
state_new(void)
{
	return xcalloc(1, sizeof(struct state));
}

void
state_free(struct state *s)
{
	unsigned i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		buf_done(&s->entries[i].value);
	free(s);
}

static struct entry *
entry_find(const struct state *s, struct span key)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (span_is(key, s->entries[i].key))
			return (struct entry *)&s->entries[i];
	return NULL;
}

/* One pair of an update: is it acceptable to the state as it is? */
static enum rc
pair_check(struct span key, struct span value, struct err *err)
{
	struct wire_r r = wire_reader(value);

	if (key.n == 0 || key.n > STATE_KEY_BYTES_MAX)
		return err_set(err, RC_INVALID,
		    "a state key of %zu bytes; 1 to %d are allowed", key.n,
		    STATE_KEY_BYTES_MAX);
	if (memchr(key.p, '\0', key.n) != NULL)
		return err_set(err, RC_INVALID, "a state key with a NUL");
	if (state_reducer(key) == REDUCE_APPEND && wire_peek(&r) != WIRE_ARRAY)
		return err_set(err, RC_INVALID, "state key %.*s takes a list",
		    SPAN_ARG(key));
	return RC_OK;
}

static enum rc
update_check(
    const struct state *s, struct span update, size_t max, struct err *err)
{
	struct wire_r r = wire_reader(update);
	unsigned fresh = 0;
	uint32_t n;

	if (wire_peek(&r) != WIRE_MAP)
		return err_set(err, RC_INVALID, "an update is a map");
	if (s->bytes + update.n > max)
		return err_set(err, RC_TOOBIG,
		    "the run's state would be over %zu MiB", max >> 20);
	if (wire_depth(update) > STATE_DEPTH_MAX)
		return err_set(err, RC_TOOBIG,
		    "the run's state would be nested over %d levels deep",
		    STATE_DEPTH_MAX);
	for (n = wire_map(&r); n > 0; n--) {
		struct span key = wire_str(&r);
		struct span value = wire_raw(&r);
		enum rc rc = pair_check(key, value, err);

		if (rc != RC_OK)
			return rc;
		fresh += entry_find(s, key) == NULL;
	}
	if (s->n + fresh > STATE_KEYS_MAX)
		return err_set(err, RC_TOOBIG, "a state has %d keys at most",
		    STATE_KEYS_MAX);
	return wire_end(&r, err);
}

static struct entry *
entry_add(struct state *s, struct span key)
{
	struct entry *e = &s->entries[s->n++];

	memcpy(e->key, key.p, key.n);
	e->key[key.n] = '\0';
	e->reducer = state_reducer(key);
	buf_init(&e->value, STATE_BYTES_MAX);
	return e;
}

static void
entry_merge(struct entry *e, struct span value)
{
	struct wire_r r = wire_reader(value);

	if (e->reducer == REDUCE_REPLACE) {
		buf_reset(&e->value);
		buf_add_span(&e->value, value);
		return;
	}
	e->n += wire_array(&r);
	buf_add(&e->value, r.p, (size_t)(r.end - r.p));
}

static enum rc
merge(struct state *s, struct span update, size_t max, struct err *err)
{
	struct wire_r r = wire_reader(update);
	enum rc rc = update_check(s, update, max, err);
	uint32_t n;

	if (rc != RC_OK)
		return rc;
	for (n = wire_map(&r); n > 0; n--) {
		struct span key = wire_str(&r);
		struct span value = wire_raw(&r);
		struct entry *e = entry_find(s, key);

		if (e == NULL)
			e = entry_add(s, key);
		s->bytes -= e->value.len;
		entry_merge(e, value);
		s->bytes += e->value.len;
	}
	return RC_OK;
}

enum rc
state_apply(struct state *s, struct span update, struct err *err)
{
	return merge(s, update, STATE_BYTES_MAX, err);
}

enum rc
state_fold(struct state *s, struct span update, struct err *err)
{
	return merge(s, update, STATE_BYTES_MAX + STATE_END_BYTES_MAX, err);
}

size_t
state_bytes(const struct state *s)
{
	return s->bytes;
}

struct span
state_get(const struct state *s, const char *key)
{
	const struct entry *e = entry_find(s, span_of(key));

	if (e == NULL)
		return (struct span){NULL, 0};
	return buf_span(&e->value);
}

struct span
state_str(const struct state *s, const char *key)
{
	struct wire_r r = wire_reader(state_get(s, key));

	if (wire_peek(&r) != WIRE_STR)
		return (struct span){NULL, 0};
	return wire_str(&r);
}

int64_t
state_int(const struct state *s, const char *key, int64_t absent)
{
	struct wire_r r = wire_reader(state_get(s, key));

	if (wire_peek(&r) != WIRE_INT)
		return absent;
	return wire_int(&r);
}

struct span
state_list(const struct state *s, const char *key, uint32_t *ret_n)
{
	const struct entry *e = entry_find(s, span_of(key));

	*ret_n = e != NULL ? e->n : 0;
	return e != NULL ? buf_span(&e->value) : (struct span){NULL, 0};
}

void
state_encode(const struct state *s, struct buf *b,
    const struct state_extra *extras, unsigned n)
{
	size_t bytes = s->bytes + s->n * STATE_KEY_BYTES_MAX;
	unsigned i;

	for (i = 0; i < n; i++)
		bytes += extras[i].value.n + STATE_KEY_BYTES_MAX;
	buf_reserve(b, bytes);
	wire_put_map(b, s->n + n);
	for (i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		wire_put_str(b, e->key);
		if (e->reducer == REDUCE_APPEND)
			wire_put_array(b, e->n);
		wire_put_raw(b, buf_span(&e->value));
	}
	for (i = 0; i < n; i++) {
		wire_put_str(b, extras[i].key);
		wire_put_raw(b, extras[i].value);
	}
}
