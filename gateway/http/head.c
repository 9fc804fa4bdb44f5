/*
 * head.c - is this the head of exactly one HTTP request?
 *
 * Invariant: every byte is looked at before anything it means is used, and
 * the first doubt ends the check.
 */
#include "gateway/http/head.h"

#include <strings.h>

/* A status with its reason. */
#define NO(status, ...) (err_set(err, RC_INVALID, __VA_ARGS__), (status))

/* Fields of which a second one would change the meaning of a request. */
static const char *const single[] = {"Host", "Content-Length",
    "Transfer-Encoding", "Content-Type", "Authorization", "Origin",
    "Idempotency-Key", "Last-Event-ID", "Expect"};

static bool
is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static bool
is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') ||
	       (c >= 'a' && c <= 'f');
}

static bool
is_target(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("-._~!$&'()*+,;=:@/?%", c));
}

static bool
is_value(unsigned char c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool
name_is(struct span s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

struct span
head_find(const struct head *h, const char *name)
{
	unsigned i;

	for (i = 0; i < h->n; i++)
		if (name_is(h->fields[i].name, name))
			return h->fields[i].value;
	return (struct span){0};
}

/*
 * Cuts one line off *rest. HEAD_OK, HEAD_MORE, or 400 for a line end that is
 * not CR LF, which readers treat differently.
 */
static int
line_take(struct span *rest, struct span *ret_line, struct err *err)
{
	const char *end = memchr(rest->p, '\r', rest->n);
	const char *lf = memchr(rest->p, '\n', rest->n);

	if (lf != NULL && (end == NULL || lf < end))
		return NO(400, "a line of the head ends with a bare LF; lines "
			       "end with CR LF");
	if (end == NULL || end + 1 == rest->p + rest->n)
		return HEAD_MORE;
	if (end[1] != '\n')
		return NO(400, "a CR without LF in the head");
	*ret_line = span_make(rest->p, (size_t)(end - rest->p));
	*rest = span_make(end + 2, rest->n - ret_line->n - 2);
	return HEAD_OK;
}

static int
target_check(struct span t, struct err *err)
{
	size_t i;

	if (t.n > HEAD_TARGET_MAX)
		return NO(414,
		    "the request's target has %zu bytes; the limit "
		    "is %d",
		    t.n, HEAD_TARGET_MAX);
	if (t.n == 0 || t.p[0] != '/')
		return NO(400, "the request's target must begin with \"/\"");
	for (i = 0; i < t.n; i++) {
		if (!is_target((unsigned char)t.p[i]))
			return NO(400,
			    "byte 0x%02x at offset %zu of the "
			    "request's target must be "
			    "percent-encoded",
			    (unsigned char)t.p[i], i);
		if (t.p[i] != '%')
			continue;
		if (i + 2 >= t.n || !is_hex((unsigned char)t.p[i + 1]) ||
		    !is_hex((unsigned char)t.p[i + 2]))
			return NO(400,
			    "\"%%\" at offset %zu of the request's "
			    "target is not followed by two "
			    "hexadecimal digits",
			    i);
		if (t.p[i + 1] == '0' && t.p[i + 2] == '0')
			return NO(400, "the request's target contains %%00");
	}
	return HEAD_OK;
}

static int
version_check(struct span v, unsigned *ret_minor, struct err *err)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.')
		return NO(400, "the request line does not end with an HTTP "
			       "version");
	if (v.p[5] != '1' || (v.p[7] != '0' && v.p[7] != '1'))
		return NO(
		    505, "%.*s is not spoken here; use HTTP/1.1", SPAN_ARG(v));
	*ret_minor = (unsigned)(v.p[7] - '0');
	return HEAD_OK;
}

static int
method_check(struct span m, struct err *err)
{
	size_t i;

	if (m.n == 0 || m.n > 20)
		return NO(400, "the request line does not begin with a "
			       "method");
	for (i = 0; i < m.n; i++)
		if (m.p[i] < 'A' || m.p[i] > 'Z')
			return NO(400, "byte 0x%02x in the request's method",
			    (unsigned char)m.p[i]);
	return HEAD_OK;
}

static int
request_line(struct span line, struct head *h, struct err *err)
{
	const char *a = memchr(line.p, ' ', line.n);
	const char *b = memrchr(line.p, ' ', line.n);
	const char *q;
	struct span target;
	int status;

	if (a == NULL || a == b)
		return NO(400, "the request line is not METHOD TARGET "
			       "HTTP/1.1");
	h->method = span_make(line.p, (size_t)(a - line.p));
	target = span_make(a + 1, (size_t)(b - a - 1));
	status = method_check(h->method, err);
	if (status == HEAD_OK)
		status = target_check(target, err);
	if (status == HEAD_OK)
		status = version_check(
		    span_make(b + 1, (size_t)(line.p + line.n - b - 1)),
		    &h->minor, err);
	if (status != HEAD_OK)
		return status;
	q = memchr(target.p, '?', target.n);
	h->path =
	    q == NULL ? target : span_make(target.p, (size_t)(q - target.p));
	h->query =
	    q == NULL ? span_make("", 0)
		      : span_make(q + 1, (size_t)(target.p + target.n - q - 1));
	return HEAD_OK;
}

static int
field_line(struct span line, struct head *h, struct err *err)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct head_field *f = &h->fields[h->n];
	size_t i;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return NO(400, "a header field that goes on over a second "
			       "line");
	if (colon == NULL || colon == line.p)
		return NO(400, "a header line without a name and a colon");
	if (h->n == HEAD_FIELDS_MAX)
		return NO(431, "more than %d header fields", HEAD_FIELDS_MAX);
	f->name = span_make(line.p, (size_t)(colon - line.p));
	f->value = span_trim_set(
	    span_make(colon + 1, line.n - f->name.n - 1), SPAN_HTTP_BLANKS);
	for (i = 0; i < f->name.n; i++)
		if (!is_token((unsigned char)f->name.p[i]))
			return NO(400,
			    "byte 0x%02x in the name of a header "
			    "field",
			    (unsigned char)f->name.p[i]);
	for (i = 0; i < f->value.n; i++)
		if (!is_value((unsigned char)f->value.p[i]))
			return NO(400, "byte 0x%02x in the header field %.*s",
			    (unsigned char)f->value.p[i], SPAN_ARG(f->name));
	h->n++;
	return HEAD_OK;
}

