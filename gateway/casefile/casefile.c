/*
 * casefile.c - an investigation as one document that needs nothing else.
 *
 * Invariant: whatever came from elsewhere passes html_put_text, or md4c with
 * raw HTML off; the document's own policy lets nothing run or load.
 */
#include "gateway/casefile/casefile.h"

#include <stdlib.h>

#include "common/base/sha256.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/report/evidence_id.h"
#include "common/wire/wire.h"
#include "gateway/casefile/casefile_style.h"
#include "gateway/casefile/casefile_words.h"
#include "gateway/casefile/figures.h"
#include "gateway/casefile/html.h"

enum {
	CITED_MAX = 2000,
	RAW_EACH_MAX = 256 << 10,
	RAW_ALL_MAX = 16 << 20,
	TITLE_CHARS = 120,
};

/* Where no server says so, the document does: nothing runs, nothing loads. */
static const char meta[] =
    "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n";

/* A piece of evidence that the report cites. */
struct cited {
	char id[EVIDENCE_ID_TEXT];
	struct span about; /* what the state says of it; empty: nothing */
	struct span args;  /* of the call that brought it */
};

struct casefile {
	struct buf shown;
	struct span state;
	struct span markdown;
	enum figures_lang lang;
	struct zone zone; /* of who reads; UTC where that is not known here */
	struct cited *cited;
	size_t n, done;
	size_t raw; /* bytes of raw data so far */
	struct buf out;
};

static const char *
word(const struct casefile *c, enum casefile_word w)
{
	static const char *const words[][2] = {
#define WORD(NAME, zh, en) [CW_##NAME] = {zh, en},
	    CASEFILE_WORDS
#undef WORD
	};

	return words[w][c->lang];
}

/* ---- what is cited ---- */

static struct cited *
cited_find(const struct casefile *c, struct span id)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (span_is(id, c->cited[i].id))
			return &c->cited[i];
	return NULL;
}

static void
cited_add(struct casefile *c, struct span id)
{
	int64_t number;

	if (c->n == CITED_MAX || !evidence_id_parse(id, &number) ||
	    cited_find(c, id) != NULL)
		return;
	evidence_id_print(number, c->cited[c->n++].id);
}

static void
cited_read(struct casefile *c)
{
	const char *at = c->markdown.p, *end = at + c->markdown.n;
	size_t n;

	c->cited = xcalloc(CITED_MAX, sizeof(c->cited[0]));
	while (at < end && (at = memchr(at, '[', (size_t)(end - at))) != NULL) {
		n = html_citation(span_make(at, (size_t)(end - at)));
		if (n > 0)
			cited_add(c, span_make(at + 1, n - 2));
		at++;
	}
}

static void
abouts_read(struct casefile *c)
{
	struct wire_r r = wire_reader(wire_find(c->state, "evidence"));
	uint32_t n = wire_peek(&r) == WIRE_ARRAY ? wire_array(&r) : 0;

	for (; n > 0; n--) {
		struct span about = wire_raw(&r);
		struct cited *e = cited_find(c, wire_find_str(about, "id"));

		if (e != NULL)
			e->about = about;
	}
}

/* Which call brought it is told by the call's feedback. */
static void
args_read(struct casefile *c)
{
	struct wire_r r = wire_reader(wire_find(c->state, "executor_feedback"));
	uint32_t n = wire_peek(&r) == WIRE_ARRAY ? wire_array(&r) : 0;

	for (; n > 0; n--) {
		struct span f = wire_raw(&r);
		struct wire_r ids = wire_reader(wire_find(f, "evidence"));
		uint32_t k =
		    wire_peek(&ids) == WIRE_ARRAY ? wire_array(&ids) : 0;

		for (; k > 0; k--) {
			struct cited *e = cited_find(c, wire_str(&ids));

			if (e != NULL)
				e->args = wire_find(f, "args");
		}
	}
}

/* When the alert began that a call was about; 0: it was about none. */
static double
alert_of(const struct cited *e)
{
	struct span starts = wire_find(wire_find(e->args, "alert"), "startsAt");
	struct wire_r r = wire_reader(starts);
	enum wire_type type = starts.n > 0 ? wire_peek(&r) : WIRE_NIL;
	int64_t ms = 0;
	struct err ignored;

	if (type == WIRE_INT || type == WIRE_DOUBLE)
		return wire_double(&r);
	if (type == WIRE_STR &&
	    when_rfc3339(wire_str(&r), &ms, &ignored) == RC_OK)
		return (double)ms / 1000;
	return 0;
}

/* ---- the head ---- */

