/*
 * runs.c - the commands that read investigations, or end one.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/proto.h"
#include "gateway/cli/call.h"
#include "gateway/cli/cells.h"
#include "gateway/cli/cmd.h"
#include "gateway/cli/name.h"
#include "gateway/cli/runs.h"
#include "gateway/cli/term.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DECIDED_BY_MAX = PROTO_MOST(decide, by) };

/* A call of a path made of the run's id and what follows. */
static enum rc
call_run_with(const struct cmd_args *a, const char *method, const char *rest,
    const char *accept, const char *body, struct call_reply *ret_reply,
    struct err *err)
{
	auto_call_at at = {0};
	auto_str id = call_escape(a->conf.args[0]);
	auto_str path = xasprintf("/api/investigations/%s%s", id, rest);
	struct call_request rq = {.at = &at,
	    .method = method,
	    .path = path,
	    .accept = accept,
	    .body = body};
	enum rc rc = call_open(&a->conf, &at, err);

	return rc == RC_OK ? call_make(&rq, ret_reply, err) : rc;
}

enum rc
runs_call(const struct cmd_args *a, const char *method, const char *rest,
    const char *accept, struct call_reply *ret_reply, struct err *err)
{
	return call_run_with(a, method, rest, accept,
	    method != NULL ? "{}" : NULL, ret_reply, err);
}

/* ---- list ---- */

static void
put_took(struct buf *b, const cJSON *run)
{
	double from = cell_number(run, "created_ms");
	double to = cell_number(run, "finished_ms");
	char text[32];

	if (to <= 0)
		to = (double)clk_wall_ms();
	snprintf(text, sizeof(text), "%.1f s", MAX((to - from) / 1000, 0.0));
	cell_put(b, text, 8);
}

static void
list_put(struct buf *b, const cJSON *run)
{
	const char *confidence = cell_text(run, "confidence");
	const char *verdict = cell_text(run, "verdict");

	cell_put(b, cell_text(run, "id"), 26);
	cell_time(b, cell_number(run, "created_ms"));
	put_took(b, run);
	/* A person is asked for: that goes before what it does meanwhile. */
	cell_put(b,
	    cell_number(run, "waits") > 0 ? "approve?"
					  : cell_text(run, "status"),
	    10);
	cell_put(b, verdict[0] != '\0' ? verdict : "-", 8);
	cell_put(b, confidence[0] != '\0' ? confidence : "-", 12);
	term_put(b, span_of(cell_text(run, "input")), TERM_LINE);
	buf_addc(b, '\n');
}

static const struct {
	enum cmd_opt opt;
	const char *arg;
} list_args[] = {
    {OPT_STATUS, "status"},
    {OPT_SINCE, "since"},
    {OPT_UNTIL, "until"},
    {OPT_ALERT, "alert"},
    {OPT_TEXT, "q"},
    {OPT_BEFORE, "before"},
};

/* The caller's. */
static char *
list_path(const struct cmd_args *a)
{
	const char *limit = a->value[OPT_LIMIT];
	auto_str n = call_escape(limit != NULL ? limit : "20");
	auto_buf b = {.max = CALL_BODY_MAX};
	size_t i;

	buf_addf(&b, "/api/investigations?limit=%s", n);
	for (i = 0; i < ARRAY_LEN(list_args); i++) {
		const char *v = a->value[list_args[i].opt];
		auto_str text = call_escape(v != NULL ? v : "");

		if (v != NULL)
			buf_addf(&b, "&%s=%s", list_args[i].arg, text);
	}
	return xstrdup(buf_str(&b));
}

static bool
list_is_all(const struct cmd_args *a)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(list_args); i++)
		if (a->value[list_args[i].opt] != NULL)
			return false;
	return true;
}

