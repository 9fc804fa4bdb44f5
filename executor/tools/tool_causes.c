/*
 * tool_causes.c - find_causes from JSON arguments to a JSON result.
 *
 * Invariant: label names and values of the caller reach PromQL only quoted,
 * or not at all.
 */
#include "executor/tools/tool_causes.h"
#include "common/base/clk.h"
#include "common/json/json.h"
#include "executor/causes/causes_json.h"
#include "executor/causes/causes_names.h"

#include <math.h>
#include <string.h>

enum {
	LIMIT = 10,
	LIMIT_MAX = 50,
	SCOPE_MAX = 8 << 10,
	SERVICE_MAX = 512,
	WINDOW_MIN_MS = 60 * 1000,
	TEXT_MAX = 4 << 10,
};
#define WINDOW_MAX_MS (INT64_C(31) * 24 * 3600 * 1000)

struct args {
	struct causes_request rq;
	enum causes_kind symptom;
	size_t limit;
	char service[SERVICE_MAX];
	const cJSON *labels; /* the alert's */
	struct buf scope;
};

static void
read_scope(struct args *a, struct json_in *in)
{
	const cJSON *scope = json_in_labels_opt(in, "scope"), *l;

	cJSON_ArrayForEach (l, scope) {
		if (!prom_is_utf8_name(l->string)) {
			json_in_fail(
			    in, "scope", "%.40s is no label name", l->string);
			return;
		}
		buf_adds(&a->scope, a->scope.len > 0 ? "," : "");
		prom_put_label(&a->scope, l->string);
		buf_addc(&a->scope, '=');
		prom_put_quoted(&a->scope, span_of(l->valuestring));
	}
	if (a->scope.full)
		json_in_fail(in, "scope", "is too long");
}

/* Whose alert it is, and what its name and labels say it is about. */
static void
read_alert(struct args *a, const cJSON *alert)
{
	struct causes_label list[CAUSES_LABELS_MAX];
	const cJSON *labels = cJSON_GetObjectItem(alert, "labels"), *l;
	const char *name = json_str(alert, "name");
	auto_buf text = {.max = TEXT_MAX};
	size_t n = 0;

	a->labels = labels;
	buf_adds(&text, name != NULL ? name : "");
	cJSON_ArrayForEach (l, labels) {
		if (!cJSON_IsString(l) || n == ARRAY_LEN(list))
			continue;
		list[n++] = (struct causes_label){l->string, l->valuestring};
		buf_addf(&text, " %s", l->valuestring);
	}
	a->symptom = a->rq.symptom = causes_symptom_of(buf_str(&text));
	a->rq.space = json_str(labels, "namespace");
	causes_service_of("", list, n, a->service, sizeof(a->service));
	if (a->service[0] != '\0')
		a->rq.service = a->service;
}

/*
 * Whose alert it is where its labels say so by none of the usual names
 * (sloth_service="checkout"): the one whose value is a service that has
 * series. A place or a team is none, whatever it is called.
 */
static void
find_service(struct args *a, const struct causes_set *set)
{
	static const char *const places[] = {"namespace", "cluster", "region",
	    "zone", "env", "environment", "team", "severity", "alertname"};
	const cJSON *l;

	if (a->rq.service != NULL)
		return;
	cJSON_ArrayForEach (l, a->labels) {
		size_t i = 0;

		while (
		    i < ARRAY_LEN(places) && strcmp(l->string, places[i]) != 0)
			i++;
		if (i < ARRAY_LEN(places) || !cJSON_IsString(l) ||
		    causes_set_find(set, l->valuestring) == CAUSES_NONE)
			continue;
		a->rq.service =
		    causes_set_name(set, causes_set_find(set, l->valuestring));
		return;
	}
}

static enum rc
read_args(struct args *a, const cJSON *tree, struct err *err)
{
	int64_t now = clk_wall_ms(), at, onset, starts;
	struct json_in in = json_in(tree, "args", err);
	const cJSON *alert = json_in_object_opt(&in, "alert");

	at = json_in_moment_opt(&in, "at", now, now);
	onset = json_in_moment_opt(&in, "onset", now, -1);
	a->rq.window_s = (double)json_in_duration_opt(
			     &in, "window", WINDOW_MIN_MS, WINDOW_MAX_MS, 0) /
			 1000;
	a->limit = (size_t)json_in_int_opt(&in, "limit", 1, LIMIT_MAX, LIMIT);
	read_scope(a, &in);
	starts = at;
	if (alert != NULL && in.rc == RC_OK) {
		struct json_in sub = json_in(alert, "alert", err);

		starts = json_in_moment_opt(&sub, "startsAt", now, at);
		if (sub.rc != RC_OK)
			return json_in_end(&sub);
		read_alert(a, alert);
	}
	at = MAX(at, starts);
	a->rq.alert_s = (double)starts / 1000;
	a->rq.at_s = (double)at / 1000;
	a->rq.onset_s = onset < 0 ? NAN : (double)onset / 1000;
	a->rq.scope = buf_str(&a->scope);
	return json_in_end(&in);
}

enum rc
causes_run(const cJSON *tree, struct causes_source *src,
    const struct causes_limits *limits, const atomic_bool *cancelled,
    causes_progress_fn *progress, void *progress_arg, struct buf *ret_json,
    struct err *err)
{
	struct args a = {.limit = LIMIT, .scope = {.max = SCOPE_MAX}};
	struct causes_fetched fetched;
	struct causes_question q;
	enum rc rc = read_args(&a, tree, err);

	if (rc == RC_OK)
		rc = causes_fetch(&a.rq, src, limits, cancelled, progress,
		    progress_arg, &fetched, err);
	if (rc == RC_OK) {
		AUTO(causes_result) r = NULL;
		AUTO(json) json = NULL;

		find_service(&a, fetched.set);
		q = (struct causes_question){.service = a.rq.service,
		    .symptom = a.symptom,
		    .alert_s = a.rq.alert_s,
		    .at_s = a.rq.at_s,
		    .onset_s = a.rq.onset_s,
		    .refused = fetched.refused,
		    .unread = 2 * fetched.read < fetched.known};
		r = causes_find(fetched.set, &q);
		json = causes_json(&fetched, &a.rq, r, a.limit);
		json_print(ret_json, json);
		causes_fetched_done(&fetched);
		rc = buf_check(ret_json, "the result", err);
	}
	buf_done(&a.scope);
	return rc;
}
