/*
 * test_golden_reports.c - whole reports of twelve situations, in both
 * languages, held against those in tests/golden that people have read.
 *
 *   test_golden_reports --update   writes them anew; read what changed
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "tests/harness/golden_worlds.h"
#include "tests/harness/inquiry.h"
#include "tests/harness/texts.h"

enum {
	LINE_CHARS_MAX = 200,
	ANSWER_LINES = 8,
	SENTENCE_MIN = 16, /* bytes; shorter ones are words */
	FILE_MAX = 1 << 20,
};

static bool update;

/* ---- the file ---- */

static char *
path_of(const struct golden *g, enum report_lang lang)
{
	const char *source = getenv("CULPRIT_SOURCE");

	return xasprintf("%s/tests/golden/%s.%s.md",
	    source != NULL ? source : ".", g->name,
	    lang == REPORT_ZH ? "zh" : "en");
}

static void
read_file(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	ck_assert_msg(f != NULL, "%s cannot be read", path);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(b, piece, n);
	fclose(f);
}

static void
write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f != NULL, "%s cannot be written", path);
	fwrite(b->data, 1, b->len, f);
	fclose(f);
}

/* The first line that differs is enough to see what it is about. */
static void
compare(const struct golden *g, enum report_lang lang, const struct buf *now)
{
	auto_str path = path_of(g, lang);
	auto_buf before = {.max = FILE_MAX};
	const char *a, *b;

	if (update) {
		write_file(path, now);
		return;
	}
	read_file(&before, path);
	a = buf_str(&before);
	b = buf_str(now);
	if (strcmp(a, b) == 0)
		return;
	for (size_t i = 0; a[i] == b[i]; i++)
		if (a[i] == '\n') {
			a += i + 1;
			b += i + 1;
			i = (size_t)-1;
		}
	ck_abort_msg("%s differs:\n- %.*s\n+ %.*s\nif that is right: "
		     "test_golden_reports --update",
	    path, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

/* ---- what holds of every report ---- */

/* Calls each for every line but those of what was done, which quotes queries;
 * of tables, whose cells are no sentences, if that is asked for. */
static void
each_line(const char *report, bool tables,
    void (*each)(void *ctx, const char *line), void *ctx)
{
	auto_str copy = xstrdup(report);
	char *rest = copy, *line;
	bool done = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '*' || line[0] == '#')
			done = strstr(line, "**Done (") == line ||
			       strstr(line, "**已执行") == line;
		if (!done && (tables || line[0] != '|'))
			each(ctx, line);
	}
}

static void
is_short(void *ctx, const char *line)
{
	const char *name = ctx;
	int n = 0;

	for (const char *p = line; *p != '\0'; p++)
		n += ((unsigned char)*p & 0xC0) != 0x80;
	ck_assert_msg(n <= LINE_CHARS_MAX, "%s: a line of %d characters: %s",
	    name, n, line);
}

/* Citations and marks of lists tell nothing. */
static void
put_plain(struct buf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '[' && i + 1 < n && text[i + 1] == 'E') {
			while (i < n && text[i] != ']')
				i++;
			continue;
		}
		if (strchr("*- \t", text[i]) == NULL)
			buf_addc(b, text[i]);
	}
}

struct said {
	const char *name;
	struct buf all; /* a line each */
};

static void
is_new(void *ctx, const char *line)
{
	static const char *const ends[] = {"。", "；", ". ", "; "};
	struct said *s = ctx;

	/* A title may stand under several incidents. */
	if (strncmp(line, "**", 2) == 0)
		return;
	while (*line != '\0') {
		auto_buf one = {.max = FILE_MAX};
		size_t n = strlen(line), skip = 0;

		for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
			const char *at = strstr(line, ends[i]);

			if (at != NULL && (size_t)(at - line) < n) {
				n = (size_t)(at - line);
				skip = strlen(ends[i]);
			}
		}
		buf_addc(&one, '\n');
		put_plain(&one, line, n);
		buf_addc(&one, '\n');
		line += n + skip;
		if (one.len < SENTENCE_MIN)
			continue;
		ck_assert_msg(strstr(buf_str(&s->all), buf_str(&one)) == NULL,
		    "%s says twice: %s", s->name, buf_str(&one));
		buf_adds(&s->all, buf_str(&one));
	}
}

static void
check_form(const char *name, const char *report)
{
	struct said said = {.name = name, .all = {.max = FILE_MAX}};
	union {
		const char *in;
		void *out;
	} arg = {.in = name};

	each_line(report, true, is_short, arg.out);
	each_line(report, false, is_new, &said);
	buf_done(&said.all);
}

static void
check_answer(const char *name, const char *report, const char *answer)
{
	const char *end = report;

	for (int i = 0; i < ANSWER_LINES && *end != '\0'; i++)
		end += strcspn(end, "\n") + 1;
	ck_assert_msg(memmem(report, (size_t)(end - report), answer,
			  strlen(answer)) != NULL,
	    "%s: no \"%s\" in the first %d lines:\n%.*s", name, answer,
	    ANSWER_LINES, (int)(end - report), report);
}

static void
check_verdict(const char *name, const cJSON *verdict)
{
	auto_str text = cJSON_Print(tree_at(verdict, "checks"));

	ck_assert_msg(
	    cJSON_IsTrue(tree_at(verdict, "ok")), "%s: %s", name, text);
}

START_TEST(reports_read_as_people_have_read_them)
{
	static const char *const zones[REPORT_LANGS] = {"+08:00", "+01:00"};
	const struct golden *g = &golden_worlds[_i];
	struct world *w = golden_world(g);
	struct inquiry q[REPORT_LANGS];

	inquiry_hold(w, zones, q);
	for (int lang = 0; lang < REPORT_LANGS; lang++)
		compare(g, (enum report_lang)lang, &q[lang].report);
	for (int lang = 0; lang < REPORT_LANGS; lang++) {
		auto_str name = xasprintf(
		    "%s.%s", g->name, lang == REPORT_ZH ? "zh" : "en");
		const char *report = buf_str(&q[lang].report);

		check_answer(name, report, g->answer[lang]);
		check_form(name, report);
		check_verdict(name, q[lang].verdict);
		inquiry_done(&q[lang]);
	}
	world_free(w);
}
END_TEST

int
main(int argc, char **argv)
{
	const struct test_entry tests[] = {
	    {reports_read_as_people_have_read_them, golden_n},
	};

	update = argc > 1 && strcmp(argv[1], "--update") == 0;
	return RUN_TESTS("golden reports", tests);
}
