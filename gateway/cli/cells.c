#include "gateway/cli/cells.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/cli/call.h"

const char *
cell_text(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

double
cell_number(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

void
cell_put(struct buf *b, const char *text, int columns)
{
	size_t before = b->len;
	int width;

	term_put(b, span_of(text), TERM_LINE);
	width = term_width(span_make(buf_str(b) + before, b->len - before));
	for (; width < columns; width++)
		buf_addc(b, ' ');
	buf_adds(b, "  ");
}

void
cell_time(struct buf *b, double ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char text[32] = "";

	if (ms > 0 && localtime_r(&s, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	/* RFC 3339 wants a colon in the zone: so that --at takes it. */
	if (strlen(text) == 24) {
		memmove(text + 23, text + 22, 3);
		text[22] = ':';
	}
	cell_put(b, text, 25);
}

void
cell_print(struct span s, enum term_style style)
{
	auto_buf b = {0};

	buf_init(&b, 8 * (size_t)CALL_BODY_MAX);
	/* Inside JSON's style it would be escaped, and JSON no more. */
	while (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	term_put(&b, s, style);
	if (b.len == 0 || b.data[b.len - 1] != '\n')
		buf_addc(&b, '\n');
	fwrite(b.data, 1, b.len, stdout);
}
