/* SPDX-License-Identifier: MIT
 *
 * motif.h: what is implanted in a carrier, and where. A motif is a text:
 *
 *   SFEN         residues, written over those of the sequence, whose length stays
 *   Z, -         any residue: the one that the background put there is kept
 *   [ST]         one of these residues, each as likely
 *   {1,3} {1-3}  a gap of 1 to 3 residues, each length as likely; kept as with Z
 *   Fd, Fd0.3    the position before is left out with probability 0.5, or 0.3
 *   Fr, Fr0.3    a random residue stands in the position before with probability 0.5, or 0.3
 *   SFEN*2       twice the weight of a motif without number, where one of several is drawn
 *
 * For each carrier a form is drawn: residues and kept places alone. A motif that needs no random numbers takes none.
 */
#ifndef HOPSACK_MOTIF_H
#define HOPSACK_MOTIF_H

#include "core/rng.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define MOTIF_MOST 32 /* residues of the longest form */
#define MOTIF_TEXT 160

/* A position, or a gap. */
typedef struct {
    uint32_t allowed;      /* bit c: residue c; 0: any, and what is there stays */
    int gap_min, gap_max;  /* residues kept; 1, 1 where `allowed` is not 0 */
    double deleted, other; /* probabilities: left out; another residue */
} MotifElement;

typedef struct {
    int n, len_max; /* elements; residues of the longest form */
    MotifElement element[MOTIF_MOST];
    double weight;
    char text[MOTIF_TEXT + 1];
} Motif;

typedef struct {
    int len;
    int8_t code[MOTIF_MOST]; /* [len] -1: kept */
} MotifForm;

/* Where a motif may begin: anywhere it fits; in the middle, leaving the first and last four residues as they are, which
 * lie outside the part of a junction that touches antigen; in the centre; or at one offset from 0. */
typedef enum { PLACE_MIDDLE, PLACE_ANYWHERE, PLACE_CENTRE, PLACE_FIXED } PlaceKind;
typedef struct {
    PlaceKind kind;
    int offset; /* PLACE_FIXED */
} Place;
#define PLACE_MARGIN 4

Status motif_parse(Motif *out, const char *text); /* ERR_CONFIG: empty, too long, no such letter, Z alone */
Status motif_place_parse(Place *out,
                         const char *text); /* "middle", "anywhere", "centre" or a number; else ERR_CONFIG */

void motif_form(MotifForm *out, const Motif *m, Rng *rng);

/* A random offset of n residues, each allowed one as likely as the other; -1 if they do not fit into `len` so. */
int motif_offset(int n, const Place *place, int len, Rng *rng);
void motif_implant(int8_t *codes, const MotifForm *form, int offset);

#endif
