/*
 * prom_explain.c - what came of a question, for a person.
 *
 * Tables say what a status and an errorType mean; the server's words are told
 * beside them, since it knows better.
 */
#include "executor/prom/prom_explain.h"
#include "executor/prom/prom_words.h"

#include "common/base/utf8.h"

#include <stdio.h>
#include <strings.h>

static void
advise(struct prom_outcome *out, const char *advice)
{
	snprintf(out->advice, sizeof(out->advice), "%s", advice);
}

/* ---- what it means ---- */

static const char see_log[] = "See the log of that Prometheus.";
static const char credentials[] =
    "Set CULPRIT_PROMETHEUS_USER and _PASSWORD_FILE, "
    "CULPRIT_PROMETHEUS_TOKEN_FILE, or the header that it wants in "
    "CULPRIT_PROMETHEUS_HEADER_FILE.";

static const char login[] =
    "A login page stands before it: set CULPRIT_PROMETHEUS_USER and "
    "_PASSWORD_FILE, CULPRIT_PROMETHEUS_TOKEN_FILE or, in "
    "CULPRIT_PROMETHEUS_HEADER_FILE, the header that lets one past it, or "
    "CULPRIT_PROMETHEUS_URL to Prometheus behind it.";

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
    {"unauthorized", RC_DENIED, credentials},
};

static const struct status {
	int status;
	enum rc rc;
	const char *text, *advice;
} statuses[] = {
    {400, RC_UPSTREAM, NULL, see_log},
    {401, RC_DENIED, "the credentials are missing or wrong", credentials},
    {403, RC_DENIED, "these credentials may not ask that",
	"Use credentials that may read, or ask the administrator of that "
	"Prometheus."},
    {404, RC_NOTFOUND, "there is no such API at that address",
	"Check CULPRIT_PROMETHEUS_URL: is a path prefix missing (Mimir: "
	"/prometheus, VictoriaMetrics: /select/0/prometheus)?"},
    {405, RC_UPSTREAM, "it does not allow that method",
	"Let the proxy before it pass GET and POST to /api/v1 through."},
    {407, RC_DENIED, "the proxy before it wants credentials", credentials},
    {414, RC_TOOBIG, "the question is too long for it",
	"Let the proxy before it pass POST to /api/v1 through, or longer "
	"addresses."},
    {429, RC_BUSY, "too many requests",
	"Wait a moment and ask again, or lower CULPRIT_PROMETHEUS_PARALLEL."},
    {502, RC_UPSTREAM, "the proxy before it cannot reach it",
	"See whether Prometheus is running behind that proxy."},
    {503, RC_BUSY, "it is overloaded or starting",
	"Wait a moment and ask again."},
    {504, RC_TIMEOUT, "the proxy before it waited too long",
	"Narrow the query by labels, or shorten the range."},
};

/* Words that say more than the status they come with. */
static const struct hint {
	const char *word, *advice;
} hints[] = {
    {"org id", "Name the tenant: CULPRIT_PROMETHEUS_HEADER='X-Scope-OrgID: "
	       "TENANT'."},
    {"orgid", "Name the tenant: CULPRIT_PROMETHEUS_HEADER='X-Scope-OrgID: "
	      "TENANT'."},
    {"tenant", "Name the tenant as that server wants it: "
	       "CULPRIT_PROMETHEUS_HEADER='X-Scope-OrgID: TENANT' (Mimir, "
	       "Cortex), 'THANOS-TENANT: TENANT' (Thanos)."},
};

static const struct hint *
hint_find(int status, const char *words)
{
	size_t i;

	if (status != 400 && status != 401 && status != 403 && status != 422)
		return NULL;
	for (i = 0; i < ARRAY_LEN(hints); i++)
		if (strcasestr(words, hints[i].word) != NULL)
			return &hints[i];
	return NULL;
}

static const struct status *
status_find(int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return NULL;
}

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

/* ---- telling it ---- */

static void
append(struct err *err, const char *text)
{
	size_t n = strlen(err->text);

	snprintf(err->text + n, sizeof(err->text) - n, "%s", text);
	n = utf8_tidy(err->text, strlen(err->text));
	err->text[n] = '\0';
}

/* Of Prometheus's own kind, in its words. VictoriaMetrics writes the status
 * for the type. */
static void
explain_own(const struct prom_seen *s, struct prom_outcome *out)
{
	const char *type = prom_response_error_type(s->response);
	const struct status *st = status_find(s->status);
	size_t i;

	for (i = 0; i < ARRAY_LEN(error_types); i++) {
		if (strcmp(error_types[i].error_type, type) != 0)
			continue;
		out->rc = error_types[i].rc;
		advise(out, error_types[i].advice);
		return;
	}
	out->rc = st != NULL ? st->rc : RC_UPSTREAM;
	advise(out, st != NULL ? st->advice : see_log);
	if (strcmp(type, "422") == 0 || strcmp(type, "400") == 0) {
		out->rc = RC_INVALID;
		advise(out, error_types[0].advice);
	}
}

