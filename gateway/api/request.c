/*
 * request.c - the bodies of the requests that start a run, checked and turned
 * into what the supervisor takes.
 */
#include "gateway/api/request.h"

#include <stdlib.h>

#include "common/base/zone.h"
#include "common/json/json.h"
#include "common/wire/proto.h"
#include "gateway/http/prefer.h"

enum {
	DEPTH_MAX = 4,
	VALUES_MAX = 512,
	FUTURE_MS = 60000, /* clocks differ */
};

#define WINDOW_MIN_MS INT64_C(60000)
#define WINDOW_MAX_MS (INT64_C(31) * 86400000)

static const char *const known[] = {
    "input", "language", "at", "window", "labels", "timezone", NULL};

struct request {
	const char *input;
	const char *language;
	int64_t at_ms;     /* -1: not given */
	int64_t window_ms; /* -1: not given */
	const cJSON *labels;
	const char *timezone; /* "": the supervisor's */
};

static bool
is_label_name(const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			*p == '_' || (p > s && *p >= '0' && *p <= '9') ||
			(p > s && *p == '.')))
			return false;
	return p > s;
}

static void
labels_read(struct json_in *in, struct request *r)
{
	const cJSON *l;
	unsigned n = 0;

	r->labels = json_in_labels_opt(in, "labels");
	cJSON_ArrayForEach (l, r->labels) {
		if (!is_label_name(l->string))
			json_in_fail(in, "labels",
			    "\"%.100s\" is not the "
			    "name of a label; names are letters, digits, "
			    "\"_\" and \".\", and begin with a letter or "
			    "\"_\"",
			    l->string);
		else if (strlen(l->valuestring) > REQUEST_LABEL_VALUE_MAX)
			json_in_fail(in, "labels",
			    "the value of %.100s is "
			    "over %d bytes",
			    l->string, REQUEST_LABEL_VALUE_MAX);
		if (++n > REQUEST_LABELS_MAX)
			json_in_fail(in, "labels", "more than %d labels",
			    REQUEST_LABELS_MAX);
	}
}

static void
language_read(struct json_in *in, struct request *r, const char *fallback)
{
	const char *text = json_in_str_opt(in, "language", "zh", NULL);

	r->language = fallback;
	if (text == NULL)
		return;
	r->language = prefer_language_of(span_of(text));
	if (r->language == NULL)
		json_in_fail(in, "language",
		    "\"%.40s\" is not known; "
		    "reports are written in zh or en",
		    text);
}

static void
timezone_read(struct json_in *in, struct request *r)
{
	struct zone zone;
	struct err err = {""};

	r->timezone = json_in_str_opt(in, "timezone", "Europe/Berlin", "");
	if (zone_read(span_of(r->timezone), &zone, &err) == RC_OK)
		zone_done(&zone);
	else
		json_in_fail(in, "timezone", "%s", err.text);
}

static enum rc
fields_read(const cJSON *tree, const char *language, int64_t now_ms,
    struct request *r, struct err *err)
{
	struct json_in in = json_in(tree, "body", err);

	json_in_known(&in, known);
	r->input = json_in_str_opt(&in, "input", "why is checkout slow?", "");
	if (strlen(r->input) > REQUEST_INPUT_MAX)
		json_in_fail(&in, "input", "is over %d bytes; shorten it",
		    REQUEST_INPUT_MAX);
	language_read(&in, r, language);
	timezone_read(&in, r);
	r->at_ms = json_in_moment_opt(&in, "at", now_ms, -1);
	if (r->at_ms > now_ms + FUTURE_MS)
		json_in_fail(&in, "at",
		    "lies in the future; give a moment "
		    "that has been, like \"-1h\"");
	r->window_ms = json_in_duration_opt(
	    &in, "window", WINDOW_MIN_MS, WINDOW_MAX_MS, -1);
	labels_read(&in, r);
	return json_in_end(&in);
}

/* ---- what the supervisor takes ---- */

static void
labels_write(struct buf *b, const cJSON *labels)
{
	const cJSON *l;

	wire_put_map(b, (uint32_t)cJSON_GetArraySize(labels));
	cJSON_ArrayForEach (l, labels) {
		wire_put_str(b, l->string);
		wire_put_str(b, l->valuestring);
	}
}

static void
input_write(struct buf *b, const struct request *r)
{
	auto_buf labels = {.max = REQUEST_BODY_MAX};

	if (r->labels != NULL)
		labels_write(&labels, r->labels);
	proto_put_request(
	    b, &(struct proto_request){.input = span_of(r->input),
		   .language = span_of(r->language),
		   .timezone = span_of(r->timezone),
		   .at = (uint64_t)MAX(r->at_ms, 0),
		   .window = (uint64_t)MAX(r->window_ms, 0) / 1000,
		   .labels = buf_span(&labels)});
	buf_mark(b, &labels);
}

/* ---- the digest ---- */

