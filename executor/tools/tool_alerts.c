/*
 * tool_alerts.c - query_prometheus_alerts: every instance of every alert.
 *
 * What fires now comes from /api/v1/alerts. For a moment in the past there
 * is no such answer; the series ALERTS and ALERTS_FOR_STATE, which
 * Prometheus writes about its alerts, are asked instead: they know state,
 * labels and since when, but neither annotations nor values. They are asked
 * about now, too, where the list names nothing that fires or there is none:
 * a store of samples holds the alerts of rules evaluated elsewhere.
 */
#include "common/base/num.h"
#include "common/base/when.h"
#include "executor/tools/alert_copies.h"
#include "executor/tools/alert_list.h"
#include "executor/tools/tool_prom.h"

#include <math.h>
#include <stdlib.h>

enum {
	INSTANCES_MAX = 2000,
	ANNOTATION_MAX = 500,        /* bytes of one in the digest */
	ANNOTATIONS_MAX = 512 << 10, /* bytes of all in the digest */
	PAST_MS = 2000, /* a `time` asked for, older than that: the past */
	SUMMARY_LINES = 40,
	OTHER_NAMES_MAX = 100,
	OTHERS_NAMED = 8, /* values of a label that hid some */
	CLOCK_MS = 5000,  /* by which clocks may differ unnoticed */
};

/* Which of its questions is being asked. */
enum asks { ASKS_LIST, ASKS_STATES, ASKS_SINCE };

struct alerts {
	struct tool_prom prom; /* first */
	const char *state;     /* wanted, or NULL */
	const cJSON *labels;   /* wanted, or NULL */
	int64_t limit;
	bool past;
	enum asks asks;
	int64_t at_ms;
	struct alert_list *list; /* the instances, owned */
	size_t n_other;    /* did not match what was asked */
	cJSON *others;     /* owned: the values that labels of those have */
	cJSON *hidden_names; /* owned: of their alerts, and how many of each */
	size_t n_firing_others; /* that have other labels, each once: */
	struct alert_copies *hidden; /* owned */
	size_t n_stored;    /* of the list, those from the series */
	size_t n_sinceless; /* without the moment they began at */
	int64_t latest_ms;  /* of those moments */
	int64_t ahead_ms;   /* the server's clock before ours */
	size_t annotation_bytes;
	bool annotations_cut;
	struct err unlisted; /* why there is no list; empty: there is one */
	char advice[PROM_ADVICE_MAX];
	cJSON *series;     /* the one being read */
};

static void
alerts_free(struct tool_prom *p)
{
	struct alerts *a = (struct alerts *)p;

	alert_list_free(a->list);
	alert_copies_free(a->hidden);
	cJSON_Delete(a->others);
	cJSON_Delete(a->hidden_names);
	cJSON_Delete(a->series);
	free(a);
}

/* ---- digest ---- */

static cJSON *
copy_annotations(struct alerts *a, const cJSON *from)
{
	cJSON *to = cJSON_CreateObject();
	const cJSON *one;

	cJSON_ArrayForEach (one, from) {
		size_t n;

		if (!cJSON_IsString(one))
			continue;
		n = strlen(one->valuestring);
		a->annotations_cut |= n > ANNOTATION_MAX;
		a->annotation_bytes += MIN(n, (size_t)ANNOTATION_MAX);
		if (a->annotation_bytes > ANNOTATIONS_MAX) {
			a->annotations_cut = true;
			break;
		}
		tool_prom_add_text(
		    to, one->string, one->valuestring, ANNOTATION_MAX);
	}
	return to;
}

static bool
is_named(const cJSON *list, const char *text)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, list)
		if (strcmp(one->valuestring, text) == 0)
			return true;
	return false;
}

/* Who reads it tells heartbeats by their names. */
static void
note_name(struct alerts *a, const char *name)
{
	cJSON *n = cJSON_GetObjectItemCaseSensitive(a->hidden_names, name);

	if (n != NULL)
		cJSON_SetNumberValue(n, n->valuedouble + 1);
	else if (cJSON_GetArraySize(a->hidden_names) < OTHER_NAMES_MAX)
		cJSON_AddNumberToObject(a->hidden_names, name, 1);
}

