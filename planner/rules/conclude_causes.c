/*
 * conclude_causes.c - an incident explained by find_causes.
 *
 * In the report's language and from the result's own figures; its English
 * reasons are quoted only where it names no series.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"

enum {
	RULED_OUT_MAX = 6,
	UNSEEN_MAX = 12,
	CHANGES_NAMED = 2,
	SUSPECTS = 3,
};

const cJSON *
causes_first(const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data");

	return answer_ok(s->causes.answer)
		   ? cJSON_GetArrayItem(tree_at(data, "causes"), 0)
		   : NULL;
}

enum report_confidence
causes_confidence(const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data");
	enum report_confidence c =
	    report_confidence_of(tree_str(data, "confidence"));

	/* Statistics show what changed, not how it did so. */
	return MIN(c, REPORT_LIKELY);
}

static enum resource_unit
unit_named(const char *unit)
{
	static const struct {
		const char *name;
		enum resource_unit unit;
	} units[] = {{"seconds", UNIT_SECONDS}, {"bytes", UNIT_BYTES},
	    {"bytes per second", UNIT_BYTES_S}, {"cores", UNIT_CORES}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].unit;
	return UNIT_NONE;
}

/* How one series changed: `metric` rose from a to b at t. */
static void
say_change(struct drawing *d, const cJSON *series)
{
	const cJSON *change = tree_at(series, "change");
	enum resource_unit unit = unit_named(tree_str(series, "unit"));

	say_code(&d->s, tree_str(series, "metric"));
	say(&d->s, "在", " ");
	if (!d->zh)
		buf_adds(&d->s.text, "at ");
	say_time(&d->s, tree_num(series, "began", 0));
	say(&d->s, "从", " went from ");
	say_value(&d->s, tree_num(change, "from", 0), unit);
	if (tree_is(series, "direction", "down"))
		say(&d->s, "降到", " down to ");
	else
		say(&d->s, "升到", " up to ");
	say_value(&d->s, tree_num(change, "to", 0), unit);
}

/* Its changes in our words; in the tool's when it names no series. */
void
causes_put(struct drawing *d, const struct study *s, const cJSON *cause)
{
	const cJSON *data = tree_at(s->causes.answer, "data");
	const cJSON *series = tree_at(data, "series"), *index;
	int told = 0;

	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	cJSON_ArrayForEach (index, tree_at(cause, "series")) {
		const cJSON *one =
		    cJSON_IsNumber(index)
			? cJSON_GetArrayItem(series, index->valueint)
			: NULL;

		if (one == NULL || told == CHANGES_NAMED)
			continue;
		if (told++ == 0)
			say(&d->s, "：", ": ");
		else
			say(&d->s, "；", "; ");
		say_change(d, one);
	}
	if (told == 0 && tree_has(cause, "reason")) {
		say(&d->s, "：", ": ");
		say_code(&d->s, tree_str(cause, "reason"));
	}
}

/* A release or a new label set just before: a change that may be why. */
static void
tell_trigger(
    struct drawing *d, int n, const struct study *s, const cJSON *cause)
{
	double changed = tree_num(cause, "changed", 0);

	if (changed <= 0)
		return;
	say_code(&d->s, tree_str(cause, "service"));
	say(&d->s, "在", " showed a new version or label set at ");
	say_time(&d->s, changed);
	say(&d->s, "出现了新的版本或标签", "");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_finding(d, "trigger", n,
	    drawing_word(d, "核对那时的发布，必要时回滚",
		"compare with the release at that time; roll back if need be"));
}

/* The next suspects: neither found guilty nor ruled out. */
static void
tell_suspects(struct drawing *d, int n, const struct study *s, int from)
{
	const cJSON *causes =
	    tree_at(tree_at(s->causes.answer, "data"), "causes");
	int i;

	for (i = from; i < MIN(cJSON_GetArraySize(causes), SUSPECTS); i++) {
		const cJSON *cause = cJSON_GetArrayItem(causes, i);

		if (cJSON_GetArraySize(tree_at(cause, "series")) == 0)
			continue;
		say(&d->s, "次可疑的", "Less suspect: ");
		causes_put(d, s, cause);
		drawing_finding(d, "open", n, NULL);
	}
}

