/*
 * prom_headers.h - what stands in the head of a question: the headers that
 * the configuration adds, and the credentials, read from their files for
 * every question since they rotate.
 */
#ifndef EXECUTOR_PROM_PROM_HEADERS_H
#define EXECUTOR_PROM_PROM_HEADERS_H

#include "executor/prom/prom.h"

enum { PROM_HEADERS_MAX = 32 };

struct prom_headers {
	const char *list[PROM_HEADERS_MAX + 2]; /* for http; NULL ends it */
	char *given, *secret; /* owned: the texts they lie in */
	size_t secret_n;      /* bytes of it */
	size_t first_secret;  /* in list */
	char *password, *token;
};

/* RC_IO, RC_INVALID: a file cannot be read, a header cannot be sent. Needs
 * _done either way. */
NODISCARD enum rc prom_headers_read(struct prom_headers *h,
    const struct prom_conf *conf, struct err *err);
void prom_headers_done(struct prom_headers *h);

/* Blots out, in place, whatever in text is one of the secrets. */
void prom_headers_hide(const struct prom_headers *h, char *text);

#endif
