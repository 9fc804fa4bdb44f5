/*
 * alert_list.h - which alert instances are listed where there are more than
 * may be.
 *
 * All are counted, by rule. Of those listed each rule has its share: one that
 * is more severe, or the first of its rule, takes the place of one of the
 * rule that has most.
 */
#ifndef EXECUTOR_TOOLS_ALERT_LIST_H
#define EXECUTOR_TOOLS_ALERT_LIST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum { ALERT_LIST_NAMES_MAX = 1000 }; /* told of those not listed whole */

struct alert_list;

struct alert_list *alert_list_new(size_t limit);
void alert_list_free(struct alert_list *l);

/*
 * Is it a copy of one that was counted, as another replica tells it? The two
 * are one then, which fires if either does; *ret is the one listed, without
 * the label they differ in, or NULL: it is not listed.
 */
bool alert_list_merge(
    struct alert_list *l, const char *state, const cJSON *labels, cJSON **ret);

/* Counts an instance. Is it to be listed? Then alert_list_add comes next. */
bool alert_list_count(
    struct alert_list *l, const char *state, const cJSON *labels);
/* Takes item, that instance. */
void alert_list_add(struct alert_list *l, cJSON *item);

size_t alert_list_n(const struct alert_list *l, const char *state);
size_t alert_list_left_out(const struct alert_list *l);
size_t alert_list_copies(const struct alert_list *l); /* merged */

/* The one listed with these labels, all and no more, whichever replica told
 * it; NULL: none is. */
cJSON *alert_list_find(const struct alert_list *l, const cJSON *labels);

/* Those listed, as they came; the list's until it is taken. */
cJSON *alert_list_items(struct alert_list *l);
cJSON *alert_list_take(struct alert_list *l);

/* [{name, severity, firing, pending, listed}] of the rules that are not listed
 * whole, the largest first, by severity; NULL: all are. The caller's. */
cJSON *alert_list_names(const struct alert_list *l);

#endif
