/*
 * prometheus.h - a real Prometheus for tests: on a free port, with its own
 * configuration and data, gone with the test.
 */
#ifndef TESTS_PROMETHEUS_H
#define TESTS_PROMETHEUS_H

#include <stdint.h>

struct prometheus;

struct prometheus_spec {
	const char *scrape; /* what stands under scrape_configs:; or NULL */
	const char *rules;  /* a whole rules file; or NULL */
	/* Samples to start with, as OpenMetrics text with timestamps that
	 * ends in "# EOF"; or NULL. */
	const char *openmetrics;
	const char *prefix; /* --web.route-prefix, e.g. "/prom"; or NULL */
	const char *binary; /* NULL: Debian's */
	const char *flag;   /* one more, or NULL */
	const char *alertmanager; /* HOST:PORT that is told; or NULL */
};

/* Starts one that scrapes and evaluates every second, and waits until it is
 * ready; the test fails when prometheus is not installed. */
struct prometheus *prometheus_start(const struct prometheus_spec *spec);

/* Without a / at its end, with the prefix; as long as p lives. */
const char *prometheus_url(const struct prometheus *p);

/* Processor time it has taken so far. */
int64_t prometheus_cpu_ms(const struct prometheus *p);

/* Ends it and removes its data. */
void prometheus_free(struct prometheus *p);

#endif