static int
by_name(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static void
member_print(struct buf *b, const cJSON *tree, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(tree, name);

	buf_adds(b, name);
	buf_addc(b, '=');
	if (v != NULL && !cJSON_IsNull(v))
		json_print(b, v);
	buf_addc(b, '\n');
}

static void
labels_print(struct buf *b, const cJSON *labels)
{
	const cJSON *sorted[REQUEST_LABELS_MAX], *l;
	size_t n = 0, i;

	cJSON_ArrayForEach (l, labels)
		sorted[n++] = l;
	if (n > 0)
		qsort(sorted, n, sizeof(sorted[0]), by_name);
	for (i = 0; i < n; i++) {
		buf_addf(b, "label %s=", sorted[i]->string);
		json_print(b, sorted[i]);
		buf_addc(b, '\n');
	}
}

/* "at" and "window" as they were written: "-1h" is the same request when it
 * is sent again a second later. */
static void
digest_make(const cJSON *tree, const struct request *r, char ret[SHA256_TEXT])
{
	auto_buf b = {0};

	buf_init(&b, 8 * REQUEST_BODY_MAX);
	buf_addf(&b, "language=%s\n", r->language);
	member_print(&b, tree, "input");
	member_print(&b, tree, "at");
	member_print(&b, tree, "window");
	if (r->timezone[0] != '\0')
		member_print(&b, tree, "timezone");
	labels_print(&b, r->labels);
	sha256_text(buf_span(&b), ret);
}

/* The body's tree; nothing at all reads as an empty object. */
static enum rc
body_parse(struct span body, cJSON **ret, struct err *err)
{
	static const struct json_limits limits = {
	    REQUEST_BODY_MAX, DEPTH_MAX, VALUES_MAX};
	enum rc rc = json_parse(
	    span_trim(body).n == 0 ? span_of("{}") : body, &limits, ret, err);

	return rc == RC_OK ? rc : err_prefix(err, rc, "body");
}

enum rc
request_parse(struct span body, const char *language, int64_t now_ms,
    struct buf *ret_input, char ret_digest[SHA256_TEXT], struct err *err)
{
	AUTO(json) tree = NULL;
	struct request r;
	enum rc rc = body_parse(body, &tree, err);

	if (rc == RC_OK)
		rc = fields_read(tree, language, now_ms, &r, err);
	if (rc != RC_OK)
		return rc;
	input_write(ret_input, &r);
	digest_make(tree, &r, ret_digest);
	return buf_check(ret_input, "the request", err);
}

/* ---- forks ---- */

static void
fork_digest(
    const cJSON *tree, const char *run, int64_t from, char ret[SHA256_TEXT])
{
	auto_buf b = {0};

	buf_init(&b, 8 * REQUEST_BODY_MAX);
	buf_addf(&b, "fork=%s\nfrom=%lld\n", run, (long long)from);
	member_print(&b, tree, "input");
	sha256_text(buf_span(&b), ret);
}

static void
check_length(struct json_in *in, const char *name, const char *text)
{
	if (text != NULL && strlen(text) > REQUEST_INPUT_MAX)
		json_in_fail(in, name, "is over %d bytes; shorten it",
		    REQUEST_INPUT_MAX);
}

enum rc
request_parse_fork(struct span body, const char *run, struct buf *ret_input,
    uint64_t *ret_from, char ret_digest[SHA256_TEXT], struct err *err)
{
	static const char *const names[] = {"from", "input", NULL};
	AUTO(json) tree = NULL;
	const char *input;
	struct json_in in;
	int64_t from;
	enum rc rc = body_parse(body, &tree, err);

	if (rc != RC_OK)
		return rc;
	in = json_in(tree, "body", err);
	json_in_known(&in, names);
	from = json_in_int_opt(&in, "from", 1, INT32_MAX, 1);
	input = json_in_str_opt(&in, "input", "why is checkout slow?", NULL);
	check_length(&in, "input", input);
	rc = json_in_end(&in);
	if (rc != RC_OK)
		return rc;
	*ret_from = (uint64_t)from;
	proto_put_change(
	    ret_input, &(struct proto_change){.input = span_of(input)});
	fork_digest(tree, run, from, ret_digest);
	return RC_OK;
}

/* ---- questions ---- */

enum rc
request_parse_ask(struct span body, const char *run, struct buf *ret_input,
    char ret_digest[SHA256_TEXT], struct err *err)
{
	static const char *const names[] = {"question", NULL};
	auto_buf b = {.max = 8 * REQUEST_BODY_MAX};
	AUTO(json) tree = NULL;
	const char *question;
	struct json_in in;
	enum rc rc = body_parse(body, &tree, err);

	if (rc != RC_OK)
		return rc;
	in = json_in(tree, "body", err);
	json_in_known(&in, names);
	question =
	    json_in_str(&in, "question", "and what did payment do then?");
	check_length(&in, "question", question);
	if (question != NULL && span_trim(span_of(question)).n == 0)
		json_in_fail(&in, "question", "is empty; ask something");
	rc = json_in_end(&in);
	if (rc != RC_OK)
		return rc;
	proto_put_change(
	    ret_input, &(struct proto_change){.input = span_of(question)});
	buf_addf(&b, "ask=%s\n", run);
	member_print(&b, tree, "question");
	sha256_text(buf_span(&b), ret_digest);
	return RC_OK;
}
