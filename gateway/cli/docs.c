/*
 * docs.c - culprit docs: add and rm ask the gateway, for what is put must be
 * kept by whoever runs; for the rest the executor's program looks into the
 * index.
 */
#include "common/agent/sibling.h"
#include "common/base/utf8.h"
#include "gateway/cli/call.h"
#include "gateway/cli/cmd.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20 }; /* what the gateway takes is less */

static enum rc
read_file(const char *path, struct buf *b, struct err *err)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char piece[65536];
	size_t n;
	bool bad;

	if (f == NULL)
		return err_set(
		    err, RC_IO, "cannot read %s: %s", path, strerror(errno));
	while (!b->full && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(b, piece, n);
	bad = ferror(f) != 0;
	if (f != stdin)
		fclose(f);
	if (bad)
		return err_set(
		    err, RC_IO, "cannot read %s: %s", path, strerror(errno));
	/* It goes as text, which ends nowhere in its midst. */
	if (!b->full &&
	    (!utf8_ok(buf_span(b)) || memchr(buf_str(b), '\0', b->len) != NULL))
		return err_set(err, RC_INVALID,
		    "%s is no text in UTF-8, which documents are", path);
	return buf_check(b, path, err);
}

static enum rc
ask(const struct cmd_args *a, const char *method, const char *name,
    const char *body, struct call_reply *reply, struct err *err)
{
	auto_call_at at = {0};
	auto_str escaped = call_escape(name);
	auto_str path = xasprintf("/api/docs/%s", escaped);
	const struct call_request rq = {.at = &at,
	    .method = method,
	    .path = path,
	    .body = body,
	    .media = "text/plain; charset=utf-8"};
	enum rc rc = call_open(&a->conf, &at, err);

	return rc == RC_OK ? call_make(&rq, reply, err) : rc;
}

/* FILE [NAME] */
static int
add(const struct cmd_args *a)
{
	const char *file = a->conf.args[1];
	const char *last = strrchr(file, '/');
	const char *name = a->conf.n_args > 2 ? a->conf.args[2]
			   : last != NULL     ? last + 1
					      : file;
	auto_buf text = {.max = FILE_MAX};
	auto_call_reply reply = {0};
	struct err err;
	cJSON *told;
	enum rc rc = read_file(file, &text, &err);

	if (rc == RC_OK)
		rc = ask(a, "PUT", name, buf_str(&text), &reply, &err);
	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	told = cJSON_ParseWithLength(buf_str(&reply.body), reply.body.len);
	printf("%s is kept%s\n", name,
	    cJSON_IsTrue(cJSON_GetObjectItem(told, "indexed"))
		? ""
		: ", and found in a moment");
	cJSON_Delete(told);
	return CMD_DONE;
}

static int
remove_one(const struct cmd_args *a)
{
	auto_call_reply reply = {0};
	struct err err;
	enum rc rc = ask(a, "DELETE", a->conf.args[1], NULL, &reply, &err);

	if (rc != RC_OK)
		return cmd_fail(a, rc, &err);
	printf("%s is gone\n", a->conf.args[1]);
	return CMD_DONE;
}

static int
look(const struct cmd_args *a)
{
	struct sibling s = {0};
	struct err err;
	int i;

	sibling_init(&s, "executor", CONF_EXECUTOR, &a->conf);
	sibling_add(&s, xstrdup("--docs"));
	for (i = 0; i < a->conf.n_args; i++)
		sibling_add(&s, xstrdup(a->conf.args[i]));
	if (sibling_check(&s, &err) == RC_OK)
		execv(s.argv[0], s.argv);
	else
		fprintf(stderr, "culprit: %s\n", err.text);
	sibling_done(&s);
	return CMD_FAILED;
}

int
cmd_docs(const struct cmd_args *a)
{
	int n = a->conf.n_args;

	if (strcmp(a->conf.args[0], "add") == 0 && (n == 2 || n == 3))
		return add(a);
	if (strcmp(a->conf.args[0], "rm") == 0 && n == 2)
		return remove_one(a);
	return look(a);
}
