/* report_words.c - the fixed words of a report, in every language it has. */
#include "common/report/report_words.h"

#include <string.h>

#include "common/report/tool_class.h"

static const char *const words[RW_WORDS][REPORT_LANGS] = {
    [RW_AT] = {"调查时刻", "Moment"},
    [RW_WINDOW] = {"回看", "looking back"},
    [RW_RUN] = {"调查编号", "Run"},
    [RW_RESOLVE] = {"；编号如 E1 的证据：", "; evidence such as E1: "},
    [RW_SCOPE] = {"范围", "Scope"},
    [RW_TASK] = {"任务", "Task"},
    [RW_FIRING] = {"正在触发的告警实例：", "Alert instances firing: "},
    [RW_NONE_FIRING] = {"无。", "None."},
    [RW_NONE_LISTED] = {"没有列出正在触发的告警；这不等于一切正常，见下。",
	"No firing alert is listed; that is no all-clear, see below."},
    [RW_UNKNOWN_ALERTS] = {"未能取得告警列表，以下不代表没有告警。",
	"The list of alerts could not be read; this does not mean that there "
	"are none."},
    [RW_TABLE] = {"| # | 告警 | 级别 | 标签 | 开始 | 值 | 说明 |",
	"| # | Alert | Severity | Labels | Since | Value | Summary |"},
    [RW_LISTED] = {"，其中列出 ", ", of which listed: "},
    [RW_NOT_LISTED] = {"只计数、未列出的实例：",
	"Instances that are counted, not listed: "},
    [RW_EVIDENCE_WHOLE] = {"，证据里有全部", "; the evidence has all of them"},
    [RW_EVIDENCE_CUT] = {"，证据也在长度上限处截断，没有全部",
	"; the evidence was cut at its limit and does not have all of them"},
    [RW_OF] = {" / ", " of "},
    [RW_PENDING] = {"待定（条件已满足，尚未触发）：",
	"Pending (the condition holds, not yet firing): "},
    [RW_RESOLVED] = {"已恢复：", "Resolved: "},
    [RW_TARGETS] = {"采集失败的目标：", "Targets that cannot be scraped: "},
    [RW_TARGETS_TABLE] =
	{"| # | 任务 (job) | 实例 | 最后一次正常 | 错误 | 证据 |",
	    "| # | Job | Instance | Last up | Error | Evidence |"},
    [RW_CONFIDENCE] = {"置信度", "Confidence"},
    [RW_COLON] = {"：", ": "},
    [RW_FULL_STOP] = {"。", "."},
    [RW_INCIDENT] = {"事件", "Incident"},
    [RW_CHAIN] = {"链路", "Chain"},
    [RW_OTHERS] = {"考虑过的其他解释", "Alternatives considered"},
    [RW_OPEN] = {"尚未确定", "Still open"},
    [RW_UNSEEN] = {"没有查看的", "Not looked at"},
    [RW_WARNED] = {"服务器在回答里警告的", "What the answers warn of"},
    [RW_OPINION] = {"模型的看法（引用与数字已核对；结论以上文为准）",
	"What the model makes of it (citations and figures hold; the "
	"conclusion is the one above)"},
    [RW_NEXT] = {"下一步", "Next"},
    [RW_ESTABLISHED] = {"现象与依据", "What is established"},
    [RW_NOTHING] = {"没有得到可用的发现。", "Nothing could be established."},
    [RW_UNREAD] = {"得到过什么、做过什么见本次调查的事件，本报告没有重新读取；"
		   "中止时正在执行的步骤可能已经生效。",
	"What was established and done stands in the run's events, which this "
	"report was not made from; a step that was under way may have taken "
	"effect."},
    [RW_DONE] = {"已执行（均为只读查询，未对系统做任何改动）",
	"Done (read-only queries; nothing was changed)"},
    [RW_DONE_MORE] = {"已执行（标有类别的步骤可能改动了系统，其余为只读查询）",
	"Done (a step marked with a class may have changed something; the "
	"others only read)"},
    [RW_OUTCOME_UNKNOWN] = {"结果未知", "outcome not known"},
    [RW_APPROVED_BY] = {"批准人", "approved by"},
    [RW_SOMEONE_HERE] = {"本机上的某人", APPROVED_HERE},
    [RW_CHANGED] = {"执行过的、可能改动了系统的步骤",
	"Done, and may have changed something"},
    [RW_NOT_DONE] = {"没有执行（未获批准）", "Not done (nobody approved it)"},
    [RW_NO_STEPS] = {"没有执行任何步骤。", "No step was executed."},
    [RW_FAILED] = {"失败", "failed"},
    [RW_EMPTY] = {"空结果", "empty"},
    [RW_ADVICE] = {"建议", "Advised"},
    [RW_ADVICE_THEN] = {"建议（在开头的“首先”之后）",
	"Advised, after “First” at the top"},
    [RW_RUNBOOKS] = {"处理手册", "Runbooks"},
    [RW_ANSWER] = {"回答", "Answer"},
    [RW_ANSWERS] = {"所问的内容", "What was asked"},
    [RW_NO_ADVICE] = {"没有需要立即执行的操作。",
	"Nothing needs to be done at once."},
    [RW_ADVICE_ABOVE] = {"见开头的“首先”。", "See “First” at the top."},
    [RW_NOTHING_WRONG] = {"没有需要解释的告警。",
	"There is no alert to explain."},
    [RW_CLEAR] = {"所问的范围内没有发现问题。",
	"Nothing wrong was found in what was asked about."},
    [RW_CLEAR_ADVISED] = {"此刻没有告警；建议的事仍然要做。",
	"There is no alert at this moment; what is advised remains to be "
	"done."},
    [RW_UNREADABLE] = {"读到数据之前，什么都不能断定。",
	"Nothing can be concluded until it can be read."},
    [RW_CUT_ADVICE] = {"条件恢复后重新发起调查。",
	"Investigate again once the obstacle is gone."},
    [RW_NO_ADVICE_GIVEN] = {"没有给出建议。", "None was given."},
    [RW_NOTES] = {"备注", "Notes"},
    [RW_CUT] = {"调查未完成，根因未能确定",
	"The investigation is incomplete and the root cause undetermined"},
    [RW_CUT_CLUES] = {"中止之前已经得到的（只是线索，不是结论）",
	"What had been established by then (clues, not a conclusion)"},
    [RW_NO_CAUSE] = {"未能确定根因。", "The root cause is undetermined."},
    [RW_CUT_END] = {"以上内容不能当作已经找到的根因。",
	"Nothing above is a cause that was found."},
    [RW_MINUTES] = {"分钟", "min"},
    [RW_SECONDS] = {"秒", "s"},
    [RW_INSTANCES] = {"个实例", "instances"},
    [RW_GIVEN] = {"随请求送达", "came with the request"},
    [RW_SINCE] = {"，始于 ", ", since "},
    [RW_SEMICOLON] = {"；", "; "},
    [RW_CAUSE_OPEN] = {"原因未能确定", "cause undetermined"},
    [RW_LONG] = {"早已在触发", "long-standing"},
    [RW_MORE] = {"下文还有事件：", "More incidents below: "},
    [RW_FIRST] = {"首先", "First"},
    [RW_STANDING] = {"早已在触发（始于时间窗之前）",
	"Long-standing (began before the window)"},
    [RW_NOT_STUDIED] = {"没有分析的事件", "Incidents not studied"},
    [RW_INCIDENTS] = {"起事件", "incidents"},
    [RW_APART] = {"区别在", "told apart by"},
    [RW_ALSO] = {"（同样见于事件 ", " (likewise for incident "},
    [RW_COMMA] = {"、", ", "},
    [RW_LEAST] = {"（以最不确定的一起为准）", " (of the least certain incident)"},
    [RW_EACH] = {"，值都是 ", ", each "},
    [RW_ALL_INSTANCES] = {"上表中合并的实例，逐个列出",
	"Every instance of the rows above that stand for several"},
};

