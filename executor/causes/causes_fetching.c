/*
 * causes_fetching.c - the state of one fetch, and how any part of it asks.
 */
#include "executor/causes/causes_fetching.h"

#include <stdlib.h>
#include <string.h>

enum { SKIPPED_MAX = 100 };

void
causes_fetching_skip(
    struct causes_fetching *f, const char *what, const char *why)
{
	struct causes_fetched *o = f->out;

	if (o->nskipped == SKIPPED_MAX)
		return;
	if ((o->nskipped & (o->nskipped - 1)) == 0)
		o->skipped = xrealloc(o->skipped,
		    MAX((size_t)1, o->nskipped * 2) * sizeof(*o->skipped));
	o->skipped[o->nskipped++] =
	    (struct causes_skipped){xstrdup(what), xstrdup(why)};
}

void
causes_fetching_report(
    struct causes_fetching *f, const char *what, size_t done, size_t all)
{
	if (f->progress != NULL)
		f->progress(f->progress_arg, what, done, all);
}

void
causes_fetching_failed(struct causes_fetching *f, const struct prom_outcome *o)
{
	if (f->failed != RC_OK)
		return;
	f->failed = o->rc;
	f->err = o->err;
}

void
causes_fetching_heard(struct causes_fetching *f, const struct prom_outcome *o)
{
	struct buf *b = &f->out->warnings;

	if (b->max == 0)
		buf_init(b, PROM_WARNINGS_MAX);
	if (o->rc == RC_OK && o->warnings != NULL)
		prom_keep_warnings(b, o->warnings);
}

bool
causes_fetching_partial(const struct prom_outcome *o)
{
	const char *w = o->warnings != NULL ? o->warnings : "";


	while (strncmp(w, "PromQL", 6) == 0) {
		w += strcspn(w, "\n");
		w += *w == '\n';
	}
	return *w != '\0';
}

void
causes_fetching_skip_part(struct causes_fetching *f, const char *warning)
{
	for (size_t i = 0; i < f->out->nskipped; i++)
		if (strcmp(f->out->skipped[i].why, warning) == 0)
			return;
	causes_fetching_skip(f, "part of the answers", warning);
}

enum rc
causes_fetching_ask(
    struct causes_fetching *f, const struct prom_job *jobs, size_t n)
{
	f->out->questions += n;
	return f->src->run(
	    f->src->ctx, jobs, n, f->limits.parallel, f->cancelled);
}
