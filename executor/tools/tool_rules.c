/*
 * tool_rules.c - query_prometheus_rules: the rule behind an alert, and the
 * recording rules its expression is made of; and of all rules, asked for or
 * not, which are not evaluated, since of those silence says nothing.
 */
#include "common/base/when.h"
#include "executor/tools/tool_prom.h"

#include <ctype.h>
#include <stdlib.h>

enum {
	RULES_MAX = 20000,         /* kept of the answer */
	TEXT_MAX_BYTES = 16 << 20, /* of their expressions together */
	LISTED_MAX = 200,
	LISTED_BYTES_MAX = 3 << 20, /* of the expressions in the digest */
	ROUNDS_MAX = 4, /* recording rules made of recording rules */
	SUMMARY_LINES = 20,
	BROKEN_LISTED = 50,
	/* Longer behind the others than any group's interval is likely to be:
	 * it is evaluated no more. */
	STALE_MS = 20 * 60000,
	SHOWN_MAX = 1000, /* bytes of an expression in the summary */
};

struct rule {
	cJSON *tree; /* owned */
	bool recording;
	bool chosen;
};

struct rules {
	struct tool_prom prom; /* first */
	const cJSON *names;    /* wanted, or NULL for all */
	struct rule *list;
	size_t n, cap;
	size_t bytes;
	size_t n_over; /* more than could be kept */
	size_t n_alerting;
	cJSON *broken; /* owned; of all rules, without those that are stale */
	size_t n_broken;
	int64_t newest_ms; /* evaluation of any */
};

static void
forget(struct rules *s)
{
	while (s->n > 0)
		cJSON_Delete(s->list[--s->n].tree);
	cJSON_Delete(s->broken);
	s->broken = NULL;
	s->bytes = s->n_over = s->n_alerting = s->n_broken = 0;
	s->newest_ms = 0;
}

static bool
rules_again(struct tool_prom *p)
{
	struct rules *s = (struct rules *)p;

	forget(s);
	s->broken = cJSON_CreateArray();
	return true;
}

static void
rules_free(struct tool_prom *p)
{
	struct rules *s = (struct rules *)p;

	forget(s);
	free(s->list);
	free(s);
}

/* ---- reading ---- */

static void
copy(cJSON *to, const char *key, const cJSON *from)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(from, key);

	if (v != NULL)
		cJSON_AddItemToObject(to, key, cJSON_Duplicate(v, true));
}

/* Whole or not at all: half an expression means something else. */
static void
add_query(cJSON *o, const char *query)
{
	size_t n = query != NULL ? strlen(query) : 0;

	if (n > PROM_QUERY_MAX)
		cJSON_AddNumberToObject(o, "query_left_out", (double)n);
	else if (query != NULL)
		cJSON_AddStringToObject(o, "query", query);
}

/* What is kept of a rule: all but its alerts, which may be thousands. */
static cJSON *
compact(const cJSON *rule)
{
	static const char *const plain[] = {"labels", "annotations", "health",
	    "state", "lastEvaluation", "evaluationTime"};
	cJSON *o = cJSON_CreateObject();
	const cJSON *alerts = cJSON_GetObjectItemCaseSensitive(rule, "alerts");
	const cJSON *held = cJSON_GetObjectItemCaseSensitive(rule, "duration");
	size_t i;

	tool_prom_add_text(o, "type", json_str(rule, "type"), 20);
	tool_prom_add_text(o, "name", json_str(rule, "name"), 300);
	tool_prom_add_text(o, "group", json_str(rule, "group"), 200);
	tool_prom_add_text(o, "file", json_str(rule, "file"), 300);
	add_query(o, json_str(rule, "query"));
	if (cJSON_IsNumber(held))
		cJSON_AddNumberToObject(o, "duration", held->valuedouble);
	for (i = 0; i < ARRAY_LEN(plain); i++)
		copy(o, plain[i], rule);
	tool_prom_add_text(o, "lastError", json_str(rule, "lastError"), 500);
	if (cJSON_IsArray(alerts))
		cJSON_AddNumberToObject(
		    o, "alerts", cJSON_GetArraySize(alerts));
	return o;
}

