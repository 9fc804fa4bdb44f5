/*
 * stream.c - a run's events as they come, whatever happens to the connection.
 *
 * Invariant: at most one transfer of events is open; `last` is the id of the
 * last numbered event that was delivered.
 */
#include "gateway/cli/stream.h"

#include "common/base/clk.h"
#include "gateway/cli/call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	TICK_MS = 100,
	RETRY_FIRST_MS = 50,
	RETRY_MOST_MS = 2000,
	GIVE_UP_MS = 60000,
	SILENCE_S = 45,             /* the gateway comments every 15 s */
};

struct stream {
	const struct stream_spec *spec;
	struct sse_read sse;
	CURLM *multi;
	CURL *events; /* the transfer of events; NULL: none open */
	CURL *cancel;
	struct curl_slist *events_headers, *cancel_headers;
	struct buf problem; /* body of an answer that is no event stream */
	char key[33];       /* Idempotency-Key of the run to start */
	char *run;          /* owned; known with the first event */
	char *last;         /* owned; id of the last numbered event */
	int64_t lost_ms;    /* since when there is no connection; 0: there is */
	int64_t retry_at_ms;
	int64_t retry_wait_ms;
	int interrupts;
	bool once_connected;
	bool want_cancel; /* asked for before the run's name was known */
	bool finished;
	bool toobig;
	struct err sse_err;
};

static void
stream_on_event(void *ctx, const struct sse_event *ev)
{
	struct stream *s = ctx;
	const char *dot = memrchr(ev->id.p, '.', ev->id.n);

	if (s->finished)
		return;
	if (ev->id.n != 0) {
		free(s->last);
		s->last = xstrndup(ev->id.p, ev->id.n);
		if (s->run == NULL && dot != NULL)
			s->run = xstrndup(ev->id.p, (size_t)(dot - ev->id.p));
	}
	s->lost_ms = 0;
	s->retry_wait_ms = RETRY_FIRST_MS;
	s->finished = span_is(ev->type, "finished");
	s->spec->on_event(s->spec->ctx, ev);
}

static bool
stream_is_events(CURL *c)
{
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	return status == 200 && type != NULL &&
	       strncasecmp(type, "text/event-stream", 17) == 0;
}

static size_t
stream_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct stream *s = ctx;

	if (!stream_is_events(s->events)) {
		buf_add(&s->problem, p, size * n);
		return size * n;
	}
	s->once_connected = true;
	s->lost_ms = 0;
	s->toobig = sse_read_feed(
			&s->sse, span_make(p, size * n), &s->sse_err) != RC_OK;
	return s->toobig ? 0 : size * n;
}

static const char *
stream_start_path(const struct stream *s)
{
	return s->spec->path != NULL ? s->spec->path : "/api/ai_ops";
}

