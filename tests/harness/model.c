/*
 * model.c - what must be true of a run, told without the supervisor's code.
 *
 * The rules are the design's: the n-th plan answers the n-th turn and the
 * last repeats; ten rounds at most; three failures of a tool in a row end
 * it; so do 24 turns; FINISH goes before all of these.
 */
#include "tests/harness/model.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/base/sha256.h"
#include "tests/harness/dice.h"

enum { ROUNDS = 10, FAILURES = 3, TURNS = 24 };

static const char *const decisions[] = {"PLAN", "EXECUTE", "FINISH"};

/* ---- scripts ---- */

static void
make_step(struct model_step *s, struct dice *d)
{
	int n = dice_percent(d, 20) ? dice_int(d, 100, MODEL_TEXT - 20)
				    : dice_int(d, 0, 40);
	int i = snprintf(s->text, sizeof(s->text), "said %06x ",
	    (unsigned)(dice_next(d) & 0xffffff));

	for (n += i; i < n; i++)
		s->text[i] = (char)('a' + dice_int(d, 0, 25));
	s->text[i] = '\0';
	s->refused = dice_percent(d, 6);
}

static void
make_plan(struct model_plan *p, struct dice *d)
{
	int i;

	p->decision = dice_percent(d, 85) ? MODEL_EXECUTE : MODEL_PLAN;
	p->n = p->decision == MODEL_EXECUTE ? dice_int(d, 1, MODEL_STEPS) : 0;
	snprintf(p->word, sizeof(p->word), "word%06x",
	    (unsigned)(dice_next(d) & 0xffffff));
	for (i = 0; i < p->n; i++)
		make_step(&p->steps[i], d);
}

void
model_make(struct model *m, uint64_t seed)
{
	struct dice d = dice_of(seed, 77, 0);
	int i;

	memset(m, 0, sizeof(*m));
	m->n = dice_int(&d, 2, MODEL_PLANS);
	for (i = 0; i < m->n; i++)
		make_plan(&m->plans[i], &d);
	if (dice_percent(&d, 80)) {
		m->plans[m->n - 1].decision = MODEL_FINISH;
		m->plans[m->n - 1].n = 0;
	}
}

static cJSON *
step_tree(const struct model_step *s)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *args = cJSON_AddObjectToObject(o, "args");

	cJSON_AddStringToObject(o, "step", "say it");
	cJSON_AddStringToObject(o, "tool", "echo");
	cJSON_AddStringToObject(
	    args, s->refused ? "nonsense" : "text", s->text);
	return o;
}

char *
model_script(const struct model *m)
{
	cJSON *plans = cJSON_CreateArray();
	char *text;
	int i, k;

	for (i = 0; i < m->n; i++) {
		const struct model_plan *p = &m->plans[i];
		cJSON *o = cJSON_CreateObject(), *steps;

		cJSON_AddItemToArray(plans, o);
		cJSON_AddStringToObject(o, "decision", decisions[p->decision]);
		cJSON_AddStringToObject(o, "step", p->word);
		if (p->decision == MODEL_FINISH)
			cJSON_AddStringToObject(o, "report", p->word);
		steps = cJSON_AddArrayToObject(o, "steps");
		for (k = 0; k < p->n; k++)
			cJSON_AddItemToArray(steps, step_tree(&p->steps[k]));
	}
	text = cJSON_PrintUnformatted(plans);
	cJSON_Delete(plans);
	return text;
}

/* ---- the story ---- */

struct story {
	const struct model *m;
	/* How far it has been told. */
	int turn, rounds, failures, evidence;
	const struct model_plan *plan; /* the last one */
};

static const struct model_plan *
story_plan(const struct story *s)
{
	return &s->m->plans[MIN(s->turn, s->m->n - 1)];
}

/* "" while it goes on. */
static const char *
story_ending(const struct story *s)
{
	if (s->plan != NULL && s->plan->decision == MODEL_FINISH)
		return "finish";
	if (s->failures >= FAILURES)
		return "tool_failed";
	if (s->rounds >= ROUNDS)
		return "rounds";
	if (s->turn >= TURNS)
		return "turns";
	return "";
}

/* A plan was answered and its steps are done. */
static void
story_step(struct story *s)
{
	int i;

	s->plan = story_plan(s);
	s->turn++;
	s->rounds += s->plan->decision == MODEL_EXECUTE;
	for (i = 0; i < s->plan->n; i++) {
		if (s->failures >= FAILURES)
			continue;
		if (s->plan->steps[i].refused)
			s->failures++;
		else
			s->failures = 0;
	}
	s->evidence += s->plan->n;
}

