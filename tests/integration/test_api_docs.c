/*
 * test_api_docs.c - docs/api.md is true: each command in it is run against a
 * real gateway, in order, and answered as it says there; and there is one of
 * each route.
 *
 * Of what differs from run to run (names of investigations, moments,
 * durations, ports) only the kind is held against the page's, `…` stands for
 * anything. An answer may take its time: what only reads is asked again until
 * it fits.
 */
#include "common/base/buf.h"
#include "common/base/rc.h"
#include "gateway/api/routes.h"
#include "tests/harness/house.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <ctype.h>
#include <stdlib.h>

#define BASE "http://127.0.0.1:9900"
#define ELISION "…"

enum {
	TEXT_MAX = 1 << 20,
	ID_CHARS = 17,
	IDS_MAX = 16,
	COMMAND_MS = 30000,
	FITS_MS = 30000
};

static const char script[] =
    "[{\"decision\":\"EXECUTE\",\"step\":\"ask the service\",\"tool\":"
    "\"echo\",\"args\":{\"text\":\"2 of 3 replicas are up\"}},"
    "{\"decision\":\"FINISH\",\"report\":\"# Checkout\\n\\nIt has 2 replicas "
    "of 3 [E1].\\n\"}]";

static const struct stub_route prometheus[] = {
    {"/api/v1/alerts", 200, NULL,
	"{\"status\":\"success\",\"data\":{\"alerts\":[{\"labels\":{"
	"\"alertname\":\"HighLatency\",\"severity\":\"critical\",\"service\":"
	"\"checkout\"},\"annotations\":{\"summary\":\"p99 is over 1 s\"},"
	"\"state\":\"firing\",\"activeAt\":\"2026-11-23T09:57:00Z\",\"value\":"
	"\"1.4e+00\"}]}}"},
    {"/", 200, NULL,
	"{\"status\":\"success\",\"data\":{\"groups\":[],\"result\":[],"
	"\"resultType\":\"vector\"}}"},
    {NULL, 0, NULL, NULL},
};

static struct page {
	struct house *house;
	char *base; /* where the gateway is */
	/* Names in the page, and what is called so here. */
	char ids[IDS_MAX][2][ID_CHARS + 1];
	int n_ids;
	unsigned asked[64]; /* of each route, how often */
} p;

/* ---- what differs ---- */

static size_t
digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* The name of an investigation: letters and digits, beginning with one. */
static bool
is_id(const char *s)
{
	size_t n = 0, letters = 0;

	while (isdigit((unsigned char)s[n]) || islower((unsigned char)s[n]))
		letters += islower((unsigned char)s[n++]) != 0;
	return n == ID_CHARS && letters > 0 && s[0] == '1';
}

/* "2026-11-28T11:25:05.466Z" */
static size_t
moment(const char *s)
{
	size_t n = strspn(s, "0123456789-:.T");

	return n >= 19 && n <= 23 && s[4] == '-' && s[10] == 'T' && s[n] == 'Z'
		   ? n + 1
		   : 0;
}

/* How much of s is one of these, and what stands for it. */
static size_t
kind(const char *s, const char **ret)
{
	size_t n;

	if ((n = moment(s)) > 0)
		*ret = "(moment)";
	else if (is_id(s) && (n = ID_CHARS) > 0)
		*ret = "(id)";
	else if (digits(s) == 13 && (n = 13) > 0)
		*ret = "(ms)";
	else if (strncmp(s, "\"ms\":", 5) == 0 && (n = 5 + digits(s + 5)) > 0)
		*ret = "(took)";
	else if (strncmp(s, "127.0.0.1:", 10) == 0)
		*ret = "(address)", n = 10 + digits(s + 10);
	return n;
}

/* The caller's: without white space at its end, nor carriage returns. */
static char *
canonical(const char *s)
{
	auto_buf b = {.max = TEXT_MAX};
	const char *name = NULL;
	bool within = false; /* a word that is none of these */
	size_t n;

	while (*s != '\0') {
		if (!within && (n = kind(s, &name)) > 0) {
			buf_adds(&b, name);
			s += n;
			continue;
		}
		within = isalnum((unsigned char)*s) != 0;
		if (*s != '\r')
			buf_addc(&b, *s);
		s++;
	}
	while (b.len > 0 && isspace((unsigned char)b.data[b.len - 1]))
		b.len--;
	return xstrndup(buf_str(&b), b.len);
}

