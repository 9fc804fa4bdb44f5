/* source_prom.c - the Prometheus that tools answer from. */
#include "executor/tools/source_prom.h"

#include <stdlib.h>

static void
source_close(void *opened)
{
	struct source_prom *p = opened;

	dependencies_done(&p->dependencies);
	free(p);
}

static enum rc
check_conf(const struct conf *conf, struct err *err)
{
	enum rc rc = http_check_url(conf->prometheus_url, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "prometheus-url");
	if (conf->http_proxy != NULL)
		rc = http_check_proxy(conf->http_proxy, err);
	if (rc != RC_OK)
		return err_prefix(err, rc, "http-proxy");
	if (conf->prometheus_user != NULL &&
	    (conf->prometheus_token != NULL ||
		conf->prometheus_token_file != NULL))
		return err_set(err, RC_INVALID,
		    "set either prometheus-user or a prometheus-token, not "
		    "both");
	if (conf->prometheus_header != NULL)
		rc = prom_headers_check(conf->prometheus_header, false, err);
	return rc == RC_OK ? rc : err_prefix(err, rc, "prometheus-header");
}

static enum rc
source_open(const struct tool_env *env, void **ret, struct err *err)
{
	const struct conf *conf = env->conf;
	struct source_prom *p = xcalloc(1, sizeof(*p));
	enum rc rc = check_conf(conf, err);

	if (rc == RC_OK)
		rc = dependencies_read(
		    conf->dependencies, &p->dependencies, err);
	if (rc != RC_OK) {
		free(p);
		return rc;
	}
	p->conf = (struct prom_conf){.url = conf->prometheus_url,
	    .proxy = conf->http_proxy,
	    .user = conf->prometheus_user,
	    .password = conf->prometheus_password,
	    .password_file = conf->prometheus_password_file,
	    .token = conf->prometheus_token,
	    .token_file = conf->prometheus_token_file,
	    .headers = conf->prometheus_header,
	    .headers_file = conf->prometheus_header_file,
	    .ca_file = conf->prometheus_ca_file,
	    .timeout_ms = conf->prometheus_timeout_ms};
	p->parallel = (unsigned)conf->prometheus_parallel;
	*ret = p;
	return RC_OK;
}

static void
on_done(void *arg, const struct prom_outcome *outcome)
{
	struct prom_outcome *kept = arg;

	*kept = *outcome;
	kept->warnings = "";
}

static enum rc
source_check(void *opened, struct err *err)
{
	static const struct prom_sink sink = {0};
	const struct source_prom *p = opened;
	struct prom_outcome outcome = {0};
	struct prom_job job = {.ask = {.what = PROM_INSTANT, .query = "1"},
	    .reader = {.sink = &sink, .done = on_done, .arg = &outcome}};
	enum rc rc = prom_run(&p->conf, &job, 1, 1, NULL);

	if (rc != RC_OK || outcome.rc == RC_OK)
		return rc;
	return err_set(
	    err, outcome.rc, "%s. %s", outcome.err.text, outcome.advice);
}

const struct source source_prom = {
    .open = source_open,
    .check = source_check,
    .close = source_close,
};
