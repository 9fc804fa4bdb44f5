/*
 * fuzz_jsonsax.c - the tokenizer: where a document is cut makes no
 * difference, and what it accepts cJSON accepts with the same values.
 *
 * The first byte chooses the size of the pieces.
 */
#include "common/json/json.h"
#include "common/json/jsonsax.h"

#include <stdint.h>
#include <stdlib.h>

static enum rc
trace(void *arg, const struct jsonsax_event *ev, struct err *err)
{
	struct buf *b = arg;

	(void)err;
	buf_addf(b, "%d %u %d ", (int)ev->type, ev->depth, ev->boolean);
	buf_add(b, &ev->number, sizeof(ev->number));
	buf_add_span(b, ev->text);
	return RC_OK;
}

static enum rc
feed(struct span text, size_t piece, struct buf *b, struct err *err)
{
	static const struct jsonsax_limits limits = {
	    .depth_max = 32, .string_max = 4096, .total_max = 1 << 20};
	AUTO(jsonsax) sax = jsonsax_new(&limits, trace, b);
	size_t at;

	for (at = 0; at < text.n; at += piece) {
		enum rc rc = jsonsax_feed(
		    sax, span_make(text.p + at, MIN(piece, text.n - at)), err);

		if (rc != RC_OK)
			return rc;
	}
	return jsonsax_end(sax, err);
}

static void
same_in_pieces(struct span text, size_t piece)
{
	struct err err1 = {0}, err2 = {0};
	auto_buf b1 = {.max = 8 << 20}, b2 = {.max = 8 << 20};
	enum rc rc1 = feed(text, text.n + 1, &b1, &err1);
	enum rc rc2 = feed(text, piece, &b2, &err2);

	if (rc1 != rc2 || strcmp(err1.text, err2.text) != 0 ||
	    b1.len != b2.len || memcmp(buf_str(&b1), buf_str(&b2), b1.len) != 0)
		abort();
}

/* cJSON keeps at most 63 characters of a number. */
static bool
has_long_number(struct span text)
{
	size_t i, n = 0;

	for (i = 0; i < text.n; i++) {
		n = strchr("0123456789+-.eE", text.p[i]) != NULL ? n + 1 : 0;
		if (n > 60)
			return true;
	}
	return false;
}

static void
agrees_with_cjson(struct span text)
{
	AUTO(json) ours = NULL;
	AUTO(json) theirs = NULL;
	auto_buf b1 = {.max = 8 << 20}, b2 = {.max = 8 << 20};

	if (has_long_number(text) ||
	    json_parse(text, NULL, &ours, NULL) != RC_OK)
		return;
	theirs = cJSON_ParseWithLength(text.p, text.n);
	if (theirs == NULL)
		abort();
	json_print(&b1, ours);
	json_print(&b2, theirs);
	if (strcmp(buf_str(&b1), buf_str(&b2)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	same_in_pieces(span_make(data + 1, size - 1), 1 + data[0] % 17);
	agrees_with_cjson(span_make(data + 1, size - 1));
	return 0;
}
