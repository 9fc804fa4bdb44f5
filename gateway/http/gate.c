/*
 * gate.c - may this request come in?
 *
 * Invariant: what is not on a list is refused; tokens are compared in a time
 * that does not depend on where they differ.
 */
#include "gateway/http/gate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base/clk.h"
#include "common/report/tool_class.h"
#include "gateway/http/approvers.h"

enum { NAMES_MAX = 64, IP_TEXT = 64 };

struct gate {
	char *names[NAMES_MAX]; /* NAME or NAME:PORT, as configured */
	unsigned n;
	bool wildcard;
	struct cors *cors;
	char *token;
	struct session_key key; /* of sessions, where there is a token */
	struct approvers approvers;
	bool remote; /* other machines can connect */
};

static const char *const loopback_names[] = {"localhost", "127.0.0.1", "[::1]"};

static bool
is(struct span s, const char *text)
{
	return s.n == strlen(text) && strncasecmp(s.p, text, s.n) == 0;
}

/* HOST of HOST:PORT or [V6]:PORT. */
static struct span
host_part(struct span authority)
{
	const char *end;

	if (authority.n > 0 && authority.p[0] == '[')
		end = memchr(authority.p, ']', authority.n);
	else
		end = memchr(authority.p, ':', authority.n);
	if (end == NULL)
		return authority;
	return span_make(
	    authority.p, (size_t)(end - authority.p) + (*end == ']'));
}

static bool
is_ip(struct span host)
{
	char text[IP_TEXT];
	unsigned char out[16];

	if (host.n > 2 && host.p[0] == '[')
		host = span_make(host.p + 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, out) == 1 ||
	       inet_pton(AF_INET6, text, out) == 1;
}

static bool
host_known(const struct gate *g, struct span authority)
{
	struct span host = host_part(authority);
	unsigned i;

	for (i = 0; i < ARRAY_LEN(loopback_names); i++)
		if (is(host, loopback_names[i]))
			return true;
	for (i = 0; i < g->n; i++)
		if (is(host, g->names[i]) || is(authority, g->names[i]))
			return true;
	return g->wildcard && is_ip(host);
}

static bool
host_check(const struct gate *g, struct span host, struct problem *ret)
{
	if (host.p == NULL || host_known(g, host))
		return true;
	problem_set(ret, 421,
	    "this gateway does not answer to the name "
	    "\"%.*s\"; allow it with --hosts",
	    (int)MIN(host.n, 200), host.p);
	return false;
}

/* Is that the gateway's own page, under a name that it has? */
static bool
origin_is_ours(const struct gate *g, struct span origin, struct span host)
{
	struct span authority = {0};
	unsigned i;

	if (origin.n > 7 && strncasecmp(origin.p, "http://", 7) == 0)
		authority = span_make(origin.p + 7, origin.n - 7);
	else if (origin.n > 8 && strncasecmp(origin.p, "https://", 8) == 0)
		authority = span_make(origin.p + 8, origin.n - 8);
	if (authority.n > 0 && host.p != NULL && authority.n == host.n &&
	    strncasecmp(authority.p, host.p, host.n) == 0)
		return true;
	for (i = 0; i < g->n && authority.n > 0; i++)
		if (is(authority, g->names[i]))
			return true;
	return false;
}

const struct cors *
gate_cors(const struct gate *g)
{
	return g->cors;
}

const char *
gate_origin(const struct gate *g, const struct head *head)
{
	return cors_find(g->cors, head_find(head, "Origin"));
}

/*
 * A page may only call the address it was loaded from, or be on a list: with
 * that very name and port, or of those that may from elsewhere. Without Origin
 * it is no page's script.
 */
static bool
origin_check(const struct gate *g, const struct head *head, struct problem *ret)
{
	struct span origin = head_find(head, "Origin");

	if (origin.p == NULL || gate_origin(g, head) != NULL ||
	    origin_is_ours(g, origin, head_find(head, "Host")))
		return true;
	problem_set(ret, 403,
	    "pages of the origin \"%.*s\" may not call this gateway; allow "
	    "its HOST:PORT with --hosts where it is the gateway's own, else "
	    "with --cors-origin",
	    (int)MIN(origin.n, 200), origin.p);
	return false;
}

