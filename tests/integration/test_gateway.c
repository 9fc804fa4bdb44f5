/*
 * test_gateway.c - the real culprit-gateway between a client of ours and a
 * supervisor of ours: what it answers, what it asks, what survives.
 */
#include "common/buf.h"
#include "common/bus.h"
#include "common/clk.h"
#include "common/wire.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEARD_MAX = 512, WAIT_MS = 10000, BYTES_MAX = 64 << 20 };

/* One message the supervisor got; the spans point into bytes. */
struct heard {
	struct bus_peer peer;
	struct buf bytes;
	struct proto m;
	bool taken;
};

struct fx {
	char *dir;
	char *front;
	struct proc *proc;
	zloop_t *loop;
	struct bus *bus;
	uint64_t epoch;
	bool ready;
	struct heard heard[HEARD_MAX];
	size_t n_heard;
	enum proto_type want;
	int port;
};

/* ---- our supervisor ---- */

static void
sup_send(struct fx *f, const struct bus_peer *peer, const struct proto *m)
{
	ck_assert_int_eq(bus_send(f->bus, peer, m), RC_OK);
}

static void
sup_on_msg(void *ctx, const struct bus_peer *peer, const struct proto *m)
{
	struct fx *f = ctx;
	struct heard *h = &f->heard[f->n_heard];
	struct err err;
	struct proto status = {.type = PROTO_STATUS,
	    .status = {.epoch = f->epoch,
		.ready = f->ready,
		.reason = span_of(f->ready ? "" : "no planner has joined")}};

	if (m->type == PROTO_ATTACH) {
		sup_send(f, peer, &status);
		return;
	}
	ck_assert_uint_lt(f->n_heard, HEARD_MAX);
	f->n_heard++;
	h->peer = *peer;
	buf_init(&h->bytes, PROTO_BYTES_MAX);
	proto_encode(&h->bytes, m);
	ck_assert_int_eq(proto_decode(buf_span(&h->bytes), &h->m, &err), RC_OK);
}

static void
sup_on_bad(
    void *ctx UNUSED, const struct bus_peer *peer UNUSED, const struct err *err)
{
	ck_abort_msg("%s", err->text);
}

static void
sup_start(struct fx *f, uint64_t epoch)
{
	const struct bus_handler h = {
	    .on_msg = sup_on_msg, .on_bad = sup_on_bad, .ctx = f};
	struct err err = {0};

	f->epoch = epoch;
	ck_assert_msg(bus_listen(f->loop, f->front, &h, &f->bus, &err) == RC_OK,
	    "%s", err.text);
}

static void
sup_stop(struct fx *f)
{
	bus_free(f->bus);
	f->bus = NULL;
}

static struct heard *
sup_find(struct fx *f)
{
	size_t i;

	for (i = 0; i < f->n_heard; i++)
		if (!f->heard[i].taken && f->heard[i].m.type == f->want)
			return &f->heard[i];
	return NULL;
}

static bool
sup_has(void *ctx)
{
	return sup_find(ctx) != NULL;
}

/* The next message of a type that was not taken yet. */
static struct heard *
sup_expect(struct fx *f, enum proto_type type)
{
	struct heard *h;

	f->want = type;
	loop_until_cond(f->loop, sup_has, f, WAIT_MS);
	h = sup_find(f);
	ck_assert_msg(h != NULL, "no %s came", proto_name(type));
	h->taken = true;
	return h;
}

static void
sup_reply(struct fx *f, const struct heard *to, uint64_t req, const char *rc,
    const char *text, const char *run)
{
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {.req = req,
		.rc = span_of(rc),
		.text = span_of(text),
		.run = span_of(run)}};

	sup_send(f, &to->peer, &m);
}

static void
sup_value(struct fx *f, const struct heard *to, struct span value)
{
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {
		.req = to->m.query.req, .rc = span_of("ok"), .value = value}};

	sup_send(f, &to->peer, &m);
}

/* Events from .. to of size bytes each; the last one ends the run. */
static void
sup_events(struct fx *f, const struct heard *to, uint64_t req, uint64_t from,
    uint64_t upto, bool last, size_t bytes)
{
	char *pad = xcalloc(1, bytes + 1);
	struct proto m = {.type = PROTO_EVENTS,
	    .events = {.req = req, .run = span_of("r1"), .last = last}};
	uint64_t seq;
	auto_buf b = {0};

	memset(pad, 'x', bytes);
	buf_init(&b, BYTES_MAX);
	wire_put_array(&b, from > upto ? 0 : (uint32_t)(upto - from + 1));
	for (seq = from; seq <= upto; seq++) {
		wire_put_array(&b, 3);
		wire_put_u64(&b, seq);
		wire_put_str(&b, last && seq == upto ? "finished" : "plan");
		wire_put_map(&b, 1);
		wire_put_str(&b, "pad");
		wire_put_str(&b, pad);
	}
	m.events.list = buf_span(&b);
	sup_send(f, &to->peer, &m);
	free(pad);
}

/* ---- the gateway ---- */

static void
gateway_start(struct fx *f, const char *const *more)
{
	auto_str path = program("culprit-gateway");
	const char *argv[24] = {
	    path, "--data-dir", f->dir, "--listen", "127.0.0.1:0"};
	const struct proc_spec spec = {
	    .argv = argv, .dir = f->dir, .name = "gateway"};
	auto_str file = xasprintf("%s/gateway.addr", f->dir);
	auto_str address = NULL;
	size_t n = 5;

	while (more != NULL && *more != NULL)
		argv[n++] = *more++;
	f->proc = proc_start(&spec);
	ck_assert(proc_await_err(f->proc, "msg=listening", WAIT_MS));
	address = file_read(file);
	ck_assert_int_eq(sscanf(address, "127.0.0.1:%d", &f->port), 1);
}

