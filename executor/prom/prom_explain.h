/*
 * prom_explain.h - what came of a question, for a person: what failed in the
 * server's own words, and what to do about it.
 */
#ifndef EXECUTOR_PROM_PROM_EXPLAIN_H
#define EXECUTOR_PROM_PROM_EXPLAIN_H

#include "executor/prom/prom_headers.h"

struct prom_seen {
	const char *shown; /* the URL asked, for messages */
	const struct http_result *result;
	struct prom_response *response;
	const struct prom_headers *headers; /* whose secrets are hidden */
	struct span begin;                  /* of the body */
	int status;
	bool foreign; /* what came is no JSON */
};

/* Fills rc, err and advice. */
void prom_explain(const struct prom_seen *seen, struct prom_outcome *out);

/* The same for a question that could not be asked. */
void prom_explain_refusal(
    enum rc rc, const struct err *err, struct prom_outcome *out);

#endif