static const struct {
	const char *role;
	const char *word[REPORT_LANGS];
} roles[] = {
    {"cause", {"原因", "Cause"}},
    {"contributing", {"促成因素", "Contributing"}},
    {"trigger", {"变更", "Change"}},
    {"symptom", {"现象", "Symptom"}},
    {"ruled_out", {"已排除", "Ruled out"}},
    {"open", {"待查", "Open"}},
};

static const struct {
	const char *reason;
	const char *words[REPORT_LANGS];
} reasons[] = {
    {"rounds",
	{"达到轮数上限，没有再开始新的一轮",
	    "the limit of rounds was reached; no further one was begun"}},
    {"tool_failed", {"同一个工具连续失败多次",
			"the same tool failed several times in a row"}},
    {"deadline", {"超过了调查的时限", "its time was up"}},
    {"cancelled", {"调查被取消", "it was cancelled"}},
    {"budget", {"预算已经用完", "its budget was spent"}},
    {"turns", {"规划器反复思考而没有行动",
		  "the planner went on planning without acting"}},
    {"planner_failed",
	{"规划器未能给出可用的计划", "the planner gave no usable plan"}},
    {"no_executor",
	{"时限之内没有执行器在场，没有人能去查看",
	    "no executor was there within its time, so nobody could look at "
	    "anything"}},
    {"no_planner",
	{"时限之内没有规划器在场，没有人能制定计划",
	    "no planner was there within its time, so nobody could plan"}},
    {"supervisor_died", {"监督进程在处理它时反复中途退出",
			    "the supervisor died at it again and again"}},
    {"unreadable", {"它的记录无法读取", "its record cannot be read"}},
};

const char *
report_word(enum report_word w, enum report_lang lang)
{
	return words[w][lang];
}

const char *
report_role_word(const char *role, enum report_lang lang)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(role, roles[i].role) == 0)
			return roles[i].word[lang];
	return "";
}

const char *
report_reason_words(const char *reason, enum report_lang lang)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reason, reasons[i].reason) == 0)
			return reasons[i].words[lang];
	return reason;
}
