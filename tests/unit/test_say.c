/* test_say.c - how figures, times, names and their spacing are written. */
#include "common/json/json.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/say.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static const struct zone utc;

#define AT 1763895363.0 /* 2025-11-23T10:56:03Z */

static const struct {
	double v;
	enum resource_unit unit;
	const char *en, *zh;
} values[] = {
    {1.9312, UNIT_CORES, "1.93 cores", "1.93 核"},
    {1023, UNIT_BYTES, "1023 B", "1023 B"},
    {1024, UNIT_BYTES, "1.0 KiB", "1.0 KiB"},
    {-2048, UNIT_BYTES, "-2.0 KiB", "-2.0 KiB"},
    {1.5e6, UNIT_BYTES, "1.4 MiB", "1.4 MiB"},
    {2147483648, UNIT_BYTES, "2.0 GiB", "2.0 GiB"},
    {2.2e12, UNIT_BYTES, "2.0 TiB", "2.0 TiB"},
    {2.3e15, UNIT_BYTES, "2091.8 TiB", "2091.8 TiB"},
    {1536, UNIT_BYTES_S, "1.5 KiB/s", "1.5 KiB/s"},
    {0.0121, UNIT_SECONDS, "12.1 ms", "12.1 ms"},
    {-0.5, UNIT_SECONDS, "-500 ms", "-500 ms"},
    {1, UNIT_SECONDS, "1 s", "1 s"},
    {2.5, UNIT_SECONDS, "2.5 s", "2.5 s"},
    {119, UNIT_SECONDS, "119 s", "119 s"},
    {900, UNIT_SECONDS, "15 min", "15 min"},
    {100123, UNIT_SECONDS, "27.8 h", "27.8 h"},
    {-604800, UNIT_SECONDS, "-7 d", "-7 d"},
    {86400e3, UNIT_SECONDS, "1000 d", "1000 d"},
    {86400, UNIT_SECONDS, "1 d", "1 d"},
    {60, UNIT_SECONDS, "1 min", "1 min"},
    {850, UNIT_MS, "850 ms", "850 ms"},
    {1500, UNIT_MS, "1.5 s", "1.5 s"},
    {0.32, UNIT_SECONDS_S, "0.32 s/s", "0.32 s/s"},
    {5.9, UNIT_PERCENT, "5.9 %", "5.9 %"},
    {0.153, UNIT_RATIO, "15.3 %", "15.3 %"},
    {3.077, UNIT_RESTARTS, "3 restarts", "3 次重启"},
    {1.2, UNIT_RESTARTS, "1 restart", "1 次重启"},
    {0.02317, UNIT_COUNT, "0.023", "0.023"},
    {5, UNIT_PER_S, "5/s", "5/s"},
    {0.5, UNIT_PER_S, "30/min", "30/min"},
    {0.0088, UNIT_PER_S, "31.7/h", "31.7/h"},
    {0, UNIT_PER_S, "0", "0"},
    {NAN, UNIT_BYTES, "no value", "无值"},
    {INFINITY, UNIT_SECONDS, "infinity", "无穷大"},
    {17, UNIT_NONE, "17", "17"},
    {9999999, UNIT_NONE, "9999999", "9999999"},
    {12345678, UNIT_NONE, "12345678", "12345678"},
    {100123.4, UNIT_NONE, "100123", "100123"},
    {9999.25, UNIT_NONE, "9999", "9999"},
    {3e15, UNIT_NONE, "3e+15", "3e+15"},
    {0.02134, UNIT_NONE, "0.02134", "0.02134"},
    {-3, UNIT_NONE, "-3", "-3"},
};

START_TEST(say_writes_figures_in_the_unit_a_reader_knows)
{
	struct say s;
	int lang;

	for (lang = 0; lang < REPORT_LANGS; lang++) {
		say_init(&s, (enum report_lang)lang, AT, &utc);
		say_value(&s, values[_i].v, values[_i].unit);
		ck_assert_str_eq(buf_str(&s.text),
		    lang == REPORT_ZH ? values[_i].zh : values[_i].en);
		say_done(&s);
	}
}
END_TEST

static const struct {
	double t;
	const char *text;
} times[] = {
    {AT, "10:56:03 UTC"},
    {AT - 10 * 3600, "00:56:03 UTC"},
    {AT - 11 * 3600, "2025-11-22 23:56:03 UTC"},
    {AT - 365 * 86400.0, "2024-11-23 10:56:03 UTC"},
};

