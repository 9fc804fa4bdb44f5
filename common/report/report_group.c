/* report_group.c - the instances of one rule. */
#include "common/report/report_group.h"

#include <string.h>

#include "common/json/tree.h"

bool
group_is_apart(const struct group *g, const char *key)
{
	int i;

	for (i = 0; i < g->n_apart; i++)
		if (strcmp(g->apart[i], key) == 0)
			return true;
	return false;
}

static bool
belongs(const struct group *g, const cJSON *a)
{
	return tree_is(a, "state", tree_str(g->first, "state")) &&
	       tree_is(a, "name", tree_str(g->first, "name")) &&
	       tree_is(tree_at(a, "labels"), "severity",
		   tree_str(tree_at(g->first, "labels"), "severity"));
}

static void
add_apart(struct group *g, const char *key)
{
	if (!group_is_apart(g, key) && g->n_apart < GROUP_APART_MAX)
		g->apart[g->n_apart++] = key;
}

/* The labels of a that b has not the same. */
static void
compare(struct group *g, const cJSON *a, const cJSON *b)
{
	const cJSON *l;

	cJSON_ArrayForEach (l, a)
		if (cJSON_IsString(l) && !tree_is(b, l->string, l->valuestring))
			add_apart(g, l->string);
}

struct group
group_from(const cJSON *first)
{
	struct group g = {.first = first, .same_since = true};
	const cJSON *labels = tree_at(first, "labels"), *a;

	for (a = first; a != NULL && belongs(&g, a); a = a->next) {
		g.n++;
		g.same_since = g.same_since && tree_is(a, "activeAt",
						   tree_str(first, "activeAt"));
		compare(&g, labels, tree_at(a, "labels"));
		compare(&g, tree_at(a, "labels"), labels);
	}
	return g;
}
