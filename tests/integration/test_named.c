/*
 * test_named.c - what is read of an investigation that has ended is named by
 * its bytes (ETag), sent once to whoever says what it has, and named anew
 * where a person's word changed it.
 */
#include "common/base/rc.h"
#include "common/base/sha256.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

static const char script[] =
    "[{\"decision\":\"EXECUTE\",\"step\":\"s\",\"tool\":\"echo\","
    "\"args\":{\"text\":\"what it said\"}},"
    "{\"decision\":\"FINISH\",\"report\":\"# x\\n\\nit said so [E1]\"}]";

static const char *const async[] = {
    "Content-Type: application/json", "Prefer: respond-async", NULL};

static struct house *h;
static char *run; /* that has ended */

static struct answer *
get(const char *rest, const char *accept, const char *if_none)
{
	auto_str path = xasprintf("/api/investigations/%s%s", run, rest);
	auto_str url = house_url(h, path);
	auto_str want = xasprintf("Accept: %s", accept);
	auto_str has =
	    xasprintf("If-None-Match: %s", if_none != NULL ? if_none : "");

	return ask(NULL, url,
	    (const char *const[]){want, if_none != NULL ? has : NULL, NULL},
	    NULL);
}

static bool
has_ended(void *ctx UNUSED)
{
	struct answer *w = get("/report", "*/*", NULL);
	bool ended = w->status == 200;

	answer_free(w);
	return ended;
}

static void
set_up(void)
{
	static const char *const more[] = {"--tools=echo", NULL};
	auto_str url = NULL;
	struct answer *w;
	cJSON *tree;

	h = house_start(&(struct house_spec){.script = script, .more = more});
	url = house_url(h, "/api/ai_ops");
	w = ask(NULL, url, async, "{\"language\":\"en\"}");
	tree = cJSON_Parse(w->body);
	run = xstrdup(tree_str(tree, "id"));
	cJSON_Delete(tree);
	answer_free(w);
	ck_assert(await(has_ended, NULL, HOUSE_MS));
}

static void
tear_down(void)
{
	house_free(h);
	free(run);
}

static const struct {
	const char *rest, *accept;
	bool told; /* what people said of it is in there */
} reads[] = {
    {"", "application/json", true},
    {"/report", "text/markdown", false},
    {"/report", "text/html", false},
    {"/report", "application/json", false},
    {"/report?evidence=yes", "text/markdown", false},
    {"/report?evidence=no", "text/html", false},
    {"/evidence/E1", "*/*", false},
    {"/checkpoints", "application/json", false},
    {"/checkpoints/1", "application/json", false},
    {"/checkpoints/1", "application/msgpack", false},
};

enum { READS = ARRAY_LEN(reads) };

/* Its name, the caller's. */
static char *
name_of(size_t i)
{
	struct answer *w = get(reads[i].rest, reads[i].accept, NULL);
	char *etag = answer_field(w, "ETag");

	ck_assert_msg(w->status == 200, "%s: %ld", reads[i].rest, w->status);
	ck_assert_msg(etag != NULL, "%s has no name", reads[i].rest);
	assert_contains(w->head, "Cache-Control: private, no-cache\n");
	assert_contains(w->head, "Vary: Accept\n");
	/* msgpack has NULs in it. */
	if (strstr(reads[i].accept, "msgpack") == NULL) {
		char sum[SHA256_TEXT];

		sha256_text(span_of(w->body), sum);
		ck_assert_msg(strncmp(etag + 1, sum, strlen(sum)) == 0,
		    "%s is called %s", reads[i].rest, etag);
	}
	answer_free(w);
	return etag;
}

static void
assert_known(size_t i, const char *says, const char *etag, bool known)
{
	struct answer *w = get(reads[i].rest, reads[i].accept, says);
	auto_str named = answer_field(w, "ETag");

	ck_assert_msg(w->status == (known ? 304 : 200), "%s %s: %ld",
	    reads[i].rest, says, w->status);
	ck_assert_str_eq(named, etag);
	ck_assert_int_eq(w->body[0] == '\0', known);
	answer_free(w);
}

static void
say(const char *rest, const char *body)
{
	auto_str path = xasprintf("/api/investigations/%s%s", run, rest);
	auto_str url = house_url(h, path);
	struct answer *w = ask(NULL, url, NULL, body);

	ck_assert_msg(w->status == 200, "%ld %s", w->status, w->body);
	answer_free(w);
}

/* Named anew where, and only where, they are other bytes. */
static void
assert_after_a_word(char **names)
{
	size_t i;

	for (i = 0; i < READS; i++) {
		auto_str now = name_of(i);

		ck_assert_msg((strcmp(now, names[i]) != 0) == reads[i].told,
		    "%s was %s, is %s", reads[i].rest, names[i], now);
		assert_known(i, names[i], now, !reads[i].told);
		free(names[i]);
		names[i] = TAKE(now);
	}
}

START_TEST(what_was_read_is_not_sent_again_until_it_changes)
{
	char *names[READS];
	size_t i, k;

	set_up();
	for (i = 0; i < READS; i++) {
		auto_str weak = NULL;

		names[i] = name_of(i);
		weak = xasprintf("\"other\", W/%s", names[i]);
		assert_known(i, names[i], names[i], true);
		assert_known(i, weak, names[i], true);
		assert_known(i, "*", names[i], true);
		assert_known(i, "\"other\"", names[i], false);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(names[i], names[k]);
	}
	say("/verdict", "{\"verdict\":\"right\",\"by\":\"ann\"}");
	assert_after_a_word(names);
	say("/notes", "{\"text\":\"seen before\",\"by\":\"bob\"}");
	assert_after_a_word(names);
	for (i = 0; i < READS; i++)
		free(names[i]);
	tear_down();
}
END_TEST

/* ---- what has no name ---- */

static const char *const unnamed[] = {"/api/investigations",
    "/api/investigations/nosuch", "/api/investigations/nosuch/report",
    "/readyz", "/metrics"};

START_TEST(what_changes_all_the_time_has_no_name)
{
	size_t i;

	set_up();
	for (i = 0; i < ARRAY_LEN(unnamed); i++) {
		auto_str url = house_url(h, unnamed[i]);
		struct answer *w = ask(NULL, url,
		    (const char *const[]){"If-None-Match: *", NULL}, NULL);
		auto_str etag = answer_field(w, "ETag");

		ck_assert_msg(etag == NULL && w->status != 304, "%s: %ld",
		    unnamed[i], w->status);
		assert_contains(w->head, "Cache-Control: no-store\n");
		answer_free(w);
	}
	tear_down();
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {what_was_read_is_not_sent_again_until_it_changes, 0},
	    {what_changes_all_the_time_has_no_name, 0},
	};

	return RUN_TESTS("named", tests);
}
