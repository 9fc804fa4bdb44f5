/*
 * prom.c - one question to Prometheus: request, streamed answer, and once
 * more where that failed in a way that passes.
 *
 * Invariant: a call's reader is fed only while nothing has failed; the done
 * function is called exactly once, unless the call is called off.
 */
#include "executor/prom/prom.h"
#include "common/base/clk.h"
#include "common/json/json_cut.h"
#include "executor/prom/prom_explain.h"
#include "executor/prom/prom_request.h"
#include "executor/prom/prom_words.h"

#include <stdlib.h>

struct prom_call {
	struct prom_request request; /* owns URL and body */
	struct prom_headers headers;
	struct prom_reader reader;
	enum prom_answer answer;
	uint64_t bytes_max;
	struct prom_response *response;
	struct http_call *http_call;
	int status;
	size_t raw_from;      /* where the answer begins in the reader's raw */
	struct json_cut *cut; /* once it does not fit; NULL: it does */
	bool told;        /* the sink was, of this attempt */
	bool foreign;     /* what comes is no JSON; it is not read on */
	struct buf begin; /* of the answer, in case it has to be told */
};

static void
call_free(struct prom_call *call)
{
	prom_request_done(&call->request);
	prom_response_free(call->response);
	json_cut_free(call->cut);
	prom_headers_done(&call->headers);
	buf_done(&call->begin);
	free(call);
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

static void
keep_begin(struct prom_call *call, struct span bytes)
{
	size_t room = call->begin.max - call->begin.len;

	buf_add(&call->begin, bytes.p, MIN(bytes.n, room));
}

static enum rc
on_data(void *arg, struct span bytes, struct err *err)
{
	struct prom_call *call = arg;
	bool good = call->status < 400;
	enum rc rc = RC_OK;

	keep_begin(call, bytes);
	if (call->reader.raw != NULL && good)
		keep_raw(call, bytes);
	if (!call->foreign) {
		call->told |= good;
		rc = prom_response_feed(call->response, bytes, err);
	}
	/* A page is read as far as it is told of. */
	if (rc != RC_OK && (!good || prom_response_is_foreign(call->response)))
		call->foreign = true;
	else if (rc != RC_OK)
		return err_prefix(err, rc, "%s", call->request.shown);
	if (call->foreign && good && call->begin.len == call->begin.max)
		return err_set(err, RC_UPSTREAM, "not JSON");
	return RC_OK;
}

static struct prom_response *
response_new(const struct prom_call *call)
{
	return prom_response_new(call->answer, call->bytes_max,
	    call->reader.sink, call->reader.arg);
}

/* What Prometheus has tried in vain it need not try again. */
static bool
is_in_vain(struct prom_call *call)
{
	struct err err;

	return !call->foreign && call->status >= 400 &&
	       prom_response_end(call->response, &err) == RC_INVALID &&
	       strcmp(prom_response_error_type(call->response), "timeout") ==
		   0;
}

static bool
on_again(void *arg, const struct http_result *result UNUSED)
{
	struct prom_call *call = arg;

	if (is_in_vain(call))
		return false;
	if (call->told && (call->reader.again == NULL ||
			      !call->reader.again(call->reader.arg)))
		return false;
	if (call->told && call->reader.raw != NULL)
		buf_cut(call->reader.raw, call->raw_from);
	json_cut_free(call->cut);
	call->cut = NULL;
	prom_response_free(call->response);
	call->response = response_new(call);
	buf_reset(&call->begin);
	call->status = 0;
	call->told = call->foreign = false;
	return true;
}

static void
on_done(void *arg, const struct http_result *result)
{
	struct prom_call *call = arg;
	struct prom_outcome out = {.status = result->status,
	    .ms = result->ms,
	    .bytes = result->bytes};
	struct prom_seen seen = {.shown = call->request.shown,
	    .result = result,
	    .response = call->response,
	    .headers = &call->headers,
	    .begin = buf_span(&call->begin),
	    .status = result->status,
	    .foreign = call->foreign};

	if (result->date_ms > 0)
		out.ahead_ms = result->date_ms - clk_wall_ms();
	prom_explain(&seen, &out);
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
    [PROM_LABEL_NAMES] = PROM_ANSWER_STRINGS,
    [PROM_SERIES] = PROM_ANSWER_SERIES,
    [PROM_METADATA] = PROM_ANSWER_METADATA,
    [PROM_SIZE] = PROM_ANSWER_SIZE,
};

static enum rc
call_new(const struct prom_conf *conf, const struct prom_ask *ask,
    const struct prom_reader *reader, struct prom_call **ret, struct err *err)
{
	struct prom_call *call = xcalloc(1, sizeof(*call));
	enum rc rc;

	call->reader = *reader;
	call->answer = answers[ask->what];
	call->bytes_max =
	    conf->bytes_max > 0 ? conf->bytes_max : PROM_BYTES_MAX;
	call->raw_from = reader->raw != NULL ? reader->raw->len : 0;
	buf_init(&call->begin, PROM_WORDS_FROM);
	call->response = response_new(call);
	rc = prom_request_init(&call->request, conf, ask, err);
	if (rc == RC_OK)
		rc = prom_headers_read(&call->headers, conf, err);
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
	bool post = call->request.body.len > 0;

	return (struct http_req){
	    .method = post ? "POST" : "GET",
	    .url = buf_str(&call->request.url),
	    .or_get = post ? buf_str(&call->request.get) : NULL,
	    .headers = call->headers.list,
	    .body = buf_span(&call->request.body),
	    .gzip = true,
	    .timeout_ms =
		conf->timeout_ms > 0 ? conf->timeout_ms : PROM_TIMEOUT_MS,
	    .max_bytes = call->bytes_max,
	    .ca_file = conf->ca_file,
	    .proxy = conf->proxy,
	    .user = conf->user,
	    .password = call->headers.password,
	    .bearer = call->headers.token,
	    .on_head = on_head,
	    .on_data = on_data,
	    .on_again = on_again,
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
	struct prom_outcome out = {.warnings = ""};

	prom_explain_refusal(rc, err, &out);
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
