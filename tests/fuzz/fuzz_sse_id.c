/*
 * fuzz_sse_id.c - a Last-Event-ID is read back as it was given out, or not
 * at all; whatever an event holds, it stays one event.
 *
 * The bytes are an id, and the type and the text of an event.
 */
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "gateway/http/sse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char run[] = "r1";

/* Says the same as sse_id_parse in another way. */
static bool
expected(struct span id, uint64_t *ret_seq)
{
	char text[32];
	size_t digits;

	if (id.n >= 3 && memcmp(id.p, "r1.", 3) == 0)
		id = span_make(id.p + 3, id.n - 3);
	else if (id.n == 0)
		return *ret_seq = 0, true;
	if (id.n == 0 || id.n > 19 || (id.n > 1 && id.p[0] == '0'))
		return false;
	memcpy(text, id.p, id.n);
	text[id.n] = '\0';
	digits = strspn(text, "0123456789");
	*ret_seq = strtoull(text, NULL, 10);
	return digits == id.n && *ret_seq <= INT64_MAX;
}

/* The lines of one event; data is the last of them, before an empty one. */
static void
is_one_event(struct span text)
{
	size_t i, ends = 0;

	for (i = 0; i < text.n; i++) {
		assert(text.p[i] != '\r' && text.p[i] != '\0');
		ends += text.p[i] == '\n';
	}
	assert(ends == 4 && memcmp(text.p + text.n - 2, "\n\n", 2) == 0);
}

static void
given_out(struct span bytes, uint64_t seq)
{
	static struct buf event = {.max = 64 << 10}, data = {.max = 16 << 10};
	uint64_t again = 0;
	struct err err;
	const char *end;

	buf_reset(&event);
	buf_reset(&data);
	if (utf8_ok(bytes))
		wire_put_span(&data, bytes);
	else
		wire_put_bin(&data, bytes);
	sse_event(&event, run, seq, bytes, buf_span(&data));
	is_one_event(buf_span(&event));
	end = memchr(event.data, '\n', event.len);
	assert(end != NULL && memcmp(event.data, "id: ", 4) == 0);
	assert(sse_id_parse(
		   span_make(event.data + 4, (size_t)(end - event.data) - 4),
		   run, &again, &err) == RC_OK);
	assert(again == seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span id = span_make(data, size);
	uint64_t seq = 99, want = 99;
	struct err err;

	if (!expected(id, &want)) {
		assert(sse_id_parse(id, run, &seq, &err) == RC_INVALID);
		assert(seq == 99 && err.text[0] != '\0');
		want = size;
	} else {
		assert(sse_id_parse(id, run, &seq, &err) == RC_OK);
		assert(seq == want);
	}
	given_out(id, want);
	return 0;
}