/* What a firing one has where other labels were wanted. */
static void
note_other(struct alerts *a, const cJSON *labels)
{
	const cJSON *w;

	if (alert_copies_see(a->hidden, labels, true) != ALERT_COPY_NONE)
		return;
	a->n_firing_others++;
	if (json_str(labels, "alertname") != NULL)
		note_name(a, json_str(labels, "alertname"));
	cJSON_ArrayForEach (w, a->labels) {
		const char *have = json_str(labels, w->string);
		cJSON *list =
		    cJSON_GetObjectItemCaseSensitive(a->others, w->string);

		if (have == NULL || strcmp(have, w->valuestring) == 0)
			continue;
		if (list == NULL)
			list = cJSON_AddArrayToObject(a->others, w->string);
		if (cJSON_GetArraySize(list) < OTHERS_NAMED &&
		    !is_named(list, have))
			cJSON_AddItemToArray(list, cJSON_CreateString(have));
	}
}

static bool
wanted(struct alerts *a, const char *state, const cJSON *labels)
{
	bool fits = tool_prom_labels_match(labels, a->labels);

	if (!fits && strcmp(state, "firing") == 0)
		note_other(a, labels);
	return fits && (a->state == NULL || strcmp(a->state, state) == 0);
}

/* The earlier of what two replicas tell; 0: not told. */
static void
set_since(cJSON *o, int64_t since_ms)
{
	const char *have = json_str(o, "activeAt");
	int64_t had_ms = 0;

	if (have != NULL &&
	    when_rfc3339(span_of(have), &had_ms, NULL) != RC_OK)
		had_ms = 0;
	if (since_ms == 0 || (had_ms > 0 && had_ms <= since_ms))
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(o, "activeAt");
	json_add_moment(o, "activeAt", since_ms);
}

/* Counts an instance; NULL when it is not to be listed, since there are too
 * many or it is listed already. */
static cJSON *
list_instance(struct alerts *a, const char *state, const cJSON *labels,
    int64_t since_ms)
{
	const char *name = json_str(labels, "alertname");
	bool firing = strcmp(state, "firing") == 0;
	cJSON *o;

	/* Whatever else it is, it is not active. */
	if (!firing && strcmp(state, "pending") != 0)
		return NULL;
	if (!wanted(a, state, labels)) {
		a->n_other++;
		return NULL;
	}
	a->n_sinceless += since_ms == 0;
	a->latest_ms = MAX(a->latest_ms, since_ms);
	if (alert_list_merge(a->list, state, labels, &o)) {
		if (o != NULL)
			set_since(o, since_ms);
		return NULL;
	}
	if (!alert_list_count(a->list, state, labels))
		return NULL;
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "name", name != NULL ? name : "");
	cJSON_AddStringToObject(o, "state", state);
	cJSON_AddItemToObject(o, "labels", cJSON_Duplicate(labels, true));
	set_since(o, since_ms);
	alert_list_add(a->list, o);
	return o;
}

/* Servers write no moment as "", or as the year 1, and others with the offset
 * of where they stand. */
static int64_t
since_of(const cJSON *alert)
{
	const char *text = json_str(alert, "activeAt");
	int64_t ms;

	if (text == NULL || when_rfc3339(span_of(text), &ms, NULL) != RC_OK)
		return 0;
	return MAX(ms, 0);
}

/* ---- now: /api/v1/alerts ---- */

static void
copy_value(cJSON *to, const cJSON *alert)
{
	const char *text = json_str(alert, "value");
	double v;

	if (text != NULL && num_parse_sample(span_of(text), &v))
		json_add_double(to, "value", v);
}

static enum rc
on_alert(void *arg, cJSON *alert, struct err *err UNUSED)
{
	struct alerts *a = arg;
	AUTO(json) owned = alert;
	const char *state = json_str(alert, "state");
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(alert, "labels");
	cJSON *o = list_instance(
	    a, state != NULL ? state : "", labels, since_of(owned));

	if (o == NULL)
		return RC_OK;
	cJSON_AddItemToObject(o, "annotations",
	    copy_annotations(
		a, cJSON_GetObjectItemCaseSensitive(owned, "annotations")));
	copy_value(o, alert);
	return RC_OK;
}

static const struct prom_sink now_sink = {.item = on_alert};

/* ---- the series ALERTS and ALERTS_FOR_STATE ---- */

static enum rc
on_series(void *arg, const struct prom_labels *labels, struct err *err UNUSED)
{
	struct alerts *a = arg;

	cJSON_Delete(a->series);
	a->series = tool_prom_labels(labels);
	return RC_OK;
}

static void
state_sample(struct alerts *a)
{
	cJSON *state =
	    cJSON_DetachItemFromObjectCaseSensitive(a->series, "alertstate");

	/* Beside a list, only what it does not have: it has those pending. */
	if (cJSON_IsString(state) &&
	    (a->past || a->unlisted.text[0] != '\0' ||
		strcmp(state->valuestring, "firing") == 0) &&
	    list_instance(a, state->valuestring, a->series, 0) != NULL)
		a->n_stored++;
	cJSON_Delete(state);
}

