/*
 * transcript.c - the events of one run, as `culprit … --json` printed them.
 */
#include "tests/harness/transcript.h"

#include "common/base/rc.h"

#include <cjson/cJSON.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

struct transcript {
	cJSON *events; /* array */
};

static const char *
text_of(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

struct transcript *
transcript_new(const char *lines)
{
	struct transcript *t = xcalloc(1, sizeof(*t));
	auto_str copy = xstrdup(lines);
	char *rest = copy, *line;

	t->events = cJSON_CreateArray();
	while ((line = strsep(&rest, "\n")) != NULL) {
		cJSON *event = line[0] != '\0' ? cJSON_Parse(line) : NULL;

		ck_assert_msg(
		    line[0] == '\0' || event != NULL, "not JSON: %s", line);
		if (event != NULL)
			cJSON_AddItemToArray(t->events, event);
	}
	return t;
}

void
transcript_free(struct transcript *t)
{
	if (t == NULL)
		return;
	cJSON_Delete(t->events);
	free(t);
}

void
transcript_check(const struct transcript *t)
{
	const cJSON *event, *last = NULL;
	const char *run = transcript_run(t);
	unsigned long want = 1;

	cJSON_ArrayForEach (event, t->events) {
		const char *id = text_of(event, "id");
		auto_str expected = xasprintf("%s.%lu", run, want);

		if (id[0] == '\0')
			continue; /* fleeting */
		ck_assert_str_eq(id, expected);
		want++;
		last = event;
	}
	ck_assert_uint_gt(want, 2);
	ck_assert_str_eq(
	    text_of(cJSON_GetArrayItem(t->events, 0), "type"), "started");
	ck_assert_str_eq(text_of(last, "type"), "finished");
	ck_assert_int_eq(transcript_count(t, "finished"), 1);
}

int
transcript_count(const struct transcript *t, const char *type)
{
	const cJSON *event;
	int n = 0;

	cJSON_ArrayForEach (event, t->events)
		n += strcmp(text_of(event, "type"), type) == 0;
	return n;
}

const cJSON *
transcript_data(const struct transcript *t, const char *type, int n)
{
	const cJSON *event;

	cJSON_ArrayForEach (event, t->events)
		if (strcmp(text_of(event, "type"), type) == 0 && n-- == 0)
			return cJSON_GetObjectItemCaseSensitive(event, "data");
	ck_abort_msg(
	    "there are only %d events \"%s\"", transcript_count(t, type), type);
	return NULL;
}

const char *
transcript_text(
    const struct transcript *t, const char *type, int n, const char *key)
{
	return text_of(transcript_data(t, type, n), key);
}

int
transcript_int(
    const struct transcript *t, const char *type, int n, const char *key)
{
	const cJSON *item =
	    cJSON_GetObjectItemCaseSensitive(transcript_data(t, type, n), key);

	return cJSON_IsNumber(item) ? item->valueint : -1;
}

const char *
transcript_run(const struct transcript *t)
{
	return transcript_text(t, "started", 0, "run");
}
