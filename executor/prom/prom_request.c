/*
 * prom_request.c - a question to Prometheus as URL and form.
 *
 * Short questions are GETs, which proxies cache and log well; long ones are
 * POSTs, since servers cut URLs off, and GETs once more where a proxy lets no
 * POST through.
 */
#include "executor/prom/prom_request.h"
#include "common/base/num.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const paths[] = {
    [PROM_INSTANT] = "/api/v1/query",
    [PROM_RANGE] = "/api/v1/query_range",
    [PROM_ALERTS] = "/api/v1/alerts",
    [PROM_RULES] = "/api/v1/rules",
    [PROM_TARGETS] = "/api/v1/targets",
    [PROM_LABEL_VALUES] = "/api/v1/label/",
    [PROM_LABEL_NAMES] = "/api/v1/labels",
    [PROM_SERIES] = "/api/v1/series",
    [PROM_METADATA] = "/api/v1/metadata",
    [PROM_SIZE] = "/api/v1/status/tsdb",
};

static void
put_text(struct buf *b, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(b, "%s%s=", b->len > 0 ? "&" : "", key);
	http_put_escaped(b, span_of(value));
}

/* Milliseconds as seconds; 0 is left out. */
static void
put_time(struct buf *b, const char *key, int64_t ms)
{
	char text[32];

	if (ms == 0)
		return;
	snprintf(text, sizeof(text), "%.15g", (double)ms / 1000);
	if (ms % 1000 != 0 || strchr(text, 'e') != NULL)
		snprintf(text, sizeof(text), "%lld.%03lld",
		    (long long)(ms / 1000), (long long)(ms % 1000));
	put_text(b, key, text);
}

static void
put_params(
    struct buf *b, const struct prom_conf *conf, const struct prom_ask *ask)
{
	const char *const *m;
	bool query = ask->what == PROM_INSTANT || ask->what == PROM_RANGE;
	int64_t timeout_ms =
	    conf->timeout_ms > 0 ? conf->timeout_ms : PROM_TIMEOUT_MS;

	put_text(
	    b, ask->what == PROM_METADATA ? "metric" : "query", ask->query);
	for (m = ask->matchers; m != NULL && *m != NULL; m++)
		put_text(b, "match[]", *m);
	put_time(b, "time", ask->what == PROM_INSTANT ? ask->at_ms : 0);
	put_time(b, "start", ask->start_ms);
	put_time(b, "end", ask->end_ms);
	put_time(b, "step", ask->what == PROM_RANGE ? ask->step_ms : 0);
	if (ask->what == PROM_TARGETS)
		put_text(b, "state", "active");
	/* So that Prometheus stops too, once nobody waits. */
	if (query)
		put_time(b, "timeout", timeout_ms);
}

static enum rc
check_ask(const struct prom_ask *ask, struct err *err)
{
	bool query = ask->what == PROM_INSTANT || ask->what == PROM_RANGE;

	if (query && (ask->query == NULL || ask->query[0] == '\0'))
		return err_set(err, RC_INVALID, "the query is empty");
	if (ask->query != NULL && strlen(ask->query) > PROM_QUERY_MAX)
		return err_set(err, RC_TOOBIG,
		    "the query is longer than %zu bytes", PROM_QUERY_MAX);
	if (ask->what == PROM_LABEL_VALUES && !prom_is_label_name(ask->label))
		return err_set(err, RC_INVALID, "\"%.60s\" is not a label name",
		    ask->label != NULL ? ask->label : "");
	if (ask->what != PROM_RANGE)
		return RC_OK;
	if (ask->end_ms < ask->start_ms)
		return err_set(
		    err, RC_INVALID, "the range ends before it starts");
	if (ask->step_ms <= 0 ||
	    (ask->end_ms - ask->start_ms) / ask->step_ms >= PROM_POINTS_MAX)
		return err_set(err, RC_INVALID,
		    "the step gives more than %d points", PROM_POINTS_MAX);
	return RC_OK;
}

/* The base without the ends that people add. */
static size_t
base_length(const char *url)
{
	static const char api[] = "/api/v1";
	size_t n = strlen(url), m = sizeof(api) - 1;

	while (n > 0 && url[n - 1] == '/')
		n--;
	if (n > m && strncmp(url + n - m, api, m) == 0)
		n -= m;
	while (n > 0 && url[n - 1] == '/')
		n--;
	return n;
}