static void
list_print(const struct cmd_args *a, const struct call_reply *r)
{
	cJSON *o = cJSON_ParseWithLength(buf_str(&r->body), r->body.len);
	const cJSON *run, *runs;
	auto_buf b = {0};

	buf_init(&b, (size_t)CALL_BODY_MAX);
	runs = cJSON_GetObjectItemCaseSensitive(o, "investigations");
	if (cJSON_GetArraySize(runs) == 0) {
		fputs(list_is_all(a)
			  ? "No investigations yet; start one with `culprit "
			    "investigate`.\n"
			  : "None that fits.\n",
		    stderr);
	} else {
		cell_put(&b, "ID", 26);
		cell_put(&b, "STARTED", 25);
		cell_put(&b, "TOOK", 8);
		cell_put(&b, "STATUS", 10);
		cell_put(&b, "VERDICT", 8);
		cell_put(&b, "CONFIDENCE", 12);
		buf_adds(&b, "TASK\n");
	}
	cJSON_ArrayForEach (run, runs)
		list_put(&b, run);
	fwrite(buf_str(&b), 1, b.len, stdout);
	if (cell_number(o, "next") > 0)
		fprintf(stderr, "older ones: the same with --before %.0f\n",
		    cell_number(o, "next"));
	cJSON_Delete(o);
}

int
cmd_list(const struct cmd_args *a)
{
	auto_call_at at = {0};
	auto_str path = list_path(a);
	auto_call_reply reply = {0};
	struct call_request rq = {.at = &at, .path = path};
	struct err err;
	enum rc rc = call_open(&a->conf, &at, &err);

	if (rc == RC_OK)
		rc = call_make(&rq, &reply, &err);
	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	if (a->value[OPT_JSON] != NULL)
		cell_print(buf_span(&reply.body), TERM_JSON);
	else
		list_print(a, &reply);
	return CMD_DONE;
}

/* ---- one investigation ---- */

