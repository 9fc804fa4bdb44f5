/*
 * figures.h - what there is to draw in a piece of evidence: the plots of
 * find_causes with the way it found, or the series of a range. Pure.
 */
#ifndef GATEWAY_CASEFILE_FIGURES_H
#define GATEWAY_CASEFILE_FIGURES_H

#include "common/base/buf.h"

enum figures_lang { FIGURES_ZH, FIGURES_EN };

/* Appends figures as HTML; nothing where evidence is none of these. bytes are
 * the tool's own, alert_s when the alert began, or 0. */
void figures_put(
    struct buf *b, struct span bytes, double alert_s, enum figures_lang lang);

#endif