static enum rc
check_base(const char *url, struct err *err)
{
	enum rc rc = http_check_url(url, err);

	if (rc == RC_OK && strpbrk(url, "?#") != NULL)
		rc = err_set(err, RC_INVALID,
		    "it must end with its path, without ? or #");
	return rc == RC_OK ? rc : err_prefix(err, rc, "Prometheus's URL");
}

enum rc
prom_request_init(struct prom_request *q, const struct prom_conf *conf,
    const struct prom_ask *ask, struct err *err)
{
	auto_buf params = {.max = 8 * PROM_QUERY_MAX};
	enum rc rc = check_base(conf->url, err);
	bool may_post;

	if (rc == RC_OK)
		rc = check_ask(ask, err);
	if (rc != RC_OK)
		return rc;
	put_params(&params, conf, ask);
	rc = buf_check(&params, "the question", err);
	if (rc != RC_OK)
		return rc;
	buf_init(&q->url, 9 * PROM_QUERY_MAX);
	buf_init(&q->body, 8 * PROM_QUERY_MAX);
	buf_init(&q->get, 9 * PROM_QUERY_MAX);
	buf_add(&q->url, conf->url, base_length(conf->url));
	buf_adds(&q->url, paths[ask->what]);
	if (ask->what == PROM_LABEL_VALUES)
		buf_addf(&q->url, "%s/values", ask->label);
	http_show_url(buf_str(&q->url), q->shown, sizeof(q->shown));
	/* Label values know no POST. */
	may_post = ask->what == PROM_INSTANT || ask->what == PROM_RANGE ||
		   ask->what == PROM_SERIES || ask->what == PROM_LABEL_NAMES;
	if (may_post && params.len > PROM_GET_MAX) {
		buf_add_span(&q->body, buf_span(&params));
		buf_addf(
		    &q->get, "%s?%s", buf_str(&q->url), buf_str(&params));
	} else if (params.len > 0)
		buf_addf(&q->url, "?%s", buf_str(&params));
	return RC_OK;
}

void
prom_request_done(struct prom_request *q)
{
	buf_done(&q->url);
	buf_done(&q->body);
	buf_done(&q->get);
}

/* ---- helpers of prom.h ---- */

int64_t
prom_step_ms(int64_t span_ms, unsigned points)
{
	static const int64_t nice_s[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
	    900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
	unsigned wanted = MIN(MAX(points, 1U), (unsigned)PROM_POINTS_MAX - 1);
	int64_t least = (span_ms + wanted - 1) / wanted;
	size_t i;

	for (i = 0; i < ARRAY_LEN(nice_s); i++)
		if (nice_s[i] * 1000 >= least)
			return nice_s[i] * 1000;
	return (least + 86399999) / 86400000 * 86400000;
}

void
prom_put_quoted(struct buf *b, struct span s)
{
	size_t i;

	buf_addc(b, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '\n') {
			buf_adds(b, "\\n");
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

static bool
is_name(const char *name, const char *also, bool utf8)
{
	const char *p = name;

	if (p == NULL || *p == '\0' || (*p >= '0' && *p <= '9'))
		return false;
	for (; *p != '\0'; p++)
		if (strchr(also, *p) == NULL && (*p < '0' || *p > '9') &&
		    (*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z') &&
		    !(utf8 && (unsigned char)*p >= 0x80))
			return false;
	return true;
}

bool
prom_is_utf8_name(const char *name)
{
	return is_name(name, "_./:-", true);
}

bool
prom_is_label_name(const char *name)
{
	return is_name(name, "_", false);
}

bool
prom_is_metric_name(const char *name)
{
	return is_name(name, "_:", false);
}

void
prom_put_label(struct buf *b, const char *name)
{
	if (prom_is_label_name(name))
		buf_adds(b, name);
	else
		prom_put_quoted(b, span_of(name));
}

void
prom_put_selector(struct buf *b, const char *name, const char *matchers)
{
	bool plain = prom_is_metric_name(name);

	if (plain)
		buf_adds(b, name);
	if (plain && matchers[0] == '\0')
		return;
	buf_addc(b, '{');
	if (!plain) {
		buf_adds(b, "__name__=");
		prom_put_quoted(b, span_of(name));
		buf_adds(b, matchers[0] != '\0' ? "," : "");
	}
	buf_adds(b, matchers);
	buf_addc(b, '}');
}