static int
single_check(const struct head *h, struct err *err)
{
	unsigned i, k, seen;

	for (k = 0; k < ARRAY_LEN(single); k++) {
		for (seen = 0, i = 0; i < h->n; i++)
			seen += name_is(h->fields[i].name, single[k]);
		if (seen > 1)
			return NO(400,
			    "the header field %s is given %u "
			    "times",
			    single[k], seen);
	}
	return HEAD_OK;
}

static int
host_check(const struct head *h, struct err *err)
{
	struct span v = head_find(h, "Host");
	size_t i;

	if (v.p == NULL)
		return h->minor == 0
			   ? HEAD_OK
			   : NO(400, "the header field Host is missing");
	for (i = 0; i < v.n; i++)
		if (!is_token((unsigned char)v.p[i]) &&
		    strchr(":[]", v.p[i]) == NULL)
			return NO(400, "the header field Host is not "
				       "HOST:PORT");
	return HEAD_OK;
}

enum { LENGTH_DIGITS = 15 };

static int
length_check(struct head *h, struct err *err)
{
	struct span v = head_find(h, "Content-Length");
	size_t i;

	h->body_bytes = 0;
	if (v.p == NULL)
		return HEAD_OK;
	if (v.n == 0)
		return NO(400, "Content-Length must be a number of bytes");
	for (i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return NO(400,
			    "Content-Length must be a number of "
			    "bytes, not \"%.*s\"",
			    SPAN_ARG(v));
		if (i < LENGTH_DIGITS)
			h->body_bytes =
			    h->body_bytes * 10 + (uint64_t)(v.p[i] - '0');
	}
	if (v.n > LENGTH_DIGITS)
		return NO(
		    413, "Content-Length %.*s is more than is taken", SPAN_ARG(v));
	return HEAD_OK;
}

/* No transfer coding is taken: a length that is stated once, in digits, is
 * the one framing that nobody can read in two ways. */
static int
coding_check(const struct head *h, struct err *err)
{
	struct span te = head_find(h, "Transfer-Encoding");

	if (te.p == NULL)
		return HEAD_OK;
	if (head_find(h, "Content-Length").p != NULL)
		return NO(400, "both Transfer-Encoding and Content-Length");
	if (h->minor == 0 || !name_is(te, "chunked"))
		return NO(400, "the transfer coding \"%.*s\" is not known",
		    SPAN_ARG(te));
	return NO(411, "the body's length is not stated; send "
		       "Content-Length instead of a chunked body");
}

static int
meaning_check(struct head *h, struct err *err)
{
	struct span expect = head_find(h, "Expect");
	int status = single_check(h, err);

	if (status == HEAD_OK)
		status = host_check(h, err);
	if (status == HEAD_OK)
		status = coding_check(h, err);
	if (status == HEAD_OK)
		status = length_check(h, err);
	if (status != HEAD_OK)
		return status;
	if (expect.p != NULL && !name_is(expect, "100-continue"))
		return NO(417, "the expectation \"%.*s\" cannot be met",
		    SPAN_ARG(expect));
	return HEAD_OK;
}

int
head_check(struct span bytes, struct head *ret, struct err *err)
{
	struct span rest = span_make(bytes.p, MIN(bytes.n, HEAD_BYTES_MAX));
	struct span line;
	int status;

	ret->n = 0;
	status = line_take(&rest, &line, err);
	if (status == HEAD_OK)
		status = request_line(line, ret, err);
	while (status == HEAD_OK) {
		status = line_take(&rest, &line, err);
		if (status == HEAD_OK && line.n == 0) {
			ret->bytes = bytes.n - rest.n;
			if (bytes.n > HEAD_BYTES_MAX)
				ret->bytes = HEAD_BYTES_MAX - rest.n;
			return meaning_check(ret, err);
		}
		if (status == HEAD_OK)
			status = field_line(line, ret, err);
	}
	if (status == HEAD_MORE && bytes.n >= HEAD_BYTES_MAX)
		return NO(431,
		    "the head of the request has more than %d "
		    "bytes",
		    HEAD_BYTES_MAX);
	return status;
}
