/*
 * jsonsax.c - strict JSON in pieces of any size, as events.
 *
 * Two small machines: the grammar (enum want: what may come next) and the
 * token being read (enum lex). A string or number that lies whole in the
 * bytes fed is handed on in place; only one that is escaped or cut by a
 * piece's end is collected in tmp.
 */
#include "common/json/jsonsax.h"
#include "common/base/buf.h"
#include "common/base/num.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <stdlib.h>

enum want {
	WANT_VALUE,
	WANT_VALUE_OR_END, /* after [ */
	WANT_KEY_OR_END,   /* after { */
	WANT_KEY,          /* after , in an object */
	WANT_COLON,
	WANT_COMMA_OR_END,
	WANT_NOTHING, /* the value is complete */
};

enum lex {
	LEX_NONE,
	LEX_STRING,
	LEX_ESCAPE,        /* after a backslash */
	LEX_HEX,           /* in the four digits of \u */
	LEX_LOW_BACKSLASH, /* after a high surrogate: \ ... */
	LEX_LOW_U,         /* ... and u must come */
	LEX_NUMBER,
	LEX_WORD, /* true, false, null */
};

struct jsonsax {
	struct jsonsax_limits limits;
	jsonsax_fn *fn;
	void *arg;
	enum want want;
	enum lex lex;
	uint64_t at;       /* bytes taken before the piece being fed */
	uint64_t token_at; /* where the token being read began */
	struct buf tmp;    /* a token's text so far, if not in place */
	struct utf8 utf8;
	const char *word;
	unsigned word_n; /* characters of word matched */
	unsigned hex_n;
	uint32_t hex, high; /* \u so far; a high surrogate waiting */
	bool is_key;
	bool pairs;
	unsigned depth;
	bool in_object[JSONSAX_DEPTH_MAX];
	enum rc failed;
	struct err failure;
};

/* The piece being fed. */
struct piece {
	const char *start, *p, *end;
};

/* Bytes that a string cannot just run over. */
static const bool string_stop[256] = {
    [0 ... 0x1F] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xFF] = true};

static const char *const want_text[] = {
    [WANT_VALUE] = "a value",
    [WANT_VALUE_OR_END] = "a value or ']'",
    [WANT_KEY_OR_END] = "a key in double quotes or '}'",
    [WANT_KEY] = "a key in double quotes",
    [WANT_COLON] = "':' after the key",
    [WANT_COMMA_OR_END] = "',' or the end of the container",
    [WANT_NOTHING] = "nothing after the value",
};

struct jsonsax *
jsonsax_new(const struct jsonsax_limits *limits, jsonsax_fn *fn, void *arg)
{
	struct jsonsax *sax = xcalloc(1, sizeof(*sax));

	assert(limits->depth_max <= JSONSAX_DEPTH_MAX);
	sax->limits = *limits;
	sax->fn = fn;
	sax->arg = arg;
	buf_init(&sax->tmp, MAX(limits->string_max, (size_t)NUM_TEXT_MAX));
	return sax;
}

void
jsonsax_pairs(struct jsonsax *sax, bool on)
{
	sax->pairs = on;
}

void
jsonsax_free(struct jsonsax *sax)
{
	if (sax == NULL)
		return;
	buf_done(&sax->tmp);
	free(sax);
}

static uint64_t
here(const struct jsonsax *sax, const struct piece *in)
{
	return sax->at + (uint64_t)(in->p - in->start);
}

/* Names the byte as a reader of the document would. */
static const char *
byte_name(unsigned char c, char out[16])
{
	static const char hex[] = "0123456789abcdef";

	if (c > 0x20 && c < 0x7F) {
		memcpy(out, "'x'", 4);
		out[1] = (char)c;
		return out;
	}
	memcpy(out, "byte 0x..", 10);
	out[7] = hex[c >> 4];
	out[8] = hex[c & 15];
	return out;
}

static enum rc
unexpected(struct jsonsax *sax, const struct piece *in, const char *wanted,
    struct err *err)
{
	char name[16];

	return err_set(err, RC_INVALID, "byte %llu: expected %s, got %s",
	    (unsigned long long)here(sax, in), wanted,
	    byte_name((unsigned char)*in->p, name));
}

static enum rc
emit(struct jsonsax *sax, const struct jsonsax_event *ev, struct err *err)
{
	return sax->fn(sax->arg, ev, err);
}

