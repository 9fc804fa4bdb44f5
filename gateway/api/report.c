/*
 * report.c - GET /api/investigations/{run}/report: the report as Markdown, as
 * markup for a page, as JSON; or as a case file, for which the evidence is
 * asked for piece by piece.
 */
#include "gateway/api/api_in.h"
#include "gateway/casefile/casefile.h"
#include "gateway/casefile/html.h"

static const char markdown[] = "text/markdown";
static const char html[] = "text/html";

static void
reply_text(struct exchange *x, const char *media, struct buf *body)
{
	const struct web_reply r = {.status = 200,
	    .media = media,
	    .policy = x->media == html ? web_policy_inert : NULL};

	exchange_call_end(x);
	web_reply_named(x->h, &r, body);
}

static const char html_utf8[] = "text/html; charset=utf-8";
static const char markdown_utf8[] = "text/markdown; charset=utf-8";

/* ---- the report alone ---- */

static void
on_report(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	struct proto_told told;
	auto_buf b = {0};

	if (exchange_refused(x, r) || !api_told(x, r, &told))
		return;
	buf_init(&b, API_JSON_MAX);
	if (x->media == html) {
		html_report(&b, told.markdown);
		reply_text(x, html_utf8, &b);
	} else if (x->media == markdown) {
		buf_add_span(&b, told.markdown);
		reply_text(x, markdown_utf8, &b);
	} else {
		api_reply_value(x, r->value);
	}
}

static const struct link_ops report_ops = {
    .on_reply = on_report, .on_fail = exchange_fail};

/* ---- with its evidence ---- */

static void file_goes_on(struct exchange *x);

/* What is gone or damaged is told in its place; the rest stands. */
static void
on_evidence(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;

	if (span_is(r->rc, rc_name(RC_OK)))
		casefile_put(x->more, r->bytes);
	else
		casefile_put_lost(x->more, r->text);
	exchange_call_end(x);
	file_goes_on(x);
}

static const struct link_ops evidence_ops = {
    .on_reply = on_evidence, .on_fail = exchange_fail};

/* One piece at a time: others have their turns in between, and no more than
 * one is in memory besides the document. */
static void
file_goes_on(struct exchange *x)
{
	union proto_args args = {0};
	const char *id = casefile_next(x->more);
	auto_buf b = {0};

	if (id != NULL) {
		args.evidence.id = span_of(id);
		x->call = link_query(x->api->link, PROTO_ASK_EVIDENCE,
		    web_match(x->h)->run, &args, &evidence_ops, x);
		return;
	}
	casefile_end(x->more, &b);
	if (b.full)
		exchange_problem(x, 413,
		    "the case file is larger than is made here, which is "
		    "%d MiB; ask with evidence=no, and for each piece alone",
		    CASEFILE_BYTES_MAX >> 20);
	else
		reply_text(x, html_utf8, &b);
}

static void
file_free(void *file)
{
	casefile_free(file);
}

static void
on_shown(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	auto_buf b = {0};

	if (exchange_refused(x, r))
		return;
	x->more = casefile_new(r->value);
	x->more_free = file_free;
	exchange_call_end(x);
	if (!casefile_has_ended(x->more)) {
		exchange_problem(x, 409,
		    "investigation %s is still under way; follow its events, "
		    "or ask again",
		    web_match(x->h)->run);
	} else if (x->media == html) {
		file_goes_on(x);
	} else {
		buf_init(&b, API_JSON_MAX);
		casefile_markdown(x->more, &b);
		reply_text(x, markdown_utf8, &b);
	}
}

static const struct link_ops shown_ops = {
    .on_reply = on_shown, .on_fail = exchange_fail};

/* ---- which ---- */

/* A link cannot say what it accepts: `as` does. */
static bool
form_choose(struct exchange *x)
{
	static const char *const offers[] = {markdown, html, api_json, NULL};
	static const char *const names[] = {"markdown", "html", "json"};
	struct span as = web_arg(x->h, "as");
	size_t i;

	if (as.p == NULL)
		return api_choose(x, offers);
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (span_is(as, names[i]))
			x->media = offers[i];
	if (x->media == NULL)
		exchange_problem(x, 400, "as must be markdown, html or json");
	return x->media != NULL;
}

/* HTML comes with its evidence where nothing else is said, Markdown alone. */
static bool
evidence_choose(struct exchange *x, bool *ret)
{
	struct span v = web_arg(x->h, "evidence");

	*ret = v.p == NULL ? x->media == html : span_is(v, "yes");
	if (v.p == NULL || *ret || span_is(v, "no"))
		return true;
	exchange_problem(x, 400, "evidence must be yes or no");
	return false;
}

void
api_report(struct api *api, struct web *h)
{
	struct exchange *x = exchange_new(api, h);
	const char *run = web_match(h)->run;
	bool evidence = false;

	if (!form_choose(x) || !evidence_choose(x, &evidence))
		return;
	if (evidence && x->media != api_json)
		x->call = link_query(
		    api->link, PROTO_ASK_SHOW, run, NULL, &shown_ops, x);
	else
		x->call = link_query(
		    api->link, PROTO_ASK_REPORT, run, NULL, &report_ops, x);
}
