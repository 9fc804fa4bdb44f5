/* world_oracle.c - the laws of the page as a whole, and all of them called. */
#include "tests/harness/world_oracle_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/world_prom.h"

enum { TEXT_MAX = 1 << 20, LONG_S = 300 };

static const char *const law_names[WORLD_LAWS] = {
    [LAW_ALL_CLEAR] = "false all-clear",
    [LAW_EARNED] = "all-clear withheld",
    [LAW_LISTED] = "wrong list of alerts",
    [LAW_NAMED] = "alert not named",
    [LAW_INCIDENT] = "lost incident",
    [LAW_HEARTBEAT] = "heartbeat as incident",
    [LAW_LIKELY] = "likely without a path",
    [LAW_COUNT] = "wrong count",
    [LAW_TARGETS] = "wrong targets",
    [LAW_BANNER] = "not verified",
    [LAW_STATUS] = "wrong status",
    [LAW_NOTE] = "warning lost",
};

const char *
world_law_name(enum world_law law)
{
	return law_names[law];
}

void
world_judgement_init(struct world_judgement *j)
{
	*j = (struct world_judgement){.text = {.max = TEXT_MAX}};
}

void
world_judgement_done(struct world_judgement *j)
{
	buf_done(&j->text);
}

/* ---- the page ---- */

static char *
unescaped(const char *markdown)
{
	char *out = xstrdup(markdown), *o = out;

	for (const char *p = markdown; *p != '\0'; p++)
		if (*p != '\\' || p[1] == '\\')
			*o++ = *p;
	*o = '\0';
	return out;
}

bool
world_says_all_clear(const char *markdown)
{
	static const char *const phrases[] = {"No alert is firing",
	    "No alert was firing", "there is nothing to look into",
	    "Nothing needs to be done at once", "没有告警在触发",
	    "没有需要排查的问题", "没有需要立即执行的操作"};

	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		if (strstr(markdown, phrases[i]) != NULL)
			return true;
	return false;
}

/* ---- the laws ---- */

/* Where it is critical it is told as what it is; else either will do. */
static bool
pends_for_long(const struct world *w)
{
	for (int i = 0; i < w->n_alerts; i++)
		if (world_state(&w->alerts[i], w->at) == STATE_PENDING &&
		    w->alerts[i].pending_from < w->at - LONG_S)
			return true;
	return false;
}

static void
judge_all_clear(struct judge *j)
{
	const char *why = oracle_doubt(j);
	bool said = world_says_all_clear(j->page) ||
		    cJSON_IsTrue(tree_at(j->s->conclusion, "all_clear"));

	if (said && why != NULL)
		BROKEN(j, LAW_ALL_CLEAR, "%s", why);
	if (!said && why == NULL && !j->w->past &&
	    oracle_all_answer_well(j->w) && !pends_for_long(j->w))
		BROKEN(j, LAW_EARNED, "all was read, and nothing fires");
}

/* ---- the whole ---- */

static void
judge_banner(struct judge *j)
{
	if (strstr(j->page, "did not pass verification") != NULL ||
	    strstr(j->page, "未通过核验") != NULL)
		BROKEN(j, LAW_BANNER, "the page has the banner");
	else if (cJSON_IsFalse(tree_at(j->s->verdict, "ok")))
		BROKEN(j, LAW_BANNER, "the verdict is no");
}

/* Queries that fail three times in a row end an investigation. */
static bool
all_answer(const struct world *w)
{
	return w->refused == NULL && world_answers(w, API_QUERY) &&
	       world_answers(w, API_RANGE);
}

static void
judge_status(struct judge *j)
{
	const struct world *w = j->w;
	bool any = false;

	if (w->upset != UPSET_NONE && w->upset != UPSET_NO_EXECUTOR)
		return;
	for (int i = 0; i < WORLD_APIS; i++)
		any |= world_answers(w, (enum world_api)i) &&
		       (i != API_ALERTS || !w->past);
	any &= w->upset != UPSET_NO_EXECUTOR;
	if (j->completed && !any)
		BROKEN(j, LAW_STATUS, "completed, and nothing was read");
	if (!j->completed && any && j->alerts_readable && all_answer(w))
		BROKEN(j, LAW_STATUS, "%s, though the alerts could be read",
		    j->s->status);
}

static void
judge_notes(struct judge *j)
{
	static const enum world_answer notes[] = {
	    ANSWERS_WARNING, ANSWERS_INFO};

	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		if (j->s->noted[notes[i]] &&
		    strstr(j->page, world_prom_note(notes[i])) == NULL)
			BROKEN(j, LAW_NOTE, "%s", world_prom_note(notes[i]));
}

/* One that was cut short by what it could not ask owes what it had read; one
 * that a death or its deadline cut short may have read nothing. */
static bool
tells_what_it_found(const struct judge *j)
{
	return j->w->upset == UPSET_NONE && j->alerts_readable &&
	       cJSON_GetArraySize(j->s->alerts) > 0;
}

void
world_judge(const struct world *w, const struct world_seen *s,
    struct world_judgement *ret)
{
	bool listed[WORLD_ALERTS_MAX] = {false};
	auto_str page = unescaped(s->markdown);
	const char *alerts =
	    strstr(page, w->zh ? "\n## 活跃告警清单" : "\n## Active alerts");
	const char *causes = strstr(
	    page, w->zh ? "\n## 告警根因分析" : "\n## Root cause analysis");
	struct judge j = {.w = w,
	    .s = s,
	    .page = page,
	    .alerts = alerts != NULL ? alerts : page,
	    .causes = causes != NULL ? causes : "",
	    .completed = strcmp(s->status, "completed") == 0,
	    .listed = listed,
	    .to = ret};

	oracle_see(&j);
	judge_all_clear(&j);
	judge_banner(&j);
	judge_status(&j);
	if (j.completed || tells_what_it_found(&j)) {
		oracle_list(&j);
		oracle_names(&j);
		oracle_incidents(&j);
		oracle_causes(&j);
		oracle_counts(&j);
		oracle_targets(&j);
	}
	if (j.completed)
		judge_notes(&j);
}
