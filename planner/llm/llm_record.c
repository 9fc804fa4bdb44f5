/* llm_record.c - prompts and answers in files. */
#include "planner/llm/llm_record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clk.h"
#include "common/base/sha256.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "planner/llm/llm_body.h"
#include "planner/llm/llm_redact.h"
#include "planner/llm/llm_stream.h"

enum { FILE_MAX = 2 * LLM_BODY_MAX };

static char *
path_of(const char *dir, const cJSON *messages)
{
	auto_buf text = {.max = LLM_BODY_MAX};
	char sha[SHA256_TEXT];

	llm_body_put_messages(&text, &(struct llm_body){.messages = messages});
	return xasprintf(
	    "%s/%.32s.json", dir, sha256_text(buf_span(&text), sha));
}

enum rc
llm_record_open(const char *dir, struct err *err)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_set(err, RC_IO,
		    "--record (CULPRIT_RECORD): %s cannot be made: %s", dir,
		    strerror(errno));
	if (access(dir, W_OK | X_OK) != 0)
		return err_set(err, RC_IO,
		    "--record (CULPRIT_RECORD): %s cannot be written: %s", dir,
		    strerror(errno));
	return RC_OK;
}

/* ---- writing ---- */

static void
add_clean(cJSON *o, const char *key, struct span text)
{
	auto_buf clean = {.max = 2 * LLM_BODY_MAX};

	llm_redact(&clean, text);
	json_add_span(o, key, buf_span(&clean));
}

static cJSON *
tree_of(const char *planner, const struct llm_reply *r)
{
	cJSON *o = cJSON_CreateObject(), *reply, *request = NULL;
	auto_buf clean = {.max = 2 * LLM_BODY_MAX};
	struct err ignored;

	cJSON_AddStringToObject(o, "planner", planner);
	cJSON_AddStringToObject(o, "url", r->shown);
	cJSON_AddStringToObject(o, "model", r->model);
	cJSON_AddStringToObject(o, "form", llm_shape_name(r->shape));
	json_add_moment(o, "at", clk_wall_ms());
	cJSON_AddNumberToObject(o, "ms", (double)r->ms);
	reply = cJSON_AddObjectToObject(o, "reply");
	cJSON_AddNumberToObject(reply, "rc", r->rc);
	cJSON_AddStringToObject(
	    reply, "error", r->rc == RC_OK ? "" : r->err.text);
	cJSON_AddBoolToObject(reply, "long", r->is_long);
	cJSON_AddBoolToObject(reply, "cut", r->cut);
	cJSON_AddStringToObject(reply, "finish", r->finish);
	add_clean(reply, "text", r->text);
	add_clean(reply, "thinking", r->thinking);
	cJSON_AddNumberToObject(
	    reply, "prompt_tokens", (double)r->prompt_tokens);
	cJSON_AddNumberToObject(
	    reply, "cached_tokens", (double)r->cached_tokens);
	cJSON_AddNumberToObject(
	    reply, "answer_tokens", (double)r->answer_tokens);
	llm_redact(&clean, r->sent);
	if (json_parse(buf_span(&clean),
		&(struct json_limits){2 * LLM_BODY_MAX, 32, 1000000}, &request,
		&ignored) == RC_OK)
		cJSON_AddItemToObject(o, "request", request);
	return o;
}

/* Whole or not at all, whoever reads meanwhile. */
static enum rc
write_file(const char *path, struct span text, struct err *err)
{
	auto_str temp = xasprintf("%s.%ld", path, (long)getpid());
	FILE *f = fopen(temp, "we");
	bool ok = f != NULL && fwrite(text.p, 1, text.n, f) == text.n;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	if (ok && rename(temp, path) == 0)
		return RC_OK;
	err_set(err, RC_IO, "%s cannot be written: %s", path, strerror(errno));
	unlink(temp);
	return RC_IO;
}

enum rc
llm_record_put(const char *dir, const char *planner, const cJSON *messages,
    const struct llm_reply *reply, struct err *err)
{
	AUTO(tree) tree = tree_of(planner, reply);
	auto_str path = path_of(dir, messages);
	auto_buf text = {.max = FILE_MAX};
	enum rc rc;

	json_print_pretty(&text, tree);
	rc = buf_check(&text, "a recorded answer", err);
	return rc == RC_OK ? write_file(path, buf_span(&text), err) : rc;
}

/* ---- reading ---- */

static enum rc
read_file(const char *path, cJSON **ret, struct err *err)
{
	FILE *f = fopen(path, "re");
	auto_buf text = {.max = FILE_MAX};
	char piece[8192];
	size_t n;

	if (f == NULL)
		return err_set(
		    err, RC_NOTFOUND, "%s: %s", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&text, piece, n);
	fclose(f);
	return json_parse(buf_span(&text),
	    &(struct json_limits){FILE_MAX, 32, 1000000}, ret, err);
}

void
llm_record_get(
    const char *dir, const cJSON *messages, cJSON **tree, struct llm_reply *ret)
{
	auto_str path = path_of(dir, messages);
	struct llm_reply r = {.shown = "", .model = "", .finish = ""};
	const cJSON *reply;

	*tree = NULL;
	if (read_file(path, tree, &r.err) != RC_OK) {
		r.rc = err_set(&r.err, RC_NOTFOUND,
		    "nothing was recorded for this prompt (%s)", path);
		*ret = r;
		return;
	}
	reply = tree_at(*tree, "reply");
	r.rc = (enum rc)tree_num(reply, "rc", RC_NOTFOUND);
	err_set(&r.err, r.rc, "%s", tree_str(reply, "error"));
	r.is_long = cJSON_IsTrue(tree_at(reply, "long"));
	r.cut = cJSON_IsTrue(tree_at(reply, "cut"));
	r.finish = tree_str(reply, "finish");
	r.text = tree_span(reply, "text");
	r.thinking = tree_span(reply, "thinking");
	r.shown = tree_str(*tree, "url");
	r.model = tree_str(*tree, "model");
	r.prompt_tokens = (int64_t)tree_num(reply, "prompt_tokens", -1);
	r.cached_tokens = (int64_t)tree_num(reply, "cached_tokens", -1);
	r.answer_tokens = (int64_t)tree_num(reply, "answer_tokens", -1);
	*ret = r;
}

static bool
is_record(const char *name)
{
	size_t n = strlen(name);

	return n == 32 + 5 && strcmp(name + 32, ".json") == 0;
}

enum rc
llm_record_planner(const char *dir, char ret[32], struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	enum rc rc = RC_NOTFOUND;

	if (d == NULL)
		return err_set(err, RC_NOTFOUND,
		    "--record (CULPRIT_RECORD): %s: %s", dir, strerror(errno));
	while (rc != RC_OK && (e = readdir(d)) != NULL) {
		auto_str path = xasprintf("%s/%s", dir, e->d_name);
		AUTO(tree) tree = NULL;

		if (!is_record(e->d_name))
			continue;
		rc = read_file(path, &tree, err);
		if (rc == RC_OK)
			snprintf(ret, 32, "%s", tree_str(tree, "planner"));
	}
	closedir(d);
	return rc == RC_OK ? rc
			   : err_set(err, RC_NOTFOUND,
				 "--record (CULPRIT_RECORD): %s holds no "
				 "recorded answer",
				 dir);
}
