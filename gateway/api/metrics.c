/*
 * metrics.c - /metrics: the house and this gateway in Prometheus's text
 * format.
 */
#include "gateway/api/api_in.h"

enum { TEXT_MAX = 16 << 10 };

static void
head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
one(struct buf *b, const char *name, const char *help, uint64_t value)
{
	head(b, name, "gauge", help);
	buf_addf(b, "%s %llu\n", name, (unsigned long long)value);
}

static void
put_ended(struct buf *b, const struct link_house *h)
{
	static const struct {
		const char *status;
		size_t at;
	} ended[] = {
#define ENDED(status) {#status, offsetof(struct link_house, status)}
	    ENDED(completed),
	    ENDED(incomplete),
	    ENDED(failed),
	    ENDED(cancelled),
#undef ENDED
	};
	size_t i;

	head(b, "culprit_investigations_total", "counter",
	    "Investigations that ended since the supervisor was started.");
	for (i = 0; i < ARRAY_LEN(ended); i++) {
		uint64_t n;

		memcpy(&n, (const char *)h + ended[i].at, sizeof(n));
		buf_addf(b,
		    "culprit_investigations_total{status=\"%s\"} %llu\n",
		    ended[i].status, (unsigned long long)n);
	}
}

void
api_metrics(struct api *api, struct web *h)
{
	const struct web_reply r = {
	    .status = 200, .media = "text/plain; version=0.0.4"};
	const struct link_house *house = link_house(api->link);
	const char *why;
	auto_buf b = {.max = TEXT_MAX};

	exchange_new(api, h);
	one(&b, "culprit_ready",
	    "1: an investigation can be worked on now; /readyz says why not.",
	    link_ready(api->link, &why));
	one(&b, "culprit_planners", "Planners that are heard of.",
	    house->planners);
	one(&b, "culprit_executors", "Executors that are heard of.",
	    house->executors);
	one(&b, "culprit_investigations_running",
	    "Investigations that are under way.", house->running);
	one(&b, "culprit_steps_waiting", "Steps that wait for a person's word.",
	    house->waits);
	put_ended(&b, house);
	one(&b, "culprit_gateway_calls",
	    "What this gateway waits for of the supervisor, viewers included.",
	    link_calls(api->link));
	web_reply(h, &r, &b);
}
