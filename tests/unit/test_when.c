/*
 * test_when.c - moments and durations as text.
 */
#include "common/base/when.h"
#include "tests/harness/texts.h"

#include <time.h>

static const struct {
	const char *text;
	int64_t ms;
} durations[] = {
    {"30m", 1800000},
    {"1h30m", 5400000},
    {"1.5h", 5400000},
    {"500ms", 500},
    {"2d", 172800000},
    {"1w", 604800000},
    {"90", 90000},
    {"0.5", 500},
    {"0", 0},
    {"1y", INT64_C(31536000000)},
    {"1m5s", 65000},
};

START_TEST(durations_are_read)
{
	int64_t ms = -1;
	struct err err = {0};

	ck_assert_msg(
	    when_duration(span_of(durations[_i].text), &ms, &err) == RC_OK,
	    "%s", err.text);
	ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

static const char *const bad_durations[] = {"", "m", "30x", "-5m", "5 m",
    "1h-5m", "1..5h", "1e3", "200y", "30M", "h5", "1.h", "nan",
    "99999999999999999999999999999999999999999999999999999999999999999s"};

START_TEST(other_texts_are_no_durations)
{
	int64_t ms = -1;
	struct err err = {0};

	ck_assert_int_eq(
	    when_duration(span_of(bad_durations[_i]), &ms, &err), RC_INVALID);
	assert_contains(err.text, "duration");
	ck_assert_int_eq(ms, -1);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;
} moments[] = {
    {"now", 1763891820000},
    {"-1h", 1763888220000},
    {"now-1h", 1763888220000},
    {"now+30s", 1763891850000},
    {"+1s", 1763891821000},
    {"1763891820", 1763891820000},
    {"1763891820.5", 1763891820500},
    {"0", 0},
    {"1970-01-01T00:00:00Z", 0},
    {"2025-11-23T09:57:00Z", 1763891820000},
    {"2025-11-23t10:57:00.250+01:00", 1763891820250},
    {"2025-11-23T04:27:00-05:30", 1763891820000},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"9999-12-31T23:59:59.999Z", WHEN_MAX_MS},
    {"2025-11-23T09:57:00.123456789Z", 1763891820123},
};

START_TEST(moments_are_read)
{
	int64_t ms = -1;
	struct err err = {0};

	ck_assert_msg(when_moment(span_of(moments[_i].text), 1763891820000, &ms,
			  &err) == RC_OK,
	    "%s", err.text);
	ck_assert_int_eq(ms, moments[_i].ms);
}
END_TEST

static const char *const bad_moments[] = {"", "yesterday", "now1h", "now-", "-",
    "-1x", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2025-11-23",
    "2025-11-23T09:57:00", "2025-11-23T24:00:00Z", "2025-11-23T09:57:00.Z",
    "2025-11-23T09:57:00+25:00", "2025-11-23T09:57:00Zx",
    "2025-11-23 09:57:00Z", "1763891820000", "0001-01-01T00:00:00Z", "1e999",
    "-90y", "+01:00"};

START_TEST(other_texts_are_no_moments)
{
	int64_t ms = -7;
	struct err err = {0};

	ck_assert_int_eq(
	    when_moment(span_of(bad_moments[_i]), 1763891820000, &ms, &err),
	    RC_INVALID);
	ck_assert_int_gt(strlen(err.text), 20);
	ck_assert_int_eq(ms, -7);
}
END_TEST

START_TEST(the_zero_time_of_go_programs_is_read_as_rfc3339)
{
	int64_t ms = 0;
	char text[WHEN_TEXT];

	ck_assert(
	    when_rfc3339(span_of("0001-01-01T00:00:00Z"), &ms, NULL) == RC_OK);
	ck_assert_int_lt(ms, 0);
	ck_assert_str_eq(when_print(ms, text), "0001-01-01T00:00:00Z");
}
END_TEST

START_TEST(the_calendar_agrees_with_the_c_library)
{
	int64_t day;

	for (day = -200000; day < 2000000; day += 97) {
		time_t t = (time_t)(day * 86400 + 3723);
		struct tm tm;
		char want[WHEN_TEXT], got[WHEN_TEXT];
		int64_t back = -1;

		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		ck_assert_str_eq(when_print(t * 1000, got), want);
		ck_assert(when_rfc3339(span_of(got), &back, NULL) == RC_OK);
		ck_assert_int_eq(back, t * 1000);
	}
}
END_TEST

START_TEST(durations_are_printed)
{
	char text[WHEN_TEXT];

	ck_assert_str_eq(when_print_duration(5400000, text), "1h30m");
	ck_assert_str_eq(when_print_duration(90000, text), "1m30s");
	ck_assert_str_eq(when_print_duration(0, text), "0s");
	ck_assert_str_eq(when_print_duration(250, text), "250ms");
	ck_assert_str_eq(when_print_duration(172800000, text), "2d");
	ck_assert_str_eq(when_print_duration(-60000, text), "-1m");
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {durations_are_read, ARRAY_LEN(durations)},
	    {other_texts_are_no_durations, ARRAY_LEN(bad_durations)},
	    {moments_are_read, ARRAY_LEN(moments)},
	    {other_texts_are_no_moments, ARRAY_LEN(bad_moments)},
	    {the_zero_time_of_go_programs_is_read_as_rfc3339, 0},
	    {the_calendar_agrees_with_the_c_library, 0},
	    {durations_are_printed, 0},
	};

	return RUN_TESTS("when", tests);
}
