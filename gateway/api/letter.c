/*
 * letter.c - what is told of a report, in the form its reader takes: a table
 * of templates.
 */
#include "gateway/api/letter.h"

#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"

enum { TEXT_MAX = 64 << 10, ANSWER_VALUES_MAX = 1000 };

/* ---- the text for people ---- */

/* Where a line "## " begins; its end where none does. */
static size_t
first_heading(struct span text)
{
	size_t i;

	for (i = 0; i + 4 <= text.n; i++)
		if (memcmp(text.p + i, "\n## ", 4) == 0)
			return i;
	return text.n;
}

/* What stands between title and first heading: what is wrong, since when, the
 * cause and how sure that is, what to do first. */
static struct span
digest(struct span markdown)
{
	const char *line;

	markdown.n = first_heading(markdown);
	if (markdown.n == 0 || markdown.p[0] != '#')
		return span_trim(markdown);
	line = memchr(markdown.p, '\n', markdown.n);
	return line == NULL ? (struct span){NULL, 0}
			    : span_trim(span_from(markdown,
				  (size_t)(line - markdown.p)));
}

/* At most max bytes; the link is never cut. */
static void
text_put(struct buf *b, const struct letter_in *in, size_t max)
{
	size_t room = max - MIN(strlen(in->url) + 100, max);
	struct span input = utf8_cut(in->input, room / 4);
	struct span text = digest(in->told->markdown);

	buf_addf(b, "Culprit: %.*s (%.*s)\n\n", SPAN_ARG(input),
	    SPAN_ARG(in->told->status));
	text = utf8_cut(text, room - MIN(b->len, room));
	buf_addf(b, "%.*s\n\n%s", SPAN_ARG(text), in->url);
}

/* Slack's own markup: one star for bold, three characters escaped. */
static void
slack_put(struct buf *b, struct span text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '*' && i + 1 < text.n && text.p[i + 1] == '*')
			i++;
		if (c == '&' || c == '<' || c == '>')
			buf_adds(b, c == '&' ? "&amp;"
				    : c == '<' ? "&lt;" : "&gt;");
		else
			buf_addc(b, c);
	}
}

/* ---- templates ---- */

/* A @ stands for the text, as JSON. */
static const struct template {
	const char *body;
	size_t max; /* bytes of the text */
	bool slack;
	const char *code; /* member of the answer that is 0 where it was
			   * taken; NULL: the status says so */
	const char *why;
} templates[TARGET_FORMS] = {
    [TARGET_SLACK] = {"{\"text\":@}", 12000, true, NULL, NULL},
    [TARGET_FEISHU] = {"{\"msg_type\":\"text\",\"content\":{\"text\":@}}", 12000,
	false, "code", "msg"},
    [TARGET_DINGTALK] = {"{\"msgtype\":\"markdown\",\"markdown\":{\"title\":"
			 "\"Culprit\",\"text\":@}}",
	12000, false, "errcode", "errmsg"},
    [TARGET_WECOM] = {"{\"msgtype\":\"markdown\",\"markdown\":{\"content\":@}}",
	3500, false, "errcode", "errmsg"},
};

static void
template_put(
    struct buf *b, const struct template *t, const struct letter_in *in)
{
	auto_buf text = {.max = TEXT_MAX}, marked = {.max = TEXT_MAX};
	const char *at = strchr(t->body, '@');

	text_put(&text, in, t->max);
	if (t->slack)
		slack_put(&marked, buf_span(&text));
	buf_addf(b, "%.*s", (int)(at - t->body), t->body);
	json_put_string(b, buf_span(t->slack ? &marked : &text));
	buf_adds(b, at + 1);
}

/* ---- for programs: all there is ---- */

static void
member(struct buf *b, const char *name, struct span text)
{
	buf_addf(b, ",\"%s\":", name);
	json_put_string(b, text);
}

static void
json_letter(struct buf *b, const struct letter_in *in)
{
	const struct proto_told *t = in->told;

	buf_adds(b, "{\"event\":\"finished\"");
	member(b, "id", span_of(in->run));
	member(b, "url", span_of(in->url));
	member(b, "input", in->input);
	member(b, "status", t->status);
	member(b, "reason", t->reason);
	member(b, "language", t->language);
	member(b, "confidence", wire_find_str(t->conclusion, "confidence"));
	member(b, "summary", wire_find_str(t->conclusion, "summary"));
	member(b, "report", t->markdown);
	buf_adds(b, ",\"conclusion\":");
	if (t->conclusion.n > 0)
		wire_to_json(b, t->conclusion);
	else
		buf_adds(b, "null");
	buf_addc(b, '}');
}

void
letter_put(struct buf *b, enum target_form form, const struct letter_in *in)
{
	if (form == TARGET_JSON)
		json_letter(b, in);
	else
		template_put(b, &templates[form], in);
}

enum rc
letter_taken(enum target_form form, struct span answer, struct err *err)
{
	static const struct json_limits limits = {
	    TEXT_MAX, 8, ANSWER_VALUES_MAX};
	const struct template *t = &templates[form];
	AUTO(json) tree = NULL;
	struct err why;

	if (t->code == NULL)
		return RC_OK;
	/* An answer that is none of theirs, of a status that is good: taken. */
	if (json_parse(answer, &limits, &tree, &why) != RC_OK ||
	    tree_num(tree, t->code, 0) == 0)
		return RC_OK;
	return err_set(err, RC_UPSTREAM, "it answered %s %.0f: %.200s", t->code,
	    tree_num(tree, t->code, 0), tree_str(tree, t->why));
}
