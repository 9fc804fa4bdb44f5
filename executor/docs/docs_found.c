/* docs_found.c - what was found, and its end. */
#include "executor/docs/docs.h"

#include <stdlib.h>

void
docs_found_done(struct docs_found *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		struct docs_passage *p = &f->list[i];

		free(p->id);
		free(p->source);
		free(p->title);
		free(p->path);
		free(p->text);
	}
	free(f->list);
	free(f->note);
	*f = (struct docs_found){.n = 0};
}