const char *
model_evidence(const struct model *m, int number)
{
	struct story s = {.m = m};
	int left = number - 1;

	while (story_ending(&s)[0] == '\0') {
		story_step(&s);
		if (left < s.plan->n)
			return left < 0 || s.plan->steps[left].refused
				   ? NULL
				   : s.plan->steps[left].text;
		left -= s.plan->n;
	}
	return NULL;
}

/* ---- a transcript against it ---- */

struct check {
	struct story s;
	const cJSON *at; /* the next event */
	bool cancelled;  /* may end at any event */
	bool over;       /* and did */
	/* By the number of its evidence: a step that was cut off. */
	bool lost[TURNS * MODEL_STEPS + 1];
	char *wrong; /* the first thing that does not fit */
};

static void PRINTF(2, 3) wrong(struct check *c, const char *fmt, ...)
{
	char text[2048], *seen;
	va_list ap;

	if (c->wrong != NULL || c->over)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	seen = c->at != NULL ? cJSON_PrintUnformatted(c->at) : NULL;
	c->wrong = xasprintf("%s; at the event %.900s", text,
	    seen != NULL ? seen : "(none: the transcript ends here)");
	free(seen);
}

static const char *
text_of(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static int
int_of(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsNumber(v) ? v->valueint : -1;
}

static const cJSON *
data_of(const cJSON *event)
{
	return cJSON_GetObjectItemCaseSensitive(event, "data");
}

static bool
is_type(const cJSON *event, const char *type)
{
	return event != NULL && strcmp(text_of(event, "type"), type) == 0;
}

/* What says only that something was tried again, or goes on. */
static void
skip_noise(struct check *c)
{
	while (is_type(c->at, "retry") || is_type(c->at, "progress"))
		c->at = c->at->next;
}

/* The event's data, which must be of a type; NULL: it is not. */
static const cJSON *
expect(struct check *c, const char *type)
{
	const cJSON *event;

	skip_noise(c);
	event = c->at;
	if (c->wrong != NULL || c->over)
		return NULL;
	if (event == NULL && c->cancelled) {
		c->over = true;
		return NULL;
	}
	if (!is_type(event, type)) {
		wrong(c, "%s was expected", type);
		return NULL;
	}
	c->at = event->next;
	return data_of(event);
}

static void
same_text(struct check *c, const cJSON *o, const char *key, const char *want)
{
	if (o != NULL && strcmp(text_of(o, key), want) != 0)
		wrong(c, "before it, %s is \"%s\", not \"%s\"", key,
		    text_of(o, key), want);
}

static void
same_int(struct check *c, const cJSON *o, const char *key, int want)
{
	if (o != NULL && int_of(o, key) != want)
		wrong(c, "before it, %s is %d, not %d", key, int_of(o, key),
		    want);
}

static void
check_started(struct check *c, const char *input)
{
	const cJSON *o = expect(c, "started");

	if (input != NULL)
		same_text(c, o, "input", input);
}

static void
check_supervisor(struct check *c)
{
	const char *ending = story_ending(&c->s);
	const cJSON *o = expect(c, "supervisor");

	same_int(c, o, "iteration", c->s.rounds);
	same_text(c, o, "decision",
	    c->s.plan != NULL ? decisions[c->s.plan->decision] : "");
	same_text(c, o, "next", ending[0] != '\0' ? "end" : "planner");
	same_text(c, o, "reason", ending);
}

static void
check_plan(struct check *c)
{
	const cJSON *o = expect(c, "plan");

	same_int(c, o, "iteration",
	    c->s.rounds + (story_plan(&c->s)->decision == MODEL_EXECUTE));
	same_text(c, o, "decision", decisions[story_plan(&c->s)->decision]);
	same_text(c, o, "step", story_plan(&c->s)->word);
}

/* ---- the steps of a plan, in any order among each other ---- */

struct step_seen {
	int attempt;
	bool evidence, done;
	char worker[64];
};

static void
step_started(struct check *c, const cJSON *o, struct step_seen *seen)
{
	if (seen->evidence || seen->done)
		wrong(c, "before it, a step is begun again that was done");
	if (int_of(o, "attempt") <= seen->attempt)
		wrong(c, "before it, attempt %d follows attempt %d",
		    int_of(o, "attempt"), seen->attempt);
	seen->attempt = int_of(o, "attempt");
	snprintf(
	    seen->worker, sizeof(seen->worker), "%s", text_of(o, "worker"));
}

static void
step_evidence(struct check *c, const cJSON *o, const struct model_step *s,
    struct step_seen *seen)
{
	char sha[SHA256_TEXT];

	if (seen->attempt == 0 || seen->evidence || seen->done || s->refused)
		wrong(c, "before it, evidence of a step that has none to give");
	same_int(c, o, "bytes", (int)strlen(s->text));
	same_text(c, o, "sha256", sha256_text(span_of(s->text), sha));
	seen->evidence = true;
}

static void
step_feedback(struct check *c, const cJSON *o, const struct model_step *s,
    int number, struct step_seen *seen)
{
	const cJSON *ids = cJSON_GetObjectItemCaseSensitive(o, "evidence");
	const cJSON *id = cJSON_GetArrayItem(ids, 0);
	char want[16];

	snprintf(want, sizeof(want), "E%d", number);
	same_text(c, o, "status", s->refused ? "FAILED" : "SUCCESS");
	same_text(c, o, "tool", "echo");
	if (!s->refused) {
		same_text(c, o, "summary", s->text);
		same_text(c, o, "worker", seen->worker);
	}
	if (seen->done || seen->evidence == s->refused)
		wrong(c, "before it, feedback that must not be now");
	if (cJSON_GetArraySize(ids) != !s->refused ||
	    (id != NULL && strcmp(id->valuestring, want) != 0))
		wrong(
		    c, "before it, feedback with other evidence than %s", want);
	seen->done = true;
}

/* Which step the event is of; -1: none. */
static int
step_index(const struct check *c, const struct model_plan *p, int base)
{
	const cJSON *o = data_of(c->at);
	int i = is_type(c->at, "evidence")
		    ? atoi(text_of(o, "id") + 1) - base - 1
		    : int_of(o, "index");

	return i >= 0 && i < p->n ? i : -1;
}

static bool
steps_done(const struct step_seen *seen, int n)
{
	while (n > 0 && seen[n - 1].done)
		n--;
	return n == 0;
}

static void
check_steps(struct check *c, const struct model_plan *p, int base)
{
	struct step_seen seen[MODEL_STEPS] = {0};

	while (c->wrong == NULL && !c->over && !steps_done(seen, p->n)) {
		const cJSON *o;
		int i;

		skip_noise(c);
		i = c->at != NULL ? step_index(c, p, base) : -1;
		o = i >= 0 ? data_of(c->at) : NULL;
		if (c->at == NULL && c->cancelled)
			c->over = true;
		else if (is_type(c->at, "tool_started") && i >= 0)
			step_started(c, o, &seen[i]);
		else if (is_type(c->at, "evidence") && i >= 0)
			step_evidence(c, o, &p->steps[i], &seen[i]);
		else if (is_type(c->at, "feedback") && i >= 0)
			step_feedback(
			    c, o, &p->steps[i], base + i + 1, &seen[i]);
		else
			wrong(
			    c, "an event of a step of this plan was expected");
		if (c->at != NULL)
			c->at = c->at->next;
	}
}

static const char *
status_of(const char *ending)
{
	return strcmp(ending, "finish") == 0 ? "completed" : "incomplete";
}

static void
check_end(struct check *c, const char *ending, const char *status)
{
	const cJSON *o = expect(c, "report");

	if (strcmp(ending, "finish") == 0 && o != NULL &&
	    strstr(text_of(o, "markdown"), c->s.plan->word) == NULL)
		wrong(c, "before it, a report without \"%s\"", c->s.plan->word);
	o = expect(c, "finished");
	same_text(c, o, "status", status);
	same_text(c, o, "ended_by", ending);
	if (strcmp(status, "cancelled") != 0)
		same_int(c, o, "iteration", c->s.rounds);
	if (c->at != NULL)
		wrong(c, "nothing was expected after the end");
}

static void
check_story(struct check *c, const char *input)
{
	check_started(c, input);
	check_supervisor(c);
	while (c->wrong == NULL && !c->over && story_ending(&c->s)[0] == '\0') {
		int base = c->s.evidence;

		check_plan(c);
		story_step(&c->s);
		check_steps(c, c->s.plan, base);
		check_supervisor(c);
	}
}

/* The numbers are 1, 2, 3 …, and only the last event is `finished`. */
static void
check_numbers(struct check *c, const cJSON *events)
{
	int want = 1;

	cJSON_ArrayForEach (c->at, events) {
		if (int_of(c->at, "seq") != want++)
			wrong(c, "number %d was expected", want - 1);
		if (is_type(c->at, "finished") && c->at->next != NULL)
			wrong(c, "it must be the last");
	}
}

/* The last three of a cancelled one end it, wherever it was. */
static void
check_cancelled(struct check *c, cJSON *events, const char *input)
{
	cJSON *tail = cJSON_CreateArray();
	int i;

	for (i = 0; i < 3; i++)
		cJSON_InsertItemInArray(tail, 0,
		    cJSON_DetachItemFromArray(
			events, cJSON_GetArraySize(events) - 1));
	c->at = tail->child;
	same_text(c, expect(c, "supervisor"), "next", "end");
	check_end(c, "cancelled", "cancelled");
	c->cancelled = true;
	c->at = events->child;
	check_story(c, input);
	if (!c->over && c->at != NULL)
		wrong(c, "the story was over");
	cJSON_Delete(tail);
}

char *
model_check(const struct model *m, const cJSON *events, const char *input,
    bool *ret_cancelled)
{
	struct check c = {.s = {.m = m}};
	int n = cJSON_GetArraySize(events);
	const cJSON *last = cJSON_GetArrayItem(events, n - 1);

	*ret_cancelled =
	    last != NULL &&
	    strcmp(text_of(data_of(last), "status"), "cancelled") == 0;
	check_numbers(&c, events);
	if (c.wrong != NULL)
		return c.wrong;
	c.at = events->child;
	if (*ret_cancelled && n >= 4) {
		cJSON *copy = cJSON_Duplicate(events, true);

		check_cancelled(&c, copy, input);
		cJSON_Delete(copy);
		return c.wrong;
	}
	check_story(&c, input);
	check_end(&c, story_ending(&c.s), status_of(story_ending(&c.s)));
	return c.wrong;
}

/* ---- the final state ---- */

static bool
is_of_step(const cJSON *feedback, const struct model_step *s)
{
	const cJSON *args = cJSON_GetObjectItemCaseSensitive(feedback, "args");
	const cJSON *said = args != NULL ? args->child : NULL;

	return cJSON_IsString(said) && strcmp(said->valuestring, s->text) == 0;
}

/* Where the run was cancelled, steps may be missing; true: some are. */
static bool
check_state_feedback(
    struct check *c, const struct model_plan *p, int base, bool cancelled)
{
	bool cut = false;
	int i;

	for (i = 0; i < p->n && c->wrong == NULL; i++) {
		struct step_seen seen = {.evidence = !p->steps[i].refused};

		if (cancelled &&
		    (c->at == NULL || !is_of_step(c->at, &p->steps[i]))) {
			c->lost[base + i + 1] = true;
			cut = true;
			continue;
		}
		if (c->at == NULL)
			wrong(c, "feedback %d is missing", base + i + 1);
		else
			step_feedback(
			    c, c->at, &p->steps[i], base + i + 1, &seen);
		c->at = c->at != NULL ? c->at->next : NULL;
	}
	return cut;
}

/* What the evidence of that number must be; NULL: there is none. */
static const char *
state_evidence(const struct check *c, int number)
{
	return c->lost[number] ? NULL : model_evidence(c->s.m, number);
}

static void
check_state_evidence(struct check *c, const cJSON *list, int most)
{
	int number = 0;

	cJSON_ArrayForEach (c->at, list) {
		char want[16], sha[SHA256_TEXT];
		const char *text = NULL;

		while (text == NULL && number < most)
			text = state_evidence(c, ++number);
		snprintf(want, sizeof(want), "E%d", number);
		same_text(c, c->at, "id", want);
		if (text != NULL)
			same_text(c, c->at, "sha256",
			    sha256_text(span_of(text), sha));
		else
			wrong(c, "evidence that no step gave");
	}
	while (number < most)
		if (state_evidence(c, ++number) != NULL)
			wrong(c, "evidence E%d is missing", number);
}

/* A cancelled run holds feedback of whole plans, and of one that was cut
 * short, which is the last. */
static void
check_state_lists(struct check *c, const cJSON *state, bool cancelled)
{
	bool cut = false;

	c->at = cJSON_GetObjectItemCaseSensitive(state, "executor_feedback");
	c->at = c->at != NULL ? c->at->child : NULL;
	while (c->wrong == NULL && !cut && story_ending(&c->s)[0] == '\0' &&
	       !(cancelled && c->at == NULL)) {
		int base = c->s.evidence;

		story_step(&c->s);
		cut = check_state_feedback(c, c->s.plan, base, cancelled);
	}
	if (c->at != NULL)
		wrong(c, "feedback that no step gave");
	check_state_evidence(c,
	    cJSON_GetObjectItemCaseSensitive(state, "evidence"), c->s.evidence);
}

char *
model_check_state(const struct model *m, const cJSON *state, const char *input)
{
	struct check c = {.s = {.m = m}};
	bool cancelled = strcmp(text_of(state, "status"), "cancelled") == 0;

	check_state_lists(&c, state, cancelled);
	if (input != NULL)
		same_text(&c, state, "input", input);
	c.at = NULL;
	if (!cancelled) {
		same_int(&c, state, "iteration", c.s.rounds);
		same_int(&c, state, "turns", c.s.turn);
		same_text(&c, state, "status", status_of(story_ending(&c.s)));
		same_text(&c, state, "decision", decisions[c.s.plan->decision]);
	}
	return c.wrong;
}
