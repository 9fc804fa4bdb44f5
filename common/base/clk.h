/* clk.h - time: monotonic for waiting, wall for showing; fixed in tests. */
#ifndef COMMON_BASE_CLK_H
#define COMMON_BASE_CLK_H

#include <stdint.h>

/* Milliseconds that never go back; only differences mean anything. */
int64_t clk_mono_ms(void);
int64_t clk_mono_us(void);

/* Milliseconds since the Unix epoch. */
int64_t clk_wall_ms(void);

/* Tests: from now on clk_* return this (wall and mono), until -1. */
void clk_fix_ms(int64_t now_ms);

#endif
