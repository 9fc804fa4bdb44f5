/*
 * test_gate.c - who may come in and where to: routes, the gate, what clients
 * prefer, problems.
 */
#include "gateway/http/gate.h"
#include "gateway/http/prefer.h"
#include "gateway/http/problem.h"
#include "gateway/api/routes.h"
#include "tests/harness/texts.h"

#include <stdio.h>

/* ---- routes ---- */

static const struct {
	const char *method, *path;
	int status;
	const char *run, *item, *allow;
} paths[] = {
    {"POST", "/api/ai_ops", 0, "", "", ""},
    {"GET", "/api/ai_ops", 405, "", "", "POST"},
    {"GET", "/api/investigations", 0, "", "", ""},
    {"HEAD", "/api/investigations", 0, "", "", ""},
    {"GET", "/api/investigations/", 404, "", "", ""},
    {"GET", "/api/investigations/a-1_Z", 0, "a-1_Z", "", ""},
    {"DELETE", "/api/investigations/a", 405, "", "", "GET, HEAD"},
    {"GET", "/api/investigations/a/", 404, "", "", ""},
    {"GET", "/api/investigations/a%2fb", 404, "", "", ""},
    {"GET", "/api/investigations/..", 404, "", "", ""},
    {"GET", "/api/investigations/a/events", 0, "a", "", ""},
    {"GET", "/api/investigations/a/events/b", 404, "", "", ""},
    {"GET", "/api/investigations/a/evidence/E1", 0, "a", "E1", ""},
    {"GET", "/api/investigations/a/evidence/", 404, "", "", ""},
    {"GET", "/api/investigations/a/cancel", 405, "", "", "POST"},
    {"POST", "/api/investigations/a/cancel", 0, "a", "", ""},
    {"GET", "/api/investigations/a/checkpoints", 0, "a", "", ""},
    {"GET", "/api/investigations/a/checkpoints/3", 0, "a", "3", ""},
    {"POST", "/api/investigations/a/fork", 0, "a", "", ""},
    {"GET", "/api/investigations/a/fork", 405, "", "", "POST"},
    {"GET", "/", 0, "", "", ""},
    {"GET", "/page/x-1", 0, "", "x-1", ""},
    {"PUT", "/api/session", 405, "", "", "GET, HEAD, POST, DELETE"},
    {"GET", "/healthz", 0, "", "", ""},
    {"GET", "/healthz2", 404, "", "", ""},
    {"GET", "/health", 404, "", "", ""},
    {"GET", "//healthz", 404, "", "", ""},
};

START_TEST(paths_lead_to_routes)
{
	struct route_match m;
	char allow[ROUTE_ALLOW_MAX];
	int status = route_find(routes, span_of(paths[_i].method),
	    span_of(paths[_i].path), &m, allow);

	ck_assert_msg(
	    status == paths[_i].status, "%s: %d", paths[_i].path, status);
	if (status == 0) {
		ck_assert_str_eq(m.run, paths[_i].run);
		ck_assert_str_eq(m.item, paths[_i].item);
	} else {
		ck_assert_str_eq(allow, paths[_i].allow);
	}
}
END_TEST

START_TEST(a_parameter_has_a_largest_size)
{
	struct route_match m;
	char allow[ROUTE_ALLOW_MAX], path[512];

	snprintf(path, sizeof(path), "/api/investigations/%0*d",
	    ROUTE_PARAM_MAX - 1, 0);
	ck_assert_int_eq(
	    route_find(routes, span_of("GET"), span_of(path), &m, allow), 0);
	snprintf(
	    path, sizeof(path), "/api/investigations/%0*d", ROUTE_PARAM_MAX, 0);
	ck_assert_int_eq(
	    route_find(routes, span_of("GET"), span_of(path), &m, allow), 404);
}
END_TEST

