/* causes_prom.c - find_causes' source when it is Prometheus. */
#include "executor/causes/causes_fetch.h"

static enum rc
run(void *ctx, const struct prom_job *jobs, size_t n, unsigned parallel,
    const atomic_bool *cancelled)
{
	const struct prom_conf *conf = ctx;

	return prom_run(conf, jobs, n, parallel, cancelled);
}

struct causes_source
causes_source_prom(const struct prom_conf *conf)
{
	return (struct causes_source){run, (void *)conf};
}