static void
put_row(struct casefile *c, enum casefile_word term, struct span text)
{
	buf_addf(&c->out, "<dt>%s</dt><dd>", word(c, term));
	html_put_text(&c->out, text);
	buf_adds(&c->out, "</dd>\n");
}

static void
put_moment(struct casefile *c, enum casefile_word term, int64_t ms)
{
	char text[ZONE_TEXT];

	if (ms > 0)
		put_row(c, term,
		    span_of(zone_print(&c->zone, ms / 1000, ZONE_FULL, text)));
}

static void
put_labels(struct casefile *c)
{
	struct span labels = wire_find(c->state, "labels");
	auto_buf text = {.max = CASEFILE_BYTES_MAX};
	struct wire_r r = wire_reader(labels);

	if (labels.n == 0 || wire_peek(&r) != WIRE_MAP || wire_map(&r) == 0)
		return;
	wire_to_json(&text, labels);
	put_row(c, CW_LABELS, buf_span(&text));
}

static struct span
input_of(const struct casefile *c)
{
	struct span input = wire_find_str(c->state, "input");

	return input.n > 0 ? input : span_of(word(c, CW_WHATEVER));
}

static void
put_head(struct casefile *c)
{
	struct span run = wire_find(c->state, "run");
	struct span id = wire_find_str(c->state, "id");
	struct buf *b = &c->out;

	buf_addf(b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n%s<title>",
	    c->lang == FIGURES_EN ? "en" : "zh-CN", meta);
	html_put_text(b, id);
	buf_adds(b, ": ");
	html_put_short(b, input_of(c), TITLE_CHARS);
	buf_addf(b,
	    "</title>\n<style>%s</style>\n</head>\n<body>\n<header>"
	    "<p class=\"soft\">Culprit · %s</p>\n<dl>\n",
	    CASEFILE_STYLE, word(c, CW_CASEFILE));
	put_row(c, CW_RUN, id);
	put_row(c, CW_INPUT, input_of(c));
	put_moment(c, CW_AT, wire_find_int(c->state, "at", 0));
	put_labels(c);
	put_row(c, CW_STATUS, wire_find_str(c->state, "status"));
	put_moment(c, CW_STARTED, wire_find_int(run, "created_ms", 0));
	put_moment(c, CW_ENDED, wire_find_int(run, "finished_ms", 0));
	buf_adds(b, "</dl></header>\n<main>\n");
	html_report(b, c->markdown);
	buf_addf(b, "</main>\n<section>\n<h2>%s</h2>\n", word(c, CW_EVIDENCE));
	if (c->n == 0)
		buf_addf(b, "<p>%s</p>\n", word(c, CW_NONE));
}

static void
zone_of(struct casefile *c)
{
	struct zone zone = {0};
	struct err ignored;

	if (zone_read(wire_find_str(c->state, "timezone"), &zone, &ignored) ==
	    RC_OK)
		c->zone = zone;
}

struct casefile *
casefile_new(struct span shown)
{
	struct casefile *c = xcalloc(1, sizeof(*c));

	buf_init(&c->shown, CASEFILE_BYTES_MAX);
	buf_init(&c->out, CASEFILE_BYTES_MAX);
	buf_add_span(&c->shown, shown);
	c->state = buf_span(&c->shown);
	c->markdown = wire_find_str(c->state, "final_report");
	c->lang = span_is(wire_find_str(c->state, "language"), "en")
		      ? FIGURES_EN
		      : FIGURES_ZH;
	zone_of(c);
	cited_read(c);
	abouts_read(c);
	args_read(c);
	put_head(c);
	return c;
}

void
casefile_free(struct casefile *c)
{
	if (c == NULL)
		return;
	buf_done(&c->shown);
	buf_done(&c->out);
	zone_done(&c->zone);
	free(c->cited);
	free(c);
}

bool
casefile_has_ended(const struct casefile *c)
{
	return wire_find_int(wire_find(c->state, "run"), "finished_ms", 0) != 0;
}

/* ---- evidence ---- */

const char *
casefile_next(const struct casefile *c)
{
	return c->done < c->n ? c->cited[c->done].id : NULL;
}