static const struct {
	const char *method, *path, *query;
	const char *says; /* NULL: it is taken */
} args[] = {
    {"GET", "/api/investigations", "", NULL},
    {"GET", "/api/investigations", "limit=1&before=2&status=failed", NULL},
    {"GET", "/api/investigations", "status=a=b", NULL},
    {"GET", "/api/investigations", "limit", NULL},
    {"GET", "/api/investigations", "lmit=1",
	"\"lmit\" is not known here; these are: limit, before, after, status, since, until, alert, q"},
    {"GET", "/api/investigations", "limit=1&x", "\"x\" is not known"},
    {"GET", "/api/investigations", "Limit=1", "\"Limit\" is not known"},
    {"GET", "/api/investigations", "limi=1", "\"limi\" is not known"},
    {"GET", "/api/investigations", "limits=1", "\"limits\" is not known"},
    {"GET", "/api/investigations", "%6cimit=1", "\"%6cimit\" is not known"},
    {"GET", "/api/investigations", "=1", "\"\" is not known"},
    {"GET", "/api/investigations", "&", "\"\" is not known"},
    {"GET", "/api/investigations", "limit=1&", NULL},
    {"GET", "/api/investigations", "limit=1&&status=failed",
	"\"\" is not known"},
    {"GET", "/api/investigations", "limit=1&limit=2", "limit is given twice"},
    {"GET", "/api/investigations",
	"status=&limit=1&status=", "status is given twice"},
    {"GET", "/api/investigations", "last_event_id=1", "is not known"},
    {"GET", "/api/investigations/r1/events", "last_event_id=r1.3", NULL},
    {"GET", "/api/investigations/r1/events", "limit=3",
	"is not known here; these are: last_event_id"},
    {"GET", "/api/investigations/r1", "status=", "is not known here"},
    {"GET", "/api/investigations/r1/report", "f=pdf", "is not known here"},
    {"GET", "/api/investigations/r1/evidence/E1", "x", "is not known here"},
    {"GET", "/api/investigations/r1/checkpoints", "n=1", "is not known here"},
    {"GET", "/api/investigations/r1/checkpoints/1", "x", "is not known here"},
    {"POST", "/api/ai_ops", "input=why", "is not known here"},
    {"POST", "/api/investigations/r1/cancel", "x", "is not known here"},
    {"POST", "/api/investigations/r1/steps/2", "approve=1", "is not known"},
    {"POST", "/api/investigations/r1/fork", "from=2", "is not known here"},
    {"GET", "/healthz", "x", "\"x\" is not known here"},
    {"GET", "/readyz", "x", "\"x\" is not known here"},
};

START_TEST(a_route_takes_its_arguments_once_and_no_others)
{
	char allow[ROUTE_ALLOW_MAX];
	struct route_match m;
	struct err err = {0};
	enum rc rc;

	ck_assert_int_eq(route_find(routes, span_of(args[_i].method),
			     span_of(args[_i].path), &m, allow),
	    0);
	rc = route_args_check(m.route, span_of(args[_i].query), &err);
	ck_assert_msg(rc == (args[_i].says == NULL ? RC_OK : RC_INVALID),
	    "%s: %s", args[_i].query, err.text);
	if (args[_i].says != NULL)
		assert_contains(err.text, args[_i].says);
}
END_TEST

START_TEST(only_probes_are_public)
{
	const struct route *r;

	for (r = routes; r->method != NULL; r++)
		ck_assert_msg(
		    (r->whom == ROUTE_PUBLIC) == (strcmp(r->path, "/api/session") == 0 ||
				     (strstr(r->path, "/api") == NULL &&
					 strcmp(r->path, "/metrics") != 0 &&
					 strcmp(r->path, "/mcp") != 0)),
		    "%s", r->path);
}
END_TEST

START_TEST(what_changes_something_takes_a_body_and_nothing_else_does)
{
	const struct route *r;

	for (r = routes; r->method != NULL; r++)
		ck_assert_msg(
		    (r->body_max > 0) == (strcmp(r->method, "POST") == 0 ||
					     strcmp(r->method, "PUT") == 0),
		    "%s", r->path);
}
END_TEST

/* ---- the gate ---- */

