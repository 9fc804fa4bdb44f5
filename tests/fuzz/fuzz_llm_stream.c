/*
 * fuzz_llm_stream.c - where an answer is cut makes no difference: the same
 * text, the same thoughts, the same end; and text is UTF-8.
 *
 * The first byte chooses where it is cut; what follows is a stream, or, with
 * an odd second byte, the answer of a server that does not stream.
 */
#include "planner/llm/llm_stream.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <string.h>

struct outcome {
	enum rc rc;
	struct buf text, shown, thought;
	char finish[32];
};

static void
on_text(void *ctx, struct span text)
{
	buf_add_span(ctx, text);
}

static void
run(struct span in, size_t piece, bool whole, struct outcome *o)
{
	struct llm_stream s;
	struct err err = {""};

	buf_reset(&o->text);
	buf_reset(&o->shown);
	buf_reset(&o->thought);
	llm_stream_init(&s, on_text, &o->shown);
	o->rc = whole ? llm_stream_whole(&s, in, &err) : RC_OK;
	while (!whole && o->rc == RC_OK && in.n > 0) {
		size_t n = MIN(piece, in.n);

		o->rc = llm_stream_feed(&s, span_make(in.p, n), &err);
		in = span_from(in, n);
	}
	if (o->rc == RC_OK)
		o->rc = llm_stream_end(&s, &err);
	assert(o->rc == RC_OK ||
	       (err.text[0] != '\0' && utf8_ok(span_of(err.text))));
	llm_stream_text(&s, &o->text);
	buf_add_buf(&o->thought, &s.thought);
	memcpy(o->finish, s.finish, sizeof(o->finish));
	llm_stream_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outcome a = {.text = {.max = 1 << 20},
	    .shown = {.max = 1 << 20},
	    .thought = {.max = 1 << 20}};
	static struct outcome b = {.text = {.max = 1 << 20},
	    .shown = {.max = 1 << 20},
	    .thought = {.max = 1 << 20}};
	struct span in;
	bool whole;

	if (size < 2)
		return 0;
	in = span_make(data + 2, size - 2);
	whole = data[1] % 2 == 1;
	run(in, size, whole, &a);
	run(in, 1U + data[0], whole, &b);
	assert(utf8_ok(buf_span(&a.text)) && utf8_ok(buf_span(&a.shown)));
	assert(span_equal(buf_span(&a.shown), buf_span(&b.shown)));
	assert(a.rc == b.rc && strcmp(a.finish, b.finish) == 0);
	assert(span_equal(buf_span(&a.text), buf_span(&b.text)));
	assert(span_equal(buf_span(&a.thought), buf_span(&b.thought)));
	return 0;
}