static struct fx *
fx_new_with(const char *const *more)
{
	struct fx *f = xcalloc(1, sizeof(*f));

	f->dir = scratch_new();
	f->front = xasprintf("ipc://%s/front.sock", f->dir);
	f->loop = zloop_new();
	zloop_set_nonstop(f->loop, true);
	f->ready = true;
	sup_start(f, 1);
	gateway_start(f, more);
	return f;
}

static struct fx *
fx_new(void)
{
	return fx_new_with(NULL);
}

/* Ends the gateway the orderly way: a leak or a crash fails the test. */
static void
fx_free(struct fx *f)
{
	auto_str log = NULL;
	size_t i;

	proc_signal(f->proc, SIGTERM);
	int status = proc_wait(f->proc, WAIT_MS);

	log = proc_err(f->proc);
	ck_assert_msg(status == 0, "status %d: %s", status, log);
	proc_free(f->proc);
	if (f->bus != NULL)
		sup_stop(f);
	zloop_destroy(&f->loop);
	for (i = 0; i < f->n_heard; i++)
		buf_done(&f->heard[i].bytes);
	free(f->front);
	scratch_free(f->dir);
	free(f);
}

/* ---- our client ---- */

struct client {
	struct fx *f;
	int fd;
	bool eof;
	int error;
	const char *needle;
	struct buf in;
};

static struct client *
client_new(struct fx *f, const char *bytes, size_t n)
{
	struct client *c = xcalloc(1, sizeof(*c));
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)f->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	c->f = f;
	buf_init(&c->in, BYTES_MAX);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (n > 0)
		ck_assert_int_eq(send(c->fd, bytes, n, MSG_NOSIGNAL), n);
	return c;
}

static struct client *
client_raw(struct fx *f, const char *text)
{
	return client_new(f, text, strlen(text));
}

static void
client_free(struct client *c)
{
	close(c->fd);
	buf_done(&c->in);
	free(c);
}

static bool
client_look(void *ctx)
{
	struct client *c = ctx;
	char bytes[65536];
	ssize_t n;

	while ((n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_add(&c->in, bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		c->eof = true;
	if (c->eof && n < 0)
		c->error = errno;
	if (c->needle == NULL)
		return c->eof;
	return strstr(buf_str(&c->in), c->needle) != NULL;
}

/* Reads until needle has come, or to the end for NULL. */
static const char *
client_await(struct client *c, const char *needle)
{
	c->needle = needle;
	ck_assert_msg(loop_until_cond(c->f->loop, client_look, c, WAIT_MS),
	    "\"%s\" did not come; this did: \"%.3000s\"",
	    needle != NULL ? needle : "the end", buf_str(&c->in));
	return buf_str(&c->in);
}

/* Sends raw bytes and gives back the whole answer, the caller's. */
static char *
ask_raw(struct fx *f, const char *text)
{
	struct client *c = client_raw(f, text);
	char *answer;

	client_await(c, NULL);
	answer = buf_take(&c->in);
	client_free(c);
	return answer;
}

static struct client *
client_request(
    struct fx *f, const char *line, const char *fields, const char *body)
{
	auto_str text = xasprintf("%s HTTP/1.1\r\nHost: localhost\r\n%s"
				  "Content-Length: %zu\r\n\r\n%s",
	    line, fields, strlen(body), body);

	return client_raw(f, text);
}

static char *
ask(struct fx *f, const char *line, const char *fields, const char *body)
{
	struct client *c = client_request(f, line, fields, body);
	char *answer;

	client_await(c, NULL);
	answer = buf_take(&c->in);
	client_free(c);
	return answer;
}

#define JSON "Content-Type: application/json\r\n"

static void
assert_status(const char *answer, int status)
{
	int got = 0;

	ck_assert_msg(
	    sscanf(answer, "HTTP/1.1 %d ", &got) == 1 && got == status,
	    "expected %d: %.600s", status, answer);
}

/* How often needle occurs. */
static int
count(const char *text, const char *needle)
{
	int n = 0;

	for (; (text = strstr(text, needle)) != NULL; text++)
		n++;
	return n;
}

/* ---- submitting ---- */

static struct heard *
submit(struct fx *f, const char *fields, struct client **ret_c)
{
	*ret_c = client_request(f, "POST /api/ai_ops", fields,
	    "{\"input\":\"why\",\"labels\":{\"job\":\"api\"}}");
	return sup_expect(f, PROTO_SUBMIT);
}

START_TEST(a_submission_streams_from_its_first_event)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON, &c);
	const char *text;

	ck_assert(span_is(wire_find_str(h->m.submit.input, "input"), "why"));
	ck_assert(span_is(wire_find_str(h->m.submit.input, "language"), "zh"));
	ck_assert_uint_eq(h->m.submit.follow, 1);
	ck_assert_uint_eq(h->m.submit.key.n, 32);
	sup_reply(f, h, h->m.submit.req, "ok", "", "r1");
	text = client_await(c, "retry: 1000\n\n");
	assert_status(text, 200);
	assert_contains(text, "text/event-stream");
	assert_contains(text, "Cache-Control: no-store");
	assert_contains(text, "X-Accel-Buffering: no");
	assert_contains(text, "Location: /api/investigations/r1\r\n");
	sup_events(f, h, h->m.submit.req, 1, 1, false, 3);
	client_await(c, "id: r1.1\nevent: plan\ndata: {\"pad\":\"xxx\"}\n\n");
	sup_events(f, h, h->m.submit.req, 2, 4, true, 3);
	text = client_await(c, NULL);
	assert_contains(text, "id: r1.4\nevent: finished\n");
	ck_assert_int_eq(count(text, "\nid: r1."), 4);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(tokens_are_shown_without_an_id)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON, &c);
	struct proto m = {.type = PROTO_FLEETING,
	    .fleeting = {.req = h->m.submit.req,
		.run = span_of("r1"),
		.type = span_of("token")}};
	const char *text;
	auto_buf data = {0};

	buf_init(&data, 100);
	wire_put_map(&data, 1);
	wire_put_str(&data, "text");
	wire_put_str(&data, "a\nb");
	m.fleeting.data = buf_span(&data);
	sup_reply(f, h, h->m.submit.req, "ok", "", "r1");
	sup_send(f, &h->peer, &m);
	text = client_await(c, "event: token\ndata: {\"text\":\"a\\nb\"}\n\n");
	assert_lacks(text, "\nid: ");
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(respond_async_is_answered_with_the_place_to_look)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f,
	    JSON "Prefer: respond-async\r\nIdempotency-Key: k-1\r\n"
		 "Accept-Language: de, en-US;q=0.8, zh;q=0.5\r\n",
	    &c);
	const char *text;

	ck_assert(span_is(h->m.submit.key, "k-1"));
	ck_assert_uint_eq(h->m.submit.follow, 0);
	ck_assert(span_is(wire_find_str(h->m.submit.input, "language"), "en"));
	sup_reply(f, h, h->m.submit.req, "ok", "", "r1");
	text = client_await(c, NULL);
	assert_status(text, 202);
	assert_contains(text, "Location: /api/investigations/r1\r\n");
	assert_contains(text, "Preference-Applied: respond-async\r\n");
	assert_contains(text, "\"id\":\"r1\"");
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(json_waits_for_the_result)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON "Accept: application/json\r\n", &c);
	struct heard *q;
	const char *text;
	auto_buf v = {0};

	sup_reply(f, h, h->m.submit.req, "ok", "", "r1");
	sup_events(f, h, h->m.submit.req, 1, 3, false, 3);
	sup_events(f, h, h->m.submit.req, 4, 5, true, 3);
	q = sup_expect(f, PROTO_QUERY);
	ck_assert(span_is(q->m.query.what, "report"));
	ck_assert(span_is(q->m.query.run, "r1"));
	buf_init(&v, 1000);
	wire_put_map(&v, 2);
	wire_put_str(&v, "markdown");
	wire_put_str(&v, "# R");
	wire_put_str(&v, "status");
	wire_put_str(&v, "completed");
	sup_value(f, q, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "{\"id\":\"r1\",\"status\":\"completed\","
			      "\"reason\":null,\"report\":\"# R\","
			      "\"conclusion\":null,\"verdict\":null}");
	client_free(c);
	fx_free(f);
}
END_TEST