static const struct {
	const char *fields;
	/* 0: loopback, 1: everywhere, 2: loopback with names, 3: loopback,
	 * and other pages may call it */
	int listen;
	int status; /* 0: may pass */
} visits[] = {
    {"Host: localhost\r\n", 0, 0},
    {"Host: LOCALHOST:9900\r\n", 0, 0},
    {"Host: 127.0.0.1:9900\r\n", 0, 0},
    {"Host: [::1]:9900\r\n", 0, 0},
    {"Host: [::1]\r\n", 0, 0},
    {"Host: evil.example\r\n", 0, 421},
    {"Host: localhost.evil.example\r\n", 0, 421},
    {"Host: evil.localhost\r\n", 0, 421},
    {"Host: 127.0.0.1.evil.example\r\n", 0, 421},
    {"Host: 10.1.2.3\r\n", 0, 421},
    {"Host: 2130706433\r\n", 0, 421},
    {"Host: 0x7f.1\r\n", 0, 421},
    {"Host:\r\n", 0, 421},
    {"Host: :9900\r\n", 0, 421},
    {"Host: 10.1.2.3:80\r\n", 1, 0},
    {"Host: [fe80::1]:80\r\n", 1, 0},
    {"Host: evil.example\r\n", 1, 421},
    {"Host: ops.example\r\n", 2, 0},
    {"Host: ops.example:8443\r\n", 2, 0},
    {"Host: app.example:3000\r\n", 2, 0},
    {"Host: app.example:3001\r\n", 2, 421},
    {"Host: xops.example\r\n", 2, 421},
    {"Host: localhost\r\nOrigin: http://localhost\r\n", 0, 0},
    {"Host: localhost:1\r\nOrigin: http://localhost:1\r\n", 0, 0},
    {"Host: localhost:1\r\nOrigin: https://localhost:1\r\n", 0, 0},
    {"Host: localhost:1\r\nOrigin: http://localhost:2\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: http://evil.example\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: null\r\n", 0, 403},
    {"Host: localhost\r\nOrigin:\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: localhost\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: file://localhost\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: http://localhost/\r\n", 0, 403},
    {"Host: localhost\r\nOrigin: https://app.example:3000\r\n", 2, 0},
    {"Host: localhost\r\nOrigin: https://app.example:3001\r\n", 2, 403},
    {"Host: localhost\r\nSec-Fetch-Site: same-origin\r\n", 0, 0},
    {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 0, 403},
    {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"
     "Sec-Fetch-Mode: navigate\r\n",
	0, 0},
    {"Host: localhost\r\nOrigin: https://graf.example\r\n", 3, 0},
    {"Host: localhost\r\nOrigin: http://localhost:3000\r\n", 3, 0},
    {"Host: localhost\r\nOrigin: https://graf.example\r\n"
     "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n",
	3, 0},
    {"Host: localhost\r\nOrigin: https://graf.example\r\n", 0, 403},
    {"Host: evil.example\r\nOrigin: https://graf.example\r\n", 3, 421},
    /* It may call, not be called by that name. */
    {"Host: graf.example\r\nOrigin: https://graf.example\r\n", 3, 421},
    {"Host: localhost\r\nOrigin: http://graf.example\r\n", 3, 403},
    {"Host: localhost\r\nOrigin: https://graf.example:444\r\n", 3, 403},
    {"Host: localhost\r\nOrigin: https://xgraf.example\r\n", 3, 403},
    {"Host: localhost\r\nOrigin: https://graf.example.evil.example\r\n", 3,
	403},
    {"Host: localhost\r\nOrigin: null\r\n", 3, 403},
    {"Host: localhost\r\nOrigin: *\r\n", 3, 403},
    {"Host: localhost\r\nOrigin: https://graf.example, http://a.example\r\n",
	3, 403},
    {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"
     "Sec-Fetch-Mode: no-cors\r\n",
	3, 403},
};

static struct gate *
gate_of(int listen, const char *token)
{
	static const struct gate_spec specs[] = {
	    {.listen_host = "127.0.0.1"},
	    {.listen_host = "0.0.0.0", .wildcard = true},
	    {.listen_host = "127.0.0.1",
		.hosts = "ops.example, app.example:3000"},
	    {.listen_host = "127.0.0.1",
		.cors = "https://graf.example, http://localhost:3000"},
	};
	struct gate_spec spec = specs[listen];
	struct gate *g = NULL;
	struct err err = {0};

	spec.token = token;
	ck_assert_msg(gate_new(&spec, &g, &err) == RC_OK, "%s", err.text);
	return g;
}

/* The status a request with these fields gets; 0: it may pass. */
static int
visit(const struct gate *g, const char *method, const char *fields, bool public)
{
	auto_str text = xasprintf("%s / HTTP/1.1\r\n%s\r\n", method, fields);
	struct problem p = {0};
	struct head h;
	struct err err = {0};

	ck_assert_msg(head_check(span_of(text), &h, &err) == HEAD_OK, "%s: %s",
	    fields, err.text);
	return gate_check(g, &h, public, &p) ? 0 : p.status;
}

