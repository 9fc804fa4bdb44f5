/*
 * prom_words.h - what a server that answers no JSON of Prometheus's says, for
 * a person: its text, the message in its JSON, the title of its page.
 */
#ifndef EXECUTOR_PROM_PROM_WORDS_H
#define EXECUTOR_PROM_PROM_WORDS_H

#include "common/base/buf.h"

#include <stdbool.h>

enum {
	PROM_WORDS_FROM = 8 << 10, /* bytes of a body that are looked at */
	PROM_WORDS_MAX = 200,      /* bytes of what is told */
};

/* Its beginning is body. Appends the words in quotes, with what they are
 * ("a login page titled ..."); nothing where there are none. */
void prom_words_put(struct buf *b, struct span body);

/* Is it a web page? One that asks who you are? */
bool prom_words_is_page(struct span body);
bool prom_words_is_login(struct span body);

#endif
