/* say.c - sentences of a conclusion, in the report's language. */
#include "planner/say.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "common/md.h"
#include "common/tree.h"

enum { TEXT_MAX = 8000, CODE_MAX = 600 };

void
say_init(struct say *s, enum report_lang lang, double at_s)
{
	*s = (struct say){.lang = lang, .at_s = at_s};
	buf_init(&s->text, TEXT_MAX);
}

void
say_done(struct say *s)
{
	buf_done(&s->text);
}

void
say(struct say *s, const char *zh, const char *en)
{
	buf_adds(&s->text, s->lang == REPORT_ZH ? zh : en);
}

/* A space between Chinese text and what is not, none beside punctuation. */
static void
gap(struct say *s)
{
	if (s->text.len > 0 && s->lang == REPORT_ZH &&
	    s->text.data[s->text.len - 1] != ' ')
		buf_addc(&s->text, ' ');
}

void
say_code(struct say *s, const char *text)
{
	gap(s);
	md_quote(&s->text, span_of(text), CODE_MAX);
}

void
say_labels(struct say *s, const cJSON *labels, int most)
{
	const cJSON *l;

	cJSON_ArrayForEach(l, labels)
	{
		auto_buf pair = {.max = 2 * CODE_MAX};

		if (!cJSON_IsString(l) || most-- <= 0 ||
		    strcmp(l->string, "alertname") == 0 ||
		    strcmp(l->string, "severity") == 0 ||
		    strcmp(l->string, "__name__") == 0)
			continue;
		buf_addf(&pair, "%s=%s", l->string, l->valuestring);
		if (s->text.len > 0 &&
		    s->text.data[s->text.len - 1] != ' ')
			buf_addc(&s->text, ' ');
		md_quote(&s->text, buf_span(&pair), CODE_MAX);
	}
}

static void
say_bytes(struct say *s, double v, const char *tail)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	while (fabs(v) >= 1024 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		i++;
	}
	buf_addf(&s->text, i == 0 ? "%.0f %s%s" : "%.1f %s%s", v, units[i],
	    tail);
}

void
say_value(struct say *s, double v, enum resource_unit unit)
{
	gap(s);
	switch (unit) {
	case UNIT_CORES:
		buf_addf(&s->text, "%.3g", v);
		say(s, " 核", " cores");
		break;
	case UNIT_BYTES:
		say_bytes(s, v, "");
		break;
	case UNIT_BYTES_S:
		say_bytes(s, v, "/s");
		break;
	case UNIT_SECONDS:
		if (fabs(v) < 1)
			buf_addf(&s->text, "%.3g ms", v * 1000);
		else
			buf_addf(&s->text, "%.3g s", v);
		break;
	case UNIT_NONE:
		if (v == floor(v) && fabs(v) < 1e7)
			buf_addf(&s->text, "%.0f", v);
		else
			buf_addf(&s->text, "%.4g", v);
		break;
	}
	if (s->lang == REPORT_ZH)
		buf_addc(&s->text, ' ');
}

void
say_time(struct say *s, double unix_s)
{
	time_t t = (time_t)unix_s, at = (time_t)s->at_s;
	struct tm tm, day;
	char text[40];

	if (gmtime_r(&t, &tm) == NULL || gmtime_r(&at, &day) == NULL)
		return;
	strftime(text, sizeof(text),
	    tm.tm_yday == day.tm_yday && tm.tm_year == day.tm_year
		? "%H:%M:%S UTC"
		: "%Y-%m-%d %H:%M:%S UTC",
	    &tm);
	gap(s);
	buf_adds(&s->text, text);
	if (s->lang == REPORT_ZH)
		buf_addc(&s->text, ' ');
}

void
say_cite(struct say *s, const char *id)
{
	int i;

	if (id == NULL || id[0] == '\0' || s->n_ids == SAY_IDS_MAX)
		return;
	for (i = 0; i < s->n_ids; i++)
		if (strcmp(s->ids[i], id) == 0)
			return;
	s->ids[s->n_ids++] = id;
}

static void
add_claim(struct say *s, cJSON *to)
{
	cJSON *ids;
	int i;

	cJSON_AddStringToObject(to, "text", buf_str(&s->text));
	ids = cJSON_AddArrayToObject(to, "evidence");
	for (i = 0; i < s->n_ids; i++)
		cJSON_AddItemToArray(ids, cJSON_CreateString(s->ids[i]));
	buf_reset(&s->text);
	s->n_ids = 0;
}

cJSON *
say_claim(struct say *s)
{
	cJSON *claim = cJSON_CreateObject();

	add_claim(s, claim);
	return claim;
}

cJSON *
say_finding(struct say *s, const char *role, int incident, const char *next)
{
	cJSON *finding = cJSON_CreateObject();

	cJSON_AddStringToObject(finding, "role", role);
	cJSON_AddNumberToObject(finding, "incident", incident);
	add_claim(s, finding);
	if (next != NULL)
		cJSON_AddStringToObject(finding, "next", next);
	return finding;
}
