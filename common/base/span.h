/* span.h - borrowed bytes: pointer and length, not terminated. */
#ifndef COMMON_BASE_SPAN_H
#define COMMON_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t n;
};

/* For printf's "%.*s". */
#define SPAN_ARG(s) (int)(s).n, (s).p != NULL ? (s).p : ""

static inline struct span
span_of(const char *s)
{
	return (struct span){s, s != NULL ? strlen(s) : 0};
}

static inline struct span
span_make(const void *p, size_t n)
{
	return (struct span){(const char *)p, n};
}

/* What is behind its first n bytes (n <= s.n). */
static inline struct span
span_from(struct span s, size_t n)
{
	return (struct span){s.p + n, s.n - n};
}

/* A NUL is no byte of a set. */
static inline bool
span_in_set(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Without those bytes at both ends that are in set. */
static inline struct span
span_trim_set(struct span s, const char *set)
{
	while (s.n > 0 && span_in_set(s.p[0], set))
		s = span_from(s, 1);
	while (s.n > 0 && span_in_set(s.p[s.n - 1], set))
		s.n--;
	return s;
}

/* White space. Of what HTTP calls that, SPAN_HTTP_BLANKS is all. */
#define SPAN_BLANKS " \t\r\n\v\f"
#define SPAN_HTTP_BLANKS " \t"
static inline struct span
span_trim(struct span s)
{
	return span_trim_set(s, SPAN_BLANKS);
}

/* The next word of s, which then goes on behind it; empty: there is none. */
static inline struct span
span_word(struct span *s)
{
	struct span word = *s = span_trim(*s);
	size_t n = 0;

	while (n < s->n && !span_in_set(s->p[n], SPAN_BLANKS))
		n++;
	word.n = n;
	*s = span_from(*s, n);
	return word;
}

static inline bool
span_is(struct span a, const char *s)
{
	return a.n == strlen(s) && (a.n == 0 || memcmp(a.p, s, a.n) == 0);
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
