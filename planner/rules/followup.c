/*
 * followup.c - a question to an investigation that has ended.
 *
 * A word of it is a name only where the answers so far have it as one, so that
 * common words are none; what evidence says of a name is quoted, and nothing
 * is concluded from it.
 */
#include "planner/rules/followup.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/report/evidence_id.h"
#include "planner/rules/conclude.h"
#include "planner/rules/question.h"

enum { VALUES_MAX = 50000, QUERIES_MAX = 1000, QUOTE_MAX = 3000 };

/* ---- what is asked ---- */

/* A place for one more; NULL: there are enough. */
static struct ask *
next(struct followup *u)
{
	return u->n < FOLLOWUP_ASKS_MAX ? &u->ask[u->n] : NULL;
}

/* Keeps it where there is a tool for it, and it is not asked already. */
static void
keep(struct followup *u)
{
	struct ask *a = &u->ask[u->n];
	int i;

	for (i = 0; i < u->n && a->tool != NULL; i++)
		if (strcmp(u->ask[i].tool, a->tool) == 0 &&
		    cJSON_Compare(u->ask[i].args, a->args, true))
			ask_done(a);
	u->n += a->tool != NULL;
}

static void
ask_evidence(
    struct followup *u, const struct facts *f, const char *id, const char *text)
{
	cJSON *args;

	if (next(u) == NULL)
		return;
	args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "evidence", id);
	if (text != NULL)
		cJSON_AddStringToObject(args, "text", text);
	ask_init(next(u), f, TOOL_ROLE_EVIDENCE, args, "问题里提到的",
	    "what the question names", text != NULL ? text : id);
	keep(u);
}

static void
ask_metric(struct followup *u, const struct facts *f, struct span query)
{
	auto_str text = xstrndup(query.p, query.n);
	cJSON *args;

	if (next(u) == NULL)
		return;
	args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "query", text);
	cJSON_AddNumberToObject(args, "window", f->window_s);
	ask_init(next(u), f, TOOL_ROLE_METRICS, args, "问题里提到的",
	    "what the question names", text);
	keep(u);
}

static void
ask_documents(struct followup *u, const struct facts *f)
{
	struct span question =
	    utf8_cut(tree_span(f->state, "input"), QUERIES_MAX);
	cJSON *args;

	if (next(u) == NULL || question.n == 0)
		return;
	args = cJSON_CreateObject();
	cJSON_AddItemToObject(args, "query", json_string_of(question));
	cJSON_AddStringToObject(
	    args, "language", f->lang == REPORT_ZH ? "zh" : "en");
	ask_init(next(u), f, TOOL_ROLE_DOCS, args, "文档怎么说",
	    "what documents say", "");
	keep(u);
}

/* ---- the names in it ---- */

struct names {
	struct followup *u;
	const struct facts *f;
	const struct question *q;
	const char *name[FOLLOWUP_NAMES_MAX]; /* borrowed */
	int places[FOLLOWUP_NAMES_MAX];
	int n;
	const char *evidence; /* whose values these are */
	int values;
};

static bool
is_name_key(const char *key)
{
	static const char *const keys[] = {"name", "service", "alert", "node",
	    "caller", "callee", "job", "instance", "namespace", "pod"};
	size_t i;

	for (i = 0; key != NULL && i < ARRAY_LEN(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* The same name in one answer counts once. */
static void
found(struct names *x, const char *name)
{
	int i;

	for (i = 0; i < x->n; i++)
		if (strcasecmp(x->name[i], name) == 0)
			break;
	if (i == FOLLOWUP_NAMES_MAX)
		return;
	if (i == x->n)
		x->name[x->n++] = name;
	if (x->places[i]++ < FOLLOWUP_PLACES_MAX)
		ask_evidence(x->u, x->f, x->evidence, x->name[i]);
}

/* Whether a member stands for a name; in labels all but a few do. */
static bool
is_name(const cJSON *v, bool labels)
{
	if (!cJSON_IsString(v) || v->string == NULL)
		return false;
	if (labels)
		return strcmp(v->string, "severity") != 0 &&
		       strcmp(v->string, "alertstate") != 0;
	return is_name_key(v->string);
}

static void
walk(struct names *x, const cJSON *v, bool labels)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, v) {
		if (x->values++ > VALUES_MAX)
			return;
		if (is_name(one, labels) &&
		    question_has(x->q, span_of(one->valuestring)))
			found(x, one->valuestring);
		else if (one->child != NULL)
			walk(x, one,
			    one->string != NULL &&
				(strcmp(one->string, "labels") == 0 ||
				    strcmp(one->string, "metric") == 0));
	}
}

static bool
is_looked_into(const cJSON *feedback)
{
	enum tool_role role = tool_role_of_feedback(feedback);

	return answer_ok(feedback) && answer_evidence(feedback)[0] != '\0' &&
	       role != TOOL_ROLE_EVIDENCE && role != TOOL_ROLE_DOCS &&
	       role != TOOL_ROLE_RULES;
}

static void
ask_names(struct names *x)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, tree_at(x->f->state, "executor_feedback")) {
		if (!is_looked_into(a))
			continue;
		x->evidence = answer_evidence(a);
		walk(x, tree_at(a, "data"), false);
	}
}

