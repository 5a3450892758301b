/* SPDX-License-Identifier: MIT
 *
 * locus.h: the loci of receptor chains, told by the text of a locus, chain or gene: "TRB", "TCRB", "TCR_Beta", "beta",
 * "TRBV7-9*01", "TCRBV07-09", "Homsap TRBV7-9*01 F", "IGH".
 */
#ifndef HOPSACK_LOCUS_H
#define HOPSACK_LOCUS_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

typedef enum { LOCUS_TRA, LOCUS_TRB, LOCUS_TRG, LOCUS_TRD, LOCUS_IGH, LOCUS_IGK, LOCUS_IGL, N_LOCUS } Locus;

extern const char *const locus_name[N_LOCUS];

Locus locus_of(const char *text); /* N_LOCUS: it tells none */
/* "TRA,TRB" as a set of bits 1 << Locus. ERR_USAGE: a name is no locus. */
Status locus_set(unsigned *out, const char *list);
const char *locus_counts(char *text, size_t room, const int64_t *n); /* n [N_LOCUS]: "TRA 30, TRB 5", those above 0 */

#endif
