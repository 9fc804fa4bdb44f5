/*
 * investigate.c - `culprit investigate`, `culprit ask` and `culprit follow`.
 */
#include "common/json/json.h"
#include "gateway/cli/call.h"
#include "gateway/cli/cmd.h"
#include "gateway/cli/stream.h"
#include "gateway/cli/term.h"
#include "gateway/cli/view.h"
#include "gateway/cli/watch.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES_MAX = 256 << 10 };

/* Who is told of an event: the person, or a program reading JSON lines. */
struct watch {
	struct view *view;
	bool json;
};

static void
watch_print_json(const struct sse_event *ev)
{
	auto_buf b = {0};

	buf_init(&b, 2 * (size_t)STREAM_EVENT_MAX);
	buf_adds(&b, "{");
	if (ev->id.n != 0) {
		buf_adds(&b, "\"id\":\"");
		term_put(&b, ev->id, TERM_JSON);
		buf_adds(&b, "\",");
	}
	buf_adds(&b, "\"type\":\"");
	term_put(&b, ev->type, TERM_JSON);
	buf_adds(&b, "\",\"data\":");
	term_put(&b, ev->data, TERM_JSON);
	buf_adds(&b, "}\n");
	fwrite(b.data, 1, b.len, stdout);
	fflush(stdout);
}

static void
watch_on_event(void *ctx, const struct sse_event *ev)
{
	struct watch *w = ctx;

	if (w->json)
		watch_print_json(ev);
	view_event(w->view, ev);
}

static void
watch_on_note(void *ctx, const char *text)
{
	struct watch *w = ctx;

	view_note(w->view, text);
}

static void
watch_on_tick(void *ctx)
{
	struct watch *w = ctx;

	view_tick(w->view);
}

static void
print_report(const char *markdown)
{
	auto_buf b = {0};

	buf_init(&b, 4 * strlen(markdown) + 2);
	term_put(&b, span_of(markdown), TERM_TEXT);
	if (b.len > 0 && b.data[b.len - 1] != '\n')
		buf_addc(&b, '\n');
	fwrite(buf_str(&b), 1, b.len, stdout);
	fflush(stdout);
}

struct where {
	struct buf text;
	const struct conf *conf;
};

/* As a shell takes it for one word. */
static void
put_word(struct buf *b, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-:@%+,";

	if (s[strspn(s, plain)] == '\0' && s[0] != '\0') {
		buf_adds(b, s);
		return;
	}
	buf_addc(b, '\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *s);
	buf_addc(b, '\'');
}

/* The environment and the file are there for the next command, too. */
static void
where_add(void *ctx, const char *flag, const char *value)
{
	static const char *const wanted[] = {
	    "listen", "data-dir", "token-file"};
	struct where *w = ctx;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (strcmp(flag, wanted[i]) != 0 ||
		    conf_from(w->conf, flag) != CONF_FROM_FLAG)
			continue;
		buf_addf(&w->text, " --%s=", flag);
		put_word(&w->text, value);
	}
}

int
watch_run(const struct cmd_args *a, struct stream_spec spec)
{
	struct view_spec vs = view_spec_for(stderr);
	struct where where = {.conf = &a->conf};
	struct watch w = {.json = a->value[OPT_JSON] != NULL};
	auto_call_at at = {0};
	struct err err;
	const char *status;
	int result = CMD_FAILED;
	enum rc rc;

	buf_init(&where.text, INPUT_BYTES_MAX);
	conf_each(&a->conf, CONF_CLI, where_add, &where);
	vs.where = buf_str(&where.text);
	w.view = view_new(&vs);
	spec.at = &at;
	spec.on_event = watch_on_event;
	spec.on_note = watch_on_note;
	spec.on_tick = watch_on_tick;
	spec.ctx = &w;
	rc = call_open(&a->conf, &at, &err);
	if (rc == RC_OK)
		rc = stream_run(&spec, &err);
	view_quiet(w.view);
	status = view_status(w.view);
	if (view_report(w.view) != NULL && !w.json) {
		fputc('\n', stderr);
		print_report(view_report(w.view));
	}
	if (rc != RC_OK)
		result = cmd_fail(a, rc, &err);
	else if (status != NULL && strcmp(status, "completed") == 0)
		result = CMD_DONE;
	view_free(w.view);
	buf_done(&where.text);
	return result;
}

/* ---- the body of the request ---- */

/* A whole number goes as one, everything else as text: it is the gateway
 * that knows the forms of time. */
static void
put_value(cJSON *o, const char *key, const char *text)
{
	char *end;
	double d = strtod(text, &end);

	if (text[0] >= '0' && text[0] <= '9' && *end == '\0')
		cJSON_AddNumberToObject(o, key, d);
	else
		cJSON_AddStringToObject(o, key, text);
}

/* "a=b,c=d" */
static enum rc
put_labels(cJSON *o, const char *text, struct err *err)
{
	cJSON *labels = cJSON_AddObjectToObject(o, "labels");
	auto_str copy = xstrdup(text);
	char *rest = copy, *pair;

	while ((pair = strsep(&rest, ",")) != NULL) {
		char *value = strchr(pair, '=');

		if (value == NULL || value == pair)
			return err_set(err, RC_INVALID,
			    "--labels must be "
			    "name=value pairs with commas between them; "
			    "\"%s\" is none",
			    pair);
		*value++ = '\0';
		cJSON_AddStringToObject(labels, pair, value);
	}
	return RC_OK;
}