START_TEST(names_and_origins_are_held_against_the_list)
{
	struct gate *g = gate_of(visits[_i].listen, NULL);
	int status = visit(g, "GET", visits[_i].fields, false);

	ck_assert_msg(
	    status == visits[_i].status, "%s: %d", visits[_i].fields, status);
	gate_free(g);
}
END_TEST

START_TEST(a_post_from_another_site_is_no_link)
{
	struct gate *g = gate_of(0, NULL);

	ck_assert_int_eq(
	    visit(g, "POST",
		"Host: localhost\r\n"
		"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
		false),
	    403);
	gate_free(g);
}
END_TEST

static const struct {
	const char *field;
	int status;
} tokens[] = {
    {"", 401},
    {"Authorization: Bearer secret-token\r\n", 0},
    {"Authorization: bearer secret-token\r\n", 0},
    {"Authorization: Bearer secret-toke\r\n", 401},
    {"Authorization: Bearer secret-token1\r\n", 401},
    {"Authorization: Bearer secret-tokensecret-token\r\n", 401},
    {"Authorization: Bearer \r\n", 401},
    {"Authorization: Basic secret-token\r\n", 401},
    {"Authorization: secret-token\r\n", 401},
};

START_TEST(a_token_must_be_the_right_one)
{
	struct gate *g = gate_of(0, "secret-token");
	auto_str fields = xasprintf("Host: localhost\r\n%s", tokens[_i].field);

	ck_assert_int_eq(visit(g, "GET", fields, false), tokens[_i].status);
	ck_assert_int_eq(visit(g, "GET", fields, true), 0);
	gate_free(g);
}
END_TEST

/* What a browser sends of itself beside a session's cookie. */
static const struct {
	const char *method, *fields;
	int status;
} cookies[] = {
    {"GET", "", 0},
    {"HEAD", "", 0},
    {"GET", "Sec-Fetch-Site: same-origin\r\n", 0},
    {"GET", "Sec-Fetch-Site: none\r\n", 0},
    {"GET", "Sec-Fetch-Site: same-site\r\n", 403},
    {"GET", "Sec-Fetch-Site: cross-site\r\n", 403},
    {"GET", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 403},
    {"GET", "Origin: http://localhost:2\r\n", 403},
    {"POST", "", 403},
    {"POST", "Sec-Fetch-Site: none\r\n", 403},
    {"POST", "Sec-Fetch-Site: same-site\r\n", 403},
    {"POST", "Sec-Fetch-Site: same-origin\r\n", 0},
    {"POST", "Origin: http://localhost:1\r\n", 0},
    {"POST", "Origin: http://localhost:2\r\n", 403},
    {"POST", "Origin: http://evil.example\r\n", 403},
    {"POST", "Origin: null\r\n", 403},
    {"POST",
	"Origin: http://localhost:1\r\nAuthorization: Bearer wrong-token\r\n",
	401},
    {"POST", "Authorization: Bearer secret-token\r\n", 0},
};

/* Where the pages of another port of this machine may call, of which browsers
 * say that it is the same site, and send the cookie. */
static const struct {
	const char *method, *fields;
	int status;
} listed[] = {
    {"GET", "Origin: http://localhost:3000\r\n", 403},
    {"POST", "Origin: http://localhost:3000\r\n", 403},
    {"POST",
	"Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n", 403},
    {"POST", "Origin: https://graf.example\r\nSec-Fetch-Site: cross-site\r\n",
	403},
    {"POST",
	"Origin: http://localhost:3000\r\nSec-Fetch-Site: same-origin\r\n",
	403},
    {"POST",
	"Origin: http://localhost:3000\r\n"
	"Authorization: Bearer secret-token\r\n",
	0},
    {"POST",
	"Origin: http://localhost:3000\r\n"
	"Authorization: Bearer wrong-token\r\n",
	401},
    {"POST", "Origin: http://localhost:1\r\n", 0},
    {"POST", "Sec-Fetch-Site: same-origin\r\n", 0},
};

static char *
with_cookie(const struct gate *g, const char *fields)
{
	char value[SESSION_VALUE_MAX];

	ck_assert(gate_sign_in(g, span_of("secret-token"), value));
	return xasprintf(
	    "Host: localhost:1\r\nCookie: a=b; culprit=%s; c\r\n%s", value,
	    fields);
}

