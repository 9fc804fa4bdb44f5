/*
 * schema.c - does a value fit a JSON schema?
 *
 * One function per keyword, in a table; the first that finds fault speaks.
 */
#include "common/json/schema.h"
#include "common/json/json.h"
#include "common/base/num.h"

#include <math.h>
#include <stdio.h>

enum { WHERE_MAX = 200 };

static bool
is_integer(const cJSON *v)
{
	return cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble);
}

static bool
is_bool(const cJSON *v)
{
	return cJSON_IsBool(v);
}

static bool
is_number(const cJSON *v)
{
	return cJSON_IsNumber(v);
}

static bool
is_string(const cJSON *v)
{
	return cJSON_IsString(v);
}

static bool
is_array(const cJSON *v)
{
	return cJSON_IsArray(v);
}

static bool
is_object(const cJSON *v)
{
	return cJSON_IsObject(v);
}

static bool
is_null(const cJSON *v)
{
	return cJSON_IsNull(v);
}

static const struct type {
	const char *name, *say;
	bool (*is)(const cJSON *v);
} types[] = {
    {"string", "a string", is_string},
    {"integer", "a whole number", is_integer},
    {"number", "a number", is_number},
    {"boolean", "true or false", is_bool},
    {"object", "an object", is_object},
    {"array", "an array", is_array},
    {"null", "null", is_null},
};

static const struct type *
type_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(types) && name != NULL; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

static const char *
say_kind(const cJSON *v)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].is(v))
			return types[i].say;
	return "nothing";
}

/* A value for a message, cut short: "x", 7, or just its kind. */
static void
say_value(struct buf *b, const cJSON *v)
{
	if (cJSON_IsString(v))
		buf_addf(b, "\"%.60s%s\"", v->valuestring,
		    strlen(v->valuestring) > 60 ? "…" : "");
	else if (cJSON_IsNumber(v))
		num_put_text(b, v->valuedouble, 15);
	else
		buf_adds(b, say_kind(v));
}

struct check {
	const cJSON *schema, *value;
	const char *where;
	struct err *err;
};

static enum rc
fault(const struct check *c, const char *expected)
{
	auto_buf got = {.max = 128};
	const char *about = json_str(c->schema, "description");

	say_value(&got, c->value);
	return err_set(c->err, RC_INVALID, "%s: expected %s, got %s%s%.120s%s",
	    c->where, expected, buf_str(&got), about != NULL ? " (" : "",
	    about != NULL ? about : "", about != NULL ? ")" : "");
}

static enum rc
check_type(const struct check *c, const cJSON *rule)
{
	auto_buf expected = {.max = 200};
	const cJSON *one = cJSON_IsArray(rule) ? rule->child : rule;

	for (; one != NULL; one = cJSON_IsArray(rule) ? one->next : NULL) {
		const struct type *type = type_find(cJSON_GetStringValue(one));

		if (type == NULL || type->is(c->value))
			return RC_OK;
		buf_addf(&expected, "%s%s", expected.len > 0 ? " or " : "",
		    type->say);
	}
	return fault(c, buf_str(&expected));
}

static enum rc
check_enum(const struct check *c, const cJSON *rule)
{
	auto_buf expected = {.max = 300};
	const cJSON *one;

	buf_adds(&expected, "one of ");
	cJSON_ArrayForEach (one, rule) {
		if (cJSON_Compare(one, c->value, true))
			return RC_OK;
		if (one != rule->child)
			buf_adds(&expected, ", ");
		say_value(&expected, one);
	}
	return fault(c, buf_str(&expected));
}

static enum rc
bound(const struct check *c, const cJSON *rule, bool within, const char *what)
{
	auto_buf expected = {.max = 100};

	if (!cJSON_IsNumber(rule) || within)
		return RC_OK;
	buf_adds(&expected, what);
	num_put_text(&expected, rule->valuedouble, 15);
	return fault(c, buf_str(&expected));
}

static enum rc
check_minimum(const struct check *c, const cJSON *rule)
{
	return bound(c, rule,
	    !is_number(c->value) || c->value->valuedouble >= rule->valuedouble,
	    "at least ");
}

static enum rc
check_maximum(const struct check *c, const cJSON *rule)
{
	return bound(c, rule,
	    !is_number(c->value) || c->value->valuedouble <= rule->valuedouble,
	    "at most ");
}

static enum rc
check_min_length(const struct check *c, const cJSON *rule)
{
	return bound(c, rule,
	    !is_string(c->value) ||
		(double)strlen(c->value->valuestring) >= rule->valuedouble,
	    "a length in bytes of at least ");
}