/* Is text as the page says, whatever stands for an elision? */
static bool
fits(const char *page, const char *text)
{
	const char *gap = strstr(page, ELISION), *at;
	size_t n = gap != NULL ? (size_t)(gap - page) : strlen(page);

	if (strncmp(page, text, n) != 0)
		return false;
	if (gap == NULL)
		return text[n] == '\0';
	for (at = text + n;; at++) {
		if (fits(gap + strlen(ELISION), at))
			return true;
		if (*at == '\0')
			return false;
	}
}

/* ---- names ---- */

static const char *
find_id(const char *s)
{
	for (; *s != '\0'; s++) {
		if (is_id(s))
			return s;
		while (isalnum((unsigned char)s[0]) &&
		       isalnum((unsigned char)s[1]))
			s++;
	}
	return NULL;
}

/* The first name in an answer is one that the page has not had before: what is
 * called so there is called that here. */
static void
learn(const char *page, const char *text)
{
	const char *there = find_id(page), *here = find_id(text);
	int i;

	if (there == NULL || here == NULL)
		return;
	for (i = 0; i < p.n_ids; i++)
		if (strncmp(p.ids[i][0], there, ID_CHARS) == 0)
			return;
	ck_assert_int_lt(p.n_ids, IDS_MAX);
	memcpy(p.ids[p.n_ids][0], there, ID_CHARS);
	memcpy(p.ids[p.n_ids++][1], here, ID_CHARS);
}

/* With the names and the address that there are here; the caller's. */
static char *
as_here(const char *command)
{
	auto_buf b = {.max = TEXT_MAX};
	int i;

	while (*command != '\0') {
		for (i = 0; i < p.n_ids; i++)
			if (strncmp(command, p.ids[i][0], ID_CHARS) == 0)
				break;
		if (i < p.n_ids) {
			buf_adds(&b, p.ids[i][1]);
			command += ID_CHARS;
		} else if (strncmp(command, BASE, strlen(BASE)) == 0) {
			buf_adds(&b, p.base);
			command += strlen(BASE);
		} else {
			buf_addc(&b, *command++);
		}
	}
	return xstrdup(buf_str(&b));
}

/* ---- a command ---- */

static const char *
method_of(const char *command)
{
	if (strstr(command, " -X DELETE") != NULL)
		return "DELETE";
	if (strstr(command, " -T ") != NULL)
		return "PUT";
	return strstr(command, " -d ") != NULL ||
		       strstr(command, " -X POST") != NULL
		   ? "POST"
		   : "GET";
}

/* Counts the route that it asks. */
static void
count(const char *command)
{
	const char *url = strstr(command, BASE);
	char allow[ROUTE_ALLOW_MAX];
	struct route_match m;
	struct span path;

	if (url == NULL)
		return;
	url += strlen(BASE);
	path = span_make(url, strcspn(url, "?' \n"));
	ck_assert_msg(route_find(routes, span_of(method_of(command)), path, &m,
			  allow) == 0,
	    "no route: %s", command);
	p.asked[m.route - routes]++;
}

struct trial {
	const char *command, *page;
	char *text; /* what it answered last */
};

static bool
answers(void *ctx)
{
	struct trial *t = ctx;
	auto_str command = xasprintf(
	    "cd %s\nexport no_proxy='*'\n%s", house_dir(p.house), t->command);
	const char *const argv[] = {"/bin/sh", "-c", command, NULL};
	auto_str text = NULL;
	auto_str is = NULL;
	auto_str due = canonical(t->page);

	proc_run(
	    &(struct proc_spec){
		.argv = argv, .dir = house_dir(p.house), .name = "command"},
	    COMMAND_MS, &text, NULL);
	is = canonical(text);
	free(t->text);
	t->text = TAKE(text);
	return fits(due, is);
}

static void
run(const char *command, const char *page)
{
	auto_str here = as_here(command);
	struct trial t = {here, page, NULL};
	bool reads = strcmp(method_of(command), "GET") == 0;
	bool good = reads ? await(answers, &t, FITS_MS) : answers(&t);

	count(command);
	ck_assert_msg(good, "%s\nis answered\n%s\nand by docs/api.md\n%s", here,
	    t.text, page);
	learn(page, t.text);
	free(t.text);
}

