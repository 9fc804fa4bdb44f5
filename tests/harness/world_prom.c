/* world_prom.c - /api/v1/… of a made-up world. */
#include "tests/harness/world_prom.h"

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/world_lists.h"
#include "tests/harness/world_promql.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 << 20, PARAM_MAX = 64 << 10, POINTS_MAX = 11000 };

struct world_prom {
	struct stub_http *stub;
	pthread_rwlock_t lock;
	const struct world *world;
	atomic_int noted[WORLD_APIS];
};

/* ---- queries ---- */

static void
put_value(struct buf *b, double t, double v)
{
	buf_addf(b, "[%.3f,\"%.17g\"]", t, v);
}

static void
put_instant(struct buf *b, const struct world_vector *v, double t)
{
	if (v->is_scalar) {
		buf_adds(b, "{\"resultType\":\"scalar\",\"result\":");
		put_value(b, t, v->at[0].v);
		buf_addc(b, '}');
		return;
	}
	buf_adds(b, "{\"resultType\":\"vector\",\"result\":[");
	for (int i = 0; i < v->n; i++) {
		buf_adds(b, i > 0 ? ",{\"metric\":" : "{\"metric\":");
		world_put_labels(b, &v->at[i].labels);
		buf_adds(b, ",\"value\":");
		put_value(b, t, v->at[i].v);
		buf_addc(b, '}');
	}
	buf_adds(b, "]}");
}

/* A matrix that comes series by series. */
struct matrix {
	struct buf *b;
	const struct world_labels *last;
};

static void
put_sample(void *ctx, const struct world_labels *l, double t, double v)
{
	struct matrix *m = ctx;

	if (m->last != l) {
		buf_adds(
		    m->b, m->last != NULL ? "]},{\"metric\":" : "{\"metric\":");
		world_put_labels(m->b, l);
		buf_adds(m->b, ",\"values\":[");
		m->last = l;
	} else {
		buf_addc(m->b, ',');
	}
	put_value(m->b, t, v);
}

static void
put_query(struct buf *b, struct promql *q, double t)
{
	struct matrix m = {.b = b};
	struct buf all = {.max = ANSWER_MAX};

	m.b = &all;
	if (q == NULL) {
		buf_adds(b, "{\"resultType\":\"vector\",\"result\":[]}");
	} else if (world_promql_raw(q, t, put_sample, &m)) {
		buf_addf(b, "{\"resultType\":\"matrix\",\"result\":[%s%s]}",
		    buf_str(&all), m.last != NULL ? "]}" : "");
	} else {
		struct world_vector v = world_promql_at(q, t);

		put_instant(b, &v, t);
		world_vector_done(&v);
	}
	buf_done(&all);
}

/* One series of a range, as its moments come. */
struct row {
	struct world_labels labels;
	uint64_t key;
	struct buf values;
};

static void
put_rows(struct buf *b, struct row *rows, int n)
{
	buf_adds(b, "{\"resultType\":\"matrix\",\"result\":[");
	for (int i = 0; i < n; i++) {
		buf_adds(b, i > 0 ? ",{\"metric\":" : "{\"metric\":");
		world_put_labels(b, &rows[i].labels);
		buf_addf(b, ",\"values\":[%s]}", buf_str(&rows[i].values));
		buf_done(&rows[i].values);
	}
	buf_adds(b, "]}");
}

/* Metrics of one query may have all other labels in common. */
static int
row_of(const struct row *rows, int n, const struct world_sample_of *s)
{
	for (int i = 0; i < n; i++)
		if (rows[i].key == s->key &&
		    strcmp(world_label(&rows[i].labels, "__name__"),
			world_label(&s->labels, "__name__")) == 0)
			return i;
	return n;
}

static void
put_range(
    struct buf *b, struct promql *q, double start, double end, double step)
{
	struct row *rows = xcalloc(WORLD_SERIES_MAX + 1, sizeof(*rows));
	int n = 0, points = 0;

	for (double t = start;
	     q != NULL && t <= end + 1e-6 && points++ < POINTS_MAX;
	     t = start + points * step) {
		struct world_vector v = world_promql_at(q, t);

		for (int i = 0; i < v.n; i++) {
			int k = row_of(rows, n, &v.at[i]);

			if (k == WORLD_SERIES_MAX)
				continue;
			if (k == n)
				rows[n++] = (struct row){v.at[i].labels,
				    v.at[i].key, {.max = ANSWER_MAX}};
			buf_adds(
			    &rows[k].values, rows[k].values.len > 0 ? "," : "");
			put_value(&rows[k].values, t, v.at[i].v);
		}
		world_vector_done(&v);
	}
	put_rows(b, rows, n);
	free(rows);
}

/* ---- requests ---- */

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, c | 0x20);

	return at != NULL ? (int)(at - digits) : 0;
}

/* A field of a query string or form, decoded; "" when absent; the caller's. */
static char *
param(const char *form, const char *key)
{
	auto_buf out = {.max = PARAM_MAX};
	size_t n = strlen(key);

	while (form != NULL && *form != '\0') {
		if (strncmp(form, key, n) == 0 && form[n] == '=')
			break;
		form = strchr(form, '&');
		form += form != NULL;
	}
	for (form += form != NULL && *form != '\0' ? n + 1 : 0;
	     form != NULL && *form != '\0' && *form != '&'; form++) {
		if (*form == '%' && form[1] != '\0' && form[2] != '\0') {
			buf_addc(
			    &out, (char)(hex(form[1]) * 16 + hex(form[2])));
			form += 2;
		} else {
			buf_addc(&out, *form == '+' ? ' ' : *form);
		}
	}
	return xstrdup(buf_str(&out));
}

