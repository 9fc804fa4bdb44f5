/*
 * in_chinese.h - whether what a tool says in English is told in Chinese as
 * well, and not quoted as its own words.
 */
#ifndef TESTS_HARNESS_IN_CHINESE_H
#define TESTS_HARNESS_IN_CHINESE_H

#include "planner/rules/say.h"
#include "tests/harness/texts.h"

#define assert_in_chinese(words)                                               \
	do {                                                                   \
		struct say say_;                                               \
		say_init(&say_, REPORT_ZH, 0, NULL);                           \
		say_words(&say_, words);                                       \
		ck_assert_msg(                                                 \
		    say_.text.len == 0 ||                                      \
			((unsigned char)say_.text.data[0] & 0x80) != 0,        \
		    "not in tool_words.def: %s", words);                       \
		say_done(&say_);                                               \
	} while (0)

#endif
