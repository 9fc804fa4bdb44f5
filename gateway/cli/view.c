/*
 * view.c - a run's progress for a person: one line per step.
 *
 * Invariant: on a live terminal the last `drawn` lines are the running
 * steps; everything above them is final.
 */
#include "gateway/cli/view.h"

#include "common/base/clk.h"
#include "gateway/cli/term.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	RUNNING_MAX = 16,
	COLUMNS_DEFAULT = 100,
	COLUMNS_PIPE = 240,
	LINE_MAX_BYTES = 16384,
	RUN_MAX_BYTES = 128,
};

#define ID_CHARS                                                               \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* A step that was started and has no outcome yet. */
struct running {
	int iteration, index;
	int64_t since_ms;
	char *text; /* owned */
};

struct view {
	struct view_spec spec;
	int64_t start_ms;
	struct running running[RUNNING_MAX];
	size_t n_running;
	size_t drawn;
	char run[RUN_MAX_BYTES]; /* its name; "" before it is known */
	char *status;
	char *report;
};

enum colour { PLAIN, GOOD, BAD, DIM, STRONG };

static const char *const colours[] = {
    [PLAIN] = "",
    [GOOD] = "\x1b[32m",
    [BAD] = "\x1b[31m",
    [DIM] = "\x1b[2m",
    [STRONG] = "\x1b[1m",
};

struct view_spec
view_spec_for(FILE *out)
{
	const char *no_color = getenv("NO_COLOR");
	const char *kind = getenv("TERM");
	bool dumb = kind == NULL || strcmp(kind, "dumb") == 0;
	bool live = isatty(fileno(out)) != 0 && !dumb;

	return (struct view_spec){.out = out,
	    .live = live,
	    .colour = live && (no_color == NULL || no_color[0] == '\0')};
}

struct view *
view_new(const struct view_spec *spec)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->spec = *spec;
	v->start_ms = clk_mono_ms();
	return v;
}

static void
view_forget(struct view *v, size_t i)
{
	free(v->running[i].text);
	v->n_running--;
	for (; i < v->n_running; i++)
		v->running[i] = v->running[i + 1];
}

void
view_free(struct view *v)
{
	if (v == NULL)
		return;
	while (v->n_running > 0)
		view_forget(v, 0);
	free(v->status);
	free(v->report);
	free(v);
}

const char *
view_status(const struct view *v)
{
	return v->status;
}

const char *
view_report(const struct view *v)
{
	return v->report;
}

static int
view_columns(const struct view *v)
{
	struct winsize w;

	if (!v->spec.live)
		return COLUMNS_PIPE;
	if (ioctl(fileno(v->spec.out), TIOCGWINSZ, &w) != 0 || w.ws_col < 20)
		return COLUMNS_DEFAULT;
	return w.ws_col - 1;
}

void
view_quiet(struct view *v)
{
	if (v->drawn > 0)
		fprintf(v->spec.out, "\x1b[%zuA\r\x1b[J", v->drawn);
	v->drawn = 0;
}

/* One line: time, what, text. text has been through term_put. */
static void
view_put(struct view *v, int64_t at_ms, enum colour colour, const char *what,
    struct span text)
{
	const char *on = v->spec.colour ? colours[colour] : "";
	const char *off = on[0] != '\0' ? "\x1b[0m" : "";
	bool cut;
	struct span fits = term_fit(text, view_columns(v) - 21, &cut);

	if (cut)
		fits = term_fit(text, view_columns(v) - 22, &cut);
	fprintf(v->spec.out, "%7.1f s  %s%-9s%s %.*s%s\n",
	    (double)at_ms / 1000.0, on, what, off, SPAN_ARG(fits),
	    cut ? "…" : "");
}

static void
view_draw(struct view *v)
{
	int64_t now = clk_mono_ms();

	if (!v->spec.live)
		return;
	for (size_t i = 0; i < v->n_running; i++)
		view_put(v, now - v->running[i].since_ms, DIM, "running",
		    span_of(v->running[i].text));
	v->drawn = v->n_running;
}

static void
view_line(struct view *v, enum colour colour, const char *what,
    const struct buf *text)
{
	view_quiet(v);
	view_put(v, clk_mono_ms() - v->start_ms, colour, what, buf_span(text));
	view_draw(v);
	fflush(v->spec.out);
}

void
view_tick(struct view *v)
{
	if (!v->spec.live || v->n_running == 0)
		return;
	view_quiet(v);
	view_draw(v);
	fflush(v->spec.out);
}

void
view_note(struct view *v, const char *text)
{
	auto_buf b = {0};

	buf_init(&b, LINE_MAX_BYTES);
	term_put(&b, span_of(text), TERM_LINE);
	view_line(v, BAD, "note", &b);
}

/* ---- the fields of an event's data ---- */