static const struct {
	const char *rc;
	int status;
	const char *field;
} refusals[] = {
    {"conflict", 409, ""},
    {"busy", 503, "Retry-After: "},
    {"invalid", 400, ""},
    {"notfound", 404, ""},
    {"io", 503, "Retry-After: "},
    {"toobig", 413, ""},
    {"what?", 502, ""},
};

START_TEST(refusals_of_the_supervisor_have_their_status)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON, &c);
	const char *text;

	sup_reply(f, h, h->m.submit.req, refusals[_i].rc, "because", "");
	text = client_await(c, NULL);
	assert_status(text, refusals[_i].status);
	assert_contains(text, "application/problem+json");
	assert_contains(text, "\"detail\":\"because\"");
	assert_contains(text, refusals[_i].field);
	client_free(c);
	fx_free(f);
}
END_TEST

/* ---- what is refused before anyone is asked ---- */

#define H "\r\nHost: localhost\r\n"

static const struct {
	const char *what;
	const char *request;
	int status;
	const char *says;
} bad_requests[] = {
    {"unknown field",
	"POST /api/ai_ops HTTP/1.1" H JSON "Content-Length: 7\r\n\r\n{\"x\":1}",
	400, "labels"},
    {"not JSON",
	"POST /api/ai_ops HTTP/1.1" H JSON "Content-Length: 3\r\n\r\n{\"x", 400,
	"body"},
    {"not an object",
	"POST /api/ai_ops HTTP/1.1" H JSON "Content-Length: 2\r\n\r\n[]", 400,
	"object"},
    {"bad time",
	"POST /api/ai_ops HTTP/1.1" H JSON
	"Content-Length: 12\r\n\r\n{\"at\":\"now?\"}",
	400, ""},
    {"form",
	"POST /api/ai_ops HTTP/1.1" H
	"Content-Type: application/x-www-form-urlencoded\r\n"
	"Content-Length: 2\r\n\r\n{}",
	415, "application/json"},
    {"body without a type",
	"POST /api/ai_ops HTTP/1.1" H "Content-Length: 2\r\n\r\n{}", 415,
	"JSON"},
    {"large body",
	"POST /api/ai_ops HTTP/1.1" H JSON "Content-Length: 65537\r\n\r\n", 413,
	"65536"},
    {"chunked",
	"POST /api/ai_ops HTTP/1.1" H JSON
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	411, "Content-Length"},
    {"two framings",
	"POST /api/ai_ops HTTP/1.1" H JSON
	"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
	400, "Transfer-Encoding"},
    {"bare LF", "GET /healthz HTTP/1.1\nHost: localhost\n\n", 400, "LF"},
    {"other name", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421,
	"--hosts"},
    {"foreign page",
	"POST /api/ai_ops HTTP/1.1" H "Origin: http://evil.example\r\n\r\n",
	403, "--hosts"},
    {"sandboxed page", "POST /api/ai_ops HTTP/1.1" H "Origin: null\r\n\r\n",
	403, ""},
    {"other site",
	"POST /api/ai_ops HTTP/1.1" H "Sec-Fetch-Site: cross-site\r\n\r\n", 403,
	"site"},
    {"no such path", "GET /api/nothing HTTP/1.1" H "\r\n", 404, "/api/nothing"},
    {"no such method", "PUT /api/ai_ops HTTP/1.1" H "\r\n", 405,
	"Allow: POST\r\n"},
    {"nothing to accept",
	"GET /api/investigations HTTP/1.1" H "Accept: image/png\r\n\r\n", 406,
	"application/json"},
    {"limit", "GET /api/investigations?limit=x HTTP/1.1" H "\r\n", 400,
	"limit"},
    {"status", "GET /api/investigations?status=x HTTP/1.1" H "\r\n", 400,
	"completed"},
    {"argument", "GET /api/investigations?lmit=1 HTTP/1.1" H "\r\n", 400,
	"lmit"},
    {"event id",
	"GET /api/investigations/r1/events HTTP/1.1" H
	"Last-Event-ID: r2.4\r\n\r\n",
	400, "r1.7"},
    {"key", "POST /api/ai_ops HTTP/1.1" H "Idempotency-Key: a b\r\n\r\n", 400,
	"Idempotency-Key"},
    {"body of a GET", "GET /healthz HTTP/1.1" H "Content-Length: 2\r\n\r\nhi",
	400, "no body"},
    {"expectation", "GET /healthz HTTP/1.1" H "Expect: tea\r\n\r\n", 417,
	"tea"},
    {"old HTTP", "GET /healthz HTTP/2.0" H "\r\n", 505, "HTTP/1.1"},
};