START_TEST(a_session_is_of_no_use_to_a_page_that_may_call)
{
	struct gate *g = gate_of(3, "secret-token");
	auto_str fields = with_cookie(g, listed[_i].fields);

	ck_assert_int_eq(
	    visit(g, listed[_i].method, fields, false), listed[_i].status);
	gate_free(g);
}
END_TEST

START_TEST(a_session_is_good_for_the_page_alone)
{
	struct gate *g = gate_of(0, "secret-token");
	auto_str fields = with_cookie(g, cookies[_i].fields);

	ck_assert_int_eq(
	    visit(g, cookies[_i].method, fields, false), cookies[_i].status);
	gate_free(g);
}
END_TEST

START_TEST(a_session_is_made_with_the_token_alone_and_ends)
{
	struct gate *g = gate_of(0, "secret-token");
	struct session_key key, other;
	char value[SESSION_VALUE_MAX];
	size_t i;

	ck_assert(!gate_sign_in(g, span_of("secret-toke"), value));
	ck_assert(!gate_sign_in(g, span_of(""), value));
	session_key_of("secret-token", &key);
	session_key_of("another-token", &other);
	session_make(&key, 1000, value);
	ck_assert(session_is_good(&key, span_of(value), 1000));
	ck_assert(session_is_good(&key, span_of(value), 999 + SESSION_S));
	ck_assert(!session_is_good(&key, span_of(value), 1000 + SESSION_S));
	ck_assert(!session_is_good(&other, span_of(value), 1000));
	ck_assert(!session_is_good(&key, span_of(""), 1000));
	ck_assert(!session_is_good(&key, span_of("."), 1000));
	/* Each byte counts, the moment's and the code's. */
	for (i = 0; value[i] != '\0'; i++) {
		value[i] ^= 1;
		ck_assert(!session_is_good(&key, span_of(value), 1000));
		value[i] ^= 1;
	}
	ck_assert(!session_is_good(&key, span_make(value, i - 1), 1000));
	gate_free(g);
}
END_TEST

static const struct {
	const char *cookies, *value;
} found[] = {
    {"culprit=1.a", "1.a"},
    {"x=1; culprit=1.a", "1.a"},
    {"x=1;culprit=1.a;y", "1.a"},
    {"culprit=1.a; culprit=2.b", "1.a"},
    {"xculprit=1.a", NULL},
    {"culprit2=1.a", NULL},
    {"x=culprit=1", NULL},
    {"", NULL},
    {";;", NULL},
    {"culprit=", ""},
};

START_TEST(our_cookie_is_found_among_others)
{
	struct span v = session_find(span_of(found[_i].cookies));

	if (found[_i].value == NULL)
		ck_assert_ptr_null(v.p);
	else
		ck_assert(span_is(v, found[_i].value));
}
END_TEST

static const struct {
	const char *hosts, *token, *says, *cors;
} bad_gates[] = {
    {"http://a.example", NULL, "without http://", NULL},
    {NULL, "short", "8", NULL},
    {NULL, NULL, "no *", "*"},
    {NULL, NULL, "an origin as browsers send it", "graf.example"},
    {NULL, NULL, "\"https://graf.example/\"",
	"https://a.example,https://graf.example/"},
    {NULL, NULL, "small letters", "https://Graf.example"},
    {NULL, NULL, "an origin", "https://graf.example:443"},
    {NULL, NULL, "an origin", "http://graf.example:80"},
    {NULL, NULL, "an origin", "https://*.example"},
    {NULL, NULL, "an origin", "https://"},
    {NULL, NULL, "an origin", "null"},
    {NULL, NULL, "an origin", "file://a"},
};

START_TEST(a_wrong_gate_is_explained)
{
	const struct gate_spec spec = {.listen_host = "",
	    .hosts = bad_gates[_i].hosts,
	    .cors = bad_gates[_i].cors,
	    .token = bad_gates[_i].token};
	struct gate *g = NULL;
	struct err err = {0};

	ck_assert_int_eq(gate_new(&spec, &g, &err), RC_INVALID);
	assert_contains(err.text, bad_gates[_i].says);
}
END_TEST

/* ---- preferences ---- */

