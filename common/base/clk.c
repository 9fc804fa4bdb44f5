/*
 * clk.c - the two clocks.
 */
#include "common/base/clk.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t fixed_ms = -1;

static int64_t
now_us(clockid_t id)
{
	struct timespec ts;
	int64_t fixed = atomic_load(&fixed_ms);

	if (fixed >= 0)
		return fixed * 1000;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clk_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t
clk_mono_ms(void)
{
	return clk_mono_us() / 1000;
}

int64_t
clk_wall_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

void
clk_fix_ms(int64_t now_ms)
{
	atomic_store(&fixed_ms, now_ms);
}
