/*
 * alert_list.c - which alert instances are listed.
 *
 * Invariant: a rule's items are in the order they came, and only the last of
 * them is ever dropped.
 */
#include "executor/tools/alert_list.h"
#include "executor/tools/alert_copies.h"

#include <czmq.h>
#include <stdlib.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/rc.h"
#include "common/json/tree.h"
#include "common/report/alerts.h"

enum { KEY_MAX = 64 << 10, RULES_STEP = 16 };

/* The instances of a rule that have the same severity. */
struct rule {
	char *name, *severity;
	int rank;
	size_t firing, pending;
	cJSON **items; /* of those listed */
	size_t n, cap;
};

struct alert_list {
	size_t limit, n;
	size_t firing, pending, copies;
	cJSON *list;
	zhash_t *by_name, *by_labels;
	struct alert_copies *seen;
	int worst;      /* the highest rank there is */
	size_t n_shown; /* rules of which something is listed */
	struct rule **rules;
	size_t n_rules, cap_rules;
	struct rule *counted; /* of the instance that was counted last */
};

struct alert_list *
alert_list_new(size_t limit)
{
	struct alert_list *l = xcalloc(1, sizeof(*l));

	l->limit = limit;
	l->list = cJSON_CreateArray();
	l->by_name = zhash_new();
	l->by_labels = zhash_new();
	l->seen = alert_copies_new();
	return l;
}

void
alert_list_free(struct alert_list *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n_rules; i++) {
		free(l->rules[i]->name);
		free(l->rules[i]->severity);
		free(l->rules[i]->items);
		free(l->rules[i]);
	}
	free(l->rules);
	zhash_destroy(&l->by_name);
	zhash_destroy(&l->by_labels);
	alert_copies_free(l->seen);
	cJSON_Delete(l->list);
	free(l);
}

static struct rule *
rule_of(struct alert_list *l, const cJSON *labels)
{
	const char *name = tree_str(labels, "alertname");
	const char *severity = tree_str(labels, "severity");
	auto_str key = xasprintf("%s\x01%s", name, severity);
	struct rule *r = zhash_lookup(l->by_name, key);

	if (r != NULL)
		return r;
	r = xcalloc(1, sizeof(*r));
	r->name = xstrdup(name);
	r->severity = xstrdup(severity);
	r->rank = alerts_rank_of(labels);
	l->worst = MAX(l->worst, r->rank);
	if (l->n_rules == l->cap_rules) {
		l->cap_rules = 2 * l->cap_rules + RULES_STEP;
		l->rules =
		    xrealloc(l->rules, l->cap_rules * sizeof(struct rule *));
	}
	l->rules[l->n_rules++] = r;
	zhash_insert(l->by_name, key, r);
	return r;
}

/* The rule that can spare one for another of that rank: of those less severe,
 * or, for the first of its rule, of those with several, the one with most. */
static struct rule *
find_spare(const struct alert_list *l, int rank, bool first)
{
	struct rule *spare = NULL;
	size_t i;

	/* None is less severe, and none has several. */
	if (l->worst <= rank && (!first || l->n == l->n_shown))
		return NULL;
	for (i = 0; i < l->n_rules; i++) {
		struct rule *r = l->rules[i];

		if (r->n == 0 || (r->rank <= rank && !(first && r->n > 1)))
			continue;
		/* The last one of a rule is the last to go. */
		if (spare == NULL || r->n > spare->n ||
		    (r->n == spare->n && r->rank > spare->rank))
			spare = r;
	}
	return spare;
}

cJSON *
alert_list_find(const struct alert_list *l, const cJSON *labels)
{
	auto_buf key = {.max = KEY_MAX};

	alert_copies_put_key(&key, labels);
	return zhash_lookup(l->by_labels, buf_str(&key));
}

static void
drop_one(struct alert_list *l, struct rule *r)
{
	cJSON *item = r->items[--r->n];
	auto_buf key = {.max = KEY_MAX};

	alert_copies_put_key(
	    &key, cJSON_GetObjectItemCaseSensitive(item, "labels"));
	zhash_delete(l->by_labels, buf_str(&key));
	cJSON_Delete(cJSON_DetachItemViaPointer(l->list, item));
	l->n_shown -= r->n == 0;
	l->n--;
}