START_TEST(a_bad_request_is_explained)
{
	struct fx *f = fx_new();
	auto_str answer = ask_raw(f, bad_requests[_i].request);

	ck_assert_msg(
	    strlen(answer) > 12, "%s: no answer", bad_requests[_i].what);
	assert_status(answer, bad_requests[_i].status);
	assert_contains(answer, "application/problem+json");
	assert_contains(answer, "Connection: close");
	assert_contains(answer, bad_requests[_i].says);
	ck_assert_uint_eq(f->n_heard, 0);
	fx_free(f);
}
END_TEST

START_TEST(a_large_head_is_431)
{
	struct fx *f = fx_new();
	char *field = xcalloc(1, 20000);
	auto_str request = NULL;
	auto_str answer = NULL;

	memset(field, 'x', 19999);
	request = xasprintf("GET /healthz HTTP/1.1" H "X: %s\r\n\r\n", field);
	answer = ask_raw(f, request);
	assert_status(answer, 431);
	free(field);
	fx_free(f);
}
END_TEST

START_TEST(a_head_that_just_fits_is_answered)
{
	struct fx *f = fx_new();
	char *field = xcalloc(1, 16001);
	auto_str request = NULL;
	auto_str answer = NULL;

	memset(field, 'x', 16000);
	request = xasprintf("GET /healthz HTTP/1.1" H "X: %s\r\n\r\n", field);
	answer = ask_raw(f, request);
	assert_status(answer, 200);
	free(field);
	fx_free(f);
}
END_TEST

static const char *const quick[] = {
    "--request-timeout", "1", "--keep-alive", "1", "--stall", "1", NULL};

START_TEST(a_slow_head_is_408)
{
	struct fx *f = fx_new_with(quick);
	auto_str answer = ask_raw(f, "GET /healthz HTTP/1.1\r\nHos");

	assert_status(answer, 408);
	fx_free(f);
}
END_TEST

START_TEST(a_slow_body_is_408)
{
	struct fx *f = fx_new_with(quick);
	auto_str answer = ask_raw(f, "POST /api/ai_ops HTTP/1.1" H JSON
				     "Content-Length: 20\r\n\r\n{\"inp");

	assert_status(answer, 408);
	fx_free(f);
}
END_TEST

START_TEST(a_second_request_on_a_connection_is_not_served)
{
	struct fx *f = fx_new();
	auto_str answer = ask_raw(f, "GET /healthz HTTP/1.1" H "\r\n"
				     "GET /healthz HTTP/1.1" H "\r\n");

	assert_status(answer, 200);
	ck_assert_int_eq(count(answer, "HTTP/1.1 "), 1);
	fx_free(f);
}
END_TEST

START_TEST(a_head_in_pieces_is_put_together)
{
	static const char head[] = "GET /healthz HTTP/1.1" H "\r\n";
	struct fx *f = fx_new();
	struct client *c = client_raw(f, "");
	const char *p;

	for (p = head; *p != '\0'; p++)
		ck_assert_int_eq(send(c->fd, p, 1, MSG_NOSIGNAL), 1);
	assert_status(client_await(c, NULL), 200);
	client_free(c);
	fx_free(f);
}
END_TEST

/* ---- tokens ---- */

START_TEST(a_token_is_asked_for_where_one_is_set)
{
	struct fx *f;
	char *dir = scratch_new();
	auto_str file = xasprintf("%s/token", dir);
	const char *more[] = {"--token-file", file, NULL};
	auto_str none = NULL;
	auto_str wrong = NULL;
	auto_str probe = NULL;
	auto_str head = NULL;
	struct client *right;

	file_write(file, "open-sesame-42\n");
	f = fx_new_with(more);
	none = ask(f, "GET /api/investigations", "", "");
	assert_status(none, 401);
	assert_contains(none, "WWW-Authenticate: Bearer");
	wrong = ask(f, "GET /api/investigations",
	    "Authorization: Bearer open-sesame-43\r\n", "");
	assert_status(wrong, 401);
	head = ask(f, "GET /nothing/there", "", "");
	assert_status(head, 401);
	probe = ask(f, "GET /healthz", "", "");
	assert_status(probe, 200);
	right = client_request(f, "GET /api/investigations",
	    "Authorization: Bearer open-sesame-42\r\n", "");
	sup_expect(f, PROTO_QUERY);
	client_free(right);
	fx_free(f);
	scratch_free(dir);
}
END_TEST

START_TEST(it_does_not_listen_to_strangers_without_a_token)
{
	char *dir = scratch_new();
	auto_str path = program("culprit-gateway");
	const char *argv[] = {
	    path, "--data-dir", dir, "--listen", "0.0.0.0:0", NULL};
	const struct proc_spec spec = {.argv = argv, .dir = dir, .name = "g"};
	char *err = NULL;

	ck_assert_int_eq(proc_run(&spec, WAIT_MS, NULL, &err), 1);
	assert_contains(err, "--token-file");
	assert_contains(err, "--allow-remote");
	free(err);
	scratch_free(dir);
}
END_TEST