/* A value is complete: what may follow it? */
static void
after_value(struct jsonsax *sax)
{
	sax->want = sax->depth > 0 ? WANT_COMMA_OR_END : WANT_NOTHING;
}

static enum rc
emit_value(struct jsonsax *sax, struct jsonsax_event ev, struct err *err)
{
	ev.depth = sax->depth;
	after_value(sax);
	return emit(sax, &ev, err);
}

static enum rc
open_container(struct jsonsax *sax, struct piece *in, struct err *err)
{
	bool object = *in->p == '{';
	struct jsonsax_event ev = {
	    .type = object ? JSONSAX_OBJECT : JSONSAX_ARRAY,
	    .depth = sax->depth};

	if (sax->depth >= sax->limits.depth_max)
		return err_set(err, RC_TOOBIG,
		    "byte %llu: nested deeper than %u levels",
		    (unsigned long long)here(sax, in), sax->limits.depth_max);
	in->p++;
	sax->in_object[sax->depth++] = object;
	sax->want = object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
	return emit(sax, &ev, err);
}

static enum rc
close_container(struct jsonsax *sax, struct piece *in, struct err *err)
{
	bool object = *in->p == '}';

	if (sax->in_object[sax->depth - 1] != object)
		return unexpected(
		    sax, in, object ? "',' or ']'" : "',' or '}'", err);
	in->p++;
	sax->depth--;
	return emit_value(sax,
	    (struct jsonsax_event){
		.type = object ? JSONSAX_OBJECT_END : JSONSAX_ARRAY_END},
	    err);
}

/* ---- strings ---- */

static enum rc
string_too_long(const struct jsonsax *sax, struct err *err)
{
	return err_set(err, RC_TOOBIG, "byte %llu: a %s longer than %zu bytes",
	    (unsigned long long)sax->token_at, sax->is_key ? "key" : "string",
	    sax->limits.string_max);
}

static enum rc
string_done(struct jsonsax *sax, struct span text, struct err *err)
{
	struct jsonsax_event ev = {
	    .type = JSONSAX_KEY, .depth = sax->depth, .text = text};

	sax->lex = LEX_NONE;
	if (text.n > sax->limits.string_max || sax->tmp.full)
		return string_too_long(sax, err);
	if (!sax->is_key) {
		ev.type = JSONSAX_STRING;
		return emit_value(sax, ev, err);
	}
	sax->want = WANT_COLON;
	return emit(sax, &ev, err);
}

/* Keeps the text from..in->p; false when over the limit. */
static bool
keep(struct jsonsax *sax, const char *from, const struct piece *in)
{
	size_t n = (size_t)(in->p - from);

	if (sax->tmp.len + n > sax->limits.string_max)
		return false;
	buf_add(&sax->tmp, from, n);
	return true;
}

/* At the byte that cannot be run over: what is wrong with it? */
static enum rc
string_bad(struct jsonsax *sax, struct piece *in, struct err *err)
{
	unsigned long long at = here(sax, in);

	if ((unsigned char)*in->p < 0x20 && sax->utf8.need == 0)
		return unexpected(sax, in,
		    "control characters in a string escaped (\\n, \\u001f)",
		    err);
	return err_set(err, RC_INVALID, "byte %llu: not UTF-8 in a %s", at,
	    sax->is_key ? "key" : "string");
}

/* Moves over plain characters; stops at a quote, a backslash or the end. */
static bool
string_run(struct jsonsax *sax, struct piece *in)
{
	for (; in->p < in->end; in->p++) {
		unsigned char c = (unsigned char)*in->p;

		if (sax->utf8.need == 0) {
			if (!string_stop[c])
				continue;
			if (c == '"' || c == '\\')
				return true;
			if (c < 0x20)
				return false;
		}
		if (!utf8_step(&sax->utf8, c))
			return false;
	}
	return true;
}

static enum rc
lex_string(struct jsonsax *sax, struct piece *in, struct err *err)
{
	const char *from = in->p;

	if (!string_run(sax, in))
		return string_bad(sax, in, err);
	if (in->p < in->end && *in->p == '"' && sax->tmp.len == 0) {
		in->p++;
		return string_done(
		    sax, span_make(from, (size_t)(in->p - 1 - from)), err);
	}
	if (!keep(sax, from, in))
		return string_too_long(sax, err);
	if (in->p == in->end)
		return RC_OK;
	if (*in->p++ == '"')
		return string_done(sax, buf_span(&sax->tmp), err);
	sax->lex = LEX_ESCAPE;
	return RC_OK;
}