/* ---- evidence and metrics in it ---- */

static bool
is_metric(struct span word)
{
	bool inside = false;
	size_t i;

	for (i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (!isalnum((unsigned char)c) && c != '_' && c != ':')
			return false;
		inside |= (c == '_' || c == ':') && i > 0 && i + 1 < word.n;
	}
	return inside && !isdigit((unsigned char)word.p[0]);
}

static bool
is_among(const struct names *x, struct span word)
{
	int i;

	for (i = 0; i < x->n; i++)
		if (word.n == strlen(x->name[i]) &&
		    strncasecmp(x->name[i], word.p, word.n) == 0)
			return true;
	return false;
}

static void
ask_words(struct names *x)
{
	const struct span *word;
	int64_t number;
	int metrics = 0;
	char id[EVIDENCE_ID_TEXT];
	size_t i;

	for (i = 0; (word = question_word(x->q, i)) != NULL; i++) {
		snprintf(id, sizeof(id), "%.*s", SPAN_ARG(*word));
		id[0] = (char)toupper((unsigned char)id[0]);
		if (word->n < sizeof(id) &&
		    evidence_id_parse(span_of(id), &number))
			ask_evidence(x->u, x->f, id, NULL);
		else if (is_metric(*word) && !is_among(x, *word) &&
			 metrics++ < FOLLOWUP_METRICS_MAX)
			ask_metric(x->u, x->f, *word);
	}
}

/* What stands in backticks, where it is more than a name. */
static void
ask_queries(struct names *x)
{
	const char *p = tree_str(x->f->state, "input"), *end;
	int n = 0;

	while ((p = strchr(p, '`')) != NULL &&
	       (end = strchr(p + 1, '`')) != NULL) {
		struct span query = span_make(p + 1, (size_t)(end - p - 1));

		if (query.n <= QUERIES_MAX && n++ < FOLLOWUP_METRICS_MAX &&
		    (memchr(query.p, '(', query.n) != NULL ||
			memchr(query.p, '{', query.n) != NULL))
			ask_metric(x->u, x->f, query);
		p = end + 1;
	}
}

void
followup_init(struct followup *u, const struct facts *f)
{
	struct names x = {.u = u, .f = f};
	struct question *q;

	*u = (struct followup){
	    .asks = tree_has(tree_at(f->state, "follows"), "run")};
	if (!u->asks)
		return;
	x.q = q = question_new(tree_str(f->state, "input"));
	ask_queries(&x);
	ask_names(&x);
	ask_words(&x);
	ask_documents(u, f);
	question_free(q);
}

void
followup_done(struct followup *u)
{
	int i;

	for (i = 0; i < u->n; i++)
		ask_done(&u->ask[i]);
}

/* ---- what came of it ---- */

/* The claim made so far, with that beside it where there is any. */
static void
add(struct drawing *d, cJSON *list, struct span quote)
{
	cJSON *claim = say_claim(&d->s);
	struct span cut = utf8_cut(quote, QUOTE_MAX);

	if (cut.n > 0)
		cJSON_AddItemToObject(claim, "quote", json_string_of(cut));
	cJSON_AddItemToArray(list, claim);
}

/* The answer that has this evidence. */
static const cJSON *
answer_of(const struct facts *f, const char *id)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, tree_at(f->state, "executor_feedback"))
		if (strcmp(answer_evidence(a), id) == 0)
			return a;
	return NULL;
}

static void
put_origin(struct drawing *d, const char *id)
{
	const cJSON *a = answer_of(&d->k->facts, id);

	say_code(&d->s, tree_str(a, "tool"));
	if (tree_has(a, "query"))
		say_code(&d->s, tree_str(a, "query"));
}

