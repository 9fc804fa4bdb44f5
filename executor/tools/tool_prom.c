/*
 * tool_prom.c - what the tools that ask Prometheus have in common.
 */
#include "executor/tools/tool_prom.h"
#include "common/base/utf8.h"

#include <stdlib.h>

static void
give_up(struct tool_prom *p)
{
	struct tool_call *call = p->call;

	call->state = NULL;
	buf_done(&p->warnings);
	p->free(p);
}

void
tool_prom_fail(
    struct tool_prom *p, const char *suggestion, const struct err *err)
{
	struct tool_call *call = p->call;

	tool_fail(call, suggestion, err->text);
	give_up(p);
	tool_done(call);
}

static void
on_done(void *arg, const struct prom_outcome *outcome)
{
	struct tool_prom *p = arg;

	p->asked = NULL;
	p->cut |= outcome->raw_cut;
	p->left_out += outcome->raw_left_out;
	if (outcome->rc == RC_OK) {
		if (p->warnings.max == 0)
			buf_init(&p->warnings, PROM_WARNINGS_MAX);
		prom_keep_warnings(&p->warnings, outcome->warnings);
		p->answered(p, outcome);
		return;
	}
	if (p->failed != NULL && p->failed(p, outcome))
		return;
	p->call->result.unknown = outcome->unknown;
	tool_prom_fail(p, outcome->advice, &outcome->err);
}

static bool
on_again(void *arg)
{
	struct tool_prom *p = arg;

	return p->again(p);
}

enum rc
tool_prom_ask(struct tool_prom *p, const struct prom_ask *ask,
    const struct prom_sink *sink, struct err *err)
{
	struct prom_reader reader = {.sink = sink,
	    .raw = &p->call->result.evidence,
	    .again = on_again,
	    .done = on_done,
	    .arg = p};
	const struct source_prom *source = p->call->source;

	return prom_start(p->call->env->http, &source->conf, ask, &reader,
	    &p->asked, err);
}

bool
tool_prom_refused(const struct prom_outcome *outcome)
{
	return outcome->status > 0 && outcome->rc != RC_TIMEOUT;
}

void
tool_prom_next_document(struct tool_prom *p)
{
	struct tool_result *r = &p->call->result;

	if (r->evidence.len == 0)
		return;
	buf_addc(&r->evidence, '\n');
	r->media = "application/x-ndjson";
}

cJSON *
tool_prom_labels(const struct prom_labels *labels)
{
	cJSON *o = cJSON_CreateObject();
	size_t i;

	for (i = 0; i < labels->n; i++) {
		const struct prom_label *l = &labels->list[i];
		auto_str name = xstrndup(l->name.p, l->name.n);

		if (strcmp(name, "__name__") != 0)
			json_add_span(o, name, l->value);
	}
	return o;
}

static void
add_warnings(struct tool_result *r, const char *warnings)
{
	if (warnings[0] == '\0')
		return;
	buf_addf(&r->summary, "\nPrometheus warns: %.1000s", warnings);
	cJSON_AddStringToObject(r->data, "warnings", warnings);
}

/* Of evidence that did not fit its beginning is kept, and said to be. */
static void
note_cut(const struct tool_prom *p, struct tool_result *r)
{
	if (!p->cut)
		return;
	cJSON_AddTrueToObject(r->data, "evidence_cut");
	cJSON_AddNumberToObject(
	    r->data, "evidence_left_out", (double)p->left_out);
	buf_addf(&r->summary,
	    "\nThe answer was longer than %d MiB; what is kept of it is its "
	    "beginning, without %llu elements.",
	    TOOL_EVIDENCE_MAX >> 20, (unsigned long long)p->left_out);
}

void
tool_prom_end(struct tool_prom *p)
{
	struct tool_call *call = p->call;
	struct tool_result *r = &call->result;

	add_warnings(r, buf_str(&p->warnings));
	note_cut(p, r);
	r->success = true;
	give_up(p);
	tool_done(call);
}

void
tool_prom_cancel(struct tool_call *call)
{
	struct tool_prom *p = call->state;

	if (p == NULL)
		return;
	if (p->asked != NULL)
		prom_cancel(p->asked);
	give_up(p);
}

void
tool_prom_put_text(struct buf *b, const char *text, size_t max)
{
	buf_add_span(b, utf8_cut(span_of(text), max));
	if (strlen(text) > max)
		buf_adds(b, "…");
}

void
tool_prom_add_text(cJSON *object, const char *key, const char *text, size_t max)
{
	auto_buf b = {.max = max + 4};

	if (text == NULL)
		return;
	tool_prom_put_text(&b, text, max);
	cJSON_AddStringToObject(object, key, buf_str(&b));
}

void
tool_prom_put_labels(struct buf *b, const cJSON *labels)
{
	const char *name = json_str(labels, "__name__");
	const cJSON *l;
	bool first = true;

	if (name != NULL)
		buf_adds(b, name);
	buf_addc(b, '{');
	cJSON_ArrayForEach (l, labels) {
		if (strcmp(l->string, "__name__") == 0)
			continue;
		buf_addf(b, "%s%s=\"", first ? "" : ", ", l->string);
		buf_add_span(b, utf8_cut(span_of(l->valuestring), 100));
		buf_addc(b, '"');
		first = false;
	}
	buf_addc(b, '}');
}

bool
tool_prom_labels_match(const cJSON *labels, const cJSON *wanted)
{
	const cJSON *w;

	cJSON_ArrayForEach (w, wanted) {
		const char *have = json_str(labels, w->string);

		/* As in PromQL, an absent label is an empty one. */
		if (strcmp(have != NULL ? have : "", w->valuestring) != 0)
			return false;
	}
	return true;
}

void
tool_prom_check_labels(struct json_in *in, const char *key, const cJSON *labels)
{
	const cJSON *l;

	cJSON_ArrayForEach (l, labels)
		if (!prom_is_utf8_name(l->string))
			json_in_fail(in, key,
			    "\"%.60s\" is not a label name (letters, digits "
			    "and _ . / : -, not a digit first)",
			    l->string);
}