START_TEST(say_names_the_day_where_it_is_another)
{
	struct say s;

	say_init(&s, REPORT_EN, AT, &utc);
	say_time(&s, times[_i].t);
	ck_assert_str_eq(buf_str(&s.text), times[_i].text);
	say_done(&s);
}
END_TEST

/* As typesetting wants it: a space between Chinese and what is not, none
 * beside its punctuation, and what is quoted stays as it is. */
static const struct {
	const char *made, *zh;
} spaces[] = {
    {"CPU使用率", "CPU 使用率"},
    {"使用率80%以上", "使用率 80% 以上"},
    {"在   `a  b在c`  之后", "在 `a  b在c` 之后"},
    {"（ x ）， 3 ，4 。", "（x），3，4。"},
    {"在之后", "在之后"},
    {"a b", "a b"},
    {"在 之后", "在 之后"},
    {"x ", "x"},
    {" x", "x"},
    {"", ""},
};

START_TEST(say_spaces_chinese_as_it_is_set)
{
	struct say s;
	AUTO(tree) claim = NULL;

	say_init(&s, REPORT_ZH, AT, &utc);
	say(&s, spaces[_i].made, "");
	claim = say_claim(&s);
	ck_assert_str_eq(tree_str(claim, "text"), spaces[_i].zh);
	say_done(&s);
}
END_TEST

START_TEST(say_leaves_other_languages_as_they_are)
{
	struct say s;
	AUTO(tree) claim = NULL;

	say_init(&s, REPORT_EN, AT, &utc);
	say(&s, "", "a  b（ x ）");
	claim = say_claim(&s);
	ck_assert_str_eq(tree_str(claim, "text"), "a  b（ x ）");
	say_done(&s);
}
END_TEST

START_TEST(say_names_the_labels_that_tell_things_apart)
{
	static const char json[] =
	    "{\"alertname\":\"A\",\"severity\":\"page\",\"__name__\":\"up\","
	    "\"n\":5,\"job\":\"j\",\"instance\":\"i`1\",\"pod\":\"p\"}";
	struct say s;
	cJSON *labels = NULL;
	struct err err;

	ck_assert(json_parse(span_of(json), NULL, &labels, &err) == RC_OK);
	say_init(&s, REPORT_EN, AT, &utc);
	say(&s, "", "of");
	say_labels(&s, labels, 2);
	ck_assert_str_eq(buf_str(&s.text), "of `job=j` `instance=i'1`");
	say_done(&s);
	cJSON_Delete(labels);
}
END_TEST

START_TEST(say_cites_each_piece_of_evidence_once)
{
	static const char *const ids[] = {"E1", "E2", "E1", NULL, "", "E3"};
	struct say s;
	AUTO(tree) finding = NULL;
	auto_buf text = {.max = 1000};
	size_t i;

	say_init(&s, REPORT_EN, AT, &utc);
	for (i = 0; i < ARRAY_LEN(ids); i++)
		say_cite(&s, ids[i]);
	say(&s, "", "x");
	finding = say_finding(&s, "open", 2, "look");
	json_print(&text, finding);
	ck_assert_str_eq(buf_str(&text),
	    "{\"role\":\"open\",\"incident\":2,\"text\":\"x\",\"evidence\":"
	    "[\"E1\",\"E2\",\"E3\"],\"next\":\"look\"}");
	/* The next sentence is another one. */
	say(&s, "", "y");
	cJSON_Delete(TAKE(finding));
	finding = say_finding(&s, "cause", -1, NULL);
	buf_reset(&text);
	json_print(&text, finding);
	ck_assert_str_eq(buf_str(&text),
	    "{\"role\":\"cause\",\"incident\":-1,\"text\":\"y\","
	    "\"evidence\":[]}");
	say_done(&s);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {say_writes_figures_in_the_unit_a_reader_knows,
		(int)ARRAY_LEN(values)},
	    {say_names_the_day_where_it_is_another, (int)ARRAY_LEN(times)},
	    {say_spaces_chinese_as_it_is_set, (int)ARRAY_LEN(spaces)},
	    {say_leaves_other_languages_as_they_are, 0},
	    {say_names_the_labels_that_tell_things_apart, 0},
	    {say_cites_each_piece_of_evidence_once, 0},
	};

	return RUN_TESTS("say", tests);
}
