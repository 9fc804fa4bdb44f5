/*
 * fuzz_head.c - whatever arrives at the door: refused, or one request that
 * has one meaning.
 */
#include "gateway/head.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
plain(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		assert(s.p[i] != '\0' && s.p[i] != '\r' && s.p[i] != '\n');
}

/* Written anew from its parts, it must be read as the same request. */
static void
read_again(const struct head *h)
{
	static char text[4 * HEAD_BYTES_MAX];
	struct head again;
	struct err err;
	size_t n;
	unsigned i;

	n = (size_t)snprintf(text, sizeof(text),
	    "%.*s %.*s%s%.*s HTTP/1.%u\r\n", SPAN_ARG(h->method),
	    SPAN_ARG(h->path), h->query.n > 0 ? "?" : "", SPAN_ARG(h->query),
	    h->minor);
	for (i = 0; i < h->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%.*s:%.*s\r\n", SPAN_ARG(h->fields[i].name),
		    SPAN_ARG(h->fields[i].value));
	n += (size_t)snprintf(text + n, sizeof(text) - n, "\r\n");
	assert(head_check(span_make(text, n), &again, &err) == HEAD_OK);
	assert(again.n == h->n && again.body_bytes == h->body_bytes);
	assert(span_equal(again.path, h->path));
	assert(again.bytes == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_make(data, size);
	struct head h, part;
	struct err err;
	int status = head_check(bytes, &h, &err);
	unsigned i;

	if (status != HEAD_OK) {
		assert(status == HEAD_MORE || (status >= 400 && status < 600));
		return 0;
	}
	assert(h.bytes >= 16 && h.bytes <= size && h.bytes <= HEAD_BYTES_MAX);
	assert(memcmp(data + h.bytes - 4, "\r\n\r\n", 4) == 0);
	assert(h.path.n > 0 && h.path.p[0] == '/');
	assert(head_find(&h, "Transfer-Encoding").p == NULL);
	plain(h.path);
	plain(h.query);
	for (i = 0; i < h.n; i++) {
		plain(h.fields[i].name);
		plain(h.fields[i].value);
	}
	/* What follows the head does not change it, nor does its absence. */
	bytes.n = h.bytes;
	assert(head_check(bytes, &part, &err) == HEAD_OK);
	bytes.n = h.bytes - 1;
	assert(head_check(bytes, &part, &err) == HEAD_MORE);
	read_again(&h);
	return 0;
}
