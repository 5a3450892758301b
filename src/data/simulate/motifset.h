/* SPDX-License-Identifier: MIT
 *
 * motifset.h: the motifs of one or several signals, and how a carrier gets one.
 *
 *   replace   its form is written over residues of a background sequence, at a place where it fits
 *   insert    its form is put in; kept places get random residues, and the sequence is longer by the form
 *   reject    background sequences are drawn until one holds a motif of the signal by nature
 */
#ifndef HOPSACK_MOTIFSET_H
#define HOPSACK_MOTIFSET_H

#include "data/simulate/motifmatch.h"
#include "data/simulate/repertoire.h"

enum { IMPLANT_REPLACE, IMPLANT_INSERT, IMPLANT_REJECT }; /* simulate.implant */

typedef struct {
    int n_signal, n_motif;
    int first[MOTIFMATCH_OWNERS + 1]; /* motifs of signal k: first[k] … first[k + 1] - 1 */
    Motif *motif;                     /* [n_motif] */
    MotifMatch match;                 /* by signal */
    MotifMatch *own;                  /* [n_motif] reject: which motif it is; else NULL */
    Place place;
    int implant, len_max; /* len_max: longest form */
} MotifSet;

/* A text a signal: motifs with blanks between them. ERR_CONFIG, ERR_MEMORY. */
Status motifset_open(MotifSet *out, const char *const *signal, int n_signal, int implant);
void motifset_free(MotifSet *set);

extern const CarrierType motifset_carriers;

/* Share of n background sequences that a form of motif m fits into. */
double motifset_fit(const MotifSet *set, const Recipe *recipe, int m, int n, Rng *rng);

#endif