static void
keep(struct rules *s, cJSON *tree, bool recording)
{
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 64;
		s->list = xrealloc(s->list, s->cap * sizeof(*s->list));
	}
	s->list[s->n++] = (struct rule){.tree = tree, .recording = recording};
}

/* ---- those of which silence says nothing ---- */

static void
note_broken(struct rules *s, const cJSON *rule)
{
	static const char *const keys[] = {
	    "type", "name", "health", "lastError", "lastEvaluation"};
	cJSON *o;
	size_t i;

	if (s->n_broken++ >= BROKEN_LISTED)
		return;
	o = cJSON_CreateObject();
	for (i = 0; i < ARRAY_LEN(keys); i++)
		tool_prom_add_text(o, keys[i], json_str(rule, keys[i]), 300);
	copy(o, "labels", rule);
	cJSON_AddItemToArray(s->broken, o);
}

/* The last evaluation; 0: none, or the server does not say. */
static int64_t
evaluated_ms(const cJSON *rule)
{
	const char *t = json_str(rule, "lastEvaluation");
	int64_t ms = 0;

	if (t == NULL || when_rfc3339(span_of(t), &ms, NULL) != RC_OK)
		return 0;
	return MAX(ms, 0);
}

static bool
is_broken(const cJSON *rule)
{
	const char *health = json_str(rule, "health");
	const char *error = json_str(rule, "lastError");

	return (health != NULL && health[0] != '\0' &&
		   strcmp(health, "ok") != 0) ||
	       (error != NULL && error[0] != '\0');
}

/* Every rule is looked at for that, kept or not. */
static void
look_at_health(struct rules *s, const cJSON *rule, bool recording)
{
	s->n_alerting += !recording;
	s->newest_ms = MAX(s->newest_ms, evaluated_ms(rule));
	if (is_broken(rule))
		note_broken(s, rule);
}

/* Once it is known how far the others are. */
static void
find_stale(struct rules *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		int64_t at = evaluated_ms(s->list[i].tree);

		if (at > 0 && at < s->newest_ms - STALE_MS &&
		    !is_broken(s->list[i].tree))
			note_broken(s, s->list[i].tree);
	}
}

static enum rc
on_rule(void *arg, cJSON *rule, struct err *err UNUSED)
{
	struct rules *s = arg;
	AUTO(json) owned = rule;
	const char *type = json_str(owned, "type");
	const char *expr = json_str(owned, "query");
	bool recording = type != NULL && strcmp(type, "recording") == 0;

	look_at_health(s, owned, recording);
	s->bytes += expr != NULL ? strlen(expr) : 0;
	if (s->n >= RULES_MAX || s->bytes > TEXT_MAX_BYTES)
		s->n_over++;
	else
		keep(s, compact(owned), recording);
	return RC_OK;
}

static const struct prom_sink sink = {.item = on_rule};

/* ---- choosing ---- */

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

/* Does name stand in expr as a word? */
static bool
mentions(const char *expr, const char *name)
{
	size_t n = strlen(name);
	const char *p = expr;

	if (n == 0)
		return false;
	while ((p = strstr(p, name)) != NULL) {
		if ((p == expr || !is_name_char(p[-1])) && !is_name_char(p[n]))
			return true;
		p += n;
	}
	return false;
}

static bool
is_named(const struct rules *s, const char *name)
{
	const cJSON *one;

	if (s->names == NULL)
		return true;
	cJSON_ArrayForEach (one, s->names)
		if (name != NULL && strcmp(one->valuestring, name) == 0)
			return true;
	return false;
}

/* Chooses the recording rules that a chosen rule's expression mentions; how
 * many were not chosen before. */