/* The value of ALERTS_FOR_STATE is the time since when. */
static void
since_sample(struct alerts *a, double since_s)
{
	cJSON *o = alert_list_find(a->list, a->series);

	if (o != NULL && json_str(o, "activeAt") == NULL && since_s > 0 &&
	    since_s * 1000 < (double)WHEN_MAX_MS)
		json_add_moment(o, "activeAt", llround(since_s * 1000));
}

static enum rc
on_sample(void *arg, double t_s UNUSED, double v, struct err *err UNUSED)
{
	struct alerts *a = arg;

	if (a->asks == ASKS_SINCE)
		since_sample(a, v);
	else
		state_sample(a);
	return RC_OK;
}

static const struct prom_sink series_sink = {
    .series = on_series, .sample = on_sample};

/* ---- the answer ---- */

static void
put_instance(struct buf *b, const cJSON *o)
{
	const char *since = json_str(o, "activeAt");
	AUTO(json)
	labels = cJSON_Duplicate(
	    cJSON_GetObjectItemCaseSensitive(o, "labels"), true);
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(o, "value");

	cJSON_DeleteItemFromObjectCaseSensitive(labels, "alertname");
	buf_addf(b, "\n- %s ", json_str(o, "name"));
	tool_prom_put_labels(b, labels);
	buf_addf(b, " %s", json_str(o, "state"));
	if (since != NULL)
		buf_addf(b, " since %s", since);
	if (cJSON_IsNumber(value)) {
		buf_adds(b, ", value ");
		num_put_text(b, value->valuedouble, 4);
	}
}

/* What the list of those firing or pending rests on. */
static void
put_source(const struct alerts *a, struct buf *b)
{
	if (a->unlisted.text[0] != '\0')
		buf_addf(b, " (from the series ALERTS, since there is no list: "
			    "%.200s; annotations and values are not known)",
		    a->unlisted.text);
	else if (a->past)
		buf_adds(b, " (from the series ALERTS; annotations and values "
			    "are not known for the past)");
	else if (a->n_stored > 0)
		buf_adds(b, " (from the series ALERTS: the list of this server "
			    "names none that fires)");
}

static void
put_none(const struct alerts *a, struct buf *b)
{
	char when[WHEN_TEXT];

	buf_addf(b, "Empty: no alert %s%s at %s",
	    a->state != NULL ? a->state : "fires or is pending",
	    a->labels != NULL ? " with these labels" : "",
	    when_print(a->at_ms, when));
	put_source(a, b);
	if (a->n_other > 0)
		buf_addf(b, "; %zu others are active that do not match.",
		    a->n_other);
	else
		buf_adds(b, ". Either nothing is wrong, or rules are missing, "
			    "broken or evaluated elsewhere (a ruler).");
}

static void
put_summary(const struct alerts *a, struct buf *b)
{
	const cJSON *list = alert_list_items(a->list), *o;
	size_t firing = alert_list_n(a->list, "firing");
	size_t pending = alert_list_n(a->list, "pending");
	size_t left_out = alert_list_left_out(a->list);
	int lines = 0, n = cJSON_GetArraySize(list);
	char when[WHEN_TEXT];

	if (firing + pending == 0) {
		put_none(a, b);
		return;
	}
	buf_addf(b, "%zu firing, %zu pending at %s", firing, pending,
	    when_print(a->at_ms, when));
	put_source(a, b);
	buf_addc(b, '.');
	if (alert_list_copies(a->list) > 0)
		buf_addf(b, " %zu times another replica told one of them, too.",
		    alert_list_copies(a->list));
	cJSON_ArrayForEach (o, list)
		if (lines++ < SUMMARY_LINES)
			put_instance(b, o);
	if (n > SUMMARY_LINES)
		buf_addf(b, "\n- and %d more, in the data", n - SUMMARY_LINES);
	if (left_out > 0 && a->prom.cut)
		buf_addf(b, "\n%zu more are counted, not listed.", left_out);
	else if (left_out > 0)
		buf_addf(b, "\n%zu more are only in the evidence.", left_out);
}

static void
add_others(struct alerts *a, cJSON *to)
{
	cJSON *o;

	if (a->n_firing_others == 0)
		return;
	o = cJSON_AddObjectToObject(to, "others");
	cJSON_AddNumberToObject(o, "firing", (double)a->n_firing_others);
	cJSON_AddItemToObject(o, "names", TAKE(a->hidden_names));
	cJSON_AddItemToObject(o, "labels", TAKE(a->others));
}

