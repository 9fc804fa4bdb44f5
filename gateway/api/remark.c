/*
 * remark.c - POST /api/investigations/{run}/verdict and /notes: what people
 * say of an investigation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/json/json.h"
#include "gateway/api/api_in.h"

enum {
	BY_MAX = PROTO_MOST(remark, by),
	TEXT_MAX = PROTO_MOST(remark, text),
	ID_BYTES = 12,
};

static const struct json_limits limits = {
    .bytes_max = API_REMARK_BODY_MAX, .depth_max = 2, .values_max = 8};

static void
on_said(void *ctx, const struct proto_reply *r)
{
	struct exchange *x = ctx;
	auto_buf b = {.max = 1024};

	if (exchange_refused(x, r))
		return;
	buf_addf(&b, "{\"id\":\"%s\",\"said\":true}", link_run(x->call));
	api_reply_json(x, 200, &b);
}

static const struct link_ops said_ops = {
    .on_reply = on_said, .on_fail = exchange_fail};

static const char *
text_read(struct json_in *in, const char *name, bool must)
{
	const char *text = must ? json_in_str(in, name, "it was the deploy")
				: json_in_str_opt(in, name, NULL, "");

	if (must && in->rc == RC_OK && text[0] == '\0')
		json_in_fail(in, name, "is empty: say something");
	if (strlen(text) > TEXT_MAX)
		json_in_fail(in, name, "is over %d bytes; shorten it", TEXT_MAX);
	return text;
}

static const char *
by_read(struct json_in *in)
{
	const char *by = json_in_str(in, "by", "ann");

	if (by[0] == '\0' || strlen(by) > BY_MAX)
		json_in_fail(
		    in, "by", "must say in 1 to %d bytes who says it", BY_MAX);
	return by;
}

static enum rc
verdict_read(const cJSON *tree, struct link_remark *m, struct err *err)
{
	static const char *const known[] = {"verdict", "cause", "by", NULL};
	struct json_in in = json_in(tree, "body", err);

	json_in_known(&in, known);
	m->verdict = json_in_str(&in, "verdict", "right");
	if (in.rc == RC_OK && strcmp(m->verdict, "right") != 0 &&
	    strcmp(m->verdict, "wrong") != 0 &&
	    strcmp(m->verdict, "helpful") != 0)
		json_in_fail(
		    &in, "verdict", "must be right, wrong or helpful");
	m->text = text_read(&in, "cause", false);
	m->by = by_read(&in);
	return json_in_end(&in);
}

static enum rc
note_read(const cJSON *tree, struct link_remark *m, struct err *err)
{
	static const char *const known[] = {"text", "by", NULL};
	struct json_in in = json_in(tree, "body", err);

	json_in_known(&in, known);
	m->verdict = "";
	m->text = text_read(&in, "text", true);
	m->by = by_read(&in);
	return json_in_end(&in);
}

/* So that a note that is said again to another supervisor is the same. */
static void
id_make(char ret[2 * ID_BYTES + 1])
{
	unsigned char r[ID_BYTES];
	size_t i;

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		abort();
	for (i = 0; i < sizeof(r); i++)
		snprintf(ret + 2 * i, 3, "%02x", r[i]);
}

static void
remark(struct api *api, struct web *h,
    enum rc (*read)(const cJSON *, struct link_remark *, struct err *))
{
	static const char *const offers[] = {api_json, NULL};
	struct exchange *x = exchange_new(api, h);
	char id[2 * ID_BYTES + 1];
	struct link_remark m = {.run = web_match(h)->run, .id = id};
	AUTO(json) tree = NULL;
	struct err err;
	enum rc rc;

	if (!api_choose(x, offers))
		return;
	id_make(id);
	rc = json_parse(web_body(h), &limits, &tree, &err);
	if (rc != RC_OK)
		err_prefix(&err, rc, "body");
	else
		rc = read(tree, &m, &err);
	if (rc != RC_OK)
		exchange_problem(x, problem_status_of(rc), "%s", err.text);
	else
		x->call = link_remark(api->link, &m, &said_ops, x);
}

void
api_verdict(struct api *api, struct web *h)
{
	remark(api, h, verdict_read);
}

void
api_note(struct api *api, struct web *h)
{
	remark(api, h, note_read);
}