static void
tell_look(struct drawing *d, cJSON *list, const struct ask *a)
{
	const cJSON *data = tree_at(a->answer, "data");
	const char *id = tree_str(a->args, "evidence");

	if (!answer_ok(a->answer)) {
		say_code(&d->s, answer_error(a->answer));
	} else if (tree_num(data, "hits", 1) <= 0) {
		return;
	} else if (tree_has(a->args, "text")) {
		say_code(&d->s, tree_str(a->args, "text"));
		say(&d->s, "出现在这里：", " stands in the answer of ");
		put_origin(d, id);
		say_cite(&d->s, id);
	} else {
		say(&d->s, "这项证据是", "This evidence is the answer of ");
		put_origin(d, id);
		say_cite(&d->s, id);
	}
	add(d, list, tree_span(data, "part"));
}

static void
put_series(struct drawing *d, const struct series *s)
{
	say_labels(&d->s, s->labels, 3);
	say(&d->s, "：", ": ");
	if (s->is_range) {
		say_value(&d->s, s->first, UNIT_NONE);
		say(&d->s, " → ", " → ");
	}
	say_value(&d->s, s->last, UNIT_NONE);
	if (s->is_range && s->max > MAX(s->first, s->last)) {
		say(&d->s, "，最高 ", ", at most ");
		say_value(&d->s, s->max, UNIT_NONE);
	}
}

static void
tell_metric(struct drawing *d, cJSON *list, const struct ask *a)
{
	const cJSON *one;
	struct series s;
	int n = 0;

	say_code(&d->s, tree_str(a->args, "query"));
	if (!answer_ok(a->answer)) {
		say(&d->s, " 没有得到回答：", " was not answered: ");
		say_code(&d->s, answer_error(a->answer));
	}
	cJSON_ArrayForEach (one, answer_series(a->answer)) {
		if (!series_read(one, &s) || n++ >= FOLLOWUP_SERIES_MAX)
			continue;
		say(&d->s, n > 1 ? "；" : "：", n > 1 ? "; " : ": ");
		put_series(d, &s);
	}
	if (answer_ok(a->answer) && n == 0)
		say(&d->s, "：没有这样的时间序列", ": there is no such series");
	if (n > FOLLOWUP_SERIES_MAX || answer_left_out(a->answer))
		say(&d->s, "；其余见证据", "; the evidence has the others");
	say_cite(&d->s, answer_evidence(a->answer));
	add(d, list, (struct span){"", 0});
}

static void
tell_document(struct drawing *d, cJSON *list, const struct ask *a)
{
	const cJSON *p = cJSON_GetArrayItem(
	    tree_at(tree_at(a->answer, "data"), "passages"), 0);

	if (!answer_ok(a->answer) || p == NULL)
		return;
	say(&d->s, "文档 ", "From the documents, ");
	say_code(&d->s, tree_str(p, "source"));
	say_code(&d->s, tree_str(p, "path"));
	say_cite(&d->s, answer_evidence(a->answer));
	add(d, list, tree_span(p, "text"));
}

/* What was concluded of the incidents that it names. */
static void
tell_incidents(struct drawing *d, cJSON *list, const cJSON *incidents)
{
	const cJSON *incident, *id;
	int n = 0;

	cJSON_ArrayForEach (incident, incidents) {
		const cJSON *answer = tree_at(incident, "answer");

		if (d->k->studies[n++].incident->named == 0)
			continue;
		buf_adds(&d->s.text, tree_str(incident, "title"));
		say(&d->s, "：", ": ");
		buf_adds(&d->s.text, tree_str(answer, "text"));
		cJSON_ArrayForEach (id, tree_at(answer, "evidence"))
			say_cite(&d->s, id->valuestring);
		add(d, list, (struct span){"", 0});
	}
}

cJSON *
followup_answers(struct drawing *d, const cJSON *incidents)
{
	const struct followup *u = &d->k->followup;
	cJSON *list;
	int i;

	if (!u->asks)
		return NULL;
	list = cJSON_CreateArray();
	tell_incidents(d, list, incidents);
	for (i = 0; i < u->n; i++) {
		const struct ask *a = &u->ask[i];

		if (a->answer == NULL)
			continue;
		if (tree_has(a->args, "evidence"))
			tell_look(d, list, a);
		else if (tree_at(a->args, "window") != NULL)
			tell_metric(d, list, a);
		else
			tell_document(d, list, a);
	}
	if (cJSON_GetArraySize(list) > 0)
		return list;
	say(&d->s, "问题里没有提到证据中出现的名字；调查得出的结论见下文",
	    "The question names nothing that stands in the evidence; what the "
	    "investigation found stands below");
	say_cite(&d->s, drawing_alerts_id(d));
	add(d, list, (struct span){"", 0});
	return list;
}
