/*
 * evidence_id.c - what evidence is called.
 */
#include "common/report/evidence_id.h"

#include "common/base/num.h"

#include <stdio.h>

bool
evidence_id_parse(struct span id, int64_t *ret_number)
{
	uint64_t n;

	if (id.n < 2 || id.p[0] != 'E' ||
	    !num_parse_whole(span_make(id.p + 1, id.n - 1), INT64_MAX, &n) ||
	    n == 0)
		return false;
	*ret_number = (int64_t)n;
	return true;
}

const char *
evidence_id_print(int64_t number, char text[EVIDENCE_ID_TEXT])
{
	snprintf(text, EVIDENCE_ID_TEXT, "E%lld", (long long)number);
	return text;
}
