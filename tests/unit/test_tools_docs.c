/* test_tools_docs.c - search_docs as a tool: what it answers as evidence. */
#include "common/json/json.h"
#include "executor/run.h"
#include "executor/tools/toolset.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"
#include "tests/harness/workbench.h"

#include <stdlib.h>
#include <sys/stat.h>

/* A workbench whose one tool answers from documents of the test's own. */
struct shelf {
	struct workbench b;
	char *root, *dir;
};

static void
shelf_open(struct shelf *s)
{
	struct err err = {0};

	*s = (struct shelf){.root = scratch_new()};
	s->dir = xasprintf("%s/runbooks", s->root);
	mkdir(s->dir, 0700);
	s->b.loop = zloop_new();
	ck_assert(toolset_new("search_docs", NULL, &s->b.tools, &err) == RC_OK);
	s->b.conf = (struct conf){.data_dir = s->root, .docs_dir = s->dir};
	tool_env_init(&s->b.tool_env, &s->b.conf, s->b.loop);
	s->b.env =
	    (struct run_env){.tools = s->b.tools, .tool_env = &s->b.tool_env};
	buf_init(&s->b.evidence, TOOL_EVIDENCE_MAX);
}

static void
shelf_put(struct shelf *s, const char *name, const char *text)
{
	auto_str path = xasprintf("%s/%s", s->dir, name);

	file_write(path, text);
}

static const char *
shelf_ask(struct shelf *s, const char *step)
{
	struct err err = {0};

	ck_assert_msg(toolset_open(s->b.tools, &s->b.tool_env, &err) == RC_OK,
	    "%s", err.text);
	return workbench_perform(&s->b, step);
}

static void
shelf_close(struct shelf *s)
{
	tool_env_done(&s->b.tool_env);
	toolset_free(s->b.tools);
	zloop_destroy(&s->b.loop);
	cJSON_Delete(s->b.feedback);
	buf_done(&s->b.evidence);
	free(s->dir);
	scratch_free(s->root);
}

#define auto_shelf CLEANUP(shelf_close) struct shelf

#define ASK(query)                                                             \
	"{\"tool\":\"search_docs\",\"args\":{\"query\":\"" query "\"}}"
#define TEXT "# Full\n\nThe disk is full. <script>alert(1)</script>\n"

START_TEST(what_fits_is_told_and_is_the_evidence)
{
	auto_shelf s;
	AUTO(json) evidence = NULL;
	const cJSON *one;
	struct err err;

	shelf_open(&s);
	shelf_put(&s, "disk.md", TEXT);
	assert_contains(shelf_ask(&s, ASK("the disk is full")),
	    "1 passages fit, of 1 in 1 documents.\n"
	    "1. disk.md, lines 1 to 3, Full (");
	ck_assert(s.b.success);
	ck_assert_str_eq(s.b.media, "application/json");
	ck_assert(json_parse(buf_span(&s.b.evidence), NULL, &evidence, &err) ==
		  RC_OK);
	one = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "passages"), 0);
	ck_assert_str_eq(json_str(one, "id"), "disk.md#1");
	ck_assert_str_eq(json_str(one, "source"), "disk.md");
	ck_assert_str_eq(json_str(one, "path"), "Full");
	ck_assert_str_eq(json_str(one, "text"),
	    "# Full\n\nThe disk is full. <script>alert(1)</script>");
	ck_assert(
	    cJSON_GetNumberValue(cJSON_GetObjectItem(one, "line_to")) == 3);
	ck_assert_str_eq(
	    json_str(
		cJSON_GetArrayItem(workbench_data(&s.b, "passages"), 0), "id"),
	    "disk.md#1");
	ck_assert_str_eq(json_str(s.b.feedback, "role"), "docs");
}
END_TEST

START_TEST(what_does_not_fit_is_named_and_not_quoted)
{
	auto_shelf s;

	shelf_open(&s);
	shelf_put(&s, "disk.md", TEXT);
	assert_contains(
	    shelf_ask(&s, ASK("disk encryption keys of stolen laptops and "
			      "their recovery")),
	    "No passage fits, of 1 in 1 documents. The nearest: disk.md#1 (");
	ck_assert(s.b.success);
	assert_lacks(buf_str(&s.b.evidence), "script");
	ck_assert_int_eq(
	    cJSON_GetArraySize(workbench_data(&s.b, "passages")), 0);
	ck_assert_int_eq(
	    cJSON_GetArraySize(workbench_data(&s.b, "nearest")), 1);
}
END_TEST

START_TEST(without_documents_it_says_how_to_have_some)
{
	auto_shelf s;

	shelf_open(&s);
	assert_contains(shelf_ask(&s, ASK("disk")),
	    "There are no documents; name a folder of them with --docs-dir.");
}
END_TEST

START_TEST(a_document_that_is_named_fits)
{
	auto_shelf s;

	shelf_open(&s);
	shelf_put(&s, "HostDown.md", "# Host\n\nCall Ann.\n");
	shelf_ask(&s, "{\"tool\":\"search_docs\",\"args\":{\"query\":\"zzz\","
		      "\"document\":\"https://wiki/run/hostdown.html\"}}");
	assert_contains(buf_str(&s.b.evidence), "Call Ann.");
	assert_contains(buf_str(&s.b.evidence), "\"named\":true");
}
END_TEST

START_TEST(an_index_that_cannot_be_made_fails_the_step)
{
	auto_shelf s;
	auto_str gone = NULL;

	shelf_open(&s);
	gone = xasprintf("%s/gone", s.root);
	s.b.conf.data_dir = gone;
	assert_contains(shelf_ask(&s, ASK("disk")), "--data-dir");
	ck_assert(!s.b.success);
	ck_assert_uint_eq(s.b.evidence.len, 0);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_fits_is_told_and_is_the_evidence, 0},
	    {what_does_not_fit_is_named_and_not_quoted, 0},
	    {without_documents_it_says_how_to_have_some, 0},
	    {a_document_that_is_named_fits, 0},
	    {an_index_that_cannot_be_made_fails_the_step, 0},
	};

	return RUN_TESTS("tools_docs", tests);
}