int
cmd_cancel(const struct cmd_args *a)
{
	auto_call_reply reply = {0};
	struct err err;
	enum rc rc = runs_call(a, "POST", "/cancel", NULL, &reply, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	fprintf(
	    stderr, "%s is asked to end; it reports what it found\n", a->run);
	return CMD_DONE;
}

/* "ann@host": who is at this terminal. */
static char *
who_decides(void)
{
	const struct passwd *pw = getpwuid(geteuid());
	char host[HOST_NAME_MAX + 1] = "";
	char *who;

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	who = pw != NULL ? xasprintf("%s@%s", pw->pw_name, host)
			 : xasprintf("uid %u@%s", (unsigned)geteuid(), host);
	who[strnlen(who, DECIDED_BY_MAX)] = '\0';
	return who;
}

/* The step that is named, or the only one that waits. */
static enum rc
step_of(const struct cmd_args *a, char **ret, struct err *err)
{
	auto_call_reply reply = {0};
	AUTO(json) shown = NULL;
	const cJSON *waits;
	enum rc rc;
	int n;

	if (a->conf.n_args > 1) {
		*ret = call_escape(a->conf.args[1]);
		return RC_OK;
	}
	rc = runs_call(a, NULL, "", NULL, &reply, err);
	if (rc == RC_OK)
		rc = json_parse(buf_span(&reply.body), NULL, &shown, err);
	if (rc != RC_OK)
		return rc;
	waits = tree_at(tree_at(shown, "run"), "waits");
	n = cJSON_GetArraySize(waits);
	if (n != 1)
		return err_set(err, n == 0 ? RC_NOTFOUND : RC_INVALID,
		    n == 0 ? "no step of %s waits for a person"
			   : "several steps of %s wait: say which one; "
			     "`culprit show` lists them",
		    a->run);
	*ret = xasprintf(
	    "%.0f", tree_num(cJSON_GetArrayItem(waits, 0), "task", 0));
	return RC_OK;
}

static int
decide(const struct cmd_args *a, bool approve)
{
	auto_str step = NULL;
	auto_str rest = NULL;
	auto_call_reply reply = {0};
	AUTO(json) said = NULL;
	auto_buf who = {.max = 1024};
	struct err err;
	enum rc rc;

	if ((rc = step_of(a, &step, &err)) != RC_OK)
		return cmd_fail(a, rc, &err);
	rest = xasprintf("/steps/%s", step);
	rc = call_run_with(a, "POST", rest, NULL,
	    approve ? "{\"approve\":true}" : "{\"approve\":false}", &reply,
	    &err);
	if (rc == RC_OK)
		rc = json_parse(buf_span(&reply.body), NULL, &said, &err);
	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	term_put(&who, span_of(tree_str(said, "by")), TERM_LINE);
	fprintf(stderr, "step %s of %s is %s, said by %s\n", step, a->run,
	    approve ? "approved" : "denied", buf_str(&who));
	return CMD_DONE;
}

/* What is typed behind the first n arguments, as one text; the caller's. */
static char *
words_from(const struct cmd_args *a, int n)
{
	auto_buf b = {.max = CALL_BODY_MAX};

	for (; n < a->conf.n_args; n++)
		buf_addf(&b, "%s%s", b.len > 0 ? " " : "", a->conf.args[n]);
	return xstrdup(buf_str(&b));
}

/* Members by name and value, ended by NULL; and who says it. */
static int
say(const struct cmd_args *a, const char *path, const char *const *members)
{
	auto_str who = who_decides();
	cJSON *o = cJSON_CreateObject();
	auto_call_reply reply = {0};
	struct err err;
	char *body;
	enum rc rc;

	for (; *members != NULL; members += 2)
		cJSON_AddStringToObject(o, members[0], members[1]);
	cJSON_AddStringToObject(o, "by", who);
	body = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	rc = call_run_with(a, "POST", path, NULL, body, &reply, &err);
	cJSON_free(body);
	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	fprintf(stderr, "noted on %s by %s\n", a->run, who);
	return CMD_DONE;
}

int
cmd_verdict(const struct cmd_args *a)
{
	auto_str cause = words_from(a, 2);

	return say(a, "/verdict",
	    (const char *const[]){
		"verdict", a->conf.args[1], "cause", cause, NULL});
}

int
cmd_note(const struct cmd_args *a)
{
	auto_str text = words_from(a, 1);

	return say(a, "/notes", (const char *const[]){"text", text, NULL});
}

int
cmd_approve(const struct cmd_args *a)
{
	return decide(a, true);
}

int
cmd_deny(const struct cmd_args *a)
{
	return decide(a, false);
}

/* The very bytes, unless a person's terminal would take them. */
static void
print_bytes(const struct call_reply *r)
{
	if (isatty(STDOUT_FILENO))
		cell_print(buf_span(&r->body), TERM_TEXT);
	else
		fwrite(buf_str(&r->body), 1, r->body.len, stdout);
}

int
cmd_report(const struct cmd_args *a)
{
	bool json = a->value[OPT_JSON] != NULL;
	bool html = a->value[OPT_HTML] != NULL;
	auto_call_reply reply = {0};
	struct err err;
	enum rc rc = runs_call(a, NULL, "/report",
	    json   ? "application/json"
	    : html ? "text/html"
		   : "text/markdown",
	    &reply, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	if (html)
		print_bytes(&reply);
	else
		cell_print(buf_span(&reply.body), json ? TERM_JSON : TERM_TEXT);
	return CMD_DONE;
}

int
cmd_open(const struct cmd_args *a)
{
	auto_call_at at = {0};
	struct err err;
	enum rc rc = call_open(&a->conf, &at, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	printf("%s/#%s\n", at.base, a->run);
	return CMD_DONE;
}

int
cmd_evidence(const struct cmd_args *a)
{
	auto_str name = name_evidence(a->conf.args[1]);
	auto_str id = call_escape(name);
	auto_str rest = xasprintf("/evidence/%s", id);
	auto_call_reply reply = {0};
	struct err err;
	enum rc rc = runs_call(a, NULL, rest, "*/*", &reply, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	print_bytes(&reply);
	return CMD_DONE;
}
