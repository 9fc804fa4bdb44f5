/*
 * conclude_user.c - an incident explained by who uses the resource.
 *
 * Confirmed only when the user was measured, stands out, and rose when the
 * alert's own measure did.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"

enum { NAMES_SAID = 3 };

static const struct advice {
	const char *resource;
	const char *text[REPORT_LANGS];
} advices[] = {
    {"cpu",
	{"确认它是否应当在运行；不应当就停止它，应当就限制它的 "
	 "CPU（cgroup、nice）或扩容：",
	    "See whether it should be running; if not, stop it, if so, limit "
	    "its CPU (cgroup, nice) or add capacity: "}},
    {"memory",
	{"确认它的内存增长是否正常；必要时在耗尽之前重启它或限制它的内存：",
	    "See whether its memory should grow so; restart or limit it "
	    "before memory runs out if need be: "}},
    {"", {"确认它的用量是否正常，必要时限制它：",
	     "See whether it should use as much; limit it if need be: "}},
};

static void
advise(struct drawing *d, const struct study *s)
{
	const struct advice *a = advices;

	while (a->resource[0] != '\0' &&
	       strcmp(a->resource, s->resource->key) != 0)
		a++;
	say(&d->s, a->text[REPORT_ZH], a->text[REPORT_EN]);
	buf_adds(&d->s.text, resource_key_word(s->top.key, d->s.lang));
	buf_addc(&d->s.text, ' ');
	say_code(&d->s, s->top.value);
	say_cite(&d->s, answer_evidence(s->users.answer));
	drawing_action(d);
}

static void
say_user(struct drawing *d, const struct study *s, const struct user *u)
{
	buf_adds(&d->s.text, resource_key_word(u->key, d->s.lang));
	if (!d->zh)
		buf_addc(&d->s.text, ' ');
	say_code(&d->s, u->value);
	say_cite(&d->s, answer_evidence(s->users.answer));
}

static void
say_top(struct drawing *d, const struct study *s)
{
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	say(&d->s, "主要被", " is mostly used by ");
	say_user(d, s, &s->top);
	say(&d->s, " 占用：", ": ");
	say_value(&d->s, s->top.series.last, s->resource->unit);
}

static void
say_rise(struct drawing *d, const struct study *s)
{
	if (s->user_since_t <= 0)
		return;
	say(&d->s, "，在", ", risen after ");
	say_time(&d->s, s->user_since_t);
	say(&d->s, "之后升到这个水平", "");
	if (study_user_agrees(s))
		say(&d->s, "，与告警条件成立的时间一致",
		    ", when the alert's condition came true");
	say_cite(&d->s, answer_evidence(s->user_since.answer));
	say_cite(&d->s, answer_evidence(s->user_range.answer));
	if (study_own(s) != NULL)
		say_cite(&d->s, answer_evidence(study_own(s)->since.answer));
}

/* Whether the window shows that it used as much all along, while the alert
 * began within it. */
bool
conclude_user_was_high(const struct study *s, const struct facts *f)
{
	double since = facts_since(s->alert);

	return s->user_found && answer_ok(s->user_since.answer) &&
	       !study_user_rose(s) && since > f->at_s - f->window_s / 2;
}

static void
tell_second(struct drawing *d, int n, const struct study *s)
{
	if (s->second.key == NULL)
		return;
	say_user(d, s, &s->second);
	say(&d->s, "：用量次之，只有", ": next in use, with only ");
	say_value(&d->s, s->second.series.last, s->resource->unit);
	drawing_finding(d, "ruled_out", n, NULL);
}

/* What keeps it from being more than suspected; NULL: nothing. */
static const char *
missing_of(const struct drawing *d, const struct study *s)
{
	double symptom = study_symptom_since(s);

	if ((s->user_since.answer != NULL &&
		!answer_ok(s->user_since.answer)) ||
	    (s->user_range.answer != NULL && !answer_ok(s->user_range.answer)))
		return drawing_word(d, "；尚未证实：它以前用多少没有读到",
		    "; not shown: how much it used before could not be read");
	if (symptom > 0 && s->user_since_t > symptom + STUDY_AGREE_S)
		return drawing_word(d, "；尚未证实：在它升高之前症状就已经存在",
		    "; not shown: the symptom was there before it rose");
	return NULL;
}

void
conclude_user(
    struct drawing *d, int n, const struct study *s, struct outcome *o)
{
	const char *missing = missing_of(d, s);

