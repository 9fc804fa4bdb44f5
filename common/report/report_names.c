/*
 * report_names.c - languages, headings and degrees of confidence, and how
 * much of it findings bear.
 */
#include <string.h>
#include <strings.h>

#include "common/base/rc.h"
#include "common/report/report.h"
#include "common/json/tree.h"

static const char *const headings[REPORT_LANGS][REPORT_HEADINGS] = {
    [REPORT_ZH] = {"# 告警分析报告", "## 活跃告警清单", "## 告警根因分析",
	"## 处理方案执行", "## 结论"},
    [REPORT_EN] = {"# Alert analysis report", "## Active alerts",
	"## Root cause analysis", "## Actions taken and advised",
	"## Conclusion"},
};

static const struct {
	const char *name;
	const char *word[REPORT_LANGS];
} confidences[] = {
    [REPORT_UNDETERMINED] = {"undetermined", {"未能确定", "undetermined"}},
    [REPORT_SUSPECTED] = {"suspected", {"怀疑", "suspected"}},
    [REPORT_LIKELY] = {"likely", {"很可能", "likely"}},
    [REPORT_CONFIRMED] = {"confirmed", {"已确认", "confirmed"}},
};

enum report_lang
report_lang(struct span language)
{
	return language.n >= 2 && strncasecmp(language.p, "en", 2) == 0
		   ? REPORT_EN
		   : REPORT_ZH;
}

const char *
report_unverified_mark(enum report_lang lang)
{
	return lang == REPORT_ZH ? " ⚠未核实" : " ⚠ unverified";
}

const char *const *
report_headings(enum report_lang lang)
{
	return headings[lang];
}

const char *
report_confidence_name(enum report_confidence c)
{
	return confidences[c].name;
}

const char *
report_confidence_word(enum report_confidence c, enum report_lang lang)
{
	return confidences[c].word[lang];
}

enum report_confidence
report_confidence_of(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < ARRAY_LEN(confidences); i++)
		if (strcmp(name, confidences[i].name) == 0)
			return (enum report_confidence)i;
	return REPORT_UNDETERMINED;
}

/* How many different ids the list has; two is as far as it counts. */
static int
distinct(const cJSON *ids)
{
	const cJSON *id, *first = NULL;

	cJSON_ArrayForEach (id, ids) {
		if (!cJSON_IsString(id))
			continue;
		if (first == NULL)
			first = id;
		else if (strcmp(first->valuestring, id->valuestring) != 0)
			return 2;
	}
	return first != NULL ? 1 : 0;
}

enum report_confidence
report_confidence_cap(const cJSON *conclusion)
{
	enum report_confidence cap = REPORT_UNDETERMINED;
	const cJSON *f;

	cJSON_ArrayForEach (f, tree_at(conclusion, "findings")) {
		int n = distinct(tree_at(f, "evidence"));
		bool cause = tree_is(f, "role", "cause");

		if (cause && n >= 2)
			return REPORT_CONFIRMED;
		if (n >= 1 && (cause || tree_is(f, "role", "contributing") ||
				  tree_is(f, "role", "trigger")))
			cap = REPORT_LIKELY;
		else if (n >= 1 && tree_is(f, "role", "open"))
			cap = MAX(cap, REPORT_SUSPECTED);
	}
	return cap;
}