static const struct {
	const char *accept;
	const char *best; /* NULL: none */
} accepts[] = {
    {NULL, "a/1"},
    {"", "a/1"},
    {"*/*", "a/1"},
    {"a/2", "a/2"},
    {"A/2", "a/2"},
    {"b/3;q=0.5, a/*;q=0.2", "b/3"},
    {"a/1;q=0.1, */*;q=0.2", "a/2"},
    {"a/1;q=0, a/*", "a/2"},
    {"a/1;q=0,a/2;q=0,b/3;q=0,*/*", NULL},
    {"image/png", NULL},
    {"a/", NULL},
    {"a", NULL},
    {",, ;q=1 ,b/3;level=1;q=1.0", "b/3"},
    {"a/2;q=0.001", "a/2"},
    {"text/html,*/*;q=0.1", "a/1"},
};

START_TEST(the_best_of_what_is_offered_is_chosen)
{
	static const char *const offers[] = {"a/1", "a/2", "b/3", NULL};
	const char *best = prefer_media(span_of(accepts[_i].accept), offers);

	ck_assert_msg((best == NULL) == (accepts[_i].best == NULL), "%s: %s",
	    accepts[_i].accept, best);
	if (best != NULL)
		ck_assert_str_eq(best, accepts[_i].best);
}
END_TEST

static const struct {
	const char *accept, *language;
} languages[] = {
    {NULL, "xx"},
    {"en", "en"},
    {"en-GB,en;q=0.9", "en"},
    {"zh-CN,zh;q=0.9,en;q=0.8", "zh"},
    {"de, en;q=0.3, zh;q=0.4", "zh"},
    {"de", "xx"},
    {"english", "xx"},
    {"*", "xx"},
};

START_TEST(the_language_follows_the_reader)
{
	ck_assert_str_eq(prefer_language(span_of(languages[_i].accept), "xx"),
	    languages[_i].language);
}
END_TEST

START_TEST(respond_async_is_found_among_others)
{
	ck_assert(prefer_async(span_of("respond-async")));
	ck_assert(prefer_async(span_of("wait=10, Respond-Async")));
	ck_assert(!prefer_async(span_of("respond-asynchronously")));
	ck_assert(!prefer_async(span_of(NULL)));
}
END_TEST

/* ---- problems ---- */

START_TEST(a_problem_is_a_whole_response)
{
	struct problem p = {0};
	auto_buf b = {0};
	const char *body;
	char length[40];

	buf_init(&b, 4096);
	problem_set(&p, 503, "%s", "no \"room\"\n");
	problem_response(&b, &p);
	assert_contains(buf_str(&b), "HTTP/1.1 503 Service Unavailable\r\n");
	assert_contains(buf_str(&b), "\r\nRetry-After: 2\r\n");
	body = strstr(buf_str(&b), "\r\n\r\n") + 4;
	snprintf(
	    length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
	assert_contains(buf_str(&b), length);
	assert_contains(body, "\"detail\":\"no \\\"room\\\"\\n\"");
}
END_TEST

START_TEST(every_result_has_a_status)
{
	enum rc rc;

	for (rc = RC_INVALID; rc <= RC_CANCELLED; rc++) {
		int status = problem_status_of(rc);

		ck_assert_int_ge(status, 400);
		ck_assert_str_ne(problem_title(status), "Error");
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {paths_lead_to_routes, ARRAY_LEN(paths)},
	    {a_parameter_has_a_largest_size, 0},
	    {a_route_takes_its_arguments_once_and_no_others, ARRAY_LEN(args)},
	    {only_probes_are_public, 0},
	    {what_changes_something_takes_a_body_and_nothing_else_does, 0},
	    {names_and_origins_are_held_against_the_list, ARRAY_LEN(visits)},
	    {a_post_from_another_site_is_no_link, 0},
	    {a_token_must_be_the_right_one, ARRAY_LEN(tokens)},
	    {a_session_is_of_no_use_to_a_page_that_may_call,
		ARRAY_LEN(listed)},
	    {a_session_is_good_for_the_page_alone, ARRAY_LEN(cookies)},
	    {a_session_is_made_with_the_token_alone_and_ends, 0},
	    {our_cookie_is_found_among_others, ARRAY_LEN(found)},
	    {a_wrong_gate_is_explained, ARRAY_LEN(bad_gates)},
	    {the_best_of_what_is_offered_is_chosen, ARRAY_LEN(accepts)},
	    {the_language_follows_the_reader, ARRAY_LEN(languages)},
	    {respond_async_is_found_among_others, 0},
	    {a_problem_is_a_whole_response, 0},
	    {every_result_has_a_status, 0},
	};

	return RUN_TESTS("gate", tests);
}