/* ---- reading ---- */

static struct heard *
read_one(struct fx *f, const char *line, const char *fields, const char *what,
    struct client **ret_c)
{
	struct heard *h;

	*ret_c = client_request(f, line, fields, "");
	h = sup_expect(f, PROTO_QUERY);
	ck_assert_msg(
	    span_is(h->m.query.what, what), "%.*s", SPAN_ARG(h->m.query.what));
	return h;
}

static void
report_value(struct buf *b, const char *text)
{
	wire_put_map(b, 2);
	wire_put_str(b, "markdown");
	wire_put_str(b, text);
	wire_put_str(b, "language");
	wire_put_str(b, "en");
}

START_TEST(investigations_are_listed)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = read_one(f,
	    "GET /api/investigations?limit=7&before=r9&status=failed", "",
	    "list", &c);
	const char *text;
	auto_buf v = {0};

	ck_assert_int_eq(wire_find_int(h->m.query.args, "limit", 0), 7);
	ck_assert(span_is(wire_find_str(h->m.query.args, "before"), "r9"));
	ck_assert(span_is(wire_find_str(h->m.query.args, "status"), "failed"));
	buf_init(&v, 100);
	wire_put_map(&v, 1);
	wire_put_str(&v, "investigations");
	wire_put_array(&v, 0);
	sup_value(f, h, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "{\"investigations\":[]}");
	client_free(c);
	fx_free(f);
}
END_TEST

static const struct {
	const char *accept;
	const char *media;
	const char *says;
	const char *lacks;
} reports[] = {
    {"", "text/markdown; charset=utf-8", "# Hi\n<script>", "<h1>"},
    {"Accept: text/markdown\r\n", "text/markdown; charset=utf-8", "[x](java",
	"<h1>"},
    {"Accept: application/json\r\n", "application/json", "\"markdown\":\"# Hi",
	"<h1>"},
    {"Accept: text/html,*/*;q=0.1\r\n", "text/html; charset=utf-8",
	"<h1>Hi</h1>", "<script>"},
    {"Accept: text/html\r\n", "text/html; charset=utf-8", "default-src 'none'",
	"javascript:"},
};

START_TEST(a_report_comes_as_it_is_asked_for)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = read_one(f, "GET /api/investigations/r1/report",
	    reports[_i].accept, "report", &c);
	const char *text;
	auto_buf v = {0};

	buf_init(&v, 1000);
	report_value(&v, "# Hi\n<script>alert(1)</script>\n\n"
			 "[x](javascript:alert(1)) [y](/a)\n");
	sup_value(f, h, buf_span(&v));
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, reports[_i].media);
	assert_contains(text, reports[_i].says);
	assert_lacks(text, reports[_i].lacks);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(evidence_is_bytes_no_browser_runs)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = read_one(
	    f, "GET /api/investigations/r1/evidence/E3", "", "evidence", &c);
	struct proto m = {.type = PROTO_REPLY,
	    .reply = {.req = h->m.query.req,
		.rc = span_of("ok"),
		.media = span_of("text/html"),
		.bytes = span_of("<script>x</script>")}};
	const char *text;

	ck_assert(span_is(wire_find_str(h->m.query.args, "id"), "E3"));
	sup_send(f, &h->peer, &m);
	text = client_await(c, NULL);
	assert_status(text, 200);
	assert_contains(text, "Content-Type: text/plain; charset=utf-8\r\n");
	assert_contains(text, "nosniff");
	assert_contains(text, "<script>x</script>");
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(cancelling_is_passed_on)
{
	struct fx *f = fx_new();
	struct client *c =
	    client_request(f, "POST /api/investigations/r1/cancel", "", "");
	struct heard *h = sup_expect(f, PROTO_CANCEL);

	ck_assert(span_is(h->m.cancel.run, "r1"));
	sup_reply(f, h, h->m.cancel.req, "ok", "", "r1");
	assert_status(client_await(c, NULL), 202);
	client_free(c);
	fx_free(f);
}
END_TEST

static bool
readyz_is_200(void *ctx)
{
	auto_str answer = ask(ctx, "GET /readyz", "", "");

	return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

START_TEST(readiness_says_why_not)
{
	struct fx *f = fx_new();
	auto_str health = NULL;
	struct client *c;

	f->ready = false;
	c = client_request(f, "GET /readyz", "", "");
	client_await(c, NULL);
	assert_status(buf_str(&c->in), 503);
	client_free(c);
	health = ask(f, "GET /healthz", "", "");
	assert_status(health, 200);
	f->ready = true;
	ck_assert(await(readyz_is_200, f, WAIT_MS));
	fx_free(f);
}
END_TEST

/* ---- following ---- */

static struct heard *
follow(struct fx *f, const char *arg, const char *fields, struct client **ret_c)
{
	auto_str line = xasprintf("GET /api/investigations/r1/events%s", arg);

	*ret_c = client_request(f, line, fields, "");
	return sup_expect(f, PROTO_FOLLOW);
}

static const struct {
	const char *arg, *fields;
	uint64_t after;
} resumes[] = {
    {"", "", 0},
    {"", "Last-Event-ID: r1.5\r\n", 5},
    {"?last_event_id=r1.6", "", 6},
    {"?last_event_id=r1.6", "Last-Event-ID: r1.8\r\n", 8},
};

START_TEST(a_viewer_resumes_after_what_it_has_seen)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, resumes[_i].arg, resumes[_i].fields, &c);
	uint64_t after = h->m.follow.after;
	const char *text;
	char first[32];

	ck_assert_uint_eq(after, resumes[_i].after);
	sup_events(f, h, h->m.follow.req, after + 1, after + 3, true, 4);
	text = client_await(c, NULL);
	assert_status(text, 200);
	ck_assert_int_eq(count(text, "\nid: r1."), 3);
	snprintf(first, sizeof(first), "id: r1.%d\n", (int)after + 1);
	assert_contains(text, first);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(a_finished_run_that_was_seen_is_204)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "Last-Event-ID: r1.9\r\n", &c);

	sup_events(f, h, h->m.follow.req, 1, 0, true, 0);
	assert_status(client_await(c, NULL), 204);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(an_unknown_run_is_404)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);

	sup_reply(f, h, h->m.follow.req, "notfound", "there is no r1", "");
	assert_status(client_await(c, NULL), 404);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(many_viewers_see_one_run)
{
	enum { VIEWERS = 20 };
	struct fx *f = fx_new();
	struct client *c[VIEWERS];
	struct heard *h[VIEWERS];
	int i;

	for (i = 0; i < VIEWERS; i++)
		h[i] = follow(f, "", "", &c[i]);
	for (i = 0; i < VIEWERS; i++)
		sup_events(f, h[i], h[i]->m.follow.req, 1, 5, true, 10);
	for (i = 0; i < VIEWERS; i++) {
		const char *text = client_await(c[i], NULL);

		ck_assert_int_eq(count(text, "\nid: r1."), 5);
		client_free(c[i]);
	}
	fx_free(f);
}
END_TEST