void
conclude_causes(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const cJSON *cause = causes_first(s);

	o->has_cause = true;
	o->by_causes = true;
	o->confidence = REPORT_LIKELY;
	say(&d->s, "最可疑的是", "Most suspect is ");
	causes_put(d, s, cause);
	drawing_finding(d, "cause", n,
	    drawing_word(d, "查看它在开始变化那一刻的日志、发布和配置变更",
		"look at its log, releases and configuration changes at the "
		"time the change began"));
	say(&d->s, "最可疑的是", "Most suspect is ");
	causes_put(d, s, cause);
	o->answer = say_claim(&d->s);
	say_code(&d->s, tree_str(cause, "service"));
	say_cite(&d->s, answer_evidence(s->causes.answer));
	o->chain_end = say_claim(&d->s);
	tell_trigger(d, n, s, cause);
	tell_suspects(d, n, s, 1);
	say(&d->s, "先检查", "Look first at ");
	say_code(&d->s, tree_str(cause, "service"));
	say(&d->s, "的日志、最近的发布与依赖；必要时回滚",
	    ": its log, its last release, what it depends on; roll back if "
	    "need be");
	say_cite(&d->s, answer_evidence(s->causes.answer));
	drawing_action(d);
}

void
causes_tell_beside(
    struct drawing *d, int n, const struct study *s, bool has_cause)
{
	const cJSON *cause = causes_first(s);

	if (s->causes.answer == NULL)
		return;
	if (!answer_ok(s->causes.answer)) {
		say(&d->s, "按统计与依赖关系查找失败：",
		    "The search by statistics and dependencies failed: ");
		say_code(&d->s, answer_error(s->causes.answer));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		drawing_finding(d, "open", n, NULL);
		return;
	}
	say_cite(&d->s, answer_evidence(s->causes.answer));
	if (cause == NULL || causes_confidence(s) < REPORT_LIKELY) {
		say(&d->s, "按统计与依赖关系，没有哪个服务明显突出",
		    "By statistics and dependencies no service stands out");
		drawing_finding(d, has_cause ? "ruled_out" : "open", n, NULL);
		return;
	}
	/* That it changed at the time does not make it part of this. */
	say(&d->s, "按统计与依赖关系变化最大的另有",
	    "By statistics and dependencies what changed most besides is ");
	causes_put(d, s, cause);
	say(&d->s, "；与本事件的关系没有证实",
	    "; that it has to do with this incident is not shown");
	drawing_finding(d, "open", n, NULL);
}

static const char *
text_of(const cJSON *item)
{
	static const char *const keys[] = {"reason", "why", "text", "what"};
	size_t i;

	if (cJSON_IsString(item))
		return item->valuestring;
	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (tree_has(item, keys[i]))
			return tree_str(item, keys[i]);
	return "";
}

void
causes_tell_alternatives(struct drawing *d, int n, const struct study *s)
{
	const cJSON *data = tree_at(s->causes.answer, "data"), *item;
	int told = 0;

	if (!answer_ok(s->causes.answer))
		return;
	cJSON_ArrayForEach (item, tree_at(data, "ruled_out")) {
		if (told++ == RULED_OUT_MAX)
			break;
		if (tree_has(item, "service"))
			say_code(&d->s, tree_str(item, "service"));
		if (tree_has(item, "service") && text_of(item)[0] != '\0')
			say(&d->s, "：", ": ");
		if (text_of(item)[0] != '\0')
			say_code(&d->s, text_of(item));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		drawing_finding(d, "ruled_out", n, NULL);
	}
	told = 0;
	cJSON_ArrayForEach (item, tree_at(data, "not_looked_at")) {
		if (text_of(item)[0] == '\0')
			continue;
		if (told++ == UNSEEN_MAX) {
			say(&d->s, "更多的列在证据里",
			    "the evidence lists more");
			say_cite(&d->s, answer_evidence(s->causes.answer));
			cJSON_AddItemToArray(d->unseen, say_claim(&d->s));
			break;
		}
		if (tree_has(item, "what") &&
		    text_of(item) != tree_str(item, "what")) {
			say_code(&d->s, tree_str(item, "what"));
			say(&d->s, "：", ": ");
		}
		say_code(&d->s, text_of(item));
		say_cite(&d->s, answer_evidence(s->causes.answer));
		cJSON_AddItemToArray(d->unseen, say_claim(&d->s));
	}
}