/* ---- whose clock ---- */

static bool
clocks_differ(const struct alerts *a)
{
	return a->ahead_ms >= CLOCK_MS || a->ahead_ms <= -CLOCK_MS;
}

/* What is asked about now is asked by the server's clock. One that does not
 * tell its own has at least come as far as what began there. */
static void
set_clock(struct alerts *a)
{
	int64_t now_ms = a->prom.call->now_ms;

	if (a->ahead_ms == 0 && a->latest_ms > now_ms)
		a->ahead_ms = a->latest_ms - now_ms;
	if (clocks_differ(a) && !a->past)
		a->at_ms = now_ms + a->ahead_ms;
}

static void
put_clock(const struct alerts *a, struct buf *b)
{
	char by[WHEN_TEXT];

	if (clocks_differ(a))
		buf_addf(b,
		    "\nThe clock of this server is %s %s that of the "
		    "executor's machine; times here are the server's.",
		    when_print_duration(
			llabs(a->ahead_ms) / 1000 * 1000, by),
		    a->ahead_ms > 0 ? "ahead of" : "behind");
}

static void
finish(struct alerts *a)
{
	struct tool_result *r = &a->prom.call->result;
	cJSON *o = cJSON_CreateObject();
	cJSON *names = alert_list_names(a->list);

	set_clock(a);
	put_summary(a, &r->summary);
	put_clock(a, &r->summary);
	if (clocks_differ(a))
		cJSON_AddNumberToObject(
		    o, "clock_ahead_s", (double)(a->ahead_ms / 1000));
	if (alert_list_copies(a->list) > 0)
		cJSON_AddNumberToObject(
		    o, "copies", (double)alert_list_copies(a->list));
	json_add_moment(o, "time", a->at_ms);
	cJSON_AddNumberToObject(
	    o, "firing", (double)alert_list_n(a->list, "firing"));
	cJSON_AddNumberToObject(
	    o, "pending", (double)alert_list_n(a->list, "pending"));
	if (a->n_other > 0)
		cJSON_AddNumberToObject(o, "not_matching", (double)a->n_other);
	add_others(a, o);
	if (names != NULL) {
		cJSON_AddNumberToObject(
		    o, "left_out", (double)alert_list_left_out(a->list));
		cJSON_AddItemToObject(o, "names", names);
	}
	if (a->annotations_cut)
		cJSON_AddTrueToObject(o, "annotations_cut");
	if (a->n_stored > 0 && !a->past)
		cJSON_AddNumberToObject(o, "stored", (double)a->n_stored);
	if (a->unlisted.text[0] != '\0')
		cJSON_AddStringToObject(o, "unlisted", a->unlisted.text);
	if (a->past)
		cJSON_AddTrueToObject(o, "past");
	cJSON_AddItemToObject(o, "alerts", alert_list_take(a->list));
	r->data = o;
	tool_prom_end(&a->prom);
}

/* Asks one of the series; its document follows those before it. */
static enum rc
ask_series(struct alerts *a, enum asks asks, struct err *err)
{
	struct prom_ask ask = {.what = PROM_INSTANT,
	    .query = asks == ASKS_SINCE ? "ALERTS_FOR_STATE" : "ALERTS",
	    .at_ms = a->at_ms};

	a->asks = asks;
	tool_prom_next_document(&a->prom);
	return tool_prom_ask(&a->prom, &ask, &series_sink, err);
}

static void
answered(struct tool_prom *p, const struct prom_outcome *outcome)
{
	struct alerts *a = (struct alerts *)p;
	bool began = a->asks != ASKS_SINCE;
	enum rc rc = RC_OK;
	struct err err;

	a->ahead_ms = outcome->ahead_ms;

	if (a->asks == ASKS_LIST &&
	    alert_list_n(a->list, "firing") + a->n_firing_others == 0)
		rc = ask_series(a, ASKS_STATES, &err);
	else if (began && a->n_sinceless > 0)
		rc = ask_series(a, ASKS_SINCE, &err);
	else
		finish(a);
	if (rc != RC_OK)
		tool_prom_fail(p, "", &err);
}

/* What was read of an answer that broke off. */
static void
forget_list(struct alerts *a)
{
	alert_list_free(a->list);
	cJSON_Delete(a->others);
	cJSON_Delete(a->hidden_names);
	alert_copies_free(a->hidden);
	a->list = alert_list_new((size_t)a->limit);
	a->others = cJSON_CreateObject();
	a->hidden_names = cJSON_CreateObject();
	a->hidden = alert_copies_new();
	a->n_other = a->n_firing_others = 0;
	a->n_stored = a->n_sinceless = 0;
	a->latest_ms = 0;
}