/* ---- the page ---- */

/* A line without its end, or NULL; *at moves on. */
static char *
line_next(const char **at)
{
	size_t n = strcspn(*at, "\n");
	char *line = **at != '\0' ? xstrndup(*at, n) : NULL;

	*at += n + ((*at)[n] == '\n');
	return line;
}

/* A command goes on in the next line behind a backslash, or where a quote is
 * open. */
static bool
is_open(const struct buf *command)
{
	size_t i, quotes = 0;

	for (i = 0; i < command->len; i++)
		quotes += command->data[i] == '\'';
	return quotes % 2 == 1 ||
	       (command->len > 0 && command->data[command->len - 1] == '\\');
}

/* The commands of a block, which ends with its fence. */
static void
run_block(const char **at)
{
	auto_buf command = {.max = TEXT_MAX}, page = {.max = TEXT_MAX};
	bool more = true;

	while (more) {
		auto_str line = line_next(at);

		ck_assert_msg(line != NULL, "a block has no end");
		more = strncmp(line, "```", 3) != 0;
		if (more && is_open(&command)) {
			buf_addf(&command, "\n%s", line);
		} else if (!more || strncmp(line, "$ ", 2) == 0) {
			if (command.len > 0)
				run(buf_str(&command), buf_str(&page));
			buf_reset(&command);
			buf_reset(&page);
			buf_adds(&command, more ? line + 2 : "");
		} else {
			buf_addf(&page, "%s\n", line);
		}
	}
}

static struct house *
house_of_the_page(const char *url)
{
	static const char *const more[] = {
	    "--tools=echo,query_prometheus_alerts,documents,search_docs",
	    "--tool-classes=echo=unsafe", "--docs-starter=no", "--language=en",
	    NULL};

	return house_start(&(struct house_spec){
	    .script = script, .prometheus_url = url, .more = more});
}

START_TEST(each_command_of_the_page_is_answered_as_it_says)
{
	struct stub_http *stub = stub_http_new(
	    stub_routes, (struct stub_route *)(uintptr_t)prometheus);
	auto_str path = xasprintf("%s/docs/api.md", getenv("CULPRIT_SOURCE"));
	auto_str text = file_read(path);
	const char *at = text;
	const struct route *r;

	p.house = house_of_the_page(stub_http_url(stub));
	p.base = house_url(p.house, "");
	while (*at != '\0') {
		auto_str line = line_next(&at);

		if (strcmp(line, "```console") == 0)
			run_block(&at);
	}
	for (r = routes; r->method != NULL; r++)
		ck_assert_msg(p.asked[r - routes] > 0,
		    "docs/api.md has no example of %s %s", r->method, r->path);
	house_free(p.house);
	free(p.base);
	stub_http_free(stub);
}
END_TEST

/* ---- the test itself ---- */

static const struct {
	const char *page, *text;
	bool same;
} pairs[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "ab", false},
    {"a…", "ab", true},
    {"a…c…", "abcabd", true},
    {"a…d", "abcabd", true},
    {"a…e", "abcabd", false},
    {"1m8gyea05s27exy91!", "1abcdefghijklmno2!", true},
    {"1m8gyea05s27exy91!", "1abcdefghijklmno!", false},
    {"{\"ms\":1971}", "{\"ms\":3}", true},
    {"at 1795865131036", "at 1795865131999", true},
    {"at 1795865131036", "at 17958651319990", false},
    {"2026-11-28T11:25:05.466Z", "2027-01-02T00:00:00Z", true},
    {"at 2026-11-28T11:25:05.466Z.", "at 2027-01-02T00:00:00Z.", true},
    {"on 2026-11-28", "on 2027-01-02", false},
};

START_TEST(only_what_may_differ_does)
{
	auto_str page = canonical(pairs[_i].page);
	auto_str text = canonical(pairs[_i].text);

	ck_assert_msg(fits(page, text) == pairs[_i].same, "%s and %s",
	    pairs[_i].page, pairs[_i].text);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {only_what_may_differ_does, (int)ARRAY_LEN(pairs)},
	    {each_command_of_the_page_is_answered_as_it_says, 0},
	};

	if (system("curl --version >/dev/null 2>&1") != 0) {
		puts("skipped: curl is not installed");
		return 77;
	}
	return RUN_TESTS("api_docs", tests);
}
