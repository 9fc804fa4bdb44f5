/* servers.c - the real servers that speak Prometheus's API. */
#include "tests/harness/servers.h"
#include "common/base/buf.h"
#include "common/net/http.h"
#include "tests/harness/prometheus.h"
#include "tests/harness/spawn.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#define VICTORIA "/usr/bin/victoria-metrics"

struct server {
	struct prometheus *prometheus; /* NULL: Victoria */
	char *dir, *url;
	struct proc *proc;
};

static const char *
prometheus_3(void)
{
	const char *path = getenv("PROMETHEUS_3");

	return path != NULL && access(path, X_OK) == 0 ? path : NULL;
}

const char *
server_lacks(enum server_kind kind)
{
	if (kind == SERVER_PROMETHEUS_3 && prometheus_3() == NULL)
		return "Prometheus 3 is not there: set PROMETHEUS_3 to its "
		       "program";
	if (kind == SERVER_VICTORIA && access(VICTORIA, X_OK) != 0)
		return "VictoriaMetrics is not there: install the Debian "
		       "package victoria-metrics";
	return NULL;
}

/* per_s: units of a second that the format counts in. */
static void
put_samples(struct buf *b, int64_t last_s, int64_t per_s)
{
	static const char *const services[] = {"cart", "web"};
	int i, k;

	for (k = 0; k < 2; k++)
		for (i = 1; i <= SERVER_SAMPLES; i++)
			buf_addf(b, "shop_load{service=\"%s\"} %d %lld\n",
			    services[k], i * (k + 1),
			    (long long)(last_s - (SERVER_SAMPLES - i) *
						     SERVER_STEP_S) *
				per_s);
}

static void
on_done(void *arg, const struct http_result *result)
{
	*(bool *)arg = result->rc == RC_OK && result->status / 100 == 2;
}

static bool
fetch(const char *method, const char *url, struct span body)
{
	bool good = false;
	struct http_req r = {.method = method,
	    .url = url,
	    .body = body,
	    .on_done = on_done,
	    .arg = &good};

	return http_run(&r, 1, 1, NULL) == RC_OK && good;
}

static bool
is_ready(void *arg)
{
	const struct server *s = arg;
	auto_str url = xasprintf("%s/health", s->url);

	return fetch("GET", url, span_of(""));
}

static void
start_victoria(struct server *s, int64_t last_s)
{
	int port = port_free();
	auto_str listen = xasprintf("-httpListenAddr=127.0.0.1:%d", port);
	auto_str import = NULL;
	auto_buf samples = {.max = 1 << 20};
	const char *argv[] = {VICTORIA, listen, "-storageDataPath=data",
	    "-retentionPeriod=100y", "-search.latencyOffset=0s", NULL};
	struct proc_spec ps = {.argv = argv, .name = "victoria"};

	s->dir = scratch_new();
	ps.dir = s->dir;
	s->url = xasprintf("http://127.0.0.1:%d", port);
	{
		auto_str data = xasprintf("-storageDataPath=%s/data", s->dir);

		argv[2] = data;
		s->proc = proc_start(&ps);
	}
	ck_assert(await(is_ready, s, AWAIT_MS));
	import = xasprintf("%s/api/v1/import/prometheus", s->url);
	put_samples(&samples, last_s, 1000);
	ck_assert(fetch("POST", import, buf_span(&samples)));
	/* So that they are there for the first question. */
	free(import);
	import = xasprintf("%s/internal/force_flush", s->url);
	ck_assert(fetch("GET", import, span_of("")));
}

struct server *
server_start(enum server_kind kind, int64_t last_s)
{
	struct server *s = xcalloc(1, sizeof(*s));
	auto_buf samples = {.max = 1 << 20};
	struct prometheus_spec spec = {0};

	ck_assert_ptr_null(server_lacks(kind));
	if (kind == SERVER_VICTORIA) {
		start_victoria(s, last_s);
		return s;
	}
	buf_adds(&samples, "# TYPE shop_load unknown\n");
	put_samples(&samples, last_s, 1);
	buf_adds(&samples, "# EOF\n");
	spec.openmetrics = buf_str(&samples);
	if (kind == SERVER_PROMETHEUS_3)
		spec.binary = prometheus_3();
	s->prometheus = prometheus_start(&spec);
	return s;
}

const char *
server_url(const struct server *s)
{
	return s->url != NULL ? s->url : prometheus_url(s->prometheus);
}

void
server_free(struct server *s)
{
	if (s->prometheus != NULL)
		prometheus_free(s->prometheus);
	if (s->proc != NULL)
		proc_free(s->proc);
	if (s->dir != NULL)
		scratch_free(s->dir);
	free(s->url);
	free(s);
}