/* Beside a list the series are not told from what it holds any more. */
static bool
alerts_again(struct tool_prom *p)
{
	struct alerts *a = (struct alerts *)p;
	bool listed = !a->past && a->unlisted.text[0] == '\0';

	if (a->asks == ASKS_STATES && listed)
		return false;
	if (a->asks != ASKS_SINCE)
		forget_list(a);
	return true;
}

/* Without the list the series have to do; where they cannot be read either,
 * what is told is why the list was not. Beside a list they add to it only. */
static bool
failed(struct tool_prom *p, const struct prom_outcome *outcome)
{
	struct alerts *a = (struct alerts *)p;
	bool listed = !a->past && a->unlisted.text[0] == '\0';
	struct err err;

	if (a->asks == ASKS_LIST) {
		a->ahead_ms = outcome->ahead_ms;
		a->unlisted = outcome->err;
		memcpy(a->advice, outcome->advice, sizeof(a->advice));
		forget_list(a);
		p->cut = false;
		p->left_out = 0;
		buf_reset(&p->call->result.evidence);
		return tool_prom_refused(outcome) &&
		       ask_series(a, ASKS_STATES, &err) == RC_OK;
	}
	if (listed || a->asks == ASKS_SINCE) {
		finish(a);
		return true;
	}
	if (a->past)
		return false;
	tool_prom_fail(p, a->advice, &a->unlisted);
	return true;
}

static enum rc
read_args(struct alerts *a, struct err *err)
{
	const struct tool_call *call = a->prom.call;
	struct json_in in = json_in(call->args, "args", err);

	a->state = json_in_str_opt(&in, "state", "firing", NULL);
	if (a->state != NULL && strcmp(a->state, "any") == 0)
		a->state = NULL;
	a->labels = json_in_labels_opt(&in, "labels");
	tool_prom_check_labels(&in, "labels", a->labels);
	a->limit =
	    json_in_int_opt(&in, "limit", 1, INSTANCES_MAX, INSTANCES_MAX);
	a->at_ms = json_in_moment_opt(&in, "time", call->now_ms, call->at_ms);
	a->past = a->at_ms == call->at_ms ? call->past
					  : a->at_ms < call->now_ms - PAST_MS;
	if (!a->past)
		a->at_ms = call->now_ms;
	return json_in_end(&in);
}

static enum rc
alerts_start(struct tool_call *call, struct err *err)
{
	struct alerts *a = xcalloc(1, sizeof(*a));
	static const struct prom_ask list = {.what = PROM_ALERTS};
	char when[WHEN_TEXT];
	enum rc rc;

	a->prom = (struct tool_prom){.call = call,
	    .answered = answered,
	    .failed = failed,
	    .again = alerts_again,
	    .free = alerts_free};
	rc = read_args(a, err);
	forget_list(a);
	if (rc == RC_OK && a->past) {
		buf_addf(&call->result.query, "ALERTS at %s",
		    when_print(a->at_ms, when));
		rc = ask_series(a, ASKS_STATES, err);
	} else if (rc == RC_OK) {
		buf_adds(&call->result.query, "active alerts (/api/v1/alerts)");
		rc = tool_prom_ask(&a->prom, &list, &now_sink, err);
	}
	if (rc != RC_OK)
		alerts_free(&a->prom);
	else
		call->state = a;
	return rc;
}

const struct tool tool_prometheus_alerts = {
    .name = "query_prometheus_alerts",
    .what = "The alerts that Prometheus has firing or pending, every "
	    "instance with labels, annotations, since when, and value; at "
	    "the moment of the investigation.",
    .args = "{\"type\":\"object\",\"properties\":{"
	    "\"state\":{\"enum\":[\"firing\",\"pending\",\"any\"],"
	    "\"description\":\"only those in this state\"},"
	    "\"labels\":{\"type\":\"object\",\"additionalProperties\":"
	    "{\"type\":\"string\"},"
	    "\"description\":\"only those with these labels, equal\"},"
	    "\"limit\":{\"type\":\"integer\",\"minimum\":1,"
	    "\"maximum\":2000,\"description\":\"how many to list\"},"
	    "\"time\":{\"type\":[\"string\",\"number\"],"
	    "\"description\":\"another moment: RFC 3339, Unix seconds, "
	    "-1h\"}},\"additionalProperties\":false}",
    .role = TOOL_ROLE_ALERTS,
    .source = &source_prom,
    .class = TOOL_READ,
    .timeout_ms = 15000,
    .start = alerts_start,
    .cancel = tool_prom_cancel,
};
