/* SPDX-License-Identifier: MIT
 *
 * trbgenes.h: V and J genes of a human TRB junction, as its ends tell them.
 */
#ifndef HOPSACK_TRBGENES_H
#define HOPSACK_TRBGENES_H

#include "data/simulate/background.h"

BackgroundGenes trbgenes_names(const void *source); /* source is not used */
void trbgenes_draw(int16_t gene[2], const int8_t *codes, int len, Rng *rng);

#endif