static double
number(const char *form, const char *key, double absent)
{
	auto_str text = param(form, key);

	return text[0] != '\0' ? strtod(text, NULL) : absent;
}

static bool
is_refused(const struct world *w, const char *query)
{
	return w->refused != NULL && strstr(query, w->refused) != NULL;
}

/* What stands in `data`; false: the query is refused. */
static bool
put_data(struct buf *b, const struct world *w, enum world_api api,
    const char *target, const char *form)
{
	auto_str query = param(form, "query");
	double now = (double)clk_wall_ms() / 1000;
	AUTO(world_promql) q = NULL;

	if (api == API_ALERTS) {
		world_put_alerts(b, w);
	} else if (api == API_RULES) {
		world_put_rules(b, w);
	} else if (api == API_TARGETS) {
		world_put_targets(b, w);
	} else if (api == API_NAMES) {
		if (strstr(target, "/label/__name__/") != NULL)
			world_put_names(b, w);
		else
			buf_adds(b, strstr(target, "/metadata") ? "{}" : "[]");
	} else if (is_refused(w, query)) {
		return false;
	} else {
		q = world_promql_new(w, query);
		if (api == API_QUERY)
			put_query(b, q, number(form, "time", now));
		else
			put_range(b, q, number(form, "start", now),
			    number(form, "end", now), number(form, "step", 15));
	}
	return true;
}

static const struct {
	const char *path;
	enum world_api api;
} paths[] = {
    {"/api/v1/alerts", API_ALERTS},
    {"/api/v1/rules", API_RULES},
    {"/api/v1/targets", API_TARGETS},
    {"/api/v1/query_range", API_RANGE},
    {"/api/v1/query", API_QUERY},
    {"/api/v1/label", API_NAMES},
    {"/api/v1/series", API_NAMES},
    {"/api/v1/metadata", API_NAMES},
};

const char *
world_prom_note(enum world_answer how)
{
	return how == ANSWERS_INFO ? "PromQL info: store-7 is old"
				   : "no answer from store-7";
}

static void
answer_error(struct stub_conn *c, const struct world *w)
{
	static const struct {
		int status;
		const char *body;
	} errors[] = {
	    {500, "{\"status\":\"error\",\"errorType\":\"internal\","
		  "\"error\":\"opening storage failed\"}"},
	    {422, "{\"status\":\"error\",\"errorType\":\"execution\","
		  "\"error\":\"query would load too many samples\"}"},
	    {403, "{\"status\":\"error\",\"errorType\":\"forbidden\","
		  "\"error\":\"access denied\"}"},
	};
	size_t i = w->seed % ARRAY_LEN(errors);

	stub_answer(c, errors[i].status, NULL, errors[i].body);
}

static void
answer_data(struct world_prom *p, struct stub_conn *c, enum world_api api,
    const char *target, const char *form)
{
	const struct world *w = p->world;
	enum world_answer how = w->api[api];
	auto_buf b = {.max = ANSWER_MAX};

	buf_adds(&b, "{\"status\":\"success\",");
	if (how == ANSWERS_WARNING || how == ANSWERS_INFO) {
		buf_addf(&b, "\"%s\":[\"%s\"],",
		    how == ANSWERS_INFO ? "infos" : "warnings",
		    world_prom_note(how));
		atomic_fetch_add(&p->noted[api], 1);
	}
	buf_adds(&b, "\"data\":");
	if (how == ANSWERS_NULL)
		buf_adds(&b, "null");
	else if (!put_data(&b, w, api, target, form)) {
		answer_error(c, w);
		return;
	}
	buf_addc(&b, '}');
	stub_answer(c, 200, NULL, buf_str(&b));
}

static void
answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct world_prom *p = arg;
	const char *form = strchr(rq->target, '?');
	size_t i = 0;

	form = form != NULL ? form + 1 : rq->body;
	while (i < ARRAY_LEN(paths) &&
	       strncmp(rq->target, paths[i].path, strlen(paths[i].path)) != 0)
		i++;
	pthread_rwlock_rdlock(&p->lock);
	if (p->world == NULL || i == ARRAY_LEN(paths) ||
	    p->world->api[paths[i].api] == ANSWERS_MISSING)
		stub_answer(c, 404, "text/plain", "404 page not found\n");
	else if (p->world->api[paths[i].api] == ANSWERS_HANGUP)
		stub_close(c);
	else if (p->world->api[paths[i].api] == ANSWERS_ERROR)
		answer_error(c, p->world);
	else
		answer_data(p, c, paths[i].api, rq->target, form);
	pthread_rwlock_unlock(&p->lock);
}

struct world_prom *
world_prom_new(void)
{
	struct world_prom *p = xcalloc(1, sizeof(*p));

	pthread_rwlock_init(&p->lock, NULL);
	p->stub = stub_http_new(answer, p);
	return p;
}

void
world_prom_free(struct world_prom *p)
{
	stub_http_free(p->stub);
	pthread_rwlock_destroy(&p->lock);
	free(p);
}

const char *
world_prom_url(const struct world_prom *p)
{
	return stub_http_url(p->stub);
}

void
world_prom_show(struct world_prom *p, const struct world *w)
{
	pthread_rwlock_wrlock(&p->lock);
	p->world = w;
	for (int i = 0; i < WORLD_APIS; i++)
		atomic_store(&p->noted[i], 0);
	pthread_rwlock_unlock(&p->lock);
}

int
world_prom_noted(struct world_prom *p, enum world_api api)
{
	return atomic_load(&p->noted[api]);
}