static enum rc
lex_escape(struct jsonsax *sax, struct piece *in, struct err *err)
{
	static const char plain[128] = {['"'] = '"',
	    ['\\'] = '\\',
	    ['/'] = '/',
	    ['b'] = '\b',
	    ['f'] = '\f',
	    ['n'] = '\n',
	    ['r'] = '\r',
	    ['t'] = '\t'};
	unsigned char c = (unsigned char)*in->p;

	if (c == 'u') {
		in->p++;
		sax->lex = LEX_HEX;
		sax->hex = 0;
		sax->hex_n = 0;
		return RC_OK;
	}
	if (c >= 128 || plain[c] == 0)
		return unexpected(
		    sax, in, "one of \"\\/bfnrtu after a backslash", err);
	in->p++;
	buf_addc(&sax->tmp, plain[c]);
	sax->lex = LEX_STRING;
	return RC_OK;
}

/* Four digits are complete: a character, or half of one. */
static enum rc
hex_done(struct jsonsax *sax, struct piece *in, struct err *err)
{
	unsigned long long at = here(sax, in) - 6;
	uint32_t cp = sax->hex;
	bool low = cp >= 0xDC00 && cp <= 0xDFFF;
	char out[4];

	if (low != (sax->high != 0))
		return err_set(err, RC_INVALID,
		    "byte %llu: a surrogate without its other half", at);
	if (cp == 0)
		return err_set(
		    err, RC_INVALID, "byte %llu: \\u0000 is not accepted", at);
	if (cp >= 0xD800 && cp <= 0xDBFF) {
		sax->high = cp;
		sax->lex = LEX_LOW_BACKSLASH;
		return RC_OK;
	}
	if (low)
		cp = 0x10000 + ((sax->high - 0xD800) << 10) + (cp - 0xDC00);
	sax->high = 0;
	buf_add(&sax->tmp, out, utf8_put(cp, out));
	sax->lex = LEX_STRING;
	return RC_OK;
}

static enum rc
lex_hex(struct jsonsax *sax, struct piece *in, struct err *err)
{
	unsigned char c = (unsigned char)*in->p;
	uint32_t digit;

	if (c >= '0' && c <= '9')
		digit = (uint32_t)(c - '0');
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (uint32_t)((c | 0x20) - 'a' + 10);
	else
		return unexpected(sax, in, "four hex digits after \\u", err);
	in->p++;
	sax->hex = sax->hex << 4 | digit;
	if (++sax->hex_n < 4)
		return RC_OK;
	return hex_done(sax, in, err);
}

static enum rc
lex_low(struct jsonsax *sax, struct piece *in, struct err *err)
{
	bool at_u = sax->lex == LEX_LOW_U;

	if (*in->p != (at_u ? 'u' : '\\'))
		return unexpected(sax, in,
		    "the low half (\\udc00 to \\udfff) of a surrogate pair",
		    err);
	in->p++;
	sax->lex = at_u ? LEX_HEX : LEX_LOW_U;
	sax->hex = 0;
	sax->hex_n = 0;
	return RC_OK;
}

/* ---- numbers and words ---- */

static const bool number_char[256] = {['0' ... '9'] = true,
    ['.'] = true,
    ['-'] = true,
    ['+'] = true,
    ['e'] = true,
    ['E'] = true};

static bool
is_number_char(char c)
{
	return number_char[(unsigned char)c];
}

static enum rc
number_done(struct jsonsax *sax, struct span text, struct err *err)
{
	struct jsonsax_event ev = {.type = JSONSAX_NUMBER, .text = text};
	unsigned long long at = sax->token_at;
	size_t bad_at = 0;

	sax->lex = LEX_NONE;
	switch (num_parse(text, &ev.number, &bad_at)) {
	case NUM_OK:
		return emit_value(sax, ev, err);
	case NUM_BAD:
		return err_set(err, RC_INVALID,
		    "byte %llu: not a JSON number: \"%.*s\"", at + bad_at,
		    (int)MIN(text.n, (size_t)40), text.p);
	case NUM_TOO_LARGE:
		return err_set(err, RC_INVALID,
		    "byte %llu: a number too large for a double: %.*s", at,
		    (int)MIN(text.n, (size_t)40), text.p);
	case NUM_TOO_LONG:
		break;
	}
	return err_set(err, RC_TOOBIG,
	    "byte %llu: a number of more than %d characters", at,
	    (int)NUM_TEXT_MAX);
}

