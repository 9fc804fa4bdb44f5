/*
 * json_in.c - reading the fields of a JSON object, sticky, with messages
 * that name the path, what was expected and what was found.
 */
#include "common/json/json.h"
#include "common/base/num.h"
#include "common/base/when.h"

#include <math.h>
#include <stdio.h>

static const char *
kind(const cJSON *v)
{
	if (cJSON_IsObject(v))
		return "an object";
	if (cJSON_IsArray(v))
		return "an array";
	if (cJSON_IsString(v))
		return "a string";
	if (cJSON_IsNumber(v))
		return "a number";
	return cJSON_IsBool(v) ? "true or false" : "null";
}

struct json_in
json_in(const cJSON *tree, const char *where, struct err *err)
{
	struct json_in in = {.where = where, .err = err, .rc = RC_OK};

	if (cJSON_IsObject(tree))
		in.object = tree;
	else
		in.rc =
		    err_set(err, RC_INVALID, "%s: expected an object, got %s",
			where, tree != NULL ? kind(tree) : "nothing");
	return in;
}

enum rc
json_in_end(const struct json_in *in)
{
	return in->rc;
}

void
json_in_fail(struct json_in *in, const char *key, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (in->rc != RC_OK)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	in->rc =
	    err_set(in->err, RC_INVALID, "%s.%s: %s", in->where, key, text);
}

static bool
listed(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

void
json_in_known(struct json_in *in, const char *const *names)
{
	const cJSON *child;
	auto_buf known = {.max = 400};

	cJSON_ArrayForEach (child, in->object) {
		if (listed(names, child->string))
			continue;
		for (; *names != NULL; names++)
			buf_addf(
			    &known, "%s\"%s\"", known.len ? ", " : "", *names);
		if (in->rc == RC_OK)
			in->rc = err_set(in->err, RC_INVALID,
			    "%s: unknown field \"%.60s\"; known: %s", in->where,
			    child->string, buf_str(&known));
		return;
	}
}

/* The member, or NULL when absent, null or after a failure. */
static const cJSON *
member(const struct json_in *in, const char *key)
{
	const cJSON *v = NULL;

	if (in->rc == RC_OK)
		v = cJSON_GetObjectItemCaseSensitive(in->object, key);
	return cJSON_IsNull(v) ? NULL : v;
}

static void
expected(struct json_in *in, const char *key, const char *what, const char *eg,
    const cJSON *got)
{
	json_in_fail(in, key, "expected %s%s%s%s, got %s", what,
	    eg != NULL ? " such as \"" : "", eg != NULL ? eg : "",
	    eg != NULL ? "\"" : "", got != NULL ? kind(got) : "nothing");
}

const char *
json_in_str_opt(
    struct json_in *in, const char *key, const char *eg, const char *fallback)
{
	const cJSON *v = member(in, key);

	if (v == NULL)
		return fallback;
	if (cJSON_IsString(v))
		return v->valuestring;
	expected(in, key, "a string", eg, v);
	return fallback;
}

const char *
json_in_str(struct json_in *in, const char *key, const char *eg)
{
	if (member(in, key) == NULL)
		expected(in, key, "a string", eg, NULL);
	return json_in_str_opt(in, key, eg, "");
}

int64_t
json_in_int_opt(struct json_in *in, const char *key, int64_t lo, int64_t hi,
    int64_t fallback)
{
	const cJSON *v = member(in, key);
	auto_buf got = {.max = 64};

	if (v == NULL)
		return fallback;
	/* Above 2^53 a double no longer holds every whole number. */
	if (cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) &&
	    fabs(v->valuedouble) <= 9007199254740992.0 &&
	    v->valuedouble >= (double)lo && v->valuedouble <= (double)hi)
		return (int64_t)v->valuedouble;
	if (cJSON_IsNumber(v))
		num_put_json(&got, v->valuedouble);
	json_in_fail(in, key,
	    "expected a whole number from %lld to %lld, got %s", (long long)lo,
	    (long long)hi, got.len > 0 ? buf_str(&got) : kind(v));
	return fallback;
}

