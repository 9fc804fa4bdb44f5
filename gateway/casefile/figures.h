/*
 * figures.h - what there is to draw in a piece of evidence: the plots of
 * find_causes with the way it found, or the series of a range. Pure.
 */
#ifndef GATEWAY_CASEFILE_FIGURES_H
#define GATEWAY_CASEFILE_FIGURES_H

#include "common/base/buf.h"
#include "common/base/zone.h"

enum figures_lang { FIGURES_ZH, FIGURES_EN };

struct figures {
	enum figures_lang lang;
	const struct zone *zone; /* of who reads */
	double alert_s;          /* when the alert began, or 0 */
};

/* Appends figures as HTML; nothing where evidence is none of these. bytes are
 * the tool's own. */
void figures_put(struct buf *b, struct span bytes, const struct figures *f);

#endif
