/* say.c - sentences of a conclusion, in the report's language. */
#include "planner/rules/say.h"

#include <math.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/report/md.h"
#include "common/json/tree.h"

enum { TEXT_MAX = 8000, CODE_MAX = 600, BRIEF_MAX = 140 };

void
say_init(
    struct say *s, enum report_lang lang, double at_s, const struct zone *zone)
{
	*s = (struct say){.lang = lang, .at_s = at_s, .zone = zone};
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

/* ---- spacing ---- */

/* U+3000-303F and U+FF00-FFEF: punctuation that has its own space. */
static bool
is_wide_mark(const char *p)
{
	const unsigned char *c = (const unsigned char *)p;

	return (c[0] == 0xE3 && c[1] == 0x80) ||
	       (c[0] == 0xEF && (c[1] == 0xBC || c[1] == 0xBD));
}

static bool
is_ascii(char c)
{
	return ((unsigned char)c & 0x80) == 0;
}

/* Where the character before p begins. */
static const char *
char_before(const char *start, const char *p)
{
	do
		p--;
	while (p > start && ((unsigned char)*p & 0xC0) == 0x80);
	return p;
}

/* Whether Chinese typesetting wants a space between what ends before p and
 * the character at next. */
static bool
wants_space(const char *start, const char *p, const char *next)
{
	const char *before;

	if (p == start || *next == '\0')
		return false;
	before = char_before(start, p);
	if (is_wide_mark(before) || is_wide_mark(next))
		return false;
	return is_ascii(*before) != is_ascii(*next);
}

/* Chinese text with one space between it and names or figures, and none
 * beside its punctuation; what is quoted stays as it is. */
static void
tidy(struct buf *b)
{
	const char *start = buf_str(b), *p;
	struct buf out;
	bool code = false;

	buf_init(&out, b->max);
	for (p = start; *p != '\0'; p++) {
		const char *next = p + strspn(p, " ");

		if (code || *p != ' ') {
			if (!code && out.len > 0 && p > start && p[-1] != ' ' &&
			    ((unsigned char)*p & 0xC0) != 0x80 &&
			    wants_space(start, p, p))
				buf_addc(&out, ' ');
			if (*p == '`')
				code = !code;
			buf_addc(&out, *p);
			continue;
		}
		if (p > start && *next != '\0' &&
		    !is_wide_mark(char_before(start, p)) && !is_wide_mark(next))
			buf_addc(&out, ' ');
		p = next - 1;
	}
	buf_done(b);
	*b = out;
}

/* A space before what would otherwise stick to a name or figure. */
static void
part(struct say *s)
{
	char last = s->text.len > 0 ? s->text.data[s->text.len - 1] : ' ';

	if (is_ascii(last) && last != ' ' && last != '(')
		buf_addc(&s->text, ' ');
}

void
say_code(struct say *s, const char *text)
{
	part(s);
	md_quote(&s->text, span_of(text), CODE_MAX);
}

void
say_brief(struct say *s, const char *text)
{
	part(s);
	md_quote(&s->text, span_of(text), BRIEF_MAX);
}

/* Whether text is the pattern, with *ret_what where that has "{}". */
static bool
fits(const char *text, const char *pattern, struct span *ret_what)
{
	const char *hole = strstr(pattern, "{}");
	size_t n = strlen(text), head, tail;

	*ret_what = span_of("");
	if (hole == NULL)
		return strcmp(text, pattern) == 0;
	head = (size_t)(hole - pattern);
	tail = strlen(hole + 2);
	if (n <= head + tail || strncmp(text, pattern, head) != 0 ||
	    strcmp(text + n - tail, hole + 2) != 0)
		return false;
	*ret_what = span_make(text + head, n - head - tail);
	return true;
}

static void
say_filled(struct say *s, const char *pattern, struct span what)
{
	const char *hole = strstr(pattern, "{}");

	if (hole == NULL) {
		buf_adds(&s->text, pattern);
		return;
	}
	buf_add(&s->text, pattern, (size_t)(hole - pattern));
	md_quote(&s->text, what, CODE_MAX);
	buf_adds(&s->text, hole + 2);
}

void
say_words(struct say *s, const char *text)
{
	static const char *const known[][2] = {
#define TOOL_WORDS(en, zh) {en, zh},
#include "planner/rules/tool_words.def"
	};
	struct span what;
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (fits(text, known[i][0], &what)) {
			say_filled(s, known[i][s->lang == REPORT_ZH], what);
			return;
		}
	say_code(s, text);
}

void
say_labels(struct say *s, const cJSON *labels, int most)
{
	const cJSON *l;

	cJSON_ArrayForEach (l, labels) {
		auto_buf pair = {.max = (size_t)2 * CODE_MAX};

		if (!cJSON_IsString(l) || strcmp(l->string, "alertname") == 0 ||
		    strcmp(l->string, "severity") == 0 ||
		    strcmp(l->string, "__name__") == 0 || most-- <= 0)
			continue;
		buf_addf(&pair, "%s=%s", l->string, l->valuestring);
		part(s);
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
	buf_addf(
	    &s->text, i == 0 ? "%.0f %s%s" : "%.1f %s%s", v, units[i], tail);
}

/* In the unit people would use: 36 h, not 1.3e+05 s. */
static void
say_seconds(struct say *s, double v)
{
	static const struct {
		const char *name;
		double seconds, from;
	} units[] = {{"d", 86400, 172800}, {"h", 3600, 7200}, {"min", 60, 120},
	    {"s", 1, 1}, {"ms", 1e-3, 0}};
	size_t i = 0;

	/* 1 d and 1 min, but 119 s. */
	while (fabs(v) < units[i].from &&
	       (v == 0 || fmod(v, units[i].seconds) != 0))
		i++;
	if (fabs(v / units[i].seconds) < 1000)
		buf_addf(
		    &s->text, "%.3g %s", v / units[i].seconds, units[i].name);
	else
		buf_addf(
		    &s->text, "%.0f %s", v / units[i].seconds, units[i].name);
}

/* Without an exponent as long as that is no longer. */
static void
say_plain(struct say *s, double v)
{
	bool whole = v == floor(v) || fabs(v) >= 1e4;

	buf_addf(&s->text, whole && fabs(v) < 1e15 ? "%.0f" : "%.4g", v);
}

/* How often: 5/s, 1.2/min, 32/h. */
static void
say_often(struct say *s, double v)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"/s", 1}, {"/min", 60}, {"/h", 3600}};
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && fabs(v) * units[i].seconds < 1)
		i++;
	if (v == 0)
		buf_adds(&s->text, "0");
	else
		buf_addf(
		    &s->text, "%.3g%s", v * units[i].seconds, units[i].unit);
}