START_TEST(an_idle_stream_is_kept_alive)
{
	struct fx *f = fx_new_with(quick);
	struct client *c;
	struct heard *h = follow(f, "", "", &c);

	sup_events(f, h, h->m.follow.req, 1, 0, false, 0);
	client_await(c, ": keep-alive\n\n\r\nE\r\n: keep-alive\n\n");
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(a_viewer_that_leaves_is_unfollowed_at_once)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON, &c);
	uint64_t req = h->m.submit.req;
	int64_t since;

	sup_reply(f, h, req, "ok", "", "r1");
	sup_events(f, h, req, 1, 1, false, 3);
	client_await(c, "id: r1.1\n");
	since = clk_mono_ms();
	client_free(c);
	h = sup_expect(f, PROTO_UNFOLLOW);
	ck_assert_uint_eq(h->m.unfollow.req, req);
	ck_assert_int_lt(clk_mono_ms() - since, 5000);
	fx_free(f);
}
END_TEST

START_TEST(repeated_and_missing_events_are_put_right)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	uint64_t req = h->m.follow.req;
	const char *text;

	sup_events(f, h, req, 1, 3, false, 4);
	sup_events(f, h, req, 2, 4, false, 4); /* again */
	sup_events(f, h, req, 6, 7, false, 4); /* 5 was lost */
	h = sup_expect(f, PROTO_FOLLOW);
	ck_assert_uint_eq(h->m.follow.after, 4);
	ck_assert_uint_ne(h->m.follow.req, req);
	sup_events(f, h, req, 8, 8, false, 4); /* of the old subscription */
	sup_events(f, h, h->m.follow.req, 5, 8, true, 4);
	text = client_await(c, NULL);
	ck_assert_int_eq(count(text, "\nid: r1."), 8);
	client_free(c);
	fx_free(f);
}
END_TEST

/* A run far larger than what may wait for one viewer reaches one that
 * reads, in several helpings; nothing is lost or doubled. */
