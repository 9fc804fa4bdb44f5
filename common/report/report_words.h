/* report_words.h - the fixed words of a report, in every language it has. */
#ifndef COMMON_REPORT_REPORT_WORDS_H
#define COMMON_REPORT_REPORT_WORDS_H

#include "common/report/report.h"

enum report_word {
	RW_AT,
	RW_WINDOW,
	RW_RUN,
	RW_RESOLVE,
	RW_SCOPE,
	RW_TASK,
	RW_FIRING,
	RW_NONE_FIRING,
	RW_NONE_LISTED,
	RW_UNKNOWN_ALERTS,
	RW_TABLE,
	RW_LISTED,
	RW_NOT_LISTED,
	RW_EVIDENCE_WHOLE,
	RW_EVIDENCE_CUT,
	RW_OF,
	RW_PENDING,
	RW_RESOLVED,
	RW_TARGETS,
	RW_TARGETS_TABLE,
	RW_CONFIDENCE,
	RW_COLON,
	RW_FULL_STOP,
	RW_INCIDENT,
	RW_CHAIN,
	RW_OTHERS,
	RW_OPEN,
	RW_UNSEEN,
	RW_WARNED,
	RW_OPINION,
	RW_NEXT,
	RW_ESTABLISHED,
	RW_NOTHING,
	RW_UNREAD,
	RW_DONE,
	RW_DONE_MORE,
	RW_OUTCOME_UNKNOWN,
	RW_APPROVED_BY,
	RW_SOMEONE_HERE,
	RW_CHANGED,
	RW_NOT_DONE,
	RW_NO_STEPS,
	RW_FAILED,
	RW_EMPTY,
	RW_ADVICE,
	RW_ADVICE_THEN,
	RW_RUNBOOKS,
	RW_ANSWER,
	RW_ANSWERS,
	RW_NO_ADVICE,
	RW_NO_ADVICE_GIVEN,
	RW_ADVICE_ABOVE,
	RW_NOTHING_WRONG,
	RW_CLEAR,
	RW_CLEAR_ADVISED,
	RW_UNREADABLE,
	RW_CUT_ADVICE,
	RW_NOTES,
	RW_CUT,
	RW_CUT_CLUES,
	RW_NO_CAUSE,
	RW_CUT_END,
	RW_MINUTES,
	RW_SECONDS,
	RW_INSTANCES,
	RW_GIVEN,
	RW_SINCE,
	RW_SEMICOLON,
	RW_CAUSE_OPEN,
	RW_LONG,
	RW_MORE,
	RW_FIRST,
	RW_STANDING,
	RW_NOT_STUDIED,
	RW_INCIDENTS,
	RW_APART,
	RW_ALSO,
	RW_COMMA,
	RW_LEAST,
	RW_EACH,
	RW_ALL_INSTANCES,
	RW_WORDS
};

const char *report_word(enum report_word w, enum report_lang lang);

/* What a finding's role is called; "" for an unknown one. */
const char *report_role_word(const char *role, enum report_lang lang);

/* Why a run was cut short, as a sentence; reason itself when it is none of
 * the known names. */
const char *report_reason_words(const char *reason, enum report_lang lang);

#endif