static enum rc
lex_number(struct jsonsax *sax, struct piece *in, struct err *err)
{
	const char *from = in->p;
	size_t n;

	while (in->p < in->end && is_number_char(*in->p))
		in->p++;
	n = (size_t)(in->p - from);
	if (in->p < in->end && sax->tmp.len == 0)
		return number_done(sax, span_make(from, n), err);
	if (sax->tmp.len + n > NUM_TEXT_MAX)
		return err_set(err, RC_TOOBIG,
		    "byte %llu: a number of more than %d characters",
		    (unsigned long long)sax->token_at, (int)NUM_TEXT_MAX);
	buf_add(&sax->tmp, from, n);
	if (in->p < in->end)
		return number_done(sax, buf_span(&sax->tmp), err);
	return RC_OK;
}

static enum rc
word_done(struct jsonsax *sax, struct err *err)
{
	bool null = sax->word[0] == 'n';

	sax->lex = LEX_NONE;
	return emit_value(sax,
	    (struct jsonsax_event){.type = null ? JSONSAX_NULL : JSONSAX_BOOL,
		.boolean = sax->word[0] == 't'},
	    err);
}

static enum rc
lex_word(struct jsonsax *sax, struct piece *in, struct err *err)
{
	if (*in->p != sax->word[sax->word_n])
		return unexpected(sax, in, "true, false or null", err);
	in->p++;
	if (sax->word[++sax->word_n] != '\0')
		return RC_OK;
	return word_done(sax, err);
}

/* ---- pairs ---- */

/* Matches [NUMBER,"STRING"] at p, the string plain ASCII without escapes;
 * the byte after it, or NULL: it is no such thing, or not whole. */
static const char *
pair_match(
    const char *p, const char *end, struct span *number, struct span *text)
{
	const char *from = ++p;

	while (p < end && number_char[(unsigned char)*p])
		p++;
	*number = span_make(from, (size_t)(p - from));
	if (end - p < 3 || p[0] != ',' || p[1] != '"')
		return NULL;
	p += 2;
	from = p;
	while (p < end && !string_stop[(unsigned char)*p])
		p++;
	*text = span_make(from, (size_t)(p - from));
	if (end - p < 2 || p[0] != '"' || p[1] != ']')
		return NULL;
	return p + 2;
}

/* Takes a pair; false: read on in the ordinary way, which also finds what
 * is wrong with it. */
static bool
take_pair(struct jsonsax *sax, struct piece *in, enum rc *ret, struct err *err)
{
	struct jsonsax_event ev = {.type = JSONSAX_PAIR};
	struct span number;
	const char *after = pair_match(in->p, in->end, &number, &ev.text);
	size_t at;

	if (after == NULL || ev.text.n > sax->limits.string_max ||
	    sax->depth >= sax->limits.depth_max ||
	    num_parse(number, &ev.number, &at) != NUM_OK)
		return false;
	in->p = after;
	*ret = emit_value(sax, ev, err);
	return true;
}

/* ---- the grammar ---- */

static void
begin_token(struct jsonsax *sax, const struct piece *in, enum lex lex)
{
	sax->lex = lex;
	sax->token_at = here(sax, in);
	buf_reset(&sax->tmp);
}

static enum rc
begin_string(struct jsonsax *sax, struct piece *in, bool is_key)
{
	begin_token(sax, in, LEX_STRING);
	sax->is_key = is_key;
	in->p++;
	return RC_OK;
}

static enum rc
begin_value(struct jsonsax *sax, struct piece *in, struct err *err)
{
	char c = *in->p;
	enum rc rc;

	if (c == '[' && sax->pairs && take_pair(sax, in, &rc, err))
		return rc;
	if (c == '{' || c == '[')
		return open_container(sax, in, err);
	if (c == '"')
		return begin_string(sax, in, false);
	if (c == ']' && sax->want == WANT_VALUE_OR_END)
		return close_container(sax, in, err);
	if (c == '-' || (c >= '0' && c <= '9')) {
		begin_token(sax, in, LEX_NUMBER);
		return RC_OK;
	}
	sax->word = c == 't' ? "true" : c == 'f' ? "false" : "null";
	if (c != sax->word[0])
		return unexpected(sax, in, want_text[sax->want], err);
	begin_token(sax, in, LEX_WORD);
	sax->word_n = 0;
	return RC_OK;
}

