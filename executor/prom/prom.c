/*
 * prom.c - one question to Prometheus: request, streamed answer, and what a
 * failure means.
 *
 * Invariant: a call's reader is fed only while nothing has failed; the done
 * function is called exactly once, unless the call is called off.
 */
#include "executor/prom/prom.h"
#include "common/json/json_cut.h"
#include "common/base/clk.h"
#include "common/agent/conf.h"
#include "executor/prom/prom_request.h"

#include <stdlib.h>

/* An error page of a proxy; what is longer is not looked at. */
enum { ERROR_BYTES_MAX = 256 << 10 };

struct prom_call {
	struct prom_request request; /* owns URL and body */
	struct prom_reader reader;
	struct prom_response *response;
	struct http_call *http_call;
	char *password, *token;
	int status;
	bool ignore; /* the rest of an error page */
	uint64_t bytes;
	size_t raw_from;      /* where the answer begins in the reader's raw */
	struct json_cut *cut; /* once it does not fit; NULL: it does */
};

static void
secret_free(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void
call_free(struct prom_call *call)
{
	prom_request_done(&call->request);
	prom_response_free(call->response);
	json_cut_free(call->cut);
	secret_free(call->password);
	secret_free(call->token);
	free(call);
}

/* ---- what a failure means ---- */

static const struct {
	const char *error_type;
	enum rc rc;
	const char *advice;
} error_types[] = {
    {"bad_data", RC_INVALID,
	"Correct the query where Prometheus says, and ask again."},
    {"execution", RC_INVALID,
	"The query cannot be evaluated: correct it, or narrow it by labels "
	"or aggregation."},
    {"timeout", RC_TIMEOUT,
	"Narrow the query by labels, shorten the range, or use a longer "
	"step."},
    {"canceled", RC_UPSTREAM, "Ask again."},
    {"not_found", RC_NOTFOUND, "Ask for something that exists."},
    {"unavailable", RC_BUSY, "Wait a moment and ask again."},
    {"too_many_requests", RC_BUSY, "Wait a moment and ask again."},
    {"unauthorized", RC_DENIED,
	"Set CULPRIT_PROMETHEUS_USER and _PASSWORD_FILE, or "
	"CULPRIT_PROMETHEUS_TOKEN_FILE."},
};

static const struct {
	int status;
	enum rc rc;
	const char *text, *advice;
} statuses[] = {
    {401, RC_DENIED, "the credentials are missing or wrong",
	"Set CULPRIT_PROMETHEUS_USER and _PASSWORD_FILE, or "
	"CULPRIT_PROMETHEUS_TOKEN_FILE."},
    {403, RC_DENIED, "these credentials may not ask that",
	"Use credentials that may read, or ask the administrator of that "
	"Prometheus."},
    {404, RC_NOTFOUND, "there is no such API at that address",
	"Check CULPRIT_PROMETHEUS_URL: is a path prefix missing (Mimir: "
	"/prometheus, VictoriaMetrics: /select/0/prometheus)?"},
    {429, RC_BUSY, "too many requests", "Wait a moment and ask again."},
    {502, RC_UPSTREAM, "the proxy before it cannot reach it",
	"See whether Prometheus is running behind that proxy."},
    {503, RC_BUSY, "it is overloaded or starting",
	"Wait a moment and ask again."},
    {504, RC_TIMEOUT, "the proxy before it waited too long",
	"Narrow the query by labels, or shorten the range."},
};

static enum rc
explain_own(const struct prom_call *call, struct prom_outcome *out)
{
	const char *type = prom_response_error_type(call->response);
	size_t i;

	out->advice = "See the log of that Prometheus.";
	for (i = 0; i < ARRAY_LEN(error_types); i++) {
		if (strcmp(error_types[i].error_type, type) != 0)
			continue;
		out->advice = error_types[i].advice;
		return error_types[i].rc;
	}
	return RC_UPSTREAM;
}

static enum rc
explain_status(const struct prom_call *call, struct prom_outcome *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i].status != call->status)
			continue;
		out->advice = statuses[i].advice;
		return err_set(&out->err, statuses[i].rc, "%s answered %d: %s",
		    call->request.shown, call->status, statuses[i].text);
	}
	out->advice = "See the log of that Prometheus.";
	return err_set(&out->err, RC_UPSTREAM, "%s answered %d",
	    call->request.shown, call->status);
}

