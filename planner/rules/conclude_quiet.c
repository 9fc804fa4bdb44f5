/*
 * conclude_quiet.c - what is concluded where no incident is there to study:
 * nobody could look, nothing could be read, or nothing fires.
 */
#include <string.h>

#include "common/report/alerts.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/silence.h"

/* The sentence made so far, as the conclusion's own. */
static void
put_summary(struct drawing *d, cJSON *c)
{
	cJSON *claim = say_claim(&d->s);

	cJSON_AddStringToObject(c, "summary", tree_str(claim, "text"));
	cJSON_AddItemToObject(c, "evidence",
	    cJSON_DetachItemFromObjectCaseSensitive(claim, "evidence"));
	cJSON_Delete(claim);
	cJSON_AddStringToObject(c, "confidence", "undetermined");
}

/* ---- nothing could be read ---- */

void
conclude_nobody(struct drawing *d, cJSON *c)
{
	say(&d->s, "没有执行器在场，没有人能去查看，因此什么也不能说",
	    "Nobody could look: no executor is here, so nothing can be said");
	put_summary(d, c);
	cJSON_AddStringToObject(c, "incomplete", tree_str(c, "summary"));
	say(&d->s, "启动一个执行器（culprit-executor），再重新发起调查",
	    "Start an executor (culprit-executor), then investigate again");
	drawing_action(d);
}

/* The caller's. */
static char *
access_next(const struct drawing *d, const cJSON *answer)
{
	const char *next = tree_str(answer, "suggestion");
	struct say s;
	char *text;

	if (next[0] == '\0')
		return xstrdup(drawing_word(d,
		    "检查 Prometheus 是否在运行、地址与凭据是否正确",
		    "see whether Prometheus runs, and whether address and "
		    "credentials are right"));
	say_init(&s, d->s.lang, d->s.at_s, d->s.zone);
	say_words(&s, next);
	text = say_take(&s);
	say_done(&s);
	return text;
}

/* No list of alerts: Prometheus cannot be asked, or no tool here does. */
void
conclude_blind(struct drawing *d, cJSON *c)
{
	const cJSON *a = d->k->facts.alerts_answer;
	auto_str next = access_next(d, a);

	if (a == NULL) {
		say(&d->s, "没有能列出告警的工具，没有人能去查看，因此无法判断",
		    "Nobody could look: no tool here lists alerts, so nothing "
		    "can be said");
		put_summary(d, c);
		say(&d->s, "在执行器上启用列出告警的工具（`tools`）",
		    "Enable the tool that lists alerts on an executor "
		    "(`tools`)");
	} else {
		say(&d->s, "未能查询 Prometheus，因此无法判断：",
		    "Prometheus could not be asked, so nothing can be said: ");
		say_brief(&d->s, answer_error(a));
		say_cite(&d->s, answer_evidence(a));
		put_summary(d, c);
		say_cite(&d->s, answer_evidence(a));
		drawing_advise(d, "",
		    drawing_word(d, "恢复对 Prometheus 的访问，再重新发起调查",
			"restore access to Prometheus, then investigate "
			"again"),
		    next, "");
		cJSON_AddStringToObject(
		    c, "incomplete", tree_str(c, "summary"));
		return;
	}
	cJSON_AddStringToObject(c, "incomplete", tree_str(c, "summary"));
	drawing_action(d);
}

/* ---- nothing fires ---- */

/* What changed most while nothing fires. */
static void
tell_quiet_causes(struct drawing *d)
{
	struct study s = {.causes = d->k->causes};
	const cJSON *cause = causes_first(&s);

	if (d->k->causes.answer == NULL)
		return;
	if (cause == NULL || causes_confidence(&s) < REPORT_SUSPECTED) {
		causes_tell_beside(d, -1, &s, false);
		return;
	}
	say(&d->s, "变化最大的是", "What changed most is ");
	causes_put(d, &s, cause);
	drawing_finding(d, "contributing", -1, NULL);
}

static void
say_all_clear(struct drawing *d, bool noted)
{
	if (d->k->incidents.n > 0 && noted) {
		say(&d->s, "只有常驻告警（心跳一类）在触发",
		    "Only alerts that always fire (a heartbeat) are active");
	} else if (d->k->incidents.n > 0) {
		say(&d->s, "只有常驻告警（心跳一类）在触发，没有需要排查的问题",
		    "Only alerts that always fire (a heartbeat) are active; "
		    "there is nothing to look into");
	} else if (d->k->facts.past) {
		say(&d->s, "没有告警在触发：", "No alert was firing at ");
		say_time(&d->s, d->k->facts.at_s);
	} else {
		say(&d->s, "没有告警在触发", "No alert is firing");
	}
	say_cite(&d->s, drawing_alerts_id(d));
}

static void
say_claims(struct drawing *d, const cJSON *claims, bool begun)
{
	const cJSON *claim, *id;

	cJSON_ArrayForEach (claim, claims) {
		if (begun)
			say(&d->s, "；", "; ");
		begun = true;
		buf_adds(&d->s.text, tree_str(claim, "text"));
		cJSON_ArrayForEach (id, tree_at(claim, "evidence"))
			say_cite(&d->s, id->valuestring);
	}
}

static void
say_beside(struct drawing *d, const cJSON *down, bool noted)
{
	if (!noted && alerts_count(d->k->facts.alerts, "pending") > 0)
		say(&d->s, "；有告警处于待定状态，可能即将触发，见上表",
		    "; some are pending and may fire soon, see the table "
		    "above");
	if (cJSON_GetArraySize(down) == 0)
		return;
	say(&d->s, "；有目标采集失败，见上表",
	    "; targets fail to be scraped, see the table above");
	say_cite(&d->s, answer_evidence(d->k->facts.targets_answer));
}

void
conclude_quiet(struct drawing *d, cJSON *c, const cJSON *doubts,
    const cJSON *notes, const cJSON *down)
{
	bool clear = cJSON_GetArraySize(doubts) == 0;

	if (clear)
		say_all_clear(d, cJSON_GetArraySize(notes) > 0);
	else if (!silence_leads(d) && d->k->incidents.n > 0)
		say(&d->s,
		    "只有常驻告警（心跳一类）在触发，但这不能说明一切正常：",
		    "Only alerts that always fire (a heartbeat) are active, "
		    "which is no all-clear: ");
	else if (!silence_leads(d))
		say(&d->s, "没有找到正在触发的告警，但这不能说明一切正常：",
		    "No firing alert was found, which is no all-clear: ");
	say_claims(d, doubts, false);
	say_claims(d, notes, true);
	say_beside(d, down, cJSON_GetArraySize(notes) > 0);
	put_summary(d, c);
	cJSON_AddBoolToObject(c, "all_clear", clear);
	tell_quiet_causes(d);
}
