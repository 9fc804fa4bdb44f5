/*
 * fuzz_state.c - updates of a run's state, as workers send them: taken whole
 * or not at all, and the state that they make is made by itself again.
 *
 * The bytes are a list of updates.
 */
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "supervisor/run/state.h"

#include <assert.h>
#include <stdlib.h>

static void
state_cleanup(struct state **s)
{
	state_free(*s);
}

#define auto_state CLEANUP(state_cleanup) struct state

/* The lists hold as many elements as they say. */
static void
list_is_good(const struct state *s, const char *key)
{
	uint32_t n, i;
	struct wire_r r = wire_reader(state_list(s, key, &n));

	for (i = 0; i < n; i++)
		assert(wire_raw(&r).n > 0);
	assert(wire_end(&r, NULL) == RC_OK);
}

static void
is_its_own_update(struct span whole)
{
	static struct buf again = {.max = 1 << 20};
	auto_state *s = state_new();
	struct err err = {0};

	buf_reset(&again);
	assert(wire_check(whole, NULL) == RC_OK);
	assert(state_apply(s, whole, &err) == RC_OK);
	state_encode(s, &again, NULL, 0);
	assert(span_equal(whole, buf_span(&again)));
}

static void
apply(struct state *s, struct span update)
{
	static struct buf before = {.max = 1 << 20}, after = {.max = 1 << 20};
	struct err err = {0};

	buf_reset(&before);
	buf_reset(&after);
	state_encode(s, &before, NULL, 0);
	if (state_apply(s, update, &err) != RC_OK) {
		assert(err.text[0] != '\0' && utf8_ok(span_of(err.text)));
		state_encode(s, &after, NULL, 0);
		assert(span_equal(buf_span(&before), buf_span(&after)));
		return;
	}
	list_is_good(s, "evidence");
	list_is_good(s, "notes");
	state_encode(s, &after, NULL, 0);
	is_its_own_update(buf_span(&after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_make(data, size);
	struct wire_r r = wire_reader(bytes);
	auto_state *s = NULL;
	uint32_t n;

	if (wire_check(bytes, NULL) != RC_OK || wire_peek(&r) != WIRE_ARRAY)
		return 0;
	s = state_new();
	for (n = wire_array(&r); n > 0; n--)
		apply(s, wire_raw(&r));
	return 0;
}
