/*
 * test_sse.c - what one event of a stream may take, and what stands in the
 * place of one that takes more.
 */
#include "common/wire/wire.h"
#include "gateway/http/sse.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

/* An event whose data is a text that takes so many bytes as JSON. */
static void
put_event(struct buf *out, size_t json_bytes)
{
	char *text = xcalloc(1, json_bytes);
	auto_buf data = {.max = SSE_DATA_MAX + 1024};

	memset(text, 'x', json_bytes - 2);
	wire_put_str(&data, text);
	sse_event(out, "r1", 7, span_of("report"), buf_span(&data));
	free(text);
}

static const struct {
	size_t bytes, room;
	bool omitted;
} events[] = {
    {100, 1 << 20, false},
    {SSE_DATA_MAX, SSE_DATA_MAX + 1024, false},
    {SSE_DATA_MAX + 1, SSE_DATA_MAX + 1024, true},
    {SSE_DATA_MAX + 500, SSE_DATA_MAX + 256, true},
};

START_TEST(an_event_is_whole_or_its_place_is_told_of)
{
	auto_buf out = {.max = events[_i].room};
	const char *data;

	put_event(&out, events[_i].bytes);
	ck_assert(!out.full);
	data = strstr(buf_str(&out), "\ndata: ");
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(
	    strncmp(buf_str(&out), "id: r1.7\nevent: report\ndata: ", 29), 0);
	ck_assert_str_eq(buf_str(&out) + out.len - 2, "\n\n");
	ck_assert_int_eq(text_count(buf_str(&out), "\n"), 4);
	if (!events[_i].omitted) {
		ck_assert_uint_eq(out.len, 29 + events[_i].bytes + 2);
		return;
	}
	ck_assert_uint_lt(out.len, 300);
	assert_contains(data, "{\"omitted\":true,\"bytes\":16777");
	assert_contains(data, "over 16 MiB");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {an_event_is_whole_or_its_place_is_told_of, ARRAY_LEN(events)},
	};

	return RUN_TESTS("sse", tests);
}
