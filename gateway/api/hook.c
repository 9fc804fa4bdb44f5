/*
 * hook.c - the body of a webhook that tells of alerts.
 *
 * Members that are not known are passed over: the next version may add some.
 */
#include "gateway/api/hook.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/sha256.h"
#include "common/json/json.h"
#include "common/report/heartbeats.h"
#include "common/wire/proto.h"

enum {
	DEPTH_MAX = 8,
	VALUES_MAX = 200000,
	LABELS_MAX = 256,
	STARTS_MAX = PROTO_MOST(alert, startsAt),
	PATH_BYTES = 40,
	INPUT_MAX = 12 << 20,
};

static const char version_help[] =
    "must be \"4\", as Alertmanager since 0.16 sends it, or \"1\" beside an "
    "orgId, as Grafana does";

/* ---- what it is ---- */

/* Static; NULL: said in in. */
static const char *
source_read(struct json_in *in)
{
	const char *version = json_in_str(in, "version", "4");
	bool grafana =
	    cJSON_GetObjectItemCaseSensitive(in->object, "orgId") != NULL;

	if (in->rc == RC_OK && strcmp(version, grafana ? "1" : "4") != 0)
		json_in_fail(in, "version", "%s; this is \"%.20s\"",
		    version_help, version);
	return grafana ? "grafana" : "alertmanager";
}

static void
labels_write(struct buf *b, const cJSON *labels)
{
	const cJSON *l;

	wire_put_map(b, (uint32_t)cJSON_GetArraySize(labels));
	cJSON_ArrayForEach (l, labels) {
		wire_put_str(b, l->string);
		wire_put_str(b, l->valuestring);
	}
}

/* ---- one alert ---- */