static const char *
text_of(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static int
int_of(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsNumber(item) ? item->valueint : 0;
}

static void
put_text(struct buf *b, const char *before, const char *text, const char *after)
{
	if (text[0] == '\0')
		return;
	buf_adds(b, before);
	term_put(b, span_of(text), TERM_LINE);
	buf_adds(b, after);
}

/* A summary's first line says what came; the rest is in the evidence. */
static void
put_first_line(struct buf *b, const char *text)
{
	auto_str line = xstrndup(text, strcspn(text, "\n"));

	put_text(b, ": ", line, "");
}

static void
put_args(struct buf *b, const cJSON *args)
{
	char *text;

	if (!cJSON_IsObject(args) || args->child == NULL)
		return;
	text = cJSON_PrintUnformatted(args);
	if (text != NULL)
		put_text(b, " ", text, "");
	cJSON_free(text);
}

/* " [E1, E2]" */
static void
put_evidence(struct buf *b, const cJSON *ids)
{
	const char *sep = " [";
	const cJSON *id;

	cJSON_ArrayForEach (id, ids) {
		if (!cJSON_IsString(id))
			continue;
		put_text(b, sep, id->valuestring, "");
		sep = ", ";
	}
	if (sep[0] == ',')
		buf_addc(b, ']');
}

/* ---- one function per type of event ---- */

static void
on_started(struct view *v, const cJSON *data, struct buf *b)
{
	const char *input = text_of(data, "input");
	const cJSON *from =
	    cJSON_GetObjectItemCaseSensitive(data, "forked_from");

	/* An id, or nothing a shell would make something of. */
	if (text_of(data, "run")[strspn(text_of(data, "run"), ID_CHARS)] ==
	    '\0')
		snprintf(v->run, sizeof(v->run), "%s", text_of(data, "run"));
	put_text(b, "", text_of(data, "run"), "");
	if (cJSON_IsObject(from)) {
		put_text(b, ", from ", text_of(from, "run"), "");
		buf_addf(b, " after event %d", int_of(from, "seq"));
	}
	put_text(b, ": ", input, "");
	view_line(v, STRONG, "started", b);
}

static void
on_plan(struct view *v, const cJSON *data, struct buf *b)
{
	const char *step = text_of(data, "step");
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(data, "steps");
	int n = cJSON_GetArraySize(steps);

	put_text(b, "", text_of(data, "decision"), "");
	if (n > 1)
		buf_addf(b, ", %d steps", n);
	put_text(b, ": ", step, "");
	put_text(b, " (", text_of(data, "worker"), ")");
	view_line(v, STRONG, "plan", b);
}

static void
on_tool_started(struct view *v, const cJSON *data, struct buf *b)
{
	struct running *r;

	put_text(b, "", text_of(data, "tool"), "");
	put_args(b, cJSON_GetObjectItemCaseSensitive(data, "args"));
	put_text(b, " (", text_of(data, "worker"), ")");
	if (!v->spec.live) {
		view_line(v, DIM, "running", b);
		return;
	}
	if (v->n_running == RUNNING_MAX)
		return;
	view_quiet(v);
	r = &v->running[v->n_running++];
	*r = (struct running){.iteration = int_of(data, "iteration"),
	    .index = int_of(data, "index"),
	    .since_ms = clk_mono_ms(),
	    .text = buf_take(b)};
	view_draw(v);
	fflush(v->spec.out);
}

static void
view_end_running(struct view *v, int iteration, int index)
{
	for (size_t i = v->n_running; i-- > 0;)
		if (v->running[i].iteration == iteration &&
		    v->running[i].index == index)
			view_forget(v, i);
}

/* A person is to decide: what, until when, and how to say so. */
static void
on_approval(struct view *v, const cJSON *data, struct buf *b)
{
	double until = cJSON_GetNumberValue(
	    cJSON_GetObjectItemCaseSensitive(data, "until"));
	const char *where = v->spec.where != NULL ? v->spec.where : "";
	static const char *const words[] = {"approve", "deny"};

	put_text(b, "", text_of(data, "tool"), "");
	put_args(b, cJSON_GetObjectItemCaseSensitive(data, "args"));
	buf_addf(b, " is UNSAFE and waits %.0f s for a person's word:",
	    MAX((until - (double)clk_wall_ms()) / 1000, 0.0));
	view_line(v, BAD, "waits", b);
	view_quiet(v);
	/* Whole, however narrow the terminal: it is there to be copied. */
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		fprintf(v->spec.out, "%21sculprit %s%s %s %d\n", "", words[i],
		    where, v->run, int_of(data, "task"));
	view_draw(v);
	fflush(v->spec.out);
}

static void
on_decided(struct view *v, const cJSON *data, struct buf *b)
{
	bool yes =
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "approved"));
	bool late =
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "by_time"));

	buf_addf(b, "step %d by ", int_of(data, "task"));
	put_text(b, "", late ? "time: nobody approved it" : text_of(data, "by"),
	    "");
	view_line(v, yes ? GOOD : BAD, yes ? "approved" : "denied", b);
}