/* The arguments from one on, as the words of a sentence. */
static enum rc
put_words(cJSON *o, const char *key, const struct cmd_args *a, int from,
    struct err *err)
{
	auto_buf b = {0};
	enum rc rc;

	buf_init(&b, INPUT_BYTES_MAX);
	for (int i = from; i < a->conf.n_args; i++) {
		if (i > from)
			buf_addc(&b, ' ');
		buf_adds(&b, a->conf.args[i]);
	}
	rc = buf_check(&b, "the question", err);
	if (rc == RC_OK && b.len > 0)
		cJSON_AddStringToObject(o, key, buf_str(&b));
	return rc;
}

/* The flag's value, else the variable's. */
static void
put_own(cJSON *o, const char *key, const char *flag, const char *variable)
{
	const char *value = flag != NULL ? flag : getenv(variable);

	if (value != NULL && value[0] != '\0')
		cJSON_AddStringToObject(o, key, value);
}

/* The language of who sits there, where they are told nothing else: NULL where
 * no report is in it, and the server's own is as good. */
static const char *
locale_language(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	static const char *const languages[] = {"zh", "en"};
	const char *value = "";

	for (size_t i = 0; i < ARRAY_LEN(variables) && value[0] == '\0'; i++)
		value = getenv(variables[i]) != NULL ? getenv(variables[i]) : "";
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (strncmp(value, languages[i], 2) == 0 &&
		    strchr("_.@-", value[2]) != NULL)
			return languages[i];
	return NULL;
}

static void
put_language(cJSON *o, const char *flag)
{
	const char *locale = locale_language();

	put_own(o, "language", flag, "CULPRIT_LANGUAGE");
	if (cJSON_GetObjectItemCaseSensitive(o, "language") == NULL &&
	    locale != NULL)
		cJSON_AddStringToObject(o, "language", locale);
}

static enum rc
make_body(const struct cmd_args *a, char **ret_body, struct err *err)
{
	cJSON *o = cJSON_CreateObject();
	enum rc rc = put_words(o, "input", a, 0, err);

	put_language(o, a->value[OPT_LANGUAGE]);
	put_own(o, "timezone", a->value[OPT_TIMEZONE], "CULPRIT_TIMEZONE");
	if (a->value[OPT_AT] != NULL)
		put_value(o, "at", a->value[OPT_AT]);
	if (a->value[OPT_WINDOW] != NULL)
		put_value(o, "window", a->value[OPT_WINDOW]);
	if (rc == RC_OK && a->value[OPT_LABELS] != NULL)
		rc = put_labels(o, a->value[OPT_LABELS], err);
	if (rc == RC_OK)
		*ret_body = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return rc;
}

/* --async: start it and say its id. */
static int
start_only(const struct cmd_args *a, const char *body)
{
	auto_call_at at = {0};
	auto_call_reply reply = {0};
	struct call_request rq = {.at = &at,
	    .path = "/api/ai_ops",
	    .body = body,
	    .header = "Prefer: respond-async"};
	struct err err;
	const char *slash;
	enum rc rc = call_open(&a->conf, &at, &err);

	if (rc == RC_OK)
		rc = call_make(&rq, &reply, &err);
	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	if (a->value[OPT_JSON] != NULL) {
		printf("%s\n", buf_str(&reply.body));
		return CMD_DONE;
	}
	slash = reply.location != NULL ? strrchr(reply.location, '/') : NULL;
	puts(slash != NULL ? slash + 1 : buf_str(&reply.body));
	return CMD_DONE;
}

int
cmd_investigate(const struct cmd_args *a)
{
	struct stream_spec spec = {.interrupt_cancels = true};
	auto_str body = NULL;
	struct err err;

	if (make_body(a, &body, &err) != RC_OK) {
		fprintf(stderr, "culprit investigate: %s\n", err.text);
		return CMD_USAGE;
	}
	if (a->value[OPT_ASYNC] != NULL)
		return start_only(a, body);
	spec.body = body;
	return watch_run(a, spec);
}

int
cmd_follow(const struct cmd_args *a)
{
	struct stream_spec spec = {.run = a->conf.args[0]};

	return watch_run(a, spec);
}

int
cmd_ask(const struct cmd_args *a)
{
	AUTO(json) o = cJSON_CreateObject();
	auto_str id = call_escape(a->conf.args[0]);
	auto_str path = xasprintf("/api/investigations/%s/ask", id);
	auto_buf body = {.max = INPUT_BYTES_MAX};
	struct stream_spec spec = {.path = path, .interrupt_cancels = true};
	struct err err;

	if (put_words(o, "question", a, 1, &err) != RC_OK) {
		fprintf(stderr, "culprit ask: %s\n", err.text);
		return CMD_USAGE;
	}
	json_print(&body, o);
	spec.body = buf_str(&body);
	return watch_run(a, spec);
}