/* Opens the transfer of events: the run's start, or what follows `last`. */
static void
stream_open(struct stream *s)
{
	auto_str key = xasprintf("Idempotency-Key: %s", s->key);
	auto_str last =
	    xasprintf("Last-Event-ID: %s", s->last != NULL ? s->last : "");
	auto_str run = call_escape(s->run != NULL ? s->run : "");
	auto_str path = xasprintf("/api/investigations/%s/events", run);
	struct call_request rq = {
	    .at = s->spec->at, .accept = "text/event-stream"};

	if (s->run == NULL) {
		rq.path = stream_start_path(s);
		rq.body = s->spec->body;
		rq.header = key;
	} else {
		rq.path = path;
		rq.header = s->last != NULL ? last : NULL;
	}
	sse_read_restart(&s->sse);
	buf_reset(&s->problem);
	s->events = call_handle(&rq, &s->events_headers);
	curl_easy_setopt(s->events, CURLOPT_WRITEFUNCTION, stream_on_body);
	curl_easy_setopt(s->events, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(s->events, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(s->events, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	curl_multi_add_handle(s->multi, s->events);
}

static void
stream_close(struct stream *s, CURL **c, struct curl_slist **headers)
{
	if (*c == NULL)
		return;
	curl_multi_remove_handle(s->multi, *c);
	curl_easy_cleanup(*c);
	curl_slist_free_all(*headers);
	*c = NULL;
	*headers = NULL;
}

static size_t
stream_ignore(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static void
stream_cancel(struct stream *s)
{
	auto_str run = NULL;
	auto_str path = NULL;

	s->want_cancel = s->run == NULL;
	if (s->run == NULL || s->cancel != NULL)
		return;
	run = call_escape(s->run);
	path = xasprintf("/api/investigations/%s/cancel", run);
	s->cancel = call_handle(&(struct call_request){.at = s->spec->at,
				    .path = path,
				    .method = "POST",
				    .body = "{}"},
	    &s->cancel_headers);
	curl_easy_setopt(s->cancel, CURLOPT_WRITEFUNCTION, stream_ignore);
	curl_easy_setopt(s->cancel, CURLOPT_TIMEOUT_MS, 10000L);
	curl_multi_add_handle(s->multi, s->cancel);
}

/* Later, a little longer each time; RC_CLOSED once it took too long. */
static enum rc
stream_retry(struct stream *s, const char *why, struct err *err)
{
	int64_t now = clk_mono_ms();

	if (s->lost_ms == 0) {
		auto_str note = xasprintf("connection lost (%s), going on "
					  "after event %s",
		    why, s->last != NULL ? s->last : "0");

		s->lost_ms = now;
		s->spec->on_note(s->spec->ctx, note);
	}
	if (now - s->lost_ms > GIVE_UP_MS)
		return call_unreachable(s->spec->at->base, why, err);
	s->retry_at_ms = now + s->retry_wait_ms;
	s->retry_wait_ms = MIN(s->retry_wait_ms * 2, (int64_t)RETRY_MOST_MS);
	return RC_OK;
}

static enum rc
stream_answered(struct stream *s, long status, struct err *err)
{
	struct call_request rq = {.at = s->spec->at,
	    .method = s->run == NULL ? "POST" : "GET",
	    .path =
		s->run == NULL ? stream_start_path(s) : "the events of a run"};

	/* 503 is a gateway that waits for its supervisor, or a full queue; 429
	 * one that is asked too often. */
	if (s->once_connected &&
	    (status == 503 || status == 502 || status == 429))
		return stream_retry(s, "it is not ready", err);
	/* 204: ended, and everything was delivered before. */
	if (status == 204) {
		s->finished = true;
		return RC_OK;
	}
	return call_problem(&rq, status, buf_span(&s->problem), err);
}

/* The transfer of events ended: the run did too, or a refusal, or again. */
static enum rc
stream_ended(struct stream *s, CURLcode code, struct err *err)
{
	bool events = stream_is_events(s->events);
	long status = 0;
	enum rc rc;

	curl_easy_getinfo(s->events, CURLINFO_RESPONSE_CODE, &status);
	stream_close(s, &s->events, &s->events_headers);
	if (s->finished)
		return RC_OK;
	if (s->toobig)
		return err_set(err, RC_TOOBIG, "%s", s->sse_err.text);
	if (status != 0 && !events && code == CURLE_OK)
		return stream_answered(s, status, err);
	if (!s->once_connected && status == 0)
		return call_unreachable(
		    s->spec->at->base, curl_easy_strerror(code), err);
	rc = stream_retry(s,
	    code == CURLE_OK ? "it was closed early" : curl_easy_strerror(code),
	    err);
	return rc;
}

static enum rc
stream_on_done(struct stream *s, struct err *err)
{
	enum rc rc = RC_OK;
	CURLMsg *m;
	int left;

	while (rc == RC_OK &&
	       (m = curl_multi_info_read(s->multi, &left)) != NULL) {
		if (m->easy_handle == s->events)
			rc = stream_ended(s, m->data.result, err);
		else
			stream_close(s, &s->cancel, &s->cancel_headers);
	}
	return rc;
}

/* Ctrl-C or SIGTERM; RC_CANCELLED: leave now. */
static enum rc
stream_on_signal(struct stream *s, int fd, struct err *err)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return RC_OK;
	s->interrupts++;
	if (!s->spec->interrupt_cancels || s->interrupts > 1 ||
	    si.ssi_signo == SIGTERM)
		return err_set(err, RC_CANCELLED,
		    "left; see it with: "
		    "culprit follow %s",
		    s->run != NULL ? s->run : "ID");
	s->spec->on_note(s->spec->ctx,
	    "cancelling; press Ctrl-C again to leave without waiting");
	stream_cancel(s);
	return RC_OK;
}

static int
stream_wait_ms(const struct stream *s)
{
	int64_t left = s->retry_at_ms - clk_mono_ms();

	if (s->events != NULL || left > TICK_MS)
		return TICK_MS;
	return left > 0 ? (int)left : 0;
}

static enum rc
stream_turn(struct stream *s, int fd, struct err *err)
{
	struct curl_waitfd signals = {.fd = fd, .events = CURL_WAIT_POLLIN};
	int running;
	enum rc rc;

	if (s->events == NULL && clk_mono_ms() >= s->retry_at_ms)
		stream_open(s);
	if (s->want_cancel)
		stream_cancel(s);
	curl_multi_perform(s->multi, &running);
	rc = stream_on_done(s, err);
	if (rc != RC_OK || s->finished)
		return rc;
	curl_multi_poll(s->multi, &signals, 1, stream_wait_ms(s), NULL);
	if (signals.revents != 0)
		rc = stream_on_signal(s, fd, err);
	s->spec->on_tick(s->spec->ctx);
	return rc;
}

static void
stream_init(struct stream *s, const struct stream_spec *spec)
{
	unsigned char random[16];

	*s = (struct stream){.spec = spec, .retry_wait_ms = RETRY_FIRST_MS};
	sse_read_init(&s->sse, STREAM_EVENT_MAX, stream_on_event, s);
	buf_init(&s->problem, 1 << 20);
	s->multi = curl_multi_init();
	if (spec->run != NULL)
		s->run = xstrdup(spec->run);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort();
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(s->key + 2 * i, 3, "%02x", random[i]);
}

static void
stream_done(struct stream *s)
{
	stream_close(s, &s->events, &s->events_headers);
	stream_close(s, &s->cancel, &s->cancel_headers);
	curl_multi_cleanup(s->multi);
	sse_read_done(&s->sse);
	buf_done(&s->problem);
	free(s->run);
	free(s->last);
}

enum rc
stream_run(const struct stream_spec *spec, struct err *err)
{
	struct stream s;
	sigset_t set, old;
	enum rc rc = RC_OK;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, RC_IO, "signalfd: %s", strerror(errno));
	stream_init(&s, spec);
	while (rc == RC_OK && !s.finished)
		rc = stream_turn(&s, fd, err);
	stream_done(&s);
	close(fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}
