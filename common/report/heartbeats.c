/* heartbeats.c - names of alerts that always fire. */
#include "common/report/heartbeats.h"

#include <ctype.h>

#include "common/base/buf.h"
#include "common/base/rc.h"

enum { NAME_MAX_BYTES = 300 };

/* How such names end: HeartbeatMissing or WatchdogDown are alerts like any
 * other. */
static const char *const ends[] = {"watchdog", "deadmanswitch",
    "deadmansswitch", "deadmansnitch", "deadmanssnitch", "infoinhibitor"};

bool
heartbeats_has_name(struct span name)
{
	auto_buf plain = {.max = NAME_MAX_BYTES};
	size_t i;

	for (i = 0; i < name.n; i++)
		if (isalnum((unsigned char)name.p[i]))
			buf_addc(
			    &plain, (char)tolower((unsigned char)name.p[i]));
	for (i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);

		if (plain.len >= n &&
		    strcmp(buf_str(&plain) + plain.len - n, ends[i]) == 0)
			return true;
	}
	return false;
}
