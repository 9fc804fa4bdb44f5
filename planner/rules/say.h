/*
 * say.h - sentences of a conclusion, in the report's language.
 *
 * A claim is text plus the evidence it rests on. Names and values go in
 * through here, so that they are quoted and figures keep what verification
 * looks for: the sample, rounded, with its unit.
 */
#ifndef PLANNER_RULES_SAY_H
#define PLANNER_RULES_SAY_H

#include <cjson/cJSON.h>

#include "common/base/buf.h"
#include "common/base/zone.h"
#include "planner/rules/resource.h"

enum { SAY_IDS_MAX = 6 };

struct say {
	struct buf text;
	enum report_lang lang;
	double at_s; /* the investigation's moment: its date goes unsaid */
	const struct zone *zone; /* of the reader */
	const char *ids[SAY_IDS_MAX];
	int n_ids;
};

void say_init(
    struct say *s, enum report_lang lang, double at_s, const struct zone *zone);
void say_done(struct say *s);

/* Fixed words, one per language. */
void say(struct say *s, const char *zh, const char *en);
/* A name or an expression, as code. */
void say_code(struct say *s, const char *text);
/* Words of others that may be long: the beginning of them. */
void say_brief(struct say *s, const char *text);
/* A tool's own words, in the report's language where they are known
 * (tool_words.def), else quoted. */
void say_words(struct say *s, const char *text);
/* What a label set is about, e.g. `instance=a:9100`; all of them at most. */
void say_labels(struct say *s, const cJSON *labels, int most);
void say_value(struct say *s, double v, enum resource_unit unit);
void say_time(struct say *s, double unix_s);
/* Rests on that evidence; "" and repetitions are left out. */
void say_cite(struct say *s, const char *id);

/* The text alone, the caller's. s is empty afterwards. */
char *say_take(struct say *s);
/* {text, evidence}; the caller's. s is empty afterwards. */
cJSON *say_claim(struct say *s);
/* The same as a finding of an incident (-1: of none), next may be NULL. */
cJSON *say_finding(
    struct say *s, const char *role, int incident, const char *next);

#endif