static size_t
choose_mentioned(struct rules *s, const struct rule *by)
{
	const char *expr = json_str(by->tree, "query");
	size_t i, n = 0;

	for (i = 0; i < s->n && expr != NULL; i++) {
		const char *name = json_str(s->list[i].tree, "name");

		if (s->list[i].recording && !s->list[i].chosen &&
		    name != NULL && mentions(expr, name)) {
			s->list[i].chosen = true;
			n++;
		}
	}
	return n;
}

static void
choose(struct rules *s)
{
	size_t i, round, more = 1;

	for (i = 0; i < s->n; i++)
		s->list[i].chosen =
		    is_named(s, json_str(s->list[i].tree, "name"));
	for (round = 0; round < ROUNDS_MAX && more > 0 && s->names != NULL;
	     round++)
		for (i = 0, more = 0; i < s->n; i++)
			if (s->list[i].chosen)
				more += choose_mentioned(s, &s->list[i]);
}

/* ---- the answer ---- */

static void
put_rule(struct buf *b, const struct rule *r)
{
	const char *health = json_str(r->tree, "health");
	const char *error = json_str(r->tree, "lastError");
	const cJSON *held =
	    cJSON_GetObjectItemCaseSensitive(r->tree, "duration");
	const char *name = json_str(r->tree, "name");
	const char *expr = json_str(r->tree, "query");
	const cJSON *left_out =
	    cJSON_GetObjectItemCaseSensitive(r->tree, "query_left_out");

	buf_addf(b, "\n- %s %s: ", r->recording ? "recording" : "alert",
	    name != NULL ? name : "");
	if (expr != NULL)
		tool_prom_put_text(b, expr, SHOWN_MAX);
	if (left_out != NULL)
		buf_addf(b, "(its expression of %.0f bytes is too long)",
		    left_out->valuedouble);
	if (held != NULL && held->valuedouble > 0)
		buf_addf(b, " for %gs", held->valuedouble);
	if (health != NULL && strcmp(health, "ok") != 0)
		buf_addf(b, " (health: %s)", health);
	if (error != NULL && error[0] != '\0')
		buf_addf(b, " (last error: %s)", error);
}

static void
put_missing(const struct rules *s, struct buf *b)
{
	const cJSON *one;
	size_t i;

	cJSON_ArrayForEach (one, s->names) {
		for (i = 0; i < s->n; i++) {
			const char *name = json_str(s->list[i].tree, "name");

			if (name != NULL && strcmp(name, one->valuestring) == 0)
				break;
		}
		if (i == s->n)
			buf_addf(b, "\n- no rule is named %.200s %s",
			    one->valuestring,
			    s->n_over > 0
				? "among those looked at"
				: "here; it may be evaluated elsewhere (a "
				  "ruler)");
	}
}

/* Moves the chosen rules into a list, as many as fit; how many were chosen. */
static size_t
list_chosen(struct rules *s, cJSON *list)
{
	size_t i, n = 0, bytes = 0;

	for (i = 0; i < s->n; i++) {
		const char *expr = json_str(s->list[i].tree, "query");

		if (!s->list[i].chosen)
			continue;
		n++;
		bytes += expr != NULL ? strlen(expr) : 0;
		if (n <= LISTED_MAX && bytes <= LISTED_BYTES_MAX)
			cJSON_AddItemToArray(list, TAKE(s->list[i].tree));
	}
	return n;
}

static void
put_chosen(const struct rules *s, struct buf *b)
{
	size_t i, lines = 0;

	for (i = 0; i < s->n && lines < SUMMARY_LINES; i++) {
		if (!s->list[i].chosen)
			continue;
		put_rule(b, &s->list[i]);
		lines++;
	}
}

static void
add_health(struct rules *s, cJSON *data)
{
	cJSON_AddNumberToObject(data, "alerting", (double)s->n_alerting);
	if (s->newest_ms > 0)
		json_add_moment(data, "evaluated", s->newest_ms);
	if (s->n_broken == 0)
		return;
	cJSON_AddNumberToObject(data, "broken_total", (double)s->n_broken);
	cJSON_AddItemToObject(data, "broken", TAKE(s->broken));
}

