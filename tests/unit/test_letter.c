/*
 * test_letter.c - who is told of reports, and in which form.
 */
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/net/http.h"
#include "gateway/api/letter.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

static const char markdown[] =
    "# Alert analysis report\n\n- **Wrong**: a < b & c\n- do this\n\n"
    "## Active alerts\n\nthe rest\n";

/* {confidence: likely, summary: s} */
static const char conclusion[] = "\x82\xaa"
				 "confidence\xa6likely\xa7summary\xa1s";

static cJSON *
letter(enum target_form form, const char *text)
{
	struct proto_told told = {.markdown = span_of(text),
	    .conclusion = span_of(conclusion),
	    .status = span_of("completed"),
	    .language = span_of("en")};
	auto_buf b = {.max = 1 << 20};
	cJSON *tree;

	letter_put(&b, form,
	    &(struct letter_in){.run = "r1",
		.url = "http://c.example/#r1",
		.input = span_of("A (2)"),
		.told = &told});
	tree = cJSON_Parse(buf_str(&b));
	ck_assert_msg(tree != NULL, "%s", buf_str(&b));
	return tree;
}

#define TEXT(wrong)                                                            \
	"Culprit: A (2) (completed)\n\n" wrong                                 \
	"\n- do this\n\nhttp://c.example/#r1"

START_TEST(a_program_gets_all_of_it)
{
	AUTO(tree) t = letter(TARGET_JSON, markdown);

	ck_assert_str_eq(tree_str(t, "id"), "r1");
	ck_assert_str_eq(tree_str(t, "url"), "http://c.example/#r1");
	ck_assert_str_eq(tree_str(t, "confidence"), "likely");
	ck_assert_str_eq(tree_str(t, "summary"), "s");
	ck_assert_str_eq(tree_str(t, "report"), markdown);
	ck_assert_str_eq(
	    tree_str(tree_at(t, "conclusion"), "confidence"), "likely");
}
END_TEST

START_TEST(a_chat_gets_what_stands_before_the_first_heading)
{
	AUTO(tree) slack = letter(TARGET_SLACK, markdown);
	AUTO(tree) feishu = letter(TARGET_FEISHU, markdown);
	AUTO(tree) dingtalk = letter(TARGET_DINGTALK, markdown);
	AUTO(tree) wecom = letter(TARGET_WECOM, markdown);
	static const char plain[] = TEXT("- **Wrong**: a < b & c");

	ck_assert_str_eq(tree_str(slack, "text"),
	    TEXT("- *Wrong*: a &lt; b &amp; c"));
	ck_assert_str_eq(tree_str(feishu, "msg_type"), "text");
	ck_assert_str_eq(tree_str(tree_at(feishu, "content"), "text"), plain);
	ck_assert_str_eq(tree_str(dingtalk, "msgtype"), "markdown");
	ck_assert_str_eq(
	    tree_str(tree_at(dingtalk, "markdown"), "text"), plain);
	ck_assert_str_eq(tree_str(dingtalk, "msgtype"), "markdown");
	ck_assert_str_eq(
	    tree_str(tree_at(wecom, "markdown"), "content"), plain);
}
END_TEST

START_TEST(what_is_too_long_is_cut_but_not_its_link)
{
	auto_buf text = {.max = 1 << 20};
	int i;

	for (i = 0; i < 5000; i++)
		buf_adds(&text, "磁盘");
	for (i = TARGET_SLACK; i < TARGET_FORMS; i++) {
		AUTO(tree) t =
		    letter((enum target_form)i, buf_str(&text));
		auto_buf b = {.max = 1 << 20};

		json_print(&b, t);
		ck_assert_uint_lt(b.len, i == TARGET_WECOM ? 4096 : 20000);
		assert_contains(buf_str(&b), "http://c.example/#r1");
	}
}
END_TEST