static enum rc
check_max_length(const struct check *c, const cJSON *rule)
{
	return bound(c, rule,
	    !is_string(c->value) ||
		(double)strlen(c->value->valuestring) <= rule->valuedouble,
	    "a length in bytes of at most ");
}

static enum rc
check_min_items(const struct check *c, const cJSON *rule)
{
	return bound(c, rule,
	    !is_array(c->value) ||
		cJSON_GetArraySize(c->value) >= rule->valuedouble,
	    "a number of entries of at least ");
}

static enum rc
check_max_items(const struct check *c, const cJSON *rule)
{
	return bound(c, rule,
	    !is_array(c->value) ||
		cJSON_GetArraySize(c->value) <= rule->valuedouble,
	    "a number of entries of at most ");
}

static enum rc
check_items(const struct check *c, const cJSON *rule)
{
	const cJSON *item;
	char where[WHERE_MAX];
	unsigned i = 0;

	if (!is_array(c->value))
		return RC_OK;
	cJSON_ArrayForEach (item, c->value) {
		enum rc rc;

		snprintf(where, sizeof(where), "%s[%u]", c->where, i++);
		rc = schema_check(rule, item, where, c->err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc
check_required(const struct check *c, const cJSON *rule)
{
	const cJSON *name;

	if (!is_object(c->value))
		return RC_OK;
	cJSON_ArrayForEach (name, rule) {
		const char *key = cJSON_GetStringValue(name);
		const cJSON *about = cJSON_GetObjectItemCaseSensitive(
		    cJSON_GetObjectItemCaseSensitive(c->schema, "properties"),
		    key);
		const char *text = json_str(about, "description");

		if (cJSON_GetObjectItemCaseSensitive(c->value, key) != NULL)
			continue;
		return err_set(c->err, RC_INVALID, "%s.%s: missing%s%.150s",
		    c->where, key != NULL ? key : "?",
		    text != NULL ? "; it is: " : "", text != NULL ? text : "");
	}
	return RC_OK;
}

static enum rc
check_properties(const struct check *c, const cJSON *rule)
{
	const cJSON *member;
	char where[WHERE_MAX];

	if (!is_object(c->value))
		return RC_OK;
	cJSON_ArrayForEach (member, c->value) {
		const cJSON *schema =
		    cJSON_GetObjectItemCaseSensitive(rule, member->string);
		enum rc rc;

		snprintf(
		    where, sizeof(where), "%s.%s", c->where, member->string);
		rc = schema_check(schema, member, where, c->err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc
unknown_field(const struct check *c, const cJSON *known, const char *name)
{
	auto_buf list = {.max = 300};
	const cJSON *one;

	cJSON_ArrayForEach (one, known)
		buf_addf(
		    &list, "%s\"%s\"", list.len > 0 ? ", " : "", one->string);
	return err_set(c->err, RC_INVALID,
	    "%s: unknown field \"%.60s\"; known: %s", c->where, name,
	    list.len > 0 ? buf_str(&list) : "none, leave it empty");
}

static enum rc
check_additional(const struct check *c, const cJSON *rule)
{
	const cJSON *known =
	    cJSON_GetObjectItemCaseSensitive(c->schema, "properties");
	const cJSON *member;
	char where[WHERE_MAX];

	if (!is_object(c->value))
		return RC_OK;
	cJSON_ArrayForEach (member, c->value) {
		enum rc rc;

		if (cJSON_GetObjectItemCaseSensitive(known, member->string) !=
		    NULL)
			continue;
		if (cJSON_IsFalse(rule))
			return unknown_field(c, known, member->string);
		snprintf(
		    where, sizeof(where), "%s.%s", c->where, member->string);
		rc = schema_check(rule, member, where, c->err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* In the order in which faults are told. */
static const struct {
	const char *keyword;
	enum rc (*check)(const struct check *c, const cJSON *rule);
} keywords[] = {
    {"type", check_type},
    {"enum", check_enum},
    {"minimum", check_minimum},
    {"maximum", check_maximum},
    {"minLength", check_min_length},
    {"maxLength", check_max_length},
    {"minItems", check_min_items},
    {"maxItems", check_max_items},
    {"additionalProperties", check_additional},
    {"required", check_required},
    {"properties", check_properties},
    {"items", check_items},
};

enum rc
schema_check(
    const cJSON *schema, const cJSON *value, const char *where, struct err *err)
{
	struct check c = {schema, value, where, err};
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; i < ARRAY_LEN(keywords) && rc == RC_OK; i++) {
		const cJSON *rule = cJSON_GetObjectItemCaseSensitive(
		    schema, keywords[i].keyword);

		if (rule != NULL)
			rc = keywords[i].check(&c, rule);
	}
	return rc;
}
