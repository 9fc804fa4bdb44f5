/*
 * fuzz_head.c - whatever arrives at the door: refused, or one request that
 * has one meaning.
 */
#include "gateway/http/head.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names that other readers would not take for another's. */
static void
name_is_good(const struct head *h, unsigned i)
{
	static const char *const once[] = {
	    "Host", "Content-Length", "Authorization", "Last-Event-ID"};
	struct span name = h->fields[i].name;
	size_t k;

	assert(name.n > 0);
	for (k = 0; k < name.n; k++)
		assert(isalnum((unsigned char)name.p[k]) ||
		       strchr("!#$%&'*+-.^_`|~", name.p[k]) != NULL);
	for (k = 0; k < ARRAY_LEN(once); k++)
		if (name.n == strlen(once[k]) &&
		    strncasecmp(name.p, once[k], name.n) == 0)
			assert(head_find(h, once[k]).p == h->fields[i].value.p);
}

static void
value_is_good(struct span v)
{
	if (v.n > 0)
		assert(strchr(" \t", v.p[0]) == NULL &&
		       strchr(" \t", v.p[v.n - 1]) == NULL);
}

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

/* Nothing lies between the fields that a reader did not see. */
static void
lines_counted(const struct head *h, const uint8_t *data)
{
	size_t i, crlf = 0, other = 0;

	for (i = 0; i < h->bytes; i++) {
		crlf += data[i] == '\r' && data[i + 1] == '\n';
		other += data[i] == '\r' || data[i] == '\n' || data[i] == 0;
	}
	assert(crlf == h->n + 2 && other == 2 * crlf);
}

static void
accepted(const struct head *h, const uint8_t *data, size_t size)
{
	unsigned i;

	assert(h->bytes >= 16 && h->bytes <= size);
	assert(h->bytes <= HEAD_BYTES_MAX && h->n <= HEAD_FIELDS_MAX);
	assert(memcmp(data + h->bytes - 4, "\r\n\r\n", 4) == 0);
	assert(h->path.n > 0 && h->path.p[0] == '/');
	assert(h->path.n + h->query.n <= HEAD_TARGET_MAX && h->minor <= 1);
	assert(h->minor == 0 || head_find(h, "hOST").p != NULL);
	assert(head_find(h, "Transfer-Encoding").p == NULL);
	assert(h->body_bytes == 0 || head_find(h, "content-length").n > 0);
	plain(h->path);
	plain(h->query);
	for (i = 0; i < h->n; i++) {
		plain(h->fields[i].name);
		plain(h->fields[i].value);
		name_is_good(h, i);
		value_is_good(h->fields[i].value);
	}
	lines_counted(h, data);
	read_again(h);
}

/*
 * Bytes arrive in pieces: what is refused stays refused for the same reason,
 * what is whole was not so before, and what follows changes nothing.
 */
static void
cut(struct span bytes, size_t n, int status, size_t head_bytes)
{
	struct head part;
	struct err err;
	int early;

	bytes.n = n;
	early = head_check(bytes, &part, &err);
	if (status == HEAD_OK && n >= head_bytes)
		assert(early == HEAD_OK && part.bytes == head_bytes);
	else if (status == HEAD_OK || status == HEAD_MORE)
		assert(early == HEAD_MORE);
	else
		assert(early == HEAD_MORE || early == status);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_make(data, size);
	struct head h = {.bytes = 0};
	struct err err;
	int status;

	if (size == 0)
		return 0;
	status = head_check(bytes, &h, &err);
	cut(bytes, data[size - 1] * size / 256, status, h.bytes);
	if (status != HEAD_OK) {
		assert(status == HEAD_MORE || (status >= 400 && status < 600));
		return 0;
	}
	accepted(&h, data, size);
	cut(bytes, h.bytes, status, h.bytes);
	cut(bytes, h.bytes - 1, status, h.bytes);
	return 0;
}