int64_t
json_in_int(struct json_in *in, const char *key, int64_t lo, int64_t hi)
{
	if (member(in, key) == NULL)
		json_in_fail(in, key,
		    "expected a whole number from %lld to %lld, got nothing",
		    (long long)lo, (long long)hi);
	return json_in_int_opt(in, key, lo, hi, 0);
}

double
json_in_double_opt(struct json_in *in, const char *key, double fallback)
{
	const cJSON *v = member(in, key);

	if (v == NULL)
		return fallback;
	if (cJSON_IsNumber(v))
		return v->valuedouble;
	expected(in, key, "a number", NULL, v);
	return fallback;
}

bool
json_in_bool_opt(struct json_in *in, const char *key, bool fallback)
{
	const cJSON *v = member(in, key);

	if (v == NULL)
		return fallback;
	if (cJSON_IsBool(v))
		return cJSON_IsTrue(v);
	expected(in, key, "true or false", NULL, v);
	return fallback;
}

const cJSON *
json_in_object_opt(struct json_in *in, const char *key)
{
	const cJSON *v = member(in, key);

	if (v == NULL || cJSON_IsObject(v))
		return v;
	expected(in, key, "an object", NULL, v);
	return NULL;
}

const cJSON *
json_in_array_opt(struct json_in *in, const char *key)
{
	const cJSON *v = member(in, key);

	if (v == NULL || cJSON_IsArray(v))
		return v;
	expected(in, key, "an array", NULL, v);
	return NULL;
}

const cJSON *
json_in_labels_opt(struct json_in *in, const char *key)
{
	const cJSON *v = json_in_object_opt(in, key);
	const cJSON *child;

	cJSON_ArrayForEach (child, v) {
		if (cJSON_IsString(child))
			continue;
		json_in_fail(in, key,
		    "expected every member to be a string, but \"%.60s\" is %s",
		    child->string, kind(child));
		return NULL;
	}
	return v;
}

int64_t
json_in_moment_opt(
    struct json_in *in, const char *key, int64_t now_ms, int64_t fallback_ms)
{
	const cJSON *v = member(in, key);
	int64_t ms = fallback_ms;
	struct err err = {0};
	enum rc rc = RC_OK;

	if (v == NULL)
		return fallback_ms;
	if (cJSON_IsString(v))
		rc = when_moment(span_of(v->valuestring), now_ms, &ms, &err);
	else if (cJSON_IsNumber(v))
		rc = when_moment_of(v->valuedouble, &ms, &err);
	else
		expected(in, key, "a moment", "2026-11-23T09:57:00Z", v);
	if (rc != RC_OK)
		json_in_fail(in, key, "%s", err.text);
	return ms;
}

int64_t
json_in_duration_opt(struct json_in *in, const char *key, int64_t lo_ms,
    int64_t hi_ms, int64_t fallback_ms)
{
	const cJSON *v = member(in, key);
	int64_t ms = fallback_ms;
	struct err err = {0};
	enum rc rc = RC_OK;
	char lo[WHEN_TEXT], hi[WHEN_TEXT], got[WHEN_TEXT];

	if (v == NULL)
		return fallback_ms;
	if (cJSON_IsString(v))
		rc = when_duration(span_of(v->valuestring), &ms, &err);
	else if (cJSON_IsNumber(v))
		rc = when_duration_of(v->valuedouble, &ms, &err);
	else
		expected(in, key, "a duration", "30m", v);
	if (rc != RC_OK)
		json_in_fail(in, key, "%s", err.text);
	if (in->rc != RC_OK || (ms >= lo_ms && ms <= hi_ms))
		return ms;
	json_in_fail(in, key, "expected a duration from %s to %s, got %s",
	    when_print_duration(lo_ms, lo), when_print_duration(hi_ms, hi),
	    when_print_duration(ms, got));
	return fallback_ms;
}

const char *
json_str(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, key));
}