/* No (whole) answer came. */
static const char *
advice_for_transport(enum rc rc)
{
	switch (rc) {
	case RC_TIMEOUT:
		return "Narrow the query, see whether Prometheus is "
		       "overloaded, or raise CULPRIT_PROMETHEUS_TIMEOUT_MS.";
	case RC_TOOBIG:
		return "Ask for less: fewer series (labels, aggregation), a "
		       "shorter range or a longer step.";
	case RC_CANCELLED:
		return "";
	case RC_INVALID:
		return "Correct CULPRIT_PROMETHEUS_URL and the settings "
		       "beside it.";
	case RC_OK:
	case RC_NOTFOUND:
	case RC_CONFLICT:
	case RC_DENIED:
	case RC_CLOSED:
	case RC_IO:
	case RC_UPSTREAM:
	case RC_BUSY:
	case RC_DAMAGED:
		break;
	}
	return "Start Prometheus, or set CULPRIT_PROMETHEUS_URL to where it "
	       "is.";
}

static void
explain(struct prom_call *call, const struct http_result *result,
    struct prom_outcome *out)
{
	if (result->rc != RC_OK) {
		out->rc =
		    err_set(&out->err, result->rc, "%s", result->err.text);
		out->advice = prom_response_is_foreign(call->response)
				  ? "Check CULPRIT_PROMETHEUS_URL: is that "
				    "Prometheus, and "
				    "no login page before it?"
				  : advice_for_transport(result->rc);
		return;
	}
	if (call->ignore)
		out->rc = RC_UPSTREAM;
	else
		out->rc = prom_response_end(call->response, &out->err);
	if (out->rc == RC_OK && call->status < 400)
		return;
	if (out->rc == RC_INVALID)
		out->rc = explain_own(call, out);
	else if (call->status >= 400)
		out->rc = explain_status(call, out);
	else
		out->advice = advice_for_transport(out->rc);
}

/* A proxy that gave up waiting does not know either. */
static bool
answer_is_lost(const struct http_result *result)
{
	if (result->rc != RC_OK)
		return result->sent;
	return result->status == 502 || result->status == 504;
}

/* Questions asked together are often warned of alike. */
void
prom_keep_warnings(struct buf *b, const char *warnings)
{
	while (*warnings != '\0') {
		size_t n = strcspn(warnings, "\n");

		if (n > 0 && memmem(buf_str(b), b->len, warnings, n) == NULL) {
			buf_adds(b, b->len > 0 ? "\n" : "");
			buf_add(b, warnings, n);
		}
		warnings += n + (warnings[n] == '\n');
	}
}

/* ---- callbacks of http ---- */

static enum rc
on_head(void *arg, int status, const char *type UNUSED, struct err *err UNUSED)
{
	struct prom_call *call = arg;

	call->status = status;
	return RC_OK;
}

/* Keeps the bytes, up to where the buffer is full: the rest is counted. */
static void
keep_raw(struct prom_call *call, struct span bytes)
{
	struct buf *raw = call->reader.raw;

	if (call->cut == NULL && raw->len + bytes.n + JSON_CUT_ROOM < raw->max) {
		buf_add_span(raw, bytes);
		return;
	}
	if (call->cut == NULL) {
		call->cut = json_cut_new();
		json_cut_feed(call->cut,
		    span_from(buf_span(raw), call->raw_from));
		json_cut_here(call->cut);
	}
	json_cut_feed(call->cut, bytes);
}

static enum rc
on_data(void *arg, struct span bytes, struct err *err)
{
	struct prom_call *call = arg;
	enum rc rc;

	call->bytes += bytes.n;
	if (call->reader.raw != NULL && call->status < 400)
		keep_raw(call, bytes);
	if (call->ignore)
		return RC_OK;
	rc = prom_response_feed(call->response, bytes, err);
	/* An error page need not be JSON: its status says enough. */
	if (rc == RC_OK || call->status < 400)
		return rc == RC_OK
			   ? RC_OK
			   : err_prefix(err, rc, "%s", call->request.shown);
	call->ignore = true;
	return RC_OK;
}

static void
on_done(void *arg, const struct http_result *result)
{
	struct prom_call *call = arg;
	struct prom_outcome out = {.status = result->status,
	    .ms = result->ms,
	    .bytes = result->bytes,
	    .advice = ""};

	explain(call, result, &out);
	out.unknown = answer_is_lost(result);
	out.warnings = prom_response_warnings(call->response);
	out.raw_cut = call->cut != NULL;
	if (out.raw_cut)
		out.raw_left_out = json_cut_finish(
		    call->cut, call->reader.raw, call->raw_from);
	call->reader.done(call->reader.arg, &out);
	call_free(call);
}

/* ---- starting ---- */