START_TEST(a_long_replay_comes_in_helpings)
{
	enum { EVENTS = 400, BYTES = 4000 };
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	int helpings = 0;
	const char *text;

	sup_events(f, h, h->m.follow.req, 1, EVENTS, true, BYTES);
	for (;;) {
		f->want = PROTO_FOLLOW;
		c->needle = "event: finished";
		if (loop_until_cond(f->loop, client_look, c, 20))
			break;
		while (sup_find(f) != NULL) {
			h = sup_expect(f, PROTO_FOLLOW);
			sup_events(f, h, h->m.follow.req, h->m.follow.after + 1,
			    EVENTS, true, BYTES);
			helpings++;
		}
	}
	text = client_await(c, NULL);
	ck_assert_int_eq(count(text, "\nid: r1."), EVENTS);
	ck_assert_int_gt(helpings, 5);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(a_viewer_that_does_not_read_is_cut)
{
	enum { EVENTS = 2000, BYTES = 4000 };
	static const char *const more[] = {
	    "--stall", "1", "--log-level", "debug", NULL};
	struct fx *f = fx_new_with(more);
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	uint64_t req;

	/* What the kernel takes is asked for in helpings; then it is full. */
	do {
		req = h->m.follow.req;
		sup_events(
		    f, h, req, h->m.follow.after + 1, EVENTS, false, BYTES);
		h = sup_expect(f, PROTO_UNFOLLOW);
		ck_assert_uint_eq(h->m.unfollow.req, req);
		f->want = PROTO_FOLLOW;
		loop_until_cond(f->loop, sup_has, f, 300);
		h = sup_find(f);
		if (h != NULL)
			h->taken = true;
	} while (h != NULL);
	ck_assert(proc_await_err(f->proc, "does not read", WAIT_MS));
	client_await(c, NULL);
	ck_assert_int_eq(c->error, ECONNRESET);
	client_free(c);
	fx_free(f);
}
END_TEST

/* ---- the supervisor comes and goes ---- */

START_TEST(a_stream_goes_on_after_a_supervisor_restart)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON, &c);
	const char *text;

	sup_reply(f, h, h->m.submit.req, "ok", "", "r1");
	sup_events(f, h, h->m.submit.req, 1, 3, false, 5);
	client_await(c, "id: r1.3\n");
	sup_stop(f);
	sup_start(f, 2);
	h = sup_expect(f, PROTO_FOLLOW);
	ck_assert(span_is(h->m.follow.run, "r1"));
	ck_assert_uint_eq(h->m.follow.after, 3);
	sup_events(f, h, h->m.follow.req, 4, 6, true, 5);
	text = client_await(c, NULL);
	ck_assert_int_eq(count(text, "\nid: r1."), 6);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(an_unanswered_submission_is_sent_again_under_its_key)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON "Idempotency-Key: k7\r\n", &c);
	auto_str digest = xstrndup(h->m.submit.digest.p, h->m.submit.digest.n);

	sup_stop(f);
	sup_start(f, 2);
	h = sup_expect(f, PROTO_SUBMIT);
	ck_assert(span_is(h->m.submit.key, "k7"));
	ck_assert(span_is(h->m.submit.digest, digest));
	ck_assert(span_is(wire_find_str(h->m.submit.input, "input"), "why"));
	sup_reply(f, h, h->m.submit.req, "ok", "", "r1");
	sup_events(f, h, h->m.submit.req, 1, 2, true, 5);
	assert_status(client_await(c, NULL), 200);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(an_unanswered_fork_is_sent_again_under_its_key)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h;

	c = client_request(f, "POST /api/investigations/r0/fork",
	    JSON "Idempotency-Key: k8\r\n", "{\"from\":7}");
	sup_expect(f, PROTO_FORK);
	sup_stop(f);
	sup_start(f, 2);
	h = sup_expect(f, PROTO_FORK);
	ck_assert(span_is(h->m.fork.key, "k8"));
	ck_assert(span_is(h->m.fork.run, "r0"));
	ck_assert_uint_eq(h->m.fork.from, 7);
	ck_assert_uint_eq(h->m.fork.follow, 1);
	sup_reply(f, h, h->m.fork.req, "ok", "", "r1");
	sup_events(f, h, h->m.fork.req, 1, 3, false, 5);
	client_await(c, "id: r1.3\n");
	/* From here on it is a run that is followed. */
	sup_stop(f);
	sup_start(f, 3);
	h = sup_expect(f, PROTO_FOLLOW);
	ck_assert(span_is(h->m.follow.run, "r1"));
	ck_assert_uint_eq(h->m.follow.after, 3);
	sup_events(f, h, h->m.follow.req, 4, 5, true, 5);
	assert_status(client_await(c, NULL), 200);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(without_a_supervisor_requests_are_503_in_time)
{
	struct fx *f = fx_new();
	struct client *c;
	int64_t since;

	sup_stop(f);
	since = clk_mono_ms();
	c = client_request(f, "POST /api/ai_ops", JSON, "{}");
	client_await(c, NULL);
	assert_status(buf_str(&c->in), 503);
	assert_contains(buf_str(&c->in), "Retry-After");
	ck_assert_int_lt(clk_mono_ms() - since, 8000);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(being_ended_it_lets_streams_end_whole)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	const char *text;

	sup_events(f, h, h->m.follow.req, 1, 2, false, 5);
	client_await(c, "id: r1.2\n");
	proc_signal(f->proc, SIGTERM);
	text = client_await(c, NULL);
	assert_contains(text, "\r\n0\r\n\r\n"); /* the last chunk */
	client_free(c);
	fx_free(f);
}
END_TEST

/* ---- strangers ---- */

START_TEST(slow_heads_do_not_keep_others_out)
{
	enum { SLOW = 300 };
	static const char *const few[] = {"--connections-max", "100", NULL};
	struct fx *f = fx_new_with(few);
	struct client *slow[SLOW];
	auto_str answer = NULL;
	int i;

	for (i = 0; i < SLOW; i++)
		slow[i] = client_raw(f, "GET /healthz HT");
	answer = ask(f, "GET /healthz", "", "");
	assert_status(answer, 200);
	for (i = 0; i < SLOW; i++)
		client_free(slow[i]);
	fx_free(f);
}
END_TEST

/* ---- messages that get lost, come twice, or late ---- */

/* Each kind of request, and how it looks to the supervisor. */
static const struct {
	const char *line, *fields, *body;
	enum proto_type type;
} askings[] = {
    {"POST /api/ai_ops", JSON, "{\"input\":\"why\"}", PROTO_SUBMIT},
    {"GET /api/investigations/r1", "", "", PROTO_QUERY},
    {"POST /api/investigations/r1/cancel", "", "", PROTO_CANCEL},
    {"GET /api/investigations/r1/events", "", "", PROTO_FOLLOW},
};

static uint64_t
asked_req(const struct proto *m)
{
	if (m->type == PROTO_SUBMIT)
		return m->submit.req;
	if (m->type == PROTO_QUERY)
		return m->query.req;
	return m->type == PROTO_CANCEL ? m->cancel.req : m->follow.req;
}

START_TEST(what_is_not_answered_is_asked_again)
{
	struct fx *f = fx_new();
	struct client *c = client_request(
	    f, askings[_i].line, askings[_i].fields, askings[_i].body);
	struct heard *first = sup_expect(f, askings[_i].type);
	struct heard *again = sup_expect(f, askings[_i].type);

	ck_assert_uint_eq(asked_req(&again->m), asked_req(&first->m));
	ck_assert(span_equal(buf_span(&again->bytes), buf_span(&first->bytes)));
	/* Both are answered, and the second answer is one too many. */
	sup_reply(f, again, asked_req(&again->m), "notfound", "gone", "");
	sup_reply(f, again, asked_req(&again->m), "notfound", "gone", "");
	assert_contains(client_await(c, NULL), "gone");
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(a_submission_that_was_answered_twice_streams_on)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = submit(f, JSON, &c);
	uint64_t req = h->m.submit.req;

	sup_reply(f, h, req, "ok", "", "r1");
	sup_events(f, h, req, 1, 1, false, 3);
	client_await(c, "id: r1.1\n");
	sup_reply(f, h, req, "ok", "", "r1");
	sup_events(f, h, req, 2, 3, true, 3);
	ck_assert_int_eq(count(client_await(c, NULL), "\nid: r1."), 3);
	client_free(c);
	fx_free(f);
}
END_TEST

