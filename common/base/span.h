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

/* Without those bytes at both ends that are in set. */
static inline struct span
span_trim_set(struct span s, const char *set)
{
	while (s.n > 0 && s.p[0] != '\0' && strchr(set, s.p[0]) != NULL)
		s = span_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] != '\0' &&
	       strchr(set, s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* Without white space at both ends. Of what HTTP calls that, SPAN_HTTP_BLANKS
 * is all. */
#define SPAN_HTTP_BLANKS " \t"
static inline struct span
span_trim(struct span s)
{
	return span_trim_set(s, " \t\r\n\v\f");
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