bool
alert_list_merge(
    struct alert_list *l, const char *state, const cJSON *labels, cJSON **ret)
{
	bool firing = strcmp(state, "firing") == 0;
	enum alert_copy copy = alert_copies_see(l->seen, labels, firing);
	struct rule *r;

	if (copy == ALERT_COPY_NONE)
		return false;
	l->copies++;
	*ret = alert_list_find(l, labels);
	if (*ret != NULL)
		alert_copies_strip(
		    cJSON_GetObjectItemCaseSensitive(*ret, "labels"));
	if (copy != ALERT_COPY_FIRES)
		return true;
	r = rule_of(l, labels);
	r->firing++;
	r->pending--;
	l->firing++;
	l->pending--;
	if (*ret != NULL)
		cJSON_ReplaceItemInObjectCaseSensitive(
		    *ret, "state", cJSON_CreateString("firing"));
	return true;
}

bool
alert_list_count(struct alert_list *l, const char *state, const cJSON *labels)
{
	struct rule *r = rule_of(l, labels), *spare;
	bool firing = strcmp(state, "firing") == 0;

	r->firing += firing;
	r->pending += !firing;
	l->firing += firing;
	l->pending += !firing;
	l->counted = r;
	if (l->n < l->limit)
		return true;
	spare = find_spare(l, r->rank, r->n == 0);
	if (spare == NULL || spare == r)
		return false;
	drop_one(l, spare);
	return true;
}

void
alert_list_add(struct alert_list *l, cJSON *item)
{
	struct rule *r = l->counted;
	auto_buf key = {.max = KEY_MAX};

	if (r->n == r->cap) {
		r->cap = 2 * r->cap + 4;
		r->items = xrealloc(r->items, r->cap * sizeof(cJSON *));
	}
	r->items[r->n++] = item;
	cJSON_AddItemToArray(l->list, item);
	alert_copies_put_key(
	    &key, cJSON_GetObjectItemCaseSensitive(item, "labels"));
	zhash_insert(l->by_labels, buf_str(&key), item);
	l->n_shown += r->n == 1;
	l->n++;
}

size_t
alert_list_n(const struct alert_list *l, const char *state)
{
	return strcmp(state, "firing") == 0 ? l->firing : l->pending;
}

size_t
alert_list_left_out(const struct alert_list *l)
{
	return l->firing + l->pending - l->n;
}

size_t
alert_list_copies(const struct alert_list *l)
{
	return l->copies;
}

cJSON *
alert_list_items(struct alert_list *l)
{
	return l->list;
}

cJSON *
alert_list_take(struct alert_list *l)
{
	return TAKE(l->list);
}

static int
by_left_out(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a;
	const struct rule *y = *(const struct rule *const *)b;
	size_t nx = x->firing + x->pending - x->n;
	size_t ny = y->firing + y->pending - y->n;

	if (nx != ny)
		return nx > ny ? -1 : 1;
	return strcmp(x->name, y->name);
}

cJSON *
alert_list_names(const struct alert_list *l)
{
	struct rule **sorted;
	cJSON *list;
	size_t i;

	if (alert_list_left_out(l) == 0)
		return NULL;
	list = cJSON_CreateArray();
	sorted = xcalloc(l->n_rules, sizeof(struct rule *));
	memcpy(sorted, l->rules, l->n_rules * sizeof(struct rule *));
	qsort(sorted, l->n_rules, sizeof(struct rule *), by_left_out);
	for (i = 0; i < l->n_rules && i < ALERT_LIST_NAMES_MAX; i++) {
		const struct rule *r = sorted[i];
		cJSON *o;

		if (r->firing + r->pending == r->n)
			break;
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", r->name);
		cJSON_AddStringToObject(o, "severity", r->severity);
		cJSON_AddNumberToObject(o, "firing", (double)r->firing);
		cJSON_AddNumberToObject(o, "pending", (double)r->pending);
		cJSON_AddNumberToObject(o, "listed", (double)r->n);
		cJSON_AddItemToArray(list, o);
	}
	free(sorted);
	return list;
}