static enum rc
begin_key(struct jsonsax *sax, struct piece *in, struct err *err)
{
	if (*in->p == '"')
		return begin_string(sax, in, true);
	if (*in->p == '}' && sax->want == WANT_KEY_OR_END)
		return close_container(sax, in, err);
	return unexpected(sax, in, want_text[sax->want], err);
}

static enum rc
comma_or_end(struct jsonsax *sax, struct piece *in, struct err *err)
{
	bool object = sax->in_object[sax->depth - 1];

	if (*in->p == '}' || *in->p == ']')
		return close_container(sax, in, err);
	if (*in->p != ',')
		return unexpected(
		    sax, in, object ? "',' or '}'" : "',' or ']'", err);
	in->p++;
	sax->want = object ? WANT_KEY : WANT_VALUE;
	return RC_OK;
}

static enum rc
between_tokens(struct jsonsax *sax, struct piece *in, struct err *err)
{
	char c = *in->p;

	if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
		in->p++;
		return RC_OK;
	}
	switch (sax->want) {
	case WANT_VALUE:
	case WANT_VALUE_OR_END:
		return begin_value(sax, in, err);
	case WANT_KEY:
	case WANT_KEY_OR_END:
		return begin_key(sax, in, err);
	case WANT_COMMA_OR_END:
		return comma_or_end(sax, in, err);
	case WANT_COLON:
	case WANT_NOTHING:
		break;
	}
	if (sax->want == WANT_NOTHING || c != ':')
		return unexpected(sax, in, want_text[sax->want], err);
	in->p++;
	sax->want = WANT_VALUE;
	return RC_OK;
}

static enum rc
step(struct jsonsax *sax, struct piece *in, struct err *err)
{
	switch (sax->lex) {
	case LEX_NONE:
		return between_tokens(sax, in, err);
	case LEX_STRING:
		return lex_string(sax, in, err);
	case LEX_ESCAPE:
		return lex_escape(sax, in, err);
	case LEX_HEX:
		return lex_hex(sax, in, err);
	case LEX_LOW_BACKSLASH:
	case LEX_LOW_U:
		return lex_low(sax, in, err);
	case LEX_NUMBER:
		return lex_number(sax, in, err);
	case LEX_WORD:
		return lex_word(sax, in, err);
	}
	return RC_INVALID;
}

static enum rc
fail(struct jsonsax *sax, enum rc rc, struct err *err)
{
	sax->failed = rc;
	if (err != NULL)
		*err = sax->failure;
	return rc;
}

enum rc
jsonsax_feed(struct jsonsax *sax, struct span bytes, struct err *err)
{
	struct piece in = {bytes.p, bytes.p, bytes.p + bytes.n};
	enum rc rc = sax->failed;

	if (rc == RC_OK && bytes.n == 0)
		return RC_OK;
	if (rc == RC_OK && bytes.n > sax->limits.total_max - sax->at)
		rc = err_set(&sax->failure, RC_TOOBIG, "longer than %llu bytes",
		    (unsigned long long)sax->limits.total_max);
	while (rc == RC_OK && in.p < in.end)
		rc = step(sax, &in, &sax->failure);
	if (rc != RC_OK)
		return fail(sax, rc, err);
	sax->at += bytes.n;
	return RC_OK;
}

enum rc
jsonsax_end(struct jsonsax *sax, struct err *err)
{
	enum rc rc = sax->failed;

	if (rc == RC_OK && sax->lex == LEX_NUMBER)
		rc = number_done(sax, buf_span(&sax->tmp), &sax->failure);
	if (rc == RC_OK && sax->lex != LEX_NONE)
		rc = err_set(&sax->failure, RC_INVALID,
		    "byte %llu: ends in the middle of %s",
		    (unsigned long long)sax->at,
		    sax->lex == LEX_WORD ? "true, false or null"
		    : sax->is_key        ? "a key"
					 : "a string");
	if (rc == RC_OK && sax->want != WANT_NOTHING)
		rc = err_set(&sax->failure, RC_INVALID,
		    "byte %llu: ends where %s was expected",
		    (unsigned long long)sax->at, want_text[sax->want]);
	return rc == RC_OK ? RC_OK : fail(sax, rc, err);
}

enum rc
jsonsax_read(struct span document, const struct jsonsax_limits *limits,
    jsonsax_fn *fn, void *arg, struct err *err)
{
	AUTO(jsonsax) sax = jsonsax_new(limits, fn, arg);
	enum rc rc = jsonsax_feed(sax, document, err);

	return rc == RC_OK ? jsonsax_end(sax, err) : rc;
}
