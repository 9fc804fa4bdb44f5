/*
 * promql_scan.c - PromQL's tokens, one after the other.
 *
 * Invariant: open[0 .. depth) are the brackets that have not closed yet.
 */
#include "planner/rules/promql_scan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/attr.h"

static bool
name_start(char c)
{
	return isalpha((unsigned char)c) != 0 || c == '_' || c == ':';
}

static bool
name_part(char c)
{
	return name_start(c) || isdigit((unsigned char)c) != 0;
}

static void
skip_blank(struct scan *s)
{
	while (s->p < s->end) {
		if (*s->p == '#')
			while (s->p < s->end && *s->p != '\n')
				s->p++;
		else if (isspace((unsigned char)*s->p))
			s->p++;
		else
			return;
	}
}

static enum kind
scan_string(struct scan *s)
{
	char quote = *s->p++;

	while (s->p < s->end && *s->p != quote) {
		/* A backtick's string knows no escapes. */
		if (*s->p == '\\' && quote != '`')
			s->p++;
		s->p++;
	}
	if (s->p >= s->end) {
		s->p = s->end;
		return T_BAD;
	}
	s->p++;
	return T_STRING;
}

/* Numbers, and durations inside brackets: digits and what clings to them. */
static enum kind
scan_number(struct scan *s)
{
	while (s->p < s->end) {
		char c = *s->p;
		bool sign = (c == '+' || c == '-') &&
			    (s->p[-1] == 'e' || s->p[-1] == 'E');

		if (!isalnum((unsigned char)c) && c != '.' && c != '_' && !sign)
			break;
		s->p++;
	}
	return T_NUMBER;
}

static enum kind
scan_open(struct scan *s)
{
	if (s->depth == PROMQL_DEPTH_MAX)
		return T_BAD;
	s->open[s->depth++] = *s->p++;
	return T_OPEN;
}

static enum kind
scan_close(struct scan *s)
{
	char open = *s->p == ')' ? '(' : *s->p == ']' ? '[' : '{';

	if (s->depth == 0 || s->open[s->depth - 1] != open)
		return T_BAD;
	s->depth--;
	s->p++;
	return T_CLOSE;
}

static enum kind
scan_op(struct scan *s)
{
	static const char *const two[] = {"==", "!=", ">=", "<=", "=~", "!~"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(two); i++) {
		if (s->end - s->p >= 2 && memcmp(s->p, two[i], 2) == 0) {
			s->p += 2;
			return T_OP;
		}
	}
	if (strchr("+-*/%^@<>=:", *s->p) == NULL)
		return T_BAD;
	s->p++;
	return T_OP;
}

static enum kind
scan_kind(struct scan *s)
{
	char c = *s->p;
	bool dot =
	    c == '.' && s->end - s->p > 1 && isdigit((unsigned char)s->p[1]);

	if (c == '"' || c == '\'' || c == '`')
		return scan_string(s);
	/* In brackets a colon parts range and resolution. */
	if (name_start(c) &&
	    !(c == ':' && s->depth > 0 && s->open[s->depth - 1] == '[')) {
		while (s->p < s->end && name_part(*s->p))
			s->p++;
		return T_NAME;
	}
	if (isdigit((unsigned char)c) || dot)
		return scan_number(s);
	if (c == '(' || c == '[' || c == '{')
		return scan_open(s);
	if (c == ')' || c == ']' || c == '}')
		return scan_close(s);
	if (c == ',') {
		s->p++;
		return T_COMMA;
	}
	return scan_op(s);
}

struct token
scan_next(struct scan *s)
{
	struct token t = {T_END, s->p, 0};

	skip_blank(s);
	t.p = s->p;
	if (!s->bad && s->p < s->end)
		t.kind = scan_kind(s);
	else if (s->bad || s->depth > 0)
		t.kind = T_BAD;
	s->bad = t.kind == T_BAD;
	t.n = (size_t)(s->p - t.p);
	return t;
}

struct scan
scan_of(struct span e)
{
	return (struct scan){.p = e.p, .end = e.p + e.n};
}

bool
token_is(struct token t, const char *word)
{
	return t.n == strlen(word) && strncasecmp(t.p, word, t.n) == 0;
}

bool
token_is_one_of(struct token t, const char *const *words)
{
	for (; *words != NULL; words++)
		if (token_is(t, *words))
			return true;
	return false;
}