static const enum prom_answer answers[] = {
    [PROM_INSTANT] = PROM_ANSWER_QUERY,
    [PROM_RANGE] = PROM_ANSWER_QUERY,
    [PROM_ALERTS] = PROM_ANSWER_ALERTS,
    [PROM_RULES] = PROM_ANSWER_RULES,
    [PROM_TARGETS] = PROM_ANSWER_TARGETS,
    [PROM_LABEL_VALUES] = PROM_ANSWER_STRINGS,
    [PROM_SERIES] = PROM_ANSWER_SERIES,
    [PROM_METADATA] = PROM_ANSWER_METADATA,
};

static enum rc
read_secrets(
    struct prom_call *call, const struct prom_conf *conf, struct err *err)
{
	enum rc rc =
	    conf_secret(conf->token, conf->token_file, &call->token, err);

	if (rc == RC_OK && conf->user != NULL)
		rc = conf_secret(
		    conf->password, conf->password_file, &call->password, err);
	return rc;
}

static enum rc
call_new(const struct prom_conf *conf, const struct prom_ask *ask,
    const struct prom_reader *reader, struct prom_call **ret, struct err *err)
{
	struct prom_call *call = xcalloc(1, sizeof(*call));
	uint64_t bytes_max =
	    conf->bytes_max > 0 ? conf->bytes_max : PROM_BYTES_MAX;
	enum rc rc;

	call->reader = *reader;
	call->raw_from = reader->raw != NULL ? reader->raw->len : 0;
	call->response = prom_response_new(
	    answers[ask->what], bytes_max, reader->sink, reader->arg);
	rc = prom_request_init(&call->request, conf, ask, err);
	if (rc == RC_OK)
		rc = read_secrets(call, conf, err);
	if (rc != RC_OK) {
		call_free(call);
		return rc;
	}
	*ret = call;
	return RC_OK;
}

static struct http_req
http_request(struct prom_call *call, const struct prom_conf *conf)
{
	static const char *const form[] = {
	    "Content-Type: application/x-www-form-urlencoded",
	    "Accept: application/json", NULL};
	bool post = call->request.body.len > 0;

	return (struct http_req){
	    .method = post ? "POST" : "GET",
	    .url = buf_str(&call->request.url),
	    .headers = post ? form : form + 1,
	    .body = buf_span(&call->request.body),
	    .timeout_ms =
		conf->timeout_ms > 0 ? conf->timeout_ms : PROM_TIMEOUT_MS,
	    .max_bytes = conf->bytes_max > 0 ? conf->bytes_max : PROM_BYTES_MAX,
	    .ca_file = conf->ca_file,
	    .proxy = conf->proxy,
	    .user = conf->user,
	    .password = call->password,
	    .bearer = call->token,
	    .on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_done,
	    .arg = call,
	};
}

enum rc
prom_start(struct http *http, const struct prom_conf *conf,
    const struct prom_ask *ask, const struct prom_reader *reader,
    struct prom_call **ret_call, struct err *err)
{
	struct prom_call *call = NULL;
	struct http_req req;
	enum rc rc = call_new(conf, ask, reader, &call, err);

	if (rc != RC_OK)
		return rc;
	req = http_request(call, conf);
	rc = http_start(http, &req, &call->http_call, err);
	if (rc != RC_OK) {
		call_free(call);
		return rc;
	}
	if (ret_call != NULL)
		*ret_call = call;
	return RC_OK;
}

void
prom_cancel(struct prom_call *call)
{
	http_cancel(call->http_call);
	call_free(call);
}

/* A job that cannot even be asked. */
static void
refuse(const struct prom_job *job, enum rc rc, const struct err *err)
{
	struct prom_outcome out = {.rc = rc,
	    .err = *err,
	    .advice = advice_for_transport(rc),
	    .warnings = ""};

	job->reader.done(job->reader.arg, &out);
}

enum rc
prom_run(const struct prom_conf *conf, const struct prom_job *jobs, size_t n,
    unsigned parallel, const atomic_bool *cancel)
{
	struct http_req *reqs = xcalloc(n + 1, sizeof(*reqs));
	size_t i, n_reqs = 0;
	enum rc rc;

	for (i = 0; i < n; i++) {
		struct prom_call *call = NULL;
		struct err err = {0};

		rc = call_new(conf, &jobs[i].ask, &jobs[i].reader, &call, &err);
		if (rc == RC_OK)
			reqs[n_reqs++] = http_request(call, conf);
		else
			refuse(&jobs[i], rc, &err);
	}
	rc = http_run(reqs, n_reqs, parallel, cancel);
	free(reqs);
	return rc;
}
