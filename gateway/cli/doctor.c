/*
 * doctor.c - `culprit doctor`: what is wrong with this installation, and what
 * to do about it.
 *
 * What a process knows about its own configuration it is asked itself, by
 * --check: there is no second opinion here that could differ.
 */
#include "gateway/cli/doctor.h"

#include <stdio.h>

#include "gateway/cli/call.h"
#include "gateway/cli/cmd.h"
#include "gateway/cli/once.h"
#include "gateway/cli/term.h"

#include <cjson/cJSON.h>

enum { CHECK_MS = 60000, SAID_MAX = 64 << 10 };

static enum doctor_mark
look_configuration(const struct conf *conf, struct buf *said)
{
	if (conf->ini != NULL)
		buf_addf(
		    said, "%s; flags and CULPRIT_* stand above it", conf->ini);
	else
		buf_addf(said, "no file is named: flags, CULPRIT_* and "
			       "/etc/culprit.conf where it exists");
	buf_addf(said, "\ndata directory %s", conf->data_dir);
	return DOCTOR_OK;
}

/* It says "culprit-planner: …", which its row does as well. */
static void
add_said(struct buf *said, const char *kind, struct span text)
{
	auto_str name = xasprintf("culprit-%s: ", kind);
	size_t n = strlen(name);

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t line = end != NULL ? (size_t)(end - text.p) : text.n;
		size_t skip = line > n && memcmp(text.p, name, n) == 0 ? n : 0;

		if (line > skip) {
			if (said->len > 0)
				buf_addc(said, '\n');
			buf_add(said, text.p + skip, line - skip);
		}
		line += end != NULL;
		text = span_make(text.p + line, text.n - line);
	}
}

static enum doctor_mark
look_process(
    const struct conf *conf, const char *kind, unsigned who, struct buf *said)
{
	struct sibling program = {0};
	auto_buf out = {.max = SAID_MAX};
	struct err err;
	int status = 0;
	enum rc rc;

	sibling_init(&program, kind, who, conf);
	rc = once_check(&program, CHECK_MS, &out, &status, &err);
	sibling_done(&program);
	if (rc != RC_OK)
		buf_addf(said, "%s", err.text);
	else
		add_said(said, kind, buf_span(&out));
	return rc == RC_OK && status == 0 ? DOCTOR_OK : DOCTOR_BAD;
}

static enum doctor_mark
look_supervisor(const struct conf *conf, struct buf *said)
{
	return look_process(conf, "supervisor", CONF_SUPERVISOR, said);
}

static enum doctor_mark
look_gateway(const struct conf *conf, struct buf *said)
{
	return look_process(conf, "gateway", CONF_GATEWAY, said);
}

static enum doctor_mark
look_planner(const struct conf *conf, struct buf *said)
{
	return look_process(conf, "planner", CONF_PLANNER, said);
}

static enum doctor_mark
look_executor(const struct conf *conf, struct buf *said)
{
	return look_process(conf, "executor", CONF_EXECUTOR, said);
}

static enum doctor_mark
look_running(const struct conf *conf, struct buf *said)
{
	auto_call_at at = {0};
	auto_call_reply reply = {0};
	struct call_request rq = {.at = &at, .path = "/readyz"};
	struct err err;
	enum rc rc = call_open(conf, &at, &err);

	if (rc == RC_OK)
		rc = call_make(&rq, &reply, &err);
	if (rc == RC_OK)
		buf_addf(said, "%s takes investigations", at.base);
	else if (rc == RC_CLOSED)
		buf_addf(said, "nothing runs at %s; `culprit up` starts it",
		    at.base);
	else
		buf_addf(said, "%s", err.text);
	return rc == RC_OK       ? DOCTOR_OK
	       : rc == RC_CLOSED ? DOCTOR_NOTE
				 : DOCTOR_BAD;
}

static const struct look {
	const char *name;
	doctor_fn *look;
} looks[] = {
    {"configuration", look_configuration},
    {"supervisor", look_supervisor}, /* and the store */
    {"gateway", look_gateway},
    {"planner", look_planner},   /* and the model */
    {"executor", look_executor}, /* and Prometheus, and the documents */
    {"disk", doctor_disk},
    {"clock", doctor_clock},
    {"rights", doctor_rights},
    {"running", look_running},
};

static const char *const marks[] = {"ok", "note", "bad"};

static void
tell_lines(const struct look *l, enum doctor_mark mark, struct span said)
{
	auto_buf safe = {.max = 4 * SAID_MAX};
	const char *line, *end;

	term_put(&safe, said, TERM_TEXT);
	printf("%-5s %-14s", marks[mark], l->name);
	for (line = buf_str(&safe); line != NULL; line = end) {
		end = strchr(line, '\n');
		printf("%*s%.*s\n", line == buf_str(&safe) ? 0 : 20, "",
		    end != NULL ? (int)(end - line) : (int)strlen(line), line);
		end = end != NULL ? end + 1 : NULL;
	}
	fflush(stdout);
}

static void
add_json(
    cJSON *list, const struct look *l, enum doctor_mark mark, struct span said)
{
	cJSON *row = cJSON_CreateObject();
	auto_str text = xstrndup(said.p, said.n);

	cJSON_AddStringToObject(row, "what", l->name);
	cJSON_AddStringToObject(row, "mark", marks[mark]);
	cJSON_AddStringToObject(row, "said", text);
	cJSON_AddItemToArray(list, row);
}

static void
say_json(cJSON *list)
{
	auto_buf safe = {.max = 16 * SAID_MAX};
	char *text = cJSON_PrintUnformatted(list);

	term_put(&safe, span_of(text), TERM_JSON);
	puts(buf_str(&safe));
	cJSON_free(text);
}

int
cmd_doctor(const struct cmd_args *a)
{
	cJSON *list = cJSON_CreateArray();
	int bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		auto_buf said = {.max = 2 * SAID_MAX};
		enum doctor_mark mark = looks[i].look(&a->conf, &said);

		bad += mark == DOCTOR_BAD;
		if (a->value[OPT_JSON] == NULL)
			tell_lines(&looks[i], mark, buf_span(&said));
		else
			add_json(list, &looks[i], mark, buf_span(&said));
	}
	if (a->value[OPT_JSON] != NULL)
		say_json(list);
	cJSON_Delete(list);
	return bad == 0 ? CMD_DONE : CMD_FAILED;
}
