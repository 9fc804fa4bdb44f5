/*
 * signal.h - kinds of what is measured, in words, and what to do about one
 * (signals.def).
 */
#ifndef PLANNER_RULES_SIGNAL_H
#define PLANNER_RULES_SIGNAL_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "planner/rules/resource.h"

struct signal_row {
	const char *name;
	const char *what[REPORT_LANGS]; /* what documents call it; "" none */
	const char *kind, *names;
	const char *up[REPORT_LANGS], *down[REPORT_LANGS];
	enum resource_unit unit; /* of a counter's rate */
};

/* Never NULL. kind: as find_causes calls it, "" where nobody does. */
const struct signal_row *signal_of(const char *kind, struct span metric);

/* How a value of such a series is told. form, unit: as find_causes has them. */
enum resource_unit signal_unit(
    const struct signal_row *s, const char *form, const char *unit);

/* Whether text of others can stand in a command as it is. */
bool signal_is_plain(const char *text);

struct signal_case {
	const char *who;      /* the service, as it is to be named */
	const char *metric;   /* or "" */
	const cJSON *labels;  /* of the series, or NULL */
	const cJSON *further; /* asked next: the alert's, or NULL */
};

/* What to do about it: what first, how, and what to run (may be ""). Each
 * buffer is appended to; names stand in them as code, for md_put_sentence. */
void signal_advise(const struct signal_row *s, const struct signal_case *c,
    enum report_lang lang, struct buf *ret_first, struct buf *ret_then,
    struct buf *ret_run);

#endif
