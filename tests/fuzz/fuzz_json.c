/*
 * fuzz_json.c - small documents: printing and parsing again changes nothing;
 * typed fields, schemas, moments and durations survive any input.
 *
 * A document [schema, value] is also checked against itself.
 */
#include "common/json/json.h"
#include "common/json/schema.h"
#include "common/base/when.h"

#include <stdint.h>
#include <stdlib.h>

static void
prints_and_parses(const cJSON *tree)
{
	AUTO(json) again = NULL;
	auto_buf b1 = {.max = 8 << 20}, b2 = {.max = 8 << 20};
	auto_buf pretty = {.max = 32 << 20};

	json_print(&b1, tree);
	if (json_parse(buf_span(&b1), NULL, &again, NULL) != RC_OK)
		abort();
	json_print(&b2, again);
	if (strcmp(buf_str(&b1), buf_str(&b2)) != 0)
		abort();
	json_print_pretty(&pretty, tree);
	if (pretty.len < b1.len)
		abort();
}

static void
read_fields(const cJSON *tree)
{
	static const char *const known[] = {"a", "b", "labels", NULL};
	struct err err = {0};
	struct json_in in = json_in(tree, "body", &err);

	json_in_moment_opt(&in, "a", 0, 0);
	json_in_duration_opt(&in, "b", 0, 3600000, 0);
	json_in_int_opt(&in, "c", -5, 5, 0);
	json_in_labels_opt(&in, "labels");
	json_in_known(&in, known);
	if (json_in_end(&in) != RC_OK && err.text[0] == '\0')
		abort();
}

static void
read_when(struct span text)
{
	char out[WHEN_TEXT];
	int64_t ms, again;

	if (when_moment(text, 1763891820000, &ms, NULL) == RC_OK) {
		when_print(ms, out);
		if (when_rfc3339(span_of(out), &again, NULL) != RC_OK ||
		    again != ms)
			abort();
	}
	if (when_duration(text, &ms, NULL) == RC_OK) {
		when_print_duration(ms, out);
		if (when_duration(span_of(out), &again, NULL) != RC_OK ||
		    again != ms)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make(data, size);
	AUTO(json) tree = NULL;
	struct err err = {0};

	read_when(text);
	if (json_parse(text, NULL, &tree, &err) != RC_OK)
		return err.text[0] == '\0' ? (abort(), 0) : 0;
	prints_and_parses(tree);
	read_fields(tree);
	if (schema_check(cJSON_GetArrayItem(tree, 0),
		cJSON_GetArrayItem(tree, 1), "args", &err) != RC_OK &&
	    err.text[0] == '\0')
		abort();
	return 0;
}
