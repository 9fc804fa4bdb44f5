/*
 * claims.c - the list of what a report claims.
 *
 * Invariant: the citations of claims stand in cites in the claims' order, so
 * those of neighbours are one piece of it.
 */
#include "common/report/claims.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/base/rc.h"
#include "common/report/figures.h"

enum { CLAIMS_STEP = 64, NUMBER_DIGITS = 8 };

void
claims_init(struct claims *c)
{
	*c = (struct claims){.n = 0};
	buf_init(&c->text, 8 * (size_t)REPORT_BYTES_MAX);
	buf_init(&c->stray, CLAIMS_STRAY_MAX);
}

void
claims_done(struct claims *c)
{
	free(c->at);
	free(c->cites);
	free(c->lines);
	buf_done(&c->text);
	buf_done(&c->stray);
}

struct claim *
claims_add(struct claims *c)
{
	if (c->n == c->cap) {
		c->cap = 2 * c->cap + CLAIMS_STEP;
		c->at = xrealloc(c->at, c->cap * sizeof(*c->at));
	}
	c->at[c->n] = (struct claim){.section = -1,
	    .said = {c->text.len, 0},
	    .shown = {c->text.len, 0},
	    .cites = {c->n_cites, 0}};
	return &c->at[c->n++];
}

void
claims_say(struct claims *c, struct extent *of, struct span text)
{
	if (of->n == 0)
		of->at = c->text.len;
	buf_add_span(&c->text, text);
	of->n = c->text.len - of->at;
}

void
claims_cite(struct claims *c, uint32_t id)
{
	struct claim *last = &c->at[c->n - 1];
	size_t i;

	for (i = 0; i < last->cites.n; i++)
		if (c->cites[last->cites.at + i] == id)
			return;
	if (c->n_cites == c->cap_cites) {
		c->cap_cites = 2 * c->cap_cites + CLAIMS_STEP;
		c->cites = xrealloc(c->cites, c->cap_cites * sizeof(*c->cites));
	}
	c->cites[c->n_cites++] = id;
	last->cites.n++;
}

void
claims_mark(struct claims *c, struct claim *claim)
{
	claim->marked = true;
	if (claim->place == NULL)
		c->lines[claim->line].marked = true;
	else if (cJSON_GetObjectItemCaseSensitive(
		     claim->node, REPORT_UNVERIFIED) == NULL)
		cJSON_AddTrueToObject(claim->node, REPORT_UNVERIFIED);
}

struct span
claims_text(const struct claims *c, struct extent e)
{
	return span_make(buf_str(&c->text) + e.at, e.n);
}

bool
claims_is_figure(struct span quotation)
{
	struct figure f[2];
	size_t i = 0;

	quotation = span_trim(quotation);
	while (i < quotation.n && strchr("<>=!~ ", quotation.p[i]) != NULL)
		i++;
	quotation = span_make(quotation.p + i, quotation.n - i);
	return quotation.n < FIGURES_TEXT_MAX &&
	       figures_read(quotation, f, 2) == 1 &&
	       span_is(quotation, f[0].text);
}

uint32_t
claims_number(struct span id)
{
	uint32_t n = 0;
	size_t i;

	if (id.n < 2 || id.n > NUMBER_DIGITS + 1 || id.p[0] != 'E')
		return 0;
	for (i = 1; i < id.n; i++) {
		if (!isdigit((unsigned char)id.p[i]))
			return 0;
		n = 10 * n + (uint32_t)(id.p[i] - '0');
	}
	return n;
}