void
say_value(struct say *s, double v, enum resource_unit unit)
{
	part(s);
	if (!isfinite(v)) {
		say(s,
		    isnan(v) ? "无值"
		    : v < 0  ? "负无穷"
			     : "无穷大",
		    isnan(v) ? "no value"
		    : v < 0  ? "minus infinity"
			     : "infinity");
		return;
	}
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
		say_seconds(s, v);
		break;
	case UNIT_MS:
		say_seconds(s, v / 1000);
		break;
	case UNIT_SECONDS_S:
		buf_addf(&s->text, "%.3g s/s", v);
		break;
	case UNIT_PERCENT:
		buf_addf(&s->text, "%.3g %%", v);
		break;
	case UNIT_RATIO:
		buf_addf(&s->text, "%.3g %%", 100 * v);
		break;
	case UNIT_COUNT:
	case UNIT_RESTARTS:
		buf_addf(&s->text, fabs(v) < 1 ? "%.2g" : "%.0f", v);
		if (unit == UNIT_RESTARTS)
			say(s, " 次重启",
			    round(v) == 1 ? " restart" : " restarts");
		break;
	case UNIT_PER_S:
		say_often(s, v);
		break;
	case UNIT_NONE:
		say_plain(s, v);
		break;
	}
}

void
say_time(struct say *s, double unix_s)
{
	int64_t t = (int64_t)unix_s;
	bool today = zone_same_day(s->zone, t, (int64_t)s->at_s);
	char text[ZONE_TEXT];

	part(s);
	buf_adds(&s->text,
	    zone_print(s->zone, t, today ? ZONE_CLOCK : ZONE_FULL, text));
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

	if (s->lang == REPORT_ZH)
		tidy(&s->text);
	cJSON_AddStringToObject(to, "text", buf_str(&s->text));
	ids = cJSON_AddArrayToObject(to, "evidence");
	for (i = 0; i < s->n_ids; i++)
		cJSON_AddItemToArray(ids, cJSON_CreateString(s->ids[i]));
	buf_reset(&s->text);
	s->n_ids = 0;
}

char *
say_take(struct say *s)
{
	char *text;

	if (s->lang == REPORT_ZH)
		tidy(&s->text);
	text = xstrdup(buf_str(&s->text));
	buf_reset(&s->text);
	s->n_ids = 0;
	return text;
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