/* Browsers say so themselves, also where they send no Origin. */
static bool
site_check(const struct gate *g, const struct head *head, struct problem *ret)
{
	struct span site = head_find(head, "Sec-Fetch-Site");
	struct span mode = head_find(head, "Sec-Fetch-Mode");

	if (site.p == NULL || !is(site, "cross-site") ||
	    gate_origin(g, head) != NULL)
		return true;
	/* Following a link here is what a person does. */
	if (span_is(head->method, "GET") && is(mode, "navigate"))
		return true;
	problem_set(ret, 403,
	    "a page of another site may not call this "
	    "gateway");
	return false;
}

bool
gate_asks(const struct gate *g)
{
	return g->token != NULL;
}

bool
gate_has_approvers(const struct gate *g)
{
	return g->approvers.n > 0;
}

void
gate_remote(struct gate *g)
{
	g->remote = true;
}

/* The token of a field Authorization; .p is NULL when there is none. */
static struct span
bearer_of(struct span v)
{
	if (v.n <= 7 || strncasecmp(v.p, "Bearer ", 7) != 0)
		return (struct span){0};
	return span_make(v.p + 7, v.n - 7);
}

/* Whose they are among those who may approve; a session counts only where
 * there is no field Authorization. */
static const struct approver *
approver_of(
    const struct gate *g, struct span authorization, struct span cookies)
{
	if (authorization.p != NULL)
		return approvers_by_token(
		    &g->approvers, bearer_of(authorization));
	return approvers_by_session(
	    &g->approvers, session_find(cookies), clk_wall_ms() / 1000);
}

static bool
bearer_good(const struct gate *g, struct span v)
{
	struct span token = bearer_of(v);
	bool own = g->token != NULL && token_equal(token, g->token);

	return approvers_by_token(&g->approvers, token) != NULL || own;
}

static bool
session_good(const struct gate *g, struct span cookies)
{
	int64_t now_s = clk_wall_ms() / 1000;
	struct span value = session_find(cookies);

	return (g->token != NULL && session_is_good(&g->key, value, now_s)) ||
	       approvers_by_session(&g->approvers, value, now_s) != NULL;
}

bool
gate_knows(const struct gate *g, struct span authorization, struct span cookies)
{
	return g->token == NULL || bearer_good(g, authorization) ||
	       session_good(g, cookies);
}

bool
gate_sign_in(
    const struct gate *g, struct span token, char ret_value[SESSION_VALUE_MAX])
{
	const struct approver *a = approvers_by_token(&g->approvers, token);
	bool own = g->token != NULL && token_equal(token, g->token);

	if (a == NULL && !own)
		return false;
	session_make(a != NULL ? &a->key : &g->key, clk_wall_ms() / 1000,
	    ret_value);
	return true;
}

const char *
gate_approver(const struct gate *g, struct span authorization,
    struct span cookies, struct problem *ret)
{
	const struct approver *a = approver_of(g, authorization, cookies);

	if (a != NULL)
		return a->name;
	if (g->approvers.n == 0 && !g->remote)
		return APPROVED_HERE;
	problem_set(ret, 403,
	    g->approvers.n == 0
		? "nobody approves or denies here: this gateway can be reached "
		  "from other machines, and no --approver-token-file says who "
		  "may"
		: "to approve or deny takes a token of --approver-token-file: "
		  "send it as \"Authorization: Bearer TOKEN\" (culprit: "
		  "--token-file or CULPRIT_TOKEN), or sign the page in with it");
	return NULL;
}

/*
 * A browser sends a cookie whoever made it ask, pages of the other ports of
 * this machine too; so what it says of who that was must say: the page
 * itself. What changes something needs such a word, from browsers that say
 * nothing else their Origin, which was looked at.
 */
static bool
session_check(const struct gate *g, const struct head *head, struct problem *ret)
{
	struct span site = head_find(head, "Sec-Fetch-Site");
	struct span origin = head_find(head, "Origin");
	bool reads =
	    span_is(head->method, "GET") || span_is(head->method, "HEAD");

	/* Pages that may call from elsewhere send the token. */
	if ((site.p != NULL && !is(site, "same-origin") &&
		!(is(site, "none") && reads)) ||
	    (origin.p != NULL &&
		!origin_is_ours(g, origin, head_find(head, "Host")))) {
		problem_set(
		    ret, 403, "a session is for the gateway's own page alone");
		return false;
	}
	if (site.p != NULL || reads || origin.p != NULL)
		return true;
	problem_set(ret, 403,
	    "a request with a session's cookie must say by Origin that it is "
	    "the page's; programs send \"Authorization: Bearer TOKEN\"");
	return false;
}