static void
put_broken(const struct rules *s, struct buf *b)
{
	const cJSON *o;
	size_t lines = 0;

	if (s->n_broken == 0)
		return;
	buf_addf(b,
	    s->n_broken == 1 ? "\n%zu rule is not evaluated:"
			     : "\n%zu rules are not evaluated:",
	    s->n_broken);
	cJSON_ArrayForEach (o, s->broken) {
		const char *name = json_str(o, "name");
		const char *error = json_str(o, "lastError");

		if (lines++ == SUMMARY_LINES)
			break;
		buf_addf(b, "\n- %s: %s", name != NULL ? name : "",
		    error != NULL ? error : "");
	}
}

static void
answered(struct tool_prom *p, const struct prom_outcome *outcome UNUSED)
{
	struct rules *s = (struct rules *)p;
	struct tool_result *r = &p->call->result;
	cJSON *list = cJSON_CreateArray();
	auto_buf lines = {.max = TOOL_SUMMARY_MAX - 1000};
	size_t n, listed, total = s->n + s->n_over;

	find_stale(s);
	choose(s);
	put_chosen(s, &lines);
	put_missing(s, &lines);
	n = list_chosen(s, list);
	if (s->n_over > 0)
		buf_addf(&r->summary,
		    "%zu rules were not looked at: there are too many. ",
		    s->n_over);
	if (n == 0)
		buf_addf(&r->summary,
		    "Empty: of the %zu rules of this Prometheus none matches.",
		    s->n);
	else
		buf_addf(&r->summary,
		    n < total ? "%zu of %zu rules:"
		    : n == 1  ? "%zu rule:"
			      : "%zu rules:",
		    n, total);
	buf_add_span(&r->summary, buf_span(&lines));
	put_broken(s, &r->summary);
	r->data = cJSON_CreateObject();
	cJSON_AddItemToObject(r->data, "rules", list);
	cJSON_AddNumberToObject(r->data, "total", (double)total);
	add_health(s, r->data);
	listed = (size_t)cJSON_GetArraySize(list);
	if (n > listed)
		cJSON_AddNumberToObject(
		    r->data, "left_out", (double)(n - listed));
	tool_prom_end(p);
}

static enum rc
rules_start(struct tool_call *call, struct err *err)
{
	struct rules *s = xcalloc(1, sizeof(*s));
	struct prom_ask ask = {.what = PROM_RULES};
	struct json_in in = json_in(call->args, "args", err);
	enum rc rc;

	s->prom = (struct tool_prom){.call = call,
	    .answered = answered,
	    .again = rules_again,
	    .free = rules_free};
	s->broken = cJSON_CreateArray();
	s->names = json_in_array_opt(&in, "names");
	buf_adds(&call->result.query, "rules (/api/v1/rules)");
	rc = json_in_end(&in);
	if (rc == RC_OK)
		rc = tool_prom_ask(&s->prom, &ask, &sink, err);
	if (rc != RC_OK)
		rules_free(&s->prom);
	else
		call->state = s;
	return rc;
}

const struct tool tool_prometheus_rules = {
    .name = "query_prometheus_rules",
    .what = "The rules of Prometheus: expression, for, labels, annotations, "
	    "health and last error. With names: the alerting or recording "
	    "rules of these names, and the recording rules that their "
	    "expressions are made of.",
    .args = "{\"type\":\"object\",\"properties\":{"
	    "\"names\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":200,"
	    "\"items\":{\"type\":\"string\"},"
	    "\"description\":\"alert names or recorded metric names\"}},"
	    "\"additionalProperties\":false}",
    .role = TOOL_ROLE_RULES,
    .source = &source_prom,
    .class = TOOL_READ,
    .timeout_ms = 15000,
    .start = rules_start,
    .cancel = tool_prom_cancel,
};
