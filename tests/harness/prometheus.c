/*
 * prometheus.c - a real Prometheus for tests.
 */
#include "tests/harness/prometheus.h"
#include "common/base/buf.h"
#include "common/net/http.h"
#include "tests/harness/spawn.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READY_MS = AWAIT_MS, BLOCKS_MS = AWAIT_MS };

struct prometheus {
	char *dir;
	char *url;
	struct proc *proc;
};

static void
write_config(const struct prometheus *p, const struct prometheus_spec *spec)
{
	auto_str config = xasprintf("%s/prometheus.yml", p->dir);
	auto_str rules = xasprintf("%s/rules.yml", p->dir);
	auto_buf b = {.max = 1 << 20};

	buf_adds(&b, "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n"
		     "  evaluation_interval: 1s\n");
	if (spec->rules != NULL) {
		buf_addf(&b, "rule_files: [%s]\n", rules);
		file_write(rules, spec->rules);
	}
	if (spec->alertmanager != NULL)
		buf_addf(&b,
		    "alerting:\n  alertmanagers:\n    - static_configs:\n"
		    "        - targets: [\"%s\"]\n",
		    spec->alertmanager);
	if (spec->scrape != NULL)
		buf_addf(&b, "scrape_configs:\n%s", spec->scrape);
	file_write(config, buf_str(&b));
}

static void
load(const struct prometheus *p, const char *openmetrics)
{
	auto_str file = xasprintf("%s/samples.om", p->dir);
	auto_str data = xasprintf("%s/data", p->dir);
	auto_str err = NULL;
	const char *argv[] = {"/usr/bin/promtool", "tsdb", "create-blocks-from",
	    "openmetrics", file, data, NULL};
	struct proc_spec spec = {
	    .argv = argv, .dir = p->dir, .name = "promtool"};

	file_write(file, openmetrics);
	ck_assert_msg(proc_run(&spec, BLOCKS_MS, NULL, &err) == 0, "%s", err);
}

static void
spawn(struct prometheus *p, const struct prometheus_spec *spec)
{
	int port = port_free();
	const char *prefix = spec->prefix != NULL ? spec->prefix : "";
	auto_str config = xasprintf("--config.file=%s/prometheus.yml", p->dir);
	auto_str data = xasprintf("--storage.tsdb.path=%s/data", p->dir);
	auto_str listen = xasprintf("--web.listen-address=127.0.0.1:%d", port);
	auto_str route = xasprintf("--web.route-prefix=%s/", prefix);
	const char *argv[] = {
	    spec->binary != NULL ? spec->binary : "/usr/bin/prometheus", config,
	    data, listen, route, "--storage.tsdb.retention.time=100y",
	    "--web.enable-remote-write-receiver", spec->flag, NULL};
	struct proc_spec ps = {
	    .argv = argv, .dir = p->dir, .name = "prometheus"};

	p->url = xasprintf("http://127.0.0.1:%d%s", port, prefix);
	p->proc = proc_start(&ps);
}

static void
on_done(void *arg, const struct http_result *result)
{
	*(bool *)arg = result->rc == RC_OK && result->status == 200;
}

static bool
is_ready(void *arg)
{
	struct prometheus *p = arg;
	auto_str url = xasprintf("%s/-/ready", p->url);
	bool ready = false;
	struct http_req r = {.url = url, .on_done = on_done, .arg = &ready};

	return http_run(&r, 1, 1, NULL) == RC_OK && ready;
}

struct prometheus *
prometheus_start(const struct prometheus_spec *spec)
{
	struct prometheus *p = xcalloc(1, sizeof(*p));

	ck_assert_msg(access("/usr/bin/prometheus", X_OK) == 0,
	    "this test needs the Debian package prometheus");
	p->dir = scratch_new();
	write_config(p, spec);
	if (spec->openmetrics != NULL)
		load(p, spec->openmetrics);
	spawn(p, spec);
	if (!await(is_ready, p, READY_MS)) {
		auto_str err = proc_err(p->proc);

		ck_abort_msg("prometheus did not get ready: %s", err);
	}
	return p;
}

const char *
prometheus_url(const struct prometheus *p)
{
	return p->url;
}

int64_t
prometheus_cpu_ms(const struct prometheus *p)
{
	auto_str path = xasprintf("/proc/%d/stat", (int)proc_pid(p->proc));
	auto_str stat = file_read(path);
	const char *rest = strrchr(stat, ')');
	long long user, system;

	ck_assert_ptr_nonnull(rest);
	ck_assert_int_eq(sscanf(rest,
			     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			     "%lld %lld",
			     &user, &system),
	    2);
	return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

void
prometheus_free(struct prometheus *p)
{
	proc_free(p->proc);
	scratch_free(p->dir);
	free(p->url);
	free(p);
}
