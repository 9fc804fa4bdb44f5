/*
 * casefile_words.h - the words of a case file, in Chinese and in English.
 */
#ifndef GATEWAY_CASEFILE_CASEFILE_WORDS_H
#define GATEWAY_CASEFILE_CASEFILE_WORDS_H

#define CASEFILE_WORDS                                                         \
	WORD(CASEFILE, "案卷", "Case file")                                    \
	WORD(RUN, "调查", "Investigation")                                     \
	WORD(INPUT, "问题", "Question")                                        \
	WORD(WHATEVER, "当时触发的告警", "whatever fired then")                \
	WORD(AT, "时刻", "Moment")                                             \
	WORD(LABELS, "范围", "Scope")                                          \
	WORD(STATUS, "状态", "Status")                                         \
	WORD(STARTED, "开始", "Started")                                       \
	WORD(ENDED, "结束", "Ended")                                           \
	WORD(EVIDENCE, "证据", "Evidence")                                     \
	WORD(QUERY, "查询", "Query")                                           \
	WORD(ASKED, "查询时间", "Asked")                                       \
	WORD(TOOK, "用时", "Took")                                             \
	WORD(SIZE, "大小", "Size")                                             \
	WORD(RAW, "原始数据", "Raw data")                                      \
	WORD(RAW_CUT, "以下只是开头；全部字节可由哈希核对",                    \
	    "only the beginning; the hash is of all bytes")                    \
	WORD(RAW_NOT, "不是文本，未列出", "not text, and not shown")           \
	WORD(LOST, "无法读取", "could not be read")                            \
	WORD(NONE, "报告没有引用证据。", "The report cites no evidence.")      \
	WORD(HASH, "报告（Markdown）的 SHA-256",                               \
	    "SHA-256 of the report's Markdown")                                \
	WORD(MADE, "由 Culprit 生成", "Made by Culprit")

enum casefile_word {
#define WORD(NAME, zh, en) CW_##NAME,
	CASEFILE_WORDS
#undef WORD
};

#endif
