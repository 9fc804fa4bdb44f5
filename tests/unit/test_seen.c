/*
 * test_seen.c - what a client saw is put together from its stream, and each
 * difference to the store is found.
 */
#include "tests/harness/invariant.h"
#include "tests/harness/specimen.h"
#include "tests/harness/texts.h"

/* What a client saw: the good stream with one text in place of another. */
static const struct {
	const char *label, *from, *to, *want;
} views[] = {
    {"a gap", "id: ended.2\nevent: progress\ndata: {\"text\":\"x\"}\n\n", "",
	"saw ended.3 where ended.2 was due"},
    {"an event twice", "id: ended.3\n",
	"id: ended.2\nevent: progress\ndata: {\"text\":\"x\"}\n\nid: ended.3\n",
	"saw ended.2 where ended.3 was due"},
    {"another type", "event: started", "event: begun",
	"saw ended.1 as `begun`; it is `started`"},
    {"other bytes", "{\"text\":\"x\"}", "{\"text\":\"y\"}",
	"saw other bytes of ended.2: {\"text\":\"y\"}, not {\"text\":\"x\"}"},
    {"an event the store does not have", "id: ended.1\n",
	"id: ended.1\nevent: started\ndata: {\"run\":\"ended\"}\n\n"
	"id: ended.1\n",
	"saw ended.1 where ended.2 was due"},
};

static char *
replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	ck_assert_ptr_nonnull(at);
	return xasprintf(
	    "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

START_TEST(each_difference_in_what_a_client_saw_is_found)
{
	auto_str text = NULL;
	auto_specimen f;

	specimen_init(&f);
	text = replaced(buf_str(&f.text), views[_i].from, views[_i].to);
	seen_bytes(f.seen, text, strlen(text));
	ck_assert_msg(specimen_check(&f, &(struct invariant){0}) > 0 &&
			  text_contains(buf_str(&f.out), views[_i].want),
	    "%s: expected \"%s\", got:\n%s", views[_i].label, views[_i].want,
	    buf_str(&f.out));
}
END_TEST

START_TEST(a_stream_cut_anywhere_and_resumed_is_one_transcript)
{
	auto_specimen f;

	specimen_init(&f);
	for (size_t cut = 0; cut <= f.text.len; cut++) {
		const char *rest = buf_str(&f.text);

		seen_free(f.seen);
		f.seen = seen_new();
		seen_bytes(f.seen, rest, cut);
		seen_cut(f.seen);
		/* The rest begins behind the last event that was whole. */
		for (size_t i = seen_count(f.seen); i > 0; i--)
			rest = strstr(rest, "\n\n") + 2;
		seen_bytes(f.seen, rest, strlen(rest));
		ck_assert_uint_eq(seen_count(f.seen), SPECIMEN_EVENTS);
		ck_assert(seen_is_finished(f.seen));
		ck_assert_str_eq(seen_run(f.seen), "ended");
		ck_assert_str_eq(seen_last_id(f.seen), "ended.12");
	}
	ck_assert_int_eq(specimen_check(&f, &(struct invariant){0}), 0);
}
END_TEST

START_TEST(a_stream_forgets_comments_and_what_has_no_number)
{
	static const char text[] =
	    "retry: 1000\n\n: keep-alive\n\nevent: token\ndata: {}\n\n"
	    "id: r.1\nevent: started\ndata: {}\n\nevent: token\ndata: {}\n\n";
	struct seen *s = seen_new();

	seen_bytes(s, text, strlen(text));
	ck_assert_uint_eq(seen_count(s), 1);
	ck_assert_str_eq(seen_at(s, 0)->type, "started");
	ck_assert(!seen_is_finished(s));
	seen_free(s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {each_difference_in_what_a_client_saw_is_found,
		(int)ARRAY_LEN(views)},
	    {a_stream_cut_anywhere_and_resumed_is_one_transcript, 0},
	    {a_stream_forgets_comments_and_what_has_no_number, 0},
	};

	return RUN_TESTS("seen", tests);
}