/* The last event has none behind it that would show the gap. */
START_TEST(a_viewer_that_hears_nothing_asks_again)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	uint64_t req = h->m.follow.req;

	sup_events(f, h, req, 1, 3, false, 4);
	client_await(c, "id: r1.3\n");
	h = sup_expect(f, PROTO_FOLLOW);
	ck_assert_uint_eq(h->m.follow.req, req);
	ck_assert_uint_eq(h->m.follow.after, 3);
	sup_events(f, h, req, 4, 4, true, 4);
	ck_assert_int_eq(count(client_await(c, NULL), "\nid: r1."), 4);
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(an_event_that_is_lost_again_and_again_is_never_passed_over)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	const char *text;
	int i;

	sup_events(f, h, h->m.follow.req, 1, 2, false, 4);
	for (i = 0; i < 5; i++) {
		sup_events(f, h, h->m.follow.req, 4, 5, false, 4);
		h = sup_expect(f, PROTO_FOLLOW);
		ck_assert_uint_eq(h->m.follow.after, 2);
	}
	sup_events(f, h, h->m.follow.req, 3, 6, true, 4);
	text = client_await(c, NULL);
	ck_assert_int_eq(count(text, "\nid: r1."), 6);
	assert_contains(text, "\nid: r1.3\n");
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(events_nobody_waits_for_are_unfollowed)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);
	uint64_t req = h->m.follow.req;

	sup_events(f, h, req, 1, 1, false, 3);
	client_await(c, "id: r1.1\n");
	client_free(c);
	h = sup_expect(f, PROTO_UNFOLLOW);
	/* It was lost. */
	sup_events(f, h, req, 2, 2, false, 3);
	ck_assert_uint_eq(sup_expect(f, PROTO_UNFOLLOW)->m.unfollow.req, req);
	fx_free(f);
}
END_TEST

static void
sup_status(struct fx *f, const struct heard *to, uint64_t epoch)
{
	struct proto m = {.type = PROTO_STATUS,
	    .status = {.epoch = epoch, .ready = true}};

	sup_send(f, &to->peer, &m);
}

START_TEST(a_late_word_of_an_earlier_supervisor_moves_nobody)
{
	struct fx *f = fx_new();
	struct client *c;
	struct heard *h = follow(f, "", "", &c);

	f->epoch = 9;
	sup_events(f, h, h->m.follow.req, 1, 1, false, 3);
	sup_status(f, h, 9);
	h = sup_expect(f, PROTO_FOLLOW);
	sup_events(f, h, h->m.follow.req, 1, 1, false, 3);
	sup_status(f, h, 8);
	sup_status(f, h, 9);
	sup_events(f, h, h->m.follow.req, 2, 2, true, 3);
	client_await(c, NULL);
	f->want = PROTO_FOLLOW;
	ck_assert(!sup_has(f));
	client_free(c);
	fx_free(f);
}
END_TEST

START_TEST(noise_is_refused_and_does_no_harm)
{
	struct fx *f = fx_new();
	unsigned char noise[4096];
	auto_str answer = NULL;
	unsigned seed = 7;
	int round;
	size_t i;

	for (round = 0; round < 50; round++) {
		struct client *c;

		for (i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)rand_r(&seed);
		c = client_new(f, (const char *)noise, sizeof(noise));
		client_await(c, NULL);
		client_free(c);
	}
	answer = ask(f, "GET /healthz", "", "");
	assert_status(answer, 200);
	fx_free(f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_submission_streams_from_its_first_event, 0},
	    {tokens_are_shown_without_an_id, 0},
	    {respond_async_is_answered_with_the_place_to_look, 0},
	    {json_waits_for_the_result, 0},
	    {refusals_of_the_supervisor_have_their_status, ARRAY_LEN(refusals)},
	    {a_bad_request_is_explained, ARRAY_LEN(bad_requests)},
	    {a_large_head_is_431, 0},
	    {a_head_that_just_fits_is_answered, 0},
	    {a_slow_head_is_408, 0},
	    {a_slow_body_is_408, 0},
	    {a_second_request_on_a_connection_is_not_served, 0},
	    {a_head_in_pieces_is_put_together, 0},
	    {a_token_is_asked_for_where_one_is_set, 0},
	    {it_does_not_listen_to_strangers_without_a_token, 0},
	    {investigations_are_listed, 0},
	    {a_report_comes_as_it_is_asked_for, ARRAY_LEN(reports)},
	    {evidence_is_bytes_no_browser_runs, 0},
	    {cancelling_is_passed_on, 0},
	    {readiness_says_why_not, 0},
	    {a_viewer_resumes_after_what_it_has_seen, ARRAY_LEN(resumes)},
	    {a_finished_run_that_was_seen_is_204, 0},
	    {an_unknown_run_is_404, 0},
	    {many_viewers_see_one_run, 0},
	    {an_idle_stream_is_kept_alive, 0},
	    {a_viewer_that_leaves_is_unfollowed_at_once, 0},
	    {repeated_and_missing_events_are_put_right, 0},
	    {a_long_replay_comes_in_helpings, 0},
	    {a_viewer_that_does_not_read_is_cut, 0},
	    {a_stream_goes_on_after_a_supervisor_restart, 0},
	    {an_unanswered_submission_is_sent_again_under_its_key, 0},
	    {an_unanswered_fork_is_sent_again_under_its_key, 0},
	    {without_a_supervisor_requests_are_503_in_time, 0},
	    {being_ended_it_lets_streams_end_whole, 0},
	    {slow_heads_do_not_keep_others_out, 0},
	    {what_is_not_answered_is_asked_again, ARRAY_LEN(askings)},
	    {a_submission_that_was_answered_twice_streams_on, 0},
	    {a_viewer_that_hears_nothing_asks_again, 0},
	    {an_event_that_is_lost_again_and_again_is_never_passed_over, 0},
	    {events_nobody_waits_for_are_unfollowed, 0},
	    {a_late_word_of_an_earlier_supervisor_moves_nobody, 0},
	    {noise_is_refused_and_does_no_harm, 0},
	};

	return RUN_TESTS("gateway", tests);
}