static int
by_name(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

/* Of its labels, where the sender has none. */
static void
fingerprint_make(const cJSON *labels, char ret[SHA256_TEXT])
{
	const cJSON *sorted[LABELS_MAX], *l;
	auto_buf b = {.max = HOOK_BODY_MAX};
	size_t n = 0, i;

	cJSON_ArrayForEach (l, labels)
		if (n < LABELS_MAX)
			sorted[n++] = l;
	if (n > 0)
		qsort(sorted, n, sizeof(sorted[0]), by_name);
	for (i = 0; i < n; i++) {
		json_put_string(&b, span_of(sorted[i]->string));
		json_put_string(&b, span_of(sorted[i]->valuestring));
	}
	sha256_text(buf_span(&b), ret);
}

static bool
is_listed(const char *list, const char *name)
{
	size_t n;

	for (; list != NULL && *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (span_is(span_trim(span_make(list, n)), name))
			return true;
	}
	return false;
}

static bool
is_heartbeat(const cJSON *labels, const char *more)
{
	const char *name = json_str(labels, "alertname");

	return name != NULL &&
	       (heartbeats_has_name(span_of(name)) || is_listed(more, name));
}

static void
alert_check(struct json_in *in, const struct proto_alert *a,
    const cJSON *labels)
{
	if (!span_is(a->status, "firing") && !span_is(a->status, "resolved"))
		json_in_fail(in, "status",
		    "must be \"firing\" or \"resolved\", not \"%.40s\"",
		    a->status.p);
	if (a->startsAt.n == 0 || a->startsAt.n > STARTS_MAX)
		json_in_fail(in, "startsAt",
		    "must say since when it fires, e.g. "
		    "\"2026-11-23T09:57:00Z\"");
	if (cJSON_GetArraySize(labels) > LABELS_MAX)
		json_in_fail(in, "labels", "more than %d labels", LABELS_MAX);
	if (a->fingerprint.n > PROTO_MOST(alert, fingerprint))
		json_in_fail(in, "fingerprint", "is over %d bytes",
		    PROTO_MOST(alert, fingerprint));
}

struct reading {
	const char *status; /* of all, where one has none of its own */
	const char *more;   /* heartbeats */
	struct hook *hook;
	struct buf list;
};

static enum rc
alert_read(struct reading *r, const cJSON *item, int index, struct err *err)
{
	char where[PATH_BYTES], print[SHA256_TEXT];
	struct json_in in;
	const cJSON *labels, *annotations;
	struct proto_alert a = {.status = {NULL, 0}};
	auto_buf l = {.max = HOOK_BODY_MAX}, n = {.max = HOOK_BODY_MAX};

	snprintf(where, sizeof(where), "body.alerts[%d]", index);
	in = json_in(item, where, err);
	labels = json_in_labels_opt(&in, "labels");
	annotations = json_in_labels_opt(&in, "annotations");
	a.status =
	    span_of(json_in_str_opt(&in, "status", "firing", r->status));
	a.startsAt = span_of(json_in_str(&in, "startsAt", NULL));
	a.endsAt = span_of(json_in_str_opt(&in, "endsAt", NULL, ""));
	a.generatorURL =
	    span_of(json_in_str_opt(&in, "generatorURL", NULL, ""));
	a.fingerprint = span_of(json_in_str_opt(&in, "fingerprint", NULL, ""));
	alert_check(&in, &a, labels);
	if (json_in_end(&in) != RC_OK)
		return json_in_end(&in);
	if (is_heartbeat(labels, r->more)) {
		r->hook->heartbeats++;
		return RC_OK;
	}
	if (a.fingerprint.n == 0) {
		fingerprint_make(labels, print);
		a.fingerprint = span_of(print);
	}
	labels_write(&l, labels);
	labels_write(&n, annotations);
	a.labels = buf_span(&l);
	a.annotations = buf_span(&n);
	proto_put_alert(&r->list, &a);
	r->hook->alerts++;
	return RC_OK;
}

/* ---- all of it ---- */

static enum rc
alerts_read(struct reading *r, const cJSON *alerts, struct err *err)
{
	int n = cJSON_GetArraySize(alerts), i = 0;
	const cJSON *a;
	enum rc rc = RC_OK;

	if (n > HOOK_ALERTS_MAX)
		return err_set(err, RC_TOOBIG,
		    "body.alerts: %d alerts at once; at most %d are taken: set "
		    "max_alerts of the receiver",
		    n, HOOK_ALERTS_MAX);
	cJSON_ArrayForEach (a, alerts)
		if (rc == RC_OK)
			rc = alert_read(r, a, i++, err);
	return rc;
}

static void
input_write(struct buf *b, const struct reading *r, struct proto_group *g,
    const cJSON *common)
{
	auto_buf labels = {.max = HOOK_BODY_MAX}, group = {.max = INPUT_MAX};
	auto_buf alerts = {.max = INPUT_MAX};

	labels_write(&labels, common);
	g->labels = buf_span(&labels);
	proto_put_group(&group, g);
	wire_put_array(&alerts, r->hook->alerts);
	buf_add_buf(&alerts, &r->list);
	proto_put_request(
	    b, &(struct proto_request){.alerts = buf_span(&alerts),
		   .group = buf_span(&group)});
	buf_mark(b, &group);
	buf_mark(b, &alerts);
}

static enum rc
fields_read(const cJSON *tree, struct reading *r, struct buf *ret_input,
    struct err *err)
{
	struct json_in in = json_in(tree, "body", err);
	const cJSON *alerts, *common;
	struct proto_group g = {.truncated = 0};
	enum rc rc;

	g.source = span_of(source_read(&in));
	g.receiver = span_of(json_in_str_opt(&in, "receiver", NULL, ""));
	g.key = span_of(json_in_str_opt(&in, "groupKey", NULL, ""));
	g.link = span_of(json_in_str_opt(&in, "externalURL", NULL, ""));
	g.truncated = (uint64_t)json_in_int_opt(
	    &in, "truncatedAlerts", 0, INT32_MAX, 0);
	if (g.key.n > PROTO_MOST(group, key))
		json_in_fail(&in, "groupKey", "is over %d bytes",
		    PROTO_MOST(group, key));
	r->status = json_in_str_opt(&in, "status", "firing", "");
	common = json_in_labels_opt(&in, "commonLabels");
	alerts = json_in_array_opt(&in, "alerts");
	if (alerts == NULL)
		json_in_fail(&in, "alerts", "is missing: the list of them");
	rc = json_in_end(&in);
	if (rc == RC_OK)
		rc = alerts_read(r, alerts, err);
	if (rc == RC_OK && r->hook->alerts > 0)
		input_write(ret_input, r, &g, common);
	return rc == RC_OK ? buf_check(ret_input, "the alerts", err) : rc;
}

enum rc
hook_parse(struct span body, const char *heartbeats, struct hook *ret,
    struct buf *ret_input, struct err *err)
{
	static const struct json_limits limits = {
	    HOOK_BODY_MAX, DEPTH_MAX, VALUES_MAX};
	struct reading r = {.more = heartbeats, .hook = ret};
	AUTO(json) tree = NULL;
	enum rc rc = json_parse(body, &limits, &tree, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "body");
	*ret = (struct hook){0, 0};
	buf_init(&r.list, INPUT_MAX);
	rc = fields_read(tree, &r, ret_input, err);
	buf_done(&r.list);
	return rc;
}
