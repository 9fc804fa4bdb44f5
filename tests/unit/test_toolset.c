/*
 * test_toolset.c - which tools there are, what is said of them, and what the
 * operator says of them.
 */
#include "common/json/json.h"
#include "executor/tools/toolset.h"
#include "tests/harness/texts.h"

START_TEST(the_catalogue_describes_every_tool_with_its_schema)
{
	AUTO(toolset) ts = NULL;
	AUTO(json) list = NULL;
	const cJSON *one;
	struct err err = {0};

	ck_assert(toolset_new(NULL, NULL, &ts, &err) == RC_OK);
	list = toolset_describe(ts);
	ck_assert_int_ge(cJSON_GetArraySize(list), 5);
	cJSON_ArrayForEach (one, list) {
		const cJSON *args = cJSON_GetObjectItem(one, "args");

		ck_assert_str_ne(json_str(one, "name"), "echo");
		/* The API's own, which no plan asks for. */
		if (strcmp(json_str(one, "name"), "documents") == 0) {
			ck_assert_str_eq(
			    json_str(one, "class"), "IDEMPOTENT");
			continue;
		}
		ck_assert_str_eq(json_str(one, "class"), "READ");
		ck_assert_int_gt(strlen(json_str(one, "what")), 20);
		ck_assert_str_eq(json_str(args, "type"), "object");
		ck_assert_int_ne(tool_role_of(one), TOOL_ROLE_NONE);
		ck_assert_str_eq(json_str(one, "role"),
		    tool_role_name(tool_role_of(one)));
		ck_assert(cJSON_IsFalse(
		    cJSON_GetObjectItem(args, "additionalProperties")));
	}
}
END_TEST

START_TEST(tools_are_enabled_by_name)
{
	AUTO(toolset) ts = NULL;
	struct toolset *none = NULL;
	const struct tool *tool = NULL;
	struct err err = {0};

	ck_assert(toolset_new(" echo ,get_current_time,echo", NULL, &ts,
		      &err) == RC_OK);
	ck_assert(toolset_find(ts, span_of("echo"), &tool, &err) == RC_OK);
	ck_assert(tool == &tool_echo);
	ck_assert(toolset_find(ts, span_of("query_prometheus_alerts"), &tool,
		      &err) == RC_NOTFOUND);
	assert_contains(err.text, "there are: echo, get_current_time");
	ck_assert(toolset_new("ehco", NULL, &none, &err) == RC_INVALID);
	assert_contains(err.text, "there is no tool \"ehco\"; there are: ");
	ck_assert(toolset_new(" , ", NULL, &none, &err) == RC_INVALID);
}
END_TEST

/* The class a catalogue gives a tool; the caller's set is freed. */
static const char *
described(struct toolset *ts, const char *name)
{
	static char class[16];
	AUTO(json) list = toolset_describe(ts);
	const cJSON *one;

	class[0] = '\0';
	cJSON_ArrayForEach (one, list)
		if (strcmp(json_str(one, "name"), name) == 0)
			snprintf(
			    class, sizeof(class), "%s", json_str(one, "class"));
	toolset_free(ts);
	return class;
}

START_TEST(the_operator_says_what_a_tool_does_to_the_world)
{
	static const struct {
		const char *classes, *echo;
	} cases[] = {
	    {NULL, "READ"},
	    {"", "READ"},
	    {" , ", "READ"},
	    {"echo=unsafe", "UNSAFE"},
	    {"echo=UNSAFE", "UNSAFE"},
	    {" find_causes = unsafe , echo = Idempotent ,", "IDEMPOTENT"},
	    {"echo=unsafe,echo=read", "READ"},
	    {"get_current_time=unsafe", "READ"},
	};
	struct toolset *ts = NULL;
	struct err err = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_msg(
		    toolset_new("echo", cases[i].classes, &ts, &err) == RC_OK,
		    "%s", err.text);
		ck_assert_str_eq(described(ts, "echo"), cases[i].echo);
	}
	/* One that is enabled because it reads does not vanish when the
	 * operator is more careful than its maker. */
	ck_assert(
	    toolset_new(NULL, "get_current_time=unsafe", &ts, &err) == RC_OK);
	ck_assert_str_eq(described(ts, "get_current_time"), "UNSAFE");
}
END_TEST

static const struct {
	const char *classes, *says;
} wrong_classes[] = {
    {"ehco=unsafe", "tool-classes: there is no tool \"ehco\"; there are: "},
    {"=unsafe", "there is no tool \"\""},
    {"echo", "\"echo\" gives no class; write echo=read, echo=idempotent or "
	     "echo=unsafe"},
    {"echo=", "gives no class"},
    {"echo=safe", "\"echo=safe\" gives no class"},
    {"echo=read=unsafe", "gives no class"},
    {"find_causes=read, echo=rea", "\"echo=rea\" gives no class"},
};

START_TEST(a_wrong_class_is_refused_with_what_would_be_right)
{
	struct toolset *ts = NULL;
	struct err err = {0};

	ck_assert(toolset_new("echo", wrong_classes[_i].classes, &ts, &err) ==
		  RC_INVALID);
	ck_assert_ptr_null(ts);
	assert_contains(err.text, wrong_classes[_i].says);
}
END_TEST

START_TEST(the_names_of_classes_are_read_and_nothing_else)
{
	enum tool_class class = TOOL_IDEMPOTENT;
	int i;

	ck_assert(!tool_class_parse(span_of(""), &class));
	ck_assert(!tool_class_parse(span_of("REA"), &class));
	ck_assert(!tool_class_parse(span_of("READS"), &class));
	ck_assert_int_eq(class, TOOL_IDEMPOTENT);
	for (i = 0; i < TOOL_CLASS_COUNT; i++) {
		ck_assert(tool_class_parse(
		    span_of(tool_class_name((enum tool_class)i)), &class));
		ck_assert_int_eq(class, i);
	}
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {the_catalogue_describes_every_tool_with_its_schema, 0},
	    {tools_are_enabled_by_name, 0},
	    {the_operator_says_what_a_tool_does_to_the_world, 0},
	    {a_wrong_class_is_refused_with_what_would_be_right,
		ARRAY_LEN(wrong_classes)},
	    {the_names_of_classes_are_read_and_nothing_else, 0},
	};

	return RUN_TESTS("toolset", tests);
}