static bool
token_check(const struct gate *g, const struct head *head, struct problem *ret)
{
	struct span v = head_find(head, "Authorization");

	if (bearer_good(g, v))
		return true;
	/* Whoever asks for no token may still be asked who approves. */
	if (v.p == NULL && session_good(g, head_find(head, "Cookie")))
		return session_check(g, head, ret);
	if (g->token == NULL)
		return true;
	problem_set(ret, 401,
	    v.p == NULL
		? "this gateway asks for a token; send \"Authorization: Bearer "
		  "TOKEN\" (culprit: --token-file or CULPRIT_TOKEN)"
		: "the token in the header field Authorization is not the "
		  "right "
		  "one");
	return false;
}

bool
gate_check(const struct gate *g, const struct head *head, bool public,
    struct problem *ret)
{
	return host_check(g, head_find(head, "Host"), ret) &&
	       origin_check(g, head, ret) && site_check(g, head, ret) &&
	       (public || token_check(g, head, ret));
}

static enum rc
name_add(struct gate *g, struct span name, struct err *err)
{
	name = span_trim(name);
	if (name.n == 0)
		return RC_OK;
	if (memchr(name.p, '/', name.n) != NULL)
		return err_set(err, RC_INVALID,
		    "hosts: \"%.*s\" must be NAME "
		    "or NAME:PORT, without http://",
		    SPAN_ARG(name));
	if (g->n == NAMES_MAX)
		return err_set(
		    err, RC_INVALID, "hosts: more than %d names", NAMES_MAX);
	g->names[g->n++] = xstrndup(name.p, name.n);
	return RC_OK;
}

static enum rc
names_add(struct gate *g, const char *list, struct err *err)
{
	enum rc rc = RC_OK;
	const char *comma;

	for (; list != NULL && rc == RC_OK; list = comma) {
		comma = strchrnul(list, ',');
		rc = name_add(g, span_make(list, (size_t)(comma - list)), err);
		comma = *comma == ',' ? comma + 1 : NULL;
	}
	return rc;
}

/* A token that is good for all and one that approves are two things. */
static enum rc
tokens_read(struct gate *g, const struct gate_spec *spec, struct err *err)
{
	enum rc rc =
	    spec->token != NULL ? token_usable(spec->token, err) : RC_OK;

	if (rc != RC_OK)
		return rc;
	if (spec->token != NULL) {
		g->token = xstrdup(spec->token);
		session_key_of(g->token, &g->key);
	}
	rc = approvers_read(spec->approver_file, &g->approvers, err);
	if (rc == RC_OK && g->token != NULL &&
	    approvers_by_token(&g->approvers, span_of(g->token)) != NULL)
		rc = err_set(err, RC_INVALID,
		    "%s: a token there is the one that all requests carry; "
		    "who approves needs a token of their own",
		    spec->approver_file);
	return rc;
}

enum rc
gate_new(const struct gate_spec *spec, struct gate **ret_gate, struct err *err)
{
	struct gate *g = xcalloc(1, sizeof(*g));
	enum rc rc;

	g->wildcard = spec->wildcard;
	rc = names_add(g, spec->listen_host, err);
	if (rc == RC_OK)
		rc = names_add(g, spec->hosts, err);
	if (rc == RC_OK)
		rc = cors_new(spec->cors, &g->cors, err);
	if (rc == RC_OK)
		rc = tokens_read(g, spec, err);
	if (rc != RC_OK) {
		gate_free(g);
		return rc;
	}
	*ret_gate = g;
	return RC_OK;
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	while (g->n > 0)
		free(g->names[--g->n]);
	cors_free(g->cors);
	if (g->token != NULL)
		explicit_bzero(g->token, strlen(g->token));
	free(g->token);
	approvers_done(&g->approvers);
	explicit_bzero(&g->key, sizeof(g->key));
	free(g);
}
