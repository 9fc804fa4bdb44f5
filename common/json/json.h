/*
 * json.h - small JSON documents: strict in, typed out, printed exactly.
 *
 * A document passes jsonsax (so: strict UTF-8, no \u0000, no overflow) and
 * becomes a cJSON tree on the way; duplicate keys are refused. For bulk data
 * use jsonsax. Reading fields is sticky, as on the wire: read them in
 * statements, ask json_end once. Allocation dies on exhaustion, cJSON's too.
 */
#ifndef COMMON_JSON_JSON_H
#define COMMON_JSON_JSON_H

#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/base/span.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct json_limits {
	size_t bytes_max;   /* of the text */
	unsigned depth_max; /* at most JSONSAX_DEPTH_MAX */
	size_t values_max;  /* a value takes some 100 bytes as a tree */
};

/* 1 MiB, 32 levels, 200,000 values. */
extern const struct json_limits json_limits_default;

DEFINE_AUTO(json, cJSON, cJSON_Delete);

/*
 * The tree of one document, the caller's (cJSON_Delete). limits NULL: the
 * default. RC_INVALID or RC_TOOBIG, with the byte or the path in err.
 */
NODISCARD enum rc json_parse(struct span text, const struct json_limits *limits,
    cJSON **ret, struct err *err);

/* ---- printing ---- */

/* Appends the compact text; doubles keep every bit, unlike cJSON's own. */
void json_print(struct buf *b, const cJSON *tree);

/* The same over several lines, for people. */
void json_print_pretty(struct buf *b, const cJSON *tree);

/* Appends s quoted and escaped; s must be UTF-8. */
void json_put_string(struct buf *b, struct span s);

/* ---- building: what cJSON has, for spans and for odd doubles ---- */

/* Adds text that need not be terminated; bytes that are not UTF-8 become
 * U+FFFD, so that what we send can always be read. */
void json_add_span(cJSON *object, const char *key, struct span s);
cJSON *json_string_of(struct span s);

/* A number, or "NaN", "+Inf", "-Inf" as a string. */
void json_add_double(cJSON *object, const char *key, double d);
cJSON *json_double_of(double d);

/* RFC 3339. */
void json_add_moment(cJSON *object, const char *key, int64_t ms);

/* ---- reading the fields of an object ---- */

struct json_in {
	const cJSON *object; /* NULL: not an object, everything is absent */
	const char *where;   /* its path, for messages: "body", "args" */
	struct err *err;
	enum rc rc; /* the first failure */
};

/* Begins to read; tree of another type than object is a failure. */
struct json_in json_in(const cJSON *tree, const char *where, struct err *err);

/* Refuses members not in names (which NULL ends), naming the known ones. */
void json_in_known(struct json_in *in, const char *const *names);

/* The result: RC_OK, or the first failure with its text in err. */
NODISCARD enum rc json_in_end(const struct json_in *in);

/*
 * Each reads one member; JSON null counts as absent. The plain form demands
 * it, the _opt form gives fallback when it is absent. eg is an example of a
 * good value for the message ("30m"), or NULL. Strings are borrowed from the
 * tree. After a failure: fallback, "", 0, false or NULL.
 */
const char *json_in_str(struct json_in *in, const char *key, const char *eg);
const char *json_in_str_opt(
    struct json_in *in, const char *key, const char *eg, const char *fallback);
int64_t json_in_int(
    struct json_in *in, const char *key, int64_t lo, int64_t hi);
int64_t json_in_int_opt(struct json_in *in, const char *key, int64_t lo,
    int64_t hi, int64_t fallback);
double json_in_double_opt(struct json_in *in, const char *key, double fallback);
bool json_in_bool_opt(struct json_in *in, const char *key, bool fallback);
const cJSON *json_in_object_opt(struct json_in *in, const char *key);
const cJSON *json_in_array_opt(struct json_in *in, const char *key);

/* A moment or a duration as text or number of seconds, see when.h. */
int64_t json_in_moment_opt(
    struct json_in *in, const char *key, int64_t now_ms, int64_t fallback_ms);
int64_t json_in_duration_opt(struct json_in *in, const char *key, int64_t lo_ms,
    int64_t hi_ms, int64_t fallback_ms);

/* An object whose members are all strings (labels), or NULL when absent. */
const cJSON *json_in_labels_opt(struct json_in *in, const char *key);

/* Sets the failure "where.key: text", if none is set yet. */
void json_in_fail(struct json_in *in, const char *key, const char *fmt, ...)
    PRINTF(3, 4);

/* A member's string, or NULL when absent or of another type. */
const char *json_str(const cJSON *object, const char *key);

#endif