static void
explain_status(const struct prom_seen *s, struct prom_outcome *out)
{
	const struct status *st = status_find(s->status);
	const char *text = st != NULL ? st->text : NULL;
	auto_buf words = {.max = 2 * PROM_WORDS_MAX};

	prom_words_put(&words, s->begin);
	if (hint_find(s->status, buf_str(&words)) != NULL)
		text = "it wants to be told the tenant";
	out->rc = err_set(&out->err, st != NULL ? st->rc : RC_UPSTREAM,
	    "%s answered %d%s%s", s->shown, s->status,
	    text != NULL ? ": " : "", text != NULL ? text : "");
	advise(out, st != NULL ? st->advice : see_log);
	if (words.len == 0)
		return;
	append(&out->err, prom_words_is_page(s->begin) ? "; what came is "
						       : "; it says ");
	append(&out->err, buf_str(&words));
	if (prom_words_is_login(s->begin))
		advise(out, login);
}

static void
explain_foreign(const struct prom_seen *s, struct prom_outcome *out)
{
	auto_buf words = {.max = 2 * PROM_WORDS_MAX};

	prom_words_put(&words, s->begin);
	out->rc = err_set(&out->err, RC_UPSTREAM,
	    "%s: the answer is %s%s, not Prometheus's JSON", s->shown,
	    prom_words_is_page(s->begin) ? "" : "something else: ",
	    buf_str(&words));
	advise(out, prom_words_is_login(s->begin)
			? login
			: "Check CULPRIT_PROMETHEUS_URL: is that Prometheus, "
			  "and no login page before it?");
}

/* Where the very API that was asked is elsewhere, its base is what to set. */
static bool
advise_base(
    const char *shown, const char *location, struct prom_outcome *out)
{
	const char *path = strstr(shown, "/api/v1/");
	size_t n = strlen(location), tail;

	if (path == NULL)
		return false;
	tail = strlen(path);
	if (n <= tail || strcmp(location + n - tail, path) != 0)
		return false;
	snprintf(out->advice, sizeof(out->advice),
	    "Set CULPRIT_PROMETHEUS_URL to %.*s.", (int)(n - tail), location);
	return true;
}

static bool
is_login_place(const char *location)
{
	static const char *const signs[] = {"login", "signin", "sign_in",
	    "sign-in", "oauth", "sso", "auth", "saml", "oidc", "openid",
	    "idp"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(signs); i++)
		if (strcasestr(location, signs[i]) != NULL)
			return true;
	return false;
}

static void
explain_transport(const struct prom_seen *s, struct prom_outcome *out)
{
	const char *location = s->result->location;

	out->rc = err_set(
	    &out->err, s->result->rc, "%s", s->result->err.text);
	advise(out, advice_for_transport(out->rc));
	if (s->status / 100 != 3)
		return;
	if (is_login_place(location) &&
	    !advise_base(s->shown, location, out)) {
		append(&out->err, ": it looks like a login");
		advise(out, login);
	} else if (!advise_base(s->shown, location, out)) {
		advise(out, "Set CULPRIT_PROMETHEUS_URL to the place where "
			    "Prometheus itself answers.");
	}
}

static void
add_hint(struct prom_outcome *out)
{
	const struct hint *h = hint_find(out->status, out->err.text);

	if (h != NULL)
		advise(out, h->advice);
}

static void
add_attempts(const struct http_result *result, struct err *err)
{
	char text[64];

	if (result->refused_post != 0) {
		snprintf(text, sizeof(text), "; as a POST it was refused (%d)",
		    result->refused_post);
		append(err, text);
	}
	if (result->asked > 1) {
		snprintf(
		    text, sizeof(text), " (asked %u times)", result->asked);
		append(err, text);
	}
}

void
prom_explain(const struct prom_seen *s, struct prom_outcome *out)
{
	if (s->foreign && s->status < 400 && s->result->status / 100 != 3) {
		explain_foreign(s, out);
	} else if (s->result->rc != RC_OK) {
		explain_transport(s, out);
	} else {
		out->rc = s->foreign
			      ? RC_UPSTREAM
			      : prom_response_end(s->response, &out->err);
		if (out->rc == RC_OK && s->status < 400)
			return;
		if (out->rc == RC_INVALID)
			explain_own(s, out);
		else if (s->status >= 400)
			explain_status(s, out);
		else
			advise(out, advice_for_transport(out->rc));
	}
	add_hint(out);
	add_attempts(s->result, &out->err);
	prom_headers_hide(s->headers, out->err.text);
}

void
prom_explain_refusal(
    enum rc rc, const struct err *err, struct prom_outcome *out)
{
	out->rc = rc;
	out->err = *err;
	advise(out, advice_for_transport(rc));
}
