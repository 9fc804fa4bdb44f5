/*
 * wire_json.c - msgpack to and from JSON, as text and as a cJSON tree.
 *
 * Text is made without a tree, since every event of every run takes that
 * way. Depth is bounded by wire_check on one side and the JSON reader on the
 * other, so recursion is safe.
 */
#include "common/json/json.h"
#include "common/wire/wire.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *
not_finite(double d)
{
	if (isnan(d))
		return "NaN";
	return d > 0 ? "+Inf" : "-Inf";
}

static void
json_double(struct buf *b, double d)
{
	char text[32];

	if (!isfinite(d)) {
		buf_addf(b, "\"%s\"", not_finite(d));
		return;
	}
	/* The shorter form where it reads back as the same number. */
	snprintf(text, sizeof(text), "%.15g", d);
	if (strtod(text, NULL) != d)
		snprintf(text, sizeof(text), "%.17g", d);
	buf_adds(b, text);
}

static void
json_base64(struct buf *b, struct span s)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i;

	buf_addc(b, '"');
	for (i = 0; i < s.n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		v |= i + 1 < s.n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < s.n ? (uint32_t)p[i + 2] : 0;
		buf_addc(b, digits[v >> 18]);
		buf_addc(b, digits[v >> 12 & 63]);
		buf_addc(b, i + 1 < s.n ? digits[v >> 6 & 63] : '=');
		buf_addc(b, i + 2 < s.n ? digits[v & 63] : '=');
	}
	buf_addc(b, '"');
}

static void json_value(struct buf *b, struct wire_r *r);

static void
json_container(struct buf *b, struct wire_r *r, bool is_map)
{
	uint32_t n = is_map ? wire_map(r) : wire_array(r);
	uint32_t i;

	buf_addc(b, is_map ? '{' : '[');
	for (i = 0; i < n && !r->bad; i++) {
		if (i > 0)
			buf_addc(b, ',');
		if (is_map) {
			json_put_string(b, wire_str(r));
			buf_addc(b, ':');
		}
		json_value(b, r);
	}
	buf_addc(b, is_map ? '}' : ']');
}

static void
json_int(struct buf *b, struct wire_r *r)
{
	struct wire_r as_unsigned = *r;
	uint64_t u = wire_u64(&as_unsigned);

	if (as_unsigned.bad) {
		buf_addf(b, "%lld", (long long)wire_int(r));
		return;
	}
	*r = as_unsigned;
	buf_addf(b, "%llu", (unsigned long long)u);
}

static void
json_value(struct buf *b, struct wire_r *r)
{
	switch (wire_peek(r)) {
	case WIRE_NIL:
		wire_raw(r);
		buf_adds(b, "null");
		break;
	case WIRE_BOOL:
		buf_adds(b, wire_bool(r) ? "true" : "false");
		break;
	case WIRE_INT:
		json_int(b, r);
		break;
	case WIRE_DOUBLE:
		json_double(b, wire_double(r));
		break;
	case WIRE_STR:
		json_put_string(b, wire_str(r));
		break;
	case WIRE_BIN:
		json_base64(b, wire_bin(r));
		break;
	case WIRE_ARRAY:
		json_container(b, r, false);
		break;
	case WIRE_MAP:
		json_container(b, r, true);
		break;
	case WIRE_NONE:
		r->bad = true;
		buf_adds(b, "null");
		break;
	}
}

void
wire_to_json(struct buf *b, struct span value)
{
	struct wire_r r = wire_reader(value);

	json_value(b, &r);
}

/* ---- trees ---- */

static cJSON *
tree_string(struct span s)
{
	auto_str text = xstrndup(s.p, s.n);

	return cJSON_CreateString(text);
}

static cJSON *tree_value(struct wire_r *r);

static cJSON *
tree_container(struct wire_r *r, bool is_map)
{
	cJSON *tree = is_map ? cJSON_CreateObject() : cJSON_CreateArray();
	uint32_t n = is_map ? wire_map(r) : wire_array(r);

	for (; n > 0 && !r->bad; n--) {
		auto_str key = NULL;

		if (is_map) {
			struct span k = wire_str(r);

			key = xstrndup(k.p, k.n);
			cJSON_AddItemToObject(tree, key, tree_value(r));
		} else {
			cJSON_AddItemToArray(tree, tree_value(r));
		}
	}
	return tree;
}

static cJSON *
tree_text_of(struct wire_r *r)
{
	auto_buf b = {0};

	buf_init(&b, SIZE_MAX / 2);
	json_base64(&b, wire_bin(r));
	return cJSON_Parse(buf_str(&b));
}

static cJSON *
tree_number(double d)
{
	if (!isfinite(d))
		return cJSON_CreateString(not_finite(d));
	return cJSON_CreateNumber(d);
}

static cJSON *
tree_value(struct wire_r *r)
{
	switch (wire_peek(r)) {
	case WIRE_BOOL:
		return cJSON_CreateBool(wire_bool(r));
	case WIRE_INT:
	case WIRE_DOUBLE:
		return tree_number(wire_double(r));
	case WIRE_STR:
		return tree_string(wire_str(r));
	case WIRE_BIN:
		return tree_text_of(r);
	case WIRE_ARRAY:
		return tree_container(r, false);
	case WIRE_MAP:
		return tree_container(r, true);
	case WIRE_NIL:
		wire_raw(r);
		break;
	case WIRE_NONE:
		r->bad = true;
		break;
	}
	return cJSON_CreateNull();
}

cJSON *
wire_to_tree(struct span value)
{
	struct wire_r r = wire_reader(value);

	return tree_value(&r);
}

static uint32_t
tree_size(const cJSON *tree)
{
	const cJSON *child;
	uint32_t n = 0;

	cJSON_ArrayForEach(child, tree)
		n++;
	return n;
}

static void
put_number(struct buf *b, double d)
{
	/* 2^53: from there on a double no longer counts in ones. */
	if (d == floor(d) && fabs(d) <= 9007199254740992.0)
		wire_put_int(b, (int64_t)d);
	else
		wire_put_double(b, d);
}

void
wire_put_tree(struct buf *b, const cJSON *tree)
{
	const cJSON *child;

	if (cJSON_IsObject(tree))
		wire_put_map(b, tree_size(tree));
	else if (cJSON_IsArray(tree))
		wire_put_array(b, tree_size(tree));
	else if (cJSON_IsString(tree))
		wire_put_str(b, tree->valuestring);
	else if (cJSON_IsNumber(tree))
		put_number(b, tree->valuedouble);
	else if (cJSON_IsBool(tree))
		wire_put_bool(b, cJSON_IsTrue(tree));
	else
		wire_put_nil(b);
	if (!cJSON_IsObject(tree) && !cJSON_IsArray(tree))
		return;
	cJSON_ArrayForEach(child, tree) {
		if (cJSON_IsObject(tree))
			wire_put_str(b, child->string);
		wire_put_tree(b, child);
	}
}