static const struct {
	enum target_form form;
	const char *answer, *says; /* NULL: taken */
} answers[] = {
    {TARGET_SLACK, "ok", NULL},
    {TARGET_JSON, "{\"code\":7}", NULL},
    {TARGET_FEISHU, "{\"code\":0,\"msg\":\"success\"}", NULL},
    {TARGET_FEISHU, "{\"code\":19024,\"msg\":\"Key Words Not Found\"}",
	"code 19024: Key Words Not Found"},
    {TARGET_DINGTALK, "{\"errcode\":0,\"errmsg\":\"ok\"}", NULL},
    {TARGET_DINGTALK, "{\"errcode\":310000,\"errmsg\":\"no\"}",
	"errcode 310000: no"},
    {TARGET_WECOM, "{\"errcode\":45009,\"errmsg\":\"freq\"}", "errcode 45009"},
    {TARGET_WECOM, "<html>", NULL},
};

START_TEST(an_answer_may_say_that_it_was_not_taken)
{
	struct err err;
	enum rc rc = letter_taken(
	    answers[_i].form, span_of(answers[_i].answer), &err);

	ck_assert_int_eq(
	    rc, answers[_i].says == NULL ? RC_OK : RC_UPSTREAM);
	if (rc != RC_OK)
		assert_contains(err.text, answers[_i].says);
}
END_TEST

/* ---- the file ---- */

static enum rc
read_file(const char *text, struct targets *t, struct err *err)
{
	char *dir = scratch_new();
	auto_str path = xasprintf("%s/notify", dir);
	enum rc rc;

	file_write(path, text);
	rc = targets_read(path, http_check_url, t, err);
	scratch_free(dir);
	return rc;
}

START_TEST(the_file_names_them_line_by_line)
{
	struct targets *t = xcalloc(1, sizeof(*t));
	struct err err;

	ck_assert_int_eq(read_file("# who\n\nchat slack https://x.example/T/1\n"
				   "  bot\tjson  http://y.example  \n",
			     t, &err),
	    RC_OK);
	ck_assert_int_eq(t->n, 2);
	ck_assert_str_eq(t->at[1].url, "http://y.example");
	ck_assert_ptr_eq(targets_find(t, span_of("bot")), &t->at[1]);
	ck_assert_int_eq(targets_find(t, span_of("chat"))->form, TARGET_SLACK);
	ck_assert_ptr_null(targets_find(t, span_of("no")));
	ck_assert_int_eq(targets_read(NULL, http_check_url, t, &err), RC_OK);
	ck_assert_int_eq(t->n, 0);
	free(t);
}
END_TEST

static const struct {
	const char *text, *says;
} wrong[] = {
    {"a slack\n", "line 1: want NAME FORM URL"},
    {"\na irc http://x\n", "line 2: want NAME FORM URL"},
    {"A slack http://x\n", "a name has 1 to 20 of"},
    {"a slack http://x y\n", "want NAME FORM URL"},
    {"a slack ftp://secret\n", "the URL of a must be an absolute http"},
    {"a slack http://x\na json http://y\n", "line 2: a is there already"},
};

START_TEST(what_is_wrong_in_it_is_told_by_its_line)
{
	struct targets *t = xcalloc(1, sizeof(*t));
	struct err err;

	ck_assert_int_eq(read_file(wrong[_i].text, t, &err), RC_INVALID);
	assert_contains(err.text, wrong[_i].says);
	ck_assert_ptr_null(strstr(err.text, "secret"));
	free(t);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_program_gets_all_of_it, 0},
	    {a_chat_gets_what_stands_before_the_first_heading, 0},
	    {what_is_too_long_is_cut_but_not_its_link, 0},
	    {an_answer_may_say_that_it_was_not_taken, (int)ARRAY_LEN(answers)},
	    {the_file_names_them_line_by_line, 0},
	    {what_is_wrong_in_it_is_told_by_its_line, (int)ARRAY_LEN(wrong)},
	};

	return RUN_TESTS("letter", tests);
}