/* An answer with a warning may be a part of one: that is not for the evidence
 * alone. */
static void
tell_warnings(struct view *v, const char *summary, struct buf *b)
{
	static const char begin[] = "\nPrometheus warns: ";
	const char *warns = strstr(summary, begin);

	if (warns == NULL)
		return;
	buf_reset(b);
	put_text(b, "", warns + 1, "");
	view_line(v, BAD, "warns", b);
}

static void
on_feedback(struct view *v, const cJSON *data, struct buf *b)
{
	bool ok = strcmp(text_of(data, "status"), "SUCCESS") == 0;
	bool unknown = strcmp(text_of(data, "status"), "UNKNOWN") == 0;
	const char *what = ok ? "ok" : unknown ? "unknown" : "failed";

	put_text(b, "", text_of(data, "tool"), "");
	buf_addf(b, " %d ms", int_of(data, "ms"));
	put_evidence(b, cJSON_GetObjectItemCaseSensitive(data, "evidence"));
	put_first_line(b, text_of(data, "summary"));
	if (!ok)
		put_text(b, " → ", text_of(data, "suggestion"), "");
	view_quiet(v);
	view_end_running(v, int_of(data, "iteration"), int_of(data, "index"));
	view_line(v, ok ? GOOD : BAD, what, b);
	tell_warnings(v, text_of(data, "summary"), b);
}

/* Further alerts of what is looked into, and those that are over. */
static void
on_alerts(struct view *v, const cJSON *data, struct buf *b)
{
	int joined = int_of(data, "joined"), gone = int_of(data, "gone");
	const char *between = ": ";
	const cJSON *name;

	if (joined > 0)
		buf_addf(b, "%d more", joined);
	if (gone > 0)
		buf_addf(b, "%s%d resolved", b->len > 0 ? ", " : "", gone);
	buf_addf(b, "; %d firing now", int_of(data, "firing"));
	cJSON_ArrayForEach (
	    name, cJSON_GetObjectItemCaseSensitive(data, "names")) {
		put_text(b, between, cJSON_GetStringValue(name), "");
		between = ", ";
	}
	view_line(v, PLAIN, "alerts", b);
}

static void
on_retry(struct view *v, const cJSON *data, struct buf *b)
{
	buf_addf(b, "attempt %d", int_of(data, "attempt"));
	put_text(b, ": ", text_of(data, "reason"), "");
	view_line(v, BAD, "again", b);
}

static void
on_progress(struct view *v, const cJSON *data, struct buf *b)
{
	put_text(b, "", text_of(data, "text"), "");
	put_text(b, " (", text_of(data, "worker"), ")");
	view_line(v, DIM, "progress", b);
}

static void
on_error(struct view *v, const cJSON *data, struct buf *b)
{
	put_text(b, "", text_of(data, "text"), "");
	view_line(v, BAD, "error", b);
}

static void
on_report(struct view *v, const cJSON *data, struct buf *b)
{
	free(v->report);
	v->report = xstrdup(text_of(data,
	    cJSON_HasObjectItem(data, "omitted") ? "detail" : "markdown"));
	put_text(b, "confidence: ", text_of(data, "confidence"), "");
	view_line(v, PLAIN, "report", b);
}

static void
on_finished(struct view *v, const cJSON *data, struct buf *b)
{
	const char *status = text_of(data, "status");
	bool ok = strcmp(status, "completed") == 0;

	free(v->status);
	v->status = xstrdup(status);
	put_text(b, "", status, "");
	buf_addf(b, " after %d round%s, %.1f s", int_of(data, "iteration"),
	    int_of(data, "iteration") == 1 ? "" : "s",
	    int_of(data, "ms") / 1000.0);
	put_text(b, ": ", text_of(data, "reason"), "");
	view_quiet(v);
	while (v->n_running > 0)
		view_forget(v, 0);
	view_line(v, ok ? GOOD : BAD, "finished", b);
}

static const struct {
	const char *type;
	void (*show)(struct view *v, const cJSON *data, struct buf *b);
} shown[] = {
    {"started", on_started},
    {"plan", on_plan},
    {"tool_started", on_tool_started},
    {"approval", on_approval},
    {"decided", on_decided},
    {"feedback", on_feedback},
    {"alerts", on_alerts},
    {"retry", on_retry},
    {"progress", on_progress},
    {"error", on_error},
    {"report", on_report},
    {"finished", on_finished},
};

static void
view_show(struct view *v,
    void (*show)(struct view *v, const cJSON *data, struct buf *b),
    struct span text)
{
	cJSON *data = cJSON_ParseWithLength(text.p, text.n);
	auto_buf b = {0};

	buf_init(&b, LINE_MAX_BYTES);
	show(v, data, &b);
	cJSON_Delete(data);
}

void
view_event(struct view *v, const struct sse_event *ev)
{
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		if (!span_is(ev->type, shown[i].type))
			continue;
		view_show(v, shown[i].show, ev->data);
		return;
	}
}
