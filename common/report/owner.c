/* owner.c - whose a name is. */
#include "common/report/owner.h"

#include <ctype.h>
#include <string.h>

#include "common/base/attr.h"

/* Is s generated: of lo to hi characters, of letters and digits with at least
 * one digit (or none of the vowels, which Kubernetes leaves out)? */
static bool
is_generated(const char *s, size_t n, size_t lo, size_t hi)
{
	size_t digits = 0, i;

	if (n < lo || n > hi)
		return false;
	for (i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]) &&
		    !islower((unsigned char)s[i]))
			return false;
		if (strchr("aeiou", s[i]) != NULL && lo != 6)
			return false;
		digits += isdigit((unsigned char)s[i]) != 0;
	}
	return digits > 0 || lo == 5;
}

/* Where the last dash within n stands, 0 for none that has a name before. */
static size_t
last_dash(const char *s, size_t n)
{
	while (n > 0 && s[n - 1] != '-')
		n--;
	return n > 1 ? n - 1 : 0;
}

static size_t
without(const char *name, size_t n, size_t lo, size_t hi)
{
	size_t dash = last_dash(name, n);

	return dash > 0 && is_generated(name + dash + 1, n - dash - 1, lo, hi)
		   ? dash
		   : n;
}

size_t
owner_of_replicaset(const char *name)
{
	return without(name, strlen(name), 6, 10);
}

size_t
owner_of_pod(const char *name)
{
	size_t n = strlen(name), dash = last_dash(name, n), cut;

	/* A StatefulSet's ordinal. */
	if (dash > 0 && n - dash - 1 <= 3 && n > dash + 1 &&
	    strspn(name + dash + 1, "0123456789") == n - dash - 1)
		return dash;
	cut = without(name, n, 5, 5);
	return cut < n ? without(name, cut, 6, 10) : n;
}

size_t
owner_of_job(const char *name)
{
	size_t n = strlen(name), dash = last_dash(name, n);
	size_t digits = dash > 0 ? strspn(name + dash + 1, "0123456789") : 0;

	return digits >= 4 && dash + 1 + digits == n ? dash : n;
}

/* The word itself, or with what a chart's release puts before it. */
static bool
ends_in(const char *value, size_t n, const char *word)
{
	size_t k = strlen(word);

	return n >= k && memcmp(value + n - k, word, k) == 0 &&
	       (n == k || value[n - k - 1] == '-' || value[n - k - 1] == '_');
}

bool
owner_is_agent(const char *value)
{
	static const char *const agents[] = {
	    "kubelet", "cadvisor", "kube-state-metrics"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(agents); i++)
		if (ends_in(value, strlen(value), agents[i]))
			return true;
	return false;
}

bool
owner_is_exporter(const char *value)
{
	size_t n = owner_of_pod(value);

	return owner_is_agent(value) || ends_in(value, n, "exporter") ||
	       ends_in(value, n, "kube-state-metrics");
}
