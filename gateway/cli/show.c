/*
 * show.c - one investigation for a person: what it is about, how far it is,
 * what it waits for, what people said of it, its steps, and how its report
 * begins.
 */
#include "common/json/json.h"
#include "gateway/cli/cells.h"
#include "gateway/cli/runs.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_COLUMNS = 9, TOOL_COLUMNS = 26 };

static const char marks[] = "## "; /* the first section of a report */

static void
label(struct buf *b, const char *text)
{
	cell_put(b, text, LABEL_COLUMNS);
}

static void
put_line(struct buf *b, const char *what, const char *text)
{
	label(b, what);
	term_put(b, span_of(text), TERM_LINE);
	buf_addc(b, '\n');
}

static void
put_status(struct buf *b, const cJSON *o, const cJSON *run)
{
	const cJSON *conclusion = cJSON_GetObjectItem(o, "conclusion");
	const char *confidence = cell_text(conclusion, "confidence");
	double from = cell_number(run, "created_ms");
	double to = cell_number(run, "finished_ms");
	double rounds = cell_number(o, "iteration");

	label(b, "status");
	buf_adds(b, cell_text(o, "status"));
	if (confidence[0] != '\0') {
		buf_adds(b, ", ");
		term_put(b, span_of(confidence), TERM_LINE);
	}
	buf_addf(b, ", %.0f round%s\n", rounds, rounds == 1 ? "" : "s");
	label(b, "started");
	cell_time(b, from);
	if (to > 0)
		buf_addf(b, "took %.1f s", (to - from) / 1000);
	buf_addc(b, '\n');
}

static void
put_waits(struct buf *b, const char *id, const cJSON *waits)
{
	const cJSON *w;

	cJSON_ArrayForEach (w, waits) {
		label(b, "waits");
		term_put(b, span_of(cell_text(w, "tool")), TERM_LINE);
		buf_adds(b, ": ");
		term_put(b, span_of(cell_text(w, "step")), TERM_LINE);
		buf_adds(b, ", until ");
		cell_time(b, cell_number(w, "until"));
		buf_addf(b, "\n%*s  culprit approve %s %.0f, or deny\n",
		    LABEL_COLUMNS, "", id, cell_number(w, "task"));
	}
}

static void
put_remarks(struct buf *b, const cJSON *remarks)
{
	const cJSON *r;

	cJSON_ArrayForEach (r, remarks) {
		const char *verdict = cell_text(r, "verdict");

		label(b, "said");
		cell_time(b, cell_number(r, "at_ms"));
		term_put(b, span_of(cell_text(r, "by")), TERM_LINE);
		buf_adds(b, ": ");
		term_put(b, span_of(verdict), TERM_LINE);
		buf_adds(b, verdict[0] != '\0' ? " " : "");
		term_put(b, span_of(cell_text(r, "text")), TERM_LINE);
		buf_addc(b, '\n');
	}
}

static void
put_steps(struct buf *b, const cJSON *feedback)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, feedback) {
		label(b, f == feedback->child ? "steps" : "");
		cell_put(b, cell_text(f, "status"), LABEL_COLUMNS);
		cell_put(b, cell_text(f, "tool"), TOOL_COLUMNS);
		term_put(b, span_of(cell_text(f, "step")), TERM_LINE);
		buf_addc(b, '\n');
	}
}

/* Up to its first section: the answer. */
static void
put_head(struct buf *b, const char *report)
{
	const char *end = strstr(report, marks);
	size_t n = end != NULL ? (size_t)(end - report) : strlen(report);

	if (n == 0)
		return;
	buf_addc(b, '\n');
	term_put(b, span_trim(span_make(report, n)), TERM_TEXT);
	buf_addc(b, '\n');
}

static void
put_all(struct buf *b, const cJSON *o)
{
	const cJSON *run = cJSON_GetObjectItem(o, "run");
	const char *id = cell_text(o, "id");
	const char *report = cell_text(o, "final_report");

	put_line(b, "id", id);
	if (cell_text(o, "input")[0] != '\0')
		put_line(b, "task", cell_text(o, "input"));
	put_status(b, o, run);
	put_waits(b, id, cJSON_GetObjectItem(run, "waits"));
	put_remarks(b, cJSON_GetObjectItem(run, "remarks"));
	put_steps(b, cJSON_GetObjectItem(o, "executor_feedback"));
	put_head(b, report);
	buf_addf(b, "\nculprit %s %s\n",
	    report[0] != '\0' ? "report" : "follow", id);
}

int
cmd_show(const struct cmd_args *a)
{
	auto_call_reply reply = {0};
	auto_buf b = {.max = CALL_BODY_MAX};
	struct err err;
	cJSON *o;
	enum rc rc = runs_call(a, NULL, "", NULL, &reply, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	o = a->value[OPT_JSON] == NULL
		? cJSON_ParseWithLength(buf_str(&reply.body), reply.body.len)
		: NULL;
	if (o == NULL) {
		cell_print(buf_span(&reply.body), TERM_JSON);
		return CMD_DONE;
	}
	put_all(&b, o);
	fwrite(buf_str(&b), 1, b.len, stdout);
	cJSON_Delete(o);
	return CMD_DONE;
}