	o->has_cause = true;
	o->confidence = missing != NULL        ? REPORT_SUSPECTED
			: study_user_agrees(s) ? REPORT_CONFIRMED
					       : REPORT_LIKELY;
	say_top(d, s);
	say_rise(d, s);
	if (missing != NULL)
		buf_adds(&d->s.text, missing);
	drawing_says(d, "top_user", NULL);
	drawing_says_that(d, "key", s->top.key);
	drawing_says_that(d, "value", s->top.value);
	drawing_finding(d, missing != NULL ? "open" : "cause", n, NULL);
	say_user(d, s, &s->top);
	say(&d->s, " 占用的", " uses most of the ");
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	say(&d->s, "最多", "");
	o->answer = say_claim(&d->s);
	say_user(d, s, &s->top);
	o->verdict = say_take(&d->s);
	if (missing == NULL) {
		say_user(d, s, &s->top);
		if (!d->zh)
			buf_addc(&d->s.text, ' ');
		say_value(&d->s, s->top.series.last, s->resource->unit);
		o->chain_end = say_claim(&d->s);
	}
	tell_second(d, n, s);
	advise(d, s);
}

/* Measured, but it does not explain the alert. */
void
tell_weak_user(struct drawing *d, int n, const struct study *s)
{
	say_top(d, s);
	say(&d->s,
	    conclude_user_was_high(s, &d->k->facts)
		? "，但告警之前它就是这个水平"
		: "，但它并不比其他的突出",
	    conclude_user_was_high(s, &d->k->facts)
		? ", but it did so before the alert"
		: ", but it does not stand out from the others");
	say_cite(&d->s, answer_evidence(s->user_range.answer));
	drawing_finding(d, "open", n, NULL);
	tell_second(d, n, s);
}

/* find_causes has found that somebody uses more of it. */
static bool
is_told_otherwise(const struct study *s)
{
	const cJSON *one;

	if (!answer_ok(s->causes.answer))
		return false;
	cJSON_ArrayForEach (
	    one, tree_at(tree_at(s->causes.answer, "data"), "series"))
		if (tree_is(one, "direction", "up") &&
		    resource_is_kind(s->resource, tree_str(one, "kind")))
			return true;
	return false;
}

static void
say_names(struct drawing *d, const cJSON *series)
{
	const cJSON *one;
	int named = 0;

	cJSON_ArrayForEach (one, series)
		if (tree_has(tree_at(one, "labels"), "__name__") &&
		    named++ < NAMES_SAID)
			say_code(&d->s,
			    tree_str(tree_at(one, "labels"), "__name__"));
}

/* Nobody but what the alert is about. */
static void
tell_itself(struct drawing *d, int n, const struct study *s)
{
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	say(&d->s, "在那里只有告警的对象自己在使用：",
	    " is used there only by what the alert is about: ");
	say_code(&d->s, tree_str(s->itself.labels, "metric"));
	say(&d->s, " 为", " is ");
	say_value(&d->s, s->itself.last, s->resource->unit);
	say_cite(&d->s, answer_evidence(s->users.answer));
	drawing_finding(d, "symptom", n, NULL);
}

/* All that is measured there is next to nothing. */
static void
tell_trifle(struct drawing *d, int n, const struct study *s)
{
	say(&d->s, "那里有指标的使用者都用不了多少",
	    "none of those measured there uses much ");
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	say(&d->s, "，最多的是", "; the most, ");
	say_user(d, s, &s->trifle);
	say(&d->s, "：", ", uses ");
	say_value(&d->s, s->trifle.series.last, s->resource->unit);
	drawing_finding(d, "ruled_out", n, NULL);
}

void
tell_no_user(struct drawing *d, int n, const struct study *s)
{
	const cJSON *elsewhere = answer_series(s->users_anywhere.answer);

	if (s->users.answer == NULL)
		return;
	if (!answer_ok(s->users.answer)) {
		tell_failed(d, n, &s->users);
		return;
	}
	if (s->has_itself) {
		tell_itself(d, n, s);
		return;
	}
	if (is_told_otherwise(s))
		return;
	if (s->trifle.key != NULL) {
		tell_trifle(d, n, s);
		return;
	}
	say_cite(&d->s, answer_evidence(s->users.answer));
	if (elsewhere != NULL && cJSON_GetArraySize(elsewhere) == 0) {
		say(&d->s, "没有进程或容器一级的指标能说明是谁在使用",
		    "No metric of processes or containers tells who uses the ");
		buf_adds(&d->s.text, s->resource->what[d->s.lang]);
		say_cite(&d->s, answer_evidence(s->users_anywhere.answer));
		drawing_says(d, "no_user", NULL);
		drawing_finding(d, "open", n,
		    drawing_word(d,
			"登录该主机查看，或安装 process-exporter、cAdvisor "
			"之类",
			"look on the host, or install something like "
			"process-exporter or cAdvisor"));
		return;
	}
	say(&d->s, "同一处没有指标能说明是谁在使用",
	    "In the same place no metric tells who uses the ");
	buf_adds(&d->s.text, s->resource->what[d->s.lang]);
	if (elsewhere != NULL) {
		say(&d->s, "，带有其他标签的有：",
		    ", while with other labels there are ");
		say_names(d, elsewhere);
		say_cite(&d->s, answer_evidence(s->users_anywhere.answer));
	}
	drawing_finding(d, "open", n,
	    drawing_word(d, "登录该主机查看，或让这些指标带上与告警相同的标签",
		"look on the host, or give these metrics the labels that the "
		"alert has"));
}
