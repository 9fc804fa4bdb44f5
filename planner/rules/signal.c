/*
 * signal.c - the tables of signals.def, and their lookup.
 *
 * Invariant: the first row that fits decides, so the order of rows is part
 * of their meaning.
 */
#include "planner/rules/signal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/json/tree.h"
#include "common/report/md.h"

enum { NAME_BYTES = 300, VALUE_MAX = 200 };

static const struct signal_row rows[] = {
#define SIGNAL(                                                                \
    name, zh, en, kind, names, up_zh, up_en, down_zh, down_en, unit)           \
	{#name, {zh, en}, kind, names, {up_zh, up_en}, {down_zh, down_en},     \
	    unit},
#include "planner/rules/signals.def"
};

static const struct advice {
	const char *name, *needs;
	const char *first[REPORT_LANGS], *then[REPORT_LANGS], *run;
} advices[] = {
#define ADVICE(name, needs, first_zh, first_en, then_zh, then_en, run)         \
	{#name, needs, {first_zh, first_en}, {then_zh, then_en}, run},
#include "planner/rules/signals.def"
};

/* ---- which ---- */

/* Whether one of the parts before end, blanks between them, is in name. */
static bool
has_part(const char *name, const char *parts, const char *end)
{
	while (parts < end) {
		size_t n = MIN(strcspn(parts, " "), (size_t)(end - parts));

		if (n > 0 && memmem(name, strlen(name), parts, n) != NULL)
			return true;
		parts += n + 1;
	}
	return false;
}

static bool
fits(const struct signal_row *r, const char *kind, const char *name)
{
	const char *bar = strchrnul(r->names, '|');

	if (kind[0] == '\0')
		return r->names[0] == '\0'
			   ? r->kind[0] == '\0'
			   : has_part(name, *bar == '|' ? bar + 1 : r->names,
				 r->names + strlen(r->names));
	if (r->kind[0] != '\0' && strcmp(r->kind, kind) != 0)
		return false;
	return bar == r->names || has_part(name, r->names, bar);
}

const struct signal_row *
signal_of(const char *kind, struct span metric)
{
	char name[NAME_BYTES];
	size_t i, n = MIN(metric.n, sizeof(name) - 1);

	for (i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)metric.p[i]);
	name[n] = '\0';
	for (i = 0; i + 1 < ARRAY_LEN(rows); i++)
		if (fits(&rows[i], kind, name))
			break;
	return &rows[i];
}

enum resource_unit
signal_unit(const struct signal_row *s, const char *form, const char *unit)
{
	static const struct {
		const char *name;
		enum resource_unit unit;
	} units[] = {{"seconds", UNIT_SECONDS}, {"milliseconds", UNIT_MS},
	    {"bytes", UNIT_BYTES}, {"bytes per second", UNIT_BYTES_S},
	    {"cores", UNIT_CORES}, {"percent", UNIT_PERCENT},
	    {"ratio", UNIT_RATIO}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].unit;
	if (strcmp(unit, "seconds per second") == 0)
		return s->unit == UNIT_CORES ? UNIT_CORES : UNIT_SECONDS_S;
	return strcmp(form, "rate") == 0 ? UNIT_PER_S : UNIT_NONE;
}

/* ---- advice ---- */

/* What stands for {key}; "": nothing is known. */
static const char *
value_of(const struct signal_case *c, const char *key)
{
	if (strcmp(key, "who") == 0)
		return c->who;
	if (strcmp(key, "metric") == 0)
		return c->metric;
	if (tree_has(c->labels, key))
		return tree_str(c->labels, key);
	return tree_str(c->further, key);
}

bool
signal_is_plain(const char *value)
{
	return value[0] != '\0' && value[0] != '-' &&
	       value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-._:/@")] == '\0';
}

static bool
is_label(const char *key)
{
	return key[0] != '\0' &&
	       key[strspn(key, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
		   '\0';
}

static bool
has_all(const struct signal_case *c, const char *needs)
{
	char key[40];
	int n;

	for (; sscanf(needs, " %39s%n", key, &n) == 1; needs += n)
		if (!signal_is_plain(value_of(c, key)))
			return false;
	return true;
}

/* What stands for {of}: which series are the service's, by the labels of the
 * one that changed; nothing where none of them tells. */
static void
put_selector(struct buf *b, const struct signal_case *c)
{
	size_t n = strlen(c->who);
	const cJSON *l;
	bool any = false;

	cJSON_ArrayForEach (l, c->labels) {
		const char *value = cJSON_IsString(l) ? l->valuestring : "";
		bool same = strcmp(value, c->who) == 0;
		bool pod = strcmp(l->string, "pod") == 0 && value[0] != '\0' &&
			   strncmp(value, c->who, n) == 0 && value[n] == '-';

		if (n == 0 || (!same && !pod) || !is_label(l->string) ||
		    !signal_is_plain(c->who))
			continue;
		buf_addf(b, pod ? "%s%s=~\"%s-.*\"" : "%s%s=\"%s\"",
		    any ? "," : "{", l->string, c->who);
		any = true;
	}
	if (any)
		buf_addc(b, '}');
}

static void
fill(struct buf *b, const char *text, const struct signal_case *c, bool quoted)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "{");
		const char *end;
		char key[40];

		buf_add(b, text, n);
		text += n;
		end = strchr(text, '}');
		if (end == NULL || (size_t)(end - text) > sizeof(key)) {
			buf_adds(b, text);
			return;
		}
		snprintf(
		    key, sizeof(key), "%.*s", (int)(end - text - 1), text + 1);
		if (strcmp(key, "of") == 0)
			put_selector(b, c);
		else if (quoted)
			md_quote(b, span_of(value_of(c, key)), VALUE_MAX);
		else
			buf_adds(b, value_of(c, key));
		text = end + 1;
	}
}

void
signal_advise(const struct signal_row *s, const struct signal_case *c,
    enum report_lang lang, struct buf *ret_first, struct buf *ret_then,
    struct buf *ret_run)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(advices); i++) {
		const struct advice *a = &advices[i];

		if (strcmp(a->name, s->name) != 0 || !has_all(c, a->needs))
			continue;
		fill(ret_first, a->first[lang], c, true);
		fill(ret_then, a->then[lang], c, true);
		/* No metric, no query of it. */
		if (strstr(a->run, "{metric}") == NULL ||
		    signal_is_plain(c->metric))
			fill(ret_run, a->run, c, false);
		return;
	}
	/* The last row has one that needs nothing. */
	signal_advise(
	    &rows[ARRAY_LEN(rows) - 1], c, lang, ret_first, ret_then, ret_run);
}