static void
put_about(struct casefile *c, const struct cited *e)
{
	char took[WHEN_TEXT];
	auto_str size = xasprintf("%lld bytes, %.*s",
	    (long long)wire_find_int(e->about, "bytes", 0),
	    SPAN_ARG(wire_find_str(e->about, "media")));

	buf_addf(&c->out, "<article id=\"%s\">\n<h3>%s · ", e->id, e->id);
	html_put_text(&c->out, wire_find_str(e->about, "tool"));
	buf_adds(&c->out, "</h3>\n<dl>\n");
	buf_addf(&c->out, "<dt>%s</dt><dd><code>", word(c, CW_QUERY));
	html_put_text(&c->out, wire_find_str(e->about, "query"));
	buf_adds(&c->out, "</code></dd>\n");
	put_moment(c, CW_ASKED, wire_find_int(e->about, "at", 0));
	put_row(c, CW_TOOK,
	    span_of(
		when_print_duration(wire_find_int(e->about, "ms", 0), took)));
	put_row(c, CW_SIZE, span_of(size));
	buf_adds(&c->out, "<dt>SHA-256</dt><dd><code>");
	html_put_text(&c->out, wire_find_str(e->about, "sha256"));
	buf_adds(&c->out, "</code></dd>\n</dl>\n");
}

/* What is cut ends between two characters. */
static struct span
beginning(struct span s, size_t most)
{
	if (s.n > most)
		s.n = most;
	while (
	    s.n > 0 && s.n == most && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
		s.n--;
	return s;
}

static void
put_raw(struct casefile *c, struct span bytes)
{
	size_t most = MIN(RAW_EACH_MAX, RAW_ALL_MAX - c->raw);
	struct span part = bytes.n > most ? beginning(bytes, most) : bytes;

	if (!utf8_ok(bytes)) {
		buf_addf(
		    &c->out, "<p class=\"soft\">%s</p>\n", word(c, CW_RAW_NOT));
		return;
	}
	buf_addf(&c->out, "<details><summary>%s</summary>", word(c, CW_RAW));
	if (part.n < bytes.n)
		buf_addf(
		    &c->out, "<p class=\"soft\">%s</p>", word(c, CW_RAW_CUT));
	buf_adds(&c->out, "<pre>");
	html_put_text(&c->out, part);
	buf_adds(&c->out, "</pre></details>\n");
	c->raw += part.n;
}

void
casefile_put(struct casefile *c, struct span bytes)
{
	const struct cited *e = &c->cited[c->done++];
	const struct figures f = {
	    .lang = c->lang, .zone = &c->zone, .alert_s = alert_of(e)};

	put_about(c, e);
	figures_put(&c->out, bytes, &f);
	put_raw(c, bytes);
	buf_adds(&c->out, "</article>\n");
}

void
casefile_put_lost(struct casefile *c, struct span why)
{
	put_about(c, &c->cited[c->done++]);
	buf_addf(&c->out, "<p>%s: ", word(c, CW_LOST));
	html_put_text(&c->out, why);
	buf_adds(&c->out, "</p>\n</article>\n");
}

void
casefile_end(struct casefile *c, struct buf *ret)
{
	char hash[SHA256_TEXT];

	buf_addf(&c->out,
	    "</section>\n<footer class=\"soft\"><p>%s: <code>%s</code></p>"
	    "<p>%s " CULPRIT_VERSION "</p></footer>\n</body>\n</html>\n",
	    word(c, CW_HASH), sha256_text(c->markdown, hash), word(c, CW_MADE));
	*ret = c->out;
	buf_init(&c->out, CASEFILE_BYTES_MAX);
}

/* ---- Markdown ---- */

/* In backquotes, of which there may be some in it. */
static void
put_code(struct buf *b, struct span s)
{
	size_t i;

	buf_adds(b, "`` ");
	for (i = 0; i < s.n; i++)
		buf_addc(b, s.p[i] == '\n' || s.p[i] == '`' ? ' ' : s.p[i]);
	buf_adds(b, " ``");
}

void
casefile_markdown(const struct casefile *c, struct buf *b)
{
	char at[ZONE_TEXT], took[WHEN_TEXT];
	size_t i;

	buf_add_span(b, c->markdown);
	buf_addf(b, "\n---\n\n## %s\n\n", word(c, CW_EVIDENCE));
	for (i = 0; i < c->n; i++) {
		const struct cited *e = &c->cited[i];

		buf_addf(b, "- **%s** `%.*s`: ", e->id,
		    SPAN_ARG(wire_find_str(e->about, "tool")));
		put_code(b, wire_find_str(e->about, "query"));
		buf_addf(b, "; %s %s, %s %s; %lld bytes, SHA-256 `%.*s`\n",
		    word(c, CW_ASKED),
		    zone_print(&c->zone,
			wire_find_int(e->about, "at", 0) / 1000, ZONE_FULL, at),
		    word(c, CW_TOOK),
		    when_print_duration(wire_find_int(e->about, "ms", 0), took),
		    (long long)wire_find_int(e->about, "bytes", 0),
		    SPAN_ARG(wire_find_str(e->about, "sha256")));
	}
}
