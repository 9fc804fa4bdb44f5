/* llm_redact.c - patterns of secrets, from left to right over a text. */
#include "planner/llm/llm_redact.h"

#include <pthread.h>
#include <regex.h>
#include <stdlib.h>

#define REDACTED "[redacted]"

/* secret: the group that goes; 0: all that matches. */
static const struct {
	const char *pattern;
	int secret;
} patterns[] = {
    {"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*-----)?", 0},
    {"://[^/ :@\"]+:([^/ @\"]+)@", 1},
    {"sk-[a-z0-9_-]{16,}", 0},
    {"(AKIA|ASIA)[0-9A-Z]{16}", 0},
    {"gh[pousr]_[A-Za-z0-9]{20,}", 0},
    {"xox[abprs]-[A-Za-z0-9-]{10,}", 0},
    {"eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]*", 0},
    {"(bearer|basic) +([A-Za-z0-9._~+/=-]{12,})", 2},
    {"(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?"
     ")"
     "[\\\\\"']* *[:=]~? *[\\\\\"']*([^] ,;\"'&<>})\\[]{3,})",
	2},
};

static regex_t compiled[ARRAY_LEN(patterns)];

static void
compile(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(patterns); i++)
		if (regcomp(&compiled[i], patterns[i].pattern,
			REG_EXTENDED | REG_ICASE) != 0)
			abort(); /* our own text */
}

/* The leftmost secret at or behind text; false: none. */
static bool
find_secret(const char *text, regoff_t *ret_from, regoff_t *ret_to)
{
	regmatch_t m[4];
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(patterns); i++) {
		int g = patterns[i].secret;

		if (regexec(&compiled[i], text, 4, m, 0) != 0 ||
		    (any && m[g].rm_so >= *ret_from))
			continue;
		*ret_from = m[g].rm_so;
		*ret_to = m[g].rm_eo;
		any = true;
	}
	return any;
}

int
llm_redact(struct buf *b, struct span text)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	auto_str copy = xstrndup(text.p, text.n);
	const char *at = copy;
	regoff_t from = 0, to = 0;
	int n = 0;

	pthread_once(&once, compile);
	for (; find_secret(at, &from, &to); at += to) {
		buf_add(b, at, (size_t)from);
		buf_adds(b, REDACTED);
		n++;
	}
	buf_adds(b, at);
	return n;
}
